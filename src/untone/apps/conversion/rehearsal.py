"""`--dry-run`: what would come of a batch, by names and headers; no pixel is decoded. Of stores, by names alone.

It ends well whatever would fail: that is named and counted, and nothing has failed yet.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from ...console.lines import complain, fault_of, one_line
from ...errors import UntoneError
from .planning import Job

WRITTEN, SKIPPED, LEFT_ALONE, FAILED = "would be written", "would be skipped", "would be left alone", "would fail"

Foreseen = tuple[str, str | None]
"""A status, and one line for every other than WRITTEN."""


class Planned(Protocol):
    """What a job of any batch says; its target is a path or a place in a store."""

    @property
    def name(self) -> str:
        """As the user knows it."""

    @property
    def target(self) -> object | None:
        """What is to be written; None for stdout, and where there is a fault."""

    @property
    def fault(self) -> str | None:
        """Why it cannot even be tried."""

    @property
    def unread(self) -> str | None:
        """The plural of its kind, which is not read."""

    @property
    def left(self) -> str | None:
        """Why it is left alone, as is known beforehand."""


def rehearse(planned: Sequence[Job], arguments: argparse.Namespace, reason: Callable[[Path], str | None]) -> None:
    """Print what would come of each job.

    Args:
        planned: the jobs.
        arguments: of the batch.
        reason: why a photo would be left alone, by its headers; None where it would not be. It raises the fault of one
            that would fail.
    """

    def each() -> Iterator[tuple[Job, Foreseen]]:
        for job in planned:
            stays = _exists(job) and not (job.in_place or arguments.force)
            status, why = foreseen(job, stays)
            opened = status == WRITTEN and job.source is not None
            yield job, _by_headers(job, reason) if opened else (status, why)

    told(each(), arguments)


def _by_headers(job: Job, reason: Callable[[Path], str | None]) -> Foreseen:
    assert job.source is not None
    try:
        why = reason(job.source)
    except (UntoneError, OSError) as error:
        return FAILED, str(error)
    return (WRITTEN, None) if why is None else (LEFT_ALONE, why)


def _exists(job: Job) -> bool:
    return job.target is not None and os.path.lexists(job.target)


def foreseen(job: Planned, stays: bool) -> Foreseen:
    """What would come of a job, by its name, and whether its output is there and stays."""
    if job.fault:
        return FAILED, job.fault
    if job.unread:
        return SKIPPED, f"{job.unread} are not read"
    if job.left:
        return LEFT_ALONE, job.left
    return (SKIPPED, f"{job.target} exists; --force replaces it") if stays else (WRITTEN, None)


def told(planned: Iterable[tuple[Planned, Foreseen]], arguments: argparse.Namespace) -> None:
    """As `rehearse`, of a stream of jobs, each with what would come of it."""
    counts = dict.fromkeys((WRITTEN, SKIPPED, LEFT_ALONE, FAILED), 0)
    for job, (status, reason) in planned:
        counts[status] += 1
        if arguments.json:
            output = None if job.target is None or status != WRITTEN else str(job.target)
            print(json.dumps({"input": job.name, "output": output, "status": status, "reason": reason}))
        elif status == WRITTEN:
            print(one_line(f"{job.name} -> {job.target or 'stdout'}"))
        if status == FAILED or not (status == WRITTEN or arguments.quiet or arguments.json):
            complain(f"{job.name}: {status}: {fault_of(job.name, reason)}")
    if not arguments.quiet:
        complain(f"{', '.join(f'{number} {status}' for status, number in counts.items())}; nothing was done")
