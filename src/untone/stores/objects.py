"""One object by its URL: read whole, or the few kilobytes that headers take; written whole."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from ..errors import DamagedError
from ..formats.common.files import in_memory, load_bytes
from ..formats.common.limits import check_file_size
from ..formats.common.source import WHOLE, Source
from .contract import Entry, MissingError
from .places import Place, place

FIRST = 1 << 16
"""Bytes of the first request, and of one that follows no other; each that follows another asks for twice as many."""

LARGEST = 8 << 20
KEPT = 16
"""Pieces that are kept."""


def load(url: str) -> bytes:
    """A whole object.

    Raises:
        StoreError, ForbiddenError, MissingError: it cannot be read.
        DamagedError, LimitError: it is empty or too large.
    """
    found = place(url)
    return load_bytes(found.store.read(found.key))


def put(url: str, write: Callable[[Path], object]) -> None:
    """Put what `write` saves under a path of the same name; whole or not at all.

    Raises:
        StoreError: it may not be written, or the store does not answer.
    """
    found = place(url)
    with in_memory() as made:
        write(Path(found.name))
    for data in made.values():
        found.store.write(found.key, data)


@contextmanager
def opened(url: str) -> Iterator[bytes]:
    """As formats.common.source.opened, of an object; raises as `load`."""
    found = place(url)
    if found.is_folder:
        raise MissingError(f"{url}: this is no object; name one")
    head, entry = found.store.read_range(found.key, 0, FIRST)
    check_file_size(entry.size)
    if entry.size <= len(head):
        yield head
    elif entry.size <= WHOLE:
        rest, _ = found.store.read_range(found.key, len(head), entry.size, entry.tag)
        yield head + rest
    else:
        yield cast(bytes, ObjectSource(found, head, entry))


class ObjectSource(Source):
    """The bytes of an object by their places, asked for in pieces."""

    def __init__(self, found: Place, head: bytes, entry: Entry) -> None:
        super().__init__(-1, entry.size)
        self._found, self._tag = found, entry.tag
        self._pieces: OrderedDict[int, bytes] = OrderedDict({0: head})
        self._end, self._step = len(head), FIRST

    def _taken(self, start: int, end: int) -> bytes:
        """Bytes out of the pieces that are kept, or of a new one."""
        for first, piece in self._pieces.items():
            if first <= start and end <= first + len(piece):
                self._pieces.move_to_end(first)
                return piece[start - first : end - first]
        self._step = min(2 * self._step, LARGEST) if start <= self._end <= end else FIRST
        self._end = min(max(end, start + self._step), len(self))
        data, _ = self._found.store.read_range(self._found.key, start, self._end, self._tag)
        if len(data) < end - start:
            raise DamagedError(f"the object ended at byte {start + len(data)} while it was read; it had {len(self)}")
        self._pieces[start] = data
        if len(self._pieces) > KEPT:
            self._pieces.popitem(last=False)
        return data[: end - start]
