"""Extended XMP: phones announce their own gain map there."""

import hashlib
import struct

import pytest

from untone import formats
from untone.formats.jpeg.gcontainer import directory
from untone.formats.jpeg.segments import APP1, XMP_TAG, parse, segment
from untone.formats.jpeg.xmp_segments import EXTENSION_TAG, announces_gain_map, extension
from untone.formats.metadata.xmp import HDRGM, properties

RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
CAMERA = "http://ns.google.com/photos/1.0/camera/"


def extended(padding: int = 0) -> bytes:
    """An extension with an announcement, a video, and a property of its own."""
    items = "".join(
        f'<rdf:li rdf:parseType="Resource"><C:Item I:Mime="{mime}" I:Semantic="{what}" I:Length="{length}"/></rdf:li>'
        for mime, what, length in (("image/jpeg", "GainMap", 77), ("video/mp4", "MotionPhoto", 999))
    )
    return (
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {RDF}><rdf:Description rdf:about="" xmlns:G="{CAMERA}" '
        f'xmlns:C="http://ns.google.com/photos/1.0/container/" xmlns:hdrgm="{HDRGM}" hdrgm:Version="1.0" '
        f'xmlns:I="http://ns.google.com/photos/1.0/container/item/" G:Note="{"n" * padding}">'
        f"<C:Directory><rdf:Seq>{items}"
        "</rdf:Seq></C:Directory></rdf:Description></rdf:RDF></x:xmpmeta>"
    ).encode()


def phone_file(jpeg: bytes, extra: bytes, *, parts: int = 2) -> bytes:
    """A photo whose main packet names the extension, split over segments in the wrong order."""
    guid = hashlib.md5(extra).hexdigest().upper().encode()
    main = (
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {RDF}><rdf:Description rdf:about="" '
        f'xmlns:n="http://ns.adobe.com/xmp/note/" n:HasExtendedXMP="{guid.decode()}"/></rdf:RDF></x:xmpmeta>'
    ).encode()
    step = -(-len(extra) // parts)
    pieces = [
        segment(APP1, EXTENSION_TAG + guid + struct.pack(">II", len(extra), at) + extra[at : at + step])
        for at in range(0, len(extra), step)
    ]
    return jpeg[:2] + segment(APP1, XMP_TAG + main) + b"".join(reversed(pieces)) + jpeg[2:]


@pytest.mark.parametrize("padding", [0, 150_000])
def test_the_old_announcement_leaves_the_extension_and_its_video_moves_to_the_main_packet(saved, gain_map, padding):
    extra = extended(padding)
    data = phone_file(saved("JPEG"), extra, parts=4)
    assert extension(parse(data)) == extra
    assert announces_gain_map(parse(data))
    written = parse(formats.write(None, formats.read(data)[0], gain_map))
    packet, left = written.payload(APP1, XMP_TAG), extension(written)
    assert [item.semantic for item in directory(packet)] == ["Primary", "GainMap", "MotionPhoto"]
    assert properties(left, CAMERA) == {"Note": ("n" * padding,)}
    assert directory(left) == []
    assert not properties(left, HDRGM)
    assert hashlib.md5(left).hexdigest().upper().encode() in packet


def test_an_extension_without_an_announcement_stays_byte_for_byte(saved, gain_map):
    extra = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {RDF}/></x:xmpmeta>'.encode()
    data = phone_file(saved("JPEG"), extra)
    written = parse(formats.write(None, formats.read(data)[0], gain_map))
    before, after = (
        [s.body for s in parse_of.segments if s.body.startswith(EXTENSION_TAG)] for parse_of in (parse(data), written)
    )
    assert before == after


@pytest.mark.parametrize("cut", [0, 3])
def test_a_broken_extension_is_carried_and_not_believed(saved, gain_map, cut):
    data = phone_file(saved("JPEG"), extended()[: -20 if cut else None])
    stream = parse(data)
    pieces = [s for s in stream.segments if s.body.startswith(EXTENSION_TAG)]
    if not cut:
        data = data[: pieces[0].start] + data[pieces[0].end :]
        assert extension(parse(data)) is None
    image = formats.read(data)[0]
    again, found = formats.read(formats.write(None, image, gain_map))
    assert found.max_stops == gain_map.max_stops
    assert again.orientation == image.orientation


def test_a_map_that_was_taken_out_is_not_announced_by_the_name_of_its_namespace(saved, gain_map):
    """Other properties of the packet stay, and declarations with them."""
    photo, _ = formats.read(phone_file(saved("JPEG"), extended()))
    whole = formats.write(None, photo, gain_map)
    image, found = formats.read(whole)
    assert found is not None
    plain = formats.write(None, image, None, format="jpeg")
    assert HDRGM.encode() in plain
    assert not announces_gain_map(parse(plain))
    assert formats.probe(plain).warnings == []
