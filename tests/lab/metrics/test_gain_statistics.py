"""Statistics of gains against pictures whose figures can be said in one's head."""

import math

import numpy as np
import pytest

from untone.lab.metrics import gain_table, photo_targets
from untone.lab.metrics.gain_statistics import (
    NAMES,
    as_figures,
    between_renditions,
    from_figures,
    gain_statistics,
    summarized,
)

SIDE = 40


def patches(*colours: tuple[int, int, int]) -> np.ndarray:
    """A strip of squares, encoded."""
    return np.concatenate([np.full((SIDE, SIDE, 3), colour, np.float32) / 255 for colour in colours], 1)


def gains(*stops: tuple[float, float, float]) -> np.ndarray:
    return np.concatenate([np.full((SIDE, SIDE, 3), gain, np.float32) for gain in stops], 1)


def light(*levels: float) -> np.ndarray:
    return np.concatenate([np.full((SIDE, SIDE, 3), level, np.float32) for level in levels], 1)


def test_gain_by_eighth_of_the_brightest_channel() -> None:
    """31 is the last code of the first eighth, 32 the first of the second; empty ones say nothing."""
    seen = patches((31, 0, 0), (0, 32, 31), (100, 90, 255))
    found = gain_statistics(seen, gains((0.3, 0, 0), (0, 0.6, 0), (1, 2, 3)), light(0, 0, 1))
    assert found.by_code[[0, 1, 7]] == pytest.approx([0.1, 0.2, 2.0])
    assert np.isnan(found.by_code[2:7]).all()


def test_spread_is_that_of_the_pixels_of_one_eighth() -> None:
    """Half of the pixels of one code gain 1 stop, half 2: mean 1.5, standard deviation 0.5."""
    found = gain_statistics(patches((200, 200, 200), (200, 200, 200)), gains((1, 1, 1), (2, 2, 2)), light(1, 1))
    assert (found.by_code[6], found.spread[6]) == (pytest.approx(1.5), pytest.approx(0.5))


def test_bright_pixels_by_saturation_and_how_far_their_channels_part() -> None:
    """1 - min / max of 200: 180 is .10, 140 .30, 100 .50, 40 .80; 159 is not bright, however vivid."""
    seen = patches((200, 190, 180), (140, 200, 150), (200, 100, 100), (40, 40, 200), (159, 0, 0))
    gain = gains((1, 1, 1), (0.5, 1, 0), (0, 0.3, 0), (1, 0, 2), (9, 0, 9))
    found = gain_statistics(seen, gain, light(*[1] * 5))
    assert found.by_saturation == pytest.approx([1, 0.5, 0.1, 1])
    assert found.channels == pytest.approx([0, 1, 0.3, 2])


def test_middle_tones_are_codes_64_to_199() -> None:
    seen = patches((63, 63, 63), (64, 0, 0), (199, 199, 199), (200, 200, 200))
    found = gain_statistics(seen, gains((9, 9, 9), (0.1, 0.1, 0.1), (0.3, 0.3, 0.3), (9, 9, 9)), light(*[1] * 4))
    assert found.middle == pytest.approx(0.2)


def test_light_above_white() -> None:
    """Of eight squares one is at 5 x white, one at 3, one at 1.5, five at or below white."""
    found = gain_statistics(patches(*[(9, 9, 9)] * 8), gains(*[(0, 0, 0)] * 8), light(5, 3, 1.5, 1, 1, 1, 0.5, 0))
    assert found.above == pytest.approx([3 / 8, 2 / 8, 1 / 8])
    assert found.lights == pytest.approx(math.log2(5))


def test_black_and_tiny_pictures_say_nothing_instead_of_failing() -> None:
    found = gain_statistics(np.zeros((1, 1, 3)), np.zeros((1, 1, 3)), np.zeros((1, 1, 3)))
    assert np.isnan(found.by_code).all()
    assert np.isnan(found.by_saturation).all()
    assert math.isnan(found.middle)
    assert found.above == pytest.approx([0, 0, 0])


def test_between_renditions_takes_gains_with_the_offset_of_a_64th() -> None:
    base = light(0.25)
    doubled = (base + 1 / 64) * 2 - 1 / 64
    found = between_renditions(patches((137, 137, 137)), base, doubled)
    assert found.by_code[4] == pytest.approx(1)
    assert found.middle == pytest.approx(1)


def test_a_set_is_the_mean_of_its_pictures_that_have_such_pixels() -> None:
    one = gain_statistics(patches((250, 250, 250)), gains((1, 1, 1)), light(2))
    two = gain_statistics(patches((250, 250, 250), (100, 100, 100)), gains((2, 2, 2), (0.5, 0.5, 0.5)), light(4, 1))
    found = summarized([one, two])
    assert found.pictures == 2
    assert (found.mean.by_code[7], found.between[7]) == (pytest.approx(1.5), pytest.approx(0.5))
    assert (found.mean.by_code[3], found.between[3]) == (pytest.approx(0.5), pytest.approx(0))
    assert np.isnan(found.between[0])
    assert found.mean.middle == pytest.approx(0.5)
    assert found.mean.lights == pytest.approx(1.5)
    assert found.mean.above == pytest.approx([0.75, 0.25, 0])
    with pytest.raises(ValueError, match="no picture"):
        summarized([])


def test_the_target_is_the_mean_of_both_groups() -> None:
    target = photo_targets.TARGET
    assert target.pictures == 35
    assert target.mean.by_code[2:] == pytest.approx([0.125, 0.175, 0.29, 0.51, 0.825, 1.42])
    assert target.mean.by_saturation == pytest.approx([1.045, 0.70, 0.62, 0.39])
    assert target.mean.above == pytest.approx([0.094, 0.0295, 0.0085])
    assert np.isnan(target.mean.by_code[:2]).all()


def test_figures_have_names_and_come_back() -> None:
    statistics = gain_statistics(patches((200, 190, 180), (99, 9, 9)), gains((1, 1, 2), (0.2, 0.2, 0.2)), light(5, 1))
    figures = as_figures(statistics)
    assert len(figures) == len(NAMES) == 8 + 8 + 4 + 4 + 2 + 3
    assert figures["gain_eighth_7"] == figures["gain_bright_grey"] == pytest.approx(4 / 3)
    assert figures["channels_bright_grey"] == pytest.approx(1)
    assert figures["share_above_4x"] == pytest.approx(0.5)
    for before, after in zip(statistics, from_figures(figures), strict=True):
        assert after == pytest.approx(before, nan_ok=True)


def test_the_table_has_a_line_for_each_figure_and_a_column_for_each_set() -> None:
    one = gain_statistics(patches((250, 250, 250), (100, 100, 100)), gains((1, 1, 1), (0, 0, 0)), light(2, 0.5))
    text = gain_table.table({"ours": summarized([one])} | photo_targets.TARGETS)
    head, rule, *lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]
    assert head == ["mean of pictures", "ours (1)", "phones and Adobe (19)", "Lightroom (16)", "their mean (35)"]
    assert rule == ["---"] * 5
    assert [line[0] for line in lines] == list(gain_table.LINES)
    assert lines[0][1:3] == ["- 0.00 - - - 1.00", "0.21 0.28 0.44 0.75 1.13 1.86"]
    assert lines[7][1:] == ["50, 0, 0", "14, 4.2, 1.1", "5.1, 1.7, 0.6", "9.4, 3, 0.85"]
    as_json = gain_table.as_json(summarized([one]))
    assert (as_json["pictures"], as_json["gain_eighth_8"], as_json["gain_eighth_1"]) == (1, pytest.approx(1), None)
    assert as_json["between_eighth_8"] == 0
