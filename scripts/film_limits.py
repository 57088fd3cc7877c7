"""When a film's first frame is there, and what memory it takes: python scripts/film_limits.py [LINES...] [--frames N]

For each height (1080, 2160 and 4320 unless told), a made clip of 16:9 is converted by a process of its own, and coded
by another that only decodes and encodes: seconds from the start of the process until the first HDR frame goes into the
encoder, CPU seconds of all threads until then, and seconds until all is written; and the largest resident memory, MiB,
of both. Then the CPU time, on one thread, of what is done to a frame's pixels before its planes are written, as a share
of that.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import untone
from untone.apps.video.overlays.tracking import Tracker
from untone.kernels import video
from untone.lab.benchmarks.video import CODECS_ALONE, as_planes, write_clip
from untone.operators import Operators

CONVERT = """
import sys, time
from pathlib import Path
begun, source, target, preset = float(sys.argv[1]), *sys.argv[2:]
from untone.apps.video.conversion import convert
from untone.apps.video.options import FilmOptions
first = []
def tell(done, expected):
    if done and not first:
        first.extend((time.time() - begun, time.process_time()))
convert(Path(source), Path(target), FilmOptions(preset=preset), tell)
print(*first)
"""


def run(code, *arguments):
    """Seconds, largest resident memory in MiB, and what was printed, of Python code in a process of its own."""
    begun = time.time()
    with tempfile.TemporaryFile("w+") as printed:
        child = subprocess.Popen([sys.executable, "-c", code, *arguments], stdout=printed)
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            raise SystemExit(f"a process ended with {child.returncode}")
        printed.seek(0)
        return time.time() - begun, used.ru_maxrss / 1024, printed.read()


def picture(height, width):
    """A photo of the samples, as large as that and a pan wider."""
    photo = untone.read(Path(__file__).parents[1] / "samples" / "desert-palms.jpg")[0].pixels
    rows = np.arange(height) * photo.shape[0] // height
    columns = np.arange(width + 256) * photo.shape[1] // (width + 256)
    grain = np.random.default_rng(0).normal(0, 2, (height, width + 256, 1))
    return np.clip(photo[rows][:, columns] + grain, 0, 255).astype(np.uint8)


def shares(pixels):
    """CPU time of debanding, and of looking for text, over that of the planes of a frame."""
    source, operators = as_planes(pixels), uneven_operators()
    targets, tracker = video.empty_planes(*source.y.shape), Tracker()
    runs = {
        "planes": lambda: video.write_planes(source, operators, video.Rendering(), targets, threads=1),
        "debanding": lambda: video.debanded(source, threads=1),
        "overlays": lambda: tracker.push(source),
    }
    spent = {name: [] for name in runs}
    for _ in range(9):
        for name, work in runs.items():
            begun = time.process_time()
            work()
            spent[name].append(time.process_time() - begun)
    return {name: min(times) / min(spent["planes"]) for name, times in spent.items()}


def uneven_operators():
    """Operators as uneven as a trained network's."""
    rng = np.random.default_rng(0)
    grids = np.zeros((3, 16, 16, 8, 3), np.float32)
    for k in range(3):
        grids[k, ..., k] = np.linspace(0, 1, 8)
    return Operators(grids, rng.normal(0.2, 0.1, (9, 9, 9, 3)).astype(np.float32), 2.0)


def main():
    """Print a table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("lines", nargs="*", type=int, default=[1080, 2160, 4320])
    parser.add_argument("--frames", type=int, default=20)
    parser.add_argument("--preset", default="8")
    asked = parser.parse_args()
    print(f"{'film':>12} {'frames':>6} {'first, s':>9} {'its CPU, s':>10} {'all, s':>7} {'MiB':>6}", end=" ")
    print(f"{'codecs, s':>10} {'codecs, MiB':>12}")
    for lines in asked.lines:
        width = lines * 16 // 9
        with tempfile.TemporaryDirectory() as folder:
            clip, out = Path(folder, "clip.mp4"), str(Path(folder, "out.mp4"))
            write_clip(clip, picture(lines, width), lines, width, asked.frames)
            seconds, memory, printed = run(CONVERT, str(time.time()), str(clip), out, asked.preset)
            alone = run(CODECS_ALONE, str(clip), out, str(width), str(lines), asked.preset)
        first, spent = map(float, printed.split())
        print(f"{width:>5} x {lines:<4} {asked.frames:>6} {first:>9.2f} {spent:>10.2f} {seconds:>7.1f} {memory:>6.0f} "
              f"{alone[0]:>10.1f} {alone[1]:>12.0f}", flush=True)  # fmt: skip
    slope = np.linspace(130, 190, 1080)[:, None, None].repeat(1920, 1).repeat(3, 2)
    for name, pixels in (("photo", picture(1080, 1664)), ("sky", slope.astype(np.uint8))):
        found = shares(np.ascontiguousarray(pixels[:1080, :1920]))
        print(f"{name}: debanding {found['debanding']:.3f}, overlays {found['overlays']:.3f} of the planes at 1080p")


if __name__ == "__main__":
    main()
