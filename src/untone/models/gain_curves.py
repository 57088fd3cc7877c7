"""What a picture's gains are, pixel by pixel, and operators whose gains are led through a curve."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from .. import colour, kernels
from ..operators import Operators

Plane = NDArray[np.float64]
Curve = tuple[Plane, Plane]
"""Gains in stops and what they become, both rising from 0; beyond the end they rise as steeply as before."""


def rendered(operators: Operators, thumbnail: NDArray[np.float32], side: int) -> tuple[Plane, Plane]:
    """Light of a reduced thumbnail, SDR and HDR, [side, side, 3] each, linear, 1.0 = SDR white.

    Args:
        thumbnail: [3, n, n] float32, encoded RGB in 0..1; n a multiple of side.
    """
    part = thumbnail.shape[1] // side
    cells = thumbnail.reshape(3, side, part, side, part).mean((2, 4)).transpose(1, 2, 0)
    codes = np.ascontiguousarray(np.clip(cells * 255 + 0.5, 0, 255).astype(np.uint8))
    light = kernels.hdr_linear(codes, operators, "srgb", dtype=np.float32, threads=1)
    return colour.code_table("srgb")[codes].astype(np.float64), light.astype(np.float64)


def bent(operators: Operators, curve: Curve) -> Operators:
    """Operators whose LUT says what the curve makes of each of its gains; losses likewise, mirrored."""
    before, after = curve
    gain = operators.qmax_stops * np.tanh(operators.lut.astype(np.float64))
    size = np.abs(gain)
    led = np.where(size > before[-1], after[-1] + (size - before[-1]), np.interp(size, before, after))
    share = np.clip(np.sign(gain) * led / operators.qmax_stops, -0.9999, 0.9999)
    return dataclasses.replace(operators, lut=np.ascontiguousarray(np.arctanh(share).astype(np.float32)))
