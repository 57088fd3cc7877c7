"""Operators and curves as the native variants read them. All of it is linear algebra on a few thousand numbers."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..colour import PQ_PEAK_NITS, code_table, nits_to_pq, rgb_to_rgb
from ..operators import Operators

Floats = NDArray[np.float32]
Floats64 = NDArray[np.float64]

CURVE_BOUNDS = (0.01, 4.5)
"""Readings beyond 4.5 count as 4.5: tanh is within 3e-4 of its end there."""

MAX_POWER_STOPS = 4.0
"""Beyond, 2 ** stops bends too fast for a cubic, and is computed from the stops."""

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
    table = parts.transpose(2, 1, 5, 3, 0, 4) if planar else _with_fourth(parts.transpose(2, 1, 3, 4, 0, 5))
    with np.errstate(over="ignore"):  # the kernels clamp infinities
        return np.ascontiguousarray(table.reshape(table.shape[0], -1), np.float32)


def _rise(nodes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Difference to the next node along the guide; 0 at the last, which is never read as a lower node."""
    rise = np.zeros_like(nodes)
    np.subtract(nodes[:, :, :, 1:], nodes[:, :, :, :-1], out=rise[:, :, :, :-1])
    return rise


def rgbx(values: Any, fill: float = 0.0) -> Floats:
    """[..., 3] to contiguous float32 [..., 4], the fourth `fill`."""
    return _with_fourth(np.asarray(values, np.float64), fill).astype(np.float32)


def _with_fourth(values: Floats64, fill: float = 0.0) -> Floats64:
    """[..., 3] to [..., 4]; np.pad takes ten times as long for what a frame needs."""
    wide = np.full((*values.shape[:-1], 4), fill)
    wide[..., :3] = values
    return wide


@functools.cache
def light_with_offset(transfer: str, maximum: int, offset: float) -> Floats:
    """Light of every code plus the offset, rounded once."""
    return (code_table(transfer, maximum).astype(np.float64) + offset).astype(np.float32)


def bt2020_columns(primaries: str, white_nits: float) -> Floats:
    """[3, 4] columns (R, G, B of the source; RGBX of the target) from light to shares of 10,000 nits in BT.2020."""
    return rgbx(rgb_to_rgb(primaries, "bt2020").T * (white_nits / PQ_PEAK_NITS))


def _chebyshev(degree: int) -> Floats64:
    """The degree + 1 points of -1/2..1/2 where interpolation errs least."""
    points: Floats64 = np.cos((np.arange(degree + 1) + 0.5) * np.pi / (degree + 1)) / 2
    return points


@functools.cache
def pq_octaves(levels: int = 1023) -> Floats:
    """[4, OCTAVES] cubic of `levels` * PQ + 0.5 per octave, in t = mantissa - 1.5.

    Interpolates ST 2084 at Chebyshev nodes: off by less than 0.1 code of 1023 anywhere above 2**-31.
    """
    t = _chebyshev(3)
    octaves = 2.0 ** np.arange(1 - OCTAVES, 1)
    codes = levels * nits_to_pq((t[:, None] + 1.5) * octaves * PQ_PEAK_NITS) + 0.5
    codes[:, -1] = levels + 0.5  # the last octave is only ever read at its start, 1.0
    return np.ascontiguousarray(np.linalg.solve(np.vander(t, 4, increasing=True), codes), np.float32)


@functools.cache
def pq_pairs(levels: int) -> Floats:
    """[2817, 2] `levels` * PQ + 0.5 at the start of each of 64 steps per octave, and its slope per mantissa bit.

    Linear interpolation of ST 2084 from 2**-44 to 1 of 10,000 nits, off by less than 0.1 code of 65535.
    """
    at = np.arange(44 * 64 + 2)
    shares = 2.0 ** (at // 64 - 44) * (1 + at % 64 / 64)
    codes = levels * nits_to_pq(np.minimum(shares, 1) * PQ_PEAK_NITS) + 0.5
    return np.ascontiguousarray(np.stack([codes[:-1], np.diff(codes) / 2**17], axis=1), np.float32)


@dataclasses.dataclass(frozen=True, eq=False)
class Curve:
    """A function of the LUT's readings as a table of polynomials, one per step, centred on multiples of the step.

    Attributes:
        table: [4, 32] coefficients, lowest power first, of cubics in t = reading / step - n; or [2048, 2] value and
            slope. Entry n, modulo the number of steps, belongs to readings around n * step.
        per_step: 1 / step.
        bound: readings beyond it, either way, count as it.
    """

    table: Floats
    per_step: float
    bound: float


def curve(operators: Operators, *, power: bool, segments: bool) -> Curve:
    """Stops of a LUT reading v, qmax * tanh(v); or, with `power`, 2 ** stops. Exact at v = 0, so that black stays.

    The steps share out what the LUT can yield, so that its table is no coarser than it need be. Relative error of the
    power: 1e-5 for trained operators, below 1e-3 for any within MAX_POWER_STOPS; of the stops below 1e-5 * qmax, and
    3e-4 * qmax where tanh saturates.
    """
    steps, degree = (32, 3) if segments else (2048, 1)
    bound = float(np.clip(np.abs(operators.lut).max(), *CURVE_BOUNDS))
    per_step = (steps / 2 - 1 + 0.49) / bound  # half a step past the last centre, less rounding
    t = _chebyshev(degree)
    n = (np.arange(steps) + steps // 2) % steps - steps // 2
    stops = operators.qmax_stops * np.tanh((n + t[:, None]) / per_step)
    table = np.linalg.solve(np.vander(t, degree + 1, increasing=True), np.exp2(stops) if power else stops)
    table[0, 0] = 1.0 if power else 0.0
    return Curve(np.ascontiguousarray(table if segments else table.T, np.float32), per_step, bound)
