"""AVIF and HEIC that stray from the beaten track: sequences without a still, what is missing, what others refuse."""

import dataclasses
import struct

import numpy as np
import pytest
from test_heif_variants import CODECS, NAMES, coded, file_of, needs_codec, with_properties

from untone import formats
from untone.errors import DamagedError, UnsupportedError
from untone.formats.common.isobmff import box, full_box
from untone.formats.heif import avif, codestream, heic
from untone.formats.heif import encoding as heif_output
from untone.formats.heif import grid as heif_grid
from untone.formats.heif.item_writer import NewItem
from untone.formats.heif.items import Link, Property


def visual_entry(item: NewItem) -> bytes:
    """A sample entry with the size and the properties of a still."""
    size = next(p.body[4:] for p in item.properties if p.name == b"ispe")
    width, height = struct.unpack(">II", size)
    fixed = bytes(6) + struct.pack(">H", 1) + bytes(16) + struct.pack(">HH", width, height) + bytes(50)
    return box(item.kind, fixed, *(box(p.name, p.body) for p in item.properties if p.name != b"ispe"))


def track(entry: bytes, sizes: bytes, places: bytes, handler: bytes = b"pict") -> bytes:
    table = box(b"stbl", full_box(b"stsd", 0, 0, struct.pack(">I", 1), entry), sizes, places)
    hdlr = full_box(b"hdlr", 0, 0, bytes(4), handler, bytes(13))
    return box(b"trak", box(b"mdia", hdlr, box(b"minf", table)))


def movie(
    item: NewItem, *, wide: bool = False, alike: bool = False, before: bytes = b"", brand: bytes = b"avis"
) -> bytes:
    """A sequence of the same picture twice, whose first track is one of sound, or a still's table before it."""
    head = box(b"ftyp", brand, bytes(4), brand, b"msf1") + before

    def moov(place: int) -> bytes:
        listed = b"" if alike else struct.pack(">II", len(item.data), len(item.data))
        sizes = full_box(b"stsz", 0, 0, struct.pack(">II", len(item.data) if alike else 0, 2), listed)
        places = full_box(b"co64" if wide else b"stco", 0, 0, struct.pack(">IQ" if wide else ">II", 1, place))
        sound = track(box(b"mp4a", bytes(28)), sizes, places, b"soun")
        return box(b"moov", sound, track(visual_entry(item), sizes, places))

    return head + moov(len(head) + len(moov(0)) + 8) + box(b"mdat", item.data, item.data)


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize(("wide", "alike"), [(False, False), (True, True)])
def test_the_first_picture_of_a_sequence_without_a_still(pixels, codec, wide, alike):
    item = coded(codec, pixels, (12, 13, 0))
    data = movie(item, wide=wide, alike=alike, brand=b"avis" if codec is avif.CODEC else b"hevc")
    image, gain_map = formats.read(data)
    assert (gain_map, image.primaries) == (None, "p3")
    np.testing.assert_array_equal(image.pixels, pixels)
    found = formats.probe(data)
    assert (found.width, found.height) == (32, 24)
    assert found.warnings == ["only the first picture of the image sequence is read"]


def test_items_without_a_primary_one_give_way_to_a_sequence(pixels):
    hdlr = full_box(b"hdlr", 0, 0, bytes(4), b"pict", bytes(13))
    data = movie(coded(avif.CODEC, pixels), before=full_box(b"meta", 0, 0, hdlr))
    np.testing.assert_array_equal(formats.read(data)[0].pixels, pixels)


@pytest.mark.parametrize(
    ("broken", "error", "message"),
    [
        (lambda d: d.replace(b"stsd", b"free"), DamagedError, "stsd"),
        (lambda d: d.replace(b"stco", b"free"), DamagedError, "stco"),
        (lambda d: d.replace(b"stsz", b"stz2"), UnsupportedError, "sizes"),
        (lambda d: d.replace(b"av01", b"vp09"), UnsupportedError, "no still image"),
        (lambda d: d.replace(b"moov", b"free"), UnsupportedError, "moov"),
        (lambda d: d[: d.index(b"mdat") + 40], DamagedError, "mdat"),
        (
            lambda d: d.replace(b"stsz\0\0\0\0\0\0\0\0\0\0\0\2", b"stsz\0\0\0\0\0\0\0\0\0\0\0\0"),
            UnsupportedError,
            "empty",
        ),
    ],
)
def test_broken_sequences(pixels, broken, error, message):
    with pytest.raises(error, match=message):
        formats.read(broken(movie(coded(avif.CODEC, pixels))))


def test_a_sequence_that_leads_beyond_the_file(pixels):
    data = movie(coded(avif.CODEC, pixels))
    place = data.rindex(b"stco") + 12
    with pytest.raises(DamagedError, match="beyond the file"):
        formats.read(data[:place] + b"\x7f" + data[place + 1 :])


def test_kinds_of_files_that_are_not_read():
    with pytest.raises(UnsupportedError, match="mini box"):
        formats.probe(box(b"ftyp", b"mif3", b"avif") + box(b"mini", bytes(40)))
    with pytest.raises(UnsupportedError, match="version 32"):
        formats.probe(box(b"ftyp", b"heic", bytes(4)) + full_box(b"meta", 32, 0, bytes(40)))


@pytest.mark.parametrize("kind", [b"Exif", b"mime"])
def test_empty_metadata_is_told_and_passed_over(pixels, kind):
    empty = NewItem(kind, b"", content_type=b"application/rdf+xml")
    data = file_of(avif.CODEC, [coded(avif.CODEC, pixels), empty], [Link(b"cdsc", 2, (1,))])
    image, _ = formats.read(data)
    assert (image.exif, image.xmp) == (None, None)
    assert formats.probe(data).warnings == [f"item 2 ({kind.decode()}) is empty"]


@needs_codec
@pytest.mark.parametrize("size", [(24, 32), (17, 29), (1, 1)])
def test_a_size_that_only_the_codec_knows(size):
    codes = np.random.default_rng(5).integers(0, 256, (*size, 3), np.uint8)
    item = coded(heic.CODEC, codes)
    item = dataclasses.replace(item, properties=tuple(p for p in item.properties if p.name != b"ispe"))
    data = file_of(heic.CODEC, [item])
    assert (formats.probe(data).height, formats.probe(data).width) == size
    np.testing.assert_array_equal(formats.read(data)[0].pixels, codes)
    assert codestream.hevc_size(b"\1" * 23) is None


@pytest.mark.parametrize("name", NAMES)
def test_turns_that_are_not_essential_are_refused_where_every_viewer_does(pixels, name):
    codec = avif.CODEC if name == "avif" else heic.CODEC
    data = file_of(codec, [with_properties(coded(codec, pixels), Property(b"irot", b"\1"))])
    if codec is heic.CODEC:
        assert formats.read(data)[0].orientation == 8
        return
    for function in (formats.read, formats.probe):
        with pytest.raises(DamagedError, match="irot of item 1 is not marked as essential"):
            function(data)


def test_a_grid_of_cells_with_different_setups():
    cells = [coded(avif.CODEC, np.zeros((64, 64, n), np.uint8), (2, 2, m)) for n, m in ((3, 0), (1, 6))]
    size = Property(b"ispe", struct.pack(">III", 0, 128, 64))
    grid = NewItem(b"grid", struct.pack(">BBBBHH", 0, 0, 0, 1, 128, 64), (size,))
    with pytest.raises(DamagedError, match="cells with different av1C"):
        formats.probe(file_of(avif.CODEC, [grid, *cells], [Link(b"dimg", 1, (2, 3))]))


def ycgco_r(colours: np.ndarray) -> np.ndarray:
    """Co, Y, Cg of R, G, B (ITU-T H.273, 8.3), the differences around zero."""
    red, green, blue = (colours[:, :, n].astype(int) for n in range(3))
    co = red - blue
    less = blue + (co >> 1)
    cg = green - less
    return np.stack([co, less + (cg >> 1), cg], axis=2)


@pytest.mark.parametrize(("matrix", "bits", "more"), [(16, 10, 2), (16, 12, 2), (17, 10, 1)])
def test_a_matrix_that_loses_nothing(matrix, bits, more):
    """White, black, grey, primaries and noise; worked by hand: red of 255 is Co 255, Cg -127, Y 63."""
    top = (1 << (bits - more)) - 1
    np.testing.assert_array_equal(ycgco_r(np.array([[[255, 0, 0]]])), [[[255, 63, -127]]])
    known = np.array([[[1, 1, 1], [0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0]]]) * top
    colours = np.concatenate([np.repeat(known, 3, 1), np.random.default_rng(1).integers(0, top + 1, (8, 18, 3))])
    codes = (ycgco_r(colours) + np.array([1, 0, 1]) * (1 << (bits - 1))).astype(np.uint16)
    (item,), _ = heif_grid.carried_items(avif.CODEC.encode(codes, bits, 100, (1, 13, 0), False))
    kept = tuple(p for p in item.properties if p.name != b"colr")
    data = file_of(avif.CODEC, [dataclasses.replace(item, properties=(*kept, heif_output.nclx(1, 13, matrix)))])
    found = formats.read(data)[0].pixels
    np.testing.assert_allclose(found / 65535, colours / top, atol=1.01 / (1 << bits))


@pytest.mark.parametrize(("kind", "name"), [(b"unci", "uncompressed"), (b"jpeg", "JPEG"), (b"hvc1", "HEVC")])
def test_codecs_that_are_not_read_are_named(pixels, kind, name):
    item = dataclasses.replace(coded(avif.CODEC, pixels), kind=kind)
    with pytest.raises(UnsupportedError, match=rf"coded as {kind.decode()} \({name}, which is not read there\)"):
        formats.probe(file_of(avif.CODEC, [item]))
