"""What the network says of each frame, made steady: the same until the picture moves, and smoothed within a scene.

The filter: frame i of a scene that begins at s and ends at e gets the mean of the operators of frames i - r .. i + r,
as far as they belong to the scene, with weights 1 - |d| / (r + 1), where r = min(RADIUS, i - s). So a scene's first
frame is what the network says of it alone, a change is seen coming as long as it is remembered, and nothing leaks over
a cut. Of a moving picture the network sees every ASKED_EVERY-th frame; the mean is of those. Grids, LUT and Qmax are
smoothed, never pixels.
"""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ... import kernels
from ...image import turned_back, turned_upright
from ...kernels import video
from ...operators import Operators
from ...prediction import THUMBNAIL_SIDE, OperatorModel
from . import scenes
from .overlays.keying import Overlay
from .overlays.tracking import Tracker
from .reading import Picture
from .scenes import CUT_WINDOW, Bars, Floats

RADIUS_SECONDS, LEAST_RADIUS, MOST_RADIUS = 1 / 3, 4, 12
ASKED_EVERY = 2
"""Frames of a moving picture; any filter reaches one that was asked about."""

RISING = 1.01
"""Times brighter than the frame before, a frame of a fade from black."""

SAMPLE_STEP = 4
"""Of the thumbnail's cells, one of so many each way tells the largest gain."""

MOST_WAITING_BYTES = 144 << 20
"""Of decoded frames that wait for those behind them; large frames get a shorter filter."""


@dataclasses.dataclass(frozen=True, eq=False)
class Verdict:
    """What the network says of one thumbnail, and the largest gain that its pixels get, stops."""

    operators: Operators
    highest_stops: float


@dataclasses.dataclass(frozen=True, eq=False)
class Steady:
    """A picture with what is to be done to it, and what stands over it and is to be left alone."""

    picture: Picture
    verdict: Verdict
    bars: Bars
    scene: int
    overlays: Sequence[Overlay] = ()


@dataclasses.dataclass(eq=False)
class _Step:
    picture: Picture | None
    small: Floats
    thumbnail: Floats | None
    found: Bars | None
    overlays: list[Overlay]
    start: int = 0
    scene: int = 0
    bars: Bars = dataclasses.field(default_factory=Bars)
    verdict: Verdict | None = None


def radius(rate: float, frame_bytes: int) -> int:
    """Of the filter, in frames."""
    wanted = round(RADIUS_SECONDS * rate)
    room = MOST_WAITING_BYTES // max(frame_bytes, 1) - CUT_WINDOW - 1
    return max(1, min(max(LEAST_RADIUS, min(wanted, MOST_RADIUS)), room))


def judge(model: OperatorModel, orientation: int) -> Callable[[Floats], Verdict]:
    """What the model says of a stored thumbnail; it sees the film upright."""

    def verdict(thumbnail: Floats) -> Verdict:
        said = model.operators(np.ascontiguousarray(turned_upright(thumbnail, orientation, axis=1)))
        grids = np.ascontiguousarray(turned_back(said.grids, orientation, axis=1))
        operators = dataclasses.replace(said, grids=grids)
        sample = thumbnail[:, ::SAMPLE_STEP, ::SAMPLE_STEP].transpose(1, 2, 0)
        codes = np.ascontiguousarray((sample * 255 + 0.5).astype(np.uint8))
        return Verdict(operators, max(kernels.gain_range(codes, operators)[1]))

    return verdict


def mean_of(verdicts: Sequence[Verdict], weights: Sequence[float]) -> Verdict:
    """The weighted mean; the same where all are the same."""
    if all(verdict is verdicts[0] for verdict in verdicts):
        return verdicts[0]
    shares = np.asarray(weights) / sum(weights)
    grids = _mean([v.operators.grids for v in verdicts], shares)
    lut = _mean([v.operators.lut for v in verdicts], shares)
    qmax = float(shares @ [v.operators.qmax_stops for v in verdicts])
    operators = dataclasses.replace(verdicts[0].operators, grids=grids, lut=lut, qmax_stops=qmax)
    return Verdict(operators, float(shares @ [v.highest_stops for v in verdicts]))


def _mean(arrays: Sequence[Floats], shares: NDArray[np.float64]) -> Floats:
    total = np.zeros(arrays[0].shape, np.float32)
    for array, share in zip(arrays, shares, strict=True):
        total += array * np.float32(share)
    return total


class Timeline:
    """Pictures in, steady pictures out, some frames later.

    Attributes:
        scenes: how many there were.
        judged: how often the network ran.
    """

    def __init__(self, verdict_of: Callable[[Floats], Verdict], filter_radius: int) -> None:
        self._verdict_of, self._radius = verdict_of, filter_radius
        self._steps: deque[_Step] = deque()
        self._first = 0  # index of self._steps[0]
        self._pushed = self._decided = self._given = 0
        self._start, self._bars = 0, Bars()
        self._key: tuple[Floats, Bars, Verdict] | None = None
        self._asked = self._flash_until = 0
        self._rising = False
        self._tracker = Tracker()
        self.scenes = self.judged = 0

    def push(self, picture: Picture) -> Iterator[Steady]:
        """Take the next picture; give those that are ready."""
        thumbnail = video.thumbnail(_cropped(picture, self._bars), THUMBNAIL_SIDE)
        whole = thumbnail if self._bars == Bars() else video.thumbnail(picture.planes, scenes.SMALL)
        small = scenes.small(whole)
        found = scenes.find_bars(picture.planes)
        overlays = self._tracker.push(picture.planes)
        self._steps.append(_Step(picture, small, thumbnail, found, overlays, bars=self._bars))
        self._pushed += 1
        yield from self._advance(self._pushed - CUT_WINDOW)

    def flush(self) -> Iterator[Steady]:
        """Give the rest."""
        yield from self._advance(self._pushed)
        while self._given < self._pushed:
            yield self._give()

    def _at(self, index: int) -> _Step:
        return self._steps[index - self._first]

    def _advance(self, until: int) -> Iterator[Steady]:
        while self._decided < until:
            self._decide(self._decided)
            self._decided += 1
            while self._given < self._decided and self._is_ready(self._given):
                yield self._give()

    def _is_ready(self, index: int) -> bool:
        reach = min(self._radius, index - self._at(index).start)
        return index + reach < self._decided or self._at(self._decided - 1).scene > self._at(index).scene

    def _decide(self, index: int) -> None:
        step = self._at(index)
        if index == 0 or self._is_cut(index):
            self._start, self._key = index, None
            self._bars = step.found or self._bars
            self.scenes += 1
        elif step.found is not None:
            self._bars = self._bars.within(step.found)
        assert step.picture is not None
        if step.bars != self._bars or step.thumbnail is None:
            step.thumbnail = video.thumbnail(_cropped(step.picture, self._bars), THUMBNAIL_SIDE)
        step.start, step.scene, step.bars = self._start, self.scenes - 1, self._bars
        if self._key is not None and scenes.is_flash(*self._around(index)):
            self._flash_until = index + CUT_WINDOW
        step.verdict = self._verdict(step, index)
        self._note_rise(step, index)
        if self._rising and step.verdict is not None and self._asked == index:
            self._spread_back(step, step.verdict, index)
        step.thumbnail = None

    def _note_rise(self, step: _Step, index: int) -> None:
        """Whether the picture comes from black: it was, and has become brighter ever since."""
        if step.small.mean() < scenes.BLACK_LEVEL:
            self._rising = True
        elif index == step.start or step.small.mean() < RISING * self._at(index - 1).small.mean():
            self._rising = False

    def _spread_back(self, step: _Step, verdict: Verdict, index: int) -> None:
        """What is said of a picture holds for the frames in which it came from black, as far as they are remembered, so
        that it does not drift once it is there; by half each time, so that the fade has no step."""
        for k in range(index - 1, max(self._first, step.start) - 1, -1):
            earlier = self._at(k)
            if earlier.bars != step.bars or not scenes.is_darkened(step.small, earlier.small):
                return
            if earlier.verdict is not None:
                earlier.verdict = mean_of([earlier.verdict, verdict], [1, 1])

    def _is_cut(self, index: int) -> bool:
        return scenes.is_cut(*self._around(index))

    def _around(self, index: int) -> tuple[list[Floats], int]:
        """Small pictures around one, and where it is among them."""
        first = max(index - CUT_WINDOW - 1, self._first)
        last = min(index + CUT_WINDOW, self._pushed - 1)
        return [self._at(k).small for k in range(first, last + 1)], index - first

    def _verdict(self, step: _Step, index: int) -> Verdict | None:
        """What holds for a frame; None where those beside it tell enough."""
        assert step.thumbnail is not None
        if self._key is not None and self._key[1] == step.bars:
            small, _, verdict = self._key
            before = self._at(max(index - 1, self._first)).small
            if index < self._flash_until or scenes.says_the_same(small, before, step.small):
                return verdict
            if index < self._asked + ASKED_EVERY:
                return None
        verdict = self._verdict_of(step.thumbnail)
        self.judged += 1
        self._asked = index
        self._key = step.small, step.bars, verdict
        return verdict

    def _give(self) -> Steady:
        index = self._given
        step = self._at(index)
        reach = min(self._radius, index - step.start)
        near = [
            (1 - abs(k - index) / (reach + 1), other.verdict)
            for k in range(index - reach, min(index + reach, self._decided - 1) + 1)
            if (other := self._at(k)).scene == step.scene and other.verdict is not None
        ]
        verdict = mean_of([v for _, v in near], [weight for weight, _ in near])
        assert step.picture is not None
        steady = Steady(step.picture, verdict, step.bars, step.scene, step.overlays)
        step.picture = None
        self._given += 1
        while self._first < min(self._given - self._radius, self._decided - CUT_WINDOW - 1):
            self._steps.popleft()
            self._first += 1
        return steady


def _cropped(picture: Picture, bars: Bars) -> video.YCbCr:
    return picture.planes.cropped(bars.picture(*picture.planes.y.shape))
