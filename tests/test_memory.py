"""Refusing what does not fit."""

import tracemalloc

import pytest

import convmat.memory
from convmat import ConvmatError, TooLargeError
from convmat.memory import available_bytes, keep_freed_memory, require_memory


def test_who_measures_memory_sees_none_of_it():
    tracemalloc.start()
    try:
        keep_freed_memory()
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def test_what_fits_is_let_through(monkeypatch):
    monkeypatch.setattr(convmat.memory, "available_bytes", lambda: 1000)
    require_memory(1000, "a matrix", "use less")
    with pytest.raises(TooLargeError):
        require_memory(1001, "a matrix", "use less")


def test_the_message_names_everything(monkeypatch):
    monkeypatch.setattr(convmat.memory, "available_bytes", lambda: 3 * 2**30)
    with pytest.raises(ConvmatError) as caught:
        require_memory(5 * 2**40, "a huge matrix", "use convolve")
    message = str(caught.value)
    assert message == (
        "a huge matrix would take 5 TiB (5497558138880 bytes), 3 GiB are available; use convolve"
    )


@pytest.mark.parametrize(
    ("size", "text"),
    [(1, "1 bytes"), (1536, "1.5 KiB"), (2**30, "1 GiB"), (2**50, "1 PiB"), (10**30, "iB")],
)
def test_sizes_for_people(monkeypatch, size, text):
    monkeypatch.setattr(convmat.memory, "available_bytes", lambda: 0)
    with pytest.raises(TooLargeError, match=rf"{text} \({size} bytes\)"):
        require_memory(size, "it", "use less")


def test_where_the_system_does_not_say(monkeypatch):
    monkeypatch.setattr(convmat.memory, "available_bytes", lambda: None)
    require_memory(2**80, "a matrix", "use less")


def test_this_machine_has_memory():
    available = available_bytes()
    assert available is None or 2**20 < available < 2**50


@pytest.mark.parametrize(
    ("machine", "container", "physical", "smallest"),
    [(5, 3, 9, 3), (3, 5, 9, 3), (None, 4, 9, 4), (4, None, 9, 4), (None, None, 9, 9)],
)
def test_the_tightest_limit_counts(monkeypatch, machine, container, physical, smallest):
    monkeypatch.setattr(convmat.memory, "_meminfo_available", lambda: machine)
    monkeypatch.setattr(convmat.memory, "_control_group_available", lambda: container)
    monkeypatch.setattr(convmat.memory, "_physical", lambda: physical)
    assert available_bytes() == smallest


def group(tmp_path, monkeypatch, limit, used, statistics):
    (tmp_path / "memory.max").write_text(limit, encoding="ascii")
    (tmp_path / "memory.current").write_text(used, encoding="ascii")
    (tmp_path / "memory.stat").write_text(statistics, encoding="ascii")
    monkeypatch.setattr(convmat.memory, "_CONTROL_GROUP", tmp_path)
    return convmat.memory._control_group_available()


def test_a_container_gives_back_its_file_cache(tmp_path, monkeypatch):
    statistics = "anon 100\ninactive_file 600\nactive_file 50\n"
    assert group(tmp_path, monkeypatch, "1000\n", "900\n", statistics) == 700
    assert group(tmp_path, monkeypatch, "1000\n", "900\n", "anon 900\n") == 100
    assert group(tmp_path, monkeypatch, "1000\n", "1100\n", "anon 900\n") == 0
    assert group(tmp_path, monkeypatch, "max\n", "900\n", statistics) is None


def test_without_a_container(tmp_path, monkeypatch):
    monkeypatch.setattr(convmat.memory, "_CONTROL_GROUP", tmp_path / "nowhere")
    assert convmat.memory._control_group_available() is None
