"""Google Cloud Storage's XML interface as far as photos need it: a double, as no emulator knows conditions there.

Written from the reference of the XML API: generations, x-goog-if-generation-match, ranges, lists.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape


def google_environment(url: str) -> dict[str, str]:
    """The variables by which obstore finds this store, and asks it without an account."""
    account = {"gcs_base_url": url, "disable_oauth": True, "client_email": "", "private_key": "", "private_key_id": ""}
    return {"GOOGLE_SERVICE_ACCOUNT_KEY": json.dumps(account), "GOOGLE_ALLOW_HTTP": "true"}


@contextmanager
def google_store() -> Iterator[str]:
    """The URL of one that begins empty and has every bucket but `nowhere`."""
    objects: dict[str, tuple[bytes, int]] = {}
    generations, lock = itertools.count(1), threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            at = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            bucket, _, key = unquote(at.path).lstrip("/").partition("/")
            with lock:
                if bucket == "nowhere":
                    self._say(404, b"<Error><Code>NoSuchBucket</Code></Error>")
                elif key:
                    self._object(f"{bucket}/{key}", body)
                else:
                    self._list(bucket, {name: each[0] for name, each in parse_qs(at.query).items()})

        do_GET = do_PUT = do_HEAD = do_DELETE = _answer  # noqa: N815

        def _object(self, name: str, body: bytes) -> None:
            data, generation = objects.get(name, (b"", 0))
            wanted = self.headers.get("x-goog-if-generation-match")
            if wanted is not None and int(wanted) != generation:
                self._say(412, b"<Error><Code>PreconditionFailed</Code></Error>")
            elif self.command == "PUT":
                objects[name] = body, next(generations)
                self._say(200, b"", _headers(*objects[name]))
            elif not generation:
                self._say(404, b"<Error><Code>NoSuchKey</Code></Error>")
            elif self.command == "DELETE":
                del objects[name]
                self._say(204, b"")
            else:
                self._read(data, _headers(data, generation))

        def _read(self, data: bytes, headers: dict[str, str]) -> None:
            asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or "")
            if self.headers.get("If-Match", headers["ETag"]) != headers["ETag"]:
                self._say(412, b"<Error><Code>PreconditionFailed</Code></Error>")
            elif asked is None:
                self._say(200, data, headers)
            elif int(asked[1]) >= len(data):
                self._say(416, b"<Error><Code>InvalidRange</Code></Error>")
            else:
                start, end = int(asked[1]), min(int(asked[2] or len(data)), len(data) - 1)
                part = headers | {"Content-Range": f"bytes {start}-{end}/{len(data)}"}
                self._say(206, data[start : end + 1], part)

        def _list(self, bucket: str, query: dict[str, str]) -> None:
            begin = f"{bucket}/"
            after = query.get("continuation-token", query.get("start-after", ""))
            names = sorted(name[len(begin) :] for name in objects if name.startswith(begin))
            found = [name for name in names if name.startswith(query.get("prefix", "")) and name > after]
            page = found[: int(query.get("max-keys", 1000))]
            more = f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>" if page != found else ""
            shown = "".join(_contents(name, *objects[begin + name]) for name in page)
            self._say(200, f"<ListBucketResult>{shown}{more}</ListBucketResult>".encode())

        def _say(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
            self.send_response_only(status)
            for name, value in ((headers or {}) | {"Content-Length": str(len(body))}).items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def _tag(data: bytes) -> str:
    return f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'


def _headers(data: bytes, generation: int) -> dict[str, str]:
    return {"ETag": _tag(data), "x-goog-generation": str(generation), "Last-Modified": formatdate(usegmt=True)}


def _contents(name: str, data: bytes, generation: int) -> str:
    size = f"<Size>{len(data)}</Size><Generation>{generation}</Generation>"
    when = "<LastModified>2026-01-01T00:00:00.000Z</LastModified>"
    return f"<Contents><Key>{escape(name)}</Key>{when}<ETag>{escape(_tag(data))}</ETag>{size}</Contents>"
