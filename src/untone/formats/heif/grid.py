"""Coded items of an AVIF or HEIC picture: one item, or a grid of cells where it is large (ISO/IEC 23008-12, 6.6.2.3).

No level of AV1 or HEVC that the profiles of AVIF and HEIC allow holds more than 35 megapixels, and encoders take 30
bytes for each pixel of a picture that they code; a grid is within both, as its cells are coded one after the other.
"""

from __future__ import annotations

import dataclasses
import itertools
import struct

import numpy as np

from ...image import Pixels
from ..common.coded import to_bits
from ..common.pixels import BAND_ROWS
from ..common.workers import told
from .decoding import Codec, derivation
from .item_writer import NewItem, carried
from .items import Link, Property, parse

LEVEL_6_PIXELS = 35_651_584
"""MaxPicSize of AV1's level 6.0 (its specification, A.3) and MaxLumaPs of HEVC's 6 (ITU-T H.265, A.4)."""

LEVEL_6_SIDE = 16_384
LEAST_SIDE = 64
"""Of a cell (ISO/IEC 23000-22, 7.3.11.4.2)."""

CELL_SIDE = 4096
"""Most columns or rows of a cell."""

Items = tuple[list[NewItem], list[Link]]


def encoded(
    codec: Codec, codes: Pixels, bits: int, quality: int, cicp: tuple[int, int, int], *, subsampled: bool
) -> Items:
    """The picture, first, and its cells if it has some; ids count from 1.

    Args:
        codes: [H, W, 1 or 3] over the full range of their type.
        bits, quality, cicp, subsampled: as Codec.encode takes them.

    Raises:
        UntoneError: the codec refuses.
    """
    height, width = codes.shape[:2]
    if height * width <= LEVEL_6_PIXELS and max(height, width) <= LEVEL_6_SIDE:
        return carried_items(codec.encode(to_bits(codes, bits), bits, quality, cicp, subsampled))
    rows, columns = -(-height // CELL_SIDE), -(-width // CELL_SIDE)
    high, wide = _side(height, rows), _side(width, columns)
    corners = [(top, left) for top in range(0, rows * high, high) for left in range(0, columns * wide, wide)]

    def cell(top: int, left: int) -> NewItem:
        pixels = to_bits(_padded(_cut(codes, top, left, high, wide), high, wide), bits)
        return carried_items(codec.encode(pixels, bits, quality, cicp, subsampled))[0][0]

    cells = list(told(itertools.starmap(cell, corners), len(corners)))
    links = [Link(b"dimg", 1, tuple(range(2, len(cells) + 2)))]
    return [_grid(codec, cells[0], rows, columns, (width, height)), *(_hidden(cell) for cell in cells)], links


def carried_items(data: bytes) -> Items:
    """The primary picture of a file, or the base of its `tmap`, with all that it is made of."""
    meta = parse(data)
    tone_map = meta.items.get(meta.primary)
    number = meta.primary
    if tone_map is not None and tone_map.kind == b"tmap":
        number = next(iter(meta.targets(b"dimg", number)), number)
    return carried(data, meta, number, derivation(meta, number))


def _side(length: int, count: int) -> int:
    """Of a cell: even, as 4:2:0 needs; the last ones reach beyond the picture by less than a cell."""
    return max(LEAST_SIDE, -(-length // (2 * count)) * 2)


def _cut(codes: Pixels, top: int, left: int, height: int, width: int) -> Pixels:
    """A cell, or what of it lies within the picture; of rows that are made when asked for, few of them at a time."""
    if isinstance(codes, np.ndarray):
        return codes[top : top + height, left : left + width]
    bottom = min(top + height, codes.shape[0])
    spans = [(row, min(row + BAND_ROWS, bottom)) for row in range(top, bottom, BAND_ROWS)]
    return np.concatenate([codes[first:last, left : left + width].copy() for first, last in spans])


def _padded(cell: Pixels, height: int, width: int) -> Pixels:
    missing = ((0, height - cell.shape[0]), (0, width - cell.shape[1]), (0, 0))
    return cell if cell.shape[:2] == (height, width) else np.pad(cell, missing, mode="edge")


def _grid(codec: Codec, cell: NewItem, rows: int, columns: int, size: tuple[int, int]) -> NewItem:
    """With the properties of a cell, but for its codec's setup and its size."""
    wide = max(size) > 0xFFFF
    body = struct.pack(">BBBB", 0, int(wide), rows - 1, columns - 1) + struct.pack(">II" if wide else ">HH", *size)
    kept = tuple(p for p in cell.properties if p.name not in (codec.config, b"ispe"))
    return NewItem(b"grid", body, (Property(b"ispe", struct.pack(">III", 0, *size)), *kept))


def _hidden(cell: NewItem) -> NewItem:
    return dataclasses.replace(cell, hidden=True)
