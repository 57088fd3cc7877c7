"""JPEG XR reader (ITU-T T.832): SDR stills, and the HDR screenshots that Windows writes (.jxr, .wdp), in scRGB light.

The container is a TIFF's directory with tags of its own (Annex A); the codestream says what samples are (8.3), and
Microsoft's jxrlib decodes it (through imagecodecs).
"""

from __future__ import annotations

import dataclasses
import struct

import numpy as np

from ..errors import DamagedError, UnsupportedError
from ..image import DIFFUSE_WHITE_NITS, Image
from .common import isolation
from .common.limits import check_samples
from .common.pixels import bands, finite, three_channels
from .common.transparency import alpha_of
from .signalling import Header, Signalling, image_of, over_background, signalling
from .tiff.codec import ICC, XMP, parse_tags
from .tiff.exif_block import exif_of

SIGNATURE = b"II\xbc\x01"
MARK = b"WMPHOTO\0"
TRANSFORM, WIDTH, HEIGHT, OFFSET, ALPHA_OFFSET = 0xBC02, 0xBC80, 0xBC81, 0xBCC0, 0xBCC2

SCRGB_WHITE_NITS = 80.0
"""Of 1.0 in scRGB (IEC 61966-2-2, as Windows composes its desktop)."""

ORIENTATIONS = (1, 4, 2, 3, 6, 7, 5, 8)
"""EXIF orientation for each transformation: flips, then a quarter turn clockwise before these (Table A.6)."""

GREY, YUV444, RGB, RGBE = 0, 3, 7, 8
DEPTHS = {0: 1, 1: 8, 2: 16, 3: 16, 4: 16, 6: 32, 7: 32, 15: 1}
"""Bits of a sample by OUTPUT_BITDEPTH (8.3.20); those of packed 15, 16 and 30-bit colours are not read."""

LIGHT = (3, 4, 6, 7)
"""OUTPUT_BITDEPTH of fixed and floating point."""


@dataclasses.dataclass(frozen=True)
class _Stream:
    """What a codestream's header says."""

    width: int
    height: int
    colours: int
    depth: int

    @property
    def is_light(self) -> bool:
        return self.depth in LIGHT or self.colours == RGBE


def read(data: bytes) -> tuple[Image, None]:
    """Pixels of the first image; what is transparent is composited on white.

    Fixed and floating point samples are scRGB: linear, BT.709, 1.0 = 80 nits; here 1.0 becomes 203 nits.

    Raises:
        DamagedError, UnsupportedError, LimitError: as their names say.
    """
    header, stream = _header(data)
    array = isolation.decoded("jpegxr_decode", _unturned(data), stream.width * stream.height)  # jxrlib can crash
    if stream.is_light:
        array = array.astype(np.float32, copy=False)
    elif array.dtype == np.bool_:
        array = array.astype(np.uint8) * 255
    top = 1.0 if stream.is_light else 255.0 if array.dtype == np.uint8 else 65535.0
    pixels = three_channels(array, header.width, header.height)
    if stream.is_light:
        for band in bands(finite(pixels)):
            band *= np.float32(SCRGB_WHITE_NITS / DIFFUSE_WHITE_NITS)
    return image_of(*over_background(header, pixels, alpha_of(array, top))), None


def _unturned(data: bytes) -> bytes:
    """The file without its transformation: jxrlib flips pixels by it, and fails where it is to turn them."""
    (start,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, start)
    for at in range(start + 2, min(start + 2 + 12 * count, len(data) - 11), 12):
        if data[at : at + 2] == struct.pack("<H", TRANSFORM) and data[at + 8 : at + 12] != bytes(4):
            data = data[: at + 8] + bytes(4) + data[at + 12 :]
    return data


def probe(data: bytes) -> Signalling:
    """The same from the directory and the codestream's header, without decoding."""
    return signalling("jxr", _header(data)[0])


def _header(data: bytes) -> tuple[Header, _Stream]:
    tags = parse_tags(data)
    stated = [_number(tags.get(tag)) for tag in (WIDTH, HEIGHT, OFFSET, TRANSFORM, ALPHA_OFFSET)]
    stream = _codestream(data, stated[2])
    if (stream.width, stream.height) != (stated[0], stated[1]):
        said = f"{stated[0]} x {stated[1]} and {stream.width} x {stream.height}"
        raise DamagedError(f"the JPEG XR's directory and codestream disagree about its size: {said}")
    bits = DEPTHS[stream.depth]
    check_samples(stream.width, stream.height, 4 if stated[4] else 3, 4 if stream.is_light else -(-bits // 8))
    icc, xmp = tags.get(ICC), tags.get(XMP)
    header = Header(
        stream.width,
        stream.height,
        32 if stream.is_light else 16 if bits > 8 else 8,
        primaries="bt709" if stream.is_light else None,
        transfer="linear" if stream.is_light else None,
        icc=icc if isinstance(icc, bytes) and not stream.is_light else None,
        exif=exif_of(data),
        xmp=xmp if isinstance(xmp, bytes) else None,
        orientation=ORIENTATIONS[stated[3]] if stated[3] < len(ORIENTATIONS) else 1,
    )
    return header, stream


def _number(value: tuple[int, ...] | bytes | None) -> int:
    return int(value[0]) if value else 0


def _codestream(data: bytes, place: int) -> _Stream:
    head = data[place : place + 24]
    if head[:8] != MARK:
        raise DamagedError(f"the JPEG XR has no image at byte {place}, where its directory says")
    try:
        short = head[10] & 0x80
        colours, depth = head[11] >> 4, head[11] & 15
        width, height = struct.unpack_from(">HH" if short else ">II", head, 12)
    except (IndexError, struct.error) as error:
        raise DamagedError("the JPEG XR ends within its image header") from error
    if colours not in (GREY, 1, 2, YUV444, RGB, RGBE) or depth not in DEPTHS:
        raise UnsupportedError(f"JPEG XR of colour format {colours} with samples of kind {depth} is not read")
    return _Stream(width + 1, height + 1, colours, depth)
