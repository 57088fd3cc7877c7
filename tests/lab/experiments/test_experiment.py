"""Experiments: what the figures of a table mean, by hand, and a whole small one, stopped and resumed."""

import dataclasses
import json
import math
from pathlib import Path

import numpy as np
import pytest
import tiny_recipes as tiny
import torch

from untone import cli, models, pipeline
from untone.image import Image
from untone.lab.data import photos
from untone.lab.data.examples import Example, light_of, thumbnail_of
from untone.lab.experiments import ablations, paired_statistics
from untone.lab.experiments import command as experiment
from untone.lab.nets.fastgamer import FastGaMer
from untone.lab.training import command as train
from untone.lab.training import recipes
from untone.lab.training.tasks import fastgamer


def scores(*values: float) -> dict[str, dict[str, float]]:
    rest = dict.fromkeys(("delta_e_itp", *paired_statistics.MEDIANS), 0.0)
    return {f"picture {k}": {"pq_psnr": v, **rest} for k, v in enumerate(values)}


def test_paired_differences_by_hand() -> None:
    """Seeds' means 2 and 4: mean 3, SE 1. Pictures' means over seeds 2.5 and 3.5: SE 0.5."""
    gap = paired_statistics.paired([scores(31, 35), scores(36, 34)], [scores(29, 33), scores(33, 29)], "pq_psnr")
    assert gap == paired_statistics.Difference(3.0, 1.0, 0.5)
    assert paired_statistics.cell(gap) == "+3.00 ± 1.00 / 0.50"


def test_a_row_without_seeds_is_paired_with_each() -> None:
    gap = paired_statistics.paired([scores(30, 30)], [scores(29, 31), scores(28, 30)], "pq_psnr", seeded=False)
    assert (gap.mean, gap.over_seeds) == (0.5, 0.5)
    assert math.isnan(paired_statistics.paired([scores(30, 30)], [scores(29, 31)], "pq_psnr").over_seeds)
    assert "n/a" in paired_statistics.cell(paired_statistics.paired([scores(30, 30)], [scores(29, 31)], "pq_psnr"))


def test_while_seeds_are_missing_those_of_both_are_compared() -> None:
    """Three seeds of the reference, two of the row: the third has no partner."""
    reference = [scores(29, 33), scores(33, 29), scores(0, 0)]
    gap = paired_statistics.paired([scores(31, 35), scores(36, 34)], reference, "pq_psnr")
    assert gap == paired_statistics.Difference(3.0, 1.0, 0.5)
    assert paired_statistics.paired([scores(31, 35)], reference, "pq_psnr").mean == 2
    table = paired_statistics.markdown({"a": reference, "b": [scores(31, 35)]}, "a", {"a": "", "b": ""})
    assert "| b | 33.00 | +2.00 ± n/a / 0.00 |" in table


def test_complaints_are_medians_and_scores_are_means() -> None:
    row = [{str(k): {"pq_psnr": v, "hue_shift_degrees": v} for k, v in enumerate((1.0, 2.0, 9.0))}]
    assert paired_statistics.middle(row, "pq_psnr") == 4
    assert paired_statistics.middle(row, "hue_shift_degrees") == 2


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of milliseconds, each with the shape change that makes it what it is."""
    for network in tiny.SHAPES:
        recipe = tiny.recipe(network, title="short", steps=2, checkpoint_every=2)
        monkeypatch.setitem(recipes.RECIPES[network], "short", recipe)
    monkeypatch.setattr(fastgamer, "BASE_STEPS", 1)


def run(kind: str, pairs: Path, output: Path, *more: str) -> int:
    words = ["--data", str(pairs), "--held-out", str(pairs), "--pictures", "2", "--device", "cpu"]
    return cli.main(["experiment", kind, "-o", str(output), *words, *more])


@pytest.mark.usefixtures("small")
def test_a_network_of_others_is_a_row_and_another_of_its_name_another_experiment(
    pairs_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    text = (
        "class Net:\n    gives = 'gain'\n    version = 'one'\n\n    def __call__(self, sdr):\n        return 0 * sdr\n"
    )
    (tmp_path / "others.py").write_text(text)
    words = "--rows", "one 3D LUT", "fastgamer", "identity", "--model", "others:Net"
    assert run("table", pairs_folder, tmp_path / "out", *words) == 0
    lines = (tmp_path / "out" / "table.md").read_text().splitlines()
    rows = {line.split("|")[1].strip(" *"): line.split("|")[2:5] for line in lines if line.startswith("| ")}
    assert rows["Net"] == rows["identity"]
    assert run("table", pairs_folder, tmp_path / "out", *words, "--model", "others:Net2") == 2
    assert "the module has no Net2" in capsys.readouterr().err
    assert run("table", pairs_folder, tmp_path / "out", *words[:-2]) == 1
    assert "holds another experiment" in capsys.readouterr().err


@pytest.mark.usefixtures("small")
def test_the_ablations_give_a_whole_table(
    pairs_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("ablations", pairs_folder, tmp_path, "--seeds", "1", "2") == 0
    table = (tmp_path / "table.md").read_text()
    lines = {line.split(" | ")[0].strip("| "): line for line in table.splitlines() if line.startswith("| ")}
    for row in ablations.ablations("short"):
        assert "not yet" not in lines[row.name]
        assert lines[row.name].split(" | ")[6] == ("1" if row.rule else "2")
    assert "short: 2 steps of 2 x 64 pixels" in lines["no grid"]
    assert "64 training pairs" in table
    capsys.readouterr()
    monkeypatch.setattr(experiment, "trained", None)  # nothing is trained or measured twice
    (tmp_path / "table.md").unlink()
    assert run("ablations", pairs_folder, tmp_path, "--seeds", "1", "2") == 0
    assert (tmp_path / "table.md").read_text() == table
    assert run("ablations", pairs_folder, tmp_path, "--steps", "3") == 1
    assert "another experiment" in capsys.readouterr().err


@pytest.mark.usefixtures("small")
def test_all_networks_and_super_resolution_side_by_side(pairs_folder: Path, tmp_path: Path) -> None:
    rows = "gmnet", "fastgamer, paper", "irnet-sr", "bicubic, irnet", "no grid"
    assert run("all", pairs_folder, tmp_path, "--rows", *rows) == 0
    table = (tmp_path / "table" / "table.md").read_text()
    assert "| gmnet | " in table
    assert "| fastgamer, paper | " in table
    kept = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.onnx"))
    assert kept == [
        "sr/rows/irnet-sr.1/irnet-sr.onnx", "table/rows/fastgamer--paper.1/fastgamer.onnx",
        "table/rows/fastgamer.1/fastgamer.onnx", "table/rows/gmnet.1/gmnet.onnx",
    ]  # fmt: skip
    assert models.load(str(tmp_path / kept[3])).card["pairs"] == 64
    assert "| no grid | " in (tmp_path / "ablations" / "table.md").read_text()
    assert "| bicubic, irnet | " in (tmp_path / "sr" / "table.md").read_text()


@pytest.mark.usefixtures("small")
def test_a_stopped_experiment_goes_on(pairs_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = "ablations", pairs_folder, tmp_path, "--rows", "no grid"
    with monkeypatch.context() as patch:
        patch.setattr(
            experiment,
            "train",
            lambda run, held_out, tell: run.recipe.shape.use_grid and train.train(run, held_out, tell),
        )
        assert run(*words) == 130
    assert "| no grid | not yet |" in (tmp_path / "table.md").read_text()
    assert run(*words) == 0
    assert "not yet" not in (tmp_path / "table.md").read_text()


def test_unknown_rows_are_named(pairs_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("table", pairs_folder, tmp_path, "--rows", "hdrnet") == 2
    assert "--rows hdrnet: must be of identity, one curve" in capsys.readouterr().err


@pytest.mark.parametrize("row", ablations.ablations("ours")[2:-1], ids=lambda row: row.name)
def test_every_ablation_starts_from_the_same_map(row: ablations.Row) -> None:
    """The start is one LUT for all, as far as the row can hold it."""
    torch.manual_seed(0)
    assert row.recipe is not None
    shape = dataclasses.replace(row.recipe.shape, channels=(4, 4, 4, 4, 8), dropout=0.0)
    net = FastGaMer(shape).eval()
    for head in (net.grid_head, net.lut_head[2], net.modulator, net.scale):
        torch.nn.init.zeros_(head.weight)
    axis = torch.linspace(0, 1, 17)
    brightest = torch.stack(torch.meshgrid(axis, axis, axis, indexing="ij")).sum(0) / 3
    fastgamer.start(net, (1.5 * brightest)[..., None].repeat(1, 1, 1, 3))
    sdr = np.random.default_rng(0).integers(40, 256, (8, 8, 3), dtype=np.uint8)
    example = Example("noise", sdr, np.zeros(sdr.shape, np.float32), thumbnail_of(sdr))
    with torch.no_grad():
        found = fastgamer.light(net, example)
    gain = 1.5 * sdr.astype(np.float32).mean(-1, keepdims=True) / 255
    assert np.abs(np.log2((found + 1 / 64) / (light_of(sdr, 0 * found + gain) + 1 / 64))).max() < 0.06


def test_photos_are_reduced_in_linear_light_and_stand_upright(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    pixels = np.repeat(np.repeat(random.integers(0, 256, (16, 24, 3), dtype=np.uint8), 8, 0), 8, 1)
    light = np.repeat(np.repeat(random.random((16, 24, 3)).astype(np.float32) * 3, 8, 0), 8, 1)
    sdr = Image(pixels, orientation=6)
    hdr = Image(light, transfer="linear", orientation=6)
    pipeline.write(tmp_path / "photo.jpg", sdr, pipeline.measure(sdr, hdr, map_size="full"), quality=100)
    (example,) = photos.examples(tmp_path, longest=24)
    assert example.sdr.shape == (24, 16, 3)
    assert np.abs(example.sdr.astype(int) - np.rot90(pixels[::8, ::8], -1).astype(int)).mean() < 4
    assert json.dumps(example.name) == '"photo"'
