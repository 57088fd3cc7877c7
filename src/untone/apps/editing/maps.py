"""Size and channels of a photo's gain map changed, its parameters and the photo kept."""

from __future__ import annotations

import dataclasses

import numpy as np

from ... import gainmap
from ...colour import light_of, luminance_weights, matrix
from ...image import GainMap, Image, Pixels
from .geometry import SMALLEST
from .resampling import Floats, Window

SHARES = {"full": 1, "half": 2, "quarter": 4}
"""Names of map sizes and what the photo's sides are divided by."""

BAND_ROWS = 64
"""Rows of the map that are made at a time."""


@dataclasses.dataclass(frozen=True)
class MapEdit:
    """What to do to a gain map.

    Attributes:
        size: one of SHARES, or the pixels of its longer side; None keeps it. A map is never enlarged.
        channels: 1 or 3; None keeps them.
        coded: encode it anew, at another quality, also where its samples stay.
        dropped: leave it out.
    """

    size: str | int | None = None
    channels: int | None = None
    coded: bool = False
    dropped: bool = False


def changed(image: Image, gain_map: GainMap, edit: MapEdit) -> tuple[GainMap, str | None]:
    """The map of an image after an edit that does not drop it; and what of the edit was not done, one line."""
    height, width = _size(image, gain_map, edit.size)
    note = None
    if edit.size in SHARES and (height, width) != _shared(image, str(edit.size)):
        note = f"its gain map stays at {width} x {height}: it is never enlarged"
    channels = edit.channels or gain_map.channels
    if (height, width, channels) != gain_map.codes.shape:
        gain_map = _resampled(image, gain_map, height, width, channels)
    return (dataclasses.replace(gain_map, encoded=None) if edit.coded else gain_map), note


def _shared(image: Image, name: str) -> tuple[int, int]:
    return -(-image.height // SHARES[name]), -(-image.width // SHARES[name])


def _size(image: Image, gain_map: GainMap, size: str | int | None) -> tuple[int, int]:
    """Rows and columns that the map gets, at most those that it has."""
    old = (gain_map.height, gain_map.width)
    if size is None:
        return old
    if isinstance(size, int):
        share = size / max(old)
        wanted = (max(1, round(old[0] * share)), max(1, round(old[1] * share)))
    else:
        wanted = _shared(image, size)
    return wanted if wanted[0] <= old[0] and wanted[1] <= old[1] else old


def _resampled(image: Image, gain_map: GainMap, height: int, width: int, channels: int) -> GainMap:
    """The mean gain, in stops, of the area of each new sample: the constant that errs least.

    One channel made of three is the ratio of luminances, as of `gainmap.measure`.
    """
    joined = channels == 1 and gain_map.channels == 3
    like = _with_common_limits(gain_map) if joined else gain_map
    low, high, gamma = (values[:channels] for values in (like.min_stops, like.max_stops, like.gamma))
    stops = gainmap.to_stops(gain_map)
    window = Window((0, gain_map.height), (0, gain_map.width), (height, width))
    maximum = int(np.iinfo(gain_map.codes.dtype).max)
    codes = np.empty((height, width, channels), gain_map.codes.dtype)
    for first in range(0, height, BAND_ROWS):
        last = min(first + BAND_ROWS, height)
        source = window.source_rows(first, last)
        made = window.resized(stops[source[0] : source[1]], source, first, last)
        if joined:
            made = _luminance(image, gain_map, made, (first, last, height))
        made = np.broadcast_to(made, (*made.shape[:2], channels))
        codes[first:last] = gainmap.quantise(made, np.array(low), np.array(high), np.array(gamma), maximum)
    return dataclasses.replace(like, codes=codes, encoded=None)


def _with_common_limits(gain_map: GainMap) -> GainMap:
    """The parameters that one channel for all three has: limits that hold theirs, and else those of green."""
    gamma, before, after = gain_map.gamma[1], gain_map.base_offset[1], gain_map.alternate_offset[1]
    return dataclasses.replace(
        gain_map,
        min_stops=(min(gain_map.min_stops),) * 3,
        max_stops=(max(gain_map.max_stops),) * 3,
        gamma=(gamma,) * 3,
        base_offset=(before,) * 3,
        alternate_offset=(after,) * 3,
    )


def _luminance(image: Image, gain_map: GainMap, stops: Floats, rows: tuple[int, int, int]) -> Floats:
    """One gain for three, [h, w, 1], of rows (first, last, of so many) of the map, that gives the same luminance."""
    space = image.primaries if gain_map.use_base_colour_space else gain_map.alternate_primaries or image.primaries
    window = Window((0, image.height), (0, image.width), (rows[2], stops.shape[1]))
    source = window.source_rows(rows[0], rows[1])
    part = dataclasses.replace(image, pixels=image.pixels[source[0] : source[1]], encoded=None)
    base = window.resized(light_of(part), source, rows[0], rows[1]) @ matrix(image.primaries, space).T
    bright = gainmap.apply(base, stops, 1.0, gain_map.base_offset, gain_map.alternate_offset)
    weights = luminance_weights(space)
    before, after = (
        np.maximum(light @ weights + offset[1], SMALLEST)
        for light, offset in ((base, gain_map.base_offset), (bright, gain_map.alternate_offset))
    )
    ratio: Pixels = np.log2(after / before)[..., None].astype(np.float32)
    return ratio
