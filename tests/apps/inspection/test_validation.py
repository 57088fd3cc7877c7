"""Every rule of inspect --strict by a file that breaks it and no other; files as written break none."""

import io
import json
import struct

import numpy as np
import pytest
from PIL import Image as Pillow

from untone import cli, formats
from untone.apps.inspection.validation.files import findings
from untone.apps.inspection.viewers import RULES
from untone.formats.jpeg import mpf
from untone.formats.jpeg.segments import APP1, APP2, EXIF_TAG, XMP_TAG, parse, segment
from untone.formats.jpeg.ultrahdr import assemble, locate
from untone.formats.metadata.iso21496 import ISO_TAG, metadata_of, metadata_to_iso
from untone.formats.metadata.xmp import metadata_to_xmp
from untone.image import GainMap, Image


def gain_map(channels=3):
    codes = np.arange(12 * 16 * channels, dtype=np.uint8).reshape(12, 16, channels)
    high = (1.0, 2.0, 2.5) if channels == 3 else (2.0,) * 3
    return GainMap(codes, (-0.5,) * 3, high, (1.25,) * 3, alternate_headroom_stops=2.5)


@pytest.fixture
def whole():
    pixels = np.zeros((24, 32, 3), np.uint8)
    return formats.write(None, Image(pixels), gain_map())


def rules(data):
    return [finding.rule for finding in findings(data)]


def edited(data, old, new):
    """The file with `old` replaced, of the same length, everywhere in it."""
    assert len(old) == len(new)
    assert old in data
    return data.replace(old, new)


def with_map(made):
    """A file around another gain map, its index and directory made right by the writer."""
    return b"".join(assemble(formats.write(None, Image(np.zeros((24, 32, 3), np.uint8))), made))


def map_of(iso=None, xmp=None, more=b""):
    """A map's JPEG with these payloads."""
    written = formats.write(None, Image(np.zeros((24, 32, 3), np.uint8)), gain_map())
    stream = locate(written).gain_map
    parts = [b"\xff\xd8", more]
    parts += [segment(APP1, XMP_TAG + xmp)] if xmp is not None else []
    parts += [segment(APP2, ISO_TAG + iso)] if iso is not None else []
    parts += [written[s.start : s.end] for s in stream.segments if not 0xE1 <= s.marker <= 0xEF]
    return b"".join([*parts, written[stream.scan :]])


METADATA = metadata_of(gain_map())
ISO, XMP = metadata_to_iso(METADATA), metadata_to_xmp(METADATA)


def number(payload, index, top, bottom):
    """An ISO payload with its fraction of this index replaced."""
    return payload[: 5 + 8 * index] + struct.pack(">iI", top, bottom) + payload[13 + 8 * index :]


def test_a_base_of_one_component_is_named():
    stream = io.BytesIO()
    Pillow.new("L", (32, 24), 128).save(stream, "JPEG")
    data = formats.write(None, formats.read(stream.getvalue())[0], gain_map(1))
    assert rules(data) == ["grey-base"]
    assert [(f.broken, f.viewers) for f in findings(data)] == [(True, {"libultrahdr": "refuses the file"})]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("exif", [None, b"MM\0*\0\0\0\x08\0\0\0\0\0\0"])
def test_our_own_files_break_no_rule(channels, exif):
    image = Image(np.zeros((24, 32, 3), np.uint8), exif=exif)
    assert rules(formats.write(None, image, gain_map(channels))) == []
    assert rules(formats.write(None, image)) == []


def test_the_index(whole):
    body = locate(whole).primary.first(APP2, mpf.MPF_TAG)
    at = body.start + 4 + 54
    for place, value, rule in (
        (at, 0, "mpf-attribute"),
        (at, 0x020002, "mpf-attribute"),
        (at + 4, 5, "mpf-size"),
        (at + 16 + 4, 7, "mpf-size"),
        (at + 16 + 8, 300, "mpf-offset"),
    ):
        assert rules(whole[:place] + struct.pack(">I", value) + whole[place + 4 :])[0] == rule
    assert rules(whole[:at] + struct.pack(">I", 0x20030000) + whole[at + 4 :]) == []
    assert "mpf-missing" in rules(edited(whole, mpf.MPF_TAG, b"XXXX"))


def test_the_announcement(whole):
    layout = locate(whole)
    head, tail = whole[: layout.primary.scan], whole[layout.primary.scan :]
    no_iso = edited(head, ISO_TAG, b"x" * len(ISO_TAG)) + tail
    assert rules(no_iso) == ["marker-iso"]
    no_xmp = edited(head, b"hdrgm:Version", b"hdrgm:Verzion") + tail
    assert rules(no_xmp) == ["marker-xmp"]
    neither = edited(no_iso[: len(head)], b"hdrgm:Version", b"hdrgm:Verzion") + tail
    assert rules(neither) == ["marker-missing"]
    newer = edited(head, ISO_TAG + bytes(4), ISO_TAG + b"\0\1\0\1") + tail
    assert rules(newer) == ["marker-newer", "marker-iso"]
    length = str(len(whole) - layout.gain_map.start).encode()
    assert rules(edited(head, b'Length="' + length, b'Length="' + length[::-1]) + tail) == ["container-length"]
    assert rules(edited(head, b'"GainMap"', b'"GoneMap"') + tail) == ["container-missing"]


@pytest.mark.parametrize(
    ("made", "found"),
    [
        (map_of(ISO), ["xmp-missing"]),
        (map_of(None, XMP), ["iso-missing", "xmp-per-channel"]),
        (map_of(None, XMP.replace(b'hdrgm:Version="1.0" ', b"")), ["xmp-version", "iso-missing", "xmp-per-channel"]),
        (map_of(number(ISO, 3, 5, 4), XMP), ["flavours-disagree"]),
        (map_of(number(ISO, 3, 1, 0), XMP), ["zero-denominator"]),
        (map_of(number(ISO, 4, 0, 1), XMP), ["gamma"]),
        (map_of(number(ISO, 3, -9, 1), XMP), ["min-above-max"]),
        (map_of(number(ISO, 1, -9, 1), XMP), ["capacities"]),
        (map_of(number(ISO, 1, 0, 1), XMP), ["flavours-disagree", "headrooms-equal"]),
        (map_of(b"\0\1" + ISO[2:], XMP), ["newer-reader"]),
        (map_of(ISO[:2] + b"\0\1" + ISO[4:] + b"more", XMP), ["newer-writer"]),
        (map_of(ISO + b"more", XMP), ["iso-size"]),
        (map_of(ISO[:90], XMP), ["iso-size"]),
        (map_of(ISO[:4] + bytes([ISO[4] | 4]) + ISO[5:], XMP), ["backward-flag"]),
        (map_of(ISO, XMP.replace(b'Gamma="1.25"', b'Gamma="nan"')), ["not-finite"]),
        (map_of(ISO, XMP.replace(b'Gamma="1.25"', b'Gamma="0.00"')), ["gamma"]),
        (map_of(ISO, XMP.replace(b'CapacityMax="2.5"', b'CapacityMax="0.0"')), ["capacities"]),
        (map_of(ISO, XMP, segment(APP1, EXIF_TAG + b"MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0")),
         ["map-orientation"]),
    ],
)  # fmt: skip
def test_the_parameters(made, found):
    assert sorted(rules(with_map(made))) == sorted(found)


def test_the_common_denominator_form_is_named():
    numbers = [0, 5, *([-1, 4, 2, 0, 0] * 3)]
    payload = ISO[:4] + struct.pack(">BI2I", ISO[4] | 8, 2, *numbers[:2])
    payload += b"".join(struct.pack(">iiIii", *numbers[2 + 5 * c : 7 + 5 * c]) for c in range(3))
    assert rules(with_map(map_of(payload)))[0] == "common-denominator"


def test_the_map_itself(whole):
    layout = locate(whole)
    assert rules(whole[: layout.gain_map.start]) == ["map-missing"]
    assert rules(whole[:-50])[0] == "map-truncated"
    assert rules(whole + b"video") == ["trailing-bytes"]


def test_an_avif_without_the_brand_is_named():
    data = formats.write(None, Image(np.zeros((24, 32, 3), np.uint8)), gain_map(), format="avif")
    assert rules(data) == []
    end = int.from_bytes(data[:4], "big")
    assert rules(data[:end].replace(b"tmap", b"xxxx") + data[end:])[0] == "brand-missing"


def test_the_command_says_broken_or_whole(whole, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.jpg").write_bytes(whole)
    assert cli.main(["inspect", "--strict", "a.jpg"]) == 0
    assert capsys.readouterr().out == "a.jpg: whole, 0 deviations\n"
    (tmp_path / "b.jpg").write_bytes(whole[:-50])
    assert cli.main(["inspect", "--strict", "--json", "b.jpg"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert said["broken"] is True
    assert said["findings"][0]["viewers"] == {"Chromium": "shows SDR"}
    (tmp_path / "c.jpg").write_bytes(b"no image")
    assert cli.main(["inspect", "--strict", "c.jpg"]) == 1
    assert "unreadable" in capsys.readouterr().out


def test_no_bytes_raise(whole):
    generator = np.random.default_rng(1)
    for _ in range(150):
        broken = bytearray(whole[: generator.integers(2, len(whole) + 1)])
        for place in generator.integers(2, len(broken), 6) if len(broken) > 2 else ():
            broken[place] = generator.integers(0, 256)
        assert all(f.rule in RULES for f in findings(bytes(broken)))
    assert parse(whole)


@pytest.mark.parametrize(
    ("size", "expected"), [((48, 64), ["map-large"]), ((48, 63), []), ((1, 1), ["map-single"]), ((2, 1), [])]
)
def test_sizes_of_maps(size, expected):
    gain_map = GainMap(np.full((*size, 1), 128, np.uint8), (0,) * 3, (1,) * 3)
    data = formats.write(None, Image(np.zeros((24, 32, 3), np.uint8)), gain_map, format="jpeg")
    found = findings(data)
    assert ([f.rule for f in found], any(f.broken for f in found)) == (expected, False)
