"""Memory that this process may still take, as far as the system says, so that larger pictures are not begun."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

GROUP = Path("/sys/fs/cgroup")
"""Of the process, as containers see it (cgroup v2)."""


def free_bytes() -> int | None:
    """The least of what the system, the container and the process's own limit leave; None where none of them says."""
    found = [left for left in (_of_system(), _of_group(), _of_process()) if left is not None]
    return min(found) if found else None


def _of_system() -> int | None:
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) << 10
    return None


def _of_group() -> int | None:
    with contextlib.suppress(OSError, ValueError):
        return int((GROUP / "memory.max").read_text()) - int((GROUP / "memory.current").read_text())
    return None


def _of_process() -> int | None:
    """What `ulimit -v` leaves of the address space."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit == resource.RLIM_INFINITY:
        return None
    with contextlib.suppress(OSError, ValueError, IndexError):
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        return limit - pages * os.sysconf("SC_PAGE_SIZE")
    return limit
