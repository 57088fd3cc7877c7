"""`untone bench`: times the kernels, the thumbnail stage and the whole command on this machine.

Ratios come from runs that take turns within one process, so that a busy machine slows both sides alike, and from the
lower quartile of either side, which a busy machine shifts less than the median. Two threads over one is the median of
the ratios of neighbouring runs. Everyone writes into buffers made beforehand, the kernels and torch, as a player of
video would: a fresh 50 MB result costs its pages anew in every call. Milliseconds belong to this machine and this hour:
`load_average` tells how busy it was, `spread` how far the middle half of the runs lay apart, `cpu_ms` what one thread
spent without waiting for others.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ... import kernels
from ...console.options import add_quiet
from ...console.progress import Progress
from ...operators import Operators
from . import gain_network, report, transcoding, video

HEIGHT, WIDTH = 2160, 3840
ROUNDS, TURNS = 3, 5
"""Runs of eager torch, and turns of the kernels around each of them."""
COMMAND_ROUNDS = 5
KERNELS = ("gain_map_u8_4k", "fp16_4k", "pq10_4k", "half_map_4k")

Run = Callable[[], Any]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    add_quiet(parser.add_argument, "no progress; the figures alone")
    parser.add_argument(
        "--quick", action="store_true", help="few rounds; eager torch only for the gain map and half floats"
    )
    parser.add_argument(
        "--pairs", type=Path, metavar="DIR", help="data set to measure the quality of gain networks on; default: noise"
    )


def run(arguments: argparse.Namespace) -> int:
    """The command: measure, print, exit code 0."""
    result = bench(quick=arguments.quick, views=arguments.pairs)
    if arguments.json:
        print(json.dumps(result))
    else:
        report.show(result)
    return 0


def bench(*, quick: bool = False, views: Path | None = None) -> dict[str, Any]:
    """Everything `untone bench --json` prints.

    Keys: kernels.NAME.{ms_median, ms_quartile, spread, cpu_ms, threads, variant, scaling, speedup_over_torch_eager,
    ...} for each of KERNELS, where `variants` holds the same of every compiled variant and `scaling` is the gain of two
    threads over one;
    thumbnail.{downsample_ms, encoder_ms, share_of_full_size}; command_12mp.{seconds, peak_mib}; formats, as of
    transcoding.bench; gain_mlp, as of gain_network.bench; video, as of video.bench. None where something needed is not
    installed.
    """
    result = {"load_average": _load_average(), **kernels.info()}
    parts: dict[str, Run] = {
        "thumbnail": lambda: _thumbnail(quick, result["kernels"]["gain_map_u8_4k"]["ms_median"]),
        "command_12mp": lambda: _command(1 if quick else COMMAND_ROUNDS),
        "formats": lambda: transcoding.bench(specimen()[0], quick=quick),
        "gain_mlp": lambda: gain_network.bench(specimen()[0], quick=quick, views=views),
        "video": lambda: video.bench(*specimen(), quick=quick),
    }
    with Progress(len(KERNELS) + len(parts), "groups of timings") as progress:
        result["kernels"], result["torch_eager"] = _kernels(quick, progress.step)
        for name, part in parts.items():
            result[name] = part()
            progress.step()
    return result


def _load_average() -> list[float] | None:
    return [round(x, 2) for x in os.getloadavg()] if hasattr(os, "getloadavg") else None


@dataclasses.dataclass(frozen=True)
class Spent:
    """Milliseconds of each run of one call: by the clock, and of this process's CPU time."""

    wall: list[float] = dataclasses.field(default_factory=list)
    cpu: list[float] = dataclasses.field(default_factory=list)

    def time(self, call: Run) -> None:
        """Run the call once more and note what it took."""
        cpu, start = time.process_time(), time.perf_counter()
        call()
        self.wall.append((time.perf_counter() - start) * 1000)
        self.cpu.append((time.process_time() - cpu) * 1000)


def take_turns(runs: dict[str, Run], rounds: int) -> dict[str, Spent]:
    """What each run took; every round calls all of them once, after one round to warm up."""
    spent = {name: Spent() for name in runs}
    for call in runs.values():
        call()
    for _ in range(rounds):
        for name, call in runs.items():
            spent[name].time(call)
    return spent


def quartile(times: list[float], which: int = 1) -> float:
    """The first (or `which`) quartile, as one of the values; of up to four, the first is the least."""
    return sorted(times)[which * (len(times) - 1) // 4]


def specimen(seed: int = 0) -> tuple[NDArray[np.uint8], Operators]:
    """A 4K frame with gradients, edges and sensor noise, and operators as uneven as a trained network's."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    shade = 60 + 50 * np.sin(x / 300) + 40 * np.cos(y / 200) + 60 * ((x // 400 + y // 300) % 2)
    frame = shade[..., None] + np.array([0, 10, 20]) + rng.normal(0, 3, (HEIGHT, WIDTH, 3))
    grids = rng.normal(0, 0.05, (3, 8, 8, 8, 3))
    for k in range(3):
        grids[k, ..., k] += np.linspace(0, 1, 8)
    ramp = np.linspace(0, 1, 17)
    lut = np.stack(np.meshgrid(ramp, ramp, ramp, indexing="ij"), axis=-1) ** 2 + rng.normal(0, 0.02, (17, 17, 17, 3))
    operators = Operators(grids.astype(np.float32), np.ascontiguousarray(lut, np.float32), 2.5)
    return np.clip(frame, 0, 255).astype(np.uint8), operators


def _calls(pixels: NDArray[np.uint8], operators: Operators) -> dict[str, Callable[..., Any]]:
    low, high = kernels.gain_range(pixels, operators)
    codes, light = np.zeros(pixels.shape, np.uint8), np.zeros(pixels.shape, np.float16)
    pq10, quarter = np.zeros(pixels.shape, np.uint16), np.zeros((HEIGHT // 2, WIDTH // 2, 3), np.uint8)
    return {
        "gain_map_u8_4k": lambda **how: kernels.gain_codes(pixels, operators, low, high, out=codes, **how),
        "fp16_4k": lambda **how: kernels.hdr_linear(pixels, operators, out=light, **how),
        "pq10_4k": lambda **how: kernels.hdr_pq10(pixels, operators, out=pq10, **how),
        "half_map_4k": lambda **how: kernels.gain_codes(pixels, operators, low, high, divisor=2, out=quarter, **how),
    }


def _eager_calls(pixels: NDArray[np.uint8], operators: Operators, quick: bool) -> dict[str, Run]:
    if importlib.util.find_spec("torch") is None:
        return {}
    from .eager import Eager

    low, high = kernels.gain_range(pixels, operators)
    full, half = Eager(operators, HEIGHT, WIDTH), Eager(operators, HEIGHT // 2, WIDTH // 2)
    calls: dict[str, Run] = {
        "gain_map_u8_4k": lambda: full.gain_codes(pixels, low, high),
        "fp16_4k": lambda: full.hdr_half(pixels),
    }
    if quick:
        return calls
    exact = Eager(operators, HEIGHT, WIDTH, tetrahedral=True)
    return calls | {
        "pq10_4k": lambda: full.hdr_pq10(pixels),
        "half_map_4k": lambda: half.gain_codes(pixels, low, high, divisor=2),
        "gain_map_u8_4k_tetrahedral": lambda: exact.gain_codes(pixels, low, high),
    }


def _kernels(quick: bool, done: Run) -> tuple[dict[str, Any], dict[str, float]]:
    """Every kernel, by variant and number of threads, and torch eager, all in turns; `done` is called after each."""
    pixels, operators = specimen()
    info = kernels.info()
    threads, chosen = info["threads"], info["variant"]
    variants = [v for v in info["available"] if v != "reference"]
    calls, eager = _calls(pixels, operators), _eager_calls(pixels, operators, quick)
    if eager:
        import torch

        torch.set_num_threads(threads)
    rows: dict[str, Any] = {}
    eager_ms: dict[str, float] = {}
    for name in KERNELS:
        runs: dict[str, Run] = {
            f"{v} {count}": functools.partial(calls[name], variant=v, threads=count)
            for v in variants
            for count in sorted({1, 2, threads})
        }
        slow = {key: call for key, call in eager.items() if key.startswith(name)}
        spent = _rounds(runs, slow, 1 if quick else ROUNDS)
        eager_ms |= {key: quartile(spent[key].wall) for key in slow}
        rows[name] = _row(name, spent, variants, chosen, threads)
        done()
    return rows, eager_ms


def _rounds(runs: dict[str, Run], slow: dict[str, Run], rounds: int) -> dict[str, Spent]:
    """Turns of the kernels between runs of torch, so that both meet the same hours of the machine."""
    spent = {name: Spent() for name in (*runs, *slow)}
    for call in slow.values():
        call()  # warms up
    for _ in range(rounds):
        for name, more in take_turns(runs, TURNS).items():
            spent[name].wall.extend(more.wall)
            spent[name].cpu.extend(more.cpu)
        for name, call in slow.items():
            spent[name].time(call)
    return spent


def _row(name: str, spent: dict[str, Spent], variants: list[str], chosen: str, threads: int) -> dict[str, Any]:
    eager, exact = (quartile(spent[key].wall) if key in spent else None for key in (name, f"{name}_tetrahedral"))
    entries = {}
    for variant in variants:
        one, two, many = (spent[f"{variant} {count}"] for count in (1, 2, threads))
        low = quartile(many.wall)
        entries[variant] = {
            "ms_median": statistics.median(many.wall),
            "ms_quartile": low,
            "spread": (quartile(many.wall, 3) - low) / statistics.median(many.wall),
            "cpu_ms": quartile(one.cpu),
            "one_thread_ms_median": statistics.median(one.wall),
            "scaling": statistics.median(a / b for a, b in zip(one.wall, two.wall, strict=True)),
            "speedup_over_torch_eager": eager / low if eager else None,
            "speedup_over_torch_eager_tetrahedral": exact / low if exact else None,
        }
    best = entries.get(chosen, {})
    return {**best, "threads": threads, "variant": chosen, "variants": entries}


def _thumbnail(quick: bool, full_size_ms: float) -> dict[str, Any]:
    from ... import models

    pixels, _ = specimen()
    thumbnail = kernels.thumbnail(pixels)
    runs: dict[str, Run] = {"downsample_ms": lambda: kernels.thumbnail(pixels)}
    model = models.load() if models.MODELS[models.DEFAULT].is_file() else None
    if model is not None:
        runs["encoder_ms"] = lambda: model.operators(thumbnail)
    spent = take_turns(runs, 5 if quick else 30)
    result: dict[str, Any] = {"encoder_ms": None} | {name: statistics.median(s.wall) for name, s in spent.items()}
    result["share_of_full_size"] = (result["downsample_ms"] + (result["encoder_ms"] or 0)) / full_size_ms
    return result


def _command(rounds: int) -> dict[str, Any]:
    """`python -m untone` on a generated 12-megapixel JPEG: median wall seconds, and the highest memory of a run."""
    from PIL import Image as Pillow

    frame, _ = specimen()
    photo = np.ascontiguousarray(np.pad(frame, ((0, 840), (0, 160), (0, 0)), mode="reflect"))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "photo.jpg"
        Pillow.fromarray(photo).save(path, quality=92)
        spent = [
            _timed_process([sys.executable, "-m", "untone", str(path), "--force", "--quiet"]) for _ in range(rounds)
        ]
    peaks = [peak for _, peak in spent if peak is not None]
    return {"seconds": statistics.median(s for s, _ in spent), "peak_mib": max(peaks) if peaks else None}


_WATCH = """
import json, subprocess, sys, time
start = time.perf_counter()
code = subprocess.call(sys.argv[1:])
seconds, peak = time.perf_counter() - start, None
try:
    import resource
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
except ImportError:
    pass
print(json.dumps([code, seconds, peak]))
"""
"""Runs a command from a small process: a child of this large one would be counted with the memory it began with."""


def _timed_process(command: list[str]) -> tuple[float, float | None]:
    """Seconds and peak resident MiB (None where the system does not tell) of a child process that must succeed."""
    package = str(Path(__file__).resolve().parents[3])
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([package, os.environ.get("PYTHONPATH", "")])}
    watcher = [sys.executable, "-c", _WATCH, *command]
    told = subprocess.run(watcher, env=environment, stdout=subprocess.PIPE, check=True).stdout
    code, seconds, peak = json.loads(told.splitlines()[-1])
    if code != 0:
        raise subprocess.CalledProcessError(code, command)
    return seconds, peak
