"""EXIF of a TIFF: what its first directory says of camera, author and time, and the EXIF and GPS directories below it.

Written anew as a block by itself, since a TIFF's places mean nothing outside of it. Maker notes, which have places of
their own, stay behind.
"""

from __future__ import annotations

import struct

from ...errors import LimitError
from ..common.limits import MAX_DIRECTORY_ENTRIES, MAX_METADATA_BYTES

DESCRIBING = frozenset((270, 271, 272, 282, 283, 296, 305, 306, 315, 316, 33432, 36867))
"""Tags of the main directory: description, make, model, resolution (3), software, time, artist, host, copyright."""

EXIF_IFD, GPS_IFD, MAKER_NOTE, INTEROPERABILITY = 34665, 34853, 37500, 40965
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}

Entry = tuple[int, int, bytes]
"""Kind, number of values, and their bytes."""


def exif_of(data: bytes) -> bytes | None:
    """The block, in the TIFF's byte order; None where nothing is said, or the file is a BigTIFF.

    Raises:
        LimitError: more than MAX_METADATA_BYTES.
    """
    order = "<" if data[:2] == b"II" else ">"
    if data[2:4] in (b"+\0", b"\0+") or len(data) < 8:
        return None
    main = _entries(data, order, struct.unpack_from(order + "I", data, 4)[0], DESCRIBING | {EXIF_IFD, GPS_IFD})
    below = {tag: _entries(data, order, _place(main[tag], order)) for tag in (EXIF_IFD, GPS_IFD) if tag in main}
    kept = {tag: entry for tag, entry in main.items() if tag in DESCRIBING}
    below = {tag: found for tag, found in below.items() if found}
    return _block(order, kept, below) if below or kept else None


def _place(entry: Entry, order: str) -> int:
    kind, _, body = entry
    return int(struct.unpack_from(order + "I", body)[0]) if kind in (4, 13) and len(body) >= 4 else 0


def _entries(data: bytes, order: str, start: int, wanted: frozenset[int] | None = None) -> dict[int, Entry]:
    """Entries of a directory, less those that run past the end; empty where there is no directory."""
    found: dict[int, Entry] = {}
    if not 8 <= start <= len(data) - 2:
        return found
    total = 0
    (count,) = struct.unpack_from(order + "H", data, start)
    for index in range(min(count, MAX_DIRECTORY_ENTRIES, (len(data) - start - 2) // 12)):
        at = start + 2 + 12 * index
        tag, kind, number = struct.unpack_from(order + "HHI", data, at)
        size = _SIZES.get(kind, 0) * number
        (place,) = (at + 8,) if size <= 4 else struct.unpack_from(order + "I", data, at + 8)
        if not size or tag in (MAKER_NOTE, INTEROPERABILITY) or place + size > len(data) or size > MAX_METADATA_BYTES:
            continue
        if wanted is None or tag in wanted:
            total += size
            found.setdefault(tag, (kind, number, data[place : place + size]))
        if total > MAX_METADATA_BYTES:
            raise LimitError(f"EXIF of {total} bytes; the limit is {MAX_METADATA_BYTES}")
    return found


def _block(order: str, main: dict[int, Entry], below: dict[int, dict[int, Entry]]) -> bytes:
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    main = main | {274: (3, 1, struct.pack(order + "H", 1))}  # a place for the orientation
    pointers = {tag: (4, 1, bytes(4)) for tag in below}
    places, at = {}, 8 + len(_directory(order, main | pointers, 0))
    for tag, entries in below.items():
        places[tag] = (4, 1, struct.pack(order + "I", at))
        at += len(_directory(order, entries, 0))
    written = _directory(order, main | places, 8)
    for entries in below.values():
        written += _directory(order, entries, 8 + len(written))
    return head + written


def _directory(order: str, entries: dict[int, Entry], start: int) -> bytes:
    """A directory and its long values, to lie at `start`."""
    rows, values, after = b"", b"", start + 6 + 12 * len(entries)
    for tag, (kind, number, body) in sorted(entries.items()):
        value = body.ljust(4, b"\0")
        if len(body) > 4:
            value = struct.pack(order + "I", after + len(values))
            values += body + bytes(len(body) % 2)
        rows += struct.pack(order + "HHI", tag, kind, number) + value
    return struct.pack(order + "H", len(entries)) + rows + bytes(4) + values
