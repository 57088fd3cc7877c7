"""A steady picture to the planes of an HDR frame, and what there is to know of its light."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...colour import pq_to_nits
from ...kernels import video
from ...kernels.video import Area, Rendering
from ...operators import Operators
from .options import FilmOptions
from .overlays import keying
from .reading import Facts, Picture
from .smoothing import Steady, Verdict

PIXEL_MAXIMUM = 0.9999
"""Share of a frame's pixels that its maximum bounds: encoders overshoot, single pixels are no light (ST 2067-10)."""

LEVEL_NITS = pq_to_nits(np.arange(video.LEVELS) / (video.LEVELS - 1))

NEUTRAL = Operators(np.zeros((3, 2, 2, 8, 3), np.float32), np.zeros((2, 2, 2, 3), np.float32), 1.0)
"""Gains nothing."""


def brightest_nits(counts: NDArray[np.int64]) -> float:
    """Light that PIXEL_MAXIMUM of the pixels of a frame do not exceed, by its brightest channel."""
    total = np.cumsum(counts)
    return float(LEVEL_NITS[np.searchsorted(total, PIXEL_MAXIMUM * total[-1])])


def average_nits(counts: NDArray[np.int64]) -> float:
    """Mean light of the brightest channel of every pixel."""
    return float(counts @ LEVEL_NITS / counts.sum())


@dataclasses.dataclass(frozen=True)
class FrameLight:
    """Of one frame, as it goes into the encoder: its timestamp, brightest pixel and average, nits."""

    pts: int
    brightest_nits: float
    average_nits: float


class Grader:
    """Renders pictures of one film.

    Attributes:
        light: of every frame that was rendered.
        rendering: from light to the signal.
    """

    def __init__(self, facts: Facts, options: FilmOptions) -> None:
        signal = facts.signal
        self._options = options
        self.rendering = Rendering(
            signal.eotf, signal.to_bt2020, options.white_nits, options.peak_nits, options.transfer
        )
        self.light: list[FrameLight] = []

    def operators(self, verdict: Verdict) -> Operators:
        """What is done to the pixels: the network's word by the strength, and scaled down where the peak asks for it.

        As for photos, white does not exceed the peak; what single pixels still do is limited, their hue kept.
        """
        strength = self._options.strength
        if strength == 0:
            return NEUTRAL
        said = verdict.operators
        gain = verdict.highest_stops * strength
        ceiling = self.rendering.ceiling_nits / self._options.white_nits
        allowed = math.log2((ceiling + said.offset) / (1 + said.offset))
        factor = min(1.0, allowed / gain) if gain > 0 else 1.0
        scale = said.qmax_stops * strength * max(factor, 0.0)
        return dataclasses.replace(said, qmax_stops=scale) if scale > 0 else NEUTRAL

    def render(self, steady: Steady, planes: tuple[NDArray[np.uint16], ...]) -> NDArray[np.int64]:
        """Write the planes of a frame; returns the histogram of its light, which is counted."""
        picture, counts = steady.picture, np.zeros(video.LEVELS, np.int64)
        if self._options.deband:
            picture = dataclasses.replace(picture, planes=video.debanded(picture.planes))
        height, width = picture.planes.y.shape
        area = steady.bars.picture(height, width)
        operators = self.operators(steady.verdict)
        self._write(picture, operators, planes, area, counts)
        if operators is not NEUTRAL:
            for overlay in steady.overlays:
                self._put_back(picture, overlay, planes, counts)
        for bar in steady.bars.areas(height, width):  # text may stand there: no brighter than white
            self._write(picture, NEUTRAL, planes, bar, counts)
        self.light.append(FrameLight(picture.pts, brightest_nits(counts), average_nits(counts)))
        return counts

    def _write(
        self, picture: Picture, operators: Operators, planes: Any, area: Area, counts: NDArray[np.int64]
    ) -> None:
        video.write_planes(picture.planes, operators, self.rendering, planes, area=area, picture=area, counts=counts)

    def _put_back(
        self,
        picture: Picture,
        overlay: keying.Overlay,
        planes: tuple[NDArray[np.uint16], ...],
        counts: NDArray[np.int64],
    ) -> None:
        """Take the gain off what stands over the picture: mixed with the same area as it was, signal by signal."""
        part = dataclasses.replace(picture, planes=picture.planes.cropped(overlay.area))
        plain, whole = video.empty_planes(*overlay.area[2:]), (0, 0, *overlay.area[2:])
        self._write(part, NEUTRAL, plain, whole, np.zeros(video.LEVELS, np.int64))
        keying.mix(planes, plain, overlay.area, keying.weights(part.planes, overlay), counts)
