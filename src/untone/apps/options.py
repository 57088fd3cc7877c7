"""Words of the command line that several commands share; light, so that `untone --help` may load it."""

from __future__ import annotations

import argparse


def quality(text: str) -> int:
    """1 to 100."""
    if not (text.isdecimal() and 1 <= int(text) <= 100):
        raise argparse.ArgumentTypeError(f"must be from 1 to 100, not {text}")
    return int(text)


def count(text: str) -> int:
    """1 to 256."""
    if not (text.isdecimal() and 1 <= int(text) <= 256):
        raise argparse.ArgumentTypeError(f"must be from 1 to 256, not {text}")
    return int(text)


def depth(text: str) -> int:
    """8, 10 or 12 bits."""
    if text not in ("8", "10", "12"):
        raise argparse.ArgumentTypeError(f"must be 8, 10 or 12, not {text}")
    return int(text)


def white(text: str) -> float:
    """Nits of SDR white."""
    value = float(text)
    if not 10 <= value <= 1000:
        raise argparse.ArgumentTypeError(f"must be from 10 to 1000 nits, not {text}")
    return value


def percent(text: str) -> float:
    """Strength, 0 to 150."""
    value = float(text)
    if not 0 <= value <= 150:
        raise argparse.ArgumentTypeError(f"must be from 0 to 150, not {text}")
    return value


def add_batch_arguments(parser: argparse.ArgumentParser) -> None:
    """Of every command that makes one file of each photo; `batch.work` reads them."""
    add = parser.add_argument
    add("-j", "--jobs", type=count, metavar="N", help="photos done side by side; default: a core each, at most 4")
    add("-R", "--recursive", action="store_true", help="look into folders within folders")
    add("--exclude", action="append", default=[], metavar="PATTERN", help="leave out files whose name or path matches")
    add("--force", action="store_true", help="replace outputs that exist")
    add("--json", action="store_true", help="one JSON object a line for each photo")
    add("-q", "--quiet", action="store_true", help="nothing but errors")
    add("--debug", action="store_true", help="show where an unexpected error came from")
