"""untone inspect --html: one page that holds all it shows, whatever the file."""

import base64
import re

import numpy as np
import pytest

from untone import cli, formats
from untone.apps.inspection.page import _false_colours
from untone.image import GainMap, Image


@pytest.mark.parametrize("kind", ["three channels", "one channel", "light", "plain", "one pixel"])
def test_the_page_holds_its_pictures(kind, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    channels = 3 if kind == "three channels" else 1
    codes = np.arange(12 * 16 * channels, dtype=np.uint8).reshape(12, 16, channels)
    gain_map = GainMap(codes, (0,) * 3, (2,) * 3, alternate_headroom_stops=2) if "channel" in kind else None
    side = (1, 1) if kind == "one pixel" else (24, 32)
    image = Image(np.full((*side, 3), 200, np.uint8), orientation=6)
    if kind == "light":
        image = Image(np.full((24, 32, 3), 5, np.float32), transfer="linear", bits=32)
    name = "a&b.exr" if kind == "light" else "a&b.jpg"
    formats.write(tmp_path / name, image, gain_map)
    assert cli.main(["inspect", name, "--html", "page.html"]) == 0
    assert capsys.readouterr().out == ""
    text = (tmp_path / "page.html").read_text()
    assert f"<h1>{name.replace('&', '&amp;')}</h1>" in text
    assert not re.search(r"(?:src|href)=\"(?!data:)|<script", text)
    pictures = [formats.read(base64.b64decode(found))[0] for found in re.findall(r"base64,([\w+/=]+)", text)]
    assert len(pictures) == {"three channels": 5, "one channel": 3}.get(kind, 2)
    shown = (24, 32) if kind == "light" else side[::-1]
    assert (pictures[0].height, pictures[0].width) == shown
    assert len(re.findall("<figcaption>Gain map, ", text)) == {"three channels": 3, "one channel": 1}.get(kind, 0)


def test_false_colours_have_their_marks():
    made = _false_colours(np.array([[0.0, 203.0, 10_000.0, 1e9]]))
    assert made.tolist() == [[[0, 0, 0], [90, 180, 90], [255, 255, 255], [255, 255, 255]]]
