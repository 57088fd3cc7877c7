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

SHARES = (1.0, 0.7)
"""Of a column's largest weight, which its codes may end at: the finer the codes, the more has to be made up for."""

DAMPING = 1e-3
"""Added to second moments, as a share of their mean."""


def first_layer(vector: NDArray[np.float32], neurons: int, embedded: Floats, weights: Floats) -> NDArray[np.float32]:
    """The network with its first layer as 8 bits hold it (mlp.eight_bits then gives codes without loss).

    Args:
        vector: as mlp.layers takes it apart.
        embedded: [n, inputs] of some samples.
        weights: [n, 3], how much errors of their outputs matter.
    """
    result = np.array(vector, np.float32)
    net, to = mlp.layers(vector.astype(np.float64), neurons), mlp.layers(result, neurons).first
    inner = embedded @ net.first.astype(np.float32) + net.first_bias.astype(np.float32)
    outer = np.maximum(inner, 0) @ net.second.astype(np.float32) + net.second_bias.astype(np.float32) > 0
    for neuron in range(neurons):
        slopes = (outer * net.second[neuron].astype(np.float32)) @ net.third.astype(np.float32)
        matters = (slopes**2 * weights).sum(1) * (inner[:, neuron] > 0)
        moments = ((embedded * matters[:, None]).T @ embedded / len(embedded)).astype(np.float64)
        to[:, neuron] = column(net.first[:, neuron], moments)
    return result


def column(weights: NDArray[np.float64], moments: NDArray[np.float64]) -> NDArray[np.float64]:
    """One neuron's weights, rounded so that the square of d (its outputs' error is E[(x d)^2]) becomes small.

    Args:
        weights: [inputs].
        moments: [inputs, inputs] second moments of the inputs.
    """
    damping = max(DAMPING * float(np.trace(moments)) / len(moments), 1e-12)
    damped = (moments + moments.T) / 2 + np.eye(len(moments)) * damping
    order = np.argsort(-np.abs(weights), kind="stable")  # the largest is what the codes end at
    # upper, and the inverse is its transpose times it: of the moments taken from behind, which keeps it stable
    spread = np.linalg.inv(np.linalg.cholesky(damped[np.ix_(order[::-1], order[::-1])])[::-1, ::-1])
    found = []
    for share in SHARES:
        scale = float(np.float16(np.abs(weights).max() * share / 127))
        rounded = np.zeros_like(weights)
        if scale > 0:
            rounded[order] = _passed_on(weights[order], spread, scale)
        error = rounded - weights
        found.append((float(error @ damped @ error), rounded))
    return min(found, key=lambda pair: pair[0])[1]


def _passed_on(weights: NDArray[np.float64], spread: NDArray[np.float64], scale: float) -> NDArray[np.float64]:
    left, result = weights.copy(), np.empty_like(weights)
    for i in range(len(left)):
        result[i] = np.clip(np.rint(left[i] / scale), -127, 127) * scale
        left[i + 1 :] -= spread[i, i + 1 :] * ((left[i] - result[i]) / spread[i, i])
    return result
