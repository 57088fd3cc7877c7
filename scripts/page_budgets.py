"""What the page of untone view costs: its weight, the first paint, the slider, and a grid of many photos.

    python scripts/page_budgets.py [--photos 1000] [--width 900] [--json out.json]

Needs the extras page and dev, and a Chromium; with the extra video, a film is scrubbed, too. What it looks at is
made for it. Each figure stands beside its budget.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright

from untone import formats
from untone.apps.page.static_files import NAMES, static
from untone.image import Image

BUDGETS = {"weight_kb": 150, "first_paint_ms": 500, "slider_cpu_ms": 50, "slider_5k_cpu_ms": 50, "blank_ms": 300}
LOOKS = ("photo", "nits", "clipped")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
SLIDES = 40
UNLIKE = 100
SLIDER = """async count => {
  const input = document.getElementById("strength");
  for (let i = 0; i < count; i++) {
    input.value = 40 + i * 2;
    input.dispatchEvent(new Event("input"));
    await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
  }
}"""
SCROLL = """async () => {
  const grid = document.getElementById("grid");
  const blank = () => {  // any place in sight without its picture
    const { rowGap, gridTemplateColumns } = getComputedStyle(grid), { top } = grid.getBoundingClientRect();
    const item = grid.querySelector(".tile"), pitch = item.offsetHeight + parseFloat(rowGap);
    const columns = gridTemplateColumns.split(" ").length, all = Number(item.ariaSetSize);
    const loaded = [...grid.querySelectorAll(".tile")].filter(t => t.querySelector("img[src]")?.complete);
    const shown = new Set(loaded.map(t => Number(t.ariaPosInSet)));
    const first = Math.max(0, Math.floor(-top / pitch)) * columns + 1;
    const last = Math.min(all, Math.ceil((innerHeight - top) / pitch) * columns);
    for (let at = first; at <= last; at++) if (!shown.has(at)) return true;
    return false;
  };
  const found = [];
  for (let y = 0; y < document.body.scrollHeight; y += innerHeight * 0.9) {
    scrollTo(0, y);
    const start = performance.now();
    do await new Promise(done => requestAnimationFrame(done)); while (blank() && performance.now() - start < 60000);
    found.push(performance.now() - start);
  }
  return found;
}"""


def main():
    """Make photos, look at them, print figures beside budgets."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=int, default=1000)
    parser.add_argument("--width", type=int, default=900, help="of the photos of the grid")
    parser.add_argument("--json", metavar="OUT")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        grid, large = Path(scratch, "photos"), Path(scratch, "large")
        make_photos(grid, arguments.photos, arguments.width)
        make_photos(large, 1, 5120)
        make_film(large / "film.mp4")
        found = {"weight_kb": sum(len(static(n)) for n in (*NAMES, "index.html")) / 1000}
        found |= measure(large, large_screen, width=5120, height=2880) | measure(
            grid, looked_at, width=1280, height=800
        )
    for name, value in found.items():
        budget = f"  (budget {BUDGETS[name]})" if name in BUDGETS else ""
        print(f"{name:<28}{value:>10.1f}{budget}")
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(found, indent=1) + "\n")


def make_photos(folder, count, width):
    """Gradients with a lamp, 3 to 2; UNLIKE of them, then the same again: a page knows them by name."""
    folder.mkdir()
    height, unit = width * 2 // 3, width / 900
    y, x = np.mgrid[:height, :width] / unit
    for index in range(min(UNLIKE, count)):
        lamp = np.exp(-((x - index * 37 % 900) ** 2 + (y - index * 53 % 600) ** 2) / 4000)
        grey = 40 + 100 * x / 900 + 30 * np.sin(y / 40 + index) + 160 * lamp
        pixels = np.clip(grey[..., None] * np.array([1, 0.9, 0.8]), 0, 255).astype(np.uint8)
        formats.write(folder / f"photo-{index:05}.jpg", Image(pixels), quality=85)
    for index in range(UNLIKE, count):
        made = folder / f"photo-{index % UNLIKE:05}.jpg"
        (folder / f"photo-{index:05}.jpg").write_bytes(made.read_bytes())


def make_film(path):
    """Five seconds of 1920 x 1080, a group of pictures a second; nothing without PyAV."""
    try:
        import av
    except ImportError:
        return
    y, x = np.mgrid[:270, :480]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.options = 1920, 1080, {"g": "25", "preset": "ultrafast"}
        for index in range(125):
            lamp = 160 * np.exp(-((x - index * 3) ** 2 + (y - 125) ** 2) / 600)
            grey = np.clip(40 + x / 4.8 + lamp, 0, 255).astype(np.uint8).repeat(4, 0).repeat(4, 1)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(grey, "gray").reformat(format="yuv420p")))
        container.mux(stream.encode(None))


def measure(folder, look, **size):
    """Figures of a page over a folder."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    command = [sys.executable, "-m", "untone", "view", str(folder), "--no-open"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server, sync_playwright() as player:
        address = server.stdout.readline().strip()
        browser = player.chromium.launch(executable_path=chromium, args=FLAGS)
        tab = browser.new_page(viewport=size)
        tab.set_default_timeout(600_000)
        try:
            return look(tab, address, server.pid)
        finally:
            browser.close()
            server.terminate()


def opened(tab, address, number):
    """One photo, large, at rest."""
    tab.goto(f"{address}#{number}")
    tab.wait_for_selector("#panel:not(.waiting)")
    tab.wait_for_selector("#stage:not([aria-busy])")
    tab.wait_for_timeout(1000)


def large_screen(tab, address, _):
    """Figures of one photo at 5K, of the look that takes longest, and of a film."""
    tab.goto(address)
    tab.wait_for_selector(".tile:not(.waiting)")
    films = [p["number"] for p in tab.evaluate("fetch('state').then(a => a.json())")["photos"] if "film" in p["name"]]
    opened(tab, address, 1 - films[0] if films else 0)
    sliders = {}
    for look in LOOKS:
        tab.evaluate("look => document.querySelector(`#look input[value=${look}]`).click()", look)
        tab.wait_for_timeout(1500)
        sliders[look] = slider_milliseconds(tab)
    found = {"slider_5k_cpu_ms": max(sliders.values())} | {f"slider_5k_{k}_cpu_ms": v for k, v in sliders.items()}
    if films:
        opened(tab, address, films[0])
        found["film_frame_ms"] = float(np.median([scrubbed(tab, at) for at in (0.9, 3.7, 2.1, 4.5, 1.5)]))
    return found


def scrubbed(tab, at):
    """Milliseconds from pulling the slider of a film to its frame."""
    start = time.perf_counter()
    tab.evaluate(
        """at => { const input = document.getElementById("time"); input.value = at;
        input.dispatchEvent(new Event("input")); }""",
        at,
    )
    tab.wait_for_function(
        f"() => Math.abs(/at=([\\d.]+)/.exec(document.getElementById('download').href)?.[1] - {at}) < 0.1"
    )
    return (time.perf_counter() - start) * 1000


def looked_at(tab, address, server):
    """Figures of a page over many photos."""
    tab.goto(address)
    tab.wait_for_selector(".tile")
    paint = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN"
    tab.wait_for_function("() => performance.getEntriesByName('first-contentful-paint').length > 0")
    found = {"load_average": os.getloadavg()[0], "first_paint_ms": tab.evaluate(paint)}
    opened(tab, address, 0)
    found["slider_cpu_ms"] = slider_milliseconds(tab)
    tab.goto(f"{address}#")
    tab.wait_for_timeout(500)
    start = time.perf_counter()
    tab.evaluate(SCROLL)
    found["convert_all_s"] = time.perf_counter() - start
    tab.reload()
    tab.wait_for_selector(".tile img[src]")
    tab.wait_for_timeout(2000)
    blanks = tab.evaluate(SCROLL)
    heap = tab.evaluate("performance.memory?.usedJSHeapSize ?? 0") / 1e6
    found |= {"blank_ms": max(blanks), "blank_median_ms": float(np.median(blanks)), "page_heap_mb": heap}
    return found | {"server_mb": resident_megabytes(server)}


def resident_megabytes(process):
    """Of the server; NaN where the system does not say."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return float("nan")
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1000


def slider_milliseconds(tab):
    """Processor time of the page for one step of a slider: what else the machine does is not counted."""
    session = tab.context.new_cdp_session(tab)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def busy():
        return {m["name"]: m["value"] for m in session.send("Performance.getMetrics")["metrics"]}["TaskDuration"]

    start = busy()
    tab.evaluate(SLIDER, SLIDES)
    return (busy() - start) / SLIDES * 1000


if __name__ == "__main__":
    main()
