"""Photoshop's image resource blocks in APP13: IPTC captions, thumbnails (Adobe Photoshop file formats)."""

from __future__ import annotations

import struct
from collections.abc import Iterator

PHOTOSHOP_TAG = b"Photoshop 3.0\0"
APP13 = 0xED
THUMBNAIL_RESOURCES = frozenset((0x0409, 0x040C))
"""Of Photoshop 4 and 5."""


def resources_without_thumbnails(block: bytes) -> bytes:
    """Photoshop's resources less the small pictures of what the photo was."""
    kept, position = [], 0
    for number, start, _, end in resources(block):
        if number in THUMBNAIL_RESOURCES:
            kept.append(block[position:start])
            position = min(end + (end & 1 ^ start & 1), len(block))
    return b"".join([*kept, block[position:]])


def resources(block: bytes) -> Iterator[tuple[int, int, int, int]]:
    """Number, where it starts, and where its content starts and ends, of each."""
    position = 0
    while block[position : position + 4] == b"8BIM" and position + 7 <= len(block):
        (number,) = struct.unpack_from(">H", block, position + 4)
        at = position + 6 + (block[position + 6] + 2 & ~1)
        if at + 4 > len(block):
            return
        (length,) = struct.unpack_from(">I", block, at)
        yield number, position, at + 4, min(at + 4 + length, len(block))
        position = at + 4 + (length + 1 & ~1)
