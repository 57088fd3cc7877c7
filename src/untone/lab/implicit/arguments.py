"""The arguments of `untone rivals`; without torch, so that its help needs none."""

from __future__ import annotations

import argparse
from pathlib import Path

from ...console.options import add_folder, add_quiet
from .settings import GROUPS, Settings
from .tonemappers import MAPPERS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `untone rivals`."""
    add = parser.add_argument
    add("sources", nargs="*", type=Path, metavar="HDR", help="HDR images, folders or packs to report on")
    add("--pairs", type=Path, metavar="DIR",
        help="in their place a data set of SDR and HDR pictures, which are taken as they are")  # fmt: skip
    add_folder(add, "folder of the results; goes on where it was")
    add("--train", type=Path, nargs="+", default=[], metavar="HDR", help="other ones, to pretrain MLP-ITM on")
    add("--mlp-itm", type=Path, metavar="FILE.pth",
        help="weights that MLP-ITM's authors published, for a row that begins with them")  # fmt: skip
    add("--views", type=int, metavar="N", help="at most so many of the sources, evenly chosen; default all")
    add("--mappers", nargs="+", choices=tuple(MAPPERS), metavar="NAME",
        help=f"tone mappers; default {', '.join(MAPPERS)}")  # fmt: skip
    add("--size", type=_size, default=(960, 640), metavar="WxH", help="the middle of each source; default 960x640")
    add("--quality", dest="base_quality", type=int, default=0, metavar="1-100",
        help="of the base as a JPEG; default: its exact 8 bits")  # fmt: skip
    add("--neurons", type=int, nargs="+", metavar="N", help="of gamma networks; default 8 16 48")
    add("--only", nargs="+", choices=GROUPS, default=list(GROUPS), metavar="GROUP",
        help=f"rows of the table: {', '.join(GROUPS)} (ours); default all")  # fmt: skip
    add("--most-bytes", type=int, default=Settings.most_bytes, metavar="N",
        help=f"a map's curve ends after its first point above it; default {Settings.most_bytes}")  # fmt: skip
    add("--steps", type=int, default=Settings.steps, help=f"of training; default {Settings.steps}")
    add("--seed", type=int, default=0, help="of everything drawn; default 0")
    add("--slow-views", type=int, default=2, metavar="N", help="views with perceptual metrics and more; default 2")
    add("--hdrvdp", type=Path, metavar="FOLDER", help="source of HDR-VDP-3, which Octave runs")
    add_quiet(add, "no progress")
    add("--threads", type=int, default=1, metavar="N", help="of torch; default 1")


def _size(text: str) -> tuple[int, int]:
    try:
        width, height = map(int, text.lower().split("x"))
    except ValueError:
        width = height = 0
    if min(width, height) < 32 or max(width, height) > 8192:
        raise argparse.ArgumentTypeError(f"must be WIDTHxHEIGHT, 32 to 8192 each, not {text}")
    return width, height


def run(arguments: argparse.Namespace) -> int:
    """`untone rivals`: runs or resumes."""
    from .rivals import run  # torch

    return run(arguments)
