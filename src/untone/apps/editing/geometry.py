"""Crop, resize and turn a photo and its gain map so that both renditions are cropped, resized and turned.

Light is what adds up when pixels are joined, so the base is resized as light, and so is the alternate rendition that
the map makes of it. The new map is, by definition, what leads from the one to the other:

    stops = log2((resized alternate + alternate offset) / (resized base + base offset))

Resized codes or stops would not: where bright and dark meet, the mean of a product is not the product of the means.
These gains never leave the range of the old ones, so that every parameter of the map stays. A crop cuts the gains out
as renderers see them, between map samples too.

Then the smallest map is taken that renderers resize to these gains: the samples as they are where the crop follows
their grid, else one as large for the photo as before, one of the old size, and, where the map may grow, one of the
photo's size.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from ... import colour, gainmap
from ...colour import light_of, matrix
from ...errors import UsageError
from ...formats.common.limits import check_size
from ...image import GainMap, Image, Pixels, turned_upright
from .resampling import Gains, Window, cut

BLOCK_ROWS = 64
"""Rows of the result that are made at a time, so that temporary light stays small."""

SMALLEST = 2.0**-30
"""Light plus offset that a gain is computed from; without offsets, black has any gain."""


@dataclasses.dataclass(frozen=True)
class Bounds:
    """Sides of a resized picture, as it is shown.

    Attributes:
        width, height: of what it fits within, its proportions kept; None does not limit that side.
        forced: it gets exactly both sides instead.
        shrinks: a picture that is smaller stays as it is.
        pixels: of all of it, which neither side limits then.
    """

    width: int | None = None
    height: int | None = None
    forced: bool = False
    shrinks: bool = False
    pixels: float | None = None

    def of(self, width: int, height: int) -> tuple[int, int]:
        """The new width and height of a picture."""
        if self.forced:
            return self.width or width, self.height or height
        if self.pixels is not None:
            share = math.sqrt(self.pixels / (width * height))
        else:
            share = min(new / old for new, old in ((self.width, width), (self.height, height)) if new is not None)
        share = min(share, 1.0) if self.shrinks else share
        return max(1, math.floor(width * share + 0.5)), max(1, math.floor(height * share + 0.5))


@dataclasses.dataclass(frozen=True)
class Edit:
    """What to do, in this order, to the picture as viewers show it.

    Attributes:
        crop: left, top, width, height in pixels; None keeps all.
        size: what to resize to; None keeps the size. A share resizes to that share of each side.
        turns: quarter turns clockwise, 0 to 3.
        flip: "h" exchanges left and right, "v" top and bottom, "" nothing.
        upright: turn the pixels themselves, so that the orientation becomes 1.
    """

    crop: tuple[int, int, int, int] | None = None
    size: Bounds | float | None = None
    turns: int = 0
    flip: str = ""
    upright: bool = False

    @property
    def touches_pixels(self) -> bool:
        """Whether more than the orientation changes."""
        return self.crop is not None or self.size is not None or self.upright

    @property
    def resizes(self) -> bool:
        """Whether pixels are joined or divided."""
        return self.size is not None


def edited(
    image: Image,
    gain_map: GainMap | None,
    edit: Edit,
    window: Window | None = None,
    *,
    keep_samples: bool = False,
    map_grows: bool = False,
) -> tuple[Image, GainMap | None]:
    """The edited picture and map; what they were decoded from (`encoded`) is forgotten where pixels change.

    Args:
        window: to cut out instead of the edit's own crop and size.
        keep_samples: cut the map between its samples wherever that can be, not only where it gives the same gains.
        map_grows: whether the map may get more samples and channels than it has, as far as its gains need them.

    Raises:
        UsageError: the crop does not lie within the picture, or the new size is no size.
    """
    orientation = orientation_after(image.orientation, edit)
    wanted = window or window_of(image, edit)
    if wanted != Window((0, image.height), (0, image.width), (image.height, image.width)):
        image, gain_map = _through(image, gain_map, wanted, keep_samples, map_grows)
    if not edit.upright:
        return dataclasses.replace(image, orientation=orientation), gain_map
    pixels = np.array(turned_upright(np.asarray(image.pixels), orientation), order="C")
    image = dataclasses.replace(image, pixels=pixels, orientation=1, encoded=None)
    if gain_map is not None and orientation != 1:
        codes = np.array(turned_upright(gain_map.codes, orientation), order="C")
        gain_map = dataclasses.replace(gain_map, codes=codes, encoded=None)
    return image, gain_map


def orientation_after(orientation: int, edit: Edit) -> int:
    """The EXIF orientation that shows stored pixels turned and flipped as well."""
    probe = np.arange(6).reshape(2, 3)
    wanted = np.rot90(turned_upright(probe, orientation), -edit.turns)
    if edit.flip:
        wanted = np.flip(wanted, 1 if edit.flip == "h" else 0)
    return next(o for o in range(1, 9) if np.array_equal(turned_upright(probe, o), wanted))


def window_of(image: Image, edit: Edit) -> Window:
    """Crop and size in terms of what is shown, as rows and columns that are stored.

    Raises:
        UsageError: the crop does not lie within the picture, or the new size is no size.
    """
    stored = (image.height, image.width)
    row = turned_upright(np.broadcast_to(np.arange(stored[0])[:, None], stored), image.orientation)
    column = turned_upright(np.broadcast_to(np.arange(stored[1]), stored), image.orientation)
    height, width = row.shape
    left, top, wide, high = edit.crop or (0, 0, width, height)
    if min(left, top) < 0 or min(wide, high) < 1 or left + wide > width or top + high > height:
        raise UsageError(f"the crop {left},{top},{wide},{high} is not within the {width} x {height} picture")
    corners = [(top, left), (top + high - 1, left + wide - 1)]
    rows, columns = (sorted(int(index[corner]) for corner in corners) for index in (row, column))
    size = _size(edit.size, wide, high)
    turned = row.shape != stored or image.orientation > 4
    spans = (rows[0], rows[1] + 1), (columns[0], columns[1] + 1)
    return Window(*spans, (size[0], size[1]) if turned else (size[1], size[0]))


def _size(size: Bounds | float | None, width: int, height: int) -> tuple[int, int]:
    if size is None:
        return width, height
    if isinstance(size, Bounds):
        made = size.of(width, height)
    else:
        made = max(1, math.floor(width * size + 0.5)), max(1, math.floor(height * size + 0.5))
    check_size(*made)
    return made


def _through(
    image: Image, gain_map: GainMap | None, window: Window, keep_samples: bool, map_grows: bool
) -> tuple[Image, GainMap | None]:
    """The picture in a window, and the map that fits it."""
    whole = (image.height, image.width)
    kept = cut(gain_map, window, whole, at_any_cost=keep_samples or not map_grows) if gain_map is not None else None
    if not window.resizes and (gain_map is None or kept is not None):
        pixels = np.ascontiguousarray(image.pixels[slice(*window.rows), slice(*window.columns)])
        return dataclasses.replace(image, pixels=pixels, encoded=None), kept
    pixels = np.empty((*window.size, 3), image.pixels.dtype)
    gains = None if gain_map is None else Gains.empty(gain_map, window.size)
    for first in range(0, window.size[0], BLOCK_ROWS):
        last = min(first + BLOCK_ROWS, window.size[0])
        source = window.source_rows(first, last)
        part = image.pixels[source[0] : source[1], slice(*window.columns)]
        stops = None
        if gain_map is not None:
            stops = gainmap.stops_at(gain_map, image.height, image.width, source)[:, slice(*window.columns)]
        if window.resizes:
            light = light_of(dataclasses.replace(image, pixels=part, encoded=None))
            base = window.resized(light, source, first, last)
            part = _encoded(base, image)
            if gain_map is not None and stops is not None:
                there = matrix(image.primaries, _space(image, gain_map)).T
                bright = gainmap.apply(light @ there, stops, 1.0, gain_map.base_offset, gain_map.alternate_offset)
                stops = _gains(base @ there, window.resized(bright, source, first, last), gain_map)
        pixels[first:last] = part
        if gains is not None and stops is not None:
            gains.put(first, last, stops)
    image = dataclasses.replace(image, pixels=pixels, encoded=None)
    if gain_map is None or gains is None:
        return image, gain_map
    return image, gains.fitted(window, whole, grows=map_grows)


def _space(image: Image, gain_map: GainMap) -> str:
    """Primaries that the gain is applied in."""
    return image.primaries if gain_map.use_base_colour_space else gain_map.alternate_primaries or image.primaries


def _encoded(light: Pixels, image: Image) -> Pixels:
    """Light as pixels of the image's own kind, rounded."""
    if image.transfer == "linear":
        return light
    encoded = np.clip(colour.from_linear(light, image.transfer, image.white_nits), 0, 1)
    if image.pixels.dtype == np.float32:
        return encoded
    codes: Pixels = np.floor(encoded * np.iinfo(image.pixels.dtype).max + 0.5).astype(image.pixels.dtype)
    return codes


def _gains(base: Pixels, alternate: Pixels, gain_map: GainMap) -> Pixels:
    """Stops that lead from the one light to the other, [h, w, 3]."""
    before, after = (np.asarray(offset) for offset in (gain_map.base_offset, gain_map.alternate_offset))
    stops: Pixels = np.log2(np.maximum(alternate + after, SMALLEST) / np.maximum(base + before, SMALLEST))
    return stops
