"""Matrices that a fast transform diagonalises, or that factor over the axes."""
