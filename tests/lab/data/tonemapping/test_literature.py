"""Tone mappers of the literature: hand-worked numbers, and what OpenCV 4.14 makes of the same grey picture."""

import numpy as np
import pytest

from untone.lab.data.tonemapping import literature

GREY = np.array([[0, 0.001, 0.004, 0.01], [0.02, 0.05, 0.1, 0.15], [0.25, 0.4, 0.7, 1.0]], np.float32)
PICTURE = np.repeat(GREY[..., None], 3, 2)


@pytest.fixture
def floored(monkeypatch):
    """OpenCV takes logarithms of 1e-4 at least."""
    monkeypatch.setattr(literature, "LEAST_SHARE", 1e-4 / float(GREY.mean()))


def test_drago_is_opencvs(floored):
    """cv2.createTonemapDrago(1, 1, 0.85), before its stretch; it makes NaN of black."""
    theirs = [0.000773, 0.002645, 0.005682, 0.009633, 0.017498, 0.025117, 0.029949, 0.036156, 0.041797, 0.048247,
              0.052151]  # fmt: skip
    ours = literature.drago(PICTURE)[..., 1].reshape(-1)[1:]
    np.testing.assert_allclose(ours / ours[-1], np.array(theirs) / theirs[-1], atol=2e-4)


def test_drago_of_two_greys_by_hand():
    """Luminance 1 and 4: log-average 2, so worlds of 0.5 and 2; at the peak the bias has no say: 1 / log10(3) * ..."""
    made = literature.drago(np.array([[[1.0] * 3, [4.0] * 3]]))
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
    made = literature.photoreceptor(PICTURE, brightness, adaptation)
    np.testing.assert_allclose(made[..., 2].reshape(-1), theirs, atol=5e-6)


def test_a_photoreceptor_adapted_to_itself_at_full_contrast_sees_nothing():
    """V = I / (I + I) is the same everywhere: nothing to stretch."""
    assert np.ptp(literature.photoreceptor(PICTURE[1:], contrast=1.0)) == pytest.approx(0, abs=1e-5)


def test_ceilings_of_a_histogram_by_hand():
    """Four bins over twice the display's range: half of the sum at most, then of what is left, until little is cut."""
    made = literature.ceiled(np.array([80.0, 10, 5, 5]), 0.5, tolerance=0.0)
    np.testing.assert_allclose(made, [20, 10, 5, 5], atol=1e-9)
    once = literature.ceiled(np.array([80.0, 10, 5, 5]), 0.5, tolerance=0.31)
    np.testing.assert_allclose(once, [50, 10, 5, 5])


def test_a_scene_within_the_displays_range_is_shown_as_it_is():
    light = np.linspace(0.1, 0.9, 48).reshape(4, 4, 3).repeat(3, 2)[..., :3]
    made = literature.histogram_adjusted(light)
    grey = literature.luminance(light)
    np.testing.assert_allclose(made, np.clip(light / grey.max(), 0, 1), rtol=1e-6)


def test_a_wide_scene_fills_the_display_and_keeps_its_order():
    light = np.exp(np.linspace(-9, 9, 300)).reshape(10, 30, 1).repeat(3, 2)
    made = literature.histogram_adjusted(light)[..., 0].reshape(-1)
    assert made[0] == pytest.approx(0, abs=1e-6)
    assert made[-1] == pytest.approx(1, abs=1e-2)
    assert (np.diff(made) >= 0).all()
    even = np.exp(np.log(100) * np.arange(1, 301) / 300) / 99 - 1 / 99  # an even histogram: nothing to cut
    np.testing.assert_allclose(made, np.clip(even, 0, 1), atol=0.06)


def test_a_picture_at_the_displays_own_adaptation_is_shown_in_proportion():
    """Tumblin and Rushmeier: 18 nits to a display of 100 nits, adapted to 18: gamma is 1."""
    light = np.array([[[0.5] * 3, [1.0] * 3, [2.0] * 3]], np.float32)
    made = literature.tumblin_rushmeier(light, 18.0)[0, :, 0]
    np.testing.assert_allclose(made[1:] / made[:-1], 2, rtol=1e-4)


def test_wards_factor_by_hand():
    """A log-average of 100 nits on a display of 200: its factor is 1 / 200 a nit: 0.5 shown."""
    light = np.full((2, 2, 3), 0.1, np.float32)
    np.testing.assert_allclose(literature.ward_contrast(light, 200.0), 0.5, rtol=1e-5)
