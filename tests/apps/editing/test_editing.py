"""untone edit: what a file says stays true, and nothing else of it changes."""

import io
import re
import struct

import numpy as np
import pytest
from PIL import Image as Pillow

from untone import cli, formats, pipeline
from untone.formats.jpeg import mpf
from untone.formats.jpeg.segments import APP1, APP2, EXIF_TAG, XMP_TAG, find_end, parse, segment
from untone.formats.jpeg.ultrahdr import locate
from untone.formats.location import jpeg_without_location, resources_without_location, xmp_without_location
from untone.formats.metadata import exif
from untone.formats.metadata.xmp import parse as parse_xmp
from untone.image import GainMap, Image

SECRET = (48, 51, 29)
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:e="http://ns.adobe.com/exif/1.0/" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" '
    b'xmlns:exif="http://ns.adobe.com/exif/1.0/" tiff:Orientation="6" exif:PixelXDimension="40" '
    b'e:GPSLatitude="48,51.4886N" exif:FNumber="2/1"><e:GPSAltitude>4886/10</e:GPSAltitude>'
    b"<tiff:ImageLength>30</tiff:ImageLength></rdf:Description></rdf:RDF></x:xmpmeta>"
)
VIDEO = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + b"\0\0\0\x1e\xa9xyz\0\x12\x15\xc7+48.8577+002.295/" + b"the end"


def block(thumbnail=b""):
    made = Pillow.Exif()
    made[0x0112], made[0x010F] = 6, "Maker"
    made.get_ifd(0x8769).update({0xA002: 40, 0xA003: 30})
    made.get_ifd(0x8825).update({1: "N", 2: SECRET, 3: "E", 4: (2, 17, 42)})
    plain = made.tobytes().removeprefix(b"Exif\0\0")
    if not thumbnail:
        return plain
    order = {b"II": "<", b"MM": ">"}[plain[:2]]
    (first,) = struct.unpack_from(order + "I", plain, 4)
    (count,) = struct.unpack_from(order + "H", plain, first)
    plain += bytes(len(plain) % 2)
    out = bytearray(plain)
    struct.pack_into(order + "I", out, first + 2 + 12 * count, len(plain))
    rows = struct.pack(order + "HHII", 0x201, 4, 1, len(plain) + 30) + struct.pack(
        order + "HHII", 0x202, 4, 1, len(thumbnail)
    )
    return bytes(out) + struct.pack(order + "H", 2) + rows + bytes(4) + thumbnail


def encoded(size, seed=0):
    stream = io.BytesIO()
    x = np.linspace(seed, 200, size[0])
    Pillow.fromarray(np.broadcast_to(x[None, :, None], (size[1], size[0], 3)).astype(np.uint8)).save(stream, "JPEG")
    return stream.getvalue()


@pytest.fixture(autouse=True)
def photo(tmp_path, monkeypatch):
    """photo.jpg: 40 x 30, orientation 6, EXIF with a place and a thumbnail, XMP with a place, a comment, a video."""
    monkeypatch.chdir(tmp_path)
    y, x = np.mgrid[0:30, 0:40]
    pixels = np.stack([x * 6, y * 8, 255 - x * 5], axis=2).astype(np.uint8)
    base = formats.write(None, Image(pixels, "p3", orientation=6, exif=block(encoded((80, 60))), xmp=XMP))
    base = base[:-2] + b"\xff\xd9"
    base = base[:2] + segment(0xFE, b"a comment") + base[2:] + VIDEO
    gain_map = GainMap(np.ascontiguousarray(pixels[::2, ::2]), (-0.5, 0, 0), (1, 2, 2.5), alternate_headroom_stops=2.3)
    (tmp_path / "photo.jpg").write_bytes(formats.write(None, formats.read(base)[0], gain_map))
    return tmp_path / "photo.jpg"


def scan(data):
    stream = parse(data)
    return data[stream.scan : find_end(data, stream)]


def run(*arguments):
    assert cli.main(["edit", "photo.jpg", "-o", "out.jpg", "--force", *arguments]) == 0
    with open("out.jpg", "rb") as stream:  # noqa: PTH123
        data = stream.read()
    found = formats.probe(data)
    assert found.warnings == []
    return data, found


def test_turning_changes_the_orientation_and_no_picture(photo):
    old = photo.read_bytes()
    data, found = run("--rotate", "90", "--flip", "v")
    assert (len(data), found.orientation) == (len(old), 2)
    assert sum(a != b for a, b in zip(old, data, strict=True)) == 2
    assert b'tiff:Orientation="2"' in data
    assert data.endswith(VIDEO)


def test_a_photo_without_exif_gets_an_orientation_and_a_true_index(photo):
    image, gain_map = pipeline.read(photo)
    plain = formats.write(None, Image(image.pixels), gain_map) + VIDEO
    photo.write_bytes(plain)
    data, found = run("--rotate", "180")
    assert found.orientation == 3
    layout = locate(data)
    assert data[layout.entries[1].offset :][:2] == b"\xff\xd8"
    assert layout.entries[0].size == find_end(data, layout.primary)
    assert (scan(data), data.endswith(VIDEO)) == (scan(plain), True)
    np.testing.assert_array_equal(pipeline.read(data)[1].codes, gain_map.codes)


def test_an_exif_without_orientation_gets_the_tag_and_keeps_its_values():
    made = Pillow.Exif()
    made[0x010F], made[0x0110] = "Maker", "Model with a long name"
    old = made.tobytes().removeprefix(b"Exif\0\0")
    new = exif.with_orientation(old, 8)
    read = Pillow.Exif()
    read.load(b"Exif\0\0" + new)
    assert dict(read) == {0x010F: "Maker", 0x0110: "Model with a long name", 0x0112: 8}


@pytest.mark.parametrize("arguments", [["--crop", "3,5,20,17"], ["--resize", "50%"], ["--auto-orient"]])
def test_what_the_file_says_stays_true(photo, arguments):
    data, found = run(*arguments)
    stream = parse(data)
    assert b"a comment" in data
    assert data.endswith(VIDEO)
    assert found.gain_map.max_stops == pytest.approx([1, 2, 2.5])
    body = stream.payload(APP1, EXIF_TAG)
    read = Pillow.Exif()
    read.load(b"Exif\0\0" + body)
    inner = read.get_ifd(0x8769)
    assert (inner[0xA002], inner[0xA003]) == (found.width, found.height)
    assert (read[0x0112], read[0x010F]) == (found.orientation, "Maker")
    assert tuple(map(float, read.get_ifd(0x8825)[2])) == SECRET
    thumbnail = Pillow.open(io.BytesIO(exif.thumbnail_of(body)))
    assert abs(thumbnail.width / thumbnail.height - found.width / found.height) < 0.1
    packet = stream.payload(APP1, XMP_TAG)
    assert b'exif:PixelXDimension="%d"' % found.width in packet
    assert b"<tiff:ImageLength>%d<" % found.height in packet
    assert b'tiff:Orientation="%d"' % found.orientation in packet
    entries = locate(data).entries
    assert data[entries[1].offset :][:2] == b"\xff\xd8"
    assert entries[0].size == find_end(data, stream)


def test_a_thumbnail_that_does_not_fit_its_place_is_left_out():
    old = block(encoded((8, 6)))
    assert exif.thumbnail_of(old)
    new = exif.with_thumbnail(old, encoded((160, 120)) * 3)
    assert (len(new), exif.thumbnail_of(new)) == (len(old), None)


def test_the_place_is_gone_everywhere_and_nothing_else(photo):
    old = photo.read_bytes()
    data, _ = run("--strip-location")
    assert len(data) == len(old)
    read = Pillow.Exif()
    read.load(b"Exif\0\0" + parse(data).payload(APP1, EXIF_TAG))
    assert 0x8825 not in read
    assert (read[0x0112], read[0x010F], read.get_ifd(0x8769)[0xA002]) == (6, "Maker", 40)
    for secret in (b"48,51.4886", b"4886/10", b"+48.8577", struct.pack(">II", 29, 1), struct.pack("<II", 29, 1)):
        assert secret in old or b"II" in secret or secret[:1] == b"\0" or secret[:1] == b"\x1d"
        assert secret not in data
    assert b'exif:FNumber="2/1"' in data
    parse_xmp(parse(data).payload(APP1, XMP_TAG))
    assert scan(data) == scan(old)


def test_a_place_in_other_formats_goes_too(photo):
    image, _ = pipeline.read(photo)
    pipeline.write("photo.png", Image(image.pixels, exif=image.exif, xmp=image.xmp))
    assert cli.main(["edit", "photo.png", "-o", "out.png", "--strip-location"]) == 0
    found, _ = pipeline.read("out.png")
    assert not exif.location_in(found.exif)
    assert b"48,51" not in found.xmp


NAMES = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description xmlns:p="http://ns.adobe.com/photoshop/1.0/" xmlns:xmp="http://ns.adobe.com/xap/1.0/" '
    b'xmlns:core="http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/" xmlns:g="http://ns.adobe.com/xap/1.0/g/img/" '
    b'xmlns:ext="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" xmlns:d="http://www.dji.com/drone-dji/1.0/" '
    b'p:City="Lutetia" p:Credit="me" p:Country=\'Gallia\' core:CountryCode="GL" d:GpsLatitude="+48.8" d:Model="x">'
    b"<core:Location>rue de la Paix</core:Location><p:State>Sequana</p:State><p:Headline>stays</p:Headline>"
    b'<ext:LocationCreated><rdf:Bag><rdf:li rdf:parseType="Resource"><ext:City>Lutetia</ext:City></rdf:li></rdf:Bag>'
    b"</ext:LocationCreated><xmp:Thumbnails><rdf:Alt><rdf:li><g:image>/9j/4AAQ</g:image></rdf:li></rdf:Alt>"
    b"</xmp:Thumbnails></rdf:Description></rdf:RDF></x:xmpmeta>"
)


def test_names_of_places_and_thumbnails_go_from_xmp():
    blind = xmp_without_location(NAMES)
    assert len(blind) == len(NAMES)
    parse_xmp(blind)
    for gone in (
        b"Lutetia",
        b"Gallia",
        b"GL",
        b"48.8",
        b"Paix",
        b"Sequana",
        b"/9j/",
        b"Thumbnails",
        b"LocationCreated",
    ):
        assert gone in NAMES
        assert gone not in blind
    for kept in (b'p:Credit="me"', b'd:Model="x"', b"<p:Headline>stays</p:Headline>"):
        assert kept in blind


def test_a_crop_leaves_no_thumbnail_of_what_was_there(photo):
    old = photo.read_bytes()
    photo.write_bytes(
        old.replace(segment(APP1, XMP_TAG + parse(old).payload(APP1, XMP_TAG)), segment(APP1, XMP_TAG + NAMES))
    )
    assert b"/9j/4AAQ" in pipeline.read(photo)[0].xmp
    data, _ = run("--crop", "0,0,16,16")
    assert b"/9j/4AAQ" not in data
    assert b"Lutetia" in data


def test_names_of_places_go_from_iptc(photo):
    """Resources by hand: a resolution, then IPTC with a city between a byline and a country, then another."""

    def resource(number, body):
        return b"8BIM" + struct.pack(">HHI", number, 0, len(body)) + body + bytes(len(body) % 2)

    def dataset(number, text):
        return struct.pack(">BBBH", 0x1C, 2, number, len(text)) + text

    iptc = dataset(80, b"me") + dataset(90, b"Lutetia") + dataset(101, b"Gallia") + dataset(120, b"Gallia est divisa")
    block = b"Photoshop 3.0\0" + resource(0x03ED, bytes(15)) + resource(0x0404, iptc) + resource(0x0425, b"Lutetia")
    old = photo.read_bytes()
    photo.write_bytes(old[:2] + segment(0xED, block) + old[2:])
    data, _ = run("--strip-location")
    body = parse(data).payload(0xED, b"Photoshop 3.0\0")
    assert dataset(80, b"me") + dataset(90, b" " * 7) + dataset(101, b" " * 6) in body
    assert dataset(120, b"Gallia est divisa") in body
    assert body.endswith(resource(0x0425, b"Lutetia"))


def test_hostile_iptc_never_raises():
    generator = np.random.default_rng(0)
    body = b"8BIM\x04\x04\0\0\0\0\0\x20" + b"\x1c\x02\x5a\0\x04city" * 3
    for _ in range(500):
        broken = bytearray(body[: generator.integers(0, len(body) + 1)])
        for place in generator.integers(0, max(len(broken), 1), 3):
            if broken:
                broken[place] = generator.integers(0, 256)
        assert len(resources_without_location(bytes(broken))) == len(broken)


@pytest.mark.parametrize("suffix", ["avif", "jxl", "heic"])
@pytest.mark.parametrize(
    "arguments", [["--rotate", "90"], ["--rotate", "180", "--flip", "h"], ["--strip-metadata"]], ids=str
)
def test_other_formats_are_turned_and_stripped_without_encoding_them_anew(photo, suffix, arguments):
    assert cli.main(["to", suffix, "photo.jpg", "--quality", "60", "--map-quality", "60"]) == 0
    assert cli.main(["edit", f"photo.{suffix}", "-o", f"out.{suffix}", *arguments]) == 0
    (old, old_map), (new, new_map) = (pipeline.read(f"{name}.{suffix}") for name in ("photo", "out"))
    np.testing.assert_array_equal(new.pixels, old.pixels)
    np.testing.assert_array_equal(new_map.codes, old_map.codes)
    expected = {"90": 3, "h": 7, "--strip-metadata": 6}[arguments[-1]]
    assert new.orientation == expected
    assert (new.exif is None) == (arguments == ["--strip-metadata"])
    again = ["edit", f"out.{suffix}", "-o", f"back.{suffix}", "--rotate", "270"]
    if arguments == ["--rotate", "90"]:
        assert cli.main(again) == 0
        assert pipeline.read(f"back.{suffix}")[0].orientation == 6


def test_the_header_of_a_foreign_jpeg_xl_is_turned_with_all_its_other_bits():
    """One with an intensity target, which a header made anew would lose; and one whose header is all defaults."""
    from untone.formats.jxl import header as jxl_header

    plain = formats.write(None, Image(np.zeros((16, 24, 3), np.uint8)), format="jxl")
    codestream = plain[plain.index(b"jxlc") + 4 :]
    for start in (codestream, jxl_header.relabelled(codestream, 3, jxl_header.Colour("bt2020", "pq"))):
        for orientation in (1, 6, 8):
            made = jxl_header.turned(start, orientation)
            one, two = jxl_header.parse(start), jxl_header.parse(made)
            assert two.orientation == orientation
            assert (two.width, two.height, two.colour, two.bits) == (one.width, one.height, one.colour, one.bits)
            if len(made) == len(start):
                assert sum(bin(a ^ b).count("1") for a, b in zip(made, start, strict=True)) <= 3


def test_packets_that_are_none_stay_as_they_are():
    assert xmp_without_location(b"<not xmp GPS") == b"<not xmp GPS"


def test_stripping_leaves_picture_colour_and_map(photo):
    old = pipeline.read(photo)
    data, found = run("--strip-metadata")
    assert scan(data) == scan(photo.read_bytes())
    assert (found.orientation, found.base.primaries, found.gain_map.channels) == (6, "p3", 3)
    np.testing.assert_array_equal(pipeline.read(data)[1].codes, old[1].codes)
    for secret in (b"Maker", b"a comment", b"FNumber", b"GPS", b"mp42"):
        assert secret not in data


def test_a_trailer_is_cut_where_asked(photo):
    old = photo.read_bytes()
    data, found = run("--strip-trailer")
    assert b"mp42" not in data
    assert found.gain_map is not None
    assert scan(data) == scan(old)


def test_the_index_of_a_small_endian_file_moves():
    rows = struct.pack("<IIIHH", 0x30000, 900, 0, 0, 0) + struct.pack("<IIIHH", 0, 80, 700, 0, 0)
    tiff = struct.pack("<2sHIH", b"II", 42, 8, 2) + struct.pack("<HHII", 0xB001, 4, 1, 2)
    body = mpf.MPF_TAG + tiff + struct.pack("<HHII", 0xB002, 7, 32, 38) + bytes(4) + rows
    new = mpf.moved(body, 200, 260, 1000, 100)
    assert mpf.parse(new, 260) == [mpf.Entry(0x30000, 1000, 0), mpf.Entry(0, 80, 1000)]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([], 2, "nothing is to be edited"),
        (["--crop", "0,0,31,40"], 2, "not within the 30 x 40 picture"),
        (["--crop", "1,2,3"], 2, "must be X,Y,WIDTH,HEIGHT"),
        (["--resize", "0x5"], 2, "must be 1080, 1080x720"),
        (["--resize", "1080x!"], 2, "must be 1080, 1080x720"),
        (["--resize", "x"], 2, "must be 1080, 1080x720"),
        (["--resize", "0mp"], 2, "not '0mp'"),
        (["--resize", "9999mp"], 1, "limit"),
        (["--resize", "9000000x9000000!"], 1, "limit"),
        (["--rotate", "45"], 2, "invalid choice"),
    ],
)
def test_refusals_are_one_line(photo, capsys, arguments, code, said):
    assert cli.main(["edit", "photo.jpg", "-o", "new.jpg", *arguments]) == code
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1
    assert not (photo.parent / "new.jpg").exists()


def test_hostile_exif_never_raises(photo):
    whole = block(encoded((16, 12)))
    generator = np.random.default_rng(0)
    for _ in range(300):
        broken = bytearray(whole[: generator.integers(0, len(whole) + 1)])
        for place in generator.integers(0, max(len(broken), 1), 4):
            if broken:
                broken[place] = generator.integers(0, 256)
        made = bytes(broken)
        assert len(exif.without_location(made)) == len(made)
        assert len(exif.with_size(made, 7, 9)) == len(made)
        assert len(exif.with_thumbnail(made, b"x")) == len(made)
        assert exif.orientation_of(exif.with_orientation(made, 3)) in (1, 3) or made
    assert re.fullmatch(rb"(?s).*", jpeg_without_location(photo.read_bytes()))
    assert parse(photo.read_bytes()).first(APP2, mpf.MPF_TAG)
