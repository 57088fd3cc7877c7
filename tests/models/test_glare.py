"""Large bright areas share a budget of light; small lights keep theirs."""

import numpy as np
import pytest
from numpy.typing import NDArray

import untone
from untone import kernels
from untone.models import gain_curves, glare
from untone.operators import RANGE_NODES, Operators

QMAX = 4.0


def rising(most: float) -> Operators:
    """Gain of `most` stops at white, by the fourth power of the brightest code, for all channels alike."""
    axis = np.linspace(0, 1, 17)
    code = np.max(np.meshgrid(axis, axis, axis, indexing="ij"), axis=0)
    lut = np.arctanh(most * code**4 / QMAX)[..., None].repeat(3, -1).astype(np.float32)
    ramp = np.arange(RANGE_NODES) / (RANGE_NODES - 1)
    grids = (np.eye(3)[:, None, :] * ramp[None, :, None]).reshape(3, 1, 1, RANGE_NODES, 3)
    return Operators(np.ascontiguousarray(grids.repeat(2, 1).repeat(2, 2), np.float32), lut, QMAX)


def thumbnail(*parts: tuple[float, float]) -> NDArray[np.float32]:
    """Grey bars across: (share of the rows, code) each, the rest at 0.3."""
    rows = np.full(256, 0.3, np.float32)
    at = 0
    for share, code in parts:
        rows[at : at + round(256 * share)] = code
        at += round(256 * share)
    return np.ascontiguousarray(np.broadcast_to(rows[None, :, None], (3, 256, 256)))


def limited_to_budget(operators: Operators, picture: NDArray[np.float32]) -> Operators:
    curve = glare.curve(*gain_curves.rendered(operators, picture), operators.offset)
    return operators if curve is None else gain_curves.bent(operators, [curve])


def light(operators: Operators, code: float) -> float:
    pixel = np.full((1, 1, 3), round(code * 255), np.uint8)
    return float(kernels.hdr_linear(pixel, operators, dtype=np.float32).max())


def test_nothing_changes_where_nothing_glares() -> None:
    dull, lamp = rising(0.0), rising(3.0)
    assert limited_to_budget(lamp, thumbnail((1.0, 0.0))) is lamp  # black
    assert limited_to_budget(dull, thumbnail((1.0, 1.0))) is dull
    assert limited_to_budget(lamp, thumbnail((1 / 64, 1.0))) is lamp  # 8 times white on a 64th of the picture


@pytest.mark.parametrize("share", [0.3, 0.5])
def test_a_facade_is_kept_near_white(share: float) -> None:
    limited = limited_to_budget(rising(2.0), thumbnail((share, 0.9375)))
    assert light(rising(2.0), 0.9375) > 2
    assert light(limited, 0.9375) == pytest.approx(glare.ALLOWED, rel=0.1)
    assert light(limited, 0.3) == pytest.approx(light(rising(2.0), 0.3), rel=0.01)


def test_what_is_small_may_be_brighter_in_proportion() -> None:
    limited = limited_to_budget(rising(2.5), thumbnail((1 / 16, 1.0)))
    assert light(limited, 1.0) == pytest.approx(16 * glare.BUDGET, rel=0.1)


def test_a_lamp_before_a_facade_stands_out_as_before() -> None:
    picture = thumbnail((1 / 64, 1.0), (0.4, 0.85))
    limited = limited_to_budget(rising(3.0), picture)
    assert light(limited, 0.85) < 1.3 < light(rising(3.0), 0.85)
    assert light(limited, 1.0) > 4.5


def test_more_gain_stays_more_gain() -> None:
    limited = limited_to_budget(rising(3.0), thumbnail((0.05, 1.0), (0.2, 0.9), (0.3, 0.8)))
    seen = [light(limited, code) for code in np.linspace(0.2, 1, 40)]
    assert np.all(np.diff(seen) > 0)


def test_black_does_not_glare() -> None:
    """Its light may be below 0 by the model's offsets, and then no area is as bright as its own median."""
    black = untone.Image(np.zeros((8, 8, 3), np.uint8))
    assert np.abs(untone.apply(black, untone.predict(black)).pixels).max() < 0.02
