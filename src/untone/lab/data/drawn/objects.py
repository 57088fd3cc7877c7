"""Diffuse things: products on white, still lifes, faces, flowers, paintings. Only small highlights gain."""

from __future__ import annotations

import numpy as np
from PIL import Image as Pil
from PIL import ImageFilter

from .... import colour
from .canvas import Drawing, PhotoSource, Plane, Random, fractal, noise, resized, vivid

SIDE = 320
SKINS = ((0.62, 0.38, 0.27), (0.48, 0.27, 0.17), (0.25, 0.13, 0.08), (0.72, 0.5, 0.38))


def still_life(random: Random, photos: PhotoSource) -> Drawing:
    """Balls, jars and boxes of soft or strong colours on a table, under one soft light; glints gain."""
    light = _backdrop(random, random.uniform(0.1, 0.7))
    return _arranged(light, random, int(random.integers(2, 9)), lambda: _albedo(random))


def portrait(random: Random, photos: PhotoSource) -> Drawing:
    """One large rounded form of a skin's colour before a wall or a blur; barely a glint."""
    light = _backdrop(random, random.uniform(0.05, 0.6))
    skin = np.array(SKINS[int(random.integers(len(SKINS)))]) * random.uniform(0.8, 1.3)
    return _arranged(light, random, 2, lambda: skin * random.uniform(0.9, 1.1), large=True)


def product(random: Random, photos: PhotoSource) -> Drawing:
    """Something on a white ground that is clipped or nearly so, with a soft shadow: the white is paper, not light."""
    light = np.full((SIDE, SIDE, 3), random.uniform(0.85, 1.0), np.float32)
    light = light * (1 - random.uniform(0, 0.12) * np.linspace(0, 1, SIDE, dtype=np.float32)[:, None, None])
    return _arranged(light, random, int(random.integers(1, 4)), lambda: _albedo(random), glints=0.5)


def flower(random: Random, photos: PhotoSource) -> Drawing:
    """Blossoms of strong or pale colours before a blur of leaves: coloured, bright and no light."""
    photo = Pil.fromarray((resized(photos(random), SIDE, SIDE).encoded * 255).astype(np.uint8))
    blur = np.asarray(photo.filter(ImageFilter.GaussianBlur(random.uniform(4, 25))), np.float32) / 255
    encoded = blur * np.array([0.75, 1.0, 0.7]) ** random.uniform(0, 2) * random.uniform(0.3, 0.9)
    for _ in range(int(random.choice([1, 1, 2, 3, 6]))):
        encoded = _blossom(random, encoded)
    return _plain(np.clip(encoded, 0, 1))


def _blossom(random: Random, below: Plane) -> Plane:
    """Rings of petals, each lighter at its rim, over encoded [h, w, 3]."""
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32) / SIDE
    reach, at = random.uniform(0.08, 0.4), random.uniform(0.2, 0.8, 2)
    far, angle = np.hypot(x - at[0], y - at[1]) / reach, np.arctan2(y - at[1], x - at[0])
    hue = np.array(vivid(random), np.float32) / 255
    tint, petals, made = 1 - (1 - hue) * random.uniform(0.2, 1.1), int(random.integers(5, 24)), below
    for ring in np.linspace(1, 0.15, int(random.integers(1, 7))):
        rim = ring * (0.82 + 0.18 * np.abs(np.cos(petals / 2 * angle + random.uniform(0, np.pi))))
        level = (0.45 + 0.5 * np.clip(far / rim, 0, 1) ** random.uniform(0.5, 2)) * random.uniform(0.8, 1.1)
        made = np.where((far < rim)[..., None], np.clip(tint * level[..., None], 0, 0.98), made)
    return made


def painting(random: Random, photos: PhotoSource) -> Drawing:
    """Strokes over a photograph's colours, on canvas: reflective, whatever it shows."""
    photo = photos(random)
    codes = _stroked(random, (photo.encoded * 255).astype(np.uint8))
    strokes = Pil.fromarray(codes).filter(ImageFilter.ModeFilter(int(random.choice([3, 5, 9, 13]))))
    encoded = np.asarray(strokes.resize((SIDE, SIDE), Pil.Resampling.BICUBIC), np.float32) / 255
    low, high = random.uniform(0.02, 0.15), random.uniform(0.75, 1.0)
    canvas = 1 + random.uniform(0, 0.03) * fractal(random, SIDE, SIDE, 60)[..., None]
    grey = encoded.mean(-1, keepdims=True)
    toned = (grey + (encoded - grey) * random.uniform(0.6, 1.4)) * canvas * (high - low) + low
    return _plain(np.clip(toned, 0, 1))


def _stroked(random: Random, codes: Plane) -> Plane:
    """Colours carried along by a brush: each pixel takes that of a place a little way off, the same for a stroke."""
    height, width = codes.shape[:2]
    cells, reach = random.uniform(20, 90), random.uniform(1, 7)
    y, x = np.mgrid[:height, :width]
    rows = np.clip(y + reach * noise(random, height, width, cells), 0, height - 1).astype(int)
    columns = np.clip(x + reach * noise(random, height, width, cells), 0, width - 1).astype(int)
    return codes[rows, columns]


def _plain(encoded: Plane) -> Drawing:
    made = encoded.astype(np.float32)
    return Drawing(made, np.zeros_like(made))


def _albedo(random: Random) -> Plane:
    """Any diffuse colour, linear."""
    base = random.uniform(0.03, 0.8)
    return np.clip(base * np.exp(random.normal(0, random.choice([0.1, 0.5, 1.2]), 3)), 0.01, 0.92)


def _backdrop(random: Random, level: float) -> Plane:
    """A wall and a table, unevenly lit, linear [h, w, 3]."""
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32) / SIDE
    wall = level * np.exp2(random.uniform(-1, 1) * (x - 0.5) + random.uniform(-1, 1) * (y - 0.5))
    wall = wall * (1 + 0.15 * noise(random, SIDE, SIDE, 3))
    table = np.where(y > random.uniform(0.5, 0.95), random.uniform(0.4, 1.5), 1.0)
    return (np.clip(wall * table, 0.004, 0.95)[..., None] * np.exp(random.normal(0, 0.15, 3))).astype(np.float32)


def _arranged(
    light: Plane, random: Random, count: int, albedo: object, large: bool = False, glints: float = 0.8
) -> Drawing:
    """Ellipsoids shaded by one soft light over a backdrop; the gain is that of their glints, nothing else."""
    assert callable(albedo)
    gain = np.zeros((SIDE, SIDE), np.float32)
    towards = np.array([random.uniform(-0.8, 0.8), random.uniform(-0.9, 0.1), 0.7])
    towards = towards / np.linalg.norm(towards)
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32) / SIDE
    for _k in range(count):
        reach = random.uniform(0.2, 0.42, 2) if large else random.uniform(0.05, 0.25, 2)
        centre = random.uniform(0.3, 0.7, 2) if large else random.uniform(0.1, 0.9, 2)
        u, v = (x - centre[0]) / reach[0], (y - centre[1]) / reach[1]
        inside = u * u + v * v < 1
        depth = np.sqrt(np.clip(1 - u * u - v * v, 0, 1))
        facing = np.clip(u * towards[0] + v * towards[1] + depth * towards[2], 0, 1)
        tone = np.clip(albedo() * random.uniform(0.5, 1.1), 0, 0.95)
        shaded = (0.15 + 0.85 * facing)[..., None] * tone
        light = np.where(inside[..., None], shaded, light)
        gain = np.where(inside, 0, gain)
        if random.random() < glints and not large:
            shine = inside * facing ** random.uniform(80, 600) * random.uniform(0.3, 1.5)
            light = light + shine[..., None]
            gain = np.maximum(gain, random.uniform(0.8, 2.2) * np.clip(shine - 0.2, 0, 1))
    encoded = colour.linear_to_srgb(np.clip(light, 0, 1)).astype(np.float32)
    return Drawing(encoded, np.clip(gain, 0, 3)[..., None].repeat(3, -1))
