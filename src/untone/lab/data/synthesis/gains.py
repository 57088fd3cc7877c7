"""The gain between two renditions, and the rendition graded where cameras would: by code, by place, by channel.

Log ratio of the two renditions, split into its mean by SDR code and what is left of it. The mean is drawn part of the
way to the relation that photos have (restrained below white, steep above), what is left is kept in part.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from ..examples import CODE_LIGHT, OFFSET
from ..tonemapping.application import LUMA, Light, Plane, brightest

BINS = 32
PHOTO_CODES = (0, 48, 80, 112, 144, 176, 208, 240, 255)
PHOTO_STOPS = (0.0, 0.06, 0.12, 0.18, 0.30, 0.52, 0.84, 1.42, 2.5)
"""Code, mean gain in stops: real photos of two groups (eighths of code), read on to the ends."""


@dataclasses.dataclass(frozen=True)
class Relation:
    """How the gain of one pair is graded.

    Attributes:
        towards_photos: 0 leaves the tone mapper's own mean gain by code, 1 puts the photos' in its place.
        strength: of the photos' relation in this pair.
        locality: share of what the mean by code leaves over.
        tint: share of the channels' difference; 0 for one gain for all.
        floor: least gain, stops; 0 for cameras that never darken.
        dead_zone: stops taken off before the floor: shadows then gain exactly 0.
    """

    towards_photos: float
    strength: float
    locality: float
    tint: float
    floor: float
    dead_zone: float


MOST_TINT, MOST_GAIN = 0.5, 5.0


def gain(hdr: Light, codes: NDArray[np.uint8], relation: Relation) -> Light:
    """Gain in stops [n, n, 3] float32 of the HDR rendition over 8-bit codes, graded."""
    shown = CODE_LIGHT[codes]
    code = brightest(codes)
    level = log_ratio(hdr @ LUMA, shown @ LUMA)
    mean = mean_by_code(code, level)
    photos = np.interp(np.arange(256), PHOTO_CODES, PHOTO_STOPS).astype(np.float32) * np.float32(relation.strength)
    graded = (1 - relation.towards_photos) * mean + relation.towards_photos * photos
    graded = graded[code] + np.float32(relation.locality) * (level - mean[code])
    graded = np.maximum(graded - relation.dead_zone, relation.floor) * fade(code)
    found = np.repeat(graded[..., None], 3, -1)
    if relation.tint:
        tint = log_ratio(hdr, shown) - level[..., None]
        found = found + np.clip(tint * fade(code)[..., None], -MOST_TINT, MOST_TINT) * np.float32(relation.tint)
    return np.minimum(found, MOST_GAIN)


def fade(code: Plane) -> Plane:
    """0 in black to 1 from code 40 on: shadows are the same in both renditions."""
    share = np.clip(np.arange(256, dtype=np.float32) / 40, 0, 1)
    return (share * share * (3 - 2 * share))[code]


def mean_by_code(code: Plane, level: Plane) -> Plane:
    """[256] mean of `level` [n, n] by code, over bins of eight codes, drawn on where no pixel is."""
    place = (code >> 3).ravel()
    count = np.bincount(place, minlength=BINS).astype(np.float32)
    total = np.bincount(place, level.ravel(), minlength=BINS)
    seen = count > 0
    centres = np.arange(BINS) * 8 + 3.5
    return np.interp(np.arange(256), centres[seen], total[seen] / count[seen]).astype(np.float32)


def log_ratio(above: Light, below: Light) -> Light:
    """Log2 ratio of two lights, offsets added."""
    return np.log2((above + np.float32(OFFSET)) / (below + np.float32(OFFSET)))
