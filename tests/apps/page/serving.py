"""A page that is served, as a person starts it, and a browser that looks at it."""

import asyncio
import contextlib
import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest

from untone import formats
from untone.image import GainMap, Image

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_SECONDS = 300
"""For what hangs: a machine that is only slow is waited for."""


def awaited(coroutine):
    """What it returns, run in a thread of its own: in a test's, playwright's loop may be running."""
    with ThreadPoolExecutor(1) as alone:
        return alone.submit(asyncio.run, coroutine).result()


def photo(seed=0, height=96, width=144, **fields):
    """A gradient with a lamp in it, as codes."""
    y, x = np.mgrid[:height, :width]
    grey = 40 + 120 * x / width + 20 * np.sin(y / 9 + seed)
    lamp = np.exp(-((x - width * 0.7) ** 2 + (y - height * 0.4) ** 2) / (height / 8) ** 2)
    colours = grey[..., None] * np.array([1, 0.9, 0.75]) + 255 * lamp[..., None]
    return Image(np.clip(colours, 0, 255).astype(np.uint8), **fields)


def gain_map(channels=3, gamma=1.0, **fields):
    codes = np.random.default_rng(1).integers(0, 256, (48, 72, channels), dtype=np.uint8)
    low, high = ((-0.2, 0.0, 0.1), (1.5, 2.0, 2.5)) if channels == 3 else ((0.1,) * 3, (2.0,) * 3)
    return GainMap(codes, low, high, (gamma,) * 3, alternate_headroom_stops=2.2, **fields)


def write_folder(folder, count=3):
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(count):
        formats.write(folder / f"photo-{index}.jpg", photo(index))
    return folder


class Page:
    """A running `untone view`."""

    def __init__(self, *arguments, environment=None):
        command = [sys.executable, "-m", "untone", "view", "--no-open", *map(str, arguments)]
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **(environment or {})},
        )
        self.address = self.process.stdout.readline().strip()
        if not self.address:
            raise AssertionError(self.process.communicate()[1])
        parts = urlsplit(self.address)
        self.host, self.port, self.path = parts.hostname, parts.port, parts.path

    def ask(self, method, path, body=None, **headers):
        """Status, headers and bytes of one request below the token."""
        return self.ask_anything(method, self.path + path, body, **headers)

    def ask_anything(self, method, path, body=None, **headers):
        connection = http.client.HTTPConnection(self.host, self.port, timeout=PATIENCE_SECONDS)
        with contextlib.closing(connection):
            if isinstance(body, dict):
                body = json.dumps(body)
            connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()

    def json(self, method, path, body=None):
        status, _, data = self.ask(method, path, body)
        return status, json.loads(data)

    def tiles(self, numbers, choice=None, look="bright"):
        """What the grid shows of photos, by their numbers."""
        body = {"photos": [[number, choice or {}] for number in numbers], "look": look}
        status, _, lines = self.ask("POST", "tiles", body)
        assert status == 200
        return {made["number"]: made for made in map(json.loads, lines.splitlines())}

    def tile(self, number, choice=None, look="bright"):
        return self.tiles([number], choice, look)[number]

    def close(self, number=signal.SIGINT):
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_SECONDS)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.close()
        self.process.stdout.close()
        self.process.stderr.close()


def chromium():
    """Path of a browser; skips the test where there is none."""
    pytest.importorskip("playwright", reason="playwright is not installed; pip install '.[dev]'")
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip(f"none of {', '.join(BROWSERS)} is installed")
    return found


@contextlib.contextmanager
def browsing(player, *flags, width=1280, height=800, **options):
    """A tab that fails the test where a script fails, or where anything outside of this machine is asked for."""
    faults = []
    browser = player.chromium.launch(executable_path=chromium(), args=[*FLAGS, *flags])
    tab = browser.new_page(viewport={"width": width, "height": height}, **options)
    tab.set_default_timeout(PATIENCE_SECONDS * 1000)
    tab.on("pageerror", lambda error: faults.append(str(error)))
    tab.on("console", lambda message: faults.append(message.text) if "Content Security" in message.text else None)
    tab.on("request", lambda asked: faults.append(asked.url) if not is_here(asked.url) else None)
    yield tab
    browser.close()
    assert faults == []


def opened(tab, page, number=0, width=None):
    tab.goto("about:blank")
    if width:
        tab.set_viewport_size({"width": width, "height": 800})
    tab.goto(page.address if number is None else f"{page.address}#{number}")
    if number is None:
        tab.wait_for_selector(".tile")
    else:
        tab.wait_for_selector("#stage:not([aria-busy]) .side.after canvas:not([hidden])")
        tab.wait_for_selector("#panel:not(.waiting)")


def exported(page, body):
    """How an export went, at its end."""
    status, answer = page.json("POST", "exports", body)
    assert status == 202, answer
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        job = page.json("GET", f"exports/{answer['export']}")[1]
        if job["finished"]:
            return job
        time.sleep(0.05)
    raise AssertionError(job)


def until(condition):
    """Waits until it holds."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def chosen(folder):
    """What its file of choices says of photos by name; nothing while there is none."""
    path = folder / "untone-choices.json"
    return json.loads(path.read_text())["photos"] if path.exists() else {}


def is_here(url):
    parts = urlsplit(url)
    return parts.scheme in ("blob", "data", "file") or parts.hostname == "127.0.0.1"


def listing(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(Path(folder).rglob("*")) if p.is_file()}
