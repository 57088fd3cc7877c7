"""Colour: transfer functions, primaries and matrices, one function per standard and direction.

Light is float, 1.0 = SDR diffuse white unless a name ends in `_nits`; encoded values are float in [0, 1].
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import UntoneError
from .image import DIFFUSE_WHITE_NITS, Image

Floats = NDArray[Any]

PQ_PEAK_NITS = 10_000.0
HLG_PEAK_NITS = 1_000.0
M1, M2 = 2610 / 16384, 2523 / 32
C1, C2, C3 = 3424 / 4096, 2413 / 128, 2392 / 128
HLG_A = 0.17883277
HLG_B = 1 - 4 * HLG_A
HLG_C = 0.5 - HLG_A * np.log(4 * HLG_A)

D65 = (0.3127, 0.3290)
PRIMARIES: dict[str, tuple[tuple[float, float], tuple[float, float], tuple[float, float]]] = {
    "bt709": ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060)),
    "p3": ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
    "bt2020": ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),
    "adobe_rgb": ((0.640, 0.330), (0.210, 0.710), (0.150, 0.060)),
}
"""Chromaticities x, y of red, green, blue; the white of all of them is D65."""


def srgb_to_linear(encoded: Floats) -> Floats:
    """IEC 61966-2-1 EOTF; [0, 1] to light, 1.0 = SDR white. Values below 0 mirror."""
    magnitude = np.abs(encoded)
    light = np.where(magnitude <= 0.04045, magnitude / 12.92, ((magnitude + 0.055) / 1.055) ** 2.4)
    return np.copysign(light, encoded)


def linear_to_srgb(light: Floats) -> Floats:
    """IEC 61966-2-1 inverse EOTF; light (1.0 = SDR white) to [0, 1], not clipped. Values below 0 mirror."""
    magnitude = np.abs(light)
    encoded = np.where(magnitude <= 0.0031308, magnitude * 12.92, 1.055 * magnitude ** (1 / 2.4) - 0.055)
    return np.copysign(encoded, light)


def bt1886_to_linear(encoded: Floats) -> Floats:
    """ITU-R BT.1886 EOTF with zero black: gamma 2.4."""
    return np.copysign(np.abs(encoded) ** 2.4, encoded)


def linear_to_bt1886(light: Floats) -> Floats:
    """Inverse of bt1886_to_linear."""
    return np.copysign(np.abs(light) ** (1 / 2.4), light)


def gamma22_to_linear(encoded: Floats) -> Floats:
    """Gamma 563/256 of Adobe RGB (1998); 2.2 to three digits."""
    return np.copysign(np.abs(encoded) ** (563 / 256), encoded)


def linear_to_gamma22(light: Floats) -> Floats:
    """Inverse of gamma22_to_linear."""
    return np.copysign(np.abs(light) ** (256 / 563), light)


def pq_to_nits(encoded: Floats) -> Floats:
    """SMPTE ST 2084 EOTF; [0, 1] to 0..10000 nits."""
    root = np.clip(encoded, 0, 1) ** (1 / M2)
    return PQ_PEAK_NITS * (np.maximum(root - C1, 0) / (C2 - C3 * root)) ** (1 / M1)


def nits_to_pq(nits: Floats) -> Floats:
    """SMPTE ST 2084 inverse EOTF; nits (clipped to 0..10000) to [0, 1]."""
    power = (np.clip(nits, 0, PQ_PEAK_NITS) / PQ_PEAK_NITS) ** M1
    return ((C1 + C2 * power) / (1 + C3 * power)) ** M2


def hlg_to_scene(encoded: Floats) -> Floats:
    """ITU-R BT.2100 HLG inverse OETF; [0, 1] to scene light in [0, 1]."""
    e = np.clip(encoded, 0, 1)
    scene: Floats = np.where(e <= 0.5, e * e / 3, (np.exp((e - HLG_C) / HLG_A) + HLG_B) / 12)
    return scene


def scene_to_hlg(scene: Floats) -> Floats:
    """ITU-R BT.2100 HLG OETF; scene light in [0, 1] to [0, 1]."""
    s = np.clip(scene, 0, 1)
    above = HLG_A * np.log(np.maximum(12 * s - HLG_B, 1e-9)) + HLG_C
    encoded: Floats = np.where(s <= 1 / 12, np.sqrt(3 * s), above)
    return encoded


def hlg_to_nits(encoded: Floats, peak_nits: float = HLG_PEAK_NITS) -> Floats:
    """ITU-R BT.2100 HLG EOTF (OOTF included) of [..., 3] BT.2020 values for a display of `peak_nits`, black 0."""
    scene = hlg_to_scene(encoded)
    luma = scene @ np.array([0.2627, 0.6780, 0.0593])
    gamma = 1.2 * 1.111 ** np.log2(peak_nits / 1000)
    nits: Floats = peak_nits * np.maximum(luma, 1e-12)[..., None] ** (gamma - 1) * scene
    return nits


def nits_to_hlg(nits: Floats, peak_nits: float = HLG_PEAK_NITS) -> Floats:
    """Inverse of hlg_to_nits."""
    gamma = 1.2 * 1.111 ** np.log2(peak_nits / 1000)
    display = np.clip(nits, 0, peak_nits) / peak_nits
    luma = display @ np.array([0.2627, 0.6780, 0.0593])
    return scene_to_hlg(display * np.maximum(luma, 1e-12)[..., None] ** ((1 - gamma) / gamma))


EOTFS: dict[str, Callable[[Floats], Floats]] = {
    "srgb": srgb_to_linear,
    "bt1886": bt1886_to_linear,
    "gamma22": gamma22_to_linear,
    "linear": lambda encoded: encoded,
}
"""Encoded value to light (1.0 = SDR white), per channel. PQ and HLG are absolute: see to_linear."""

INVERSE_EOTFS: dict[str, Callable[[Floats], Floats]] = {
    "srgb": linear_to_srgb,
    "bt1886": linear_to_bt1886,
    "gamma22": linear_to_gamma22,
    "linear": lambda light: light,
}


def to_linear(encoded: Floats, transfer: str, white_nits: float = DIFFUSE_WHITE_NITS) -> Floats:
    """Encoded [..., 3] in [0, 1] to light where 1.0 = `white_nits`, for any transfer of image.TRANSFER_NAMES."""
    if transfer == "pq":
        return pq_to_nits(encoded) / white_nits
    if transfer == "hlg":
        return hlg_to_nits(encoded) / white_nits
    return EOTFS[transfer](encoded)


def from_linear(light: Floats, transfer: str, white_nits: float = DIFFUSE_WHITE_NITS) -> Floats:
    """Inverse of to_linear; SDR transfers are not clipped."""
    if transfer == "pq":
        return nits_to_pq(light * white_nits)
    if transfer == "hlg":
        return nits_to_hlg(light * white_nits)
    return INVERSE_EOTFS[transfer](light)


def code_table(transfer: str, maximum: int = 255, white_nits: float = DIFFUSE_WHITE_NITS) -> NDArray[np.float32]:
    """Light of every integer code 0..maximum of a per-channel transfer, [maximum + 1] float32.

    Raises:
        UntoneError: HLG, whose light depends on all three channels.
    """
    if transfer == "hlg":
        raise UntoneError("HLG has no table per channel; use to_linear")
    return to_linear(np.arange(maximum + 1) / maximum, transfer, white_nits).astype(np.float32)


@functools.cache
def rgb_to_xyz(primaries: str) -> NDArray[np.float64]:
    """[3, 3] matrix from linear RGB of these primaries to CIE XYZ with Y of white = 1 (SMPTE RP 177)."""
    columns = np.array([[x / y, 1.0, (1 - x - y) / y] for x, y in PRIMARIES[primaries]]).T
    white = np.array([D65[0] / D65[1], 1.0, (1 - D65[0] - D65[1]) / D65[1]])
    matrix: NDArray[np.float64] = columns * np.linalg.solve(columns, white)
    matrix.setflags(write=False)
    return matrix


@functools.cache
def rgb_to_rgb(source: str, target: str) -> NDArray[np.float64]:
    """[3, 3] matrix between linear RGB spaces that share D65; identity for equal names."""
    if source == target:
        return np.eye(3)
    matrix: NDArray[np.float64] = np.linalg.solve(rgb_to_xyz(target), rgb_to_xyz(source)).astype(np.float64)
    matrix.setflags(write=False)
    return matrix


def luminance_weights(primaries: str) -> NDArray[np.float64]:
    """[3] weights of linear RGB in luminance Y."""
    weights: NDArray[np.float64] = rgb_to_xyz(primaries)[1]
    return weights


def matrix(source: str, target: str) -> NDArray[np.float32]:
    """[3, 3] between linear RGB of two primaries, float32."""
    return rgb_to_rgb(source, target).astype(np.float32)


def light_of(image: Image) -> NDArray[np.float32]:
    """Linear float32 of any image, 1.0 = its SDR white."""
    pixels = image.pixels
    if pixels.dtype != np.float32:
        pixels = pixels.astype(np.float32) / np.float32(np.iinfo(image.pixels.dtype).max)
    return to_linear(pixels, image.transfer, image.white_nits).astype(np.float32)
