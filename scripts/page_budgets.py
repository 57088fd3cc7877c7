"""What the page of untone view costs: its weight, the first paint, the slider, and a grid of many photos.

    python scripts/page_budgets.py [--photos 1000] [--json out.json]

Needs the extras page and dev, and a Chromium. Photos are made for it. Each figure stands beside its budget.
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

BUDGETS = {"weight_kb": 150, "first_paint_ms": 500, "slider_cpu_ms": 50, "blank_ms": 300}
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
SLIDES = 40
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
    parser.add_argument("--json", metavar="OUT")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch, "photos")
        make_photos(folder, arguments.photos)
        found = measure(folder)
    for name, value in found.items():
        budget = f"  (budget {BUDGETS[name]})" if name in BUDGETS else ""
        print(f"{name:<28}{value:>10.1f}{budget}")
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(found, indent=1) + "\n")


def make_photos(folder, count):
    """Gradients with a lamp, each another, of 900 x 600 pixels."""
    folder.mkdir()
    y, x = np.mgrid[:600, :900]
    for index in range(count):
        lamp = np.exp(-((x - index * 37 % 900) ** 2 + (y - index * 53 % 600) ** 2) / 4000)
        grey = 40 + 100 * x / 900 + 30 * np.sin(y / 40 + index) + 160 * lamp
        pixels = np.clip(grey[..., None] * np.array([1, 0.9, 0.8]), 0, 255).astype(np.uint8)
        formats.write(folder / f"photo-{index:04}.jpg", Image(pixels), quality=85)


def measure(folder):
    """Figures of a page over a folder."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    command = [sys.executable, "-m", "untone", "view", str(folder), "--no-open"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server, sync_playwright() as player:
        address = server.stdout.readline().strip()
        browser = player.chromium.launch(executable_path=chromium, args=FLAGS)
        tab = browser.new_page(viewport={"width": 1280, "height": 800})
        try:
            return {"weight_kb": sum(len(static(n)) for n in (*NAMES, "index.html")) / 1000, **looked_at(tab, address)}
        finally:
            browser.close()
            server.terminate()


def looked_at(tab, address):
    """Figures of a page in a tab."""
    tab.goto(address)
    tab.wait_for_selector(".tile")
    paint = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN"
    tab.wait_for_function("() => performance.getEntriesByName('first-contentful-paint').length > 0")
    found = {"load_average": os.getloadavg()[0], "first_paint_ms": tab.evaluate(paint)}
    tab.goto(f"{address}#0")
    tab.wait_for_selector("#panel:not(.waiting)")
    tab.wait_for_timeout(1000)
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
    return found | {"blank_ms": max(blanks), "blank_median_ms": float(np.median(blanks)), "heap_mb": heap}


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
