"""`untone measure photo.jpg photo.dng`: the light that a camera's JPEG lost, taken from its RAW, in place and exposure.

Scene, sensor and camera are made here, so that the light, and what the camera did to the picture, are known.
"""

import functools
import io
import json
import sys

import numpy as np
import pytest
import raw_files
from PIL import Image as Pillow

import untone
from untone import cli, colour
from untone.apps.measurement import alignment, raw, raw_gain
from untone.apps.measurement.alignment import Placement, sampled
from untone.errors import LimitError, UnsupportedError, UntoneError, UsageError
from untone.image import turned_back

HEIGHT, WIDTH = 232, 344
SENSOR = 8.0
"""Light that saturates the sensor; the JPEG's white is 1."""


@functools.cache
def scene(seed=3, height=HEIGHT, width=WIDTH):
    """[H, W, 3]: hills of many sizes around 0.15, and in its upper part lamps of up to 6, warm and cold."""
    generator = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    tone = np.zeros((height, width))
    for size in (7, 15, 33, 80):
        for _ in range(6):
            angle, phase = generator.uniform(0, 2 * np.pi, 2)
            tone += np.sin((x * np.cos(angle) + y * np.sin(angle)) * 2 * np.pi / size + phase) * size / 240
    light = 0.15 * np.exp2(tone)[:, :, None] * np.array([1.0, 0.95, 0.85])
    for colours, row, column in (((6, 5, 3.6), 50, 70), ((3, 4, 5.5), 90, 250), ((2.4, 2, 1.8), 40, 170)):
        glow = np.exp(-((y - row) ** 2 + (x - column) ** 2) / 500)
        light = light + glow[:, :, None] * np.array(colours)
    return light.astype(np.float32)


def camera(light, curve=lambda x: x, **placed):
    """The JPEG that a camera makes of light: a part of it, bent and shifted, through a tone curve."""
    orientation = placed.pop("orientation", 1)
    margin = placed.pop("margin", 0)
    size = (light.shape[0] - margin, light.shape[1] - margin)
    place = Placement(size, light.shape[:2], 1.0, **placed)
    rows, columns = np.meshgrid(*(np.arange(n, dtype=np.float32) + 0.5 for n in size), indexing="ij")
    seen = sampled(light, *place.positions(rows, columns))
    codes = np.floor(colour.linear_to_srgb(np.clip(curve(seen), 0, 1)) * 255 + 0.5).astype(np.uint8)
    stream, exif = io.BytesIO(), Pillow.Exif()
    exif[0x0112] = orientation
    stored = np.ascontiguousarray(turned_back(codes, orientation))
    Pillow.fromarray(stored).save(stream, "jpeg", quality=95, subsampling=0, exif=exif)
    return stream.getvalue(), seen


def sensor(light, path, **options):
    path.write_bytes(raw_files.dng(light / SENSOR, **options))
    return raw.read(str(path))


def measured(jpeg, found, divisor=2, channels=3):
    return raw_gain.measured(untone.read(jpeg)[0], found, divisor, channels)


def film(light):
    """Lifts midtones, bends highlights."""
    return 1.05 * (1 - np.exp(-1.25 * light))


@pytest.mark.parametrize("pattern", ["RGGB", "BGGR", "GBRG", "GRBG"])
def test_the_light_of_a_raw(tmp_path, pattern):
    """White-balanced, in the wide space that is said, of every order of colours; and where the sensor is saturated."""
    light = scene() * 2
    found = sensor(light, tmp_path / "a.dng", pattern=pattern)
    expected = light.reshape(HEIGHT // 2, 2, WIDTH // 2, 2, 3).mean(axis=(1, 3))
    seen = found.light @ colour.rgb_to_rgb(raw.PRIMARIES, "bt709").T
    safe = (expected.max(axis=2) < 2) & (expected.min(axis=2) > 0.05)
    ratio = np.log2(seen[safe] / expected[safe])
    assert np.quantile(np.abs(ratio - np.median(ratio)), 0.9) < 0.1
    saturated = (light * raw_files.NEUTRAL / SENSOR).reshape(HEIGHT // 2, 2, WIDTH // 2, 2, 3)
    assert found.clipped[saturated.min(axis=(1, 3)).max(axis=2) > 1].all()
    assert not found.clipped[saturated.max(axis=(1, 3, 4)) < 0.9].any()
    assert found.clipped.any()


@pytest.mark.parametrize("divisor", [1, 2, 4])
def test_light_that_the_jpeg_clipped_is_there_again(tmp_path, divisor):
    """A camera without a tone curve: the rendition is the scene, and what was below the bright codes is as before."""
    light = scene()
    jpeg, seen = camera(light)
    found = measured(jpeg, sensor(light, tmp_path / "a.dng"), divisor)
    image = untone.read(jpeg)[0]
    rendition = untone.apply(image, found.gain_map).pixels
    bright = (seen.min(axis=2) > 1.1) & (seen.max(axis=2) < 5)
    assert bright.mean() > 0.02
    error = np.abs(np.log2(rendition[bright] / seen[bright]))
    assert np.median(error) < 0.05
    assert np.quantile(error, 0.95) < 0.25
    dark = seen.max(axis=2) < 0.3
    base = colour.srgb_to_linear(image.pixels[dark] / 255)
    assert np.abs(np.log2((rendition[dark] + 0.01) / (base + 0.01))).max() < 0.1
    assert found.gain_map.alternate_headroom_stops == pytest.approx(np.log2(6), abs=0.4)


def test_python_measures_as_the_command(tmp_path, capsys):
    """`untone.measure_raw`: the same map, and nothing on a terminal."""
    jpeg, _ = camera(scene())
    (tmp_path / "a.jpg").write_bytes(jpeg)
    sensor(scene(), tmp_path / "a.dng")
    found = untone.measure_raw(untone.read(jpeg)[0], tmp_path / "a.dng", map_size="quarter", channels=1)
    assert capsys.readouterr() == ("", "")
    words = ["--map-size", "quarter", "--channels", "1", "-q"]
    photo, light, made = (str(tmp_path / name) for name in ("a.jpg", "a.dng", "b.jpg"))
    assert cli.main(["measure", photo, light, "-o", made, *words]) == 0
    assert found.alternate_headroom_stops == pytest.approx(untone.read(made)[1].alternate_headroom_stops, abs=1e-3)
    assert found.codes.shape == (HEIGHT // 4, WIDTH // 4, 1)
    with pytest.raises(UntoneError, match=r"none\.dng: "):
        untone.measure_raw(untone.read(jpeg)[0], "none.dng")
    with pytest.raises(UsageError, match="the map size must be one of"):
        untone.measure_raw(untone.read(jpeg)[0], tmp_path / "a.dng", map_size="tiny")


PLACES = {
    "margins": {"margin": 12},
    "shift": {"shift": (3.3, -2.6)},
    "distortion": {"radial": 0.03, "margin": 12},
    "pincushion": {"radial": -0.02, "margin": 12, "shift": (-1.2, 0.4)},
    "scale": {"stretch": -0.025, "shift": (1.0, 2.0)},
    "horizon": {"turn": 0.01, "margin": 16},
}


@pytest.mark.parametrize("name", PLACES)
def test_what_the_camera_did_to_the_picture_is_found(tmp_path, name):
    """To a third of a pixel, in the corners too, through a tone curve and noise."""
    light = scene()
    jpeg, _ = camera(light, film, **PLACES[name])
    found = measured(jpeg, sensor(light, tmp_path / "a.dng", noise=0.002))
    high, wide = untone.read(jpeg)[0].pixels.shape[:2]
    fields = {key: value for key, value in PLACES[name].items() if key != "margin"}
    expected = Placement((high, wide), (HEIGHT, WIDTH), 1.0, **fields)
    rows, columns = (np.array(v, np.float32) for v in ([0, 0, high, high, high / 2], [0, wide, 0, wide, wide / 2]))
    ours = found.placement.positions(rows / 2, columns / 2)
    for one, other in zip(ours, expected.positions(rows, columns), strict=True):
        assert np.abs(one * 2 - other).max() < 0.67
    assert found.placement.likeness > 0.97


@pytest.mark.parametrize(("of_photo", "of_raw"), [(1, 1), (6, 6), (3, 3), (8, 8), (1, 6), (6, 1), (3, 1)])
def test_orientations(tmp_path, of_photo, of_raw):
    """Each is turned as it says; a RAW whose photo was turned by something that did not say so is turned to fit."""
    light = scene()
    jpeg, seen = camera(light, orientation=of_photo)
    recorded = np.ascontiguousarray(turned_back(light, of_raw))
    found = measured(jpeg, sensor(recorded, tmp_path / "a.dng", orientation=of_raw))
    image = untone.read(jpeg)[0]
    rendition = untone.image.turned_upright(untone.apply(image, found.gain_map).pixels, of_photo)
    bright = (seen.min(axis=2) > 1.1) & (seen.max(axis=2) < 5)
    assert np.median(np.abs(np.log2(rendition[bright] / seen[bright]))) < 0.08


def test_a_raw_that_says_it_lies_on_its_side_and_does_not(tmp_path):
    light = scene()
    jpeg, _ = camera(light)
    turned = measured(jpeg, sensor(light, tmp_path / "a.dng", orientation=6))
    straight = measured(jpeg, sensor(light, tmp_path / "b.dng"))
    assert np.abs(turned.gain_map.codes.astype(int) - straight.gain_map.codes).mean() < 1


def test_a_smaller_jpeg_of_a_camera(tmp_path):
    """Cameras write half-size JPEGs beside whole RAWs."""
    light = scene()
    small = light.reshape(HEIGHT // 2, 2, WIDTH // 2, 2, 3).mean(axis=(1, 3))
    jpeg, _ = camera(small)
    found = measured(jpeg, sensor(light, tmp_path / "a.dng"))
    assert found.scale == pytest.approx(2, rel=0.01)
    assert found.gain_map.alternate_headroom_stops > 1.5


def test_midtones_shadows_and_the_tone_curve_stay(tmp_path):
    light = scene()
    jpeg, _ = camera(light, film)
    image = untone.read(jpeg)[0]
    found = measured(jpeg, sensor(light, tmp_path / "a.dng"), 1)
    base = colour.srgb_to_linear(image.pixels / 255)
    stops = untone.gainmap.stops_at(found.gain_map, *base.shape[:2])
    assert (stops >= 0).all()
    assert stops[base.max(axis=2) < raw_gain.FADES_IN - 0.02].max() < 0.05
    assert stops[base.min(axis=2) > 0.97].min() > 0.7


def test_where_the_sensor_is_saturated_too_the_photo_keeps_its_colour(tmp_path):
    light = scene() * np.float32(2.5)
    jpeg, _ = camera(light)
    found = measured(jpeg, sensor(light, tmp_path / "a.dng"), 2)
    assert found.clipped > 0.02
    stops = untone.gainmap.to_stops(found.gain_map)
    lost = untone.gainmap.box_average(sensor(light, tmp_path / "a.dng").clipped[:, :, None].astype(np.float32), 1)
    inside = lost[:, :, 0] > 0
    inside[1:-1, 1:-1] &= inside[:-2, 1:-1] & inside[2:, 1:-1] & inside[1:-1, :-2] & inside[1:-1, 2:]
    spread = np.ptp(np.minimum(stops, stops.max(axis=(0, 1)).min())[inside], axis=1)
    assert np.quantile(spread, 0.9) < 0.05


def test_one_channel(tmp_path):
    light = scene()
    jpeg, _ = camera(light)
    found = measured(jpeg, sensor(light, tmp_path / "a.dng"), 2, 1)
    assert found.gain_map.channels == 1
    assert found.gain_map.alternate_headroom_stops > 1.5


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: (camera(scene())[0], scene(seed=4)), "not of the same picture|cannot be aligned"),
        (lambda: (camera(scene()[:, ::-1])[0], scene()), "not of the same picture"),
        (lambda: (camera(scene() * 0.1)[0], scene() * 0.1), "no more light"),
        (lambda: (camera(np.minimum(scene(), 1))[0], np.minimum(scene(), 1)), "no more light"),
        (lambda: (camera(scene()[60:170, 60:240])[0], scene()), "not of the same picture|cannot be aligned"),
        (lambda: (camera(scene() * (1, 1, 0.3))[0], scene()), "white balance differs"),
        (lambda: (camera(scene() * 30)[0], scene()), "not of the same picture|too few midtones"),
    ],
)
def test_what_does_not_belong_together_is_refused(tmp_path, made, said):
    jpeg, light = made()
    with pytest.raises(UntoneError, match=said):
        measured(jpeg, sensor(light, tmp_path / "a.dng"))


def test_the_command(tmp_path, capsys):
    light = scene()
    jpeg, _ = camera(light, film, margin=12, radial=0.02)
    photo, target = tmp_path / "a.jpg", tmp_path / "out.jpg"
    photo.write_bytes(jpeg)
    (tmp_path / "a.dng").write_bytes(raw_files.dng(light / SENSOR, noise=0.001))
    assert cli.main(["measure", str(photo), str(tmp_path / "a.dng"), "-o", str(target), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["raw"]["correlation"] > 0.97
    assert said["raw"]["distortion"] == pytest.approx(0.02, abs=0.005)
    scan = jpeg[jpeg.index(b"\xff\xda") :]
    assert scan in target.read_bytes()
    image, gain_map = untone.read(target)
    assert np.array_equal(image.pixels, untone.read(photo)[0].pixels)
    assert gain_map.width == -(-image.width // 2)
    assert cli.main(["measure", str(photo), str(tmp_path / "a.dng"), "-o", str(target), "--force"]) == 0
    assert "stops of headroom, gain in" in capsys.readouterr().out
    assert cli.main(["inspect", "--strict", "--require-hdr", str(target)]) == 0


def test_files_that_are_no_raw(tmp_path, capsys):
    jpeg, _ = camera(scene())
    (tmp_path / "a.jpg").write_bytes(jpeg)
    whole = raw_files.dng(scene() / SENSOR)
    cases = {"a.nef": jpeg, "b.dng": b"", "c.cr2": whole[:5000], "d.arw": b"\0" * 5000, "e.dng": whole[:400]}
    for name, data in cases.items():
        (tmp_path / name).write_bytes(data)
        assert cli.main(["measure", str(tmp_path / "a.jpg"), str(tmp_path / name), "-o", str(tmp_path / "o.jpg")]) == 1
        said = capsys.readouterr().err.splitlines()
        assert len(said) == 1, said
        assert said[0].startswith(f"untone: {tmp_path / name}: "), said
    assert not (tmp_path / "o.jpg").exists()
    with pytest.raises(UntoneError, match="No such file"):
        raw.read(str(tmp_path / "none.dng"))


def test_limits_are_checked_before_anything_is_unpacked(tmp_path, monkeypatch):
    path = tmp_path / "a.dng"
    path.write_bytes(raw_files.dng(scene() / SENSOR))
    monkeypatch.setattr("untone.formats.common.limits.MAX_PIXELS", 1000)
    with pytest.raises(LimitError, match="pixels"):
        raw.read(str(path))


def test_errors_are_ours(tmp_path):
    path = tmp_path / "a.dng"
    path.write_bytes(b"II*\0" + bytes(2000))
    with pytest.raises(UnsupportedError, match="no RAW file"):
        raw.read(str(path))
    generator = np.random.default_rng(1)
    whole = raw_files.dng(scene(height=64, width=96) / SENSOR)
    told = []
    for _ in range(40):
        broken = bytearray(whole)
        for place in generator.integers(8, 500, 5):
            broken[place] = generator.integers(0, 256)
        path.write_bytes(bytes(broken))
        try:
            raw.read(str(path))
        except UntoneError as error:
            told.append(str(error))
    assert told
    assert not [text for text in told if "\n" in text]


def test_without_rawpy_it_says_what_to_install(tmp_path, monkeypatch):
    (tmp_path / "a.dng").write_bytes(b"")
    monkeypatch.setitem(sys.modules, "rawpy", None)
    with pytest.raises(UntoneError, match=r"pip install 'untone\[raw\]'"):
        raw.read(str(tmp_path / "a.dng"))


def test_positions_by_hand():
    """The middle is the middle; a corner goes out by stretch and distortion, and a quarter turn exchanges sides."""
    place = Placement((100, 200), (204, 404), 2.0, stretch=0.1, radial=0.05)
    rows, columns = place.positions(np.array([50.0, 0.0]), np.array([100.0, 0.0]))
    assert rows[0] == 102
    assert columns[0] == 202
    assert rows[1] == pytest.approx(102 - 2 * 1.1 * 1.05 * 50)
    assert columns[1] == pytest.approx(202 - 2 * 1.1 * 1.05 * 100)
    turned = Placement((100, 100), (100, 100), 1.0, turn=np.pi / 2)
    rows, columns = turned.positions(np.array([50.0]), np.array([60.0]))
    assert (rows[0], columns[0]) == pytest.approx((60, 50))


def test_samples_by_hand():
    plane = np.array([[0.0, 1.0], [2.0, 3.0]], np.float32)
    rows, columns = np.array([0.5, 1.0, 5.0, 0.0]), np.array([0.5, 1.0, 5.0, 1.5])
    assert sampled(plane, rows, columns).tolist() == [0.0, 1.5, 3.0, 1.0]
    assert alignment._likeness(plane, plane) == pytest.approx(1)
