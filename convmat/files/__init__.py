"""Matrices in files that other tools read; nothing is ever half written."""
