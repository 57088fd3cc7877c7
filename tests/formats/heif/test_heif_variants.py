"""AVIF and HEIC as others write them: where items lie, who says the colours, which auxiliary picture is a gain map."""

import dataclasses
import struct
import zlib
from importlib.util import find_spec

import numpy as np
import pytest

from untone import formats
from untone.errors import DamagedError, LimitError, UnsupportedError
from untone.formats.common.isobmff import box, full_box
from untone.formats.heif import avif, codestream, heic
from untone.formats.heif import encoding as heif_output
from untone.formats.heif import grid as heif_grid
from untone.formats.heif import items as heif_items
from untone.formats.heif.codestream import CodePoints
from untone.formats.heif.item_writer import NewItem, heif_file
from untone.formats.heif.items import Link, Property
from untone.formats.metadata.iso21496 import Metadata, metadata_of, metadata_to_iso
from untone.image import GainMap, Image, turned_back, turned_upright

needs_codec = pytest.mark.skipif(find_spec("pillow_heif") is None, reason="the extra `heic` is not installed")
CODECS = [pytest.param(avif.CODEC, id="avif"), pytest.param(heic.CODEC, marks=needs_codec, id="heic")]
NAMES = ["avif", pytest.param("heic", marks=needs_codec)]

PACKET = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0" '
    b'hdrgm:GainMapMax="2.5" hdrgm:HDRCapacityMax="2.5"%s/></rdf:RDF></x:xmpmeta>'
)


def coded(codec, codes, cicp=(1, 13, 0), colr=None) -> NewItem:
    """A lossless picture; with these colr properties instead of its own."""
    (item,), _ = heif_grid.carried_items(codec.encode(codes, 8, 100, cicp, False))
    kept = tuple(p for p in item.properties if p.name != b"colr") if colr is not None else item.properties
    return dataclasses.replace(item, properties=kept + (colr or ()))


def file_of(codec, items, links=(), groups=(), more: tuple[bytes, ...] = ()) -> bytes:
    return b"".join(heif_file((*codec.brands, *more), items, links, groups))


def tone_mapped(codec, base: NewItem, codes: NewItem, *more: NewItem, links=(), order=(2, 1)) -> bytes:
    """Base 1, tmap 2, map 3, whatever else from 4."""
    size = next(p for p in base.properties if p.name == b"ispe")
    metadata = Metadata((0.0,) * 3, (2.0,) * 3, alternate_headroom_stops=2.0)
    tmap = NewItem(b"tmap", b"\0" + metadata_to_iso(metadata), (size,))
    items = [base, tmap, dataclasses.replace(codes, hidden=True), *more]
    return file_of(codec, items, [Link(b"dimg", 2, (1, 3)), *links], [Link(b"altr", 9, order)], (b"tmap",))


def with_properties(item: NewItem, *more: Property) -> NewItem:
    return dataclasses.replace(item, properties=(*item.properties, *more))


def grey(height: int = 12, width: int = 16) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width]
    return (x * 11 + y * 5).astype(np.uint8)[:, :, None]


# Where items lie


def located_file(*rows: bytes, links: bytes = b"", idat: bytes = b"0123456789") -> bytes:
    """Items 1 to n, "mime", at the places of an iloc of version 1 with 1-byte indices and 4-byte numbers."""
    infos = [full_box(b"infe", 2, 0, struct.pack(">HH4sx", n, 0, b"mime"), b"a\0") for n in range(1, len(rows) + 1)]
    return box(b"ftyp", b"avif", bytes(4)) + full_box(
        b"meta", 0, 0,
        full_box(b"hdlr", 0, 0, bytes(4), b"pict", bytes(13)),
        full_box(b"pitm", 0, 0, struct.pack(">H", 1)),
        full_box(b"iinf", 0, 0, struct.pack(">H", len(rows)), *infos),
        full_box(b"iloc", 1, 0, struct.pack(">BBH", 0x44, 0x01, len(rows)), *rows),
        full_box(b"iref", 0, 0, links),
        box(b"idat", idat),
    )  # fmt: skip


def place(number: int, method: int, *extents: tuple[int, int, int]) -> bytes:
    head = struct.pack(">HHHH", number, method, 0, len(extents))
    return head + b"".join(struct.pack(">BII", *extent) for extent in extents)


def within(source: int, *targets: int) -> bytes:
    return box(b"iloc", struct.pack(f">HH{len(targets)}H", source, len(targets), *targets))


def test_items_within_items():
    data = located_file(
        place(1, 1, (0, 6, 3), (0, 0, 4)),
        place(2, 2, (1, 2, 3)),
        place(3, 2, (2, 0, 0), (1, 5, 2)),
        links=within(2, 1) + within(3, 1, 2),
    )
    items = heif_items.parse(data).items
    found = [heif_items.item_bytes(data, items[n]) for n in (1, 2, 3)]
    assert found == [b"6780123", b"801", b"80123"]


@pytest.mark.parametrize(
    ("rows", "links", "error"),
    [
        ([place(1, 2, (1, 0, 1)), place(2, 2, (1, 0, 1))], within(1, 2) + within(2, 1), "without end"),
        ([place(1, 1, (0, 0, 4)), place(2, 2, (1, 2, 3))], within(2, 1), "beyond the 4 bytes"),
        ([place(1, 1, (0, 0, 4)), place(2, 2, (3, 0, 3))], within(2, 1), "does not refer"),
    ],
)
def test_items_within_items_that_lie(rows, links, error):
    with pytest.raises(DamagedError, match=error):
        heif_items.parse(located_file(*rows, links=links))


def test_items_within_items_cannot_multiply():
    halves = place(1, 1, *[(0, 0, 1)] * 300)
    with pytest.raises(LimitError, match="parts"):
        heif_items.parse(located_file(halves, place(2, 2, *[(1, 0, 0)] * 300), links=within(2, 1)))


@pytest.mark.parametrize("packing", ["plain", "deflate", "version 0", "version 1"])
def test_xmp_of_old_and_packed_items(pixels, packing):
    packet = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"/>'
    stored = zlib.compress(packet) if packing == "deflate" else packet
    xmp = NewItem(b"mime", stored, content_type=b"application/rdf+xml")
    data = file_of(avif.CODEC, [coded(avif.CODEC, pixels), xmp], [Link(b"cdsc", 2, (1,))])
    old = full_box(b"infe", 2, 0, struct.pack(">HH4sx", 2, 0, b"mime"), b"application/rdf+xml\0")
    head = struct.pack(">HHx", 2, 0)
    new = {
        "plain": old,
        "deflate": full_box(b"infe", 2, 0, head[:4], b"mime\0", b"application/rdf+xml\0", b"deflate\0"),
        "version 0": full_box(b"infe", 0, 0, head, b"application/rdf+xml\0\0"),
        "version 1": full_box(b"infe", 1, 0, head, b"application/rdf+xml\0\0", b"none"),
    }[packing]
    assert formats.read(resized(data, old, new))[0].xmp == packet


def resized(data: bytes, old: bytes, new: bytes) -> bytes:
    """A file with another `infe`: sizes of what holds it, and offsets in `iloc` behind it, move with it."""
    assert data.count(old) == 1
    more = len(new) - len(old)
    out = bytearray(data.replace(old, new))
    for name in (b"meta", b"iinf"):
        at = out.index(name) - 4
        struct.pack_into(">I", out, at, struct.unpack_from(">I", out, at)[0] + more)
    at = out.index(b"iloc") + 8
    (count,) = struct.unpack_from(">H", out, at + 2)
    for row in range(count):
        position = at + 4 + 14 * row + 6
        struct.pack_into(">I", out, position, struct.unpack_from(">I", out, position)[0] + more)
    return bytes(out)


def test_metadata_packed_in_other_ways_is_refused(pixels):
    meta_item = heif_items.Item(2, b"mime", b"application/rdf+xml", b"compress_zlib", extents=((0, 4),))
    from untone.formats.heif.decoding import metadata_bytes

    with pytest.raises(UnsupportedError, match="compress_zlib"):
        metadata_bytes(bytes(9), meta_item)
    with pytest.raises(DamagedError, match="unpacked"):
        metadata_bytes(b"none", dataclasses.replace(meta_item, content_encoding=b"deflate"))


# Who says the colours


@pytest.mark.parametrize(
    ("cicp", "expected"),
    [((9, 16, 0), ("bt2020", "pq")), ((12, 13, 0), ("p3", "srgb")), ((9, 18, 9), ("bt2020", "hlg"))],
)
@pytest.mark.parametrize("codec", CODECS)
def test_without_colr_the_codestream_says_the_colours(pixels, codec, cicp, expected):
    data = file_of(codec, [coded(codec, pixels, cicp, colr=())])
    image, signal = formats.read(data)[0], formats.probe(data).base
    assert (image.primaries, image.transfer) == (signal.primaries, signal.transfer) == expected


@pytest.mark.parametrize("codec", CODECS)
def test_colr_wins_over_the_codestream_and_nothing_is_srgb(pixels, codec):
    said = file_of(codec, [coded(codec, pixels, (9, 16, 0), colr=(heif_output.nclx(12, 13, 0),))])
    assert (formats.probe(said).base.primaries, formats.probe(said).base.transfer) == ("p3", "srgb")
    unsaid = file_of(codec, [coded(codec, pixels, (2, 2, 0), colr=())])
    assert (formats.probe(unsaid).base.primaries, formats.probe(unsaid).base.transfer) == ("bt709", "srgb")


def bits_of(*fields: tuple[int, int]) -> bytes:
    """(value, width) in order, the highest bit first."""
    text = "".join(f"{value:0{width}b}" for value, width in fields if width)
    return int(text.ljust(-(-len(text) // 8) * 8, "0"), 2).to_bytes(-(-len(text) // 8), "big")


def test_a_sequence_header_of_video_is_read():
    """Not reduced: timing, a decoder model, two operating points, frame ids and order hints come before the colours."""
    header = bits_of(
        (0, 3), (0, 1), (0, 1),
        (1, 1), (25, 32), (1000, 32), (1, 1), (0b010, 3), (1, 1), (9, 5), (7, 32), (4, 5), (4, 5),
        (1, 1), (1, 5),
        (1, 12), (8, 5), (1, 1), (1, 1), (3, 10), (5, 10), (0, 1), (1, 1), (9, 4),
        (2, 12), (4, 5), (0, 1), (0, 1),
        (3, 4), (2, 4), (15, 4), (7, 3), (1, 1), (2, 4), (1, 3),
        (0, 3), (0, 4), (1, 1), (0, 2), (0, 1), (1, 1), (0, 1), (1, 1), (6, 3), (0, 3),
        (1, 1), (0, 1), (1, 1), (9, 8), (16, 8), (9, 8),
    )  # fmt: skip
    delimiter, padding = b"\x12\x00", b"\x7a\x03\0\0\0"
    stream = delimiter + padding + b"\x0a" + bytes((len(header),)) + header
    assert codestream.av1_code_points(b"\x81\0\0\0", stream) == CodePoints(9, 16)
    assert codestream.av1_code_points(b"\x81\0\0\0" + stream, b"") == CodePoints(9, 16)
    for cut in range(len(stream)):
        assert codestream.av1_code_points(b"", stream[:cut]) in (CodePoints(), CodePoints(9, 16))


def golomb(value: int) -> tuple[int, int]:
    return value + 1, 2 * (value + 1).bit_length() - 1


def test_a_parameter_set_of_video_is_read():
    """Two sub-layers, cropping, scaling lists, pulse code, reference sets and an aspect ratio before the colours."""
    header = bits_of(
        (0, 4), (1, 3), (1, 1), (0, 96), (1, 1), (1, 1), (0, 14), (0, 96),
        golomb(0), golomb(1), golomb(63), golomb(47), (1, 1), *[golomb(1)] * 4, golomb(2), golomb(2), golomb(4),
        (1, 1), *[golomb(3)] * 6, *[golomb(1)] * 6,
        (1, 1), (1, 1), *[(0, 1), golomb(0)] * 19, (1, 1), *[golomb(3)] * 65,
        (0, 2), (1, 1), (0x77, 8), golomb(0), golomb(1), (0, 1),
        golomb(2), golomb(1), golomb(0), golomb(2), (1, 1), (0, 1), golomb(0), golomb(1), golomb(3), (0, 1),
        (1, 1), golomb(1), (5, 8), (1, 1), (0, 2),
        (1, 1), (1, 1), (255, 8), (1, 16), (1, 16), (1, 1), (0, 1), (1, 1), (5, 3), (1, 1), (1, 1),
        (12, 8), (18, 8), (6, 8),
    )  # fmt: skip
    unit = b"\x42\x01" + header.replace(b"\0\0", b"\0\0\x03")
    arrays = b"\x02" + b"\x20\0\x01\0\x02\x40\x01" + b"\x21\0\x01" + struct.pack(">H", len(unit)) + unit
    setup = bytes(22) + arrays
    assert codestream.hevc_code_points(setup) == CodePoints(12, 18)
    for cut in range(len(setup)):
        assert codestream.hevc_code_points(setup[:cut]) in (CodePoints(), CodePoints(12, 18))


@pytest.mark.parametrize(("transfer", "power"), [(8, 1.0), (5, 2.8)])
def test_curves_without_a_name_are_converted(pixels, transfer, power):
    """The code's light, by H.273, is in the pixels whatever they are converted to."""
    from untone.colour import light_of

    neutral = np.repeat(pixels[:, :, :1], 3, axis=2)
    image = formats.read(file_of(avif.CODEC, [coded(avif.CODEC, neutral, colr=(heif_output.nclx(1, transfer, 0),))]))[0]
    assert np.abs(light_of(image) - (neutral / 255) ** power).max() < 2e-3


def test_primaries_without_a_name_are_converted():
    """EBU red (0.64, 0.33) is BT.709's; its green (0.29, 0.60) is not, and keeps its place in x and y."""
    from untone import colour
    from untone.colour import light_of

    codes = np.zeros((4, 4, 3), np.uint8)
    codes[:, :2, 1] = codes[:, 2:, 0] = 255
    image = formats.read(file_of(avif.CODEC, [coded(avif.CODEC, codes, colr=(heif_output.nclx(5, 13, 0),))]))[0]
    xyz = light_of(image) @ colour.rgb_to_xyz(image.primaries).T
    assert np.allclose(xyz[0, 0, :2] / xyz[0, 0].sum(), (0.29, 0.60), atol=2e-3)
    assert np.allclose(xyz[0, 3, :2] / xyz[0, 3].sum(), (0.64, 0.33), atol=2e-3)


# Which picture is a gain map


def auxiliary(codec, kind: str, codes: np.ndarray) -> NewItem:
    urn = Property(b"auxC", bytes(4) + kind.encode() + b"\0", True)
    return dataclasses.replace(with_properties(coded(codec, codes, (2, 2, 2)), urn), hidden=True)


@pytest.mark.parametrize("codec", CODECS)
def test_depth_mattes_alpha_and_thumbnails_are_no_gain_maps(pixels, codec):
    kinds = [
        "urn:mpeg:hevc:2015:auxid:1", "urn:mpeg:hevc:2015:auxid:2", "urn:mpeg:mpegB:cicp:systems:auxiliary:alpha",
        "urn:mpeg:mpegB:cicp:systems:auxiliary:depth", "urn:com:apple:photo:2018:aux:portraiteffectsmatte",
        "urn:com:apple:photo:2023:aux:styledeltamap",
    ]  # fmt: skip
    others = [auxiliary(codec, kind, grey()) for kind in kinds]
    thumbnail = coded(codec, np.ascontiguousarray(pixels[::4, ::4]))
    links = [Link(b"auxl", n, (1,)) for n in range(2, 8)] + [Link(b"thmb", 8, (1,))]
    image, found = formats.read(file_of(codec, [coded(codec, pixels), *others, thumbnail], links))
    assert found is None
    assert np.array_equal(image.pixels, pixels)


@pytest.mark.parametrize("codec", CODECS)
def test_the_map_among_other_auxiliary_pictures(pixels, codec):
    """An auxiliary picture with hdrgm parameters in an XMP packet of its own."""
    items = [
        coded(codec, pixels),
        auxiliary(codec, "urn:mpeg:mpegB:cicp:systems:auxiliary:depth", grey(6, 8)),
        auxiliary(codec, "urn:com:photo:aux:hdrgainmap", grey()),
        NewItem(b"mime", PACKET % b' hdrgm:BaseRenditionIsHDR="True"', content_type=b"application/rdf+xml"),
    ]
    links = [Link(b"auxl", 2, (1,)), Link(b"auxl", 3, (1, 2)), Link(b"cdsc", 4, (3,))]
    found = formats.read(file_of(codec, items, links))[1]
    assert (found.encodings, found.channels) == (("hdrgm-xmp",), 1)
    assert (found.base_headroom_stops, found.alternate_headroom_stops, found.max_stops[0]) == (2.5, 0.0, 2.5)
    assert np.array_equal(found.codes, grey())


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("maker", ["apple:photo:2020", "samsung:photo:2024"])
def test_kinds_with_a_subtype_behind_their_name(pixels, codec, maker):
    """auxC: name, zero, and whatever a codec wants to say of it (ISO/IEC 23008-12, 6.5.8)."""
    plain = auxiliary(codec, f"urn:com:{maker}:aux:hdrgainmap", grey())
    more = tuple(
        dataclasses.replace(p, body=p.body + b"\x00\x11\x00") if p.name == b"auxC" else p for p in plain.properties
    )
    packet = NewItem(b"mime", PACKET % b"", content_type=b"application/rdf+xml")
    items = [coded(codec, pixels), dataclasses.replace(plain, properties=more), packet]
    found = formats.read(file_of(codec, items, [Link(b"auxl", 2, (1,)), Link(b"cdsc", 3, (2,))]))[1]
    assert np.array_equal(found.codes, grey())


@pytest.mark.parametrize("codec", CODECS)
def test_tmap_wins_over_an_auxiliary_map_of_the_same_file(pixels, codec):
    codes = auxiliary(codec, "urn:com:apple:photo:2020:aux:hdrgainmap", grey())
    found = formats.read(tone_mapped(codec, coded(codec, pixels), codes, links=[Link(b"auxl", 3, (1,))]))[1]
    assert (found.encodings, found.max_stops[0]) == (("iso21496-1",), 2.0)
    assert np.array_equal(found.codes, grey())


def test_a_group_that_prefers_the_base_is_told(pixels):
    data = tone_mapped(avif.CODEC, coded(avif.CODEC, pixels), coded(avif.CODEC, grey(), (2, 2, 2)), order=(1, 2))
    assert "libavif" in formats.probe(data).warnings[0]
    assert formats.read(data)[1] is not None


def test_the_still_beside_a_sequence_is_read_and_the_rest_told(pixels):
    data = file_of(avif.CODEC, [coded(avif.CODEC, pixels)], more=(b"avis", b"msf1")) + box(b"moov", bytes(20))
    assert np.array_equal(formats.read(data)[0].pixels, pixels)
    assert formats.probe(data).warnings == ["the image sequence is not read, only the still"]


def test_a_sequence_without_pictures_is_refused():
    data = box(b"ftyp", b"avis", bytes(4), b"avismsf1") + box(b"moov", bytes(20))
    with pytest.raises(UnsupportedError, match="no still image, and no image sequence"):
        formats.read(data)


# Turns, and grids


TURN = {"irot": Property(b"irot", b"\1", True), "imir": Property(b"imir", b"\1", True)}


@pytest.mark.parametrize("order", [("irot",), ("imir",), ("irot", "imir"), ("imir", "irot")])
@pytest.mark.parametrize("codec", CODECS)
def test_turns_of_base_and_map_in_either_order(pixels, codec, order):
    """Done by hand: a quarter turn against the clock, columns reversed, in the order of association."""
    shown = pixels
    for name in order:
        shown = np.rot90(shown) if name == "irot" else shown[:, ::-1]
    turns = [TURN[name] for name in order]
    base = with_properties(coded(codec, pixels), *turns)
    data = tone_mapped(codec, base, with_properties(coded(codec, grey(), (2, 2, 2)), *turns))
    image, found = formats.read(data)
    assert np.array_equal(turned_upright(image.pixels, image.orientation), shown)
    assert np.array_equal(found.codes, grey())


@pytest.mark.parametrize("codec", CODECS)
def test_maps_that_are_turned_otherwise_than_their_base(pixels, codec):
    """Only the base is turned: a map of its stored shape lies as stored, one of its viewed shape as viewed."""
    base = with_properties(coded(codec, pixels), TURN["irot"])
    stored = formats.read(tone_mapped(codec, base, coded(codec, grey(), (2, 2, 2))))
    assert np.array_equal(stored[1].codes, grey())
    viewed = formats.read(tone_mapped(codec, base, coded(codec, grey(16, 12), (2, 2, 2))))
    assert np.array_equal(viewed[1].codes, turned_back(grey(16, 12), viewed[0].orientation))
    assert viewed[1].codes.shape == (12, 16, 1)
    half = with_properties(coded(codec, grey(), (2, 2, 2)), TURN["imir"])
    mirrored = formats.read(tone_mapped(codec, coded(codec, pixels), half))
    assert np.array_equal(mirrored[1].codes, grey()[:, ::-1])


def grid(codec, codes: np.ndarray, first: int, cicp: tuple[int, int, int]) -> tuple[list[NewItem], Link]:
    """A picture of 2 x 2 tiles of 64 x 64 pixels, cut at the right and below, its item the first."""
    height, width, channels = codes.shape
    whole = np.zeros((128, 128, channels), np.uint8)
    whole[:height, :width] = codes
    tiles = [coded(codec, np.ascontiguousarray(whole[y : y + 64, x : x + 64]), cicp) for y in (0, 64) for x in (0, 64)]
    properties = tuple(p for p in tiles[0].properties if p.name in (b"colr", b"pixi"))
    size = Property(b"ispe", struct.pack(">III", 0, width, height))
    item = NewItem(b"grid", struct.pack(">BBBBHH", 0, 0, 1, 1, width, height), (size, *properties))
    hidden = [dataclasses.replace(tile, hidden=True) for tile in tiles]
    return [item, *hidden], Link(b"dimg", first, tuple(range(first + 1, first + 5)))


@pytest.mark.parametrize("codec", CODECS)
def test_base_and_map_of_tiles(codec):
    y, x = np.mgrid[0:100, 0:120]
    codes = np.stack([x, y, x ^ y], axis=2).astype(np.uint8)
    base, base_link = grid(codec, codes, 1, (1, 13, 0))
    tiles, map_link = grid(codec, np.ascontiguousarray(codes[:90, :112, :1]), 7, (2, 2, 2))
    size = next(p for p in base[0].properties if p.name == b"ispe")
    metadata = metadata_to_iso(Metadata((0.0,) * 3, (2.0,) * 3, alternate_headroom_stops=2.0))
    items = [*base, NewItem(b"tmap", b"\0" + metadata, (size,)), *tiles]
    links = [base_link, Link(b"dimg", 6, (1, 7)), map_link]
    data = file_of(codec, items, links, [Link(b"altr", 99, (6, 1))], (b"tmap",))
    image, found = formats.read(data)
    assert np.array_equal(image.pixels, codes)
    assert np.array_equal(found.codes, codes[:90, :112, :1])
    again = formats.read(formats.write(None, image, found, format=codec.name))
    assert np.array_equal(again[1].codes, found.codes)


@pytest.mark.parametrize("codec", CODECS)
def test_the_order_of_tiles_is_that_of_the_references_and_none_is_twice(codec):
    y, x = np.mgrid[0:128, 0:128]
    codes = np.stack([x, y, x ^ y], axis=2).astype(np.uint8)
    items, link = grid(codec, codes, 1, (1, 13, 0))
    turned = [items[0], *reversed(items[1:])]
    backward = dataclasses.replace(link, targets=link.targets[::-1])
    assert np.array_equal(formats.read(file_of(codec, turned, [backward]))[0].pixels, codes)
    twice = dataclasses.replace(link, targets=(*link.targets[:3], link.targets[2]))
    for function in (formats.read, formats.probe):
        with pytest.raises(DamagedError, match="twice"):
            function(file_of(codec, items, [twice]))


@pytest.mark.parametrize("name", ["jpeg", "jxl", *NAMES])
@pytest.mark.parametrize("primaries", ["bt709", "p3", "bt2020", "adobe_rgb"])
def test_the_space_of_the_alternate_in_every_container(pixels, gain_map, name, primaries):
    mapped = dataclasses.replace(gain_map, use_base_colour_space=False, alternate_primaries=primaries)
    found = formats.read(formats.write(None, Image(pixels), mapped, format=name))[1]
    assert (found.use_base_colour_space, found.alternate_primaries) == (False, primaries)


@pytest.mark.parametrize("name", ["jpeg", "jxl", *NAMES])
def test_an_hdr_base_in_every_container(pixels, gain_map, name):
    """ISO 21496-1 says by the order of the headrooms which rendition is the HDR one."""
    backward = dataclasses.replace(gain_map, base_headroom_stops=2.5, alternate_headroom_stops=0.0)
    found = formats.read(formats.write(None, Image(pixels), backward, format=name))[1]
    expected = metadata_of(backward)
    assert (found.base_headroom_stops, found.alternate_headroom_stops) == (2.5, 0.0)
    assert (found.base_offset, found.alternate_offset) == (expected.base_offset, expected.alternate_offset)
    assert isinstance(found, GainMap)
