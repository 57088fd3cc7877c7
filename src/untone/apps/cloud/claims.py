"""Claims: each photo is taken by one of several workers, by a small object that only one of them can create.

    PREFIX/photos/DIGEST    who holds a photo, or why it is done without an output: failed, or left alone
    PREFIX/alive/ID         renewed by each worker while it lives

A worker that did not renew its object for a lease is dead, and its photos may be taken: by an update that succeeds only
where the claim is as it was. What a claim saves is work. That no photo is written twice rests on outputs, which are
created where there are none; a worker that was only thought dead finds its photo written.

A claim outlives its photo's writing by KEPT_SECONDS: whoever looked for outputs less than pages.FRESH_SECONDS ago meets
either the output or the claim, and need not look again before each claim.

All times are the store's: the age of another worker's object is told by that of one's own, renewed at the same moment.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import itertools
import json
import secrets
import threading
import time
from collections import deque
from collections.abc import Mapping
from typing import Any

from ...errors import UntoneError
from ...stores import Place
from ...stores.contract import Entry, MissingError, StoreError

HELD = "held"

LAST_SECONDS = 5.0
"""That the end waits for a store that does not answer."""

KEPT_SECONDS = 4.0
"""That a claim stays, at least, when its photo is written; longer than pages.FRESH_SECONDS."""

REMOVED = 50
"""Claims that are removed together."""

LISTED = 1000
"""Objects that are looked at to see who is there and what is claimed: those of one request."""

RENEWALS = 3
"""Of each lease, so that one that is late does not lose it."""


@dataclasses.dataclass(frozen=True)
class Claim:
    """What a claim says.

    Attributes:
        worker: who made it.
        state: HELD, or the status of an outcome.
        reason: of that outcome.
    """

    worker: str
    state: str
    reason: str | None = None

    def encoded(self, photo: str) -> bytes:
        """The object; the photo's name is for people."""
        return json.dumps(dataclasses.asdict(self) | {"photo": photo}).encode("utf-8", "replace")


@dataclasses.dataclass(frozen=True)
class Standing:
    """What is seen of workers and claims at once.

    Attributes:
        photos: when each claim was written, by the store's clock; keys are those of `digest`. The first LISTED.
        workers: that are alive.
        rank: of this one among them, from 0.
        began: when this worker did, by the store's clock.
    """

    photos: Mapping[str, float] = dataclasses.field(default_factory=dict)
    workers: int = 1
    rank: int = 0
    began: float = 0.0


def digest(target: Place) -> str:
    """The name of a photo's claim, by what the photo becomes: 32 hexadecimal digits."""
    return hashlib.blake2b(str(target).encode("utf-8", "replace"), digest_size=16).hexdigest()


def decoded(data: bytes) -> Claim:
    """A claim out of its object; one that is no claim is nobody's."""
    try:
        found: Mapping[str, Any] = json.loads(data)
        return Claim(
            str(found["worker"]), str(found["state"]), None if found["reason"] is None else str(found["reason"])
        )
    except (ValueError, KeyError, TypeError):
        return Claim("", HELD)


class Claims:
    """The claims of one worker, and its sign of life.

    Args:
        place: the folder of the job's claims.
        lease_seconds: how long a worker may be silent.

    Raises:
        StoreError: the place cannot be written, or its store creates what exists already.
    """

    def __init__(self, place: Place, lease_seconds: float) -> None:
        self._place, self._photos, self._workers = place, place.joined("photos/"), place.joined("alive/")
        self._lease, self.worker = lease_seconds, secrets.token_hex(8)
        self._alive: dict[str, float] = {}
        self._looked, self._renewed, self._trusted = 0.0, time.monotonic(), 0.0
        self._mine = self._workers.joined(self.worker)
        self._finished: deque[tuple[float, Place]] = deque()
        self._lock = threading.Lock()
        self._begin()
        self._ended = threading.Event()
        self._fault: UntoneError | None = None
        self._living = threading.Thread(target=self._live, daemon=True)
        self._living.start()

    def _begin(self) -> None:
        store, key = self._mine.store, self._mine.key
        store.create(key, self._sign())
        if store.create(key, self._sign()):
            raise StoreError(
                f"{self._mine}: this store creates what exists already, so that nobody can claim; use --shard"
            )
        found = store.entry(key)
        self._began = found.modified if found is not None else 0.0

    def _sign(self) -> bytes:
        return json.dumps({"renewed": time.time(), "lease": self._lease, "nonce": secrets.token_hex(4)}).encode()

    def _live(self) -> None:
        while not self._ended.wait(self._lease / RENEWALS):
            try:
                self._mine.store.write(self._mine.key, self._sign())
            except UntoneError as error:
                self._fault = error
                return
            now = time.monotonic()
            if now - self._renewed > self._lease / 2:  # the store was away, for others too: let them renew first
                self._trusted = now + self._lease
            self._renewed = now

    def take(self, target: Place) -> bool:
        """Claim a photo that nobody has, by what it becomes; False where somebody has it, or had: `ask` says more.

        Raises:
            StoreError: the store fails, or did when this worker's sign was to be renewed.
        """
        self._check()
        at = self._at(target)
        return at.store.create(at.key, self._held(target))

    def ask(self, target: Place) -> Claim | None:
        """Claim a photo that somebody had. None: it is this worker's now; else the claim that stands.

        Raises:
            StoreError: as `take`.
        """
        self._check()
        at = self._at(target)
        try:
            data, entry = at.store.read_range(at.key, 0, 1 << 16)
        except MissingError:  # given back meanwhile
            return None if at.store.create(at.key, self._held(target)) else Claim("", HELD)
        found = decoded(data)
        if not self._is_open(found, entry):
            return found
        return None if at.store.replace(at.key, self._held(target), entry) else Claim("", HELD)

    def release(self, target: Place) -> None:
        """Give a photo back, so that others may do it."""
        at = self._at(target)
        at.store.remove(at.key)

    def finish(self, target: Place) -> None:
        """A photo is written: its claim is removed KEPT_SECONDS later or more, or when this worker leaves."""
        now = time.monotonic()
        with self._lock:
            self._finished.append((now + KEPT_SECONDS, self._at(target)))
        self._remove_until(now)

    def _remove_until(self, then: float, least: int = REMOVED) -> None:
        with self._lock:
            count = sum(due <= then for due, _ in self._finished)
            keys = [self._finished.popleft()[1].key for _ in range(count if count >= least else 0)]
        self._photos.store.remove_all(keys)

    def standing(self) -> Standing:
        """Who is alive and what is claimed, by one request."""
        seen = list(itertools.islice(self._place.store.entries(self._place.key), LISTED))
        photos = {e.key[len(self._photos.key) :]: e.modified for e in seen if e.key.startswith(self._photos.key)}
        signs = {e.key[len(self._workers.key) :]: e.modified for e in seen if e.key.startswith(self._workers.key)}
        newest = max(signs.values(), default=0.0)
        alive = sorted({name for name, then in signs.items() if newest - then <= self._lease} | {self.worker})
        return Standing(photos, len(alive), alive.index(self.worker), self._began)

    def settle(self, target: Place, state: str, reason: str | None) -> None:
        """Leave word of a photo that has no output."""
        at = self._at(target)
        at.store.write(at.key, Claim(self.worker, state, reason).encoded(str(target)))

    def close(self, patient: bool = True) -> None:
        """Stop living: what this worker still holds may be taken at once. Signs of the dead are removed too.

        Args:
            patient: whether claims of photos that were just written are kept for others who still look.
        """
        if self._ended.is_set():
            return
        self._ended.set()
        self._living.join(LAST_SECONDS)  # a sign that is being written now would stay behind
        with contextlib.suppress(UntoneError):
            dead = self._dead()
            if patient and self._finished and len(dead) + 1 < len(self._alive):
                time.sleep(max(0.0, self._finished[-1][0] - time.monotonic()))
            self._remove_until(float("inf"), least=1)
            self._mine.store.remove(self._mine.key)
            for name in dead:
                self._workers.store.remove(self._workers.joined(name).key)

    def _check(self) -> None:
        if self._fault is not None:
            raise self._fault

    def _held(self, target: Place) -> bytes:
        return Claim(self.worker, HELD).encoded(str(target))

    def _at(self, target: Place) -> Place:
        return self._photos.joined(digest(target))

    def _is_open(self, found: Claim, entry: Entry) -> bool:
        """Whether a claim may be taken: a dead worker's, or a failure of a run before this one."""
        if found.worker == self.worker:
            return found.state == HELD
        if found.state != HELD:
            return found.state == "failed" and entry.modified < self._began
        return self._is_dead(found.worker)

    def _is_dead(self, worker: str) -> bool:
        if worker not in self._alive or time.monotonic() - self._looked > self._lease / RENEWALS / 2:
            self._look()
        return self._alive.get(worker, self._lease + 1) > self._lease and time.monotonic() >= self._trusted

    def _dead(self) -> list[str]:
        self._look()
        return [worker for worker, age in self._alive.items() if age > self._lease]

    def _look(self) -> None:
        """The ages of all signs of life, by the store's clock."""
        store = self._mine.store
        if not self._ended.is_set():
            store.write(self._mine.key, self._sign())
        times = {entry.key[len(self._workers.key) :]: entry.modified for entry in store.entries(self._workers.key)}
        now = times.get(self.worker, max(times.values(), default=0.0))
        self._alive = {worker: now - then for worker, then in times.items()}
        self._looked = time.monotonic()
