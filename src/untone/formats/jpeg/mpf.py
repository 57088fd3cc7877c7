"""CIPA DC-007 Multi-Picture Format (MPF): the index in the first image of the offsets of the others."""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Sequence

from ...errors import DamagedError
from ..common.limits import MAX_MPF_IMAGES, MAX_MPF_TAGS

MPF_TAG = b"MPF\0"
BASELINE_PRIMARY = 0x030000
"""Attribute of entry 1; Chromium ignores the gain map without it."""

_VERSION, _COUNT, _ENTRIES = 0xB000, 0xB001, 0xB002


@dataclasses.dataclass(frozen=True)
class Entry:
    """One image: MP attribute word, size in bytes, and offset (in the file when read; see `mpf_body`)."""

    attribute: int
    size: int
    offset: int

    @property
    def is_preview(self) -> bool:
        """Whether it is the first image in small (a large thumbnail, by its attribute)."""
        return self.attribute & 0xFF0000 == 0x010000


def parse(body: bytes, tiff_position: int) -> list[Entry]:
    """Entries of an MPF segment's body (tag included), offsets turned into file offsets.

    Args:
        body: the APP2 body, beginning with MPF_TAG; either byte order.
        tiff_position: file offset of the byte after the tag, which stored offsets count from.

    Raises:
        DamagedError: the index runs out of its segment, or says zero or too many images.
    """
    _, rows, _ = _rows(body)
    return [Entry(row[0], row[1], row[2] + tiff_position if index else 0) for index, row in enumerate(rows)]


def moved(
    body: bytes, before: int, after: int, length: int, distance: int, gone: Sequence[tuple[int, int]] = ()
) -> bytes:
    """The body of an index whose first image has a new length; nothing else of it changes.

    Args:
        body: the APP2 body as `parse` takes it.
        before, after: file offset of the byte after the tag in the old and in the new file.
        length: of the first image, in bytes.
        distance: how far the images behind it moved.
        gone: parts of the old file, from and to, that are left out; images that begin there become empty entries.

    Raises:
        DamagedError: as `parse`.
    """
    block = bytearray(body)
    order, rows, position = _rows(body)
    for index, (_, size, offset) in enumerate(rows):
        place = len(MPF_TAG) + position + 16 * index
        new = (size, _place(offset + before, distance, gone) - after) if index else (length, 0)
        if index and any(start <= offset + before < end for start, end in gone):
            new = (0, 0)
        struct.pack_into(order + "II", block, place + 4, *(value % (1 << 32) for value in new))
    return bytes(block)


def _place(offset: int, distance: int, gone: Sequence[tuple[int, int]]) -> int:
    return offset + distance - sum(end - start for start, end in gone if end <= offset)


def _rows(body: bytes) -> tuple[str, list[tuple[int, int, int]], int]:
    """Byte order, rows of attribute, size, offset as stored, and where they stand after the tag."""
    tiff = body[len(MPF_TAG) :]
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        raise DamagedError("the MPF index has no TIFF byte order")
    try:
        (ifd,) = struct.unpack_from(order + "I", tiff, 4)
        (tags,) = struct.unpack_from(order + "H", tiff, ifd)
        found = {}
        for index in range(min(tags, MAX_MPF_TAGS)):
            tag, _, count, value = struct.unpack_from(order + "HHII", tiff, ifd + 2 + 12 * index)
            found[tag] = (count, value)
        count, (size, position) = found[_COUNT][1], found[_ENTRIES]
        if not 1 <= count <= MAX_MPF_IMAGES or size < 16 * count:
            raise DamagedError(f"the MPF index says {count} images in {size} bytes")
        rows = [struct.unpack_from(order + "3I", tiff, position + 16 * index) for index in range(count)]
    except (struct.error, KeyError) as error:
        raise DamagedError("the MPF index runs out of its segment or lacks its entries") from error
    return order, rows, position


def mpf_body(entries: list[Entry], tiff_position: int) -> bytes:
    """The body of an MPF segment, big endian; its length depends on the number of entries only.

    Args:
        entries: with file offsets; the first must be the file's first image.
        tiff_position: file offset at which the byte after the tag will stand.
    """
    count = len(entries)
    head = struct.pack(">2sHIH", b"MM", 42, 8, 3)
    ifd = struct.pack(">HHI4s", _VERSION, 7, 4, b"0100") + struct.pack(">HHII", _COUNT, 4, 1, count)
    ifd += struct.pack(">HHIII", _ENTRIES, 7, 16 * count, len(head) + 40, 0)
    rows = [
        struct.pack(">IIIHH", e.attribute, e.size, e.offset - tiff_position if index else 0, 0, 0)
        for index, e in enumerate(entries)
    ]
    return MPF_TAG + head + ifd + b"".join(rows)


def body_size(count: int) -> int:
    """Length of mpf_body for so many images."""
    return len(MPF_TAG) + 50 + 16 * count
