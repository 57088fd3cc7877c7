"""Edits of a photo with a map against the same edits of its HDR rendition, by slow arithmetic of the test's own."""

import dataclasses

import numpy as np
import pytest
from PIL import Image as Pillow

import untone
from untone import cli, pipeline
from untone.apps.editing.geometry import Bounds, Edit, edited, orientation_after
from untone.errors import UsageError
from untone.image import GainMap, Image, turned_upright


def photo(height, width, *, divisor, channels, orientation=1):
    """Smooth in 16 bits, with a map that rises and falls within a few pixels, not in step with the base."""
    y, x = np.mgrid[0:height, 0:width]
    waves = [0.5 + 0.4 * np.sin(x / 5) * np.cos(y / 7), 0.1 + 0.8 * x / width, 0.1 + 0.8 * y / height]
    pixels = (np.stack(waves, axis=2) * 65535).astype(np.uint16)
    rows, columns, channel = np.mgrid[0 : -(-height // divisor), 0 : -(-width // divisor), 0:channels]
    codes = (128 + 127 * np.sin(rows / 3) * np.cos(columns / 4 + channel)).astype(np.uint8)
    low, high = ((-0.5,) * 3, (2.0,) * 3) if channels == 1 else ((-0.5, 0.0, 0.0), (1.0, 2.0, 3.0))
    gain_map = GainMap(codes, low, high, (1.2, 1.2, 1.2), (0.0, 0.01, 1 / 64), (0.0, 0.02, 1 / 64))
    return Image(pixels, orientation=orientation, bits=16), gain_map


def shown(image, gain_map):
    return turned_upright(pipeline.apply(image, gain_map).pixels, image.orientation)


def mean_over_areas(plane, count):
    """[n, ...] to [count, ...]: every weight is the length that two intervals share."""
    n = len(plane)
    weights = [
        [max(0.0, min((i + 1) * n / count, j + 1) - max(i * n / count, j)) * count / n for j in range(n)]
        for i in range(count)
    ]
    return np.tensordot(np.array(weights), plane, 1)


def expected(light, edit):
    if edit.crop:
        left, top, width, height = edit.crop
        light = light[top : top + height, left : left + width]
    if edit.size:
        light = mean_over_areas(mean_over_areas(light, edit.size.height).swapaxes(0, 1), edit.size.width).swapaxes(0, 1)
    light = np.rot90(light, -edit.turns)
    return {"h": light[:, ::-1], "v": light[::-1], "": light}[edit.flip]


EDITS = [
    Edit(crop=(3, 5, 40, 31)),
    Edit(crop=(8, 8, 40, 32)),
    Edit(crop=(7, 9, 1, 1)),
    Edit(size=Bounds(32, 24, True)),
    Edit(size=Bounds(37, 29, True)),
    Edit(size=Bounds(1, 1, True)),
    Edit(crop=(1, 2, 50, 50), size=Bounds(20, 33, True), turns=3, flip="v"),
    Edit(turns=1, flip="h", upright=True),
]


@pytest.mark.parametrize("edit", EDITS, ids=str)
@pytest.mark.parametrize(("divisor", "channels", "orientation"), [(1, 3, 1), (2, 1, 6), (2, 3, 5), (4, 1, 3)])
@pytest.mark.parametrize("size", [(64, 80), (61, 75)])
def test_the_hdr_rendition_of_an_edit_is_the_edited_hdr_rendition(edit, divisor, channels, orientation, size):
    image, gain_map = photo(*size, divisor=divisor, channels=channels, orientation=orientation)
    made, made_map = edited(image, gain_map, edit, map_grows=True)
    wanted, got = expected(shown(image, gain_map), edit), shown(made, made_map)
    assert got.shape == wanted.shape
    error = np.abs(got - wanted) / (wanted + 1e-3)
    assert np.quantile(error, 0.99) < 0.01
    assert np.median(error) < 0.005
    assert made_map.max_stops == gain_map.max_stops
    assert made_map.alternate_headroom_stops == gain_map.alternate_headroom_stops
    sdr = [dataclasses.replace(m, min_stops=(0,) * 3, max_stops=(0,) * 3) for m in (gain_map, made_map)]
    base = expected(shown(image, sdr[0]), edit)
    np.testing.assert_allclose(shown(made, sdr[1]), base, rtol=2e-3, atol=2e-3)


def test_codes_resized_as_codes_would_miss():
    """A bright lamp with no gain beside a dark wall with much of it: the mean code gives the lamp too much light."""
    pixels = np.full((2, 2, 3), 65535, np.uint16)
    pixels[:, 1] = 6000
    image = Image(pixels, bits=16)
    codes = np.uint8([[[0], [255]], [[0], [255]]])
    gain_map = GainMap(codes, (0.0,) * 3, (3.0,) * 3, base_offset=(0.0,) * 3, alternate_offset=(0.0,) * 3)
    wanted = float(pipeline.apply(image, gain_map).pixels.mean())
    made, made_map = edited(image, gain_map, Edit(size=Bounds(1, 1, True)))
    assert float(pipeline.apply(made, made_map).pixels.mean()) == pytest.approx(wanted, rel=0.01)
    naive = dataclasses.replace(made_map, codes=np.full((1, 1, 1), 128, np.uint8))
    assert float(pipeline.apply(made, naive).pixels.mean()) > 2 * wanted


def test_a_crop_on_the_grid_keeps_the_samples():
    """A map that is constant near the cut needs no sample from beyond it."""
    image, gain_map = photo(64, 80, divisor=4, channels=3)
    codes = gain_map.codes.copy()
    codes[3:5], codes[:, 4:6], codes[10:14], codes[:, 13:17] = 90, 90, 90, 90
    gain_map = dataclasses.replace(gain_map, codes=codes)
    _, made = edited(image, gain_map, Edit(crop=(20, 16, 36, 32)))
    np.testing.assert_array_equal(made.codes, codes[4:12, 5:14])


def test_larger_is_smooth_and_keeps_the_map_as_it_is():
    image, gain_map = photo(16, 20, divisor=1, channels=3)
    made, made_map = edited(image, gain_map, Edit(size=Bounds(40, 32, True)))
    assert (made.width, made.height) == (40, 32)
    error = np.abs(made.pixels[1:-1:2, 1:-1:2].astype(float) - image.pixels[:-1, :-1])
    assert error.mean() < 3000
    assert made_map.codes.dtype == np.uint8


def test_pq_and_light_without_a_map_are_resized_as_light():
    light = np.float32([[[0] * 3, [8] * 3], [[4] * 3, [4] * 3]])
    made, none = edited(Image(light, transfer="linear", bits=32), None, Edit(size=0.5))
    assert none is None
    assert made.pixels.tolist() == [[[4, 4, 4]]]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turns_and_flips_of_the_orientation_are_those_of_the_picture(orientation):
    stored = np.arange(12).reshape(3, 4)
    for turns in range(4):
        for flip in ("", "h", "v"):
            after = orientation_after(orientation, Edit(turns=turns, flip=flip))
            wanted = np.rot90(turned_upright(stored, orientation), -turns)
            wanted = {"h": wanted[:, ::-1], "v": wanted[::-1], "": wanted}[flip]
            np.testing.assert_array_equal(turned_upright(stored, after), wanted)


@pytest.mark.parametrize("crop", [(0, 0, 21, 4), (0, 0, 0, 4), (19, 3, 2, 1), (0, 16, 1, 1)])
def test_crops_outside_are_refused(crop):
    with pytest.raises(UsageError, match="is not within the 20 x 16 picture"):
        edited(*photo(16, 20, divisor=1, channels=1), Edit(crop=crop))


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("30", (30, 15)),
        ("30x30", (30, 15)),
        ("30x10", (20, 10)),
        ("30x", (30, 15)),
        ("x30", (60, 30)),
        ("30x30!", (30, 30)),
        ("30 px", (30, 15)),
        ("50%", (20, 10)),
        ("0.0002mp", (20, 10)),
        ("0.0032 MP", (80, 40)),
        ("0.0032mp>", (40, 20)),
    ],
)
@pytest.mark.parametrize("orientation", [1, 6])
def test_sizes_are_what_people_write(tmp_path, text, size, orientation):
    """Of a picture that is shown 40 wide and 20 high."""
    exif = Pillow.Exif()
    exif[274] = orientation
    Pillow.new("RGB", (40, 20) if orientation == 1 else (20, 40)).save(tmp_path / "a.jpg", exif=exif)
    made = tmp_path / "made.jpg"
    assert cli.main(["edit", str(tmp_path / "a.jpg"), "--resize", text, "-o", str(made)]) == 0
    image, _ = untone.read(made)
    assert (image.width, image.height) == (size if orientation == 1 else size[::-1])
