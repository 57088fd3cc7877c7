"""What a picture's gains are, pixel by pixel, and operators whose gains are led through a curve."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from .. import colour, kernels
from ..operators import MAX_QMAX_STOPS, Operators

Plane = NDArray[np.float64]
Curve = tuple[Plane, Plane]
"""Gains in stops and what they become, both rising from 0; beyond the end they rise as steeply as before."""

SIDE = 64
"""Rows and columns of what is looked at."""


def rendered(operators: Operators, thumbnail: NDArray[np.float32]) -> tuple[Plane, Plane]:
    """Light of a reduced thumbnail, SDR and HDR, [SIDE * SIDE, 3] each, linear, 1.0 = SDR white.

    Args:
        thumbnail: [3, n, n] float32, encoded RGB in 0..1; n a multiple of SIDE.
    """
    part = thumbnail.shape[1] // SIDE
    rows = thumbnail.reshape(3, SIDE, part, -1).sum(2)
    cells = rows.reshape(3, SIDE, SIDE, part).sum(3).transpose(1, 2, 0) * np.float32(255 / part**2)
    codes = np.ascontiguousarray(np.clip(cells + np.float32(0.5), 0, 255).astype(np.uint8))
    light = kernels.hdr_linear(codes, operators, "srgb", dtype=np.float32, threads=1)
    base = colour.code_table("srgb")[codes]
    return base.reshape(-1, 3).astype(np.float64), light.reshape(-1, 3).astype(np.float64)


def gains_of(base: Plane, light: Plane, offset: float) -> Plane:
    """Gains in stops that make `light` of `base`."""
    gains: Plane = np.log2((light + offset) / (base + offset))
    return gains


def led(gains: Plane, curve: Curve) -> Plane:
    """What a curve makes of gains in stops; losses are led likewise, mirrored."""
    before, after = curve
    size = np.abs(gains)
    made = np.where(size > before[-1], after[-1] + (size - before[-1]), np.interp(size, before, after))
    return np.sign(gains) * made


def weakened(share: float) -> Curve:
    """The curve that leaves a share of every gain."""
    most = np.array([0.0, MAX_QMAX_STOPS])
    return most, share * most


def relit(base: Plane, light: Plane, offset: float, curve: Curve) -> Plane:
    """`light` of `base`, with its gains led through a curve."""
    return (base + offset) * np.exp2(led(gains_of(base, light, offset), curve)) - offset


def bent(operators: Operators, curves: Sequence[Curve], then: Callable[[Plane], Plane] | None = None) -> Operators:
    """Operators whose LUT says what the curves, one after the other, make of each of its gains.

    Args:
        then: what is made in the end of all gains, [n, n, n, 3], in stops.
    """
    gains: Plane = operators.qmax_stops * np.tanh(operators.lut.astype(np.float64))
    for curve in curves:
        gains = led(gains, curve)
    share = np.clip((then(gains) if then else gains) / operators.qmax_stops, -0.9999, 0.9999)
    return dataclasses.replace(operators, lut=np.ascontiguousarray(np.arctanh(share).astype(np.float32)))
