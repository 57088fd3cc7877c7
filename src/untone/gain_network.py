"""GainNetwork, a network that maps one SDR picture to its HDR rendition; definition of its layers in numpy.

Gain-MLP (Canham, Tedla, Murdoch, Brown): five numbers of a pixel, x, y, r, g, b, each as 12 sines and 12 cosines; two
hidden layers of `width` ReLU; three values, which scaled are the residual (residuals.py) of each channel.

A network is one vector: weights [inputs, width] and biases of the first layer, [width, width] and biases of the second,
[width, 3] and biases of the third. Inputs are grouped by what they embed (a section: x, y, r, g, b), 24 to each.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .errors import DamagedError, UntoneError
from .residuals import Residual

Floats = NDArray[Any]

FREQUENCIES = 12
EMBEDDED = 2 * FREQUENCIES
SECTIONS = 5
"""x, y, r, g, b."""

LEVELS = 256
WIDTHS = tuple(range(8, 129, 8))

OCTAVES = (0.0, 11.0)
"""Lowest and highest frequency, log2 of half turns over the picture or over the range of the codes."""


def _by_row(numbers: Sequence[int]) -> NDArray[np.int64]:
    """Numbers by frequency, repeated for every row of a first layer."""
    return np.tile(np.repeat(np.array(numbers), 2), SECTIONS)


UNITS = np.float32(2) ** -_by_row([2, 2, 2, 3, 4, 4, 4, 4, 4, 3, 3, 3]).astype(np.float32)
"""[inputs] of a code of the first layer, by frequency, as shares of its column's scale: errors of all weights add up
alike, and trained ones of low frequencies are the largest. Powers of two, so that nothing is rounded twice."""

EXTRA_BITS = _by_row([2, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0])
"""[inputs] of a code of the first layer beyond 8, so that small units reach large weights."""

RIDGE = 0.1
"""Added to second moments of the inputs, which have 0.5 each: directions that hardly occur are not blown up."""


def size_of(width: int, sections: int = SECTIONS) -> int:
    """Numbers of a network: 2259 for 5 sections and a width of 16."""
    return (sections * EMBEDDED + 1) * width + (width + 1) * width + (width + 1) * 3


@dataclasses.dataclass(frozen=True, eq=False)
class Layers:
    """Views of a network's vector, [inputs, outputs] and [outputs]."""

    first: Floats
    first_bias: Floats
    second: Floats
    second_bias: Floats
    third: Floats
    third_bias: Floats

    @property
    def matrices(self) -> tuple[Floats, Floats, Floats]:
        """Weights without biases."""
        return self.first, self.second, self.third

    @property
    def biases(self) -> tuple[Floats, Floats, Floats]:
        """Biases alone."""
        return self.first_bias, self.second_bias, self.third_bias


def layers(vector: Floats, width: int) -> Layers:
    """The vector taken apart, without copying."""
    inputs = (vector.size - 3 - (width + 4 + 1) * width) // width
    shapes = ((inputs, width), (width,), (width, width), (width,), (width, 3), (3,))
    found, at = [], 0
    for shape in shapes:
        count = math.prod(shape)
        found.append(vector[at : at + count].reshape(shape))
        at += count
    return Layers(*found)


def embedding(levels: int) -> NDArray[np.float32]:
    """[levels, 24] float32: sine and cosine of pi * 2 ** k * place, k = 0..11, of every level's place in 0..1.

    Levels sit at their centres, (i + 0.5) / levels, so that the ends are never taken for neighbours.
    """
    place = (np.arange(levels) + 0.5) / levels
    angles = np.pi * place[:, None] * 2.0 ** np.linspace(*OCTAVES, FREQUENCIES)
    return np.stack([np.sin(angles), np.cos(angles)], -1).reshape(levels, EMBEDDED).astype(np.float32)


@dataclasses.dataclass(frozen=True, eq=False)
class Basis:
    """Embeddings of every level of every section, one below the other.

    Attributes:
        rows: [sum of counts, 24] float32.
        counts: rows of each section.
    """

    rows: NDArray[np.float32]
    counts: tuple[int, ...]


def basis(height: int, width: int, colours: bool = True) -> Basis:
    """Of the columns, rows and codes of a picture of 8 bits; `colours` False leaves the codes out."""
    places = [embedding(width), embedding(height)]
    codes = [embedding(LEVELS)] * 3 if colours else []
    parts = places + codes
    return Basis(np.concatenate(parts), tuple(len(part) for part in parts))


def fresh(width: int, seed: int = 0, sections: int = SECTIONS) -> NDArray[np.float32]:
    """A network to start from: He's normal weights, the higher frequencies the smaller (2 ** -octave / 2)."""
    random = np.random.default_rng(seed)
    vector = np.zeros(size_of(width, sections), np.float32)
    parts = layers(vector, width)
    for part in parts.matrices:
        part[:] = random.normal(0, math.sqrt(2 / part.shape[0]), part.shape)
    octaves = np.linspace(*OCTAVES, FREQUENCIES) - OCTAVES[0]
    parts.first[:] *= np.tile(np.repeat(2.0 ** (-octaves / 2), 2), sections)[:, None]
    return vector


def whitening(embedded: Floats, weights: Floats) -> NDArray[np.float32]:
    """Whitening matrix [inputs, inputs] float32: turns a first layer of uncorrelated inputs into one of the inputs.

    Colours of a photo go together: red, green and blue of a pixel are nearly equal, and their differences are
    small. Adam, which steps alike along every weight, takes long to learn what lies in the small directions. W = M V
    with M = U sqrt(1 / (2 (L + RIDGE))) of the inputs' second moments U L U^T: steps along V are steps along the
    principal directions, each as long as the inputs are short there.

    Args:
        embedded: [n, inputs] of some samples.
        weights: [n], how much each matters.
    """
    moments = (embedded * weights[:, None]).T.astype(np.float64) @ embedded / max(float(weights.sum()), 1e-30)
    spread, axes = np.linalg.eigh(moments)
    found: NDArray[np.float32] = (axes * np.sqrt(0.5 / (np.maximum(spread, 0) + RIDGE))).astype(np.float32)
    return found


def forward(embedded: Floats, vector: Floats, width: int) -> Floats:
    """Three values, [n, 3], of [n, inputs] embedded numbers; in the precision of what is given."""
    net = layers(vector, width)
    hidden = np.maximum(embedded @ net.first + net.first_bias, 0)
    hidden = np.maximum(hidden @ net.second + net.second_bias, 0)
    result: Floats = hidden @ net.third + net.third_bias
    return result


def loss_and_gradient(
    embedded: Floats, targets: Floats, weights: Floats, vector: Floats, width: int
) -> tuple[float, Floats]:
    """Mean of weights * (value - target) ** 2 over pixels and channels, and its gradient by the vector."""
    net = layers(vector, width)
    gradient = np.zeros_like(vector)
    to = layers(gradient, width)
    first = np.maximum(embedded @ net.first + net.first_bias, 0)
    second = np.maximum(first @ net.second + net.second_bias, 0)
    error = second @ net.third + net.third_bias - targets
    loss = float((weights * error * error).mean())
    slope = 2 * weights * error / error.size
    to.third[:], to.third_bias[:] = second.T @ slope, slope.sum(0)
    slope = (slope @ net.third.T) * (second > 0)
    to.second[:], to.second_bias[:] = first.T @ slope, slope.sum(0)
    slope = (slope @ net.second.T) * (first > 0)
    to.first[:], to.first_bias[:] = embedded.T @ slope, slope.sum(0)
    return loss, gradient


@dataclasses.dataclass(frozen=True, eq=False)
class Grid:
    """Quantisation of a layer's weights: a weight is code * unit of its row * scale of its column.

    Attributes:
        units: [inputs, 1] float32, powers of two.
        extra: [inputs] bits of a row's codes beyond 8.
    """

    units: NDArray[np.float32]
    extra: NDArray[np.int64]

    @property
    def most(self) -> NDArray[np.float32]:
        """[inputs, 1], the largest code of each row: 127 of 8 bits."""
        found: NDArray[np.float32] = (np.float32(128) * 2.0**self.extra - 1)[:, None].astype(np.float32)
        return found

    def scales(self, matrix: Floats) -> NDArray[np.float32]:
        """[outputs] half floats, as float32: the finest by which every weight of a column can be coded."""
        largest = np.abs(matrix / (self.units * self.most)).max(0).astype(np.float32)
        found: NDArray[np.float32] = np.minimum(largest, MOST_SCALE).astype(np.float16).astype(np.float32)
        return found

    def codes(self, matrix: Floats, scales: NDArray[np.float32]) -> NDArray[np.int16]:
        """[inputs, outputs], the nearest."""
        divisors = np.where(scales > 0, scales, np.float32(1)) * self.units
        found = np.clip(np.rint(matrix.astype(np.float32) / divisors), -self.most, self.most)
        return np.where(scales > 0, found, 0).astype(np.int16)

    def weights(self, codes: Floats, scales: NDArray[np.float32]) -> NDArray[np.float32]:
        """[inputs, outputs] float32 of codes."""
        result: NDArray[np.float32] = codes.astype(np.float32) * (scales * self.units)
        return result


def grids(parts: Layers) -> tuple[Grid, Grid, Grid]:
    """Of the three layers of a network stored in 8 bits."""
    rows = len(parts.first)
    second, third = (Grid(np.ones((len(m), 1), np.float32), np.zeros(len(m), np.int64)) for m in parts.matrices[1:])
    return Grid(UNITS[:rows, None], EXTRA_BITS[:rows]), second, third


def quantised(vector: Floats, width: int) -> NDArray[np.float32]:
    """The vector in the stored form of 8 bits, each weight as its nearest code (quantization.py knows better ones)."""
    result = np.array(vector, np.float32)
    parts = layers(result, width)
    for part, grid in zip(parts.matrices, grids(parts), strict=True):
        scales = grid.scales(part)
        part[:] = grid.weights(grid.codes(part, scales), scales)
    for part in parts.biases:
        part[:] = part.astype(np.float16)
    return result


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class GainNetwork:
    """A network that gives, for every pixel of one SDR picture, the residual to its HDR rendition.

    Attributes:
        vector: the network, float32, as `layers` takes it apart.
        neurons: width of its hidden layers, one of WIDTHS.
        residual: what its values mean.
        low, high: residual of each channel at the network's -1 and 1, which it does not leave.
        height, width: of the picture.
        print: [16] uint8, mean code of each cell of a grid of 4 x 4, see `fingerprint`.
        headroom_stops: log2 of the HDR rendition's headroom.
        bits: 8 or 16, of a stored weight.

    Raises:
        DamagedError: numbers that no picture could come of.
    """

    vector: NDArray[np.float32]
    neurons: int
    residual: Residual
    low: tuple[float, float, float]
    high: tuple[float, float, float]
    height: int
    width: int
    print: NDArray[np.uint8]
    headroom_stops: float
    bits: int = 8

    def __post_init__(self) -> None:
        if self.neurons not in WIDTHS or self.vector.shape != (size_of(self.neurons),):
            raise DamagedError(f"a network of {self.neurons} neurons does not have {self.vector.size} numbers")
        if not np.isfinite(self.vector).all() or np.abs(self.vector).max() > MOST_WEIGHT:
            raise DamagedError("the network has weights that are no numbers, or far too large")
        ends = (*self.low, *self.high)
        if not all(math.isfinite(end) and abs(end) <= MOST_RESIDUAL for end in ends):
            raise DamagedError(f"the residuals of a network end within +-{MOST_RESIDUAL:g}, not at {ends}")
        if any(low > high for low, high in zip(self.low, self.high, strict=True)):
            raise DamagedError(f"the residuals of a network begin at {self.low}, above their end {self.high}")
        if self.height < 1 or self.width < 1 or self.print.shape != (FINGERPRINT_CELLS**2,):
            raise DamagedError(f"a network of a picture of {self.width} x {self.height} pixels")
        if not 0 <= self.headroom_stops <= MOST_RESIDUAL or self.bits not in (8, 16):
            raise DamagedError(f"a headroom of {self.headroom_stops} stops, weights of {self.bits} bits")

    def __repr__(self) -> str:
        kind = f"{self.residual.kind}, {self.residual.domain}"
        return f"GainNetwork({self.neurons} neurons, {kind}, {self.bits} bit, for {self.width} x {self.height})"

    @property
    def inputs(self) -> int:
        """Embedded numbers of a pixel."""
        return SECTIONS * EMBEDDED


MOST_SCALE = np.float32(65504)
"""The largest half float."""

MOST_WEIGHT = 2.0**20
"""Far beyond any trained weight; sums over three layers of such stay finite in float32."""

MOST_RESIDUAL = 64.0
FINGERPRINT_CELLS = 4
FINGERPRINT_TOLERANCE = 3


def fingerprint(pixels: Floats) -> NDArray[np.uint8]:
    """[16] uint8, mean code of each cell of a grid of 4 x 4: tells a picture from its crops, turns and edits."""
    edges = [np.linspace(0, side, FINGERPRINT_CELLS + 1).astype(int) for side in pixels.shape[:2]]
    cells = np.zeros((FINGERPRINT_CELLS, FINGERPRINT_CELLS), np.uint8)
    for i in range(FINGERPRINT_CELLS):
        for j in range(FINGERPRINT_CELLS):
            top, left = min(edges[0][i], pixels.shape[0] - 1), min(edges[1][j], pixels.shape[1] - 1)
            cell = pixels[top : max(edges[0][i + 1], top + 1), left : max(edges[1][j + 1], left + 1)]
            cells[i, j] = int(cell.mean() + 0.5)
    return cells.reshape(-1)


class OfPicture(Protocol):
    """A network or residual map made for one picture."""

    @property
    def height(self) -> int:
        """Of the picture."""

    @property
    def width(self) -> int:
        """Of the picture."""

    @property
    def print(self) -> NDArray[np.uint8]:
        """Its fingerprint."""


def check_fits(found: OfPicture, pixels: Floats) -> None:
    """Whether a network was made for this picture.

    Raises:
        UntoneError: another size, or other colours: the picture was edited after.
    """
    if pixels.shape[:2] != (found.height, found.width):
        made = f"{found.width} x {found.height}"
        raise UntoneError(f"its network was made for {made} pixels, not {pixels.shape[1]} x {pixels.shape[0]}")
    apart = np.abs(fingerprint(pixels).astype(int) - found.print).max()
    if apart > FINGERPRINT_TOLERANCE:
        raise UntoneError(f"its network was made for another picture: means differ by {apart} codes of 255")
