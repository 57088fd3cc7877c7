"""TIFF, read only."""
