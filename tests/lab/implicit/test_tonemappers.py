"""Tone mappers of the literature: hand-worked numbers, and what OpenCV 4.14 makes of the same grey picture."""

import numpy as np
import pytest

from untone.lab.implicit import tonemappers

GREY = np.array([[0, 0.001, 0.004, 0.01], [0.02, 0.05, 0.1, 0.15], [0.25, 0.4, 0.7, 1.0]], np.float32)
PICTURE = np.repeat(GREY[..., None], 3, 2)


@pytest.fixture
def floored(monkeypatch):
    """OpenCV takes logarithms of 1e-4 at least."""
    monkeypatch.setattr(tonemappers, "LEAST", 1e-4 / float(GREY.mean()))


def test_drago_is_opencvs(floored):
    """cv2.createTonemapDrago(1, 1, 0.85), before its stretch; it makes NaN of black."""
    theirs = [0.000773, 0.002645, 0.005682, 0.009633, 0.017498, 0.025117, 0.029949, 0.036156, 0.041797, 0.048247,
              0.052151]  # fmt: skip
    ours = tonemappers.drago(PICTURE)[..., 1].reshape(-1)[1:]
    np.testing.assert_allclose(ours / ours[-1], np.array(theirs) / theirs[-1], atol=2e-4)


def test_drago_of_two_greys_by_hand():
    """Luminance 1 and 4: log-average 2, so worlds of 0.5 and 2; at the peak the bias has no say: 1 / log10(3) * ..."""
    made = tonemappers.drago(np.array([[[1.0] * 3, [4.0] * 3]]))
    dark = np.log(1.5) / np.log10(3) / np.log(2 + 8 * 0.25 ** (np.log(0.85) / np.log(0.5)))
    np.testing.assert_allclose(made[0, :, 0], [dark, np.log(3) / np.log10(3) / np.log(10)], rtol=1e-6)
    assert made[0, 1, 0] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("brightness", "adaptation", "theirs"),
    [
        (0.0, 1.0, [0, 0.049708, 0.10108, 0.15941, 0.222478, 0.338374, 0.454754, 0.534824, 0.64757, 0.761318, 0.905546,
                    1]),
        (1.0, 0.5, [0, 0.006636, 0.026037, 0.062701, 0.118206, 0.252588, 0.408476, 0.516159, 0.658258, 0.785432,
                    0.922756, 1]),
    ],
)  # fmt: skip
def test_the_photoreceptor_is_opencvs(floored, brightness, adaptation, theirs):
    """cv2.createTonemapReinhard(1, brightness, adaptation, 0)."""
    made = tonemappers.photoreceptor(PICTURE, brightness, adaptation)
    np.testing.assert_allclose(made[..., 2].reshape(-1), theirs, atol=5e-6)


def test_a_photoreceptor_adapted_to_itself_at_full_contrast_sees_nothing():
    """V = I / (I + I) is the same everywhere: nothing to stretch."""
    assert np.ptp(tonemappers.photoreceptor(PICTURE[1:], contrast=1.0)) == pytest.approx(0, abs=1e-5)


def test_ceilings_of_a_histogram_by_hand():
    """Four bins over twice the display's range: half of the sum at most, then of what is left, until little is cut."""
    made = tonemappers.ceiled(np.array([80.0, 10, 5, 5]), 0.5, tolerance=0.0)
    np.testing.assert_allclose(made, [20, 10, 5, 5], atol=1e-9)
    once = tonemappers.ceiled(np.array([80.0, 10, 5, 5]), 0.5, tolerance=0.31)
    np.testing.assert_allclose(once, [50, 10, 5, 5])


def test_a_scene_within_the_displays_range_is_shown_as_it_is():
    light = np.linspace(0.1, 0.9, 48).reshape(4, 4, 3).repeat(3, 2)[..., :3]
    made = tonemappers.histogram_adjusted(light)
    grey = tonemappers.luminance(light)
    np.testing.assert_allclose(made, np.clip(light / grey.max(), 0, 1), rtol=1e-6)


def test_a_wide_scene_fills_the_display_and_keeps_its_order():
    light = np.exp(np.linspace(-9, 9, 300)).reshape(10, 30, 1).repeat(3, 2)
    made = tonemappers.histogram_adjusted(light)[..., 0].reshape(-1)
    assert made[0] == pytest.approx(0, abs=1e-6)
    assert made[-1] == pytest.approx(1, abs=1e-2)
    assert (np.diff(made) >= 0).all()
    even = np.exp(np.log(100) * np.arange(1, 301) / 300) / 99 - 1 / 99  # an even histogram: nothing to cut
    np.testing.assert_allclose(made, np.clip(even, 0, 1), atol=0.06)


@pytest.mark.parametrize("name", tonemappers.MAPPERS)
def test_every_mapper_gives_codes_of_any_light(name):
    random = np.random.default_rng(0)
    light = random.lognormal(-2, 2, (40, 52, 3)).astype(np.float32)
    light[0, 0] = 0
    display = tonemappers.MAPPERS[name](light)
    assert np.isfinite(display).all()
    codes = tonemappers.codes(display)
    assert codes.shape == light.shape
    assert codes.dtype == np.uint8
    bright, dark = light.mean(2) > np.quantile(light, 0.9), light.mean(2) < np.quantile(light, 0.1)
    assert codes[bright].mean() > codes[dark].mean() + 30
