"""Errors: everything convmat raises on purpose.

A message names the argument, the value given and what is allowed.
"""


class ConvmatError(ValueError):
    """The input cannot be used; the message says what was given and what is allowed."""


class MissingPackageError(ConvmatError, ImportError):
    """An optional package is not installed; the message names the extra that brings it."""


class TooLargeError(ConvmatError):
    """The result would not fit in memory; the message names its size and the way around."""
