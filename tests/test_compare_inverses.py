"""compare_inverses: every figure again from explicit matrices, and what the kernels teach."""

import csv
import json

import numpy as np
import pytest
from matplotlib.figure import Figure
from oracles import BOUNDARIES, MODES

import convmat.inverse.compare_inverses
import convmat.inverse.sample_picture
from convmat import Comparison, ConvmatError, MissingPackageError, TooLargeError
from convmat import convolution_matrix as matrix_of
from convmat.inverse.compare_inverses import compare_inverses
from convmat.inverse.inverse_filter import inverse_filter
from convmat.inverse.inverse_matrix import inverse_matrix
from convmat.inverse.sample_picture import sample_picture
from convmat.plot import plot_inverses

EPS = np.finfo(float).eps
FACTOR = 100
PLUS = np.array([[0.0, 1, 0], [1, 1, 1], [0, 1, 0]])
DOMINANT = np.array([[0.1, -0.2, 0.1], [0.3, 2.0, -0.1], [0.0, 0.2, 0.1]])
SHAPE = (6, 7)
PICTURE = np.random.default_rng(5).random(SHAPE)


def dense(kernel, shape, mode, boundary, anchor=None):
    return matrix_of(kernel, shape, mode, boundary, anchor=anchor, format="dense")


def applied(g, anchor, geometry, boundary):
    """The matrix of a filter on the outputs of a geometry, read where its signal's samples are.

    Wide enough on both sides, so that the explicit matrix of mode `full` has all of these rows.
    """
    reach = 3 * max(*geometry.output_shape, *geometry.input_shape)
    padded = np.pad(g, reach)
    anchor = tuple(c + reach for c in anchor)
    H = dense(padded, geometry.output_shape, "full", boundary, anchor)
    sizes = [m + k - 1 for m, k in zip(geometry.output_shape, padded.shape, strict=True)]
    rows = H.reshape(*sizes, -1)
    # Output i of `full` is at index i + anchor; sample n of the signal is at i = n - first_output.
    axes = zip(anchor, geometry.first_output, geometry.input_shape, strict=True)
    window = tuple(slice(c - first, c - first + n) for c, first, n in axes)
    return rows[window].reshape(-1, H.shape[1])


@pytest.fixture(scope="module")
def table():
    return compare_inverses(
        DOMINANT, SHAPE, supports=[(3, 3), (4, 5)], picture=PICTURE, noise_std=0.01
    )


def test_the_rows(table):
    kinds = ["pseudo-inverse", "nearest convolution", "filter 3x3", "filter 4x5"]
    assert [(row["boundary"], row["mode"], row["inverse"]) for row in table.rows] == [
        (boundary, mode, kind) for boundary in BOUNDARIES for mode in MODES for kind in kinds
    ]
    assert all(set(row) == set(table.columns) for row in table.rows)
    assert not any(row["note"] for row in table.rows)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_every_figure(table, boundary, mode):
    rows = [row for row in table.rows if (row["boundary"], row["mode"]) == (boundary, mode)]
    H = dense(DOMINANT, SHAPE, mode, boundary)
    found = inverse_matrix(DOMINANT, SHAPE, mode, boundary)
    inverses = [np.linalg.pinv(H), found.convolution.to_matrix()]
    entries = [H.size, found.convolution.kernel.size]
    for support in [(3, 3), (4, 5)]:
        constrained = inverse_filter(DOMINANT, support)
        inverses.append(applied(constrained.filter, constrained.anchor, found.geometry, boundary))
        entries.append(constrained.filter.size)
    N = PICTURE.size
    condition = np.linalg.cond(H)
    for row, G, count in zip(rows, inverses, entries, strict=True):
        assert row["free_entries"] == count
        assert row["rank"] == np.linalg.matrix_rank(H)
        bound = FACTOR * EPS * condition * np.linalg.norm(G)
        assert row["condition"] == pytest.approx(condition, rel=FACTOR * EPS * condition)
        rest = G @ H - np.eye(N)
        assert abs(row["restoration_error"] - np.linalg.norm(rest) / N**0.5) <= bound
        assert abs(row["noise_gain"] - np.linalg.norm(G) / N**0.5) <= bound
        # The covariance of what is restored is G G' times the noise's variance.
        bias = rest @ PICTURE.ravel()
        expected = np.sqrt(bias @ bias + 0.01**2 * np.trace(G @ G.T)) / np.linalg.norm(PICTURE)
        assert abs(row["picture_error"] - expected) <= bound


def test_the_expected_error_is_the_mean_over_noise(table):
    (row,) = (r for r in table.rows[:4] if r["inverse"] == "pseudo-inverse" and r["mode"] == "full")
    H = dense(DOMINANT, SHAPE, "full", "zero")
    G = np.linalg.pinv(H)
    noise = 0.01 * np.random.default_rng(1).standard_normal((H.shape[0], 4000))
    errors = np.sum((G @ (H @ PICTURE.ravel()[:, None] + noise) - PICTURE.ravel()[:, None]) ** 2, 0)
    expected = (row["picture_error"] * np.linalg.norm(PICTURE)) ** 2
    assert abs(errors.mean() - expected) <= 5 * errors.std() / 4000**0.5


def test_the_pseudo_inverse_restores_best(table):
    for first in range(0, len(table.rows), 4):
        errors = [row["restoration_error"] for row in table.rows[first : first + 4]]
        assert errors[0] <= min(errors) + FACTOR * EPS


def figures(table, kind):
    return {(r["boundary"], r["mode"]): r for r in table.rows if r["inverse"] == kind}


def test_plus():
    table = compare_inverses(PLUS, (9, 9), supports=[(3, 3), (5, 5), (9, 9)])
    best, nearest = figures(table, "pseudo-inverse"), figures(table, "nearest convolution")
    for at, row in best.items():
        N = 81
        assert row["restoration_error"] == pytest.approx(
            np.sqrt((N - row["rank"]) / N), abs=FACTOR * EPS * N
        )
        assert row["free_entries"] >= N * row["rank"]
        assert nearest[at]["noise_gain"] <= row["noise_gain"] * (1 + FACTOR * EPS)
    for boundary in ("circular", "symmetric", "antisymmetric"):
        at = boundary, "same"
        difference = nearest[at]["restoration_error"] - best[at]["restoration_error"]
        assert abs(difference) <= FACTOR * EPS * 81
    errors = [
        figures(table, f"filter {n}x{n}")["circular", "same"]["restoration_error"]
        for n in (3, 5, 9)
    ]
    assert errors[0] > errors[1] > errors[2] > 0.1


def test_a_dominant_entry_makes_all_of_them_good():
    table = compare_inverses(DOMINANT, (9, 9), supports=[(3, 3), (9, 9)], modes=["full", "same"])
    for row in table.rows:
        assert row["condition"] < 10
        assert row["noise_gain"] < 1
    for row in figures(table, "filter 9x9").values():
        assert row["restoration_error"] < 0.05


def test_a_binomial_kernel_loses_the_nyquist_frequency():
    table = compare_inverses([0.25, 0.5, 0.25], 16, boundaries=["circular"], modes=["same"])
    for row in table.rows:
        assert row["rank"] == 15
        assert row["condition"] == np.inf
        # Whatever is done, one of sixteen directions is lost, which is worth 1 / 4.
        assert row["restoration_error"] >= 0.25 * (1 - FACTOR * EPS)
    assert table.rows[0]["restoration_error"] == pytest.approx(0.25, abs=FACTOR * EPS * 16)


def test_not_minimum_phase_needs_a_delay():
    table = compare_inverses(
        [1, -2.5, 1], 40, boundaries=["zero"], modes=["full"], supports=[3, 9, 21]
    )
    errors = [row["restoration_error"] for row in table.rows[2:]]
    assert errors[0] > errors[1] > errors[2]
    assert errors[2] < 0.01


def test_a_gaussian_is_hopeless_without_damping():
    line = np.exp(-0.5 * np.arange(-4, 5) ** 2 / 1.5**2)
    table = compare_inverses(np.outer(line, line) / line.sum() ** 2, (12, 12), modes=["same"])
    for row in figures(table, "pseudo-inverse").values():
        assert row["condition"] > 1e4
        assert row["noise_gain"] > 100
        assert row["picture_error"] > 1


def test_motion_blur_depends_on_the_edges():
    table = compare_inverses(np.ones((1, 4)) / 4, (4, 12), boundaries=["zero", "circular"])
    rows = figures(table, "pseudo-inverse")
    assert rows["circular", "same"]["rank"] < 48  # 4 divides 12, so three frequencies vanish
    assert rows["zero", "same"]["rank"] == 48
    assert rows["zero", "full"]["condition"] < rows["zero", "same"]["condition"]


def test_axes_of_different_boundaries_and_an_anchor():
    edges = [("circular", "symmetric")]
    options = {"anchor": (0, 0), "modes": ["same"], "picture": PICTURE, "supports": [(2, 3)]}
    (best, nearest, constrained) = compare_inverses(
        DOMINANT, SHAPE, boundaries=edges, **options
    ).rows
    assert best["boundary"] == "circular, symmetric"
    H = dense(DOMINANT, SHAPE, "same", edges[0], (0, 0))
    found = inverse_filter(DOMINANT, (2, 3), anchor=(0, 0))
    G = dense(found.filter, SHAPE, "same", edges[0], found.anchor)
    error = np.linalg.norm(G @ H - np.eye(42)) / 42**0.5
    assert constrained["restoration_error"] == pytest.approx(error, rel=FACTOR * EPS)
    assert nearest["free_entries"] == 6 * 13


def test_csv_and_json_hold_the_same_rows(table):
    rows = list(csv.DictReader(table.to_csv().splitlines()))
    parsed = json.loads(table.to_json())
    assert len(rows) == len(parsed) == len(table.rows)
    for text, row, own in zip(rows, parsed, table.rows, strict=True):
        assert float(text["noise_gain"]) == row["noise_gain"] == own["noise_gain"]
    assert str(table).splitlines()[0].split() == list(table.columns)


# What cannot be ------------------------------------------------------------------------


def test_a_mode_that_cannot_be_says_why():
    table = compare_inverses(np.ones(5), 4, boundaries=["zero"], modes=["same", "valid"])
    (row,) = (row for row in table.rows if row["mode"] == "valid")
    assert "larger than the signal" in row["note"]
    assert row["inverse"] is None
    assert row["restoration_error"] is None


def test_a_filter_that_cannot_be_says_why(monkeypatch):
    def refuse(kernel, shape, **options):
        raise ConvmatError(f"no filter of shape {shape}")

    monkeypatch.setattr(convmat.inverse.compare_inverses, "inverse_filter", refuse)
    table = compare_inverses([1, 4, 1], 8, boundaries=["zero"], modes=["same"], supports=[3])
    assert table.rows[-1]["note"] == "no filter of shape (3,)"
    assert table.rows[-1]["noise_gain"] is None
    assert table.rows[-1]["rank"] == 8
    assert table.rows[0]["noise_gain"] is not None


@pytest.mark.parametrize("shape", [(300,), (3, 3, 4)])
def test_without_a_picture_the_other_figures_are_there(shape):
    kernel = np.ones((2,) * len(shape))
    table = compare_inverses(kernel, shape, boundaries=["zero"], modes=["full"])
    for row in table.rows:
        assert row["noise_gain"] > 0
        assert row["picture_error"] is None
        assert "give a picture of that shape" in row["note"]


def test_without_the_package_that_reads_pictures(monkeypatch):
    def missing(path):
        raise MissingPackageError("needs imageio")

    monkeypatch.setattr(convmat.inverse.sample_picture, "read_picture", missing)
    table = compare_inverses([1, 4, 1], 8, boundaries=["zero"], modes=["same"])
    assert {row["note"] for row in table.rows} == {"needs imageio"}


def test_the_usual_supports_stay_small():
    table = compare_inverses(np.eye(25), (5, 5), boundaries=["zero"], modes=["same"])
    names = [row["inverse"] for row in table.rows[2:]]
    assert names == ["filter 25x25"]


def test_the_picture_is_the_photograph_made_small():
    picture = sample_picture((32, 16))
    assert picture.shape == (32, 16)
    whole = sample_picture((256, 256))
    blocks = whole.reshape(32, 8, 32, 8).mean(axis=(1, 3))
    np.testing.assert_allclose(picture, blocks[:, 8:24], rtol=FACTOR * EPS)
    np.testing.assert_array_equal(sample_picture((256,)), whole[128])
    assert 0 <= whole.min() < whole.max() <= 255


def test_the_usual_noise_is_a_level():
    usual = compare_inverses(PLUS, SHAPE, boundaries=["zero"], modes=["full"])
    picture = sample_picture(SHAPE)
    options = {"boundaries": ["zero"], "modes": ["full"], "picture": picture}
    named = compare_inverses(PLUS, SHAPE, noise_std=np.ptp(picture) / 255, **options)
    assert usual.rows == named.rows
    silent = compare_inverses(PLUS, SHAPE, noise_std=0, **options)
    assert silent.rows[0]["picture_error"] < 1e-10 < usual.rows[0]["picture_error"]


def test_too_large():
    with pytest.raises(TooLargeError, match=r"10000 samples.*100000000 entries"):
        compare_inverses(PLUS, (100, 100))


@pytest.mark.parametrize(
    ("kernel", "shape", "options", "part"),
    [
        (np.zeros((3, 3)), SHAPE, {}, "all zero"),
        ([1, np.nan], 5, {}, "NaN"),
        (PLUS, 5, {}, "axes"),
        (PLUS, SHAPE, {"boundaries": "zero"}, "boundaries must be a list"),
        (PLUS, SHAPE, {"boundaries": ["reflect"]}, "means two different things"),
        (PLUS, SHAPE, {"modes": ["some"]}, "modes"),
        (PLUS, SHAPE, {"modes": "same"}, "modes must be a list"),
        (PLUS, SHAPE, {"supports": [(0, 3)]}, "supports"),
        (PLUS, SHAPE, {"supports": [5]}, "supports must be shapes of 2 axes"),
        (PLUS, SHAPE, {"supports": 5}, "supports must be a list"),
        (PLUS, SHAPE, {"anchor": (1,)}, "anchor"),
        (
            PLUS,
            SHAPE,
            {"picture": np.ones((5, 5))},
            "picture must have the signal.s shape .6, 7., got .5, 5.",
        ),
        (PLUS, SHAPE, {"picture": np.zeros(SHAPE)}, "zero everywhere"),
        (PLUS, SHAPE, {"picture": np.full(SHAPE, np.nan)}, "NaN"),
        (PLUS, SHAPE, {"noise_std": -1.0}, "noise_std"),
        (PLUS, SHAPE, {"noise_std": np.nan}, "noise_std"),
        (PLUS, SHAPE, {"noise_std": "gcv"}, "noise_std"),
        (PLUS, SHAPE, {"rcond": 2.0}, "rcond"),
    ],
)
def test_bad_input(kernel, shape, options, part):
    with pytest.raises(ConvmatError, match=part):
        compare_inverses(kernel, shape, **options)


# Figures -------------------------------------------------------------------------------


def test_the_figure_has_a_point_for_every_row(table):
    figure = plot_inverses(table)
    assert isinstance(figure, Figure)
    assert [axes.get_title(loc="left") for axes in figure.axes] == MODES_IN_ORDER
    points = {
        (axes.get_title(loc="left"), *line.get_xydata()[0])
        for axes in figure.axes
        for line in axes.lines
        if len(line.get_xydata())
    }
    assert points == {
        (row["mode"], row["noise_gain"], max(row["restoration_error"], 1e-3)) for row in table.rows
    }


MODES_IN_ORDER = ["full", "same", "valid"]


def test_what_cannot_be_drawn(table):
    with pytest.raises(ConvmatError, match="compare_inverses"):
        plot_inverses(Comparison(("solver",), ({"solver": "qr"},)))
    empty = compare_inverses(np.ones(5), 4, boundaries=["zero"], modes=["valid"])
    with pytest.raises(ConvmatError, match="no row"):
        plot_inverses(empty)


@pytest.mark.parametrize(
    ("boundary", "name"),
    [
        (("zero", "circular", "zero"), "zero, circular, zero"),
        (("zero", "circular", "circular"), "zero, circular, circular"),
        ("circular", "circular"),
    ],
)
def test_every_axis_is_named_unless_all_are_alike(boundary, name):
    kernel = np.ones((2, 2, 2)) + 7 * np.eye(8)[0].reshape(2, 2, 2)
    table = compare_inverses(kernel, (3, 3, 3), boundaries=[boundary], modes=["same"], supports=[])
    assert {row["boundary"] for row in table.rows} == {name}
    assert f"boundary {name})" in str(inverse_matrix(kernel, (3, 3, 3), boundary=boundary))


@pytest.mark.parametrize("name", ["boundaries", "modes"])
def test_no_boundary_and_no_mode_are_refused(name):
    with pytest.raises(ConvmatError, match=rf"{name} must name at least one, got \[\]"):
        compare_inverses([1, 4, 1], 8, **{name: []})
