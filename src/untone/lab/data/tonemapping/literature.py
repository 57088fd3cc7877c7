"""Operators of the literature that adapt to the whole picture by its statistics, written from their papers.

Light is [H, W, 3], linear, BT.709, any unit; display light is 0..1. Pure functions of their arguments.
"""

from __future__ import annotations

import numpy as np

from .application import LUMA, Light, Plane, by_luminance

LEAST_SHARE = 1e-6
"""Share of the mean below which luminance is taken as that share: a logarithm needs some."""


def luminance(light: Light) -> Plane:
    """[H, W] float64, above 0."""
    found = light.astype(np.float64) @ LUMA.astype(np.float64)
    return np.maximum(found, LEAST_SHARE * float(found.mean()) + np.finfo(np.float64).tiny)


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


def _with_luminance(light: Light, before: Plane, after: Plane) -> Light:
    return np.clip(light * (after / before)[..., None], 0, 1)


def tumblin_rushmeier(light: Light, adaptation: float, display_nits: float = 100.0) -> Light:
    """Tumblin and Rushmeier 1993 (as revised in 1999): brightness matched between two states of adaptation, a power.

    Args:
        adaptation: luminance, nits, that the log-average of the picture stands for.
    """
    before = luminance(light)
    average = log_average(before)
    world = before * (adaptation / average)
    display = display_nits * 0.18
    gamma = _brightness_power(adaptation) / _brightness_power(display)
    middle = np.sqrt(200.0) ** (_brightness_power(adaptation) / (1.855 + 0.4 * np.log10(display)) - 1)
    shown = middle * display * (world / adaptation) ** gamma / display_nits
    return by_luminance(light, lambda _: shown.astype(np.float32))


def _brightness_power(nits: float) -> float:
    """Stevens and Stevens 1963: power of brightness in luminance at an adaptation."""
    return 2.655 if nits > 100 else 1.855 + 0.4 * float(np.log10(nits + 2.3e-5))


def ward_contrast(light: Light, display_nits: float) -> Light:
    """Ward 1994: one factor that keeps just noticeable contrast; the rest clips. Light 1.0 is taken as 1000 nits."""
    average = log_average(luminance(light)) * 1000
    factor = ((1.219 + (display_nits / 2) ** 0.4) / (1.219 + average**0.4)) ** 2.5 / display_nits
    return by_luminance(light, lambda x: np.minimum(x * np.float32(factor * 1000), 1))
