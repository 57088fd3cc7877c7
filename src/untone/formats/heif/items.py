"""The `meta` box of AVIF and HEIC files (ISO/IEC 23008-12): items, their properties, places, references and groups.

It is read into plain tables. Places in the file become absolute; that they lie within it is checked when they are used.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator

from ...errors import DamagedError, LimitError, UnsupportedError
from ..common.isobmff import Box, Reader, boxes
from ..common.limits import (
    MAX_BIT_HEADER_BYTES,
    MAX_BRANDS,
    MAX_DERIVATIONS,
    MAX_IDENTITIES,
    MAX_ITEM_PROPERTIES,
    MAX_ITEMS,
    MAX_LINKS,
    MAX_METADATA_BYTES,
    MAX_PROPERTIES,
    letters,
)
from .iloc import Resolver, places
from .sequences import Sample, first_picture
from .transforms import TRANSFORMS, plain, shown


@dataclasses.dataclass(frozen=True)
class Property:
    """A box of `ipco`: its name and body (with version and flags where it has them); whether readers must know it."""

    name: bytes
    body: bytes
    essential: bool = False


@dataclasses.dataclass(frozen=True)
class Item:
    """One item.

    Attributes:
        number: its id.
        kind: "av01", "hvc1", "grid", "tmap", "Exif", "mime" ...
        content_type, content_encoding: of kind "mime"; the latter "deflate", or nothing.
        hidden: not to be shown by itself.
        properties: in the order of their association.
        extents: (file offset, length) of its parts; None where they are elsewhere than in this file.
        identity: whether it was an `iden`, which is another item, cropped and turned; it has taken that one's place.
    """

    number: int
    kind: bytes
    content_type: bytes = b""
    content_encoding: bytes = b""
    hidden: bool = False
    properties: tuple[Property, ...] = ()
    extents: tuple[tuple[int, int], ...] | None = ()
    identity: bool = False

    def property(self, name: bytes) -> bytes | None:
        """Body of the first property of that name."""
        return next((p.body for p in self.properties if p.name == name), None)


@dataclasses.dataclass(frozen=True)
class Link:
    """A reference, or a group, of one kind: from `source` (a group's own id) to items in order."""

    kind: bytes
    source: int
    targets: tuple[int, ...]


@dataclasses.dataclass(frozen=True)
class Meta:
    """All of a `meta` box that pictures need, and the brands of the file.

    Attributes:
        sequence: whether the only item is the first picture of an image sequence, as there is no still.
    """

    brands: tuple[bytes, ...]
    primary: int
    items: dict[int, Item]
    references: tuple[Link, ...]
    groups: tuple[Link, ...]
    sequence: bool = False

    def item(self, number: int) -> Item:
        """Raises DamagedError where there is none."""
        if number not in self.items:
            raise DamagedError(f"item {number} is referred to but not there")
        return self.items[number]

    def targets(self, kind: bytes, source: int) -> tuple[int, ...]:
        """Items that `source` refers to."""
        return self._targets.get((kind, source), ())

    @functools.cached_property
    def _targets(self) -> dict[tuple[bytes, int], tuple[int, ...]]:
        """Of the first reference of each kind and source: thousands of tiles must not each look through all of them."""
        return {(r.kind, r.source): r.targets for r in reversed(self.references)}

    def sources(self, kind: bytes, target: int) -> Iterator[int]:
        """Items that refer to `target`."""
        return (r.source for r in self.references if r.kind == kind and target in r.targets)


def parse(data: bytes) -> Meta:
    """The tables of an AVIF or HEIC.

    Raises:
        DamagedError: boxes that contradict themselves, or an essential one is missing.
        UnsupportedError: a file without pictures of a kind that is read.
        LimitError: more of something than limits.py allows.
    """
    brands: tuple[bytes, ...] = ()
    movie: Box | None = None
    inner: dict[bytes, Box] | None = None
    for outer in boxes(data, 0, len(data)):
        if outer.name == b"ftyp":
            brands = _brands(Reader(data, outer.start, outer.end, "ftyp"))
        elif outer.name == b"moov":
            movie = movie or outer
        elif outer.name == b"mini":
            raise UnsupportedError("the file has a mini box instead of a meta box, which is not read")
        elif outer.name == b"meta" and inner is None:
            inner = _inner(data, outer)
            if b"pitm" in inner:
                return _tables(data, brands, inner)
    if movie is not None:
        return _sequence(brands, first_picture(data, movie))
    if inner is None:
        raise UnsupportedError("the file has neither a still image nor an image sequence (no meta box, no moov box)")
    return _tables(data, brands, inner)


def _inner(data: bytes, meta: Box) -> dict[bytes, Box]:
    """The first box of each name."""
    version, _ = Reader(data, meta.start, meta.end, "meta").version_and_flags()
    if version != 0:
        raise UnsupportedError(f"the meta box is of version {version}; 0 is read")
    inner: dict[bytes, Box] = {}
    for child in boxes(data, meta.start + 4, meta.end):
        inner.setdefault(child.name, child)
    return inner


def _sequence(brands: tuple[bytes, ...], sample: Sample) -> Meta:
    """A sequence without a still, as the still of its first picture."""
    essential = (b"av1C", b"hvcC", b"clap")
    properties = tuple(Property(name, body, name in essential) for name, body in sample.properties)
    item = Item(1, sample.kind, properties=properties, extents=(sample.extent,))
    return Meta(brands, 1, {1: item}, (), (), sequence=True)


def _brands(reader: Reader) -> tuple[bytes, ...]:
    major = reader.take(4)
    reader.take(4)
    return (major, *(reader.take(4) for _ in range(min(reader.left // 4, MAX_BRANDS))))


def _tables(data: bytes, brands: tuple[bytes, ...], inner: dict[bytes, Box]) -> Meta:
    def reader(name: bytes) -> Reader:
        if name not in inner:
            raise DamagedError(f"the file has no {name.decode()} box")
        return Reader(data, inner[name].start, inner[name].end, name.decode())

    hdlr = reader(b"hdlr")
    hdlr.take(8)
    if hdlr.take(4) != b"pict":
        raise UnsupportedError("the file's items are no pictures")
    pitm = reader(b"pitm")
    primary = pitm.number(4 if pitm.version_and_flags()[0] else 2)
    kinds = _infos(data, reader(b"iinf"))
    properties = _properties(data, inner[b"iprp"]) if b"iprp" in inner else {}
    references = _references(data, reader(b"iref")) if b"iref" in inner else ()
    within = {r.source: r.targets for r in references if r.kind == b"iloc"}
    resolver = Resolver(places(reader(b"iloc")), inner.get(b"idat"), len(data), lambda item: within.get(item, ()))
    items = {
        number: dataclasses.replace(
            item, properties=tuple(properties.get(number, ())), extents=resolver.extents(number)
        )
        for number, item in kinds.items()
    }
    groups = _groups(data, inner[b"grpl"]) if b"grpl" in inner else ()
    return _identified(Meta(brands, primary, items, references, groups))


def _identified(meta: Meta) -> Meta:
    """Identity derivations (ISO/IEC 23008-12, 6.6.2.1) as what they are made of, cropped and turned once more.

    One that is made of nothing or of itself stays `iden`, which is no picture; so do those beyond MAX_IDENTITIES.
    """
    found = [number for number, item in meta.items.items() if item.kind == b"iden"][:MAX_IDENTITIES]
    chains = {number: chain for number in found if (chain := _chain(meta, number))}
    if not chains:
        return meta
    items = meta.items | {number: _merged(chain) for number, chain in chains.items()}
    links = [r for r in meta.references if not (r.kind == b"dimg" and r.source in chains)]
    for number, chain in chains.items():
        made_of = meta.targets(b"dimg", chain[-1].number)
        links += [Link(b"dimg", number, made_of)] if made_of else []
        about = (r for r in meta.references if r.kind in (b"cdsc", b"auxl") and chain[-1].number in r.targets)
        links += [Link(r.kind, r.source, (number,)) for r in about]
    return dataclasses.replace(meta, items=items, references=tuple(links))


def _chain(meta: Meta, number: int) -> list[Item]:
    """An `iden`, those that it is made of, and what is at their end; empty where that is nothing, or without end."""
    chain = [meta.items[number]]
    for _ in range(MAX_DERIVATIONS):
        made_of = meta.targets(b"dimg", chain[-1].number)
        if len(made_of) != 1 or made_of[0] not in meta.items:
            return []
        chain.append(meta.items[made_of[0]])
        if chain[-1].kind != b"iden":
            return chain
    return []


def _merged(chain: list[Item]) -> Item:
    """The first of a chain with the picture of the last, and the turns of all; `iden` still where they make none."""
    first, last = chain[0], chain[-1]
    ispe = last.property(b"ispe") or b""
    size = (int.from_bytes(ispe[4:8], "big"), int.from_bytes(ispe[8:12], "big"))
    moves = [(p.name, p.body) for item in reversed(chain) for p in item.properties if p.name in TRANSFORMS]
    try:
        made = [Property(*named, essential=True) for named in plain(*shown(moves, *size), *size)]
    except DamagedError:
        return first
    own = tuple(p for p in first.properties if p.name == b"colr")
    dropped = (*TRANSFORMS, b"colr") if own else TRANSFORMS
    kept = tuple(p for p in last.properties if p.name not in dropped)
    properties = (*kept, *own, *(p for p in first.properties if p.name == b"auxC"), *made)
    return dataclasses.replace(last, number=first.number, hidden=first.hidden, properties=properties, identity=True)


def _infos(data: bytes, reader: Reader) -> dict[int, Item]:
    """Items of `iinf`."""
    version, _ = reader.version_and_flags()
    count = reader.number(4 if version else 2)
    if count > MAX_ITEMS:
        raise LimitError(f"the file says {count} items; the limit is {MAX_ITEMS}")
    items: dict[int, Item] = {}
    for child in boxes(data, reader.position, reader.end, MAX_ITEMS):
        if child.name == b"infe":
            item = _info(Reader(data, child.start, child.end, "infe"))
            items.setdefault(item.number, item)
    return items


def _info(reader: Reader) -> Item:
    """An `infe`; before version 2 it names no kind: all items are of "mime"."""
    version, flags = reader.version_and_flags()
    number = reader.number(4 if version > 2 else 2)
    reader.number(2)
    kind = reader.take(4) if version > 1 else b"mime"
    reader.text()
    mime = kind == b"mime"
    content_type, encoding = (reader.text(), reader.text()) if mime else (b"", b"")
    return Item(number, kind, content_type, encoding, hidden=bool(flags & 1))


def _properties(data: bytes, found: Box) -> dict[int, list[Property]]:
    """Properties of every item by `ipco` and `ipma`, in the order of their association."""
    shared: list[tuple[bytes, bytes]] = []
    links: dict[int, list[Property]] = {}
    left = MAX_LINKS
    for child in boxes(data, found.start, found.end):
        if child.name == b"ipco":
            for leaf in boxes(data, child.start, child.end):
                if len(shared) >= MAX_PROPERTIES or leaf.end - leaf.start > MAX_METADATA_BYTES:
                    raise LimitError("the ipco box has too many or too large properties")
                shared.append((leaf.name, data[leaf.start : leaf.end]))
        elif child.name == b"ipma":
            left = _associate(Reader(data, child.start, child.end, "ipma"), shared, links, left)
    return links


def _associate(reader: Reader, shared: list[tuple[bytes, bytes]], links: dict[int, list[Property]], left: int) -> int:
    """Put an `ipma` into `links`, and say how many more associations the file may have."""
    version, flags = reader.version_and_flags()
    wide = flags & 1
    for _ in range(reader.number(4)):
        number, count = reader.number(4 if version else 2), reader.number(1)
        left -= 1 + count
        if left < 0:
            raise LimitError(f"the ipma boxes list more than {MAX_LINKS} associations")
        for _ in range(count):
            value = reader.number(2 if wide else 1)
            index, essential = (value & 0x7FFF, value >> 15) if wide else (value & 0x7F, value >> 7)
            if index > len(shared):
                raise DamagedError(f"item {number} has property {index}; the file has {len(shared)}")
            if index:
                links.setdefault(number, []).append(Property(*shared[index - 1], bool(essential)))
        if len(links.get(number, ())) > MAX_ITEM_PROPERTIES:
            raise LimitError(f"item {number} has more than {MAX_ITEM_PROPERTIES} properties")
    return left


def _references(data: bytes, reader: Reader) -> tuple[Link, ...]:
    version, _ = reader.version_and_flags()
    size, links, left = 4 if version else 2, [], MAX_LINKS
    for child in boxes(data, reader.position, reader.end, MAX_ITEMS):
        inner = Reader(data, child.start, child.end, child.name.decode("latin-1"))
        source, count = inner.number(size), inner.number(2)
        left -= 1 + count
        if left < 0:
            raise LimitError(f"the iref box lists more than {MAX_LINKS} references")
        links.append(Link(child.name, source, tuple(inner.number(size) for _ in range(count))))
    return tuple(links)


def _groups(data: bytes, found: Box) -> tuple[Link, ...]:
    links, left = [], MAX_LINKS
    for child in boxes(data, found.start, found.end):
        reader = Reader(data, child.start, child.end, child.name.decode("latin-1"))
        reader.version_and_flags()
        number, count = reader.number(4), reader.number(4)
        if count * 4 > reader.left:
            raise DamagedError(f"a group says {count} entities in {reader.left} bytes")
        left -= 1 + count
        if left < 0:
            raise LimitError(f"the grpl box lists more than {MAX_LINKS} entities")
        links.append(Link(child.name, number, tuple(reader.number(4) for _ in range(count))))
    return tuple(links)


def item_bytes(data: bytes, item: Item, limit: int | None = None) -> bytes:
    """The joined extents of an item.

    Args:
        limit: bytes beyond which it is refused; None allows as many as the file has.

    Raises:
        DamagedError: an extent beyond the file, overlapping extents that add up to more than it, or no extent.
        UnsupportedError: it is not in this file.
        LimitError: longer than `limit`.
    """
    if item.extents is None:
        raise UnsupportedError(f"item {item.number} is stored in a way that is not read (in another file)")
    total = sum(length for _, length in item.extents)
    if not item.extents or total == 0:
        raise DamagedError(f"item {item.number} ({letters(item.kind)}) has no data")
    if any(offset + length > len(data) for offset, length in item.extents) or total > len(data):
        raise DamagedError(f"item {item.number} says {total} bytes beyond the file's end at {len(data)}")
    if limit is not None and total > limit:
        raise LimitError(f"item {item.number} has {total} bytes; the limit is {limit}")
    return b"".join(data[offset : offset + length] for offset, length in item.extents)


def is_empty(item: Item) -> bool:
    """Whether an item is in this file and has no byte."""
    return item.extents is not None and not any(length for _, length in item.extents)


def item_head(data: bytes, item: Item) -> bytes:
    """The first extent of an item, as far as the file has it; empty where it has none."""
    offset, length = next(iter(item.extents or ()), (0, 0))
    return data[offset : offset + min(length, MAX_BIT_HEADER_BYTES)]
