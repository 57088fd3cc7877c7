"""What cameras, phones and broadcast chains do: a picture style with its sliders, night modes, legalised video."""

from __future__ import annotations

import numpy as np

from .... import colour
from . import curves, operators
from .application import (
    LEAST,
    LUMA,
    Light,
    Plane,
    bounded,
    brightest,
    by_channel,
    by_luminance,
    by_maximum,
    luminance,
    saturated,
)

PQ_WHITE_NITS = 203.0


def picture_style(light: Light, exposure: float, contrast: float, saturation: float, kept: float) -> Light:
    """A camera's JPEG: an exponential shoulder, an S, saturation; `kept` is how far colour survives the shoulder."""
    shown = by_channel(light, lambda x: curves.exponential(x, exposure))
    same = by_luminance(light, lambda x: curves.exponential(x, exposure))
    graded = curves.contrast_s((1 - kept) * shown + kept * same, contrast)
    return bounded(saturated(graded, saturation), 1.0)


def sliders(
    light: Light, exposure: float, highlights: float, shadows: float, clarity: float, contrast: float, radius: float
) -> Light:
    """A raw converter: highlight and shadow sliders through an edge-preserving mask, clarity, then a shoulder and an S.

    Args:
        highlights, shadows: stops added to what is far over or under mid grey.
        clarity: detail added to detail.
        radius: of the mask, share of the side.
    """
    stops = np.log2(luminance(light)) + np.float32(np.log2(exposure))
    base = operators.guided_base(stops, max(1, int(radius * len(stops))))
    over = np.clip((base + 2.2) / 3, 0, 1)
    under = np.clip((-2.8 - base) / 3, 0, 1) * np.clip((base + 11) / 4, 0, 1)
    moved = stops + highlights * over + shadows * under + clarity * (stops - base)
    lit = light * np.exp2(moved - stops + np.float32(np.log2(exposure)))[..., None]
    shown = by_channel(lit, lambda x: curves.exponential(x, 1.35))
    same = by_maximum(lit, lambda x: curves.exponential(x, 1.35))
    return curves.contrast_s(0.5 * shown + 0.5 * same, contrast)


def night_mode(light: Light, lift: float, strength: float, radius: float, white: float) -> Light:
    """A phone at night: exposures fused, shadows lifted, lights pulled under the shoulder."""
    stops = np.log2(np.maximum(brightest(light), LEAST))
    fused = operators.fusion(stops, -2.2, strength, max(2, int(radius * len(stops))))
    fused = fused + lift * np.clip((-2.5 - fused) / 3, 0, 1) * np.clip((fused + 11) / 4, 0, 1)
    return by_maximum(light * np.exp2(fused - stops)[..., None], lambda x: curves.knee(x, white, 0.5))


def legalised(light: Light, exposure: float, start: float, white: float, super_white: float, chroma: float) -> Light:
    """Broadcast: a camera's knee, whites up to `super_white` clipped, chroma limited so that no channel leaves 0..1."""
    shown = curves.broken_line(light * np.float32(exposure), start, white) * np.float32(super_white)
    limited = np.minimum(shown @ LUMA, 1)[..., None]
    return np.clip(limited + (shown - limited) * chroma, 0, 1)


def bt2390(light: Light, peak: float, white_nits: float) -> Light:
    """BT.2390-10 section 5.4.1: the EETF's Hermite knee in PQ, by the brightest channel, to a display of `white_nits`.

    Args:
        peak: of the master, 1.0 = 203 nits.
    """
    most = float(colour.nits_to_pq(np.asarray(peak * PQ_WHITE_NITS)))
    least = float(colour.nits_to_pq(np.asarray(white_nits))) / most
    start = 1.5 * least - 0.5

    def curve(x: Plane) -> Plane:
        e = np.minimum(colour.nits_to_pq(np.maximum(x, 0) * PQ_WHITE_NITS) / most, 1)
        t = np.clip((e - start) / (1 - start), 0, 1)
        spline = (2 * t**3 - 3 * t**2 + 1) * start + (t**3 - 2 * t**2 + t) * (1 - start) + (3 * t**2 - 2 * t**3) * least
        shown = colour.pq_to_nits(np.where(e < start, e, spline) * most) / white_nits
        return shown.astype(np.float32)

    return by_maximum(light, curve)


def bt2446_a(light: Light, peak_nits: float, colour_scale: float) -> Light:
    """BT.2446-1 method A, HDR to SDR: luma through its perceptual knee, colour difference scaled down with it.

    Args:
        peak_nits: of the master; what is brighter is clipped.
        colour_scale: 1.1 in the report; larger fades colours more.
    """
    signal = np.clip(light * np.float32(PQ_WHITE_NITS / peak_nits), 0, 1) ** np.float32(1 / 2.4)
    luma = np.maximum(signal @ LUMA, LEAST)
    hdr, sdr = 1 + 32 * (peak_nits / 10000) ** (1 / 2.4), 1 + 32 * (100 / 10000) ** (1 / 2.4)
    linear = np.log1p((hdr - 1) * luma) / np.log(hdr)
    bent = np.select(
        [linear <= 0.7399, linear < 0.9909],
        [1.0770 * linear, -1.1510 * linear**2 + 2.7811 * linear - 0.6302],
        0.5 * linear + 0.5,
    )
    after = (sdr**bent - 1) / (sdr - 1)
    scaled = (after / (colour_scale * luma))[..., None]
    shown = after[..., None] + (signal - luma[..., None]) * scaled
    return np.clip(shown, 0, 1) ** np.float32(2.4)
