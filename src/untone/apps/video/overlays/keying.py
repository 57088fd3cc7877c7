"""What stands over a picture in one frame, and how much of each pixel belongs to it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ....kernels.video import LEVELS, Area, YCbCr
from .strokes import Mask

SOFT = 0.08
"""Over so much of white the key rises from 0 to 1."""


@dataclasses.dataclass(frozen=True, eq=False)
class Overlay:
    """A line of text or a logo in one frame.

    Attributes:
        area: of the frame, beginning at even places.
        near: bool, of the area, one sample in `step` each way: where its strokes and their edges are.
        step: of `near`.
        key: luma of the darkest pixel that is wholly a stroke's; black 0, white 1.
        weight: 0 to 1, how much of a stroke's gain is taken away.
    """

    area: Area
    near: Mask
    step: int
    key: float
    weight: float = 1.0


def black_and_white(planes: YCbCr) -> tuple[int, int]:
    """Codes of luma."""
    if planes.full_range:
        return 0, ((1 << planes.bits) - 1) << planes.fraction_bits
    scale = 1 << (planes.bits - 8 + planes.fraction_bits)
    return 16 * scale, 235 * scale


def relative_luma(planes: YCbCr) -> NDArray[np.float32]:
    """[H, W] float32, black 0, white 1."""
    black, white = black_and_white(planes)
    return (planes.y.astype(np.float32) - np.float32(black)) * np.float32(1 / (white - black))


def weights(planes: YCbCr, overlay: Overlay) -> NDArray[np.float32]:
    """[rows, columns] float32, 0 to 1: how much of a pixel's gain is taken away; `planes` are those of the area."""
    rows, columns = overlay.area[2:]
    share = relative_luma(planes)
    share -= np.float32(overlay.key - SOFT)
    share *= np.float32(1 / SOFT)
    np.clip(share, 0, 1, out=share)
    share *= overlay.near.repeat(overlay.step, 0).repeat(overlay.step, 1)[:rows, :columns]
    share *= np.float32(overlay.weight)
    return share


Planes = Sequence[NDArray[np.uint16]]


def mix(planes: Planes, others: Planes, area: Area, share: NDArray[np.float32], counts: NDArray[np.int64]) -> None:
    """Mix a share of other planes, of that area alone, into an area of planes; 10-bit limited-range BT.2020, 4:2:0.

    Args:
        planes, others, area: see above.
        share: [rows, columns] of the area.
        counts: [LEVELS], histogram of the brightest channel, in which the pixels of the area move.
    """
    top, left, rows, columns = area
    low, wide = others[1].shape
    padded = np.pad(share, ((0, rows % 2), (0, columns % 2)), mode="edge")
    halved = padded.reshape(low, 2, wide, 2).mean(axis=(1, 3))
    parts = [planes[0][top : top + rows, left : left + columns]]
    parts += [plane[top // 2 : top // 2 + low, left // 2 : left // 2 + wide] for plane in planes[1:]]
    where = np.nonzero(share)
    _take_away(_levels(parts, where), counts)
    for part, other, weight in zip(parts, others, (share, halved, halved), strict=True):
        part[:] = np.rint(part + (other.astype(np.float32) - part) * weight)
    counts += _levels(parts, where)


def _take_away(removed: NDArray[np.int64], counts: NDArray[np.int64]) -> None:
    """Take pixels from a histogram; by noise and chroma, levels of codes are a few off those that were counted."""
    for off in (0, 1, -1, 2, -2, 3, -3, 4, -4):
        here = slice(max(-off, 0), LEVELS - max(off, 0))
        there = slice(max(off, 0), LEVELS - max(-off, 0))
        taken = np.minimum(removed[here], counts[there])
        removed[here] -= taken
        counts[there] -= taken


def _levels(planes: Sequence[NDArray[np.uint16]], where: tuple[NDArray[np.intp], ...]) -> NDArray[np.int64]:
    """Histogram of the brightest channel of pixels, chroma as it lies nearest."""
    rows, columns = where
    luma = (planes[0][rows, columns].astype(np.float32) - 64) / 876
    cb, cr = ((plane[rows // 2, columns // 2].astype(np.float32) - 512) / 896 for plane in planes[1:])
    green = luma - np.float32(0.16455) * cb - np.float32(0.57135) * cr  # BT.2020, table 4
    top = np.maximum(green, np.maximum(luma + np.float32(1.8814) * cb, luma + np.float32(1.4746) * cr))
    codes = np.clip(top * (LEVELS - 1) + np.float32(0.5), 0, LEVELS - 1).astype(np.intp)
    return np.bincount(codes, minlength=LEVELS).astype(np.int64)
