"""Files that are being written, beside what they will replace: removed when an interrupt ends the process meanwhile.

Each is locked by whoever writes it. A process that is killed removes nothing, but the system takes its locks: what
nobody holds any more, and nobody touched for long, is removed by the next that writes into the folder.
"""

from __future__ import annotations

import os
import re
import stat
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows, which lets nobody remove a file that another has open
    fcntl = None  # type: ignore[assignment]

STALE_SECONDS = 3600.0
"""What was written to since is left, whoever holds it: locks of a network's file systems may not reach others."""

_NAME = re.compile(r"\.untone-[0-9a-f]{12}\.(?!old$)[a-z0-9]+")

_lock = threading.Lock()
_unfinished: set[Path] = set()
_swept: set[Path] = set()
_abandoned = False


def beside(target: Path, suffix: str = ".tmp") -> Path:
    """A name in the folder of a target that nothing has."""
    return target.with_name(f".untone-{os.urandom(6).hex()}{suffix}")


@contextmanager
def created(path: Path, mode: int) -> Iterator[int]:
    """A descriptor of a new file to write, which whoever asked renames or removes within; it is closed by them too.

    Args:
        path: where nothing is yet, as `beside` gives it.
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
        _is_held(descriptor)
        sweep(path)
        yield descriptor
    finally:
        with _lock:
            _unfinished.discard(path)


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Whoever else comes here for the same folder waits, in other processes too; the system lets go of who is killed.

    Where folders cannot be locked (Windows, some file systems of networks), nobody waits.
    """
    with ExitStack() as stack:
        if fcntl is not None:
            with suppress(OSError):
                descriptor = os.open(folder, os.O_RDONLY)
                stack.callback(os.close, descriptor)
                fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield


@contextmanager
def held(path: Path) -> Iterator[None]:
    """A new file, empty and locked, that a library writes by its name."""
    with path.open("xb") as file:
        _is_held(file.fileno())
        sweep(path)
        yield


def sweep(beside_it: Path) -> None:
    """Remove what killed processes left in the folder of a file that was just made; once for each folder."""
    folder = beside_it.parent
    with _lock:
        if folder in _swept:
            return
        _swept.add(folder)
    with suppress(OSError):  # a folder that may be written, and not be listed
        now = beside_it.stat().st_mtime  # by the clock of that file system
        with os.scandir(folder) as entries:
            left = [entry.path for entry in entries if _NAME.fullmatch(entry.name)]
        for path in left:
            with suppress(OSError):
                _remove_stale(path, now)


def _remove_stale(path: str, now: float) -> None:
    found = os.lstat(path)
    if not stat.S_ISREG(found.st_mode) or now - found.st_mtime < STALE_SECONDS:
        return
    if fcntl is not None:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            if not _is_held(descriptor):
                return
        finally:
            os.close(descriptor)
    os.unlink(path)  # noqa: PTH108  # of os.scandir


def _is_held(descriptor: int) -> bool:
    """Whether an open file is locked for this process now; not where another has it, or there are no locks."""
    try:
        if fcntl is not None:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return fcntl is not None


def abandon() -> None:
    """Remove every unfinished file, and let none be begun; for a process that ends now."""
    global _abandoned
    with _lock:
        _abandoned = True
        for path in _unfinished:
            path.unlink(missing_ok=True)
