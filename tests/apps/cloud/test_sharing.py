"""Workers that know nothing of each other, against an S3 server as a process: each photo once, as in a local run."""

from __future__ import annotations

import subprocess
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
from counted_store import CountedStore, asked_of_claims, jobs_in, share
from object_store import Proxy, counts, locally, objects, put, start, tiny_photos

from untone import cli
from untone.apps.cloud import claims, pages
from untone.apps.conversion.report import CONVERTED


def _until(count: int, proxies: list[Proxy], bucket: str) -> None:
    deadline = time.monotonic() + 240
    while sum(len(p.written(f"/{bucket}/out/")) for p in proxies) < count:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _made(url: str, bucket: str) -> dict[str, bytes]:
    return {key.removeprefix("out/"): data for key, data in objects(url, bucket, "out/").items()}


def _share(s3_url: str, bucket: str, photos: dict[str, bytes], proxies: list[Proxy]) -> list[subprocess.Popen[str]]:
    put(s3_url, bucket, photos)
    return [start(each.url, *_arguments(bucket), "--lease", "4") for each in proxies]


def _arguments(bucket: str) -> list[str]:
    return [f"s3://{bucket}/in/", "-R", "-o", f"s3://{bucket}/out/", "--claim", f"s3://{bucket}/claims/"]


@pytest.mark.slow
def test_three_workers_of_which_one_dies_and_one_cannot_write(s3_url: str, bucket: str, tmp_path: Path) -> None:
    count = 500
    photos = tiny_photos(count)
    photos["7/broken.jpg"] = b"\xff\xd8 no photo"
    with Proxy(s3_url).serving() as one, Proxy(s3_url).serving() as two, Proxy(s3_url).serving() as three:
        one.throttled = two.throttled = 0.05
        three.denies = f"/{bucket}/out/"
        workers = _share(s3_url, bucket, photos, [one, two, three])
        _until(count // 4, [one, two], bucket)
        workers[0].kill()
        said = [worker.communicate(timeout=300)[1] for worker in workers]
        answered = one.written(f"/{bucket}/out/") + two.written(f"/{bucket}/out/")
    assert _made(s3_url, bucket) == locally(photos, tmp_path)
    assert workers[1].returncode == 1
    assert "broken.jpg: " in said[1]
    numbers = counts(said[1])
    assert numbers["failed"] == 1
    assert numbers["converted"] + numbers["skipped"] == count
    assert workers[2].returncode == 1
    assert "these credentials may not write there" in said[2]
    assert set(answered) == {f"/{bucket}/out/{key}" for key in _made(s3_url, bucket)}


def test_claims_of_one_worker_take_little_more_than_a_request_a_photo(
    s3_url: str, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = tiny_photos(30)
    put(s3_url, bucket, photos)
    with Proxy(s3_url).serving() as alone:
        monkeypatch.setenv("AWS_ENDPOINT_URL", alone.url)
        assert cli.main(_arguments(bucket)) == 0
        assert set(alone.written(f"/{bucket}/out/").values()) == {1}
        asked = alone.for_claims(bucket)
    assert asked["PUT"] == len(photos)
    assert asked["POST"] == 1
    assert asked.total() <= 2.5 * len(photos)
    assert not objects(s3_url, bucket, "claims/")


@pytest.mark.parametrize("workers", [1, 2, 3, 4])
def test_claims_take_three_requests_a_photo_at_most(workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name, seconds in ((claims, "KEPT", 0.5), (pages, "FRESH", 0.3), (pages, "MET", 0.1)):
        monkeypatch.setattr(module, f"{name}_SECONDS", seconds)  # the store is quicker than others, too
    count, store = 150, CountedStore(0.004)
    jobs = jobs_in(store, count)
    said = share(store, jobs, workers, 0.02, 100)
    asked = asked_of_claims(store)
    written = Counter(key for request, key in store.log if request == "PUT" and key.startswith("out/"))
    assert sum(outcome.status == CONVERTED for outcome in said) == count
    assert len(said) == count * workers
    assert sorted(written) == [f"out/{job.source.name}" for job in jobs]
    assert written.total() <= 1.05 * count  # done twice is work that was lost; objects are created once
    assert asked.total() <= 3 * count
    assert not list(store.entries("claims/"))


@pytest.mark.slow
@pytest.mark.parametrize("workers", [2, 3, 4])
def test_so_do_those_of_processes(s3_url: str, bucket: str, proxy: Proxy, workers: int) -> None:
    count = 150
    put(s3_url, bucket, tiny_photos(count))
    processes = [start(proxy.url, *_arguments(bucket)) for _ in range(workers)]
    said = [process.communicate(timeout=300)[1] for process in processes]
    assert sum(counts(text)["converted"] for text in said) == count
    assert proxy.for_claims(bucket).total() <= 3 * count
    assert not objects(s3_url, bucket, "claims/")


@pytest.mark.slow
def test_it_waits_for_a_store_that_vanishes(s3_url: str, bucket: str, proxy: Proxy, tmp_path: Path) -> None:
    photos = tiny_photos(12)
    workers = _share(s3_url, bucket, photos, [proxy, proxy])
    _until(2, [proxy], bucket)
    proxy.gone = True
    threading.Timer(20, lambda: setattr(proxy, "gone", False)).start()
    said = [worker.communicate(timeout=200)[1] for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], said
    assert _made(s3_url, bucket) == locally(photos, tmp_path)


def test_shards_are_apart_and_together_are_all(s3_url: str, bucket: str, tmp_path: Path) -> None:
    photos = tiny_photos(10)
    put(s3_url, bucket, photos)
    seen: list[set[str]] = []
    for index in range(3):
        arguments = [f"s3://{bucket}/in/", "-R", "-o", f"s3://{bucket}/out/", "--shard", f"{index}/3", "-q"]
        assert cli.main(arguments) == 0
        seen.append(set(_made(s3_url, bucket)))
    assert seen[0] < seen[1] < seen[2]
    assert _made(s3_url, bucket) == locally(photos, tmp_path)


@pytest.mark.slow
def test_a_shared_folder_serves_as_well(tmp_path: Path) -> None:
    photos = tiny_photos(12)
    expected = locally(photos, tmp_path)
    (tmp_path / "shared").mkdir()
    arguments = [str(tmp_path / "in"), "-R", "-o", str(tmp_path / "shared"), "--claim", str(tmp_path / "claims")]
    workers = [start("http://127.0.0.1:1", *arguments, "--lease", "2") for _ in range(2)]
    said = [worker.communicate(timeout=200)[1] for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], said
    made = {
        path.relative_to(tmp_path / "shared").as_posix(): path.read_bytes()
        for path in (tmp_path / "shared").rglob("*.jpg")
    }
    assert made == expected
    assert sum(counts(text)["converted"] for text in said) == 12
    assert not [path for path in tmp_path.rglob("*") if path.name.startswith(".untone-")]
    assert not [path for path in (tmp_path / "claims").rglob("*") if path.is_file()]


def test_the_same_command_goes_on_and_tries_failures_again(
    s3_url: str, bucket: str, capsys: pytest.CaptureFixture[str]
) -> None:
    photos = tiny_photos(4) | {"0/broken.jpg": b"\xff\xd8"}
    put(s3_url, bucket, photos)
    assert cli.main(_arguments(bucket)) == 1
    assert counts(capsys.readouterr().err) == {"converted": 4, "skipped": 0, "left alone": 0, "failed": 1}
    time.sleep(1.1)  # the store's clock counts whole seconds
    assert cli.main(_arguments(bucket)) == 1
    assert counts(capsys.readouterr().err) == {"converted": 0, "skipped": 4, "left alone": 0, "failed": 1}
    put(s3_url, bucket, {"0/broken.jpg": next(iter(photos.values()))})
    time.sleep(1.1)
    assert cli.main(_arguments(bucket)) == 0
    assert len(_made(s3_url, bucket)) == 5
