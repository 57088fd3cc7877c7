"""Options that several commands share, declared once; imports nothing heavy."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

Add = Callable[..., argparse.Action]
"""`add_argument` of a parser or of a group."""


def is_whole(text: str) -> bool:
    """Whether a text is a whole number in ASCII digits; others, which `isdecimal` takes too, are nobody's intention."""
    return text.isascii() and text.isdecimal()


def quality(text: str) -> int:
    """1 to 100."""
    if not (is_whole(text) and 1 <= int(text) <= 100):
        raise argparse.ArgumentTypeError(f"must be from 1 to 100, not {text}")
    return int(text)


def count(text: str) -> int:
    """1 to 256."""
    if not (is_whole(text) and 1 <= int(text) <= 256):
        raise argparse.ArgumentTypeError(f"must be from 1 to 256, not {text}")
    return int(text)


def positive(text: str) -> int:
    """A whole number above 0."""
    if not (is_whole(text) and int(text) > 0):
        raise argparse.ArgumentTypeError(f"must be a whole number above 0, not {text}")
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


@dataclasses.dataclass(frozen=True)
class Shard:
    """Share `index` of `count`, 0 to count - 1, of the photos of a job."""

    index: int
    count: int


def shard(text: str) -> Shard:
    """I/N, I from 0 to N - 1."""
    index, slash, count = text.partition("/")
    if not (slash and is_whole(index) and is_whole(count) and int(index) < int(count) <= 1_000_000):
        raise argparse.ArgumentTypeError(f"must be I/N, with I from 0 to N - 1 such as 0/8, not {text}")
    return Shard(int(index), int(count))


def lease(text: str) -> float:
    """2 seconds to a day."""
    value = float(text)
    if not 2 <= value <= 86400:
        raise argparse.ArgumentTypeError(f"must be from 2 to 86400 seconds, not {text}")
    return value


def add_output(add: Add, what: str, **how: Any) -> None:
    """-o: where results go; `how` as argparse takes it (type, required)."""
    add("-o", "--output", metavar="OUT", help=what, **how)


def add_folder(add: Add, what: str) -> None:
    """-o: a folder that must be named."""
    add_output(add, what, type=Path, required=True)


def add_jobs(add: Add, what: str, default: int | None = None) -> None:
    """-j: how much is done side by side."""
    add("-j", "--jobs", type=count, default=default, metavar="N", help=what)


def add_force(add: Add) -> None:
    """--force: existing outputs are replaced."""
    add("--force", action="store_true", help="replace outputs that exist")


def add_dry_run(add: Add) -> None:
    """--dry-run: what would be written, and nothing is."""
    add("--dry-run", action="store_true", help="name what would be written and what would fail, write nothing, exit 0")


def add_json(add: Add, what: str = "one JSON object instead of text") -> None:
    """--json: results for programs, on stdout."""
    add("--json", action="store_true", help=what)


def add_answer(add: Add) -> None:
    """--json and -q, of a command that `lines.answer`s with one object."""
    add_json(add)
    add_quiet(add)


def add_quiet(add: Add, what: str = "nothing but errors") -> None:
    """-q: what is only news is not said; files, JSON, faults and the exit code are as without."""
    add("-q", "--quiet", action="store_true", help=what)


def add_quality(add: Add, default: int) -> None:
    """--quality: of the base."""
    add("--quality", type=quality, default=default, metavar="1-100", help=f"of a base encoded anew; default {default}")


def add_qualities(add: Add, base: int, gain_map: int) -> None:
    """--quality and --map-quality, with their defaults."""
    add_quality(add, base)
    what = f"of a gain map encoded anew; default {gain_map}"
    add("--map-quality", type=quality, default=gain_map, metavar="1-100", help=what)


def add_in_place(add: Add, what: str) -> None:
    """--in-place: the photos themselves are replaced, whole or not at all."""
    add("--in-place", action="store_true", help=what)


def add_batch_arguments(parser: argparse.ArgumentParser) -> None:
    """Of every command that makes one file of each photo; `batch.work` reads them."""
    add = parser.add_argument
    add_jobs(add, "photos done side by side; default: a core each, at most 4")
    add("-R", "--recursive", action="store_true", help="look into folders within folders")
    add("--exclude", action="append", default=[], metavar="PATTERN", help="leave out what has such a name or path")
    add_force(add)
    add("--keep-times", action="store_true", help="outputs are as old as their photos")
    add_json(add, "one JSON object a line for each photo")
    add_quiet(add)
    add("--debug", action="store_true", help="show where an unexpected error came from")
    add_shares(add)


def add_shares(add: Add) -> None:
    """How several workers share a batch."""
    add("--shard", type=shard, metavar="I/N", help="only share I of N, 0 to N - 1, told by each photo's name")
    add(
        "--claim", metavar="PLACE", help="share with any number of workers, which claim photos in this folder or prefix"
    )
    add("--lease", type=lease, default=60.0, metavar="SECONDS", help="a worker silent for so long is dead; default 60")
    add("--ray", nargs="?", const="", metavar="ADDRESS", help="on a Ray cluster, or a local one; needs '.[ray]'")
