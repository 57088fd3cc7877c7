"""The arguments of `untone draw`; without what draws, so that its help needs none of it."""

from __future__ import annotations

import argparse
from pathlib import Path

from ....console.options import add_folder, add_quiet


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `untone draw`."""
    add = parser.add_argument
    add("pairs", type=Path, metavar="PAIRS", help="pairs of untone synth: photographs to show inside of pictures")
    add_folder(add, "folder for the pictures; may be PAIRS itself")
    add_quiet(add, "no progress")
    add("--count", type=int, default=1600, help="pictures, in shards rounded up to 64; default 1600")
    add("--seed", type=int, default=1, help="the same seed and PAIRS give the same pictures; default 1")
    add("--size", type=int, default=256, help="side of a picture; default 256")


def run(arguments: argparse.Namespace) -> int:
    """`untone draw`: draws the pictures that are not there yet."""
    from .command import run

    return run(arguments)
