"""Pairs to networks and back to light: fidelity, headroom, conversion, and pairs that are no pairs."""

import dataclasses
import math

import numpy as np
import pytest

from untone import colour, gain_network, gainmap, pipeline
from untone.errors import DamagedError, UntoneError, UsageError
from untone.formats.jpeg import network_segment
from untone.image import Image
from untone.implicit import encoding as network_encoding
from untone.implicit import initialization
from untone.implicit.encoding import Recipe
from untone.residuals import Residual

QUICK = Recipe(steps=400, batch=512, bits=16)
"""Rounding to 8 bits takes longer than this training."""


def a_pair(height=48, width=64, seed=0):
    """A smooth SDR picture and a rendition that is brighter the brighter it is and the further right."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width] / max(height, width)
    shade = 0.5 + 0.4 * np.sin(6 * x + 2 * y)[..., None] * np.array([1, 0.8, 0.6])
    codes = np.clip(shade * 255 + random.normal(0, 2, (height, width, 3)), 0, 255).astype(np.uint8)
    sdr = colour.srgb_to_linear(codes / 255)
    light = sdr * (1 + 3 * sdr * (0.5 + 0.5 * x[..., None]))
    return Image(codes), light.astype(np.float32)


@pytest.fixture(scope="module")
def pair():
    return a_pair()


@pytest.mark.parametrize("kind", ["gain", "gamma"])
@pytest.mark.parametrize("domain", ["linear", "pq"])
@pytest.mark.parametrize("bits", [8, 16])
def test_every_residual_leads_to_the_light(pair, kind, domain, bits):
    image, light = pair
    found = network_encoding.learned(
        image, light, "bt709", dataclasses.replace(QUICK, kind=kind, domain=domain, bits=bits)
    )
    made = network_encoding.rendition(image, found)
    assert network_encoding.fidelity(made, light, "bt709") > 42
    assert made.pixels.dtype == np.float32
    assert (made.transfer, made.primaries) == ("linear", "bt709")
    assert found.headroom_stops == pytest.approx(math.log2(light.max()), abs=0.1)


def test_what_is_learned_is_what_is_stored(pair):
    """Training hands over the weights as the file will give them back."""
    image, light = pair
    for bits in (8, 16):
        found = network_encoding.learned(image, light, "bt709", dataclasses.replace(QUICK, bits=bits))
        back = network_segment.to_network(network_segment.to_payload(found))
        np.testing.assert_array_equal(back.vector, found.vector)


def test_more_steps_and_neurons_are_better(pair):
    image, light = pair
    recipes = (dataclasses.replace(QUICK, steps=60), QUICK, Recipe(steps=1500, batch=512, neurons=32, bits=16))
    found = [network_encoding.learned(image, light, "bt709", recipe) for recipe in recipes]
    one, two, three = (network_encoding.fidelity(network_encoding.rendition(image, f), light, "bt709") for f in found)
    assert one < two < three


def test_the_same_seed_gives_the_same_network(pair):
    image, light = pair
    recipe = dataclasses.replace(QUICK, neurons=8, bits=8)
    one, two = (network_encoding.learned(image, light, "bt709", recipe, threads=n) for n in (1, 2))
    np.testing.assert_array_equal(one.vector, two.vector)


def test_headroom_weighs_the_gain(pair):
    """No headroom shows the photo; half of it half of the stops, whatever the residual is."""
    image, light = pair
    sdr = colour.srgb_to_linear(image.pixels / 255)
    for kind, domain in (("gain", "linear"), ("gamma", "pq")):
        found = network_encoding.learned(image, light, "bt709", dataclasses.replace(QUICK, kind=kind, domain=domain))
        whole, half, none = (
            network_encoding.rendition(image, found, stops).pixels for stops in (None, found.headroom_stops / 2, 0.0)
        )
        np.testing.assert_allclose(none, sdr, atol=2e-3)
        stops = np.log2((whole + 1 / 64) / (sdr + 1 / 64))
        np.testing.assert_allclose(half, (sdr + 1 / 64) * 2 ** (stops / 2) - 1 / 64, atol=5e-3)
        np.testing.assert_array_equal(network_encoding.rendition(image, found, 50.0).pixels, whole)
        with pytest.raises(UntoneError, match="headroom must be a finite number"):
            network_encoding.rendition(image, found, math.nan)


def test_as_an_ordinary_gain_map(pair):
    image, light = pair
    for kind, domain in (("gain", "linear"), ("gamma", "pq")):
        found = network_encoding.learned(image, light, "bt709", dataclasses.replace(QUICK, kind=kind, domain=domain))
        made = pipeline.apply(image, network_encoding.ordinary(image, found))
        whole = network_encoding.rendition(image, found)
        assert network_encoding.fidelity(made, whole.pixels, "bt709") > 50
    assert network_encoding.ordinary(image, found, 2).codes.shape == (24, 32, 3)


@pytest.mark.parametrize("primaries", ["p3", "bt2020"])
def test_hdr_in_a_wider_gamut(pair, primaries):
    """Colours outside of the photo's gamut come back too."""
    image, light = pair
    wide = np.maximum(light @ colour.rgb_to_rgb("bt709", primaries).T, 0).astype(np.float32)
    wide[..., 0] *= 1.5
    for kind, domain in (("gain", "linear"), ("gamma", "pq")):
        found = network_encoding.learned(image, wide, primaries, dataclasses.replace(QUICK, kind=kind, domain=domain))
        assert network_encoding.fidelity(network_encoding.rendition(image, found), wide, primaries) > 38


def test_an_sdr_rendition_brighter_than_the_hdr_one(pair):
    image, light = pair
    found = network_encoding.learned(image, light / 4, "bt709", QUICK)
    assert network_encoding.fidelity(network_encoding.rendition(image, found), light / 4, "bt709") > 42


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (9, 1)])
@pytest.mark.parametrize("kind", ["gain", "gamma"])
def test_small_and_constant_pictures(shape, kind):
    image = Image(np.full((*shape, 3), 120, np.uint8))
    light = np.full((*shape, 3), 0.7, np.float32)
    recipe = Recipe(kind=kind, domain="linear" if kind == "gain" else "pq", steps=20, neurons=8)
    made = network_encoding.rendition(image, network_encoding.learned(image, light, "bt709", recipe))
    np.testing.assert_allclose(made.pixels, 0.7, rtol=1e-3)


def test_pixels_converted_by_a_profile_have_16_bits(pair):
    """Their light is that of 16 bits; the network sees the nearest 8."""
    image, light = pair
    fine = Image(np.clip(image.pixels.astype(int) * 257 + 60, 0, 65535).astype(np.uint16))
    found = network_encoding.learned(fine, light, "bt709", QUICK)
    coarse = network_encoding.learned(image, light, "bt709", QUICK)
    assert network_encoding.fidelity(network_encoding.rendition(fine, found), light, "bt709") > 42
    np.testing.assert_array_equal(found.print, coarse.print)
    assert (
        network_encoding.network_of(dataclasses.replace(fine, gain_network=network_segment.to_payload(found)))
        is not None
    )


def test_black_stays_black():
    image = Image(np.zeros((8, 8, 3), np.uint8))
    found = network_encoding.learned(image, np.zeros((8, 8, 3), np.float32), "bt709", Recipe(steps=5, neurons=8))
    assert network_encoding.rendition(image, found).pixels.max() < 1e-6


def test_pairs_that_are_no_pairs_are_refused(pair):
    image, light = pair
    broken = light.copy()
    broken[3, 5, 1], broken[4, 4, 0] = np.nan, np.inf
    with pytest.raises(UntoneError, match="2 pixels that are no numbers"):
        network_encoding.learned(image, broken, "bt709", QUICK)
    with pytest.raises(UntoneError, match="differ in size: 64 x 48 and 64 x 47"):
        network_encoding.learned(image, light[1:], "bt709", QUICK)
    with pytest.raises(UntoneError, match="SDR pixels of 8 bits, not float32 linear"):
        network_encoding.learned(Image(light, transfer="linear"), light, "bt709", QUICK)
    for wrong in ({"kind": "ratio"}, {"neurons": 17}, {"bits": 4}, {"steps": 0}):
        with pytest.raises(UsageError):
            Recipe(**wrong)


def test_another_picture_is_refused(pair):
    image, light = pair
    found = network_encoding.learned(image, light, "bt709", dataclasses.replace(QUICK, steps=5))
    for other in (image.pixels[:, ::-1], image.pixels[2:], 255 - image.pixels):
        with pytest.raises(UntoneError, match="was made for"):
            network_encoding.rendition(Image(np.ascontiguousarray(other)), found)


def test_the_network_of_a_file(pair):
    image, light = pair
    found = network_encoding.learned(image, light, "bt709", dataclasses.replace(QUICK, steps=5))
    payload = network_segment.to_payload(found)
    carried = dataclasses.replace(image, gain_network=payload)
    assert network_encoding.network_of(image) is None
    np.testing.assert_array_equal(network_encoding.network_of(carried).vector, found.vector)
    with pytest.raises(DamagedError, match="gain network"):
        network_encoding.network_of(dataclasses.replace(image, gain_network=payload[:-1]))


def test_a_network_that_says_wild_things_gives_finite_light(pair):
    image, _ = pair
    for kind, domain in (("gain", "linear"), ("gain", "pq"), ("gamma", "linear"), ("gamma", "pq")):
        wild = gain_network.GainNetwork(
            np.sign(gain_network.fresh(16)) * np.float32(1e5), 16, Residual(kind, domain), (-64.0,) * 3, (64.0,) * 3,
            48, 64, gain_network.fingerprint(image.pixels), 2.0,
        )  # fmt: skip
        for stops in (None, 1.0):
            assert np.isfinite(network_encoding.rendition(image, wild, stops).pixels).all()
        assert np.isfinite(gainmap.to_stops(network_encoding.ordinary(image, wild))).all()


@pytest.mark.parametrize(
    ("changes", "learned"),
    [
        ({"steps": 499}, True), ({"steps": 500}, False), ({"seconds": 0.1}, True), ({"seconds": 0.2}, False),
        ({"steps": 10, "learned_start": False}, False), ({"learned_start": True}, True),
        ({"steps": 9, "neurons": 24}, False),
    ],
)  # fmt: skip
def test_short_trainings_begin_with_what_pairs_have_in_common(changes, learned):
    recipe = dataclasses.replace(Recipe(), **changes)
    common = initialization.start("gamma", "pq", 16)
    expected = common if learned else gain_network.fresh(recipe.neurons, recipe.seed)
    np.testing.assert_array_equal(network_encoding._start(recipe), expected)


def test_the_width_follows_the_picture(pair, monkeypatch):
    """One gain for all pixels needs the smallest network; a relation full of waves is worth a wider one."""
    monkeypatch.setattr(network_encoding, "TRIAL_STEPS", 150)
    image, _ = pair
    base = colour.srgb_to_linear(image.pixels / 255)
    twice = ((base + 1 / 64) * 2 - 1 / 64).astype(np.float32)
    assert network_encoding.width_for(image, twice, "bt709", Recipe(kind="gain", domain="linear")) == 8
    y, x = np.mgrid[0:48, 0:64] / 64
    waves = (base * (1.2 + np.sin(14 * x) * np.sin(11 * y))[..., None] * 2 + 0.01).astype(np.float32)
    assert network_encoding.width_for(image, waves, "bt709", Recipe()) > 8
