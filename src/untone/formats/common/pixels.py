"""Pixel arrays between what codecs return and what Image holds: [H, W, 3], full-range codes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ...errors import DamagedError, LimitError, UnsupportedError
from ...image import Pixels

BAND_ROWS = 256
"""Rows converted at a time, so that temporary floats stay small beside a 200-megapixel picture."""


def decoded(decode: Callable[..., Any], data: bytes | memoryview | Pixels, **options: Any) -> Pixels:
    """The array that a codec returns; whatever it raises becomes one of ours.

    Raises:
        DamagedError: the codec refuses the data.
        LimitError: the memory does not suffice.
    """
    try:
        array: Pixels = decode(data, **options)
    except MemoryError as error:
        raise LimitError("the image does not fit into memory") from error
    except (RuntimeError, ValueError, TypeError, IndexError, OverflowError) as error:
        raise DamagedError(f"the image data cannot be decoded: {_one_line(error)}") from error
    return array


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:160] or f"the codec gives no reason ({type(error).__name__})"


def three_channels(array: Pixels, width: int, height: int) -> Pixels:
    """Grey, grey + alpha, RGB or RGBA, [H, W] or [H, W, 1..4], as contiguous RGB, alpha left aside.

    Raises:
        DamagedError: the codec returned another size than the header announced.
        UnsupportedError: a sample type or channel count without a meaning here.
    """
    if array.ndim == 2:
        array = array[:, :, None]
    if array.ndim != 3 or array.shape[:2] != (height, width):
        raise DamagedError(f"the image decodes to {list(array.shape)}, its header says {width} x {height}")
    if array.dtype == np.bool_:
        array = array.astype(np.uint8) * 255
    if array.dtype not in (np.uint8, np.uint16, np.float32) or array.shape[2] not in (1, 2, 3, 4):
        raise UnsupportedError(f"images of {array.shape[2]} channels of {array.dtype} are not read")
    return np.ascontiguousarray(np.repeat(array[:, :, :1], 3, 2) if array.shape[2] < 3 else array[:, :, :3])


def packed(codes: Pixels) -> Pixels:
    """The same pixels one after the other: a single one has any strides and counts as contiguous; codecs refuse it."""
    return np.ascontiguousarray(codes).reshape(-1).reshape(codes.shape)


def full_range(codes: Pixels, bits: int) -> Pixels:
    """uint16 codes of `bits` significant bits stretched to 0..65535, rounded; in place."""
    if codes.dtype == np.uint16 and bits < 16:
        table = np.arange(1 << 16, dtype=np.float64) * (65535 / ((1 << bits) - 1)) + 0.5
        scaled = np.minimum(table, 65535).astype(np.uint16)
        for band in bands(codes):
            band[:] = scaled[band]
    return codes


def eight_bits(codes: Pixels) -> Pixels:
    """Full-range integer codes, or floats in 0..1, as uint8, rounded."""
    return codes if codes.dtype == np.uint8 else _rounded(codes, np.uint8)


def sixteen_bits(codes: Pixels) -> Pixels:
    """The same as uint16."""
    return codes if codes.dtype == np.uint16 else _rounded(codes, np.uint16)


def _rounded(codes: Pixels, dtype: type[np.uint8 | np.uint16]) -> Pixels:
    top = np.iinfo(dtype).max
    scale = top / (1 if codes.dtype.kind == "f" else np.iinfo(codes.dtype).max)
    out = np.empty(codes.shape, dtype)
    for source, target in zip(bands(codes), bands(out), strict=True):
        target[:] = np.clip(np.nan_to_num(source.astype(np.float32)) * scale + 0.5, 0, top + 0.5)
    return out


def bands(pixels: Pixels) -> Iterator[Pixels]:
    """Views of BAND_ROWS rows each."""
    return (pixels[top : top + BAND_ROWS] for top in range(0, pixels.shape[0], BAND_ROWS))


def brightest(pixels: Pixels) -> Pixels:
    """[H, W], each pixel's largest channel; numpy's own maximum over so short an axis takes ten times as long."""
    largest: Pixels = np.maximum(np.maximum(pixels[..., 0], pixels[..., 1]), pixels[..., 2])
    return largest


def finite(light: Pixels) -> Pixels:
    """float32 light with NaN as 0 and infinities (the sun in many EXRs) as the largest half, in place."""
    return np.nan_to_num(light, copy=False, nan=0.0, posinf=65504.0, neginf=-65504.0)
