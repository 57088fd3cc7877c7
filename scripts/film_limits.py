"""How fast films are, and what memory they take: python scripts/film_limits.py [LINES...] [--frames N] [--preset P...]

For each height (1080 and 2160 unless told) and preset, a made clip of 16:9 is converted by a process of its own, and
coded by another that only decodes and encodes, in turns: seconds from the start of the process until the first HDR
frame goes into the encoder, by the clock and of all threads; the least seconds until all is written, by the clock and
of all threads, of both, and their ratios; the largest resident memory, MiB. Then the planes of a 1080p frame beside
eager torch and swscale, and the CPU time, on one thread, of what else is done to a frame's pixels, as a share of that.
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
from untone.lab.benchmarks.command import specimen
from untone.lab.benchmarks.video import CODECS_ALONE, as_planes, plane_figures, write_clip
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
    """Seconds, CPU seconds, largest resident memory in MiB, and what was printed, of Python code in a process."""
    begun = time.time()
    with tempfile.TemporaryFile("w+") as printed:
        child = subprocess.Popen([sys.executable, "-c", code, *arguments], stdout=printed)
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            raise SystemExit(f"a process ended with {child.returncode}")
        printed.seek(0)
        return time.time() - begun, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, printed.read()


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


def figures(folder, lines, preset, frames, rounds):
    """One line of the table."""
    clip, out, width = Path(folder, f"{lines}.mp4"), str(Path(folder, "out.mp4")), lines * 16 // 9
    if not clip.exists():
        write_clip(clip, picture(lines, width), lines, width, frames)
    ours, alone = [], []
    for _ in range(rounds):
        ours.append(run(CONVERT, str(time.time()), str(clip), out, preset))
        alone.append(run(CODECS_ALONE, str(clip), out, str(width), str(lines), preset))
    (seconds, spent), (least, codecs) = ([min(r[k] for r in runs) for k in (0, 1)] for runs in (ours, alone))
    first = [min(values) for values in zip(*(map(float, r[3].split()) for r in ours), strict=True)]
    memory = [max(r[2] for r in runs) for runs in (ours, alone)]
    return (f"{width:>5} x {lines:<4} {preset:>6} {frames:>6} {first[0]:>8.2f} {first[1]:>8.2f} {seconds:>7.1f} "
            f"{spent:>7.1f} {least:>9.1f} {codecs:>9.1f} {seconds / least:>6.2f} {spent / codecs:>6.2f} "
            f"{memory[0]:>6.0f} {memory[1]:>6.0f}")  # fmt: skip


HEADS = ("film", "preset", "frames", "first, s", "CPU, s", "all, s", "CPU, s", "codecs, s", "CPU, s", "ratio", "CPU",
         "MiB", "codecs")  # fmt: skip


def main():
    """Print the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("lines", nargs="*", type=int, default=[1080, 2160])
    parser.add_argument("--frames", type=int, default=72)
    parser.add_argument("--preset", nargs="+", default=["8", "10"])
    parser.add_argument("--rounds", type=int, default=1)
    asked = parser.parse_args()
    print("{:>12} {:>6} {:>6} {:>8} {:>8} {:>7} {:>7} {:>9} {:>9} {:>6} {:>6} {:>6} {:>6}".format(*HEADS))
    with tempfile.TemporaryDirectory() as folder:
        for lines in asked.lines:
            frames = max(4, asked.frames * 1080**2 // lines**2)
            for preset in asked.preset:
                print(figures(folder, lines, preset, frames, asked.rounds), flush=True)
    pixels, operators = specimen()
    found = plane_figures(np.ascontiguousarray(pixels[:1080, :1920]), operators, 2)
    for name, told in found["planes"].items():
        print(f"planes, {name}, {told['threads']} threads: {told['frames_per_second']:.0f} frames/s")
    print(f"the fastest over eager torch {found['over_torch_eager']:.1f}", end=", ")
    print(f"over swscale {found['over_swscale']:.2f}")
    slope = np.linspace(130, 190, 1080)[:, None, None].repeat(1920, 1).repeat(3, 2)
    for name, pixels in (("photo", picture(1080, 1664)), ("sky", slope.astype(np.uint8))):
        found = shares(np.ascontiguousarray(pixels[:1080, :1920]))
        print(f"{name}: debanding {found['debanding']:.3f}, overlays {found['overlays']:.3f} of the planes at 1080p")


if __name__ == "__main__":
    main()
