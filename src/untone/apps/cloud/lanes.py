"""Threads that take jobs from one stream until it ends, and hand on outcomes; what others hold is asked for later."""

from __future__ import annotations

import queue
import random
import threading
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from ...stores.contract import Store
from ..conversion.report import SKIPPED, Outcome
from .execution import Work
from .planning import Job

MOST_WAITING = 10_000
"""Jobs held by others that are remembered; before there are more of them, they are looked at again."""

REFRESH_SECONDS = 0.5
"""Outputs of a page are looked for anew when somebody else was there first, but not more often."""


class Page:
    """Jobs of one page of the listing, and which of their outputs are there by now."""

    def __init__(self, jobs: list[Job], look: bool) -> None:
        self._jobs = jobs
        self._look = look
        self._present: set[tuple[Store, str]] = set()
        self._seen = float("-inf")
        self._lock = threading.Lock()
        self.refresh()

    def refresh(self) -> None:
        """Look for the outputs again, unless that was just done."""
        with self._lock:
            if not self._look or time.monotonic() - self._seen < REFRESH_SECONDS:
                return
            keys: dict[Store, list[str]] = {}
            for target in (job.target for job in self._jobs if job.target is not None):
                keys.setdefault(target.store, []).append(target.key)
            self._present = {(store, key) for store, some in keys.items() for key in store.present(some)}
            self._seen = time.monotonic()

    def has(self, job: Job) -> bool:
        """Whether a job's output was there when it was last looked for."""
        return job.target is not None and (job.target.store, job.target.key) in self._present


class Lanes:
    """Outcomes of all jobs, in the order in which they come.

    Args:
        work: does them.
        pages: jobs, a page at a time.
        count: of threads.
        look: whether outputs that exist are looked for.
        shared: whether other workers take jobs too: each page is taken in an order of one's own, so that they rarely
            meet, and what another holds is asked for again after `pause` seconds.
        pause: in seconds.
    """

    def __init__(
        self, work: Work, pages: Iterator[list[Job]], count: int, look: bool, shared: bool = False, pause: float = 1.0
    ) -> None:
        self._work, self._count, self._pause = work, count, pause
        self._feed = _fed(pages, look, shared)
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._outcomes: queue.Queue[Outcome | BaseException | None] = queue.Queue(4 * count)
        self._waiting: deque[tuple[float, Job]] = deque()

    def outcomes(self) -> Iterator[Outcome]:
        """Runs the threads.

        Raises:
            UntoneError: a fault that every other job would meet too; jobs in hand are finished first.
        """
        left, fault = self._count, None
        with ThreadPoolExecutor(self._count) as threads:
            for _ in range(self._count):
                threads.submit(self._lane)
            try:
                while left:
                    found = self._outcomes.get()
                    if isinstance(found, Outcome):
                        yield found
                    elif found is None:
                        left -= 1
                    else:
                        fault = fault or found
            finally:
                self._stopped.set()
        if fault is not None:
            raise fault

    def _lane(self) -> None:
        try:
            while not self._stopped.is_set():
                with self._lock:
                    taken = self._next()
                if taken is None:
                    return
                if isinstance(taken, float):
                    self._stopped.wait(taken)
                else:
                    self._take(*taken)
        except BaseException as error:
            self._stopped.set()
            self._say(error)
        finally:
            self._say(None)

    def _next(self) -> tuple[Job, Page | None] | float | None:
        """A job; or seconds until one that waits may be asked for again; None when there are no more."""
        if len(self._waiting) < MOST_WAITING:
            taken = next(self._feed, None)
            if taken is not None:
                return taken
        if not self._waiting:
            return None
        left = self._waiting[0][0] - time.monotonic()
        return left if left > 0 else (self._waiting.popleft()[1], None)

    def _take(self, job: Job, page: Page | None) -> None:
        present = page is not None and page.has(job)
        outcome = self._work.do(job, present)
        if outcome is None:
            with self._lock:
                self._waiting.append((time.monotonic() + self._pause, job))
        else:
            self._say(outcome)
        if page is not None and (outcome is None or (outcome.status == SKIPPED and not present)):
            page.refresh()

    def _say(self, what: Outcome | BaseException | None) -> None:
        """Hand it on, unless nobody listens any more."""
        while True:
            try:
                self._outcomes.put(what, timeout=0.5)
            except queue.Full:
                if self._stopped.is_set():
                    return
            else:
                return


def _fed(pages: Iterator[list[Job]], look: bool, shuffled: bool) -> Iterator[tuple[Job, Page]]:
    for jobs in pages:
        page = Page(jobs, look)
        if shuffled:
            random.shuffle(jobs)
        yield from ((job, page) for job in jobs)
