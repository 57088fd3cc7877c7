"""From every container to every container: the map's numbers stay exact, and where nothing is lossy its codes, too."""

import dataclasses
from importlib.util import find_spec

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from untone import formats
from untone.formats.metadata.iso21496 import PER_CHANNEL
from untone.image import GainMap, Image

needs_codec = pytest.mark.skipif(find_spec("pillow_heif") is None, reason="the extra `heic` is not installed")
NAMES = ["jpeg", "avif", "jxl", pytest.param("heic", marks=needs_codec)]
NUMBERS = (*PER_CHANNEL, "base_headroom_stops", "alternate_headroom_stops", "use_base_colour_space")


def parameters(gain_map: GainMap) -> dict[str, object]:
    return {name: getattr(gain_map, name) for name in (*NUMBERS, "alternate_primaries")}


def written(image: Image, gain_map: GainMap, name: str) -> bytes:
    data = formats.write(None, image, gain_map, format=name, quality=100, map_quality=100)
    assert data is not None
    return data


@pytest.mark.parametrize("target", NAMES)
@pytest.mark.parametrize("source", NAMES)
def test_there_and_back(pixels, gain_map, orientation_exif, source, target):
    base = Image(pixels, "p3", orientation=6, exif=orientation_exif(6))
    for fields in ({}, {"use_base_colour_space": False, "alternate_primaries": "bt2020"}):
        mapped = dataclasses.replace(gain_map, **fields)
        image, first = formats.read(written(base, mapped, source))
        image, second = formats.read(written(image, first, target))
        last, third = formats.read(written(image, second, source))
        assert parameters(first) == parameters(second) == parameters(third)
        assert (last.orientation, last.exif, last.primaries) == (6, base.exif, "p3")
        if "jpeg" not in (source, target):
            assert np.array_equal(last.pixels, pixels)
            assert np.array_equal(third.codes, gain_map.codes)


@st.composite
def gain_maps(draw):
    number = st.floats(-60, 60)
    rows = [tuple(draw(number) for _ in range(3)) for _ in range(4)]
    gamma = tuple(draw(st.floats(1e-3, 60)) for _ in range(3))
    headrooms = draw(st.tuples(st.floats(0, 60), st.floats(0, 60)).filter(lambda pair: abs(pair[0] - pair[1]) > 1e-3))
    low, high = (tuple(map(choice, rows[0], rows[1])) for choice in (min, max))
    codes = np.random.default_rng(1).integers(0, 256, (3, 4, 3), np.uint8)
    return GainMap(codes, low, high, gamma, rows[2], rows[3], *headrooms)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(gain_maps(), st.permutations(["jpeg", "avif", "jxl"]))
def test_any_numbers_go_round_unchanged(gain_map, names):
    base = Image(np.full((4, 5, 3), 128, np.uint8))
    image, found = formats.read(written(base, gain_map, names[-1]))
    expected = parameters(found)
    for name in names:
        image, found = formats.read(written(image, found, name))
        assert parameters(found) == expected, name
