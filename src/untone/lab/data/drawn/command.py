"""`untone draw`: drawn pictures as shards of pairs, beside those of `untone synth`."""

from __future__ import annotations

import argparse
import io
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ....console.progress import Progress, interruptible, tracked
from ....errors import UntoneError, UsageError
from ....formats.common.files import save
from ..layouts.shards import SHARD, Pairs, mapped
from ..subsets import DRAWN
from . import KINDS, chosen, draw
from .canvas import Drawing, PhotoSource, Random

FIRST = 90_000
"""Number of the first shard: after those of photographs, so that one folder can hold both."""

NOTE = {"family": DRAWN, "scene": "drawn", "source": "drawn", "primaries": "bt709", "channels": 3}


def photos_of(pairs: Pairs) -> PhotoSource:
    """Photographs out of a folder of pairs, but none that were drawn into it."""
    shards = [path for path in pairs.folder.glob("[0-9]*.sdr.npy") if path.name < f"{FIRST}"]
    count = sum(len(mapped(path)[0]) for path in shards)
    if not count:
        raise UntoneError(f"{pairs.folder}: holds no photographs to show in drawn pictures")

    def photo(random: Random) -> Drawing:
        codes, gain = pairs[int(random.integers(min(count, len(pairs))))]
        return Drawing(np.asarray(codes, np.float32) / 255, np.asarray(gain, np.float32))

    return photo


def write(folder: Path, photos: PhotoSource, count: int, seed: int, side: int) -> Iterator[int]:
    """Writes the shards that are not there yet; after each, how many pictures are there.

    Args:
        folder: of the pairs; made if need be.
        photos: to show inside of pictures.
        count: pictures, rounded up to whole shards.
        seed: with the number of a picture it decides all of it.
        side: rows and columns.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for shard in range(-(-count // SHARD)):
        name = f"{FIRST + shard}"
        if not (folder / f"{name}.sdr.npy").exists():
            _shard(folder, name, photos, range(shard * SHARD, (shard + 1) * SHARD), seed, side)
        yield (shard + 1) * SHARD


def _shard(folder: Path, name: str, photos: PhotoSource, numbers: range, seed: int, side: int) -> None:
    """The SDR file, which marks a whole shard, last."""
    kinds, made = [], []
    for number in tracked(numbers, f"pictures of shard {name}"):
        random = np.random.default_rng([seed, number])
        kinds.append(chosen(random))
        made.append(draw(kinds[-1], random, photos, side))
    save(folder / f"{name}.notes.json", [json.dumps([NOTE | {"kind": kind} for kind in kinds]).encode()])
    for suffix, column in (("gain", 1), ("sdr", 0)):
        stream = io.BytesIO()
        np.save(stream, np.stack([pair[column] for pair in made]))
        save(folder / f"{name}.{suffix}.npy", [stream.getvalue()])


def run(arguments: argparse.Namespace) -> int:
    """`untone draw`: draws the pictures that are not there yet, of all of KINDS."""
    if arguments.count < 1 or arguments.seed < 0:
        raise UsageError("--count must be 1 or more, --seed 0 or more")
    if not 64 <= arguments.size <= 2048 or arguments.size % 4:
        raise UsageError(f"--size must be a multiple of 4 from 64 to 2048, not {arguments.size}")
    photos = photos_of(Pairs(arguments.pairs))
    made = write(arguments.output, photos, arguments.count, arguments.seed, arguments.size)
    with interruptible(), Progress(arguments.count, f"pictures of {len(KINDS)} kinds") as progress:
        for count in made:
            progress.step(count - progress.done)
    return 0
