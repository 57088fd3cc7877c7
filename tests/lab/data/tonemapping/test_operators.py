"""Local operators: what they leave alone, and numbers worked by hand."""

import numpy as np
import pytest

from untone.lab.data.tonemapping import local, operators
from untone.lab.data.tonemapping.application import bounded, by_channel, by_luminance, by_maximum, luminance, saturated


@pytest.mark.parametrize("name", operators.LOCAL)
def test_local_operators_compress_lights_and_leave_shadows(name):
    """A dark half at -6 stops stays, a bright half at +2 stops comes down, and nothing is reversed."""
    stops = np.full((64, 64), -6.0)
    stops[:, 32:] = 2.0
    out = operators.LOCAL[name](stops, -2.0, 0.8, 4)
    assert abs(out[:, :16].mean() + 6) < 0.35
    assert out[:, 48:].mean() < 1.8
    assert out[:, 48:].mean() > out[:, :16].mean()
    assert np.isfinite(out).all()


def test_compress_is_the_identity_below_and_has_its_slope_above():
    out = operators.compress(np.array([-8.0, 4.0, 5.0]), -1.0, 0.25)
    assert abs(out[0] + 8) < 1e-6
    assert abs((out[2] - out[1]) - 0.25) < 1e-6


@pytest.mark.parametrize("radius", [2, 9, 16])
def test_a_bilateral_base_keeps_an_edge_and_levels_what_is_fine(radius):
    """Steps of four stops stay; noise of a tenth of a stop goes. Reduced sizes give the same."""
    random = np.random.default_rng(0)
    stops = np.where(np.arange(96) < 48, -4.0, 0.0)[None].repeat(96, 0) + random.normal(0, 0.1, (96, 96))
    base = operators.bilateral_base(stops.astype(np.float32), radius)
    assert abs(base[:, :30].mean() + 4) < 0.15
    assert abs(base[:, 66:].mean()) < 0.15
    assert base[20:76, 10:30].std() < 0.06


def test_equalisation_without_a_limit_makes_any_ramp_even_and_with_one_hardly_changes_it():
    """A limit of one share lets 64 of 256 bins keep theirs and spreads the rest: a quarter of the way to even."""
    ramp = (np.linspace(0, 1, 64) ** 1.5)[None].repeat(64, 0).astype(np.float32)
    even = local.equalised(ramp, 64.0, 1, 256)
    np.testing.assert_allclose(even[0], np.linspace(0, 1, 64), atol=0.06)
    limited = local.equalised(ramp, 1.0, 1, 256)
    np.testing.assert_allclose(limited, ramp + 0.25 * (np.linspace(0, 1, 64) - ramp), atol=0.02)


def test_poisson_by_cosines_gives_back_what_the_divergence_is_of():
    random = np.random.default_rng(0)
    plane = random.normal(size=(12, 17))
    down, right = (np.diff(plane, axis=axis, append=np.take(plane, [-1], axis)) for axis in (0, 1))
    divergence = np.diff(down, axis=0, prepend=0) + np.diff(right, axis=1, prepend=0)
    np.testing.assert_allclose(local.poisson(divergence), plane - plane.mean(), atol=1e-9)


def test_gradients_that_stay_leave_a_picture_as_it_is():
    """beta = 1 leaves every gradient; the picture is then stretched to white."""
    random = np.random.default_rng(0)
    light = np.exp(random.normal(-2, 1, (32, 32)))[..., None].repeat(3, -1).astype(np.float32)
    shown = local.gradient_domain(light, 0.1, 1.0, 1.0)[..., 0]
    middle = light[..., 0] < np.percentile(light, 90)
    np.testing.assert_allclose((shown / light[..., 0])[middle], (shown / light[..., 0])[middle].mean(), rtol=1e-3)


def test_three_boxes_blur_as_a_gaussian_does():
    plane = np.zeros((65, 65))
    plane[32, 32] = 1
    found = local.blurred(plane, 5.0)
    place = np.arange(65) - 32
    assert found.sum() == pytest.approx(1)
    assert (found.sum(0) * place**2).sum() == pytest.approx(25, rel=0.2)


# -- what a curve is applied to ---------------------------------------------------------------------------------------


def test_bounded_light_keeps_luminance_and_obeys_its_limit():
    light = np.array([[[3.0, 0.2, 0.1], [0.5, 0.5, 0.5], [9.0, 9.0, 9.0]]])
    out = bounded(light, 1.0)
    assert out.max() <= 1 + 1e-6
    assert np.allclose(out[0, 1], light[0, 1])
    assert np.isclose(luminance(out)[0, 0], luminance(light)[0, 0], rtol=1e-5)


def test_one_curve_on_channels_luminance_and_maximum_by_hand():
    """A square root: of each channel; of luminance 0.25, ratios kept; of the brightest, ratios kept."""
    light = np.full((1, 1, 3), 0.25, np.float32) * np.array([1.0, 1.0, 1.0], np.float32)
    for apply in (by_channel, by_luminance, by_maximum):
        np.testing.assert_allclose(apply(light, np.sqrt), 0.5, rtol=1e-5)
    colour = np.array([[[0.16, 0.04, 0.01]]], np.float32)
    np.testing.assert_allclose(by_channel(colour, np.sqrt)[0, 0], [0.4, 0.2, 0.1], rtol=1e-5)
    np.testing.assert_allclose(by_maximum(colour, np.sqrt)[0, 0], [0.4, 0.1, 0.025], rtol=1e-5)
    mapped = by_luminance(colour, np.sqrt)
    assert luminance(mapped)[0, 0] == pytest.approx(np.sqrt(luminance(colour)[0, 0]), rel=1e-4)


def test_saturation_of_nothing_is_grey_and_of_one_is_the_same():
    colour = np.array([[[0.6, 0.3, 0.1]]], np.float32)
    assert np.ptp(saturated(colour, 0.0)) < 1e-6
    assert saturated(colour, 1.0) is colour
