"""Headless Chromium as a decoder of gain map images that nobody here wrote.

A page in the browser asks a server on this machine for work, draws the image onto a float16 canvas of linear light
and sends the pixels back; `ctx.globalHDRHeadroom` (log2 stops) sets the display that the gain map is applied for.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATIENCE_SECONDS = 300
POLL_SECONDS = 5

SPACES = {"bt709": "srgb-linear", "p3": "display-p3-linear", "bt2020": "rec2100-linear"}
"""Primaries that a canvas of linear light can have, and the browser's name of it."""

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-extensions",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
    "--enable-experimental-web-platform-features", "--remote-debugging-port=0",
)  # fmt: skip

PAGE = """<!doctype html><meta charset="utf-8"><script>
async function decoded(job) {
  const image = new Image();
  image.src = "/image/" + job.number;
  await image.decode();
  const width = image.naturalWidth, height = image.naturalHeight;
  const pixels = job.headrooms.map(stops => {
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext("2d",
      {colorSpace: job.space, colorType: "float16", willReadFrequently: true});
    if (!("globalHDRHeadroom" in context)) throw new Error("this browser has no globalHDRHeadroom");
    context.globalHDRHeadroom = stops;
    context.drawImage(image, 0, 0);
    return context.getImageData(0, 0, width, height, {colorSpace: job.space, pixelFormat: "rgba-float16"}).data;
  });
  return new Blob([new Uint32Array([width, height]), ...pixels]);
}
async function work() {
  for (;;) {
    const answer = await fetch("/job");
    if (answer.status !== 200) continue;
    const job = await answer.json();
    try {
      await fetch("/pixels/" + job.number, {method: "POST", body: await decoded(job)});
    } catch (error) {
      await fetch("/failure/" + job.number, {method: "POST", body: String(error)});
    }
  }
}
work();
</script>"""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that was ended in the middle of an answer is no news."""


def find() -> str | None:
    """Path of a Chromium or Chrome on this machine; None where there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Chromium:
    """One browser; a context manager, so that it always ends.

    Raises:
        RuntimeError: it does not start, or what it is given does not decode.
    """

    def __init__(self, executable: str) -> None:
        self._jobs: queue.Queue[dict[str, object]] = queue.Queue()
        self._answers: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self._image, self._number = b"", 0
        self._server = _Server(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self._folder = tempfile.mkdtemp(prefix="witness-")
        self._log = (Path(self._folder) / "log").open("wb")
        address = f"http://127.0.0.1:{self._server.server_port}/"
        self._process = subprocess.Popen(
            [executable, *FLAGS, f"--user-data-dir={self._folder}/profile", address],
            stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log, start_new_session=True,
        )  # fmt: skip

    def decode(
        self, data: bytes, headrooms_stops: Sequence[float], primaries: str = "bt709"
    ) -> list[NDArray[np.float32]]:
        """An image file as displays of these headrooms show it.

        Args:
            primaries: one of SPACES. Half floats are coarse beside small differences of large numbers: ask for the
                image's own.

        Returns:
            For each, [H, W, 3] float32 as viewed (EXIF orientation applied): light, 1.0 = SDR white, not clipped.
        """
        self._image, self._number = data, self._number + 1
        self._jobs.put({"number": self._number, "headrooms": list(headrooms_stops), "space": SPACES[primaries]})
        kind, answer = self._answer()
        if kind != "pixels":
            raise RuntimeError(answer.decode())
        width, height = np.frombuffer(answer, "<u4", 2).tolist()
        pixels = np.frombuffer(answer, "<f2", offset=8).reshape(len(headrooms_stops), height, width, 4)
        return list(pixels[..., :3].astype(np.float32))

    def _answer(self) -> tuple[str, bytes]:
        for _ in range(PATIENCE_SECONDS):
            try:
                return self._answers.get(timeout=1)
            except queue.Empty:
                if self._process.poll() is not None:
                    break
        log = (Path(self._folder) / "log").read_text("utf-8", "replace")[-2000:]
        raise RuntimeError(f"the browser does not answer (exit status {self._process.poll()}):\n{log}")

    def __enter__(self) -> Chromium:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._server.shutdown()
        self._server.server_close()
        self._log.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        browser = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path == "/":
                    self._reply(PAGE.encode(), "text/html")
                elif self.path == "/job":
                    self._job()
                elif self.path == f"/image/{browser._number}":
                    self._reply(browser._image, "image/jpeg")
                else:
                    self.send_error(404)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                kind, number = self.path.strip("/").split("/")
                if int(number) == browser._number:
                    browser._answers.put((kind, body))
                self._reply(b"", "text/plain")

            def _job(self) -> None:
                try:
                    job = browser._jobs.get(timeout=POLL_SECONDS)
                except queue.Empty:
                    self.send_error(404)
                    return
                self._reply(json.dumps(job).encode(), "application/json")

            def _reply(self, body: bytes, kind: str) -> None:
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Silent: a test's output is its own."""

        return Handler
