"""Light levels of what was written: encoders overshoot, most where they are told to be small.

Not every frame is decoded again. The brightest ones are, by what went into the encoder, as far as MOST_DECODED allows.
"""

from __future__ import annotations

import bisect
import dataclasses
import itertools
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...kernels.video import LEVELS
from .grading import PIXEL_MAXIMUM, FrameLight, brightest_nits

DECODED_PIXELS, DECODED_SHARE = 125_000_000, 0.08
"""Decoded again, whatever the film's length, and as a share of it: 60 frames of 1080p, all of a short film."""

MEASURED_PIXELS = 50_000_000
"""Whose light is measured again."""

SAMPLE_STEP, SAMPLE_SHARE = 8, 0.99
"""What the brightest hundredth of one sample in so many, each way, does not reach is not counted."""


@dataclasses.dataclass(frozen=True)
class Levels:
    """MaxCLL and MaxFALL of a film, nits (CTA-861.3, annex P)."""

    max_cll_nits: float
    max_fall_nits: float


def before_encoding(frames: Sequence[FrameLight]) -> Levels:
    """Of what went into the encoder."""
    return Levels(max(f.brightest_nits for f in frames), max(f.average_nits for f in frames))


def of_written(path: Path, frames: Sequence[FrameLight], keys: Sequence[int], base: Fraction, pixels: int) -> Levels:
    """Of a finished film.

    Args:
        path: the film.
        frames: what went into the encoder.
        keys: timestamps of its key frames, rising.
        base: of these timestamps.
        pixels: of a frame.
    """
    given = before_encoding(frames)
    brightest = max(_measured(path, candidates(frames, keys, pixels), keys, base), default=given.max_cll_nits)
    return Levels(max(brightest, given.max_fall_nits), given.max_fall_nits)  # averages survive encoding


def candidates(frames: Sequence[FrameLight], keys: Sequence[int], pixels: int) -> list[int]:
    """Timestamps of the frames of so many pixels that are measured again: the brightest, as far as that is cheap."""
    places = {frame.pts: k for k, frame in enumerate(frames)}
    budget = max(DECODED_PIXELS // pixels, int(DECODED_SHARE * len(frames)), 1)
    reached: dict[int, int] = {}  # key frame -> how many frames from it on are decoded
    chosen: list[int] = []
    for frame in sorted(frames, key=lambda f: -f.brightest_nits)[: max(MEASURED_PIXELS // pixels, 4)]:
        key = keys[max(bisect.bisect_right(keys, frame.pts) - 1, 0)] if keys else frame.pts
        needed = max(places[frame.pts] - places.get(key, 0) + 1, reached.get(key, 0))
        if not chosen or sum(reached.values()) - reached.get(key, 0) + needed <= budget:
            reached[key] = needed
            chosen.append(frame.pts)
    return sorted(chosen)


def _measured(path: Path, wanted: Sequence[int], keys: Sequence[int], base: Fraction) -> list[float]:
    """Brightest light of those frames."""
    import av

    found: list[float] = []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        half = max(base, stream.time_base) / 2
        for _, group in itertools.groupby(wanted, key=lambda pts: bisect.bisect_right(keys, pts)):
            times = [pts * base for pts in group]
            container.seek(int((times[0] + half) / stream.time_base), stream=stream, backward=True)
            for frame in container.decode(stream):
                at = frame.pts * stream.time_base
                if any(abs(at - time) <= half for time in times):
                    found.append(brightest_nits(bright_levels_of(frame)))
                if at + half >= times[-1]:
                    break
    return found


def levels_of(frame: Any) -> NDArray[np.int64]:
    """Histogram of the brightest channel of a PQ frame, [LEVELS]."""
    return _histogram(_brightest_channel(frame))


def bright_levels_of(frame: Any) -> NDArray[np.int64]:
    """The same, but all that lies well below brightest_nits counts as black: counting takes longer than comparing."""
    levels = _brightest_channel(frame)
    sample = levels[::SAMPLE_STEP, ::SAMPLE_STEP].ravel()
    limit = np.partition(sample, int(SAMPLE_SHARE * (sample.size - 1)))[int(SAMPLE_SHARE * (sample.size - 1))]
    bright = levels[levels >= limit]
    if bright.size <= 2 * (1 - PIXEL_MAXIMUM) * levels.size:
        return _histogram(levels)
    counts = _histogram(bright)
    counts[0] += levels.size - bright.size
    return counts


def _histogram(levels: NDArray[np.uint16]) -> NDArray[np.int64]:
    return np.bincount(levels.ravel(), minlength=LEVELS).astype(np.int64)


def _brightest_channel(frame: Any) -> NDArray[np.uint16]:
    """[H, W] 10-bit codes of a PQ frame, by FFmpeg's own conversion to RGB."""
    rgb = frame.reformat(
        format="gbrp10le",
        src_colorspace=9,
        dst_colorspace=9,
        src_color_range=1,
        dst_color_range=2,
        interpolation="BILINEAR",
    )
    planes = [np.frombuffer(p, np.uint16).reshape(p.height, -1)[:, : p.width] for p in rgb.planes]
    top = np.maximum(planes[0], planes[1])
    return np.maximum(top, planes[2], out=top)
