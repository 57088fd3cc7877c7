"""Statistics of real HDR photos: what training pairs and models are held against. Measured 2026-11-29.

Two groups that differ in taste, phones and editors on their automatic settings and one photographer's edits; what to
aim at is their mean. NaN where a figure was not taken.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .gain_statistics import GainStatistics, SetStatistics

UNKNOWN = float("nan")


def _group(
    pictures: int, by_code: tuple[float, ...], by_saturation: tuple[float, ...], channels: tuple[float, ...],
    lights: float, above: tuple[float, ...], spread: tuple[float, ...], between: float,
) -> SetStatistics:  # fmt: skip
    """Eighths from the 3rd, the 5th and the 8th on, as they were measured."""
    mean = GainStatistics(
        _eighths(by_code), _eighths(spread), np.array(by_saturation), np.array(channels), UNKNOWN, lights,
        np.array(above),
    )  # fmt: skip
    return SetStatistics(pictures, mean, _eighths((between,)))


def _eighths(last: tuple[float, ...]) -> NDArray[Any]:
    return np.array((UNKNOWN,) * (8 - len(last)) + last)


AUTOMATIC = _group(
    19,
    by_code=(0.21, 0.28, 0.44, 0.75, 1.13, 1.86),
    by_saturation=(1.32, 1.01, 0.98, 0.68),
    channels=(0.07, 0.14, 0.19, 0.47),
    lights=2.60,
    above=(0.137, 0.042, 0.011),
    spread=(0.32, 0.36, 0.39, 0.48),
    between=0.57,
)
"""19 photos of phones and Adobe's camera raw, as they came."""

EDITED = _group(
    16,
    by_code=(0.04, 0.07, 0.14, 0.27, 0.52, 0.98),
    by_saturation=(0.77, 0.39, 0.26, 0.10),
    channels=(0.16, 0.26, 0.25, 0.04),
    lights=1.84,
    above=(0.051, 0.017, 0.006),
    spread=(0.19, 0.20, 0.25, 0.44),
    between=0.73,
)
"""16 photos that one photographer edited in Lightroom."""


def _between(first: SetStatistics, second: SetStatistics) -> SetStatistics:
    """The mean of two groups, each counting once."""
    halves: list[tuple[Any, Any]] = list(zip(first.mean, second.mean, strict=True))
    mean = GainStatistics(*((a + b) / 2 for a, b in halves))
    return SetStatistics(first.pictures + second.pictures, mean, (first.between + second.between) / 2)


TARGET = _between(AUTOMATIC, EDITED)
"""What pairs are calibrated to: gains within 0.15 stops of it, shares within a third."""

TARGETS = {"phones and Adobe": AUTOMATIC, "Lightroom": EDITED, "their mean": TARGET}
"""Rows over every table of these statistics."""

GAIN_TOLERANCE_STOPS = 0.15
SHARE_TOLERANCE = 1 / 3
