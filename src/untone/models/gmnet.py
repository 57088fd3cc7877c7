"""GMNet by ONNX Runtime: pixels -> gain of one channel, by tiles.

The global branch sees the thumbnail alone and runs once. The local branch is made of convolutions, so tiles that see
as much around them as it reaches give what the whole picture gives.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import gainmap, kernels
from ..errors import UntoneError
from ..image import Pixels
from ..operators import MAX_QMAX_STOPS
from . import tiles
from .networks import Floats, Network

SIDE = 1024
"""Rows and columns a tile keeps; with 76 around them its features take about 1.5 GiB."""

OFFSETS = {"untone": gainmap.OFFSET, "gmnet": 0.0}
"""Convention of the weights -> linear offset of both renditions that their gain goes with."""

CUBIC = (-0.09375, 0.59375, 0.59375, -0.09375)
"""Cubic interpolation (a = -0.75, OpenCV's) half way between two pixels: what halving asks for everywhere."""


class GMNetModel:
    """A loaded GMNet.

    Attributes:
        card: of the weights: architecture, shape, recipe, data, scores.
        offset: linear offset of both renditions, for the gain map.
        scale: the map has 1 / scale of the photo's rows and columns, rounded up.
    """

    def __init__(self, network: Network) -> None:
        self._network, self.card = network, network.card
        self.scale = network.choice("scale", (1, 2))
        self._peak_stops = network.number("peak_stops", 2.0**-10, MAX_QMAX_STOPS)
        self.offset = OFFSETS[network.choice("convention", tuple(OFFSETS))]
        self._halo = even(receptive_radius(network.choice("blocks", range(1, 17))))
        network.part(("thumbnail",), ("kernel", "gate", "qmax"))
        network.part(("photo", "kernel", "gate"), ("normalised",))

    def gain_stops(self, pixels: Pixels, *, side: int = SIDE, thumbnail: NDArray[np.uint8] | None = None) -> Floats:
        """[ceil(H / scale), ceil(W / scale), 1] gain in stops, 0 to the peak of the weights.

        Args:
            pixels: [H, W, 3] uint8 or uint16 codes of the whole photo, upright.
            side: most rows and columns a tile keeps; even.
            thumbnail: [256, 256, 3] codes of the whole photo, where a data set has its own; None: the area average.

        Raises:
            UntoneError: the network gives numbers that are no gain.
        """
        kernel, gate, qmax = self._guidance(kernels.thumbnail(pixels) if thumbnail is None else _planes(thumbnail))
        photo = pixels if self.scale == 1 else halved(pixels)
        height, width = photo.shape[:2]
        photo = np.pad(photo, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
        result = np.empty((*photo.shape[:2], 1), np.float32)
        for tile in tiles.plan(photo.shape[0], photo.shape[1], side, self._halo, 2):
            feed = {"photo": tiles.unit(photo[tile.seen]), "kernel": kernel, "gate": gate}
            (found,) = self._network.run(feed, ("normalised",))
            if found.shape != (1, 1, *photo[tile.seen].shape[:2]):
                raise UntoneError(f"{self._network.name}: the network gives a map of {list(found.shape)}")
            result[tile.kept] = found[0, 0][tile.inner][..., None]
        stops = np.clip(result[:height, :width] * np.float32(qmax), 0, 1) * np.float32(self._peak_stops)
        return np.ascontiguousarray(stops)

    def _guidance(self, thumbnail: Floats) -> tuple[Floats, Floats, float]:
        """Kernel, gate and qmax, from the thumbnail [3, 256, 256] in 0..1.

        Raises:
            UntoneError: a qmax beyond any picture. A little below 0 or above 1 happens, and is clipped in the map.
        """
        feed = {"thumbnail": thumbnail[None]}
        kernel, gate, qmax = self._network.run(feed, ("kernel", "gate", "qmax"))
        if qmax.size != 1 or not math.isfinite(qmax.item()) or abs(qmax.item()) > MOST_QMAX:
            shown = f"{float(np.abs(qmax).max()):g}" if qmax.size else "nothing"
            raise UntoneError(f"{self._network.name}: the network gives a qmax of {shown}; 0 to 1 is a picture's")
        return kernel, gate, qmax.item()


def _planes(codes: NDArray[np.uint8]) -> Floats:
    return np.ascontiguousarray(codes.transpose(2, 0, 1)).astype(np.float32) / np.float32(255)


MOST_QMAX = 16.0
"""Of the published network, whose qmax is not bounded; trained ones give 0 to 1, new ones are near 0."""


def receptive_radius(blocks: int) -> int:
    """Pixels around an output pixel that it depends on: 2 + 2 (1 + 6 blocks + 3 + 2) + 1; 75 as published."""
    return 15 + 12 * blocks


def even(number: int) -> int:
    """The number, or the next: tiles must start at even pixels, where the strides of the whole picture do."""
    return number + number % 2


def halved(pixels: NDArray[Any], rows: int = 512) -> NDArray[np.float32]:
    """[ceil(H / 2), ceil(W / 2), 3] float32 in 0..1: codes at half size, cubic, as the network's data is made.

    Beyond the edge the outermost pixel goes on; `rows` of the result are made at a time.
    """
    height, width = (-(-n // 2) for n in pixels.shape[:2])
    result = np.empty((height, width, 3), np.float32)
    columns = [np.clip(2 * np.arange(width) + k - 1, 0, pixels.shape[1] - 1) for k in range(4)]
    maximum = np.float32(np.iinfo(pixels.dtype).max)
    for start in range(0, height, rows):
        stop = min(start + rows, height)
        places = [np.clip(2 * np.arange(start, stop) + k - 1, 0, pixels.shape[0] - 1) for k in range(4)]
        strip = sum(np.float32(w) * pixels[p].astype(np.float32) for w, p in zip(CUBIC, places, strict=True))
        whole = sum(np.float32(w) * strip[:, c] for w, c in zip(CUBIC, columns, strict=True))
        result[start:stop] = np.clip(whole / maximum, 0, 1)
    return result
