"""Training learns, resumes to the same weights, and exports what it trained."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from untone import models
from untone.errors import UntoneError
from untone.lab import baselines, batches, export, losses, train
from untone.lab.data import Pairs
from untone.lab.nets import fastgamer
from untone.lab.nets.fastgamer import FastGaMer, Shape

TINY = Shape(channels=(4, 4, 4, 4, 8), feature=8, local=4, rank=2, lut_nodes=5, bins=4)
RECIPE = train.Recipe(steps=8, pictures=2, pixels=64, warm_up=2, checkpoint_every=4, shape=TINY)


@pytest.fixture(autouse=True)
def quick_base(monkeypatch: pytest.MonkeyPatch) -> None:
    """Starts from an empty LUT: fitting one takes minutes."""
    monkeypatch.setattr(train.Run, "_base", lambda self: torch.zeros(5, 5, 5, 3))


def test_a_stopped_run_resumes_to_the_same_weights(pairs_folder: Path, tmp_path: Path) -> None:
    pairs = Pairs(pairs_folder)
    whole = train.Run(pairs, tmp_path / "whole", RECIPE)
    for _ in range(8):
        whole.advance()
    half = train.Run(pairs, tmp_path / "half", RECIPE)
    for _ in range(4):
        half.advance()
    half.save()
    resumed = train.Run(pairs, tmp_path / "half", RECIPE)
    assert resumed.step == 4
    for _ in range(4):
        resumed.advance()
    weights = whole.net.state_dict(), resumed.net.state_dict()
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    assert all(torch.equal(whole.mean[k], resumed.mean[k]) for k in whole.mean)


def test_another_recipe_does_not_resume(pairs_folder: Path, tmp_path: Path) -> None:
    train.Run(Pairs(pairs_folder), tmp_path, RECIPE).save()
    with pytest.raises(UntoneError, match="another recipe"):
        train.Run(Pairs(pairs_folder), tmp_path, dataclasses.replace(RECIPE, rate=1.0))


class Few(Pairs):
    """The four pairs of a folder with the most gain."""

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        every = [super(Few, self).__getitem__(k) for k in range(64)]
        return sorted(every, key=lambda pair: float(-pair[1].mean(dtype=np.float32)))[index]


def test_training_overfits_four_pairs(pairs_folder: Path, tmp_path: Path) -> None:
    """The whole chain learns: the error on the four pairs it saw falls by more than 2 dB."""
    pairs = Few(pairs_folder)
    shape = Shape(channels=(8, 8, 8, 8, 16), feature=32, local=16, rank=8, lut_nodes=5, bins=4, dropout=0)
    recipe = dataclasses.replace(RECIPE, steps=80, pictures=4, pixels=256, rate=1e-2, average=0.9, shape=shape)
    run = train.Run(pairs, tmp_path, recipe)
    seen = batches.gather(pairs, list(range(4)), np.random.default_rng(0), 1024)

    def error() -> float:
        with torch.no_grad():
            out = run.averaged()(seen.thumbnail)
        gain = fastgamer.execute(out, seen.rgb, seen.uv) * out.qmax_stops[:, None, None]
        return float(losses.reconstruction(seen.rgb, gain, seen.gain_stops))

    before = error()
    for _ in range(80):
        run.advance()
    assert 4.34 * (before - error()) > 2


def test_the_log_and_the_checkpoint_are_left_whole(pairs_folder: Path, tmp_path: Path) -> None:
    run = train.Run(Pairs(pairs_folder), tmp_path, RECIPE)
    told: list[str] = []
    train.train(run, None, told.append)
    assert len(told) == 2
    assert len((tmp_path / "log.csv").read_text().splitlines()) == 2
    assert torch.load(tmp_path / "checkpoint.pt", weights_only=True)["step"] == 8
    assert not list(tmp_path.glob(".*"))


def test_the_exported_model_says_the_same_and_describes_itself(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = FastGaMer(TINY).eval()
    digest = export.export(net, tmp_path / "tiny.onnx", {"data": "none"})
    assert len(digest) == 64
    thumbnail = np.random.default_rng(0).random((3, 256, 256), dtype=np.float32)
    model = models.load(tmp_path / "tiny.onnx")
    found = model.operators(thumbnail)
    with torch.no_grad():
        expected = net(torch.from_numpy(thumbnail)[None])
    assert np.abs(found.grids - expected.grids[0].numpy()).max() < 1e-4
    assert np.abs(found.lut - expected.lut[0].numpy()).max() < 1e-4
    assert model.card["shape"]["lut_nodes"] == 5
    assert model.card["data"] == "none"
    assert model.card["parameters"] == sum(p.numel() for p in net.parameters())


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


def test_mirrored_batches_still_point_at_their_pixels(pairs_folder: Path) -> None:
    """The thumbnail at a pixel's uv holds the pixel's colour, mirrored or not."""
    pairs = Pairs(pairs_folder)
    for seed in range(4):
        batch = batches.draw(pairs, np.random.default_rng(seed), 3, 40)
        size = batch.thumbnail.shape[-1]
        columns, rows = (batch.uv * size).long().unbind(-1)
        for k in range(3):
            assert torch.allclose(batch.thumbnail[k, :, rows[k], columns[k]].T, batch.rgb[k])


def test_fitting_betters_the_curve_and_the_lut_it_starts_from(pairs_folder: Path) -> None:
    pairs = Pairs(pairs_folder)
    batch = batches.gather(pairs, list(range(64)), np.random.default_rng(0), 256)

    def error(gain: torch.Tensor) -> float:
        return float(losses.reconstruction(batch.rgb, gain, batch.gain_stops))

    curves = [error(baselines.curve_gain(baselines.fit_curve(pairs, steps), batch.rgb)) for steps in (1, 25)]
    luts = [error(baselines.lut_gain(baselines.fit_lut(pairs, steps), batch.rgb)) for steps in (1, 25)]
    assert curves[1] < curves[0]
    assert luts[1] < luts[0]


def test_the_card_is_valid_json() -> None:
    assert json.loads(json.dumps(FastGaMer(TINY).card()))["architecture"] == "fastgamer"
