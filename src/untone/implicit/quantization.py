"""Quantisation of gain networks to 8 bits, each rounding compensated by later weights (GPTQ over all layers).

Rounding each weight to its nearest code makes thousands of independent errors. What one weight
loses others can make up for, weights that are not rounded yet and biases, which stay numbers: weights are rounded one
after the other, and what the network then says otherwise, to second order, goes to those that follow (Hassibi and Stork
1993; Frantar et al. 2023, GPTQ; in other words Babai's nearest plane, 1986). Unlike there, weights of all layers know
of each other: what counts is what comes out of the last.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import gain_network

Floats = NDArray[Any]
Places = NDArray[np.int64]

SAMPLES = 4096
"""That tell how weights act together: no better with six times as many."""

DAMPING = 0.02
"""Added to second moments, as a share of their mean: what hardly ever mattered could matter elsewhere, and far from
where they are weights act otherwise. Ten times less is at most 0.1 dB better, a hundred times less often much worse."""

BLOCK = 2304
"""Weights, about, that are rounded in knowledge of each other: a network of 16 neurons; of wider ones as many columns
as fit, in turn, each block in the knowledge of what those before it did."""

ROWS = 2048


@dataclasses.dataclass(frozen=True, eq=False)
class _Part:
    """Some columns of a layer."""

    layer: int
    columns: slice


def rounded(vector: NDArray[np.float32], neurons: int, embedded: Floats, weights: Floats) -> NDArray[np.float32]:
    """The network quantised to 8 bits: gain_network.quantised changes none of its numbers.

    Args:
        vector: as gain_network.layers takes it apart.
        embedded: [n, inputs] of some samples; SAMPLES are enough.
        weights: [n, 3], how much errors of their outputs matter.
    """
    net = gain_network.layers(np.array(vector, np.float32), neurons)
    steps, most = _steps(net, vector, neurons)
    said = gain_network.forward(embedded, vector, neurons)
    result = vector.astype(np.float64)
    for block in _blocks(net, neurons):
        places = _places(block, neurons, len(vector))
        moments, lost = _moments(result.astype(np.float32), neurons, block, embedded, weights, said)
        result[places] = nearest(result[places], steps[places], most[places], moments, lost)
    found = gain_network.quantised(result.astype(np.float32), neurons)
    plain = gain_network.quantised(vector, neurons)
    # where nothing of second order holds, each weight's nearest code is better
    errors = [weights * np.square(gain_network.forward(embedded, v, neurons) - said) for v in (found, plain)]
    return found if errors[0].sum() <= errors[1].sum() else plain


def _steps(net: gain_network.Layers, vector: Floats, neurons: int) -> tuple[Floats, Floats]:
    """[numbers] of the vector: what a code is worth, NaN for biases; and the largest code."""
    steps, most = (np.full(len(vector), fill, np.float64) for fill in (np.nan, 0.0))
    targets = (gain_network.layers(part, neurons).matrices for part in (steps, most))
    for matrix, grid, step, end in zip(net.matrices, gain_network.grids(net), *targets, strict=True):
        step[:] = grid.scales(matrix) * grid.units
        end[:] = grid.most
    return steps, most


def _blocks(net: gain_network.Layers, neurons: int) -> list[list[_Part]]:
    """All of a network up to 16 neurons; else columns of the first layer, of the second, and the third."""
    if sum(part.size for part in net.matrices) <= BLOCK:
        return [[_Part(layer, slice(None)) for layer in range(3)]]
    found = []
    for layer, matrix in enumerate(net.matrices):
        columns = max(BLOCK // len(matrix), 1)
        found += [[_Part(layer, slice(at, at + columns))] for at in range(0, matrix.shape[1], columns)]
    return found


def _places(block: list[_Part], neurons: int, size: int) -> Places:
    """Where the numbers of a block lie in the vector, as `_slopes` orders them."""
    net = gain_network.layers(np.arange(size), neurons)
    pairs = [(net.matrices[part.layer][:, part.columns], net.biases[part.layer][part.columns]) for part in block]
    return np.concatenate([piece.ravel() for pair in pairs for piece in pair])


def _moments(
    vector: NDArray[np.float32], neurons: int, block: list[_Part], embedded: Floats, weights: Floats, said: Floats
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Second moments of the outputs' slopes by the block's numbers, [m, m], and with what they say otherwise now, [m].

    The three outputs of a sample are added with random signs: on the average that is the sum of their squares.
    """
    random = np.random.default_rng(0)
    total: Any = 0.0
    lost: Any = 0.0
    for at in range(0, len(embedded), ROWS):
        rows, part = embedded[at : at + ROWS], weights[at : at + ROWS]
        signed = np.sqrt(part) * random.choice(np.array([-1, 1], np.float32), part.shape)
        slopes, now = _slopes(gain_network.layers(vector, neurons), rows, signed, block)
        total = total + slopes.T @ slopes
        lost = lost + slopes.T @ ((now - said[at : at + ROWS]) * signed).sum(1)
    count = len(embedded)
    return np.asarray(total, np.float64) / count, np.asarray(lost, np.float64) / count


def _slopes(net: gain_network.Layers, rows: Floats, signed: Floats, block: list[_Part]) -> tuple[Floats, Floats]:
    """Of the sum of signed outputs by each number of a block, [n, m]; and the outputs, [n, 3]."""
    first = np.maximum(rows @ net.first + net.first_bias, 0)
    second = np.maximum(first @ net.second + net.second_bias, 0)
    onward = [(second, signed)]
    onward.insert(0, (first, (signed @ net.third.T) * (second > 0)))
    onward.insert(0, (rows, (onward[0][1] @ net.second.T) * (first > 0)))
    pieces = []
    for part in block:
        inputs, slopes = onward[part.layer]
        slopes = slopes[:, part.columns]
        pieces += [(inputs[:, :, None] * slopes[:, None]).reshape(len(rows), -1), slopes]
    return np.concatenate(pieces, axis=1), second @ net.third + net.third_bias


def nearest(weights: Floats, steps: Floats, most: Floats, moments: Floats, lost: Floats) -> NDArray[np.float64]:
    """Numbers w + d, codes times steps, for which d M d + 2 d l is small.

    Args:
        weights: [m], w.
        steps: [m], what a code is worth: 0 for weights that are 0, NaN for what stays a number.
        most: [m], the largest code.
        moments: [m, m], M, symmetric.
        lost: [m], l.
    """
    count = len(weights)
    damped = moments + np.eye(count) * max(DAMPING * float(np.trace(moments)) / count, 1e-12)
    centre = weights - np.linalg.solve(damped, lost) if lost.any() else weights
    # the ends of the columns come first, so that their codes stay the largest; numbers last, to take what is left
    sealed = np.rint(np.abs(weights) / np.where(steps > 0, steps, np.inf)) >= most
    order = np.lexsort((steps, np.where(np.isnan(steps), -1, sealed)))
    upper = np.linalg.cholesky(damped[np.ix_(order, order)]).T.copy()
    wanted, step, end, fixed = centre[order], steps[order], most[order], sealed[order]
    ends = np.copysign(end * step, weights[order])
    moved, numbers = np.zeros(count), int(np.isnan(steps).sum())
    for i in range(count - 1, numbers - 1, -1):
        best = wanted[i] - upper[i, i + 1 :] @ moved[i + 1 :] / upper[i, i]
        moved[i] = (ends[i] if fixed[i] else _coded(best, step[i], end[i])) - wanted[i]
    rest = upper[:numbers, numbers:] @ moved[numbers:]
    moved[:numbers] = -np.linalg.solve(upper[:numbers, :numbers], rest)
    result = np.empty(count)
    result[order] = wanted + moved
    return result


def _coded(number: float, step: float, most: float) -> float:
    return min(max(float(np.rint(number / step)), -most), most) * step if step > 0 else 0.0
