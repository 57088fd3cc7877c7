"""`--dry-run`: what a batch would write, by names alone; no photo is opened."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterable, Sequence
from typing import Protocol

from ...console.lines import complain, fault_line, one_line
from .planning import Job

WRITTEN, SKIPPED, FAILED = "would be written", "would be skipped", "would fail"


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


def rehearse(planned: Sequence[Job], arguments: argparse.Namespace) -> int:
    """Print what would come of each job; 0 when none would fail at once, else 1."""
    return told(((job, _exists(job) and not (job.in_place or arguments.force)) for job in planned), arguments)


def _exists(job: Job) -> bool:
    return job.target is not None and os.path.lexists(job.target)


def told(planned: Iterable[tuple[Planned, bool]], arguments: argparse.Namespace) -> int:
    """As `rehearse`, of a stream of jobs, each with whether its output is there and stays."""
    counts = dict.fromkeys((WRITTEN, SKIPPED, FAILED), 0)
    for job, stays in planned:
        status, reason = _foreseen(job, stays)
        counts[status] += 1
        if arguments.json:
            output = None if job.target is None or status != WRITTEN else str(job.target)
            print(json.dumps({"input": job.name, "output": output, "status": status, "reason": reason}))
        elif status == WRITTEN:
            print(one_line(f"{job.name} -> {job.target or 'stdout'}"))
        elif status == FAILED or not arguments.quiet:
            complain(fault_line(job.name, f"{status}: {reason}"))
    if not arguments.quiet:
        complain(f"{', '.join(f'{number} {status}' for status, number in counts.items())}; nothing was done")
    return int(counts[FAILED] > 0)


def _foreseen(job: Planned, stays: bool) -> tuple[str, str | None]:
    if job.fault:
        return FAILED, job.fault
    if job.unread:
        return SKIPPED, f"{job.unread} are not read"
    return (SKIPPED, f"{job.target} exists; --force replaces it") if stays else (WRITTEN, None)
