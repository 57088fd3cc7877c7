"""One gain map file in the ways that ISO/IEC 14496-12 and 23008-12 allow to lay it out: always the same numbers."""

import itertools
import struct

import numpy as np
import pytest
from test_heif_variants import coded, grey, tone_mapped

from untone import formats
from untone.errors import DamagedError
from untone.formats.common.isobmff import box, full_box
from untone.formats.heif import avif
from untone.formats.heif import items as heif_items
from untone.formats.heif.items import Item

ORDER = ("hdlr", "pitm", "iloc", "iinf", "iref", "iprp", "grpl")


class Layout:
    """A file of three items taken apart: base, tmap, map.

    Attributes:
        version, sizes: of `iloc`; bytes of offset, length, base offset and index.
        inner: ids of items that lie in `idat`.
        parts: extents of each item.
        wide: whether `infe`, `iinf` and `iref` have ids of 32 bits.
    """

    version, sizes, inner, parts, wide = 0, (4, 4, 0, 0), (), 1, False
    order: tuple[str, ...] = ORDER

    def __init__(self, data: bytes, **changes: object) -> None:
        self.data, self.items = data, [item for _, item in sorted(heif_items.parse(data).items.items())]
        self.__dict__ |= changes

    def stored(self, item: Item) -> bytes:
        return heif_items.item_bytes(self.data, item)

    def meta(self, start: int) -> bytes:
        """With the items that are not in `idat` from a place in the file on."""
        rows, inside = b"", b""
        count, ids = (">I", ">I") if self.version > 1 else (">H", ">H")
        for item in self.items:
            content = self.stored(item)
            where = len(inside) if item.number in self.inner else start
            rows += struct.pack(ids, item.number)
            rows += struct.pack(">H", item.number in self.inner) if self.version else b""
            rows += bytes(2) + self.extents(where, len(content))
            if item.number in self.inner:
                inside += content
            else:
                start += len(content)
        offset, length, base, index = self.sizes
        head = bytes((offset << 4 | length, base << 4 | index * bool(self.version)))
        made = {
            "hdlr": full_box(b"hdlr", 0, 0, bytes(4), b"pict", bytes(13)),
            "pitm": full_box(b"pitm", 0, 0, struct.pack(">H", 1)),
            "iloc": full_box(b"iloc", self.version, 0, head, struct.pack(count, len(self.items)), rows),
            "iinf": self.infos(),
            "iref": self.references(),
            "iprp": self.found(b"iprp"),
            "grpl": self.found(b"grpl"),
            "idat": box(b"idat", inside),
        }
        return full_box(b"meta", 0, 0, *(made[name] for name in (*self.order, *["idat"] * bool(self.inner))))

    def extents(self, where: int, length: int) -> bytes:
        offset, size, base, index = self.sizes
        edges = [length * n // self.parts for n in range(self.parts + 1)]
        row = (where if base else 0).to_bytes(base, "big") + struct.pack(">H", self.parts)
        for first, last in itertools.pairwise(edges):
            place = first if base else where + first
            row += bytes(index * bool(self.version)) + place.to_bytes(offset, "big") if offset else b""
            row += (last - first).to_bytes(size, "big")
        return row

    def infos(self) -> bytes:
        version, number = (3, ">IH4s") if self.wide else (2, ">HH4s")
        rows = [
            full_box(b"infe", version, int(i.hidden), struct.pack(number, i.number, 0, i.kind), b"a name\0")
            for i in self.items
        ]
        return full_box(b"iinf", int(self.wide), 0, struct.pack(">I" if self.wide else ">H", len(rows)), *rows)

    def references(self) -> bytes:
        row = struct.pack(">IHII" if self.wide else ">HHHH", 2, 2, 1, 3)
        return full_box(b"iref", int(self.wide), 0, box(b"dimg", row))

    def found(self, name: bytes) -> bytes:
        """A box as it is in the file."""
        at = self.data.index(name) - 4
        return self.data[at : at + int.from_bytes(self.data[at : at + 4], "big")]

    def file(self, header: int = 8, before: bytes = b"") -> bytes:
        """`mdat` with a size of 32 bits, of 64 (a header of 16), or to the end (a header of 0)."""
        content = b"".join(self.stored(item) for item in self.items if item.number not in self.inner)
        size = {8: (8 + len(content), b""), 16: (1, struct.pack(">Q", 16 + len(content))), 0: (0, b"")}[header]
        mdat = struct.pack(">I4s", size[0], b"mdat") + size[1]
        ahead = self.found(b"ftyp") + before
        start = len(ahead) + len(self.meta(0)) + len(mdat)
        return ahead + self.meta(start) + mdat + content


@pytest.fixture
def whole(pixels) -> bytes:
    return tone_mapped(avif.CODEC, coded(avif.CODEC, pixels), coded(avif.CODEC, grey(), (2, 2, 6)))


def is_read(data: bytes, pixels: np.ndarray) -> None:
    image, gain_map = formats.read(data)
    np.testing.assert_array_equal(image.pixels, pixels)
    np.testing.assert_array_equal(gain_map.codes, grey())
    assert (gain_map.max_stops, formats.probe(data).warnings) == ((2.0,) * 3, [])


@pytest.mark.parametrize(
    "changes",
    [
        {"version": 1},
        {"version": 2},
        {"version": 1, "sizes": (8, 8, 8, 0)},
        {"version": 1, "sizes": (8, 8, 8, 8)},
        {"version": 1, "sizes": (0, 4, 4, 0)},
        {"version": 2, "sizes": (4, 8, 4, 4)},
        {"parts": 3},
        {"version": 1, "sizes": (4, 4, 8, 4), "parts": 5},
        {"version": 1, "inner": (2,)},
        {"version": 1, "inner": (1, 2, 3)},
        {"version": 1, "inner": (2,), "parts": 2, "sizes": (4, 4, 4, 0)},
        {"wide": True},
        {"wide": True, "version": 2, "inner": (2, 3)},
        {"order": ORDER[::-1]},
        {"order": ("hdlr", "grpl", *ORDER[1:-1])},
    ],
    ids=str,
)
def test_tables(whole, pixels, changes):
    is_read(Layout(whole, **changes).file(), pixels)


@pytest.mark.parametrize("header", [8, 16, 0])
def test_sizes_of_the_data(whole, pixels, header):
    is_read(Layout(whole).file(header), pixels)


def test_boxes_of_others(whole, pixels):
    uuid = box(b"uuid", b"0123456789abcdef", b"of no one here")
    free = struct.pack(">I4sQ", 1, b"free", 20) + b"what"
    is_read(Layout(whole).file(before=uuid + free) + box(b"skip", bytes(9)), pixels)


@pytest.mark.parametrize("name", ["hdlr", "pitm", "iloc", "iref", "iprp"])
def test_without_a_table_that_is_needed(whole, name):
    order = tuple(other for other in ORDER if other != name)
    for function in (formats.read, formats.probe):
        with pytest.raises(DamagedError):
            function(Layout(whole, order=order).file())
