"""Every rule of inspect --strict by a file that breaks it and no other; files as written break none."""

import itertools
import json
import re
import struct
from pathlib import Path

import deviating_files
import numpy as np
import pytest

from untone import cli, formats
from untone.apps.inspection.validation.files import findings
from untone.apps.inspection.viewers import READERS, RULES
from untone.formats.jpeg import mpf
from untone.formats.jpeg.segments import APP2, parse
from untone.formats.jpeg.ultrahdr import locate
from untone.formats.metadata.iso21496 import ISO_TAG
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


@pytest.mark.parametrize("name", deviating_files.JPEGS)
def test_a_file_that_breaks_a_rule(name):
    make, expected = deviating_files.JPEGS[name]
    assert sorted(rules(make())) == sorted(expected)


def test_a_base_of_one_component_is_named_and_whole():
    """Chromium shows it; libultrahdr, which no viewer is known to be built on, refuses it. The photo's bytes stay."""
    found = findings(deviating_files.JPEGS["a grey base"][0]())
    said = {viewer: does.text for viewer, does in found[0].viewers.items()}
    assert [(f.broken, said) for f in found] == [(False, {"Chromium": "reads it", "libultrahdr": "refuses the file"})]


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


def test_chromium_takes_the_flavour_that_is_whole():
    for name, expected in (
        ("a zero denominator", "takes the XMP instead"),
        ("gamma of nothing", "takes ISO 21496-1 instead"),
        ("common denominator and XMP", "takes the XMP instead"),
        ("common denominator", "does not read it"),
        ("MPF offset", "finds the map by the container directory"),
        ("MPF offset, no container item", "ignores the gain map"),
    ):
        found = findings(deviating_files.JPEGS[name][0]())
        assert found[0].viewers["Chromium"].text == expected, name


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


def rows_of(heading):
    """Cells of the first table below a heading of docs/formats.md."""
    text = (Path(__file__).parents[3] / "docs" / "formats.md").read_text()
    lines = text[text.index(f"## {heading}\n") :].splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("|---"))
    rows = itertools.takewhile(lambda line: line.startswith("|"), lines[first + 1 :])
    found = [[cell.strip() for cell in row[1:-1].split("|")] for row in rows]
    assert found
    return found


def test_the_tables_of_the_document_are_the_rules():
    for what, chromium, libavif in rows_of("Deviations of AVIF and HEIC"):
        for name in [word for word in re.findall(r"[a-z]+(?:-[a-z]+)*", what.split(":")[0]) if word in RULES]:
            said = {viewer: does.text for viewer, does in RULES[name].viewers.items()}
            assert (said.get("Chromium (AVIF)") or said["Chromium"], said["libavif"]) == (chromium, libavif), name
    for what, severity, chromium, others in rows_of("Deviations of JPEG"):
        rule = RULES[what.split(":")[0]]
        said = {viewer: does.text for viewer, does in rule.viewers.items()}
        assert (rule.severity, said.get("Chromium", "")) == (severity, chromium), what
        told = [f"{viewer} {text}" for viewer, text in said.items() if not viewer.startswith("Chromium")]
        assert "; ".join(told) == others, what
    readers = [[name, flavour, ", ".join(v)] for name, found in READERS.items() for flavour, v in found.items()]
    assert rows_of("Who shows a gain map") == readers
