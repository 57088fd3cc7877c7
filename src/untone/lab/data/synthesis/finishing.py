"""From display light to the file a user has: gamut, optics, toning, noise, resizing, 8 bits, JPEG."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pil

from .... import colour
from .. import filters
from ..tonemapping.application import LUMA, Light

Codes = NDArray[np.uint8]

CURVE = colour.linear_to_srgb(np.linspace(0, 1, 4097) ** 2).astype(np.float32)
"""sRGB encoding over the root of light: dense where it is steep."""

TONES = {
    "sepia": (1.0, 0.86, 0.66),
    "selenium": (1.0, 0.94, 0.96),
    "cyanotype": (0.62, 0.84, 1.0),
    "warm": (1.0, 0.95, 0.86),
}
"""Colour of the middle greys of a toned print; black and white stay."""


def encoded(display: Light) -> Light:
    """sRGB values 0..1 float32 of display light, by table."""
    root = np.sqrt(np.clip(display, 0, 1)) * np.float32(4096)
    below = np.minimum(root.astype(np.int32), 4095)
    part = root - below
    found: Light = CURVE[below] * (1 - part) + CURVE[below + 1] * part
    return found


def finished(codes: Codes, random: np.random.Generator, look: str) -> Codes:
    """Toning, resizing, noise and JPEG of a clean rendition, as drawn; a gain is of the clean one, as a camera's is."""
    values = codes.astype(np.float32) / 255
    if look != "colour":
        values = toned(values, look, LUMA)
    if random.random() < 0.3:
        values = resized(values, random.uniform(1, 2), random.uniform(0, 0.6))
    amount = float(random.choice([0, 0.003, 0.008, 0.016], p=[0.4, 0.3, 0.2, 0.1]))
    values = noisy(values, random, amount, float(random.choice([0, 0.6])))
    made = to_codes(values)
    if random.random() < 0.6:
        made = jpeg(made, int(random.integers(60, 98)), int(random.choice([0, 2])))
    return made


def vignetted(light: Light, amount: float, centre: NDArray[Any]) -> Light:
    """Light that falls off to (1 - amount) in the corners, as of cos^4."""
    side = np.linspace(-1, 1, len(light), dtype=np.float32)
    distance = (side[:, None] - centre[0]) ** 2 + (side[None] - centre[1]) ** 2
    return light * (1 - np.float32(amount) * np.clip(distance / 2, 0, 1))[..., None]


def toned(values: Light, look: str, mix: NDArray[Any]) -> Light:
    """Encoded values as a black-and-white picture by channel weights `mix`, toned where `look` is one of TONES."""
    grey = np.clip(values @ mix.astype(np.float32), 0, 1)[..., None]
    tone = np.array(TONES.get(look, (1, 1, 1)), np.float32)
    return grey ** (1 - np.log2(tone) * 0.6)


def noisy(values: Light, random: np.random.Generator, amount: float, grain: float) -> Light:
    """Encoded values with sensor noise (more in shadows), `grain` pixels wide, mostly of luminance."""
    if not amount:
        return values
    shape = values.shape[:2]
    grey = random.standard_normal(shape, np.float32)[..., None]
    noise = 0.8 * grey + 0.6 * random.standard_normal((*shape, 3), np.float32)
    if grain:
        noise = filters.gaussian_filter(noise, (grain, grain, 0)) * np.float32(1 + 3 * grain)
    return values + noise * np.float32(amount) * (1.1 - values)


def resized(values: Light, factor: float, sharpening: float) -> Light:
    """Encoded values through a smaller size (factor > 1) and back, then sharpened: what web pictures went through."""
    if factor > 1:
        values = filters.gaussian_filter(values, (0.45 * factor, 0.45 * factor, 0))
    if sharpening:
        values = values + np.float32(sharpening) * (values - filters.uniform_filter(values, (3, 3, 1)))
    return values


def to_codes(values: Light) -> Codes:
    """8 bits."""
    codes: Codes = np.clip(values * 255 + 0.5, 0, 255).astype(np.uint8)
    return codes


def jpeg(codes: Codes, quality: int, subsampling: int) -> Codes:
    """A JPEG round trip; subsampling 0 is 4:4:4, 2 is 4:2:0."""
    buffer = io.BytesIO()
    Pil.fromarray(codes).save(buffer, "JPEG", quality=quality, subsampling=subsampling)
    return np.asarray(Pil.open(buffer))


def monochrome(light: Light) -> Light:
    """[n, n, 3] of the luminance alone."""
    return np.repeat((light @ LUMA)[..., None], 3, -1)
