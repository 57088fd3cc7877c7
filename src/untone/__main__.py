"""python -m untone."""

from __future__ import annotations

import os
import sys

from .console import interrupts


def main() -> int:
    """The command `untone`, in a process of its own."""
    interrupts.owns_process = True
    with interrupts.answered():
        from . import cli  # deferred: an interrupt is answered while it is imported
        from .system import speak

        _open_closed()
        for stream in (sys.stdout, sys.stderr):
            speak(stream)
        return cli.main()


def _open_closed() -> None:
    """Streams that whoever began the process closed (`>&-`): what is printed fails, complaints go nowhere."""
    if sys.stdout is None:
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_RDONLY), "w")
    if sys.stderr is None:
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")


if __name__ == "__main__":
    sys.exit(main())
