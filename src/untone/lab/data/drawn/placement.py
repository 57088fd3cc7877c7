"""A flat thing in front of a camera: seen askew, on a desk or in a hand, in uneven, warm or dim light."""

from __future__ import annotations

import numpy as np
from PIL import Image as Pil

from .... import colour
from .canvas import Drawing, PhotoSource, Plane, Random, fractal, lit, noise, resized

SIDE = 512


def photographed(flat: Drawing, random: Random, photos: PhotoSource) -> Drawing:
    """The flat thing as a photo of it: filling the frame in a third of cases, else lying somewhere."""
    if random.random() < 0.35:
        return lit(resized(flat, SIDE, SIDE), light_field(random, float(flat.encoded.max())))
    ground = _ground(random, photos)
    corners = _corners(random)
    page, inside = _warped(flat, corners)
    shadow = 1 - random.uniform(0.2, 0.7) * _soft(np.roll(inside, random.integers(-14, 15, 2), (0, 1)), 8)
    behind = lit(ground, shadow[..., None])
    encoded = page.encoded * inside[..., None] + behind.encoded * (1 - inside[..., None])
    gain = page.gain_stops * inside[..., None] + behind.gain_stops * (1 - inside[..., None])
    return lit(Drawing(encoded, gain), light_field(random, float(flat.encoded.max())))


def light_field(random: Random, white: float) -> Plane:
    """Linear light [h, w, 3] that falls on the scene: a slope, a fall-off, soft shadows, a tint; white is 150..255."""
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32) / SIDE - 0.5
    angle, slope = random.uniform(0, 2 * np.pi), random.uniform(0, 1.6)
    stops = slope * (x * np.cos(angle) + y * np.sin(angle))
    centre = random.uniform(-0.6, 0.6, 2)
    stops = stops - random.uniform(0, 1.5) * ((x - centre[0]) ** 2 + (y - centre[1]) ** 2)
    if random.random() < 0.5:
        stops = stops + random.uniform(0.05, 0.35) * noise(random, SIDE, SIDE, random.uniform(1, 4))
    if random.random() < 0.3:
        edge = x * np.cos(angle + 1) + y * np.sin(angle + 1) + random.uniform(-0.3, 0.3)
        stops = stops - random.uniform(0.3, 1.3) / (1 + np.exp(np.clip(-edge * random.uniform(10, 80), -50, 50)))
    stops = stops - np.percentile(stops, 99.5)
    most = colour.srgb_to_linear(np.array(random.uniform(0.58, 1.03))) / max(
        float(colour.srgb_to_linear(np.array(white))), 0.05
    )
    warm = random.uniform(-0.25, 0.9) if random.random() < 0.7 else 0.0
    tint = np.exp2(np.array([0.0, -0.35, -1.1]) * max(warm, 0) + np.array([-0.5, -0.1, 0.0]) * max(-warm, 0))
    return (np.exp2(stops)[..., None] * min(float(most), 1.2) * tint).astype(np.float32)


def _ground(random: Random, photos: PhotoSource) -> Drawing:
    """A desk of wood, cloth or stone; a hand's or a room's blur; a dark hall."""
    kind = random.random()
    if kind < 0.25:
        blurred = resized(resized(photos(random), 24, 24), SIDE, SIDE)
        return Drawing(blurred.encoded * np.float32(random.uniform(0.4, 0.9)), 0 * blurred.gain_stops)
    tones = [
        (0.55, 0.38, 0.25),
        (0.35, 0.22, 0.14),
        (0.75, 0.62, 0.48),
        (0.5, 0.5, 0.5),
        (0.85, 0.84, 0.82),
        (0.1, 0.1, 0.11),
        (0.8, 0.6, 0.5),
    ]
    tone = np.array(tones[int(random.integers(len(tones)))]) * random.uniform(0.7, 1.1)
    grain = fractal(random, SIDE, SIDE, random.uniform(2, 6))
    if random.random() < 0.6:
        stripes = noise(random, SIDE, 8, 1)[:, :1] + noise(random, 8, SIDE, random.uniform(20, 90))[:1]
        grain = 0.5 * grain + stripes
    encoded = np.clip(tone * (1 + random.uniform(0.02, 0.15) * grain[..., None]), 0, 1).astype(np.float32)
    return Drawing(encoded, np.zeros_like(encoded))


def _corners(random: Random) -> Plane:
    """Of the thing in the frame, [4, 2] in pixels: upper left, lower left, lower right, upper right."""
    half = random.uniform(0.28, 0.62, 2)
    angle = random.normal(0, 0.25) if random.random() < 0.8 else random.uniform(0, 2 * np.pi)
    square = np.array([[-1, -1], [-1, 1], [1, 1], [1, -1]]) * half
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    askew = square @ turn.T + random.normal(0, 0.05, (4, 2)) + 0.5 + random.normal(0, 0.1, 2)
    return askew * SIDE


def _warped(flat: Drawing, corners: Plane) -> tuple[Drawing, Plane]:
    """The flat thing brought to four corners, and where it covers, 0..1."""
    height, width = flat.encoded.shape[:2]
    source = np.array([[0, 0], [0, height], [width, height], [width, 0]], float)
    rows = []
    for (x, y), (u, v) in zip(corners, source, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
    matrix = np.linalg.lstsq(np.array(rows), source.reshape(-1), rcond=None)[0]
    how = (SIDE, SIDE), Pil.Transform.PERSPECTIVE, matrix.tolist(), Pil.Resampling.BILINEAR
    planes = np.concatenate([flat.encoded, flat.gain_stops, np.ones((height, width, 1), np.float32)], -1)
    made = [np.asarray(Pil.fromarray(np.ascontiguousarray(planes[..., k])).transform(*how)) for k in range(7)]
    return Drawing(np.stack(made[:3], -1), np.stack(made[3:6], -1)), made[6]


def _soft(plane: Plane, factor: int) -> Plane:
    small = Pil.fromarray(np.ascontiguousarray(plane)).resize((SIDE // factor, SIDE // factor), Pil.Resampling.BOX)
    return np.asarray(small.resize((SIDE, SIDE), Pil.Resampling.BICUBIC))
