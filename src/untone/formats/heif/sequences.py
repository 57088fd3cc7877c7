"""Image sequences of AVIF and HEIC without a still: their first picture is read as the primary item.

Of the tables of a track (ISO/IEC 14496-12, 8.3 to 8.7) only what leads to its first sample is read: the entry that
describes it, its size, and its chunk's place.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from ...errors import DamagedError, LimitError, UnsupportedError
from ..common.isobmff import Box, Reader, boxes
from ..common.limits import MAX_METADATA_BYTES, MAX_PROPERTIES

CODED = (b"av01", b"hvc1")
HANDLERS = (b"pict", b"vide")
KEPT = (b"av1C", b"hvcC", b"colr", b"pasp", b"clap", b"pixi")
"""Boxes of a sample entry that are properties of a still, too."""

ENTRY_BYTES = 78
"""Of a visual sample entry, before the boxes within it (8.5.2 and 12.1.3)."""


class Sample(NamedTuple):
    """A picture of a track: its codec, names and bodies of its properties, and (offset, length) of its data."""

    kind: bytes
    properties: tuple[tuple[bytes, bytes], ...]
    extent: tuple[int, int]


def first_picture(data: bytes, movie: Box) -> Sample:
    """The first sample of the first track of pictures.

    Args:
        movie: the `moov` box.

    Raises:
        UnsupportedError: no such track, or one in fragments.
        DamagedError: its tables are missing or end too early.
        LimitError: too many or too large boxes in its description.
    """
    for track in boxes(data, movie.start, movie.end):
        if track.name != b"trak":
            continue
        handler = _within(data, track, b"mdia", b"hdlr")
        table = _within(data, track, b"mdia", b"minf", b"stbl")
        if handler is None or table is None or data[handler.start + 8 : handler.start + 12] not in HANDLERS:
            continue
        described = _described(data, table)
        if described is not None:
            return Sample(*described, (_place(data, table), _size(data, table)))
    raise UnsupportedError("the file has no still image, and no image sequence in AV1 or HEVC")


def _within(data: bytes, outer: Box, *path: bytes) -> Box | None:
    """The first box at the end of a path of names."""
    for name in path:
        found = next((b for b in boxes(data, outer.start, outer.end) if b.name == name), None)
        if found is None:
            return None
        outer = found
    return outer


def _described(data: bytes, table: Box) -> tuple[bytes, tuple[tuple[bytes, bytes], ...]] | None:
    """Codec and properties of the first sample entry; None where it is of another codec."""
    listed = _within(data, table, b"stsd")
    if listed is None:
        raise DamagedError("an image sequence does not describe its pictures (no stsd box)")
    entry = next(boxes(data, listed.start + 8, listed.end), None)
    if entry is None or entry.name not in CODED:
        return None
    reader = Reader(data, entry.start, entry.end, "stsd")
    reader.take(24)
    ispe = struct.pack(">III", 0, reader.number(2), reader.number(2))
    reader.take(ENTRY_BYTES - 28)
    return entry.name, ((b"ispe", ispe), *_properties(data, reader))


def _properties(data: bytes, entry: Reader) -> Iterator[tuple[bytes, bytes]]:
    for leaf in boxes(data, entry.position, entry.end, MAX_PROPERTIES):
        if leaf.end - leaf.start > MAX_METADATA_BYTES:
            raise LimitError(f"a picture is described by a box of {leaf.end - leaf.start} bytes")
        if leaf.name in KEPT:
            yield leaf.name, data[leaf.start : leaf.end]


def _size(data: bytes, table: Box) -> int:
    """Bytes of the first sample: of each alike, or the first of the list."""
    found = _within(data, table, b"stsz")
    if found is None:
        raise UnsupportedError("the sizes of an image sequence's pictures are stored in a way that is not read")
    reader = Reader(data, found.start + 4, found.end, "stsz")
    alike, count = reader.number(4), reader.number(4)
    if count == 0:
        raise UnsupportedError("the image sequence is empty, or in fragments, which are not read")
    return alike or reader.number(4)


def _place(data: bytes, table: Box) -> int:
    """Where the first chunk, and so the first sample, begins in the file."""
    for name, width in ((b"stco", 4), (b"co64", 8)):
        found = _within(data, table, name)
        if found is not None:
            reader = Reader(data, found.start + 8, found.end, name.decode())
            return reader.number(width)
    raise DamagedError("an image sequence does not say where its pictures are (no stco box)")
