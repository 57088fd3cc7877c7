"""An interrupt answered at once, although a codec or a network may be busy for seconds more.

Python raises KeyboardInterrupt between two steps of its own, which native code delays. A thread that waits for the
signal itself says what is done, removes unfinished files and ends the process: nothing else is left to do.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .. import temporaries
from .lines import complain
from .progress import Progress, interruptible

INTERRUPTED = 130
"""Exit code of a command that an interrupt ended: 128 + SIGINT."""

owns_process = False
"""Whether the process is the command's own, which may end it; set by __main__."""

_saying = threading.Lock()


@contextmanager
def answered(told: Callable[[], str] = lambda: "interrupted") -> Iterator[None]:
    """Within, SIGINT and SIGTERM end the process, with a line that `told` gives and exit code INTERRUPTED.

    Within another, this one answers. Work that must end itself is `interruptible` within.
    Where the process belongs to another program, or on Windows, they raise KeyboardInterrupt as ever.
    """
    if not owns_process or os.name != "posix" or threading.current_thread() is not threading.main_thread():
        yield
        return
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    watcher = threading.Thread(target=_watch, args=(reading, told), daemon=True)
    try:
        with interruptible():
            signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
            watcher.start()
            yield
    except KeyboardInterrupt:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)  # another would cut this line, and the watcher would say it again
        _end(told)
    finally:
        os.close(writing)
        if watcher.ident is not None:
            watcher.join()  # it answers what came last, which others may have swallowed


def _watch(reading: int, told: Callable[[], str]) -> None:
    with os.fdopen(reading, "rb", buffering=0) as pipe:
        while byte := pipe.read(1):
            if byte[0] in (signal.SIGINT, signal.SIGTERM):
                _end(told)


def _end(told: Callable[[], str]) -> None:
    """End the process; by whichever thread comes first, the other waits for it."""
    with _saying:
        Progress.clear()
        complain(told())
        temporaries.abandon()
        os._exit(INTERRUPTED)
