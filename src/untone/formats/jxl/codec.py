"""JPEG XL reader and writer: stills of 8 to 16 bits and floats, SDR, PQ and HLG, and gain maps (the `jhgm` box).

Codestreams are libjxl's, by imagecodecs; boxes (ISO/IEC 18181-2) and the codestream's header are ours. imagecodecs
takes all pixels for sRGB, so that only those are coded with loss; others are coded as they are and named in the header.
"""

from __future__ import annotations

import dataclasses
import struct
from typing import Any

import imagecodecs
import numpy as np

from ...errors import DamagedError, LimitError, UnsupportedError, UntoneError
from ...image import GainMap, Image, Pixels
from ..common.coded import stored_codes, to_bits
from ..common.isobmff import Reader, box, boxes
from ..common.limits import MAX_METADATA_BYTES
from ..common.pixels import decoded, finite, full_range, packed, three_channels
from ..common.transparency import alpha_of
from ..jpeg.gcontainer import silence
from ..jpeg.segments import EXIF_TAG
from ..metadata.exif import with_orientation
from ..metadata.iso21496 import Metadata, iso_to_metadata, metadata_of, metadata_to_iso
from ..profiles.icc import named_profile
from ..profiles.resolve import light_of, primaries_of, primaries_of_light, profile_for, transfer_of
from ..signalling import Header, Signalling, gain_map_signal, image_of, left_out, over_background, signalling
from . import header as jxl_header
from . import icc_stream
from .header import SIGNATURE, Colour, JxlHeader

CONTAINER = b"\0\0\0\x0cJXL \r\n\x87\n"
SIGNATURES = (SIGNATURE, CONTAINER)
EFFORT = 5
"""Of the encoder, 1 to 9; the default 7 takes three times as long for 2 % of the bytes."""

METADATA = (b"Exif", b"xml ", b"jhgm")
"""Boxes that are read, in a `brob` box too."""

MAX_BITS_OF_LEVEL_5 = 12
"""Lossless; what goes beyond the level that every decoder must know says so in a box."""

Parts = list[bytes | memoryview]


@dataclasses.dataclass(frozen=True)
class File:
    """The parts of a JPEG XL file that are used; naked codestreams; the profile within, and the bit after it."""

    codestream: bytes
    header: JxlHeader
    exif: bytes | None = None
    xmp: bytes | None = None
    gain_map: bytes | None = None
    icc: bytes | None = None
    profile_end: int | None = None


@dataclasses.dataclass(frozen=True)
class Bundle:
    """A `jhgm` box: parameters, primaries of the alternate rendition (None: not said), the map and its header."""

    metadata: Metadata
    alternate: str | None
    codestream: bytes
    header: JxlHeader


def parse(data: bytes) -> File:
    """The parts of a file.

    Raises:
        DamagedError, UnsupportedError, LimitError: as their names say.
    """
    if data[:2] == SIGNATURE:
        return _with_profile(File(data, jxl_header.parse(data)))
    whole, pieces = None, []
    found: dict[bytes, bytes] = {}
    for name, start, end in boxes(data, 0, len(data)):
        if name == b"jxlc" and whole is None:
            whole = data[start:end]
        elif name == b"jxlp":
            pieces.append((Reader(data, start, end, "jxlp").number(4) & 0x7FFFFFFF, data[start + 4 : end]))
        elif name in METADATA and name not in found:
            found[name] = data[start:end] if name == b"jhgm" else _limited(data[start:end])
        elif name == b"brob" and (packed := data[start : start + 4]) in METADATA and packed not in found:
            found[packed] = _inflated(data[start + 4 : end])
    codestream = whole if whole is not None else b"".join(part for _, part in sorted(pieces))
    exif = found.get(b"Exif")
    if exif is not None:
        exif = exif[4 + int.from_bytes(exif[:4], "big") :].removeprefix(EXIF_TAG) or None
    header = jxl_header.parse(codestream)
    return _with_profile(File(codestream, header, exif, found.get(b"xml "), found.get(b"jhgm")))


def _with_profile(file: File) -> File:
    if not file.header.colour.has_icc or file.header.end_at is None:
        return file
    icc, end = icc_stream.unpacked_to(file.codestream, file.header.end_at)
    return dataclasses.replace(file, icc=icc, profile_end=end)


def _limited(body: bytes) -> bytes:
    if len(body) > MAX_METADATA_BYTES:
        raise LimitError(f"metadata of {len(body)} bytes; the limit is {MAX_METADATA_BYTES}")
    return body


def _inflated(body: bytes) -> bytes:
    """Brotli within a buffer of the limit's size."""
    return bytes(decoded(imagecodecs.brotli_decode, body, out=MAX_METADATA_BYTES))


def bundle(body: bytes) -> Bundle:
    """The fields of a `jhgm` box.

    Raises:
        DamagedError: it ends before its fields do, or they are damaged.
        UnsupportedError: of another version, or its metadata for newer readers.
    """
    reader = Reader(body, 0, len(body), "jhgm")
    version = reader.number(1)
    if version != 0:
        raise UnsupportedError(f"the jhgm box is of version {version}; this reader knows 0")
    metadata = iso_to_metadata(reader.take(reader.number(2)))
    encoding = reader.take(reader.number(1))
    profile = reader.take(reader.number(4))
    codestream = reader.take(reader.left)
    return Bundle(metadata, _alternate(encoding, profile), codestream, jxl_header.parse(codestream))


def _bundle(file: File) -> tuple[Bundle | None, str | None]:
    """The gain map of a file; where it is left out, why."""
    try:
        return (bundle(file.gain_map), None) if file.gain_map is not None else (None, None)
    except UnsupportedError as error:
        return None, left_out(error)


def _alternate(encoding: bytes, profile: bytes) -> str | None:
    """Primaries by a colour encoding, else by a packed ICC profile."""
    name = jxl_header.colour_of_bytes(encoding).primaries if encoding else None
    return name or (primaries_of(icc_stream.unpacked(profile)) if profile else None)


def read(data: bytes) -> tuple[Image, GainMap | None]:
    """Pixels as stored, and the gain map where there is one. What is transparent is composited on white.

    Raises:
        DamagedError, UnsupportedError, LimitError: as their names say.
    """
    file = parse(data)
    target = _shown_as(file)
    codestream = jxl_header.recoloured(file.codestream, target, file.profile_end) if target else file.codestream
    array = _samples(codestream)
    pixels = three_channels(array, file.header.width, file.header.height)
    head, alpha = _header(file), None
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
    found, reason = _bundle(file)
    if found is None:
        return dataclasses.replace(image, left_out=reason), None
    codes = full_range(
        three_channels(_samples(found.codestream), found.header.width, found.header.height), found.header.bits
    )
    channels = 1 if found.header.colour.grey else 3
    return image, found.metadata.gain_map(
        packed(codes[:, :, :channels]), _space(found, image.primaries), ("iso21496-1",), found.codestream
    )


def _space(found: Bundle, base: str) -> str | None:
    """Primaries of the alternate rendition, where they are not plainly the base's."""
    name = found.alternate
    return None if found.metadata.use_base_colour_space and name == base else name


def _samples(codestream: bytes) -> Pixels:
    array = decoded(imagecodecs.jpegxl_decode, codestream, keeporientation=True)
    return array.astype(np.float32) if array.dtype == np.float16 else array


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
    found, reason = _bundle(file)
    if found is None:
        return signalling("jxl", dataclasses.replace(_header(file), left_out=reason))
    size = (found.header.width, found.header.height, 1 if found.header.colour.grey else 3)
    return signalling("jxl", _header(file), gain_map_signal(*size, found.metadata, ("iso21496-1",)))


def write(image: Image, gain_map: GainMap | None = None, *, quality: int = 95, map_quality: int = 90) -> Parts:
    """The JPEG XL of an image and its gain map, in pieces to be written in order; light becomes 12-bit PQ.

    Codestreams that were read from a JPEG XL are carried over.

    Args:
        quality: of an sRGB base that has to be encoded anew, 1 to 100 (lossless); other spaces are lossless.
        map_quality: of the map, likewise.

    Raises:
        UntoneError: a gain map for linear light, a colour space that the header cannot name, or the codec refuses.
    """
    if gain_map is not None and image.transfer == "linear":
        raise UntoneError("a base with a gain map must be encoded pixels, not linear light")
    parts: Parts = [CONTAINER, box(b"ftyp", b"jxl ", bytes(4), b"jxl ")]
    if image.exif is not None:
        parts.append(box(b"Exif", bytes(4), with_orientation(image.exif, image.orientation) or b""))
    if image.xmp is not None:
        parts.append(box(b"xml ", _silent(image.xmp)))
    if gain_map is not None:
        parts.append(box(b"jhgm", *_bundled(image, gain_map, map_quality)))
    codestream = _kept(image) or _encoded(image, quality)
    if jxl_header.parse(codestream).bits > MAX_BITS_OF_LEVEL_5:
        parts.insert(2, box(b"jxll", bytes((10,))))
    return [*parts, struct.pack(">I4s", 8 + len(codestream), b"jxlc"), codestream]


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


def _encoded(image: Image, quality: int) -> bytes:
    codes = stored_codes(image)
    light = image.transfer == "linear"
    named = Colour("bt2020", "pq") if light else Colour(image.primaries, image.transfer)
    profile = None
    if named.primaries not in jxl_header.CODE_OF_PRIMARIES or named.transfer not in jxl_header.CODE_OF_TRANSFERS:
        profile, named = profile_for(image), Colour(None, None, has_icc=True)
        assert profile is not None
    bits = 8 if codes.dtype == np.uint8 else 12 if light else image.bits if image.bits in (10, 12) else 16
    lossless = quality == 100 or named != Colour()
    codestream = _codestream(to_bits(codes, bits), bits, None if lossless else quality)
    packed = icc_stream.packed(profile) if profile is not None else None
    return jxl_header.relabelled(codestream, image.orientation, named, packed)


def _codestream(codes: Pixels, bits: int, quality: int | None) -> bytes:
    """A naked codestream of codes [H, W, 1 or 3]; lossless without a quality, which becomes a distance as in cjxl."""
    options: dict[str, Any] = {"effort": EFFORT, "bitspersample": bits, "usecontainer": False, "lossless": True}
    if quality is not None:
        distance = 0.1 + (100 - quality) * 0.09 if quality >= 30 else 53 / 3000 * quality**2 - 23 / 20 * quality + 25
        options |= {"distance": distance, "lossless": False}
    try:
        data = bytes(imagecodecs.jpegxl_encode(codes[:, :, 0] if codes.shape[2] == 1 else codes, **options))
    except (RuntimeError, ValueError, TypeError, MemoryError) as error:
        raise UntoneError(f"the JPEG XL cannot be encoded: {' '.join(str(error).split())[:160]}") from error
    return parse(data).codestream


def _bundled(image: Image, gain_map: GainMap, quality: int) -> tuple[bytes, ...]:
    """The fields of a `jhgm` box; an ICC profile of the alternate rendition only where its primaries have no name."""
    metadata = metadata_to_iso(metadata_of(gain_map))
    brighter = gain_map.alternate_headroom_stops > gain_map.base_headroom_stops
    name = gain_map.alternate_primaries or image.primaries
    encoding, profile = b"", b""
    if name in jxl_header.CODE_OF_PRIMARIES:
        encoding = jxl_header.colour_bytes(Colour(name, "pq" if brighter else "srgb"))
    else:
        value, count = icc_stream.packed(named_profile(name, "srgb"))
        profile = value.to_bytes((count + 7) // 8, "little")
    codestream = gain_map.encoded if _is_map(gain_map) and gain_map.encoded is not None else b""
    if not codestream:
        bits = 8 if gain_map.codes.dtype == np.uint8 else 16
        codestream = _codestream(gain_map.codes, bits, None if quality == 100 else quality)
    sizes = struct.pack(">BH", 0, len(metadata)), struct.pack(">B", len(encoding)), struct.pack(">I", len(profile))
    return sizes[0], metadata, sizes[1], encoding, sizes[2], profile, codestream


def _is_map(gain_map: GainMap) -> bool:
    """Whether the map was decoded from a codestream of its size."""
    if gain_map.encoded is None or gain_map.encoded[:2] != SIGNATURE:
        return False
    try:
        header = jxl_header.parse(gain_map.encoded)
    except DamagedError:
        return False
    return (header.width, header.height) == (gain_map.width, gain_map.height)
