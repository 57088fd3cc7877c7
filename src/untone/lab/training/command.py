"""`untone train`: runs or resumes a recipe, watches it on held-out pictures, and exports what it made."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import functools
import json
import math
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from ... import colour
from ...console.progress import Progress, tell, tracked
from ...errors import UsageError
from ...image import DIFFUSE_WHITE_NITS
from .. import metrics, packages
from ..data import examples
from ..data.examples import Dataset, Example
from ..data.layouts import open_dataset
from ..nets.irnet import IRNet
from . import export as exporting
from . import initial_weights, parallel
from .logs import Log, Row
from .recipes import RECIPES, Recipe, Start
from .runs import Run
from .tasks import Task, irnet

LOG_EVERY = 50
"""Steps between lines of the log, at most."""

SCORE_STRIDE = 4
"""A held-out picture is scored at every so many pixels each way."""

STOPPED = 130


def truth_of(example: Example, stride: int = 1) -> Any:
    """True HDR light of every `stride`-th pixel each way, [h, w, 3], linear BT.709, 1.0 = SDR white."""
    sparse = slice(None, None, stride), slice(None, None, stride)
    if example.pq is not None:
        wide = colour.pq_to_nits(example.pq[sparse] / 65535) / DIFFUSE_WHITE_NITS
        return wide @ colour.rgb_to_rgb("bt2020", "bt709").T
    return examples.light_of(example.sdr[sparse], example.gain_stops[sparse])


def score(task: Task, net: nn.Module, dataset: Dataset, most: int) -> float:
    """Mean PQ-PSNR in dB over at most `most` pictures, evenly chosen."""
    chosen = np.unique(np.linspace(0, len(dataset) - 1, min(most, len(dataset))).astype(int)).tolist()
    values = []
    for example in map(dataset.__getitem__, tracked(chosen, "held-out pictures")):
        light = task.light(net, example, SCORE_STRIDE)
        values.append(metrics.pq_psnr(light, truth_of(example, SCORE_STRIDE)))
    return float(np.mean(values))


@contextlib.contextmanager
def stop_signals() -> Iterator[list[int]]:
    """A list that SIGTERM and SIGINT add themselves to, instead of ending the process."""
    seen: list[int] = []
    previous = {s: signal.signal(s, lambda number, _: seen.append(number)) for s in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield seen
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def train(run: Run, held_out: Dataset | None, tell: Callable[[str], None]) -> bool:
    """Runs to the end, or to SIGTERM or SIGINT, which leave a checkpoint to resume from. Says whether it ended."""
    leads = run.place.leads
    with (
        stop_signals() as seen,
        Log(run.folder, run.step) if leads else contextlib.nullcontext() as log,
        Progress(run.recipe.steps, "steps", run.step, shown=leads) as progress,
    ):
        _loop(run, held_out, tell, seen, log, progress)
        if run.step < run.recipe.steps:
            run.save()
    if run.step < run.recipe.steps and leads:
        tell(f"stopped at step {run.step}; the same command resumes")
    return run.step == run.recipe.steps


def _loop(
    run: Run, held_out: Dataset | None, tell: Callable[[str], None], seen: list[int], log: Log | None,
    progress: Progress,
) -> None:  # fmt: skip
    """Steps until the last, or one after a signal was `seen`; the lines of the log, checkpoints, and their scores."""
    recipe, every = run.recipe, min(LOG_EVERY, run.recipe.checkpoint_every)
    began, stop = time.monotonic(), False
    while run.step < recipe.steps and not stop:
        loss = run.advance()
        stop, loss = run.place.agreed(bool(seen), loss)
        run.losses.append(loss)
        mean, paced = float(np.mean(run.losses)), (time.monotonic() - began) / len(run.losses)
        progress.step(note=f"{paced:.2f} s a step, loss {mean:.4f}")
        checkpoint = run.step == recipe.steps or run.step % recipe.checkpoint_every == 0
        if not (checkpoint or run.step % every == 0):
            continue
        run.losses.clear()
        score_db = math.nan
        if checkpoint:
            run.save()
            run.refresh()
            score_db = _watched(run, held_out) if log and held_out else math.nan
        began = time.monotonic()
        if log:
            log.add(Row(run.step, mean, recipe.rate_at(run.step - 1), score_db, paced, time.time()))
            if checkpoint:
                log.plot()
                tell(_line(run, mean, score_db, paced))


def _watched(run: Run, held_out: Dataset) -> float:
    with run.averaged() as net:
        return score(run.task, net, held_out, run.recipe.watched)


def _line(run: Run, loss: float, score_db: float, paced: float) -> str:
    line = f"step {run.step}/{run.recipe.steps}  loss {loss:.4f}  {paced:.2f} s a step"
    return line if math.isnan(score_db) else f"{line}  held out {score_db:.2f} dB"


def chosen(arguments: argparse.Namespace) -> Recipe:
    """The recipe that the arguments ask for.

    Raises:
        UsageError: no such recipe, or a number that makes no sense.
    """
    titles = RECIPES[arguments.network]
    if arguments.recipe not in titles:
        raise UsageError(f"--recipe {arguments.recipe}: {arguments.network} has {', '.join(titles)}")
    recipe = titles[arguments.recipe]
    given = {"steps": arguments.steps, "seed": arguments.seed, "precision": arguments.precision}
    return dataclasses.replace(recipe, **{name: value for name, value in given.items() if value is not None})


def started(recipe: Recipe, path: Path, folder: Path) -> Recipe:
    """The recipe with the weights it starts from; a run that has a checkpoint keeps those it started from."""
    if (folder / "checkpoint.pt").exists():
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError):  # Run says what is wrong with that folder
            return dataclasses.replace(recipe, start=Start(**json.loads((folder / "recipe.json").read_text())["start"]))
    return dataclasses.replace(recipe, start=initial_weights.fingerprint(initial_weights.find(path)))


def run(arguments: argparse.Namespace) -> int:
    """`untone train`: runs or resumes, and exports the averaged weights at the end."""
    packages.require("onnx", "matplotlib", "tensorboardX")
    torch.set_num_threads(arguments.threads)
    recipe = chosen(arguments)
    if arguments.origin:
        recipe = started(recipe, arguments.origin, arguments.output)
    dataset = open_dataset(arguments.data, strict=arguments.strict)
    held_out = open_dataset(arguments.held_out, strict=arguments.strict) if arguments.held_out else None
    with parallel.joined(arguments.device) as place:
        begin = functools.partial(_begin_from, arguments.origin) if arguments.origin else None
        if place.leads and not begin and not (arguments.output / "checkpoint.pt").exists():
            tell(f"{recipe.network}, recipe {recipe.title}, {len(dataset):,} pairs, {place.device}: preparing")
        this = Run(dataset, arguments.output, recipe, place, begin, arguments.ahead)
        if place.leads and this.recipe.extended[-1:] == (this.step,):
            tell(f"the run ended at step {this.step}; it goes on to {recipe.steps}, by that length's schedule")
        try:
            if not train(this, held_out, tell):
                return STOPPED
        finally:
            this.close()
        if place.leads:
            _export(this, held_out, arguments.note)
    return 0


def _begin_from(path: Path, net: nn.Module) -> None:
    file = initial_weights.find(path)
    state = initial_weights.read(file)
    if isinstance(net, IRNet) and net.shape.upscale > 1 and "upsampler.weight" in state:
        irnet.enlarge(net, state)
    else:
        initial_weights.put(state, net, file)


def _export(this: Run, held_out: Dataset | None, note: str) -> None:
    recipe = this.recipe
    notes: dict[str, Any] = {"recipe": dataclasses.asdict(recipe), "pairs": len(this.dataset), "data": note}
    tell(f"exporting {recipe.network}.onnx")
    with this.averaged() as net:
        if held_out:
            notes["held_out_pq_psnr"] = round(score(this.task, net, held_out, recipe.watched), 3)
        target = this.folder / f"{recipe.network}.onnx"
        whole: Any = net.cpu()
        digest = exporting.export(whole, target, notes, recipe.stored)
    print(f"{target}  sha256 {digest}")
