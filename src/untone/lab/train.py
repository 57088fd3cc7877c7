"""Training FastGaMer: seeded steps, cosine to zero, EMA, checkpoints that resume to the same weights."""

from __future__ import annotations

import argparse
import dataclasses
import json
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..errors import UntoneError
from . import baselines, batches, losses
from . import export as exporting
from .data import Pairs
from .nets.fastgamer import FastGaMer, Shape, execute

BASE_STEPS = 600
"""Of fitting the LUT that training starts from."""


@dataclasses.dataclass(frozen=True)
class Recipe:
    """Everything that decides a training run; saved beside its result.

    Attributes:
        steps, pictures, pixels: length of the run, pictures in a batch, random pixels of each.
        rate, warm_up, decay: peak learning rate (AdamW), steps to reach it, weight decay.
        average: decay of the weights' moving average, which is what ships.
        gain_weight: weight of the paper's gain terms beside the PQ term.
        smooth_weight, fall_weight, tint_weight: weights of the LUT's roughness, of gain falling towards white, and
            of gains that differ between channels.
        seed: of initialisation, batches and dropout.
    """

    steps: int = 12_000
    pictures: int = 16
    pixels: int = 2048
    rate: float = 1.5e-3
    warm_up: int = 200
    decay: float = 2e-2
    average: float = 0.998
    gain_weight: float = 0.25
    smooth_weight: float = 0.5
    fall_weight: float = 2.0
    tint_weight: float = 0.2
    seed: int = 1
    checkpoint_every: int = 250
    shape: Shape = dataclasses.field(default_factory=Shape)


def loss(net: FastGaMer, batch: batches.Batch, recipe: Recipe) -> Tensor:
    """The training loss of a batch."""
    out = net(batch.thumbnail)
    normalised = execute(out, batch.rgb, batch.uv)
    gain = normalised * out.qmax_stops[:, None, None]
    data = losses.reconstruction(batch.rgb, gain, batch.gain_stops)
    gains = losses.gain_error(normalised, out.qmax_stops, batch.gain_stops, batch.qmax_stops)
    shape = recipe.smooth_weight * losses.lut_roughness(out.lut) + recipe.fall_weight * losses.lut_falls(out.lut)
    return data + recipe.gain_weight * gains + shape + recipe.tint_weight * losses.tint(gain)


class Run:
    """A training run in a folder: `recipe.json`, `log.csv`, `checkpoint.pt`; made anew or resumed."""

    def __init__(self, pairs: Pairs, folder: Path, recipe: Recipe) -> None:
        torch.manual_seed(recipe.seed)
        self.pairs, self.folder, self.recipe, self.step = pairs, folder, recipe, 0
        folder.mkdir(parents=True, exist_ok=True)
        self._claim()
        saved = self._load()
        self.net = FastGaMer(recipe.shape, torch.zeros((recipe.shape.lut_nodes,) * 3 + (3,)) if saved else self._base())
        self.mean = {name: value.detach().clone() for name, value in self.net.state_dict().items()}
        self.optimiser = torch.optim.AdamW(self.net.parameters(), recipe.rate, (0.9, 0.99), weight_decay=recipe.decay)
        if saved:
            self.net.load_state_dict(saved["net"])
            self.optimiser.load_state_dict(saved["optimiser"])
            self.mean, self.step = saved["mean"], saved["step"]

    def _claim(self) -> None:
        note, text = self.folder / "recipe.json", json.dumps(dataclasses.asdict(self.recipe), indent=1)
        if note.exists() and json.loads(note.read_text()) != json.loads(text):
            raise UntoneError(f"{self.folder}: holds a run of another recipe; choose another folder")
        note.write_text(text)

    def _load(self) -> dict[str, Any] | None:
        path = self.folder / "checkpoint.pt"
        return torch.load(path, weights_only=True) if path.exists() else None

    def _base(self) -> Tensor:
        lut = baselines.fit_lut(self.pairs, BASE_STEPS, self.recipe.seed)
        return torch.atanh((lut / 3).clamp(-0.97, 0.97))

    def save(self) -> None:
        """Writes the checkpoint, whole or not at all."""
        state: dict[str, Any] = {"net": self.net.state_dict(), "optimiser": self.optimiser.state_dict()}
        state |= {"mean": self.mean, "step": self.step}
        partial = self.folder / ".checkpoint.pt"
        torch.save(state, partial)
        partial.rename(self.folder / "checkpoint.pt")

    def rate(self) -> float:
        """Learning rate of this step: linear warm-up, then cosine to zero."""
        part = self.step / self.recipe.steps
        return self.recipe.rate * min((self.step + 1) / self.recipe.warm_up, 1) * (1 + float(np.cos(np.pi * part))) / 2

    def advance(self) -> float:
        """One step; every random number follows from the seed and the step. Returns the loss."""
        recipe = self.recipe
        random = np.random.default_rng([recipe.seed, self.step])
        batch = batches.draw(self.pairs, random, recipe.pictures, recipe.pixels)
        torch.manual_seed(recipe.seed * 1_000_003 + self.step)
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate()
        self.net.train()
        value = loss(self.net, batch, recipe)
        self.optimiser.zero_grad()
        torch.autograd.backward(value)
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
        self.optimiser.step()
        self.step += 1
        keep = min(recipe.average, self.step / (self.step + 10))
        for name, now in self.net.state_dict().items():
            self.mean[name].lerp_(now, 1 - keep)
        return float(value.detach())

    def averaged(self) -> FastGaMer:
        """The network with averaged weights, for inference."""
        net = FastGaMer(self.recipe.shape)
        net.load_state_dict(self.mean)
        return net.eval()


def psnr(net: FastGaMer, pairs: Pairs, pixels: int = 4096) -> float:
    """Mean PQ-PSNR over all pairs, dB, on fixed random pixels of each."""
    values = []
    with torch.no_grad():
        for first in range(0, len(pairs), 32):
            indices = list(range(first, min(first + 32, len(pairs))))
            batch = batches.gather(pairs, indices, np.random.default_rng(first), pixels)
            out = net(batch.thumbnail)
            gain = execute(out, batch.rgb, batch.uv) * out.qmax_stops[:, None, None]
            values.append(-10 * torch.log10(losses.square_error(batch.rgb, gain, batch.gain_stops) + 1e-10))
    return float(torch.cat(values).mean())


def train(run: Run, held_out: Pairs | None, tell: Callable[[str], None]) -> None:
    """Runs to the end, or to SIGTERM or SIGINT, which leave a checkpoint to resume from."""
    stopped: list[int] = []
    previous = {s: signal.signal(s, lambda number, _: stopped.append(number)) for s in (signal.SIGTERM, signal.SIGINT)}
    recent: list[float] = []
    began, first = time.monotonic(), run.step
    try:
        while run.step < run.recipe.steps and not stopped:
            recent.append(run.advance())
            if run.step % run.recipe.checkpoint_every == 0 or run.step == run.recipe.steps:
                run.save()
                run.pairs.refresh()  # pairs may still be in the making; a finished folder does not change
                score = psnr(run.averaged(), held_out) if held_out else float("nan")
                pace = (time.monotonic() - began) / (run.step - first)
                line = f"{run.step},{np.mean(recent):.4f},{score:.3f},{pace:.3f}"
                with (run.folder / "log.csv").open("a") as log:
                    log.write(line + "\n")
                tell(f"step {run.step}/{run.recipe.steps}  loss {np.mean(recent):.4f}  held out {score:.2f} dB")
                recent.clear()
        if stopped:
            run.save()
            tell(f"stopped at step {run.step}; the same command resumes")
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `untone train`."""
    parser.add_argument("model", choices=("fastgamer",), help="what to train")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="training pairs (untone synth)")
    parser.add_argument("--held-out", type=Path, metavar="DIR", help="pairs of other scenes, to watch")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="folder of the run; resumes it")
    parser.add_argument("--steps", type=int, default=Recipe.steps, help=f"default {Recipe.steps}")
    parser.add_argument("--seed", type=int, default=Recipe.seed, help=f"default {Recipe.seed}")
    parser.add_argument("--threads", type=int, default=1, help="of torch; default 1")
    parser.add_argument("--note", default="", help="data and licences, for the model card")


def run(arguments: argparse.Namespace) -> int:
    """`untone train`: runs or resumes, and exports `fastgamer.onnx` at the end."""
    torch.set_num_threads(arguments.threads)
    recipe = Recipe(steps=arguments.steps, seed=arguments.seed)
    held_out = Pairs(arguments.held_out) if arguments.held_out else None
    this = Run(Pairs(arguments.data), arguments.output, recipe)
    train(this, held_out, lambda line: print(line, file=sys.stderr, flush=True))
    if this.step < recipe.steps:
        return 130
    notes: dict[str, Any] = {"recipe": dataclasses.asdict(recipe), "pairs": len(this.pairs), "data": arguments.note}
    if held_out:
        notes["held_out_pq_psnr"] = round(psnr(this.averaged(), held_out), 3)
    target = arguments.output / "fastgamer.onnx"
    digest = exporting.export(this.averaged(), target, notes)
    print(f"{target}  sha256 {digest}")
    return 0
