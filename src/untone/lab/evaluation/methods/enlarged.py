"""Baselines beside networks for joint super-resolution: what such a network is fed, enlarged bicubically."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pil

from .... import colour
from ....image import Image, turned_back, turned_upright
from ...metrics import Rendition
from ...nets.shapes import UPSCALE
from .. import baselines
from ..pictures import Picture, stops_between
from .made import Made

Light = NDArray[Any]

BASELINES: dict[str, Callable[[Light], Light]] = {"bicubic": lambda light: light, "bicubic, square": baselines.square}
"""Name in the table -> what becomes of the enlarged picture's light, BT.709."""

REVISION = "1"
"""Raise it when one of them gives other figures."""


def fingerprint(name: str) -> str:
    """Of a baseline."""
    return hashlib.sha256(f"enlarged {REVISION}{name}".encode()).hexdigest()[:12]


def made(picture: Picture, name: str) -> Made:
    """The light of a baseline, fed the picture at 1 / UPSCALE of its size."""
    image, step = picture.image, picture.step
    codes = np.ascontiguousarray(turned_upright(srgb(image), image.orientation))
    small = shrunk(codes, UPSCALE)
    size = small.shape[1] * UPSCALE, small.shape[0] * UPSCALE
    large = np.asarray(Pil.fromarray(small).resize(size, Pil.Resampling.BICUBIC))
    light = padded(BASELINES[name](colour.code_table("srgb")[large]), *codes.shape[:2])
    kept = np.ascontiguousarray(turned_back(light, image.orientation)[::step, ::step])
    own = kept @ colour.rgb_to_rgb("bt709", image.primaries).T
    return Made(stops_between(picture.light, own), direct=Rendition(kept, "bt709"))


def padded(light: Light, height: int, width: int) -> Light:
    """Light of whole small pixels, its last rows and columns repeated up to the picture's size."""
    missing = [(0, max(a - b, 0)) for a, b in zip((height, width), light.shape[:2], strict=True)]
    return np.pad(light, (*missing, (0, 0)), mode="edge")[:height, :width]


def srgb(image: Image) -> NDArray[Any]:
    """Codes in sRGB, BT.709, which networks that give light are made for; colours outside are clipped."""
    if (image.primaries, image.transfer) == ("bt709", "srgb"):
        return image.pixels
    light = colour.code_table(image.transfer, int(np.iinfo(image.pixels.dtype).max))[image.pixels]
    inside = np.clip(light @ colour.rgb_to_rgb(image.primaries, "bt709").T, 0, 1)
    return (colour.linear_to_srgb(inside) * 65535 + 0.5).astype(np.uint16)


def shrunk(codes: NDArray[Any], factor: int) -> NDArray[np.uint8]:
    """8-bit codes at 1 / factor of the size, rounded down to whole pixels; bicubic, as super-resolution is fed."""
    whole = codes if codes.dtype == np.uint8 else (codes / 257 + 0.5).astype(np.uint8)
    rows, columns = (max(side // factor, 1) for side in whole.shape[:2])
    kept = np.ascontiguousarray(whole[: rows * factor, : columns * factor])
    return np.asarray(Pil.fromarray(kept).resize((columns, rows), Pil.Resampling.BICUBIC))
