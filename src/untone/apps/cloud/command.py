"""A batch with stores, shards or claims: what `untone`, `untone to` and `untone edit` do where a request names them."""

from __future__ import annotations

import argparse
import contextlib
import functools
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator

from ...console.interrupts import answered
from ...console.lines import complain
from ...console.progress import Progress
from ...errors import UntoneError, UsageError
from ...stores import is_url
from ...system import usable_cores
from ..conversion import rehearsal, report
from ..conversion.execution import Task
from ..conversion.planning import Naming
from ..conversion.report import Outcome
from . import planning
from .claims import Claims
from .execution import Options, Work
from .lanes import Lanes
from .pages import Known, Page
from .planning import Request

MOST_JOBS = 4
AHEAD = 2
"""Threads beyond twice the photos that are worked on: the store's answers are waited for meanwhile."""

WAITING_SECONDS = 30.0
"""Between lines that say that a store does not answer: every thread meets it."""

SUFFIXES_NAMED = 100
"""Different suffixes of files that are not read; there are not many."""


def run(arguments: argparse.Namespace, naming: Naming, prepare: Callable[[], Task]) -> int:
    """Do everything; 0 when nothing failed, else 1.

    Args:
        arguments: those of console.options.add_batch_arguments, and inputs and output.
        naming: of outputs.
        prepare: gives the task; it may refuse options.

    Raises:
        UsageError: the request makes no sense; nothing was written.
        UntoneError: a store fails as a whole.
    """
    _check(arguments)
    inputs, exclude = tuple(arguments.inputs), tuple(arguments.exclude)
    how = (naming, arguments.shard, arguments.force)
    request = Request(inputs, arguments.output, arguments.recursive, exclude, *how)
    planning.check(request)
    task = prepare()
    if arguments.dry_run:
        _rehearse(request, arguments)
        return 0
    if arguments.ray is not None:
        return _on_ray(request, task, arguments)
    if arguments.claim is None:
        return _reported(request, arguments, _in_lanes(request, arguments, task, None))
    claims = Claims(planning.folder_at(arguments.claim, "--claim"), arguments.lease)
    leave = functools.partial(claims.close, patient=False)
    try:
        return _reported(request, arguments, _in_lanes(request, arguments, task, claims), leave)
    finally:
        claims.close()


def _on_ray(request: Request, task: Task, arguments: argparse.Namespace) -> int:
    try:
        from . import ray_stream  # deferred: Ray takes seconds
    except ImportError:
        raise UntoneError("--ray needs Ray: pip install 'untone[ray]'") from None
    ray_stream.start(arguments.ray, _options(arguments).debug)
    try:
        return _reported(request, arguments, ray_stream.outcomes(request, task, _options(arguments)), ray_stream.stop)
    finally:
        ray_stream.stop()


def _check(arguments: argparse.Namespace) -> None:
    """Refuse what has no meaning here.

    Raises:
        UsageError: two options that exclude each other.
    """
    if arguments.claim is not None and arguments.force:
        raise UsageError("--claim goes on where outputs are missing, so --force would replace its own; name another -o")
    if arguments.claim is not None and arguments.ray is not None:
        raise UsageError("--ray hands out photos itself; leave out --claim")
    if is_url(arguments.ray):
        raise UsageError(f"--ray {arguments.ray}: that is no cluster; put --ray at the end, or write --ray=ADDRESS")
    if arguments.keep_times:
        raise UsageError("--keep-times is for files alone; objects have the time at which they were written")
    if getattr(arguments, "choices", None) is not None:
        raise UsageError("--choices names photos of a folder of this machine; it does not go with stores and shares")


def _options(arguments: argparse.Namespace) -> Options:
    debug = bool(arguments.debug or os.environ.get("UNTONE_DEBUG"))
    return Options(arguments.force, getattr(arguments, "copy_others", False), debug)


def _in_lanes(request: Request, arguments: argparse.Namespace, task: Task, claims: Claims | None) -> Iterator[Outcome]:
    at_once = arguments.jobs or min(MOST_JOBS, usable_cores())
    work = Work(task, _options(arguments), at_once, claims)
    pause = min(5.0, arguments.lease / 4)
    threads = 2 * at_once + AHEAD
    return Lanes(work, planning.pages(request), threads, not arguments.force, claims, pause).outcomes()


def _reported(
    request: Request,
    arguments: argparse.Namespace,
    outcomes: Iterator[Outcome],
    close: Callable[[], None] | None = None,
) -> int:
    """Print what comes of each job, and the counts; `close` is called when an interrupt ends the process."""
    reporting = report.JsonReport(0) if arguments.json else report.Report(0, arguments.quiet)
    unread: set[str] = set()

    def told() -> str:
        if close is not None:
            close()
        again = "the same command without --force" if arguments.force else "the same command"
        return f"interrupted ({report.counted(reporting.counts)}); {again} goes on"

    shown = not (arguments.quiet or arguments.json)
    with reporting, Progress(None, "photos", shown=shown) as progress, answered(told), _waiting_told(arguments.quiet):
        if shown:
            threading.Thread(target=_count, args=(request, progress), daemon=True).start()
        for outcome in outcomes:
            reporting.take(outcome)
            progress.step()
            if outcome.job.unread and len(unread) < SUFFIXES_NAMED:
                unread.add(os.path.splitext(outcome.job.name)[1].lower())  # noqa: PTH122  # of a URL too
        if unread and shown:
            complain(f"files of kinds that are not read here ({', '.join(sorted(unread))}) were skipped")
    return 1 if reporting.counts[report.FAILED] else 0


@contextlib.contextmanager
def _waiting_told(quiet: bool) -> Iterator[None]:
    """Within, it is said when a store is waited for; else minutes would look like a command that hangs."""
    handler, log = _Waiting(), logging.getLogger("untone.stores")
    if not quiet:
        log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)


class _Waiting(logging.Handler):
    _next = 0.0

    def emit(self, record: logging.LogRecord) -> None:
        """A line, unless there was one just now."""
        now = time.monotonic()
        if now >= self._next:
            self._next = now + WAITING_SECONDS
            complain(record.getMessage())


def _count(request: Request, progress: Progress) -> None:
    """The total, for the time that is left, once a listing that nobody else waits for has ended."""
    with contextlib.suppress(UntoneError, KeyError):  # whoever lists for the work says it; the work may have ended
        progress.expect(planning.count(request))


def _rehearse(request: Request, arguments: argparse.Namespace) -> None:
    """What would come of each job, a page at a time."""
    pages = (Page(jobs, not arguments.force) for jobs in planning.pages(request))
    jobs = (taken for page in pages for taken in iter(page.take, None))
    foreseen = ((job, rehearsal.foreseen(job, known is Known.PRESENT)) for job, known in jobs)
    rehearsal.told(foreseen, arguments)
