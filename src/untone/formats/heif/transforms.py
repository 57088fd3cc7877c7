"""Crop and orientation by `clap`, `irot` and `imir`, in the order that they are applied (ISO/IEC 23008-12, 6.5).

A picture may be cropped, turned, and cropped again, by itself or by what is derived from it. All of it comes to a part
of what is stored, and one of the eight orientations that EXIF has names for.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator

import numpy as np

from ...errors import DamagedError
from ...image import turned_upright

TURNS = (b"irot", b"imir")
CROP = b"clap"
TRANSFORMS = (*TURNS, CROP)

Part = tuple[int, int, int, int]
"""Left, top, width, height."""

Named = tuple[bytes, bytes]
"""A property's name and body."""


def shown(transforms: Iterable[Named], width: int, height: int) -> tuple[Part, int]:
    """The part of a stored picture that is shown, and the EXIF orientation that it is shown in.

    Raises:
        DamagedError: a crop that is none, or reaches beyond the picture.
    """
    left, top = 0, 0
    corners = np.arange(4).reshape(2, 2)  # of what is stored, where they are shown: 2 * row + column
    for name, body in transforms:
        value = body[0] if body else 0
        if name == b"irot":
            corners = np.rot90(corners, value & 3)
        elif name == b"imir":
            corners = np.flip(corners, value & 1)
        elif name == CROP:
            row, column = divmod(int(corners[0, 0]), 2)
            lying = abs(int(corners[0, 1]) - int(corners[0, 0])) == 2
            x, y, wide, high = clap(body, *((height, width) if lying else (width, height)))
            x, y, wide, high = (y, x, high, wide) if lying else (x, y, wide, high)
            left += width - x - wide if column else x
            top += height - y - high if row else y
            width, height = wide, high
    orientation = next(o for o in range(1, 9) if np.array_equal(turned_upright(np.arange(4).reshape(2, 2), o), corners))
    return (left, top, width, height), orientation


def clap(body: bytes, width: int, height: int) -> Part:
    """What `clap` keeps: four fractions, size and offset between centres (ISO/IEC 14496-12, 12.1.4).

    Raises:
        DamagedError: truncated, a zero denominator, or more than there is.
    """
    if len(body) < 32:
        raise DamagedError("the clap property is truncated")
    numbers = struct.unpack_from(">4IiIiI", body)
    if 0 in numbers[1::2]:
        raise DamagedError("the clap property has a zero denominator")
    w, h = numbers[0] // numbers[1], numbers[2] // numbers[3]
    x = round(numbers[4] / numbers[5] + (width - w) / 2)
    y = round(numbers[6] / numbers[7] + (height - h) / 2)
    if w < 1 or h < 1 or x < 0 or y < 0 or x + w > width or y + h > height:
        raise DamagedError(f"the clap property keeps {w} x {h} pixels at {x}, {y} of {width} x {height}")
    return x, y, w, h


def plain(part: Part, orientation: int, width: int, height: int) -> list[Named]:
    """At most one of each that do the same: `clap`, `irot`, `imir`."""
    left, top, wide, high = part
    found = next(named for o, named in _ORIENTED if o == orientation)
    if part == (0, 0, width, height):
        return list(found)
    offsets = (2 * left + wide - width, 2, 2 * top + high - height, 2)
    return [(CROP, struct.pack(">4IiIiI", wide, 1, high, 1, *offsets)), *found]


def _oriented() -> Iterator[tuple[int, tuple[Named, ...]]]:
    """irot and imir, as few as do, of each orientation."""
    for angle in range(4):
        for axis in ((), ((b"imir", b"\0"),), ((b"imir", b"\1"),)):
            named = ((b"irot", bytes((angle,))),) * bool(angle) + axis
            yield shown(named, 1, 1)[1], named


_ORIENTED = tuple(sorted(_oriented(), key=lambda found: (found[0], len(found[1]))))
