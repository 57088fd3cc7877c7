"""Luminance as colours, for whoever cannot see it: the scale that pages and sheets share."""

from __future__ import annotations

SCALE = (
    (0.1, (8, 8, 10)),
    (1, (44, 16, 84)),
    (10, (32, 64, 172)),
    (50, (22, 130, 150)),
    (203, (96, 176, 100)),
    (400, (238, 214, 80)),
    (1000, (240, 134, 44)),
    (4000, (220, 38, 54)),
    (10000, (255, 255, 255)),
)
"""Nits and their colour; between them colours are mixed by the logarithm. SDR white, 203, is the end of the greens."""
