"""Locations of the items of AVIF and HEIC files: the `iloc` box (ISO/IEC 14496-12, 8.11.3), as offsets in the file.

An item lies in the file, in the `idat` box, or within the bytes of other items, which may again lie within others.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

from ...errors import DamagedError, LimitError, UnsupportedError
from ..common.isobmff import Box, Reader
from ..common.limits import MAX_DERIVATIONS, MAX_LINKS

IN_FILE, IN_IDAT, IN_ITEM = 0, 1, 2
"""Construction methods."""

Extents = tuple[tuple[int, int], ...]
"""(offset, length) of the parts of an item, in order."""


@dataclasses.dataclass(frozen=True)
class Place:
    """One entry of `iloc`.

    Attributes:
        method: IN_FILE, IN_IDAT or IN_ITEM.
        elsewhere: in another file.
        extents: (index, offset, length) of its parts; a length of 0 reaches to the end, an index counts from 1 which
            of the items it refers to it lies in.
    """

    method: int
    elsewhere: bool
    extents: tuple[tuple[int, int, int], ...]


def places(reader: Reader) -> dict[int, Place]:
    """Entries of an `iloc` of version 0, 1 or 2, by item.

    Raises:
        UnsupportedError: another version.
        LimitError: more than MAX_LINKS extents.
        DamagedError: it ends too early, or has parts that take no bytes to list.
    """
    version, _ = reader.version_and_flags()
    if version > 2:
        raise UnsupportedError(f"the iloc box is of version {version}; 0 to 2 are read")
    sizes = reader.number(2)
    offset_size, length_size, base_size, index_size = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    index_size = index_size if version else 0
    count, left = reader.number(4 if version > 1 else 2), MAX_LINKS
    found: dict[int, Place] = {}
    for _ in range(count):
        number = reader.number(4 if version > 1 else 2)
        method = reader.number(2) & 15 if version else IN_FILE
        elsewhere = reader.number(2) != 0
        base, extents = reader.number(base_size), reader.number(2)
        left -= 1 + extents
        if left < 0:
            raise LimitError(f"the iloc box lists more than {MAX_LINKS} extents")
        if extents > 1 and index_size + offset_size + length_size == 0:
            raise DamagedError(f"item {number} has {extents} parts, and nothing says where each is")
        rows = []
        for _ in range(extents):
            index = reader.number(index_size) or 1
            rows.append((index, base + reader.number(offset_size), reader.number(length_size)))
        found.setdefault(number, Place(method, elsewhere, tuple(rows)))
    return found


class Resolver:
    """Extents of items as offsets in the file.

    Args:
        table: entries of `iloc`.
        idat: that box, or None.
        file_size: in bytes.
        containing: of an item, the items that it lies in (its `iloc` references), in order.
    """

    def __init__(
        self,
        table: dict[int, Place],
        idat: Box | None,
        file_size: int,
        containing: Callable[[int], tuple[int, ...]],
    ) -> None:
        self._table, self._idat, self._containing = table, idat, containing
        self._file = (0, file_size)
        self._left = MAX_LINKS

    def extents(self, number: int, depth: int = 0) -> Extents | None:
        """Of one item; None where it is in another file, or stored in a way that has no meaning here.

        Raises:
            DamagedError: items within items without end, or beyond what they lie in.
            LimitError: more than MAX_LINKS parts.
        """
        if depth > MAX_DERIVATIONS:
            raise DamagedError("an item lies within items without end")
        place = self._table.get(number)
        if place is None:
            return ()
        if place.elsewhere or place.method not in (IN_FILE, IN_IDAT, IN_ITEM):
            return None
        if place.method == IN_ITEM:
            return self._within_items(number, place, depth)
        if place.method == IN_IDAT and self._idat is None:
            raise DamagedError(f"item {number} lies in an idat box that is not there")
        start, end = self._file if self._idat is None or place.method == IN_FILE else (self._idat.start, self._idat.end)
        return tuple((start + offset, length or max(end - start - offset, 0)) for _, offset, length in place.extents)

    def _within_items(self, number: int, place: Place, depth: int) -> Extents | None:
        found: list[tuple[int, int]] = []
        sources = self._containing(number)
        for index, offset, length in place.extents:
            if index > len(sources):
                raise DamagedError(f"item {number} lies in an item that it does not refer to")
            self._spend(1)
            outer = self.extents(sources[index - 1], depth + 1)
            if outer is None:
                return None
            total = sum(size for _, size in outer)
            length = length or max(total - offset, 0)
            if offset + length > total:
                raise DamagedError(f"item {number} lies beyond the {total} bytes of item {sources[index - 1]}")
            found += cut(outer, offset, length)
            self._spend(len(outer))
        return tuple(found)

    def _spend(self, parts: int) -> None:
        """Parts looked at, empty ones included: each of many may lie within many others, and so on."""
        self._left -= parts
        if self._left < 0:
            raise LimitError(f"items within items have more than {MAX_LINKS} parts")


def cut(extents: Extents, offset: int, length: int) -> Iterator[tuple[int, int]]:
    """The parts that hold so many bytes from an offset in the joined extents."""
    for start, size in extents:
        skipped = min(offset, size)
        taken = min(size - skipped, length)
        if taken:
            yield start + skipped, taken
        offset, length = offset - skipped, length - taken
