"""A first layer in 8 bits: each weight rounded in the knowledge of what the roundings before it have done.

Rounding each weight to its nearest code makes 120 errors that know nothing of each other. Inputs go together, so one
weight can make up for another: weights are rounded one after the other, and what is left of each is passed on to those
that are not rounded yet, as the inputs' second moments say (Frantar et al. 2023, GPTQ; Hassibi and Stork 1993).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import mlp

Floats = NDArray[Any]

SHARES = (1.0, 0.7, 0.5)
"""Of a column's largest weight, which its codes may end at: the finer the codes, the more has to be made up for."""

DAMPINGS = (1e-4, 1e-3, 1e-2)
"""Added to second moments, as shares of their mean: the smaller, the more is passed on along what hardly occurs. Which
is best differs from picture to picture, by decibels; it is seen by what the whole network then says."""


def first_layer(vector: NDArray[np.float32], neurons: int, embedded: Floats, weights: Floats) -> NDArray[np.float32]:
    """The network with its first layer as 8 bits hold it (mlp.quantised then changes none of its weights).

    Its biases make up for what they can.

    Args:
        vector: as mlp.layers takes it apart.
        embedded: [n, inputs] of some samples.
        weights: [n, 3], how much errors of their outputs matter.
    """
    net = mlp.layers(vector.astype(np.float64), neurons)
    said, found = mlp.forward(embedded, vector, neurons), []
    moments = _moments(net, embedded, weights)
    for damping in DAMPINGS:
        result = np.array(vector, np.float32)
        to = mlp.layers(result, neurons)
        for neuron in range(neurons):
            to.first[:, neuron], to.first_bias[neuron] = _rounded(net, neuron, moments[neuron], damping)
        error = mlp.forward(embedded, result, neurons) - said
        found.append((float((weights * error * error).mean()), result))
    return min(found, key=lambda pair: pair[0])[1]


def _moments(net: mlp.Layers, embedded: Floats, weights: Floats) -> list[NDArray[np.float64]]:
    """For each neuron [inputs + 1, inputs + 1] second moments of the inputs, and of the bias's 1, where they matter."""
    inner = embedded @ net.first.astype(np.float32) + net.first_bias.astype(np.float32)
    outer = np.maximum(inner, 0) @ net.second.astype(np.float32) + net.second_bias.astype(np.float32) > 0
    # in float64: of a picture of one colour nothing but DAMPINGS keeps these positive definite
    rows = np.append(embedded, np.ones((len(embedded), 1)), axis=1)
    found: list[NDArray[np.float64]] = []
    for onward, active in zip(net.second.astype(np.float32), (inner > 0).T, strict=True):
        slopes = (outer * onward) @ net.third.astype(np.float32)
        matters = (slopes**2 * weights).sum(1) * active
        found.append((rows * matters[:, None]).T @ rows / len(rows))
    return found


def _rounded(net: mlp.Layers, neuron: int, moments: NDArray[np.float64], damping: float) -> tuple[Floats, float]:
    steps = np.append(mlp.STEPS[: len(net.first)].astype(np.float64), 1.0)
    weights = np.append(net.first[:, neuron], net.first_bias[neuron]) / steps
    found = column(weights, moments * np.outer(steps, steps), damping) * steps
    return found[:-1], float(found[-1])


def column(weights: NDArray[np.float64], moments: NDArray[np.float64], damping: float) -> NDArray[np.float64]:
    """One neuron's weights rounded and its bias moved so that their change d does little: E[(x d)^2] is small.

    Args:
        weights: [inputs + 1]; the last is the bias, which stays a number.
        moments: [inputs + 1, inputs + 1] second moments of the inputs and of the bias's 1.
        damping: see DAMPINGS.
    """
    amount = max(damping * float(np.trace(moments)) / len(moments), 1e-12)
    damped = (moments + moments.T) / 2 + np.eye(len(moments)) * amount
    # the largest is what the codes end at; the bias comes last, and takes what is left
    order = np.append(np.argsort(-np.abs(weights[:-1]), kind="stable"), len(weights) - 1)
    # upper, and the inverse is its transpose times it: of the moments taken from behind, which keeps it stable
    spread = np.linalg.inv(np.linalg.cholesky(damped[np.ix_(order[::-1], order[::-1])])[::-1, ::-1])
    found = []
    for share in SHARES:
        scale = float(np.float16(np.abs(weights[:-1]).max() * share / 127))
        rounded = np.zeros_like(weights)
        rounded[-1] = weights[-1]
        if scale > 0:
            rounded[order] = _passed_on(weights[order], spread, scale)
        error = rounded - weights
        found.append((float(error @ damped @ error), rounded))
    return min(found, key=lambda pair: pair[0])[1]


def _passed_on(weights: NDArray[np.float64], spread: NDArray[np.float64], scale: float) -> NDArray[np.float64]:
    left, result = weights.copy(), np.empty_like(weights)
    for i in range(len(left) - 1):
        result[i] = np.clip(np.rint(left[i] / scale), -127, 127) * scale
        left[i + 1 :] -= spread[i, i + 1 :] * ((left[i] - result[i]) / spread[i, i])
    result[-1] = left[-1]
    return result
