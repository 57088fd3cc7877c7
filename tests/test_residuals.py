"""Equations 1 to 6 of Gain-MLP: hand-worked values, published PQ codes, physics, inverses."""

import itertools
import math

import numpy as np
import pytest

from untone.colour import nits_to_pq
from untone.errors import DamagedError
from untone.residuals import DARKEST, OFFSET, WHITE, Residual, light_of, lowered, pq_slope, raised, residual_of

ALL = [Residual(kind, domain) for kind, domain in itertools.product(("gain", "gamma"), ("linear", "pq"))]
IDS = [f"{r.kind}-{r.domain}" for r in ALL]


def test_a_gain_of_linear_light_is_the_stops_of_a_gain_map():
    stops = residual_of(np.array(1 - OFFSET), np.array(4 - OFFSET), Residual("gain", "linear", "bt709"))
    assert stops == pytest.approx(2, abs=1e-12)


def test_a_gamma_is_the_exponent():
    sdr, hdr = 0.01 / WHITE - OFFSET, 0.1 / WHITE - OFFSET  # 100 and 1000 nits, offsets included
    assert residual_of(np.array(sdr), np.array(hdr), Residual("gamma", "linear")) == pytest.approx(0.5, abs=1e-12)


def test_the_papers_convention_works_on_pq_codes():
    """PQ of 100 and 1000 nits are 0.508078 and 0.751827 (SMPTE ST 2084)."""
    sdr, hdr = np.array(100 / 203), np.array(1000 / 203)
    ratio = (0.751827 + 1 / 64) / (0.508078 + 1 / 64)
    assert residual_of(sdr, hdr, Residual("gain", "pq")) == pytest.approx(math.log2(ratio), abs=1e-5)
    exponent = math.log(0.751827 + 1 / 64) / math.log(0.508078 + 1 / 64)
    assert residual_of(sdr, hdr, Residual("gamma", "pq")) == pytest.approx(exponent, abs=1e-5)


@pytest.mark.parametrize("residual", ALL, ids=IDS)
def test_the_residual_leads_back(residual):
    random = np.random.default_rng(0)
    sdr, hdr = random.uniform(0, 1, (500, 3)), random.uniform(0, 30, (500, 3)) ** 1.1
    sdr[0], hdr[1], sdr[2], hdr[2] = 0, 0, 1, 0
    back = light_of(sdr, residual_of(sdr, hdr, residual), residual)
    np.testing.assert_allclose(back, hdr, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("residual", ALL, ids=IDS)
def test_no_residual_is_no_change(residual):
    sdr = np.linspace(0, 1, 50)
    unchanged = 0.0 if residual.kind == "gain" else 1.0
    np.testing.assert_allclose(light_of(sdr, np.full(50, unchanged), residual), sdr, atol=1e-9)
    np.testing.assert_allclose(residual_of(sdr, sdr, residual), unchanged, atol=1e-12)


@pytest.mark.parametrize("residual", ALL, ids=IDS)
def test_any_finite_residual_gives_finite_light(residual):
    values = np.array([-64, -1, 0, 1, 64], np.float32)[:, None]
    for dtype in (np.float32, np.float64):
        light = light_of(np.linspace(0, 1, 20, dtype=dtype), values.astype(dtype), residual)
        assert np.isfinite(light).all()
        assert light.min() >= 0


@pytest.mark.parametrize("residual", ALL, ids=IDS)
def test_the_slope_is_that_of_the_pq_code(residual):
    random = np.random.default_rng(1)
    sdr, hdr = random.uniform(0.01, 1, 300), random.uniform(10 * DARKEST, 10, 300)
    found, step = residual_of(sdr, hdr, residual), 1e-6
    codes = [nits_to_pq(203 * light_of(sdr, found + side, residual)) for side in (-step, step)]
    numeric = np.abs(codes[1] - codes[0]) / (2 * step)
    np.testing.assert_allclose(pq_slope(sdr, hdr, residual), numeric, rtol=1e-4)


@pytest.mark.parametrize("residual", ALL, ids=IDS)
def test_lowered_undoes_raised(residual):
    light = np.array([0, 1e-4, 0.18, 1, 4.9, 40])
    np.testing.assert_allclose(lowered(raised(light, residual), residual), light, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("wrong", [("ratio", "pq"), ("gain", "log"), ("gain", "pq", "bt709"), ("gamma", "linear", "x")])
def test_unknown_residuals_are_refused(wrong):
    with pytest.raises(DamagedError, match="there is no residual"):
        Residual(*wrong)
