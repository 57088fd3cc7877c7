"""Check that two renditions of one photo have the same orientation, by the ranks of their cells' brightness."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ...errors import UntoneError
from ...image import Image, turned_upright

TURNS = {
    2: "mirrored", 3: "turned by 180 degrees", 4: "mirrored upside down", 5: "transposed",
    6: "turned clockwise", 7: "transposed about the other diagonal", 8: "turned counterclockwise",
}  # fmt: skip
"""What an EXIF orientation does to what is stored."""

CELLS = 16
"""Of the grid by which pictures are compared, each way."""

SURELY_ALIKE = 0.95
CLEARLY = 4
"""What is missing to a correlation of 1 must be so many times smaller once turned."""


def check_turn(sdr: Image, light: NDArray[np.float32]) -> None:
    """Check that the HDR rendition is turned as the photo is, where brightness tells.

    Args:
        light: [H, W, 3] of the HDR rendition, as the photo's pixels should lie.

    Raises:
        UntoneError: it is much more like the photo once it is turned or mirrored.
    """
    if min(light.shape[:2]) < CELLS:
        return
    photo, other = (_cells(picture) for picture in (sdr.pixels, light))
    similarity = {turn: _alike(photo, turned_upright(other, turn)) for turn in TURNS}
    as_it_is = _alike(photo, other)
    best = max((t for t in TURNS if t <= 4 or sdr.width == sdr.height), key=lambda turn: similarity[turn])
    if similarity[best] > SURELY_ALIKE and 1 - as_it_is > CLEARLY * (1 - similarity[best]):
        raise UntoneError(f"the HDR rendition lies otherwise than the photo: {TURNS[best]}, it would fit")


def _cells(picture: NDArray[np.generic]) -> NDArray[np.float64]:
    """Rank of the brightness of each cell of a grid, [cells, cells], mean 0."""
    rows, columns = (np.arange(CELLS) * side // CELLS for side in picture.shape[:2])
    sums = np.add.reduceat(np.add.reduceat(picture.sum(2, dtype=np.float64), rows, 0), columns, 1)
    counts = [np.diff(np.append(edges, side)) for edges, side in zip((rows, columns), picture.shape[:2], strict=True)]
    means = np.round(sums / np.outer(*counts), 6)
    _, ranks, ties = np.unique(means, return_inverse=True, return_counts=True)
    middle = np.cumsum(ties) - (ties - 1) / 2
    found: NDArray[np.float64] = middle[ranks].reshape(means.shape)
    found -= found.mean()
    return found


def _alike(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Spearman's correlation of two grids of ranks; 0 where one is the same everywhere."""
    size = math.sqrt(float((first**2).sum() * (second**2).sum()))
    return float((first * second).sum()) / size if size else 0.0
