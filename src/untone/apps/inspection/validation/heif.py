"""Validation of AVIF and HEIC gain map files: brands, groups, references, properties.

The rules are those of HEIF (ISO/IEC 23008-12) and MIAF (ISO/IEC 23000-22) as far as viewers heed them, and what
Chromium and libavif were seen to refuse beyond them.
"""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Iterator

from ....errors import UntoneError
from ....formats.common.limits import MAX_METADATA_BYTES, MAX_TONE_MAPS, quoted
from ....formats.heif import avif, heic
from ....formats.heif import decoding as heif
from ....formats.heif import items as heif_items
from ....formats.heif.items import Item, Meta
from .parameters import ONE_SAMPLE, Finding, of_headrooms, of_iso

ONCE = (b"ispe", b"pixi", b"av1C", b"hvcC", b"irot", b"imir", b"clap", b"auxC")
"""Properties of which an item has one."""

TRANSFORMS = (b"irot", b"imir", b"clap")
OF_AVIF = {"altr-missing", "altr-order", "tmap-primary", "tmap-twice", "tmap-turned", "map-turned", "not-essential"}
OF_AVIF |= {"essential-unknown", "colour-twice", "pixi-wrong", "identity", "map-tall"}
"""Rules that come from viewers of AVIF; those of HEIC, which are phones, could not be tried."""

OF_AVIF_ONLY = {"pixi-missing", "cropped"}
"""Rules that HEIC does not have: its writers crop by clap what their codec makes too large, with a map or without."""


def deviations(data: bytes) -> Iterator[Finding]:
    """All findings of a file.

    Raises:
        DamagedError, UnsupportedError, LimitError: the boxes cannot be read.
    """
    meta = heif_items.parse(data)
    codec = avif.CODEC if avif.starts(data[:64]) else heic.CODEC
    for finding in _deviations(data, meta, codec):
        if codec is avif.CODEC:
            yield finding
        elif finding.rule not in OF_AVIF_ONLY:
            yield dataclasses.replace(finding, tried=finding.rule not in OF_AVIF)


def _deviations(data: bytes, meta: Meta, codec: heif.Codec) -> Iterator[Finding]:
    tone_maps = [item for item in meta.items.values() if item.kind == b"tmap"]
    if not tone_maps:
        if b"tmap" in meta.brands:
            yield Finding("map-missing", "the brands say tmap, and there is no tmap item")
        return
    if b"tmap" not in meta.brands:
        yield Finding("brand-missing", "the file has a tmap item, and its brands lack tmap")
    if b"mif1" not in meta.brands:
        yield Finding("brand-structural", "the brands lack mif1, which files with derived images have")
    for item in tone_maps[:MAX_TONE_MAPS]:
        yield from _tone_map(data, meta, item, codec)
    if len(tone_maps) > 1:
        yield Finding("tmap-twice", f"the file has {len(tone_maps)} tmap items")


def _tone_map(data: bytes, meta: Meta, item: Item, codec: heif.Codec) -> Iterator[Finding]:
    yield from _payload(data, item)
    targets = meta.targets(b"dimg", item.number)
    if len(targets) != 2:
        yield Finding("dimg-count", f"the tmap item is made of {len(targets)} items, not of a base and a gain map")
        return
    base, codes = meta.item(targets[0]), meta.item(targets[1])
    if meta.primary == item.number:
        yield Finding("tmap-primary", "the primary item is the tmap item; it must be the base")
    elif meta.primary != base.number:
        made = f"the tmap item is made of {base.number} and {codes.number}"
        yield Finding("dimg-order", f"{made}; the primary item, {meta.primary}, must be the first")
        return
    yield from _group(meta, item, base)
    yield from _turns(item, base, codes)
    for part, name in ((item, "tmap item"), (base, "base"), (codes, "gain map")):
        yield from _properties(part, name)
    yield from _pictures(data, meta, item, (base, codes), codec)
    if item.hidden or not codes.hidden:
        seen = ["hidden" if i.hidden else "shown" for i in (item, codes)]
        yield Finding("hidden", f"the tmap item is {seen[0]}, the gain map {seen[1]}; only the map is to hide")


def _payload(data: bytes, item: Item) -> Iterator[Finding]:
    payload = heif_items.item_bytes(data, item, MAX_METADATA_BYTES)
    if payload[0] != 0:
        yield Finding("newer-reader", f"the tmap item is of version {payload[0]}; 0 is known")
        return
    metadata, found = of_iso(payload[1:])
    yield from found
    if metadata is not None:
        yield from of_headrooms(metadata)


def _group(meta: Meta, item: Item, base: Item) -> Iterator[Finding]:
    """Of the alternatives, the first that a viewer can show is shown."""
    if meta.primary == item.number:
        return
    both = {item.number, base.number}
    groups = [g.targets for g in meta.groups if g.kind == b"altr" and both <= set(g.targets)]
    if not groups:
        yield Finding("altr-missing", "no altr group has the tmap item and the base")
    elif groups[0][0] != item.number:
        yield Finding("altr-order", f"the altr group prefers item {groups[0][0]} to the tmap item")


def _turns(item: Item, base: Item, codes: Item) -> Iterator[Finding]:
    turned = [p.name.decode() for p in item.properties if p.name in TRANSFORMS]
    if turned:
        yield Finding("tmap-turned", f"the tmap item has {', '.join(turned)}; it is made of what is turned already")
    of_base, of_map = ([(p.name, p.body) for p in i.properties if p.name in heif.TURNS] for i in (base, codes))
    if of_base != of_map:
        yield Finding("map-turned", f"the base is turned by {_named(of_base)}, the gain map by {_named(of_map)}")


def _named(found: list[tuple[bytes, bytes]]) -> str:
    return " and ".join(f"{name.decode()} {body[:1].hex()}" for name, body in found[:4]) or "nothing"


def _properties(part: Item, name: str) -> Iterator[Finding]:
    if part.identity:
        yield Finding("identity", f"the {name} is another item by an identity (iden)")
    counts = collections.Counter(p.name for p in part.properties if p.name in ONCE)
    counts.update(b"colr " + p.body[:4] for p in part.properties if p.name == b"colr")
    for kind, count in counts.items():
        if count > 1:
            rule = "colour-twice" if kind.startswith(b"colr") else "property-twice"
            yield Finding(rule, f"the {name} has {count} properties {quoted(kind.decode('latin-1'))}")
    if part.property(b"colr") is None:
        yield Finding("colour-missing", f"the {name} has no colr property")
    if part.property(b"pixi") is None:
        yield Finding("tmap-pixi" if part.kind == b"tmap" else "pixi-missing", f"the {name} has no pixi property")
    for p in part.properties:
        if p.name in TRANSFORMS and not p.essential:
            yield Finding("not-essential", f"the {p.name.decode()} of the {name} is not marked as essential")
        if p.essential and p.name not in heif.KNOWN:
            unknown = quoted(p.name.decode("latin-1"))
            yield Finding("essential-unknown", f"the {name} has the property {unknown} and marks it as essential")


def _pictures(data: bytes, meta: Meta, item: Item, parts: tuple[Item, Item], codec: heif.Codec) -> Iterator[Finding]:
    """What base and map are, against what they and the tmap item say."""
    try:
        base, codes = (heif.picture(data, meta, part.number, codec) for part in parts)
    except UntoneError:  # `findings` says so
        return
    yield from _size(item, base, codec)
    for shown, name in ((base, "base"), (codes, "gain map")):
        pixi = shown.item.property(b"pixi")
        stated = set(pixi[5 : 5 + pixi[4]]) if pixi is not None and len(pixi) > 5 else set()
        if pixi is not None and stated != {shown.bits}:
            said = ", ".join(map(str, sorted(stated))) or "no"
            yield Finding("pixi-wrong", f"the {name} has {shown.bits} bits a sample; its pixi property says {said}")
        if shown.item.property(b"clap") is not None:
            yield Finding("cropped", f"the {name} is cropped by clap")
    if codec.deep_maps and codes.bits == 8 < base.bits:
        yield Finding("map-shallow", f"the gain map has 8 bits a sample, the base {base.bits}")
    (_, _, width, height), (*_, base_height) = codes.crop, base.crop
    if height > base_height:
        yield Finding("map-tall", f"the gain map has {height} rows, the base {base_height}")
    if width == height == 1:
        yield Finding("map-single", ONE_SAMPLE)


def _size(item: Item, base: heif.Picture, codec: heif.Codec) -> Iterator[Finding]:
    """AVIF takes the base's size as coded; of HEIC it is not known which one, so that any of them will do."""
    body = item.property(b"ispe") or b""
    stated = (int.from_bytes(body[4:8], "big"), int.from_bytes(body[8:12], "big"))
    coded, shown = (base.width, base.height), base.crop[2:]
    allowed = {coded} if codec is avif.CODEC else {coded, shown, shown[::-1]}
    if not body:
        yield Finding("tmap-size", "the tmap item states no image size")
    elif stated not in allowed:
        yield Finding("tmap-size", f"the tmap item is {stated[0]} x {stated[1]}; the base is {coded[0]} x {coded[1]}")
