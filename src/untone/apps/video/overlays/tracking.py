"""Overlays from frame to frame: a line of text is found where its strokes stand still for STANDING frames, a logo where
a corner's strokes stand still while what is around them moves; both stay until their strokes are gone, across cuts too.

All is looked at on a plane of about WORKING_LINES lines, one sample of so many. A line of text is known from its first
frame on, as frames wait; a logo is known late, so that its gain is taken away little by little.
"""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....kernels.video import YCbCr
from . import text
from .keying import SOFT, Overlay, black_and_white
from .strokes import Box, Mask, boxes, grown, quantile, thin

WORKING_LINES = 540
BRIGHT = 0.72
"""Of white; what is less gains little."""

STANDING = 4
"""Frames that a line stands before it is one; at most scenes.CUT_WINDOW + 1, for which frames wait anyway."""

LOGO_STANDING, LOGO_STEP, LOGO_FADE = 24, 4, 12
"""Frames that a logo stands before it is one; looked at once in so many; and faded in over so many."""

THICKEST_LETTER, THICKEST_LOGO = 1 / 45, 1 / 24
"""Of the frame's height: sides of squares that fit in no stroke."""

CORNER = 1 / 4
"""Of the frame's height and width, where logos are."""

LOGO_SIDES = (1 / 60, 1 / 3)
"""Longer side of a logo's box, of the frame's height."""

MOVED, MOVED_SHARE = 0.1, 0.6
"""By so much of white, so much of what is around a logo has moved while it stood."""

AGREEMENT = 0.7
"""Of an overlay's strokes, so many are still there."""

GREY = 18
"""Of 255: how far chroma of white letters is from the middle, at most; sampled at half, it is mixed with what is
behind them."""


@dataclasses.dataclass(eq=False)
class _Track:
    """An overlay over time; its box is of the working plane."""

    box: Box
    strokes: Mask
    is_logo: bool = False
    age: int = 0


@dataclasses.dataclass(eq=False)
class View:
    """The working plane of one frame.

    Attributes:
        planes: of the frame.
        luma: codes, [h, w], one sample in `step` each way.
        step: see there.
        bright: bool [h, w].
    """

    planes: YCbCr
    luma: NDArray[Any]
    step: int
    bright: Mask

    def light(self, box: Box) -> NDArray[np.float32]:
        """Luma in a box; black 0, white 1."""
        black, white = black_and_white(self.planes)
        light: NDArray[np.float32] = self.luma[_slices(box)].astype(np.float32)
        light -= np.float32(black)
        light *= np.float32(1 / (white - black))
        return light

    def is_grey(self, box: Box, strokes: Mask) -> bool:
        """Whether strokes in a box have no colour."""
        rows, columns = (where + box[k] for k, where in enumerate(np.nonzero(strokes)))
        middle, most = 1 << (self.planes.bits - 1), GREY << (self.planes.bits - 8)
        for plane in (self.planes.cb, self.planes.cr):
            down, right = (1 if plane.shape[k] == self.planes.y.shape[k] else 2 for k in (0, 1))
            codes = plane[rows * self.step // down, columns * self.step // right]
            if abs(float(np.median(codes)) - middle) > most:
                return False
        return True


class Tracker:
    """Takes a film's frames in order."""

    def __init__(self) -> None:
        self._lines: list[_Track] = []
        self._recent: deque[tuple[Mask, list[Overlay]]] = deque(maxlen=STANDING)
        self._corners: list[Corner] = []
        self._count = 0

    def push(self, planes: YCbCr) -> list[Overlay]:
        """Overlays of a frame; the list may grow until STANDING - 1 more frames are pushed."""
        view = view_of(planes)
        lines = view.luma.shape[0]
        first = lines - lines // 3
        letters = thin(view.bright[first:], max(2, round(THICKEST_LETTER * lines)))
        self._lines = [track for track in self._lines if _still_there(track, letters, first, 0)]
        found = [overlay_of(track, view) for track in self._lines]
        self._recent.append((letters, found))
        if len(self._recent) == STANDING:
            self._find_lines(view, first)
        self._corners = self._corners or corners_of(view)
        for corner in self._corners:
            if self._count % LOGO_STEP == 0:
                corner.look(view, self._lines)
            found += [overlay_of(track, view) for track in corner.grown_older()]
        self._count += 1
        return found

    def _find_lines(self, view: View, first: int) -> None:
        standing = self._recent[0][0].copy()
        for letters, _ in list(self._recent)[1:]:
            standing &= letters
        for track in self._lines:
            standing[_slices(track.box, first)] = False
        for box, strokes in _lines_in(standing, view, first):
            self._lines.append(track := _Track(box, strokes))
            for _, overlays in self._recent:
                overlays.append(overlay_of(track, view))


def _lines_in(standing: Mask, view: View, first: int) -> Iterator[tuple[Box, Mask]]:
    """Lines of text among strokes of rows from `first` on. Where there is none in a box, its brightest strokes are cut
    again: between letters that have a dark edge, what is behind them shows."""
    lines = view.luma.shape[0]
    gap = round(text.WORD_GAP * lines)
    for box in boxes(standing, gap):
        if not text.may_hold(box, lines):
            continue
        strokes = standing[_slices(box)]
        light = view.light(_moved(box, first))
        if text.is_text(strokes, light, lines):
            found = [((0, 0, *strokes.shape), strokes)]
        else:
            strokes = strokes & text.is_brightest(strokes, light)
            pieces = ((piece, strokes[_slices(piece)]) for piece in boxes(strokes, gap))
            found = [(p, s) for p, s in pieces if text.is_text(s, light[_slices(p)], lines)]
        for piece, inside in found:
            whole = _moved(piece, first + box[0], box[1])
            if view.is_grey(whole, inside):
                yield whole, inside


class Corner:
    """Looks for logos in one corner of a film; its place is told in samples of the working plane."""

    def __init__(self, top: int, left: int, rows: int, columns: int) -> None:
        self._place = (top, left, top + rows, left + columns)
        self._stood = np.zeros((rows, columns), np.uint16)
        self._lowest = self._highest = np.zeros((rows, columns), np.uint8)
        self._looks = 0
        self._tracks: list[_Track] = []

    def grown_older(self) -> list[_Track]:
        """Its logos, a frame later."""
        for track in self._tracks:
            track.age += 1
        return self._tracks

    def look(self, view: View, lines: list[_Track]) -> None:
        """Take the next frame of those that are looked at; `lines` are known already."""
        luma, height = view.luma[_slices(self._place)], view.luma.shape[0]
        strokes = thin(view.bright[_slices(self._place)], max(2, round(THICKEST_LOGO * height)))
        top, left = self._place[:2]
        self._tracks = [track for track in self._tracks if _still_there(track, strokes, top, left)]
        if self._looks == 0:
            self._lowest, self._highest = luma.copy(), luma.copy()
        self._looks += 1
        self._stood += 1
        self._stood *= strokes
        np.minimum(self._lowest, luma, out=self._lowest)
        np.maximum(self._highest, luma, out=self._highest)
        if self._looks * LOGO_STEP > LOGO_STANDING:
            self._looks = 0
            self._find(view, lines)

    def _find(self, view: View, lines: list[_Track]) -> None:
        black, white = black_and_white(view.planes)
        moved = self._highest - self._lowest > MOVED * (white - black)
        standing = self._stood * LOGO_STEP > LOGO_STANDING
        top, left = self._place[:2]
        height = view.luma.shape[0]
        for box in boxes(standing, round(text.WORD_GAP * height)):
            whole = _moved(box, top, left)
            known = any(_overlap(whole, track.box) for track in (*lines, *self._tracks))
            strokes = standing[_slices(box)]
            if not known and _is_logo(box, standing, moved, height) and view.is_grey(whole, strokes):
                self._tracks.append(_Track(whole, strokes, is_logo=True))


def corners_of(view: View) -> list[Corner]:
    """The four of a film."""
    lines, columns = view.luma.shape
    high, wide = round(CORNER * lines), round(CORNER * columns)
    return [Corner(top, left, high, wide) for top in (0, lines - high) for left in (0, columns - wide)]


def view_of(planes: YCbCr) -> View:
    """A frame as it is looked at."""
    step = max(1, planes.y.shape[0] // WORKING_LINES)
    luma = _sampled(planes.y, step)
    black, white = black_and_white(planes)
    return View(planes, luma, step, luma >= round(black + BRIGHT * (white - black)))


def _sampled(plane: NDArray[Any], step: int) -> NDArray[Any]:
    """One sample in `step` each way, a copy."""
    size = plane.itemsize * step
    if step > 1 and size in (2, 4, 8) and plane.shape[1] % step == 0 and plane.strides[1] == plane.itemsize:
        return plane[::step].view(f"<u{size}").astype(plane.dtype)  # the lowest bytes are the first sample: much faster
    return np.ascontiguousarray(plane[::step, ::step])


def _still_there(track: _Track, strokes: Mask, top: int, left: int) -> bool:
    """Whether a track's strokes are among those of a view that begins there."""
    here = strokes[_slices(track.box, top, left)]
    return bool(np.count_nonzero(here & track.strokes) >= AGREEMENT * np.count_nonzero(track.strokes))


def _is_logo(box: Box, standing: Mask, moved: Mask, lines: int) -> bool:
    """Whether what stands in a box is of a logo's size, and all around it moved."""
    longest = max(box[2] - box[0], box[3] - box[1])
    if not LOGO_SIDES[0] * lines <= longest <= LOGO_SIDES[1] * lines:
        return False
    far = max(4, lines // 60)
    around = _slices((max(box[0] - far, 0), max(box[1] - far, 0), box[2] + far, box[3] + far))
    near = standing[around]
    ring = grown(near, far) & ~grown(near, 2)
    return bool(moved[around][ring].mean() >= MOVED_SHARE) if ring.any() else False


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def overlay_of(track: _Track, view: View) -> Overlay:
    """A track in one frame; its box grows by a sample at least, to even places of the frame."""
    lines, columns = view.luma.shape
    height, width = view.planes.y.shape
    step = view.step
    top, left = (max(start - 1, 0) // 2 * 2 for start in track.box[:2])
    bottom, right = (
        min(end + 1 + (end + 1) % 2, most) for end, most in zip(track.box[2:], (lines, columns), strict=True)
    )
    near = np.zeros((bottom - top, right - left), bool)
    near[track.box[0] - top : track.box[2] - top, track.box[1] - left : track.box[3] - left] = track.strokes
    area = (top * step, left * step, min(bottom * step, height) - top * step, min(right * step, width) - left * step)
    weight = min(1.0, track.age / LOGO_FADE) if track.is_logo else 1.0
    return Overlay(area, grown(near, 1), step, _key(track, view), weight)


def _key(track: _Track, view: View) -> float:
    """Halfway between what is behind letters and the letters; every second row tells enough."""
    light, strokes = view.light(track.box)[::2], track.strokes[::2]
    if not strokes.any():
        return 0.5 + SOFT
    behind = light[~grown(strokes, 1)]
    level = text.stroke_level(strokes, light)
    below = quantile(behind, 0.8) if behind.size else 0.0
    return min(max((level + below) / 2, 0.5 + SOFT), level - SOFT / 2)


def _moved(box: Box, down: int, right: int = 0) -> Box:
    return box[0] + down, box[1] + right, box[2] + down, box[3] + right


def _slices(box: Box, top: int = 0, left: int = 0) -> tuple[slice, slice]:
    return slice(box[0] - top, box[2] - top), slice(box[1] - left, box[3] - left)
