"""The same jobs on Ray, started on this machine: the same bytes, also when a worker is killed."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest
from object_store import Proxy, counts, locally, objects, put, start, tiny_photos

from untone import cli

pytest.importorskip("ray", reason="no Ray; the extra ray brings it")

MARK = "MapWorker"


def _ancestors(pid: int) -> list[int]:
    """Of a process of this machine, from its parent up."""
    found: list[int] = []
    while pid > 1:
        try:
            pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            return found
        found.append(pid)
    return found


def _worker_of(command: int) -> int | None:
    """A process of the pool that the command started."""
    for each in Path("/proc").iterdir():
        try:
            if (
                each.name.isdecimal()
                and MARK in (each / "cmdline").read_text()
                and command in _ancestors(int(each.name))
            ):
                return int(each.name)
        except OSError:
            continue
    return None


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_a_worker_of_the_pool_that_is_killed_is_replaced(
    s3_url: str, bucket: str, proxy: Proxy, tmp_path: Path
) -> None:
    count = 500
    photos = tiny_photos(count) | {"7/broken.jpg": b"\xff\xd8"}
    put(s3_url, bucket, photos)
    proxy.throttled = 0.05
    process = start(proxy.url, f"s3://{bucket}/in/", "-R", "-o", f"s3://{bucket}/out/", "--ray")
    deadline = time.monotonic() + 600
    while len(proxy.written(f"/{bucket}/out/")) < count // 4:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.1)
    worker = _worker_of(process.pid)
    assert worker is not None
    os.kill(worker, signal.SIGKILL)
    said = process.communicate(timeout=1500)[1]
    assert process.returncode == 1, said
    assert "broken.jpg: " in said
    found = counts(said)
    assert (found["failed"], found["converted"] + found["skipped"]) == (1, count)
    made = {key.removeprefix("out/"): data for key, data in objects(s3_url, bucket, "out/").items()}
    assert made == locally(photos, tmp_path)


@pytest.mark.slow
def test_faults_that_every_photo_would_meet_end_the_run(s3_url: str, bucket: str) -> None:
    process = start(s3_url, "s3://nowhere/in/", "-R", "-o", f"s3://{bucket}/out/", "--ray", "-q")
    said = process.communicate(timeout=300)[1]
    last = said.splitlines()[-1]
    assert (process.returncode, last) == (1, "untone: s3://nowhere/in/: there is no bucket nowhere")


def test_no_address_is_needed(s3_url: str, bucket: str) -> None:
    put(s3_url, bucket, tiny_photos(1))
    assert cli.main([f"s3://{bucket}/in/", "-R", "-o", f"s3://{bucket}/out/", "-q", "--dry-run", "--ray"]) == 0


def test_an_address_without_a_cluster_is_one_line(s3_url: str, bucket: str) -> None:
    put(s3_url, bucket, tiny_photos(1))
    process = start(s3_url, f"s3://{bucket}/in/", "-R", "-o", f"s3://{bucket}/out/", "-q", "--ray", "127.0.0.1:9")
    said = process.communicate(timeout=300)[1]
    assert process.returncode == 1
    assert "no cluster answers" in said
