"""Strokes of letters: what is bright, and so thin that no square of a certain side fits in; and boxes around them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Box = tuple[int, int, int, int]
"""Top, left, bottom, right."""

MOST_BOXES = 64
"""Of a frame; more are leaves or ripples, no letters."""


def thin(bright: Mask, side: int) -> Mask:
    """What of a mask [h, w] lies away from every square of `side` samples within it: a white top-hat (Serra, 1982).

    Squares are looked for on blocks of 2 x 2, and what lies within two samples of one counts to it: edges of large
    things are ragged. Beyond the edge of the mask counts as bright, so that what reaches over it is no stroke.
    """
    height, width = bright.shape
    half = max(side // 2, 1)
    wide = np.pad(bright, ((2 * half, 2 * half + height % 2), (2 * half, 2 * half + width % 2)), constant_values=True)
    pairs = wide[0::2] & wide[1::2]
    blocks = (pairs.view("<u2") == 0x0101).view(np.uint8)
    for axis in (0, 1):
        blocks = _window(blocks, half, axis, np.bitwise_and)  # block k tells of k .. k + half - 1
    for axis in (0, 1):
        blocks = _window(blocks, half + 2, axis, np.bitwise_or)  # back to where they came from, and one more each way
    thick = blocks.repeat(2, 0).repeat(2, 1)[:height, :width]
    result: Mask = (bright.view(np.uint8) & ~thick).view(np.bool_)
    return result


def _window(mask: NDArray[np.uint8], side: int, axis: int, join: Any) -> NDArray[np.uint8]:
    """What `join` makes of each `side` samples in a row, by doubling; shorter by side - 1."""
    done, length = 1, mask.shape[axis]
    while done < side:
        step = min(done, side - done)
        length -= step
        parts = (slice(0, length), slice(step, step + length))
        mask = join(*(mask[part] if axis == 0 else mask[:, part] for part in parts))
        done += step
    return mask


def grown(mask: Mask, by: int) -> Mask:
    """A mask [h, w], and whatever lies within a square of 2 by + 1 samples of it."""
    wide = np.pad(mask, by).view(np.uint8)
    for axis in (0, 1):
        wide = _window(wide, 2 * by + 1, axis, np.bitwise_or)
    return wide.view(np.bool_)


def boxes(mask: Mask, gap: int) -> list[Box]:
    """Boxes around what is in a mask, cut along empty rows and along `gap` empty columns (recursive XY cut: Nagy and
    Seth, 1984); none where there are more than MOST_BOXES."""
    found = []
    for box in _cut((0, 0, *mask.shape), mask, gap):
        found.append(box)
        if len(found) > MOST_BOXES:
            return []
    return found


def _cut(box: Box, mask: Mask, gap: int) -> Iterator[Box]:
    top, left, bottom, right = box
    view = mask[top:bottom, left:right]
    rows = [(top + a, top + b) for a, b in stretches(np.any(view, axis=1), 1)]
    for first, last in rows:
        columns = stretches(np.any(mask[first:last, left:right], axis=0), gap)
        for begin, end in columns:
            piece = (first, left + begin, last, left + end)
            if piece == box:
                yield box
            else:
                yield from _cut(piece, mask, gap)


def stretches(lit: Mask, gap: int) -> list[tuple[int, int]]:
    """First and last + 1 of what is lit in a line [n], with fewer than `gap` dark ones between."""
    where = np.flatnonzero(lit)
    if not len(where):
        return []
    breaks = np.flatnonzero(where[1:] - where[:-1] > gap)
    first, last = [int(where[0]), *where[breaks + 1].tolist()], [*where[breaks].tolist(), int(where[-1])]
    return [(begin, end + 1) for begin, end in zip(first, last, strict=True)]


def quantile(values: NDArray[Any], share: float) -> float:
    """np.quantile of [n], not empty, without what that takes for a few hundred values."""
    place = share * (values.size - 1)
    low = int(place)
    high = min(low + 1, values.size - 1)
    parts = np.partition(values, (low, high))
    return float(parts[low] + (parts[high] - parts[low]) * (place - low))
