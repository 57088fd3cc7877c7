"""Pictures that are derived: identities (`iden`) with turns and crops of their own, overlays (`iovl`), grids."""

import dataclasses
import io
import itertools
import struct
from importlib.util import find_spec

import numpy as np
import pytest
from test_heif_variants import CODECS, coded, file_of, grey, tone_mapped

from untone import formats
from untone.errors import DamagedError, UnsupportedError
from untone.formats.common import limits
from untone.formats.heif import avif, heic
from untone.formats.heif import decoding as heif
from untone.formats.heif import items as heif_items
from untone.formats.heif import transforms as transforms
from untone.formats.heif.item_writer import NewItem, heif_file
from untone.formats.heif.items import Link, Property
from untone.formats.metadata.iso21496 import Metadata, metadata_to_iso
from untone.image import turned_upright

needs_codec = pytest.mark.skipif(find_spec("pillow_heif") is None, reason="the extra `heic` is not installed")

IROT, IMIR = [Property(b"irot", bytes((n,)), True) for n in range(4)], [Property(b"imir", b"\0", True)]


def clap(left: int, top: int, width: int, height: int, full: tuple[int, int]) -> Property:
    offsets = (2 * left + width - full[0], 2, 2 * top + height - full[1], 2)
    return Property(b"clap", struct.pack(">4IiIiI", width, 1, height, 1, *offsets), True)


def size_of(width: int, height: int) -> Property:
    return Property(b"ispe", struct.pack(">III", 0, width, height))


def with_more(item: NewItem, *more: Property) -> NewItem:
    return dataclasses.replace(item, properties=(*item.properties, *more))


def identity(*properties: Property) -> NewItem:
    return NewItem(b"iden", b"", properties)


def applied(pixels: np.ndarray, properties: tuple[Property, ...]) -> np.ndarray:
    """What the properties say, one after the other, on pixels: the definition."""
    for found in properties:
        if found.name == b"irot":
            pixels = np.rot90(pixels, found.body[0])
        elif found.name == b"imir":
            pixels = np.flip(pixels, found.body[0])
        elif found.name == b"clap":
            x, y, w, h = transforms.clap(found.body, pixels.shape[1], pixels.shape[0])
            pixels = pixels[y : y + h, x : x + w]
    return pixels


CROP, CROP_LYING = clap(2, 3, 20, 12, (32, 24)), clap(1, 4, 14, 22, (24, 32))
MOVES = [
    (),
    (IROT[1],),
    (IROT[3], IMIR[0]),
    (CROP,),
    (CROP, IROT[1], Property(b"imir", b"\1", True)),
    (IROT[1], CROP_LYING),
    (IMIR[0], IROT[3], CROP_LYING),
    (CROP, clap(5, 0, 9, 12, (20, 12)), IROT[2], clap(1, 2, 4, 5, (9, 12))),
]


@pytest.mark.parametrize("moves", MOVES)
def test_transforms_in_any_order_come_to_one_crop_and_one_orientation(pixels, moves):
    named = [(p.name, p.body) for p in moves]
    (left, top, width, height), orientation = transforms.shown(named, 32, 24)
    made = turned_upright(pixels[top : top + height, left : left + width], orientation)
    np.testing.assert_array_equal(made, applied(pixels, moves))
    plain = transforms.plain((left, top, width, height), orientation, 32, 24)
    assert transforms.shown(plain, 32, 24) == ((left, top, width, height), orientation)
    assert len({name for name, _ in plain}) == len(plain) <= 3


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize(("inner", "outer"), [(MOVES[0], MOVES[1]), (MOVES[1], MOVES[2]), (MOVES[4], (IROT[1],))])
def test_an_identity_is_what_it_is_made_of_turned_once_more(codec, pixels, inner, outer):
    base = dataclasses.replace(with_more(coded(codec, pixels), *inner), hidden=True)
    exif = NewItem(b"Exif", bytes(4) + b"MM\0*\0\0\0\x08\0\0\0\0\0\0")
    links = [Link(b"dimg", 1, (2,)), Link(b"dimg", 2, (3,)), Link(b"cdsc", 4, (3,))]
    data = file_of(codec, [identity(*outer), identity(), base, exif], links)
    image = formats.read(data)[0]
    np.testing.assert_array_equal(turned_upright(image.pixels, image.orientation), applied(pixels, (*inner, *outer)))
    found = formats.probe(data)
    assert (found.width, found.height, found.orientation) == (image.width, image.height, image.orientation)
    assert image.exif.startswith(b"MM")
    again = formats.read(formats.write(None, image, format=codec.name))[0]  # carried over, turned as often
    assert again.orientation == image.orientation
    np.testing.assert_array_equal(again.pixels, image.pixels)


@needs_codec
@pytest.mark.parametrize("moves", MOVES[1:5])
def test_libheif_sees_the_same_identity(pixels, moves):
    import pillow_heif

    base = dataclasses.replace(with_more(coded(heic.CODEC, pixels), IROT[1]), hidden=True)
    extent = applied(pixels, (IROT[1],)).shape
    moves = tuple(clap(1, 4, 14, 22, (24, 32)) if p.name == b"clap" else p for p in moves)
    data = file_of(heic.CODEC, [identity(size_of(extent[1], extent[0]), *moves), base], [Link(b"dimg", 1, (2,))])
    theirs = np.asarray(pillow_heif.open_heif(io.BytesIO(data)))
    image = formats.read(data)[0]
    np.testing.assert_array_equal(turned_upright(image.pixels, image.orientation), theirs)


@pytest.mark.parametrize("codec", CODECS)
def test_base_and_map_that_are_identities(codec, pixels):
    """Base 1 of 4, tmap 2, map 3 of 5; both turned by their identity."""
    metadata = b"\0" + metadata_to_iso(Metadata((0.0,) * 3, (2.0,) * 3, alternate_headroom_stops=2.0))
    hidden = [dataclasses.replace(coded(codec, *of), hidden=True) for of in ((pixels,), (grey(), (2, 2, 6)))]
    turned = identity(IROT[3])
    items = [turned, NewItem(b"tmap", metadata, (size_of(24, 32),)), dataclasses.replace(turned, hidden=True), *hidden]
    links = [Link(b"dimg", 2, (1, 3)), Link(b"dimg", 1, (4,)), Link(b"dimg", 3, (5,))]
    data = file_of(codec, items, links, [Link(b"altr", 9, (2, 1))], (b"tmap",))
    image, gain_map = formats.read(data)
    assert (image.orientation, gain_map.max_stops, gain_map.codes.shape) == (6, (2.0,) * 3, (12, 16, 1))
    np.testing.assert_array_equal(image.pixels, pixels)
    np.testing.assert_array_equal(gain_map.codes, grey())
    again, map_again = formats.read(formats.write(None, image, gain_map, format=codec.name))
    assert again.orientation == 6
    np.testing.assert_array_equal(map_again.codes, grey())


@pytest.mark.parametrize(
    "links",
    [[], [Link(b"dimg", 1, (1,))], [Link(b"dimg", 1, (9,))], [Link(b"dimg", 1, (2, 2))]],
    ids=["of nothing", "of itself", "of what is not there", "of two"],
)
def test_identities_of_nothing_are_refused(pixels, links):
    with pytest.raises(DamagedError):
        formats.read(file_of(avif.CODEC, [identity(size_of(32, 24)), coded(avif.CODEC, pixels)], links))


def test_more_identities_than_any_file_has_are_left_as_they_are(pixels):
    count = limits.MAX_IDENTITIES + 5
    items = [coded(avif.CODEC, pixels), *[identity()] * count]
    meta = heif_items.parse(file_of(avif.CODEC, items, [Link(b"dimg", n, (1,)) for n in range(2, count + 2)]))
    assert sum(item.identity for item in meta.items.values()) == limits.MAX_IDENTITIES


def overlay(size: tuple[int, int], *places: tuple[int, int]) -> NewItem:
    """On a canvas of one colour, pictures at places (ISO/IEC 23008-12, 6.6.2.2)."""
    body = struct.pack(">BB4HHH", 0, 0, 0x8080, 0x4040, 0xC0C0, 0xFFFF, *size)
    return NewItem(b"iovl", body + b"".join(struct.pack(">hh", *place) for place in places), (size_of(*size),))


@pytest.mark.parametrize("codec", CODECS)
def test_overlays(codec, pixels):
    """libheif puts them together; libavif does not, which is said."""
    part = np.ascontiguousarray(pixels[:8, :16])
    turned = dataclasses.replace(with_more(coded(codec, part), IROT[1]), hidden=True)
    items = [overlay((48, 40), (2, 3), (20, 10)), dataclasses.replace(coded(codec, pixels), hidden=True), turned]
    data = file_of(codec, items, [Link(b"dimg", 1, (2, 3))])
    if codec is avif.CODEC:
        for function in (formats.read, formats.probe):
            with pytest.raises(UnsupportedError, match="iovl"):
                function(data)
        return
    expected = np.empty((40, 48, 3), np.uint8)
    expected[:] = 0x80, 0x40, 0xC0
    expected[3:27, 2:34] = pixels
    expected[10:26, 20:28] = np.rot90(part)
    np.testing.assert_array_equal(formats.read(data)[0].pixels, expected)


@needs_codec
def test_overlays_heed_the_alpha_of_their_parts_and_nothing_else(pixels):
    shape = np.zeros((*pixels.shape[:2], 1), np.uint8)
    shape[:, 20:] = 255
    alpha = with_more(coded(heic.CODEC, shape), Property(b"auxC", bytes(4) + b"urn:mpeg:hevc:2015:auxid:1\0"))
    depth = with_more(coded(heic.CODEC, shape), Property(b"auxC", bytes(4) + b"urn:mpeg:hevc:2015:auxid:2\0"))
    parts = [dataclasses.replace(i, hidden=True) for i in (coded(heic.CODEC, pixels), alpha, depth)]
    links = [Link(b"dimg", 1, (2,)), Link(b"auxl", 3, (2,)), Link(b"auxl", 4, (2,))]
    data = file_of(heic.CODEC, [overlay((48, 40), (2, 3)), *parts], links)
    expected = np.empty((40, 48, 3), np.uint8)
    expected[:] = 0x80, 0x40, 0xC0
    expected[3:27, 22:34] = pixels[:, 20:]
    image, _ = formats.read(data)
    np.testing.assert_array_equal(image.pixels, expected)
    again = formats.write(None, image, format="heic")
    assert again is not None
    np.testing.assert_array_equal(formats.read(again)[0].pixels, expected)


def test_a_map_that_is_an_overlay_is_left_out(pixels):
    codes = overlay((16, 12), (0, 0))
    data = tone_mapped(avif.CODEC, coded(avif.CODEC, pixels), codes, coded(avif.CODEC, grey(), (2, 2, 6)))
    meta = heif_items.parse(data)
    items = [
        NewItem(i.kind, heif_items.item_bytes(data, i), i.properties, i.hidden) for _, i in sorted(meta.items.items())
    ]
    data = b"".join(heif_file(meta.brands, items, [*meta.references, Link(b"dimg", 3, (4,))], meta.groups))
    image, gain_map = formats.read(data)
    assert gain_map is None
    assert "iovl" in image.left_out


def grid(rows: int, columns: int, size: tuple[int, int], wide: bool) -> bytes:
    return struct.pack(">BBBB", 0, int(wide), rows - 1, columns - 1) + struct.pack(">II" if wide else ">HH", *size)


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize(("side", "size"), [((64, 64), (101, 87)), ((66, 70), (131, 139)), ((64, 80), (64, 81))])
def test_grids_whose_last_tiles_are_cut(codec, side, size):
    """Tiles of 64 x 64 pixels and more, as MIAF wants; base and map; a whole base that is not even."""
    rng = np.random.default_rng(7)
    columns, rows = (-(-whole // part) for whole, part in zip(size, side, strict=True))
    canvas = rng.integers(0, 256, (rows * side[1], columns * side[0], 3), dtype=np.uint8)
    codes = np.ascontiguousarray(canvas[:, ::-1])
    tiles = []
    for array in (canvas, codes):
        for top, left in itertools.product(range(rows), range(columns)):
            tile = array[top * side[1] : (top + 1) * side[1], left * side[0] : (left + 1) * side[0]]
            tiles.append(dataclasses.replace(coded(codec, np.ascontiguousarray(tile)), hidden=True))
    count = rows * columns
    whole = NewItem(b"grid", grid(rows, columns, size, wide=size[0] == 131), (size_of(*size),))
    metadata = b"\0" + metadata_to_iso(Metadata((0.0,) * 3, (2.0,) * 3, alternate_headroom_stops=2.0))
    items = [whole, NewItem(b"tmap", metadata, (size_of(*size),)), dataclasses.replace(whole, hidden=True), *tiles]
    links = [
        Link(b"dimg", 2, (1, 3)),
        Link(b"dimg", 1, tuple(range(4, 4 + count))),
        Link(b"dimg", 3, tuple(range(4 + count, 4 + 2 * count))),
    ]
    image, gain_map = formats.read(file_of(codec, items, links, [Link(b"altr", 99, (2, 1))], (b"tmap",)))
    np.testing.assert_array_equal(image.pixels, canvas[: size[1], : size[0]])
    np.testing.assert_array_equal(gain_map.codes, codes[: size[1], : size[0]])


def test_turns_say_every_orientation_with_two_properties_at_most():
    for orientation in range(1, 9):
        found = heif.turns(orientation)
        assert len(found) <= 2
        assert transforms.shown([(p.name, p.body) for p in found], 4, 3) == ((0, 0, 4, 3), orientation)
