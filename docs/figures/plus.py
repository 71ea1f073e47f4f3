"""The plus kernel, a small picture, and its inverses, for the figures on inverse filters."""

from functools import cache

import numpy as np

from convmat import ConvolutionOperator
from convmat.inverse.inverse_filter import inverse_filter
from convmat.inverse.inverse_matrix import inverse_matrix
from convmat.inverse.sample_picture import sample_picture

PLUS = np.array([[0.0, 1, 0], [1, 1, 1], [0, 1, 0]])
SHAPE = (32, 32)
NOISE = 1.0


@cache
def constrained(size):
    """The inverse filter of size x size."""
    return inverse_filter(PLUS, (size, size))


@cache
def pseudo(shape, boundary):
    """The pseudo-inverse in mode `same`."""
    return inverse_matrix(PLUS, shape, "same", boundary)


def blurred(boundary):
    """The small picture, and what the plus and noise of one grey level made of it."""
    sharp = sample_picture(SHAPE)
    exact = ConvolutionOperator(PLUS, SHAPE, "same", boundary) @ sharp.ravel()
    noise = np.random.default_rng(0).normal(0, NOISE, exact.size)
    return sharp, (exact + noise).reshape(SHAPE)
