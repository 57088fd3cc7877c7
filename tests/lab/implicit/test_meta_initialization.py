"""Starts learned over pictures: noise like photographs, Reptile, and files of starts."""

import numpy as np
import pytest

from untone import cli, gain_network
from untone.implicit import initialization, sampling
from untone.implicit.sampling import Sampling
from untone.kernels import network as kernel
from untone.lab.implicit import meta_initialization
from untone.lab.implicit import noise as pair_noise
from untone.lab.implicit.meta_initialization import Rounds

QUICK = Rounds(count=12, steps=16, batch=256, pixels=2048)


def test_noise_falls_off_as_it_should():
    """Power at twice the frequency is a fourth where amplitudes fall as 1 / frequency."""
    found = pair_noise.field(128, 1.0, np.random.default_rng(0))
    assert found.mean() == pytest.approx(0, abs=1e-9)
    assert found.std() == pytest.approx(1)
    power = np.abs(np.fft.fft2(found)) ** 2
    radius = np.hypot(*np.meshgrid(np.fft.fftfreq(128), np.fft.fftfreq(128))) * 128
    near, far = (power[(radius > r) & (radius < 1.5 * r)].mean() for r in (10, 20))
    assert near / far == pytest.approx(4, rel=0.25)


def test_noise_pictures_are_pairs():
    image, light = pair_noise.picture(48, np.random.default_rng(1))
    assert image.pixels.shape == light.shape == (48, 48, 3)
    assert np.isfinite(light).all()
    assert light.min() > 0
    assert light.max() < pair_noise.PEAK_NITS / 203 * 1.01
    assert image.pixels.std() > 5
    again, _ = pair_noise.picture(48, np.random.default_rng(1))
    np.testing.assert_array_equal(again.pixels, image.pixels)


def test_a_learned_start_is_better_than_a_fresh_one():
    """On a picture that it has not seen, after a few steps."""
    pair, count = meta_initialization.noise(3)
    start = meta_initialization.learned(pair, count, "gamma", "pq", 8, QUICK, lambda: None)
    given = sampling.training_samples(
        *pair_noise.picture(96, np.random.default_rng(99)), "bt2020", "gamma", "pq", Sampling(4096, 256)
    )
    schedule, mix = kernel.Schedule(10, 256, 1e-3), given.whitening()
    after = [kernel.train(v, 8, given.samples, schedule, mix=mix)[2] for v in (gain_network.fresh(8), start)]
    assert after[1] < after[0] / 2


def test_the_command_adds_to_a_file(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(meta_initialization, "SIDE", 32)
    target = tmp_path / "starts.npz"
    command = ["meta-init", "-o", str(target), "--rounds", "2", "--steps", "2", "--neurons"]
    assert cli.main([*command, "8"]) == 0
    before = np.load(target)["gamma_pq_8"]
    assert cli.main([*command, "16", "--residual", "gain"]) == 0
    with np.load(target) as found:
        assert sorted(found.files) == ["gain_linear_16", "gamma_pq_8"]
        np.testing.assert_array_equal(found["gamma_pq_8"], before)
        assert found[initialization.name_of("gain", "linear", 16)].shape == (2259,)
    assert cli.main([*command, "8", "--rounds", "0"]) == 2
    assert "at least 1" in capsys.readouterr().err
