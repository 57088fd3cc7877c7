"""Every kind of tone mapper, whatever it draws: black stays black, light stays in order, grey stays grey."""

import numpy as np
import pytest

from untone.lab.data.tonemapping import FAMILIES, KINDS

TONED = {"film-print"}
"""Its layers differ: that is its look."""


def scene(colour: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> np.ndarray:
    """[48, 48, 3]: columns rise from black by stops to six times white; a picture, not a line, for local operators."""
    ramp = np.concatenate([np.zeros(8), 0.02 * 2.0 ** np.linspace(0, 8.2, 40)]).astype(np.float32)
    return np.repeat(ramp[None], 48, 0)[..., None] * np.array(colour, np.float32)


def test_there_are_enough_kinds_and_each_has_a_family():
    assert len(KINDS) >= 25
    assert {kind.family for kind in KINDS.values()} == set(FAMILIES)


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_gives_display_light_of_whatever_it_draws(name):
    for seed in range(3):
        parameters = KINDS[name].draw(np.random.default_rng(seed))
        shown = KINDS[name](scene((1.0, 0.7, 0.4)), **parameters)
        assert shown.dtype == np.float32
        assert shown.shape == (48, 48, 3)
        assert np.isfinite(shown).all()
        assert shown.min() >= 0
        assert shown.max() <= 1


@pytest.mark.parametrize("name", KINDS)
def test_black_stays_black_and_lights_are_lighter_than_middles(name):
    shown = KINDS[name](scene(), **KINDS[name].draw(np.random.default_rng(1)))
    black, middle, lights = (shown[:, part].mean() for part in (slice(0, 4), slice(20, 28), slice(42, 48)))
    assert black < 0.04
    assert black < middle <= lights  # a factor that clips gives both white


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.family != "local"])
def test_a_global_kind_keeps_the_order_of_light(name):
    shown = KINDS[name](scene(), **KINDS[name].draw(np.random.default_rng(2)))[0]
    assert (np.diff(shown, axis=0) > -1e-5).all()


@pytest.mark.parametrize("name", sorted(set(KINDS) - TONED))
def test_grey_stays_grey(name):
    shown = KINDS[name](scene(), **KINDS[name].draw(np.random.default_rng(3)))
    assert np.ptp(shown, axis=-1).max() < 2e-3


@pytest.mark.parametrize(
    "name", [name for name, kind in KINDS.items() if kind.family == "maximum" and name != "neutral"]
)
def test_a_curve_of_the_brightest_channel_keeps_colour(name):
    shown = KINDS[name](scene((1.0, 0.5, 0.25)), **KINDS[name].draw(np.random.default_rng(4)))[:, 12:]
    np.testing.assert_allclose(shown / shown[..., :1], np.broadcast_to([1.0, 0.5, 0.25], shown.shape), rtol=1e-3)


@pytest.mark.parametrize("name", ["reinhard-channels", "aces", "agx", "hable", "picture-style", "exponential-maximum"])
def test_bright_colours_fade_where_channels_are_mapped_and_not_by_the_brightest(name):
    """An orange of four times white: its saturation in SDR, against a dim one's."""
    light = np.broadcast_to(np.array([1.0, 0.5, 0.2], np.float32), (8, 8, 3))
    parameters = KINDS[name].draw(np.random.default_rng(5)) | ({"kept": 0.0} if name == "picture-style" else {})
    dim, bright = (KINDS[name](light * np.float32(level), **parameters)[0, 0] for level in (0.1, 4.0))
    faded = bright.min() / bright.max() > 1.2 * dim.min() / dim.max()
    assert faded == (name != "exponential-maximum")


def test_parameters_are_the_same_for_the_same_seed_and_an_unknown_one_is_refused():
    drawn = [KINDS["clahe"].draw(np.random.default_rng(seed)) for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert isinstance(drawn[0]["tiles"], int)
    with pytest.raises(TypeError):
        KINDS["clip"](scene(), exposure=1.0, glow=2.0)
