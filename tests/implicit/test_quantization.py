"""Rounding that passes on what is left: by hand, on the codes' grid, and better than rounding each weight alone."""

import itertools

import numpy as np
import pytest

from untone import gain_network
from untone.implicit import quantization


def plainly(weights, steps, most, moments, lost=None):
    weights, steps = np.array(weights, float), np.array(steps, float)
    lost = np.zeros(len(weights)) if lost is None else np.array(lost, float)
    return quantization.nearest(weights, steps, np.array(most, float), np.array(moments, float), lost)


def test_two_inputs_that_are_one_make_up_for_each_other(monkeypatch):
    """Only the sum of three weights counts: 1.6 is said as 1 + 1 + 0 or the like, not as 1 + 0 + 0."""
    monkeypatch.setattr(quantization, "DAMPING", 1e-6)
    found = plainly([0.6, 0.55, 0.45], [1, 1, 1], [9, 9, 9], np.ones((3, 3)))
    assert set(found) <= {0.0, 1.0}
    assert found.sum() == 2


def test_a_number_makes_up_for_what_a_code_lost(monkeypatch):
    """A weight whose input is always 1 and a bias say the same: together they are as before."""
    monkeypatch.setattr(quantization, "DAMPING", 1e-9)
    found = plainly([0.3, -0.2], [0.25, np.nan], [100, 0], np.ones((2, 2)))
    assert found[0] == 0.25
    assert found.sum() == pytest.approx(0.1, abs=1e-6)


def test_what_was_lost_before_is_made_up_for(monkeypatch):
    """d d + 2 l d is least at -l: numbers go there, codes to the nearest."""
    monkeypatch.setattr(quantization, "DAMPING", 1e-9)
    found = plainly([1.0, 5.0], [np.nan, 1.0], [0, 9], np.eye(2), [0.25, -1.7])
    assert found == pytest.approx([0.75, 7.0])


def test_codes_stay_within_their_ends():
    random = np.random.default_rng(1)
    inputs = random.normal(0, 1, (60, 8))
    found = plainly(random.normal(0, 1, 8) * 4, [0.5] * 8, [3] * 8, inputs.T @ inputs)
    assert np.abs(found).max() == 1.5
    np.testing.assert_allclose(found / 0.5, np.rint(found / 0.5), atol=1e-12)
    assert plainly([0.0, 0.3], [0.0, 0.1], [127, 127], np.eye(2)) == pytest.approx([0, 0.3])


def test_it_is_nearly_the_best_of_all(monkeypatch):
    """Of four weights that go together, against every choice of codes: near to the best, far from each alone."""
    monkeypatch.setattr(quantization, "DAMPING", 1e-6)
    random = np.random.default_rng(4)
    ours, alone, best = [], [], []
    for _ in range(40):
        inputs = random.normal(0, 1, (9, 4)) + 2 * random.normal(0, 1, (9, 1))
        moments, weights = inputs.T @ inputs, random.uniform(-3, 3, 4)

        def error(d, moments=moments):
            return float(d @ moments @ d)

        ours.append(error(plainly(weights, [1] * 4, [9] * 4, moments) - weights))
        alone.append(error(np.rint(weights) - weights))
        near = [(np.floor(w) - 1, np.floor(w), np.floor(w) + 1, np.floor(w) + 2) for w in weights]
        best.append(min(error(np.array(codes) - weights) for codes in itertools.product(*near)))
    assert np.mean(ours) < 0.5 * np.mean(alone)
    assert np.mean(ours) < 1.5 * np.mean(best)


def together(count=1500):
    """Inputs that go together, and how much outputs matter."""
    random = np.random.default_rng(1)
    embedded = (random.normal(0, 1, (count, 12)) @ random.normal(0, 0.3, (12, 120))).astype(np.float32)
    return embedded, random.uniform(0.5, 1.5, (count, 3)).astype(np.float32)


@pytest.mark.parametrize("neurons", [8, 16, 24])
def test_it_says_nearly_the_same_in_codes(neurons):
    """The error of what the network says is a quarter at most of that of nearest codes; one block or several."""
    embedded, weights = together()
    vector = gain_network.fresh(neurons, 2)
    found = quantization.rounded(vector, neurons, embedded, weights)
    np.testing.assert_array_equal(gain_network.quantised(found, neurons), found)
    truth = gain_network.forward(embedded, vector, neurons)
    ours, theirs = (
        (weights * np.square(gain_network.forward(embedded, v, neurons) - truth)).mean()
        for v in (found, gain_network.quantised(vector, neurons))
    )
    assert ours < theirs / 4


def test_slopes_are_those_of_the_definition():
    """The signed sum's slopes by each number, against the gradient that training follows."""
    embedded, weights = together(5)
    vector = gain_network.fresh(8, 3).astype(np.float64)
    net = gain_network.layers(vector, 8)
    block = quantization._blocks(net, 8)[0]
    places = quantization._places(block, 8, len(vector))
    signed = np.sqrt(weights).astype(np.float64)
    slopes, said = quantization._slopes(net, embedded.astype(np.float64), signed, block)
    for row in range(5):
        one = embedded[row : row + 1].astype(np.float64)
        target = said[row : row + 1] - signed[row : row + 1] * 1.5  # 2 * error / 3 is then the sign times the root
        _, gradient = gain_network.loss_and_gradient(one, target, np.ones((1, 3)), vector, 8)
        np.testing.assert_allclose(slopes[row], gradient[places], atol=1e-12)
    assert sorted(places) == list(range(len(vector)))


@pytest.mark.parametrize("neurons", [24, 120, 128])
def test_blocks_of_wide_networks_hold_each_number_once(neurons):
    vector = gain_network.fresh(neurons)
    blocks = quantization._blocks(gain_network.layers(vector, neurons), neurons)
    places = [quantization._places(block, neurons, len(vector)) for block in blocks]
    assert sorted(np.concatenate(places)) == list(range(len(vector)))
    assert max(map(len, places)) <= quantization.BLOCK + neurons


def test_a_network_that_says_nothing_is_rounded_too():
    embedded, weights = np.ones((50, 120), np.float32), np.ones((50, 3), np.float32)
    vector = gain_network.fresh(8)
    gain_network.layers(vector, 8).first_bias[:] = -1e4
    assert np.isfinite(quantization.rounded(vector, 8, embedded, weights)).all()
    assert not quantization.rounded(np.zeros_like(vector), 8, embedded, weights).any()
    assert np.isfinite(quantization.rounded(vector, 8, embedded, weights * 0)).all()
