"""What a tone curve is applied to: every channel, the luminance, or the brightest channel; and what leaves the gamut.

Applied to channels, bright colours fade towards white and turn; to luminance, they keep their colour until they leave
the gamut; to the brightest channel, they keep it altogether and get darker. Light is [H, W, 3] float32, linear.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Light = NDArray[Any]
Plane = NDArray[Any]
Curve = Callable[[Plane], Plane]

LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)
LEAST = np.float32(2.0**-16)
"""Keeps ratios and logarithms finite in black."""

FLOOR_STOPS = -14.0


def luminance(light: Light) -> Plane:
    """[H, W] BT.709 luminance, at least LEAST."""
    return np.maximum(light @ LUMA, LEAST)


def log_luminance(light: Light) -> Plane:
    """[H, W] log2 luminance, at least FLOOR_STOPS."""
    return np.log2(np.maximum(light @ LUMA, np.float32(2.0**FLOOR_STOPS)))


def brightest(light: Light) -> Plane:
    """[H, W] brightest channel: numpy's own maximum over an axis of three is ten times slower."""
    return np.maximum(np.maximum(light[..., 0], light[..., 1]), light[..., 2])


def by_channel(light: Light, curve: Curve) -> Light:
    """The curve of each channel."""
    return np.clip(curve(light), 0, 1)


def by_luminance(light: Light, curve: Curve, desaturation: float = 1.0) -> Light:
    """Light scaled so that its luminance follows the curve; out of gamut it is moved towards its grey.

    Args:
        desaturation: power of the channel ratios (Schlick 1994; Tumblin and Turk 1999): 1 keeps them, less fades them.
    """
    before = luminance(light)
    after = np.clip(curve(before), 0, 1)
    ratio = light / before[..., None]
    if desaturation != 1:
        ratio = np.maximum(ratio, 0) ** np.float32(desaturation)
    return bounded(ratio * after[..., None], 1.0)


def by_maximum(light: Light, curve: Curve) -> Light:
    """Light scaled so that its brightest channel follows the curve: never out of gamut."""
    before = np.maximum(brightest(light), LEAST)
    return light * (np.clip(curve(before), 0, 1) / before)[..., None]


def by_plane(light: Light, before_stops: Plane, after_stops: Plane, curve: Curve, share: float) -> Light:
    """Light moved from one log2 plane to another, then the curve, by `share` per channel, else by the brightest one."""
    moved = light * np.exp2(after_stops - before_stops)[..., None]
    kept = by_maximum(moved, curve)
    return kept if share == 0 else share * by_channel(moved, curve) + (1 - share) * kept


def bounded(light: Light, limit: float) -> Light:
    """Light with no channel above `limit`: what sticks out is moved towards its own luminance."""
    most = brightest(light)[..., None]
    if float(most.max()) <= limit:
        return light
    grey = np.minimum((light @ LUMA)[..., None], limit)
    share = np.clip((limit - grey) / np.maximum(most - grey, 1e-6), 0, 1)
    return np.where(most > limit, grey + (light - grey) * share, light)


def saturated(light: Light, amount: float) -> Light:
    """Light moved away from its luminance by `amount` (1: unchanged, 0: grey), not below black."""
    if amount == 1:
        return light
    grey = (light @ LUMA)[..., None]
    return np.maximum(grey + (light - grey) * np.float32(amount), 0)
