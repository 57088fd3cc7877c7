"""`untone calibrate`: mean gain by SDR code value, of synthetic pairs and of photos whose cameras wrote a gain map."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ... import gainmap, pipeline
from ...console.progress import tracked
from .. import packages, plots
from . import calibration_plot
from .pairs import Pairs

BINS = 8

REFERENCE_MEAN = (0.10, 0.16, 0.18, 0.26, 0.42, 0.72, 1.11, 1.80)
REFERENCE_SPREAD = (0.18, 0.27, 0.29, 0.29, 0.33, 0.40, 0.44, 0.50)
"""Of 26 photos of several phones and editors: what the synthesis is calibrated to."""


class Profile(NamedTuple):
    """One picture: mean gain (stops) by eight equal bins of its brightest channel's code, and what else is compared."""

    gain_stops: NDArray[Any]
    brightness: float
    dark_share: float
    headroom_stops: float


def profile(sdr: NDArray[Any], gain_stops: NDArray[Any]) -> Profile:
    """The profile of SDR codes [H, W, 3] uint8 and gains [H, W, 1 or 3]; bins with too few pixels are NaN."""
    code = sdr.max(-1) / 255
    gain = gain_stops.astype(np.float32).mean(-1)
    where = np.minimum((code * BINS).astype(int), BINS - 1)
    count = np.bincount(where.ravel(), minlength=BINS)
    total = np.bincount(where.ravel(), gain.ravel(), minlength=BINS)
    mean = np.where(count >= max(50, code.size // 2000), total / np.maximum(count, 1), np.nan)
    return Profile(mean, float(code.mean()), float((code < 0.06).mean()), float(np.percentile(gain_stops, 99.8)))


def of_photo(path: Path) -> Profile:
    """The profile of a photo with a gain map, at the map's size."""
    image, carried = pipeline.read(path)
    assert carried is not None
    rows = ((np.arange(carried.height) + 0.5) * image.height / carried.height).astype(int)
    columns = ((np.arange(carried.width) + 0.5) * image.width / carried.width).astype(int)
    return profile(image.pixels[rows][:, columns], gainmap.to_stops(carried))


def gains(seen: Sequence[Profile]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Mean gain by eighth of code, and its standard deviation over pictures, in stops."""
    found = np.stack([p.gain_stops for p in seen])
    return np.nanmean(found, 0), np.nanstd(found, 0)


def row(title: str, seen: Sequence[Profile]) -> str:
    """One line of the table."""
    mean, spread = gains(seen)
    cells = " ".join(f"{m:.2f}±{s:.2f}" for m, s in zip(mean, spread, strict=True))
    light = np.array([p.brightness for p in seen])
    rest = np.mean([p.dark_share for p in seen]), np.median([p.headroom_stops for p in seen])
    return f"| {title} ({len(seen)}) | {cells} | {light.mean():.3f}±{light.std():.3f} | {rest[0]:.3f} | {rest[1]:.2f} |"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `untone calibrate`."""
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="pairs (untone synth)")
    parser.add_argument("--photos", type=Path, metavar="DIR", help="JPEG photos with a gain map, to compare with")
    parser.add_argument("--plot", type=Path, metavar="PNG", help="draw the gains with their spreads as a picture")
    parser.add_argument("--count", type=int, default=500, help="pairs to look at; default 500")


def run(arguments: argparse.Namespace) -> int:
    """`untone calibrate`: prints the table, and draws it when asked to."""
    if arguments.plot:
        packages.require("matplotlib")
    reference = " ".join(f"{m:.2f}±{s:.2f}" for m, s in zip(REFERENCE_MEAN, REFERENCE_SPREAD, strict=True))
    lines = [
        "| pictures | mean gain ± spread (stops) by eighth of SDR code (max RGB) | mean code | below .06 | headroom |",
        "|---|---|---|---|---|",
        f"| 26 photos, phones and editors | {reference} | 0.371±0.130 | 0.059 | 1.1..4.4 |",
    ]
    sets = {}
    if arguments.photos:
        photos = sorted(arguments.photos.glob("*.jpg"))
        sets[arguments.photos.name] = [of_photo(path) for path in tracked(photos, "photos")]
    pairs = Pairs(arguments.data)
    chosen = np.linspace(0, len(pairs) - 1, min(arguments.count, len(pairs))).astype(int).tolist()
    looked_at = (pairs[i] for i in tracked(chosen, "pairs"))
    sets[f"pairs of {arguments.data.name}"] = [profile(*pair) for pair in looked_at if pair[1].any()]
    lines += [row(title, seen) for title, seen in sets.items()]
    sys.stdout.write("\n".join(lines) + "\n")
    if arguments.plot:
        drawn: dict[str, Any] = {f"{title} ({len(seen)})": gains(seen) for title, seen in reversed(sets.items())}
        drawn["26 photos, phones and editors"] = REFERENCE_MEAN, REFERENCE_SPREAD
        plots.save_png(arguments.plot, calibration_plot.gain_by_code(drawn))
    return 0
