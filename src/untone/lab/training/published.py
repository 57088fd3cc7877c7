"""`untone convert-weights`: a published checkpoint as a model of ours; without torch, so that its help needs none."""

from __future__ import annotations

import argparse
from pathlib import Path

from ...console.options import add_force, add_output, add_quiet

NETWORKS = {
    "gmnet": "GMNet of train_syn.yml: fed the photo itself, peak 8",
    "gmnet-real": "GMNet of train_real.yml: fed the photo at half size, peak 5",
    "irnet": "IRNet of any blocks and channels, also for joint super-resolution by 4",
    "itmlut": "ITMLUT",
}
"""Form -> what it is; blocks, channels and nodes are read off the tensors."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `untone convert-weights`."""
    add = parser.add_argument
    add(
        "file", type=Path, metavar="FILE", help="checkpoint of torch: tensors by name, also wrapped; nothing in it runs"
    )
    shown = "; ".join(f"{name}: {what}" for name, what in NETWORKS.items())
    add("--as", dest="form", choices=tuple(NETWORKS), required=True, help=shown)
    add_output(add, "the model, .onnx", type=Path, required=True)
    add("--note", default="", metavar="TEXT", help="whose weights these are and their licence, for the card")
    add_force(add)
    add_quiet(add)


def run(arguments: argparse.Namespace) -> int:
    """`untone convert-weights`: converts and compares."""
    from .checkpoints import run  # torch

    return run(arguments)
