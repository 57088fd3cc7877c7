"""Where the pixels of a camera's JPEG lie in its RAW: margins, sub-pixel shift, scale, small turns, lens correction.

Cameras crop a few margins off the sensor, and correct distortion in the JPEG alone. Both are one smooth relation,

    raw = centre + scale * (1 + stretch) * turn * (1 + radial * r^2) * (photo - centre + shift)

with r = 1 in the corners. It is found on brightness whose tones were matched, from a start by phase correlation, by
Gauss-Newton from coarse to fine (Lucas and Kanade, 1981; Baker and Matthews, 2004, the forward additive form).
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import UntoneError
from ...gainmap import box_average

Plane = NDArray[Any]

WORK_SIDES = (96, 192, 384, 768)
"""Longest side of the pictures compared, one after the other."""

ROUNDS = 12
"""Of Gauss-Newton at each size, at most."""

STILL = 0.01
"""Pixels of the compared pictures; smaller steps end a size."""

LEAST_LIKENESS = 0.85
"""Correlation of both brightnesses, tones matched: 0.95 to 1 of the same picture."""

LEAST_FIRST_LIKENESS = 0.4
"""Of both before anything but a shift is known; below, no search is worth its time."""

MOST_STRETCH, MOST_RADIAL, MOST_TURN, MOST_SHIFT = 0.08, 0.12, math.radians(3), 0.08
"""Bounds of a camera's own changes: scale, distortion, radians, share of the longer side."""

MOST_MISFIT = 0.002
"""Of what is left between both, as a share of the longer side: 12 pixels of 6000."""

TILES = 4
"""Parts a side in which it is measured."""


@dataclasses.dataclass(frozen=True)
class Placement:
    """The relation above, from pixels of a photo, upright, to those of a RAW.

    Attributes:
        photo, raw: their rows and columns.
        scale: RAW pixels a photo pixel.
        stretch, turn, radial: as above.
        shift: down and to the right, pixels of the photo.
        likeness: correlation of both brightnesses.
        misfit: what is left between both where they disagree most, pixels of the photo.
    """

    photo: tuple[int, int]
    raw: tuple[int, int]
    scale: float
    stretch: float = 0.0
    turn: float = 0.0
    radial: float = 0.0
    shift: tuple[float, float] = (0.0, 0.0)
    likeness: float = 0.0
    misfit: float = 0.0

    def positions(self, rows: Plane, columns: Plane) -> tuple[Plane, Plane]:
        """Positions in the RAW of positions in the photo, each from its upper left corner; [n] or [n, m]."""
        down = rows - self.photo[0] / 2 + self.shift[0]
        right = columns - self.photo[1] / 2 + self.shift[1]
        r2 = (down**2 + right**2) / ((self.photo[0] ** 2 + self.photo[1] ** 2) / 4)
        grow = self.scale * (1 + self.stretch) * (1 + self.radial * r2)
        cosine, sine = math.cos(self.turn), math.sin(self.turn)
        return (
            self.raw[0] / 2 + grow * (cosine * down + sine * right),
            self.raw[1] / 2 + grow * (cosine * right - sine * down),
        )


def sampled(plane: Plane, rows: Plane, columns: Plane) -> Plane:
    """A picture [h, w] or [h, w, c] at positions from its upper left corner, bilinear; beyond its edge as at it."""
    high, wide = plane.shape[:2]
    rows, columns = np.clip(rows - 0.5, 0, high - 1), np.clip(columns - 0.5, 0, wide - 1)
    above, left = (
        np.minimum(rows.astype(np.intp), max(high - 2, 0)),
        np.minimum(columns.astype(np.intp), max(wide - 2, 0)),
    )
    below, right = np.minimum(above + 1, high - 1), np.minimum(left + 1, wide - 1)
    down, across = (rows - above).astype(np.float32), (columns - left).astype(np.float32)
    if plane.ndim == 3:
        down, across = down[..., None], across[..., None]
    upper = plane[above, left] + (plane[above, right] - plane[above, left]) * across
    lower = plane[below, left] + (plane[below, right] - plane[below, left]) * across
    found: Plane = upper + (lower - upper) * down
    return found


class _Pair:
    """Two brightnesses, and both of them smaller, made once."""

    def __init__(self, photo: Plane, raw: Plane) -> None:
        self.photo, self.raw = photo, raw
        self._smaller: dict[tuple[bool, int], Plane] = {}

    def smaller(self, of_photo: bool, divisor: int) -> Plane:
        key = of_photo, divisor
        if key not in self._smaller:
            whole = self.photo if of_photo else self.raw
            self._smaller[key] = box_average(whole[:, :, None], divisor)[:, :, 0]
        return self._smaller[key]


def placed(photo: Plane, raw: Plane) -> Placement:
    """Where a photo lies in a RAW, by their brightness.

    Args:
        photo: [h, w] luminance, linear, 1.0 = white.
        raw: [h, w] luminance, linear, in any unit.

    Raises:
        UntoneError: they are not of the same picture, or farther apart than a camera's own changes.
    """
    pair = _Pair(photo, raw)
    starts = [_shifted(pair, Placement(_sides(photo), _sides(raw), scale)) for scale in _scales(photo, raw)]
    found = max(starts, key=lambda start: start.likeness)
    if found.likeness < LEAST_FIRST_LIKENESS:
        raise UntoneError(f"they are not of the same picture: brightness correlates by {found.likeness:.2f}")
    for side in WORK_SIDES:
        found = _refined(pair, found, side)
        if side >= max(photo.shape):
            break
    _check(found)
    return found


def _sides(plane: Plane) -> tuple[int, int]:
    return int(plane.shape[0]), int(plane.shape[1])


def _scales(photo: Plane, raw: Plane) -> list[float]:
    """What a photo's pixel may be, in those of the RAW: the same or a half, less margins; or what fits the whole."""
    down, across = raw.shape[0] / photo.shape[0], raw.shape[1] / photo.shape[1]
    fits = [scale for scale in (0.5, 1.0) if scale <= min(down, across) + 0.01 and min(down, across) / scale < 1.06]
    return sorted({*fits, min(down, across), max(down, across)})


def _compared(pair: _Pair, start: Placement, side: int) -> tuple[Plane, Plane, Plane, Plane]:
    """Both as pictures of the same size, tones matched, and the photo positions of their pixels."""
    divisor = max(1, math.ceil(max(start.photo) / side))
    small = pair.smaller(True, divisor)
    centres = ((np.arange(n, dtype=np.float32) + np.float32(0.5)) * divisor for n in small.shape)
    rows, columns = np.meshgrid(*centres, indexing="ij")
    step = max(1, round(start.scale * divisor))
    reduced = pair.smaller(False, step)
    at = start.positions(rows, columns)
    there = sampled(reduced, at[0] / step, at[1] / step)
    return _tones(small), _tones(there, small), rows, columns


def _tones(plane: Plane, like: Plane | None = None) -> Plane:
    """Brightness as the eye takes it, 0 to 1; with the distribution of another picture where one is given."""
    if like is not None:
        order = np.argsort(plane, axis=None, kind="stable")
        matched = np.empty(plane.size, np.float32)
        matched[order] = np.sort(like, axis=None)
        plane = matched.reshape(plane.shape)
    return np.clip(plane, 0, 1).astype(np.float32) ** np.float32(1 / 2.2)


def _likeness(one: Plane, other: Plane) -> float:
    a, b = one - one.mean(), other - other.mean()
    size = math.sqrt(float((a * a).sum()) * float((b * b).sum()))
    return float((a * b).sum()) / size if size > 1e-9 else 0.0


def _shifted(pair: _Pair, start: Placement) -> Placement:
    """A start with the whole shift that phase correlation finds (Kuglin and Hines, 1975)."""
    one, other, rows, _ = _compared(pair, start, WORK_SIDES[1])
    window = np.outer(np.hanning(one.shape[0] + 2)[1:-1], np.hanning(one.shape[1] + 2)[1:-1])
    spectra = [np.fft.rfft2((plane - plane.mean()) * window) for plane in (one, other)]
    cross = spectra[1] * spectra[0].conj()
    peak = np.fft.irfft2(cross / np.maximum(np.abs(cross), 1e-9), one.shape)
    limits = [max(1, int(side * MOST_SHIFT)) for side in one.shape]
    near = np.roll(peak, limits, (0, 1))[: 2 * limits[0] + 1, : 2 * limits[1] + 1]
    best = np.unravel_index(int(np.argmax(near)), near.shape)
    pitch = (rows[-1, 0] - rows[0, 0]) / max(one.shape[0] - 1, 1) or 1.0
    offset = tuple(float(b - limit) * float(pitch) for b, limit in zip(best, limits, strict=True))
    tried = [dataclasses.replace(start, shift=shift) for shift in ((0.0, 0.0), (offset[0], offset[1]))]
    likes = [_likeness(*_compared(pair, t, WORK_SIDES[1])[:2]) for t in tried]
    chosen = int(likes[1] > likes[0])
    return dataclasses.replace(tried[chosen], likeness=likes[chosen])


def _refined(pair: _Pair, start: Placement, side: int) -> Placement:
    """Gauss-Newton at one size; steps that make the pictures less alike are not taken."""
    now = start
    one, other, rows, columns = _compared(pair, now, side)
    now = dataclasses.replace(now, likeness=_likeness(one, other))
    divisor = max(1, math.ceil(max(start.photo) / side))
    for _ in range(ROUNDS):
        step = _step(one, other, rows, columns, now, divisor).tolist()
        tried = dataclasses.replace(
            now,
            stretch=now.stretch + step[0],
            turn=now.turn + step[1],
            radial=now.radial + step[2],
            shift=(now.shift[0] + step[3], now.shift[1] + step[4]),
        )
        one, other, rows, columns = _compared(pair, tried, side)
        likeness = _likeness(one, other)
        if likeness < now.likeness:
            break
        now = dataclasses.replace(tried, likeness=likeness)
        if _moved(step, start.photo) < STILL * divisor:
            break
    return dataclasses.replace(now, misfit=_misfit(one, other, divisor))


def _moved(step: list[float], shape: tuple[int, ...]) -> float:
    """Pixels of the photo that a step moves its corner by."""
    return max(map(abs, step[:3])) * max(shape) / 2 + max(map(abs, step[3:]))


def _slopes(plane: Plane) -> tuple[Plane, Plane]:
    if min(plane.shape) < 2:
        raise UntoneError(f"a photo of {plane.shape[1]} x {plane.shape[0]} pixels is too small to be aligned")
    down, right = np.gradient(plane)
    return down, right


def _step(one: Plane, other: Plane, rows: Plane, columns: Plane, now: Placement, divisor: int) -> NDArray[np.float64]:
    """The change of stretch, turn, radial and shift that brings the second picture nearest to the first."""
    slopes = [slope / divisor for slope in _slopes(other)]
    down, right = rows - now.photo[0] / 2, columns - now.photo[1] / 2
    r2 = (down**2 + right**2) / ((now.photo[0] ** 2 + now.photo[1] ** 2) / 4)
    outward = slopes[0] * down + slopes[1] * right
    columns_of = [outward, slopes[0] * right - slopes[1] * down, outward * r2, slopes[0], slopes[1]]
    system = np.stack([c.ravel() for c in columns_of], axis=1).astype(np.float64)
    error = (one - other).ravel().astype(np.float64)
    scale = np.sqrt((system**2).sum(axis=0)) + 1e-12
    system /= scale
    weights = 1 / np.maximum(1, np.abs(error) / max(2 * float(np.median(np.abs(error))), 1e-3))  # Huber
    normal = system.T @ (system * weights[:, None]) + 1e-4 * np.eye(len(scale))
    step: NDArray[np.float64] = np.linalg.solve(normal, system.T @ (error * weights)) / scale
    return step


def _misfit(one: Plane, other: Plane, divisor: int) -> float:
    """The largest shift, in pixels of the photo, that a part of the picture with some detail still asks for."""
    slopes, error = _slopes(other), one - other
    found = [0.0]
    for rows in np.array_split(np.arange(one.shape[0]), TILES):
        for columns in np.array_split(np.arange(one.shape[1]), TILES):
            part = np.ix_(rows, columns)
            system = np.stack([slope[part].ravel() for slope in slopes], axis=1).astype(np.float64)
            normal = system.T @ system
            if len(system) and np.linalg.eigvalsh(normal)[0] > 1e-4 * len(system):
                found.append(float(np.abs(np.linalg.solve(normal, system.T @ error[part].ravel())).max()))
    return sorted(found)[-max(1, len(found) // 8)] * divisor


def _check(found: Placement) -> None:
    """Whether a camera may have done this.

    Raises:
        UntoneError: says what is out of bounds.
    """
    if found.likeness < LEAST_LIKENESS:
        raise UntoneError(f"they are not of the same picture: brightness correlates by {found.likeness:.2f}")
    shift = max(map(abs, found.shift)) / max(found.photo)
    bounds = (
        (abs(found.stretch), MOST_STRETCH, "scale differs by {:.1%}"),
        (abs(found.radial), MOST_RADIAL, "lens distortion differs by {:.1%}"),
        (abs(found.turn), MOST_TURN, "one is turned by {:.3f} radians"),
        (shift, MOST_SHIFT, "one is shifted by {:.1%} of the longer side"),
        (found.misfit / max(found.photo), MOST_MISFIT, "{:.2%} of the longer side remain between them"),
    )
    for value, most, text in bounds:
        if value > most:
            raise UntoneError(f"they cannot be aligned: {text.format(value)}")
