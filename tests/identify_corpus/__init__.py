"""Pairs of pictures that `identify_filter` is judged on: crops, and what programs made of them."""
