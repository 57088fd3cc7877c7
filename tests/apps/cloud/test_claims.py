"""Claims on a folder and on a bucket: who gets a photo, whose photos are taken, what is told of others."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from untone.apps.cloud.claims import Claims, decoded
from untone.errors import UntoneError
from untone.stores import Place, folder_place, place

LEASE, SHORT_LEASE = 600.0, 2.0
"""Seconds: of workers that are to live however busy the machine is, and of one whose death is waited for."""


@pytest.fixture(params=["bucket", "folder"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "folder":
        return folder_place(tmp_path)
    return place(f"s3://{request.getfixturevalue('bucket')}/claims/")


@pytest.fixture
def two(home: Place) -> Iterator[tuple[Claims, Claims]]:
    workers = Claims(home, LEASE), Claims(home, LEASE)
    yield workers
    for worker in workers:
        worker.close()


PHOTO, OTHER = place("s3://b/out/p.hdr.jpg"), place("s3://b/out/q.hdr.jpg")


def test_one_has_what_the_other_has_not(two: tuple[Claims, Claims]) -> None:
    one, other = two
    assert one.take(PHOTO)
    assert other.take(OTHER)
    standing = other.ask(PHOTO)
    assert standing is not None
    assert (standing.worker, standing.state) == (one.worker, "held")
    one.release(PHOTO)
    assert other.take(PHOTO)


def test_what_is_known_of_a_photo_is_told(two: tuple[Claims, Claims]) -> None:
    one, other = two
    assert one.take(PHOTO)
    one.settle(PHOTO, "failed", "it is no photo")
    standing = other.ask(PHOTO)
    assert standing is not None
    assert (standing.state, standing.reason) == ("failed", "it is no photo")


def test_the_photos_of_a_worker_that_left_are_taken(two: tuple[Claims, Claims]) -> None:
    one, other = two
    assert one.take(PHOTO)
    one.close()
    assert other.ask(PHOTO) is None


def test_the_photos_of_a_worker_that_died_are_taken_after_its_lease(home: Place) -> None:
    dead = Claims(home, SHORT_LEASE)
    assert dead.take(PHOTO)
    dead._ended.set()  # as a process that was killed: it renews nothing and says nothing
    heir = Claims(home, SHORT_LEASE)
    try:
        assert not heir.take(PHOTO)
        deadline = time.monotonic() + 300
        while heir.ask(PHOTO) is not None:
            assert time.monotonic() < deadline
            time.sleep(0.2)
    finally:
        heir.close()
    assert not list(home.store.entries(f"{home.key}alive/"))


def test_a_store_that_creates_what_is_there_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = folder_place(tmp_path)
    monkeypatch.setattr(type(home.store), "create", lambda *_: True)
    with pytest.raises(UntoneError, match="--shard"):
        Claims(home, LEASE)


@pytest.mark.parametrize("data", [b"", b"\xff", b"[]", b"{}", b'{"worker": 1}', b"null"])
def test_what_is_no_claim_is_held_by_nobody(data: bytes) -> None:
    assert decoded(data).worker == ""
