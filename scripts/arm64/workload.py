"""Every kernel twice, over few and over more pixels, with a call of sched_yield around each: count.py reads the marks.

    PYTHONPATH=src PYTHONHASHSEED=0 python scripts/arm64/workload.py [VARIANT ...]

Prints one line per pair of runs: variant, kernel, and what the second run has more (pixels; samples of one step for
training). Instructions of Python and of tables are the same in both runs, so that they cancel.
"""

import gc
import os
import sys
from collections.abc import Callable

import numpy as np

from untone import colour, gain_network, kernels
from untone.image import GainMap
from untone.kernels import network, video
from untone.operators import Operators
from untone.residuals import Residual

WIDTH, ROWS = 1024, (32, 128)
CELLS = {32: 5, 128: 17}  # of a thumbnail's side: 6 to 8 rows to a cell, as of a 4K frame
NEURONS, BATCH, STEPS = 16, 2048, (2, 10)


def trained_like() -> Operators:
    """Operators as uneven as those of a trained network."""
    rng = np.random.default_rng(0)
    grids = rng.normal(0, 0.05, (3, 8, 8, 8, 3))
    for k in range(3):
        grids[k, ..., k] += np.linspace(0, 1, 8)
    ramp = np.linspace(0, 1, 17)
    lut = np.stack(np.meshgrid(ramp, ramp, ramp, indexing="ij"), axis=-1) ** 2 + rng.normal(0, 0.02, (17, 17, 17, 3))
    return Operators(grids.astype(np.float32), lut.astype(np.float32), 2.5)


def frame(rows: int, transfer: str) -> Callable[[str], object]:
    """One frame of a film through its kernel."""
    rng = np.random.default_rng(2)
    sizes = ((rows, WIDTH), (rows // 2, WIDTH // 2), (rows // 2, WIDTH // 2))
    source = video.YCbCr(*(rng.integers(16, 235, size, dtype=np.uint8) for size in sizes))
    targets, rendering = video.empty_planes(rows, WIDTH), video.Rendering(transfer=transfer)
    operators = trained_like()
    return lambda variant: video.write_planes(source, operators, rendering, targets, threads=1, variant=variant)


def decoding(rows: int) -> Callable[[str], object]:
    """A gain network read at every pixel."""
    vector, ends = gain_network.fresh(NEURONS), ((-1.0,) * 3, (3.0,) * 3)
    kind = Residual("gain", "linear", "bt709")
    found = gain_network.GainNetwork(vector, NEURONS, kind, *ends, rows, WIDTH, np.zeros(16, np.uint8), 2.0)
    pixels = np.random.default_rng(3).integers(0, 255, (rows, WIDTH, 3), dtype=np.uint8)
    return lambda variant: network.values(pixels, found, dtype=np.float16, threads=1, variant=variant)


def training(steps: int) -> Callable[[str], object]:
    """Steps of training a gain network."""
    rng = np.random.default_rng(4)
    basis = gain_network.basis(300, 400)
    starts = np.cumsum(basis.counts) - basis.counts
    index = np.stack([s + rng.integers(0, n, BATCH) for s, n in zip(starts, basis.counts, strict=True)], -1)
    samples = network.Samples(
        basis, index.astype(np.int32), rng.normal(0, 1, (BATCH, 3)).astype(np.float32), np.ones((BATCH, 3), np.float32)
    )
    schedule = network.Schedule(steps, BATCH, 0.01)
    vector = gain_network.fresh(NEURONS)
    return lambda variant: network.train(vector, NEURONS, samples, schedule, threads=1, variant=variant)


def over_pixels(rows: int) -> dict[str, Callable[[str], object]]:
    """Kernels of photos, by name."""
    rng, operators = np.random.default_rng(1), trained_like()
    pixels = rng.integers(0, 255, (rows, WIDTH, 3), dtype=np.uint8)
    light = rng.uniform(0, 4, (rows, WIDTH, 3)).astype(np.float32)
    codes, halves, words = (np.empty(pixels.shape, kind) for kind in (np.uint8, np.float16, np.uint16))
    half = np.empty((rows // 2, WIDTH // 2, 3), np.uint8)
    gain_map = GainMap(half + np.uint8(7), (0.0,) * 3, (2.0,) * 3)
    bent = GainMap(half + np.uint8(7), (0.0,) * 3, (2.0,) * 3, gamma=(0.7,) * 3)
    table, ends = colour.code_table("srgb"), ((-1.0,) * 3, (2.0,) * 3)
    k, one = kernels, {"threads": 1}
    return {
        "gain map, 8 bit": lambda v: k.gain_codes(pixels, operators, *ends, out=codes, variant=v, **one),
        "half floats": lambda v: k.hdr_linear(pixels, operators, out=halves, variant=v, **one),
        "PQ, 10 bit": lambda v: k.hdr_pq10(pixels, operators, out=words, variant=v, **one),
        "half-size map": lambda v: k.gain_codes(pixels, operators, *ends, divisor=2, out=half, variant=v, **one),
        "thumbnail": lambda v: k.thumbnail(pixels, CELLS[rows], variant=v, **one),
        "apply": lambda v: k.apply(pixels, table, gain_map, dtype=np.float16, out=halves, variant=v, **one),
        "apply, gamma": lambda v: k.apply(pixels, table, bent, dtype=np.float16, out=halves, variant=v, **one),
        "PQ, 16 bit": lambda v: k.pq16(light, out=words, variant=v, **one),
        "film, PQ": frame(rows, "pq"),
        "film, HLG": frame(rows, "hlg"),
        "network decoding": decoding(rows),
    }


def main(variants: list[str]) -> None:
    """Run everything with each variant."""
    few, more = map(over_pixels, ROWS)
    pairs = {name: (few[name], more[name], (ROWS[1] - ROWS[0]) * WIDTH) for name in few}
    pairs["network training"] = (*map(training, STEPS), (STEPS[1] - STEPS[0]) * BATCH)
    gc.disable()
    for variant in variants or kernels.info()["available"][:-1]:
        for name, (first, second, count) in pairs.items():
            first(variant)  # what is kept for later calls is made here
            os.sched_yield()
            first(variant)
            os.sched_yield()
            second(variant)
            os.sched_yield()
            print(variant, name, count, sep="\t", flush=True)


main(sys.argv[1:])
