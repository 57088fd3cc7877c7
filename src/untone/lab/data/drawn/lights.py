"""Lamps, neon, fire, night windows in a picture that is not bright itself: they must shine.

Light is added to the scene, and the SDR rendition clips it channel by channel, as cameras do; the gain leads back.
"""

from __future__ import annotations

import numpy as np
from PIL import Image as Pil
from PIL import ImageDraw, ImageFilter

from .... import colour
from .canvas import Drawing, PhotoSource, Plane, Random, font, fractal, noise, resized, word

SIDE = 320
OFFSET = 1 / 64
WHITES = ((1.0, 0.72, 0.42), (1.0, 0.85, 0.65), (1.0, 1.0, 1.0), (0.85, 0.93, 1.0))
NEONS = ((1.0, 0.08, 0.1), (0.1, 0.3, 1.0), (0.1, 1.0, 0.3), (1.0, 0.1, 0.8), (0.2, 0.9, 1.0), (1.0, 0.5, 0.05))


def lamps(random: Random, photos: PhotoSource) -> Drawing:
    """A few lamps with their halo on wall or ceiling, which stays a stop or more below them."""
    extra = np.zeros((SIDE, SIDE, 3), np.float32)
    for _ in range(int(random.integers(1, 7))):
        tone, power = white(random), random.uniform(4.5, 11)
        reach, centre = random.uniform(0.008, 0.07), (random.uniform(0.05, 0.95), random.uniform(0.05, 0.95))
        extra += power * disc(random, reach, centre)[..., None] * tone
        extra += halo(random.uniform(0.05, 0.6), random, reach * random.uniform(3, 6), centre)[..., None] * tone
    return exposed(dim(random, photos), extra, random)


def neon(random: Random, photos: PhotoSource) -> Drawing:
    """Coloured tubes and signs: the core clips towards white in SDR, the colour is kept in HDR."""
    extra = np.zeros((SIDE, SIDE, 3), np.float32)
    for _ in range(int(random.integers(1, 5))):
        tone = np.array(NEONS[int(random.integers(len(NEONS)))]) + random.uniform(0, 0.12, 3)
        line = _sign(random) if random.random() < 0.5 else _tube(random)
        extra += np.exp(random.uniform(0.7, 2.2)) * line[..., None] * tone
        extra += random.uniform(0.1, 0.5) * _spread(line, 10)[..., None] * tone
    behind = _wall(random) if random.random() < 0.5 else dim(random, photos)
    return exposed(behind, extra, random)


def _wall(random: Random) -> Plane:
    """A dark wall behind signs, linear [h, w, 3]: flat, of bricks, boards or tiles, hardly any texture."""
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    high, long, joint = random.uniform(8, 40), random.uniform(0.5, 4), random.uniform(0, 0.7)
    course = y // high
    seams = (y % high < random.uniform(0.5, 2)) | (
        ((x + (course % 2) * high * long / 2) % (high * long) < 1) & (random.random() < 0.6)
    )
    level = np.exp(random.uniform(np.log(0.0015), np.log(0.05))) * (1 - joint * seams)
    mottled = 1 + random.uniform(0, 0.35) * fractal(random, SIDE, SIDE, random.uniform(4, 30), 4)
    return ((level * mottled)[..., None].clip(0.0005) * np.exp(random.normal(0, 0.12, 3))).astype(np.float32)


def fire(random: Random, photos: PhotoSource) -> Drawing:
    """Flames: orange to pale yellow, brightest inside."""
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32) / SIDE
    centre, wide, foot = random.uniform(0.25, 0.75), random.uniform(0.06, 0.25), random.uniform(0.6, 1.0)
    tall = random.uniform(0.2, 0.5)
    shape = 1 - np.abs(x - centre) / wide * (1 + 1.5 * np.clip(foot - y, 0, 1)) - np.clip(foot - y, 0, 2) / tall
    tongues = np.clip(shape + 0.35 * noise(random, SIDE, SIDE, 14) + 0.2 * noise(random, SIDE, SIDE, 5), 0, 1) * (
        y < foot
    )
    heat = tongues[..., None] ** np.array([0.7, 1.3, 3.0])
    extra = random.uniform(4.5, 9) * heat * np.array([1.0, 0.62, 0.25])
    extra = extra + _spread(tongues, 6)[..., None] * np.array([0.3, 0.12, 0.03])
    return exposed(dim(random, photos), extra.astype(np.float32), random)


def windows(random: Random, photos: PhotoSource) -> Drawing:
    """Facades at night, some windows lit, signs and street lamps below."""
    extra = np.zeros((SIDE, SIDE, 3), np.float32)
    for _ in range(int(random.integers(1, 5))):
        left, top = int(random.integers(0, SIDE - 50)), int(random.integers(0, SIDE - 80))
        columns, rows, step = int(random.integers(3, 14)), int(random.integers(3, 20)), int(random.integers(5, 32))
        for k in np.flatnonzero(random.random(columns * rows) < random.uniform(0.1, 0.6)):
            y, x = top + int(k) // columns * step, left + int(k) % columns * step
            pane = extra[y : y + step * 2 // 3, x : x + step * 2 // 3]
            pane[...] = white(random) * random.uniform(0.4, 7) * _curtain(random, *pane.shape[:2])
    for _ in range(int(random.integers(2, 14))):
        extra += random.uniform(4.5, 10) * disc(random, random.uniform(0.004, 0.02))[..., None] * white(random)
    return exposed(dim(random, photos, 0.25), extra, random)


def room(random: Random, photos: PhotoSource) -> Drawing:
    """A dim room with a window or a door to a bright day, behind bars, blinds or leaves."""
    outside = colour.srgb_to_linear(resized(photos(random), SIDE, SIDE).encoded)
    outside = outside / max(float(np.percentile(outside.max(-1), 80)), 0.02) * random.uniform(2, 8)
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32) / SIDE
    wide, tall = random.uniform(0.08, 0.45), random.uniform(0.1, 0.45)
    across, down = x - random.uniform(wide / 2, 1 - wide / 2), y - random.uniform(tall / 2, 1 - tall / 2)
    pane = (np.abs(across) < wide) & (np.abs(down) < tall)
    bars, thick = random.integers(0, 6, 2), random.uniform(0.02, 0.2)
    for position, count in ((across / wide, bars[0]), (down / tall, bars[1])):
        pane &= ((position + 1) * 0.5 * (count + 1) + thick / 2) % 1 > thick if count else pane
    if random.random() < 0.3:
        pane &= noise(random, SIDE, SIDE, random.uniform(5, 30)) < random.uniform(0.2, 1.2)
    glow = _spread(pane.astype(np.float32), 12)[..., None] * random.uniform(0, 0.02)
    inside = dim(random, photos, 0.25) * ~pane[..., None] + glow * outside.mean((0, 1))
    return exposed(inside.astype(np.float32), (outside * pane[..., None]).astype(np.float32), random)


def _curtain(random: Random, height: int, width: int) -> Plane:
    """How a lit pane is covered, [h, w, 1]: bars, a blind, a fall-off, or nothing."""
    y, x = np.mgrid[:height, :width]
    kind = random.integers(4)
    cover = (np.ones((height, width)), (x % 3 > 0) * 1.0, 0.4 + 0.6 * (y % 2), 1 - 0.7 * y / max(height, 1))[kind]
    return cover[..., None]


def dim(random: Random, photos: PhotoSource, most: float = 0.6) -> Plane:
    """Linear light of a scene without lights of its own: a photograph darkened, its gain left out, or a room."""
    if random.random() < 0.6:
        photo = photos(random)
        small = resized(photo, SIDE, SIDE).encoded
        return (colour.srgb_to_linear(small) * random.uniform(0.02, most)).astype(np.float32)
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32) / SIDE
    level = np.exp(random.uniform(np.log(0.002), np.log(most * 0.5))) * np.exp2(
        random.uniform(-1.5, 1.5) * (x - 0.5) + random.uniform(-1.5, 1.5) * (y - 0.5)
    )
    return (level * (1 + 0.2 * noise(random, SIDE, SIDE, 4)))[..., None].clip(0.001) * np.exp(
        random.normal(0, 0.2, 3)
    ).astype(np.float32)


def exposed(base: Plane, extra: Plane, random: Random) -> Drawing:
    """SDR by a shoulder for each channel that ends at white, HDR as it is; noise below, none in the gain."""
    light = base + extra
    knee = random.uniform(0.45, 0.8)
    over = np.maximum(light - knee, 0)
    room = 1 - knee
    reach = random.uniform(1.0, 3.0)
    shown = np.minimum(light, knee) + room * np.minimum(1, 1 - (1 - np.minimum(over / (room * reach * 2), 1)) ** 2)
    gain = np.log2((light + OFFSET) / (shown + OFFSET))
    encoded = colour.linear_to_srgb(np.clip(shown, 0, 1)).astype(np.float32)
    return Drawing(encoded, gain.astype(np.float32))


def white(random: Random) -> Plane:
    """A tone of light, from tungsten to daylight."""
    tone = np.array(WHITES[int(random.integers(len(WHITES)))])
    return (tone * np.exp(random.normal(0, 0.05, 3))).astype(np.float32)


def _distance(random: Random, centre: tuple[float, float] | None) -> Plane:
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32) / SIDE
    at = centre or (random.uniform(0.08, 0.92), random.uniform(0.08, 0.92))
    return np.hypot(x - at[0], (y - at[1]) * random.uniform(0.8, 1.2))


def disc(random: Random, reach: float, centre: tuple[float, float] | None = None) -> Plane:
    """A bulb with a soft edge."""
    return 1 / (1 + np.exp(np.clip((_distance(random, centre) - reach) / (0.12 * reach + 0.0008), -40, 40)))


def halo(most: float, random: Random, reach: float, centre: tuple[float, float] | None = None) -> Plane:
    """A glow that falls off around a centre, `most` at it."""
    return most / (1 + (_distance(random, centre) / reach) ** 2) ** 1.5


def _tube(random: Random) -> Plane:
    """A line of round section: a curve, a ring or a straight rod."""
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32) / SIDE
    thick, at = random.uniform(0.004, 0.03), random.uniform(0.2, 0.8, 2)
    if random.random() < 0.4:
        far = np.abs(np.hypot(x - at[0], y - at[1]) - random.uniform(0.05, 0.25))
    else:
        angle, bend = random.uniform(0, np.pi), random.uniform(-2, 2)
        u = (x - at[0]) * np.cos(angle) + (y - at[1]) * np.sin(angle)
        v = -(x - at[0]) * np.sin(angle) + (y - at[1]) * np.cos(angle)
        far = np.abs(v - bend * u * u) + np.maximum(np.abs(u) - random.uniform(0.1, 0.35), 0)
    return 1 / (1 + np.exp(np.clip((far - thick) / (0.3 * thick), -40, 40)))


def _sign(random: Random) -> Plane:
    """Words of tubes."""
    page = Pil.new("L", (SIDE, SIDE))
    size = int(random.integers(24, 90))
    place, stroke = random.uniform(0, 0.5, 2) * SIDE, int(random.integers(0, 5))
    pen = ImageDraw.Draw(page)
    for row in range(int(random.integers(1, 3))):
        at = float(place[0]), float(place[1]) + row * size
        inner = 0 if stroke > 1 and random.random() < 0.5 else 255  # the outline of letters only
        pen.text(at, word(random), font=font(size), fill=inner, stroke_width=stroke, stroke_fill=255)
    soft = page.filter(ImageFilter.GaussianBlur(random.uniform(0.3, 1.2)))
    return np.asarray(soft, np.float32) / 255


def _spread(plane: Plane, factor: int) -> Plane:
    """Blurred far and wide."""
    rows = plane.reshape(SIDE // 8, 8, SIDE // 8, 8).mean((1, 3))
    reach = np.exp(-(np.linspace(-3, 3, 2 * factor + 1) ** 2))
    for axis in (0, 1):
        rows = np.apply_along_axis(lambda line: np.convolve(line, reach / reach.max() * 0.5, "same"), axis, rows)
    small = Pil.fromarray(rows.astype(np.float32))
    return np.maximum(np.asarray(small.resize((SIDE, SIDE), Pil.Resampling.BICUBIC)), 0)
