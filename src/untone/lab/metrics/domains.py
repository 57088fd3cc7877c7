"""Domains in which renditions are compared: PQ codes, mu-law, ICtCp, CIE Lab, IPT, light over a peak.

Light is [..., 3], linear, 1.0 = SDR white = 203 nits. Absolute domains are those of BT.2020 at that white.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ... import colour
from ...image import DIFFUSE_WHITE_NITS

Light = NDArray[Any]

LMS = np.array([[1688, 2146, 262], [683, 2951, 462], [99, 309, 3688]]) / 4096
ICTCP = np.array([[2048, 2048, 0], [6610, -13613, 7003], [17933, -17390, -543]]) / 4096
"""ITU-R BT.2100, table 7."""

IPT_LMS = np.array([[0.4002, 0.7075, -0.0807], [-0.2280, 1.1500, 0.0612], [0.0, 0.0, 0.9184]])
IPT = np.array([[0.4000, 0.4000, 0.2000], [4.4550, -4.8510, 0.3960], [0.8056, 0.3572, -1.1628]])
"""Ebner and Fairchild 1998: XYZ (D65) to LMS, LMS ** 0.43 to IPT."""

MU = 5000.0
"""Kalantari and Ramamoorthi 2017, equation 5."""

STRIP_PIXELS = 1 << 17


def bt2020_nits(light: Light, primaries: str = "bt709") -> Light:
    """Nits in BT.2020, white at 203; what lies outside of BT.2020 is clipped."""
    return np.maximum(light @ colour.rgb_to_rgb(primaries, "bt2020").T, 0) * DIFFUSE_WHITE_NITS


def pq_encoded(light: Light, primaries: str = "bt709") -> Light:
    """PQ code values [0, 1] in BT.2020, white at 203 nits (SMPTE ST 2084)."""
    return colour.nits_to_pq(bt2020_nits(light, primaries))


def pq_decoded(codes: Light) -> Light:
    """Light in BT.2020 of PQ codes [0, 1]: inverse of pq_encoded."""
    return colour.pq_to_nits(codes) / DIFFUSE_WHITE_NITS


def ictcp(light: Light, primaries: str = "bt709") -> Light:
    """ITU-R BT.2100 ICtCp (PQ), white at 203 nits."""
    return colour.nits_to_pq(bt2020_nits(light, primaries) @ LMS.T) @ ICTCP.T


def mu_law(share: Light, mu: float = MU) -> Light:
    """Light over a peak [0, 1] to log(1 + mu x) / log(1 + mu); what is outside is clipped."""
    return np.log1p(mu * np.clip(share, 0, 1)) / np.log1p(mu)


def xyz(light: Light, primaries: str = "bt709") -> Light:
    """CIE XYZ with Y = 1 at SDR white."""
    return light @ colour.rgb_to_xyz(primaries).T


def lab(light: Light, primaries: str = "bt709") -> Light:
    """CIE L*a*b* whose white is SDR white (D65, 203 nits); light above it has L* above 100."""
    white = colour.rgb_to_xyz(primaries).sum(1)
    share = xyz(light, primaries) / white
    bent = np.where(share > (6 / 29) ** 3, np.cbrt(share), share / (3 * (6 / 29) ** 2) + 4 / 29)
    x, y, z = bent[..., 0], bent[..., 1], bent[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -1)


def ipt(light: Light, primaries: str = "bt709") -> Light:
    """IPT (Ebner and Fairchild 1998), I = 1 at SDR white."""
    cones = xyz(light, primaries) @ IPT_LMS.T
    return (np.sign(cones) * np.abs(cones) ** 0.43) @ IPT.T


def brightest(light: Light) -> Light:
    """Brightest channel of each pixel; several times as fast as a maximum along so short an axis."""
    return np.maximum(np.maximum(light[..., 0], light[..., 1]), light[..., 2])


def by_strips(function: Callable[[Light], Light], light: Light) -> NDArray[np.float32]:
    """function(light) as float32, a strip of rows at a time: large pictures need no float64 copies of themselves."""
    rows = max(1, STRIP_PIXELS // max(1, int(np.prod(light.shape[1:-1]))))
    result = np.empty(light.shape, np.float32)
    for top in range(0, light.shape[0], rows):
        result[top : top + rows] = function(light[top : top + rows])
    return result


class Rendition:
    """Light [H, W, 3] of one rendition in its primaries, and its values in the domains above, each computed once."""

    def __init__(self, light: Light, primaries: str = "bt709") -> None:
        self.light = light
        self.primaries = primaries

    @cached_property
    def pq(self) -> NDArray[np.float32]:
        """PQ codes."""
        return by_strips(lambda rows: pq_encoded(rows, self.primaries), self.light)

    @cached_property
    def ictcp(self) -> NDArray[np.float32]:
        """BT.2100 ICtCp."""
        return by_strips(lambda rows: ictcp(rows, self.primaries), self.light)

    @cached_property
    def bt2020(self) -> NDArray[np.float32]:
        """Light in BT.2020, nothing below 0."""
        return by_strips(lambda rows: bt2020_nits(rows, self.primaries) / DIFFUSE_WHITE_NITS, self.light)

    @cached_property
    def peak(self) -> float:
        """Brightest channel in BT.2020, at least a thousandth of white."""
        return max(float(self.bt2020.max()), 1e-3)

    @classmethod
    def of_pq(cls, codes: NDArray[np.float32]) -> Rendition:
        """The rendition of PQ codes [H, W, 3] in 0..1, BT.2020."""
        made = cls(by_strips(lambda rows: pq_decoded(rows.astype(np.float64)), codes), "bt2020")
        made.__dict__["pq"] = codes
        return made

    def rounded(self, levels: int = 65535) -> Rendition:
        """The rendition as a 16-bit PQ file holds it: codes clamped and rounded, BT.2020."""
        return Rendition.of_pq((np.rint(self.pq * levels) / levels).astype(np.float32))
