"""The tone mappers that the pairs of Gain-MLP's experiment are made with: one of each kind of Ou et al. 2022, whole.

A logarithm (Drago), an exposure (the photoreceptor of Reinhard and Devlin), a histogram (Larson); beside them two local
operators with a camera's shoulder. HDR light is [H, W, 3], linear, BT.709; display light is 0..1.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ... import colour
from ..data.tonemapping import curves, operators
from ..data.tonemapping.application import Light, bounded, log_luminance
from ..data.tonemapping.literature import drago, histogram_adjusted, photoreceptor

LOCAL_START, LOCAL_STRENGTH, LOCAL_RADIUS = -2.4, 0.65, 0.06
"""Middle of what training pairs are drawn from: where compression begins, how strong, share of the shorter side."""


def local(light: Light, operator: str) -> Light:
    """A local operator of operators.LOCAL, the brightest light to white by a camera's shoulder."""
    stops = log_luminance(light)
    radius = max(1, int(LOCAL_RADIUS * min(stops.shape)))
    mapped = operators.LOCAL[operator](stops, LOCAL_START, LOCAL_STRENGTH, radius)
    top = max(float(np.percentile(mapped, 99.8)), 0.0)
    shown = curves.knee(np.exp2(mapped), 2.0**top)
    return bounded(light * (shown / np.exp2(stops))[..., None], 1.0)


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
