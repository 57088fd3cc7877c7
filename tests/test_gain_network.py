"""The network of Gain-MLP by hand: embedding, layers, slopes, quantisation; and what the noun refuses."""

import dataclasses

import numpy as np
import pytest

from untone import gain_network
from untone.errors import DamagedError, UntoneError
from untone.residuals import Residual


def a_map(**changes):
    vector = gain_network.fresh(16, seed=3)
    ends = ((-1.0, -1.0, -1.0), (3.0, 3.0, 3.0))
    residual = Residual("gain", "linear", "bt709")
    made = gain_network.GainNetwork(vector, 16, residual, *ends, 6, 8, np.zeros(16, np.uint8), 2.0)
    return dataclasses.replace(made, **changes)


def test_the_papers_network_has_2259_numbers():
    """120 x 16 + 16, 16 x 16 + 16, 16 x 3 + 3."""
    assert gain_network.size_of(16) == 120 * 16 + 16 + 16 * 16 + 16 + 16 * 3 + 3 == 2259
    assert gain_network.fresh(16).shape == (2259,)
    parts = gain_network.layers(np.arange(2259), 16)
    assert [part.shape for part in parts.matrices] == [(120, 16), (16, 16), (16, 3)]
    assert parts.first[0, 1] == 1
    assert parts.first[1, 0] == 16
    assert parts.first_bias[0] == 1920
    assert parts.third_bias[-1] == 2258


def test_embedding_by_hand():
    """One level sits at 1/2, a quarter turn of half a turn; of two, the second sits at 3/4: 135 and 270 degrees."""
    assert gain_network.embedding(1).shape == (1, 24)
    np.testing.assert_allclose(gain_network.embedding(1)[0, :4], [1, 0, 0, -1], atol=1e-6)
    np.testing.assert_allclose(gain_network.embedding(2)[1, :4], [0.5**0.5, -(0.5**0.5), -1, 0], atol=1e-6)


def test_every_level_has_an_embedding_of_its_own():
    for levels in (256, 4000):
        rows = gain_network.embedding(levels)
        assert len(np.unique(rows, axis=0)) == levels
        assert np.abs(rows[0] - rows[-1]).max() > 0.5  # the ends are not taken for neighbours


def test_layers_by_hand():
    """0.5 * 2 + 0.25 = 1.25; 3 - 1.25 = 1.75; 4 * 1.75 + 0.3 = 7.3; a neuron below 0 says nothing."""
    vector = np.zeros(gain_network.size_of(8))
    parts = gain_network.layers(vector, 8)
    parts.first[0, 0], parts.first_bias[0] = 2, 0.25
    parts.first[0, 5], parts.second[5, 1] = -2, 100
    parts.second[0, 1], parts.second_bias[1] = -1, 3
    parts.third[1, 2], parts.third_bias[:] = 4, (0.1, 0.2, 0.3)
    embedded = np.zeros((1, 120))
    embedded[0, 0] = 0.5
    np.testing.assert_allclose(gain_network.forward(embedded, vector, 8), [[0.1, 0.2, 7.3]])


def test_slopes_are_those_of_the_loss():
    random = np.random.default_rng(0)
    embedded, targets = random.normal(0, 1, (40, 120)), random.normal(0, 1, (40, 3))
    weights, vector = random.uniform(0.5, 2, (40, 3)), gain_network.fresh(8).astype(np.float64)
    loss, slopes = gain_network.loss_and_gradient(embedded, targets, weights, vector, 8)
    error = gain_network.forward(embedded, vector, 8) - targets
    assert loss == pytest.approx((weights * error**2).sum() / 120)
    for place in random.integers(0, vector.size, 60):
        sides = []
        for step in (-1e-6, 1e-6):
            moved = vector.copy()
            moved[place] += step
            sides.append(gain_network.loss_and_gradient(embedded, targets, weights, moved, 8)[0])
        assert slopes[place] == pytest.approx((sides[1] - sides[0]) / 2e-6, abs=1e-6)


def test_whitened_inputs_are_uncorrelated():
    """Their second moments are diagonal, of a half each where the inputs vary more than the ridge."""
    random = np.random.default_rng(0)
    inputs, weights = random.normal(0, 1, (4000, 6)) @ random.normal(0, 1, (6, 6)), random.uniform(0.5, 2, 4000)
    inputs[:, 5] = inputs[:, 4]  # one direction in which nothing varies
    turned = inputs @ gain_network.whitening(inputs, weights)
    moments = (turned * weights[:, None]).T @ turned / weights.sum()
    assert np.abs(moments - np.diag(np.diag(moments))).max() < 1e-5
    assert np.sort(np.diag(moments))[1:] == pytest.approx([0.5] * 5, rel=0.1)
    assert np.diag(moments).min() < 1e-6


def test_quantisation_by_hand():
    """The scale of a column is its largest weight over 127, as a half float."""
    grid = gain_network.Grid(np.ones((4, 1), np.float32), np.zeros(4, np.int64))
    matrix = np.array([[127.0, 0.0], [-254.0, 0.0], [1.0, 0.0], [3.0, 0.0]])
    scales = grid.scales(matrix)
    codes = grid.codes(matrix, scales)
    assert scales.tolist() == [2.0, 0.0]
    assert codes[:, 0].tolist() == [64, -127, 0, 2]  # 63.5 and 0.5 to even, 1.5 to even
    assert not codes[:, 1].any()
    assert grid.weights(codes, scales)[:, 0].tolist() == [128, -254, 0, 4]


def test_rows_of_finer_units_by_hand():
    """In quarters and with 2 bits more a row reaches 511 / 4 scales; in halves and 8 bits, 127 / 2."""
    grid = gain_network.Grid(np.array([[0.25], [0.5]], np.float32), np.array([2, 0]))
    assert grid.most.ravel().tolist() == [511, 127]
    matrix = np.array([[127.75, 0.3], [2.3, 63.5]])
    scales = grid.scales(matrix)
    assert scales.tolist() == [1, 1]
    assert grid.codes(matrix, scales).tolist() == [[511, 1], [5, 127]]
    assert grid.weights(grid.codes(matrix, scales), scales).tolist() == [[127.75, 0.25], [2.5, 63.5]]
    assert grid.scales(np.full((2, 1), 1e9)).tolist() == [65504]


def test_quantising_twice_changes_nothing():
    vector = gain_network.quantised(gain_network.fresh(24), 24)
    np.testing.assert_array_equal(gain_network.quantised(vector, 24), vector)
    assert np.abs(vector - gain_network.fresh(24)).max() < np.abs(gain_network.fresh(24)).max() / 127


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"neurons": 24}, "24 neurons"),
        ({"vector": np.full(2259, np.nan, np.float32)}, "no numbers"),
        ({"vector": np.full(2259, 2.0**30, np.float32)}, "far too large"),
        ({"low": (0.0, 0.0, np.nan)}, "end within"),
        ({"high": (65.0, 1.0, 1.0)}, "end within"),
        ({"low": (4.0, 0.0, 0.0)}, "above their end"),
        ({"height": 0}, "8 x 0 pixels"),
        ({"headroom_stops": -1.0}, "headroom of -1.0"),
        ({"bits": 4}, "4 bits"),
    ],
)
def test_maps_that_no_picture_comes_of_are_refused(changes, words):
    with pytest.raises(DamagedError, match=words):
        a_map(**changes)


def test_a_map_shows_its_shape():
    assert repr(a_map()) == "GainNetwork(16 neurons, gain, linear, 8 bit, for 8 x 6)"


def test_another_picture_is_noticed():
    pixels = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    pixels[:30, :40] //= 2
    made = a_map(height=60, width=80, print=gain_network.fingerprint(pixels))
    gain_network.check_fits(made, pixels)
    gain_network.check_fits(made, np.clip(pixels.astype(int) + 2, 0, 255))  # another decoder's rounding
    for other, words in ((pixels[:, ::-1], "another picture"), (pixels[1:], "80 x 60"), (255 - pixels, "another")):
        with pytest.raises(UntoneError, match=words):
            gain_network.check_fits(made, other)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (3, 2), (5, 5)])
def test_small_pictures_have_a_fingerprint(shape):
    assert gain_network.fingerprint(np.full((*shape, 3), 77, np.uint8)).tolist() == [77] * 16
