"""The white square blurred by a Gaussian, exact and rounded, for the literature's figures."""

from functools import cache

import numpy as np

from convmat import DataOperator, LeastSquares, choose_damp, convolve, difference_matrix, solve
from convmat.damped_family import DampedFamily

SHAPE = (51, 51)
line = np.exp(-0.5 * ((np.arange(51) - 25) / 4) ** 2)
kernel = np.outer(line, line) / line.sum() ** 2
before = np.zeros((200, 200))
before[85:115, 85:115] = 1
exact = convolve(before, kernel, "valid")
rounded = np.round(255 * exact) / 255
rounding = np.sqrt(np.mean((rounded - exact) ** 2))
data = DataOperator(before, SHAPE, "valid")
laplacian = sum(difference_matrix(SHAPE, 2, axis, "zero") for axis in (0, 1))
METHODS = ("gcv", "rgcv", "lcurve", "discrepancy")


def error(x):
    """Measure how far x is from the kernel, relative to the kernel, in per cent."""
    return 100 * np.linalg.norm(x - kernel.ravel()) / np.linalg.norm(kernel)


@cache
def family(penalty):
    """All damped solutions of the rounded problem; `penalty` is "identity" or "laplacian"."""
    matrix = laplacian if penalty == "laplacian" else None
    return DampedFamily(LeastSquares(data, rounded.ravel(), penalty=matrix))


@cache
def choice(penalty, method):
    return choose_damp(family(penalty), method, noise_std=rounding)


@cache
def undamped():
    return solve(LeastSquares(data, rounded.ravel())).x


def iterations(solver, count, **options):
    """Run `count` iterations on the exact problem; its solution, and every iterate's error."""
    errors = [100.0]

    def watch(iteration, x, objective, gradient):
        errors.append(error(x))

    problem = LeastSquares(data, exact.ravel())
    solution = solve(problem, solver, max_iterations=count, callback=watch, **options)
    return solution, np.array(errors)
