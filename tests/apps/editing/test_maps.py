"""Maps made smaller, of one channel, coarser or dropped, by arithmetic of the test's own; the photo stays as it is."""

import numpy as np
import pytest

from untone import cli, formats, pipeline
from untone.apps.editing.maps import MapEdit, changed
from untone.colour import luminance_weights
from untone.formats.jpeg.segments import find_end, parse
from untone.image import GainMap, Image

SIZE = (48, 64)


def picture(*, channels=3, divisor=2):
    y, x = np.mgrid[0 : SIZE[0], 0 : SIZE[1]]
    pixels = np.stack([40 + x * 3, 30 + y * 4, 255 - x * 3], axis=2).astype(np.uint8)
    rows, columns, channel = np.mgrid[0 : SIZE[0] // divisor, 0 : SIZE[1] // divisor, 0:channels]
    codes = (120 + 100 * np.sin(rows / 5 + channel) * np.cos(columns / 6)).astype(np.uint8)
    low, high = ((-0.5, 0, 0), (1, 2, 2.5)) if channels == 3 else ((0,) * 3, (2,) * 3)
    return Image(pixels), GainMap(codes, low, high, (1.5,) * 3, alternate_headroom_stops=2.3)


@pytest.fixture(autouse=True)
def photo(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    image, gain_map = picture()
    plain = formats.write(None, image)
    (tmp_path / "plain.jpg").write_bytes(plain)
    (tmp_path / "photo.jpg").write_bytes(formats.write(None, formats.read(plain)[0], gain_map))
    return tmp_path / "photo.jpg"


def scan(data):
    stream = parse(data)
    return data[stream.scan : find_end(data, stream)]


def edit(*arguments, code=0):
    assert cli.main(["edit", "photo.jpg", "-o", "out.jpg", "--force", *map(str, arguments)]) == code
    return formats.read("out.jpg") if code == 0 else None


def test_a_sample_is_the_mean_gain_of_its_area():
    image, gain_map = picture()
    made, note = changed(image, gain_map, MapEdit(size="quarter"))
    assert (made.height, made.width, note) == (12, 16, None)
    share = (gain_map.codes / 255) ** (1 / 1.5)
    low, high = np.array(gain_map.min_stops), np.array(gain_map.max_stops)
    stops = low + (high - low) * share
    wanted = stops.reshape(12, 2, 16, 2, 3).mean(axis=(1, 3))
    got = low + (high - low) * (made.codes / 255) ** (1 / 1.5)
    assert np.abs(got - wanted).max() < 0.02
    assert (made.min_stops, made.gamma) == (gain_map.min_stops, gain_map.gamma)


def test_one_channel_has_the_luminance_of_three():
    image, gain_map = picture(divisor=1)
    made, _ = changed(image, gain_map, MapEdit(channels=1))
    assert made.codes.shape == (*SIZE, 1)
    weights = luminance_weights("bt709")
    three, one = (pipeline.apply(image, m).pixels @ weights for m in (gain_map, made))
    error = np.abs(one - three) / three
    assert error.max() < 0.02
    assert made.alternate_headroom_stops == gain_map.alternate_headroom_stops
    again, _ = changed(image, made, MapEdit(channels=3))
    assert (again.codes == made.codes).all()


@pytest.mark.parametrize(
    ("options", "size"),
    [(["--map-size", "quarter"], (12, 16, 3)), (["--map-size", 20], (15, 20, 3)), (["--map-channels", 1], (24, 32, 1)),
     (["--map-size", "quarter", "--map-channels", 1, "--map-quality", 50], (12, 16, 1))],
    ids=str,
)  # fmt: skip
def test_the_base_stays_byte_for_byte(photo, options, size):
    before = photo.read_bytes()
    _, made = edit(*options)
    assert made.codes.shape == size
    after = (photo.parent / "out.jpg").read_bytes()
    assert scan(after) == scan(before)
    assert len(after) < len(before)


def test_a_map_is_never_enlarged(capsys):
    _, made = edit("--map-size", "full")
    assert made.codes.shape == (24, 32, 3)
    assert "its gain map stays at 32 x 24: it is never enlarged" in capsys.readouterr().err
    _, made = edit("--resize", "200%")
    assert made.codes.shape == (24, 32, 3)
    _, made = edit("--resize", "50%")
    assert made.codes.shape[0] <= 24
    _, made = edit("--crop", "3,5,40,31")
    assert made.codes.shape[0] <= 24
    assert made.codes.shape[1] <= 32


def test_a_coarser_map_is_smaller_and_a_quality_alone_is_an_edit(photo):
    sizes = []
    for quality in (95, 40):
        edit("--map-quality", quality)
        sizes.append((photo.parent / "out.jpg").stat().st_size)
    assert sizes[0] > sizes[1]


def test_a_dropped_map_leaves_the_photo_that_it_was_made_for(photo, capsys):
    image, made = edit("--drop-map")
    assert made is None
    assert (photo.parent / "out.jpg").read_bytes() == (photo.parent / "plain.jpg").read_bytes()
    assert cli.main(["inspect", "--strict", "out.jpg"]) == 0
    assert capsys.readouterr().err == ""
    assert image.xmp is None


@pytest.mark.parametrize("suffix", ["avif", "jxl"])
def test_maps_of_other_formats_are_changed_and_dropped(photo, suffix):
    assert cli.main(["to", suffix, "photo.jpg"]) == 0
    before, _ = formats.read(f"photo.{suffix}")
    arguments = ["edit", f"photo.{suffix}", "--force"]
    assert cli.main([*arguments, "--map-size", "quarter", "-o", f"small.{suffix}"]) == 0
    after, made = formats.read(f"small.{suffix}")
    assert made.codes.shape == (12, 16, 3)
    assert (after.pixels == before.pixels).all()
    assert cli.main([*arguments, "--drop-map", "-o", f"none.{suffix}"]) == 0
    after, made = formats.read(f"none.{suffix}")
    assert made is None
    assert (after.pixels == before.pixels).all()
    data = photo.with_name(f"none.{suffix}").read_bytes()
    assert b"tmap" not in data
    assert b"jhgm" not in data


@pytest.mark.parametrize(
    ("options", "said"),
    [(["--drop-map", "--map-size", "half"], "has no size, channels or quality"), (["--map-size", "0"], "must be full"),
     (["--map-size", "third"], "must be full, half, quarter or a number")],
    ids=str,
)  # fmt: skip
def test_refusals_are_one_line(options, said, capsys):
    edit(*options, code=2)
    assert said in capsys.readouterr().err


def test_a_photo_without_a_map_is_told(capsys):
    assert cli.main(["edit", "plain.jpg", "--map-size", "half", "-o", "out.jpg"]) == 0
    assert "it has no gain map" in capsys.readouterr().err
