"""Residual maps: a residual reduced in size, quantised to 8 bits and coded by a picture codec.

ISO 21496-1 has gains of light; a residual map may hold any residual of residuals.py, exponents too.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import formats, gain_network, gainmap
from ..errors import DamagedError, UntoneError, UsageError
from ..formats.heif import avif, heic
from ..formats.heif.encoding import IDENTITY, UNSPECIFIED
from ..formats.jpeg import codec as jpeg
from ..formats.jpeg.residual_segment import ResidualMap
from ..image import Image

Floats = NDArray[Any]
Codes = NDArray[np.uint8]

TAIL = 0.0005
"""Share of residuals at either end that the codes may not reach, as for networks."""

LEAST_SPAN = 1e-4
"""Of a residual that is the same everywhere."""

LOSSLESS = 100


@dataclasses.dataclass(frozen=True, eq=False)
class Reduced:
    """A residual quantised to 8 bits.

    Attributes:
        codes: [h, w, 3] uint8.
        low, high: [3] float32, residual of each channel at codes 0 and 255.
    """

    codes: Codes
    low: NDArray[np.float32]
    high: NDArray[np.float32]


def reduced(found: Floats, divisor: int) -> Reduced:
    """A residual [H, W, 3] as the mean of each divisor x divisor pixels, a few outliers cut off."""
    small = gainmap.box_average(found, divisor)
    low, high = np.quantile(small.reshape(-1, 3), [TAIL, 1 - TAIL], axis=0).astype(np.float32)
    limit = np.float32(gain_network.MOST_RESIDUAL)
    low, high = np.clip(low, -limit, limit - 1), np.clip(high, 1 - limit, limit)
    high = np.maximum(high, low + np.float32(LEAST_SPAN))
    return Reduced(gainmap.quantise(small, low, high).astype(np.uint8), low, high)


def values(found: Reduced, height: int, width: int) -> NDArray[np.float32]:
    """The residual of every pixel of a picture, [height, width, 3] float32, between low and high."""
    share = found.codes.astype(np.float32) / np.float32(255)
    result: NDArray[np.float32] = found.low + (found.high - found.low) * gainmap.resize(share, height, width)
    return result


def picture(codes: Codes, codec: str, quality: int) -> bytes:
    """Codes [h, w, 3] as a whole file of a codec, 1 to 100, colours at full size.

    Raises:
        UsageError: no such codec, or no such quality.
        UntoneError: the codec refuses, or is not installed.
    """
    if codec not in CODECS or not 1 <= quality <= LOSSLESS:
        raise UsageError(f"a residual is kept by {', '.join(CODECS)}, at 1 to 100, not by {codec} at {quality}")
    return CODECS[codec](np.ascontiguousarray(codes), quality)


def opened(data: bytes) -> Codes:
    """The codes that `picture` kept.

    Raises:
        DamagedError: the bytes are no such picture.
        UntoneError: they cannot be read, or are beyond the limits.
    """
    image, gain_map = formats.read(data)
    if image.pixels.dtype != np.uint8 or image.is_hdr or gain_map is not None or image.orientation != 1:
        raise DamagedError(f"a residual is a plain picture of 8 bits, not {image.pixels.dtype} {image.transfer}")
    return image.pixels


def _heif(codec: Any) -> Callable[[Codes, int], bytes]:
    def encode(codes: Codes, quality: int) -> bytes:
        cicp = (UNSPECIFIED, UNSPECIFIED, IDENTITY if quality == LOSSLESS else codec.matrix)
        return bytes(codec.encode(codes, 8, quality, cicp, False))

    return encode


def _jxl(codes: Codes, quality: int) -> bytes:
    return formats.write(None, Image(codes), format="jxl", quality=quality) or b""


CODECS: dict[str, Callable[[Codes, int], bytes]] = {
    "jpeg": jpeg.encode,
    "heic": _heif(heic.CODEC),
    "jxl": _jxl,
    "avif": _heif(avif.CODEC),
}
"""Name, as `untone encode --as` says it: codes [h, w, 3] and a quality to a file."""


def values_of(found: ResidualMap) -> NDArray[np.float32]:
    """The residual of every pixel of the photo that a stored map is for, [height, width, 3] float32; finite.

    Raises:
        DamagedError: its picture is damaged, larger than the photo, or of another codec than it says.
        UntoneError: the picture cannot be read here.
    """
    try:
        said = formats.probe(found.picture)
        if said.format != found.codec or said.width > found.width or said.height > found.height:
            shown = f"{said.format} of {said.width} x {said.height}"
            raise DamagedError(f"{shown} instead of {found.codec} of at most {found.width} x {found.height}")
        codes = opened(found.picture)
    except UntoneError as error:
        raise type(error)(f"the picture in the residual map (APP11): {error}") from error
    low, high = np.array(found.low, np.float32), np.array(found.high, np.float32)
    return values(Reduced(codes, low, high), found.height, found.width)
