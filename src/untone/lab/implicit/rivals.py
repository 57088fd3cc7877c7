"""`untone rivals`: Gain-MLP's experiment, gain networks against coded gain maps, over views and tone mappers.

A folder holds `experiment.json` (the settings), `start.pt` (where MLP-ITM begins), one file in `pairs/` for each view
and tone mapper that is done, and the table and plot, rewritten whenever one is. Stopped, the same command goes on.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib.util
import itertools
import json
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from ... import __version__
from ...console.progress import Progress, tell, tracked
from ...errors import UntoneError, UsageError
from ...formats.common.files import save
from .. import packages
from ..data.sources import Source, sources
from ..metrics import hdrvdp
from ..training import initial_weights
from . import coded_maps, comparison, methods, table
from . import scenes as view_scenes
from .settings import Settings
from .tonemappers import MAPPERS

LEARNED_FROM = 12
"""Pairs that MLP-ITM is pretrained on."""

LEARNED_SIZE = (384, 256)


@dataclasses.dataclass(frozen=True)
class Experiment:
    """Configuration that all pairs of an experiment share.

    Attributes:
        folder: of the results.
        views: HDR sources, or ready pairs.
        mappers: names of MAPPERS; for ready pairs scenes.AS_GIVEN alone.
        size: most columns and rows of a view.
        slow_views: how many of the first views also get what takes long: perceptual metrics, quality by time.
        base_quality: of the SDR JPEG; 0 for the exact 8 bits.
        train: sources that MLP-ITM's first weights are learned from; empty leaves that row out.
        mlp_itm: file of the weights that its authors published; None leaves that row out.
        extras: perceptual metrics to be had here.
        settings: of the comparison.
    """

    folder: Path
    views: Sequence[Source | view_scenes.ReadyPair]
    mappers: Sequence[str]
    size: tuple[int, int]
    slow_views: int
    base_quality: int
    train: Sequence[Source]
    mlp_itm: Path | None
    extras: tuple[str, ...]
    settings: Settings

    def file(self, view: Source | view_scenes.ReadyPair, mapper: str) -> Path:
        """What holds the figures of a pair that is done."""
        return self.folder / "pairs" / f"{view.scene}-{mapper.replace(' ', '-')}.json"

    @property
    def claim(self) -> dict[str, Any]:
        """What results of one folder must have in common; which rows a view has is not of it."""
        settings = {key: value for key, value in dataclasses.asdict(self.settings).items() if key != "only"}
        kept = {"size": self.size, "base_quality": self.base_quality, "settings": settings}
        found: dict[str, Any] = json.loads(json.dumps(kept))
        return found


def run(arguments: argparse.Namespace) -> int:
    """Run or resume; every pair that is done is a file of its own.

    Raises:
        UsageError: numbers out of range.
        UntoneError: a source cannot be read, or the folder holds another experiment.
    """
    packages.require("matplotlib")
    torch.set_num_threads(arguments.threads)
    this = _experiment(arguments)
    _claimed(this)
    starts = _starts(this)
    jobs = list(itertools.product(enumerate(this.views), this.mappers))
    wanted = [job for job in jobs if not this.file(job[0][1], job[1]).exists()]
    with Progress(len(jobs), "views x tone mappers", len(jobs) - len(wanted)) as progress:
        for (number, view), mapper in wanted:
            begun = time.process_time()
            found = pair(this, view, mapper, starts, number < this.slow_views)
            save(this.file(view, mapper), [json.dumps(found, indent=1).encode() + b"\n"])
            table.write(this.folder)
            tell(f"{view.scene}, {mapper}: {time.process_time() - begun:.0f} s of CPU")
            progress.step()
    table.write(this.folder)
    print(this.folder / "table.md")
    return 0


def _experiment(arguments: argparse.Namespace) -> Experiment:
    if not 0 <= arguments.base_quality <= 100 or (arguments.views or 1) < 1 or arguments.steps < 1:
        raise UsageError("--quality is 0 to 100, --views and --steps are 1 or more")
    neurons = tuple(arguments.neurons or Settings.neurons)
    if 16 not in neurons or any(n % 8 or not 8 <= n <= 128 for n in neurons):
        raise UsageError("--neurons must be 8 to 128, multiples of 8, 16 among them")
    extras: tuple[str, ...] = ()
    if arguments.hdrvdp is not None:
        hdrvdp.choose(hdrvdp.Setting(arguments.hdrvdp))
        extras += ("hdrvdp3_q",)
    if arguments.slow_views and importlib.util.find_spec("pycvvdp") is not None:
        extras += ("cvvdp_jod",)
    settings = Settings(
        most_bytes=arguments.most_bytes, neurons=neurons, steps=arguments.steps, seed=arguments.seed,
        only=tuple(arguments.only),
    )  # fmt: skip
    views, mappers = _views(arguments)
    train = _chosen(sources(arguments.train), LEARNED_FROM) if arguments.train else []
    return Experiment(
        arguments.output, views, mappers, arguments.size, arguments.slow_views, arguments.base_quality,
        train, arguments.mlp_itm, extras, settings,
    )  # fmt: skip


def _views(arguments: argparse.Namespace) -> tuple[Sequence[Source | view_scenes.ReadyPair], list[str]]:
    """What is reported on, and the tone mappers it is given."""
    if (arguments.pairs is None) == (not arguments.sources):
        raise UsageError("HDR sources or --pairs are needed, and not both")
    if arguments.pairs is None:
        return _chosen(sources(arguments.sources), arguments.views), arguments.mappers or list(MAPPERS)
    if arguments.mappers:
        raise UsageError("--mappers are for HDR sources; ready pairs are tone mapped already")
    return view_scenes.ready_pairs(arguments.pairs, arguments.views), [view_scenes.AS_GIVEN]


def _chosen(found: list[Source], most: int | None) -> list[Source]:
    """So many of the sources, evenly, of those that have light above SDR white once graded."""
    looked_at = ((s, float(view_scenes.graded(s.light()).max())) for s in tracked(found, "sources looked at"))
    kept = [s for s, peak in looked_at if peak > view_scenes.LEAST_PEAK]
    if not kept:
        raise UntoneError("none of the sources has light above SDR white")
    count = min(most or len(kept), len(kept))
    return [kept[k * len(kept) // count] for k in range(count)]


def _claimed(this: Experiment) -> None:
    (this.folder / "pairs").mkdir(parents=True, exist_ok=True)
    note = this.folder / "experiment.json"
    if note.exists():
        if json.loads(note.read_text())["claim"] != this.claim:
            raise UntoneError(f"{this.folder}: holds another experiment ({note.name} differs); choose another folder")
        return
    state = {"claim": this.claim, "version": __version__, "commit": _commit(), "views": [v.scene for v in this.views]}
    save(note, [json.dumps(state, indent=1).encode() + b"\n"])


def _commit() -> str | None:
    done = subprocess.run(
        ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short", "HEAD"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.stdout.strip() or None


def _starts(this: Experiment) -> dict[str, methods.MlpItm]:
    """First weights of each row of MLP-ITM: pretrained here, learned once, and published."""
    starts = {}
    if this.train:
        starts["MLP-ITM"] = _pretrained(this)
    if this.mlp_itm is not None:
        starts["MLP-ITM, published weights"] = methods.published(this.mlp_itm)
    return starts


def _pretrained(this: Experiment) -> methods.MlpItm:
    path, net = this.folder / "start.pt", methods.MlpItm()
    if not path.exists():
        tell("pretraining MLP-ITM")
        names = [name for name in this.mappers if name in MAPPERS] or list(MAPPERS)
        train = tracked(this.train, "tone-mapped sources to pretrain on")
        scenes = [view_scenes.scene(s, names[k % len(names)], LEARNED_SIZE) for k, s in enumerate(train)]
        net = methods.pretrained([(s.image.pixels, s.truth.pq) for s in scenes], seed=this.settings.seed)
        partial = path.with_name(f".{path.name}")
        torch.save(net.state_dict(), partial)
        partial.rename(path)
    initial_weights.put(initial_weights.read(path), net, path)
    return net


def pair(
    this: Experiment, view: Source | view_scenes.ReadyPair, mapper: str, starts: comparison.Starts, slow: bool
) -> dict[str, Any]:
    """All figures of one view and tone mapper, ready for JSON."""
    scene = view_scenes.scene(view, mapper, this.size, this.base_quality)
    points = list(coded_maps.points(scene, this.settings))
    rows = {}
    entries = comparison.entries(scene, points, starts, this.settings, slow)
    for name, make in tracked(list(entries.items()), f"rows of {view.scene}, {mapper}"):
        begun = time.process_time()
        made, size = make()
        spent = time.process_time() - begun
        extras = this.extras if slow and name in table.PRINCIPAL else ()
        rows[name] = {"bytes": size, "cpu_seconds": spent} | comparison.figures(scene, made, extras)
    return {
        "view": view.scene,
        "mapper": mapper,
        "pixels": list(scene.light.shape[1::-1]),
        "rows": rows,
        "points": [dataclasses.asdict(point) for point in points],
        "by_time": comparison.by_time(scene, starts, this.settings) if slow else [],
    }
