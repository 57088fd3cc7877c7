"""Writing of AVIF and HEIC: base, gain map and metadata as items, by one codec.

A file with a gain map has the base as primary item, then whatever tiles it has, a `tmap` item derived from base and
map, and the map, hidden; a group of alternates with `tmap` first, and the brand `tmap`, without which Chrome ignores
it. irot and imir belong to base and map alike; `tmap` is made of what is turned already, and Chrome refuses files where
it has them too.
"""

from __future__ import annotations

import dataclasses
import struct

import numpy as np

from ...errors import UntoneError
from ...image import GainMap, Image, Pixels
from ..common.coded import light_levels, stored_codes
from ..jpeg.gcontainer import silence
from ..metadata.exif import with_orientation
from ..metadata.iso21496 import metadata_of, metadata_to_iso
from ..profiles import resolve as profiles
from ..profiles.icc import PRIMARIES_CICP, named_profile
from .decoding import TURNS, Codec, samples, turns
from .grid import Items, carried_items, encoded
from .item_writer import NewItem, Parts, heif_file
from .items import Item, Link, Property

TRANSFERS = {"srgb": 13, "pq": 16, "hlg": 18}
"""Those that nclx names exactly as they are here; others need a profile."""

UNSPECIFIED = 2
BT2020_MATRIX, IDENTITY = 9, 0
ALTERNATES = 1000000
"""Id of the group, which must be none of an item's."""


def write(
    codec: Codec, image: Image, gain_map: GainMap | None, quality: int, map_quality: int, bits: int | None
) -> Parts:
    """The file in pieces to be written in order.

    A base, and a map, that were read from a file of the same codec are carried over bit for bit unless `bits` asks for
    others; light becomes PQ in BT.2020.

    Args:
        quality: 1 to 100, of base and map each; 100 is lossless.
        bits: of a sample of the base; None takes what the pixels are worth.

    Raises:
        UntoneError: a gain map for linear light, or the codec refuses.
    """
    if gain_map is not None and image.transfer == "linear":
        raise UntoneError("a base with a gain map must be encoded pixels, not linear light")
    kept = _kept_base(codec, image, bits)
    items, links = kept or _encoded_base(codec, image, quality, bits)
    items[0] = _with(items[0], (), turns(image.orientation))
    groups: list[Link] = []
    brands = codec.brands
    if gain_map is not None:
        groups = _add_map(codec, image, gain_map, map_quality, items, links, kept is not None)
        brands = (*brands, b"tmap")
    _add_metadata(image, items, links)
    return heif_file(brands, items, links, groups)


def _kept_base(codec: Codec, image: Image, bits: int | None) -> Items | None:
    kept = _kept(codec, image.encoded, bits)
    return kept if kept is not None and _shown_size(kept[0][0]) == (image.width, image.height) else None


def _encoded_base(codec: Codec, image: Image, quality: int, bits: int | None) -> Items:
    codes = stored_codes(image, by_rows=True)
    depth = _checked(codec, bits) or min(_depth(image), codec.depths[-1])
    cicp = _cicp(codec, image, quality)
    items, links = encoded(codec, codes, depth, quality, cicp, subsampled=True)
    described = _colours(image, cicp) + (_light_level(codes) if image.transfer in ("pq", "linear") else ())
    return [_with(items[0], described, ()), *items[1:]], links


def _kept(codec: Codec, file: bytes | None, bits: int | None) -> Items | None:
    """The primary picture of a file of the same codec, as items."""
    if file is None or file[4:8] != b"ftyp" or bits is not None:
        return None
    try:
        items, links = carried_items(file)
    except UntoneError:
        return None
    return (items, links) if any(item.kind == codec.kind for item in items) else None


def _shown_size(item: NewItem) -> tuple[int, int]:
    found = {p.name: p.body for p in item.properties}
    if b"clap" in found:
        w, dw, h, dh = struct.unpack_from(">4I", found[b"clap"])
        return w // max(dw, 1), h // max(dh, 1)
    width, height = struct.unpack_from(">II", found[b"ispe"], 4)
    return width, height


def _with(item: NewItem, more: tuple[Property, ...], last: tuple[Property, ...]) -> NewItem:
    """An item with other turns, which must come last, and, where there are more, their kinds replaced."""
    named = {p.name for p in more} | set(TURNS)
    kept = tuple(p for p in item.properties if p.name not in named)
    return dataclasses.replace(item, properties=kept + more + last)


def _depth(image: Image) -> int:
    """8 for 8 bits, 10 for light and 10 bits, 12 for more."""
    if image.pixels.dtype == np.uint8:
        return 8
    return 10 if image.transfer == "linear" or image.bits == 10 else 12


def _checked(codec: Codec, bits: int | None) -> int | None:
    if bits not in (None, *codec.depths):
        choices = ", ".join(map(str, codec.depths))
        raise UntoneError(f"{codec.name.upper()} is written with {choices} bits, not {bits}")
    return bits


def _cicp(codec: Codec, image: Image, quality: int) -> tuple[int, int, int]:
    """Code points of primaries, transfer and matrix; unspecified where only a profile says it exactly."""
    primaries = "bt2020" if image.transfer == "linear" else image.primaries
    transfer = "pq" if image.transfer == "linear" else image.transfer
    matrix = BT2020_MATRIX if primaries == "bt2020" else codec.matrix
    matrix = IDENTITY if quality == 100 else matrix
    if primaries not in PRIMARIES_CICP or transfer not in TRANSFERS:
        return UNSPECIFIED, UNSPECIFIED, matrix
    return PRIMARIES_CICP[primaries], TRANSFERS[transfer], matrix


def nclx(primaries: int, transfer: int, matrix: int) -> Property:
    """A colr property by code points, full range."""
    return Property(b"colr", b"nclx" + struct.pack(">HHHB", primaries, transfer, matrix, 0x80))


def _colours(image: Image, cicp: tuple[int, int, int]) -> tuple[Property, ...]:
    """nclx, and the profile where the image has its own or needs one."""
    found = (nclx(*cicp),)
    if image.is_hdr:
        return found
    icc = profiles.profile_for(image) if image.icc is not None or cicp[1] == UNSPECIFIED else None
    return (*found, Property(b"colr", b"prof" + icc)) if icc is not None else found


def _light_level(codes: Pixels) -> tuple[Property, ...]:
    """clli of PQ codes, in whole nits."""
    return (Property(b"clli", struct.pack(">HH", *(min(round(nits), 65535) for nits in light_levels(codes)))),)


def _add_map(
    codec: Codec,
    image: Image,
    gain_map: GainMap,
    quality: int,
    items: list[NewItem],
    links: list[Link],
    base_is_kept: bool,
) -> list[Link]:
    """Put the tmap item and the map behind the base; the group that makes tmap an alternate of the base."""
    metadata = metadata_of(gain_map)
    base_bits, kept = _bits(codec, items), _kept(codec, gain_map.encoded, None)
    if kept is not None and _shown_size(kept[0][0]) != (gain_map.width, gain_map.height):
        kept = None
    if kept is not None and codec.deep_maps and not base_is_kept and _bits(codec, kept[0]) == 8 < base_bits:
        kept = None
    if kept is None:
        kept = _encoded_map(codec, gain_map, quality, base_bits)
    turned = turns(image.orientation)
    number = len(items) + 1
    shift = number
    coded = [dataclasses.replace(_with(item, (), ()), hidden=True) for item in kept[0]]
    coded[0] = _with(coded[0], (), turned)
    described = _alternate(image, gain_map, (image.width, image.height))
    items += [NewItem(b"tmap", b"\0" + metadata_to_iso(metadata), described), *coded]
    links += [Link(link.kind, link.source + shift, tuple(t + shift for t in link.targets)) for link in kept[1]]
    links.append(Link(b"dimg", number, (1, number + 1)))
    return [Link(b"altr", ALTERNATES, (number, 1))]


def _bits(codec: Codec, items: list[NewItem]) -> int:
    """Of a sample of the coded items of a picture."""
    coded = next(item for item in items if item.kind == codec.kind)
    return samples(Item(1, coded.kind, properties=coded.properties), codec)[0]


def _encoded_map(codec: Codec, gain_map: GainMap, quality: int, base_bits: int) -> Items:
    """As deep as the base: Chrome shows no map of 8 bits on a deeper base, and rounds deeper maps down on one of 8."""
    depth = base_bits if codec.deep_maps or gain_map.codes.dtype == np.uint16 else 8
    matrix = IDENTITY if quality == 100 and gain_map.channels == 3 else codec.matrix
    cicp = (UNSPECIFIED, UNSPECIFIED, matrix)
    items, links = encoded(codec, gain_map.codes, depth, quality, cicp, subsampled=False)
    return [_with(items[0], (nclx(*cicp),), ()), *items[1:]], links


def _alternate(image: Image, gain_map: GainMap, size: tuple[int, int]) -> tuple[Property, ...]:
    """Size, bits and colour space of the rendition that the map leads to."""
    brighter = gain_map.alternate_headroom_stops > gain_map.base_headroom_stops
    name = gain_map.alternate_primaries or image.primaries
    primaries = PRIMARIES_CICP.get(name)
    found = (
        Property(b"ispe", struct.pack(">III", 0, *size)),
        Property(b"pixi", b"\0\0\0\0\3" + bytes((10 if brighter else 8,)) * 3),
    )
    if primaries is None:
        return (*found, Property(b"colr", b"prof" + named_profile(name, "srgb")))
    return (*found, nclx(primaries, TRANSFERS["pq" if brighter else "srgb"], 0))


def _add_metadata(image: Image, items: list[NewItem], links: list[Link]) -> None:
    """EXIF, with the orientation that irot and imir say, and XMP, less what announced a JPEG's gain map."""
    exif = with_orientation(image.exif, image.orientation) if image.exif is not None else None
    if exif is not None:
        _describe(NewItem(b"Exif", bytes(4) + exif, hidden=True), items, links)
    if image.xmp is not None:
        try:
            packet = silence(image.xmp)
        except UntoneError:
            packet = image.xmp
        _describe(NewItem(b"mime", packet, hidden=True, content_type=b"application/rdf+xml"), items, links)


def _describe(item: NewItem, items: list[NewItem], links: list[Link]) -> None:
    items.append(item)
    links.append(Link(b"cdsc", len(items), (1,)))
