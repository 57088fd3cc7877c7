"""CICP code points (ITU-T H.273) of AVIF and HEIC as named colour spaces, or as ICC profiles where unnamed."""

from __future__ import annotations

import functools

import numpy as np

from .icc import CICP_PRIMARIES, CICP_TRANSFERS, adapted_to_d50, matrix_profile

UNSPECIFIED = 2

TRANSFERS = {**CICP_TRANSFERS, 1: "srgb", 6: "srgb", 14: "srgb", 15: "srgb"}
"""Video's curves count as sRGB's in stills, as in Chrome: encoders write them for photos whose codes are sRGB's."""

_C, _D65, _DCI = (0.310, 0.316), (0.3127, 0.3290), (0.314, 0.351)
_CHROMATICITIES = {
    4: ((0.67, 0.33), (0.21, 0.71), (0.14, 0.08), _C),
    5: ((0.64, 0.33), (0.29, 0.60), (0.15, 0.06), _D65),
    6: ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), _D65),
    7: ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), _D65),
    8: ((0.681, 0.319), (0.243, 0.692), (0.145, 0.049), _C),
    11: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _DCI),
    22: ((0.630, 0.340), (0.295, 0.605), (0.155, 0.077), _D65),
    1: ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060), _D65),
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), _D65),
    12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _D65),
}
"""Red, green, blue and white of H.273, table 2."""

_SRGB = (3, (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045))
_CURVES: dict[int, tuple[int, tuple[float, ...]]] = {
    4: (0, (2.2,)),
    5: (0, (2.8,)),
    7: (3, (1 / 0.45, 1 / 1.1115, 0.1115 / 1.1115, 1 / 4, 4 * 0.0228)),
    8: (0, (1.0,)),
    17: (1, (2.6, (52.37 / 48) ** (1 / 2.6), 0.0)),
}
"""ICC's parametric curves of H.273, table 3."""


def named(primaries: int, transfer: int) -> tuple[str | None, str | None]:
    """Our names; None where there is none, or nothing is specified."""
    return CICP_PRIMARIES.get(primaries), TRANSFERS.get(transfer)


def profile(primaries: int, transfer: int) -> bytes | None:
    """A profile of SDR colours that have no name here; None where they have, or are not known."""
    known = (*CICP_PRIMARIES, UNSPECIFIED), (*TRANSFERS, UNSPECIFIED)
    if transfer in (16, 18) or (primaries in known[0] and transfer in known[1]):
        return None
    if primaries not in (*_CHROMATICITIES, UNSPECIFIED) or transfer not in (*_CURVES, *known[1]):
        return None
    return _profile(1 if primaries == UNSPECIFIED else primaries, transfer)


@functools.cache
def _profile(primaries: int, transfer: int) -> bytes:
    *colours, white = (np.array([x / y, 1.0, (1 - x - y) / y]) for x, y in _CHROMATICITIES[primaries])
    columns = np.array(colours).T
    matrix = adapted_to_d50(columns * np.linalg.solve(columns, white))
    return matrix_profile(f"CICP {primaries}/{transfer}", matrix, *_CURVES.get(transfer, _SRGB))
