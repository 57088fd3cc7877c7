"""Writer of the `meta` box: AVIF and HEIC files from items, with the tables that `items` reads."""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Sequence

from ...errors import DamagedError
from ..common.isobmff import box, full_box
from ..common.limits import MAX_SHARED_BYTES
from .items import Item, Link, Meta, Property, item_bytes

Parts = list[bytes | memoryview]


@dataclasses.dataclass(frozen=True)
class NewItem:
    """An item to be written; its id will be its place in the list, from 1. Fields as of items.Item."""

    kind: bytes
    data: bytes
    properties: tuple[Property, ...] = ()
    hidden: bool = False
    content_type: bytes = b""


def heif_file(
    brands: Sequence[bytes], items: Sequence[NewItem], references: Sequence[Link] = (), groups: Sequence[Link] = ()
) -> Parts:
    """A file of these items, the first of them primary, in pieces to be written one after the other.

    Args:
        brands: the major one first.
        references, groups: with ids as the items will have them; a group's own id must differ from all of them.
    """
    ftyp = box(b"ftyp", brands[0], bytes(4), *brands)
    head, tables = _head(), _tables(items, references, groups)
    meta = full_box(b"meta", 0, 0, head, _locations(items, 0), tables)
    meta = full_box(b"meta", 0, 0, head, _locations(items, len(ftyp) + len(meta) + 8), tables)
    size = 8 + sum(len(item.data) for item in items)
    return [ftyp, meta, struct.pack(">I4s", size, b"mdat"), *(item.data for item in items)]


def _head() -> bytes:
    return full_box(b"hdlr", 0, 0, bytes(4), b"pict", bytes(13)) + full_box(b"pitm", 0, 0, struct.pack(">H", 1))


def _tables(items: Sequence[NewItem], references: Sequence[Link], groups: Sequence[Link]) -> bytes:
    """Tables without file offsets: made once, as there may be thousands of tiles to list."""
    parts = [full_box(b"iinf", 0, 0, struct.pack(">H", len(items)), *map(_info, range(1, len(items) + 1), items))]
    if references:
        parts.append(full_box(b"iref", 0, 0, *map(_reference, references)))
    parts.append(_properties(items))
    if groups:
        parts.append(box(b"grpl", *map(_group, groups)))
    return b"".join(parts)


def _locations(items: Sequence[NewItem], position: int) -> bytes:
    """`iloc` version 0: 32-bit offsets and lengths, one extent each."""
    rows = [struct.pack(">BBH", 0x44, 0, len(items))]
    for number, item in enumerate(items, 1):
        rows.append(struct.pack(">HHHII", number, 0, 1, position, len(item.data)))
        position += len(item.data)
    return full_box(b"iloc", 0, 0, *rows)


def _info(number: int, item: NewItem) -> bytes:
    content_type = item.content_type + b"\0" if item.kind == b"mime" else b""
    return full_box(b"infe", 2, int(item.hidden), struct.pack(">HH4sx", number, 0, item.kind), content_type)


def _reference(link: Link) -> bytes:
    return box(link.kind, struct.pack(f">HH{len(link.targets)}H", link.source, len(link.targets), *link.targets))


def _group(link: Link) -> bytes:
    return full_box(
        link.kind, 0, 0, struct.pack(f">II{len(link.targets)}I", link.source, len(link.targets), *link.targets)
    )


def _properties(items: Sequence[NewItem]) -> bytes:
    """`iprp`: each distinct property once, and who has which."""
    shared: dict[tuple[bytes, bytes], int] = {}
    for item in items:
        for p in item.properties:
            shared.setdefault((p.name, p.body), len(shared) + 1)
    wide = len(shared) > 127
    rows = []
    for number, item in enumerate(items, 1):
        if not item.properties:
            continue
        row = struct.pack(">HB", number, len(item.properties))
        for p in item.properties:
            index = shared[p.name, p.body]
            row += struct.pack(">H", index | p.essential << 15) if wide else bytes((index | p.essential << 7,))
        rows.append(row)
    ipma = full_box(b"ipma", 0, int(wide), struct.pack(">I", len(rows)), *rows)
    return box(b"iprp", box(b"ipco", *(box(name, body) for name, body in shared)), ipma)


def carried(data: bytes, meta: Meta, number: int, order: Sequence[int]) -> tuple[list[NewItem], list[Link]]:
    """An item and all it is derived from (the tiles of a grid) as items to be written, their ids from 1.

    Args:
        number: of the item.
        order: of it and what it is derived from, itself first; as `heif.derivation` gives it.

    Raises:
        DamagedError: together they have far more bytes than the file, as all of them are the same ones.
    """
    total = sum(length for old in order for _, length in meta.item(old).extents or ())
    if total > len(data) + MAX_SHARED_BYTES:
        raise DamagedError(f"the {len(order)} parts of item {number} have {total} bytes; the file has {len(data)}")
    ids = {old: new for new, old in enumerate(order, 1)}
    items = [_carried(data, meta.item(old), hidden=old != number) for old in order]
    links = [
        Link(r.kind, ids[r.source], tuple(ids[t] for t in r.targets))
        for r in meta.references
        if r.kind in (b"dimg", b"auxl") and r.source in ids and all(t in ids for t in r.targets)
    ]
    return items, links


def _carried(data: bytes, item: Item, *, hidden: bool) -> NewItem:
    return NewItem(item.kind, item_bytes(data, item), item.properties, hidden or item.hidden, item.content_type)
