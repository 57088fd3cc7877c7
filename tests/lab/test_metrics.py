"""Metrics against values worked by hand and against colour-science."""

import warnings

import numpy as np
import pytest

from untone.lab import metrics


def test_pq_psnr_by_hand() -> None:
    """203 nits is PQ 0.580689; black against it is 20 log10 of that."""
    assert metrics.pq_psnr(np.zeros((2, 2, 3)), np.ones((2, 2, 3))) == pytest.approx(-20 * np.log10(0.580689), abs=1e-3)


def test_delta_e_itp_agrees_with_colour_science() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import colour
    random = np.random.default_rng(0)
    light = random.random((8, 8, 3)) * 4
    other = light * random.uniform(0.9, 1.1, light.shape)
    spaces = colour.RGB_COLOURSPACES
    matrix = colour.matrix_RGB_to_RGB(spaces["ITU-R BT.709"], spaces["ITU-R BT.2020"], None)
    ours = metrics.delta_e_itp(light, other)
    pair = [colour.RGB_to_ICtCp(np.maximum(x @ matrix.T, 0) * 203, method="ITU-R BT.2100-2 PQ") for x in (light, other)]
    theirs = colour.delta_E(pair[0], pair[1], method="ITP").mean()
    assert ours == pytest.approx(theirs, rel=2e-3)


def test_equal_gains_do_not_turn_hues_and_swapped_channels_do() -> None:
    base = np.random.default_rng(0).uniform(0.05, 0.4, (16, 16, 3))
    assert metrics.hue_shift_degrees(base * 1.5, base) < 6
    assert metrics.hue_shift_degrees(base[..., ::-1], base) > 30


def test_black_lift_counts_only_dark_pixels() -> None:
    base = np.full((4, 4, 3), 0.5)
    base[0] = 0.001
    assert metrics.black_lift_nits(base + 0.001, base) == pytest.approx(0.203)
    assert metrics.black_lift_nits(base * 2, np.ones((4, 4, 3))) == 0
