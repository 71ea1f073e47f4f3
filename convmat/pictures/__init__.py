"""Pictures and kernels in files."""
