"""The noun of a relation stored as a network, MlpMap, and the definition of what they say, in numpy.

Gain-MLP (Canham, Tedla, Murdoch, Brown): five numbers of a pixel, x, y, r, g, b, each as 12 sines and 12 cosines; two
hidden layers of `width` ReLU; three values, which scaled are the residual (residuals.py) of each channel.

A network is one vector: weights [inputs, width] and biases of the first layer, [width, width] and biases of the second,
[width, 3] and biases of the third. Inputs are grouped by what they embed (a section: x, y, r, g, b), 24 to each.
"""

from __future__ import annotations

import dataclasses
import math
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

STEPS = np.tile(np.repeat(np.float32(2) ** -np.array([0, 1, 1, 2, 3, 3, 4, 4, 4, 3, 3, 3], np.float32), 2), SECTIONS)
"""[inputs] of an 8-bit code of the first layer, by frequency, as shares of its column's: trained weights of the middle
frequencies are the smallest, and errors of all add up alike. Powers of two, so that nothing is rounded twice."""

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
    """[inputs, inputs] float32, by which a first layer is turned where it acts on inputs made uncorrelated.

    Colours of a photo go together: red, green and blue of a place say nearly the same, and what they say apart is
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


def quantised(vector: Floats, width: int) -> NDArray[np.float32]:
    """The vector as the stored form of 8 bits gives it back: a scale for each column of weights, halves elsewhere.

    Rows of the first layer are in units of STEPS.
    """
    result = np.array(vector, np.float32)
    parts = layers(result, width)
    for part, steps in zip(parts.matrices, row_steps(parts), strict=True):
        codes, scales = eight_bits(part / steps)
        part[:] = codes * scales * steps
    for part in parts.biases:
        part[:] = part.astype(np.float16)
    return result


def row_steps(parts: Layers) -> tuple[Floats, Floats, Floats]:
    """What each layer's rows are in units of, [inputs, 1]."""
    first, *others = (np.ones((len(part), 1), np.float32) for part in parts.matrices)
    return first * STEPS[: len(first), None], others[0], others[1]


def eight_bits(matrix: Floats) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Codes [inputs, outputs] int8 in -127..127 and scales [outputs] (halves, as float32): codes * scales."""
    scales = (np.abs(matrix).max(0).astype(np.float32) * np.float32(1 / 127)).astype(np.float16).astype(np.float32)
    divisors = np.where(scales > 0, scales, np.float32(1))
    codes = np.clip(np.rint(matrix.astype(np.float32) / divisors), -127, 127)
    return np.where(scales > 0, codes, 0).astype(np.int8), scales


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class MlpMap:
    """A network that says, of every pixel of one SDR picture, what leads to its HDR rendition.

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
        return f"MlpMap({self.neurons} neurons, {kind}, {self.bits} bit, for {self.width} x {self.height})"

    @property
    def inputs(self) -> int:
        """Embedded numbers of a pixel."""
        return SECTIONS * EMBEDDED


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
    """What was made for one picture: a network, or a residual map."""

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
