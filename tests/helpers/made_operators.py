"""Operators made by hand, and pictures of grey bars to look at with them."""

from __future__ import annotations

import numpy as np

from untone.models import gain_curves
from untone.operators import RANGE_NODES, Operators

QMAX = 4.0


def rising(most: float) -> Operators:
    """Gain of `most` stops at white, by the fourth power of the brightest code, for all channels alike."""
    axis = np.linspace(0, 1, 17)
    code = np.max(np.meshgrid(axis, axis, axis, indexing="ij"), axis=0)
    lut = np.arctanh(most * code**4 / QMAX)[..., None].repeat(3, -1).astype(np.float32)
    ramp = np.arange(RANGE_NODES) / (RANGE_NODES - 1)
    grids = (np.eye(3)[:, None, :] * ramp[None, :, None]).reshape(3, 1, 1, RANGE_NODES, 3)
    return Operators(np.ascontiguousarray(grids.repeat(2, 1).repeat(2, 2), np.float32), lut, QMAX)


def led_by(rule, operators: Operators, picture, *words) -> Operators:
    """Operators as a rule (glare.curve, averaging.curve) leads their gains for a picture."""
    curve = rule(*gain_curves.rendered(operators, picture), operators.offset, *words)
    return operators if curve is None else gain_curves.bent(operators, [curve])
