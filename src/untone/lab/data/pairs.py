"""`untone synth`: writes synthetic pairs of HDR sources, seeded and resumable, as shards or in published layouts.

Pair k of a seed depends on the sources, the style and k alone: not on how many processes made it, nor on interruptions.
"""

from __future__ import annotations

import argparse
import dataclasses
import difflib
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
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ...console.lines import complain
from ...console.progress import Progress, interruptible
from ...errors import DamagedError, UntoneError, UsageError
from ...formats.common.files import save
from . import views
from .examples import Example, thumbnail_of
from .layouts import gmnet, hdrtv1k
from .layouts.shards import SHARD, Pairs, mapped
from .sources import Source, sources
from .synthesis.pair import Pair, pair
from .synthesis.style import Style
from .tonemapping import KINDS

__all__ = ["SHARD", "Pairs", "make_pair", "synthesise"]

T = TypeVar("T")

TRIES = 400
"""Views looked at for one pair; good sources need two or three."""


@functools.lru_cache(maxsize=160)
def _light(source: Source) -> NDArray[np.float16]:
    return source.light().astype(np.float16)


def make_pair(index: int, hdr_images: list[Source], seed: int, style: Style) -> Pair:
    """Pair number `index` of `seed`: the same arguments give the same pixels.

    Raises:
        UntoneError: the sources hold nothing that a photographer would keep.
    """
    if _stop is not None and _stop.is_set():
        raise UntoneError("interrupted")
    random = np.random.default_rng([seed, index])
    for _ in range(TRIES):
        place = index % len(hdr_images) if random.random() < 0.5 else int(random.integers(len(hdr_images)))
        source = hdr_images[place]
        view = views.random_view(_light(source), source, random, style.size)
        made = pair(view, random, style)
        if made is not None:
            return dataclasses.replace(made, notes={"scene": source.scene, "source": source.path.name} | made.notes)
    raise UntoneError(
        f"no view of {TRIES} makes a plausible pair; are {hdr_images[0].path} and the others photographs?"
    )


def save_shard(folder: Path, shard: int, made: list[Pair]) -> None:
    """Writes a shard, each file whole or not at all; the SDR file, which marks a whole shard, last."""
    notes = ",\n".join(json.dumps(one.notes) for one in made)
    save(folder / f"{shard:05d}.notes.json", [f"[\n{notes}\n]\n".encode()])
    for name, parts in (("gain", [p.gain_stops for p in made]), ("sdr", [p.sdr for p in made])):
        stream = io.BytesIO()
        np.save(stream, np.stack(parts))
        save(folder / f"{shard:05d}.{name}.npy", [stream.getvalue()])


def make_files(index: int, hdr_images: list[Source], folder: Path, seed: int, style: Style, layout: str) -> float:
    """Writes a pair in a layout of single files; the mean loss of its gain there, stops."""
    made = make_pair(index, hdr_images, seed, style)
    example = Example(f"{index:07d}", made.sdr, made.gain_stops, thumbnail_of(made.sdr))
    return gmnet.write(folder, example) if layout == "gmnet" else hdrtv1k.write(folder, example)


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
    style: Style,
    workers: int = 1,
    *,
    layout: str = "pairs",
    panorama: str = "auto",
    strict: bool = False,
) -> Iterator[int]:
    """Makes pairs until `folder` holds `count`; existing ones stay. Yields pairs so far, from those that were there on.

    Args:
        hdr, panorama, strict: as sources.sources takes them.
        layout: "pairs" (shards of SHARD), "gmnet" or "hdrtv1k".

    Raises:
        UntoneError: `folder` holds pairs of another style, seed or source; or no source can be used.
    """
    hdr_images = sources(hdr, panorama=panorama, strict=strict)
    folder.mkdir(parents=True, exist_ok=True)
    _claim(folder, _recipe(hdr_images, seed, style, layout))
    if layout == "pairs":
        yield from _shards(hdr_images, folder, count, seed, style, workers)
    else:
        yield from _files(hdr_images, folder, count, seed, style, workers, layout)


def _shards(hdr_images: list[Source], folder: Path, count: int, seed: int, style: Style, workers: int) -> Iterator[int]:
    wanted = [shard for shard in range(-(-count // SHARD)) if _rows(folder, shard) < min(SHARD, count - shard * SHARD)]
    rows = {shard: range(shard * SHARD, min(shard * SHARD + SHARD, count)) for shard in wanted}
    done = count - sum(map(len, rows.values()))
    yield done
    work = functools.partial(make_pair, hdr_images=hdr_images, seed=seed, style=style)
    results = _results(work, [index for shard in wanted for index in rows[shard]], workers)
    for shard in wanted:
        made = []
        for _ in rows[shard]:
            made.append(next(results))
            done += 1
            if len(made) < len(rows[shard]):
                yield done
        save_shard(folder, shard, made)
        yield done


def _files(
    hdr_images: list[Source], folder: Path, count: int, seed: int, style: Style, workers: int, layout: str
) -> Iterator[int]:
    wanted = [index for index in range(count) if not mark(folder, layout, index).exists()]
    yield count - len(wanted)
    work = functools.partial(make_files, hdr_images=hdr_images, folder=folder, seed=seed, style=style, layout=layout)
    losses = []
    for loss in _results(work, wanted, workers):
        losses.append(loss)
        yield count - len(wanted) + len(losses)
    if losses:
        complain(f"{folder}: the {layout} layout loses {np.mean(losses):.4f} stops of the pairs' gain in the mean")


def _rows(folder: Path, shard: int) -> int:
    """Pairs in a shard on disk; 0 where it is not there or not whole."""
    path = mark(folder, "pairs", shard * SHARD)
    try:
        return len(mapped(path)[0]) if path.exists() else 0
    except DamagedError:
        return 0


def _results(work: Callable[[int], T], wanted: list[int], workers: int) -> Iterator[T]:
    """Work on each of `wanted`, in order, by so many processes."""
    if workers == 1 or not wanted:
        yield from map(work, wanted)
        return
    stop = multiprocessing.Event()
    pool = ProcessPoolExecutor(workers, initializer=_be_a_worker, initargs=(stop,))
    try:
        yield from pool.map(work, wanted, chunksize=4)
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


def _recipe(hdr_images: list[Source], seed: int, style: Style, layout: str) -> dict[str, Any]:
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


def kinds(only: str | None, leave_out: str | None) -> tuple[str, ...]:
    """Names of KINDS, by lists with commas between.

    Raises:
        UsageError: a name that there is not, or none is left.
    """
    asked, left = ([] if text is None else [name.strip() for name in text.split(",")] for text in (only, leave_out))
    for name in (*asked, *left):
        if name not in KINDS:
            near = difflib.get_close_matches(name, KINDS, 1)
            raise UsageError(f"no kind of tone mapper is called {name!r}{f'; {near[0]}?' if near else ''}")
    chosen = tuple(name for name in KINDS if (only is None or name in asked) and name not in left)
    if not chosen:
        raise UsageError("--only and --leave-out leave no kind of tone mapper")
    return chosen


def run(arguments: argparse.Namespace) -> int:
    """`untone synth`: makes the pairs that are not there yet."""
    if arguments.count < 1 or arguments.seed < 0:
        raise UsageError("--count must be 1 or more, --seed 0 or more")
    if not 64 <= arguments.size <= 2048 or arguments.size % 4:
        raise UsageError(f"--size must be a multiple of 4 from 64 to 2048, not {arguments.size}")
    style = Style(size=arguments.size, kinds=kinds(arguments.only, arguments.leave_out))
    made = synthesise(
        arguments.hdr, arguments.output, arguments.count, arguments.seed, style, arguments.jobs,
        layout=arguments.layout, panorama=arguments.panorama, strict=arguments.strict,
    )  # fmt: skip
    with interruptible(), Progress(arguments.count, "pairs") as progress:
        progress.begin(next(made))
        for count in made:
            progress.step(count - progress.done)
    return 0
