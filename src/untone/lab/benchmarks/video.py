"""Films: a frame's planes beside eager torch and FFmpeg's own conversion, and the whole command beside its codecs.

Part of `untone bench`. As everywhere there, what is compared takes turns in one run.
"""

from __future__ import annotations

import functools
import importlib.util
import json
import sys
import tempfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ... import kernels
from ...kernels import video
from ...operators import Operators

HEIGHT, WIDTH, RATE = 1080, 1920, 24
FRAMES, QUICK_FRAMES = 120, 24
PRESETS = ("8", "10")
ROUNDS = 3

CODECS_ALONE = """
import os, sys
os.environ["SVT_LOG"] = "0"
import av, numpy as np
from fractions import Fraction
source = av.open(sys.argv[1])
source.streams.video[0].thread_type = "AUTO"
target = av.open(sys.argv[2], "w")
stream = target.add_stream("libsvtav1", rate=24)
stream.width, stream.height, stream.pix_fmt = int(sys.argv[3]), int(sys.argv[4]), "yuv420p10le"
stream.options = {"preset": sys.argv[5], "crf": "26", "svtav1-params": "lookahead=16"}
for frame in source.decode(video=0):
    given = av.VideoFrame(frame.width, frame.height, "yuv420p10le")
    for old, new in zip(frame.planes, given.planes):
        lines = np.frombuffer(old, np.uint8).reshape(old.height, old.line_size)[:, : old.width]
        np.frombuffer(new, np.uint16).reshape(new.height, -1)[:, : new.width] = lines * np.uint16(4)
    given.pts, given.time_base = frame.pts, frame.time_base
    target.mux(stream.encode(given))
target.mux(stream.encode(None))
target.close()
"""
"""Decodes and encodes the same frames, and does nothing else with them but widen their codes."""


def bench(frame: NDArray[np.uint8], operators: Operators, *, quick: bool = False) -> dict[str, Any] | None:
    """Figures of films; None without PyAV.

    Keys: planes.VARIANT.{ms, frames_per_second, threads}, torch_eager_ms, swscale_ms, thumbnail_ms, deband_ms,
    over_torch_eager, over_swscale, all of frames of WIDTH x HEIGHT; command.PRESET.{seconds, codecs_seconds, ratio,
    peak_mib, codecs_peak_mib}.

    Args:
        frame: [H, W, 3], at least as large; a corner of it is taken.
        operators: as uneven as a trained network's.
    """
    if importlib.util.find_spec("av") is None:
        return None
    corner = np.ascontiguousarray(frame[:HEIGHT, :WIDTH])
    return plane_figures(corner, operators, 1 if quick else ROUNDS) | {"command": _command(frame, quick)}


def as_planes(pixels: NDArray[np.uint8]) -> video.YCbCr:
    """4:2:0 of BT.709, by FFmpeg."""
    import av

    made = av.VideoFrame.from_ndarray(pixels, format="rgb24")
    given = made.reformat(format="yuv420p", dst_colorspace=1, dst_color_range=1)
    found = [np.frombuffer(p, np.uint8).reshape(p.height, p.line_size)[:, : p.width].copy() for p in given.planes]
    return video.YCbCr(found[0], found[1], found[2])


def plane_figures(pixels: NDArray[np.uint8], operators: Operators, rounds: int) -> dict[str, Any]:
    """The keys of `bench` but for the command's; `pixels` [HEIGHT, WIDTH, 3]."""
    import av

    from .command import quartile, take_turns

    info, source = kernels.info(), as_planes(pixels)
    targets, counts = video.empty_planes(*source.y.shape), np.zeros(video.LEVELS, np.int64)
    write = functools.partial(video.write_planes, source, operators, video.Rendering(), targets, counts=counts)
    runs: dict[str, Callable[[], Any]] = {
        name: functools.partial(write, variant=name) for name in info["available"] if name != "reference"
    }
    names = list(runs)
    light = av.VideoFrame.from_ndarray(pixels.astype(np.uint16) * 257, format="rgb48le")
    runs["swscale"] = lambda: light.reformat(format="yuv420p10le", dst_colorspace=9, dst_color_range=1)
    runs["thumbnail"] = lambda: video.thumbnail(source)
    runs["deband"] = lambda: video.debanded(source)
    if importlib.util.find_spec("torch") is not None:
        from .eager import Eager

        runs["torch"] = functools.partial(Eager(operators, *pixels.shape[:2]).hdr_pq10, pixels)
    spent = {name: quartile(each.wall) for name, each in take_turns(runs, 3 * rounds).items()}
    best, eager = spent[info["variant"]], spent.get("torch")
    return {
        "planes": {
            name: {"ms": spent[name], "frames_per_second": 1000 / spent[name], "threads": info["threads"]}
            for name in names
        },
        "swscale_ms": spent["swscale"],
        "thumbnail_ms": spent["thumbnail"],
        "deband_ms": spent["deband"],
        "torch_eager_ms": eager,
        "over_torch_eager": None if eager is None else eager / best,
        "over_swscale": spent["swscale"] / best,
    }


def write_clip(path: Path, frame: NDArray[np.uint8], height: int, width: int, count: int) -> None:
    """A film that pans over a picture."""
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"crf": "18", "preset": "veryfast"}
        for k in range(count):
            left = 4 * k % max(frame.shape[1] - width, 1)
            view = np.ascontiguousarray(frame[:height, left : left + width])
            made = av.VideoFrame.from_ndarray(view, format="rgb24")
            given = made.reformat(format="yuv420p", dst_colorspace=1, dst_color_range=1)
            given.pts, given.time_base = k, Fraction(1, RATE)
            container.mux(stream.encode(given))
        container.mux(stream.encode(None))


def _command(frame: NDArray[np.uint8], quick: bool) -> dict[str, Any]:
    """`untone clip.mp4` beside decoding and encoding alone, as processes that take turns."""
    from .command import _timed_process

    found = {}
    with tempfile.TemporaryDirectory() as folder:
        clip, out, alone = (str(Path(folder, name)) for name in ("clip.mp4", "out.mp4", "alone.mp4"))
        write_clip(Path(clip), frame, HEIGHT, WIDTH, QUICK_FRAMES if quick else FRAMES)
        for preset in PRESETS[: 1 if quick else None]:
            ours = [sys.executable, "-m", "untone", clip, "-o", out, "--force", "-q", "--preset", preset]
            codecs = [sys.executable, "-c", CODECS_ALONE, clip, alone, str(WIDTH), str(HEIGHT), preset]
            turns = [(_timed_process(ours), _timed_process(codecs)) for _ in range(1 if quick else ROUNDS)]
            seconds, others = min(turn[0][0] for turn in turns), min(turn[1][0] for turn in turns)
            found[preset] = {
                "seconds": seconds,
                "codecs_seconds": others,
                "ratio": seconds / others,
                "peak_mib": turns[0][0][1],
                "codecs_peak_mib": turns[0][1][1],
            }
    return found


if __name__ == "__main__":  # python -m untone.lab.benchmarks.video: this part alone
    from .command import specimen

    print(json.dumps(bench(*specimen(), quick="--quick" in sys.argv[1:])))
