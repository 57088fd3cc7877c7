"""Gain-MLP: two renditions of a photo related by a network of a few kilobytes, or by a small residual picture."""
