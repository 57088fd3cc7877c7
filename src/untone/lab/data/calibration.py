"""`untone calibrate`: the gain statistics of pairs beside those of real photos, and whether they are within bounds."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

import numpy as np

from ...console.options import add_quiet
from ...console.progress import tracked
from ...errors import UntoneError, UsageError
from .. import packages, plots
from ..metrics.gain_statistics import SATURATIONS, GainStatistics, SetStatistics, gain_statistics, summarized
from ..metrics.gain_table import table
from ..metrics.photo_targets import GAIN_TOLERANCE_STOPS, SHARE_TOLERANCE, TARGET, TARGETS
from . import calibration_plot, photos
from .examples import Dataset, Example, light_of
from .layouts import open_dataset

LIGHTS_TOLERANCE_STOPS = 0.4
"""Of the 99.9th percentile, which a few pixels decide."""


def statistics(example: Example) -> GainStatistics:
    """The figures of an example."""
    return gain_statistics(example.sdr / np.float32(255), example.gain_stops, light_of(example.sdr, example.gain_stops))


def of_dataset(dataset: Dataset, count: int) -> SetStatistics:
    """The figures of `count` pairs, evenly chosen; those without any gain, pictures to leave alone, are left out.

    Raises:
        UntoneError: none has a gain.
    """
    chosen = np.linspace(0, len(dataset) - 1, min(count, len(dataset))).astype(int).tolist()
    examples = (dataset[index] for index in tracked(chosen, "pairs"))
    return _summarized((e for e in examples if e.gain_stops.any()), dataset.folder)


def of_photos(folder: Path, names: Collection[str] = ()) -> SetStatistics:
    """The figures of the JPEG photos with a gain map in a folder, or of those named, by file name without `.jpg`."""
    return _summarized(photos.examples(folder, names=names), folder)


def _summarized(examples: Iterable[Example], place: Path) -> SetStatistics:
    found = [statistics(example) for example in examples]
    if not found:
        raise UntoneError(f"{place}: holds no picture with a gain")
    return summarized(found)


def deviations(found: SetStatistics, target: SetStatistics = TARGET) -> Iterator[tuple[str, float, bool]]:
    """Each figure that has a bound: its name, how far off it is (stops, or share of the target), if that is fine."""
    ours, theirs = found.mean, target.mean
    for k in range(2, 8):
        yield _within(f"gain of eighth {k + 1}", ours.by_code[k] - theirs.by_code[k], GAIN_TOLERANCE_STOPS)
    for k, name in enumerate(SATURATIONS):
        difference = ours.by_saturation[k] - theirs.by_saturation[k]
        yield _within(f"gain of bright {name}", difference, GAIN_TOLERANCE_STOPS)
    for k, name in enumerate(SATURATIONS):
        yield _within(f"channels of bright {name}", ours.channels[k] - theirs.channels[k], GAIN_TOLERANCE_STOPS)
    for k in range(4, 8):
        yield _within(f"spread within eighth {k + 1}", ours.spread[k] - theirs.spread[k], GAIN_TOLERANCE_STOPS)
    yield _within("light at 99.9 %", ours.lights - theirs.lights, LIGHTS_TOLERANCE_STOPS)
    for k, limit in enumerate((1, 2, 4)):
        yield _within(f"share above {limit} x white", ours.above[k] / theirs.above[k] - 1, SHARE_TOLERANCE)


def _within(name: str, difference: float, tolerance: float) -> tuple[str, float, bool]:
    return name, float(difference), math.isfinite(difference) and abs(difference) <= tolerance


def report(found: SetStatistics) -> str:
    """What is out of bounds, in lines; one line where nothing is."""
    every = list(deviations(found))
    lines = [f"- {name}: {off:+.2f}" for name, off, fine in every if not fine]
    bounds = f"gains {GAIN_TOLERANCE_STOPS:g} stops, shares a third, lights {LIGHTS_TOLERANCE_STOPS:g} stops"
    head = f"{len(every) - len(lines)} of {len(every)} figures of the pairs are within bounds of their mean ({bounds})"
    return "\n".join([f"{head}{':' if lines else '.'}", *lines]) + "\n"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `untone calibrate`."""
    add = parser.add_argument
    add("--data", type=Path, required=True, metavar="DIR", help="pairs (untone synth)")
    add("--photos", type=Path, metavar="DIR", help="JPEG photos with a gain map, to compare with")
    add("--only", metavar="NAMES", help="those photos alone, by file name without .jpg, with commas between")
    add("--plot", type=Path, metavar="PNG", help="draw the gains with their spreads as a picture")
    add("--count", type=int, default=500, help="pairs to look at; default 500")
    add_quiet(add, "no progress; the table alone")


def run(arguments: argparse.Namespace) -> int:
    """`untone calibrate`: prints the table and what is out of bounds, and draws it when asked to."""
    if arguments.count < 1:
        raise UsageError(f"--count must be 1 or more, not {arguments.count}")
    if arguments.only and not arguments.photos:
        raise UsageError("--only chooses from --photos; name that folder too")
    if arguments.plot:
        packages.require("matplotlib")
    found = of_dataset(open_dataset(arguments.data), arguments.count)
    sets = {"pairs": found, **TARGETS}
    if arguments.photos:
        names = [name.strip() for name in (arguments.only or "").split(",") if name.strip()]
        sets[arguments.photos.name] = of_photos(arguments.photos, names)
    sys.stdout.write(table(sets) + "\n" + report(found))
    if arguments.plot:
        drawn = {f"{title} ({one.pictures})": (one.mean.by_code, one.between) for title, one in sets.items()}
        plots.save_png(arguments.plot, calibration_plot.gain_by_code(drawn))
    return 0
