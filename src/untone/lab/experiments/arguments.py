"""The arguments of `untone experiment`; without torch, so that its help needs none."""

from __future__ import annotations

import argparse
from pathlib import Path

from ...console.options import add_folder, add_quiet, positive

ABLATIONS, TABLE, SUPER_RESOLUTION, ENCODERS, IRNET, IRNET_SR = KINDS = (
    "ablations", "table", "sr", "encoders", "irnet", "irnet-sr",
)  # fmt: skip
"""What can be asked for; ablations.py has the rows of each."""

UNSEEN = "unseen"
"""Kinds of tone mapper left out of training; unseen_kinds.py."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `untone experiment`."""
    add = parser.add_argument
    kinds = "all networks, joint super-resolution, FastGaMer's parts or encoders, IRNet's own tables, or all of these; "
    add("kind", choices=(*KINDS, "all", UNSEEN), help=kinds + "unseen: kinds of tone mapper left out of training")
    add("--data", type=Path, required=True, metavar="DIR", help="training pairs")
    add("--held-out", type=Path, required=True, metavar="DIR", help="pairs of other scenes, to measure on")
    add("--photos", type=Path, metavar="DIR", help="JPEG photos with a gain map, to measure on as well")
    add_folder(add, "folder of the results; resumes it")
    add("--recipe", default="short", metavar="NAME", help="short (default), ours or paper")
    add("--steps", type=positive, metavar="N", help="of every row; default: its recipe's")
    add("--seeds", type=int, nargs="+", default=[1], metavar="N", help="each row is trained with each; default 1")
    add("--rows", nargs="+", metavar="NAME", help="only these rows, and the one they are compared with")
    add(
        "--model",
        action="append",
        default=[],
        metavar="NAME",
        help="a row more: a model, or a network of others, as eval has it",
    )
    add("--pictures", type=positive, default=128, metavar="N", help="held-out pairs to measure; default 128")
    add("--threads", type=positive, default=1, metavar="N", help="of torch; default 1")
    add("--ahead", type=int, default=0, metavar="N", help="make batches in N threads beside; default 0")
    add("--device", choices=("cpu", "cuda"), help="default: cuda where there is one")
    add_quiet(add, "no progress")
    add("--strict", action="store_true", help="a broken pair stops it; without, it is named and left out")


def run(arguments: argparse.Namespace) -> int:
    """`untone experiment`: runs or resumes."""
    from .command import run  # torch

    return run(arguments)
