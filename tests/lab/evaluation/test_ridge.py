"""Ridge regression from histograms to curves, on pictures whose gain follows from their histogram."""

import numpy as np
import pytest

from untone.lab.data.examples import Example, thumbnail_of
from untone.lab.evaluation.baselines import ridge


class Made:
    """Pictures of random brightness: the brighter, the more all bright codes gain."""

    folder = None

    def __init__(self, count):
        self.count = count

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        random = np.random.default_rng(index)
        most = random.uniform(0.5, 2)
        codes = (255 * random.random((64, 64, 3)) ** most).astype(np.uint8)
        top = codes.max(-1, keepdims=True) / 255
        gain = np.broadcast_to(most * top**2, codes.shape).astype(np.float32)
        return Example(str(index), codes, gain, thumbnail_of(codes))


def test_gain_follows_the_histogram_of_pictures_never_seen():
    fitted = ridge.fit_ridge(Made(200))
    errors, spread = [], []
    for index in range(1000, 1030):
        example = Made(0)[index]
        encoded = example.sdr.astype(np.float32) / 255
        bright = encoded.max(-1) > 0.7
        made = ridge.ridge_gain(fitted, encoded, encoded)[bright].mean()
        errors.append(made - example.gain_stops[bright].mean())
        spread.append(example.gain_stops[bright].mean())
    assert np.std(errors) < 0.25 * np.std(spread)


def test_forty_four_numbers():
    assert ridge.features(np.random.default_rng(0).random((32, 32, 3))).shape == (44,)
    assert np.isfinite(ridge.features(np.zeros((8, 8, 3)))).all()


def test_mean_gain_by_eighth_by_hand():
    encoded = np.zeros((20, 10, 3), np.float32)
    encoded[:10], encoded[10:] = 0.05, 0.95
    stops = np.where(encoded > 0.5, 2.0, 0.25)
    found = ridge.gain_by_eighth(encoded, stops)
    assert found[0] == pytest.approx(0.25)
    assert found[7] == pytest.approx(2.0)
    assert np.isnan(found[1:7]).all()


def test_gain_runs_from_nothing_at_black():
    fitted = ridge.fit_ridge(Made(60))
    encoded = Made(0)[7].sdr.astype(np.float32) / 255
    gain = ridge.ridge_gain(fitted, np.zeros((1, 1, 3)), encoded)
    assert gain.shape == (1, 1, 3)
    assert np.array_equal(gain, np.zeros((1, 1, 3)))
