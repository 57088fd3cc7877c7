"""Colour spaces of TIFF beside RGB and grey: L*a*b* of D50, and LogLuv light (TIFF 6.0, section 23; Ward Larson)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ... import colour
from ...image import Pixels
from ..common.pixels import bands
from ..profiles import chromaticities
from ..profiles.icc import D50, d50_matrix

CIE_LAB, ICC_LAB = 8, 9
LOG_L, LOG_LUV = 32844, 32845

LAB_PRIMARIES = "bt2020"
"""Of what `lab_codes` returns: a* and b* reach far."""

_EQUAL_ENERGY = (*chromaticities.BT709[:6], 1 / 3, 1 / 3)
"""BT.709 with the white that X = Y = Z has: libtiff's and Radiance's way with LogLuv."""


def lab_codes(stored: Pixels, photometric: int) -> Pixels:
    """[H, W, 3 or more] uint8 or uint16 as CIE_LAB or ICC_LAB to uint16 of the sRGB curve in LAB_PRIMARIES."""
    to_rgb = np.linalg.inv(d50_matrix(LAB_PRIMARIES)).T
    out = np.empty((*stored.shape[:2], 3), np.uint16)
    for source, target in zip(bands(stored), bands(out), strict=True):
        light = np.clip(_lab_to_xyz(_lab(source, photometric)) @ to_rgb, 0, 1)
        target[:] = np.floor(colour.linear_to_srgb(light) * 65535 + 0.5)
    return out


def _lab(codes: Pixels, photometric: int) -> NDArray[np.float64]:
    """L* of 0 to 100, a* and b*: signed in CIE_LAB, offset in ICC_LAB, whose white of 16 bits is 0xFF00."""
    step = 1 if codes.dtype == np.uint8 else 256
    if photometric == ICC_LAB:
        lightness, offset, signed = codes[:, :, 0] / (255 * step), 128, codes[:, :, 1:3].astype(np.float64)
    else:
        lightness, offset = codes[:, :, 0] / np.iinfo(codes.dtype).max, 0
        signed = codes[:, :, 1:3].view(np.int8 if step == 1 else np.int16).astype(np.float64)
    return np.dstack([lightness * 100, signed / step - offset])


def _lab_to_xyz(lab: NDArray[np.float64]) -> NDArray[np.float64]:
    """CIE 15, relative to D50, Y of white = 1."""
    middle = (lab[:, :, 0] + 16) / 116
    roots = np.dstack([middle + lab[:, :, 1] / 500, middle, middle - lab[:, :, 2] / 200])
    ratios: NDArray[np.float64] = np.where(roots > 6 / 29, roots**3, 3 * (6 / 29) ** 2 * (roots - 4 / 29))
    xyz: NDArray[np.float64] = ratios * D50
    return xyz


def log_light(decoded: Pixels) -> NDArray[np.float32]:
    """XYZ [H, W, 3] float32 of LogLuv, or Y [H, W] of LogL, to linear BT.709 [H, W, 3]."""
    if decoded.ndim == 2 or decoded.shape[2] == 1:
        return np.repeat(decoded.reshape(*decoded.shape[:2], 1), 3, 2).astype(np.float32)
    matrix = np.linalg.inv(chromaticities.to_xyz(_EQUAL_ENERGY)).T.astype(np.float32)
    return np.asarray(decoded[:, :, :3].astype(np.float32) @ matrix, np.float32)
