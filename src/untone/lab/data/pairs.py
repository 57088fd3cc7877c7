"""`untone synth`: writes synthetic pairs of HDR sources, seeded and resumable, as shards or in published layouts.

Pair k of a seed depends on the sources, the style and k alone: not on how many processes made it, nor on interruptions.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import hashlib
import io
import json
import multiprocessing
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...console.lines import complain
from ...console.options import add_folder, add_jobs, add_quiet
from ...console.progress import Progress, interruptible
from ...errors import UntoneError, UsageError
from ...formats.common.files import save
from . import synth, views
from .examples import Example, thumbnail_of
from .layouts import gmnet, hdrtv1k
from .layouts.shards import SHARD, Pairs
from .sources import Source, sources

__all__ = ["SHARD", "Pairs", "make_pair", "make_shard", "synthesise"]

TRIES = 400
"""Views looked at for one pair; good sources need two or three."""

Work = Callable[[int], float]


@functools.lru_cache(maxsize=160)
def _light(source: Source) -> NDArray[np.float16]:
    return source.light().astype(np.float16)


def make_pair(hdr_images: list[Source], seed: int, index: int, style: synth.Style) -> synth.Pair:
    """Pair number `index` of `seed`: the same arguments give the same pixels.

    Raises:
        UntoneError: the sources hold nothing that a photographer would keep.
    """
    if _stop is not None and _stop.is_set():
        raise UntoneError("interrupted")
    random = np.random.default_rng([seed, index])
    for _ in range(TRIES):
        source = (
            hdr_images[index % len(hdr_images)]
            if random.random() < 0.5
            else hdr_images[random.integers(len(hdr_images))]
        )
        view = views.random_view(_light(source).astype(np.float32), source, random, style.size)
        made = synth.pair(view, random, style)
        if made is not None:
            return made
    raise UntoneError(
        f"no view of {TRIES} makes a plausible pair; are {hdr_images[0].path} and the others photographs?"
    )


def make_shard(hdr_images: list[Source], folder: Path, shard: int, seed: int, style: synth.Style) -> float:
    """Writes shard number `shard`, each file whole or not at all; the SDR file, which marks a whole shard, last."""
    made = [make_pair(hdr_images, seed, shard * SHARD + k, style) for k in range(SHARD)]
    for name, parts in (("gain", [p.gain_stops for p in made]), ("sdr", [p.sdr for p in made])):
        stream = io.BytesIO()
        np.save(stream, np.stack(parts))
        save(folder / f"{shard:05d}.{name}.npy", [stream.getvalue()])
    return 0.0


def make_files(
    hdr_images: list[Source], folder: Path, shard: int, seed: int, style: synth.Style, count: int, layout: str
) -> float:
    """Writes those pairs of shard number `shard` that are not there in a layout of single files; their mean loss."""
    losses = [0.0]
    for index in range(shard * SHARD, min(shard * SHARD + SHARD, count)):
        if not mark(folder, layout, index).exists():
            made = make_pair(hdr_images, seed, index, style)
            example = Example(f"{index:07d}", made.sdr, made.gain_stops, thumbnail_of(made.sdr))
            losses.append(gmnet.write(folder, example) if layout == "gmnet" else hdrtv1k.write(folder, example))
    return sum(losses) / max(len(losses) - 1, 1)


def mark(folder: Path, layout: str, index: int) -> Path:
    """The file that is written last, of a shard or of a pair."""
    if layout == "pairs":
        return folder / f"{index // SHARD:05d}.sdr.npy"
    return folder / ("image" if layout == "gmnet" else "train_sdr") / f"{index:07d}.png"


def synthesise(
    hdr: Path | Sequence[Path],
    folder: Path,
    count: int,
    seed: int,
    style: synth.Style,
    workers: int = 1,
    *,
    layout: str = "pairs",
    panorama: str = "auto",
    strict: bool = False,
) -> Iterator[int]:
    """Makes pairs until `folder` holds at least `count`; existing ones stay. Yields pairs on disk so far.

    Args:
        hdr, panorama, strict: as sources.sources takes them.
        layout: "pairs" (shards of SHARD), "gmnet" or "hdrtv1k".

    Raises:
        UntoneError: `folder` holds pairs of another style, seed or source; or no source can be used.
    """
    hdr_images = sources(hdr, panorama=panorama, strict=strict)
    folder.mkdir(parents=True, exist_ok=True)
    _claim(folder, _recipe(hdr_images, seed, style, layout))
    shards = range(-(-count // SHARD))
    wanted = [shard for shard in shards if not _is_whole(folder, layout, shard, count)]
    work: Work = functools.partial(make_shard, hdr_images, folder, seed=seed, style=style)
    if layout != "pairs":
        work = functools.partial(make_files, hdr_images, folder, seed=seed, style=style, count=count, layout=layout)
    done, losses = len(shards) - len(wanted), list[float]()
    for loss in _results(work, wanted, workers):
        done += 1
        losses.append(loss)
        yield done * SHARD
    if losses and layout != "pairs":
        complain(f"{folder}: the {layout} layout loses {np.mean(losses):.4f} stops of the pairs' gain in the mean")


def _is_whole(folder: Path, layout: str, shard: int, count: int) -> bool:
    last = shard * SHARD + 1 if layout == "pairs" else min(shard * SHARD + SHARD, count)
    return all(mark(folder, layout, index).exists() for index in range(shard * SHARD, last))


def _results(work: Work, wanted: list[int], workers: int) -> Iterator[float]:
    if workers == 1:
        yield from map(work, wanted)
        return
    stop = multiprocessing.Event()
    pool = ProcessPoolExecutor(workers, initializer=_be_a_worker, initargs=(stop,))
    try:
        yield from pool.map(work, wanted)
    finally:
        stop.set()
        pool.shutdown(cancel_futures=True)


_stop: Event | None = None
"""In a worker: set when the parent was interrupted."""


def _be_a_worker(stop: Event) -> None:
    """Leaves interrupts to the parent process, which reports them; workers then end before their next pair."""
    global _stop
    _stop = stop
    sys.stderr = sys.__stderr__  # the bars are the parent's
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _recipe(hdr_images: list[Source], seed: int, style: synth.Style, layout: str) -> dict[str, Any]:
    names = [f"{o.path.name}/{o.member or o.path.stat().st_size}/{o.is_panorama}" for o in hdr_images]
    digest = hashlib.sha256("\n".join(names).encode("utf-8", "surrogateescape")).hexdigest()
    recipe = {"seed": seed, "sources": len(hdr_images), "style": dataclasses.asdict(style), "digest": digest[:16]}
    return recipe | {"layout": layout}


def _claim(folder: Path, recipe: dict[str, Any]) -> None:
    """Writes the recipe of the pairs, or refuses a folder whose pairs were made otherwise."""
    note = folder / "style.json"
    text = json.dumps(recipe, indent=1)
    if note.exists():
        try:
            found = json.loads(note.read_text())
        except ValueError as error:
            raise UntoneError(f"{note}: damaged; choose another folder") from error
        wanted = json.loads(text)
        known = {"layout": "pairs", "digest": wanted["digest"]}  # notes of earlier versions say neither
        if not isinstance(found, dict) or known | found != wanted:
            raise UntoneError(f"{folder}: holds pairs made with another style or seed; choose another folder")
        return
    if any(folder.glob("[0-9]*.npy")) or (folder / "image").exists() or (folder / "train_sdr").exists():
        raise UntoneError(f"{folder}: holds data whose making is not known ({note.name} is missing)")
    save(note, [text.encode()])


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `untone synth`."""
    add = parser.add_argument
    add(
        "hdr",
        type=Path,
        nargs="+",
        metavar="HDR",
        help="HDR images or folders of them (EXR, HDR, PQ PNG ...), or a pack",
    )
    add_folder(add, "folder for the pairs")
    add("--count", type=int, default=9152, help="pairs, in shards rounded up to 64; default 9152")
    add("--seed", type=int, default=1, help="the same seed gives the same pairs; default 1")
    add("--size", type=int, default=synth.Style.size, help=f"side of a pair; default {synth.Style.size}")
    add(
        "--layout",
        choices=("pairs", "gmnet", "hdrtv1k"),
        default="pairs",
        help="of the files; default pairs",
    )
    add("--panorama", choices=("auto", "yes", "no"), default="auto", help="auto takes 2:1 pictures as panoramas")
    add("--photos-only", action="store_true", help="no drawn pictures to leave alone (for validation)")
    add("--strict", action="store_true", help="stop at a file in a folder that is no HDR image, instead of leaving it")
    add_jobs(add, "processes; default 1", default=1)
    add_quiet(add, "no progress")


def run(arguments: argparse.Namespace) -> int:
    """`untone synth`: makes the pairs that are not there yet."""
    if arguments.count < 1 or arguments.seed < 0:
        raise UsageError("--count must be 1 or more, --seed 0 or more")
    if not 64 <= arguments.size <= 2048 or arguments.size % 4:
        raise UsageError(f"--size must be a multiple of 4 from 64 to 2048, not {arguments.size}")
    style = synth.Style(size=arguments.size)
    style = dataclasses.replace(style, alone_share=0.0) if arguments.photos_only else style
    made = synthesise(
        arguments.hdr, arguments.output, arguments.count, arguments.seed, style, arguments.jobs,
        layout=arguments.layout, panorama=arguments.panorama, strict=arguments.strict,
    )  # fmt: skip
    with interruptible(), Progress(arguments.count, "pairs") as progress:
        for count in made:
            progress.step(count - progress.done)
    return 0
