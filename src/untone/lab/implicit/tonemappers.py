"""Tone mapping operators of the literature: HDR light to SDR codes, for the pairs of Gain-MLP's experiment.

One of each kind of Ou et al. 2022, written from their papers: a logarithm (Drago), an exposure (the photoreceptor of
Reinhard and Devlin), a histogram (Larson); beside them local operators of tonemap.py with a camera's shoulder. Light is
[H, W, 3], linear, BT.709, any unit; display light is 0..1. Pure functions of their arguments.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ... import colour
from ..data import tonemap
from ..data.synth import LUMA, bounded, log_luminance

Light = NDArray[Any]
Plane = NDArray[Any]

LEAST = 1e-6
"""Share of the mean below which luminance is taken as that share: a logarithm needs some."""

LOCAL_START, LOCAL_STRENGTH, LOCAL_RADIUS = -2.4, 0.65, 0.06
"""Middle of what training pairs are drawn from: where compression begins, how strong, share of the shorter side."""


def luminance(light: Light) -> Plane:
    """[H, W] float64, above 0."""
    found = light.astype(np.float64) @ LUMA.astype(np.float64)
    return np.maximum(found, LEAST * float(found.mean()) + np.finfo(np.float64).tiny)


def log_average(plane: Plane) -> float:
    """Geometric mean."""
    return float(np.exp(np.log(plane).mean()))


def drago(light: Light, bias: float = 0.85, brightest_nits: float = 100.0) -> Light:
    """Adaptive logarithmic mapping (Drago et al. 2003, equation 4) of luminance over its log-average."""
    before = luminance(light)
    world = before / log_average(before)
    peak = float(world.max())
    bend = np.log(2 + 8 * (world / peak) ** (np.log(bias) / np.log(0.5)))
    after = brightest_nits * 0.01 / np.log10(peak + 1) * np.log1p(world) / bend
    return _with_luminance(light, before, after)


def photoreceptor(
    light: Light, brightness: float = 0.0, adaptation: float = 1.0, chroma: float = 0.0, contrast: float | None = None
) -> Light:
    """Photoreceptor response V = I / (I + (f Ia) ** m) (Reinhard and Devlin 2005), stretched to 0..1.

    Args:
        brightness: f = exp(-brightness).
        adaptation: 1 adapts every pixel to itself, 0 to the mean of the picture.
        chroma: 1 adapts every channel by itself, 0 all of them to luminance.
        contrast: m; None takes it from the picture's key, 0.3 + 0.7 k ** 1.4.
    """
    light = light.astype(np.float64)
    grey = luminance(light)
    if contrast is None:
        low, middle, high = float(np.log(grey.min())), float(np.log(grey).mean()), float(np.log(grey.max()))
        contrast = 0.3 + 0.7 * ((high - middle) / max(high - low, 1e-9)) ** 1.4
    own = chroma * light + (1 - chroma) * grey[..., None]
    whole = chroma * light.mean((0, 1)) + (1 - chroma) * grey.mean()
    adapted = (np.exp(-brightness) * (adaptation * own + (1 - adaptation) * whole)) ** contrast
    response = light / (light + adapted)
    low, high = float(response.min()), float(response.max())
    return (response - low) / max(high - low, 1e-9)


def histogram_adjusted(
    light: Light, darkest_nits: float = 1.0, brightest_nits: float = 100.0, bins: int = 100, tolerance: float = 0.025
) -> Light:
    """Histogram adjustment with a linear ceiling (Larson, Rushmeier, Piatko 1997, sections 4.2 and 4.3).

    Brightness (log luminance) becomes the cumulated share of pixels, over the display's range; no bin may hold more
    than what would raise contrast beyond the scene's own.
    """
    before = luminance(light)
    brightness = np.log(before)
    edges = np.linspace(brightness.min(), brightness.max() + 1e-9, bins + 1)
    low, high = np.log(darkest_nits), np.log(brightest_nits)
    if edges[-1] - edges[0] <= high - low:  # the display holds all of the scene
        return _with_luminance(light, before, before / before.max())
    counts = ceiled(
        np.histogram(brightness, edges)[0].astype(np.float64), (edges[1] - edges[0]) / (high - low), tolerance
    )
    share = np.concatenate([[0.0], np.cumsum(counts)]) / counts.sum()
    shown = np.exp(low + (high - low) * np.interp(brightness, edges, share))
    return _with_luminance(light, before, (shown - darkest_nits) / (brightest_nits - darkest_nits))


def ceiled(counts: Plane, step: float, tolerance: float = 0.025) -> Plane:
    """Counts of a histogram cut to their sum times `step`, repeatedly, until no more than `tolerance` is over it.

    Args:
        step: width of a bin over the display's range; bins together are wider than that.
    """
    whole = counts.sum()
    while True:
        most = counts.sum() * step
        over = np.maximum(counts - most, 0).sum()
        counts = np.minimum(counts, most)
        if over <= tolerance * whole:
            return counts


def local(light: Light, operator: str) -> Light:
    """A local operator of tonemap.LOCAL, the brightest light to white by a camera's shoulder."""
    stops = log_luminance(light)
    radius = max(1, int(LOCAL_RADIUS * min(stops.shape)))
    mapped = tonemap.LOCAL[operator](stops, LOCAL_START, LOCAL_STRENGTH, radius)
    top = max(float(np.percentile(mapped, 99.8)), 0.0)
    shown = tonemap.knee(np.exp2(mapped), 2.0**top)
    return bounded(light * (shown / np.exp2(stops))[..., None], 1.0)


def _with_luminance(light: Light, before: Plane, after: Plane) -> Light:
    return np.clip(light * (after / before)[..., None], 0, 1)


def codes(display: Light) -> NDArray[np.uint8]:
    """8-bit sRGB codes of display light."""
    return np.floor(colour.linear_to_srgb(np.clip(display, 0, 1)) * 255 + 0.5).astype(np.uint8)


MAPPERS: dict[str, Callable[[Light], Light]] = {
    "drago": drago,
    "photoreceptor": photoreceptor,
    "histogram": histogram_adjusted,
    "guided": functools.partial(local, operator="guided"),
    "laplacian": functools.partial(local, operator="laplacian"),
}
"""Name: HDR light to display light."""
