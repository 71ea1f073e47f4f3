"""Figures are drawn without pyplot, for every kind of estimate, and written whole."""

import sys

import cv2
import numpy as np
import pytest
from matplotlib.figure import Figure

from convmat import convolve, estimate_kernel
from convmat.errors import ConvmatError, MissingPackageError
from convmat.pictures.figure_files import check_figure
from convmat.plot import plot_estimate, plot_kernel, save_figure

RNG = np.random.default_rng(11)


def titles(figure):
    return [axes.get_title(loc="left") for axes in figure.axes if axes.get_title(loc="left")]


def images(axes):
    return [np.asarray(image.get_array()) for image in axes.get_images()]


def test_what_is_drawn_with_a_true_kernel(tmp_path):
    before = RNG.random((20, 24))
    truth = np.array([[0.0, 0.2, 0.1], [0.3, 0.5, -0.1]])
    after = convolve(before, truth, "same", "mirror") + 0.25 + 1e-3 * RNG.standard_normal((20, 24))
    found = estimate_kernel(before, after, truth.shape, boundary="mirror", offset=True)
    figure = plot_estimate(before, after, found, boundary="mirror", truth=truth)
    assert titles(figure)[:5] == [
        "Before",
        "After",
        "Residual: after − fit",
        "True kernel",
        "Recovered kernel",
    ]
    (residual,) = images(figure.axes[2])
    expected = after - convolve(before, found.kernel, "same", "mirror") - found.offset
    np.testing.assert_allclose(residual, expected, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(images(figure.axes[4])[0], found.kernel)
    for name in ("a.png", "a.svg", "a.pdf"):
        save_figure(tmp_path / name, figure)
    assert cv2.imread(str(tmp_path / "a.png")).std() > 10
    assert (
        "matplotlib.pyplot" not in sys.modules or not sys.modules["matplotlib.pyplot"].get_fignums()
    )


def test_an_unknown_boundary_leaves_the_edges_out():
    before = RNG.random((12, 13))
    after = convolve(before, np.ones((3, 3)) / 9, "same", "circular")
    found = estimate_kernel(before, after, (3, 3))
    (residual,) = images(plot_estimate(before, after, found).axes[2])
    assert np.isnan(np.ma.filled(residual, np.nan)[0]).all()
    assert np.isfinite(np.ma.filled(residual, np.nan)[1:-1, 1:-1]).all()


def test_colours_signals_and_damping():
    planes = {name: RNG.random((15, 16)) for name in ("red", "green", "blue")}
    blurred = {name: convolve(plane, [[1.0, 2.0]], "valid") for name, plane in planes.items()}
    found = estimate_kernel(list(planes.values()), list(blurred.values()), (1, 2))
    figure = plot_estimate(planes, blurred, found)
    assert images(figure.axes[0])[0].shape == (15, 16, 3)
    assert plot_estimate(list(planes.values()), list(blurred.values()), found).axes
    signal = RNG.random(50)
    found = estimate_kernel(signal, convolve(signal, [1.0, -1.0], "full"), 2, damp=0.1)
    figure = plot_estimate(signal, convolve(signal, [1.0, -1.0], "full"), found)
    assert "Residual" in titles(figure)


def test_large_and_complex_kernels():
    axes = Figure().subplots(1, 3)
    plot_kernel(RNG.random((31, 31)), axes[0])
    plot_kernel(np.array([1 + 1j, 2.0]), axes[1])
    plot_kernel(np.zeros(3), axes[2])
    assert not axes[0].texts
    assert axes[2].texts[0].get_text().startswith("0.0")


def test_bad_input(tmp_path, monkeypatch):
    volume = RNG.random((6, 6, 6))
    found = estimate_kernel(volume, volume, (1, 1, 1))
    with pytest.raises(ConvmatError, match="one or two axes, not 3"):
        plot_estimate(volume, volume, found)
    with pytest.raises(ConvmatError, match=r"must end in \.png, \.svg, \.pdf"):
        check_figure("a.jpg", 2)
    with pytest.raises(ConvmatError, match="one or two axes"):
        check_figure("a.png", 3)
    with pytest.raises(ConvmatError, match="there is no folder"):
        save_figure(tmp_path / "no" / "a.png", Figure())
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingPackageError, match=r"convmat\[plot\]"):
        check_figure("a.png", 2)
