"""`untone train` through the command's own door."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import tiny_recipes as tiny
import torch

from untone import cli, models
from untone.lab.training import initial_weights, recipes, runs
from untone.lab.training.tasks import fastgamer


@pytest.fixture(autouse=True)
def tiny_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Networks and runs of milliseconds."""
    for network in tiny.SHAPES:
        monkeypatch.setitem(recipes.RECIPES[network], "ours", tiny.recipe(network, title="ours", steps=4))
    monkeypatch.setattr(fastgamer, "BASE_STEPS", 1)


def train(network: str, pairs: Path, run: Path, *more: str) -> int:
    return cli.main(["train", network, "--data", str(pairs), "-o", str(run), "--device", "cpu", *more])


def test_a_trained_network_loads_and_says_what_made_it(
    pairs_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = "--held-out", str(pairs_folder), "--note", "drawn", "--seed", "3"
    assert train("fastgamer", pairs_folder, tmp_path, *words) == 0
    card = models.load(tmp_path / "fastgamer.onnx").card
    assert (card["architecture"], card["data"], card["pairs"], card["recipe"]["seed"]) == ("fastgamer", "drawn", 64, 3)
    assert card["held_out_pq_psnr"] > 10
    assert "fastgamer.onnx  sha256" in capsys.readouterr().out


@pytest.mark.parametrize("network", ["gmnet", "irnet", "itmlut"])
def test_every_network_is_exported(pairs_folder: Path, tmp_path: Path, network: str) -> None:
    assert train(network, pairs_folder, tmp_path) == 0
    assert models.load(tmp_path / f"{network}.onnx").card["architecture"] == network


def test_another_run_starts_from_the_weights_of_one(pairs_folder: Path, tmp_path: Path) -> None:
    assert train("fastgamer", pairs_folder, tmp_path / "first") == 0
    mean = initial_weights.read(tmp_path / "first" / "checkpoint.pt")
    for number, source in enumerate((tmp_path / "first", tmp_path / "first" / "fastgamer.onnx")):
        run = tmp_path / str(number)
        assert train("fastgamer", pairs_folder, run, "--from", str(source), "--steps", "1") == 0
        start = json.loads((run / "recipe.json").read_text())["start"]
        assert start == vars(initial_weights.fingerprint(initial_weights.find(source)))
        net = runs.TASKS["fastgamer"].network(tiny.RECIPE)
        initial_weights.put(initial_weights.read(initial_weights.find(source)), net, source)
        assert all(torch.equal(mean[name], value) for name, value in net.state_dict().items()), source
    shutil.rmtree(tmp_path / "first")
    assert train("fastgamer", pairs_folder, tmp_path / "0", "--from", str(tmp_path / "first"), "--steps", "1") == 0


@pytest.mark.parametrize("network", ["gmnet", "irnet"])
def test_exported_weights_of_other_networks_come_back(pairs_folder: Path, tmp_path: Path, network: str) -> None:
    assert train(network, pairs_folder, tmp_path, "--steps", "1") == 0
    mean = initial_weights.read(tmp_path / "checkpoint.pt")
    net = runs.TASKS[network].network(tiny.recipe(network))
    initial_weights.put(initial_weights.read(tmp_path / f"{network}.onnx"), net, tmp_path)
    held = net.state_dict()  # half floats in the file
    assert all(torch.allclose(mean[name], value, rtol=1e-3, atol=1e-7) for name, value in held.items())


def test_faults_are_one_line(pairs_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad.pt").write_bytes(b"no weights")
    (tmp_path / "bad.onnx").write_bytes(b"no weights")
    torch.save({"mean": {"a": torch.ones(2)}}, tmp_path / "other.pt")
    cases = [
        (("--from", str(tmp_path / "none")), 2, "no weights there"),
        (("--from", str(tmp_path / "bad.pt")), 1, "not a file of weights"),
        (("--from", str(tmp_path / "bad.onnx")), 1, "not an .onnx file"),
        (("--from", str(tmp_path / "other.pt")), 1, "holds no weights"),
        (("--recipe", "best"), 2, "irnet has ours, paper, paper-kaiming, short"),
        (("--steps", "0"), 2, "above 0"),
    ]
    for number, (words, code, fault) in enumerate(cases):
        assert train("irnet", pairs_folder, tmp_path / str(number), *words) == code, words
        said = capsys.readouterr().err
        assert fault in said
        assert len(said.splitlines()) == 1
        assert "Traceback" not in said


def test_a_broken_pair_is_named_and_left_out_or_stops_the_run(
    pairs_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pairs = tmp_path / "pairs"
    shutil.copytree(pairs_folder, pairs)
    gain = np.load(pairs / "00000.gain.npy")
    gain[::2, 3, 4] = np.nan
    np.save(pairs / "00000.gain.npy", gain)
    assert train("irnet", pairs, tmp_path / "run") == 0
    assert "NaN" in capsys.readouterr().err
    assert train("irnet", pairs, tmp_path / "strict", "--strict") == 1
    assert "NaN" in capsys.readouterr().err
