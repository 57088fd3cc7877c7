"""Summaries over pictures: means, medians, 95% bootstrap intervals, paired differences."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2000
SEED = 0


@dataclasses.dataclass(frozen=True)
class Summary:
    """One figure of one method over the pictures that have it; low and high bound the mean with 95%."""

    mean: float
    median: float
    low: float
    high: float
    count: int


def interval(values: NDArray[Any]) -> tuple[float, float]:
    """95% percentile bootstrap interval of the mean, 2000 resamples, seeded."""
    random = np.random.default_rng(SEED)
    means = values[random.integers(len(values), size=(RESAMPLES, len(values)))].mean(1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def summary(values: list[float]) -> Summary | None:
    """Of the values that are numbers; None where there are none."""
    known = np.array([v for v in values if np.isfinite(v)])
    if not len(known):
        return None
    return Summary(float(known.mean()), float(np.median(known)), *interval(known), len(known))


def difference(first: dict[str, float], second: dict[str, float]) -> Summary | None:
    """second - first over the pictures both have: the interval is that of the mean of paired differences."""
    shared = [name for name in first if name in second]
    return summary([second[name] - first[name] for name in shared])
