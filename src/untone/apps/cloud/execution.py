"""One job: its photo read, worked on and written, whatever happens in it; by one of several threads.

There are more threads than photos worked on at once: the next ones are read, and the last ones written, meanwhile.
"""

from __future__ import annotations

import dataclasses
import threading
import time
import traceback
from pathlib import Path
from typing import Any

from ...errors import UntoneError, UsageError
from ...formats.common.files import in_memory, load_bytes, no_wider_than
from ...stores import Place
from ...stores.contract import StoreError
from ..conversion import report
from ..conversion.execution import Task
from ..conversion.report import Outcome
from .claims import Claims
from .pages import Known
from .planning import Job

ELSEWHERE = "another worker"

PATIENCE = {Known.HELD: 2, Known.HELD_BEFORE: 1}
"""Times that a photo was seen to be held until it is asked who holds it: most are written soon."""


@dataclasses.dataclass(frozen=True)
class Options:
    """What a batch does with outputs that exist, with photos that are left alone, with unexpected faults."""

    force: bool = False
    copy_others: bool = False
    debug: bool = False


class Work:
    """A task and what it needs to do jobs, one in each thread.

    Args:
        task: of one photo.
        options: of the batch.
        at_once: photos that are worked on at once; others are read or written meanwhile.
        claims: of this worker; None where it shares no photos.
    """

    def __init__(self, task: Task, options: Options, at_once: int = 1, claims: Claims | None = None) -> None:
        self._task, self._options, self._claims = task, options, claims
        self._computing = threading.BoundedSemaphore(at_once)

    def do(self, job: Job, known: Known = Known.ABSENT, tries: int = 0) -> Outcome | None:
        """One job; None where another worker holds its photo for now.

        Args:
            job: the job.
            known: what was seen of it.
            tries: how often it was held.

        Raises:
            StoreError: every other photo would meet it too.
            UsageError: a fault of the request, the same.
        """
        start = time.perf_counter()
        if job.fault:
            return Outcome(job, report.FAILED, job.fault)
        if job.unread:
            return Outcome(job, report.SKIPPED, f"{job.unread} are not read")
        assert job.target is not None
        if job.left:
            return Outcome(job, report.LEFT_ALONE, job.left, copy=self._copy_of(job, job.target))
        if known is Known.PRESENT or (known is Known.OLD and job.target.store.entry(job.target.key) is not None):
            hint = "" if self._claims else "; --force replaces it"
            return Outcome(job, report.SKIPPED, f"{job.target} exists{hint}")
        if self._claims is None:
            made = self._made(job, job.target)
        else:
            claimed = self._claimed(self._claims, job, job.target, known, tries)
            if claimed is None:
                return None
            made = claimed
        return dataclasses.replace(made, seconds=time.perf_counter() - start)

    def _claimed(self, claims: Claims, job: Job, target: Place, known: Known, tries: int) -> Outcome | None:
        if known in PATIENCE and (tries < PATIENCE[known] or tries & (tries - 1)):  # then at 4, 8, 16 ...
            return None
        if known in PATIENCE:
            standing = claims.ask(target)
            if standing is not None:
                told = standing.state in (report.FAILED, report.LEFT_ALONE)
                return Outcome(job, standing.state, f"{standing.reason} ({ELSEWHERE})") if told else None
        elif not claims.take(target):
            return None
        try:
            made = self._made(job, target)
        except BaseException:  # no fault of the photo: others may have it
            claims.release(target)
            raise
        if made.status in (report.FAILED, report.LEFT_ALONE):
            claims.settle(target, made.status, made.reason)
        else:
            claims.finish(target)
        return made

    def _made(self, job: Job, target: Place) -> Outcome:
        with no_wider_than(str(job.source)):  # which says nothing of an object
            return self._attempted(job, target)

    def _attempted(self, job: Job, target: Place) -> Outcome:
        try:
            data = load_bytes(job.source.store.read(job.source.key))
            done, made = self._worked(data, target)
            if done.left_alone:
                copy = self._copy_of(job, target, data)
                return Outcome(job, report.LEFT_ALONE, done.left_alone, done, copy=copy)
            if not self._put(target, made):
                return Outcome(job, report.SKIPPED, f"{target} exists: {ELSEWHERE} wrote it")
            return Outcome(job, report.CONVERTED, None, done)
        except (StoreError, UsageError):
            raise
        except (UntoneError, OSError) as error:
            return Outcome(job, report.FAILED, str(error))
        except MemoryError:
            return Outcome(job, report.FAILED, "there is not enough memory for this photo")
        except Exception as error:
            if self._options.debug:
                traceback.print_exception(error)
            hint = "" if self._options.debug else "; --debug shows where"
            return Outcome(job, report.FAILED, f"unexpected {type(error).__name__}: {error}{hint}")

    def _worked(self, data: bytes, target: Place) -> tuple[Any, bytes]:
        """What the task says of a photo, and the file it made, empty where it made none."""
        with self._computing, in_memory() as files:
            done = self._task(data, Path(target.name))
        return done, next(iter(files.values()), b"")

    def _put(self, target: Place, made: bytes) -> bool:
        if not self._options.force:
            return target.store.create(target.key, made)
        target.store.write(target.key, made)
        return True

    def _copy_of(self, job: Job, target: Place, data: bytes | None = None) -> Place | None:
        """The copy of a photo that is left alone, where that is asked for and there is none."""
        copy = target.with_name(job.source.name)
        if not self._options.copy_others or str(copy) == str(job.source):
            return None
        return copy if self._put(copy, data or load_bytes(job.source.store.read(job.source.key))) else None
