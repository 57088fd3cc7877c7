"""Banding of 8-bit gradients, in numpy and integers throughout: the definition that native code gives bit for bit.

A tile of 16 x 16 is smooth where neighbours differ by a code at most, and flat where it and the eight around it are
smooth, span 1 to MOST_RANGE codes, and are alike but for one pair of neighbours in PAIRS_A_CHANGE (in grain, half of
them differ). Flat tiles get the mean of the nine, weights 1 2 1 both ways, others their own; between the middles of
tiles that is interpolated, and so is the share of it that samples take.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

SIDE, FRACTION_BITS = 16, 6
"""Of a tile; and bits below a code."""

MOST_RANGE, PAIRS_A_CHANGE = 4, 8

MOST_MOVED = 48
"""Of 64 parts of a code: no sample moves farther."""

Starts = Sequence[NDArray[np.intp]]


def deband(plane: NDArray[np.uint8]) -> NDArray[np.uint16] | None:
    """[h, w] codes with 6 bits below: steps of flat gradients become slopes, all else stays; None: nothing is flat."""
    height, width = plane.shape
    starts = [np.arange(0, length, SIDE) for length in plane.shape]
    codes = plane.astype(np.int64)
    flat = _flat(codes, starts)
    if not flat.any():
        return None
    count = _tiles(np.add, np.ones_like(codes), starts)
    mean = ((_tiles(np.add, codes, starts) << FRACTION_BITS) + count // 2) // count
    weights = np.outer([1, 2, 1], [1, 2, 1]).reshape(9, 1, 1)
    level = np.where(flat, ((_around(mean) * weights).sum(axis=0) + 8) >> 4, mean)
    surface, share = (_between(_between(v, height, 0), width, 1) for v in (level, flat.astype(np.int64)))
    codes <<= FRACTION_BITS
    moved = np.clip(((surface + 512) >> 10) - codes, -MOST_MOVED, MOST_MOVED)
    result: NDArray[np.uint16] = (codes + ((moved * share + 512) >> 10)).astype(np.uint16)
    return result


def _flat(codes: NDArray[np.int64], starts: Starts) -> NDArray[np.bool_]:
    """Which tiles are."""
    low, high = (_tiles(f, codes, starts) for f in (np.minimum, np.maximum))
    steps, pairs = np.zeros((2, *codes.shape), np.int64), np.zeros((2, *codes.shape), np.int64)
    for axis, beyond in ((0, np.s_[1:]), (1, np.s_[:, 1:])):
        inside = np.arange(1, codes.shape[axis]) % SIDE != 0  # no pair has its two in two tiles
        inside = inside.reshape((-1, 1) if axis == 0 else (1, -1))
        steps[axis][beyond], pairs[axis][beyond] = np.abs(np.diff(codes, axis=axis)) * inside, inside
    steepest = _tiles(np.maximum, steps.max(axis=0), starts)
    changes, whole = (_tiles(np.add, s.sum(axis=0), starts) for s in (np.minimum(steps, 1), pairs))
    smooth = (steepest <= 1) & (high - low <= MOST_RANGE)
    span = _around(high).max(axis=0) - _around(low).min(axis=0)
    alike = _around(changes).sum(axis=0) * PAIRS_A_CHANGE <= _around(whole).sum(axis=0)
    flat: NDArray[np.bool_] = _around(smooth).all(axis=0) & alike & (span >= 1) & (span <= MOST_RANGE)
    return flat


def _tiles(join: Any, values: NDArray[Any], starts: Starts) -> NDArray[Any]:
    joined: NDArray[Any] = join.reduceat(join.reduceat(values, starts[0], axis=0), starts[1], axis=1)
    return joined


def _around(values: NDArray[Any]) -> NDArray[Any]:
    """[9, h, w]: each of [h, w] and its neighbours, the edge repeated."""
    wide = np.pad(values, 1, mode="edge")
    height, width = values.shape
    return np.stack([wide[y : y + height, x : x + width] for y in range(3) for x in range(3)])


def _between(values: NDArray[np.int64], length: int, axis: int) -> NDArray[np.int64]:
    """From the middles of tiles to `length` samples, times twice the tile's side."""
    place = 2 * np.arange(length) - (SIDE - 1)
    lower = place // (2 * SIDE)
    share = (place - lower * 2 * SIDE).reshape((-1, 1) if axis == 0 else (1, -1))
    first, second = (np.take(values, np.clip(k, 0, values.shape[axis] - 1), axis) for k in (lower, lower + 1))
    result: NDArray[np.int64] = first * (2 * SIDE - share) + second * share
    return result
