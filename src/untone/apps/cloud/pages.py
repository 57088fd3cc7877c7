"""A page of jobs: what is known of their outputs and claims, and in which order a worker takes them.

Workers that share a page do what falls to each by a hash first, and rarely meet. What others did and hold is seen in
two listings, every FRESH_SECONDS, rather than asked for each photo.
"""

from __future__ import annotations

import enum
import random
import time
from collections import deque

from ...stores.contract import Store
from .claims import Claims, Standing, digest
from .planning import Job

FRESH_SECONDS = 3.0
"""After it, others may have made outputs that were not seen; less than claims.KEPT_SECONDS."""

MET_SECONDS = 0.3
"""The same, once another worker was met."""

MANY, FEW = 3, 3
"""So many jobs within that time are worth so many requests that look for the outputs of the whole page."""


class Known(enum.Enum):
    """What was seen of a job."""

    PRESENT = enum.auto()
    """Its output is there."""
    HELD = enum.auto()
    """It is claimed."""
    HELD_BEFORE = enum.auto()
    """The same, since before this worker began: perhaps by one of an earlier run."""
    ABSENT = enum.auto()
    """Neither."""
    OLD = enum.auto()
    """Neither, but that was before FRESH_SECONDS."""


class Page:
    """Jobs of one page of the listing. Not for several threads at once.

    Args:
        jobs: of the page.
        look: whether outputs that exist are looked for.
        claims: by which other workers share the page; None where nobody does.
    """

    def __init__(self, jobs: list[Job], look: bool, claims: Claims | None = None) -> None:
        self._claims = claims
        self._look = look
        self._present: set[tuple[Store, str]] = set()
        self._standing = Standing()
        self._asked: deque[float] = deque(maxlen=MANY)
        self._met = False
        self._left = [(job, "" if job.target is None else digest(job.target)) for job in reversed(jobs)]
        if claims is not None:
            random.shuffle(self._left)
        self._by_page = self._refreshed(None)

    def take(self) -> tuple[Job, Known] | None:
        """The next job; None when there are no more."""
        if not self._left:
            return None
        if self._by_page and self._is_worth():
            self._by_page = self._refreshed(FEW)
        job, claim = self._left.pop()
        if self._has(job):
            return job, Known.PRESENT
        if self._is_old():
            return job, Known.OLD
        if claim not in self._standing.photos:
            return job, Known.ABSENT
        return job, Known.HELD_BEFORE if self._standing.photos[claim] < self._standing.began else Known.HELD

    def _has(self, job: Job) -> bool:
        return job.target is not None and (job.target.store, job.target.key) in self._present

    def _refreshed(self, most: int | None) -> bool:
        """Look for outputs and claims, unless a store would be asked for outputs more often than that."""
        began = time.monotonic()
        for store, keys in self._absent().items():
            found = store.present(keys, most)
            if found is None:
                return False
            self._present.update((store, key) for key in found)
        if self._claims is not None and self._absent():
            self._standing = self._claims.standing()
            self._left.sort(key=lambda each: self._turn(each[1]), reverse=True)
        self._seen, self._met = began, False
        return True

    def _absent(self) -> dict[Store, list[str]]:
        """Keys of outputs that were not seen, of jobs that are left."""
        keys: dict[Store, list[str]] = {}
        for job, _ in self._left if self._look else ():
            if job.target is not None and not self._has(job):
                keys.setdefault(job.target.store, []).append(job.target.key)
        return keys

    def _turn(self, claim: str) -> tuple[bool, bool]:
        """What falls to this worker comes first, what others hold last."""
        falls_to = int(claim[:8] or "0", 16) % self._standing.workers
        return claim in self._standing.photos, falls_to != self._standing.rank

    def meet(self) -> None:
        """Another worker had claimed a job of this page: there are others, who have done more than was seen."""
        self._met = True

    def _is_old(self) -> bool:
        return self._claims is not None and time.monotonic() - self._seen > FRESH_SECONDS

    def _is_worth(self) -> bool:
        now = time.monotonic()
        self._asked.append(now)
        many = len(self._asked) == MANY and now - self._asked[0] < FRESH_SECONDS
        return (self._is_old() and many) or (self._met and now - self._seen > MET_SECONDS)
