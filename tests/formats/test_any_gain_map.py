"""Any gain map that can be made is written and read back equal, to the precision of the format, in every container."""

import dataclasses

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from untone import formats
from untone.formats.metadata.iso21496 import PER_CHANNEL
from untone.image import GainMap, Image

FRACTION = 65 / 2**31
"""Error of a fraction of 31-bit integers, for numbers up to 64."""

HEADROOMS = ("base_headroom_stops", "alternate_headroom_stops")
NUMBERS = st.floats(-64, 64, allow_nan=False)


@st.composite
def gain_maps(draw):
    channels = draw(st.sampled_from([1, 3]))
    height, width = draw(st.integers(1, 9)), draw(st.integers(1, 9))
    codes = np.random.default_rng(draw(st.integers(0, 99))).integers(0, 256, (height, width, channels), np.uint8)

    def triple(values):
        return (draw(values),) * 3 if channels == 1 else tuple(draw(values) for _ in range(3))

    ends = [triple(NUMBERS), triple(NUMBERS)]
    headrooms = draw(st.tuples(st.floats(0, 64), st.floats(0, 64)).filter(lambda pair: abs(pair[0] - pair[1]) > 1e-3))
    return GainMap(
        codes,
        tuple(map(min, *ends)),
        tuple(map(max, *ends)),
        triple(st.floats(1e-3, 64)),
        triple(NUMBERS),
        triple(NUMBERS),
        *headrooms,
    )


def round_trip(gain_map, name):
    base = Image(np.full((4, 5, 3), 128, np.uint8))
    _, found = formats.read(formats.write(None, base, gain_map, format=name, map_quality=100))
    return found


def assert_same_parameters(found, gain_map):
    for name in (*PER_CHANNEL, *HEADROOMS):
        np.testing.assert_allclose(getattr(found, name), getattr(gain_map, name), rtol=0, atol=FRACTION, err_msg=name)
    assert found.codes.shape == gain_map.codes.shape


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(gain_maps())
def test_jpeg(gain_map):
    found = round_trip(gain_map, "jpeg")
    assert_same_parameters(found, gain_map)
    assert found.encodings == ("iso21496-1", "hdrgm-xmp")
    again = round_trip(dataclasses.replace(gain_map, **{n: getattr(found, n) for n in PER_CHANNEL + HEADROOMS}), "jpeg")
    assert all(getattr(again, name) == getattr(found, name) for name in PER_CHANNEL + HEADROOMS)


@pytest.mark.parametrize("name", ["avif", "jxl"])
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(gain_map=gain_maps())
def test_containers_with_lossless_codes(name, gain_map):
    found = round_trip(gain_map, name)
    assert_same_parameters(found, gain_map)
    np.testing.assert_array_equal(found.codes, gain_map.codes)
