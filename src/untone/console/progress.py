"""How far a long command is: one line that renews itself on a terminal, a line at times in a log; on stderr."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from ..errors import UntoneError, UsageError
from .lines import complain, naming

TERMINAL_SECONDS, LOG_SECONDS = 0.2, 20.0


class Progress:
    """Counts to `total`; the end is always told.

    Args:
        total: what there is to do.
        noun: of what, in the plural: "pairs".
        done: what was done before.
    """

    def __init__(self, total: int, noun: str, done: int = 0) -> None:
        self.total, self.noun, self.done, self.begun = total, noun, done, done
        self._start = self._told = time.monotonic()
        self._every = TERMINAL_SECONDS if sys.stderr.isatty() else LOG_SECONDS

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self._tell(last=True)

    def step(self, count: int = 1) -> None:
        """`count` more are done."""
        self.done += count
        if time.monotonic() - self._told >= self._every:
            self._tell()

    def _tell(self, last: bool = False) -> None:
        self._told = time.monotonic()
        seconds, made = self._told - self._start, self.done - self.begun
        left = f", {seconds / made * (self.total - self.done):.0f} s left" if made and not last else ""
        line = f"{min(self.done, self.total)} of {self.total} {self.noun}{left}"
        terminal = sys.stderr.isatty()
        sys.stderr.write(f"\r{line:60}" if terminal else line)
        sys.stderr.write("\n" if last or not terminal else "")
        sys.stderr.flush()


def each(items: list[Any], noun: str, work: Callable[[Any], object], name: Callable[[Any], Path | str]) -> int:
    """Does `work` for every item; one that fails is named on stderr, and the others go on.

    Returns:
        The exit code: 0 when nothing failed, else 1.

    Raises:
        UsageError: a fault of the request, which every other item would meet too.
    """
    failed = 0
    with Progress(len(items), noun) as progress:
        for item in items:
            try:
                work(item)
            except UsageError:
                raise
            except (UntoneError, OSError) as error:
                failed += 1
                complain(naming(str(name(item)), str(error)))
            progress.step()
    if failed:
        complain(f"{failed} of {len(items)} {noun} failed")
    return 1 if failed else 0


@contextmanager
def interruptible() -> Iterator[None]:
    """SIGTERM ends a command like an interrupt: what is in hand is cleaned up, what is whole stays."""

    def stop(_: int, __: FrameType | None) -> None:
        raise KeyboardInterrupt

    try:
        before = signal.signal(signal.SIGTERM, stop)
    except ValueError:  # not the main thread: whoever runs us there handles signals
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
