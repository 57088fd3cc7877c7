"""Gains of the channels of a colour, by hand: a LUT of two nodes a side, whose corners are the eight full colours."""

import numpy as np

from untone.models import hues


def kept(corner, gains):
    lut = np.zeros((2, 2, 2, 3))
    lut[corner] = gains
    return hues.kept(lut)[corner]


def test_strong_gains_of_yellow_come_within_a_fifth_of_a_stop_of_the_largest():
    np.testing.assert_allclose(kept((1, 1, 0), [2.0, 1.0, 0.0]), [2.0, 1.8, 1.8], atol=1e-3)


def test_weak_gains_come_within_a_fifth_of_their_mean():
    np.testing.assert_allclose(kept((1, 1, 0), [0.6, 0.0, 0.0]), [0.5, 0.1, 0.1], atol=1e-3)


def test_a_red_lamp_keeps_its_red_whatever_the_channels_without_light_say():
    np.testing.assert_allclose(kept((1, 0, 0), [2.5, 3.5, 0.0])[0], 2.5, atol=3e-3)


def test_channels_that_are_alike_stay_as_they_are():
    np.testing.assert_allclose(kept((1, 1, 1), [1.5, 1.4, 1.6]), [1.5, 1.4, 1.6], atol=1e-3)
