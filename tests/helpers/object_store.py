"""An S3 server as a process (moto's), and a proxy before it that counts, asks to wait, forbids, and vanishes."""

from __future__ import annotations

import http.client
import io
import os
import random
import re
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
from PIL import Image

import untone
from untone import cli

SOURCE = Path(untone.__file__).parents[1]
SLOW_DOWN = (
    b"<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
)
SERVER = """
import sys, threading
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

served, alone = DomainDispatcherApplication(create_backend_app), threading.Lock()

def one_by_one(*request):
    with alone:
        return served(*request)

secret = "adhoc" if "--ssl" in sys.argv else None
server = make_server("127.0.0.1", 0, one_by_one, True, request_handler=MotoRequestHandler, ssl_context=secret)
print(server.server_port, flush=True)
server.serve_forever()
"""
"""moto's server, at a port that the system gives it. Of two who create an object, moto's threads let both: a request
is answered before the next is looked at, as a store does."""

DENIED = b"<?xml version='1.0'?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"


@contextmanager
def s3_server() -> Iterator[str]:
    """The URL of a server that speaks S3 and begins empty."""
    with s3_process() as (url, _):
        yield url


@contextmanager
def s3_process(*options: str) -> Iterator[tuple[str, int]]:
    """The same, and the id of its process; `--ssl` makes it speak TLS, with a certificate that nobody signed."""
    command = [sys.executable, "-c", SERVER, *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            port = process.stdout.readline().strip()
            assert port, "the S3 server ended"
            yield f"{'https' if '--ssl' in options else 'http'}://127.0.0.1:{port}", process.pid
        finally:
            process.kill()


def environment(endpoint: str, **more: str) -> dict[str, str]:
    """The variables by which everybody finds an S3-compatible store."""
    return {
        "AWS_ENDPOINT_URL": endpoint, "AWS_ALLOW_HTTP": "true", "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", **more,
    }  # fmt: skip


def client(endpoint: str, verify: bool | None = None) -> Any:
    """boto3's client: an S3 client that nobody here wrote."""
    import boto3
    from botocore.config import Config

    return boto3.client(
        "s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="key", aws_secret_access_key="secret",
        config=Config(s3={"addressing_style": "path"}), verify=verify,
    )  # fmt: skip


def objects(endpoint: str, bucket: str, prefix: str = "") -> dict[str, bytes]:
    """All objects of a bucket by their keys."""
    s3 = client(endpoint)
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    keys = [found["Key"] for page in pages for found in page.get("Contents", ())]
    return {key: s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}


def start(endpoint: str, *arguments: str, **more: str) -> subprocess.Popen[str]:
    """`untone` as a process, a worker of its own."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    environ = kept | environment(endpoint) | {"PYTHONPATH": str(SOURCE), "COLUMNS": "200"} | more
    command = [sys.executable, "-m", "untone", *arguments]
    return subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def run(endpoint: str, *arguments: str, **more: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of one command."""
    process = start(endpoint, *arguments, **more)
    out, err = process.communicate(timeout=300)
    return process.returncode, out, err


def tiny_photos(count: int) -> dict[str, bytes]:
    """JPEGs of 64 x 48 pixels, no two alike, by names in a few folders."""
    noise = np.random.default_rng(11)
    return {f"{i % 7}/p{i:04}.jpg": _jpeg(noise.integers(0, 255, (6, 8, 3)).astype(np.uint8)) for i in range(count)}


def _jpeg(pixels: Any) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).resize((64, 48)).save(stream, "JPEG")
    return stream.getvalue()


def locally(photos: dict[str, bytes], folder: Path) -> dict[str, bytes]:
    """What the command makes of the same photos in a folder."""
    for name, data in photos.items():
        (folder / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "in" / name).write_bytes(data)
    (folder / "out").mkdir()
    cli.main([str(folder / "in"), "-R", "-q", "-o", str(folder / "out")])
    return {path.relative_to(folder / "out").as_posix(): path.read_bytes() for path in (folder / "out").rglob("*.jpg")}


def put(url: str, bucket: str, photos: dict[str, bytes]) -> None:
    """Into a bucket, below `in/`."""
    s3 = client(url)
    for name, data in photos.items():
        s3.put_object(Bucket=bucket, Key=f"in/{name}", Body=data)


def counts(said: str) -> dict[str, int]:
    """The numbers of the last line that a batch says."""
    last = said.strip().splitlines()[-1]
    return {word: int(number) for number, word in re.findall(r"(\d+) (converted|skipped|left alone|failed)", last)}


class Proxy:
    """Between client and store.

    Attributes:
        url: where it listens.
        log: (method, path) of every request that came.
        throttled: share of requests that are answered by 503 SlowDown.
        gone: answers nothing, as a store that vanished.
        denies: a path whose PUTs are forbidden, if it begins so.
        one_by_one: knows no request that removes several objects.
    """

    def __init__(self, upstream: str) -> None:
        self.log: list[tuple[str, str]] = []
        self.throttled, self.gone, self.one_by_one = 0.0, False, False
        self.denies: str | None = None
        self._upstream = upstream.removeprefix("http://")
        self._random = random.Random(7)

    def counted(self) -> Counter[str]:
        """Requests by method."""
        return Counter(method for method, _ in self.log)

    def written(self, prefix: str) -> Counter[str]:
        """How often each path was put, whatever the answer."""
        return Counter(path for method, path in self.log if method == "PUT" and path.startswith(prefix))

    def for_claims(self, bucket: str) -> Counter[str]:
        """Requests of workers, by method, less listing and reading photos, writing outputs, signs of life."""
        work = (f"GET /{bucket}/in/", f"GET /{bucket}?list-type=2&prefix=in/", f"PUT /{bucket}/out")
        asked = [(method, unquote(path)) for method, path in self.log]
        return Counter(
            method for method, path in asked if "/claims/alive/" not in path and not f"{method} {path}".startswith(work)
        )

    @contextmanager
    def serving(self) -> Iterator[Proxy]:
        """Until the end of the block."""
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one_request(self) -> None:
                self.close_connection = True  # also where a client that was killed left in the middle
                if not proxy.gone:
                    with suppress(ConnectionError):
                        super().handle_one_request()

            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                proxy.log.append((self.command, unquote(self.path)))
                if proxy.gone:
                    self.close_connection = True
                    return
                if proxy._random.random() < proxy.throttled:
                    self._say(503, {}, SLOW_DOWN)
                elif self.command == "POST" and proxy.one_by_one:
                    self._say(501, {}, b"")
                elif self.command == "PUT" and proxy.denies and unquote(self.path).startswith(proxy.denies):
                    self._say(403, {}, DENIED)
                else:
                    self._say(*proxy._asked(self.command, self.path, dict(self.headers), body))

            do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = _answer  # noqa: N815

            def _say(self, status: int, headers: dict[str, str], body: bytes) -> None:
                self.send_response_only(status)
                for name, value in headers.items():
                    if name.lower() not in ("content-length", "connection", "transfer-encoding"):
                        self.send_header(name, value)
                length = (
                    headers.get("Content-Length", headers.get("content-length")) if self.command == "HEAD" else None
                )
                self.send_header("Content-Length", length or str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()

    def _asked(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection(self._upstream, timeout=60)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()
