"""Tone curves keep black, rise, and end at white; where a paper gives a number, they give it too."""

import numpy as np
import pytest

from untone.lab.data.tonemapping import curves

CURVES = {
    "clip": lambda x: curves.clip(x, 0.8),
    "knee": lambda x: curves.knee(x, 4.0),
    "broken_line": lambda x: curves.broken_line(x, 0.8, 4.0),
    "reinhard": lambda x: curves.reinhard(x, 4.0),
    "hable": lambda x: curves.hable(x, 4.0),
    "exponential": lambda x: curves.exponential(x, 1.2),
    "camera": lambda x: curves.camera(x, 4.0),
    "log_sigmoid": lambda x: curves.log_sigmoid(x, 1.4, 0.18, 4.0),
    "uchimura": lambda x: curves.uchimura(x, 1.0, 0.22, 0.4, 1.33),
    "lottes": lambda x: curves.lottes(x, 1.3, 0.95, 4.0),
    "logarithm": lambda x: curves.logarithm(x, 3.0, 4.0),
    "rational": lambda x: curves.rational(x, 4.0, 4.0),
    "power": lambda x: curves.power(x, 0.7, 4.0),
}


@pytest.mark.parametrize("name", CURVES)
def test_a_curve_keeps_black_rises_and_ends_at_white(name):
    light = np.linspace(0, 4, 2001)
    shown = CURVES[name](light)
    assert abs(shown[0]) < 1e-6
    assert (np.diff(shown) > -1e-9).all()
    assert 0.9 <= shown[-1] <= 1 + 1e-9


@pytest.mark.parametrize("amount", [-0.6, 0.0, 0.6])
def test_contrast_keeps_black_white_and_order(amount):
    shown = curves.contrast_s(np.linspace(0, 1, 1001), amount)
    assert shown[0] == 0
    assert shown[-1] <= 1
    assert (np.diff(shown) >= 0).all()


def test_reinhard_by_hand():
    """Exposure 1, white 2: 1 -> 1 (1 + 1/4) / 2; white itself -> 2 (1 + 1) / 3, clipped at 1."""
    np.testing.assert_allclose(curves.reinhard(np.array([1.0, 2.0]), 2.0, 1.0), [0.625, 1.0])


def test_a_rational_curve_by_hand():
    """Schlick with p = 3 and white 4: 2 -> 3 * 2 / (2 * 2 + 4)."""
    assert curves.rational(np.array([2.0]), 3.0, 4.0)[0] == pytest.approx(0.75)


def test_a_sigmoid_and_lottes_send_mid_grey_where_they_are_told():
    assert curves.lottes(np.array([0.18]), 1.4, 0.95, 8.0, 0.16)[0] == pytest.approx(0.16, rel=1e-6)
    far = curves.log_sigmoid(np.array([0.18]), 1.5, 0.16, 1e6)[0]  # so far a white does not stretch it
    assert far == pytest.approx(0.16, rel=1e-4)


def test_uchimura_is_the_identity_in_its_linear_part():
    """Contrast 1: where the toe has ended and the shoulder not begun, light is shown as it is."""
    np.testing.assert_allclose(curves.uchimura(np.array([0.25, 0.3]), 1.0, 0.22, 0.4, 1.33), [0.25, 0.3], rtol=1e-6)


def test_a_knee_leaves_what_is_below_it_and_a_broken_line_too():
    light = np.array([0.05, 0.3, 0.59])
    np.testing.assert_allclose(curves.knee(light, 8.0, 0.6), light)
    np.testing.assert_allclose(curves.broken_line(light, 0.8, 8.0), light)
