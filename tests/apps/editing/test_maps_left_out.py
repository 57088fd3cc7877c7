"""A photo whose gain map is of a kind that is not known, in every command: a line says what becomes of its map."""

import struct

import numpy as np
import pytest

from untone import cli, formats
from untone.formats.jpeg.segments import APP2, segment
from untone.formats.jpeg.ultrahdr import locate
from untone.image import GainMap, Image

ISO = b"urn:iso:std:iso:ts:21496:-1\0"


@pytest.fixture(autouse=True)
def photo(tmp_path, monkeypatch):
    """newer.jpg, 64 x 48, whose gain map is for readers of version 2."""
    monkeypatch.chdir(tmp_path)
    y, x = np.mgrid[0:48, 0:64]
    pixels = np.stack([x * 3, y * 4, 200 - x], axis=2).astype(np.uint8)
    gain_map = GainMap(np.ascontiguousarray(pixels[::2, ::2]), (0.0,) * 3, (2.0,) * 3, alternate_headroom_stops=2.0)
    data = formats.write(None, Image(pixels), gain_map)
    second = locate(data).gain_map
    found = next(s for s in second.segments if s.body.startswith(ISO))
    payload = struct.pack(">HH", 2, 5) + found.body[len(ISO) + 4 :]
    xmp = next(s for s in second.segments if s.body.startswith(b"http://ns.adobe.com/xap/1.0/\0"))
    newer = segment(APP2, ISO + payload) + segment(APP2, bytes(xmp.end - xmp.start - 4))  # as long, without XMP
    (tmp_path / "newer.jpg").write_bytes(data[: xmp.start] + newer + data[found.end :])
    assert xmp.end == found.start
    return tmp_path / "newer.jpg"


def test_inspect_shows_it(capsys):
    assert cli.main(["inspect", "newer.jpg"]) == 0
    said = capsys.readouterr().out
    assert "newer.jpg: jpeg" in said
    assert said.count("the gain map is left out") == 1
    assert "needs a reader of version 2 (its writer's is 5)" in said


def test_inspect_strict_names_it(capsys):
    assert cli.main(["inspect", "--strict", "newer.jpg"]) == 1
    said = capsys.readouterr().out
    assert "broken    newer-reader: the ISO 21496-1 gain map metadata needs a reader of version 2" in said
    assert "Chromium ignores the gain map" in said


@pytest.mark.parametrize("suffix", ["avif", "jxl", "png", "exr"])
def test_to_says_it(suffix, capsys):
    assert cli.main(["to", suffix, "newer.jpg", "-o", f"out.{suffix}"]) == 0
    said = capsys.readouterr().err
    assert said.count("\n") == said.count("newer.jpg: the gain map is left out") == 1
    assert formats.read(f"out.{suffix}")[1] is None


def test_to_jpg_and_edits_of_bytes_keep_it(photo, capsys):
    second = photo.read_bytes()[locate(photo.read_bytes()).gain_map.start :]
    assert cli.main(["to", "jpg", "newer.jpg", "-o", "same.jpg"]) == 0
    assert (photo.parent / "same.jpg").read_bytes() == photo.read_bytes()
    for edit in (["--rotate", "90"], ["--flip", "h"], ["--strip-location"], ["--strip-metadata"]):
        assert cli.main(["edit", "newer.jpg", *edit, "-o", "kept.jpg", "--force"]) == 0
        assert (photo.parent / "kept.jpg").read_bytes().endswith(second)
    assert "left out" not in capsys.readouterr().err


@pytest.mark.parametrize("edit", [["--crop", "16,16,32,16"], ["--resize", "50%"], ["--crop", "3,5,20,20"]])
def test_edits_of_pixels_say_it(photo, edit, capsys):
    """The old map would no longer be in step."""
    assert cli.main(["edit", "newer.jpg", *edit, "-o", "out.jpg"]) == 0
    assert capsys.readouterr().err.count("the gain map is left out") == 1
    data = (photo.parent / "out.jpg").read_bytes()
    assert locate(data).gain_map is None
    assert formats.probe(data).warnings == []


def test_apply_refuses(capsys):
    assert cli.main(["apply", "newer.jpg", "-o", "out.exr"]) == 1
    assert "newer.jpg: the gain map is left out: the ISO 21496-1" in capsys.readouterr().err


def test_audit_names_it(photo, capsys):
    assert cli.main(["audit", str(photo.parent)]) == 1
    assert "needs a reader of version 2" in capsys.readouterr().out
