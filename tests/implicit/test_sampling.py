"""Which pixels are learned from, and what they teach."""

import numpy as np

from untone import residuals
from untone.image import Image
from untone.implicit import sampling
from untone.implicit.sampling import Sampling


def a_pair(height=64, width=96):
    codes = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image(codes), (sampling.code_light(Image(codes))[codes] * 2).astype(np.float32)


def places(given, width):
    return given.samples.index[:, 0] + width * (given.samples.index[:, 1] - width)


def test_each_batch_is_spread_over_the_picture():
    """64 x 96 pixels in batches of 128: one pixel of each 48 in a row, and no pixel twice in a round."""
    given = sampling.training_samples(*a_pair(), "bt709", "gamma", "pq", Sampling(1 << 18, 128))
    found = places(given, 96)
    assert len(found) == len(set(found.tolist())) == 64 * 96
    for batch in found.reshape(-1, 128):
        assert sorted((batch // 48).tolist()) == list(range(128))


def test_a_small_picture_is_taken_whole_and_again():
    given = sampling.training_samples(*a_pair(6, 7), "bt709", "gain", "linear", Sampling(1 << 18, 512))
    counts = np.bincount(places(given, 7), minlength=42)
    assert counts.min() == counts.max() >= 512 // 42


def test_targets_and_weights_by_hand():
    """Twice the light is everywhere near a stop; unweighted, all count alike."""
    image, light = a_pair()
    given = sampling.training_samples(image, light, "bt709", "gain", "linear", Sampling(4096, 128, weighted=False))
    assert (given.samples.weights == 1).all()
    said = (given.samples.targets * (given.high - given.low) + given.high + given.low) / 2
    codes = given.samples.index[:, 2:] - (64 + 96) - 256 * np.arange(3)
    base = sampling.code_light(image)[codes]
    expected = residuals.residual_of(base, base * 2, given.residual)
    np.testing.assert_allclose(said, expected, atol=0.02)
    weighted = sampling.training_samples(image, light, "bt709", "gain", "linear", Sampling(4096, 128)).samples.weights
    assert 0.2 < weighted.mean() <= 1.0001
    assert weighted.max() <= sampling.MOST_WEIGHT


def test_the_same_seed_picks_the_same_pixels():
    pair = a_pair()
    one, two, other = (
        sampling.training_samples(*pair, "bt709", "gamma", "pq", Sampling(2048, 64, seed=seed)) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one.samples.index, two.samples.index)
    assert (one.samples.index != other.samples.index).any()
