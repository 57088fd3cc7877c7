"""Rows of `untone bench` on PQ-PSNR of gain networks by training time: our recipes against the paper's schedule.

Both train by the same kernels on one thread, so that only what is done with the time differs; CPU time counts. The
paper's: from meta-learned weights, 1000 steps of 65,536 samples, Adam at a rate of 0.01, every error alike.
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...console.progress import tracked
from ...image import Image
from ...implicit import encoding as network_encoding
from ...implicit.encoding import PAPER, Recipe
from ..data.layouts import open_dataset
from . import noise
from .meta_initialization import as_pair

Pair = tuple[Image, NDArray[np.float32], str]

TENTH = Recipe(bits=16, steps=700, batch=2048)
EQUAL = Recipe(bits=16, steps=8000, batch=4096)
USUAL = Recipe()
"""What `untone encode` does, in 8 bits."""

SIDE, SEED = 640, 977
"""Of the noise pictures where no views are given; starts are learned from others."""

VIEWS = 6


def bench(folder: Path | None = None, *, quick: bool = False) -> dict[str, Any]:
    """Quality by time, means over some views and 95% intervals of the differences.

    Keys, of gamma networks of 16 neurons: views, where they are from; paper_db, paper_cpu_seconds; tenth_db,
    tenth_gain_db, tenth_share_of_time and equal_db, equal_gain_db, equal_share_of_time: of our recipes that take at
    most a tenth of the paper's time, or as long; usual_db, usual_cpu_seconds, int8_cost_db of the usual recipe, 8 bits
    against floats. Gains and costs are [mean, half of the interval].

    Args:
        folder: a data set of views; without one, pictures of noise.
        quick: two views.
    """
    pairs = views(folder, 2 if quick else VIEWS)
    rows = [row(pair) for pair in tracked(pairs, "views that gain networks are trained on")]
    return {"views": f"{len(rows)} of {folder.name if folder else 'noise'}"} | figures(rows)


def views(folder: Path | None, count: int) -> list[Pair]:
    """Some views of a data set, spread over it, or pictures of noise."""
    if folder is None:
        made = (noise.picture(SIDE, np.random.default_rng((SEED, k))) for k in range(count))
        return [(image, light, "bt2020") for image, light in made]
    data = open_dataset(folder)
    return [as_pair(data[int(k)]) for k in np.linspace(0, len(data) - 1, min(count, len(data)))]


def row(pair: Pair) -> dict[str, tuple[float, float]]:
    """PQ-PSNR in dB and CPU seconds of each recipe on a pair."""
    recipes = {"paper": PAPER, "tenth": TENTH, "equal": EQUAL, "usual": USUAL}
    recipes["usual floats"] = dataclasses.replace(USUAL, bits=16)
    return {name: reached(pair, recipe) for name, recipe in recipes.items()}


def reached(pair: Pair, recipe: Recipe) -> tuple[float, float]:
    """PQ-PSNR that a recipe reaches on a pair, and CPU seconds of its training (not of sampling pixels)."""
    image, light, primaries = pair
    recipe = dataclasses.replace(recipe, batch=min(recipe.batch, image.height * image.width))
    given = network_encoding.samples_of(image, light, primaries, recipe)
    begun = time.process_time()
    vector = network_encoding.trained(given, recipe, threads=1)
    spent = time.process_time() - begun
    found = network_encoding.network(image, light, given, vector, recipe)
    return network_encoding.fidelity(network_encoding.rendition(image, found), light, primaries), spent


def figures(rows: Sequence[dict[str, tuple[float, float]]]) -> dict[str, Any]:
    """The result of `bench` from the rows of its views."""

    def mean(name: str, which: int) -> float:
        return float(np.mean([row[name][which] for row in rows]))

    def gain(name: str, over: str) -> list[float]:
        return interval([row[name][0] - row[over][0] for row in rows])

    found: dict[str, Any] = {"paper_db": mean("paper", 0), "paper_cpu_seconds": mean("paper", 1)}
    for name in ("tenth", "equal"):
        found[f"{name}_db"], found[f"{name}_gain_db"] = mean(name, 0), gain(name, "paper")
        found[f"{name}_share_of_time"] = mean(name, 1) / mean("paper", 1)
    found |= {"usual_db": mean("usual", 0), "usual_cpu_seconds": mean("usual", 1)}
    return found | {"int8_cost_db": gain("usual floats", "usual")}


def interval(values: Sequence[float]) -> list[float]:
    """Mean, and half of its 95% interval by Student's t."""
    from scipy import stats

    count = len(values)
    if count < 2:
        return [float(np.mean(values)), math.nan]
    half = stats.t.ppf(0.975, count - 1) * np.std(values, ddof=1) / math.sqrt(count)
    return [float(np.mean(values)), float(half)]
