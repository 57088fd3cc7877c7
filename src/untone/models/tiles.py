"""Tiling of pictures for networks: tiles that are kept, and the halo that each must be given.

Convolutions of the networks pad the picture's edge with zeros. A tile therefore ends where the picture ends, where the
network pads as it would for the whole, and elsewhere sees `halo` more pixels on every side, so that no padding reaches
what is kept. With a halo of at least the receptive radius the result is that of the whole picture.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Slices = tuple[slice, slice]


@dataclasses.dataclass(frozen=True)
class Tile:
    """A part of a picture.

    Attributes:
        seen: rows and columns of the picture that the network is given.
        kept: rows and columns of the picture that this tile is responsible for; those of all tiles cover it once.
        inner: `kept`, counted from the start of `seen`.
    """

    seen: Slices
    kept: Slices
    inner: Slices


def plan(height: int, width: int, side: int, halo: int, step: int = 1) -> Iterator[Tile]:
    """Tiles that keep up to side x side pixels each and are about equally large, by rows.

    Args:
        height, width: of the picture.
        side: most rows and columns kept by a tile, a multiple of `step`.
        halo: pixels seen around them, a multiple of `step`.
        step: every tile starts at a multiple of it.
    """
    for rows in _spans(height, side, halo, step):
        for columns in _spans(width, side, halo, step):
            seen, kept, inner = zip(rows, columns, strict=True)
            yield Tile(seen, kept, inner)


def _spans(length: int, side: int, halo: int, step: int) -> list[tuple[slice, slice, slice]]:
    """Seen, kept and inner of the tiles along one axis."""
    count = max(1, -(-length // side))
    size = -(-length // (count * step)) * step
    spans = []
    for start in range(0, length, size):
        stop = min(start + size, length)
        first, last = max(start - halo, 0), min(stop + halo, length)
        spans.append((slice(first, last), slice(start, stop), slice(start - first, stop - first)))
    return spans


def scaled(slices: Slices, factor: int) -> Slices:
    """The same place in a picture `factor` times as large."""
    rows, columns = (slice(s.start * factor, s.stop * factor) for s in slices)
    return rows, columns


def unit(pixels: NDArray[Any]) -> NDArray[np.float32]:
    """[h, w, 3] uint8 or uint16 codes (float32 counts as 0..1 already) to [1, 3, h, w] float32, as networks take it."""
    values = pixels.astype(np.float32, copy=False)
    if pixels.dtype.kind == "u":
        values = values / np.float32(np.iinfo(pixels.dtype).max)
    return np.ascontiguousarray(values.transpose(2, 0, 1)[None])
