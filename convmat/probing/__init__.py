"""What a function does: which convolution it is, and whether an adjoint is one."""
