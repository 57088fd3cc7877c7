"""The arguments of `untone eval`; without torch, so that its help needs none."""

from __future__ import annotations

import argparse
from pathlib import Path

from ...console.options import add_quiet, positive

FASTGAMER, GMNET, HDRTVNET = PROTOCOLS = ("fastgamer", "gmnet", "hdrtvnet")
"""Papers whose way to measure can be asked for; protocols.py has it."""

USUAL, GAIN, ALL, HDRVDP3 = GROUPS = ("default", "gains", "all", "hdrvdp3")
"""Words that stand for several metrics; command.py says for which."""

STDOUT = Path("-")

MOST_PICTURES = 12
"""Of each set on a page."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `untone eval`."""
    add = parser.add_argument
    how = (
        "model to measure; again for more; default fastgamer. Of others: FILE.onnx:gain, module:Class (CONTRIBUTING.md)"
    )
    add("--model", action="append", metavar="NAME|PATH", help=how)
    add("--reference-only", action="store_true", help="no model: the baselines and the truth alone")
    add("--data", type=Path, metavar="DIR", help="pairs to measure on, in any layout (ours, GMNet, HDRTV1K)")
    add("--photos", type=Path, metavar="DIR", help="JPEG photos with a gain map to measure on")
    add(
        "--restraint",
        nargs="?",
        const="",
        metavar="DIR",
        help="pictures that must not shine and that must: our own, or those of DIR (untone data restraint)",
    )
    add("--train", type=Path, metavar="DIR", help="training pairs: the curve and the LUT are fitted to them")
    add("--fits", type=Path, metavar="FILE", help="keep the fits here, or take them from here")
    add("--oracles", action="store_true", help="upper bounds too: curve, LUT and grid fitted to each picture's truth")
    add("--protocol", choices=PROTOCOLS, help="measure as that paper does; default: our own table")
    add(
        "--peak",
        type=float,
        metavar="RATIO",
        help="of the gmnet protocol: 8 (synthetic), 5 (real); default: by the data",
    )
    add("--metrics", metavar="NAMES", help=f"columns, by commas: {', '.join(GROUPS)}, or names of docs/metrics.md")
    add("--pixels", type=int, metavar="N", help="compare about N pixels of a picture, 0 for all; protocols take all")
    add("--pictures", type=positive, metavar="N", help="at most N pairs of --data, evenly chosen; default all")
    side = "photos averaged down to at most N rows and columns before anything sees them; default as they are"
    add("--photo-side", type=positive, metavar="N", help=side)
    add("--hdrvdp", type=Path, metavar="DIR", help="source of HDR-VDP-3 to run in Octave")
    add("--ppd", type=float, default=60.0, metavar="N", help="pixels per degree for HDR-VDP-3; default 60")
    add("--cost", action="store_true", help="parameters, multiply-adds and seconds of each model at 4K")
    add("--csv", type=Path, metavar="FILE", help="figures of every picture; a run that was stopped goes on from it")
    figures = "every figure, with conventions and intervals; without FILE on stdout, in place of the tables"
    add("--json", type=Path, nargs="?", const=STDOUT, metavar="FILE", help=figures)
    add("--html", type=Path, metavar="FILE", help="a page with the tables and pictures at 0 to -3 EV, the worst first")
    shown = f"pictures on it, 0 for all; default {MOST_PICTURES}"
    add("--shown", type=int, default=MOST_PICTURES, metavar="N", help=shown)
    add("--sheets", type=Path, metavar="DIR", help="contact sheets of every picture, 0 to -3 EV")
    add_quiet(add, "no progress")
    add("--strict", action="store_true", help="a broken picture ends it; otherwise it is named and left out")


def run(arguments: argparse.Namespace) -> int:
    """`untone eval`: measures and prints."""
    from .command import run  # torch

    return run(arguments)
