"""Metadata of frames and scenes for tools that put it into a stream: HDR10+ (ST 2094-40), Dolby Vision (ST 2094-10)."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .... import __version__
from ....formats.common.files import save
from ....kernels import video
from ..grading import LEVEL_NITS, PIXEL_MAXIMUM, Grader, average_nits
from ..options import FilmOptions
from ..output.encoding import DARKEST_NITS
from ..reading import Facts
from ..smoothing import Steady

PERCENTS = (1, 5, 10, 25, 50, 75, 90, 95, 99)
"""Of DistributionIndex; by ST 2094-40, 5 has the 99.98th percentile, and 10 the share of pixels up to 100 nits."""

PER_NIT = 10
"""HDR10+ counts tenths of a nit."""

PQ12 = 4095
"""Dolby Vision counts 12-bit PQ."""

Counts = NDArray[np.int64]


def percentile_nits(counts: Counts, share: float) -> float:
    """Light that such a share of the pixels does not exceed."""
    total = np.cumsum(counts)
    return float(LEVEL_NITS[np.searchsorted(total, share * total[-1])])


@dataclasses.dataclass(frozen=True)
class FrameStatistics:
    """Of one frame, in tenths of a nit: what HDR10+ says of it; MaxScl is the brightest channel's for all three."""

    average: int
    brightest: int
    values: tuple[int, ...]

    def as_json(self, index: int, scene: int, in_scene: int) -> dict[str, Any]:
        """One entry of SceneInfo."""
        return {
            "LuminanceParameters": {
                "AverageRGB": self.average,
                "LuminanceDistributions": {
                    "DistributionIndex": list(PERCENTS),
                    "DistributionValues": list(self.values),
                },
                "MaxScl": [self.brightest] * 3,
            },
            "NumberOfWindows": 1,
            "TargetedSystemDisplayMaximumLuminance": 0,
            "SceneFrameIndex": in_scene,
            "SceneId": scene,
            "SequenceFrameIndex": index,
        }


def statistics_of(counts: Counts) -> FrameStatistics:
    """Of a frame's histogram."""
    values = [_tenths(percentile_nits(counts, percent / 100)) for percent in PERCENTS]
    values[1] = _tenths(percentile_nits(counts, 0.9998))
    values[2] = int(100 * counts[LEVEL_NITS <= 100].sum() / counts.sum())
    return FrameStatistics(
        _tenths(average_nits(counts)), _tenths(percentile_nits(counts, PIXEL_MAXIMUM)), tuple(values)
    )


@dataclasses.dataclass
class Shot:
    """Of one scene: its first frame, how many there are, the sum of their histograms, its brightest level."""

    start: int
    length: int
    counts: Counts
    brightest_level: int

    def level1(self) -> dict[str, int]:
        """Least, largest and mean 12-bit PQ of the brightest channel (ST 2094-10)."""
        total = np.cumsum(self.counts)
        codes = np.arange(video.LEVELS) * PQ12 / (video.LEVELS - 1)
        return {
            "min_pq": round(float(codes[np.searchsorted(total, (1 - PIXEL_MAXIMUM) * total[-1])])),
            "max_pq": round(float(codes[self.brightest_level])),
            "avg_pq": round(float(self.counts @ codes / total[-1])),
        }


def _tenths(nits: float) -> int:
    return round(nits * PER_NIT)


class DynamicMetadata:
    """Collects histograms of all frames; writes the JSON of hdr10plus_tool, of dovi_tool, or of both."""

    def __init__(self, hdr10plus: str | None, dovi: str | None, facts: Facts, options: FilmOptions) -> None:
        self._hdr10plus, self._dovi, self._options = hdr10plus, dovi, options
        self._grader = Grader(facts, dataclasses.replace(options, transfer="pq"))
        self._planes = video.empty_planes(facts.height, facts.width)
        self._frames: list[FrameStatistics] = []
        self._shots: list[Shot] = []

    def add(self, steady: Steady) -> None:
        """One picture."""
        counts = self._grader.render(steady, self._planes)
        if steady.scene >= len(self._shots):
            self._shots.append(Shot(len(self._frames), 0, np.zeros_like(counts), 0))
        shot = self._shots[-1]
        shot.length += 1
        shot.counts += counts
        level = int(np.searchsorted(np.cumsum(counts), PIXEL_MAXIMUM * counts.sum()))
        shot.brightest_level = max(shot.brightest_level, level)
        self._frames.append(statistics_of(counts))

    def finish(self) -> list[Path]:
        """Write the files."""
        jobs = ((self._hdr10plus, self.hdr10plus), (self._dovi, self.dovi))
        written = [Path(name) for name, _ in jobs if name]
        for name, content in jobs:
            if name:
                save(Path(name), [(json.dumps(content(), indent=1) + "\n").encode()])
        return written

    def hdr10plus(self) -> dict[str, Any]:
        """Profile A: statistics, without a tone curve of our own."""
        frames = [
            self._frames[shot.start + k].as_json(shot.start + k, scene, k)
            for scene, shot in enumerate(self._shots)
            for k in range(shot.length)
        ]
        return {
            "JSONInfo": {"HDR10plusProfile": "A", "Version": "1.0"},
            "SceneInfo": frames,
            "SceneInfoSummary": {
                "SceneFirstFrameIndex": [shot.start for shot in self._shots],
                "SceneFrameNumbers": [shot.length for shot in self._shots],
            },
            "ToolInfo": {"Tool": "untone", "Version": __version__},
        }

    def dovi(self) -> dict[str, Any]:
        """Profile 8.1, for `dovi_tool generate`: level 6 of the film, level 1 of every scene."""
        light = self._grader.light
        return {
            "cm_version": "V40",
            "profile": "8.1",
            "length": len(self._frames),
            "level6": {
                "max_display_mastering_luminance": round(self._options.peak_nits),
                "min_display_mastering_luminance": round(DARKEST_NITS * 10_000),
                "max_content_light_level": round(max(frame.brightest_nits for frame in light)),
                "max_frame_average_light_level": round(max(frame.average_nits for frame in light)),
            },
            "shots": [
                {"start": shot.start, "duration": shot.length, "metadata_blocks": [{"Level1": shot.level1()}]}
                for shot in self._shots
            ],
        }
