"""Learned starts: what the package holds, and files that are not as they were."""

import numpy as np
import pytest

from untone import gain_network
from untone.errors import DamagedError
from untone.implicit import initialization


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    initialization._all.cache_clear()
    monkeypatch.setattr(initialization, "FILE", tmp_path / "starts.npz")
    yield tmp_path / "starts.npz"
    initialization._all.cache_clear()


@pytest.mark.parametrize(("kind", "domain"), [("gain", "linear"), ("gamma", "pq")])
def test_the_package_has_starts_for_the_usual_networks(kind, domain):
    found = initialization.start(kind, domain, 16)
    assert found.dtype == np.float32
    assert found.shape == (2259,)
    assert 0.01 < np.abs(found).mean() < 1
    for neurons in (8, 32, 48, 64, 128):
        assert initialization.start(kind, domain, neurons).shape == (gain_network.size_of(neurons),)


def test_a_width_without_one(elsewhere):
    assert initialization.start("gamma", "pq", 120) is None


@pytest.mark.parametrize(
    "vector", [np.zeros(2258, np.float16), np.full(2259, np.inf, np.float16)], ids=["short", "inf"]
)
def test_a_damaged_file_is_told(elsewhere, vector):
    np.savez(elsewhere, gamma_pq_16=vector)
    with pytest.raises(DamagedError, match="gamma_pq_16 is no network"):
        initialization.start("gamma", "pq", 16)


def test_names_hold_the_width():
    assert initialization.name_of("gain", "linear", 24) == "gain_linear_24"
    assert gain_network.size_of(24) == 120 * 24 + 24 + 24 * 24 + 24 + 24 * 3 + 3
