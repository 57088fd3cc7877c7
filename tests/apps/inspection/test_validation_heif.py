"""Every rule of inspect --strict about AVIF and HEIC by a file that breaks it and no other.

What viewers do about each was tried with the same files: tests/witness has the viewers.
"""

import dataclasses
import re
import struct
from pathlib import Path

import numpy as np
import pytest
from deviating_files import BASE, CASES, DEEP, IROT, MAP, TMAP, Parts, gain_map

from untone import cli, formats
from untone.apps.inspection.validation.files import findings
from untone.apps.inspection.validation.heif import OF_AVIF, OF_AVIF_ONLY
from untone.apps.inspection.viewers import BROKEN, RULES, WARNING
from untone.formats.heif.item_writer import NewItem
from untone.formats.heif.items import Link, Property
from untone.image import Image


@pytest.fixture(scope="module", params=["avif", "heic"])
def written(request) -> tuple[str, bytes]:
    if request.param == "heic":
        pytest.importorskip("pillow_heif", reason="HEIC needs the extra heic")
    image = Image(np.zeros((24, 32, 3), np.uint8))
    return request.param, formats.write(None, image, gain_map(), format=request.param)


def rules(data: bytes) -> list[str]:
    return [finding.rule for finding in findings(data)]


@pytest.mark.parametrize("name", CASES)
def test_a_file_that_breaks_one_rule(written, name):
    change, expected = CASES[name]
    parts = Parts(written[1])
    change(parts)
    data = parts.file()
    left_out = ["map-left-out"] * (written[0] == "heic" and name == "something essential")
    assert rules(data) == left_out + expected
    for finding in findings(data):
        untried = written[0] == "heic" and finding.rule in OF_AVIF
        assert finding.severity == (WARNING if untried else RULES[finding.rule].severity)
        assert (finding.viewers == {}) == (untried or not RULES[finding.rule].viewers)


def test_files_as_written_break_none(written):
    assert rules(written[1]) == []
    assert rules(Parts(written[1]).file()) == []
    image = Image(np.zeros((24, 32, 3), np.uint8), orientation=6)
    assert rules(formats.write(None, image, gain_map(), format=written[0])) == []
    assert rules(formats.write(None, image, format=written[0])) == []


def test_pixi_is_demanded_of_avif_only(written):
    parts = Parts(written[1])
    parts.without(BASE, b"pixi")
    assert rules(parts.file()) == (["pixi-missing"] if written[0] == "avif" else [])


def test_a_cropped_base_is_named_of_avif_only(written):
    parts = Parts(written[1])
    parts.without(BASE, b"clap")
    parts.more(BASE, Property(b"clap", struct.pack(">8I", 16, 1, 12, 1, 0, 1, 0, 1), True))
    parts.other(TMAP, b"ispe", next(p.body for p in parts.items[BASE].properties if p.name == b"ispe"))
    assert rules(parts.file()) == (["cropped"] if written[0] == "avif" else [])


def test_a_map_of_fewer_bits_than_a_deep_base():
    image = Image(np.zeros((24, 32, 3), np.uint16), bits=10)
    deep = Parts(formats.write(None, image, gain_map(), format="avif"))
    assert rules(deep.file()) == []
    deep.items[MAP] = Parts(formats.write(None, Image(image.pixels.astype(np.uint8)), gain_map(), format="avif")).items[
        2
    ]
    assert rules(deep.file()) == ["map-shallow"]


def test_two_tone_maps(written):
    parts = Parts(written[1])
    parts.items.append(parts.items[TMAP])
    parts.links.append(Link(b"dimg", 4, (1, 3)))
    parts.groups[0] = Link(b"altr", 1000000, (2, 4, 1))
    assert sorted(rules(parts.file())) == ["altr-order", "tmap-twice"]


def test_a_tone_map_as_primary(written):
    data = Parts(written[1]).file()
    place = data.index(b"pitm") + 8
    assert rules(data[:place] + b"\0\2" + data[place + 2 :]) == ["tmap-primary"]


def test_a_brand_without_its_item(written):
    parts = Parts(formats.write(None, Image(np.zeros((24, 32, 3), np.uint8)), format=written[0]))
    parts.brands.append(b"tmap")
    assert rules(parts.file()) == ["map-missing"]


def test_a_grid_is_held_to_its_tiles(written):
    """The bits of a base made of tiles are those of the tiles."""
    parts = Parts(written[1])
    base = parts.items[BASE]
    size = Property(b"ispe", struct.pack(">III", 0, 64, 24))
    shared = tuple(p for p in base.properties if p.name in (b"colr", b"pixi"))
    parts.items[BASE] = NewItem(b"grid", struct.pack(">BBBBHH", 0, 0, 0, 1, 64, 24), (size, *shared))
    parts.items += [dataclasses.replace(base, hidden=True)] * 2
    parts.links.append(Link(b"dimg", 1, (4, 5)))
    parts.other(TMAP, b"ispe", size.body)
    assert rules(parts.file()) == []
    parts.other(BASE, b"pixi", DEEP)
    assert rules(parts.file()) == ["pixi-wrong"]


def test_the_command_says_what_viewers_do(written, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    parts = Parts(written[1])
    parts.more(TMAP, IROT)
    (tmp_path / "a").write_bytes(parts.file())
    broken = written[0] == "avif"
    assert cli.main(["inspect", "--strict", "a"]) == int(broken)
    said = capsys.readouterr().out
    assert said.startswith(f"{BROKEN if broken else WARNING}")
    assert ("fails the whole image" in said) == broken
    assert said.endswith(f"a: {'broken' if broken else 'whole'}, 1 deviation\n")


def test_no_bytes_raise(written):
    generator = np.random.default_rng(1)
    data = written[1]
    for _ in range(100):
        broken = bytearray(data[: generator.integers(12, len(data) + 1)])
        for place in generator.integers(12, len(broken), 6) if len(broken) > 12 else ():
            broken[place] = generator.integers(0, 256)
        assert all(f.rule in RULES for f in findings(bytes(broken)))


def test_the_document_has_every_rule_of_these_files():
    text = (Path(__file__).parents[3] / "docs" / "formats.md").read_text()
    table = text[text.index("## Deviations of AVIF and HEIC") :]
    named = {rule for _, found in CASES.values() for rule in found}
    named |= {"tmap-primary", "tmap-twice", *OF_AVIF, *OF_AVIF_ONLY}
    for rule in named - {"map-missing", "newer-writer", "backward-flag", "capacities"}:
        starred = "*" if rule in OF_AVIF else ""
        assert re.search(rf"^\|.*\b{rule}{re.escape(starred)}(?![\w*-])", table, re.MULTILINE), rule


@pytest.mark.parametrize("name", ["avif", "heic"])
@pytest.mark.parametrize(
    ("size", "expected"),
    [((25, 32), ["map-tall"]), ((48, 64), ["map-tall"]), ((24, 64), []), ((1, 1), ["map-single"]), ((1, 2), [])],
)
def test_maps_of_sizes_that_viewers_take_differently(name, size, expected):
    if name == "heic":
        pytest.importorskip("pillow_heif", reason="HEIC needs the extra heic")
    codes = np.full((*size, 1), 128, np.uint8)
    base = Image(np.zeros((24, 32, 3), np.uint8))
    found = findings(formats.write(None, base, dataclasses.replace(gain_map(), codes=codes), format=name))
    assert [f.rule for f in found] == expected
    assert [f.broken for f in found] == [rule == "map-tall" and name == "avif" for rule in expected]
