"""`untone experiment unseen`: how well gain is predicted for tone mappers that were left out of training.

The kinds of tone mapper are parted into five folds. For each, the network, the curve, the LUT and the ridge regression
learn from pairs of the other kinds (and from drawn pictures), and are measured on held-out scenes rendered by the kinds
left out, beside formulas that learn nothing. Stopped, the same command goes on.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ... import colour
from ...console.progress import tracked
from ...errors import UntoneError
from .. import metrics
from ..data.examples import OFFSET, Dataset, Example, light_of
from ..data.subsets import DRAWN, Subset, notes_of, photographs, where
from ..evaluation import baselines, summaries
from ..evaluation.baselines import formulas, ridge
from ..training.command import train
from ..training.parallel import Place
from ..training.recipes import Recipe
from ..training.runs import Run
from ..training.tasks import TASKS, fastgamer

FOLDS = 5
STRIDE = 2
FIRST_EIGHTH = 3
"""R2 is the mean over the fourth to the eighth eighth of code: below, there is little to predict."""

Gain = NDArray[np.float32]
Method = Callable[[Example], Gain]
Tell = Callable[[str], None]
Scores = dict[str, dict[str, Any]]


class StoppedError(Exception):
    """A signal asked to stop; what was begun can be resumed."""


def folds(kinds: Sequence[str]) -> list[list[str]]:
    """The kinds, sorted and dealt into FOLDS parts."""
    names = sorted(set(kinds) - {""})
    return [names[k::FOLDS] for k in range(FOLDS)]


def fold_of(dataset: Dataset, held_out: Dataset, kinds: Sequence[str]) -> tuple[Subset, Subset]:
    """Pairs to learn from (all but these kinds), and held-out pairs of these kinds.

    Raises:
        UntoneError: either is empty.
    """
    learned, judged = notes_of(dataset), notes_of(held_out)
    shown = ", ".join(kinds)
    rest = where(dataset, learned, lambda note: note.get("kind") not in kinds, f"beside {shown}")
    return rest, where(held_out, judged, lambda note: note.get("kind") in kinds, f"of {shown}")


def run(
    folder: Path, dataset: Dataset, held_out: Dataset, recipe: Recipe, place: Place, tell: Tell,
    only: Sequence[int] = tuple(range(FOLDS)),
) -> Path:  # fmt: skip
    """Trains and measures every fold that is not there yet, and writes `table.md`.

    Raises:
        UntoneError: pairs without notes of their kinds.
        StoppedError: by a signal.
    """
    kinds = [n["kind"] for n in notes_of(dataset) if n.get("family") != DRAWN and "kind" in n]
    parts = folds(kinds)
    if not all(parts):
        raise UntoneError(
            f"{dataset.folder}: the notes of the pairs name too few kinds of tone mapper to part into {FOLDS}"
        )
    scores: list[Scores] = []
    for number in only:
        here = folder / f"fold-{number + 1}"
        title = f"[{number + 1}/{FOLDS}] without {', '.join(parts[number])}"
        sets = fold_of(dataset, held_out, parts[number])
        scores.append(_fold(here, sets, recipe, place, functools.partial(_titled, tell, title)))
        _write(folder / "table.md", table(scores, recipe, len(dataset)))
    return folder / "table.md"


def _titled(tell: Tell, title: str, line: str) -> None:
    tell(f"{title}: {line}")


def _fold(folder: Path, sets: tuple[Subset, Subset], recipe: Recipe, place: Place, tell: Tell) -> Scores:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "scores.json"
    if path.exists():
        return json.loads(path.read_text())
    fits = _fits(folder / "fits.json", photographs(sets[0]), tell)
    made = run_network(folder / "run", sets[0], recipe, place, fits["lut"], tell)
    tell(f"measuring {len(sets[1])} pictures")
    scores = measured(sets[1], {**rules(fits), "network": made})
    _write(path, json.dumps(scores))
    return scores


def _fits(path: Path, pairs: Dataset, tell: Tell) -> dict[str, Any]:
    """Curve, LUT and ridge regression of the pairs, fitted once."""
    if not path.exists():
        tell(f"fitting curve, LUT and ridge regression to {len(pairs)} pairs")
        steps = fastgamer.BASE_STEPS
        made = {
            "curve": baselines.fit_curve(pairs, steps).tolist(), "lut": baselines.fit_lut(pairs, steps).tolist(),
            "ridge": ridge.fit_ridge(pairs).tolist(),
        }  # fmt: skip
        _write(path, json.dumps(made))
    read = json.loads(path.read_text())
    return {
        "curve": torch.tensor(read["curve"]), "lut": torch.tensor(read["lut"]),
        "ridge": np.array(read["ridge"]),
    }  # fmt: skip


def run_network(folder: Path, pairs: Dataset, recipe: Recipe, place: Place, lut: Tensor, tell: Tell) -> Method:
    """The network, trained now or before, as a method."""
    this = Run(pairs, folder, recipe, place, lambda net: fastgamer.start(net, lut))
    try:
        if not train(this, None, tell):
            raise StoppedError
    finally:
        this.close()
    with this.averaged() as net:
        return _of_network(net, recipe)


def _of_network(net: nn.Module, recipe: Recipe) -> Method:
    task = TASKS[recipe.network]

    def gain(example: Example) -> Gain:
        with torch.no_grad():
            light = task.light(net, example, STRIDE)
        base = colour.code_table("srgb")[example.sdr[::STRIDE, ::STRIDE]]
        return np.log2(np.maximum(light + OFFSET, 1e-6) / (base + OFFSET)).astype(np.float32)

    return gain


def rules(fits: dict[str, Any]) -> dict[str, Method]:
    """What the network is held against."""

    def of(gain: Callable[[Tensor], Tensor]) -> Method:
        return lambda example: np.asarray(gain(torch.from_numpy(_encoded(example))[None])[0], np.float32)

    def formula(light: Callable[[Any], Any]) -> Method:
        def gain(example: Example) -> Gain:
            base = colour.code_table("srgb")[example.sdr[::STRIDE, ::STRIDE]]
            stops: Gain = np.log2((light(base) + OFFSET) / (base + OFFSET)).astype(np.float32)
            return stops

        return gain

    def regression(example: Example) -> Gain:
        encoded = _encoded(example)
        return ridge.ridge_gain(fits["ridge"], encoded, encoded).astype(np.float32)

    return {
        "identity": formula(lambda base: base),
        "square": formula(formulas.square),
        "gentle square": formula(formulas.gentle),
        "one curve": of(lambda rgb: baselines.curve_gain(fits["curve"], rgb.flatten(1, 2)).reshape(rgb.shape)),
        "one 3D LUT": of(lambda rgb: baselines.lut_gain(fits["lut"], rgb)),
        "ridge": regression,
    }


def _encoded(example: Example) -> NDArray[np.float32]:
    return np.ascontiguousarray(example.sdr[::STRIDE, ::STRIDE]).astype(np.float32) / np.float32(255)


def measured(pictures: Dataset, methods: dict[str, Method]) -> Scores:
    """Of every method, by picture: PQ-PSNR, dE_ITP, and the mean gain by eighth of code; also of "truth"."""
    found: Scores = {name: {} for name in (*methods, "truth")}
    for example in tracked(pictures, "pictures measured"):
        codes = example.sdr[::STRIDE, ::STRIDE]
        true_stops = example.gain_stops[::STRIDE, ::STRIDE].astype(np.float32)
        truth, encoded = light_of(codes, true_stops), _encoded(example)
        found["truth"][example.name] = {"eighths": ridge.gain_by_eighth(encoded, true_stops).tolist()}
        for name, method in methods.items():
            stops = method(example)
            light = light_of(codes, stops)
            found[name][example.name] = {
                "pq_psnr": metrics.pq_psnr(light, truth), "delta_e_itp": metrics.delta_e_itp(light, truth),
                "eighths": ridge.gain_by_eighth(encoded, stops).tolist(),
            }  # fmt: skip
    return found


def explained(scores: Scores, name: str) -> float:
    """Mean R2 of the gain of the fourth to the eighth eighth, over pictures of kinds that were left out."""
    true = np.array([entry["eighths"] for entry in scores["truth"].values()])
    made = np.array([scores[name][picture]["eighths"] for picture in scores["truth"]])
    values = []
    for eighth in range(FIRST_EIGHTH, true.shape[1]):
        known = np.isfinite(true[:, eighth])
        if known.sum() > 2:
            level = true[known, eighth]
            rest = np.square(made[known, eighth] - level).sum() / max(np.square(level - level.mean()).sum(), 1e-9)
            values.append(1 - rest)
    return float(np.mean(values)) if values else float("nan")


def table(scores: Sequence[Scores], recipe: Recipe, pairs: int) -> str:
    """Means over all folds' pictures, with 95% bootstrap intervals, also of the network's lead over each method."""
    names = [name for name in scores[0] if name != "truth"]
    lines = [
        f"# Kinds of tone mapper left out of training, {len(scores)} of {FOLDS} folds", "",
        f"{pairs:,} pairs, recipe {recipe.title}: {recipe.steps:,} steps of {recipe.pictures} x {recipe.pixels:,} px, "
        f"seed {recipe.seed}. PQ-PSNR: ST 2084 codes in BT.2020, white at 203 nits, mean over pictures (95%).", "",
        "| method | PQ-PSNR dB | network above it | dE_ITP | R2 of gain by eighth, folds | mean |",
        "|---|---|---|---|---|---|",
    ]  # fmt: skip
    return "\n".join(lines + [_row(scores, name) for name in names]) + "\n"


def _row(scores: Sequence[Scores], name: str) -> str:
    def of(method: str, figure: str) -> NDArray[Any]:
        return np.array([e[figure] for fold in scores for e in fold[method].values()])

    psnr, own = of(name, "pq_psnr"), of("network", "pq_psnr")
    low, high = summaries.interval(psnr)
    ahead, (least, most) = own - psnr, summaries.interval(own - psnr)
    r2 = [explained(fold, name) for fold in scores]
    lead = "" if name == "network" else f"{ahead.mean():+.2f} ({least:+.2f}..{most:+.2f})"
    shown = " ".join(f"{v:.2f}" for v in r2)
    return (
        f"| {name} | {psnr.mean():.2f} ({low:.2f}..{high:.2f}) | {lead} | {of(name, 'delta_e_itp').mean():.1f} | "
        f"{shown} | {np.mean(r2):.2f} |"
    )


def _write(path: Path, text: str) -> None:
    partial = path.with_name(f".{path.name}")
    partial.write_text(text)
    partial.rename(path)
