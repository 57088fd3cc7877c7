"""Operators and curves as the native variants read them. All of it is linear algebra on a few thousand numbers."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..colour import PQ_PEAK_NITS, code_table, nits_to_pq, rgb_to_rgb
from ..operators import Operators

Floats = NDArray[np.float32]

OCTAVES = 32
"""The PQ table covers 2**-31 .. 1 of 10,000 nits; below, every code rounds to 0."""


def nodes(operators: Operators, *, planar: bool) -> Floats:
    """The grids at each y node as tables of an x cell: [gy, floats].

    Interpolation in x and along the guide is linear in the grid, so each cell holds value, x slope, and the
    differences of both to the next guide node. Planar: [guide, channel, cell, (value, slope, rise, slope rise), node];
    else records: [guide, cell, node, (value, slope, rise, slope rise), RGBX]. Values are in LUT nodes, 0..n - 1.
    """
    grid = operators.grids.astype(np.float64) * (operators.lut.shape[0] - 1)
    value = grid[:, :, :-1]
    slope = grid[:, :, 1:] - value
    parts = np.stack([value, slope, _rise(value), _rise(slope)])  # [part, guide, gy, cell, node, channel]
    if planar:
        table = parts.transpose(2, 1, 5, 3, 0, 4)
    else:
        table = np.pad(parts.transpose(2, 1, 3, 4, 0, 5), [(0, 0)] * 5 + [(0, 1)])
    with np.errstate(over="ignore"):  # the kernels clamp infinities
        return np.ascontiguousarray(table.reshape(table.shape[0], -1), np.float32)


def _rise(nodes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Difference to the next node along the guide; 0 at the last, which is never read as a lower node."""
    return np.pad(np.diff(nodes, axis=3), [(0, 0)] * 3 + [(0, 1), (0, 0)])


def rgbx(values: Any, fill: float = 0.0) -> Floats:
    """[..., 3] to contiguous float32 [..., 4], the fourth `fill`."""
    values = np.asarray(values, np.float64)
    padding = [(0, 0)] * (values.ndim - 1) + [(0, 1)]
    return np.ascontiguousarray(np.pad(values, padding, constant_values=fill), np.float32)


@functools.cache
def light_with_offset(transfer: str, maximum: int, offset: float) -> Floats:
    """Light of every code plus the offset, rounded once."""
    return (code_table(transfer, maximum).astype(np.float64) + offset).astype(np.float32)


def bt2020_columns(primaries: str, white_nits: float) -> Floats:
    """[3, 4] columns (R, G, B of the source; RGBX of the target) from light to shares of 10,000 nits in BT.2020."""
    return rgbx(rgb_to_rgb(primaries, "bt2020").T * (white_nits / PQ_PEAK_NITS))


@functools.cache
def pq_octaves(levels: int = 1023) -> Floats:
    """[4, OCTAVES] cubic of `levels` * PQ + 0.5 per octave, in t = mantissa - 1.5.

    Interpolates ST 2084 at Chebyshev nodes: off by less than 0.1 code anywhere above 2**-31.
    """
    t = np.cos((np.arange(4) + 0.5) * np.pi / 4) / 2
    octaves = 2.0 ** np.arange(1 - OCTAVES, 1)
    codes = levels * nits_to_pq((t[:, None] + 1.5) * octaves * PQ_PEAK_NITS) + 0.5
    codes[:, -1] = levels + 0.5  # the last octave is only ever read at its start, 1.0
    return np.ascontiguousarray(np.linalg.solve(np.vander(t, 4, increasing=True), codes), np.float32)
