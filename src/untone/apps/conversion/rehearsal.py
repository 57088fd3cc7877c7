"""`--dry-run`: what a batch would write, by names alone; no photo is opened."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence

from ...console.lines import complain, fault_line, one_line
from .planning import Job

WRITTEN, SKIPPED, FAILED = "would be written", "would be skipped", "would fail"


def rehearse(planned: Sequence[Job], arguments: argparse.Namespace) -> int:
    """Print a line or an object for each job, and the counts; 0 when none would fail at once, else 1."""
    found = [_foreseen(job, arguments.force) for job in planned]
    for job, (status, reason) in zip(planned, found, strict=True):
        if arguments.json:
            output = None if job.target is None or status != WRITTEN else str(job.target)
            print(json.dumps({"input": job.name, "output": output, "status": status, "reason": reason}))
        elif status == WRITTEN:
            print(one_line(f"{job.name} -> {job.target or 'stdout'}"))
        elif status == FAILED or not arguments.quiet:
            complain(fault_line(job.name, f"{status}: {reason}"))
    counts = ", ".join(f"{sum(s == each for s, _ in found)} {each}" for each in (WRITTEN, SKIPPED, FAILED))
    if not arguments.quiet:
        complain(f"{counts}; nothing was done")
    return int(any(status == FAILED for status, _ in found))


def _foreseen(job: Job, force: bool) -> tuple[str, str | None]:
    if job.fault:
        return FAILED, job.fault
    if job.target is not None and not (job.in_place or force) and os.path.lexists(job.target):
        return SKIPPED, f"{job.target} exists; --force replaces it"
    return WRITTEN, None
