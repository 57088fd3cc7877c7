"""Residuals between an SDR and an HDR rendition, gain or gamma of each pixel and channel (Gain-MLP, equations 1 to 6).

A gain is a ratio, f = log2(H / S); a gamma is an exponent, f = log(H) / log(S). H and S are both renditions, either as
PQ codes plus an offset (the paper's code works on those) or as light plus an offset. Light is [..., 3], linear,
1.0 = SDR diffuse white, in the primaries of the residual.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .colour import C1, C2, C3, M1, M2, PQ_PEAK_NITS, PRIMARIES, nits_to_pq, pq_to_nits
from .errors import DamagedError
from .image import DIFFUSE_WHITE_NITS

Floats = NDArray[Any]

KINDS = ("gain", "gamma")
DOMAINS = ("linear", "pq")

OFFSET = 1 / 64
"""The epsilon of the equations, in PQ codes or in SDR white; every gain map specification has the same default."""

WHITE = DIFFUSE_WHITE_NITS / PQ_PEAK_NITS
"""Light is a share of 10,000 nits under an exponent, so that SDR white stays clear of 1, whose logarithm is 0."""

MOST_LIGHT = 65504.0
"""The largest half float; light beyond it is clipped."""

DARKEST = 1e-4
"""Light (0.02 nits) below which the slope of PQ is taken as there; it has none at 0."""


@dataclasses.dataclass(frozen=True)
class Residual:
    """Kind of residual, domain and primaries.

    Attributes:
        kind: one of KINDS.
        domain: one of DOMAINS.
        primaries: that both renditions are in; "bt2020" for PQ codes.

    Raises:
        DamagedError: none of these.
    """

    kind: str
    domain: str
    primaries: str = "bt2020"

    def __post_init__(self) -> None:
        known = self.kind in KINDS and self.domain in DOMAINS and self.primaries in PRIMARIES
        if not known or (self.domain == "pq" and self.primaries != "bt2020"):
            raise DamagedError(f"there is no residual of {self.kind}, {self.domain}, {self.primaries}")


def raised(light: Floats, residual: Residual) -> Floats:
    """Base of the residual: PQ codes or light plus the offset, above 0, below 1 for SDR."""
    if residual.domain == "pq":
        return nits_to_pq(light * DIFFUSE_WHITE_NITS) + OFFSET
    result: Floats = (np.maximum(light, 0) + OFFSET) * WHITE
    return result


def lowered(values: Floats, residual: Residual) -> Floats:
    """Light of `raised` values: its inverse, 0..MOST_LIGHT."""
    if residual.domain == "pq":
        return pq_to_nits(values - OFFSET) / DIFFUSE_WHITE_NITS
    return np.clip(values / WHITE - OFFSET, 0, MOST_LIGHT)


def residual_of(sdr: Floats, hdr: Floats, residual: Residual) -> Floats:
    """f of both renditions' light, [..., 3]: equation 1 as a logarithm (equation 2 does the rest), or equation 5."""
    base, alternate = raised(sdr, residual), raised(hdr, residual)
    result: Floats = np.log2(alternate / base) if residual.kind == "gain" else np.log(alternate) / np.log(base)
    return result


def light_of(sdr: Floats, values: Floats, residual: Residual) -> Floats:
    """HDR light of the SDR rendition's light and f: equation 4 or 6. Finite for every finite f."""
    base = raised(sdr, residual)
    with np.errstate(over="ignore"):
        if residual.kind == "gain":
            return lowered(np.minimum(base * np.exp2(values), MOST_LIGHT), residual)
        return lowered(np.minimum(base**values, MOST_LIGHT), residual)


def pq_slope(sdr: Floats, hdr: Floats, residual: Residual) -> Floats:
    """How far the PQ code of the HDR rendition moves per unit of f, [..., 3], above 0.

    An error of f times this is an error of PQ codes, which the eye weighs about evenly.
    """
    base, alternate = raised(sdr, residual), raised(hdr, residual)
    slope: Floats = alternate * (math.log(2) if residual.kind == "gain" else -np.log(base))
    if residual.domain == "linear":
        slope = slope * _pq_derivative(np.maximum(hdr, DARKEST) * WHITE)
    return slope


def _pq_derivative(share: Floats) -> Floats:
    """Of the PQ code by light, as a share of 10,000 nits."""
    power = share**M1
    top, bottom = C1 + C2 * power, 1 + C3 * power
    result: Floats = M2 * (top / bottom) ** (M2 - 1) * (C2 - C1 * C3) / bottom**2 * M1 * power / share
    return result
