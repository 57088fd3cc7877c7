"""JPEG XL reader and writer: stills of 8 to 16 bits and floats, SDR, PQ and HLG, and gain maps (the `jhgm` box).

Codestreams are libjxl's, by imagecodecs; boxes (ISO/IEC 18181-2) and the codestream's header are ours. imagecodecs
takes codes of 8 bits for sRGB and deeper ones for light. With loss it is given the former, or light, of which decoders
make the colours that the header names: Display P3, BT.2020. Codes of other curves than sRGB's are coded as they are.
"""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Callable

import numpy as np

from ...colour import PQ_PEAK_NITS, matrix, to_linear
from ...errors import UnsupportedError, UntoneError
from ...image import GainMap, Image, Pixels
from ..common.coded import stored_codes, to_bits
from ..common.isobmff import box
from ..common.pixels import BAND_ROWS, finite, three_channels
from ..common.transparency import alpha_of
from ..jpeg.gcontainer import described_elsewhere, silence
from ..metadata.exif import with_orientation
from ..profiles.resolve import light_of, primaries_of, primaries_of_light, profile_for, transfer_of
from ..signalling import Header, Signalling, gain_map_signal, image_of, over_background, signalling
from . import gain_map as gain_maps
from . import header as jxl_header
from . import icc_stream, recompression
from .container import (
    CONTAINER,
    NITS_OF_ONE,
    SIGNATURES,
    File,
    Parts,
    boxes_but_map,
    coded,
    coded_light,
    parse,
    samples,
)
from .header import Colour

QUALITY = 95
"""Where none is named and nothing can be carried over."""

MAX_BITS_OF_LEVEL_5 = 12
"""Lossless; what goes beyond the level that every decoder must know says so in a box."""


def read(data: bytes) -> tuple[Image, GainMap | None]:
    """Pixels as stored, and the gain map where there is one. What is transparent is composited on white.

    Raises:
        DamagedError, UnsupportedError, LimitError: as their names say.
    """
    file = parse(data)
    target = _shown_as(file)
    codestream = jxl_header.recoloured(file.codestream, target, file.profile_end) if target else file.codestream
    array = samples(codestream)
    pixels = three_channels(array, file.header.width, file.header.height)
    head, alpha = _header(file), None
    head = dataclasses.replace(head, xmp=recompression.packet_of(data, file.xmp))
    if file.header.alpha:
        top = 1.0 if array.dtype.kind == "f" else 255.0 if array.dtype == np.uint8 else float((1 << head.bits) - 1)
        alpha = alpha_of(array, top, associated=file.header.associated)
    head, pixels = over_background(head, pixels, alpha)
    if file.header.is_float:
        pixels = finite(pixels.astype(np.float32, copy=False))
        if file.icc is not None and not file.header.xyb:
            pixels = light_of(file.icc, pixels)
    elif file.header.colour.transfer == "linear" and target is None:
        pixels = pixels.astype(np.float32) / np.float32((1 << file.header.bits) - 1)
    image = dataclasses.replace(image_of(head, pixels), encoded=None if head.notes else data)
    found, reason = gain_maps.found_in(file)
    if found is None:
        return dataclasses.replace(image, left_out=reason), None
    return image, gain_maps.decoded_map(found, file.header, image.primaries)


def _shown_as(file: File) -> Colour | None:
    """Colours to decode XYB to, since libjxl makes linear light of few bits of a profile; None: the file's own."""
    found = file.header
    if not found.xyb or found.is_float or found.colour_at is None or found.end_at is None:
        return None
    primaries, transfer = found.colour.primaries, found.colour.transfer
    if file.icc is not None:
        primaries, transfer = primaries_of(file.icc), transfer_of(file.icc)
    known = primaries in jxl_header.CODE_OF_PRIMARIES or found.colour.grey
    if not known or transfer not in jxl_header.CODE_OF_TRANSFERS or transfer == "linear":
        primaries, transfer = "bt2020", "srgb"
    target = Colour(primaries, transfer, found.colour.grey)
    return None if target == found.colour else target


def _header(file: File) -> Header:
    found, icc, target = file.header, None, _shown_as(file)
    warnings: tuple[str, ...] = ()
    primaries, transfer = (target or found.colour).primaries, (target or found.colour).transfer
    if target is None and file.icc is not None and not found.is_float:
        icc = file.icc
    elif file.icc is not None and found.is_float:  # libjxl makes linear sRGB of XYB with a profile
        primaries, transfer = "bt709" if found.xyb else primaries_of_light(file.icc), "linear"
    elif transfer is None or (primaries is None and not found.colour.grey):
        primaries, transfer = "bt709", "srgb"
        warnings = ("the colours of this JPEG XL have no name here; it is taken as sRGB",)
    exif = with_orientation(file.exif, found.orientation) if file.exif is not None else None
    bits = 32 if found.is_float or transfer == "linear" else found.bits
    return Header(
        found.width, found.height, bits, primaries, transfer, icc=icc, exif=exif, xmp=file.xmp,
        orientation=found.orientation, warnings=warnings,
    )  # fmt: skip


def probe(data: bytes) -> Signalling:
    """The same from the headers, without decoding."""
    file = parse(data)
    found, reason = gain_maps.found_in(file)
    if found is None:
        return signalling("jxl", dataclasses.replace(_header(file), left_out=reason))
    size = (found.header.width, found.header.height, 1 if found.header.colour.grey else 3)
    return signalling("jxl", _header(file), gain_map_signal(*size, found.metadata, ("iso21496-1",)))


def write(
    image: Image, gain_map: GainMap | None = None, *, quality: int | None = None, map_quality: int | None = None
) -> Parts:
    """The JPEG XL of an image and its gain map, in pieces to be written in order; light becomes 12-bit PQ, without a
    quality exactly.

    Codestreams that were read from a JPEG XL are carried over, and so are JPEGs, base and map, where no quality is
    named: recompressed without loss, the base so that it can be had again byte for byte.

    Args:
        quality: of a base that has to be encoded anew, or of light, 1 to 100 (lossless); codes of other curves than
            sRGB's, and of primaries that a header has no name for, are lossless. None: 95.
        map_quality: of the map, likewise. None: 90.

    Raises:
        UntoneError: a gain map for linear light, a colour space that the header cannot name, or the codec refuses.
    """
    if gain_map is not None and image.transfer == "linear":
        raise UntoneError("a base with a gain map must be encoded pixels, not linear light")
    bundled = [] if gain_map is None else [box(b"jhgm", *gain_maps.bundled(image, gain_map, map_quality))]
    whole = _carried(image) or (_recompressed(image) if quality is None else None)
    if whole is not None:
        return [*whole[:2], *bundled, *whole[2:]]
    parts: Parts = [CONTAINER, box(b"ftyp", b"jxl ", bytes(4), b"jxl ")]
    if image.exif is not None:
        parts.append(box(b"Exif", bytes(4), with_orientation(image.exif, image.orientation) or b""))
    if image.xmp is not None:
        parts.append(box(b"xml ", _silent(image.xmp)))
    parts += bundled
    codestream = _kept(image) or _encoded(image, quality)
    if jxl_header.parse(codestream).bits > MAX_BITS_OF_LEVEL_5:
        parts.insert(2, box(b"jxll", bytes((10,))))
    return [*parts, struct.pack(">I4s", 8 + len(codestream), b"jxlc"), codestream]


def _recompressed(image: Image) -> Parts | None:
    """The boxes of a file that holds the JPEG that the pixels came from."""
    base = recompression.base_of(image)
    made = recompression.recompressed(base) if base is not None else None
    return boxes_but_map(made) if made is not None else None


def _carried(image: Image) -> Parts | None:
    """The boxes, but for a gain map, of a file that holds a JPEG, while nothing of what that is made of changed."""
    data = image.encoded
    if data is None or not data.startswith(CONTAINER) or not recompression.is_recompressed(data):
        return None
    return boxes_but_map(data) if _is_as_read(image, parse(data)) else None


def _is_as_read(image: Image, file: File) -> bool:
    size = (file.header.width, file.header.height, file.header.orientation)
    packet = recompression.packet_of(image.encoded or b"", file.xmp)
    packets = (image.xmp, packet if packet is None else described_elsewhere(packet))
    same = size == (image.width, image.height, image.orientation) and image.exif == _header(file).exif
    return same and packets[0] in (packet, packets[1])


def as_jpeg(image: Image) -> Image:
    """The image with the JPEG that its JPEG XL holds for what it came from; as it is where that is not so."""
    data = image.encoded
    if data is None or not data.startswith(CONTAINER) or not _is_as_read(image, parse(data)):
        return image
    found = recompression.reconstructed(data)
    return image if found is None else dataclasses.replace(image, encoded=found)


def _silent(packet: bytes) -> bytes:
    try:
        return silence(packet)
    except UntoneError:
        return packet


def _kept(image: Image) -> bytes | None:
    """The codestream that the pixels came from, with another orientation where they have one."""
    if image.encoded is None or not image.encoded.startswith(SIGNATURES):
        return None
    file = parse(image.encoded)
    if (file.header.width, file.header.height) != (image.width, image.height):
        return None
    if file.header.orientation == image.orientation:
        return file.codestream
    try:
        return jxl_header.turned(file.codestream, image.orientation)
    except UnsupportedError:  # a header that is not rewritten: the pixels are encoded anew
        return None


def _encoded(image: Image, quality: int | None) -> bytes:
    if image.transfer == "linear" and quality not in (None, 100):
        return _lossy_pq(image, quality or QUALITY)
    quality = quality or QUALITY
    codes = stored_codes(image)
    light = image.transfer == "linear"
    named = Colour("bt2020", "pq") if light else Colour(image.primaries, image.transfer)
    profile = None
    if named.primaries not in jxl_header.CODE_OF_PRIMARIES or named.transfer not in jxl_header.CODE_OF_TRANSFERS:
        profile, named = profile_for(image), Colour(None, None, has_icc=True)
        assert profile is not None
    bits = 8 if codes.dtype == np.uint8 else 12 if light else image.bits if image.bits in (10, 12) else 16
    lossless = quality == 100 or profile is not None or named.transfer != "srgb"
    if not lossless and (named.primaries != "bt709" or bits > 8):
        return _lossy_named(image, named, quality, bits)
    codestream = coded(to_bits(codes, bits), bits, None if lossless else quality)
    packed = icc_stream.packed(profile) if profile is not None else None
    return jxl_header.relabelled(codestream, image.orientation, named, packed)


def _lossy_pq(image: Image, quality: int) -> bytes:
    """Light as XYB, which decoders make PQ of: XYB is of any primaries and of any brightness."""
    light = _light(image, image.white_nits / NITS_OF_ONE, lambda pixels: pixels, np.float32)
    codestream = coded_light(light, quality)
    return jxl_header.relabelled(codestream, image.orientation, Colour("bt2020", "pq"), bits=MAX_BITS_OF_LEVEL_5)


def _lossy_named(image: Image, named: Colour, quality: int, bits: int) -> bytes:
    """Codes by sRGB's curve as XYB, of which decoders make them again; their white is that of files without nits.

    Half floats are finer than any loss.
    """
    most = 1.0 if image.pixels.dtype == np.float32 else float(np.iinfo(image.pixels.dtype).max)
    light = _light(image, 1.0, lambda codes: to_linear(codes / np.float32(most), "srgb"), np.float16)
    codestream = coded_light(light, quality)
    return jxl_header.relabelled(codestream, image.orientation, named, bits=bits)


def _light(image: Image, white: float, of: Callable[[Pixels], Pixels], dtype: type) -> Pixels:
    """Light of the pixels in BT.709, whose white is `white`, 1.0 being NITS_OF_ONE, at most PQ's.

    A band of rows at a time: pixels of an EXR are made as they are asked for.
    """
    to_light = (matrix(image.primaries, "bt709").T * np.float32(white)).astype(np.float32)
    light: Pixels = np.empty(image.pixels.shape, dtype)
    most = PQ_PEAK_NITS / NITS_OF_ONE
    for first in range(0, image.height, BAND_ROWS):
        rows = slice(first, first + BAND_ROWS)
        light[rows] = np.clip(of(image.pixels[rows]) @ to_light, -most, most)
    return light
