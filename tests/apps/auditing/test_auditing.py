"""untone audit: what was done to copies of photos with a gain map is found, and nothing where nothing was done."""

import io
import json

import deviating_files
import numpy as np
import pytest
from PIL import Image as Pillow

from untone import cli, formats
from untone.apps.editing.command import edit
from untone.apps.editing.geometry import Edit
from untone.apps.editing.options import Request
from untone.formats.jpeg.ultrahdr import assemble, locate
from untone.formats.metadata.exif import taken_at
from untone.image import GainMap, Image


def exif(moment):
    block = Pillow.Exif()
    block.get_ifd(0x8769).update({0x9003: moment, 0x9291: "25"})
    return block.tobytes().removeprefix(b"Exif\0\0")


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch):
    """originals/sub/{a..h}.jpg, each with a map; copies/ is empty."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "originals" / "sub").mkdir(parents=True)
    (tmp_path / "copies" / "sub").mkdir(parents=True)
    y, x = np.mgrid[0:32, 0:48]
    for index, name in enumerate("abcdefgh"):
        pixels = np.stack([x * 5, y * 7, (x + y + index) * 3], axis=2).astype(np.uint8)
        gain_map = GainMap(np.ascontiguousarray(pixels[::2, ::2]), (0, 0, 0), (2, 2, 2), alternate_headroom_stops=2)
        image = Image(pixels, exif=exif(f"2026:05:0{index + 1} 10:00:00"))
        formats.write(tmp_path / "originals" / "sub" / f"{name}.jpg", image, gain_map)
    return tmp_path


def resaved(data, **options):
    stream = io.BytesIO()
    picture = Pillow.open(io.BytesIO(data))
    picture.save(stream, "JPEG", exif=picture.info["exif"], **options)
    return stream.getvalue()


def cropped_without_its_map(data):
    """What other tools write: the map of the whole beside half of the photo."""
    layout = locate(data)
    old_map = data[layout.gain_map.start :]
    image, _ = formats.read(data)
    half = formats.write(None, Image(np.ascontiguousarray(image.pixels[:, :24]), exif=image.exif))
    return b"".join(assemble(half, old_map))


def test_what_was_done_to_copies_is_found(folders, capsys):
    source = folders / "originals" / "sub"
    copies = folders / "copies"
    read = {path.stem: path.read_bytes() for path in source.iterdir()}
    (copies / "sub" / "a.jpg").write_bytes(read["a"])
    (copies / "sub" / "b.jpg").write_bytes(resaved(read["b"]))
    (copies / "renamed.jpg").write_bytes(resaved(read["c"]))
    (copies / "d.jpg").write_bytes(cropped_without_its_map(read["d"]))
    (copies / "sub" / "e.jpg").write_bytes(read["e"][:-40])
    edit(source / "f.jpg", copies / "f.edited.jpg", Request(Edit(crop=(0, 0, 20, 30))))
    image, gain_map = formats.read(read["g"])
    formats.write(copies / "g.jpg", image, GainMap(gain_map.codes, (0,) * 3, (1,) * 3, alternate_headroom_stops=1.0))
    formats.write(copies / "h.png", image)
    (copies / "stranger.jpg").write_bytes(resaved(read["a"], quality=50).replace(b"2026:05:01", b"2001:01:01"))
    assert cli.main(["audit", "copies", "--originals", "originals", "--json"]) == 1
    found = {row["file"].removeprefix("copies/"): row for row in map(json.loads, capsys.readouterr().out.splitlines())}
    assert {name: row["what"] for name, row in found.items()} == {
        "sub/b.jpg": "lost",
        "renamed.jpg": "lost",
        "d.jpg": "out of step",
        "sub/e.jpg": "damaged",
        "g.jpg": "changed",
        "h.png": "lost",
    }
    assert found["renamed.jpg"]["original"] == "originals/sub/c.jpg"


def test_nothing_done_is_nothing_found(folders, capsys):
    assert cli.main(["audit", "originals", "--originals", "originals"]) == 0
    assert capsys.readouterr().out == "8 files, 0 with a fault\n"


def test_without_originals_files_are_judged_by_themselves(folders, capsys):
    data = (folders / "originals" / "sub" / "a.jpg").read_bytes()
    (folders / "copies" / "a.jpg").write_bytes(data[: locate(data).gain_map.start])
    (folders / "copies" / "b.jpg").write_bytes(b"nothing")
    assert cli.main(["audit", "copies"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0].split() for line in lines[:2]] == [
        ["lost", "copies/a.jpg"],
        ["unreadable", "copies/b.jpg"],
    ]
    assert lines[2] == "2 files, 2 with a fault"


def test_a_folder_that_is_not_there(capsys):
    assert cli.main(["audit", "nowhere"]) == 2
    assert "nowhere is no folder" in capsys.readouterr().err


def test_the_moment_of_a_photo():
    assert taken_at(exif("2026:05:01 10:00:00")) == "2026:05:01 10:00:00.25"
    assert taken_at(exif("    :  :     :  :  ")) is None
    assert taken_at(None) is None
    assert taken_at(b"MM\0*\0\0\0\x08") is None


def test_a_photo_whose_map_was_taken_away_is_suspected_without_its_original(folders, capsys):
    """Its index still names the map; what names a preview that is gone is no gain map."""
    (folders / "copies" / "sent.jpg").write_bytes(deviating_files.JPEGS["a map that was taken away"][0]())
    (folders / "copies" / "whole.jpg").write_bytes(deviating_files.JPEGS["as written"][0]())
    assert cli.main(["audit", "copies"]) == 1
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("lost         copies/sent.jpg: the MPF index names an image of ")
    assert said[1] == "2 files, 1 with a fault"
    preview = deviating_files.JPEGS["a map that was taken away"][0]()
    at = preview.index(b"MPF\0") + 4 + 50 + 16
    assert preview[at : at + 4] == bytes(4)
    (folders / "copies" / "sent.jpg").write_bytes(preview[:at] + b"\0\1\0\1" + preview[at + 4 :])
    assert cli.main(["audit", "copies"]) == 0
