"""Threads that take jobs from one stream until it ends, and hand on outcomes; what others hold is asked for later."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from ..conversion.report import Outcome
from .claims import Claims
from .execution import PATIENCE, Work
from .pages import Known, Page
from .planning import Job

MOST_WAITING = 10_000
"""Jobs held by others that are remembered; before there are more of them, they are looked at again."""

FIRST_PAUSE = 0.5
"""Seconds until photos that others hold are asked for again; each time twice as long."""


Taken = tuple[Job, Known, int]
"""A job, what is known of it, and how often another worker held its photo."""


class Lanes:
    """Outcomes of all jobs, in the order in which they come.

    Args:
        work: does them.
        pages: jobs, a page at a time.
        count: of threads.
        look: whether outputs that exist are looked for.
        claims: by which other workers take jobs too; what another holds is asked for again when no others are left.
        pause: seconds between asking again, at most.
    """

    def __init__(
        self,
        work: Work,
        pages: Iterator[list[Job]],
        count: int,
        look: bool,
        claims: Claims | None = None,
        pause: float = 1.0,
    ) -> None:
        self._work, self._count, self._pause = work, count, pause
        self._claims = claims
        self._pages = (Page(jobs, look, claims) for jobs in pages)
        self._page = Page([], look)
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._outcomes: queue.Queue[Outcome | BaseException | None] = queue.Queue(4 * count)
        self._waiting: dict[Job, int] = {}
        self._polls, self._due = 0, 0.0
        self._tries: dict[Job, int] = {}

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

    def _next(self) -> Taken | float | None:
        """A job; or seconds until one that waits may be asked for again; None when there are no more."""
        while True:
            taken = self._page.take()
            if taken is not None:
                return *taken, self._tries.pop(taken[0], 0)
            page = next(self._pages, None) if len(self._waiting) < MOST_WAITING else None
            if page is not None:
                self._page = page
                continue
            if not self._waiting:
                return None
            left = self._due - time.monotonic()
            if left > 0:
                return left
            self._page = self._waited()

    def _waited(self) -> Page:
        """Jobs that others held become a page of their own, which looks at once whether they still do."""
        self._tries, self._waiting = self._waiting, {}
        self._polls += 1
        self._due = time.monotonic() + min(self._pause, FIRST_PAUSE * 2.0**self._polls)
        return Page(list(self._tries), True, self._claims)

    def _take(self, job: Job, known: Known, tries: int) -> None:
        outcome = self._work.do(job, known, tries)
        if outcome is not None:
            self._say(outcome)
            return
        with self._lock:
            if known not in PATIENCE:
                self._page.meet()
            self._due = self._due or time.monotonic() + FIRST_PAUSE
            self._waiting[job] = tries + 1

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
