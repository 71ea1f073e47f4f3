"""Whose convolution is it: one definition, and what other tools call its parts."""
