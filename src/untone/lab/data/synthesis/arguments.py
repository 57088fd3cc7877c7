"""The arguments of `untone synth`; without what makes pairs, so that its help needs none of it."""

from __future__ import annotations

import argparse
from pathlib import Path

from ....console.options import add_folder, add_jobs, add_quiet


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `untone synth`."""
    add = parser.add_argument
    add(
        "hdr",
        type=Path,
        nargs="+",
        metavar="HDR",
        help="HDR images or folders of them (EXR, HDR, PQ PNG ...), or a pack",
    )
    add_folder(add, "folder for the pairs")
    add("--count", type=int, default=9152, help="pairs; default 9152")
    add("--seed", type=int, default=1, help="the same seed gives the same pairs; default 1")
    add("--size", type=int, default=256, help="side of a pair; default 256")
    add("--layout", choices=("pairs", "gmnet", "hdrtv1k"), default="pairs", help="of the files; default pairs")
    add("--only", metavar="KINDS", help="kinds of tone mapper to use, with commas between; default all (docs/data.md)")
    add("--leave-out", metavar="KINDS", help="kinds of tone mapper to leave out, with commas between")
    add("--panorama", choices=("auto", "yes", "no"), default="auto", help="auto takes 2:1 pictures as panoramas")
    add("--strict", action="store_true", help="stop at a file in a folder that is no HDR image, instead of leaving it")
    add_jobs(add, "processes; default 1", default=1)
    add_quiet(add, "no progress")


def run(arguments: argparse.Namespace) -> int:
    """`untone synth`: makes the pairs that are not there yet."""
    from ..pairs import run

    return run(arguments)
