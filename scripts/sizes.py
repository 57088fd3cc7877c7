"""Bytes and visible loss of what `untone to` and `untone edit` make of gain map photos, as results/sizes.md has them.

    pip install ssimulacra2
    python scripts/sizes.py photos/*.jpg --crop 1216,1216,1536,1024

Each photo is first cut to a part of itself by its blocks, so that a coder sees the photo's own coding, and loses its
metadata (phones write up to 400 KB of it). SSIMULACRA2
(https://github.com/cloudinary/ssimulacra2, here by the package ssimulacra2, BSD-3) is taken of the SDR base, and of the
HDR rendition two stops down, as a screen without headroom would show it. By its authors 90 is visually lossless in a
flicker test, 85 cannot be told in a flip test, 80 not side by side. Scored is the middle of a photo; halved ones are
held against those of --archive.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from untone import cli, pipeline
from untone.colour import linear_to_srgb
from untone.image import turned_upright

SHARE = 4
"""Light is divided by it: two stops."""

SCORED = (512, 768)
"""Rows and columns in the middle that are scored: the metric takes longer than all that it judges."""

SUFFIXES = ("avif", "heic", "jxl")
Codes = NDArray[np.uint8]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", nargs="+", type=Path)
    parser.add_argument("--crop", metavar="X,Y,W,H")
    parser.add_argument("--formats", nargs="+", choices=SUFFIXES, default=list(SUFFIXES))
    parser.add_argument("--options", default="", help="more of untone to, as one string")
    arguments = parser.parse_args()
    print("| photo | bytes | halved | base, HDR | " + " | ".join(f"{s} | base, HDR" for s in arguments.formats) + " |")
    print("|---" * (4 + 2 * len(arguments.formats)) + "|")
    with tempfile.TemporaryDirectory() as folder:
        for path in arguments.photos:
            print(f"| {path.stem} | {' | '.join(row(path, Path(folder), arguments))} |", flush=True)


def row(path: Path, folder: Path, arguments: argparse.Namespace) -> list[str]:
    """Cells of a photo: bytes, the share that halving leaves, and of each format the share and both scores."""
    whole, half, fine = (folder / f"{name}.jpg" for name in ("whole", "half", "fine"))
    how = ["--crop", arguments.crop, "--lossless"] if arguments.crop else []
    run("edit", str(path), "--strip-metadata", *how, "-o", str(whole))
    run("edit", str(whole), "--resize", "50%", "-o", str(half))
    size = whole.stat().st_size
    run("edit", str(whole), "--resize", "50%", "--archive", "-o", str(fine))
    cells = [f"{size:,}", f"{100 * half.stat().st_size / size:.0f} %", scores(renditions(fine), half)]
    shown = renditions(whole)
    for suffix in arguments.formats:
        made = folder / f"made.{suffix}"
        run("to", suffix, str(whole), *arguments.options.split(), "-o", str(made))
        cells += [f"{100 * made.stat().st_size / size:.0f} %", scores(shown, made)]
    return cells


def scores(shown: tuple[Codes, Codes], made: Path) -> str:
    """Base and HDR of a file beside those that it was made from."""
    return ", ".join(f"{score(a, b):.1f}" for a, b in zip(shown, renditions(made), strict=True))


def run(*arguments: str) -> None:
    """A command line that must succeed; quietly, over what is there."""
    if cli.main([*arguments, "--force", "-q"]) != 0:
        raise SystemExit(1)


def renditions(path: Path) -> tuple[Codes, Codes]:
    """The SDR base, and the HDR rendition two stops down, upright, as 8-bit codes."""
    image, gain_map = pipeline.read(path)
    assert gain_map is not None
    light = np.clip(pipeline.apply(image, gain_map).pixels / SHARE, 0, 1)
    dark = (linear_to_srgb(light) * 255 + 0.5).astype(np.uint8)
    base = image.pixels if image.pixels.dtype == np.uint8 else (image.pixels >> 8).astype(np.uint8)
    base, dark = (turned_upright(codes, image.orientation) for codes in (base, dark))
    return _middle(base), _middle(dark)


def _middle(codes: Codes) -> Codes:
    top, left = (max(0, (side - part) // 2) for side, part in zip(codes.shape, SCORED, strict=False))
    return codes[top : top + SCORED[0], left : left + SCORED[1]]


def score(one: Codes, other: Codes) -> float:
    """SSIMULACRA2 of two pictures."""
    from PIL import Image
    from ssimulacra2 import compute_ssimulacra2  # type: ignore[import-untyped]

    with tempfile.TemporaryDirectory() as folder:
        paths = [str(Path(folder) / name) for name in ("one.png", "other.png")]
        for path, codes in zip(paths, (one, other), strict=True):
            Image.fromarray(np.ascontiguousarray(codes)).save(path, compress_level=1)
        return float(compute_ssimulacra2(*paths))


if __name__ == "__main__":
    main()
