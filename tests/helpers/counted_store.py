"""A store in memory that answers after a while and counts what it is asked, for workers in threads of one process."""

from __future__ import annotations

import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import TypeVar

from untone.apps.cloud.claims import Claims
from untone.apps.cloud.execution import Options, Work
from untone.apps.cloud.lanes import Lanes
from untone.apps.cloud.planning import Job
from untone.apps.conversion.report import Outcome
from untone.formats.common.files import save
from untone.stores import Place
from untone.stores.buckets import PAGE
from untone.stores.contract import Entry, MissingError

T = TypeVar("T")


class CountedStore:
    """Objects of a bucket that is in this process.

    Attributes:
        log: (request, key) of every one that came.
    """

    def __init__(self, delay: float) -> None:
        self.log: list[tuple[str, str]] = []
        self._delay, self._lock = delay, threading.Lock()
        self._objects: dict[str, tuple[bytes, Entry]] = {}
        self._tags = itertools.count()

    def name(self, key: str) -> str:
        return f"mem://b/{key}"

    def obstacle(self, key: str) -> str | None:
        return None

    def _asked(self, request: str, key: str, answer: Callable[[], T]) -> T:
        time.sleep(self._delay / 2)
        with self._lock:
            self.log.append((request, key))
            found = answer()
        time.sleep(self._delay / 2)
        return found

    def _listed(self, prefix: str) -> list[Entry]:
        return [self._objects[key][1] for key in sorted(self._objects) if key.startswith(prefix)]

    def entries(self, prefix: str) -> Iterator[Entry]:
        yield from self._asked("LIST", prefix, lambda: self._listed(prefix))

    def entry(self, key: str) -> Entry | None:
        return self._asked("HEAD", key, lambda: self._objects[key][1] if key in self._objects else None)

    def present(self, keys: Sequence[str], most: int | None = None) -> set[str] | None:
        """A request for each page of all that lies between the first and the last."""
        first, last = min(keys), max(keys)
        there = self._asked("LIST", first, lambda: [key for key in self._objects if first <= key <= last])
        for _ in range(len(there) // PAGE):
            self._asked("LIST", first, lambda: None)
        return {key for key in there if key in set(keys)}

    def read(self, key: str) -> bytes:
        return self.read_range(key, 0, 1 << 30)[0]

    def read_range(self, key: str, start: int, end: int, tag: str | None = None) -> tuple[bytes, Entry]:
        def answer() -> tuple[bytes, Entry]:
            if key not in self._objects:
                raise MissingError(key)
            data, entry = self._objects[key]
            return data[start:end], entry

        return self._asked("GET", key, answer)

    def write(self, key: str, data: bytes) -> None:
        self._asked("PUT", key, lambda: self._keep(key, data))

    def create(self, key: str, data: bytes) -> bool:
        return self._asked("PUT", key, lambda: key not in self._objects and self._keep(key, data))

    def replace(self, key: str, data: bytes, was: Entry) -> bool:
        def answer() -> bool:
            return key in self._objects and self._objects[key][1].tag == was.tag and self._keep(key, data)

        return self._asked("PUT", key, answer)

    def _keep(self, key: str, data: bytes) -> bool:
        self._objects[key] = data, Entry(key, len(data), str(next(self._tags)), time.time())
        return True

    def remove(self, key: str) -> None:
        self._asked("DELETE", key, lambda: self._objects.pop(key, None))

    def remove_all(self, keys: Sequence[str]) -> None:
        if keys:
            self._asked("DELETE", keys[0], lambda: [self._objects.pop(key, None) for key in keys])


def jobs_in(store: CountedStore, count: int) -> list[Job]:
    """Photos in a store that nobody has done."""
    found = []
    for number in range(count):
        source, target = Place(store, f"in/{number:05}.jpg"), Place(store, f"out/{number:05}.jpg")
        store._keep(source.key, b"photo %d" % number)
        found.append(Job(str(source), source, target, source.name))
    return found


def share(store: CountedStore, jobs: list[Job], workers: int, seconds: float, page: int = 1000) -> list[Outcome]:
    """What so many workers that share jobs by claims say of them; a photo takes one of two lanes so long."""

    def task(data: bytes | Path, target: Path | None) -> SimpleNamespace:
        assert isinstance(data, bytes)
        assert target is not None
        time.sleep(seconds)
        save(target, [data])
        return SimpleNamespace(left_alone=None, note=None)

    said: list[Outcome] = []

    def work() -> None:
        claims = Claims(Place(store, "claims/"), 60.0)
        pages = (jobs[start : start + page] for start in range(0, len(jobs), page))
        said.extend(Lanes(Work(task, Options(), 2, claims), pages, 6, True, claims, 5.0).outcomes())
        claims.close()

    threads = [threading.Thread(target=work) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return said


def asked_of_claims(store: CountedStore) -> Counter[str]:
    """Requests that claims took: all but reading and writing photos, and signs of life."""
    return Counter(
        request
        for request, key in store.log
        if key == "claims/" or key.startswith("claims/photos/") or (key.startswith("out/") and request != "PUT")
    )
