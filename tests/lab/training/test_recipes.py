"""Recipes say what the papers say, and their schedules go where they should."""

import dataclasses
import json
import math

import numpy as np
import pytest
import torch
from held import Held

from untone import colour
from untone.errors import UntoneError
from untone.lab.data.examples import Example, thumbnail_of
from untone.lab.nets import irnet
from untone.lab.training import batches
from untone.lab.training.batches import Crops
from untone.lab.training.recipes import RECIPES, Recipe, Schedule, Weights
from untone.lab.training.tasks import TASKS, gmnet
from untone.lab.training.tasks import irnet as irnet_task
from untone.models.gmnet import halved

EVERY = [(network, title) for network, titles in RECIPES.items() for title in titles]


@pytest.mark.parametrize(("network", "title"), EVERY)
def test_recipes_name_themselves_and_can_be_written_down(network: str, title: str) -> None:
    recipe = RECIPES[network][title]
    assert (recipe.network, recipe.title) == (network, title)
    assert recipe.source
    assert json.loads(json.dumps(dataclasses.asdict(recipe)))["steps"] == recipe.steps


def test_every_network_has_the_three_recipes_and_a_task() -> None:
    assert RECIPES.keys() == TASKS.keys()
    assert all({"ours", "paper", "short"} <= titles.keys() for titles in RECIPES.values())


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
    starts = [RECIPES[name][title].shape.start for name in ("irnet", "irnet-1", "irnet-sr")
              for title in ("paper", "paper-kaiming")]  # fmt: skip
    assert starts == ["xavier", "kaiming"] * 3


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
    """22 x 30 pixels are 5 x 7 cells of 4 x 4, of which the last odd row and column are left out."""
    random = np.random.default_rng(4)
    codes = random.integers(0, 256, (22, 30, 3), np.uint8)
    picture = Example("a", codes, random.random((22, 30, 3), np.float32), thumbnail_of(codes))
    recipe = dataclasses.replace(RECIPES["gmnet"]["short"], turns="none", thumbnail_reduce=2)
    drawn = gmnet.draw(Held(picture), batches.Choice([0], [0]), recipe)
    assert drawn.sdr.shape == drawn.gain_stops.shape == drawn.pq.shape == (1, 3, 4, 6)
    assert float(drawn.sdr[0, 2, 3, 5]) == pytest.approx(codes[12:16, 20:24, 2].mean() / 255, abs=0.5 / 255)
    assert float(drawn.gain_stops[0, 2, 3, 5]) == pytest.approx(picture.gain_stops[12:16, 20:24, 2].mean())
    assert drawn.thumbnail.shape == (1, 3, 128, 128)


def test_irnet_begins_as_the_affine_map_that_the_pairs_have() -> None:
    """Pairs whose PQ codes are an affine map of YCrCb: the start finds it, also at four times the size."""
    wanted = torch.tensor([[0.5, 0.1, 0.0], [0.05, 0.6, 0.0], [0.0, 0.1, 0.7], [0.1, 0.1, 0.15]])
    for shape in (irnet.Shape(2, 16), irnet.Shape(1, 16, 4)):
        net = irnet.IRNet(shape).eval()
        irnet_task.start(net, wanted)
        picture = torch.rand(1, 3, 5, 7) if shape.upscale == 1 else torch.rand(1, 3, 1, 1).expand(1, 3, 8, 8)
        made = net(picture)[:, :, 8:-8, 8:-8] if shape.upscale > 1 else net(picture)
        expected = torch.einsum("bchw,cd->bdhw", picture, wanted[:3]) + wanted[3].reshape(1, 3, 1, 1)
        like = expected if shape.upscale == 1 else expected[..., :1, :1].expand_as(made)
        torch.testing.assert_close(made, like, atol=2e-6, rtol=0)


def test_super_resolution_begins_as_the_plain_network_enlarged() -> None:
    """A picture of one colour, where enlarging changes nothing: five blocks give what two gave, then both learn on."""
    torch.manual_seed(3)
    plain, net = irnet.IRNet(irnet.Shape(2, 16)).eval(), irnet.IRNet(irnet.Shape(5, 16, 4)).eval()
    irnet_task.enlarge(net, plain.state_dict())
    flat = torch.rand(1, 3, 1, 1).expand(1, 3, 16, 16)
    with torch.no_grad():
        inner, made = plain(flat)[:, :, 8:9, 8:9], net(flat)[:, :, 28:36, 28:36]
    torch.testing.assert_close(made, inner.expand_as(made), atol=1e-5, rtol=0)
    with pytest.raises(UntoneError, match=r"does not fit"):
        irnet_task.enlarge(net, irnet.IRNet(irnet.Shape(2, 32)).state_dict())


def test_the_affine_map_of_pairs_without_gain_is_near_their_pq() -> None:
    codes = np.repeat(np.arange(120, 136, dtype=np.uint8).reshape(4, 4, 1), 3, -1).repeat(16, 0).repeat(16, 1)
    grey = Example("grey", codes, np.zeros((64, 64, 3), np.float16), thumbnail_of(codes))
    found = irnet_task.affine(Held(grey), 1)
    sdr = torch.tensor([[128 / 255, 0.5, 0.5, 1.0]])
    luma = colour.nits_to_pq(colour.srgb_to_linear(np.array(128 / 255)) * 203)
    torch.testing.assert_close(sdr @ found, torch.tensor([[float(luma), 0.5, 0.5]]), atol=2e-3, rtol=0)


def test_gmnet_of_real_photos_is_fed_them_halved_as_its_runner_halves_them() -> None:
    random = np.random.default_rng(4)
    codes = random.integers(0, 256, (32, 48, 3), np.uint8)
    picture = Example("a", codes, random.random((32, 48, 3), np.float32), thumbnail_of(codes))
    recipe = dataclasses.replace(RECIPES["gmnet"]["paper-real"], crop=0)
    assert (recipe.shape.scale, recipe.shape.peak_stops) == (2, math.log2(5))
    drawn = gmnet.draw(Held(picture), batches.Choice([0], [0]), recipe)
    expected = torch.from_numpy(halved(codes)).permute(2, 0, 1)
    torch.testing.assert_close(drawn.sdr[0], expected, atol=1e-6, rtol=0)
    assert drawn.gain_stops.shape == drawn.sdr.shape


def test_gmnets_log_of_the_error_is_minus_decibels() -> None:
    sdr = torch.full((1, 3, 4, 4), 0.5)
    batch = Crops(sdr, sdr, torch.ones_like(sdr), sdr, torch.ones(1))
    recipe = dataclasses.replace(RECIPES["gmnet"]["short"], loss=Weights(pq=1.0))
    out = torch.zeros(1, 1, 4, 4), torch.zeros(1, 1, 4, 4)
    light = 203 * (((0.5 + 0.055) / 1.055) ** 2.4 + 1 / 64)
    wrong = colour.nits_to_pq(light - 203 / 64) - colour.nits_to_pq(2 * light - 203 / 64)  # no gain instead of a stop
    assert float(gmnet.loss(out, batch, recipe)) == pytest.approx(math.log(wrong**2), abs=0.01)
