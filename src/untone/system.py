"""What operating systems do differently: one decision each, that can be asked for any system's answers.

Names of systems are those of sys.platform: "linux", "darwin", "win32".
"""

from __future__ import annotations

import errno
import functools
import math
import os
import sys
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePath, PurePosixPath
from typing import TextIO

LONG_PATH = 248
"""Characters of a path from which on Windows asks for a prefix, less those of a temporary name."""

DEVICES = frozenset(
    (
        "con",
        "prn",
        "aux",
        "nul",
        "conin$",
        "conout$",
        *(f"{port}{n}" for port in ("com", "lpt") for n in "123456789¹²³"),
    )
)
"""Names that belong to devices on Windows, in every folder and with any suffix."""

FORBIDDEN = frozenset('<>:"|?*\\')
"""Characters that Windows does not take in a name; a colon would even write a stream that nobody sees."""

IN_USE = (32, 33)
"""Windows' errors of a file that another program holds (ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION)."""

ACCESS_DENIED = 5
"""Windows' error also of replacing a file that another program has open or mapped."""


def name_fault(path: PurePath, system: str = sys.platform) -> str | None:
    """Why the system takes no file of this name, or takes it for something else; None where it does."""
    name = path.name
    if system != "win32":
        return None
    if name.split(".")[0].rstrip().lower() in DEVICES:
        return f"{name} is the name of a device on Windows; name another output with -o"
    found = sorted(FORBIDDEN.intersection(name)) or [c for c in name if ord(c) < 32]
    if found:
        return f"Windows takes no {found[0]!r} in a name; name another output with -o"
    return f"Windows drops what {name!r} ends with; name another output with -o" if name.endswith((" ", ".")) else None


def reachable(
    path: Path, system: str = sys.platform, absolute: Callable[[Path], str] = os.path.abspath, least: int = LONG_PATH
) -> Path:
    """The same file by a name that the system opens, however long: Windows wants a prefix from 260 characters on.

    Args:
        path: of a file or folder.
        system: whose answer is wanted.
        absolute: the whole path without `..`, which means nothing behind the prefix.
        least: characters from which on there is a prefix; 0 for a folder in which one looks for longer paths.
    """
    if system != "win32":
        return path
    whole = str(absolute(path))
    if len(whole) < least or whole.startswith(("\\\\?\\", "\\\\.\\")):
        return path
    return Path(f"\\\\?\\UNC\\{whole[2:]}" if whole.startswith("\\\\") else f"\\\\?\\{whole}")


def is_folder(path: Path | str) -> bool:
    """Whether a folder is there; False where nobody may look, and Path.is_dir raises: who reads or writes says why."""
    return os.path.isdir(path)  # noqa: PTH112


def is_file(path: Path | str) -> bool:
    """Likewise, a file."""
    return os.path.isfile(path)  # noqa: PTH113


def folds_case(folder: Path, same: Callable[[str, str], bool] = os.path.samefile) -> bool:
    """Whether names that differ by case alone are one file there: asked of the file system, as a mount may differ.

    Args:
        folder: one that is there, or is to be made in one that is.
        same: whether two paths are one file; raises OSError where one is not there.
    """
    for known in (folder, *folder.absolute().parents):
        other = known.with_name(known.name.swapcase()) if known.name else known
        try:
            if other != known:
                return same(str(known), str(other))
        except OSError:
            if is_folder(known):
                return False
    return False


def file_key(path: Path, folded: bool, system: str = sys.platform) -> Path:
    """What two names of one file have in common, where they are compared before either is there.

    macOS takes composed and decomposed letters for the same, whatever it does of case; Windows never does. Letters
    that become two by folding (\N{LATIN SMALL LETTER SHARP S}) are themselves everywhere.
    """
    real = os.path.realpath(reachable(path, system, least=0))
    if system == "darwin" or (folded and system != "win32"):
        real = unicodedata.normalize("NFC", real)
    return Path("".join(c if len(low := c.casefold()) > 1 else low for c in real) if folded else real)


def write_fault(error: OSError) -> str:
    """Why a file was not replaced, in a few words: also where Windows says "access denied" of a file in use."""
    number = getattr(error, "winerror", None)
    if number in IN_USE:
        return "another program holds it open; close it there and try again"
    said = error.strerror or str(error)
    return f"{said}; perhaps another program holds it open" if number == ACCESS_DENIED else said


def reader_is_gone(error: OSError, system: str = sys.platform) -> bool:
    """Whether writing to a pipe failed since nobody reads it any more, which Windows calls an invalid argument."""
    told = system == "win32" and error.errno == errno.EINVAL and error.filename is None
    return told or isinstance(error, BrokenPipeError)


def speak(stream: TextIO) -> None:
    """Let a stream print any name: what its encoding lacks (a code page, ASCII) is escaped, never an error."""
    encoding = (getattr(stream, "encoding", None) or "").lower().replace("-", "").replace("_", "")
    reconfigure = getattr(stream, "reconfigure", None)
    if encoding != "utf8" and reconfigure is not None:
        reconfigure(errors="backslashreplace")


def port_may_be_taken_again(system: str = sys.platform) -> bool:
    """Whether a server asks for SO_REUSEADDR: on Windows that would let two programs share the port."""
    return system != "win32"


@contextmanager
def ordinary_threads(tasks: Path = Path("/proc/self/task")) -> Iterator[None]:
    """Threads that get real-time priority within have the usual one afterwards.

    SVT-AV1 gives it to its own and to the one that opens it where it may (as root), and then nothing else of the
    machine runs while a film is encoded, nor what this process waits for. Linux only: elsewhere threads are left as
    they are.
    """
    if not (hasattr(os, "sched_setscheduler") and tasks.is_dir()):
        yield
        return
    before = _real_time(tasks)
    yield
    for number in _real_time(tasks) - before:
        with suppress(OSError):  # it has ended, or its owner forbids it
            os.sched_setscheduler(number, os.SCHED_OTHER, os.sched_param(0))


def _real_time(tasks: Path) -> set[int]:
    """Numbers of the threads that have real-time priority."""
    found = set()
    for task in tasks.iterdir():
        with suppress(OSError):
            if os.sched_getscheduler(int(task.name)) in (os.SCHED_FIFO, os.SCHED_RR):
                found.add(int(task.name))
    return found


def usable_cores(cores: int | None = None, allowed: int | None = None, read: Callable[[str], str] | None = None) -> int:
    """Processor cores that threads of this process may keep busy, at least 1.

    The least of those there are, those that the process is bound to, and the share that its control groups are given
    (containers, services; rounded up). Cores of all kinds count: work is taken in small pieces, so that slow cores
    take fewer.

    Args:
        cores: of the machine; None asks for it.
        allowed: by affinity; None asks for it where the system tells.
        read: contents of a file, named from /sys/fs/cgroup on, OSError where there is none; None reads it.
    """
    cores = cores or os.cpu_count() or 1
    allowed = allowed or bound_cores() or cores
    share = _share_of_group(read) if read else _own_share()
    return max(1, min(cores, allowed, math.ceil(share) if share else cores))


def _windows_masks() -> tuple[int, int]:
    """Processors of the process and of the system, one bit each."""
    import ctypes

    kernel, own, all_of_them = getattr(ctypes, "WinDLL")("kernel32"), ctypes.c_size_t(), ctypes.c_size_t()  # noqa: B009
    kernel.GetCurrentProcess.restype = ctypes.c_void_p
    process = ctypes.c_void_p(kernel.GetCurrentProcess())
    kernel.GetProcessAffinityMask(process, ctypes.byref(own), ctypes.byref(all_of_them))
    return own.value, all_of_them.value


def bound_cores(system: str = sys.platform, masks: Callable[[], tuple[int, int]] = _windows_masks) -> int | None:
    """Cores that the process is bound to (taskset, start /affinity); None where it is not, or the system does not say.

    Windows' masks hold one group of 64 at most, so that they count only where they differ; macOS binds nothing.
    """
    if system == "win32":
        own, all_of_them = masks()
        return own.bit_count() or None if own != all_of_them else None
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None


@functools.cache
def _own_share() -> float | None:
    """Of this process, as it was when first asked for: kernels ask at every call, some ten times a frame of a film."""
    return _share_of_group(lambda name: Path("/sys/fs/cgroup", name).read_text("utf-8"))


def _share_of_group(read: Callable[[str], str]) -> float | None:
    """Cores that the control group and those it is in may use at once; None: as many as there are."""
    return min((share for group in _groups(read) if (share := _share(group, read))), default=None)


def _groups(read: Callable[[str], str]) -> list[str]:
    """Folders of the process's groups by version 2 and 1 of the interface; in a container, the top is its own."""
    found = ["", "cpu"]
    try:
        lines = [line.split(":", 2) for line in read("/proc/self/cgroup").splitlines()]
    except OSError:
        return found
    for _, controllers, path in (line for line in lines if len(line) == 3):
        top = {"": "", "cpu": "cpu"}.get("cpu" if "cpu" in controllers.split(",") else controllers)
        parts = PurePosixPath(path.lstrip("/")).parts
        if top is not None and ".." not in parts:
            found += [str(PurePosixPath(top, *parts[:n])) for n in range(1, len(parts) + 1)]
    return found


def _share(group: str, read: Callable[[str], str]) -> float | None:
    try:
        quota, period = read(f"{group}/cpu.max".lstrip("/")).split()[:2]
    except (OSError, ValueError):
        try:
            quota, period = (read(f"{group}/cpu.cfs_{name}_us".lstrip("/")).strip() for name in ("quota", "period"))
        except OSError:
            return None
    try:
        return float(quota) / float(period) if float(quota) > 0 and float(period) > 0 else None
    except ValueError:  # "max"
        return None
