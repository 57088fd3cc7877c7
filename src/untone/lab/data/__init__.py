"""Data of training and evaluation: HDR sources, synthesis of pairs, data sets on disk."""
