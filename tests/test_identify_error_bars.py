"""Error bars: their coverage over draws of noise, and their size on rounded pictures.

The Gram matrix is the same for all draws, so a draw costs one product with the data.
"""

import numpy as np
import pytest
from scipy import ndimage
from scipy.stats import norm
from skimage import data

from convmat.identify.box import Box
from convmat.identify.fit import fit_box
from convmat.identify.given import planes_of
from convmat.identify.identify import identify_filter
from convmat.matrices.explicit import data_matrix

KERNEL = np.random.default_rng(1).random((3, 4)) / 6
PICTURES = {
    "camera": data.camera()[200:310, 100:220],
    "coins": data.coins()[:110, :120],
    "gravel": data.gravel()[:110, :120],
    "brick": data.brick()[:110, :120],
}


def test_coverage_of_a_thousand_draws():
    before = PICTURES["coins"][:50, :60].astype(float)
    clean = ndimage.convolve(before, KERNEL, mode="mirror")
    (plane,), _ = planes_of(before, clean + 0.1 * np.sin(np.arange(before.size)).reshape(50, 60))
    box = Box((-1, -2), (1, 1))
    fit = fit_box([plane], box)
    region = box.interior(before.shape, before.shape)
    X = data_matrix(before[box.reads(region)], box.shape, "valid", format="dense")
    A = np.column_stack([X, np.ones(len(X))])
    draws, sigma = 1000, 2.0
    noise = sigma * np.random.default_rng(0).standard_normal((len(X), draws))
    solution = np.linalg.lstsq(A, noise, rcond=None)[0]
    left = noise - A @ solution
    s = np.sqrt(np.sum(left**2, axis=0) / (len(X) - A.shape[1]))
    bars = np.sqrt(np.diagonal(fit.inverse))[:, None] * s
    inside = np.abs(solution[:-1]) < norm.ppf(0.975) * bars
    assert 0.94 <= inside.mean() <= 0.96
    # The same bars come with a report: of one draw, added to the picture.
    noisy = clean.copy()
    noisy[region.slices] += noise[:, 0].reshape(region.shape)
    (plane,), _ = planes_of(before, noisy)
    one = fit_box([plane], box)
    reported = np.sqrt(np.diagonal(one.inverse) * one.variance)
    np.testing.assert_allclose(reported, bars[:, 0], rtol=1e-8)
    np.testing.assert_allclose(one.kernel.ravel() - KERNEL.ravel(), solution[:-1, 0], atol=1e-9)


@pytest.mark.parametrize("name", PICTURES)
def test_rounded_pictures(name):
    """Over a number of kernels, so that chance alone stays well within 0.7 and 1.3."""
    before, squares = PICTURES[name], []
    for seed in range(5):
        kernel = np.random.default_rng(seed).random((3, 3))
        kernel /= kernel.sum()
        after = np.rint(ndimage.convolve(before.astype(float), kernel, mode="mirror"))
        report = identify_filter(before, after.astype(np.uint8))
        assert (report.verdict, report.kernel.shape) == ("linear", (3, 3))
        squares.append(((report.kernel - kernel) / report.std_error) ** 2)
    assert 0.7 <= np.sqrt(np.mean(squares)) <= 1.3
