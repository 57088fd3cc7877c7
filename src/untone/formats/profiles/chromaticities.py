"""Chromaticities without a name of ours: red, green, blue and white as x, y, and their light as BT.2020."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ... import colour
from .icc import BRADFORD

Corners = tuple[float, ...]
"""Red, green, blue and white, x and y of each: eight numbers."""

BT709: Corners = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, 0.3127, 0.3290)
_AP0 = (0.7347, 0.2653, 0, 1, 0.0001, -0.077)


def are_usable(corners: Corners) -> bool:
    """Whether they may be those of a real or a wide colour space: white above the axis, the triangle no line."""
    places = list(zip(corners[::2], corners[1::2], strict=True))
    usable = [0 < y <= 1.2 and -1 <= x <= 1.2 for x, y in places]
    if len(corners) != 8 or not usable[-1] or not (all(usable) or _is_ap0(corners)):
        return False
    (rx, ry), (gx, gy), (bx, by), _ = places
    return abs((gx - rx) * (by - ry) - (bx - rx) * (gy - ry)) > 1e-4


def _is_ap0(corners: Corners) -> bool:
    """ACES AP0, whose blue lies below the axis."""
    return all(abs(a - b) < 1e-3 for a, b in zip(corners, _AP0, strict=False))


def to_xyz(corners: Corners) -> NDArray[np.float64]:
    """[3, 3] linear RGB of usable corners to XYZ, Y of white = 1 (SMPTE RP 177)."""
    columns = np.array([[x / y, 1.0, (1 - x - y) / y] for x, y in zip(corners[:6:2], corners[1:6:2], strict=True)]).T
    white = np.array([corners[6] / corners[7], 1.0, (1 - corners[6] - corners[7]) / corners[7]])
    matrix: NDArray[np.float64] = columns * np.linalg.solve(columns, white)
    return matrix


def to_bt2020(corners: Corners) -> NDArray[np.float64]:
    """[3, 3] linear RGB of usable corners to BT.2020, whites adapted by Bradford."""
    matrix, target = to_xyz(corners), colour.rgb_to_xyz("bt2020")
    whites = (BRADFORD @ target.sum(axis=1)) / (BRADFORD @ matrix.sum(axis=1))
    adapt = np.linalg.inv(BRADFORD) @ np.diag(whites) @ BRADFORD
    result: NDArray[np.float64] = np.linalg.inv(target) @ adapt @ matrix
    return result
