"""Layers of convolutional networks: strides, dilation, groups, channels."""
