"""IRNet by ONNX Runtime: pixels -> HDR light, by tiles, in one more pass for each block.

The attention of a block reads the mean and the standard deviation of every channel over the whole picture. Those are
summed over all tiles in one pass a block (Chan, Golub and LeVeque's update, in double precision), then every pixel is
made with them. Earlier blocks run again in each pass: their features of a large picture are not kept. A picture of a
single tile takes one pass, in which the network reads its own statistics.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import colour
from ..errors import LimitError, UntoneError
from ..image import DIFFUSE_WHITE_NITS, Pixels
from . import tiles
from .networks import Floats, Network

SIDES = {1: 768, 4: 384}
"""Upscaling -> rows and columns that a tile keeps; its features take about 1.5 GiB."""

MAX_LIGHT_BYTES = 2 << 30
"""Of the result: 178 megapixels, which super-resolution reaches from 11."""


class IRNetModel:
    """A loaded IRNet.

    Attributes:
        card: of the weights: architecture, shape, recipe, data, scores.
        upscale: rows and columns of the light for one of the photo: 1, or 4 for joint super-resolution.
    """

    def __init__(self, network: Network) -> None:
        self._network, self.card = network, network.card
        self.upscale = network.choice("upscale", tuple(SIDES))
        blocks = network.choice("blocks", range(1, 17))
        self._contrasts = tuple(f"contrast_{k}" for k in range(1, blocks + 1))
        self._halo = receptive_radius(blocks)
        network.part(("picture",), ("hdr",))
        network.part(("picture", *self._contrasts), ("hdr",))

    def light(self, pixels: Pixels, *, side: int | None = None) -> Floats:
        """[upscale H, upscale W, 3] float32 light, linear BT.2020, 1.0 = 203 nits.

        Args:
            pixels: [H, W, 3] uint8 or uint16 codes, sRGB, BT.709, of the whole photo, upright.
            side: most rows and columns of the photo a tile keeps; None takes SIDES.

        Raises:
            LimitError: the result would be larger than MAX_LIGHT_BYTES.
            UntoneError: the network gives what is no picture.
        """
        height, width = pixels.shape[0] * self.upscale, pixels.shape[1] * self.upscale
        if height * width * 12 > MAX_LIGHT_BYTES:
            raise LimitError(f"{self._network.name}: {width} x {height} pixels of light exceed {MAX_LIGHT_BYTES} bytes")
        parts = list(tiles.plan(pixels.shape[0], pixels.shape[1], side or SIDES[self.upscale], self._halo))
        known: dict[str, Floats] = {}
        for number, name in enumerate(self._contrasts if len(parts) > 1 else (), 1):
            known[name] = self._contrast(pixels, parts, known, f"body_{number}")
        result = np.empty((height, width, 3), np.float32)
        for tile in parts:
            (found,) = self._network.run({"picture": _picture(pixels, tile)} | known, ("hdr",))
            self._check(found, 3, tile, self.upscale)
            rows, columns = tiles.scaled(tile.inner, self.upscale)
            result[tiles.scaled(tile.kept, self.upscale)] = _light(found[0, :, rows, columns])
        return result

    def _contrast(self, pixels: Pixels, parts: list[tiles.Tile], known: dict[str, Floats], body: str) -> Floats:
        """Standard deviation plus mean of every channel of a block over the whole picture, [1, C, 1, 1]."""
        count, mean, spread = 0, np.zeros(1), np.zeros(1)
        for tile in parts:
            (found,) = self._network.run({"picture": _picture(pixels, tile)} | known, (body,))
            self._check(found, found.shape[1] if found.ndim == 4 else 0, tile, 1)
            features = found[0, :, tile.inner[0], tile.inner[1]].reshape(found.shape[1], -1)
            more, centre = features.shape[1], features.mean(1, dtype=np.float64)
            around = np.square(features - centre[:, None].astype(np.float32)).sum(1, dtype=np.float64)
            apart = centre - mean
            spread = spread + around + apart**2 * (count * more / (count + more))
            mean = mean + apart * (more / (count + more))
            count += more
        return (np.sqrt(spread / count) + mean).astype(np.float32).reshape(1, -1, 1, 1)

    def _check(self, found: Floats, channels: int, tile: tiles.Tile, factor: int) -> None:
        rows, columns = (s.stop - s.start for s in tile.seen)
        if found.shape != (1, channels, rows * factor, columns * factor) or not channels:
            raise UntoneError(f"{self._network.name}: the network gives a picture of {list(found.shape)}")


def receptive_radius(blocks: int) -> int:
    """Pixels around a pixel that its light depends on: two convolutions a block, and at most four after them."""
    return 2 * blocks + 4


def _picture(pixels: Pixels, tile: tiles.Tile) -> Floats:
    """Input of the network: Y, Cr, Cb of the tile, [1, 3, h, w]."""
    return rgb_to_ycrcb(tiles.unit(pixels[tile.seen])[0])[None]


def _light(ycrcb: Floats) -> Floats:
    """[3, h, w] PQ in Y, Cr, Cb to light [h, w, 3]."""
    encoded = np.clip(ycrcb_to_rgb(np.clip(ycrcb, 0, 1).astype(np.float64)), 0, 1)
    return (colour.pq_to_nits(encoded) / DIFFUSE_WHITE_NITS).transpose(1, 2, 0).astype(np.float32)


def rgb_to_ycrcb(rgb: NDArray[Any]) -> NDArray[Any]:
    """[3, ...] encoded RGB in 0..1 to Y, Cr, Cb as OpenCV has it for floats: BT.601 luma, differences around 0.5."""
    luma = 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2]
    return np.stack([luma, (rgb[0] - luma) * 0.713 + 0.5, (rgb[2] - luma) * 0.564 + 0.5])


def ycrcb_to_rgb(ycrcb: NDArray[Any]) -> NDArray[Any]:
    """Inverse of rgb_to_ycrcb, with OpenCV's rounded factors; not clipped."""
    luma, red, blue = ycrcb[0], ycrcb[1] - 0.5, ycrcb[2] - 0.5
    return np.stack([luma + 1.403 * red, luma - 0.714 * red - 0.344 * blue, luma + 1.773 * blue])
