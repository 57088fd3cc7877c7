"""Sample pixels, targets and weights for fitting a gain network to a pair of renditions."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from .. import colour, gain_network, residuals
from ..image import Image, Pixels
from ..kernels import network as kernel
from ..residuals import Residual

Light = NDArray[np.float32]

TAIL = 0.0005
"""Share of residuals at either end that the network may not reach: one hot pixel would spend its precision."""

LEAST_SPAN = 1e-4
"""Of a residual that is the same everywhere."""

TARGET_LIMIT = 1.5
MOST_WEIGHT = 25.0
"""Of one sample over the mean; the slope of PQ near black knows no bound."""

GAMUT_TOLERANCE = 1e-3
"""Linear light this far below 0 is rounding; further below, a colour lies outside its primaries."""

EVEN_BATCHES = 16
"""Pictures of so many batches of pixels have each batch spread evenly over them."""

WHITENED = 4096
"""Samples that tell how the inputs go together."""


@dataclasses.dataclass(frozen=True, eq=False)
class TrainingSamples:
    """Sample pixels and targets of a pair, and the residual that the network's values stand for.

    Attributes:
        samples: pixels in the order they are taken, targets from about -1 to 1.
        residual: what the targets are.
        low, high: residual of each channel at the targets' -1 and 1.
        worth: mean square of what the PQ code moves by per unit of a target: a loss times this is an error of codes.
    """

    samples: kernel.Samples
    residual: Residual
    low: NDArray[np.float32]
    high: NDArray[np.float32]
    worth: float

    def inputs(self, count: int) -> tuple[Light, Light]:
        """[n, inputs] of the first samples, embedded, and their weights, [n, 3]."""
        rows = self.samples.basis.rows[self.samples.index[:count]]
        return rows.reshape(len(rows), -1), self.samples.weights[:count]

    def whitening(self) -> NDArray[np.float32]:
        """Whitening matrix of this picture's inputs; see gain_network.whitening."""
        rows, weights = self.inputs(WHITENED)
        return gain_network.whitening(rows, weights.mean(1))


@dataclasses.dataclass(frozen=True)
class Sampling:
    """Which pixels are sampled.

    Attributes:
        count: at most so many.
        batch: of one step.
        weighted: errors count by the slope of the PQ code, so that all count as the eye sees them; else alike.
        seed: of the choice.
    """

    count: int
    batch: int
    weighted: bool = True
    seed: int = 0


def training_samples(
    image: Image, light: Light, primaries: str, kind: str, domain: str, sampling: Sampling
) -> TrainingSamples:
    """Training samples of an SDR image and the light of its HDR rendition.

    Args:
        image: SDR, uint8 or uint16.
        light: [H, W, 3] of the HDR rendition in `primaries`, finite, 1.0 = SDR white.
        kind, domain: of the residual; see residuals.py.
    """
    places = _places(image.height * image.width, sampling)
    picked = image.pixels.reshape(-1, 3)[places]
    sdr, hdr = code_light(image)[picked], light.reshape(-1, 3)[places]
    residual = residual_for(kind, domain, image.primaries, primaries, sdr, hdr)
    sdr = turned(sdr, image.primaries, residual.primaries)
    hdr = np.maximum(turned(hdr, primaries, residual.primaries), 0)
    found = residuals.residual_of(sdr, hdr, residual)
    low, high = _ends(found)
    middle, half = (high + low) / 2, (high - low) / 2
    weights = (residuals.pq_slope(sdr, hdr, residual) * half) ** 2
    worth = max(float(weights.mean()), 1e-30)
    weights = np.minimum(weights / worth, MOST_WEIGHT) if sampling.weighted else np.ones_like(weights)
    targets = np.clip((found - middle) / half, -TARGET_LIMIT, TARGET_LIMIT).astype(np.float32)
    samples = _samples(image, places, codes(picked), targets, weights.astype(np.float32))
    return TrainingSamples(samples, residual, low, high, worth)


def codes(pixels: Pixels) -> NDArray[np.uint8]:
    """8-bit codes of pixels, the inputs of the network."""
    return pixels if pixels.dtype == np.uint8 else ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)


def code_light(image: Image) -> Light:
    """Light of every code of the image."""
    return colour.code_table(image.transfer, int(np.iinfo(image.pixels.dtype).max))


def turned(light: Light, source: str, target: str) -> Light:
    """Light converted from some primaries to others."""
    return light if source == target else light @ colour.rgb_to_rgb(source, target).T.astype(np.float32)


def _places(pixels: int, sampling: Sampling) -> NDArray[np.int64]:
    """Flat places to learn from: all of a small picture, shuffled; of a large one batches spread evenly over it."""
    random, batch = np.random.default_rng(sampling.seed), sampling.batch
    if pixels < EVEN_BATCHES * batch or sampling.count < batch:
        wanted = min(sampling.count, 4096)
        return np.tile(random.permutation(pixels), -(-wanted // pixels))
    batches = min(pixels, sampling.count) // batch
    edges = np.linspace(0, pixels, batches * batch + 1).astype(np.int64)
    places = edges[:-1] + (random.random(batches * batch) * np.diff(edges)).astype(np.int64)
    # of each part of the picture, one pixel to each batch
    return random.permuted(places.reshape(batch, batches), axis=1).T.ravel()


def residual_for(kind: str, domain: str, own: str, others: str, sdr: Light, hdr: Light) -> Residual:
    """PQ codes are BT.2020's; linear light is taken in the first primaries that hold both renditions."""
    if domain == "pq":
        return Residual(kind, domain)
    for name in (own, others, "bt2020"):
        if min(turned(sdr, own, name).min(), turned(hdr, others, name).min()) > -GAMUT_TOLERANCE:
            break
    return Residual(kind, domain, name)


def _ends(found: Light) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Lowest and highest residual of each channel, a few outliers aside, apart even where there is but one."""
    low, high = np.quantile(found, [TAIL, 1 - TAIL], axis=0).astype(np.float32)
    middle, half = (low + high) / 2, np.maximum((high - low) / 2, np.float32(LEAST_SPAN))
    limit = np.float32(gain_network.MOST_RESIDUAL)
    return np.clip(middle - half, -limit, limit), np.clip(middle + half, -limit, limit)


def _samples(
    image: Image, places: NDArray[np.int64], seen: NDArray[np.uint8], targets: Light, weights: Light
) -> kernel.Samples:
    height, width = image.height, image.width
    index = np.empty((len(places), gain_network.SECTIONS), np.int32)
    index[:, 0], index[:, 1] = places % width, places // width + width
    index[:, 2:] = seen + (np.arange(3) * gain_network.LEVELS + width + height)
    return kernel.Samples(gain_network.basis(height, width), index, targets, weights)
