"""Pictures beyond a level of their codec: grids of cells."""

from __future__ import annotations

import importlib.util
import struct

import numpy as np
import pytest

from untone import formats
from untone.formats.heif import avif, heic
from untone.formats.heif import grid as heif_grid
from untone.formats.heif import items as heif_items
from untone.image import GainMap, Image

CODECS = [avif.CODEC, pytest.param(heic.CODEC, marks=pytest.mark.skipif(
    importlib.util.find_spec("pillow_heif") is None, reason="needs the extra heic"))]  # fmt: skip


@pytest.fixture
def small_cells(monkeypatch):
    monkeypatch.setattr(heif_grid, "LEVEL_6_PIXELS", 100 * 100)
    monkeypatch.setattr(heif_grid, "CELL_SIDE", 96)


def photo(height: int, width: int, channels: int = 3) -> np.ndarray:
    rows, columns = np.mgrid[:height, :width]
    planes = [(rows * 3 + columns * (k + 1)) // 2 % 256 for k in range(channels)]
    return np.stack(planes, axis=2).astype(np.uint8)


@pytest.mark.parametrize("codec", CODECS)
def test_a_large_picture_is_a_grid_that_reads_back_whole(small_cells, codec):
    """131 x 169 in cells of 66 x 86: 2 x 2, the last ones padded by a row and three columns."""
    pixels, codes = photo(131, 169), photo(105, 99)
    gain_map = GainMap(codes, (0.0,) * 3, (2.0,) * 3, alternate_headroom_stops=2)
    data = formats.write(None, Image(pixels), gain_map, format=codec.name, quality=100, map_quality=100)
    meta = heif_items.parse(data)
    assert [item.kind for item in meta.items.values()].count(b"grid") == 2
    grid = meta.item(meta.primary)
    assert heif_items.item_bytes(data, grid) == struct.pack(">BBBBHH", 0, 0, 1, 1, 169, 131)
    cells = meta.targets(b"dimg", grid.number)
    assert all(meta.item(n).hidden and meta.item(n).kind == codec.kind for n in cells)
    assert {meta.item(n).property(b"ispe") for n in cells} == {struct.pack(">III", 0, 86, 66)}
    image, found = formats.read(data)
    assert (image.pixels == pixels).all()
    assert (found.codes == codes).all()


def test_a_grid_is_carried_over_as_it_is(small_cells):
    first = formats.write(None, Image(photo(131, 169)), format="avif")
    again = formats.write(None, formats.read(first)[0], format="avif")
    assert again == first


def test_wide_sizes_take_wide_fields():
    cell = heif_grid.NewItem(b"av01", b"x", (heif_items.Property(b"av1C", b"s"), heif_items.Property(b"colr", b"c")))
    grid = heif_grid._grid(avif.CODEC, cell, 1, 20, (70_000, 400))
    assert grid.data == struct.pack(">BBBBII", 0, 1, 0, 19, 70_000, 400)
    assert [p.name for p in grid.properties] == [b"ispe", b"colr"]


@pytest.mark.parametrize(("length", "count", "side"), [(16_000, 4, 4000), (16_001, 4, 4002), (131, 2, 66), (9, 1, 64)])
def test_cells_are_even_and_cover_the_picture(length, count, side):
    assert heif_grid._side(length, count) == side
    assert side * count >= length > side * (count - 1)


def test_pictures_within_a_level_stay_whole():
    items, links = heif_grid.encoded(avif.CODEC, photo(40, 50), 8, 90, (1, 13, 6), subsampled=True)
    assert [item.kind for item in items] == [b"av01"]
    assert not links
