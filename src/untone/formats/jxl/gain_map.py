"""The gain map of a JPEG XL file: the `jhgm` box (ISO/IEC 18181-2), ISO 21496-1 and a codestream of its own."""

from __future__ import annotations

import dataclasses
import struct

import numpy as np

from ...errors import DamagedError, UnsupportedError
from ...image import GainMap, Image, Pixels, turned_back, turned_upright
from ..common.isobmff import Reader
from ..common.pixels import full_range, packed, three_channels
from ..metadata.iso21496 import Metadata, iso_to_metadata, metadata_of, metadata_to_iso
from ..profiles.icc import named_profile
from ..profiles.resolve import primaries_of
from ..signalling import left_out
from . import header as jxl_header
from . import icc_stream, recompression
from .container import File, coded, parse, samples
from .header import SIGNATURE, Colour, JxlHeader

MAP_QUALITY = 90
"""Where none is named and nothing can be carried over."""


@dataclasses.dataclass(frozen=True)
class Bundle:
    """A `jhgm` box: parameters, primaries of the alternate rendition (None: not said), the map and its header."""

    metadata: Metadata
    alternate: str | None
    codestream: bytes
    header: JxlHeader


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


def found_in(file: File) -> tuple[Bundle | None, str | None]:
    """The gain map of a file; where it is left out, why."""
    try:
        return (bundle(file.gain_map), None) if file.gain_map is not None else (None, None)
    except UnsupportedError as error:
        return None, left_out(error)


def _alternate(encoding: bytes, profile: bytes) -> str | None:
    """Primaries by a colour encoding, else by a packed ICC profile."""
    name = jxl_header.colour_of_bytes(encoding).primaries if encoding else None
    return name or (primaries_of(icc_stream.unpacked(profile)) if profile else None)


def decoded_map(found: Bundle, base: JxlHeader, primaries: str) -> GainMap:
    """The map of a bundle, in the stored orientation of a base with such primaries.

    Raises:
        DamagedError: its pixels cannot be decoded.
    """
    own = found.header
    codes = full_range(three_channels(samples(found.codestream), own.width, own.height), own.bits)
    codes, as_stored = _as_base(packed(codes[:, :, : 1 if own.colour.grey else 3]), own, base)
    encoded = found.codestream if as_stored else None
    return found.metadata.gain_map(codes, _space(found, primaries), ("iso21496-1",), encoded)


def _as_base(codes: Pixels, own: JxlHeader, base: JxlHeader) -> tuple[Pixels, bool]:
    """Codes in the base's stored orientation, and whether they lie so.

    A map without an orientation of its own does, as if its writer had forgotten it (this one did, once), unless its
    shape says that it lies as the base is viewed.
    """
    across = (own.width - own.height) * (base.width - base.height) < 0
    viewed = own.orientation == 1 and base.orientation > 4 and across
    if own.orientation in (1, base.orientation) and not viewed:
        return codes, True
    return np.ascontiguousarray(turned_back(turned_upright(codes, own.orientation), base.orientation)), False


def _space(found: Bundle, base: str) -> str | None:
    """Primaries of the alternate rendition, where they are not plainly the base's."""
    name = found.alternate
    return None if found.metadata.use_base_colour_space and name == base else name


def bundled(image: Image, gain_map: GainMap, quality: int | None) -> tuple[bytes, ...]:
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
    codestream = _turned(_map_codestream(gain_map, quality), image.orientation)
    sizes = struct.pack(">BH", 0, len(metadata)), struct.pack(">B", len(encoding)), struct.pack(">I", len(profile))
    return sizes[0], metadata, sizes[1], encoding, sizes[2], profile, codestream


def _map_codestream(gain_map: GainMap, quality: int | None) -> bytes:
    """The map's own codestream, or its JPEG recompressed, or one of its codes."""
    if gain_map.encoded is not None and _is_map(gain_map):
        return gain_map.encoded
    if quality is None and gain_map.encoded is not None and gain_map.encoded.startswith(recompression.JPEG):
        made = recompression.recompressed(recompression.bare(gain_map.encoded))
        file = parse(made) if made is not None else None
        like = (gain_map.width, gain_map.height, gain_map.channels == 1)
        if file is not None and (file.header.width, file.header.height, file.header.colour.grey) == like:
            return file.codestream
    bits = 8 if gain_map.codes.dtype == np.uint8 else 16
    return coded(gain_map.codes, bits, None if quality == 100 else quality or MAP_QUALITY)


def _turned(codestream: bytes, orientation: int) -> bytes:
    """A map's codestream with the orientation of its base, as decoders of one picture turn it by its own."""
    if jxl_header.parse(codestream).orientation == orientation:
        return codestream
    try:
        return jxl_header.turned(codestream, orientation)
    except UnsupportedError:
        return codestream


def _is_map(gain_map: GainMap) -> bool:
    """Whether the map was decoded from a codestream of its size."""
    if gain_map.encoded is None or gain_map.encoded[:2] != SIGNATURE:
        return False
    try:
        header = jxl_header.parse(gain_map.encoded)
    except DamagedError:
        return False
    return (header.width, header.height) == (gain_map.width, gain_map.height)
