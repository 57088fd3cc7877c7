"""Gain maps that are whole and of a kind that is not known: the base is read, and one line says what is left out."""

import dataclasses
import io
import struct

import numpy as np
import pytest
from PIL import Image as Pillow
from test_heif_variants import CODECS, PACKET, coded, file_of, grey, tone_mapped
from test_ultrahdr_variants import ISO, MARKER, NUMBERS, PLAIN, announced, iso, jpeg, photo, xmp

from untone import formats, pipeline
from untone.apps.inspection.validation.files import findings
from untone.errors import DamagedError, UnsupportedError
from untone.formats.heif import avif
from untone.formats.heif import items as heif_items
from untone.formats.heif.item_writer import NewItem, heif_file
from untone.formats.heif.items import Link, Property
from untone.formats.jpeg import apple
from untone.formats.jpeg.segments import APP1, APP2, XMP_TAG, parse, segment
from untone.formats.metadata.iso21496 import Metadata, iso_to_metadata, metadata_to_iso
from untone.image import GainMap

NEWER = segment(APP2, ISO + b"\0\1\0\3" + bytes(57))
OLDER = metadata_to_iso(Metadata((0.0,) * 3, (2.0,) * 3, alternate_headroom_stops=2.0))


def is_left_out(data: bytes, words: str) -> None:
    """Base and line by every door."""
    image, gain_map = formats.read(data)
    found = formats.probe(data)
    assert (gain_map, found.gain_map) == (None, None)
    assert image.left_out == found.left_out == found.warnings[-1]
    assert found.left_out.startswith("the gain map is left out: ")
    assert words in found.left_out
    assert found.as_dict()["left_out"] == found.left_out
    assert any(finding.broken for finding in findings(data))


def small(pixels) -> np.ndarray:
    return np.ascontiguousarray(pixels[::2, ::2, :1])


def test_a_jpeg_for_newer_readers(pixels):
    data = photo(pixels, MARKER, images=[jpeg(small(pixels), NEWER)])
    is_left_out(data, "needs a reader of version 1 (its writer's is 3); this one knows 0")
    np.testing.assert_array_equal(formats.read(data)[0].pixels, formats.read(photo(pixels, images=[]))[0].pixels)
    assert "newer-reader" in [finding.rule for finding in findings(data)]


def test_xmp_stands_in_for_iso_for_newer_readers(pixels):
    """As in Chromium."""
    data = photo(pixels, announced(9), MARKER, images=[jpeg(small(pixels), NEWER, xmp(NUMBERS))])
    image, gain_map = formats.read(data)
    assert (gain_map.max_stops, gain_map.alternate_headroom_stops, image.left_out) == ((2.5,) * 3, 2.5, None)
    assert "the XMP is used" in formats.probe(data).warnings[0]


def test_damaged_iso_is_not_passed_over(pixels):
    """Only what cannot be known is left out: what is wrong is refused."""
    broken = segment(APP2, ISO + bytes(61))
    with pytest.raises(DamagedError, match="zero denominator"):
        formats.read(photo(pixels, announced(9), MARKER, images=[jpeg(small(pixels), broken, xmp(NUMBERS))]))


@pytest.mark.parametrize("flags", [0x44, 0x60, 0x53])
def test_flags_that_mean_nothing_any_more_change_nothing(flags):
    """Chromium shows files with the draft's backward flag by their headrooms; libavif skips the reserved bits."""
    plain = iso_to_metadata(OLDER)
    assert iso_to_metadata(OLDER[:4] + bytes((flags,)) + OLDER[5:]) == plain


@pytest.mark.parametrize("version", ["1.1", "2.0"])
def test_a_jpeg_with_newer_xmp(pixels, version):
    packet = xmp(NUMBERS.replace("1.0", version))
    is_left_out(photo(pixels, announced(9), images=[jpeg(small(pixels), packet)]), version)


def cmyk(*segments: bytes) -> bytes:
    stream = io.BytesIO()
    Pillow.new("CMYK", (16, 12), 9).save(stream, "jpeg")
    data = stream.getvalue()
    return b"\xff\xd8" + b"".join(segments) + data[parse(data).segments[0].end :]


def test_a_jpeg_whose_map_is_coded_in_a_way_that_is_not_read(pixels):
    is_left_out(photo(pixels, MARKER, images=[cmyk(iso(PLAIN))]), "CMYK")
    lossless = jpeg(small(pixels), iso(PLAIN))
    place = next(s.start for s in parse(lossless).segments if s.marker == 0xC0)
    lossless = lossless[: place + 1] + b"\xc3" + lossless[place + 2 :]
    is_left_out(photo(pixels, MARKER, images=[lossless]), "lossless or hierarchical")


APPLE = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:HDRGainMap="http://ns.apple.com/HDRGainMap/1.0/" '
    b'HDRGainMap:HDRGainMapVersion="65536"/></rdf:RDF></x:xmpmeta>'
)


def test_apples_map_without_a_headroom(pixels):
    is_left_out(photo(pixels, images=[jpeg(small(pixels), segment(APP1, XMP_TAG + APPLE))]), "no usable headroom")


def test_untone_leaves_alone_what_other_viewers_show(pixels):
    """A map that is predicted would take the place of a real one."""
    for data, words in (
        (photo(pixels, MARKER, images=[jpeg(small(pixels), NEWER)]), "needs a reader of version 1"),
        (photo(pixels, announced(9), images=[jpeg(small(pixels), xmp(NUMBERS.replace("1.0", "2.0")))]), "'2.0'"),
        (photo(pixels, MARKER, images=[cmyk(segment(APP2, ISO + OLDER))]), "CMYK"),
    ):
        done = pipeline.convert(data, None)
        assert (done.data, done.note) == (None, None)
        assert done.left_alone.startswith("it already carries a gain map, which is not read here (")
        assert words in done.left_alone


def test_untone_gives_a_map_where_nobody_shows_the_one_that_is_there(pixels):
    done = pipeline.convert(photo(pixels, images=[jpeg(small(pixels), segment(APP1, XMP_TAG + APPLE))]), None)
    assert done.left_alone is None
    assert "no usable headroom" in done.note
    assert formats.probe(done.data).gain_map.encodings == ["iso21496-1", "hdrgm-xmp"]
    assert APPLE not in done.data


def test_untone_gives_a_map_where_one_is_announced_and_missing(pixels):
    done = pipeline.convert(photo(pixels, announced(9), images=[]), None)
    assert (done.left_alone, findings(done.data)) == (None, [])


def test_a_headroom_that_is_no_number_is_none():
    """A zero denominator in tag 0x21 of the MakerNote once counted as a headroom of 8."""
    row = struct.pack(">HHII", 0x21, 10, 1, len(apple.MAKER_TAG) + 2 + 12 + 4)
    assert apple.headroom_stops(b"", apple.MAKER_TAG + b"\0\1" + row + bytes(4) + struct.pack(">ii", 1, 0)) is None
    assert apple.headroom_stops(b"", apple.MAKER_TAG + b"\0\1" + row + bytes(4) + struct.pack(">ii", 1, 1)) == 3.0


def with_payload(codec, pixels, payload: bytes, *more: NewItem, links=()) -> bytes:
    data = tone_mapped(codec, coded(codec, pixels), coded(codec, grey(), (2, 2, 6)), *more, links=links)
    meta = heif_items.parse(data)
    items = [
        NewItem(i.kind, heif_items.item_bytes(data, i), i.properties, i.hidden, i.content_type)
        for _, i in sorted(meta.items.items())
    ]
    items[1] = dataclasses.replace(items[1], data=payload)
    return b"".join(heif_file(meta.brands, items, meta.references, meta.groups))


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize(
    ("payload", "words"),
    [(b"\1" + OLDER, "tmap item is of version 1"), (b"\0\0\1\0\1" + OLDER[4:], "needs a reader of version 1")],
    ids=["item", "payload"],
)
def test_a_tmap_for_newer_readers(codec, pixels, payload, words):
    is_left_out(with_payload(codec, pixels, payload), words)


def test_the_auxiliary_map_stands_in_for_a_tmap_for_newer_readers(pixels):
    """A file may have both, for older viewers."""
    kind = Property(b"auxC", bytes(4) + b"urn:com:photo:aux:hdrgainmap\0")
    other = coded(avif.CODEC, grey(), (2, 2, 6))
    items = [
        dataclasses.replace(other, hidden=True, properties=(*other.properties, kind)),
        NewItem(b"mime", PACKET % b"", content_type=b"application/rdf+xml"),
    ]
    links = [Link(b"auxl", 4, (1,)), Link(b"cdsc", 5, (4,))]
    data = with_payload(avif.CODEC, pixels, b"\1" + OLDER, *items, links=links)
    image, gain_map = formats.read(data)
    assert (gain_map.max_stops, gain_map.encodings, image.left_out) == ((2.5,) * 3, ("hdrgm-xmp",), None)
    assert formats.probe(data).warnings[-1].startswith("the auxiliary gain map is used: the tmap item is of version 1")


def test_a_map_of_another_codec_and_one_in_another_file(pixels):
    base, codes = coded(avif.CODEC, pixels), coded(avif.CODEC, grey(), (2, 2, 6))
    is_left_out(tone_mapped(avif.CODEC, base, dataclasses.replace(codes, kind=b"hvc1")), "hvc1")
    data = bytearray(tone_mapped(avif.CODEC, base, codes))
    rows = data.index(b"iloc") + 12  # version 0: item, file, extents, offset, length
    struct.pack_into(">H", data, rows + 2 * 14 + 2, 1)
    is_left_out(bytes(data), "another file")


def test_a_base_that_is_not_read_is_refused_all_the_same(pixels):
    base = dataclasses.replace(coded(avif.CODEC, pixels), kind=b"hvc1")
    for data in (tone_mapped(avif.CODEC, base, coded(avif.CODEC, grey(), (2, 2, 6))), file_of(avif.CODEC, [base])):
        for function in (formats.read, formats.probe):
            with pytest.raises(UnsupportedError, match="hvc1"):
                function(data)


@pytest.mark.parametrize(("place", "words"), [(4, "jhgm box is of version"), (8, "needs a reader of version")])
def test_a_jpeg_xl_for_newer_readers(pixels, gain_map, place, words):
    image = formats.read(photo(pixels, images=[]))[0]
    data = bytearray(formats.write(None, image, gain_map, format="jxl"))
    data[data.index(b"jhgm") + place] = 1
    is_left_out(bytes(data), words)


def test_a_jpeg_that_stays_a_jpeg_keeps_the_map_it_came_with(pixels):
    data = photo(pixels, MARKER, images=[jpeg(small(pixels), NEWER)])
    image, _ = formats.read(data)
    assert formats.write(None, image, format="jpeg") == data
    made = GainMap(small(pixels), (0.0,) * 3, (1.0,) * 3)
    again, gain_map = formats.read(formats.write(None, image, made, format="jpeg"))
    assert (gain_map.max_stops, again.left_out) == ((1.0,) * 3, None)


ZZZZ = Property(b"zzzz", b"1234", True)


@pytest.mark.parametrize("index", [1, 2], ids=["tmap", "map"])
def test_a_property_that_readers_must_know(pixels, index):
    data = tone_mapped(avif.CODEC, coded(avif.CODEC, pixels), coded(avif.CODEC, grey(), (2, 2, 6)))
    meta = heif_items.parse(data)
    items = [
        NewItem(i.kind, heif_items.item_bytes(data, i), i.properties, i.hidden) for _, i in sorted(meta.items.items())
    ]
    items[index] = dataclasses.replace(items[index], properties=(*items[index].properties, ZZZZ))
    data = b"".join(heif_file(meta.brands, items, meta.references, meta.groups))
    is_left_out(data, f"item {index + 1} has the essential property 'zzzz', which is not known")
    items[0] = dataclasses.replace(items[0], properties=(*items[0].properties, ZZZZ))
    with pytest.raises(UnsupportedError, match="item 1 has the essential property"):
        formats.probe(b"".join(heif_file(meta.brands, items, meta.references, meta.groups)))


def test_a_tmap_that_takes_the_base_for_its_map(pixels):
    data = tone_mapped(avif.CODEC, coded(avif.CODEC, pixels), coded(avif.CODEC, grey(), (2, 2, 6)))
    dimg = struct.pack(">4s2H", b"dimg", 2, 2)
    assert data.count(dimg) == 1
    is_left_out(data.replace(dimg + b"\0\1\0\3", dimg + b"\0\3\0\1"), "takes the primary item, 1, for its gain map")
