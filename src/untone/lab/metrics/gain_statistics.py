"""Statistics of a gain over a picture, by which HDR renditions of photographs differ; no reference is needed.

Gain by code and by saturation, how far its channels and its pixels of one code part, and how much light there is above
white. The same figures of a set of real photos say whether pairs, or a model, do as their cameras did.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...gainmap import OFFSET
from .domains import brightest

Light = NDArray[Any]
Figures = NDArray[np.float64]

EIGHTHS = 8
"""Equal bins of max(R, G, B), encoded, 0 to 1."""

SATURATIONS = {"grey": (0.0, 0.15), "soft": (0.15, 0.4), "strong": (0.4, 0.7), "vivid": (0.7, 1.01)}
"""Classes of bright pixels by 1 - min / max of the SDR codes; the upper end is not among them."""

BRIGHT_CODE = 160 / 255
"""Bright pixels have this code or more."""

MIDDLE_CODES = (64 / 255, 200 / 255)
"""Middle tones: 64 to 199 of 255."""

LIGHTS_PERCENTILE = 99.9
ABOVE = (1.0, 2.0, 4.0)
"""Times SDR white."""

WHITE_TOLERANCE = 1.001
"""So that what is rounded to white does not count as above it."""

LEAST_PIXELS, LEAST_SHARE = 50, 1 / 2000
"""A class with fewer pixels of a picture says nothing about it."""

LEAST_LIGHT = 2.0**-12


class GainStatistics(NamedTuple):
    """One picture, or the mean of several. NaN where a picture has too few such pixels.

    Attributes:
        by_code: [8] mean gain of each eighth of code, stops.
        spread: [8] standard deviation of the gain of the pixels of each eighth, stops.
        by_saturation: [4] mean gain of bright pixels that are grey, soft, strong, vivid, stops.
        channels: [4] mean of strongest minus weakest channel of the same pixels, stops.
        middle: mean gain of middle tones, stops.
        lights: 99.9th percentile of the pixels' brightest channels, stops over SDR white.
        above: [3] share of pixels with a channel above 1, 2 and 4 times SDR white, 0 to 1.
    """

    by_code: Figures
    spread: Figures
    by_saturation: Figures
    channels: Figures
    middle: float
    lights: float
    above: Figures


class SetStatistics(NamedTuple):
    """Several pictures: how many, the mean of each figure over those that have it, and the spread between them.

    Attributes:
        between: [8] standard deviation over pictures of the mean gain of each eighth, stops.
    """

    pictures: int
    mean: GainStatistics
    between: Figures


def gain_statistics(encoded: Light, stops: Light, light: Light) -> GainStatistics:
    """The figures of one picture.

    Args:
        encoded: [..., 3] SDR pixels as encoded (sRGB or the photo's own transfer), 0 to 1.
        stops: [..., 3] gain of each channel.
        light: [..., 3] linear light of the HDR rendition, 1.0 = SDR white.
    """
    encoded, stops, light = (np.asarray(plane, np.float32).reshape(-1, 3) for plane in (encoded, stops, light))
    code, gain = brightest(encoded), stops.mean(-1)
    eighth = np.minimum((code * EIGHTHS).astype(int), EIGHTHS - 1)
    by_code, spread = _by_class(gain, eighth, EIGHTHS)
    saturation = _saturation_class(encoded, code)
    by_saturation, _ = _by_class(gain, saturation, len(SATURATIONS))
    channels, _ = _by_class(np.ptp(stops, axis=-1), saturation, len(SATURATIONS))
    middle = (code >= MIDDLE_CODES[0] - 1e-6) & (code < MIDDLE_CODES[1] - 1e-6)
    return GainStatistics(
        by_code, spread, by_saturation, channels,
        _by_class(gain, np.where(middle, 0, 1), 1)[0][0].item(), *_light_above_white(light),
    )  # fmt: skip


def between_renditions(encoded: Light, base: Light, light: Light) -> GainStatistics:
    """The figures of one picture of which both renditions are known as linear light, gains with offset 1/64."""
    ratio = np.maximum(np.asarray(light) + OFFSET, LEAST_LIGHT) / (np.asarray(base) + OFFSET)
    return gain_statistics(encoded, np.log2(ratio), light)


def summarized(pictures: Iterable[GainStatistics]) -> SetStatistics:
    """Means over the pictures of a set, each counting once, and the spread between them.

    Raises:
        ValueError: there is none.
    """
    seen = list(pictures)
    if not seen:
        raise ValueError("no picture to take figures of")
    stacked = [np.stack([np.asarray(p[k], float) for p in seen]) for k in range(len(GainStatistics._fields))]
    known = [np.isfinite(column) for column in stacked]
    means = [_mean(column, valid) for column, valid in zip(stacked, known, strict=True)]
    mean = GainStatistics(*(m if m.ndim else float(m) for m in means))  # type: ignore[arg-type]
    squares = np.square(np.where(known[0], stacked[0], 0) - mean.by_code)
    return SetStatistics(len(seen), mean, np.sqrt(_mean(squares, known[0])))


def _mean(column: Figures, valid: NDArray[np.bool_]) -> Figures:
    """Over the first axis, of what is valid; NaN where nothing is."""
    count = valid.sum(0)
    total = np.where(valid, column, 0).sum(0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _saturation_class(encoded: Light, code: Light) -> NDArray[np.int64]:
    """0 to 3 of SATURATIONS for bright pixels, 4 for all others."""
    saturation = 1 - encoded.min(-1) / np.maximum(code, 1e-6)
    edges = [upper for _, upper in SATURATIONS.values()][:-1]
    return np.where(code >= BRIGHT_CODE - 1e-6, np.digitize(saturation, edges), len(SATURATIONS))


def _by_class(values: Light, classes: NDArray[np.int64], count: int) -> tuple[Figures, Figures]:
    """Mean and standard deviation of the values of each class, [count]; what lies in further classes is passed over."""
    pixels = np.bincount(classes, minlength=count)[:count]
    sums = np.bincount(classes, values, minlength=count)[:count]
    squares = np.bincount(classes, np.square(values, dtype=np.float64), minlength=count)[:count]
    enough = pixels >= max(LEAST_PIXELS, values.size * LEAST_SHARE)
    mean = sums / np.maximum(pixels, 1)
    deviation = np.sqrt(np.maximum(squares / np.maximum(pixels, 1) - mean**2, 0))
    return np.where(enough, mean, np.nan), np.where(enough, deviation, np.nan)


def _light_above_white(light: Light) -> tuple[float, Figures]:
    strongest = brightest(light)
    lights = math.log2(max(float(np.percentile(strongest, LIGHTS_PERCENTILE)), 1e-3))
    return lights, np.array([float((strongest > limit * WHITE_TOLERANCE).mean()) for limit in ABOVE])


# -- as named figures -------------------------------------------------------------------------------------------------

NAMES: dict[str, str] = {
    **{f"gain_eighth_{k}": f"mean gain of codes {32 * k - 32} to {32 * k - 1}, stops" for k in range(1, EIGHTHS + 1)},
    **{f"gain_spread_{k}": f"sd of gain of codes {32 * k - 32} to {32 * k - 1}, stops" for k in range(1, EIGHTHS + 1)},
    **{f"gain_bright_{name}": f"mean gain of bright {name} pixels, stops" for name in SATURATIONS},
    **{f"channels_bright_{name}": f"strongest minus weakest channel, bright {name}, stops" for name in SATURATIONS},
    "gain_middle": "mean gain of codes 64 to 199, stops",
    "lights_stops": "99.9th percentile of pixels' brightest channels, stops over SDR white",
    **{f"share_above_{limit:g}x": f"share of pixels above {limit:g} x SDR white, 0 to 1" for limit in ABOVE},
}
"""Every figure of a picture by its name, in the order of GainStatistics: what it is, and its unit."""


def as_figures(statistics: GainStatistics) -> dict[str, float]:
    """NAMES -> figure; shares 0 to 1."""
    return dict(zip(NAMES, np.concatenate([np.atleast_1d(part) for part in statistics]).tolist(), strict=True))


def from_figures(figures: Mapping[str, float]) -> GainStatistics:
    """Inverse of as_figures."""
    values = np.array([figures[name] for name in NAMES])
    sizes = [EIGHTHS, EIGHTHS, len(SATURATIONS), len(SATURATIONS), 1, 1]
    a, b, c, d, e, f, g = np.split(values, np.cumsum(sizes))
    return GainStatistics(a, b, c, d, float(e[0]), float(f[0]), g)
