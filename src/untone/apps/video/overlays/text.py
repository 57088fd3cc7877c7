"""Whether strokes in a box are a line of text, as print is: even, sharp, many, thin beside its height, never the same
from one row to another. All lengths are shares of a frame's height."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .strokes import Box, Mask, quantile

HEIGHTS = (1 / 60, 1 / 7)
"""Of a box of text: from small letters without tails to two lines that touch."""

SHORTEST = 1 / 12
"""A shorter line says too little of itself."""

WORD_GAP = 1 / 20
"""Empty columns within a line."""

FILL = (0.1, 0.65)
"""Share of the box that is stroke."""

STROKES_A_ROW, STROKE_LENGTH = 3.5, 0.45
"""Mean number of strokes in a row at least, and their mean length at most, by the height of the box."""

ROW_CHANGE = 0.25
"""Of a row's strokes and gaps, so much is otherwise a sixth of the box below; windows and fences go on."""

EDGE_DROP, SHARP_EDGES = 0.25, 0.6
"""Two samples beside so many of its strokes, it is darker by so much of white; lamps glow."""

EVEN, EVEN_SHARE = 0.08, 0.5
"""So many of the strokes' samples are within so much of white of the box's brighter samples."""


def may_hold(box: Box, lines: int) -> bool:
    """Whether a box of a frame of so many lines is large enough for a line of text, or for one within it."""
    return box[2] - box[0] >= HEIGHTS[0] * lines and box[3] - box[1] >= SHORTEST * lines


def is_text(strokes: Mask, luma: NDArray[np.float32], lines: int) -> bool:
    """Whether the strokes in a box are a line of text.

    Args:
        strokes: [h, w] of the box: bright and thin.
        luma: [h, w] of the box; black 0, white 1.
        lines: of the frame that the box is of.
    """
    height, width = strokes.shape
    if not HEIGHTS[0] * lines <= height <= HEIGHTS[1] * lines or width < max(SHORTEST * lines, 1.5 * height):
        return False
    filled = np.count_nonzero(strokes)
    if not FILL[0] <= filled / strokes.size <= FILL[1]:
        return False
    starts = strokes.copy()
    starts[:, 1:] &= ~strokes[:, :-1]
    count = np.count_nonzero(starts)
    if count < STROKES_A_ROW * height or filled > STROKE_LENGTH * height * count:
        return False
    below = max(1, height // 6)
    if np.count_nonzero(strokes[below:] ^ strokes[:-below]) < ROW_CHANGE * filled:
        return False
    level = stroke_level(strokes, luma)
    even = np.count_nonzero(np.abs(luma[strokes] - level) < EVEN)
    return bool(even >= EVEN_SHARE * filled and _sharp(starts, luma, level) >= SHARP_EDGES)


def stroke_level(strokes: Mask, luma: NDArray[np.float32]) -> float:
    """Luma of what is wholly a stroke's: of its brighter half, the middle."""
    return quantile(luma[strokes], 0.75)


def is_brightest(strokes: Mask, luma: NDArray[np.float32]) -> Mask:
    """Where it is as bright as the brightest tenth of the strokes."""
    result: Mask = luma > quantile(luma[strokes], 0.9) - EVEN
    return result


def _sharp(starts: Mask, luma: NDArray[np.float32], level: float) -> float:
    """Share of strokes that are darker within three samples before them."""
    wide = np.pad(luma, ((0, 0), (3, 0)), mode="edge")
    before = np.minimum(np.minimum(wide[:, :-3], wide[:, 1:-2]), wide[:, 2:-1])
    return float((before[starts] < level - EDGE_DROP).mean())
