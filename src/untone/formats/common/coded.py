"""Codes for an encoder: PQ of light, rounding to bits, and light levels (MaxCLL, MaxFALL)."""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import NDArray

from ... import colour, kernels
from ...image import Image, Pixels, Rows
from .pixels import BAND_ROWS, bands, brightest, packed, sixteen_bits


def stored_codes(image: Image, *, by_rows: bool = False) -> Pixels:
    """Full-range codes [H, W, 3] uint8 or uint16 of an image: light as PQ in BT.2020, floats as 16 bits.

    Args:
        by_rows: whether the codes of light that is made by rows may be so too (image.Rows).
    """
    if image.transfer != "linear":
        return sixteen_bits(image.pixels) if image.pixels.dtype == np.float32 else image.pixels
    if by_rows and not isinstance(image.pixels, np.ndarray):
        made = Rows(image.pixels.shape, lambda first, last: _pq(image, first, last), dtype=np.uint16)
        return cast(Pixels, made)
    return _pq(image, 0, image.height)


def _pq(image: Image, first: int, last: int) -> Pixels:
    """Codes of rows of light."""
    out = np.empty((last - first, *image.pixels.shape[1:]), np.uint16)
    for top in range(first, last, BAND_ROWS):
        end = min(top + BAND_ROWS, last)
        target = out[top - first : end - first]
        kernels.pq16(image.pixels[top:end], image.primaries, image.white_nits, out=target, threads=1)
    return out


def to_bits(codes: Pixels, bits: int) -> Pixels:
    """Full-range codes as codes of so many bits, rounded."""
    source, target = int(np.iinfo(codes.dtype).max), (1 << bits) - 1
    if source == target:
        return packed(codes)
    table = (np.arange(source + 1) * (target / source) + 0.5).astype(np.uint8 if bits == 8 else np.uint16)
    out = np.empty(codes.shape, table.dtype)
    for band, result in zip(bands(codes), bands(out), strict=True):
        result[:] = table[band]
    return out


def light_levels(codes: Pixels) -> tuple[float, float]:
    """MaxCLL and MaxFALL (CTA-861.3) of full-range PQ codes, nits."""
    counts: NDArray[np.int64] = np.zeros(int(np.iinfo(codes.dtype).max) + 1, np.int64)
    for band in bands(codes):
        counts += np.bincount(brightest(band).ravel(), minlength=len(counts))
    nits = colour.pq_to_nits(np.arange(len(counts)) / (len(counts) - 1))
    return float(nits[np.flatnonzero(counts)[-1]]), float(counts @ nits) / int(counts.sum())
