"""AVIF reader and writer: stills of 8, 10 and 12 bits, SDR, PQ and HLG, and gain maps (`tmap`).

libavif codes and decodes single pictures; everything around them is done here.
"""

from __future__ import annotations

import re
from typing import Any

import imagecodecs
import numpy as np

from ...errors import UntoneError
from ...image import GainMap, Image, Pixels
from ..common.pixels import decoded, packed
from ..signalling import Signalling
from . import decoding, encoding
from . import gain_map as heif_gain
from .item_writer import Parts

BRANDS = (b"avif", b"mif1", b"miaf")
SPEED = 6
"""Of the encoder: 0 is smallest, 10 fastest; below 6 the time grows much faster than the file shrinks."""


YCGCO_R = {16: 2, 17: 1}
"""Matrices of H.273 that lose nothing, which code so many bits more than the colours have."""

_NCLX = re.compile(rb"colrnclx.{4}(..)\x80", re.DOTALL)
"""A colr property of full range, from its name on; its matrix."""


def _decode(data: bytes, bits: int) -> Pixels:
    matrices = {int.from_bytes(m[1], "big") for m in _NCLX.finditer(data, 0, max(data.find(b"mdat"), 0))}
    reversible = matrices & YCGCO_R.keys()
    if len(matrices) != 1 or not reversible:
        return decoded(imagecodecs.avif_decode, data, index=0)
    data = _NCLX.sub(lambda m: m[0][:12] + b"\0\0\x80", data[: data.find(b"mdat")]) + data[data.find(b"mdat") :]
    return _reversed(decoded(imagecodecs.avif_decode, data, index=0), bits, YCGCO_R[reversible.pop()])


def _reversed(array: Pixels, bits: int, more: int) -> Pixels:
    """Colours [H, W, 3] of YCgCo-R (ITU-T H.273, 8.3), which the decoder, told of an identity, gives as Co, Y, Cg.

    It reads the matrix, too, but only for pixels of fewer bits than it is asked for here.

    Args:
        bits, more: of what is coded; and how many fewer the colours have, which are stretched to as many.
    """
    half, top = 1 << (bits - 1), (1 << (bits - more)) - 1
    co, y, cg = (array[:, :, channel].astype(np.int32) for channel in range(3))
    green_less = y - (cg - half >> 1)
    green, blue = green_less + cg - half, green_less - (co - half >> 1)
    colours = np.clip(np.stack([blue + co - half, green, blue], axis=2), 0, top)
    stretched: Pixels = (colours << more | colours >> (bits - 2 * more)).astype(array.dtype)
    return stretched


def _encode(codes: Pixels, bits: int, quality: int, cicp: tuple[int, int, int], subsampled: bool) -> bytes:
    """Never with chroma subsampling. 100 is lossless, for which the matrix must be the identity.

    Grey is coded from three equal channels below 100: given one, imagecodecs takes no quality.
    """
    options: dict[str, Any] = {"level": quality, "speed": SPEED, "bitspersample": bits}
    options |= {"primaries": cicp[0], "transfer": cicp[1], "matrix": cicp[2]}
    grey = codes.shape[2] == 1
    try:
        alike = np.broadcast_to(codes, (*codes.shape[:2], 3)) if quality < 100 else codes[:, :, 0]
        pixels = packed(alike if grey else codes)
        return bytes(imagecodecs.avif_encode(pixels, pixelformat="400" if grey else "444", **options))
    except (RuntimeError, ValueError, TypeError, MemoryError) as error:
        raise UntoneError(f"the AVIF cannot be encoded: {' '.join(str(error).split())[:160]}") from error


BT709_MATRIX = 1
"""libavif has no shortcut for it; the one for BT.601's, libyuv's, cuts off half a code of both colour differences, so
that red and blue lose 0.7 codes on average and green gains as much."""

CODEC = decoding.Codec("avif", b"av01", b"av1C", BRANDS, (8, 10, 12), True, False, True, BT709_MATRIX, _decode, _encode)


def starts(head: bytes) -> bool:
    """Whether a file is an AVIF by its brands."""
    return head[4:8] == b"ftyp" and any(brand in head[8:64] for brand in (b"avif", b"avis"))


def read(data: bytes) -> tuple[Image, GainMap | None]:
    """The base and its gain map. Alpha is composited on white; rotation and mirroring become the orientation.

    Raises:
        DamagedError, UnsupportedError, LimitError: as their names say.
    """
    return heif_gain.read(data, CODEC)


def probe(data: bytes) -> Signalling:
    """The same from the boxes, without decoding."""
    return heif_gain.probe(data, CODEC)


def write(
    image: Image,
    gain_map: GainMap | None = None,
    *,
    quality: int = 95,
    map_quality: int = 90,
    bits: int | None = None,
) -> Parts:
    """The AVIF of an image and its gain map; light becomes PQ. Arguments and errors as of encoding.write."""
    return encoding.write(CODEC, image, gain_map, quality, map_quality, bits)
