"""The base image's XMP packet: nothing of the user's may be lost, nothing of an earlier gain map may stay."""

import re

import pytest

from untone.errors import DamagedError
from untone.formats.jpeg.gcontainer import announce, directory, says_more, silence, without_padding
from untone.formats.metadata.xmp import HDRGM, parse, properties

XMP_NS = "http://ns.adobe.com/xap/1.0/"
USER = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n<x:xmpmeta xmlns:x="adobe:ns:meta/">\n'
    ' <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\n'
    '  <rdf:Description rdf:about="uuid:a&amp;b" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="5"\n'
    "    xmp:Label='a &lt; \"b\" > c'>\n   <xmp:Nickname>Žluťoučký kůň</xmp:Nickname>\n  </rdf:Description>\n"
    " </rdf:RDF>\n</x:xmpmeta>\n" + " " * 200 + '\n<?xpacket end="w"?>'
).encode()
MOTION = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:C="http://ns.google.com/photos/1.0/container/" '
    b'xmlns:I="http://ns.google.com/photos/1.0/container/item/" xmlns:G="http://ns.google.com/photos/1.0/camera/" '
    b'xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0" G:MotionPhoto="1"><C:Directory><rdf:Seq>'
    b'<rdf:li rdf:parseType="Resource"><C:Item I:Mime="image/jpeg" I:Semantic="Primary" I:Padding="8"/></rdf:li>'
    b'<rdf:li rdf:parseType="Resource"><C:Item I:Mime="image/jpeg" I:Semantic="GainMap" I:Length="77"/></rdf:li>'
    b'<rdf:li rdf:parseType="Resource"><C:Item I:Mime="video/mp4" I:Semantic="MotionPhoto" I:Length="999"/></rdf:li>'
    b"</rdf:Seq></C:Directory></rdf:Description></rdf:RDF></x:xmpmeta>"
)


def semantics(packet: bytes) -> list[str]:
    return [item.semantic for item in directory(packet)]


def test_a_new_packet_announces_version_and_length():
    packet = announce(None, 4711)
    assert properties(packet, HDRGM)["Version"] == ("1.0",)
    assert semantics(packet) == ["Primary", "GainMap"]
    assert dict(directory(packet)[1].attributes)["Length"] == "4711"


def test_a_users_packet_keeps_every_byte_around_the_insertion():
    packet = announce(USER, 4711)
    inserted = re.search(rb"<rdf:Description xmlns:rdf.*</rdf:Description>", packet)
    assert inserted is not None
    assert packet[: inserted.start()] + packet[inserted.end() :] == USER
    assert properties(packet, XMP_NS) == properties(USER, XMP_NS)
    about = parse(inserted.group(0)).get("{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about")
    assert about == "uuid:a&b"


def test_taking_the_announcement_back_gives_the_users_bytes():
    assert announce(announce(USER, 4711), None) == USER


def test_announcing_twice_is_announcing_once():
    assert announce(announce(USER, 1), 2) == announce(USER, 2)
    assert announce(announce(None, 1), 2).count(b"rdf:Description ") == 1


def test_an_earlier_directory_is_replaced_and_its_video_kept():
    packet = announce(MOTION, 5)
    assert semantics(packet) == ["Primary", "GainMap", "MotionPhoto"]
    assert dict(directory(packet)[1].attributes)["Length"] == "5"
    assert dict(directory(packet)[2].attributes) == {"Mime": "video/mp4", "Semantic": "MotionPhoto", "Length": "999"}
    assert properties(packet, "http://ns.google.com/photos/1.0/camera/") == {"MotionPhoto": ("1",)}
    assert packet.count(b"77") == 0


def test_without_a_gain_map_the_video_stays_announced():
    packet = announce(MOTION, None)
    assert semantics(packet) == ["Primary", "MotionPhoto"]
    assert not properties(packet, HDRGM)


def test_padding_can_be_dropped():
    assert len(without_padding(USER)) < len(USER) - 190
    assert properties(without_padding(USER), XMP_NS) == properties(USER, XMP_NS)


@pytest.mark.parametrize("broken", [b"", b"<x", b"\xff\xfe<", b"<a/>", USER[:200], b"<!DOCTYPE a><a/>"])
def test_a_packet_that_cannot_be_parsed_is_not_touched(broken: bytes):
    with pytest.raises(DamagedError):
        announce(broken, 5)


def test_silence_leaves_what_is_not_the_gain_maps():
    assert silence(USER) == USER
    silent = silence(MOTION)
    assert semantics(silent) == []
    assert properties(silent, "http://ns.google.com/photos/1.0/camera/") == {"MotionPhoto": ("1",)}
    assert not properties(silent, HDRGM)


def test_items_outside_a_directory_are_nobodys():
    """A packet whose Container:Directory was lost: its loose items announce nothing, and do not double ours."""
    loose = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        b'<rdf:Description rdf:about="" xmlns:Container="http://ns.google.com/photos/1.0/container/"'
        b' xmlns:Item="http://ns.google.com/photos/1.0/container/item/"><rdf:Seq><rdf:li rdf:parseType="Resource">'
        b'<Container:Item Item:Semantic="GainMap" Item:Mime="image/jpeg" Item:Length="99"/></rdf:li></rdf:Seq>'
        b"</rdf:Description></rdf:RDF></x:xmpmeta>"
    )
    assert directory(loose) == []
    maps = [item for item in directory(announce(loose, 1234)) if item.semantic == "GainMap"]
    assert [dict(item.attributes)["Length"] for item in maps] == ["1234"]


def test_a_packet_that_only_announces_a_map_says_no_more():
    alone = announce(None, 500)
    assert not says_more(None)
    assert not says_more(alone)
    of_a_user = b'rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" dc:format="x"'
    titled = alone.replace(b'rdf:about=""', of_a_user, 1)
    assert says_more(titled)
    assert says_more(b"<x:xmpmeta")
