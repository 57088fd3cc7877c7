"""Snow, salt, sand and mist that fill a picture with near-white and are no pages; and grey skies, no light either."""

from __future__ import annotations

import numpy as np

from .... import colour
from .canvas import Drawing, PhotoSource, Plane, Random, fractal, noise, resized

SIDE = 320


def bright_ground(random: Random, photos: PhotoSource) -> Drawing:
    """Shaded ground up to a horizon, sky above it; the sunlit parts gain most, glints more, the sky a little."""
    y, _x = np.mgrid[:SIDE, :SIDE].astype(np.float32) / SIDE
    horizon = random.uniform(-0.2, 0.6) + 0.04 * noise(random, SIDE, SIDE, 4)[:1]
    far = np.clip((y - horizon) / np.maximum(1 - horizon, 0.2), 0, 1)
    ground, sun = _ground(random, far)
    sky = _sky(random, y)
    below = (y > horizon)[..., None]
    light = _things(random, np.where(below, ground, sky))
    top = random.uniform(0.25, 0.95)
    level = light.max(-1)
    gain = top * np.clip((level - 0.25) / 0.7, 0, 1) ** random.uniform(1.2, 2.2)
    gain = np.where(below[..., 0], gain, gain * random.uniform(0.3, 0.9))
    gain = gain + random.uniform(0.5, 1.6) * sun * below[..., 0]
    encoded = colour.linear_to_srgb(np.clip(light + sun[..., None] * below, 0, 1)).astype(np.float32)
    return Drawing(encoded, gain.astype(np.float32)[..., None].repeat(3, -1))


def high_key(random: Random, photos: PhotoSource) -> Drawing:
    """A photograph whose tones are moved up and whose colours fade, as snow, sand or mist make it: texture of things
    that a camera saw, most of them near white. What is brightest gains 0.2 to 1 stop."""
    shown = resized(photos(random), SIDE, SIDE).encoded
    grey = shown.max(-1)
    order = np.argsort(np.argsort(grey.ravel())).reshape(grey.shape).astype(np.float32) / grey.size
    place = (1 - order) if random.random() < 0.5 else order
    dark, low, high = random.uniform(0.02, 0.3), random.uniform(0.4, 0.75), random.uniform(0.82, 1.0)
    level = low + (high - low) * np.clip((place - dark) / (1 - dark), 0, 1) ** random.uniform(0.4, 1.2)
    level = np.where(place < dark, low * (place / dark) ** random.uniform(0.4, 1.5), level)
    tint = np.array(TONES[int(random.integers(len(TONES)))]) ** random.uniform(0.2, 1.0)
    hue = (shown + 0.02) / (grey[..., None] + 0.02)
    made = level[..., None] * (1 + random.uniform(0, 0.6) * (hue - 1)) * tint / max(tint)
    gain = random.uniform(0.3, 1.0) * np.clip((level - 0.4) / 0.55, 0, 1) ** random.uniform(1, 2.5)
    return Drawing(np.clip(made, 0, 1).astype(np.float32), gain.astype(np.float32)[..., None].repeat(3, -1))


def overcast(random: Random, photos: PhotoSource) -> Drawing:
    """A photograph under a grey or white sky without a sun: neither the sky nor what it lights is above white."""
    photo = resized(photos(random), SIDE, SIDE)
    y, _x = np.mgrid[:SIDE, :SIDE].astype(np.float32) / SIDE
    skyline = random.uniform(0.2, 0.7) + random.uniform(0, 0.06) * noise(random, SIDE, SIDE, random.uniform(2, 20))[:1]
    skyline = skyline - random.uniform(0, 0.3) * (photo.encoded.max(-1) - 0.5)
    open_ = 1 / (1 + np.exp(np.clip((y - skyline) * random.uniform(60, 400), -40, 40)))[..., None]
    sky = random.uniform(0.6, 0.99) * (1 + random.uniform(0.005, 0.06) * fractal(random, SIDE, SIDE, 3, 4))
    sky = sky * (1 + random.uniform(-0.15, 0.1) * (y - 0.3))
    tinted = np.clip(sky, 0, 1)[..., None] * np.clip(1 + random.normal(0, 0.015, 3), 0.95, 1)
    if random.random() < 0.4:  # a thin haze: pale blue above, white below
        blue = np.array([0.62, 0.8, 0.97]) ** random.uniform(0.2, 1.0)
        pale = np.clip(y / random.uniform(0.3, 0.9), 0, 1)[..., None]
        tinted = tinted * (blue + (1 - blue) * pale)
    below = np.minimum(photo.encoded, 0.98) * random.uniform(0.5, 1.0)
    encoded = np.clip(tinted * open_ + below * (1 - open_), 0, 1).astype(np.float32)
    return Drawing(encoded, np.zeros_like(encoded))


TONES = ((1.0, 1.0, 1.0), (0.93, 0.97, 1.0), (0.86, 0.94, 1.0), (1.0, 0.96, 0.88), (1.0, 0.92, 0.8))
"""Of what is near white in a photograph, encoded: cloudless shade is blue, sand is warm."""


def _ground(random: Random, far: Plane) -> tuple[Plane, Plane]:
    """Linear light and glints 0..1: waves, drifts or crust in a low or a flat light."""
    relief = [fractal(random, SIDE, SIDE, c, 5, random.uniform(0.3, 0.75)) for c in (random.uniform(1, 4), 9)]
    slopes = relief[0] * random.uniform(0.0, 0.2) + relief[1] * random.uniform(0.0, 0.12)
    if random.random() < 0.5:
        slopes = slopes + random.uniform(0.03, 0.25) * _dunes(random, far)
    tones = ((1.0, 1.0, 1.03), (0.97, 0.98, 1.0), (1.0, 0.93, 0.78), (1.0, 0.86, 0.66))
    tone = np.array(tones[int(random.integers(4))]) * np.exp(random.normal(0, 0.03, 3))
    level = random.uniform(0.55, 0.95) * np.clip(1 + slopes, 0.2, 1.3)
    shadow = 1 - random.uniform(0, 0.6) * np.clip(noise(random, SIDE, SIDE, random.uniform(1, 5)) - 0.3, 0, 1)
    blue = np.array([0.85, 0.93, 1.08]) ** (1 - shadow)[..., None]
    glints = (random.random((SIDE, SIDE)) < random.uniform(0, 0.004)) * random.uniform(0.3, 1)
    return (level * shadow)[..., None] * tone * blue, glints.astype(np.float32)


def _dunes(random: Random, far: Plane) -> Plane:
    """Drifts or dunes, closer together in the distance: a long sunny slope, a short shaded one."""
    x = np.linspace(0, 1, SIDE, dtype=np.float32)[None]
    phase = random.uniform(3, 14) * np.log(far + 0.08) + random.uniform(-3, 3) * x + noise(random, SIDE, SIDE, 3)
    part = phase % 1.0
    return np.where(part < 0.75, part / 0.75 - 0.5, (1 - part) / 0.25 - 0.5)


def _things(random: Random, light: Plane) -> Plane:
    """Trees, rocks, people: dark and upright, at times none."""
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32) / SIDE
    made = light
    for _ in range(int(random.integers(0, 9))):
        tall, foot = random.uniform(0.02, 0.35), random.uniform(0.3, 1.0)
        wide = tall * random.uniform(0.15, 0.5)
        at = random.uniform(0, 1) + 0.02 * noise(random, SIDE, SIDE, 20)
        up = (foot - y) / tall
        inside = (np.abs(x - at) < wide * (1 - up)) & (up > 0) & (up < 1)
        made = np.where(inside[..., None], random.uniform(0.005, 0.15) * np.exp(random.normal(0, 0.3, 3)), made)
    return made


def _sky(random: Random, y: Plane) -> Plane:
    """Overcast, or a blue that pales towards the horizon."""
    if random.random() < 0.4:
        return (
            np.full((SIDE, SIDE, 3), random.uniform(0.4, 0.85)) * (1 + 0.05 * noise(random, SIDE, SIDE, 3))[..., None]
        )
    deep = np.array([0.08, 0.22, 0.6]) * random.uniform(0.6, 1.4)
    pale = np.array([0.55, 0.68, 0.85]) * random.uniform(0.8, 1.1)
    part = np.clip(y / 0.6, 0, 1)[..., None]
    return deep + (pale - deep) * part
