"""Pairs on disk: made from HDR sources in seeded, resumable shards, and read back without loading them whole.

A folder of pairs holds, for every shard NNNNN, `NNNNN.sdr.npy` ([n, s, s, 3] uint8, sRGB BT.709) and
`NNNNN.gain.npy` ([n, s, s, 3] float16, stops), and one `style.json` that says how they were made.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import json
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import UntoneError
from . import synth, views
from .layouts.shards import SHARD, Pairs

__all__ = ["SHARD", "Pairs", "make_pair", "make_shard", "synthesise"]


@functools.lru_cache(maxsize=160)
def _light(path: Path) -> NDArray[np.float16]:
    return views.read_light(path).astype(np.float16)


def make_pair(origins: list[views.Source], seed: int, index: int, style: synth.Style) -> synth.Pair:
    """Pair number `index` of `seed`: the same arguments give the same pixels."""
    random = np.random.default_rng([seed, index])
    while True:
        source = origins[index % len(origins)] if random.random() < 0.5 else origins[random.integers(len(origins))]
        view = views.random_view(_light(source.path).astype(np.float32), source, random, style.size)
        made = synth.pair(view, random, style)
        if made is not None:
            return made


def make_shard(origins: list[views.Source], folder: Path, shard: int, seed: int, style: synth.Style) -> None:
    """Writes shard number `shard`, whole or not at all."""
    made = [make_pair(origins, seed, shard * SHARD + k, style) for k in range(SHARD)]
    arrays: dict[str, NDArray[Any]] = {
        "gain": np.stack([p.gain_stops for p in made]),
        "sdr": np.stack([p.sdr for p in made]),
    }
    for name, array in arrays.items():
        partial = folder / f".{shard:05d}.{name}.npy"
        np.save(partial, array)
        partial.rename(folder / f"{shard:05d}.{name}.npy")


def synthesise(hdr: Path, folder: Path, count: int, seed: int, style: synth.Style, workers: int = 1) -> Iterator[int]:
    """Makes shards until `folder` holds at least `count` pairs; existing shards stay. Yields pairs on disk so far.

    Raises:
        UntoneError: `folder` holds pairs of another style, seed or source.
    """
    origins = views.sources(hdr)
    folder.mkdir(parents=True, exist_ok=True)
    _claim(folder, {"seed": seed, "sources": len(origins), "style": dataclasses.asdict(style)})
    shards = range(-(-count // SHARD))
    wanted = [shard for shard in shards if not (folder / f"{shard:05d}.sdr.npy").exists()]
    work = functools.partial(make_shard, origins, folder, seed=seed, style=style)
    done = len(shards) - len(wanted)
    if workers == 1:
        for shard in wanted:
            work(shard)
            done += 1
            yield done * SHARD
        return
    with ProcessPoolExecutor(workers) as pool:
        for _ in pool.map(work, wanted):
            done += 1
            yield done * SHARD


def _claim(folder: Path, recipe: dict[str, Any]) -> None:
    note = folder / "style.json"
    text = json.dumps(recipe, indent=1)
    if note.exists() and json.loads(note.read_text()) != json.loads(text):
        raise UntoneError(f"{folder}: holds pairs made with another style or seed; choose another folder")
    note.write_text(text)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `untone synth`."""
    parser.add_argument("hdr", type=Path, metavar="HDR", help="folder of scene-linear EXR panoramas and stills")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="folder for the pairs")
    parser.add_argument("--count", type=int, default=9152, help="pairs, rounded up to 64; default 9152")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same pairs; default 1")
    parser.add_argument("--photos-only", action="store_true", help="no drawn pictures to leave alone (for validation)")
    parser.add_argument("-j", "--jobs", type=int, default=1, metavar="N", help="processes; default 1")


def run(arguments: argparse.Namespace) -> int:
    """`untone synth`: makes the pairs that are not there yet."""
    style = synth.Style(alone_share=0.0) if arguments.photos_only else synth.Style()
    made = synthesise(arguments.hdr, arguments.output, arguments.count, arguments.seed, style, arguments.jobs)
    for count in made:
        sys.stderr.write(f"\r{count} of {arguments.count} pairs")
    sys.stderr.write("\n")
    return 0
