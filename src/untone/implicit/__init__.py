"""Gain-MLP: gain networks of a few kilobytes, and residual maps, between two renditions of a photo."""
