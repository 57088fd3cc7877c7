"""Training and evaluation of gain networks (../gain_network.py) by compiled kernels.

As everywhere in this room: `variant` is one of VARIANTS and never replaced, the number of threads never changes a bit
of a result, calls release the GIL. Training that stops by the clock stops where the clock says.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import gain_network
from ..errors import UntoneError
from . import chosen
from .checks import check_out, checked

try:
    from . import _native
except ImportError as error:  # only a source tree that was never built
    raise UntoneError(f"untone's compiled kernels are missing; `make build` or `pip install .` ({error})") from error

Floats = NDArray[Any]

KEEP1, TINY = 0.9, 1e-8
"""Of Adam (Kingma and Ba 2015)."""

TILE = 64
"""Side of the squares of a picture by which a batch is ordered: what is near in a picture is near in the tables."""

BAND_ROWS = 16
MAX_SAMPLES = 1 << 26


@dataclasses.dataclass(frozen=True, eq=False)
class Samples:
    """Training pixels, in the order they are taken.

    Attributes:
        basis: of the picture, as gain_network.basis gives it.
        index: [n, sections] int32 rows of the basis.
        targets, weights: [n, 3] float32: target values of the network, and their weights in the loss.

    Raises:
        UntoneError: they do not fit each other.
    """

    basis: gain_network.Basis
    index: NDArray[np.int32]
    targets: NDArray[np.float32]
    weights: NDArray[np.float32]

    def __post_init__(self) -> None:
        count, sections = len(self.index), len(self.basis.counts)
        fits = self.index.shape == (count, sections) and self.targets.shape == self.weights.shape == (count, 3)
        if not fits or not 0 < count <= MAX_SAMPLES:
            raise UntoneError(f"samples of {list(self.index.shape)} places and {list(self.targets.shape)} targets")
        ends = np.cumsum(self.basis.counts)
        if (self.index < ends - self.basis.counts).any() or (self.index >= ends).any():
            raise UntoneError("a sample lies outside of its picture")
        if not (np.isfinite(self.targets).all() and np.isfinite(self.weights).all()):
            raise UntoneError("a sample's target or weight is no number")


@dataclasses.dataclass(frozen=True)
class Schedule:
    """How a network is trained: Adam whose rate falls along half a cosine.

    Attributes:
        steps, batch: at most so many steps of so many samples, taken one batch after the other.
        rate, last_rate: at the beginning and the end.
        seconds: stop then, the cosine over that time; 0: after `steps`.
        keep2: of Adam's mean of squares from step to step.

    Raises:
        UntoneError: a number out of its range.
    """

    steps: int
    batch: int
    rate: float
    last_rate: float = 0.0
    seconds: float = 0.0
    keep2: float = 0.999

    def __post_init__(self) -> None:
        counts = 0 <= self.steps < 1 << 30 and 0 < self.batch <= MAX_SAMPLES
        numbers = (self.rate, self.last_rate, self.seconds)
        kept = 0 < self.keep2 < 1 and self.rate != 0
        if not (counts and kept) or not all(math.isfinite(n) and n >= 0 for n in numbers):
            raise UntoneError(
                f"a network cannot be trained by {self.steps} steps of {self.batch} samples, {self.seconds:g} seconds, "
                f"at rates from {self.rate:g} to {self.last_rate:g} and a keep2 of {self.keep2:g}"
            )


def train(
    vector: NDArray[np.float32],
    neurons: int,
    samples: Samples,
    schedule: Schedule,
    *,
    mix: Floats | None = None,
    threads: int | None = None,
    variant: str | None = None,
) -> tuple[NDArray[np.float32], int, float]:
    """The network after training, the steps that were done, and the loss of the last batch.

    Args:
        vector: to begin with; see gain_network.layers.
        neurons: of each hidden layer.
        mix: [inputs, inputs], of full rank: Adam then walks in a first layer that this turns into the network's, such
            as gain_network.whitening gives. The network is the same in kind; the way there is shorter.

    Raises:
        UntoneError: the batch is larger than the samples, the mix is of another size, or no such variant.
    """
    if schedule.batch > len(samples.index):
        raise UntoneError(f"a batch of {schedule.batch} out of {len(samples.index)} samples")
    name, count = chosen(variant, threads)
    result = np.array(vector, np.float32)
    if mix is not None:
        result = _unmixed(result, neurons, mix)
    if name == "reference":
        return _train_plainly(result, neurons, samples, schedule, mix)
    numbers = [float(number) for number in dataclasses.astuple(schedule)]
    mixed = np.zeros((0, 0), np.float32) if mix is None else np.ascontiguousarray(mix, np.float32)
    steps, loss = _native.train_network(name, count, *_given(samples, schedule.batch), neurons, result, numbers, mixed)
    return result, steps, loss


def _unmixed(vector: NDArray[np.float32], neurons: int, mix: Floats) -> NDArray[np.float32]:
    """The network with the first layer that `mix` turns into the one it has."""
    first = gain_network.layers(vector, neurons).first
    if mix.shape != (len(first), len(first)) or not np.isfinite(mix).all():
        raise UntoneError(f"a mix of {len(first)} inputs is square, and of numbers, not {list(mix.shape)}")
    first[:] = np.linalg.solve(mix.astype(np.float64), first.astype(np.float64))
    return vector


def loss_and_gradient(
    vector: NDArray[np.float32],
    neurons: int,
    samples: Samples,
    *,
    threads: int | None = None,
    variant: str | None = None,
) -> tuple[float, Floats]:
    """Loss over all samples and its gradient by the vector: gain_network.loss_and_gradient, as training computes it."""
    name, count = chosen(variant, threads)
    if name == "reference":
        wide = np.asarray(vector, np.float64)
        return gain_network.loss_and_gradient(
            _embedded(samples, slice(None)), samples.targets, samples.weights, wide, neurons
        )
    gradient, given = np.zeros_like(vector), _given(samples, len(samples.index))
    loss = _native.network_gradient(name, count, *given, neurons, np.array(vector, np.float32), gradient)
    return loss, gradient


def values(
    pixels: NDArray[np.uint8],
    found: gain_network.GainNetwork,
    *,
    dtype: Any = np.float32,
    out: Floats | None = None,
    threads: int | None = None,
    variant: str | None = None,
) -> Floats:
    """Residual of every pixel, [H, W, 3] float32 or float16, between the map's low and high; finite.

    Args:
        pixels: [H, W, 3] uint8, the picture the map was made for, or another of its size.

    Raises:
        UntoneError: other pixels than these.
    """
    pixels = checked(pixels)
    if pixels.dtype != np.uint8 or pixels.shape[:2] != (found.height, found.width):
        made = f"{found.height} x {found.width} of 8 bits"
        raise UntoneError(f"a network for rows and columns of {made} reads no {list(pixels.shape)} {pixels.dtype}")
    if np.dtype(dtype) not in (np.float16, np.float32):
        raise UntoneError(f"dtype must be float16 or float32, not {dtype}")
    check_out(out, pixels.shape, dtype, pixels)
    result = np.empty(pixels.shape, dtype) if out is None else out
    name, count = chosen(variant, threads)
    low, high = np.array(found.low, np.float32), np.array(found.high, np.float32)
    if name == "reference":
        _values_plainly(pixels, found, low, high, result)
        return result
    ends = [np.append(part, np.float32(0)) for part in ((high - low) / 2, (high + low) / 2, low, high)]
    basis = gain_network.basis(found.height, found.width).rows
    half = result.itemsize == 2
    _native.network_values(name, count, pixels, basis, found.neurons, found.vector, np.concatenate(ends), half, result)
    return result


def default_threads() -> int:
    """Threads of a call that names no number."""
    return chosen(None, None)[1]


def _given(samples: Samples, batch: int) -> tuple[Floats, list[int], Floats, Floats, Floats]:
    """The samples as the native code reads them: each batch by the place of its samples, for the caches' sake."""
    four = [np.zeros((len(samples.index), 4), np.float32) for _ in range(2)]
    order = _order(samples, batch)
    for to, found in zip(four, (samples.targets, samples.weights), strict=True):
        to[:, :3] = found[order]
    index = np.ascontiguousarray(samples.index[order], np.int32)
    return samples.basis.rows, list(samples.basis.counts), index, four[0], four[1]


def _order(samples: Samples, batch: int) -> NDArray[np.int64]:
    """Samples by the TILE they lie in, within each batch; those after the last whole batch stay."""
    counts = samples.basis.counts
    across = -(-counts[0] // TILE)
    down = (samples.index[:, 1] - counts[0]) // TILE if len(counts) > 1 else 0
    tile = (samples.index[:, 0] // TILE + across * down).astype(np.uint16)
    whole = len(tile) // batch * batch
    within = np.argsort(tile[:whole].reshape(-1, batch), axis=1, kind="stable")
    first = np.arange(0, whole, batch)[:, None]
    return np.concatenate([(first + within).ravel(), np.arange(whole, len(tile))])


def _embedded(samples: Samples, which: slice) -> NDArray[np.float64]:
    index = samples.index[which]
    return samples.basis.rows[index].reshape(len(index), -1).astype(np.float64)


def _train_plainly(
    vector: Floats, neurons: int, samples: Samples, schedule: Schedule, mix: Floats | None
) -> tuple[NDArray[np.float32], int, float]:
    """The definition of training: batches in order, each time around from another beginning; steps, not seconds."""
    master = vector.astype(np.float64)
    turn = np.eye(len(gain_network.layers(master, neurons).first)) if mix is None else mix.astype(np.float64)
    mean, square = np.zeros_like(master), np.zeros_like(master)
    count, batch, loss = len(samples.index), schedule.batch, 0.0
    batches = count // batch
    for step in range(schedule.steps):
        progress, used = step / schedule.steps, _mixed(master, neurons, turn)
        begin = step % batches * batch + step // batches * 7919 % (count - batches * batch + 1)
        which = slice(begin, begin + batch)
        rows = _embedded(samples, which)
        loss, slope = gain_network.loss_and_gradient(
            rows, samples.targets[which], samples.weights[which], used, neurons
        )
        first = gain_network.layers(slope, neurons).first
        first[:] = turn.T @ first
        mean += (1 - KEEP1) * (slope - mean)
        square += (1 - schedule.keep2) * (slope * slope - square)
        fall = 0.5 + 0.5 * math.cos(math.pi * progress)
        rate = schedule.last_rate + (schedule.rate - schedule.last_rate) * fall
        root = np.sqrt(square / (1 - schedule.keep2 ** (step + 1))) + TINY
        master -= rate * mean / (1 - KEEP1 ** (step + 1)) / root
    return _mixed(master, neurons, turn).astype(np.float32), schedule.steps, loss


def _mixed(vector: Floats, neurons: int, turn: Floats) -> Floats:
    result = vector.copy()
    first = gain_network.layers(result, neurons).first
    first[:] = turn @ first
    return result


def _values_plainly(
    pixels: NDArray[np.uint8], found: gain_network.GainNetwork, low: Floats, high: Floats, result: Floats
) -> None:
    """The definition of reading, in float64, some rows at a time."""
    height, width = pixels.shape[:2]
    columns, rows = (gain_network.embedding(n) for n in (width, height))
    codes = gain_network.embedding(gain_network.LEVELS)
    for top in range(0, height, BAND_ROWS):
        band = pixels[top : top + BAND_ROWS]
        shape = (*band.shape[:2], gain_network.EMBEDDED)
        parts = [np.broadcast_to(columns[None], shape), np.broadcast_to(rows[top : top + BAND_ROWS, None], shape)]
        embedded = np.concatenate([*parts, codes[band].reshape(*shape[:2], -1)], -1).astype(np.float64)
        said = gain_network.forward(embedded, found.vector.astype(np.float64), found.neurons)
        result[top : top + BAND_ROWS] = np.clip(said * ((high - low) / 2) + (high + low) / 2, low, high)
