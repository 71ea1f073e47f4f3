"""Explicit sparse matrices: H from a kernel, X from data, and differences."""
