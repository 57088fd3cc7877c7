"""Training learns, resumes to the same weights, and exports what it trained."""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tiny_recipes as tiny
import torch
from torch import nn

from untone import models
from untone.errors import UntoneError
from untone.lab.data.examples import Dataset, Example
from untone.lab.data.layouts import open_dataset
from untone.lab.data.layouts.shards import Pairs
from untone.lab.evaluation import baselines
from untone.lab.nets.fastgamer import FastGaMer
from untone.lab.training import batches, export, logs, losses, runs
from untone.lab.training import command as train
from untone.lab.training.batches import Choice, View
from untone.lab.training.runs import Run

TINY = tiny.SHAPES["fastgamer"]


def nothing(net: nn.Module) -> None:
    """Starts from an empty LUT: fitting one takes minutes."""


@pytest.fixture(scope="module")
def pairs(pairs_folder: Path) -> Dataset:
    return open_dataset(pairs_folder)


def assert_same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> None:
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("network", tiny.SHAPES)
def test_a_stopped_run_resumes_to_the_same_weights(pairs: Dataset, tmp_path: Path, network: str) -> None:
    recipe = tiny.recipe(network, steps=4)
    whole = Run(pairs, tmp_path / "whole", recipe, begin=nothing)
    losses_seen = [whole.advance() for _ in range(4)]
    half = Run(pairs, tmp_path / "half", recipe, begin=nothing)
    assert [half.advance() for _ in range(2)] == losses_seen[:2]
    half.save()
    resumed = Run(pairs, tmp_path / "half", recipe, begin=nothing, ahead=2)
    assert resumed.step == 2
    assert [resumed.advance() for _ in range(2)] == losses_seen[2:]
    resumed.close()
    assert_same(whole.net.state_dict(), resumed.net.state_dict())
    assert_same(whole.mean, resumed.mean)
    new = Run(pairs, tmp_path / "new", recipe, begin=nothing).net.state_dict()
    assert any(not torch.equal(new[name], value) for name, value in whole.net.state_dict().items())


class Few:
    """The four pairs of a data set with the most gain."""

    def __init__(self, dataset: Dataset) -> None:
        self.folder = dataset.folder
        self.held = sorted(dataset, key=lambda e: float(-e.gain_stops.mean(dtype=np.float32)))[:4]

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> Example:
        return self.held[index]

    def __iter__(self) -> Iterator[Example]:
        return iter(self.held)

    def refresh(self) -> None:
        """There are no more."""


@pytest.mark.parametrize("network", tiny.SHAPES)
def test_training_lowers_the_loss_of_four_pictures(pairs: Dataset, tmp_path: Path, network: str) -> None:
    recipe = tiny.recipe(network, steps=25, pictures=4, rate=1e-2, turns="none", jitter=False, average=0.9)
    run = Run(Few(pairs), tmp_path, recipe, begin=nothing)
    seen = run.task.draw(run.dataset, Choice([0, 1, 2, 3], [7, 8, 9, 10]), recipe)

    def error() -> float:
        with run.averaged() as net:
            return float(run.task.loss(run.task.forward(net, seen), seen, recipe))

    before = error()
    for _ in range(25):
        run.advance()
    assert error() < before - 0.05 * abs(before)


def test_another_recipe_does_not_resume_and_says_what_differs(pairs: Dataset, tmp_path: Path) -> None:
    Run(pairs, tmp_path, tiny.RECIPE, begin=nothing).save()
    Run(pairs, tmp_path / "new", tiny.RECIPE, begin=nothing)
    assert Run(pairs, tmp_path / "new", dataclasses.replace(tiny.RECIPE, seed=5), begin=nothing).step == 0
    with pytest.raises(UntoneError, match=r"another recipe \(rate, seed differ\)"):
        Run(pairs, tmp_path, dataclasses.replace(tiny.RECIPE, rate=1.0, seed=5))


def test_a_run_that_has_ended_is_made_longer_and_one_that_has_not_is_refused(pairs: Dataset, tmp_path: Path) -> None:
    recipe = tiny.recipe("fastgamer", steps=2)
    longer, shorter = dataclasses.replace(recipe, steps=5), dataclasses.replace(recipe, steps=1)
    run = Run(pairs, tmp_path, recipe, begin=nothing)
    run.advance()
    run.save()
    with pytest.raises(
        UntoneError, match=r"\(steps differ\); it can be made longer than its 2 steps once they are done"
    ):
        Run(pairs, tmp_path, longer)
    run.advance()
    run.save()
    with pytest.raises(UntoneError, match=r"\(steps differ\)"):
        Run(pairs, tmp_path, shorter)
    with pytest.raises(UntoneError, match=r"\(seed, steps differ\)"):
        Run(pairs, tmp_path, dataclasses.replace(longer, seed=9))
    again = Run(pairs, tmp_path, longer)
    assert (again.step, again.recipe.steps, again.recipe.extended) == (2, 5, (2,))
    again.advance()
    again.save()
    resumed = Run(pairs, tmp_path, longer)
    assert (resumed.step, resumed.recipe.extended) == (3, (2,))
    assert json.loads((tmp_path / "recipe.json").read_text())["extended"] == [2]


def test_a_damaged_checkpoint_is_named(pairs: Dataset, tmp_path: Path) -> None:
    Run(pairs, tmp_path, tiny.RECIPE, begin=nothing).save()
    path = tmp_path / "checkpoint.pt"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(UntoneError, match=r"checkpoint\.pt: cannot be read"):
        Run(pairs, tmp_path, tiny.RECIPE)


def test_a_run_from_before_a_setting_was_there_resumes(pairs: Dataset, tmp_path: Path) -> None:
    recipe = tiny.recipe("fastgamer", crop_zoom=1.0, strength_free=0.0)
    Run(pairs, tmp_path, recipe, begin=nothing).save()
    note = tmp_path / "recipe.json"
    held = json.loads(note.read_text())
    del held["crop_zoom"], held["strength_free"], held["shape"]["one_channel"], held["loss"]["monotone"]
    note.write_text(json.dumps(held))
    assert Run(pairs, tmp_path, recipe).step == 0
    with pytest.raises(UntoneError, match=r"\(crop_zoom differ\)"):
        Run(pairs, tmp_path, dataclasses.replace(recipe, crop_zoom=0.7))


def test_the_log_and_the_checkpoint_are_left_whole(pairs: Dataset, tmp_path: Path) -> None:
    told: list[str] = []
    assert train.train(Run(pairs, tmp_path, tiny.RECIPE, begin=nothing), pairs, told.append)
    assert len(told) == 2
    assert [row.step for row in logs.read(tmp_path / "log.csv")] == [4, 8]
    assert all(row.held_out_pq_psnr > 10 for row in logs.read(tmp_path / "log.csv"))
    assert torch.load(tmp_path / "checkpoint.pt", weights_only=True)["step"] == 8
    found = {path.name for path in tmp_path.iterdir() if not path.match(logs.EVENTS)}
    assert found == {"recipe.json", "checkpoint.pt", "log.csv", "log.png"}
    assert len(list(tmp_path.glob(logs.EVENTS))) == 1


@pytest.mark.parametrize("network", ["fastgamer", "gmnet", "irnet", "itmlut"])
@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_mixed_precision_trains(pairs: Dataset, tmp_path: Path, network: str, precision: str) -> None:
    full = Run(pairs, tmp_path / "full", tiny.recipe(network), begin=nothing)
    mixed = Run(pairs, tmp_path / "mixed", tiny.recipe(network, precision=precision), begin=nothing)
    first = full.advance(), mixed.advance()
    assert first[1] == pytest.approx(first[0], rel=0.05, abs=0.05)
    full.advance(), mixed.advance()
    assert any(not torch.equal(value, mixed.net.state_dict()[name]) for name, value in full.net.state_dict().items())
    assert all(value.dtype == torch.float32 for value in mixed.net.state_dict().values())
    mixed.save()
    assert Run(pairs, tmp_path / "mixed", tiny.recipe(network, precision=precision)).step == 2


def test_a_loss_that_is_no_number_stops_the_run(pairs: Dataset, tmp_path: Path) -> None:
    run = Run(pairs, tmp_path, tiny.RECIPE, begin=nothing)
    with torch.no_grad():
        next(run.net.parameters()).fill_(torch.nan)
    with pytest.raises(UntoneError, match="step 1 went wrong: loss nan"):
        run.advance()


def test_a_seed_decides_the_run(pairs: Dataset, tmp_path: Path) -> None:
    recipes = tiny.RECIPE, tiny.RECIPE, dataclasses.replace(tiny.RECIPE, seed=2)
    first, same, other = (
        Run(pairs, tmp_path / str(k), recipe, begin=nothing).advance() for k, recipe in enumerate(recipes)
    )
    assert first == same != other


@pytest.mark.parametrize("network", tiny.SHAPES)
def test_light_of_a_picture_of_odd_size_is_the_same_at_any_stride(pairs: Dataset, network: str) -> None:
    example = batches.cut(pairs[0], 39, 45, np.random.default_rng(0))
    task = runs.TASKS[network]
    net = task.network(tiny.recipe(network)).eval()
    with torch.no_grad():
        every, sparse = task.light(net, example), task.light(net, example, 4)
    assert every.shape == (39, 45, 3)
    assert np.abs(every[::4, ::4] - sparse).max() < 1e-4


def test_the_exported_model_says_the_same_and_describes_itself(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = FastGaMer(TINY).eval()
    digest = export.export(net, tmp_path / "tiny.onnx", {"data": "none"})
    assert len(digest) == 64
    thumbnail = np.random.default_rng(0).random((3, 256, 256), dtype=np.float32)
    model = models.load(tmp_path / "tiny.onnx")
    found = model.said(thumbnail)
    with torch.no_grad():
        expected = net(torch.from_numpy(thumbnail)[None])
    assert np.abs(found.grids - expected.grids[0].numpy()).max() < 1e-4
    assert np.abs(found.lut - expected.lut[0].numpy()).max() < 1e-4
    assert model.card["shape"]["lut_nodes"] == 5
    assert model.card["data"] == "none"
    assert model.card["parameters"] == sum(p.numel() for p in net.parameters())


def test_an_exported_model_is_as_steep_as_its_shape_says(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = FastGaMer(dataclasses.replace(TINY, steepness=1.2)).eval()
    nn.init.normal_(net.base_lut, std=0.5)
    export.export(net, tmp_path / "steep.onnx", {})
    thumbnail = np.random.default_rng(0).random((3, 256, 256), dtype=np.float32)
    found = models.load(tmp_path / "steep.onnx").said(thumbnail)
    with torch.no_grad():
        flat = net(torch.from_numpy(thumbnail)[None])
    gain = (flat.qmax_stops * torch.tanh(flat.lut))[0].numpy()
    expected = np.sign(gain) * 0.7 * (np.abs(gain) / 0.7) ** 1.2
    assert np.abs(found.qmax_stops * np.tanh(found.lut) - expected).max() < 1e-3
    assert np.abs(found.grids - flat.grids[0].numpy()).max() < 1e-4


def test_pq_of_the_loss_is_the_standards() -> None:
    from untone import colour

    light = np.array([0.01, 0.5, 1.0, 4.9])
    assert np.abs(losses.pq(torch.from_numpy(light)).numpy() - colour.nits_to_pq(light * 203)).max() < 1e-6
    codes = np.linspace(0, 1, 20)
    assert np.abs(losses.srgb_to_linear(torch.from_numpy(codes)).numpy() - colour.srgb_to_linear(codes)).max() < 1e-7


def test_a_gain_that_falls_towards_white_is_seen() -> None:
    rising = torch.linspace(0, 1, 3).reshape(1, 3, 1, 1, 1).expand(1, 3, 3, 3, 3)
    assert float(losses.lut_falls(rising)) == 0
    assert float(losses.lut_falls(1 - rising)) == pytest.approx(0.5)
    assert float(losses.lut_roughness(rising)) == pytest.approx(0, abs=1e-9)


def test_fitting_betters_the_curve_and_the_lut_it_starts_from(pairs_folder: Path) -> None:
    pairs = Pairs(pairs_folder)
    batch = batches.gather(pairs, Choice(list(range(64)), list(range(64))), View(pixels=256))

    def error(gain: torch.Tensor) -> float:
        return float(losses.reconstruction(batch.rgb, gain, batch.gain_stops))

    curves = [error(baselines.curve_gain(baselines.fit_curve(pairs, steps), batch.rgb)) for steps in (1, 12)]
    luts = [error(baselines.lut_gain(baselines.fit_lut(pairs, steps), batch.rgb)) for steps in (1, 12)]
    assert curves[1] < curves[0]
    assert luts[1] < luts[0]


def test_the_card_is_valid_json() -> None:
    assert json.loads(json.dumps(FastGaMer(TINY).card()))["architecture"] == "fastgamer"
