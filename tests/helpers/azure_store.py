"""Azure Blob Storage as a process: Azurite (npm install -g azurite), where it is installed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from email.utils import formatdate
from pathlib import Path

ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""Of every emulator: Microsoft publishes it."""

PROGRAM = "azurite-blob"


def azure_environment(url: str) -> dict[str, str]:
    """The variables by which obstore finds the emulator."""
    return {"AZURE_STORAGE_USE_EMULATOR": "true", "AZURITE_BLOB_STORAGE_URL": url, "AZURE_ALLOW_HTTP": "true"}


@contextmanager
def azure_store(folder: Path) -> Iterator[str]:
    """The URL of one that begins empty."""
    program = shutil.which(PROGRAM)
    assert program is not None
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [program, "--silent", "--disableTelemetry", "--skipApiVersionCheck", "--location", str(folder)]
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen([*command, "--blobPort", str(port)], stdout=said, stderr=said)
    try:
        for _ in range(600):
            assert process.poll() is None, (folder / "said").read_text()
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def make_container(url: str, name: str) -> None:
    """One that is empty."""
    headers = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": "2021-08-06"}
    lines = "".join(f"{key}:{headers[key]}\n" for key in sorted(headers))
    text = f"PUT{12 * chr(10)}{lines}/{ACCOUNT}/{ACCOUNT}/{name}\nrestype:container"
    signed = hmac.new(base64.b64decode(KEY), text.encode(), hashlib.sha256).digest()
    headers["Authorization"] = f"SharedKey {ACCOUNT}:{base64.b64encode(signed).decode()}"
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
    with closing(connection):
        connection.request("PUT", f"/{ACCOUNT}/{name}?restype=container", headers=headers | {"Content-Length": "0"})
        answer = connection.getresponse()
        assert answer.status == 201, answer.read()
