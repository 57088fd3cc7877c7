"""The arguments of `untone train`; without torch, so that its help needs none."""

from __future__ import annotations

import argparse
from pathlib import Path

from ...console.options import add_folder, add_quiet, positive
from .recipes import PRECISIONS, RECIPES


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `untone train`."""
    add = parser.add_argument
    add("network", choices=tuple(RECIPES), help="what to train")
    add("--data", type=Path, required=True, metavar="DIR", help="training pairs: of untone synth, GMNet's or HDRTV1K's")
    add("--held-out", type=Path, metavar="DIR", help="pairs of other scenes, to watch")
    add_folder(add, "folder of the run; resumes it")
    add("--recipe", default="ours", metavar="NAME", help="ours (default) or paper: its loss, schedule and length")
    add(
        "--steps",
        type=positive,
        metavar="N",
        help="length of the run, and of its schedule; more than a run that has ended had goes on",
    )
    add("--from", dest="origin", type=Path, metavar="WEIGHTS", help="start from a run's folder, a checkpoint or .onnx")
    add("--seed", type=int, metavar="N", help="of initialisation, batches and dropout; default: the recipe's")
    add("--threads", type=positive, default=1, metavar="N", help="of torch on the processor; default 1")
    add("--ahead", type=int, default=0, metavar="N", help="make batches in N threads beside; default 0")
    add("--device", choices=("cpu", "cuda"), help="default: cuda where there is one")
    add("--precision", choices=PRECISIONS, help="of the network; default: the recipe's, fp32")
    add("--strict", action="store_true", help="a broken pair stops the run; without, it is named and left out")
    add_quiet(add, "no progress")
    add("--note", default="", metavar="TEXT", help="data and licences, for the model card")


def run(arguments: argparse.Namespace) -> int:
    """`untone train`: runs or resumes."""
    from .command import run  # torch

    return run(arguments)
