"""Codes to be handed to an encoder: how many bits, in which space, and how bright the brightest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .. import colour, kernels
from ..image import Image, Pixels
from .pixels import bands, brightest, packed, sixteen_bits


def stored_codes(image: Image) -> Pixels:
    """Full-range codes [H, W, 3] uint8 or uint16 of an image: light as PQ in BT.2020, floats as 16 bits."""
    if image.transfer != "linear":
        return sixteen_bits(image.pixels) if image.pixels.dtype == np.float32 else image.pixels
    out = np.empty(image.pixels.shape, np.uint16)
    for source, target in zip(bands(image.pixels), bands(out), strict=True):
        target[:] = kernels.pq16(source, image.primaries, image.white_nits, threads=1)
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
