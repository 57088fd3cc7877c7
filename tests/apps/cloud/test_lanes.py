"""One worker: the next photos are read while one is worked on; faults of one photo are its own."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from types import SimpleNamespace

from counted_store import CountedStore, jobs_in

from untone.apps.cloud.execution import Options, Work
from untone.apps.cloud.lanes import Lanes
from untone.apps.conversion.report import CONVERTED, FAILED
from untone.formats.common.files import save


def test_the_next_photos_are_read_while_one_is_worked_on() -> None:
    store, working = CountedStore(0.0), threading.Lock()

    def task(data: bytes | Path, target: Path | None) -> SimpleNamespace:
        assert working.acquire(blocking=False)  # one at once, as was asked for
        assert target is not None
        deadline = time.monotonic() + 60
        while sum(request == "GET" for request, _ in store.log) < 2:
            assert time.monotonic() < deadline, "no other photo is read meanwhile"
            time.sleep(0.01)
        save(target, [bytes(data)])
        working.release()
        return SimpleNamespace(left_alone=None, note=None)

    lanes = Lanes(Work(task, Options()), iter([jobs_in(store, 6)]), 4, look=True)
    assert [outcome.status for outcome in lanes.outcomes()] == [CONVERTED] * 6


def test_a_photo_that_needs_too_much_memory_fails_alone() -> None:
    store = CountedStore(0.0)

    def task(data: bytes | Path, target: Path | None) -> SimpleNamespace:
        assert target is not None
        if target.stem == "00001":
            raise MemoryError
        save(target, [b"x"])
        return SimpleNamespace(left_alone=None, note=None)

    said = list(Lanes(Work(task, Options()), iter([jobs_in(store, 3)]), 2, look=True).outcomes())
    assert sorted(outcome.status for outcome in said) == [CONVERTED, CONVERTED, FAILED]
    assert [each.reason for each in said if each.status == FAILED] == ["there is not enough memory for this photo"]
