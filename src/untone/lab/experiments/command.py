"""`untone experiment`: trains every row of a comparison on the same pairs, one after another, and writes its table.

A folder holds `fits.json` (the curve and the LUT), a run for each row and seed with its `scores.json` and, of whole
networks, its model for `untone eval --model`, and `table.md`, rewritten whenever a row is done. Stopped, the same
command goes on where it was.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ... import __version__, colour
from ...console.progress import tell, tracked
from ...errors import UntoneError, UsageError
from .. import metrics, packages
from ..data import photos
from ..data.examples import Dataset, Example
from ..data.layouts import open_dataset
from ..evaluation import baselines, methods
from ..training import export as exporting
from ..training.command import STOPPED, train, truth_of
from ..training.parallel import Place, joined
from ..training.recipes import RECIPES, Recipe
from ..training.runs import Run
from ..training.tasks import TASKS, fastgamer
from . import paired_statistics, unseen_kinds
from .ablations import EXPERIMENTS, Row, Rule, light_of, of_models
from .arguments import UNSEEN
from .unseen_kinds import StoppedError

STRIDE = 2
"""Every so many pixels of a picture each way are measured."""

Tell = Callable[[str], None]
Figures = dict[str, dict[str, float]]


@dataclasses.dataclass(frozen=True, eq=False)
class Experiment:
    """Configuration that all rows share.

    Attributes:
        folder: of the results.
        dataset: that all rows learn from.
        sets: what is measured, by title: held-out pairs, photos.
        seeds: every trained row is trained with each.
        steps: of every trained row; None for those of its recipe.
        place: device.
        tell: shows a line of progress.
        ahead: batches made in advance, by as many threads.
    """

    folder: Path
    dataset: Dataset
    sets: dict[str, list[Example]]
    seeds: Sequence[int]
    steps: int | None
    place: Place
    tell: Tell
    ahead: int = 0

    def fits(self) -> dict[str, Tensor]:
        """The curve and the LUT for all pairs, fitted once."""
        path = self.folder / "fits.json"
        if not path.exists():
            self.tell("fitting one curve and one 3D LUT")
            pairs: Any = self.dataset
            steps = fastgamer.BASE_STEPS
            made = {"curve": baselines.fit_curve(pairs, steps), "lut": baselines.fit_lut(pairs, steps)}
            _write(path, json.dumps({name: values.tolist() for name, values in made.items()}))
        return {name: torch.tensor(values) for name, values in json.loads(path.read_text()).items()}

    def recipe(self, row: Row, seed: int) -> Recipe:
        """What trains a row with a seed."""
        assert row.recipe is not None
        return dataclasses.replace(row.recipe, seed=seed, steps=self.steps or row.recipe.steps)

    def place_of(self, row: Row, seed: int | None) -> Path:
        """The folder of a row and a seed."""
        name = "".join(c if c.isalnum() else "-" for c in row.name)
        return self.folder / "rows" / (name if seed is None else f"{name}.{seed}")

    def measured(self, light: Rule) -> dict[str, Figures]:
        """All figures of every picture of every set."""
        return {
            title: {e.name: figures(e, light) for e in tracked(held, f"pictures measured, {title}")}
            for title, held in self.sets.items()
        }


def figures(example: Example, light: Rule) -> dict[str, float]:
    """Figures of a picture."""
    made, truth = light(example, STRIDE), truth_of(example, STRIDE)
    base = colour.code_table("srgb")[example.sdr[::STRIDE, ::STRIDE]]
    return {
        "pq_psnr": metrics.pq_psnr(made, truth),
        "delta_e_itp": metrics.delta_e_itp(made, truth),
        "hue_shift_degrees": metrics.hue_shift_degrees(made, base),
        "black_lift_nits": metrics.black_lift_nits(made, base),
    }


def trained(this: Experiment, row: Row, seed: int, title: str) -> tuple[nn.Module, Recipe]:
    """The averaged network of a row, trained now or before.

    Raises:
        StoppedError: by a signal.
    """
    recipe = this.recipe(row, seed)

    def begin(net: nn.Module) -> None:
        if recipe.network == "fastgamer" and not recipe.shape.published:
            fastgamer.start(net, this.fits()["lut"])  # which all rows share
        else:
            TASKS[recipe.network].begin(net, this.dataset, recipe)

    run = Run(this.dataset, this.place_of(row, seed), recipe, this.place, begin, this.ahead)
    try:
        if not train(run, None, lambda line: this.tell(f"{title}: {line}")):
            raise StoppedError
    finally:
        run.close()
    with run.averaged() as net:
        return net, recipe


def score(this: Experiment, row: Row, source: Row, seed: int | None, title: str) -> dict[str, Figures]:
    """The figures of a row, measured now or before; `source` is the row whose weights it has."""
    path = this.place_of(row, seed) / "scores.json"
    if path.exists():
        return json.loads(path.read_text())
    if row.rule is not None:
        light = row.rule(this.fits())
    else:
        assert seed is not None
        net, recipe = trained(this, source, seed, title)
        light = light_of(row, net, recipe)
        if row.kept:
            notes = {"recipe": dataclasses.asdict(recipe), "pairs": len(this.dataset)}
            exporting.export(net, path.with_name(f"{recipe.network}.onnx"), notes)
    this.tell(f"{title}: measuring")
    made = this.measured(light)
    path.parent.mkdir(parents=True, exist_ok=True)
    _write(path, json.dumps(made))
    return made


def run_rows(this: Experiment, rows: Sequence[Row], reference: str, head: str) -> None:
    """Trains and measures what is not there yet; the table is rewritten after each.

    Seeds are the outer loop, so that a first whole table is there early.
    """
    by_name = {row.name: row for row in rows}
    jobs = [(row, None) for row in rows if row.rule is not None]
    jobs += [(row, seed) for seed in this.seeds for row in rows if row.rule is None]  # type: ignore[misc]
    done: dict[str, list[dict[str, Figures]]] = {row.name: [] for row in rows}
    for number, (row, seed) in enumerate(tracked(jobs, "rows x seeds"), 1):
        title = f"[{number}/{len(jobs)}] {row.name}" + ("" if seed is None else f", seed {seed}")
        done[row.name].append(score(this, row, by_name.get(row.of, row), seed, title))
        notes = {r.name: budget(this, by_name.get(r.of, r)) for r in rows}
        rules = [r.name for r in rows if r.rule is not None]
        _write(this.folder / "table.md", head + tables(this, done, reference, notes, rules))


def tables(
    this: Experiment, done: dict[str, list[dict[str, Figures]]], reference: str, notes: dict[str, str],
    rules: Sequence[str],
) -> str:  # fmt: skip
    """A table for every set of pictures."""
    parts = []
    for title, held in this.sets.items():
        rows = {name: [scores[title] for scores in found] for name, found in done.items()}
        parts.append(f"### {title} ({len(held)})\n\n{paired_statistics.markdown(rows, reference, notes, rules)}")
    return "\n".join(parts)


def budget(this: Experiment, row: Row) -> str:
    """What a row was trained with, in a few words."""
    if row.recipe is None:
        return "none"
    recipe = this.recipe(row, 0)
    seen = (
        f"{recipe.pixels:,} pixels" if recipe.pixels else f"{recipe.crop}² crops" if recipe.crop else "whole pictures"
    )
    if recipe.reduce > 1:
        seen += f" at 1/{recipe.reduce} size"
    return f"{recipe.title}: {recipe.steps:,} steps of {recipe.pictures} x {seen}"


def heading(kind: str, arguments: argparse.Namespace, this: Experiment) -> str:
    """Heading of the table: pairs, seeds, commit."""
    seeds = " ".join(map(str, this.seeds))
    return "\n".join((
        f"# Experiment: {kind}", "",
        f"Code {commit()}, recipe `{arguments.recipe}`, {len(this.dataset):,} training pairs of "
        f"`{arguments.data.name}`, seeds {seeds}. Averaged weights.", "",
        "PQ-PSNR: ST 2084 codes in BT.2020, SDR white at 203 nits, peak 1.0, mean of the pictures' decibels, every "
        f"{STRIDE}nd row and column. Differences are paired by picture and seed; their standard errors are over the "
        "seeds' means and over the pictures' means. Hue shift and black lift are medians over pictures. Curve and LUT "
        f"are fitted in {fastgamer.BASE_STEPS} steps; FastGaMer rows start from that LUT. Photos are reduced to at "
        f"most {photos.LONGEST} pixels a side, in their own primaries.", "", "",
    ))  # fmt: skip


def commit() -> str:
    """The commit of a checkout, with + where files differ from it; the version elsewhere."""
    words = ["git", "describe", "--always", "--dirty=+"]
    try:
        done = subprocess.run(words, cwd=Path(__file__).parent, capture_output=True, text=True, check=False)
    except OSError:
        return __version__
    return done.stdout.strip() if done.returncode == 0 else __version__


def _write(path: Path, text: str) -> None:
    partial = path.with_name(f".{path.name}")
    partial.write_text(text)
    partial.rename(path)


def evenly(dataset: Dataset, most: int) -> list[Example]:
    """At most so many examples, evenly chosen."""
    chosen = np.unique(np.linspace(0, len(dataset) - 1, min(most, len(dataset))).astype(int))
    read = (dataset[k] for k in tracked(chosen.tolist(), "held-out pairs read"))
    return list({e.name: e for e in read}.values())


def run(arguments: argparse.Namespace) -> int:
    """`untone experiment`: runs or resumes."""
    if arguments.kind == UNSEEN:
        return _run_unseen(arguments)
    kinds = tuple(EXPERIMENTS) if arguments.kind == "all" else (arguments.kind,)
    _check_rows(kinds, arguments)
    packages.require("onnx", "matplotlib", "tensorboardX")
    torch.set_num_threads(arguments.threads)
    dataset = open_dataset(arguments.data, strict=arguments.strict)
    sets = {"Held-out pairs": evenly(open_dataset(arguments.held_out, strict=arguments.strict), arguments.pictures)}
    if arguments.photos:
        sets["Photos with their own gain map"] = photos.examples(arguments.photos)
    with joined(arguments.device) as place:
        if place.world > 1:
            raise UsageError("experiments run in one process; torchrun is for untone train")
        try:
            for kind in kinds:
                _run_kind(kind, arguments, dataset, sets, place)
        except StoppedError:
            return STOPPED
    return 0


def _run_unseen(arguments: argparse.Namespace) -> int:
    """Kinds of tone mapper left out of training, five folds."""
    if arguments.recipe not in RECIPES["fastgamer"]:
        raise UsageError(f"--recipe {arguments.recipe}: there are {', '.join(RECIPES['fastgamer'])}")
    torch.set_num_threads(arguments.threads)
    recipe = RECIPES["fastgamer"][arguments.recipe]
    recipe = dataclasses.replace(recipe, steps=arguments.steps or recipe.steps, seed=arguments.seeds[0])
    sets = [open_dataset(path, strict=arguments.strict) for path in (arguments.data, arguments.held_out)]
    arguments.output.mkdir(parents=True, exist_ok=True)
    settings = {"kind": UNSEEN, "recipe": json.loads(json.dumps(dataclasses.asdict(recipe)))}
    _claim(arguments.output, settings | {"data": arguments.data.name, "held out": arguments.held_out.name})
    with joined(arguments.device) as place:
        try:
            print(unseen_kinds.run(arguments.output, sets[0], sets[1], recipe, place, tell))
        except StoppedError:
            return STOPPED
    return 0


def _run_kind(
    kind: str, arguments: argparse.Namespace, dataset: Dataset, sets: dict[str, list[Example]], place: Place
) -> None:
    folder = arguments.output / kind if arguments.kind == "all" else arguments.output
    folder.mkdir(parents=True, exist_ok=True)
    this = Experiment(folder, dataset, sets, arguments.seeds, arguments.steps, place, tell, arguments.ahead)
    make, reference = EXPERIMENTS[kind]
    rows = [*make(arguments.recipe), *of_models(arguments.model)]
    if arguments.rows:
        wanted = {*arguments.rows, reference, *(row.name for row in of_models(arguments.model))}
        wanted |= {row.of for row in rows if row.name in wanted}
        rows = [row for row in rows if row.name in wanted]
    settings = {"kind": kind, "recipe": arguments.recipe, "data": arguments.data.name, "steps": arguments.steps}
    if arguments.model:
        settings["models"] = {method.name: method.fingerprint for method in methods.of_models(arguments.model)}
    _claim(folder, settings)
    run_rows(this, rows, reference, heading(kind, arguments, this))
    print(folder / "table.md")


def _check_rows(kinds: Sequence[str], arguments: argparse.Namespace) -> None:
    try:
        names = [row.name for kind in kinds for row in EXPERIMENTS[kind][0](arguments.recipe)]
    except KeyError:
        raise UsageError(f"--recipe {arguments.recipe}: must be short, ours or paper") from None
    unknown = [name for name in arguments.rows or () if name not in names]
    if unknown:
        raise UsageError(f"--rows {unknown[0]}: must be of {', '.join(names)}")


def _claim(folder: Path, settings: dict[str, Any]) -> None:
    note = folder / "experiment.json"
    if note.exists() and json.loads(note.read_text()) != settings:
        raise UntoneError(f"{folder}: holds another experiment ({note.name} differs); choose another folder")
    _write(note, json.dumps(settings, indent=1) + "\n")
