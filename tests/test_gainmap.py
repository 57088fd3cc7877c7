"""Gain map arithmetic against ISO 21496-1 worked by hand, and as physics: black, no change, there and back."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from untone import gainmap
from untone.errors import UntoneError
from untone.image import GainMap


def map_of(codes, low=0.0, high=2.0, **fields):
    codes = np.asarray(codes, np.uint8).reshape(1, -1, 1)
    return GainMap(codes, (low,) * 3, (high,) * 3, **fields)


def scene(seed=0, height=12, width=16, gain=3.0):
    """An SDR picture and an HDR one of the same scene, linear."""
    rng = np.random.default_rng(seed)
    sdr = rng.uniform(0, 1, (height, width, 3))
    return sdr, (sdr + 1 / 64) * 2 ** rng.uniform(0, gain, (height, width, 3)) - 1 / 64


@pytest.mark.parametrize(
    ("headroom", "expected"), [(0, 0), (0.5, 0), (1.0, 0.25), (2.5, 1), (9, 1), (None, 1)]
)  # (H - .5) / (2.5 - .5)
def test_weight_of_an_sdr_base(headroom, expected):
    gain_map = map_of([0], base_headroom_stops=0.5, alternate_headroom_stops=2.5)
    assert gainmap.weight(gain_map, headroom) == expected


@pytest.mark.parametrize(("headroom", "expected"), [(0, -1), (0.5, -1), (2.0, -0.25), (2.5, 0), (9, 0), (None, 0)])
def test_weight_of_an_hdr_base_is_negative(headroom, expected):
    gain_map = map_of([0], base_headroom_stops=2.5, alternate_headroom_stops=0.5)
    assert gainmap.weight(gain_map, headroom) == expected


def test_equal_headrooms_apply_nothing():
    assert gainmap.weight(map_of([0], base_headroom_stops=1.0), 1.0) == 0
    for bad in (-1, math.nan, math.inf):
        with pytest.raises(UntoneError, match="headroom"):
            gainmap.weight(map_of([0]), bad)


def test_codes_to_stops_by_hand():
    """51 of 255 is 0.2; gamma 2 takes its root: -1 + 3 * 0.4472136."""
    gain_map = map_of([0, 51, 255], -1.0, 2.0, gamma=(2.0, 1.0, 1.0))
    np.testing.assert_allclose(gainmap.to_stops(gain_map).ravel(), [-1, -1 + 3 * 0.4472136, 2], rtol=1e-6)


def test_apply_by_hand():
    light = np.array([[[0.0, 0.5, 1.0]]])
    out = gainmap.apply(light, np.array([[[1.0, 2.0, 3.0]]]), 0.5, (0.1, 0.0, 0.2), (0.05, 0.1, 0.0))
    np.testing.assert_allclose(out, [[[0.1 * 2**0.5 - 0.05, 0.5 * 2 - 0.1, 1.2 * 2**1.5]]])


def test_no_gain_and_no_weight_leave_the_light_alone():
    light, _ = scene()
    np.testing.assert_allclose(gainmap.apply(light, np.zeros_like(light)), light, atol=1e-15)
    np.testing.assert_allclose(gainmap.apply(light, np.full_like(light, 5), 0.0), light, atol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_apply_keeps_the_type_of_the_light(dtype):
    light, _ = scene()
    assert gainmap.apply(light.astype(dtype), np.zeros((1, 1, 1), dtype)).dtype == dtype


def test_resize_by_hand():
    """Pixel centres of 4 over 2 sit at -.25, .25, .75, 1.25 of the source; 2 over 4 average neighbours."""
    two = np.array([[[0.0], [8.0]]])
    np.testing.assert_allclose(gainmap.resize(two, 1, 4).ravel(), [0, 2, 6, 8])
    four = np.array([[[0.0], [2.0], [6.0], [8.0]]])
    np.testing.assert_allclose(gainmap.resize(four, 1, 2).ravel(), [1, 7])
    np.testing.assert_array_equal(gainmap.resize(four, 3, 4), np.repeat(four, 3, axis=0))
    np.testing.assert_array_equal(gainmap.resize(two[:, :1], 5, 7), np.zeros((5, 7, 1)))


def test_box_average_of_uneven_edges():
    plane = np.arange(15.0).reshape(3, 5, 1)
    np.testing.assert_allclose(gainmap.box_average(plane, 2)[..., 0], [[3, 5, 6.5], [10.5, 12.5, 14]])
    np.testing.assert_array_equal(gainmap.box_average(plane, 1), plane)


def test_quantise_by_hand():
    stops = np.array([[[-9.0], [-1.0], [0.0], [1.0], [9.0]]])
    np.testing.assert_array_equal(gainmap.quantise(stops, -1, 3).ravel(), [0, 0, 64, 128, 255])  # 63.75, 127.5
    np.testing.assert_array_equal(gainmap.quantise(stops, -1, 3, 2.0).ravel(), [0, 0, 16, 64, 255])  # 15.9, 63.75
    assert gainmap.quantise(stops, -1, 3, maximum=65535).dtype == np.uint16
    np.testing.assert_array_equal(gainmap.quantise(stops, 1.0, 1.0).ravel(), 0)


@pytest.mark.parametrize("gamma", [1.0, 0.5, 2.2])
@pytest.mark.parametrize("bits", [8, 16])
def test_measure_then_apply_returns_the_hdr(bits, gamma):
    sdr, hdr = scene()
    gain_map = gainmap.measure(sdr, hdr, bits=bits, gamma=gamma, outlier_share=0)
    back = gainmap.apply(sdr, gainmap.to_stops(gain_map).astype(float), gainmap.weight(gain_map))
    step = (max(gain_map.max_stops) - min(gain_map.min_stops)) / (2**bits - 1)
    darkest = 3 * (0.5 / (2**bits - 1)) ** (1 / gamma)  # gains below half a code become 0; above 1, gamma widens that
    error = np.abs(np.log2((back + 1 / 64) / (hdr + 1 / 64)))
    assert error.max() <= max(darkest, step / gamma / 2) + 1e-5
    assert gain_map.base_headroom_stops == 0
    assert gain_map.alternate_headroom_stops == pytest.approx(math.log2(hdr.max()))


def test_one_channel_keeps_luminance_exactly():
    sdr, hdr = scene()
    gain_map = gainmap.measure(sdr, hdr, channels=1, bits=16, offset=0.0, outlier_share=0)
    back = gainmap.apply(sdr, gainmap.to_stops(gain_map).astype(float), 1.0, (0.0,) * 3, (0.0,) * 3)
    weights = np.array([0.2126, 0.7152, 0.0722])
    np.testing.assert_allclose(back @ weights, hdr @ weights, rtol=1e-3)
    np.testing.assert_allclose(back / back.sum(-1, keepdims=True), sdr / sdr.sum(-1, keepdims=True), rtol=1e-9)


def test_an_sdr_brighter_than_its_hdr_gives_negative_gains_that_still_apply():
    sdr, _ = scene()
    gain_map = gainmap.measure(sdr, sdr / 2)
    assert max(gain_map.max_stops) < 0
    assert gain_map.alternate_headroom_stops > gain_map.base_headroom_stops == 0
    back = gainmap.apply(sdr, gainmap.to_stops(gain_map).astype(float), gainmap.weight(gain_map))
    np.testing.assert_allclose(back, sdr / 2, atol=0.01)


def test_an_hdr_base_is_led_down_to_its_sdr():
    sdr, hdr = scene()
    gain_map = gainmap.measure(hdr, sdr, bits=16, outlier_share=0)
    assert gain_map.base_headroom_stops > gain_map.alternate_headroom_stops == 0
    assert min(gain_map.min_stops) >= -1e-9
    weight = gainmap.weight(gain_map, 0.0)
    np.testing.assert_allclose(gainmap.apply(hdr, gainmap.to_stops(gain_map).astype(float), weight), sdr, atol=1e-3)


def test_equal_renditions_make_a_flat_map():
    sdr, _ = scene()
    gain_map = gainmap.measure(sdr, sdr)
    assert gain_map.min_stops == gain_map.max_stops == (0.0,) * 3
    assert not gain_map.codes.any()


def test_outliers_do_not_spend_the_codes():
    sdr = np.full((100, 100, 3), 0.25)
    hdr = sdr * np.linspace(1, 2, 100)[:, None, None]
    hdr[50, 50] = 1e4
    assert max(gainmap.measure(sdr, hdr).max_stops) < 1
    assert max(gainmap.measure(sdr, hdr, outlier_share=0).max_stops) > 15


@pytest.mark.parametrize(("divisor", "shape"), [(1, (5, 7)), (2, (3, 4)), (4, (2, 2))])
def test_smaller_maps_cover_every_pixel(divisor, shape):
    sdr, hdr = scene(height=5, width=7)
    assert gainmap.measure(sdr, hdr, divisor=divisor).codes.shape == (*shape, 3)


def test_negative_light_and_zero_offset_stay_finite():
    sdr = np.array([[[0.0, -0.1, 0.5]]])
    gain_map = gainmap.measure(sdr, -sdr, offset=0.0)
    assert np.isfinite(gainmap.to_stops(gain_map)).all()


@pytest.mark.parametrize(
    "arguments",
    [
        {"alternate_light": np.zeros((2, 3, 3))},
        {"alternate_light": np.full((2, 2, 3), np.nan)},
        {"base_light": np.full((2, 2, 3), np.inf)},
        {"base_light": np.zeros((2, 2, 3), np.uint8)},
        {"base_light": np.zeros((0, 2, 3)), "alternate_light": np.zeros((0, 2, 3))},
        {"channels": 2},
        {"divisor": 0},
        {"bits": 10},
        {"gamma": 0.0},
        {"offset": -0.1},
        {"offset": math.nan},
    ],
)
def test_measure_refuses_what_it_cannot_mean(arguments):
    with pytest.raises(UntoneError) as error:
        gainmap.measure(**({"base_light": np.ones((2, 2, 3)), "alternate_light": np.ones((2, 2, 3))} | arguments))
    assert "\n" not in str(error.value)


def test_strength_scales_stops_and_headroom():
    gain_map = map_of([0, 100, 255], -0.5, 3.0, alternate_headroom_stops=2.0)
    half = gainmap.strengthen(gain_map, 0.5)
    np.testing.assert_allclose(gainmap.to_stops(half), gainmap.to_stops(gain_map) / 2, atol=1e-6)
    assert half.alternate_headroom_stops == 1.0
    none = gainmap.strengthen(gain_map, 0.0)
    assert not gainmap.to_stops(none).any()
    assert none.alternate_headroom_stops > none.base_headroom_stops
    for bad in (-0.1, math.nan, math.inf, 1e9):
        with pytest.raises(UntoneError, match="strength"):
            gainmap.strengthen(gain_map, bad)


@given(
    codes=st.lists(st.integers(0, 255), min_size=2, max_size=30),
    low=st.floats(-4, 0),
    high=st.floats(0, 8),
    gamma=st.floats(0.3, 3),
    headroom=st.floats(0.1, 6),
)
def test_limit_bounds_white_and_keeps_the_order(codes, low, high, gamma, headroom):
    gain_map = map_of(codes, low, high, gamma=(gamma,) * 3, alternate_headroom_stops=8.0)
    limited = gainmap.limit(gain_map, headroom)
    before, after = gainmap.to_stops(gain_map).ravel(), gainmap.to_stops(limited).ravel()
    assert gainmap.apply(np.ones(()), after[:, None].astype(float)).max() <= 2**headroom + 1e-4
    assert limited.alternate_headroom_stops == pytest.approx(min(8.0, max(headroom, 1 / 16)))
    order = np.argsort(before, kind="stable")
    assert (np.diff(after[order]) >= -1e-6).all()
    step = (max(limited.max_stops) - min(limited.min_stops)) / 255
    gentle = before <= gainmap.KNEE * math.log2((2**headroom + 1 / 64) / (1 + 1 / 64))
    np.testing.assert_allclose(after[gentle], before[gentle], atol=step / 2 + 1e-5)


def test_limit_leaves_a_modest_map_as_it_is():
    gain_map = map_of([0, 255], 0.0, 1.0, alternate_headroom_stops=1.0)
    assert gainmap.limit(gain_map, 4.0).codes is gain_map.codes
    for bad in (0.0, -1.0, math.nan, math.inf):
        with pytest.raises(UntoneError, match="headroom"):
            gainmap.limit(gain_map, bad)


def test_derived_maps_do_not_carry_the_bytes_of_the_old_one():
    gain_map = dataclasses.replace(map_of([0, 255], 0.0, 3.0), encoded=b"jpeg")
    assert gainmap.strengthen(gain_map, 0.5).encoded is None
    assert gainmap.limit(gain_map, 1.0).encoded is None
