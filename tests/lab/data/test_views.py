"""Views look where they are told to."""

from pathlib import Path

import numpy as np
import pytest
from made_light import write_exr

from untone.errors import UntoneError
from untone.lab.data import sources, views


def directions(height: int = 128) -> np.ndarray:
    """A panorama whose pixels hold the direction they look in: x right, y up, z ahead."""
    latitude = (0.5 - (np.arange(height) + 0.5) / height) * np.pi
    longitude = ((np.arange(2 * height) + 0.5) / (2 * height) - 0.5) * 2 * np.pi
    lat, lon = np.meshgrid(latitude, longitude, indexing="ij")
    return np.stack([np.cos(lat) * np.sin(lon), np.sin(lat), np.cos(lat) * np.cos(lon)], -1).astype(np.float32)


@pytest.mark.parametrize(("yaw", "pitch"), [(0, 0), (90, 0), (-170, 20), (30, -40)])
def test_the_middle_of_a_view_looks_along_yaw_and_pitch(yaw: float, pitch: float) -> None:
    view = views.perspective(directions(), yaw, pitch, 0, 60, 1.0, 65)
    a, b = np.radians([yaw, pitch])
    expected = [np.cos(b) * np.sin(a), np.sin(b), np.cos(b) * np.cos(a)]
    assert np.abs(view[32, 32] - expected).max() < 0.01


def test_the_edges_of_a_view_span_the_field_of_view() -> None:
    """With 90 degrees across, the middle of the right edge looks 45 degrees to the right."""
    view = views.perspective(directions(), 0, 0, 0, 90, 1.0, 101)
    right = view[50, 100] / np.linalg.norm(view[50, 100])
    assert abs(np.degrees(np.arctan2(right[0], right[2])) - 45 * 100 / 101) < 0.5


def test_roll_turns_the_horizon() -> None:
    view = views.perspective(directions(), 0, 0, 90, 60, 1.0, 65)
    assert abs(view[32, 60][0]) < 0.02
    assert abs(view[32, 60][1]) > 0.3


def test_a_crop_is_an_area_average() -> None:
    still = np.arange(16 * 16, dtype=np.float32).reshape(16, 16, 1).repeat(3, -1)
    made = views.crop(still, 0, 0, 16, 16, 4)
    expected = still.reshape(4, 4, 4, 4, 3).mean((1, 3))
    assert np.abs(made - expected).max() < 1e-3


def test_sources_tell_panoramas_by_their_shape_and_scenes_by_the_manifest(hdr_folder: Path, tmp_path: Path) -> None:
    found = sources.sources(hdr_folder)
    assert [s.path.name for s in found] == ["place_0.exr", "place_1.exr", "place_2.exr"]
    assert all(s.is_panorama for s in found)
    with pytest.raises(UntoneError, match=r"no HDR images"):
        sources.sources(tmp_path)


def test_infinite_light_is_clipped(tmp_path: Path) -> None:
    light = np.full((4, 8, 3), 1.0, np.float32)
    light[0, 0] = np.inf
    write_exr(tmp_path / "sun.exr", light)
    read = sources.read_light(tmp_path / "sun.exr")
    assert read.max() == sources.MAX_LIGHT
    assert np.isfinite(read).all()
