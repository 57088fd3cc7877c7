"""Tiles cover every pixel once, see enough around it, and stay within their size."""

import numpy as np
import pytest

from untone.models import tiles


@pytest.mark.parametrize(("height", "width"), [(1, 1), (3, 5), (64, 64), (65, 127), (500, 700)])
@pytest.mark.parametrize(("side", "halo", "step"), [(64, 0, 1), (64, 10, 2), (1024, 76, 2), (7, 3, 1)])
def test_every_pixel_is_kept_once_and_seen_with_its_surroundings(height, width, side, halo, step):
    kept = np.zeros((height, width), int)
    places = np.arange(height * width).reshape(height, width)
    for tile in tiles.plan(height, width, side, halo, step):
        kept[tile.kept] += 1
        assert np.array_equal(places[tile.seen][tile.inner], places[tile.kept])
        for seen, keep, length in zip(tile.seen, tile.kept, (height, width), strict=True):
            assert seen.start == max(keep.start - halo, 0)
            assert seen.stop == min(keep.stop + halo, length)
            assert seen.start % step == keep.start % step == 0
            assert keep.stop - keep.start <= side
    assert (kept == 1).all()


def test_tiles_are_about_equally_large():
    heights = {t.kept[0].stop - t.kept[0].start for t in tiles.plan(1100, 10, 1024, 76, 2)}
    assert heights == {550}


def test_codes_become_unit_values_channels_first():
    pixels = np.array([[[0, 51, 255], [255, 0, 102]]], np.uint8)
    found = tiles.unit(pixels)
    assert found.dtype == np.float32
    assert found.shape == (1, 3, 1, 2)
    assert found[0, :, 0, 0].tolist() == pytest.approx([0, 0.2, 1])
    assert tiles.unit(np.full((1, 1, 3), 65535, np.uint16)).max() == 1
    assert tiles.unit(np.full((1, 1, 3), 0.25, np.float32)).max() == 0.25
