"""Files that are being written, beside what they will replace: removed when an interrupt ends the process meanwhile."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_lock = threading.Lock()
_unfinished: set[Path] = set()
_abandoned = False


@contextmanager
def created(path: Path, mode: int) -> Iterator[int]:
    """A descriptor of a new file to write, which whoever asked renames or removes within; it is closed by them too.

    Args:
        path: where nothing is yet.
        mode: its permissions; those that the umask forbids are left out.

    Raises:
        OSError: it cannot be made.
        KeyboardInterrupt: everything was abandoned meanwhile.
    """
    with _lock:
        if _abandoned:
            raise KeyboardInterrupt
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0), mode)
        _unfinished.add(path)
    try:
        yield descriptor
    finally:
        with _lock:
            _unfinished.discard(path)


def abandon() -> None:
    """Remove every unfinished file, and let none be begun; for a process that ends now."""
    global _abandoned
    with _lock:
        _abandoned = True
        for path in _unfinished:
            path.unlink(missing_ok=True)
