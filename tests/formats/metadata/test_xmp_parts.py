"""XMP joined with its extension, and parted again where a JPEG's segment is too small."""

import pytest

from untone.errors import DamagedError
from untone.formats.jpeg.xmp_segments import ROOM, segments_of, within_segment
from untone.formats.metadata.xmp import packet_of, parse, properties
from untone.formats.metadata.xmp_parts import claiming, joined, parted, without_claim

N = "http://ns.example/n/"


def described(name, value):
    return f'<rdf:Description rdf:about="" xmlns:n="{N}" n:{name}="{value}"><n:More>a &gt; b</n:More></rdf:Description>'


def test_descriptions_stand_behind_each_other_and_the_claim_goes():
    main = claiming(packet_of(described("One", "1 > 0")), b"A" * 32)
    assert b"HasExtendedXMP" in main
    made = joined(main, packet_of(described("Two", "x" * 10)))
    assert b"HasExtendedXMP" not in made
    assert properties(made, N) == {"One": ("1 > 0",), "Two": ("x" * 10,), "More": ("a > b",)}
    assert without_claim(b"<a><n:HasExtendedXMP>F00</n:HasExtendedXMP></a>") == b"<a></a>"


def test_the_largest_descriptions_leave_first():
    packet = packet_of(described("Small", "s") + described("Large", "l" * 5000) + described("Middle", "m" * 900))
    kept, gone = parted(packet, 2000)
    assert set(properties(kept, N)) == {"Small", "Middle", "More"}
    assert set(properties(gone, N)) == {"Large", "More"}
    assert parted(packet, 9000) == (packet, None)
    assert set(properties(joined(kept, gone), N)) == {"Small", "Middle", "Large", "More"}
    with pytest.raises(DamagedError, match="beside its descriptions"):
        parted(packet, 100)
    with pytest.raises(DamagedError, match="well-formed"):
        joined(packet, b"<x:xmpmeta")


def test_descriptions_in_descriptions_are_no_parts():
    inner = f'<rdf:Description xmlns:n="{N}" n:Inner="i"/>'
    packet = packet_of(f'<rdf:Description xmlns:n="{N}"><n:Of rdf:parseType="x">{inner}</n:Of></rdf:Description>')
    assert parted(packet.replace(b"Inner", b"I" * 3000), 2500)[0].count(b"Description") == 0


def test_a_packet_of_any_size_becomes_segments():
    small, large = packet_of(described("A", "a")), packet_of(described("A", "a") + described("B", "b" * 200_000))
    assert len(segments_of(small)) == 1
    first, *more = segments_of(large)
    assert len(first) <= ROOM + 100
    assert len(more) == 4
    assert b"HasExtendedXMP" in first
    assert within_segment(small) == small
    assert set(properties(within_segment(large), N)) == {"A", "More"}
    parse(within_segment(large))
