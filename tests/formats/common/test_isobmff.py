"""Boxes and items: hand-made bytes, lies about lengths and counts, and files written and read back."""

import struct

import pytest

from untone.errors import DamagedError, LimitError, UnsupportedError
from untone.formats.common import isobmff
from untone.formats.common.isobmff import Box, Reader, box, boxes, full_box
from untone.formats.common.limits import MAX_BOXES
from untone.formats.heif import decoding as heif
from untone.formats.heif import items as heif_items
from untone.formats.heif.item_writer import NewItem, heif_file
from untone.formats.heif.items import Item, Link, Property


def test_boxes_of_every_size_field():
    plain = b"\0\0\0\x0cabcd1234"
    long = b"\0\0\0\x01wide" + struct.pack(">Q", 18) + b"xy"
    rest = b"\0\0\0\0last!"
    found = list(boxes(plain + long + rest, 0, 39))
    assert found == [Box(b"abcd", 8, 12), Box(b"wide", 28, 30), Box(b"last", 38, 39)]


@pytest.mark.parametrize(
    "lie", [b"\0\0\0\x07abcd", b"\0\0\0\x40abcd", b"\0\0\0\x01abcd\xff\xff\xff\xff\xff\xff\xff\xff"]
)
def test_a_box_that_lies_is_refused(lie):
    with pytest.raises(DamagedError, match="the box abcd at byte 0"):
        list(boxes(lie, 0, len(lie)))


def test_endless_boxes_end():
    data = b"\0\0\0\x08none" * (MAX_BOXES + 1)
    with pytest.raises(LimitError, match="boxes"):
        list(boxes(data, 0, len(data)))


def test_reading_beyond_the_end_of_a_box():
    reader = Reader(b"abc\0defg", 0, 6, "name")
    assert (reader.text(), reader.number(1), reader.left) == (b"abc", ord("d"), 1)
    with pytest.raises(DamagedError, match="name"):
        reader.number(2)


ITEMS = [
    NewItem(b"av01", b"base", (Property(b"ispe", bytes(12)), Property(b"av1C", b"\x81\0\0\0", True))),
    NewItem(b"av01", b"map", (Property(b"av1C", b"\x81\0\0\0", True),), hidden=True),
    NewItem(b"mime", b"<x/>", content_type=b"application/rdf+xml"),
]
REFERENCES = [Link(b"cdsc", 3, (1,)), Link(b"dimg", 2, (1, 3))]
GROUPS = [Link(b"altr", 99, (2, 1))]


def test_what_is_written_is_read_back():
    data = b"".join(heif_file((b"avif", b"mif1"), ITEMS, REFERENCES, GROUPS))
    meta = heif_items.parse(data)
    assert (meta.primary, meta.brands) == (1, (b"avif", b"avif", b"mif1"))
    assert list(meta.references) == REFERENCES
    assert list(meta.groups) == GROUPS
    for new, item in zip(ITEMS, meta.items.values(), strict=True):
        assert (item.kind, item.properties, item.hidden) == (new.kind, new.properties, new.hidden)
        assert item.content_type == new.content_type
        assert heif_items.item_bytes(data, item) == new.data


def test_many_properties_take_two_bytes_each():
    item = NewItem(b"av01", b"x", tuple(Property(b"free", bytes((n,)), n % 2 == 0) for n in range(200)))
    meta = heif_items.parse(b"".join(heif_file((b"avif",), [item])))
    assert meta.items[1].properties == item.properties


def meta_file(iloc: bytes, *more: bytes, idat: bytes = b"") -> bytes:
    info = full_box(b"infe", 3, 0, struct.pack(">IH4sx", 1, 0, b"av01"))
    children = [
        full_box(b"hdlr", 0, 0, bytes(4), b"pict", bytes(13)),
        full_box(b"pitm", 1, 0, struct.pack(">I", 1)),
        full_box(b"iinf", 1, 0, struct.pack(">I", 1), info),
        box(b"idat", idat),
        iloc,
        *more,
    ]
    return box(b"ftyp", b"avif", bytes(4)) + full_box(b"meta", 0, 0, *children)


def test_places_of_version_2_within_idat():
    rows = struct.pack(">BBI", 0x44, 0x80, 1) + struct.pack(">IHHQH", 1, 1, 0, 2, 2) + struct.pack(">IIII", 0, 3, 4, 2)
    data = meta_file(full_box(b"iloc", 2, 0, rows), idat=b"..abc.de")
    assert heif_items.item_bytes(data, heif_items.parse(data).items[1]) == b"abcde"[:3] + b"de"


def test_a_length_of_0_reaches_to_the_end():
    rows = struct.pack(">BBH", 0x44, 0, 1) + struct.pack(">HHHHII", 1, 1, 0, 1, 4, 0)
    data = meta_file(full_box(b"iloc", 1, 0, rows), idat=b"....all of it")
    assert heif_items.item_bytes(data, heif_items.parse(data).items[1]) == b"all of it"


@pytest.mark.parametrize(
    ("method", "reference", "offset", "length", "error"),
    [
        (0, 0, 0, 1 << 30, DamagedError),
        (0, 0, 0xFFFFFFFF, 4, DamagedError),
        (2, 0, 0, 4, DamagedError),
        (3, 0, 0, 4, UnsupportedError),
        (0, 1, 0, 4, UnsupportedError),
    ],
)
def test_items_beyond_the_file_or_elsewhere(method, reference, offset, length, error):
    rows = struct.pack(">BBH", 0x44, 0, 1) + struct.pack(">HHHHII", 1, method, reference, 1, offset, length)
    data = meta_file(full_box(b"iloc", 1, 0, rows))
    with pytest.raises(error):
        heif_items.item_bytes(data, heif_items.parse(data).items[1])


def test_overlapping_extents_cannot_multiply_a_file():
    rows = struct.pack(">BBH", 0x44, 0, 1) + struct.pack(">HHHH", 1, 0, 0, 1000) + struct.pack(">II", 0, 100) * 1000
    data = meta_file(full_box(b"iloc", 1, 0, rows))
    with pytest.raises(DamagedError, match="100000 bytes"):
        heif_items.item_bytes(data, heif_items.parse(data).items[1])


NO_PLACES = full_box(b"iloc", 0, 0, struct.pack(">BBH", 0x44, 0, 0))


@pytest.mark.parametrize(
    "bad",
    [
        full_box(b"iref", 0, 0, box(b"dimg", struct.pack(">HH", 1, 0xFFFF))),
        box(b"grpl", full_box(b"altr", 0, 0, struct.pack(">II", 9, 0xFFFFFFFF))),
        box(b"iprp", box(b"ipco"), full_box(b"ipma", 0, 0, struct.pack(">IHBB", 1, 1, 1, 5))),
        box(b"iprp", box(b"ipco"), full_box(b"ipma", 0, 0, struct.pack(">I", 0xFFFFFFFF))),
    ],
)
def test_counts_that_lie_are_refused(bad):
    with pytest.raises(DamagedError):
        heif_items.parse(meta_file(NO_PLACES, bad))


def test_a_file_without_pictures_is_named():
    with pytest.raises(UnsupportedError, match="neither a still image"):
        heif_items.parse(box(b"ftyp", b"avis", bytes(4)) + box(b"mdat", bytes(9)))
    with pytest.raises(DamagedError, match="hdlr"):
        heif_items.parse(full_box(b"meta", 0, 0))


def test_pictures_made_of_each_other_are_refused():
    links = (Link(b"dimg", 1, (2,)), Link(b"dimg", 2, (1,)))
    meta = heif_items.Meta((), 1, {1: Item(1, b"grid"), 2: Item(2, b"grid")}, links, ())
    with pytest.raises(DamagedError, match="without end"):
        heif.derivation(meta, 1)


def test_reading_boxes_of_no_file():
    assert list(isobmff.boxes(b"", 0, 0)) == []
