"""Canvas of drawn pictures: encoded pixels and their gain, text, and a camera's noise and processing."""

from __future__ import annotations

import dataclasses
import functools
import io
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pil
from PIL import ImageDraw, ImageFont

from .... import colour

Plane = NDArray[Any]
Random = np.random.Generator


@dataclasses.dataclass(frozen=True, eq=False)
class Drawing:
    """encoded [h, w, 3] float32 sRGB in 0..1; gain_stops [h, w, 3] float32, offsets 1/64."""

    encoded: Plane
    gain_stops: Plane


PhotoSource = Callable[[Random], Drawing]
"""Gives a photograph with its gain, to be shown inside of a drawing."""

SYLLABLES = "an be co de en fa go hi in ka li mo ne or pe qua re so tu un va we xi yo za ther ing tion ment".split()  # noqa: SIM905


def word(random: Random) -> str:
    """A word of no language."""
    made = "".join(SYLLABLES[k] for k in random.integers(len(SYLLABLES), size=int(random.integers(1, 4))))
    return made.capitalize() if random.random() < 0.15 else made


@functools.cache
def font(size: int) -> Any:
    """Pillow's own face."""
    return ImageFont.load_default(size)


def blank(height: int, width: int, fill: Any) -> Pil.Image:
    """A page of one colour."""
    return Pil.new("RGB", (width, height), tuple(int(v) for v in fill))


def shade(random: Random, low: int, high: int, tint: int = 6) -> tuple[int, ...]:
    """A nearly grey colour of 8-bit codes in low..high."""
    level = int(random.integers(low, high + 1))
    return tuple(int(np.clip(level + random.integers(-tint, tint + 1), 0, 255)) for _ in range(3))


def vivid(random: Random) -> tuple[int, ...]:
    """Any colour, mostly a strong one."""
    codes = random.integers(0, 256, 3)
    codes[int(random.integers(3))] = random.integers(170, 256)
    return tuple(int(v) for v in codes)


Box = tuple[int, int, int, int]


def paragraph(pen: ImageDraw.ImageDraw, box: Box, random: Random, ink: Any, size: int) -> int:
    """Lines of words within a box (left, top, right, bottom); gives the row below the last."""
    left, top, right, bottom = box
    step, face, y = int(size * random.uniform(1.15, 1.6)) + 1, font(size), top
    lines = int(random.integers(1, 12))
    while y + size < bottom and lines:
        short = random.uniform(0.4, 1) if lines == 1 else 1
        letters = max(int((right - left) * short / (size * 0.52)), 1)
        text = ""
        while len(text) < letters:
            text += word(random) + " "
        pen.text((left, y), text[:letters], font=face, fill=ink)
        y, lines = y + step, lines - 1
    return y + step // 2


def of_image(page: Pil.Image) -> Drawing:
    """A drawing that is right as it is."""
    codes = np.asarray(page, np.float32) / 255
    return Drawing(codes, np.zeros_like(codes))


def pasted(below: Drawing, top: Drawing, box: Box) -> Drawing:
    """`top` brought to a box of `below`, gain included."""
    left, upper, right, lower = box
    encoded, gain = below.encoded.copy(), below.gain_stops.copy()
    small = resized(top, lower - upper, right - left)
    encoded[upper:lower, left:right], gain[upper:lower, left:right] = small.encoded, small.gain_stops
    return Drawing(encoded, gain)


def resized(drawing: Drawing, height: int, width: int) -> Drawing:
    """At another size, averaged over areas where it shrinks; gain to match."""
    planes = [drawing.encoded[..., k] for k in range(3)] + [drawing.gain_stops[..., k] for k in range(3)]
    method = Pil.Resampling.BILINEAR
    made = [np.asarray(Pil.fromarray(np.ascontiguousarray(p)).resize((width, height), method)) for p in planes]
    return Drawing(np.clip(np.stack(made[:3], -1), 0, 1), np.stack(made[3:], -1))


def lit(drawing: Drawing, field: Plane) -> Drawing:
    """Under light: linear light times field [h, w, 1 or 3], clipped at white; gain stays."""
    light = colour.srgb_to_linear(drawing.encoded) * field
    return Drawing(colour.linear_to_srgb(np.clip(light, 0, 1)).astype(np.float32), drawing.gain_stops)


def noise(random: Random, height: int, width: int, cells: float) -> Plane:
    """Smooth noise [h, w] of mean 0 and deviation about 1, with about `cells` bumps across."""
    rows, columns = max(int(cells * height / width), 1) + 2, max(int(cells), 1) + 2
    small = random.normal(0, 1, (rows, columns)).astype(np.float32)
    return np.asarray(Pil.fromarray(small).resize((width, height), Pil.Resampling.BICUBIC))


def fractal(random: Random, height: int, width: int, cells: float, octaves: int = 5, fall: float = 0.55) -> Plane:
    """Noise on several scales, [h, w], deviation about 1."""
    parts = [fall**k * noise(random, height, width, cells * 2**k) for k in range(octaves)]
    return sum(parts[1:], parts[0]) / sum(fall ** (2 * k) for k in range(octaves)) ** 0.5


def developed(drawing: Drawing, random: Random, side: int) -> tuple[NDArray[np.uint8], NDArray[np.float16]]:
    """As a file holds it: codes [side, side, 3] after blur, sensor noise and at times JPEG, and gain in stops."""
    small = resized(drawing, side, side)
    encoded = small.encoded + random.normal(0, random.choice([0, 0, 0.004, 0.012]), small.encoded.shape)
    codes = np.clip(encoded * 255 + 0.5, 0, 255).astype(np.uint8)
    if random.random() < 0.4:
        codes = jpeg(codes, int(random.integers(70, 97)))
    return np.ascontiguousarray(codes), small.gain_stops.astype(np.float16)


def jpeg(codes: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """A JPEG round trip."""
    buffer = io.BytesIO()
    Pil.fromarray(codes).save(buffer, "JPEG", quality=quality)
    return np.asarray(Pil.open(buffer))
