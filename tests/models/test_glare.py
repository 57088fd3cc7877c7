"""Large bright areas share a budget of light; small lights keep theirs."""

import numpy as np
import pytest
from made_operators import led_by, rising
from numpy.typing import NDArray

import untone
from untone import kernels
from untone.models import glare
from untone.operators import Operators


def thumbnail(*parts: tuple[float, float]) -> NDArray[np.float32]:
    """Grey bars across: (share of the rows, code) each, the rest at 0.3."""
    rows = np.full(256, 0.3, np.float32)
    at = 0
    for share, code in parts:
        rows[at : at + round(256 * share)] = code
        at += round(256 * share)
    return np.ascontiguousarray(np.broadcast_to(rows[None, :, None], (3, 256, 256)))


def light(operators: Operators, code: float) -> float:
    pixel = np.full((1, 1, 3), round(code * 255), np.uint8)
    return float(kernels.hdr_linear(pixel, operators, dtype=np.float32).max())


def test_nothing_changes_where_nothing_glares() -> None:
    dull, lamp = rising(0.0), rising(3.0)
    assert led_by(glare.curve, lamp, thumbnail((1.0, 0.0))) is lamp  # black
    assert led_by(glare.curve, dull, thumbnail((1.0, 1.0))) is dull
    assert led_by(glare.curve, lamp, thumbnail((1 / 64, 1.0))) is lamp  # 8 times white on a 64th of the picture


@pytest.mark.parametrize("share", [0.3, 0.5])
def test_a_facade_is_kept_near_white(share: float) -> None:
    limited = led_by(glare.curve, rising(2.0), thumbnail((share, 0.9375)))
    assert light(rising(2.0), 0.9375) > 2
    assert light(limited, 0.9375) == pytest.approx(glare.ALLOWED, rel=0.1)
    assert light(limited, 0.3) == pytest.approx(light(rising(2.0), 0.3), rel=0.01)


def test_what_is_small_may_be_brighter_in_proportion() -> None:
    limited = led_by(glare.curve, rising(2.5), thumbnail((1 / 16, 1.0)))
    assert light(limited, 1.0) == pytest.approx(16 * glare.BUDGET, rel=0.1)


def test_a_lamp_before_a_facade_stands_out_as_before() -> None:
    picture = thumbnail((1 / 64, 1.0), (0.4, 0.85))
    limited = led_by(glare.curve, rising(3.0), picture)
    assert light(limited, 0.85) < 1.3 < light(rising(3.0), 0.85)
    assert light(limited, 1.0) > 4.5


def test_more_gain_stays_more_gain() -> None:
    limited = led_by(glare.curve, rising(3.0), thumbnail((0.05, 1.0), (0.2, 0.9), (0.3, 0.8)))
    seen = [light(limited, code) for code in np.linspace(0.2, 1, 40)]
    assert np.all(np.diff(seen) > 0)


def test_black_does_not_glare() -> None:
    """Its light may be below 0 by the model's offsets, and then no area is as bright as its own median."""
    black = untone.Image(np.zeros((8, 8, 3), np.uint8))
    assert np.abs(untone.apply(black, untone.predict(black)).pixels).max() < 0.02
