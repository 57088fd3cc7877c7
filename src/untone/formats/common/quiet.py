"""Muting of libraries that print what they also raise."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_lock = threading.Lock()


class _Filter:
    """A sys.stdout or sys.stderr that drops what one thread writes and passes on what the others do."""

    def __init__(self, stream: Any, thread: int) -> None:
        self._stream, self._thread = stream, thread

    def write(self, text: str) -> int:
        return len(text) if threading.get_ident() == self._thread else self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def muted() -> Iterator[None]:
    """Drop this thread's Python output and, for its duration, what C code writes to the process's stderr."""
    with _lock:
        stdout, stderr, kept = sys.stdout, sys.stderr, os.dup(2)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            sys.stdout, sys.stderr = (_Filter(stream, threading.get_ident()) for stream in (stdout, stderr))
            os.dup2(nowhere, 2)
            yield
        finally:
            sys.stdout, sys.stderr = stdout, stderr
            os.dup2(kept, 2)
            os.close(kept)
            os.close(nowhere)
