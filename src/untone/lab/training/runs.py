"""A training run in a folder: seeded steps, averaged weights, checkpoints that resume to the same weights.

One loop for all networks; what is particular to a network is in tasks/. Every random number of a step follows from
the seed and the step, so a resumed run repeats an uninterrupted one bit for bit (same processor, threads and data).
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from ...errors import DamagedError, UntoneError
from ..data.examples import Dataset
from . import batches
from .parallel import HERE, Place
from .recipes import Recipe
from .tasks import TASKS

PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}

Begin = Callable[[nn.Module], None]


class Run:
    """A run: `recipe.json`, `checkpoint.pt` and the log in its folder; made anew or resumed.

    Args:
        dataset: examples to learn from.
        folder: of the run; made if need be.
        recipe: what to do; a folder of another recipe is refused.
        place: device, and part in a run of several processes.
        begin: prepares the new network; None for the way of its task. A resumed run needs none.
        ahead: batches made in advance, by as many threads.

    Raises:
        UntoneError: the folder holds a run of another recipe, or a checkpoint that cannot be read.
    """

    def __init__(
        self, dataset: Dataset, folder: Path, recipe: Recipe, place: Place = HERE, begin: Begin | None = None,
        ahead: int = 0,
    ) -> None:  # fmt: skip
        if recipe.pictures % place.world:
            raise UntoneError(f"{recipe.pictures} pictures in a batch do not part evenly among {place.world} processes")
        self.dataset, self.folder, self.recipe, self.place, self.step = dataset, folder, recipe, place, 0
        self.task = TASKS[recipe.network]
        self.losses: list[float] = []
        saved = self._load()
        recipe = self.recipe = self._claimed(saved["step"] if saved is not None else 0)
        torch.manual_seed(recipe.seed)
        net = self.task.network(recipe)
        if saved is None and place.leads:
            begin(net) if begin else self.task.begin(net, dataset, recipe)
        self._place(net)
        if saved is not None:
            self._resume(saved)
        self._feeder = Feeder(self._drawn, ahead)

    def _place(self, net: nn.Module) -> None:
        recipe, device = self.recipe, self.place.device
        self.net = net.to(device)
        self.place.shared(self.net.state_dict())
        self.model = DistributedDataParallel(net) if self.place.world > 1 else self.net
        self.mean = {name: value.detach().clone() for name, value in self.net.state_dict().items()}
        make = torch.optim.AdamW if recipe.optimiser == "adamw" else torch.optim.Adam
        self.optimiser = make(self.net.parameters(), recipe.rate, recipe.betas, weight_decay=recipe.decay)
        self.scaler = torch.amp.GradScaler(device.type, enabled=recipe.precision == "fp16")

    def _claimed(self, step: int) -> Recipe:
        """Takes the folder for this recipe, or refuses to mix two; a run that has ended may be made longer.

        Args:
            step: of the checkpoint; 0 without one.
        """
        note, wanted = self.folder / "recipe.json", json.loads(json.dumps(dataclasses.asdict(self.recipe)))
        if self.place.leads:
            self.folder.mkdir(parents=True, exist_ok=True)
            if not (note.exists() and (self.folder / "checkpoint.pt").exists()):  # nothing done yet, nothing to mix
                self._note(self.recipe)
        self.place.wait()
        try:
            held = completed(json.loads(note.read_text()), self.recipe)
        except (ValueError, TypeError):
            raise DamagedError(f"{note}: cannot be read; was it edited?") from None
        self.place.wait()  # all have read it
        keys = sorted(key for key in held.keys() | wanted.keys() if held.get(key) != wanted.get(key))
        if not set(keys) <= {"steps", "extended"} or ("steps" in keys and not step == held["steps"] < wanted["steps"]):
            end = (
                f"; it can be made longer than its {held['steps']} steps once they are done"
                if keys == ["steps"]
                else ""
            )
            raise UntoneError(
                f"{self.folder}: holds a run of another recipe ({', '.join(keys)} differ){end}; choose another folder"
            )
        before = (*held["extended"], held["steps"]) if "steps" in keys else tuple(held["extended"])
        recipe = dataclasses.replace(self.recipe, extended=before)
        if "steps" in keys and self.place.leads:
            self._note(recipe)
        return recipe

    def _note(self, recipe: Recipe) -> None:
        """Writes the recipe down, whole or not at all."""
        partial = self.folder / ".recipe.json"
        partial.write_text(json.dumps(dataclasses.asdict(recipe), indent=1) + "\n")
        partial.rename(self.folder / "recipe.json")

    def _load(self) -> dict[str, Any] | None:
        path = self.folder / "checkpoint.pt"
        if not path.exists():
            return None
        try:
            return torch.load(path, map_location=self.place.device, weights_only=True)
        except Exception:
            raise DamagedError(f"{path}: cannot be read; remove it to start anew") from None

    def _resume(self, saved: dict[str, Any]) -> None:
        self.net.load_state_dict(saved["net"])
        self.optimiser.load_state_dict(saved["optimiser"])
        self.scaler.load_state_dict(saved["scaler"])
        self.mean, self.step, self.losses = saved["mean"], saved["step"], saved["losses"]

    def save(self) -> None:
        """Writes the checkpoint, whole or not at all."""
        if not self.place.leads:
            return
        state: dict[str, Any] = {"net": self.net.state_dict(), "optimiser": self.optimiser.state_dict()}
        state |= {"mean": self.mean, "step": self.step, "losses": self.losses, "scaler": self.scaler.state_dict()}
        partial = self.folder / ".checkpoint.pt"
        torch.save(state, partial)
        partial.rename(self.folder / "checkpoint.pt")

    def refresh(self) -> None:
        """Looks for examples that were not there before (pairs may still be in the making)."""
        self.dataset.refresh()
        self._feeder.forget()

    def close(self) -> None:
        """Ends the threads that make batches."""
        self._feeder.close()

    def _drawn(self, step: int) -> Any:
        """This process's part of the batch of a step."""
        random = np.random.default_rng([self.recipe.seed, step])
        choice = batches.choose(len(self.dataset), random, self.recipe.pictures)
        return self.task.draw(self.dataset, choice.part(self.place.rank, self.place.world), self.recipe)

    def advance(self) -> float:
        """One step; returns the loss of this process's part.

        Raises:
            UntoneError: loss or gradient is not finite; the last checkpoint stays.
        """
        recipe, device = self.recipe, self.place.device
        batch = self._feeder.take(self.step)
        batch = type(batch)(*(part.to(device, non_blocking=True) for part in batch))
        torch.manual_seed(recipe.seed * 1_000_003 + self.step + self.place.rank * 7_919_000_003)
        for group in self.optimiser.param_groups:
            group["lr"] = recipe.rate_at(self.step)
        self.model.train()
        with torch.autocast(device.type, PRECISIONS[recipe.precision], enabled=recipe.precision != "fp32"):
            out = self.task.forward(self.model, batch)
        loss = self.task.loss(in_full(out), batch, recipe)
        value = float(loss.detach())
        self.optimiser.zero_grad()
        torch.autograd.backward(self.scaler.scale(loss))
        self.scaler.unscale_(self.optimiser)
        norm = nn.utils.clip_grad_norm_(self.net.parameters(), recipe.clip or math.inf)
        if not (math.isfinite(value) and (self.scaler.is_enabled() or bool(torch.isfinite(norm)))):
            fault = f"loss {value:g}, gradient {float(norm):g}"
            raise UntoneError(f"{self.folder}: step {self.step + 1} went wrong: {fault}; the last checkpoint stays")
        self.scaler.step(self.optimiser)
        self.scaler.update()
        self.step += 1
        self._average()
        return value

    def _average(self) -> None:
        keep = min(self.recipe.average, self.step / (self.step + 10))
        for name, now in self.net.state_dict().items():
            self.mean[name].lerp_(now, 1 - keep)

    @contextlib.contextmanager
    def averaged(self) -> Iterator[nn.Module]:
        """The network with averaged weights, for inference; the run's own meanwhile rests."""
        net = self.task.network(self.recipe).to(self.place.device)
        net.load_state_dict(self.mean)
        with torch.no_grad():
            yield net.eval()


def completed(held: dict[str, Any], like: Any) -> dict[str, Any]:
    """A recipe as it was written down, with the defaults of fields that there were not yet."""
    whole: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(type(like)()))) | held
    for field in dataclasses.fields(like):
        inner, value = getattr(like, field.name), whole.get(field.name)
        if dataclasses.is_dataclass(inner) and isinstance(value, dict) and field.name != "start":
            whole[field.name] = completed(value, inner)
    return whole


def in_full(out: Any) -> Any:
    """Outputs converted to fp32."""
    if isinstance(out, Tensor):
        return out.float()
    parts = [part.float() for part in out]
    return type(out)(*parts) if hasattr(out, "_fields") else tuple(parts)


class Feeder:
    """Batches by step: made when asked for, or by threads in advance."""

    def __init__(self, draw: Callable[[int], Any], ahead: int) -> None:
        self._draw, self._ahead = draw, ahead
        self._pool = ThreadPoolExecutor(ahead, "batch") if ahead else None
        self._made: dict[int, Future[Any]] = {}

    def take(self, step: int) -> Any:
        """The batch of a step."""
        if self._pool is None:
            return self._draw(step)
        for coming in range(step, step + self._ahead + 1):
            if coming not in self._made:
                self._made[coming] = self._pool.submit(self._draw, coming)
        return self._made.pop(step).result()

    def forget(self) -> None:
        """Drops what was made in advance: the data has changed."""
        for future in self._made.values():
            future.cancel()
        self._made.clear()

    def close(self) -> None:
        """Ends the threads."""
        self.forget()
        if self._pool:
            self._pool.shutdown()
