"""python -m untone."""

from __future__ import annotations

import sys

from .console import interrupts


def main() -> int:
    """The command `untone`, in a process of its own."""
    interrupts.owns_process = True
    with interrupts.answered():
        from . import cli  # deferred: an interrupt is answered while it is imported
        from .system import speak

        for stream in (sys.stdout, sys.stderr):
            speak(stream)
        return cli.main()


if __name__ == "__main__":
    sys.exit(main())
