"""The figures of quality by time are what their names say. Nothing tests a time."""

import dataclasses
import math

import pytest

from untone.lab.implicit import quality as network_quality


def test_intervals_by_hand():
    """Of 1, 2, 3: mean 2, s = 1, t(2, 0.975) = 4.303, over the root of 3."""
    assert network_quality.interval([1.0, 2.0, 3.0]) == pytest.approx([2, 4.3027 / 3**0.5], rel=1e-4)
    assert math.isnan(network_quality.interval([1.0])[1])


def test_figures_by_hand():
    row = {
        "paper": (50.0, 4.0),
        "tenth": (51.0, 0.2),
        "equal": (53.0, 4.0),
        "usual": (51.9, 1.0),
        "usual floats": (52.0, 1.0),
    }
    found = network_quality.figures([row, row])
    assert found["tenth_gain_db"] == pytest.approx([1, 0])
    assert found["equal_gain_db"] == pytest.approx([3, 0])
    assert found["tenth_share_of_time"] == pytest.approx(0.05)
    assert found["int8_cost_db"] == pytest.approx([0.1, 0])


def test_rows_of_noise(monkeypatch):
    monkeypatch.setattr(network_quality, "SIDE", 48)
    for name in ("PAPER", "TENTH", "EQUAL", "USUAL"):
        recipe = dataclasses.replace(getattr(network_quality, name), steps=60, batch=256)
        monkeypatch.setattr(network_quality, name, recipe)
    found = network_quality.bench(quick=True)
    assert found["views"] == "2 of noise"
    assert found["paper_db"] > 25
    assert found["usual_db"] > 30
