"""python -m untone."""

from __future__ import annotations

import sys

from . import cli
from .console import interrupts


def main() -> int:
    """The command `untone`, in a process of its own."""
    interrupts.owns_process = True
    return cli.main()


if __name__ == "__main__":
    sys.exit(main())
