"""Boxes of the ISO base media file format (ISO/IEC 14496-12), of which AVIF, HEIC and JPEG XL files consist.

Lengths are checked: a box must end within what holds it, and every number is read through a Reader that knows where
its box ends. Nothing here recurses; who wants the children of a box asks for them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from ...errors import DamagedError, LimitError
from .limits import MAX_BOXES, letters


class Box(NamedTuple):
    """A box: its four letters, and where its body begins and ends in the file."""

    name: bytes
    start: int
    end: int


class Reader:
    """Numbers and bytes of one stretch of a file, big endian, in order.

    Args:
        data: the file.
        start, end: the stretch.
        what: its name in errors.
    """

    def __init__(self, data: bytes, start: int, end: int, what: str) -> None:
        self._data, self._what = data, what
        self.position, self.end = start, end

    @property
    def left(self) -> int:
        """Bytes that remain."""
        return self.end - self.position

    def take(self, size: int) -> bytes:
        """The next bytes.

        Raises:
            DamagedError: so many do not remain.
        """
        if not 0 <= size <= self.left:
            raise DamagedError(f"the {self._what} box ends {size - self.left} bytes too early")
        self.position += size
        return self._data[self.position - size : self.position]

    def number(self, size: int) -> int:
        """An unsigned number of 0 to 8 bytes; 0 where it has none."""
        start, end = self.position, self.position + size
        if end > self.end:
            self.take(size)  # which says so
        self.position = end
        return int.from_bytes(self._data[start:end], "big")

    def version_and_flags(self) -> tuple[int, int]:
        """What opens a full box."""
        return self.number(1), self.number(3)

    def text(self) -> bytes:
        """Bytes up to a zero, which is skipped, or to the end."""
        stop = self._data.find(b"\0", self.position, self.end)
        found = self.take((self.end if stop < 0 else stop) - self.position)
        self.position = min(self.position + 1, self.end)
        return found


def boxes(data: bytes, start: int, end: int, most: int = MAX_BOXES) -> Iterator[Box]:
    """Boxes between two places, in order; fewer than 8 bytes at the end are padding.

    Raises:
        DamagedError: a box says fewer bytes than its header has, or more than there are.
        LimitError: more than so many.
    """
    for _ in range(most):
        if start + 8 > end:
            return
        size, name = struct.unpack(">I4s", data[start : start + 8])
        header = 8
        if size == 1 and start + 16 <= end:
            (size,), header = struct.unpack(">Q", data[start + 8 : start + 16]), 16
        size = size or end - start
        if size < header or start + size > end:
            raise DamagedError(f"the box {letters(name)} at byte {start} says {size} bytes; {end - start} are there")
        yield Box(name, start + header, start + size)
        start += size
    if start + 8 <= end:
        raise LimitError(f"there are more than {most} boxes beside each other")


def box(name: bytes, *parts: bytes) -> bytes:
    """A box with 32-bit size of the joined parts."""
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), name) + body


def full_box(name: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    """A box that opens with a version and flags."""
    return box(name, struct.pack(">I", version << 24 | flags), *parts)
