"""The sun in the frame and its glints on water: brightest of all that a photograph shows, and small."""

from __future__ import annotations

import numpy as np

from .... import colour
from .canvas import Drawing, PhotoSource, Plane, Random, noise, resized
from .lights import SIDE, disc, exposed, halo, white


def sun(random: Random, photos: PhotoSource) -> Drawing:
    """A sun over a photograph, low and golden or high and white, in haze, at times behind what is dark in it."""
    light = colour.srgb_to_linear(resized(photos(random), SIDE, SIDE).encoded) * random.uniform(0.1, 0.8)
    centre = random.uniform(0.1, 0.9), random.uniform(0.05, 0.6)
    tone = white(random) ** random.uniform(0.5, 1.5)
    ball = random.uniform(6, 16) * disc(random, np.exp(random.uniform(np.log(0.012), np.log(0.06))), centre)
    haze = halo(random.uniform(0.2, 1.6), random, random.uniform(0.05, 0.4), centre)
    near = halo(random.uniform(0, 3), random, random.uniform(0.02, 0.06), centre)
    extra = (ball + haze + near * _rays(random, centre))[..., None] * tone
    if random.random() < 0.4:
        hidden = light.max(-1, keepdims=True) < np.percentile(light.max(-1), random.uniform(5, 40))
        extra = np.where(hidden, extra * random.uniform(0.0, 0.1), extra)
    return exposed(light.astype(np.float32), extra.astype(np.float32), random)


def _rays(random: Random, centre: tuple[float, float]) -> Plane:
    """A star of a few points around the sun, or none: 0..1, [h, w]."""
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32) / SIDE
    angle = np.arctan2(y - centre[1], x - centre[0])
    points, sharp = int(random.integers(3, 10)), random.uniform(0, 8)
    return np.abs(np.cos(points * angle + random.uniform(0, np.pi))) ** sharp


def glitter(random: Random, photos: PhotoSource) -> Drawing:
    """A low sun or none in the frame, and its glints on water, fine or in flat specks."""
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32) / SIDE
    horizon, centre = random.uniform(0.3, 0.6), random.uniform(0.2, 0.8)
    tone = white(random)
    near = np.exp(-(((x - centre) / random.uniform(0.05, 0.3)) ** 2))
    waves = _waves(random)
    steep = random.choice([1, 1, 20])  # 20: flat specks with an edge, as midday sun makes them
    glints = np.clip((waves - random.uniform(0.8, 1.8) + 0.8 * (near - 0.5) * (steep > 1)) * steep, 0, 1)
    glints = glints * (near if steep == 1 else near > random.uniform(0.02, 0.3)) * (y > horizon)
    sun = disc(random, random.uniform(0.02, 0.05), (centre, horizon - random.uniform(0.02, 0.25)))
    shown = random.random() < 0.5
    extra = (random.uniform(5, 14) * glints + random.uniform(6, 14) * sun * shown)[..., None] * tone
    extra = extra + halo(random.uniform(0.1, 0.5), random, 0.25, (centre, horizon - 0.1))[..., None] * tone
    sky = (
        np.array([0.25, 0.3, 0.45]) * random.uniform(0.2, 1.6)
        + np.array([0.3, 0.1, -0.1]) * np.exp(-(((y - horizon) / 0.15) ** 2))[..., None]
    )
    water = np.array([0.05, 0.08, 0.12]) * random.uniform(0.5, 4) * (1 + 0.2 * waves[..., None])
    base = np.clip(np.where((y > horizon)[..., None], water, sky), 0.002, 0.8)
    return exposed(base.astype(np.float32), extra.astype(np.float32), random)


def _waves(random: Random) -> Plane:
    """Ripples, up to six times as wide as high."""
    flat = int(random.choice([1, 2, 4, 6]))
    fine, coarse = noise(random, SIDE, SIDE // flat + 1, 70 / flat), noise(random, SIDE, SIDE // flat + 1, 25 / flat)
    return np.repeat(fine + 0.7 * coarse, flat, 1)[:, :SIDE]
