"""Gain map files that deviate from the specifications in one way each, by name; viewers are tried with them."""

from __future__ import annotations

import dataclasses
import io
import struct
from collections.abc import Callable

import numpy as np
from PIL import Image as Pillow

from untone import formats
from untone.formats.heif.item_writer import NewItem, heif_file
from untone.formats.heif.items import Link, Property, item_bytes, parse
from untone.formats.jpeg import mpf
from untone.formats.jpeg.segments import APP1, APP2, EXIF_TAG, XMP_TAG, segment
from untone.formats.jpeg.ultrahdr import assemble, locate
from untone.formats.metadata.iso21496 import ISO_TAG, metadata_of, metadata_to_iso
from untone.formats.metadata.xmp import HDRGM, metadata_to_xmp
from untone.image import GainMap, Image

BASE, TMAP, MAP = 0, 1, 2
IROT, IMIR = Property(b"irot", b"\1", True), Property(b"imir", b"\0", True)


def gain_map(**fields: object) -> GainMap:
    codes = np.arange(12 * 16 * 3, dtype=np.uint8).reshape(12, 16, 3)
    return GainMap(codes, (-0.5,) * 3, (1.0, 2.0, 2.5), (1.25,) * 3, alternate_headroom_stops=2.5, **fields)


ISO = metadata_to_iso(metadata_of(gain_map()))


class Parts:
    """A gain map file taken apart, to be put together otherwise: base, tmap and map, their ids 1, 2 and 3."""

    def __init__(self, data: bytes) -> None:
        meta = parse(data)
        self.brands = list(dict.fromkeys(meta.brands))
        self.items = [
            NewItem(i.kind, item_bytes(data, i), i.properties, i.hidden, i.content_type)
            for _, i in sorted(meta.items.items())
        ]
        self.links, self.groups = list(meta.references), list(meta.groups)

    def file(self) -> bytes:
        return b"".join(heif_file(self.brands, self.items, self.links, self.groups))

    def change(self, index: int, **fields: object) -> None:
        self.items[index] = dataclasses.replace(self.items[index], **fields)

    def without(self, index: int, name: bytes) -> None:
        self.change(index, properties=tuple(p for p in self.items[index].properties if p.name != name))

    def more(self, index: int, *properties: Property) -> None:
        self.change(index, properties=self.items[index].properties + properties)

    def other(self, index: int, name: bytes, body: bytes) -> None:
        kept = self.items[index].properties
        self.change(index, properties=tuple(Property(name, body) if p.name == name else p for p in kept))


def identity(parts: Parts) -> None:
    """The base becomes an item that is made of a fourth."""
    parts.items.append(dataclasses.replace(parts.items[BASE], hidden=True))
    parts.change(BASE, kind=b"iden", data=b"", properties=())
    parts.links.append(Link(b"dimg", 1, (4,)))


def iso(index: int, top: int, bottom: int) -> Callable[[Parts], None]:
    """A payload with its fraction of this index replaced."""
    payload = b"\0" + ISO[: 5 + 8 * index] + struct.pack(">iI", top, bottom) + ISO[13 + 8 * index :]
    return lambda parts: parts.change(TMAP, data=payload)


def patched(start: int, new: bytes) -> Callable[[Parts], None]:
    payload = b"\0" + ISO
    return lambda parts: parts.change(TMAP, data=payload[:start] + new + payload[start + len(new) :])


def dimg(*targets: int) -> Callable[[Parts], None]:
    return lambda parts: parts.links.__setitem__(0, Link(b"dimg", 2, targets))


def altr(*targets: int) -> Callable[[Parts], None]:
    return lambda parts: parts.groups.__setitem__(0, Link(b"altr", 1000000, targets))


SMALL = struct.pack(">III", 0, 16, 12)
DEEP = b"\0\0\0\0\3\x0a\x0a\x0a"

CASES: dict[str, tuple[Callable[[Parts], object], list[str]]] = {
    "no tmap brand": (lambda p: p.brands.remove(b"tmap"), ["brand-missing"]),
    "no mif1 brand": (lambda p: p.brands.remove(b"mif1"), ["brand-structural"]),
    "no group": (lambda p: p.groups.clear(), ["altr-missing"]),
    "a group of another kind": (lambda p: p.groups.__setitem__(0, Link(b"eqiv", 99, (2, 1))), ["altr-missing"]),
    "a group without the base": (altr(2), ["altr-missing"]),
    "the base first": (altr(1, 2), ["altr-order"]),
    "the map first": (altr(3, 2, 1), ["altr-order"]),
    "made of nothing": (lambda p: p.links.clear(), ["dimg-count"]),
    "made of the base": (dimg(1), ["dimg-count"]),
    "made of three": (dimg(1, 3, 3), ["dimg-count"]),
    "made of map and base": (dimg(3, 1), ["dimg-order"]),
    "version 1": (patched(0, b"\1"), ["newer-reader"]),
    "for a newer reader": (patched(2, b"\1"), ["newer-reader"]),
    "by a newer writer": (patched(4, b"\1"), ["newer-writer"]),
    "too short": (lambda p: p.change(TMAP, data=b"\0" + ISO[:-4]), ["iso-size"]),
    "a header only": (lambda p: p.change(TMAP, data=b"\0\0\0"), ["iso-size"]),
    "too long": (lambda p: p.change(TMAP, data=b"\0" + ISO + b"more"), ["iso-size"]),
    "backward": (patched(5, bytes([ISO[4] | 4])), ["backward-flag"]),
    "min above max": (iso(3, -9, 1), ["min-above-max"]),
    "gamma 0": (iso(4, 0, 1), ["gamma"]),
    "a zero denominator": (iso(3, 1, 0), ["zero-denominator"]),
    "a headroom of none": (iso(1, 5, 0), ["zero-denominator"]),
    "a headroom beyond reason": (iso(1, 99, 1), ["capacities"]),
    "equal headrooms": (iso(1, 0, 1), ["headrooms-equal"]),
    "tmap without size": (lambda p: p.without(TMAP, b"ispe"), ["tmap-size"]),
    "tmap of another size": (lambda p: p.other(TMAP, b"ispe", SMALL), ["tmap-size"]),
    "tmap without pixi": (lambda p: p.without(TMAP, b"pixi"), ["tmap-pixi"]),
    "tmap without colr": (lambda p: p.without(TMAP, b"colr"), ["colour-missing"]),
    "map without colr": (lambda p: p.without(MAP, b"colr"), ["colour-missing"]),
    "tmap turned": (lambda p: p.more(TMAP, IROT), ["tmap-turned"]),
    "tmap mirrored": (lambda p: p.more(TMAP, IMIR), ["tmap-turned"]),
    "tmap turned by nothing": (lambda p: p.more(TMAP, Property(b"irot", b"\0", True)), ["tmap-turned"]),
    "only the base turned": (lambda p: p.more(BASE, IROT), ["map-turned"]),
    "only the map turned": (lambda p: p.more(MAP, IROT), ["map-turned"]),
    "base and map turned": (lambda p: (p.more(BASE, IROT), p.more(MAP, IROT)), []),
    "turned unless not known": (
        lambda p: [p.more(i, dataclasses.replace(IROT, essential=False)) for i in (BASE, MAP)],
        ["not-essential", "not-essential"],
    ),
    "something essential": (lambda p: p.more(MAP, Property(b"xyzw", b"a", True)), ["essential-unknown"]),
    "something not essential": (lambda p: p.more(MAP, Property(b"xyzw", b"a")), []),
    "base of wrong bits": (lambda p: p.other(BASE, b"pixi", DEEP), ["pixi-wrong"]),
    "map of wrong bits": (lambda p: p.other(MAP, b"pixi", DEEP), ["pixi-wrong"]),
    "map of no bits": (lambda p: p.other(MAP, b"pixi", b"\0\0\0\0\0"), ["pixi-wrong"]),
    "two sizes": (lambda p: p.more(BASE, Property(b"ispe", SMALL)), ["property-twice"]),
    "two depths": (lambda p: p.more(BASE, Property(b"pixi", DEEP)), ["property-twice"]),
    "two nclx": (
        lambda p: p.more(MAP, Property(b"colr", b"nclx" + struct.pack(">HHHB", 1, 1, 1, 0))),
        ["colour-twice"],
    ),
    "a base by identity": (identity, ["identity"]),
    "map to be seen": (lambda p: p.change(MAP, hidden=False), ["hidden"]),
    "tmap not to be seen": (lambda p: p.change(TMAP, hidden=True), ["hidden"]),
}


def jpeg_base() -> Image:
    """Mid grey, so that a gain is seen."""
    return Image(np.full((24, 32, 3), 128, np.uint8))


def map_of(iso: bytes | None = None, xmp: bytes | None = None, more: bytes = b"") -> bytes:
    """A map's JPEG with these payloads."""
    written = formats.write(None, jpeg_base(), gain_map())
    stream = locate(written).gain_map
    parts = [b"\xff\xd8", more]
    parts += [segment(APP1, XMP_TAG + xmp)] if xmp is not None else []
    parts += [segment(APP2, ISO_TAG + iso)] if iso is not None else []
    parts += [written[s.start : s.end] for s in stream.segments if not 0xE1 <= s.marker <= 0xEF]
    return b"".join([*parts, written[stream.scan :]])


def with_map(made: bytes) -> bytes:
    """A file around another gain map, its index and directory made right by the writer."""
    return b"".join(assemble(formats.write(None, jpeg_base()), made))


XMP = metadata_to_xmp(metadata_of(gain_map()))


def number(index: int, top: int, bottom: int) -> bytes:
    """The ISO payload with its fraction of this index replaced."""
    return ISO[: 5 + 8 * index] + struct.pack(">iI", top, bottom) + ISO[13 + 8 * index :]


def common_denominator() -> bytes:
    """The payload in the draft's other form."""
    numbers = [0, 5, *([-1, 4, 2, 0, 0] * 3)]
    payload = ISO[:4] + struct.pack(">BI2I", ISO[4] | 8, 2, *numbers[:2])
    return payload + b"".join(struct.pack(">iiIii", *numbers[2 + 5 * c : 7 + 5 * c]) for c in range(3))


def indexed(place: int, value: int) -> bytes:
    """A file with a number of its MPF entries replaced; `place` counts from the first entry's attribute."""
    whole = formats.write(None, jpeg_base(), gain_map())
    at = locate(whole).primary.first(APP2, mpf.MPF_TAG).start + 4 + 54 + place
    return whole[:at] + struct.pack(">I", value) + whole[at + 4 :]


def headed(*changes: tuple[bytes, bytes]) -> bytes:
    """A file whose first image's header has bytes replaced by as many others."""
    whole = formats.write(None, jpeg_base(), gain_map())
    scan = locate(whole).primary.scan
    head = whole[:scan]
    for old, new in changes:
        assert old in head
        assert len(old) == len(new)
        head = head.replace(old, new)
    return head + whole[scan:]


def cut(keep: Callable[[bytes], bytes]) -> bytes:
    return keep(formats.write(None, jpeg_base(), gain_map()))


def grey() -> bytes:
    stream = io.BytesIO()
    Pillow.new("L", (32, 24), 128).save(stream, "JPEG")
    return formats.write(None, formats.read(stream.getvalue())[0], gain_map())


TURNED = segment(APP1, EXIF_TAG + b"MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0")
NO_ISO, NO_XMP = (ISO_TAG, b"x" * len(ISO_TAG)), (b"hdrgm:Version", b"hdrgm:Verzion")

JPEGS: dict[str, tuple[Callable[[], bytes], list[str]]] = {
    "as written": (lambda: cut(lambda whole: whole), []),
    "a grey base": (grey, ["grey-base"]),
    "MPF attribute 0": (lambda: indexed(0, 0), ["mpf-attribute"]),
    "MPF attribute of disparity": (lambda: indexed(0, 0x020002), ["mpf-attribute"]),
    "MPF attribute with a flag": (lambda: indexed(0, 0x20030000), []),
    "MPF size of the first": (lambda: indexed(4, 5), ["mpf-size"]),
    "MPF size of the map, off by two": (lambda: cut(_shorter), ["mpf-size"]),
    "MPF size of the map": (lambda: indexed(20, 7), ["mpf-size"]),
    "MPF offset": (lambda: indexed(24, 300), ["mpf-offset"]),
    "MPF offset 0": (lambda: indexed(24, 0), ["mpf-itself"]),
    "MPF offset, no container item": (
        lambda: indexed(24, 300).replace(b'"GainMap"', b'"GoneMap"'),
        ["container-missing", "mpf-offset"],
    ),
    "no MPF": (lambda: headed((mpf.MPF_TAG, b"XXXX")), ["mpf-missing"]),
    "no ISO marker": (lambda: headed(NO_ISO), ["marker-iso"]),
    "no XMP version": (lambda: headed(NO_XMP), ["marker-xmp"]),
    "neither": (lambda: headed(NO_ISO, NO_XMP), ["marker-missing"]),
    "a marker for newer readers": (
        lambda: headed((ISO_TAG + bytes(4), ISO_TAG + b"\0\1\0\1")),
        ["marker-newer", "marker-iso"],
    ),
    "no container item": (lambda: headed((b'"GainMap"', b'"GoneMap"')), ["container-missing"]),
    "ISO alone": (lambda: with_map(map_of(ISO)), ["xmp-missing"]),
    "XMP alone, per channel": (lambda: with_map(map_of(None, XMP)), ["iso-missing", "xmp-per-channel"]),
    "XMP alone without version": (
        lambda: with_map(map_of(None, XMP.replace(b'hdrgm:Version="1.0" ', b""))),
        ["iso-missing", "xmp-per-channel", "xmp-version"],
    ),
    "flavours that disagree": (lambda: with_map(map_of(number(3, 5, 4), XMP)), ["flavours-disagree"]),
    "a zero denominator": (lambda: with_map(map_of(number(3, 1, 0), XMP)), ["zero-denominator"]),
    "gamma 0": (lambda: with_map(map_of(number(4, 0, 1), XMP)), ["gamma"]),
    "min above max": (lambda: with_map(map_of(number(3, -9, 1), XMP)), ["min-above-max"]),
    "a headroom below none": (lambda: with_map(map_of(number(1, -9, 1), XMP)), ["capacities"]),
    "equal headrooms": (lambda: with_map(map_of(number(1, 0, 1))), ["headrooms-equal", "xmp-missing"]),
    "equal headrooms in ISO alone": (
        lambda: with_map(map_of(number(1, 0, 1), XMP)),
        ["flavours-disagree", "headrooms-equal"],
    ),
    "equal capacities, XMP alone": (
        lambda: with_map(map_of(None, XMP.replace(b'CapacityMax="2.5"', b'CapacityMax="0.0"'))),
        ["capacities", "iso-missing"],
    ),
    "for a newer reader": (lambda: with_map(map_of(b"\0\1" + ISO[2:], XMP)), ["newer-reader"]),
    "for a newer reader, without XMP": (lambda: with_map(map_of(b"\0\1" + ISO[2:])), ["newer-reader", "xmp-missing"]),
    "by a newer writer": (lambda: with_map(map_of(ISO[:2] + b"\0\1" + ISO[4:] + b"more", XMP)), ["newer-writer"]),
    "ISO too long": (lambda: with_map(map_of(ISO + b"more", XMP)), ["iso-size"]),
    "ISO too short": (lambda: with_map(map_of(ISO[:90], XMP)), ["iso-size"]),
    "backward": (lambda: with_map(map_of(ISO[:4] + bytes([ISO[4] | 4]) + ISO[5:], XMP)), ["backward-flag"]),
    "common denominator": (lambda: with_map(map_of(common_denominator())), ["common-denominator", "xmp-missing"]),
    "common denominator and XMP": (
        lambda: with_map(map_of(common_denominator(), XMP)),
        ["common-denominator", "flavours-disagree"],
    ),
    "gamma of nothing": (lambda: with_map(map_of(ISO, XMP.replace(b'Gamma="1.25"', b'Gamma="nan"'))), ["not-finite"]),
    "gamma 0 in XMP": (lambda: with_map(map_of(ISO, XMP.replace(b'Gamma="1.25"', b'Gamma="0.00"'))), ["gamma"]),
    "equal capacities": (
        lambda: with_map(map_of(ISO, XMP.replace(b'CapacityMax="2.5"', b'CapacityMax="0.0"'))),
        ["capacities"],
    ),
    "a map that is turned": (lambda: with_map(map_of(ISO, XMP, TURNED)), ["map-orientation"]),
    "no map": (lambda: cut(lambda whole: whole[: locate(whole).gain_map.start]), ["map-missing"]),
    "a map that was taken away": (
        lambda: headed(NO_ISO, (HDRGM.encode(), b"x" * len(HDRGM)))[: locate(headed()).gain_map.start],
        ["images-missing"],
    ),
    "a map that ends early": (lambda: cut(lambda whole: whole[:-50]), ["map-truncated"]),
    "something behind": (lambda: cut(lambda whole: whole + b"video"), ["trailing-bytes"]),
}


def _shorter(whole: bytes) -> bytes:
    at = locate(whole).primary.first(APP2, mpf.MPF_TAG).start + 4 + 54 + 20
    (size,) = struct.unpack_from(">I", whole, at)
    return whole[:at] + struct.pack(">I", size - 2) + whole[at + 4 :]
