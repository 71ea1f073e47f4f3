"""The normal equations of a data matrix, without the matrix."""
