"""Compiled training and reading of small networks against their definition; any number of threads, bit for bit."""

import dataclasses

import numpy as np
import pytest

from untone import gain_network, kernels
from untone.errors import UntoneError
from untone.kernels import network as trained
from untone.residuals import Residual

COMPILED = [v for v in kernels.info()["available"] if v != "reference"]
HEIGHT, WIDTH = 37, 50


def samples(count=700, seed=0, colours=True):
    random = np.random.default_rng(seed)
    basis = gain_network.basis(HEIGHT, WIDTH, colours)
    starts = np.cumsum(basis.counts) - basis.counts
    index = np.stack([s + random.integers(0, n, count) for s, n in zip(starts, basis.counts, strict=True)], -1)
    targets, weights = random.normal(0, 1, (count, 3)), random.uniform(0.5, 2, (count, 3))
    return trained.Samples(basis, index.astype(np.int32), targets.astype(np.float32), weights.astype(np.float32))


def begun(neurons, sections=5):
    noise = np.random.default_rng(9).normal(0, 0.02, gain_network.size_of(neurons, sections))
    return gain_network.fresh(neurons, sections=sections) + noise.astype(np.float32)


def a_map(neurons, height=HEIGHT, width=WIDTH):
    ends = ((-1.0, 0.0, -3.0), (3.0, 1.5, 3.0))
    kind = Residual("gain", "linear", "bt709")
    return gain_network.GainNetwork(begun(neurons), neurons, kind, *ends, height, width, np.zeros(16, np.uint8), 2.0)


@pytest.mark.parametrize("variant", COMPILED)
@pytest.mark.parametrize("neurons", [8, 16, 24, 64, 128])
def test_slopes_of_the_definition(variant, neurons):
    given = samples(1500)
    loss, expected = trained.loss_and_gradient(begun(neurons), neurons, given, variant="reference")
    once = trained.loss_and_gradient(begun(neurons), neurons, given, variant=variant, threads=1)
    assert once[0] == pytest.approx(loss, rel=1e-6)
    assert np.abs(once[1] - expected).max() < 1e-5 * np.abs(expected).max()
    again = trained.loss_and_gradient(begun(neurons), neurons, given, variant=variant, threads=2)
    assert again[0] == once[0]
    np.testing.assert_array_equal(again[1], once[1])


@pytest.mark.parametrize("variant", COMPILED)
def test_slopes_without_colours(variant):
    given = samples(colours=False)
    _, expected = trained.loss_and_gradient(begun(16, 2), 16, given, variant="reference")
    _, got = trained.loss_and_gradient(begun(16, 2), 16, given, variant=variant)
    assert np.abs(got - expected).max() < 1e-5 * np.abs(expected).max()


@pytest.mark.parametrize("variant", COMPILED)
@pytest.mark.parametrize("keep2", [0.999, 0.95])
def test_training_of_the_definition(variant, keep2):
    """Few steps: rounding grows from step to step, so that long runs may only agree in what they reach."""
    given, schedule = samples(), trained.Schedule(12, 256, 0.01, 0.001, keep2=keep2)
    expected, steps, loss = trained.train(begun(16), 16, given, schedule, variant="reference")
    got = trained.train(begun(16), 16, given, schedule, variant=variant)
    assert got[1] == steps == 12
    assert got[2] == pytest.approx(loss, rel=1e-3)
    assert np.abs(got[0] - expected).mean() < 1e-4
    assert np.abs(expected - begun(16)).mean() > 1e-2  # and something was learned


def a_mix(seed=5):
    """Far from orthogonal, and of full rank."""
    random = np.random.default_rng(seed)
    return (np.eye(120) + random.normal(0, 0.05, (120, 120))).astype(np.float32) * random.uniform(0.5, 2, 120)


@pytest.mark.parametrize("variant", COMPILED)
@pytest.mark.parametrize("neurons", [16, 24])
def test_training_through_a_mix_is_that_of_the_definition(variant, neurons):
    given, schedule = samples(), trained.Schedule(12, 256, 0.01, 0.001, keep2=0.95)
    expected, _, loss = trained.train(begun(neurons), neurons, given, schedule, mix=a_mix(), variant="reference")
    got = trained.train(begun(neurons), neurons, given, schedule, mix=a_mix(), variant=variant)
    plain = trained.train(begun(neurons), neurons, given, schedule, variant=variant)
    assert got[2] == pytest.approx(loss, rel=1e-3)
    assert np.abs(got[0] - expected).mean() < 1e-4
    assert np.abs(got[0] - plain[0]).mean() > 1e-3  # another way


@pytest.mark.parametrize("variant", [*COMPILED, "reference"])
def test_a_mix_does_not_change_where_training_begins(variant):
    given, schedule = samples(), trained.Schedule(0, 256, 0.01)
    got, _, _ = trained.train(begun(16), 16, given, schedule, mix=a_mix(), variant=variant)
    np.testing.assert_allclose(got, begun(16), atol=1e-5)


@pytest.mark.parametrize("variant", COMPILED)
@pytest.mark.parametrize("batch", [64, 1024, 8192])
def test_threads_do_not_change_training(variant, batch):
    given, schedule = samples(9000), trained.Schedule(20, batch, 0.01)
    one, two, five = (trained.train(begun(16), 16, given, schedule, variant=variant, threads=n) for n in (1, 2, 5))
    np.testing.assert_array_equal(one[0], two[0])
    np.testing.assert_array_equal(one[0], five[0])


def test_training_stops_by_the_clock():
    given = samples(2000)
    _, steps, _ = trained.train(begun(16), 16, given, trained.Schedule(1 << 29, 512, 0.01, seconds=0.05))
    assert 0 < steps < 1 << 29


def test_training_learns():
    """A picture whose residual is a smooth function of place and colour is learned to within two per cent."""
    given = samples(4000)
    places = given.index[:, 0] / WIDTH
    reds = (given.index[:, 2] - HEIGHT - WIDTH) / 255
    targets = np.stack([places - 0.5, reds - 0.5, places * reds - 0.3], -1).astype(np.float32)
    given = dataclasses.replace(given, targets=targets, weights=np.ones_like(targets))
    _, _, loss = trained.train(gain_network.fresh(16), 16, given, trained.Schedule(1500, 512, 0.01))
    assert loss**0.5 < 0.02


@pytest.mark.parametrize("variant", COMPILED)
@pytest.mark.parametrize("shape", [(1, 1), (1, 130), (3, 64), (37, 50)], ids=str)
@pytest.mark.parametrize("neurons", [8, 16, 40])
def test_values_of_the_definition(variant, shape, neurons):
    pixels = np.random.default_rng(2).integers(0, 256, (2 * shape[0], shape[1], 3), dtype=np.uint8)[::2]
    found = a_map(neurons, *shape)
    expected = trained.values(pixels, found, variant="reference")
    for threads in (1, 2):
        got = trained.values(pixels, found, variant=variant, threads=threads)
        np.testing.assert_allclose(got, expected, atol=4e-6)
    halves = trained.values(pixels, found, dtype=np.float16, variant=variant)
    np.testing.assert_array_equal(halves, got.astype(np.float16))


@pytest.mark.parametrize("variant", [*COMPILED, "reference"])
def test_values_stay_between_their_ends(variant):
    found = a_map(16)
    wild = dataclasses.replace(found, vector=np.full(2259, 1e5, np.float32) * np.sign(found.vector))
    pixels = np.random.default_rng(2).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    said = trained.values(pixels, wild, variant=variant)
    assert np.isfinite(said).all()
    assert (said >= np.float32(wild.low)).all()
    assert (said <= np.float32(wild.high)).all()


def test_a_buffer_is_filled():
    pixels = np.random.default_rng(2).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    out = np.empty(pixels.shape, np.float16)
    assert trained.values(pixels, a_map(16), dtype=np.float16, out=out) is out
    np.testing.assert_array_equal(out, trained.values(pixels, a_map(16), dtype=np.float16))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: trained.Schedule(1, 0, 0.1),
        lambda: trained.Schedule(-1, 8, 0.1),
        lambda: trained.Schedule(1, 8, float("nan")),
        lambda: trained.Schedule(1, 8, 0.1, seconds=-1),
        lambda: trained.Schedule(1, 8, 0.1, keep2=1.0),
        lambda: trained.train(begun(16), 16, samples(), trained.Schedule(1, 8, 0.1), mix=np.eye(24)),
        lambda: trained.train(begun(16), 16, samples(), trained.Schedule(1, 8, 0.1), mix=np.full((120, 120), np.nan)),
        lambda: dataclasses.replace(samples(), index=samples().index + 1000),
        lambda: dataclasses.replace(samples(), index=-1 - samples().index),
        lambda: dataclasses.replace(samples(), targets=np.zeros((3, 3), np.float32)),
        lambda: dataclasses.replace(samples(), weights=np.full((700, 3), np.inf, np.float32)),
        lambda: trained.train(begun(16), 16, samples(), trained.Schedule(1, 701, 0.1)),
        lambda: trained.values(np.zeros((2, 2, 3), np.uint8), a_map(16)),
        lambda: trained.values(np.zeros((HEIGHT, WIDTH, 3), np.uint16), a_map(16)),
        lambda: trained.values(np.zeros((HEIGHT, WIDTH, 3), np.uint8), a_map(16), dtype=np.float64),
        lambda: trained.values(np.zeros((HEIGHT, WIDTH, 3), np.uint8), a_map(16), variant="sse9"),
    ],
)
def test_what_is_outside_of_the_contract_is_refused(wrong):
    with pytest.raises(UntoneError):
        wrong()


def test_the_native_door_checks_what_memory_hangs_on():
    given, native = samples(), trained._native
    four = np.zeros((700, 4), np.float32)
    rows, counts = given.basis.rows, list(given.basis.counts)
    vector, gradient = begun(16), np.zeros(2259, np.float32)
    beyond = given.index.copy()
    beyond[5, 1] = 10**6
    for index, size in ((beyond, 16), (given.index, 24), (given.index[:5], 16)):
        with pytest.raises(ValueError, match=r"section|vector|four"):
            native.network_gradient("portable", 1, rows, counts, index, four, four, size, vector, gradient)
    with pytest.raises(ValueError, match="basis"):
        native.network_gradient("portable", 1, rows[:10], counts, given.index, four, four, 16, vector, gradient)
