"""Random access to the bytes of an open file, so that `inspect` reads a few kilobytes of 200 MB.

Read, not mapped into memory: a file that shrinks while it is mapped would end the process.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast, overload

from ...errors import DamagedError, UntoneError
from .files import load_bytes
from .limits import check_file_size

BLOCK = 1 << 12
"""Bytes read for a few; of a longer stretch, all that is asked for at once."""

STEP = 1 << 16
"""Bytes that a search looks at in one go."""

WHOLE = 4 << 20
"""Smaller files are read whole, which is as quick."""


class Source:
    """The bytes of an open file by their places: of what bytes can do, length, indices, plain slices and `find`."""

    def __init__(self, descriptor: int, size: int) -> None:
        self._descriptor, self._size = descriptor, size
        self._start, self._block = 0, b""

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, key: int) -> int: ...
    @overload
    def __getitem__(self, key: slice) -> bytes: ...
    def __getitem__(self, key: int | slice) -> int | bytes:
        if isinstance(key, int):
            place = key + self._size if key < 0 else key
            if not 0 <= place < self._size:
                raise IndexError(key)
            return self._read(place, place + 1)[0]
        start, end, step = key.indices(self._size)
        assert step == 1
        return self._read(start, end) if end > start else b""

    def find(self, wanted: bytes, start: int = 0, end: int | None = None) -> int:
        """As of bytes, for places from 0 on."""
        end = self._size if end is None else min(end, self._size)
        while start + len(wanted) <= end:
            piece = self[start : min(start + STEP + len(wanted) - 1, end)]
            place = piece.find(wanted)
            if place >= 0:
                return start + place
            start += STEP
        return -1

    def _read(self, start: int, end: int) -> bytes:
        here = start - self._start
        if here >= 0 and end <= self._start + len(self._block):
            return self._block[here : here + end - start]
        if end - start >= BLOCK:
            return self._taken(start, end)
        self._start, self._block = start, self._taken(start, min(start + BLOCK, self._size))
        return self._block[: end - start]

    def _taken(self, start: int, end: int) -> bytes:
        pieces, place = [], start
        while place < end:
            piece = os.pread(self._descriptor, end - place, place)
            if not piece:
                raise DamagedError(f"the file ended at byte {place} while it was read; it had {self._size}")
            pieces.append(piece)
            place += len(piece)
        return b"".join(pieces)


@contextmanager
def opened(path: Path) -> Iterator[bytes]:
    """The bytes of a file, all of them or, of a large one, a Source, which serves where nothing else is asked of them.

    Raises:
        UntoneError: the file cannot be read.
        DamagedError, LimitError: it is empty or too large.
    """
    if not hasattr(os, "pread") or not _is_large(path):
        yield load_bytes(path)
        return
    try:
        with path.open("rb", buffering=0) as stream:
            size = os.fstat(stream.fileno()).st_size
            check_file_size(size)
            yield cast(bytes, Source(stream.fileno(), size))
    except OSError as error:
        raise UntoneError(f"cannot read {path}: {error.strerror or error}") from error


def _is_large(path: Path) -> bool:
    try:
        return path.is_file() and path.stat().st_size > WHOLE
    except (OSError, ValueError):  # load_bytes says why
        return False
