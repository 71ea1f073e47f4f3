"""Pictures made by other libraries come back sample by sample; damaged ones are one sentence."""

import importlib.util
import struct
from zlib import compress, crc32

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from convmat.errors import ConvmatError, MissingPackageError
from convmat.files.writing import atomic_write
from convmat.pictures.kernel_files import write_kernel
from convmat.pictures.netpbm import parse_netpbm
from convmat.pictures.reading import SUFFIXES, read_picture

RNG = np.random.default_rng(7)
GREY8 = RNG.integers(0, 256, (12, 17), dtype=np.uint8)
GREY16 = RNG.integers(0, 65536, (12, 17), dtype=np.uint16)
RGB8 = RNG.integers(0, 256, (12, 17, 3), dtype=np.uint8)
RGB16 = RNG.integers(0, 65536, (12, 17, 3), dtype=np.uint16)
COLOURS = ["red", "green", "blue"]


def write_with_opencv(path, samples, *options):
    """OpenCV's order of colours is blue, green, red."""
    assert cv2.imwrite(str(path), samples[..., ::-1] if samples.ndim == 3 else samples, options)


def stacked(picture):
    planes = list(picture.planes.values())
    return planes[0] if len(planes) == 1 else np.stack(planes, axis=-1)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".tiff", ".bmp", ".pgm"])
def test_8_bit_grey_is_read_as_stored(tmp_path, suffix):
    if suffix == ".bmp":  # OpenCV's have three channels or a palette
        Image.fromarray(GREY8).save(tmp_path / "a.bmp")
    else:
        write_with_opencv(tmp_path / f"a{suffix}", GREY8)
    picture = read_picture(tmp_path / f"a{suffix}")
    assert list(picture.planes) == ["grey"]
    assert picture.depth == "8-bit"
    np.testing.assert_array_equal(stacked(picture), GREY8)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".pgm"])
def test_16_bit_grey_is_read_as_stored(tmp_path, suffix):
    write_with_opencv(tmp_path / f"a{suffix}", GREY16)
    picture = read_picture(tmp_path / f"a{suffix}")
    assert picture.depth == "16-bit"
    assert stacked(picture).dtype == np.uint16
    np.testing.assert_array_equal(stacked(picture), GREY16)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".bmp", ".ppm", ".webp"])
def test_8_bit_colours_are_read_as_stored(tmp_path, suffix):
    if suffix == ".webp":
        Image.fromarray(RGB8).save(tmp_path / "a.webp", lossless=True)
    else:
        write_with_opencv(tmp_path / f"a{suffix}", RGB8)
    picture = read_picture(tmp_path / f"a{suffix}")
    assert list(picture.planes) == COLOURS
    np.testing.assert_array_equal(stacked(picture), RGB8)


def test_16_bit_colours_are_never_reduced_to_8(tmp_path):
    write_with_opencv(tmp_path / "a.ppm", RGB16)
    np.testing.assert_array_equal(stacked(read_picture(tmp_path / "a.ppm")), RGB16)
    tifffile.imwrite(tmp_path / "a.tif", RGB16, photometric="rgb")
    np.testing.assert_array_equal(stacked(read_picture(tmp_path / "a.tif")), RGB16)
    for name in ("lzw.tif", "a.png"):
        write_with_opencv(tmp_path / name, RGB16)
        if importlib.util.find_spec("imagecodecs"):
            np.testing.assert_array_equal(stacked(read_picture(tmp_path / name)), RGB16)
        else:
            with pytest.raises(MissingPackageError, match="imagecodecs"):
                read_picture(tmp_path / name)


def test_planar_and_white_is_zero_tiff(tmp_path):
    planes = np.moveaxis(RGB8, -1, 0)
    tifffile.imwrite(tmp_path / "a.tif", planes, photometric="rgb", planarconfig="separate")
    np.testing.assert_array_equal(stacked(read_picture(tmp_path / "a.tif")), RGB8)
    tifffile.imwrite(tmp_path / "b.tif", GREY8, photometric="miniswhite")
    np.testing.assert_array_equal(stacked(read_picture(tmp_path / "b.tif")), 255 - GREY8)


def test_float_tiff(tmp_path):
    samples = RNG.random((5, 6)).astype(np.float32)
    tifffile.imwrite(tmp_path / "a.tif", samples)
    picture = read_picture(tmp_path / "a.tif")
    assert picture.depth == "32-bit float"
    np.testing.assert_array_equal(stacked(picture), samples)


def test_jpeg_is_what_pillow_decodes(tmp_path):
    for name, samples in (("grey.jpg", GREY8), ("colour.jpeg", RGB8)):
        Image.fromarray(samples).save(tmp_path / name, quality=90)
        with Image.open(tmp_path / name) as image:
            np.testing.assert_array_equal(stacked(read_picture(tmp_path / name)), np.array(image))


def test_cameras_jpeg_with_a_preview_is_its_first_picture(tmp_path):
    Image.fromarray(RGB8).save(
        tmp_path / "a.jpg", format="MPO", save_all=True, append_images=[Image.fromarray(RGB8[:4])]
    )
    assert stacked(read_picture(tmp_path / "a.jpg")).shape == RGB8.shape


def test_palette_is_looked_up(tmp_path):
    image = Image.fromarray(RGB8 // 128 * 255).convert("P", palette=Image.Palette.ADAPTIVE)
    image.save(tmp_path / "a.png")
    picture = read_picture(tmp_path / "a.png")
    assert list(picture.planes) == COLOURS
    np.testing.assert_array_equal(stacked(picture), np.array(image.convert("RGB")))


def test_one_bit_and_one_pixel(tmp_path):
    Image.fromarray(GREY8 > 127).save(tmp_path / "bits.png")
    np.testing.assert_array_equal(
        stacked(read_picture(tmp_path / "bits.png")), np.where(GREY8 > 127, 255, 0)
    )
    write_with_opencv(tmp_path / "one.png", GREY8[:1, :1])
    assert stacked(read_picture(tmp_path / "one.png")).shape == (1, 1)


def test_alpha_is_a_plane_of_its_own(tmp_path):
    Image.fromarray(RNG.integers(0, 256, (4, 5, 4), dtype=np.uint8)).save(tmp_path / "a.png")
    assert list(read_picture(tmp_path / "a.png").planes) == [*COLOURS, "alpha"]
    tifffile.imwrite(
        tmp_path / "a.tif",
        RNG.integers(0, 256, (4, 5, 4), dtype=np.uint8),
        photometric="rgb",
        extrasamples=["unassalpha"],
    )
    assert list(read_picture(tmp_path / "a.tif").planes) == [*COLOURS, "alpha"]
    Image.fromarray(GREY8).convert("LA").save(tmp_path / "la.png")
    assert list(read_picture(tmp_path / "la.png").planes) == ["grey", "alpha"]


def test_netpbm_keeps_unusual_maxvals(tmp_path):
    (tmp_path / "a.pgm").write_bytes(
        b"P5\n# a comment\n3 1\n1023\n" + np.array([0, 512, 1023], ">u2").tobytes()
    )
    picture = read_picture(tmp_path / "a.pgm")
    assert picture.depth == "0 to 1023"
    np.testing.assert_array_equal(stacked(picture), [[0, 512, 1023]])
    write_with_opencv(tmp_path / "text.pgm", GREY8, cv2.IMWRITE_PXM_BINARY, 0)
    assert (tmp_path / "text.pgm").read_bytes().startswith(b"P2")
    np.testing.assert_array_equal(stacked(read_picture(tmp_path / "text.pgm")), GREY8)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"P5",
        b"P4 2 2\n..",
        b"P5 2 2 255 abc",
        b"P5 2 2 255 abcdP5 2 2 255 abcd",
        b"P5 0 2 255 ",
        b"P5 1 1 70000 aa",
        b"P5 1 1 10 z",
        b"P2 2 1 255 3 x",
        b"P2 2 1 255 3 -1",
        b"P2 1 1 255 999999999999999999999999",
    ],
)
def test_damaged_netpbm(tmp_path, content):
    (tmp_path / "a.pgm").write_bytes(content)
    with pytest.raises(ConvmatError, match=r"cannot read .*a\.pgm"):
        read_picture(tmp_path / "a.pgm")


def test_truncated_netpbm_says_so():
    with pytest.raises(ConvmatError, match="truncated: 3 of 4"):
        parse_netpbm(b"P5 2 2 255 abc")


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".pgm", ".bmp", ".npy", ".csv"])
@pytest.mark.parametrize("part", [0, 0.02, 0.5, 0.9])
def test_truncated_files(tmp_path, suffix, part):
    path = tmp_path / f"a{suffix}"
    grey = RNG.integers(0, 256, (64, 64), dtype=np.uint8)
    if suffix == ".npy":
        np.save(path, grey)
    elif suffix == ".csv":
        np.savetxt(path, grey, delimiter=",", fmt="%d")
        if part:
            part = 0.503  # not at the end of a line
    else:
        write_with_opencv(path, grey)
    content = path.read_bytes()
    path.write_bytes(content[: int(part * len(content))])
    with pytest.raises(ConvmatError, match="cannot read"):
        read_picture(path)


@pytest.mark.parametrize("suffix", [name for name in SUFFIXES if name != ".csv"])
def test_garbage(tmp_path, suffix, caplog, capfd):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(RNG.bytes(3000))
    with pytest.raises(ConvmatError, match=r"cannot read .*: (it is damaged|there is no PGM)"):
        read_picture(path)
    assert "".join(capfd.readouterr()) == ""  # libraries keep their remarks to themselves


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "a.csv: the file is empty"),
        ("\n# nothing\n", "there are no numbers"),
        ("1,2\n3\n", "line 2 has 1 columns, the lines before it 2"),
        ("1;2\n3;4\n", "line 1 has '1;2' where .* with commas between them"),
        ("1,2\n\n3,b # no\n", "line 3 has 'b' where"),
        ("1,2,\n3,4,\n", "line 1 has '' where"),
        ("1_0,2\n", "numbers alone"),
        ("\udcff,2\n", "not in UTF-8"),
    ],
)
def test_bad_csv(tmp_path, content, message):
    (tmp_path / "a.csv").write_text(content, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(ConvmatError, match=message):
        read_picture(tmp_path / "a.csv")


def test_csv_and_npy_of_other_dimensions(tmp_path):
    (tmp_path / "row.csv").write_text("\ufeff1,2,3\n", encoding="utf-8")
    (tmp_path / "column.csv").write_text("1\n2\n3\n")
    assert stacked(read_picture(tmp_path / "row.csv", 2)).shape == (1, 3)
    for name in ("row.csv", "column.csv"):
        np.testing.assert_array_equal(stacked(read_picture(tmp_path / name, 1)), [1, 2, 3])
    np.save(tmp_path / "a.npy", np.zeros((6, 7, 3)))
    assert list(read_picture(tmp_path / "a.npy", 2).planes) == ["0", "1", "2"]
    assert list(read_picture(tmp_path / "a.npy", 3).planes) == ["values"]
    np.save(tmp_path / "b.npy", np.zeros((6, 7, 9)))
    with pytest.raises(ConvmatError, match=r"shape \(6, 7, 9\), where 2 axes are wanted"):
        read_picture(tmp_path / "b.npy", 2)
    np.savetxt(tmp_path / "square.csv", np.eye(3), delimiter=",")
    with pytest.raises(ConvmatError, match=r"shape \(3, 3\), where 1 axis is wanted"):
        read_picture(tmp_path / "square.csv", 1)
    write_with_opencv(tmp_path / "a.png", GREY8)
    with pytest.raises(ConvmatError, match="picture with 2 axes, where 1"):
        read_picture(tmp_path / "a.png", 1)


def test_files_that_say_they_are_enormous(tmp_path):
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", crc32(name + data))

    header = struct.pack(">IIBBBBB", 30000, 30000, 8, 0, 0, 0, 0)
    parts = [chunk(b"IHDR", header), chunk(b"IDAT", compress(bytes(99))), chunk(b"IEND", b"")]
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    with pytest.raises(ConvmatError, match="more pixels than Pillow reads"):
        read_picture(tmp_path / "a.png")
    with open(tmp_path / "a.npy", "wb") as file:
        described = {"descr": "<f8", "fortran_order": False, "shape": (10**9, 10**6)}
        np.lib.format.write_array_header_1_0(file, described)
    with pytest.raises(ConvmatError, match="not enough memory"):
        read_picture(tmp_path / "a.npy")


def test_pickles_are_not_opened(tmp_path):
    np.save(tmp_path / "a.npy", np.array([{}], dtype=object))
    with pytest.raises(ConvmatError, match="cannot read"):
        read_picture(tmp_path / "a.npy", 1)


def test_several_pictures_in_a_file(tmp_path):
    frames = [Image.fromarray(RNG.integers(0, 256, (8, 9, 3), dtype=np.uint8)) for _ in range(3)]
    for name in ("a.gif", "a.png", "a.webp"):
        frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:])
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((3, 8, 9), np.uint8), photometric="minisblack")
    for name in ("a.gif", "a.png", "a.webp", "a.tif"):
        with pytest.raises(ConvmatError, match="holds 3 pictures"):
            read_picture(tmp_path / name)


def test_transparent_colour_is_refused(tmp_path):
    Image.fromarray(GREY8).save(tmp_path / "a.png", transparency=3)
    with pytest.raises(ConvmatError, match="transparent"):
        read_picture(tmp_path / "a.png")


def test_other_colour_spaces(tmp_path):
    Image.fromarray(RGB8).convert("CMYK").save(tmp_path / "a.jpg")
    assert next(iter(read_picture(tmp_path / "a.jpg").planes)) == "cyan"
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((4, 5, 4), np.uint8), photometric="separated")
    with pytest.raises(ConvmatError, match="not grey or RGB"):
        read_picture(tmp_path / "a.tif")


def test_missing_files_folders_and_suffixes(tmp_path):
    with pytest.raises(ConvmatError, match="No such file"):
        read_picture(tmp_path / "no.png")
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(ConvmatError, match="directory"):
        read_picture(tmp_path / "folder.png")
    with pytest.raises(ConvmatError, match=r"must end in \.png"):
        read_picture(tmp_path / "a.xyz")


@pytest.mark.parametrize("suffix", [".npy", ".csv"])
@pytest.mark.parametrize("shape", [(5,), (3, 4)])
def test_kernels_survive_to_the_last_digit(tmp_path, suffix, shape):
    kernel = RNG.standard_normal(shape)
    write_kernel(tmp_path / f"k{suffix}", kernel)
    picture = read_picture(tmp_path / f"k{suffix}", kernel.ndim)
    np.testing.assert_array_equal(picture.planes["values"], kernel)


def test_kernel_as_a_picture(tmp_path):
    kernel = np.array([[0.0, 0.25], [0.5, -0.5]])
    said = write_kernel(tmp_path / "k.png", kernel)
    assert "black is -0.5, white is 0.5" in said
    grey = cv2.imread(str(tmp_path / "k.png"), cv2.IMREAD_UNCHANGED)
    assert grey.dtype == np.uint16
    np.testing.assert_array_equal(grey, np.rint((kernel + 0.5) * 65535))
    write_kernel(tmp_path / "zero.png", np.zeros((2, 2)))


def test_kernels_that_do_not_fit_their_file(tmp_path):
    with pytest.raises(ConvmatError, match="cannot hold 3 axes"):
        write_kernel(tmp_path / "k.csv", np.zeros((2, 2, 2)))
    with pytest.raises(ConvmatError, match="complex"):
        write_kernel(tmp_path / "k.png", np.zeros((2, 2), complex))
    with pytest.raises(ConvmatError, match="must end in"):
        write_kernel(tmp_path / "k.jpg", np.zeros((2, 2)))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("failure", [KeyboardInterrupt, RuntimeError])
def test_what_was_there_stays_when_writing_stops(tmp_path, failure):
    path = tmp_path / "a.txt"
    path.write_text("before")
    path.chmod(0o640)

    def stop():
        with atomic_write(path) as file:
            file.write(b"half of")
            raise failure

    with pytest.raises(failure):
        stop()
    assert path.read_text() == "before"
    with atomic_write(path) as file:
        file.write(b"whole")
    assert path.read_text() == "whole"
    assert path.stat().st_mode & 0o777 == 0o640
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]


def test_links_keep_pointing_to_what_is_written(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "link.txt").symlink_to(tmp_path / "folder" / "real.txt")
    with atomic_write(tmp_path / "link.txt") as file:
        file.write(b"through")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "folder" / "real.txt").read_text() == "through"


def test_targets_that_cannot_be_written(tmp_path):
    for path in (tmp_path, tmp_path / "no" / "a.txt", "/dev/null", tmp_path / ("a" * 300)):
        with pytest.raises(ConvmatError, match="cannot write"), atomic_write(path):
            raise AssertionError("it must not be opened")
