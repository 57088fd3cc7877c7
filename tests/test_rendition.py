"""Light by rows: the same as all of it at once, made when it is asked for."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from untone import kernels, pipeline, rendition
from untone.image import GainMap, Image


@pytest.fixture
def photo() -> Image:
    return Image(np.random.default_rng(1).integers(0, 256, (37, 23, 3), np.uint8))


@pytest.fixture
def gain_map() -> GainMap:
    codes = np.random.default_rng(2).integers(0, 256, (19, 12, 3), np.uint8)
    return GainMap(codes, (-0.5,) * 3, (2.0, 2.5, 3.0), (1.0, 0.7, 1.3), alternate_headroom_stops=3)


@pytest.mark.parametrize("elsewhere", [False, True])
@pytest.mark.parametrize("transfer", ["srgb", "hlg"])
def test_rows_are_those_of_all_light(photo, gain_map, elsewhere, transfer):
    photo = dataclasses.replace(photo, transfer=transfer)
    if elsewhere:
        gain_map = dataclasses.replace(gain_map, use_base_colour_space=False, alternate_primaries="bt2020")
    whole = pipeline.apply(photo, gain_map).pixels
    rows = rendition.applied(photo, gain_map).pixels
    assert isinstance(whole, np.ndarray)
    assert not isinstance(rows, np.ndarray)
    assert rows.shape == whole.shape
    for part in (slice(0, 5), slice(5, 37), slice(30, 99)):
        np.testing.assert_allclose(rows[part], whole[part], rtol=1e-6, atol=1e-7)
    assert rows[5:5].shape == (0, 23, 3)
    np.testing.assert_allclose(rows[::2, 3], whole[::2, 3], rtol=1e-6)
    np.testing.assert_allclose(np.asarray(rows, np.float64), whole, rtol=1e-6)


@pytest.mark.parametrize("suffix", ["png", "exr"])
def test_a_file_is_the_same_whatever_the_threads(tmp_path, monkeypatch, gain_map, suffix):
    photo, written = Image(np.random.default_rng(4).integers(0, 256, (300, 50, 3), np.uint8)), set()
    for threads in ("1", "2", "5"):
        monkeypatch.setenv("UNTONE_THREADS", threads)
        written.add(pipeline.write_rendition(None, photo, gain_map, format=suffix))
    assert len(written) == 1


def test_a_png_holds_the_codes_of_all_its_light_at_once(photo, gain_map):
    light_at_once = pipeline.apply(photo, gain_map)
    codes = kernels.pq16(light_at_once.pixels, photo.primaries, photo.white_nits)
    data = pipeline.write_rendition(None, photo, gain_map, format="png")
    assert np.array_equal(pipeline.read(data)[0].pixels, codes)


def test_rows_are_made_when_they_are_asked_for():
    asked = []

    def made(first: int, last: int) -> np.ndarray:
        asked.append((first, last))
        return np.full((last - first, 2, 3), first, np.float32)

    rows = rendition.Rows((9, 2, 3), made)
    assert not asked
    assert rows[4:6].max() == 4
    assert asked == [(4, 6)]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["exr", "hdr"])
def test_a_rendition_is_upright_where_its_format_knows_no_other_way(tmp_path, photo, gain_map, orientation, suffix):
    """Turned before the map is applied: the same light as turned after."""
    photo = dataclasses.replace(photo, orientation=orientation)
    target = tmp_path / f"out.{suffix}"
    pipeline.write_rendition(target, photo, gain_map)
    found = pipeline.read(target)[0]
    pipeline.write(target, pipeline.apply(photo, gain_map))
    expected = pipeline.read(target)[0]
    assert found.orientation == expected.orientation == 1
    brightest = expected.pixels.max(axis=2, keepdims=True)
    assert (np.abs(found.pixels - expected.pixels) <= brightest / 128 + 1e-6).all()


def test_large_pngs_and_exrs_hold_the_bands_of_one_picture(tmp_path, gain_map):
    """More rows than a band has, at a width where bands are narrow."""
    photo = Image(np.random.default_rng(3).integers(0, 256, (70, 40_000, 3), np.uint8))
    expected = pipeline.apply(photo, gain_map)
    for suffix in ("png", "exr"):
        pipeline.write_rendition(tmp_path / f"out.{suffix}", photo, gain_map)
        pipeline.write(tmp_path / f"whole.{suffix}", expected)
        assert (tmp_path / f"out.{suffix}").read_bytes() == (tmp_path / f"whole.{suffix}").read_bytes()
    found = pipeline.read(tmp_path / "out.exr")[0].pixels
    np.testing.assert_allclose(found, expected.pixels, rtol=1e-3, atol=1e-4)
