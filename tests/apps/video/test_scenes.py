"""Cuts, flashes, fades, bars, and operators that are smoothed within scenes only."""

import dataclasses
from fractions import Fraction

import numpy as np
import pytest
from clips import scene

from untone.apps.video import scenes, smoothing
from untone.apps.video.reading import Picture
from untone.apps.video.scenes import Bars
from untone.kernels.video import YCbCr
from untone.operators import Operators


def planes(picture):
    """Limited-range BT.709 planes of grey in 0..1, [H, W]."""
    luma = (16 + 219 * picture + 0.5).astype(np.uint8)
    half = (-(-luma.shape[0] // 2), -(-luma.shape[1] // 2))
    return YCbCr(luma, np.full(half, 128, np.uint8), np.full(half, 128, np.uint8))


def smalls(pictures):
    """What cuts are found on."""
    return [p.reshape(32, 3, 32, 5, 3).mean((1, 3)).transpose(2, 0, 1).astype(np.float32) for p in pictures]


def view(index, kind=0):
    return scene(index, width=160, height=96, bright=0.5, noise=0.02, seed=kind) if kind == 0 else (
        1 - scene(index, width=160, height=96, bright=0.6, noise=0.02, seed=kind)
    )  # fmt: skip


def cuts(pictures):
    found = smalls(pictures)
    return [k for k in range(1, len(found)) if scenes.is_cut(found[max(k - 4, 0) : k + 4], min(k, 4))]


def test_a_cut_is_one_and_so_are_two_in_a_row():
    first, second = [view(i) for i in range(10)], [view(i, 1) for i in range(10)]
    assert cuts(first + second) == [10]
    assert cuts(first + second + first) == [10, 20]
    dark = [0.15 * p for p in first] + [0.15 * p for p in second]
    assert cuts(dark) == [10]


def test_flashes_fades_dissolves_and_motion_are_no_cuts():
    first, second = [view(i) for i in range(24)], [view(i, 1) for i in range(24)]
    flashed = [*first[:10], np.ones_like(first[0]), *first[11:]]
    assert cuts(flashed) == []
    flashed[11] = flashed[10]
    assert cuts(flashed) == []
    share = np.linspace(0, 1, 24)
    assert (
        cuts(
            [p * (1 - s) for p, s in zip(first, share, strict=True)]
            + [p * s for p, s in zip(second, share, strict=True)]
        )
        == []
    )
    assert cuts([a * (1 - s) + b * s for a, b, s in zip(first, second, share, strict=True)]) == []
    wide = np.random.default_rng(0).uniform(0, 1, (96, 160 + 24 * 20, 1)).repeat(3, 2)
    wide = np.kron(wide[::16, ::16], np.ones((16, 16, 1)))
    assert cuts([wide[:, 20 * k : 20 * k + 160] for k in range(24)]) == []


def test_bars_are_found_at_even_places_and_dark_frames_say_nothing():
    picture = np.zeros((101, 160))
    picture[13:90, 20:140] = 0.5
    assert scenes.find_bars(planes(picture)) == Bars(12, 11, 20, 20)
    assert scenes.find_bars(planes(np.zeros((90, 160)))) is None
    assert scenes.find_bars(planes(np.full((90, 160), 0.5))) == Bars()
    areas = Bars(12, 11, 20, 20).areas(101, 160)
    assert sum(rows * columns for _, _, rows, columns in areas) == 101 * 160 - 78 * 120
    assert Bars(12, 11, 20, 20).within(Bars(8, 20)) == Bars(8, 11)


class Model:
    """Says the mean of what it sees, as Qmax and in the LUT; counts how often it is asked."""

    def __init__(self):
        self.asked = 0

    def operators(self, thumbnail):
        self.asked += 1
        level = float(thumbnail.mean())
        return Operators(np.zeros((3, 2, 2, 8, 3), np.float32), np.full((2, 2, 2, 3), level, np.float32), 1 + level)


def run(pictures, radius=4):
    model = Model()
    line = smoothing.Timeline(smoothing.judge(model, 1), radius)
    given = [s for k, p in enumerate(pictures) for s in line.push(Picture(None, k, planes(p)))]
    given += line.flush()
    return given, line, model


def level_of(steady):
    return steady.verdict.operators.qmax_stops - 1


def test_pictures_come_out_in_order_and_no_frame_sees_past_a_cut():
    pictures = [np.full((32, 64), 0.2 + 0.01 * (k % 7)) for k in range(15)]
    pictures += [np.full((32, 64), 0.8 - 0.01 * (k % 5)) for k in range(15)]
    given, line, _ = run(pictures)
    assert [s.picture.pts for s in given] == list(range(30))
    assert line.scenes == 2
    assert [s.scene for s in given] == [0] * 15 + [1] * 15
    levels = np.array([level_of(s) for s in given])
    assert levels[:15].max() < 0.3
    assert levels[15:].min() > 0.7
    for first in (0, 15):  # a scene's first frame is itself
        alone = np.round(pictures[first][0, 0] * 219) / 219
        assert levels[first] == pytest.approx(alone, abs=0.003)


def test_the_filter_is_the_triangle_that_is_documented():
    steps = [np.full((32, 64), 0.1 if k < 20 else 0.13) for k in range(40)]  # too small for a cut
    given, line, model = run(steps, radius=4)
    assert line.scenes == 1
    assert model.asked == 2
    low, high = (np.round(219 * v) / 219 for v in (0.1, 0.13))
    weights = 5 - np.abs(np.arange(-4, 5))
    for at in range(14, 26):
        share = weights[np.arange(at - 4, at + 5) >= 20].sum() / weights.sum()
        assert level_of(given[at]) == pytest.approx(low + (high - low) * share, abs=1e-4)


def test_grain_does_not_ask_the_network_again_and_fading_out_does_not():
    rng = np.random.default_rng(0)
    still = np.clip(np.linspace(0.1, 0.9, 320)[None].repeat(180, 0), 0, 1)
    grainy = [np.clip(still + rng.normal(0, 0.02, still.shape), 0, 1) for _ in range(12)]
    fading = [still * s for s in np.linspace(1, 0, 20)]
    given, line, model = run(grainy + fading)
    assert line.scenes == 1
    assert model.asked == 1
    assert len({level_of(s) for s in given}) == 1


def test_what_comes_from_black_does_not_drift_once_it_is_there():
    lit = np.clip(np.linspace(0.1, 0.9, 320)[None].repeat(180, 0), 0, 1)
    given, line, _ = run([lit * s for s in np.linspace(0, 1, 20)] + [lit] * 10, radius=8)
    levels = np.array([level_of(s) for s in given])
    assert line.scenes == 1
    assert (np.diff(levels) > -1e-6).all()
    assert levels[20:] == pytest.approx(levels[-1], rel=0.03)
    assert levels[0] == pytest.approx(0, abs=0.01)  # its first frame is itself


def test_a_flash_does_not_ask_the_network_and_moves_nothing_around_it():
    still = np.clip(np.linspace(0.1, 0.7, 320)[None].repeat(180, 0), 0, 1)
    lit = np.clip(still + 0.3, 0, 1)
    given, line, model = run([still] * 10 + [lit] * 2 + [still] * 10)
    assert (line.scenes, model.asked) == (1, 1)
    assert len({level_of(s) for s in given}) == 1


def test_the_model_sees_the_picture_upright_and_without_its_bars():
    seen = []

    class Watching(Model):
        def operators(self, thumbnail):
            seen.append(thumbnail)
            grids = np.zeros((3, 2, 2, 8, 3), np.float32)
            grids[:, 0] = 1  # its upper half
            return dataclasses.replace(super().operators(thumbnail), grids=grids)

    picture = np.zeros((90, 160))
    picture[10:80] = 0.3
    picture[10:80, :80] = 0.9  # bright on the left, which orientation 6 turns up
    line = smoothing.Timeline(smoothing.judge(Watching(), 6), 2)
    given = [s for k in range(8) for s in line.push(Picture(None, k, planes(picture)))] + list(line.flush())
    assert seen[-1].min() > 0.25
    assert seen[-1][0, :128].mean() > 0.85
    assert given[-1].bars == Bars(10, 10)
    assert given[-1].verdict.operators.grids[0, :, 0].min() == 1  # the left column, as stored
    assert given[-1].verdict.operators.grids[0, :, 1].max() == 0


def test_the_filter_is_short_where_frames_are_large():
    assert smoothing.radius(24, 3 << 20) == 8
    assert smoothing.radius(60, 3 << 20) == 12
    assert smoothing.radius(10, 3 << 20) == 4
    assert smoothing.radius(24, 50 << 20) == 1
    assert smoothing.radius(float(Fraction(24000, 1001)), 12 << 20) == 8


def test_a_moving_picture_asks_at_every_second_frame_and_its_first():
    pictures = [np.full((32, 64), 0.3 + 0.02 * k) for k in range(20)]
    pictures += [np.full((32, 64), 0.9 + 0.02 * k) for k in range(3)]  # a scene shorter than the filter
    given, line, model = run(pictures, radius=1)
    assert line.scenes == 2
    assert model.asked == 10 + 2
    levels = [level_of(s) for s in given]
    exact = [float(np.round(219 * p[0, 0])) / 219 for p in pictures]
    assert levels[0] == pytest.approx(exact[0], abs=1e-3)
    assert levels[20] == pytest.approx(exact[20], abs=1e-3)
    assert levels[1:19] == pytest.approx(exact[1:19], abs=3e-3)  # between those asked about, not behind
