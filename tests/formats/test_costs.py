"""Files that are small and ask for much: each is refused, or read at a cost in proportion to its size.

Before they were bounded, each of these took minutes or gigabytes; the suite's own time limit is what catches a return.
"""

import struct
import tracemalloc
import zlib

import imagecodecs
import numpy as np
import pytest

from untone import formats
from untone.errors import DamagedError, LimitError, UntoneError
from untone.formats import location, webp
from untone.formats.common import limits
from untone.formats.common.isobmff import box, full_box
from untone.formats.exr import codec as exr
from untone.formats.heif import avif, codestream, item_writer
from untone.formats.heif import decoding as heif
from untone.formats.heif import items as heif_items
from untone.formats.heif.item_writer import NewItem, heif_file
from untone.formats.heif.items import Item, Link, Meta, Property
from untone.formats.jpeg import gcontainer, segments, ultrahdr, xmp_segments
from untone.formats.jxl import codec as jxl
from untone.formats.metadata import exif, xmp
from untone.formats.png import codec as png_codec
from untone.formats.png.idat import chunk
from untone.formats.profiles import chromaticities, icc
from untone.formats.profiles.icc import named_profile
from untone.formats.tiff import codec as tiff
from untone.image import Image

RDF = f'xmlns:rdf="{xmp.RDF}"'


def packet(body: str) -> bytes:
    return f"<rdf:RDF {RDF}>{body}</rdf:RDF>".encode()


def png(rows: bytes, *, interlaced: int = 0, width: int = 8, height: int = 6) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, interlaced))
    return png_codec.SIGNATURE + head + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def grid_of(tiles: int) -> Meta:
    size = Property(b"ispe", struct.pack(">III", 0, 8, 8))
    setup = Property(b"av1C", b"\x81\0\0\0")
    items = {n: Item(n, b"av01", properties=(size, setup), extents=((0, 1000),)) for n in range(2, tiles + 2)}
    items[1] = Item(1, b"grid", properties=(size,), extents=((0, 8),))
    return Meta((b"avif",), 1, items, (Link(b"dimg", 1, tuple(range(2, tiles + 2))),), ())


# XMP


def test_descriptions_in_descriptions_are_looked_at_once():
    depth = 30_000
    body = f'<rdf:Description xmlns:h="{xmp.HDRGM}"><h:A>' + "<rdf:Description><h:A>" * depth
    body += "<rdf:Seq><rdf:li>7</rdf:li></rdf:Seq>" + "</h:A></rdf:Description>" * (depth + 1)
    assert xmp.properties(packet(body), xmp.HDRGM) == {"A": ("",)}


def test_a_sequence_is_still_found_below_its_property():
    body = f'<rdf:Description xmlns:h="{xmp.HDRGM}"><h:A><rdf:Seq><rdf:li>1</rdf:li><rdf:li>2</rdf:li></rdf:Seq></h:A>'
    assert xmp.properties(packet(body + "</rdf:Description>"), xmp.HDRGM) == {"A": ("1", "2")}


def test_more_tags_than_any_packet_has_are_refused():
    with pytest.raises(LimitError, match="tags"):
        xmp.parse(packet("<a/>" * limits.MAX_XML_TAGS))


def test_an_error_quotes_a_value_but_not_all_of_it():
    rows = "<rdf:li>1</rdf:li>" * 100_000
    body = f'<rdf:Description xmlns:h="{xmp.HDRGM}" h:HDRCapacityMax="1"><h:GainMapMax><rdf:Seq>{rows}</rdf:Seq>'
    found = xmp.properties(packet(body + "</h:GainMapMax></rdf:Description>"), xmp.HDRGM)
    with pytest.raises(DamagedError, match="one or three") as caught:
        xmp.xmp_to_metadata(found)
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize("text", ["1_0", "1__0", "_1", "0x1", "1,0", ""])
def test_what_python_takes_for_a_number_is_none(text):
    with pytest.raises(DamagedError, match="must be a number"):
        xmp.xmp_to_metadata({"GainMapMax": (text,), "HDRCapacityMax": ("1",)})


def test_a_thousand_prefixes_and_as_many_descriptions_are_rewritten():
    declared = " ".join(f'xmlns:a{i}="{xmp.HDRGM}"' for i in range(1000))
    body = "".join(f'<rdf:Description a{i}:Version="1.0" b="2"/>' for i in range(1000))
    announced = gcontainer.announce(f"<rdf:RDF {RDF} {declared}>{body}</rdf:RDF>".encode(), 99)
    assert announced.count(b"Version") == 1
    assert announced.count(b'b="2"') == 1000


def test_padding_that_no_end_follows_stays_and_other_padding_goes():
    blanks = b" " * 200_000
    assert gcontainer.without_padding(b"<a>" + blanks + b"</a>") == b"<a>" + blanks + b"</a>"
    assert gcontainer.without_padding(b"<a/>\n" + blanks + b'\n<?xpacket end="w"?>') == b'<a/>\n<?xpacket end="w"?>'
    assert gcontainer.without_padding(b'<a/><?xpacket end="w"?>') == b'<a/><?xpacket end="w"?>'


def test_a_place_is_found_by_its_namespace_however_often_it_is_begun():
    exif_namespace = f'xmlns:e="{location.EXIF_NAMESPACE}" ' + " ".join(
        f'xmlns:e{i}="{location.EXIF_NAMESPACE}"' for i in range(2000)
    )
    begun = "<!-- " + "<e:GPSLatitude>" * 20_000 + " -->"
    places = '<rdf:Description e:GPSLatitude="1" e7:GPSLongitude=\'2\' e:Flash="3" x="&lt;"><e9:GPSAltitude>4'
    data = f"\ufeff <rdf:RDF {RDF} {exif_namespace}>{begun}{places}</e9:GPSAltitude><e:GPSStatus/><e:Flash>5</e:Flash>"
    data = (data + "</rdf:Description></rdf:RDF>").encode()
    blind = location.xmp_without_location(data)
    assert len(blind) == len(data)
    rest = b" ".join(blind[blind.index(b"-->") :].split())
    assert rest == b'--><rdf:Description e:Flash="3" x="&lt;"> <e:Flash>5</e:Flash></rdf:Description></rdf:RDF>'


def test_an_extension_is_joined_only_when_its_length_is_right(saved):
    data = saved("JPEG")
    guid = b"0123456789ABCDEF" * 2
    main = segments.XMP_TAG + b'HasExtendedXMP="' + guid + b'"'
    parts = [segments.segment(0xE1, main)]
    for offset in range(4):
        head = xmp_segments.EXTENSION_TAG + guid + struct.pack(">II", 40, 10 * offset)
        parts.append(segments.segment(0xE1, head + b"0123456789"))
    assert xmp_segments.extension(segments.parse(data[:2] + b"".join(parts) + data[2:])) == b"0123456789" * 4
    assert xmp_segments.extension(segments.parse(data[:2] + b"".join(parts[:-1]) + data[2:])) is None


# JPEG


def test_fill_bytes_without_end_are_passed_over(saved):
    data = saved("JPEG")
    assert formats.read(data[:2] + b"\xff" * 5_000_000 + data[2:])[0].width == 32
    with pytest.raises(DamagedError, match="before its image data"):
        formats.read(b"\xff\xd8" + b"\xff" * 5_000_000)


def test_segments_without_end_after_the_first_scan_are_refused(saved):
    data = saved("JPEG")
    with pytest.raises(LimitError, match="after its first scan"):
        formats.read(data[:-2] + segments.segment(0xE5, b"") * limits.MAX_SEGMENTS + b"\xff\xd9")


def test_images_after_the_photo_are_looked_at_up_to_a_number(saved, gain_map):
    """Each may have a packet as large as a segment, which has to be parsed."""
    data = formats.write(None, formats.read(saved("JPEG"))[0], gain_map)
    start = ultrahdr.locate(data).gain_map.start
    packet = b"<a>" + xmp.HDRGM.encode() + b"<b/>" * 1000 + b"</a>"
    frame = b"\xff\xc0\0\x0b\x08\0\x01\0\x01\x01\x01\x11\0\xff\xda\0\x02"
    other = b"\xff\xd8" + segments.segment(0xE1, segments.XMP_TAG + packet) + frame
    assert formats.probe(data[:start] + other * 3 + data[start:]).gain_map is not None
    unindexed = data[:start].replace(b"MPF\0", b"XPF\0")
    assert formats.probe(unindexed + other * (limits.MAX_MPF_IMAGES - 1) + data[start:]).gain_map is not None
    assert formats.probe(unindexed + other * limits.MAX_MPF_IMAGES + data[start:]).gain_map is None


def test_images_after_the_photo_have_few_segments(saved, gain_map, monkeypatch):
    """16 MB of images of 4000 segments each took 10 seconds, as each of 256 was looked through whole."""
    data = formats.write(None, formats.read(saved("JPEG"))[0], gain_map)
    photo = data[: ultrahdr.locate(data).gain_map.start].replace(b"MPF\0", b"XPF\0")
    seen, look = [], segments._segment
    monkeypatch.setattr(segments, "_segment", lambda *place: seen.append(place) or look(*place))
    other = b"\xff\xd8" + segments.segment(0xE5, b"") * 4000 + b"\xff\xda\0\2"
    assert formats.probe(photo + other * 300).gain_map is None
    assert len(seen) <= limits.MAX_CANDIDATES * (limits.MAX_SECONDARY_SEGMENTS + 2)
    assert formats.probe(data).gain_map is not None


def test_a_gain_map_may_have_the_longest_profile(saved, gain_map):
    data = formats.write(None, formats.read(saved("JPEG"))[0], gain_map)
    start = ultrahdr.locate(data).gain_map.start
    longer = data[: start + 2] + segments.segment(0xE2, b"x") * 255 + data[start + 2 :]
    assert formats.probe(longer).gain_map is not None


# EXIF


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_gps_directory_that_is_the_main_one_is_taken_out(order):
    """It blanked the count of the main directory, which then became -1."""
    rows = struct.pack(order + "HHIHHHHII", 0x0112, 3, 1, 6, 0, 0x8825, 4, 1, 8)
    block = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "IH", 8, 2) + rows + bytes(4)
    blind = exif.without_location(block)
    assert len(blind) == len(block)
    assert not exif.location_in(blind)


# AVIF and HEIC


def test_a_grid_of_as_many_tiles_as_there_may_be_is_looked_through_once():
    meta = grid_of(limits.MAX_ITEMS - 1)
    assert heif.derivation(meta, 1) == list(range(1, limits.MAX_ITEMS + 1))
    with pytest.raises(LimitError, match="made of more than"):
        heif.derivation(grid_of(limits.MAX_ITEMS), 1)


def test_references_are_looked_up_not_searched():
    links = tuple(Link(b"dimg", n, (n + 1,)) for n in range(1, limits.MAX_ITEMS))
    meta = Meta((), 1, {}, (*links, Link(b"dimg", 1, (99,))), ())
    assert sum(meta.targets(b"dimg", n)[0] for n in range(1, limits.MAX_ITEMS)) == sum(range(2, limits.MAX_ITEMS + 1))
    assert meta.targets(b"cdsc", 1) == ()


def test_tiles_that_share_all_of_the_file_are_refused_before_they_are_joined():
    data = bytes(1 << 20)
    meta = grid_of(limits.MAX_ITEMS - 1)
    shared = {n: Item(n, i.kind, properties=i.properties, extents=((0, 1 << 20),)) for n, i in meta.items.items()}
    meta = Meta(meta.brands, 1, shared, meta.references, ())
    with pytest.raises(DamagedError, match="parts of item 1 have"):
        heif.alone(data, meta, 1, avif.CODEC)


def test_tables_of_items_are_written_once(monkeypatch):
    """Once more for where the data begin: of thousands of tiles, all but their places stays the same."""
    made, info = [], item_writer._info
    monkeypatch.setattr(item_writer, "_info", lambda number, item: made.append(number) or info(number, item))
    items = [NewItem(b"av01", bytes((n % 256,)) * (1 + n % 3)) for n in range(1, 301)]
    data = b"".join(heif_file((b"avif",), items, [Link(b"dimg", 1, tuple(range(2, 301)))]))
    assert made == list(range(1, 301))
    meta = heif_items.parse(data)
    assert [heif_items.item_bytes(data, meta.item(n)) for n in range(1, 301)] == [item.data for item in items]


def test_items_are_told_apart_in_one_pass(monkeypatch):
    """A new search for each of them took a third of the time."""
    begun, split = [], heif_items.boxes
    monkeypatch.setattr(heif_items, "boxes", lambda *place: begun.append(place) or split(*place))
    heif_items.parse(b"".join(heif_file((b"avif",), [NewItem(b"av01", b"x")] * 500)))
    assert len(begun) < 10


def test_no_more_items_are_told_apart_than_there_may_be():
    infos = full_box(b"infe", 2, 0, struct.pack(">HH4sx", 1, 0, b"av01")) * (limits.MAX_ITEMS + 1)
    head = full_box(b"hdlr", 0, 0, bytes(4), b"pict", bytes(13)) + full_box(b"pitm", 0, 0, b"\0\1")
    head += full_box(b"iloc", 0, 0, b"\x44\0\0\0") + full_box(b"iinf", 0, 0, b"\0\1", infos)
    with pytest.raises(LimitError, match="more than 8192 boxes"):
        heif_items.parse(box(b"ftyp", b"avif", bytes(4)) + full_box(b"meta", 0, 0, head))
    few = box(b"free") * 5
    assert len(list(heif_items.boxes(few, 0, len(few), 5))) == 5
    with pytest.raises(LimitError, match="more than 4 boxes"):
        list(heif_items.boxes(few, 0, len(few), 4))


def test_equal_tiles_may_be_stored_once():
    meta = grid_of(500)
    items, _ = item_writer.carried(bytes(1000), meta, 1, heif.derivation(meta, 1))
    assert len(items) == 501


def test_thousands_of_properties_are_numbered_in_one_pass():
    properties = [tuple(Property(b"test", struct.pack(">II", n, k)) for k in range(4)) for n in range(4000)]
    data = b"".join(heif_file((b"avif",), [NewItem(b"av01", b"x", p) for p in properties]))
    (outer,) = (b for b in heif_items.boxes(data, 0, len(data)) if b.name == b"meta")
    assert data.count(b"test", outer.start, outer.end) == 16_000


def meta_file(*parts: bytes) -> bytes:
    head = full_box(b"hdlr", 0, 0, bytes(4), b"pict", bytes(13)) + full_box(b"pitm", 0, 0, b"\0\1")
    head += full_box(b"iloc", 0, 0, b"\x44\0\0\0") + full_box(b"iinf", 0, 0, b"\0\0")
    return box(b"ftyp", b"avif", bytes(4)) + full_box(b"meta", 0, 0, head, *parts)


def test_one_item_has_no_more_properties_than_a_file_can_say():
    ipco = box(b"ipco", box(b"irot", b"\0"))
    row = b"\0\1\xff" + b"\1" * 255
    once = full_box(b"ipma", 0, 0, struct.pack(">I", 1), row)
    assert heif_items.parse(meta_file(box(b"iprp", ipco, once))).items == {}
    with pytest.raises(LimitError, match="item 1 has more than 255 properties"):
        heif_items.parse(meta_file(box(b"iprp", ipco, once, once)))


def test_associations_and_groups_count_over_all_their_boxes():
    ipco = box(b"ipco", box(b"irot", b"\0"))
    rows = b"".join(struct.pack(">HB", n, 100) + b"\1" * 100 for n in range(1, 401))
    boxes = [full_box(b"ipma", 0, 0, struct.pack(">I", 400), rows) for _ in range(2)]
    with pytest.raises(LimitError, match="associations"):
        heif_items.parse(meta_file(box(b"iprp", ipco, *boxes)))
    group = full_box(b"altr", 0, 0, struct.pack(">II", 9, 40_000), bytes(160_000))
    with pytest.raises(LimitError, match="entities"):
        heif_items.parse(meta_file(box(b"grpl", group, group)))


def test_parts_that_take_no_bytes_to_list_are_refused():
    """Found by fuzzing: 159 bytes listed 25,000 of them."""
    row = struct.pack(">HHH", 1, 0, 25_000)
    head = full_box(b"hdlr", 0, 0, bytes(4), b"pict", bytes(13)) + full_box(b"pitm", 0, 0, b"\0\1")
    head += full_box(b"iloc", 0, 0, struct.pack(">HH", 0, 1), row)
    head += full_box(b"iinf", 0, 0, b"\0\1", full_box(b"infe", 2, 0, struct.pack(">HH4sx", 1, 0, b"av01")))
    with pytest.raises(DamagedError, match="item 1 has 25000 parts"):
        heif_items.parse(box(b"ftyp", b"avif", bytes(4)) + full_box(b"meta", 0, 0, head))


def test_items_that_lie_often_within_items_that_lie_often_in_nothing():
    """Parts that have no bytes in the file: 30,000 of item 1, each in item 2, whose 30,000 are each in item 3."""
    rows = b"".join(struct.pack(">HHHH", number, 2, 0, 30_000) + bytes(30_000) for number in (1, 2))
    infos = [full_box(b"infe", 2, 0, struct.pack(">HH4sx", number, 0, b"av01")) for number in (1, 2, 3)]
    references = [box(b"iloc", struct.pack(">HHH", number, 1, number + 1)) for number in (1, 2)]
    head = full_box(b"hdlr", 0, 0, bytes(4), b"pict", bytes(13)) + full_box(b"pitm", 0, 0, b"\0\1")
    head += full_box(b"iloc", 1, 0, struct.pack(">HH", 0x0001, 2), rows) + full_box(b"iref", 0, 0, *references)
    head += full_box(b"iinf", 0, 0, b"\0\3", *infos)
    with pytest.raises(LimitError, match="items within items"):
        heif_items.parse(box(b"ftyp", b"avif", bytes(4)) + full_box(b"meta", 0, 0, head))


def test_headers_of_codestreams_are_looked_at_as_far_as_headers_go():
    bits = codestream._Bits(bytes(1_000_000))
    bits.take(8 * limits.MAX_BIT_HEADER_BYTES)
    with pytest.raises(DamagedError, match="truncated"):
        bits.take(1)
    empty = b"\x0a\0" * 4_000_000
    assert codestream.av1_code_points(b"\x81\0\0\0" + b"\x12\0" * 4_000_000, empty) == codestream.CodePoints()


# JPEG XL


def test_packed_metadata_is_unpacked_once_not_once_per_box():
    bomb = bytes(imagecodecs.brotli_encode(bytes(limits.MAX_METADATA_BYTES)))
    assert len(bomb) < 1000
    bare = jxl.parse(formats.write(None, Image(np.zeros((6, 8, 3), np.uint8)), format="jxl")).codestream
    packed = box(b"brob", b"Exif", bomb)
    data = jxl.CONTAINER + packed * 4000 + box(b"jxlc", bare)
    assert formats.probe(data).width == 8


def test_packed_metadata_beyond_the_limit_are_refused():
    bomb = bytes(imagecodecs.brotli_encode(bytes(limits.MAX_METADATA_BYTES + 1)))
    with pytest.raises(UntoneError):
        formats.probe(jxl.CONTAINER + box(b"brob", b"xml ", bomb))


# PNG


def test_pixel_data_without_end_are_not_inflated_to_their_end(capfd):
    """3 GB from 3 MB; some bytes too many do no harm, and libpng's opinion of them is not printed."""
    packer = zlib.compressobj(9)
    start = packer.compress(bytes(25 * 6)) + packer.flush(zlib.Z_FULL_FLUSH)
    packed = start + (packer.compress(bytes(1 << 24)) + packer.flush(zlib.Z_FULL_FLUSH)) * 180
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 6, 8, 2, 0, 0, 0))
    data = png_codec.SIGNATURE + head + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
    with pytest.raises(DamagedError, match="too many"):
        formats.read(data)
    assert (formats.read(png(bytes(25 * 6 + 3000)))[0].pixels == 0).all()
    assert capfd.readouterr() == ("", "")


def test_bytes_after_the_end_of_the_pixel_data_are_not_gathered(capfd):
    whole = png(bytes(25 * 6))
    more = chunk(b"IDAT", bytes(8 << 20)) * 8
    assert (formats.read(whole[:-12] + more + whole[-12:])[0].pixels == 0).all()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("size", [25 * 6 - 1, 0])
def test_pixel_data_that_end_early_are_refused(size):
    with pytest.raises(DamagedError, match=f"hold {size} of 150 bytes"):
        formats.read(png(bytes(size)))


def test_one_long_piece_of_pixel_data_is_inflated_in_steps():
    noise = np.random.default_rng(1).integers(0, 256, (2000, 3001), np.uint8)
    noise[:, 0] = 0
    data = png(noise.tobytes(), width=1000, height=2000)
    assert (formats.read(data)[0].pixels.reshape(2000, 3000) == noise[:, 1:]).all()


def test_interlaced_pictures_are_read_in_silence(capfd):
    sizes = [(c, r) for c, r in ((1, 1), (1, 1), (2, 1), (2, 2), (4, 1), (4, 3), (8, 3)) if c and r]
    rows = b"".join((b"\0" + bytes([k] * 3 * columns)) * lines for k, (columns, lines) in enumerate(sizes, 1))
    seen = formats.read(png(rows + bytes(1000), interlaced=1))[0].pixels[..., 0]
    assert seen[0].tolist() == [1, 6, 4, 6, 2, 6, 4, 6]
    assert seen[1].tolist() == [7] * 8
    assert capfd.readouterr() == ("", "")


# TIFF, ICC, WebP, EXR, Radiance


def test_a_tiff_tag_counts_once():
    size = 4 << 20
    rows = [(tiff.WIDTH, 3, 1, 2), (tiff.HEIGHT, 3, 1, 2), *[(tiff.ICC, 7, size, 8)] * 60_000]
    head = struct.pack("<2sHIH", b"II", 42, 8 + size, len(rows))
    packed = b"".join(struct.pack("<HHII", *row) for row in rows)
    tags = tiff.parse_tags(head[:8] + bytes(size) + head[8:] + packed)
    assert tags[tiff.ICC] == bytes(size)
    first = tiff.parse_tags(
        struct.pack("<2sHIH", b"II", 42, 8, 2) + struct.pack("<HHIIHHII", 256, 3, 1, 2, 256, 3, 1, 9)
    )
    assert first[tiff.WIDTH] == (2,)


def test_tags_that_share_their_bytes_are_not_copied():
    size = 8 << 20
    rows = b"".join(struct.pack(">4sII", b"t%03d" % n, 132 + 12 * 128, size) for n in range(128))
    profile = bytes(36) + b"acsp" + bytes(88) + struct.pack(">I", 128) + rows + bytes(size)
    tracemalloc.start()
    assert icc.describe(profile).primaries is None
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < size


def test_a_profile_has_a_short_name():
    text = "x" * 5000
    profile = icc._profile([(b"desc", icc._text(text)), (b"cprt", icc._text("CC0"))])
    assert icc.describe(profile).description == "x" * 120
    assert icc.describe(named_profile("p3", "srgb")).description == "untone p3 srgb"


def test_metadata_of_a_webp_have_a_limit(saved):
    data = saved("WEBP", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0")
    large = b"XMP " + struct.pack("<I", limits.MAX_METADATA_BYTES + 2) + bytes(limits.MAX_METADATA_BYTES + 2)
    assert webp.parse_webp(data + large).xmp is None
    assert webp.parse_webp(data).exif is not None


@pytest.mark.parametrize("white", [(0.3127, 0.0), (float("nan"), 0.329), (0.3127, float("nan"))])
@pytest.mark.parametrize("blue", [-0.077, float("nan")])
def test_chromaticities_that_are_none_count_as_unsaid(white, blue):
    """ACES primaries were believed before their white was looked at."""
    values = (0.7347, 0.2653, 0.0, 1.0, 0.0001, blue, *white)
    stored = {b"chromaticities": struct.pack("<8f", *values)}
    assert exr._chromaticities(stored) == chromaticities.BT709
    aces = struct.pack("<8f", *values[:5], -0.077, 0.3, 0.3)
    assert exr._chromaticities({b"chromaticities": aces}) != chromaticities.BT709


def test_the_brightest_xyz_codes_stay_finite():
    data = b"#?RADIANCE\nFORMAT=32-bit_rle_xyze\n\n-Y 1 +X 2\n" + b"\xff\xff\xff\xff" + b"\xff\0\0\xff"
    assert np.isfinite(formats.read(data)[0].pixels).all()


def test_rows_of_many_short_repeats_are_looked_through_once():
    """Every other pixel repeats the one before: 2 MB of these took a minute."""
    rows, columns = 60, 1000
    stored = b"".join(bytes((k % 200 + 2, k // 200, 7, 136)) + b"\1\1\1\1" for k in range(rows * columns // 2))
    light = formats.read(b"#?RADIANCE\n\n-Y %d +X %d\n" % (rows, columns) + stored)[0].pixels
    k = np.repeat(np.arange(rows * columns // 2), 2).reshape(rows, columns)
    assert (light == np.stack([k % 200 + 2, k // 200, np.full_like(k, 7)], axis=2)).all()


@pytest.mark.parametrize("width", [8, 9, 12, 130])
def test_rows_of_noise_are_written_to_radiance(width):
    """Coded a component at a time they are longer than plain; the encoder's own estimate was too short."""
    light = np.random.default_rng(1).uniform(0.5, 1, (7, width, 3)).astype(np.float32)
    again = formats.read(formats.write(None, Image(light, "bt709", "linear", bits=32), format="radiance"))[0].pixels
    assert np.abs(again - light).max() <= 1 / 256
