"""The gain map of an AVIF or HEIC file: a `tmap` item (ISO 21496-1), or an auxiliary image (Apple's, Samsung's)."""

from __future__ import annotations

import dataclasses

import numpy as np

from ...errors import DamagedError, UnsupportedError
from ...image import GainMap, Image, Pixels, turned_back, turned_upright
from ..common.limits import MAX_METADATA_BYTES
from ..common.pixels import eight_bits, full_range, packed
from ..jpeg import apple
from ..metadata.iso21496 import Metadata, iso_to_metadata
from ..metadata.xmp import HDRGM, properties, xmp_to_metadata
from ..signalling import NO_HEADROOM, GainMapSignal, Signalling, gain_map_signal, left_out, signalling
from .decoding import (
    TURNS,
    Codec,
    Picture,
    alone,
    check_known,
    colour,
    decoded_picture,
    describing,
    header,
    image,
    is_xmp,
    metadata_bytes,
    picture,
)
from .items import Meta, item_bytes, parse

AUXILIARY = (
    b"urn:com:apple:photo:2020:aux:hdrgainmap",
    b"urn:com:samsung:photo:2024:aux:hdrgainmap",
    b"urn:com:photo:aux:hdrgainmap",
)
"""Apple's, Samsung's, and nobody's in particular."""

SEQUENCES = {b"avis", b"msf1", b"hevc", b"hevx"}
"""Brands of files with an image sequence, beside the still or alone."""


@dataclasses.dataclass(frozen=True)
class Found:
    """A gain map within a file.

    Attributes:
        base: item that it is applied to.
        map: the picture with its codes; None where the file has no gain map that can be used.
        metadata: its parameters; of an Apple map those that its codes are recomputed to.
        alternate_primaries: of the colour space of the alternate rendition, where the file names one of ours.
        encodings: flavours of its parameters.
        warnings: one line each.
        left_out: why a gain map that the file has is not read.
    """

    base: int
    map: Picture | None = None
    metadata: Metadata | None = None
    alternate_primaries: str | None = None
    encodings: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    left_out: str | None = None


def read(data: bytes, codec: Codec) -> tuple[Image, GainMap | None]:
    """The base of a file and its gain map. Alpha is composited on white; rotation and mirroring become the orientation.

    Raises:
        DamagedError, UnsupportedError, LimitError: as their names say.
    """
    meta = parse(data)
    found = locate(data, meta, codec)
    made = image(data, meta, picture(data, meta, found.base, codec), codec)
    return dataclasses.replace(made, left_out=found.left_out), gain_map(data, meta, found, codec)


def probe(data: bytes, codec: Codec) -> Signalling:
    """The same from the boxes, without decoding."""
    meta = parse(data)
    found = locate(data, meta, codec)
    head = header(data, meta, picture(data, meta, found.base, codec), found.warnings)
    return signalling(codec.name, dataclasses.replace(head, left_out=found.left_out), signal(found))


def locate(data: bytes, meta: Meta, codec: Codec) -> Found:
    """The base and the gain map of a file; `tmap` wins over auxiliary images, unless it is of a kind that is not known.

    Raises:
        DamagedError, LimitError: a gain map is there, but contradicts itself or is too large.
    """
    found = _located(data, meta, codec)
    if SEQUENCES.isdisjoint(meta.brands) and not meta.sequence:
        return found
    more = "only the first picture of the image sequence is read"
    more = more if meta.sequence else "the image sequence is not read, only the still"
    return dataclasses.replace(found, warnings=(*found.warnings, more))


def _located(data: bytes, meta: Meta, codec: Codec) -> Found:
    tone_maps = [item.number for item in meta.items.values() if item.kind == b"tmap"]
    base = meta.primary
    reason: UnsupportedError | None = None
    for number in tone_maps:
        targets = meta.targets(b"dimg", number)
        if len(targets) != 2:
            raise DamagedError(f"the tmap item is made of {len(targets)} items; a base and a gain map are needed")
        if meta.primary in (number, targets[0]):
            base = targets[0]
            try:
                return _tone_map(data, meta, codec, number, targets)
            except UnsupportedError as error:
                reason = reason or error
        elif meta.primary == targets[1]:
            reason = reason or UnsupportedError(f"the tmap item takes the primary item, {base}, for its gain map")
    for source in meta.sources(b"auxl", base):
        kind = (meta.item(source).property(b"auxC") or b"")[4:].split(b"\0")[0]
        if kind in AUXILIARY:
            try:
                found = _auxiliary(data, meta, codec, base, source)
            except UnsupportedError as error:
                reason = reason or error
                continue
            more = (f"the auxiliary gain map is used: {reason}",) if reason is not None else ()
            return dataclasses.replace(found, warnings=found.warnings + more)
    return Found(base, left_out=left_out(reason) if reason is not None else None)


def _tone_map(data: bytes, meta: Meta, codec: Codec, number: int, targets: tuple[int, ...]) -> Found:
    base, codes = targets
    check_known(meta.item(number))
    payload = item_bytes(data, meta.item(number), MAX_METADATA_BYTES)
    if payload[0] != 0:
        raise UnsupportedError(f"the tmap item is of version {payload[0]}; this reader knows 0")
    metadata = iso_to_metadata(payload[1:])
    warnings = []
    if b"tmap" not in meta.brands:
        warnings.append("the brand 'tmap' is missing; Chrome ignores the gain map")
    group = next((g.targets for g in meta.groups if g.kind == b"altr" and {number, base} <= set(g.targets)), ())
    if meta.primary == base and (not group or group.index(number) > group.index(base)):
        warnings.append("no altr group prefers the tmap item to the base; libavif ignores the gain map")
    shown, coded = picture(data, meta, base, codec), picture(data, meta, codes, codec)
    if codec.deep_maps and coded.bits == 8 < shown.bits:
        warnings.append(f"a gain map of 8 bits on a base of {shown.bits}: Chrome ignores the gain map")
    space = colour(meta.item(number)).space
    if metadata.use_base_colour_space and space == shown.colour.space:
        space = None
    return Found(base, coded, metadata, space, ("iso21496-1",), tuple(warnings))


def _auxiliary(data: bytes, meta: Meta, codec: Codec, base: int, number: int) -> Found:
    packet = next((metadata_bytes(data, i) for i in describing(meta, number) if is_xmp(i)), b"")
    shown = picture(data, meta, number, codec)
    if HDRGM.encode() in packet and "GainMapMax" in properties(packet, HDRGM):
        return Found(base, shown, xmp_to_metadata(properties(packet, HDRGM)), encodings=("hdrgm-xmp",))
    stops = apple.headroom_stops(packet, header(data, meta, picture(data, meta, base, codec)).exif)
    if stops is None:
        raise UnsupportedError(NO_HEADROOM)
    return Found(base, shown, apple.metadata(stops), encodings=("apple",))


def gain_map(data: bytes, meta: Meta, found: Found, codec: Codec) -> GainMap | None:
    """The decoded gain map; an Apple map's codes are recomputed by its own curve.

    Raises:
        DamagedError: its pixels cannot be decoded.
    """
    if found.map is None or found.metadata is None:
        return None
    base = picture(data, meta, found.base, codec)
    decoded = decoded_picture(data, meta, found.map, codec)
    codes = _as_base(decoded, found.map, base)
    as_stored = codes is decoded
    channels = 1 if found.encodings == ("apple",) else found.map.channels
    codes = full_range(packed(codes[:, :, :channels]), found.map.bits)
    if found.encodings == ("apple",):
        codes = apple.recompute(eight_bits(codes), found.metadata.alternate_headroom_stops)
        return found.metadata.gain_map(codes, encodings=found.encodings)
    encoded = alone(data, meta, found.map.item.number, codec, TURNS) if as_stored else None
    return found.metadata.gain_map(codes, found.alternate_primaries, found.encodings, encoded)


def _as_base(codes: Pixels, shown: Picture, base: Picture) -> Pixels:
    """Codes in the base's stored orientation.

    A map without turns of its own is in it already, as if its writer had forgotten them, unless its shape says that it
    lies as the base is viewed.
    """
    lying = base.orientation > 4 and shown.orientation == 1 and _lies_across(shown, base)
    if shown.orientation in (1, base.orientation) and not lying:
        return codes
    return np.ascontiguousarray(turned_back(turned_upright(codes, shown.orientation), base.orientation))


def _lies_across(shown: Picture, base: Picture) -> bool:
    """Whether a map is landscape where the base is portrait, or the reverse."""
    (_, _, width, height), (_, _, base_width, base_height) = shown.crop, base.crop
    return (width - height) * (base_width - base_height) < 0


def signal(found: Found) -> GainMapSignal | None:
    """Size and parameters of a gain map for `inspect`."""
    if found.map is None or found.metadata is None:
        return None
    _, _, width, height = found.map.crop
    channels = 1 if found.encodings == ("apple",) else found.map.channels
    return gain_map_signal(width, height, channels, found.metadata, found.encodings)
