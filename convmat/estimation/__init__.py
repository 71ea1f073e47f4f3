"""Kernel estimation: two pictures, and the kernel that took one to the other."""
