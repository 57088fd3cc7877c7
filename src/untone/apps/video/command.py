"""Films of a command line, one after the other: each is as wide as the machine by itself."""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from ...console.lines import complain, fault_line
from ...console.progress import interruptible
from .. import choices
from ..choices import Choice
from ..conversion import report
from ..conversion.execution import do
from ..conversion.planning import Job
from . import need_av
from .options import FilmOptions
from .report import FrameProgress, film_as_json, film_summary


def convert_all(films: Sequence[Job], options: FilmOptions, arguments: argparse.Namespace) -> Counter[str]:
    """Convert films and report; how many had each outcome."""
    counts: Counter[str] = Counter()
    find = choices.finder(Path(arguments.choices)) if arguments.choices else lambda _: None
    shown = sys.stderr.isatty() and not arguments.quiet and not arguments.json
    with interruptible():
        for job in films:
            with _progress(job, shown) as tell:
                chosen = find(job.source) if job.source is not None else None
                task = _task(options, chosen, arguments.choices, tell)
                outcome = do(job, arguments.force, _is_debug(arguments), task, arguments.keep_times)
            counts[outcome.status] += 1
            _tell(outcome, arguments)
    return counts


def _is_debug(arguments: argparse.Namespace) -> bool:
    return bool(arguments.debug or os.environ.get("UNTONE_DEBUG"))


def _progress(job: Job, shown: bool) -> AbstractContextManager[Callable[[int, int | None], None]]:
    return FrameProgress(job.name) if shown else nullcontext(lambda *_: None)


def _task(
    options: FilmOptions, chosen: Choice | None, name: str | None, tell: Callable[[int, int | None], None]
) -> Callable[[Any, Any], Any]:
    def task(source: Path, target: Path) -> Any:
        need_av()
        from .conversion import convert, left_alone  # deferred: brings in PyAV

        if chosen is not None and chosen.verdict == choices.REJECT:
            return left_alone(source, f"rejected in {name}")
        return convert(source, target, options if chosen is None else _as_chosen(options, chosen), tell)

    return task


def _as_chosen(options: FilmOptions, chosen: Choice) -> FilmOptions:
    """With the numbers of a choice; one without a peak leaves the film's, which always has one."""
    peak = max(options.peak_nits, chosen.white) if chosen.peak is None else chosen.peak
    return dataclasses.replace(options, strength=chosen.strength / 100, white_nits=chosen.white, peak_nits=peak)


def _tell(outcome: report.Outcome, arguments: argparse.Namespace) -> None:
    if outcome.status == report.FAILED:
        complain(fault_line(outcome.job.name, outcome.reason))
    elif not arguments.quiet and not arguments.json:
        if outcome.status != report.CONVERTED:
            complain(fault_line(outcome.job.name, f"{outcome.status}: {outcome.reason}"))
        for note in getattr(outcome.conversion, "notes", ()):
            complain(fault_line(outcome.job.name, note))
        if outcome.status == report.CONVERTED and sys.stdout.isatty():
            print("\n".join(film_summary(outcome)), flush=True)
    if arguments.json:
        print(film_as_json(outcome), flush=True)
