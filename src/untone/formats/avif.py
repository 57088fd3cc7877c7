"""AVIF: stills of 8, 10 and 12 bits, SDR, PQ and HLG, and gain maps (`tmap`), in and out.

libavif codes and decodes single pictures; everything around them is ours (heif*.py).
"""

from __future__ import annotations

from typing import Any

import imagecodecs
import numpy as np

from ..errors import UntoneError
from ..image import GainMap, Image, Pixels
from . import heif, heif_gain, heif_output
from .heif_writer import Parts
from .pixels import decoded, packed
from .signalling import Signalling

BRANDS = (b"avif", b"mif1", b"miaf")
SPEED = 6
"""Of the encoder: 0 is smallest, 10 fastest; below 6 the time grows much faster than the file shrinks."""


def _decode(data: bytes, bits: int) -> Pixels:
    return decoded(imagecodecs.avif_decode, data, index=0)


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

CODEC = heif.Codec("avif", b"av01", b"av1C", BRANDS, (8, 10, 12), True, False, BT709_MATRIX, _decode, _encode)


def starts(head: bytes) -> bool:
    """Whether a file is an AVIF by its brands."""
    return head[4:8] == b"ftyp" and any(brand in head[8:64] for brand in (b"avif", b"avis"))


def read(data: bytes) -> tuple[Image, GainMap | None]:
    """The base and its gain map. Alpha is dropped; rotation and mirroring become the orientation.

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
    """The AVIF of an image and its gain map; light becomes PQ. Arguments and errors as of heif_output.write."""
    return heif_output.write(CODEC, image, gain_map, quality, map_quality, bits)
