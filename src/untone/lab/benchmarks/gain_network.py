"""Rows of `untone bench` on gain networks: training and decoding, by the kernels and by plain torch.

Torch embeds the coordinates and colours of every sample anew, runs the layers of torch.nn, and steps torch's Adam: the
schedule of Gain-MLP's paper, 65,536 random samples a step. Both sides get the same threads.
"""

from __future__ import annotations

import functools
import importlib.util
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ... import gain_network, kernels
from ...kernels import network as trained
from ...residuals import Residual
from ..implicit import quality as network_quality

NEURONS = 16
PAPER_BATCH, PAPER_STEPS = 65_536, 1000
STEPS = 100
"""Of ours that are timed together; torch's are timed one by one."""

ROUNDS = 3

ALONE = ", 1 thread"
"""Ends the names of runs on one thread."""

BAND_ROWS = 120
"""Of a 4K frame that plain torch decodes at a time: 120 numbers of every pixel at once would take 4 GB."""

Run = Callable[[], Any]


def bench(frame: NDArray[np.uint8], *, quick: bool = False, views: Path | None = None) -> dict[str, Any]:
    """Training as the paper schedules it and decoding, by the kernels and by torch, in turns; lowest times.

    Keys: threads; train_step_ms, train_paper_seconds (of 1000 steps), decode_ms, and of both train_speedup_over_torch,
    decode_speedup_over_torch by the clock and train_cpu_ratio, decode_cpu_ratio by CPU time, None without torch;
    one_thread, the same with one thread on either side; quality, as of quality.bench, None without scipy.

    Args:
        frame: [H, W, 3]; trained on a quarter of it, as the paper's pictures are of a 4K frame. `quick`: one round.
        views: a data set for the quality; see quality.bench.
    """
    threads = kernels.info()["threads"]
    quarter = np.ascontiguousarray(frame[: -(-frame.shape[0] // 2), : -(-frame.shape[1] // 2)])
    runs = calls(frame, quarter, threads)
    spent = dict.fromkeys(runs, (math.inf, math.inf))
    for _ in range(1 if quick else ROUNDS):
        for name, run in runs.items():
            wall, cpu = time.perf_counter(), time.process_time()
            run()
            took = time.perf_counter() - wall, time.process_time() - cpu
            spent[name] = min(spent[name][0], took[0]), min(spent[name][1], took[1])
    alone = {name.removesuffix(ALONE): took for name, took in spent.items() if name.endswith(ALONE)}
    found = {"threads": threads} | figures(spent) | {"one_thread": figures(alone)}
    known = importlib.util.find_spec("scipy") is not None
    return found | {"quality": network_quality.bench(views, quick=quick) if known else None}


def figures(spent: dict[str, tuple[float, float]]) -> dict[str, Any]:
    """Figures of the seconds by the clock and of CPU time that each of `calls` took."""
    step = tuple(seconds / STEPS for seconds in spent["train"])

    def over(name: str, ours: tuple[float, ...], which: int) -> float | None:
        return spent[name][which] / ours[which] if name in spent else None

    found: dict[str, Any] = {"train_step_ms": step[0] * 1000, "train_paper_seconds": step[0] * PAPER_STEPS}
    found["decode_ms"] = spent["decode"][0] * 1000
    for name, ours in (("train", step), ("decode", spent["decode"])):
        found[f"{name}_speedup_over_torch"] = over(f"torch {name}", ours, 0)
        found[f"{name}_cpu_ratio"] = over(f"torch {name}", ours, 1)
    return found


def calls(
    frame: NDArray[np.uint8], quarter: NDArray[np.uint8], threads: int, batch: int = PAPER_BATCH
) -> dict[str, Run]:
    """What is timed, by name: STEPS of training by the kernels, one by torch, and decoding by both.

    Args:
        frame: [H, W, 3], decoded.
        quarter: trained on.
        threads: of both sides.
        batch: samples of a step.
    """
    samples, found, vector = random_samples(quarter, batch), network(frame), gain_network.fresh(NEURONS)
    out, schedule = np.empty(frame.shape, np.float16), trained.Schedule(STEPS, batch, 1e-2)
    runs: dict[str, Run] = {}
    for name, count in (("", threads), (ALONE, 1)):
        runs[f"train{name}"] = functools.partial(trained.train, vector, NEURONS, samples, schedule, threads=count)
        runs[f"decode{name}"] = functools.partial(
            trained.values, frame, found, dtype=np.float16, out=out, threads=count
        )
    if importlib.util.find_spec("torch") is not None:
        whole, part = Naive(*frame.shape[:2]), Naive(*quarter.shape[:2])
        step = part.stepper(quarter, batch)
        for name, count in (("", threads), (ALONE, 1)):
            runs[f"torch train{name}"] = functools.partial(whole.with_threads, count, step)
            runs[f"torch decode{name}"] = functools.partial(whole.with_threads, count, whole.decode, frame)
    return runs


def random_samples(pixels: NDArray[np.uint8], count: int) -> trained.Samples:
    """Random pixels of a frame, and their own colours as targets."""
    height, width = pixels.shape[:2]
    places = np.random.default_rng(0).integers(0, height * width, count)
    codes = pixels.reshape(-1, 3)[places]
    index = np.empty((count, gain_network.SECTIONS), np.int32)
    index[:, 0], index[:, 1] = places % width, places // width + width
    index[:, 2:] = codes + (np.arange(3) * gain_network.LEVELS + width + height)
    targets = (codes / 255 - 0.5).astype(np.float32)
    return trained.Samples(gain_network.basis(height, width), index, targets, np.ones_like(targets))


def network(pixels: NDArray[np.uint8]) -> gain_network.GainNetwork:
    """An untrained network for a frame: its values do not change how long it takes."""
    kind = Residual("gamma", "pq")
    marks = gain_network.fingerprint(pixels)
    low, high = (0.0, 0.0, 0.0), (2.0, 2.0, 2.0)
    height, width = pixels.shape[:2]
    return gain_network.GainNetwork(gain_network.fresh(NEURONS), NEURONS, kind, low, high, height, width, marks, 2.0)


class Naive:
    """The network in plain torch, for frames of one size."""

    def __init__(self, height: int, width: int) -> None:
        import torch
        from torch import nn

        self.torch = torch
        self.height, self.width = height, width
        self.turns = math.pi * 2.0 ** torch.arange(gain_network.FREQUENCIES)
        inputs = gain_network.SECTIONS * gain_network.EMBEDDED
        self.net = nn.Sequential(
            nn.Linear(inputs, NEURONS), nn.ReLU(), nn.Linear(NEURONS, NEURONS), nn.ReLU(), nn.Linear(NEURONS, 3)
        )

    def with_threads(self, count: int, call: Callable[..., Any], *given: Any) -> None:
        """Calls it while torch has so many threads."""
        before = self.torch.get_num_threads()
        self.torch.set_num_threads(count)
        try:
            call(*given)
        finally:
            self.torch.set_num_threads(before)

    def embedded(self, numbers: Any) -> Any:
        """[n, 120] of five numbers in 0..1 of each pixel, [n, 5]."""
        angles = numbers[..., None] * self.turns
        return self.torch.stack([angles.sin(), angles.cos()], -1).flatten(1)

    def stepper(self, pixels: NDArray[np.uint8], batch: int) -> Run:
        """One step of training on random pixels, drawn anew."""
        torch = self.torch
        codes = (torch.from_numpy(pixels.reshape(-1, 3)) + 0.5) / 256
        wanted = codes - 0.5
        optimizer = torch.optim.Adam(self.net.parameters(), lr=1e-2)

        def step() -> None:
            places = torch.randint(0, self.height * self.width, (batch,))
            x, y = (places % self.width + 0.5) / self.width, (places // self.width + 0.5) / self.height
            numbers = torch.cat([torch.stack([x, y], 1), codes[places]], 1)
            optimizer.zero_grad()
            loss = torch.nn.functional.mse_loss(self.net(self.embedded(numbers)), wanted[places])
            loss.backward()
            optimizer.step()

        return step

    def decode(self, pixels: NDArray[np.uint8]) -> Any:
        """Residual of every pixel, [H, W, 3] float16."""
        torch = self.torch
        x = ((torch.arange(self.width) + 0.5) / self.width)[None, :, None]
        result = torch.empty(self.height, self.width, 3, dtype=torch.float16)
        with torch.no_grad():
            for top in range(0, self.height, BAND_ROWS):
                codes = (torch.from_numpy(pixels[top : top + BAND_ROWS]) + 0.5) / 256
                y = ((torch.arange(top, top + len(codes)) + 0.5) / self.height)[:, None, None]
                shape = (*codes.shape[:2], 1)
                numbers = torch.cat([x.expand(shape), y.expand(shape), codes], 2).flatten(0, 1)
                said = self.net(self.embedded(numbers)) + 1
                result[top : top + BAND_ROWS] = said.clamp(0, 2).half().view(*codes.shape)
        return result
