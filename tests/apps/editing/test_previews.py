"""untone edit of pixels: no picture of what the photo was before stays in its file, whoever put it there."""

import hashlib
import io
import struct

import numpy as np
import pytest
from PIL import Image as Pillow

from untone import cli, formats
from untone.formats.jpeg import mpf
from untone.formats.jpeg.photoshop import resources_without_thumbnails
from untone.formats.jpeg.segments import APP0, APP1, APP2, XMP_TAG, find_end, parse, segment
from untone.formats.jpeg.ultrahdr import locate
from untone.formats.jpeg.xmp_segments import EXTENSION_TAG, extension
from untone.image import GainMap, Image

SECRET, KEPT = b"/9j/c2VjcmV0", b"a long history"
EXTENDED = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" '
    b'xmlns:xmpGImg="http://ns.adobe.com/xap/1.0/g/img/"><xmp:Thumbnails><rdf:Alt><rdf:li rdf:parseType="Resource">'
    b"<xmpGImg:image>%s</xmpGImg:image></rdf:li></rdf:Alt></xmp:Thumbnails><xmp:Note>%s</xmp:Note>"
    b"</rdf:Description></rdf:RDF></x:xmpmeta>" % (SECRET * 4, KEPT)
)
GUID = hashlib.md5(EXTENDED, usedforsecurity=False).hexdigest().upper().encode()
MAIN = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:xmpNote="http://ns.adobe.com/xmp/note/" xmpNote:HasExtendedXMP="%s"/>'
    b"</rdf:RDF></x:xmpmeta>" % GUID
)


def resource(number: int, content: bytes) -> bytes:
    return b"8BIM" + struct.pack(">HHI", number, 0, len(content)) + content + bytes(len(content) % 2)


RESOURCES = [resource(0x0404, b"\x1c\x02\x05\0\5title"), resource(0x040C, SECRET + b"!"), resource(0x03ED, bytes(16))]


def encoded(shape: tuple[int, int], mode: str = "RGB") -> bytes:
    stream = io.BytesIO()
    Pillow.new(mode, shape, 99).save(stream, "jpeg")
    return stream.getvalue()


def indexed(data: bytes, preview: bytes, *, behind: bool) -> bytes:
    """A photo with a preview before or behind its gain map, and an index of all three."""
    layout = locate(data)
    second = data[layout.gain_map.start :]
    old = layout.primary.first(APP2, mpf.MPF_TAG)
    length = find_end(data, layout.primary) + 16
    order = [(0, second), (0x10001, preview)] if behind else [(0x10001, preview), (0, second)]
    entries, place = [mpf.Entry(mpf.BASELINE_PRIMARY, length, 0)], length
    for attribute, part in order:
        entries.append(mpf.Entry(attribute, len(part), place))
        place += len(part)
    index = segment(APP2, mpf.mpf_body(entries, old.start + 8))
    return data[: old.start] + index + data[old.end : layout.gain_map.start] + b"".join(part for _, part in order)


@pytest.fixture(params=[False, True], ids=["before the map", "behind the map"])
def photo(request, tmp_path, monkeypatch) -> bytes:
    monkeypatch.chdir(tmp_path)
    y, x = np.mgrid[0:64, 0:96]
    pixels = np.stack([x * 2, y * 3, 255 - x], axis=2).astype(np.uint8)
    gain_map = GainMap(np.ascontiguousarray(pixels[::2, ::2]), (0.0,) * 3, (2.0,) * 3, alternate_headroom_stops=2.0)
    plain = formats.write(None, Image(pixels, xmp=MAIN))
    more = segment(APP0, b"JFXX\0\x10" + SECRET) + segment(0xED, b"Photoshop 3.0\0" + b"".join(RESOURCES))
    more += segment(APP1, EXTENSION_TAG + GUID + struct.pack(">II", len(EXTENDED), 0) + EXTENDED)
    place = parse(plain).first(APP1, XMP_TAG).end
    image = formats.read(plain[:place] + more + plain[place:])[0]
    preview = encoded((48, 32))
    data = indexed(
        formats.write(None, image, gain_map), preview[:2] + segment(0xFE, SECRET) + preview[2:], behind=request.param
    )
    assert formats.probe(data).warnings == []
    assert data.count(SECRET) == 7
    (tmp_path / "photo.jpg").write_bytes(data)
    return data


def edited(*arguments: str) -> bytes:
    assert cli.main(["edit", "photo.jpg", *arguments, "-o", "out.jpg", "--force"]) == 0
    with open("out.jpg", "rb") as stream:  # noqa: PTH123
        return stream.read()


@pytest.mark.parametrize(
    "edit", [["--crop", "16,16,32,32"], ["--crop", "3,5,20,20"], ["--resize", "50%"], ["--rotate", "90"]]
)
def test_no_picture_of_before_stays(photo, edit):
    data = edited(*edit)
    assert SECRET not in data
    found = formats.probe(data)
    assert (found.warnings, found.gain_map.max_stops) == ([], [2.0] * 3)
    layout = locate(data)
    assert [entry.offset for entry in layout.entries[1:]] == [layout.gain_map.start]
    assert len(data) == find_end(data, layout.gain_map)
    whole = extension(layout.primary)
    assert KEPT in whole
    digest = hashlib.md5(whole, usedforsecurity=False).hexdigest().upper().encode()
    assert digest in layout.primary.payload(APP1, XMP_TAG)
    assert layout.primary.payload(0xED, b"Photoshop 3.0\0") == RESOURCES[0] + RESOURCES[2]


def test_what_leaves_the_picture_leaves_its_thumbnails(photo):
    assert edited("--strip-trailer").count(SECRET) == 7


def test_resources_of_odd_lengths_and_truncated_ones():
    odd = resource(0x040C, b"123") + resource(0x0404, b"12345")
    assert resources_without_thumbnails(odd) == resource(0x0404, b"12345")
    assert resources_without_thumbnails(resource(0x0404, b"1") + resource(0x0409, b"12")) == resource(0x0404, b"1")
    whole = b"".join(RESOURCES)
    for cut in range(len(whole)):
        assert whole[:cut].startswith(resources_without_thumbnails(whole[:cut])[:20])


def cmyk(name: str) -> bytes:
    data = encoded((32, 24), "CMYK")
    with open(name, "wb") as stream:  # noqa: PTH123
        stream.write(data)
    return data


def test_a_cmyk_photo_is_turned_without_loss(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    data = cmyk("photo.jpg")
    turned = edited("--rotate", "90")
    assert formats.probe(turned).orientation == 6
    assert turned.endswith(data[parse(data).scan :])
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "command",
    [["edit", "ink.jpg", "--crop", "8,8,16,8"], ["edit", "ink.jpg", "--strip-metadata"], ["to", "jpg", "ink.jpg"]],
)
def test_what_becomes_of_cmyk_is_said(tmp_path, monkeypatch, capsys, command):
    monkeypatch.chdir(tmp_path)
    cmyk("ink.jpg")
    assert cli.main([*command, "-o", "out.jpg"]) == 0
    assert capsys.readouterr().err == "untone: ink.jpg: its CMYK pixels become RGB\n"
    assert parse((tmp_path / "out.jpg").read_bytes()).components == 3
