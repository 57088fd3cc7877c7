"""Photos, profiles and gain maps made on the spot, and how far two decoders may differ about them."""

from __future__ import annotations

import dataclasses
import io
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from untone import GainMap, Image, Operators, colour
from untone.formats.heif import grid as heif_grid
from untone.formats.profiles.icc import d50_matrix, named_profile
from untone.image import turned_upright

FLOOR = 1 / 50
"""Light (1.0 = SDR white) below which differences are taken relative to this; half floats and matrices cancel there."""

HEIGHT, WIDTH = 72, 104


def scene(height: int = HEIGHT, width: int = WIDTH) -> NDArray[np.uint8]:
    """[height, width, 3]: ramps from black to white in all hues, with grain and a hard edge."""
    y, x = np.mgrid[0:height, 0:width] + 0.5
    u, v = x / width, y / height
    smooth = np.stack([u, 0.5 + 0.5 * np.sin(5 * u + 7 * v), v], axis=2)
    smooth[height // 3 : height // 2] = u[height // 3 : height // 2, :, None]
    grain = np.random.default_rng(5).normal(0, 0.01, (height, width, 1))
    codes: NDArray[np.uint8] = np.floor(np.clip(smooth + grain, 0, 1) * 255 + 0.5).astype(np.uint8)
    return codes


def jpeg(pixels: NDArray[np.uint8], mode: str = "RGB", orientation: int = 1, **options: Any) -> bytes:
    """As Pillow, not untone, writes it."""
    stream, exif = io.BytesIO(), Pillow.Exif()
    exif[0x0112] = orientation
    Pillow.fromarray(pixels).convert(mode).save(stream, "jpeg", exif=exif, **{"quality": 95, **options})
    return stream.getvalue()


def codes(channels: int = 3, divisor: int = 1, radians: float = 4.0) -> NDArray[np.uint8]:
    """Gain map codes [ceil(HEIGHT/divisor), ceil(WIDTH/divisor), channels], waves of so many radians across."""
    h, w = -(-HEIGHT // divisor), -(-WIDTH // divisor)
    y, x = np.mgrid[0:h, 0:w] * (radians / max(h, w))
    planes = [0.5 + 0.5 * np.sin(x * (1 + 0.2 * c) + y - c) for c in range(channels)]
    result: NDArray[np.uint8] = np.floor(np.stack(planes, axis=2) * 255 + 0.5).astype(np.uint8)
    return result


def gain_map(channels: int = 3, divisor: int = 1, radians: float = 4.0, **fields: Any) -> GainMap:
    """0 to 2.5 stops, unless the fields say otherwise."""
    defaults = {"min_stops": (0.0,) * 3, "max_stops": (2.5,) * 3, "alternate_headroom_stops": 2.5}
    return GainMap(codes(channels, divisor, radians), **{**defaults, **fields})


def in_cells(monkeypatch: Any) -> tuple[Image, GainMap]:
    """A photo and a map that, from now on, become grids of 2 x 2 cells, the last of each padded."""
    monkeypatch.setattr(heif_grid, "LEVEL_6_PIXELS", 100 * 100)
    monkeypatch.setattr(heif_grid, "CELL_SIDE", 96)
    large = scene(131, 169)
    return Image(large), dataclasses.replace(gain_map(3), codes=large)


def unnamed_profile(first: str = "bt709", second: str = "p3") -> bytes:
    """An ICC profile whose primaries lie midway between two named ones, so that they have no name."""
    profile = bytearray(named_profile(first, "srgb"))
    columns = (d50_matrix(first) + d50_matrix(second)) / 2
    for index, name in enumerate((b"rXYZ", b"gXYZ", b"bXYZ")):
        (position,) = struct.unpack_from(">I", profile, profile.index(name, 128) + 4)
        struct.pack_into(">3i", profile, position + 8, *(round(v * 65536) for v in columns[:, index]))
    return bytes(profile)


class Lift:
    """A model that lifts everything by one gain: its answer needs no kernel to be known."""

    def __init__(self, stops: float) -> None:
        self.stops = stops

    def operators(self, thumbnail: NDArray[np.float32]) -> Operators:
        lut = np.full((2, 2, 2, 3), np.arctanh(self.stops / 4), np.float32)
        return Operators(np.zeros((3, 2, 2, 8, 3), np.float32), lut, 4.0)


class Tint:
    """A model whose gain depends on place and colour, another in each channel; some of it negative."""

    def operators(self, thumbnail: NDArray[np.float32]) -> Operators:
        generator = np.random.default_rng(11)
        grids = generator.uniform(0, 0.4, (3, 4, 5, 8, 3)).astype(np.float32)
        lut = generator.uniform(-0.2, 1.0, (5, 5, 5, 3)).astype(np.float32)
        return Operators(grids, lut, 3.0)


def differences(ours: Image, theirs: NDArray[np.float32], primaries: str = "bt709") -> NDArray[np.float32]:
    """|ours - theirs| / max(|theirs|, FLOOR) of every pixel and channel, in the primaries of the base.

    Where `primaries` are others, relative to the pixel's brightest channel: a matrix spreads its rounding over all.

    Args:
        ours: what untone.apply returned.
        theirs: [H, W, 3] light as viewed, in `primaries`.
    """
    expected = theirs @ colour.rgb_to_rgb(primaries, ours.primaries).T.astype(np.float32)
    viewed = turned_upright(ours.pixels, ours.orientation)
    assert viewed.shape == expected.shape
    assert np.isfinite(expected).all()
    size = np.abs(expected)
    if primaries != ours.primaries:
        size = size.max(axis=2, keepdims=True)
    result: NDArray[np.float32] = np.abs(viewed - expected) / np.maximum(size, FLOOR)
    return result


def codes_of(data: bytes) -> NDArray[np.uint8]:
    """[H, W, 3] of a JPEG's first image, as Pillow decodes it and as stored."""
    with Pillow.open(io.BytesIO(data)) as opened:
        return np.asarray(opened.convert("RGB"))
