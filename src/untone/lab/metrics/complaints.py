"""No-reference figures of HDR renditions: what users complain of (hue, blacks, brightness), and share of HDR."""

from __future__ import annotations

import numpy as np

from ... import colour
from ...image import DIFFUSE_WHITE_NITS
from .domains import Light, brightest, ictcp

CHROMA = 0.02
"""ICtCp chroma below which a hue means nothing."""

DARK_NITS = 0.5
PEAK_PERCENTILE = 99.9

DEGREE_WHITE_NITS, DEGREE_PEAK_NITS = 100.0, 1000.0
"""HDRTVDM (Guo et al., CVPR 2023): where highlights begin, and the light that counts as 1."""

FURTHEST_OUT = 0.275068397068084
"""Largest XYZ distance between a colour of BT.2020 and its clipped self in BT.709, as HDRTVDM measured it."""

GAMUT_TOLERANCE = 1e-6


def hue_shift_degrees(light: Light, base: Light, primaries: str = "bt709") -> float:
    """Median turn of the ICtCp hue from the SDR base to its HDR rendition, below white and where there is colour."""
    return hue_turn(ictcp(light, primaries), ictcp(base, primaries), brightest(light) <= 1)


def hue_turn(after: Light, before: Light, below_white: Light) -> float:
    """hue_shift_degrees of ICtCp pictures; 0 where no pixel counts."""
    coloured = np.minimum(np.hypot(before[..., 1], before[..., 2]), np.hypot(after[..., 1], after[..., 2])) > CHROMA
    chosen = coloured & below_white
    if not chosen.any():
        return 0.0
    turn = np.arctan2(before[..., 2], before[..., 1]) - np.arctan2(after[..., 2], after[..., 1])
    return float(np.degrees(np.median(np.abs((turn[chosen] + np.pi) % (2 * np.pi) - np.pi))))


def black_lift_nits(light: Light, base: Light) -> float:
    """Median light added to pixels that show less than 0.5 nit in SDR, nits; 0 where there are none."""
    dark = brightest(base) * DIFFUSE_WHITE_NITS < DARK_NITS
    if not dark.any():
        return 0.0
    return float(np.median((light[dark] - base[dark]).mean(-1)) * DIFFUSE_WHITE_NITS)


def brightness_stops(light: Light, base: Light, primaries: str = "bt709") -> float:
    """Change of the mean luminance of the whole picture from the SDR base, stops."""
    weights = colour.luminance_weights(primaries)
    before, after = (float((picture @ weights).mean()) for picture in (base, light))
    return float(np.log2(max(after, 1e-6) / max(before, 1e-6)))


def share_above_white(light: Light) -> float:
    """Share of pixels, 0..1, with a channel brighter than SDR white (1.001, so that rounding does not count)."""
    return float((brightest(light) > 1.001).mean())


def peak_stops(light: Light) -> float:
    """99.9th percentile of all samples over SDR white, stops."""
    return float(np.log2(max(np.percentile(light, PEAK_PERCENTILE), 1e-3)))


def highlights(light_bt2020: Light) -> tuple[float, float]:
    """FHLP and EHL: share of BT.2020 samples at or above 100 nits, and how far they exceed it (1.0 = all at 1000)."""
    white = DEGREE_WHITE_NITS / DEGREE_PEAK_NITS
    share = np.clip(light_bt2020 * (DIFFUSE_WHITE_NITS / DEGREE_PEAK_NITS), 0, 1)
    above = share >= white
    return float(above.mean()), float(np.where(above, share - white, 0).mean() / (1 - white))


def wide_gamut(light_bt2020: Light) -> tuple[float, float]:
    """FWGP and EWG: share of samples outside BT.709 (0..1000 nits), and the XYZ distance that clipping them costs."""
    share = np.clip(light_bt2020 * (DIFFUSE_WHITE_NITS / DEGREE_PEAK_NITS), 0, 1)
    narrow = share @ colour.rgb_to_rgb("bt2020", "bt709").T
    outside = (narrow < -GAMUT_TOLERANCE) | (narrow > 1 + GAMUT_TOLERANCE)
    lost = (narrow - np.clip(narrow, 0, 1)) @ colour.rgb_to_xyz("bt709").T
    return float(outside.mean()), float(np.sqrt(np.square(lost).sum(-1)).mean() / FURTHEST_OUT)
