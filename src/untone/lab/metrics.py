"""What tells two HDR renditions apart, and what users complain of. Light is [..., 3], linear, 1.0 = SDR white.

Every function names its convention; nothing here is quantised first.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import colour
from ..image import DIFFUSE_WHITE_NITS

Light = NDArray[Any]

LMS = np.array([[1688, 2146, 262], [683, 2951, 462], [99, 309, 3688]]) / 4096
ICTCP = np.array([[2048, 2048, 0], [6610, -13613, 7003], [17933, -17390, -543]]) / 4096
CHROMA = 0.02
"""ICtCp chroma below which a hue means nothing."""


def pq_encoded(light: Light, primaries: str = "bt709") -> Light:
    """PQ code values [0, 1] in BT.2020, white at 203 nits."""
    nits = np.maximum(light @ colour.rgb_to_rgb(primaries, "bt2020").T, 0) * DIFFUSE_WHITE_NITS
    return colour.nits_to_pq(nits)


def pq_psnr(light: Light, truth: Light, primaries: str = "bt709") -> float:
    """PSNR in dB of PQ code values over all pixels and channels, peak 1.0 (as HDRTVNet's, without rounding)."""
    error = np.square(pq_encoded(light, primaries) - pq_encoded(truth, primaries)).mean()
    return float(-10 * np.log10(max(error, 1e-12)))


def ictcp(light: Light, primaries: str = "bt709") -> Light:
    """ITU-R BT.2100 ICtCp (PQ), white at 203 nits."""
    nits = np.maximum(light @ colour.rgb_to_rgb(primaries, "bt2020").T, 0) * DIFFUSE_WHITE_NITS
    return colour.nits_to_pq(nits @ LMS.T) @ ICTCP.T


def delta_e_itp(light: Light, truth: Light, primaries: str = "bt709") -> float:
    """Mean dE_ITP (ITU-R BT.2124); 1 is just noticeable."""
    step = (ictcp(light, primaries) - ictcp(truth, primaries)) * np.array([1, 0.5, 1])
    return float(720 * np.sqrt(np.square(step).sum(-1)).mean())


def hue_shift_degrees(light: Light, base: Light, primaries: str = "bt709") -> float:
    """Median turn of the ICtCp hue from the SDR base to its HDR rendition, below white and where there is colour."""
    before, after = ictcp(base, primaries), ictcp(light, primaries)
    coloured = np.minimum(np.hypot(before[..., 1], before[..., 2]), np.hypot(after[..., 1], after[..., 2])) > CHROMA
    chosen = coloured & (light.max(-1) <= 1)
    if not chosen.any():
        return 0.0
    turn = np.arctan2(before[..., 2], before[..., 1]) - np.arctan2(after[..., 2], after[..., 1])
    return float(np.degrees(np.median(np.abs((turn[chosen] + np.pi) % (2 * np.pi) - np.pi))))


def black_lift_nits(light: Light, base: Light) -> float:
    """Median light added to pixels that show less than 0.5 nit in SDR, nits; 0 where there are none."""
    dark = base.max(-1) * DIFFUSE_WHITE_NITS < 0.5
    if not dark.any():
        return 0.0
    return float(np.median((light - base).mean(-1)[dark]) * DIFFUSE_WHITE_NITS)
