"""Baselines of one formula, untuned or with one fitted number.

Light x (1 + a Y^2), Y the picture's linear luminance, all channels alike.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .... import colour
from ....image import DIFFUSE_WHITE_NITS

Light = NDArray[Any]

SQUARE = 1000 / DIFFUSE_WHITE_NITS - 1
"""SDR white becomes 1000 nits."""

GENTLE = 2.5
"""The best number over four sets of photos and scenes; SDR white becomes 710 nits."""


def square(light: Light, primaries: str = "bt709", boost: float = SQUARE) -> Light:
    """Light [..., 3] x (1 + boost Y^2); linear, 1.0 = SDR white, nothing above it in `light`."""
    luminance = np.clip(light @ colour.luminance_weights(primaries), 0, 1)
    return light * (1 + boost * np.square(luminance))[..., None]


def gentle(light: Light, primaries: str = "bt709") -> Light:
    """Light [..., 3] x (1 + 2.5 Y^2)."""
    return square(light, primaries, GENTLE)
