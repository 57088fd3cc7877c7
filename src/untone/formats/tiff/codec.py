"""TIFF reader: codes of 1 to 32 bits and light of 16 to 64-bit floats, classic and BigTIFF, first page."""

from __future__ import annotations

import dataclasses
import struct
from typing import NamedTuple

import imagecodecs
import numpy as np

from ...errors import DamagedError, UnsupportedError
from ...image import Image, Pixels
from ..common.limits import MAX_CHUNKS, MAX_METADATA_BYTES, MAX_TAG_VALUES, check_samples, check_size
from ..common.pixels import decoded, finite, three_channels
from ..common.transparency import alpha_of
from ..profiles import resolve as profiles
from ..signalling import Header, Signalling, image_of, over_background, signalling
from .colour_spaces import CIE_LAB, ICC_LAB, LAB_PRIMARIES, LOG_L, LOG_LUV, lab_codes, log_light
from .exif_block import exif_of

SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

WIDTH, HEIGHT, BITS, PHOTOMETRIC, ORIENTATION = 256, 257, 258, 262, 274
SAMPLES, PLANAR, TILE_WIDTH, TILE_LENGTH, EXTRA, FORMAT, XMP, ICC = 277, 284, 322, 323, 338, 339, 700, 34675
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB = 0, 1, 2
MIRRORED = {2: (1, -1), 3: (-1, -1), 4: (-1, 1), 6: (1, -1), 7: (-1, -1), 8: (-1, 1)}
"""Steps through rows and columns that undo what libtiff's RGB interface mirrors for an orientation."""

SUBFILE, SUB_DIRECTORIES, DNG_VERSION = 254, 330, 50706
MOSAICS = (32803, 34892)
"""Photometric interpretations of sensor data, as they come and demosaiced."""

MORE_PAGES = "only the first of its pages is read"
RAW = "RAW isn't read; take the camera's JPEG, with `untone measure` for the RAW's light, or develop it"

ASSOCIATED_ALPHA, STRAIGHT_ALPHA = 1, 2
SEPARATE = 2
FLOAT = 3
INTEGER_BITS = (*range(1, 17), 32)
FLOAT_BITS = (16, 24, 32, 64)

_SIZES = {1: ("B", 1), 2: ("B", 1), 3: ("H", 2), 4: ("I", 4), 13: ("I", 4), 7: ("B", 1), 16: ("Q", 8)}

Tags = dict[int, tuple[int, ...] | bytes]


class Layout(NamedTuple):
    """How the samples of a TIFF are to be understood."""

    bits: int
    photometric: int
    samples: int
    is_float: bool
    separate: bool
    alpha: int

    @property
    def is_logarithmic(self) -> bool:
        """Whether it is light as LogL or LogLuv."""
        return self.photometric in (LOG_L, LOG_LUV)

    @property
    def is_lab(self) -> bool:
        """Whether it is L*a*b* of a depth that is read as such."""
        return self.photometric in (CIE_LAB, ICC_LAB) and self.bits in (8, 16) and self.samples >= 3


def read(data: bytes) -> tuple[Image, None]:
    """Pixels of the first page; what is transparent is composited on white.

    Floats are light, linear unless their ICC profile says otherwise; LogLuv is light too. Palettes, CMYK and YCbCr come
    through libtiff's 8-bit RGB.

    Raises:
        DamagedError, UnsupportedError, LimitError: as their names say.
    """
    with np.errstate(all="ignore"):  # light of any size; what is none becomes a number at the end
        return _read(data)


def _read(data: bytes) -> tuple[Image, None]:
    tags = parse_tags(data)
    header, layout = _header(tags, data), _layout(tags)
    if layout.is_logarithmic:
        light = finite(three_channels(log_light(decoded(imagecodecs.tiff_decode, data)), header.width, header.height))
        return image_of(header, light), None
    if layout.is_lab:
        codes = _ordered(decoded(imagecodecs.tiff_decode, data), layout)
        pixels = three_channels(lab_codes(codes, layout.photometric), header.width, header.height)
        return image_of(dataclasses.replace(header, bits=16), pixels), None
    packed = layout.bits in (1, 2, 4) and layout.samples == 1  # libtiff's interface knows best
    plain = layout.photometric in (WHITE_IS_ZERO, BLACK_IS_ZERO, RGB) and not packed
    if not plain and layout.bits > 8:
        raise UnsupportedError(f"TIFF with photometric {layout.photometric} in {layout.bits} bits is not read")
    array = decoded(imagecodecs.tiff_decode, data, asrgb=not plain)
    if not plain:
        down, right = MIRRORED.get(header.orientation, (1, 1))
        array = array[::down, ::right]
        alpha = alpha_of(array, 255, associated=True) if layout.alpha else None
        pixels = three_channels(array, header.width, header.height)
        return image_of(*over_background(header, pixels, alpha)), None
    array = _widened(_ordered(array, layout), layout)
    top = 1.0 if layout.is_float else 255.0 if array.dtype == np.uint8 else float((1 << header.bits) - 1)
    alpha = alpha_of(array, top, associated=layout.alpha == ASSOCIATED_ALPHA) if layout.alpha else None
    pixels = three_channels(array, header.width, header.height)
    if layout.photometric == WHITE_IS_ZERO and not layout.is_float:
        pixels = np.array(top, pixels.dtype) - pixels
    header, pixels = over_background(header, pixels, alpha)
    if layout.is_float:
        light = finite(pixels) if header.icc is None else profiles.light_of(header.icc, finite(pixels))
        return image_of(dataclasses.replace(header, icc=None), light), None
    return image_of(header, pixels), None


def _ordered(array: Pixels, layout: Layout) -> Pixels:
    """Samples of a pixel side by side."""
    if layout.separate and array.ndim == 3 and array.shape[0] == layout.samples:
        return np.ascontiguousarray(np.moveaxis(array, 0, 2))
    return array


def _widened(array: Pixels, layout: Layout) -> Pixels:
    """Samples as uint8, uint16 or float32; codes of up to 8 bits over the full range, longer ones as image_of wants."""
    if layout.is_float:
        return array.astype(np.float32, copy=False)
    if array.dtype == np.bool_:
        return array.astype(np.uint8) * 255
    if array.dtype == np.uint32:
        return (array >> 16).astype(np.uint16)
    if array.dtype == np.uint8 and layout.bits < 8:
        top = (1 << layout.bits) - 1
        return ((np.arange(256) * 510 + top) // (2 * top)).clip(0, 255).astype(np.uint8)[array]
    return array


def probe(data: bytes) -> Signalling:
    """The same from the first directory, without decoding."""
    return signalling("tiff", _header(parse_tags(data), data))


def _header(tags: Tags, data: bytes) -> Header:
    if _is_raw(tags):
        raise UnsupportedError(RAW)
    layout = _layout(tags)
    width, height = _number(tags, WIDTH, 0), _number(tags, HEIGHT, 0)
    wide = 32 if layout.is_logarithmic else layout.bits
    bytes_per_pixel = max(3, layout.samples) * -(-wide // 8)
    check_samples(width, height, max(3, layout.samples), -(-wide // 8))
    check_size(_number(tags, TILE_WIDTH, 1), _number(tags, TILE_LENGTH, 1), bytes_per_pixel)
    orientation = _number(tags, ORIENTATION, 1)
    icc, xmp = tags.get(ICC), tags.get(XMP)
    icc = icc if isinstance(icc, bytes) else None
    light = layout.is_float or layout.is_logarithmic
    primaries = "bt709" if layout.is_logarithmic else LAB_PRIMARIES if layout.is_lab else None
    return Header(
        width,
        height,
        32 if light else min(max(8, layout.bits), 16),
        primaries=profiles.primaries_of_light(icc) if layout.is_float else primaries,
        transfer="linear" if light else None,
        icc=icc if primaries is None else None,
        exif=exif_of(data),
        xmp=xmp if isinstance(xmp, bytes) else None,
        orientation=orientation if 1 <= orientation <= 8 else 1,
        notes=(MORE_PAGES,) if _has_more_pages(data) else (),
    )


def _is_raw(tags: Tags) -> bool:
    """Whether it is a DNG, or of a camera's kinds (NEF, ARW, CR2, PEF ...): a mosaic, or a preview before the data."""
    if DNG_VERSION in tags or _number(tags, PHOTOMETRIC, 0) in MOSAICS:
        return True
    return bool(_number(tags, SUBFILE, 0) & 1) and SUB_DIRECTORIES in tags


def _has_more_pages(data: bytes) -> bool:
    """Whether a second picture follows that is no smaller version or mask of the first."""
    after = _next_directory(data)
    try:
        return bool(after) and not _number(parse_tags(data, after), SUBFILE, 0) & 5
    except DamagedError:
        return False


def _next_directory(data: bytes) -> int:
    """Where the second directory is; 0 where there is none."""
    order, big = "<" if data[:2] == b"II" else ">", data[2:4] in (b"+\0", b"\0+")
    try:
        (ifd,) = struct.unpack_from(order + ("Q" if big else "I"), data, 8 if big else 4)
        (count,) = struct.unpack_from(order + ("Q" if big else "H"), data, ifd)
        end = ifd + 8 + 20 * count if big else ifd + 2 + 12 * count
        return int(struct.unpack_from(order + ("Q" if big else "I"), data, end)[0])
    except (struct.error, OverflowError):
        return 0


def _layout(tags: Tags) -> Layout:
    samples, bits = _number(tags, SAMPLES, 1), _number(tags, BITS, 1)
    is_float = _number(tags, FORMAT, 1) == FLOAT
    if not 1 <= samples <= 16 or bits not in (FLOAT_BITS if is_float else INTEGER_BITS):
        kind = "float" if is_float else "integer"
        raise UnsupportedError(f"TIFF with {samples} samples of {bits} bits ({kind}) is not read")
    return Layout(
        bits,
        _number(tags, PHOTOMETRIC, BLACK_IS_ZERO),
        samples,
        is_float,
        _number(tags, PLANAR, 1) == SEPARATE and samples > 1,
        _number(tags, EXTRA, 0) if _number(tags, EXTRA, 0) in (ASSOCIATED_ALPHA, STRAIGHT_ALPHA) else 0,
    )


def _number(tags: Tags, tag: int, default: int) -> int:
    value = tags.get(tag)
    return value[0] if value else default


def parse_tags(data: bytes, ifd: int | None = None) -> Tags:
    """Integer and byte tags of the directory at `ifd`, None the first; long byte tags as bytes.

    Raises:
        DamagedError: the directory runs past the end of the file.
    """
    order = "<" if data[:2] == b"II" else ">"
    big = data[2:4] in (b"+\0", b"\0+")
    tags: Tags = {}
    try:
        if ifd is None:
            (ifd,) = struct.unpack_from(order + ("Q" if big else "I"), data, 8 if big else 4)
        (count,) = struct.unpack_from(order + ("Q" if big else "H"), data, ifd)
        first, size = (ifd + 8, 20) if big else (ifd + 2, 12)
        for index in range(min(count, MAX_CHUNKS)):
            position = first + size * index
            tag, kind = struct.unpack_from(order + "HH", data, position)
            (number,) = struct.unpack_from(order + ("Q" if big else "I"), data, position + 4)
            if tag not in tags and kind in _SIZES and (number <= MAX_TAG_VALUES or tag in (XMP, ICC)):
                tags[tag] = _values(data, order, kind, number, position + (12 if big else 8), big)
    except (struct.error, OverflowError) as error:
        raise DamagedError("the TIFF directory runs past the end of the file") from error
    return tags


def _values(data: bytes, order: str, kind: int, number: int, place: int, big: bool) -> tuple[int, ...] | bytes:
    code, size = _SIZES[kind]
    if number * size > MAX_METADATA_BYTES:
        raise DamagedError(f"a TIFF tag says {number} values")
    if number * size > (8 if big else 4):
        (place,) = struct.unpack_from(order + ("Q" if big else "I"), data, place)
    if size == 1:
        return data[place : place + number]
    return struct.unpack_from(f"{order}{min(number, 16)}{code}", data, place)
