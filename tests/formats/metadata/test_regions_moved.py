"""Regions and panoramas of XMP, moved by hand-worked numbers; what is not understood goes, nothing raises."""

import re
import struct

import pytest
from PIL.Image import Exif

from untone.apps.editing.placement import Placement
from untone.apps.editing.resampling import Window

REGIONS = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:r="http://www.metadataworkinggroup.com/schemas/regions/" '
    b'xmlns:d="http://ns.adobe.com/xap/1.0/sType/Dimensions#" xmlns:a="http://ns.adobe.com/xmp/sType/Area#" '
    b'xmlns:dc="http://purl.org/dc/elements/1.1/" dc:format="image/jpeg">'
    b'<r:Regions rdf:parseType="Resource"><r:AppliedToDimensions d:w="640" d:h="480" d:unit="pixel"/><r:RegionList>'
    b'<rdf:Bag><rdf:li><rdf:Description r:Name="Anna"><r:Area a:x="0.25" a:y="0.3" a:w="0.1" a:h="0.2"/>'
    b'</rdf:Description></rdf:li><rdf:li rdf:parseType="Resource"><r:Name>Ben</r:Name><r:Area rdf:parseType="Resource">'
    b"<a:x>0.75</a:x><a:y>0.5</a:y><a:w>0.1</a:w><a:h>0.1</a:h></r:Area></rdf:li></rdf:Bag></r:RegionList></r:Regions>"
    b"</rdf:Description></rdf:RDF></x:xmpmeta>"
)
MICROSOFT = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:MP="http://ns.microsoft.com/photo/1.2/" '
    b'xmlns:MPRI="http://ns.microsoft.com/photo/1.2/t/RegionInfo#" xmlns:MPReg="http://ns.microsoft.com/photo/1.2/t/Region#">'
    b'<MP:RegionInfo rdf:parseType="Resource"><MPRI:Regions><rdf:Bag><rdf:li MPReg:Rectangle="0.2, 0.2, 0.1, 0.2" '
    b'MPReg:PersonDisplayName="Anna"/></rdf:Bag></MPRI:Regions></MP:RegionInfo></rdf:Description></rdf:RDF></x:xmpmeta>'
)
WHOLE = Window((0, 480), (0, 640), (480, 640))


def numbers(packet, name):
    found = re.findall(rb"a:%s(?:=\"|>)([\d.]+)" % name, packet)
    return [round(float(value), 4) for value in found]


def test_a_mirrored_face_is_on_the_other_side():
    made = Placement(WHOLE, (480, 640), turn=2).moved(REGIONS)
    assert numbers(made, b"x") == [0.75, 0.25]
    assert numbers(made, b"y") == [0.3, 0.5]
    assert b'd:w="640" d:h="480"' in made


def test_a_quarter_turn_exchanges_sides():
    """Clockwise, what was at the left is at the top."""
    made = Placement(WHOLE, (480, 640), turn=6).moved(REGIONS)
    assert (numbers(made, b"x"), numbers(made, b"y")) == ([0.7, 0.5], [0.25, 0.75])
    assert (numbers(made, b"w"), numbers(made, b"h")) == ([0.2, 0.1], [0.1, 0.1])
    assert b'd:w="480" d:h="640"' in made


def test_a_crop_moves_cuts_and_leaves_out():
    """Of 320 x 240 from 128, 48 on: Anna, from 128 to 192 and 96 to 192, begins at its left; Ben is beyond."""
    made = Placement(Window((48, 288), (128, 448), (240, 320)), (480, 640)).moved(REGIONS)
    assert (numbers(made, b"x"), numbers(made, b"y")) == ([0.1], [0.4])
    assert (numbers(made, b"w"), numbers(made, b"h")) == ([0.2], [0.4])
    assert b"Ben" not in made
    made = Placement(Window((0, 20), (0, 20), (20, 20)), (480, 640)).moved(REGIONS)
    assert b"Anna" not in made
    assert b"r:Regions" not in made
    assert b'dc:format="image/jpeg"' in made


def test_smaller_keeps_shares_and_changes_dimensions():
    made = Placement(Window((0, 480), (0, 640), (240, 320)), (480, 640)).moved(REGIONS)
    assert numbers(made, b"x") == [0.25, 0.75]
    assert b'd:w="320" d:h="240"' in made


def test_microsofts_rectangles_move_too():
    made = Placement(WHOLE, (480, 640), turn=2).moved(MICROSOFT)
    assert b'MPReg:Rectangle="0.700000, 0.200000, 0.100000, 0.200000"' in made


@pytest.mark.parametrize("packet", [REGIONS, MICROSOFT], ids=["mwg", "microsoft"])
def test_only_the_orientation_leaves_them(packet):
    assert Placement(WHOLE, (480, 640), shown_turned=True).moved(packet) == packet


@pytest.mark.parametrize("broken", [b"nan", b"", b"x" * 9, b"1e999"])
def test_what_is_not_understood_goes_with_its_list(broken):
    packet = MICROSOFT.replace(b"0.2, 0.2, 0.1, 0.2", broken)
    assert b"RegionInfo rdf" not in Placement(WHOLE, (480, 640), turn=2).moved(packet)


def test_hostile_packets_never_raise():
    place = Placement(WHOLE, (480, 640), turn=2)
    for packet in (REGIONS, MICROSOFT, PANORAMA):
        for index in range(0, len(packet), 7):
            place.moved(packet[:index] + b"<" + packet[index + 1 :])
            place.moved(packet[:index])


def subject(*values, tag=0x9214):
    """A block whose Exif directory has a subject between two others."""
    rows = [(0x9000, 7, 4, b"0232"), (tag, 3, len(values), None), (0xA002, 3, 1, struct.pack("<HH", 640, 0))]
    start = 8 + 2 + 12 + 4
    far, body = start + 2 + 36 + 4, struct.pack(f"<{len(values)}H", *values)
    block = b"II*\0" + struct.pack("<I", 8) + struct.pack("<HHHIII", 1, 0x8769, 4, 1, start, 0)
    block += struct.pack("<H", 3)
    for number, kind, count, value in sorted(rows):
        held = value if value is not None else body.ljust(4, b"\0") if len(body) <= 4 else struct.pack("<I", far)
        block += struct.pack("<HHI", number, kind, count) + held
    return block + bytes(4) + body


@pytest.mark.parametrize(
    ("values", "place", "wanted"),
    [((160, 120), Placement(WHOLE, (480, 640), turn=2), (480, 120)),
     ((160, 120, 40), Placement(WHOLE, (480, 640), turn=6), (360, 160, 40)),
     ((160, 120, 40, 20), Placement(Window((0, 480), (0, 640), (240, 320)), (480, 640)), (80, 60, 20, 10)),
     ((160, 120, 40, 20), Placement(Window((100, 200), (150, 450), (100, 300)), (480, 640)), (15, 20, 30, 20)),
     ((600, 400, 20, 20), Placement(Window((0, 100), (0, 100), (100, 100)), (480, 640)), None)],
    ids=str,
)  # fmt: skip
def test_the_subject_of_exif_moves_along(values, place, wanted):
    made = Exif()
    made.load(b"Exif\0\0" + place.moved_subjects(subject(*values)))
    found = made.get_ifd(0x8769)
    assert found.get(0x9214) == wanted
    assert (found[0x9000], found[0xA002]) == (b"0232", 640)


def test_hostile_subjects_never_raise():
    whole = subject(160, 120, 40, 20)
    for index in range(len(whole)):
        for byte in (0, 0x7F, 0xFF):
            Placement(WHOLE, (480, 640), turn=2).moved_subjects(whole[:index] + bytes((byte,)) + whole[index + 1 :])
            Placement(WHOLE, (480, 640), turn=2).moved_subjects(whole[:index])


PANORAMA = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:GPano="http://ns.google.com/photos/1.0/panorama/" '
    b'GPano:UsePanoramaViewer="True" GPano:CroppedAreaImageWidthPixels="640" GPano:CroppedAreaImageHeightPixels="480" '
    b'GPano:FullPanoWidthPixels="1280" GPano:FullPanoHeightPixels="640" GPano:CroppedAreaLeftPixels="320" '
    b'GPano:CroppedAreaTopPixels="80"/></rdf:RDF></x:xmpmeta>'
)


def panorama(packet):
    return {name.decode(): int(value) for name, value in re.findall(rb'GPano:(\w+)Pixels="(\d+)"', packet)}


def test_a_panorama_is_cut_and_scaled():
    made = panorama(Placement(Window((40, 440), (100, 600), (200, 250)), (480, 640)).moved(PANORAMA))
    assert made == {"CroppedAreaImageWidth": 250, "CroppedAreaImageHeight": 200, "FullPanoWidth": 640,
                    "FullPanoHeight": 320, "CroppedAreaLeft": 210, "CroppedAreaTop": 60}  # fmt: skip


@pytest.mark.parametrize(
    "place", [Placement(WHOLE, (480, 640), turn=6), Placement(WHOLE, (480, 640), shown_turned=True)]
)
def test_a_turned_panorama_is_none(place):
    assert b"GPano:" not in place.moved(PANORAMA).replace(b"xmlns:GPano", b"")
