"""The network's gains averaged with a formula's, level by level of the network's own gain."""

import dataclasses

import numpy as np
import pytest
from made_operators import led_by, rising
from numpy.typing import NDArray

from untone import colour, kernels
from untone.errors import UntoneError
from untone.models import averaging, fastgamer, gain_curves
from untone.operators import Operators


def grey(*codes: float) -> NDArray[np.float32]:
    """Bars of these codes across, equally high."""
    rows = np.repeat(np.float32(codes), 256 // len(codes))
    return np.ascontiguousarray(np.broadcast_to(rows[None, :, None], (3, 256, 256)))


def stops(operators: Operators, code: int) -> float:
    light = kernels.hdr_linear(np.full((1, 1, 3), code, np.uint8), operators, dtype=np.float32).max()
    base = colour.code_table("srgb")[code]
    return float(np.log2((light + operators.offset) / (base + operators.offset)))


def test_white_gets_the_mean_of_both() -> None:
    """By hand: the formula makes white 1000 / 203 times as bright, 2.27 stops of what has an offset of 1/64."""
    formula = np.log2((1000 / 203 + 1 / 64) / (1 + 1 / 64))
    averaged = led_by(averaging.curve, rising(1.0), grey(0.0, 0.2, 0.5, 1.0), 0.25)
    assert stops(averaged, 255) == pytest.approx(0.75 * 1.0 + 0.25 * formula, abs=0.01)


def test_bright_grey_gets_less_where_the_formula_gives_less() -> None:
    strong = rising(3.9)
    averaged = led_by(averaging.curve, strong, grey(0.0, 0.875, 0.875, 0.875), 0.5)
    code = 223  # at a node of the LUT
    luminance = float(colour.code_table("srgb")[code])
    formula = np.log2((luminance * (1 + averaging.SQUARE * luminance**2) + 1 / 64) / (luminance + 1 / 64))
    assert formula < stops(strong, code)
    assert stops(averaged, code) == pytest.approx((formula + stops(strong, code)) / 2, abs=0.02)


def test_what_is_left_alone_stays_so() -> None:
    page = grey(1.0, 0.1, 1.0, 0.95)
    silent = rising(0.0)
    assert led_by(averaging.curve, silent, page, 1.0) is silent
    barely = led_by(averaging.curve, rising(0.1), page, 0.3)
    assert stops(barely, 255) == pytest.approx(0.1 + 0.3 * (0.1 / averaging.WHOLE) * (2.26 - 0.1), abs=0.02)


def test_lights_too_small_to_be_seen_keep_theirs() -> None:
    """Nothing in the reduced picture gains as much as the lamp does; beyond the lowered gains its own return."""
    strong = rising(3.9)
    averaged = led_by(averaging.curve, strong, grey(0.0, 0.2, 0.5, 0.875), 0.5)
    assert stops(averaged, 223) < stops(strong, 223) - 0.2
    assert stops(averaged, 255) == pytest.approx(3.9, abs=0.05)


def test_more_gain_stays_more_gain() -> None:
    averaged = led_by(averaging.curve, rising(3.0), grey(0.3, 0.6, 0.8, 1.0), 0.5)
    assert np.all(np.diff([stops(averaged, code) for code in range(40, 256, 5)]) > -1e-4)


def test_losses_are_led_like_gains() -> None:
    operators = rising(2.0)
    darker = dataclasses.replace(operators, lut=-operators.lut)
    curve = (np.array([0.0, 1.0, 2.0]), np.array([0.0, 0.5, 1.8]))
    assert np.allclose(gain_curves.bent(darker, [curve]).lut, -gain_curves.bent(operators, [curve]).lut)


@pytest.mark.parametrize("stated", ["half", True, -0.1, 1.5, None, float("nan")])
def test_a_card_states_a_share_or_is_refused(stated: object) -> None:
    with pytest.raises(UntoneError, match="formula_share"):
        fastgamer.FastGamerModel(None, {"formula_share": stated})


def test_one_curve_after_the_other_is_both() -> None:
    operators = rising(3.0)
    first = np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.5, 2.2])
    then = np.array([0.0, 2.0]), np.array([0.0, 1.0])
    both = gain_curves.bent(operators, [first, then])
    assert np.allclose(both.lut, gain_curves.bent(gain_curves.bent(operators, [first]), [then]).lut, atol=1e-5)
    picture = grey(0.2, 0.5, 0.875, 1.0)
    base, light = gain_curves.rendered(operators, picture)
    _, expected = gain_curves.rendered(gain_curves.bent(operators, [first]), picture)
    assert np.allclose(gain_curves.relit(base, light, operators.offset, first), expected, atol=0.02)
