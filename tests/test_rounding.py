"""Rounding that passes on what is left: by hand, on the codes' grid, and better than rounding each weight alone."""

import numpy as np
import pytest

from untone import mlp, rounding


def test_two_inputs_that_are_one_make_up_for_each_other():
    """Only the sum of three weights on one input counts: it is rounded once, to half a code, not each of them."""
    weights = np.array([1.0, 0.3045, 0.2045])
    moments = np.zeros((4, 4))
    moments[:3, :3] = np.ones((3, 3)) + 1e-9 * np.eye(3)
    found = rounding.column(np.append(weights, 0.0), moments, 1e-9)[:3]
    scale = np.float64(np.float16(1 / 127))
    nearest = np.rint(weights / scale) * scale
    assert abs((found - weights).sum()) <= scale / 2 + 1e-9
    assert abs((found - weights).sum()) <= abs((nearest - weights).sum()) + 1e-9


def test_rounded_weights_are_codes():
    random = np.random.default_rng(0)
    inputs = random.normal(0, 1, (500, 31)) @ random.normal(0, 1, (31, 31))
    weights = random.normal(0, 1, 31) * np.logspace(0, -2, 31)
    found = rounding.column(weights, inputs.T @ inputs / 500, 1e-3)[:-1]
    codes, scales = mlp.eight_bits(found[:, None].astype(np.float32))
    np.testing.assert_allclose(codes[:, 0] * scales[0], found, rtol=1e-6)
    assert np.abs(codes).max() == 127


def test_a_bias_makes_up_for_what_its_weight_lost():
    """An input that is always 1 and the bias say the same: together they are as before, to the last digit."""
    moments = np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 1.0]])
    found = rounding.column(np.array([0.3045, 1.0, -0.2]), moments, 1e-9)
    assert found[0] != 0.3045
    assert found[0] + found[2] == pytest.approx(0.1045, abs=1e-6)


def test_a_quantised_network_is_what_rounding_left():
    random = np.random.default_rng(3)
    embedded = random.normal(0, 0.7, (500, 120)).astype(np.float32)
    found = rounding.first_layer(mlp.fresh(16, 4), 16, embedded, np.ones((500, 3), np.float32))
    again = mlp.quantised(found, 16)
    np.testing.assert_array_equal(mlp.layers(again, 16).first, mlp.layers(found, 16).first)


@pytest.mark.parametrize("neurons", [8, 16])
def test_it_says_nearly_the_same(neurons):
    """Inputs that go together: the error of what the network says is less than half of that of nearest codes."""
    random = np.random.default_rng(1)
    embedded = (random.normal(0, 1, (2000, 12)) @ random.normal(0, 0.3, (12, 120))).astype(np.float32)
    vector, weights = mlp.fresh(neurons, 2), np.ones((2000, 3), np.float32)
    found = rounding.first_layer(vector, neurons, embedded, weights)
    nearest = vector.copy()
    first = mlp.layers(nearest, neurons).first
    codes, scales = mlp.eight_bits(first)
    first[:] = codes * scales
    truth = mlp.forward(embedded, vector, neurons)
    ours, theirs = (np.square(mlp.forward(embedded, v, neurons) - truth).mean() for v in (found, nearest))
    assert ours < theirs / 4
    for part, whole in zip(
        mlp.layers(found, neurons).matrices[1:], mlp.layers(vector, neurons).matrices[1:], strict=True
    ):
        np.testing.assert_array_equal(part, whole)


def test_a_neuron_that_says_nothing_is_rounded_too():
    weights, embedded = np.ones((50, 3), np.float32), np.ones((50, 120), np.float32)
    vector = mlp.fresh(8)
    mlp.layers(vector, 8).first_bias[:] = -1e4
    assert np.isfinite(rounding.first_layer(vector, 8, embedded, weights)).all()
    assert not rounding.first_layer(np.zeros_like(vector), 8, embedded, weights).any()
