"""Tables as the native variants read them, for frames of films: the EOTF, PQ, the noise."""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from .. import layout
from . import reference

Floats = NDArray[np.float32]

DARKEST, EPSILON = 2.0**-7, 2.0**-20
"""Black and the distance of white from 1, where the octaves of the EOTF's table begin and end (native: Eotf)."""

SPARE = 16
"""Rows of the noise repeat their beginning, so that a register may read past the end."""


@functools.cache
def eotf(name: str, offset: float) -> Floats:
    """[4, 8] cubics of light + offset, lowest power first, of m - 1 where x * (1 - DARKEST - EPSILON) + DARKEST is m
    times a power of two, m in 1..2; column k belongs to the power k - 7, and black is met exactly.

    Off by less than 2e-4 of the light, and by less than 1e-6 below the second octave.
    """
    from . import EOTFS

    m = 1.5 + np.cos((np.arange(4) + 0.5) * np.pi / 4) / 2
    table = np.zeros((4, 8))
    for octave in range(7):
        x = np.clip((m * 2.0 ** (octave - 7) - DARKEST) / (1 - DARKEST - EPSILON), 0, None)
        table[:, octave] = np.linalg.solve(np.vander(m - 1, 4, increasing=True), reference.light_of(x, EOTFS[name]))
    t = (m - 1)[1:]  # the first octave begins at black, where its cubic is 0
    x = t * DARKEST / (1 - DARKEST - EPSILON)
    table[0, 0] = 0
    table[1:, 0] = np.linalg.solve(np.vander(t, 4, increasing=True)[:, 1:], reference.light_of(x, EOTFS[name]))
    table[0] += offset
    return np.ascontiguousarray(table, np.float32)


@functools.cache
def pq_pairs() -> Floats:
    """As layout.pq_pairs(1023), without what rounds, and 0 in its first step."""
    table = layout.pq_pairs(1023).copy()
    table[:, 0] -= 0.5
    table[0] = 0
    return table


@functools.cache
def dither() -> Floats:
    """[64, 80] the noise of chroma."""
    table = reference.dither()
    return np.ascontiguousarray(np.hstack([table, table[:, :SPARE]]))


@functools.cache
def pair_dither() -> Floats:
    """[64, 2, 48] the noise of luma: even columns, odd columns."""
    parts = reference.dither().reshape(64, 32, 2).transpose(0, 2, 1)
    return np.ascontiguousarray(np.concatenate([parts, parts[..., :SPARE]], axis=2))
