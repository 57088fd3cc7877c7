"""Paths that cannot even be looked at, wherever commands take one: a line, no traceback, and nothing is written."""

import pytest
from PIL import Image as Pillow

from untone import cli

LONG = "x" * 300
"""Longer than names of file systems: looking at it fails, as it does in a folder that may not be searched."""


@pytest.mark.parametrize(
    "words",
    [
        ["photo.jpg", "-o", f"{LONG}/a.jpg"],
        ["photo.jpg", "-o", f"{LONG}.jpg"],
        ["photo.jpg", "-o", LONG + "/"],
        ["to", "avif", "photo.jpg", "photo.jpg", "-o", LONG],
        ["edit", "photo.jpg", "--rotate", "90", "-o", f"{LONG}/{LONG}.jpg"],
        ["photo.jpg", "--model", f"{LONG}.onnx"],
        ["apply", "photo.jpg", "-o", f"{LONG}/a.exr"],
        ["sheet", "photo.jpg", "-o", f"{LONG}.png"],
        ["view", LONG, "--html", "a.html"],
        ["audit", LONG],
    ],
)
def test_paths_that_cannot_be_looked_at_are_one_line(tmp_path, monkeypatch, capsys, words):
    monkeypatch.chdir(tmp_path)
    Pillow.new("RGB", (24, 16), (90, 120, 60)).save("photo.jpg")
    assert cli.main(words) in (1, 2)
    said = capsys.readouterr().err
    assert 1 <= said.count("\n") <= 2
    assert "Errno" not in said
    assert [path.name for path in tmp_path.iterdir()] == ["photo.jpg"]
