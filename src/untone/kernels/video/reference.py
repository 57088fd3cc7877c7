"""Frames of films in numpy, float64: the definition every compiled variant is tested against."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...colour import PQ_PEAK_NITS, nits_to_hlg, nits_to_pq
from ...operators import Operators
from .. import reference as still
from .banding import deband as deband

if TYPE_CHECKING:
    from . import Area, Rendering, YCbCr

Floats = NDArray[Any]

DITHER_SIDE = 64
CHROMA_PHASES = (21, 43)
"""Rows and columns by which the noise of Cb and Cr is shifted, so that no two planes share it."""

KR, KB = 0.2627, 0.0593
"""BT.2020, table 4."""


@functools.cache
def dither() -> NDArray[np.float32]:
    """[64, 64] float32, each of (k + 0.5) / 4096 once: blue noise, so that the eye and the encoder see little of it.

    White noise, whose low frequencies are taken out and whose histogram is made flat again, in turns. Added to a code
    before it is cut off to an integer: the mean of many pixels is kept, and whole codes stay as they are.
    """
    count = DITHER_SIDE * DITHER_SIDE
    noise = np.random.default_rng(64).permutation(count).reshape(DITHER_SIDE, DITHER_SIDE) / count
    frequency = np.fft.fftfreq(DITHER_SIDE)
    distance = np.hypot(frequency[:, None], frequency[None, :])
    passed = 1 - np.exp(-((distance / 0.3) ** 2))
    for _ in range(30):
        high = np.fft.ifft2(np.fft.fft2(noise) * passed).real
        ranks = np.empty(count)
        ranks[np.argsort(high.ravel(), kind="stable")] = np.arange(count)
        noise = ranks.reshape(noise.shape) / count
    table: NDArray[np.float32] = (noise + 0.5 / count).astype(np.float32)
    table.setflags(write=False)
    return table


def levels_of(source: YCbCr) -> tuple[tuple[float, float], tuple[float, float]]:
    """(scale, bias) from codes to Y' in 0..1, and to Cb, Cr in -0.5..0.5 (H.273, equations 20 to 31)."""
    if source.full_range:
        most = (1 << source.bits) - 1
        scale = 1 / (most << source.fraction_bits)
        return (scale, 0.0), (scale, -(1 << (source.bits - 1)) / most)
    step = 1 << (source.bits - 8 + source.fraction_bits)
    return (1 / (219 * step), -16 / 219), (1 / (224 * step), -128 / 224)


def to_rgb_of(source: YCbCr) -> tuple[float, float, float, float]:
    """What Cr adds to R', Cb to G', Cr to G', Cb to B'."""
    from . import MATRICES

    kr, kb = MATRICES[source.matrix]
    kg = 1 - kr - kb
    return 2 * (1 - kr), -2 * (1 - kb) * kb / kg, -2 * (1 - kr) * kr / kg, 2 * (1 - kb)


def rgb_of(planes: Sequence[Floats], source: YCbCr) -> Floats:
    """[3, ...] R'G'B' in 0..1, clipped, of Y', Cb and Cr in codes of the source, all of one size."""
    (y_scale, y_bias), (c_scale, c_bias) = levels_of(source)
    y, cb, cr = planes[0] * y_scale + y_bias, planes[1] * c_scale + c_bias, planes[2] * c_scale + c_bias
    r_cr, g_cb, g_cr, b_cb = to_rgb_of(source)
    result: Floats = np.clip(np.stack([y + r_cr * cr, y + g_cb * cb + g_cr * cr, y + b_cb * cb]), 0, 1)
    return result


def average(plane: Floats, size: int) -> NDArray[np.float32]:
    """[size, size] float32: exact area average of codes / largest code, as kernels.thumbnail has it."""
    result: NDArray[np.float32] = still.thumbnail(np.repeat(plane[..., None], 3, axis=2), size)[0]
    return result


def full_size(source: YCbCr) -> list[Floats]:
    """Y', Cb and Cr in codes at the size of Y', chroma by linear interpolation between its samples."""
    from . import SITINGS

    planes = [source.y.astype(np.float64)]
    for plane in (source.cb, source.cr):
        wide = plane.astype(np.float64)
        for axis in (0, 1):
            if plane.shape[axis] != source.y.shape[axis]:
                wide = _doubled(wide, axis, source.y.shape[axis], SITINGS[source.siting][axis])
        planes.append(wide)
    return planes


def _doubled(plane: Floats, axis: int, length: int, cosited: bool) -> Floats:
    at = np.arange(length) / 2 - (0.0 if cosited else 0.25)
    at = np.clip(at, 0, plane.shape[axis] - 1)
    low = np.minimum(at.astype(np.intp), max(plane.shape[axis] - 2, 0))
    high = np.minimum(low + 1, plane.shape[axis] - 1)
    share = (at - low).reshape([-1 if k == axis else 1 for k in range(plane.ndim)])
    result: Floats = np.take(plane, low, axis) * (1 - share) + np.take(plane, high, axis) * share
    return result


def write_planes(
    source: YCbCr,
    operators: Operators,
    rendering: Rendering,
    targets: Sequence[NDArray[np.uint16]],
    area: Area,
    picture: Area,
    counts: NDArray[np.int64],
) -> None:
    """The signal of an area into the planes of the frame; see the door."""
    top, left, rows, columns = area
    planes = [plane[top : top + rows, left : left + columns] for plane in full_size(source)]
    v = (np.arange(0, rows, 2) + 1 + top - picture[0]) / picture[2]
    u = (np.arange(0, columns, 2) + 1 + left - picture[1]) / picture[3]
    gain = gain_of(planes, source, np.minimum(v, 1), np.minimum(u, 1), operators)
    nits = _limited(rgb_of(planes, source).transpose(1, 2, 0), gain, operators, rendering)
    counts += np.bincount(np.floor(1023 * nits_to_pq(nits.max(axis=2)) + 0.5).astype(int).ravel(), minlength=1024)
    signal = nits_to_pq(nits) if rendering.transfer == "pq" else nits_to_hlg(nits)
    signal = np.where(nits > 0, signal, 0)  # ST 2084 gives black 7e-7, which noise would show
    luma = signal @ np.array([KR, 1 - KR - KB, KB])
    targets[0][top : top + rows, left : left + columns] = _cut_off(64 + 876 * luma, top, left)
    for k, (channel, span) in enumerate(((2, 2 * (1 - KB)), (0, 2 * (1 - KR)))):
        thin = _halved(_halved(896 * (signal[..., channel] - luma) / span, 0), 1)
        place = slice(top // 2, top // 2 + thin.shape[0]), slice(left // 2, left // 2 + thin.shape[1])
        phase = CHROMA_PHASES[k]
        targets[k + 1][place] = _cut_off(512 + thin, top // 2 + phase, left // 2 + phase)


def gain_of(planes: Sequence[Floats], source: YCbCr, v: Floats, u: Floats, operators: Operators) -> Floats:
    """[h, w, 3] factors of light: what the operators say of the mean of two by two pixels of full-size planes [h, w],
    at the size of 4:2:0 chroma, as v and u are; linear between the middles of those, and the same beyond the last.
    """
    height, width = planes[0].shape
    padding = ((0, height % 2), (0, width % 2))  # what is there counts
    means = [
        np.pad(p, padding, mode="edge").reshape(-(-height // 2), 2, -(-width // 2), 2).mean((1, 3)) for p in planes
    ]
    gain = np.exp2(still.gain_at(rgb_of(means, source).transpose(1, 2, 0), v, u, operators))
    for axis, length in ((0, height), (1, width)):
        gain = _doubled(gain, axis, length, cosited=False)
    return gain


def light_of(encoded: Floats, eotf: Sequence[float]) -> Floats:
    """Light of encoded values in 0..1, by one of EOTFS."""
    threshold, slope, scale, bias, power = eotf
    light: Floats = np.where(encoded <= threshold, encoded * slope, (encoded * scale + bias) ** power)
    return light


def nits_of(rgb: Floats, v: Floats, u: Floats, operators: Operators, rendering: Rendering) -> Floats:
    """[h, w, 3] light in BT.2020 of encoded RGB [h, w, 3], with the gain of each pixel by itself."""
    return _limited(rgb, np.exp2(still.gain_at(rgb, v, u, operators)), operators, rendering)


def _limited(rgb: Floats, gain: Floats, operators: Operators, rendering: Rendering) -> Floats:
    """Light times the gain, then the peak, which keeps the hue."""
    from . import EOTFS

    base = light_of(rgb, EOTFS[rendering.eotf])
    light = (base + operators.offset) * gain - operators.offset
    nits = np.maximum(light @ rendering.to_bt2020.T * rendering.white_nits, 0)
    top = nits.max(axis=2, keepdims=True)
    limited: Floats = nits * np.minimum(
        1, rendering.ceiling_nits / np.maximum(top, rendering.ceiling_nits / PQ_PEAK_NITS)
    )
    return limited


def _halved(plane: Floats, axis: int) -> Floats:
    """Every second sample, weights 1 2 1 of it and its neighbours; the edge repeats."""
    padding = [(1, 1) if k == axis else (0, 0) for k in (0, 1)]
    wide = np.pad(plane, padding, mode="edge")
    length = plane.shape[axis]
    before, here, after = (np.take(wide, np.arange(k, length + k, 2), axis) for k in (0, 1, 2))
    halved: Floats = (before + after) / 4 + here / 2
    return halved


def _cut_off(codes: Floats, top: int, left: int) -> NDArray[np.uint16]:
    """Codes with noise, as integers; the plane's first sample lies at row `top` and column `left` of the noise."""
    rows, columns = (
        np.arange(start, start + n) % DITHER_SIDE for start, n in zip((top, left), codes.shape, strict=True)
    )
    result: NDArray[np.uint16] = np.floor(codes + dither()[rows[:, None], columns]).astype(np.uint16)
    return result
