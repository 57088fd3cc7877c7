"""Reading and writing whole files: a write either replaces the target entirely or leaves it as it was."""

from __future__ import annotations

import dataclasses
import io
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import BinaryIO

from ...errors import DamagedError, UntoneError
from ...system import name_fault, reachable, write_fault
from ...temporaries import beside, created
from .limits import check_file_size


@dataclasses.dataclass(frozen=True)
class Late:
    """Bytes of a known number that are known only when all others of a file are written."""

    size: int
    content: Callable[[], bytes]


ANYBODY = 0o666
"""Permissions of a new file, less what the umask forbids."""

OWNER = stat.S_IRUSR | stat.S_IWUSR
"""Of a new file, what its owner may do in any case."""

FEW_FEEDS = 16

_mode: ContextVar[int] = ContextVar("mode", default=ANYBODY)

_held: ContextVar[dict[Path, bytes] | None] = ContextVar("held", default=None)

Part = bytes | memoryview | Late
"""A piece of a file that is written one after the other."""


def load_bytes(source: str | Path | bytes) -> bytes:
    """The bytes of a file, or `source` itself when it is bytes.

    Raises:
        UntoneError: the file cannot be read.
        DamagedError, LimitError: it is empty or too large.
    """
    data = source if isinstance(source, bytes) else _contents(Path(source))
    check_file_size(len(data))
    return data


def check_binary(data: bytes) -> None:
    """Refuse what a copy in text mode made of a file: every line feed got a carriage return before it.

    Raises:
        DamagedError: that is so; by chance once in 256 ** FEW_FEEDS. Carriage returns that stand alone say that the
            data are like noise: flat pixels of (13, 10, ...) have none.
    """
    feeds = data.count(b"\n")
    if feeds >= FEW_FEEDS and data.count(b"\r\n") == feeds <= data.count(b"\r") - FEW_FEEDS // 4:
        raise DamagedError(
            "it was copied as text, which put a carriage return before each line feed; copy it as binary"
        )


def obstacle(path: Path) -> str | None:
    """Why a path is not opened: reading it would wait for whoever writes (pipes), or never end (devices).

    Raises:
        OSError, ValueError: nothing is there, or it may not be looked at.
    """
    mode = reachable(path).stat().st_mode
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        return None
    return "it is a pipe or a device, which is not opened; - reads stdin"


def _contents(path: Path) -> bytes:
    try:
        fault = obstacle(path)
        if fault is not None:
            raise UntoneError(f"{path}: {fault}")
        if path.is_dir():
            raise UntoneError(f"cannot read {path}: it is a folder; name a file in it")
        check_file_size(reachable(path).stat().st_size)
        return reachable(path).read_bytes()
    except (OSError, ValueError) as error:
        raise UntoneError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from error


def make_folder(path: Path) -> None:
    """See that there is a folder, in one that is there.

    Raises:
        UntoneError: something else has that name, it is the name of no folder here, or it may not be made.
    """
    fault = name_fault(path)
    if fault:
        raise UntoneError(f"cannot make the folder {path}: {fault}")
    try:
        reachable(path).mkdir(exist_ok=True)
    except OSError as error:
        raise UntoneError(f"cannot make the folder {path}: {error.strerror or error}") from error


def save(path: Path, parts: Iterable[Part]) -> None:
    """Write pieces one after the other: into a file beside the target, flushed to disk, then renamed over it.

    Raises:
        UntoneError: the disk is full, the folder is missing or not writable, or the name belongs to a device or would
            become another one; the old file is whole, nothing is left.
    """
    held = _held.get()
    if held is not None:
        held[path] = joined(parts)
        return
    fault = name_fault(path)
    if fault:
        raise UntoneError(f"cannot write {path}: {fault}")
    target = reachable(path)
    temporary = beside(target)
    try:
        with created(temporary, _mode.get()) as descriptor:
            try:
                with os.fdopen(descriptor, "wb") as stream:
                    _put(stream, parts)
                    stream.flush()
                    os.fsync(stream.fileno())
                temporary.replace(target)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
    except OSError as error:
        raise UntoneError(f"cannot write {path}: {write_fault(error)}") from error


@contextmanager
def no_wider_than(*sources: str | Path) -> Iterator[None]:
    """Files saved within, in this thread, may be read by nobody who may not read each of these.

    Their owner may write them: that a photo is protected says nothing of what is made of it.
    """
    mode = ANYBODY
    for source in sources:
        with suppress(OSError, ValueError):  # whoever reads it says why it cannot be
            mode &= stat.S_IMODE(reachable(Path(source)).stat().st_mode) | OWNER
    token = _mode.set(mode)
    try:
        yield
    finally:
        _mode.reset(token)


@contextmanager
def in_memory() -> Iterator[dict[Path, bytes]]:
    """Files saved within, in this thread, become bytes by their paths instead."""
    made: dict[Path, bytes] = {}
    token = _held.set(made)
    try:
        yield made
    finally:
        _held.reset(token)


def joined(parts: Iterable[Part]) -> bytes:
    """The same pieces as bytes in memory."""
    stream = io.BytesIO()
    _put(stream, parts)
    return stream.getvalue()


def _put(stream: BinaryIO, parts: Iterable[Part]) -> None:
    late: list[tuple[int, Late]] = []
    for part in parts:
        if isinstance(part, Late):
            late.append((stream.tell(), part))
            stream.write(bytes(part.size))
        else:
            stream.write(part)
    for position, part in late:
        stream.seek(position)
        stream.write(part.content())
