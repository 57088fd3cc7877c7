"""The HDR rendition of a scene: exposed as a photographer would, wide ranges compressed, lights under a late shoulder.

1.0 is diffuse white, SDR white. What is diffuse stays below it but for a few percent of the pixels; lamps, sun, neon
and speculars go up to the peak, which follows how far they stand above the scene.
"""

from __future__ import annotations

import numpy as np

from ..tonemapping.application import Light, Plane, bounded, log_luminance
from ..tonemapping.operators import guided_base
from .style import Grade


def rendition(light: Light, random: np.random.Generator, grade: Grade) -> tuple[Light, dict[str, float]]:
    """The HDR rendition [n, n, 3] float32 of scene light, and the numbers that made it."""
    stops = log_luminance(light)
    moved, exposure = exposed(compressed(stops, random, grade), random, grade)
    top = float(np.percentile(moved, 99.9))
    per_stop, spread = grade.lights
    peak = float(np.clip(per_stop * top + random.normal(0, spread), *grade.peak_stops))
    rolled = shoulder(moved, top, peak)
    made = bounded(light * np.exp2(rolled - stops)[..., None], 2.0**peak)
    return made.astype(np.float32), {"exposure_stops": round(exposure, 3), "peak_stops": round(peak, 3)}


def compressed(stops: Plane, random: np.random.Generator, grade: Grade) -> Plane:
    """Log2 luminance whose base layer keeps `range_stops` and little of what is beyond."""
    base = guided_base(stops, max(2, int(len(stops) * random.uniform(0.04, 0.12))))
    low, high = np.percentile(base, [4, 98])
    squeeze = 1 - random.uniform(0.6, 0.9) * (1 - min(1, grade.range_stops / max(high - low, 1e-3)))
    moved: Plane = stops.mean() + (base - base.mean()) * np.float32(squeeze) + (stops - base)
    return moved


def exposed(stops: Plane, random: np.random.Generator, grade: Grade) -> tuple[Plane, float]:
    """Exposed for the middle, but for no more than a share of pixels above white; and by how many stops."""
    low, high = np.percentile(stops, [8, random.uniform(55, 70)])
    centre, spread = grade.low_key_stops if random.random() < grade.low_key_share else grade.key_stops
    by_key = random.normal(centre, spread) - float(np.clip(stops, low, high).mean())
    share = grade.bright_share[0] * np.exp(random.normal(0, grade.bright_share[1]))
    by_lights = -float(np.percentile(stops, 100 * (1 - min(share, 0.6))))
    exposure = min(by_key, by_lights)
    moved = stops + np.float32(exposure)
    return moved + np.minimum(moved + 3.5, 0) * np.float32(random.uniform(0.0, 0.3)), exposure


def shoulder(stops: Plane, top: float, peak: float) -> Plane:
    """Log2 light above white bent so that `top` becomes `peak`; below white as it is."""
    if top <= peak:
        return np.minimum(stops, np.float32(peak))
    over = np.maximum(stops, 0)
    return np.minimum(stops, 0) + np.minimum(over / (1 + over * np.float32(1 / peak - 1 / top)), np.float32(peak))
