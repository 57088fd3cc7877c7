"""Channels that carry light gain nearly alike, so that yellow does not turn orange.

A network's three gains say what highlights had of colour before they were clipped, and err by up to a stop where few
training pictures have such a colour: flat yellow got a stop more of red than of green. Gains of channels without light
do not show and are left out of account; a red lamp keeps what its red has.
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from .gain_curves import Plane

APART = 0.2
"""Stops that a channel may gain more or less than the one it is compared with."""

MEAN, BRIGHTEST = 0.6, 1.6
"""Stops of the largest gain up to which channels are compared with their mean, and from which with that gain, so that
lights lose nothing."""

LIT = 0.25
"""Share of the light of the brightest channel from which a channel counts as the one of the largest gain."""

DARK = 1e-3
"""Added to every light, so that black has a mean."""


def kept(gains: Plane) -> Plane:
    """Gains of a LUT whose channels are, for each colour, within APART of each other's mean or maximum.

    A node's place in the LUT stands for its colour: codes to the power of 2.2 are light.

    Args:
        gains: [n, n, n, 3], stops (gain_curves.bent).
    """
    share, lit = _light(len(gains))
    mean = np.einsum("ijkc,ijkc->ijk", gains, share)[..., None]
    red, green, blue = np.moveaxis(np.where(lit, gains, -np.inf), -1, 0)
    largest = np.maximum(np.maximum(red, green), blue)[..., None]  # three times as fast as max(-1)
    middle = mean + np.clip((largest - MEAN) / (BRIGHTEST - MEAN), 0, 1) * (largest - mean)
    made: Plane = middle + np.clip(gains - middle, -APART, APART)
    return made


@functools.cache
def _light(nodes: int) -> tuple[Plane, NDArray[np.bool_]]:
    """Of the light of each node, [n, n, n, 3]: the channels' shares, and which are lit."""
    axis = (np.arange(nodes) / (nodes - 1)) ** 2.2 + DARK
    light = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1)
    return light / light.sum(-1, keepdims=True), light >= LIT * light.max(-1, keepdims=True)
