"""The gain between two renditions, graded: worked by hand on pictures of two codes."""

import dataclasses

import numpy as np
import pytest

from untone.lab.data.examples import CODE_LIGHT, light_of
from untone.lab.data.synthesis import gains

BARE = gains.Relation(towards_photos=0, strength=1, locality=1, tint=1, floor=-9, dead_zone=0)


def renditions() -> tuple[np.ndarray, np.ndarray]:
    """Codes 100 and 240; the HDR is a stop over the one, and one or three stops over the halves of the other."""
    codes = np.full((16, 16, 3), 100, np.uint8)
    codes[:, 8:] = 240
    stops = np.ones((16, 16, 1), np.float32)
    stops[8:, 8:] = 3
    return codes, (CODE_LIGHT[codes] + 1 / 64) * 2**stops - 1 / 64


def test_a_bare_relation_gives_the_light_back():
    codes, light = renditions()
    found = gains.gain(light, codes, BARE)
    np.testing.assert_allclose(light_of(codes, found), light, rtol=1e-4)


def test_without_locality_every_pixel_of_a_code_gains_the_same():
    """But for what bins of eight codes mix."""
    codes, light = renditions()
    found = gains.gain(light, codes, dataclasses.replace(BARE, locality=0.0))
    np.testing.assert_allclose(found[:, 8:], 2, atol=0.03)
    np.testing.assert_allclose(found[:, :8], 1, atol=0.03)


def test_photos_in_place_of_the_mean_keep_what_is_local():
    codes, light = renditions()
    found = gains.gain(light, codes, dataclasses.replace(BARE, towards_photos=1.0, strength=0.5))
    np.testing.assert_allclose(found[:8, 8:], 0.71 - 1, atol=0.03)  # code 240 gains 1.42 in photos
    np.testing.assert_allclose(found[8:, 8:], 0.71 + 1, atol=0.03)


def test_a_dead_zone_and_a_floor_leave_small_gains_at_nothing():
    codes, light = renditions()
    found = gains.gain(light, codes, dataclasses.replace(BARE, floor=0.0, dead_zone=1.2))
    np.testing.assert_allclose(found[:, :8], 0, atol=1e-6)
    np.testing.assert_allclose(found[8:, 8:], 1.8, atol=1e-4)


def test_channels_part_by_their_tint_alone():
    codes, light = renditions()
    light = light * np.array([1.2, 1.0, 0.8], np.float32)
    one, three = (gains.gain(light, codes, dataclasses.replace(BARE, tint=tint)) for tint in (0.0, 1.0))
    assert np.ptp(one, axis=-1).max() == 0
    np.testing.assert_allclose(np.ptp(three[:, 8:], axis=-1), np.log2(1.5), rtol=0.03)


@pytest.mark.parametrize("tint", [0.0, 1.0])
def test_black_gains_nothing(tint):
    codes = np.zeros((8, 8, 3), np.uint8)
    codes[4:] = 200
    light = np.full((8, 8, 3), 0.5, np.float32)
    assert (gains.gain(light, codes, dataclasses.replace(BARE, tint=tint))[:4] == 0).all()
