"""Cuts, bars and movement, by thumbnails: what belongs together, and when the network must look again."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...kernels.video import Area, YCbCr

Floats = NDArray[np.float32]

SMALL = 32
"""Side of what movement and cuts are measured on: grain averages out, objects do not."""

CUT_CHANGE, CUT_RATIO = 0.16, 3.0
"""A cut changes the picture by so much of its level, and by so many times the changes around it."""

DARKEST_LEVEL = 0.06
"""Added to the level, so that noise in the dark is no change."""

CUT_WINDOW = 3
"""Frames on either side of a cut whose changes it is held against, and across which a flash is known as one."""

FLASH_RETURN = 0.5
"""After a flash the picture is nearer to the one before it than this share of the jump."""

STILL_MEAN, STILL_MOST = 0.6 / 255, 4 / 255
"""Below both, mean and largest change of the small picture, the network's last word stands."""

GRAIN_SHARE, MOST_GRAIN_MEAN = 1.25, 3 / 255
"""Both are raised with the change from the frame before, up to so much: in a still scene that is grain, and an older
frame is no farther."""

BLACK_LEVEL = 0.03
"""Mean of what a fade comes from."""

FADE_RESIDUAL = 0.02
"""How well a darkened copy must fit, to be taken for a fade."""


def small(thumbnail: Floats) -> Floats:
    """[3, SMALL, SMALL] box average of a thumbnail."""
    side = thumbnail.shape[1] // SMALL
    rows = thumbnail.reshape(3, SMALL, side, SMALL * side).sum(axis=2)  # by whole rows first, which is fast
    result: Floats = rows.reshape(3, SMALL, SMALL, side).sum(axis=3) / np.float32(side * side)
    return result


def change(before: Floats, after: Floats) -> float:
    """How much a small picture changed, as a share of its level."""
    level = (float(before.mean()) + float(after.mean())) / 2
    return float(np.abs(after - before).mean()) / (level + DARKEST_LEVEL)


def is_cut(pictures: Sequence[Floats], at: int) -> bool:
    """Whether pictures[at] begins a scene; needs CUT_WINDOW pictures on either side, where there are any.

    The jump must be large, must stand out from the changes around it (else all is in motion), and must not be undone
    within the window (else it is a flash, on either side of it).
    """
    jump = change(pictures[at - 1], pictures[at])
    if jump < CUT_CHANGE:
        return False
    first, last = max(at - CUT_WINDOW, 1), min(at + CUT_WINDOW, len(pictures) - 1)
    around = sorted(change(pictures[k - 1], pictures[k]) for k in range(first, last + 1) if k != at)
    typical = around[len(around) // 2] if around else 0.0
    if jump < CUT_RATIO * typical:
        return False
    return not _is_undone(pictures, at, jump, first, last)


def is_flash(pictures: Sequence[Floats], at: int) -> bool:
    """Whether pictures[at] begins a flash: a jump that is undone within the window."""
    jump = change(pictures[at - 1], pictures[at])
    last = min(at + CUT_WINDOW, len(pictures) - 1)
    return jump >= CUT_CHANGE and _is_undone(pictures, at, jump, at, last)


def _is_undone(pictures: Sequence[Floats], at: int, jump: float, first: int, last: int) -> bool:
    after = (change(pictures[at - 1], pictures[k]) for k in range(at + 1, last + 1))
    before = (change(pictures[k - 1], pictures[at]) for k in range(first, at))
    return any(distance < FLASH_RETURN * jump for distance in (*after, *before))


def says_the_same(key: Floats, before: Floats, picture: Floats) -> bool:
    """Whether what the network said of `key` holds for `picture`: it stands still, or is `key` fading to black."""
    difference = np.abs(picture - key)
    grain = GRAIN_SHARE * float(np.abs(picture - before).mean())
    mean = min(max(grain, STILL_MEAN), MOST_GRAIN_MEAN)
    if float(difference.mean()) < mean and float(difference.max()) < STILL_MOST * mean / STILL_MEAN:
        return True
    return is_darkened(key, picture)


def is_darkened(key: Floats, picture: Floats) -> bool:
    """Whether a picture is `key` on its way to or from black."""
    level = float((key * key).mean())
    share = float((key * picture).mean()) / level if level > 1e-6 else 0.0
    if not 0 <= share < 0.99:
        return False
    return float(np.abs(picture - share * key).mean()) < FADE_RESIDUAL * float(key.mean())


BAR_CODE, DARK_CODE = 6 / 219, 24 / 219
"""Brightest sample of a bar, and of a frame that is too dark to tell."""

SMALLEST_BAR = 0.02
"""Of the height or width; less is a ragged edge."""

COLUMN_STEP = 8
"""Every so many samples are looked at."""


@dataclasses.dataclass(frozen=True)
class Bars:
    """Black rows and columns around the picture, even numbers of them."""

    top: int = 0
    bottom: int = 0
    left: int = 0
    right: int = 0

    def picture(self, height: int, width: int) -> Area:
        """What is left of a frame."""
        return self.top, self.left, height - self.top - self.bottom, width - self.left - self.right

    def areas(self, height: int, width: int) -> list[Area]:
        """The bars of a frame, as areas that do not overlap."""
        top, left, rows, columns = self.picture(height, width)
        found = [(0, 0, top, width), (top + rows, 0, self.bottom, width)]
        found += [(top, 0, rows, left), (top, left + columns, rows, self.right)]
        return [area for area in found if area[2] and area[3]]

    def within(self, other: Bars) -> Bars:
        """Where both are black."""
        pairs = zip(dataclasses.astuple(self), dataclasses.astuple(other), strict=True)
        return Bars(*(min(pair) for pair in pairs))


def find_bars(planes: YCbCr) -> Bars | None:
    """Letterbox and pillarbox of one frame; None where it is too dark to tell."""
    luma = planes.y
    black, span = (0, (1 << planes.bits) - 1) if planes.full_range else (16, 219)
    scale = 1 if planes.full_range else 1 << (planes.bits - 8)
    rows, columns = luma[:, ::COLUMN_STEP].max(axis=1), luma[::COLUMN_STEP].max(axis=0)
    limit, dark = (scale * (black + share * span) for share in (BAR_CODE, DARK_CODE))
    if rows.max() <= dark:
        return None
    return Bars(*_ends(rows > limit), *_ends(columns > limit))


def _ends(lit: NDArray[np.bool_]) -> tuple[int, int]:
    """Dark samples at the beginning and at the end, so many that what is lit begins and ends at even places."""
    where, length = np.flatnonzero(lit), len(lit)
    if not len(where):
        return 0, 0
    before, after = int(where[0]), length - 1 - int(where[-1])
    before, after = before - before % 2, max(after - (length - after) % 2, 0)
    least = SMALLEST_BAR * length
    return before if before >= least else 0, after if after >= least else 0
