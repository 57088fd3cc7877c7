"""untone to: what is the same codec keeps its bytes, parameters stay, pixel formats get the HDR rendition."""

import dataclasses
import json

import numpy as np
import pytest

from untone import cli, formats, pipeline
from untone.formats.segments import find_end, parse
from untone.image import GainMap, Image


@pytest.fixture(autouse=True)
def photo(tmp_path, monkeypatch):
    """photo.jpg, 32 x 24 turned by EXIF orientation 6, Display P3, with a map of 16 x 12."""
    monkeypatch.chdir(tmp_path)
    y, x = np.mgrid[0:24, 0:32]
    pixels = np.stack([x * 8, y * 10, 255 - x * 7], axis=2).astype(np.uint8)
    codes = np.ascontiguousarray(pixels[::2, ::2])
    offsets = {"base_offset": (0.0, 0.01, 1 / 64), "alternate_offset": (0.0, 0.02, 1 / 64)}
    gain_map = GainMap(codes, (-0.5, 0, 0), (1, 2, 2.5), (1, 1.25, 0.75), **offsets, alternate_headroom_stops=2.3)
    pipeline.write("photo.jpg", Image(pixels, "p3", orientation=6), gain_map)
    return tmp_path / "photo.jpg"


def parameters(gain_map):
    left_out = ("codes", "encoded", "encodings")
    return {f.name: getattr(gain_map, f.name) for f in dataclasses.fields(gain_map) if f.name not in left_out}


def test_jpeg_to_jpeg_copies_the_bytes_of_base_and_map(photo, capsys):
    assert cli.main(["to", "jpg", "photo.jpg", "-o", "copy.jpg"]) == 0
    assert capsys.readouterr() == ("", "")
    (one, one_map), (two, two_map) = (pipeline.read(name) for name in ("photo.jpg", "copy.jpg"))
    for first, second in ((one, two), (one_map, two_map)):
        streams = [(data := image.encoded, parse(data)) for image in (first, second)]
        scans = [data[stream.scan : find_end(data, stream)] for data, stream in streams]
        assert scans[0] == scans[1]
    assert parameters(one_map) == parameters(two_map)


@pytest.mark.parametrize(("suffix", "tolerance"), [("png", 2e-3), ("exr", 1e-3), ("hdr", 5e-3)])
def test_pixel_formats_get_the_hdr_rendition_upright(photo, suffix, tolerance):
    assert cli.main(["to", suffix, "photo.jpg"]) == 0
    found, none = pipeline.read(f"photo.{suffix}")
    assert none is None
    image, gain_map = pipeline.read("photo.jpg")
    light = pipeline.apply(image, gain_map)
    from untone.colour import rgb_to_rgb, to_linear
    from untone.image import turned_upright

    expected = turned_upright(light.pixels, 6) @ rgb_to_rgb("p3", "bt2020").T
    pixels = found.pixels if found.transfer == "linear" else to_linear(found.pixels / 65535, "pq")
    shown = turned_upright(pixels, found.orientation) @ rgb_to_rgb(found.primaries, "bt2020").T
    assert found.orientation == (6 if suffix == "png" else 1)
    assert np.allclose(shown, expected, rtol=tolerance, atol=tolerance * expected.max())


def test_every_written_format_can_be_asked_for():
    from untone.apps.transcoding import choices

    written = {f.name for f in formats.FORMATS if f.write is not None}
    assert set(choices().values()) == written
    assert {"jpg", "png", "exr", "hdr"} <= set(choices())


def test_a_batch_goes_on_past_a_bad_file(photo, capsys):
    (photo.parent / "bad.jpg").write_bytes(photo.read_bytes()[:300])
    assert cli.main(["to", "exr", "bad.jpg", "photo.jpg", "-o", "out", "--json"]) == 1
    out, err = capsys.readouterr()
    rows = [json.loads(line) for line in out.splitlines()]
    assert [row["status"] for row in rows] == ["failed", "converted"]
    assert rows[1]["headroom_stops"] == pytest.approx(2.3)
    assert err.startswith("untone: bad.jpg: ")
    assert err.count("\n") == 1
    assert [p.name for p in (photo.parent / "out").iterdir()] == ["photo.exr"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["to", "gif", "photo.jpg"], 2, "invalid choice"),
        (["to", "jpg", "photo.jpg"], 2, "overwrite the photo itself"),
        (["to", "png", "photo.jpg", "-o", "x.jpg"], 2, "must end in one of .png"),
        (["to", "exr", "photo.jpg", "--headroom", "nan"], 1, "headroom"),
        (["to", "png", "none.jpg"], 1, "none.jpg: no such file"),
        (["to", "jpg", "light.exr"], 1, "a JPEG base is SDR"),
    ],
)
def test_refusals_are_one_line(photo, capsys, arguments, code, said):
    pipeline.write("light.exr", Image(np.full((4, 4, 3), 2, np.float32), transfer="linear", bits=32))
    assert cli.main(arguments) == code
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1
    assert not list(photo.parent.glob("*.tmp"))
