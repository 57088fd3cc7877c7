"""python -m untone."""

from __future__ import annotations

import sys

from . import cli
from .console import interrupts
from .system import speak


def main() -> int:
    """The command `untone`, in a process of its own."""
    interrupts.owns_process = True
    for stream in (sys.stdout, sys.stderr):
        speak(stream)
    return cli.main()


if __name__ == "__main__":
    sys.exit(main())
