"""ITMLUT by ONNX Runtime: pixels -> HDR light, by tiles.

Three parts: the encoders see the picture at an eighth of its size, and only the mean of their features counts, which is
summed over tiles; the LUTs follow from it; the look-up sees one pixel at a time, and the mean colour of the picture.
"""

from __future__ import annotations

import numpy as np

from .. import colour
from ..errors import UntoneError
from ..image import DIFFUSE_WHITE_NITS, Pixels
from . import tiles
from .networks import Floats, Network

SIDE = 768
"""Rows and columns of a tile: of the photo in the look-up, of the small picture in the encoders."""

PRIOR_SIDE = 256
DOWNSCALE = 8
HALO = 6
"""Convolutions of 3 x 3 in an encoder."""


class ITMLUTModel:
    """A loaded ITMLUT.

    Attributes:
        card: of the weights: architecture, shape, recipe, data, scores.
        upscale: 1.
    """

    upscale = 1

    def __init__(self, network: Network) -> None:
        self._network, self.card = network, network.card
        network.part(("prior",), ("maps",))
        network.part(("features",), ("luts",))
        network.part(("picture", "luts", "mean"), ("hdr",))

    def light(self, pixels: Pixels, *, side: int = SIDE) -> Floats:
        """[H, W, 3] float32 light, linear BT.2020, 1.0 = 203 nits.

        Args:
            pixels: [H, W, 3] uint8 or uint16 codes, sRGB, BT.709, of the whole photo, upright.
            side: most rows and columns that a tile keeps.

        Raises:
            UntoneError: the network gives what is no picture.
        """
        mean = pixels.mean((0, 1), dtype=np.float64) / np.iinfo(pixels.dtype).max
        (luts,) = self._network.run({"features": self._features(pixels, min(side, PRIOR_SIDE))}, ("luts",))
        known = {"luts": luts, "mean": mean.astype(np.float32)[None]}
        result = np.empty(pixels.shape, np.float32)
        for tile in tiles.plan(pixels.shape[0], pixels.shape[1], side, 0):
            picture = tiles.unit(pixels[tile.seen])
            (found,) = self._network.run({"picture": picture} | known, ("hdr",))
            if found.shape != picture.shape:
                raise UntoneError(f"{self._network.name}: the network gives a picture of {list(found.shape)}")
            nits = colour.pq_to_nits(found[0].transpose(1, 2, 0).astype(np.float64))
            result[tile.kept] = nits / DIFFUSE_WHITE_NITS
        return result

    def _features(self, pixels: Pixels, side: int) -> Floats:
        """Mean over the picture of the encoders' maps, [1, 3, F]."""
        prior = eighth(pixels)
        total = np.zeros(1)
        for tile in tiles.plan(prior.shape[2], prior.shape[3], side, HALO):
            rows, columns = tile.seen
            (found,) = self._network.run({"prior": np.ascontiguousarray(prior[:, :, rows, columns])}, ("maps",))
            if found.ndim != 5 or found.shape[3:] != (rows.stop - rows.start, columns.stop - columns.start):
                raise UntoneError(f"{self._network.name}: the network gives maps of {list(found.shape)}")
            total = total + found[..., tile.inner[0], tile.inner[1]].sum((3, 4), dtype=np.float64)
        means: Floats = (total / (prior.shape[2] * prior.shape[3])).astype(np.float32)
        return means


def eighth(pixels: Pixels) -> Floats:
    """[1, 3, floor(H / 8), floor(W / 8)] means of 8 x 8 blocks, in 0..1, rows and columns left over not seen.

    A picture of less than 8 rows or columns is taken as if its last went on.
    """
    missing = [max(DOWNSCALE - n, 0) for n in pixels.shape[:2]]
    if any(missing):
        pixels = np.pad(pixels, ((0, missing[0]), (0, missing[1]), (0, 0)), mode="edge")
    rows, columns = (n // DOWNSCALE for n in pixels.shape[:2])
    blocks = pixels[: rows * DOWNSCALE, : columns * DOWNSCALE].reshape(rows, DOWNSCALE, columns, DOWNSCALE, 3)
    means = blocks.mean((1, 3), dtype=np.float32) / np.float32(np.iinfo(pixels.dtype).max)
    return np.ascontiguousarray(means.transpose(2, 0, 1)[None])
