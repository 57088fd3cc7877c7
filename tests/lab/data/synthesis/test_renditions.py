"""HDR renditions are exposed and rolled off as told; SDR renditions match them in the middle."""

import numpy as np
import pytest

from untone import colour
from untone.lab.data.synthesis import finishing, hdr, sdr
from untone.lab.data.synthesis.style import Grade
from untone.lab.data.tonemapping import KINDS
from untone.lab.data.tonemapping.application import luminance


def scene(seed: int = 0, side: int = 64) -> np.ndarray:
    """A textured middle, a bright sky with a sun of a thousand times its light; scene-linear [side, side, 3]."""
    random = np.random.default_rng(seed)
    light = np.exp(random.normal(-2, 0.6, (side, side, 1))).repeat(3, -1)
    light[: side // 4] *= 12
    light[2:5, 8:11] = 900
    return light.astype(np.float32)


def test_a_shoulder_leaves_what_is_below_white_and_sends_the_top_to_the_peak():
    stops = np.array([-5.0, -0.1, 0.5, 3.0, 6.0, 9.0], np.float32)
    bent = hdr.shoulder(stops, top=6.0, peak=3.0)
    np.testing.assert_allclose(bent[:2], stops[:2])
    assert bent[4] == pytest.approx(3.0)
    assert bent[5] == 3.0
    assert 0.4 < bent[2] < 0.5  # steep where it begins: what is just above white is hardly held back
    assert (np.diff(bent) >= 0).all()


def test_a_scene_without_lights_is_not_stretched():
    stops = np.array([-3.0, 0.4], np.float32)
    np.testing.assert_allclose(hdr.shoulder(stops, top=0.4, peak=2.0), stops)


@pytest.mark.parametrize("seed", range(6))
def test_an_hdr_rendition_keeps_its_share_above_white_and_its_peak(seed):
    grade = Grade(bright_share=(0.05, 0.0), low_key_share=0.0)
    made, numbers = hdr.rendition(scene(seed), np.random.default_rng(seed), grade)
    assert (luminance(made) > 1.001).mean() < 0.06
    assert made.max() <= 2 ** numbers["peak_stops"] * 1.001
    assert made.max() > 1.5  # the sun is alive
    assert made.dtype == np.float32


@pytest.mark.parametrize("name", ["reinhard-luminance", "agx", "drago", "guided-filter"])
@pytest.mark.parametrize("middle", [0.0, 0.4])
def test_an_sdr_rendition_gains_what_it_should_in_the_middle(name, middle):
    """By exposure where the kind listens to it, else by gamma."""
    made, _ = hdr.rendition(scene(), np.random.default_rng(1), Grade())
    parameters = KINDS[name].draw(np.random.default_rng(2))
    shown = sdr.rendered(made, lambda light: KINDS[name](light, **parameters), middle)
    assert sdr.middle_gain(made, shown) == pytest.approx(middle, abs=0.12)


def test_levels_stretch_to_white_or_not_at_all():
    shown = np.full((10, 10, 3), 0.5, np.float32)
    np.testing.assert_allclose(sdr.levelled(shown, 1.0), 1.0)
    np.testing.assert_allclose(sdr.levelled(shown, 0.0), 0.5)


def test_encoding_by_table_is_the_standards():
    light = np.linspace(0, 1, 5001, dtype=np.float32)
    np.testing.assert_allclose(finishing.encoded(light), colour.linear_to_srgb(light), atol=2e-4)


def test_a_vignette_darkens_corners_and_not_the_middle():
    made = finishing.vignetted(np.ones((65, 65, 3), np.float32), 0.4, np.zeros(2))
    assert made[32, 32, 0] == pytest.approx(1)
    assert made[0, 0, 0] == pytest.approx(0.6, abs=1e-3)


@pytest.mark.parametrize("look", ["mono", *finishing.TONES])
def test_toned_prints_keep_black_and_white_and_have_one_tone(look):
    values = np.linspace(0, 1, 30).reshape(-1, 1, 1).repeat(3, -1).astype(np.float32)
    made = finishing.toned(values, look, np.array([0.3, 0.6, 0.1]))
    np.testing.assert_allclose(made[[0, -1]], values[[0, -1]], atol=1e-6)
    assert (np.diff(made, axis=0) > 0).all()
    assert (np.ptp(made[15]) > 0.01) == (look != "mono")


def test_noise_is_as_strong_as_told_and_none_is_none():
    values = np.full((128, 128, 3), 0.1, np.float32)
    random = np.random.default_rng(0)
    assert finishing.noisy(values, random, 0.0, 0.0) is values
    assert finishing.noisy(values, random, 0.01, 0.0).std() == pytest.approx(0.01, rel=0.1)
