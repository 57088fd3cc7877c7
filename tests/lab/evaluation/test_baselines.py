"""Baselines against their published figures and against what they must be best at."""

import numpy as np
import pytest
import torch

from untone.lab import metrics
from untone.lab.evaluation import baselines
from untone.lab.evaluation.baselines import classical, oracles


def grey(*values: float) -> np.ndarray:
    return np.array(values)[None, :, None].repeat(3, -1)


def test_bt2446_a_inverse_gives_the_reports_curve() -> None:
    """Section 4.2: luma 255 -> 255 ** 1.24657 = 999.8 of 1000; luma 70 -> 70 ** 1.2144 of it; black stays black."""
    light = grey(0.0, (70 / 255) ** 2.4, 1.0)
    nits = classical.bt2446a(light)[0, :, 0] * 203
    exponent = 1.8712e-5 * 70**2 - 2.7334e-3 * 70 + 1.3141
    assert nits == pytest.approx([0, 1000 * (70**exponent / 1000) ** 2.4, 1000], rel=1e-3)
    assert 10 < nits[1] < 30  # 100 nits at SDR white show luma 70 at 4.5 nits
    red = classical.bt2446a(np.array([[[0.4, 0.1, 0.1]]]))[0, 0]
    assert red[0] > red[1] > 0


def test_linear_expansion_fills_the_display() -> None:
    light = grey(0.1, 0.3, 0.6)
    made = baselines.linear_expansion(light)[0, :, 0] * 203
    assert made == pytest.approx([0, 400, 1000], abs=1e-6)
    tinted = baselines.linear_expansion(np.array([[[0.2, 0.1, 0.1], [0.8, 0.4, 0.4], [0.0, 0.0, 0.0]]]))[0]
    assert tinted[1, 0] / tinted[1, 1] == pytest.approx(2)


def test_gamma_expansion_follows_the_key() -> None:
    """Log luminances spread evenly have key 1/2; 0.9 of the way up gives 10.44 * 0.9 - 6.282 = 3.114."""
    logs = np.full(1000, 0.9)
    logs[:50], logs[-50:] = 0, 1
    luminance = np.exp(np.log(1e-3) * (1 - logs))
    key = logs.mean()
    assert classical.masia_gamma(luminance) == pytest.approx(10.44 * key - 6.282, rel=1e-6)
    assert classical.masia_gamma(np.full(100, 0.2)) == classical.LEAST_GAMMA  # dark keys would invert light
    made = baselines.gamma_expansion(luminance[None, :, None].repeat(3, -1))
    assert made.max() * 203 == pytest.approx(1000, rel=1e-6)


def picture() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(5)
    rows, columns = np.mgrid[0:48, 0:64] / 64
    encoded = np.stack([rows, columns, (rows + columns) / 2], -1) + random.normal(0, 0.05, (48, 64, 3))
    encoded = np.clip(encoded, 0, 1).astype(np.float32)
    return encoded, classical.colour.srgb_to_linear(encoded).astype(np.float32)


def score(encoded, light, truth_stops, found) -> float:
    lights = [(light + 1 / 64) * np.exp2(stops) - 1 / 64 for stops in (found, truth_stops)]
    return metrics.pq_psnr(*lights)


def test_each_oracle_holds_what_its_kind_can_hold_and_not_more() -> None:
    encoded, light = picture()
    rows, columns = np.mgrid[0:48, 0:64] / 64
    of_brightness = (2 * encoded.max(-1, keepdims=True) ** 2).repeat(3, -1)
    of_colour = of_brightness + encoded * np.array([0.4, -0.2, 0.1])
    of_place = of_brightness + (0.8 * np.sin(3 * rows) * columns)[..., None]
    found = {
        name: [score(encoded, light, t, fit(encoded, light, t)) for t in (of_brightness, of_colour, of_place)]
        for name, fit in {
            "curve": baselines.oracle_curve, "lut": baselines.oracle_lut, "grid": baselines.oracle_grid,
            "both": baselines.oracle_lut_and_grid,
        }.items()
    }  # fmt: skip
    assert min(row[0] for row in found.values()) > 45
    assert found["lut"][1] > found["curve"][1] + 8
    assert found["grid"][2] > found["lut"][2] + 8
    assert found["both"][1] > found["curve"][1] + 8
    assert found["both"][2] > found["lut"][2] + 8


def test_bases_are_interpolation() -> None:
    random = np.random.default_rng(0)
    rgb, place = random.random((50, 3)), random.random((50, 2))
    for basis, unknowns in ((oracles.curve_basis, 33), (oracles.lut_basis, 17**3), (oracles.grid_basis, 3 * 512)):
        matrix = basis(rgb, place)
        assert matrix.shape == (50, unknowns)
        assert np.asarray(matrix.sum(1)).ravel() == pytest.approx(np.full(50, 3 if basis is oracles.grid_basis else 1))
    axis = np.linspace(0, 1, 17)
    nodes = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1).reshape(-1, 3)
    assert oracles.lut_basis(rgb, place) @ nodes == pytest.approx(rgb)


def test_the_tuned_strength_is_the_one_that_scores_best(pairs_folder) -> None:
    """A method that gives half of the true gain asks for twice of it, whatever the pictures."""
    from untone.lab.data.layouts import open_dataset

    pairs = open_dataset(pairs_folder)
    truth = {}

    def half(rgb: torch.Tensor) -> torch.Tensor:
        return torch.full_like(rgb, 0.5)

    class OneStop:
        folder = pairs_folder

        def __len__(self) -> int:
            return 3

        def __getitem__(self, index: int):
            import dataclasses

            example = pairs[index]
            truth[index] = True
            return dataclasses.replace(example, gain_stops=np.ones_like(example.gain_stops))

    assert baselines.fit_strength(OneStop(), half) == pytest.approx(2.0)
    assert baselines.fit_strength(OneStop(), lambda rgb: torch.full_like(rgb, 0.8)) == pytest.approx(1.25)
    assert len(truth) == 3


def test_the_formulas_by_hand() -> None:
    """White becomes 1000 nits, or 3.5 times itself, half of it gains a quarter of that; colours keep their ratios."""
    assert baselines.square(grey(0.0, 0.5, 1.0))[0, :, 0] * 203 == pytest.approx(
        [0, 203 * 0.5 * (1 + 0.25 * (1000 / 203 - 1)), 1000]
    )
    assert baselines.gentle(grey(0.0, 0.5, 1.0))[0, :, 0] == pytest.approx([0, 0.5 * 1.625, 3.5])
    green = baselines.gentle(np.array([[[0.0, 1.0, 0.5]]]))[0, 0]
    assert green == pytest.approx(np.array([0, 1, 0.5]) * (1 + 2.5 * (0.7152 + 0.5 * 0.0722) ** 2), rel=1e-3)
