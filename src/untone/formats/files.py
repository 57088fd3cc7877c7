"""Whole files in and out: a write either replaces the target entirely or leaves it as it was."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from ..errors import UntoneError
from .limits import check_file_size


def load_bytes(source: str | Path | bytes) -> bytes:
    """The bytes of a file, or `source` itself when it is bytes.

    Raises:
        UntoneError: the file cannot be read.
        DamagedError, LimitError: it is empty or too large.
    """
    if not isinstance(source, bytes):
        try:
            check_file_size(Path(source).stat().st_size)
            source = Path(source).read_bytes()
        except OSError as error:
            raise UntoneError(f"cannot read {source}: {error.strerror or error}") from error
    check_file_size(len(source))
    return source


def save(path: Path, parts: Iterable[bytes | memoryview]) -> None:
    """Write pieces one after the other: into a file beside the target, flushed to disk, then renamed over it.

    Raises:
        UntoneError: the disk is full, the folder is missing or not writable; the old file is whole, nothing is left.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        try:
            with temporary.open("xb") as stream:
                stream.writelines(parts)
                stream.flush()
                os.fsync(stream.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise UntoneError(f"cannot write {path}: {error.strerror or error}") from error
