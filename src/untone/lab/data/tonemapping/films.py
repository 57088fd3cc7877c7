"""Rendering transforms of film, cinema and games: each mixes the channels before and after its curve."""

from __future__ import annotations

import numpy as np

from . import curves
from .application import LEAST, LUMA, Light, bounded, by_channel, saturated

ACES_IN = np.array([[0.59719, 0.35458, 0.04823], [0.07600, 0.90834, 0.01566], [0.02840, 0.13383, 0.83777]], np.float32)
ACES_OUT = np.array(
    [[1.60475, -0.53108, -0.07367], [-0.10208, 1.10813, -0.00605], [-0.00327, -0.07276, 1.07602]], np.float32
)
"""BT.709 to the space of the reference rendering, and back: Hill's fit (2015), as published."""

AGX_IN = np.array(
    [
        [0.842479062253094, 0.0784335999999992, 0.0792237451477643],
        [0.0423282422610123, 0.878468636469772, 0.0791661274605434],
        [0.0423756549057051, 0.0784336, 0.879142973793104],
    ],
    np.float32,
)
"""AgX's inset (Sobotka 2022, by Wrensch's port): channels cross-talk, so that bright colours fade to white."""

AGX_STOPS = (-12.47393, 4.026069)
"""Log2 light that AgX encodes."""


def aces(light: Light, exposure: float, saturation: float = 1.0) -> Light:
    """Hill 2015: fit of the ACES reference rendering and output transform, sRGB display."""
    x = np.maximum(light * np.float32(exposure), 0) @ ACES_IN.T
    fitted = (x * (x + 0.0245786) - 0.000090537) / (x * (0.983729 * x + 0.4329510) + 0.238081)
    return np.clip(saturated(np.maximum(fitted, 0) @ ACES_OUT.T, saturation), 0, 1)


def aces_narkowicz(light: Light, exposure: float) -> Light:
    """Narkowicz 2015: the one-line fit, per channel."""
    x = light * np.float32(exposure)
    return np.clip(x * (2.51 * x + 0.03) / (x * (2.43 * x + 0.59) + 0.14), 0, 1)


def agx(light: Light, exposure: float, contrast: float, saturation: float = 1.0) -> Light:
    """AgX-like: inset, log2 encoding, sigmoid about mid grey, outset (Sobotka 2022; sixth-order sigmoid of Wrensch)."""
    low, high = AGX_STOPS
    mixed = np.maximum(light * np.float32(exposure), LEAST) @ AGX_IN.T
    x = np.clip((np.log2(mixed) - low) / (high - low), 0, 1)
    x2 = x * x
    x4 = x2 * x2
    shown = 15.5 * x4 * x2 - 40.14 * x4 * x + 31.96 * x4 - 6.868 * x2 * x + 0.4298 * x2 + 0.1191 * x - 0.00232
    graded = np.clip(0.5 + (np.clip(shown, 0, 1) - 0.5) * contrast, 0, 1) ** np.float32(2.2)
    inverse = np.linalg.inv(AGX_IN).T.astype(np.float32)
    return np.clip(saturated(np.maximum(graded @ inverse, 0), saturation), 0, 1)


def neutral(light: Light, exposure: float, start: float, desaturation: float) -> Light:
    """Khronos PBR Neutral (2024): colours exact up to `start`, then the brightest channel rolls off and fades."""
    lit = light * np.float32(exposure)
    peak = np.maximum(lit.max(-1, keepdims=True), LEAST)
    room = 1 - start
    rolled = np.where(peak < start, peak, 1 - room * room / (peak + room - start))
    fade = 1 / (desaturation * np.maximum(peak - rolled, 0) + 1)
    return np.clip(lit * (rolled / peak) * fade + rolled * (1 - fade), 0, 1)


def film_print(light: Light, exposure: float, contrast: float, crossover: float, warmth: float, fade: float) -> Light:
    """Negative and print: per-channel sigmoids of slightly other slope and speed, a milky black, dyes that cross-talk.

    Args:
        contrast: slope in mid grey.
        crossover: difference of slope between red and blue (warm lights over cool shadows, or the other way).
        warmth: difference of speed, stops.
        fade: black of the print.
    """
    mixed = light * np.float32(exposure) @ (np.eye(3, dtype=np.float32) * 0.94 + 0.02)
    slopes = contrast * (1 + crossover * np.array([0.5, 0, -0.5]))
    speeds = np.exp2(warmth * np.array([0.5, 0, -0.5]))
    layers = [curves.log_sigmoid(mixed[..., k] * np.float32(speeds[k]), float(slopes[k]), 0.16, 32.0) for k in range(3)]
    return fade + (1 - fade) * np.clip(np.stack(layers, -1), 0, 1)


def slide_film(light: Light, exposure: float, contrast: float, saturation: float) -> Light:
    """Reversal film: little latitude, deep blacks, strong colours: an exponential, an S, and saturation."""
    shown = curves.contrast_s(by_channel(light, lambda x: curves.exponential(x, exposure)), contrast)
    return np.clip(saturated(shown, saturation), 0, 1)


def bleach_bypass(light: Light, exposure: float, silver: float, contrast: float) -> Light:
    """Silver kept in the print: a grey image multiplied over the colour one."""
    shown = by_channel(light, lambda x: curves.exponential(x, exposure))
    grey = curves.contrast_s((shown @ LUMA)[..., None], contrast)
    return bounded(np.sqrt(np.maximum(shown * grey, 0)) * silver + shown * (1 - silver), 1.0)
