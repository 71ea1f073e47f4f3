"""Kernels that vary over the image: estimating a grid of them from two pictures."""
