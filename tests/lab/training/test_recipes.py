"""Recipes say what the papers say, and their schedules go where they should."""

import dataclasses
import json
import math

import numpy as np
import pytest
import torch

from untone import colour
from untone.lab.training.batches import Crops
from untone.lab.training.recipes import RECIPES, Recipe, Schedule, Weights
from untone.lab.training.tasks import TASKS, gmnet

EVERY = [(network, title) for network, titles in RECIPES.items() for title in titles]


@pytest.mark.parametrize(("network", "title"), EVERY)
def test_recipes_name_themselves_and_can_be_written_down(network: str, title: str) -> None:
    recipe = RECIPES[network][title]
    assert (recipe.network, recipe.title) == (network, title)
    assert recipe.source
    assert json.loads(json.dumps(dataclasses.asdict(recipe)))["steps"] == recipe.steps


def test_every_network_has_the_three_recipes_and_a_task() -> None:
    assert RECIPES.keys() == TASKS.keys()
    assert all({"ours", "paper", "short"} == titles.keys() for titles in RECIPES.values())


def test_the_papers_numbers() -> None:
    fastgamer, gmnet, irnet = (RECIPES[name]["paper"] for name in ("fastgamer", "gmnet", "irnet"))
    assert [fastgamer.rate_at(k) for k in (0, 199_999, 200_000, 400_000, 600_000, 800_000)] == [
        2e-4, 2e-4, 1e-4, 5e-5, 2.5e-5, 1.25e-5,
    ]  # fmt: skip
    assert (fastgamer.pictures, fastgamer.crop, fastgamer.turns, fastgamer.betas) == (16, 256, "all", (0.9, 0.99))
    assert (fastgamer.loss.relative, fastgamer.loss.absolute, fastgamer.loss.rough) == (1, 3, 0.1)
    assert (gmnet.rate, gmnet.pictures, gmnet.crop, gmnet.turns, gmnet.seed) == (3e-5, 32, 160, "none", 10)
    assert gmnet.rate_at(800_000) == 3e-5 / 16
    assert (irnet.rate, irnet.pictures, irnet.betas) == (5e-4, 16, (0.9, 0.999))
    assert irnet.steps == 200 * math.ceil(1235 * 30 / 16)


def test_warm_restarts_begin_again_every_sixty_epochs() -> None:
    irnet = RECIPES["irnet"]["paper"]
    period = 60 * 2316
    assert irnet.rate_at(period - 1) < 1e-9
    assert irnet.rate_at(period) == pytest.approx(5e-4, rel=1e-6)
    assert irnet.rate_at(period // 2) == pytest.approx(2.5e-4, rel=1e-3)


def test_a_cosine_warms_up_and_ends_at_nothing() -> None:
    recipe = Recipe(steps=1000, rate=2.0, schedule=Schedule(warm_up=10))
    assert recipe.rate_at(0) == pytest.approx(0.2)
    assert recipe.rate_at(500) == pytest.approx(1.0)
    assert recipe.rate_at(999) < 1e-5


def test_a_shortened_run_goes_through_the_whole_schedule() -> None:
    short = dataclasses.replace(RECIPES["gmnet"]["paper"], steps=10)
    assert [short.rate_at(k) / short.rate for k in (0, 2, 4, 6, 8)] == [1, 1 / 2, 1 / 4, 1 / 8, 1 / 16]


def test_gmnets_short_run_sees_whole_pictures_reduced() -> None:
    recipe = RECIPES["gmnet"]["short"]
    random = np.random.default_rng(4)
    picture = Crops(*(torch.from_numpy(random.random((2, 3, 22, 30), np.float32)) for _ in range(4)), torch.ones(2))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(gmnet.batches, "gather_crops", lambda dataset, choice, view: picture)
        drawn = gmnet.draw([], None, recipe)
    assert drawn.sdr.shape == (2, 3, 4, 6)  # 5 x 7 cells of 4 x 4, the last odd row and column left out
    torch.testing.assert_close(drawn.sdr[1, 2, 3, 5], picture.sdr[1, 2, 12:16, 20:24].mean())
    assert drawn.thumbnail is picture.thumbnail


def test_gmnets_log_of_the_error_is_minus_decibels() -> None:
    sdr = torch.full((1, 3, 4, 4), 0.5)
    batch = Crops(sdr, sdr, torch.ones_like(sdr), sdr, torch.ones(1))
    recipe = dataclasses.replace(RECIPES["gmnet"]["short"], loss=Weights(pq=1.0))
    out = torch.zeros(1, 1, 4, 4), torch.zeros(1, 1, 4, 4)
    light = 203 * (((0.5 + 0.055) / 1.055) ** 2.4 + 1 / 64)
    wrong = colour.nits_to_pq(light - 203 / 64) - colour.nits_to_pq(2 * light - 203 / 64)  # no gain instead of a stop
    assert float(gmnet.loss(out, batch, recipe)) == pytest.approx(math.log(wrong**2), abs=0.01)
