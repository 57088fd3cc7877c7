"""Inverse tone mapping without learning, with published constants. Light is 1.0 = SDR white = 203 nits.

All of them aim at an absolute display, here of 1000 nits: SDR white becomes its peak, whatever the picture shows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .... import colour
from ....image import DIFFUSE_WHITE_NITS

Light = NDArray[Any]

PEAK_NITS = 1000.0
"""Of the display they expand for; BT.2446 method A knows no other."""

BT2020_LUMA = np.array([0.2627, 0.6780, 0.0593])
BT2446_KNEE = 70.0
BT2446_DARK = (1.8712e-5, -2.7334e-3, 1.3141)
BT2446_BRIGHT = (2.8305e-6, -7.4622e-4, 1.2528)
BT2446_CHROMA = 1.075
"""Report ITU-R BT.2446-1, section 4.2, table 4: exponents as quadratics of luma 0..255, and the colour scaling."""

MASIA_SLOPE, MASIA_SHIFT = 10.44, -6.282
"""Masia et al., SIGGRAPH Asia 2009, equation 2: gamma = slope * key + shift."""

LEAST_GAMMA = 1.0
"""Dark keys give gammas below 0.4, and below 0: light would be inverted. The published fit covers gammas of 1 to 4."""

LEAST_LUMINANCE = 1e-3


def bt2446a(light: Light, primaries: str = "bt709") -> Light:
    """Inverse of BT.2446 method A, as the report defines it: SDR display light [..., 3] to HDR for 1000 nits."""
    encoded = np.clip(light @ colour.rgb_to_rgb(primaries, "bt2020").T, 0, 1) ** (1 / 2.4)
    luma = encoded @ BT2020_LUMA
    full = 255 * luma
    exponent = np.where(full <= BT2446_KNEE, np.polyval(BT2446_DARK, full), np.polyval(BT2446_BRIGHT, full))
    expanded = full**exponent
    scale = BT2446_CHROMA * expanded / np.maximum(luma, 1e-9)
    blue, red = (encoded[..., 2] - luma) / 1.8814 * scale, (encoded[..., 0] - luma) / 1.4746 * scale
    green = expanded - 0.16455 * blue - 0.57135 * red
    codes = np.stack([expanded + 1.4746 * red, green, expanded + 1.8814 * blue], -1)
    nits = PEAK_NITS * (np.clip(codes, 0, 1000) / 1000) ** 2.4
    return nits @ colour.rgb_to_rgb("bt2020", primaries).T / DIFFUSE_WHITE_NITS


def linear_expansion(light: Light, primaries: str = "bt709") -> Light:
    """Akyuz et al., SIGGRAPH 2007, equation 1 with gamma 1: luminance stretched to the display's whole range."""
    luminance = _luminance(light, primaries)
    low, high = float(luminance.min()), float(luminance.max())
    return _rescaled(light, luminance, (luminance - low) / max(high - low, LEAST_LUMINANCE))


def gamma_expansion(light: Light, primaries: str = "bt709") -> Light:
    """Masia et al., SIGGRAPH Asia 2009: luminance to the power of a gamma that follows the picture's key."""
    luminance = _luminance(light, primaries)
    return _rescaled(light, luminance, np.clip(luminance, 0, 1) ** masia_gamma(luminance))


def masia_gamma(luminance: Light) -> float:
    """The exponent for a picture of this luminance: 10.44 key - 6.282, at least LEAST_GAMMA.

    key = (log mean - log least) / (log most - log least), of 1st and 99th percentiles (Akyuz and Reinhard 2008).
    """
    logs = np.log(np.maximum(luminance, LEAST_LUMINANCE))
    low, high = np.percentile(logs, [1, 99])
    key = (float(logs.mean()) - low) / max(high - low, 1e-6)
    return max(MASIA_SLOPE * float(np.clip(key, 0, 1)) + MASIA_SHIFT, LEAST_GAMMA)


def _luminance(light: Light, primaries: str) -> Light:
    return np.maximum(light @ colour.luminance_weights(primaries), 0)


def _rescaled(light: Light, luminance: Light, share: Light) -> Light:
    """Light whose luminance is `share` of the display's peak, its colour kept."""
    ratio = share * (PEAK_NITS / DIFFUSE_WHITE_NITS) / np.maximum(luminance, 1e-9)
    return light * ratio[..., None]
