"""STAGES 2 and 3 of one photo: prediction of its gain map by a network.

Networks come in three kinds (see models/): those that see the thumbnail and leave the pixels to the kernels, those that
see every pixel and give the gain, and those that see every pixel and give the light, which the gain is measured from.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from . import colour, gainmap, kernels
from .colour import light_of, matrix
from .errors import UsageError, check_number, shown
from .image import DIFFUSE_WHITE_NITS, GainMap, Image, Pixels, Triple, turned_back, turned_upright
from .operators import Operators

THUMBNAIL_SIDE = 256

MAX_STRENGTH = 1.5
"""More than what a model sees fit, for those who like it; beyond, middle tones turn to glare."""

BAND_ROWS = 256
"""Rows of a large picture that are worked on at once."""

MAP_DIVISORS = {"full": 1, "half": 2, "quarter": 4}
"""Size of the gain map on each side, as a divisor of the photo's."""


@runtime_checkable
class OperatorModel(Protocol):
    """A network that sees the thumbnail; see models/."""

    def operators(self, thumbnail: NDArray[np.float32]) -> Operators:
        """[3, 256, 256] float32 encoded RGB in 0..1, upright, to Operators of the photo."""


@runtime_checkable
class GainModel(Protocol):
    """A network that sees every pixel and gives the gain."""

    @property
    def offset(self) -> float:
        """Linear offset of both renditions that its gain goes with."""

    def gain_stops(self, pixels: Pixels) -> NDArray[np.float32]:
        """[H, W, 3] uint8 or uint16 sRGB codes, upright, to [h, w, 1 or 3] stops, full size or smaller."""


@runtime_checkable
class LightModel(Protocol):
    """A network that sees every pixel and gives the HDR picture."""

    @property
    def upscale(self) -> int:
        """Rows and columns of the light for one of the photo; above 1 for joint super-resolution."""

    def light(self, pixels: Pixels) -> NDArray[np.float32]:
        """[H, W, 3] uint8 or uint16 sRGB codes, upright, to light, linear BT.2020, 1.0 = 203 nits."""


Model = OperatorModel | GainModel | LightModel


def predicted(image: Image, model: Model, strength: float, peak_nits: float | None, divisor: int) -> GainMap:
    """The gain map of an SDR photo; options as pipeline.predict takes and has checked them.

    Raises:
        UsageError: the model makes a picture of another size.
    """
    if isinstance(model, GainModel):
        return _predict_gain(image, model, strength, peak_nits, divisor)
    if isinstance(model, LightModel):
        _check_same_size(model)
        return _predict_light(image, model, strength, peak_nits, divisor)
    pixels = _integers(image.pixels)
    operators = _operators(model, pixels, image.orientation)
    low, high = kernels.gain_range(pixels, operators)
    codes = kernels.gain_codes(pixels, operators, low, high, divisor=divisor)
    factor = strength * _ceiling(max(high) * strength, peak_nits, image.white_nits, operators.offset)
    low, high = ((s[0] * factor, s[1] * factor, s[2] * factor) for s in (low, high))
    return _map(codes, low, high, operators.offset)


def unchanged(image: Image, divisor: int) -> GainMap:
    """The map that gains nothing."""
    return _map(np.zeros((-(-image.height // divisor), -(-image.width // divisor), 3), np.uint8))


def check_options(
    strength: float, peak_nits: float | None, map_size: str, white_nits: float = DIFFUSE_WHITE_NITS
) -> None:
    """Before any work: whether what is asked of predict can be had.

    Raises:
        UsageError: one of them is out of its range; a peak below SDR white would darken the photo.
    """
    check_number("strength", strength)
    if not (math.isfinite(strength) and 0 <= strength <= MAX_STRENGTH):
        raise UsageError(f"strength must be from 0 to {MAX_STRENGTH:g}, not {strength:g}")
    if peak_nits is not None:
        check_number("peak_nits", peak_nits)
    if peak_nits is not None and not white_nits <= peak_nits <= colour.PQ_PEAK_NITS:
        limits = f"from SDR white, {white_nits:g} nits, to {colour.PQ_PEAK_NITS:g} nits"
        raise UsageError(f"the peak must be {limits}, not {peak_nits:g}")
    check_map(map_size)


def check_map(map_size: str, channels: int = 3) -> None:
    """Whether a gain map can have that size and so many channels.

    Raises:
        UsageError: it cannot.
    """
    if not (isinstance(map_size, str) and map_size in MAP_DIVISORS):
        raise UsageError(f"the map size must be one of {', '.join(MAP_DIVISORS)}, not {shown(map_size)}")
    if channels not in (1, 3):
        raise UsageError(f"the map's channels must be 1 or 3, not {shown(channels)}")


def _integers(pixels: Pixels) -> Pixels:
    """Kernels read 8 or 16 bit codes."""
    if pixels.dtype != np.float32:
        return pixels
    codes: Pixels = np.floor(np.clip(np.nan_to_num(pixels), 0, 1) * 65535 + 0.5).astype(np.uint16)
    return codes


def _operators(model: OperatorModel, pixels: Pixels, orientation: int) -> Operators:
    """Operators of the model for the pixels as stored; the model itself always sees the photo upright."""
    thumbnail = kernels.thumbnail(pixels, THUMBNAIL_SIDE)
    seen = model.operators(np.ascontiguousarray(turned_upright(thumbnail, orientation, axis=1)))
    grids = np.ascontiguousarray(turned_back(seen.grids, orientation, axis=1))
    return dataclasses.replace(seen, grids=grids)


def _seen(image: Image) -> Pixels:
    """Input of networks that see every pixel: sRGB codes, upright. Primaries stay the photo's own.

    Trained on BT.709, they keep a wider photo's saturation that way, as the default model does.
    """
    pixels = _integers(image.pixels)
    if image.transfer != "srgb":
        pixels = _integers(colour.linear_to_srgb(light_of(image)).astype(np.float32))
    return np.ascontiguousarray(turned_upright(pixels, image.orientation))


def _predict_gain(image: Image, model: GainModel, strength: float, peak_nits: float | None, divisor: int) -> GainMap:
    """The map of a network that gives gains; brought to the size asked for."""
    stops = turned_back(model.gain_stops(_seen(image)), image.orientation)
    scale = -(-image.height // stops.shape[0])
    if scale > divisor:
        stops = gainmap.resize(stops, -(-image.height // divisor), -(-image.width // divisor))
    else:
        stops = gainmap.box_average(stops, divisor // scale)
    factor = strength * _ceiling(float(stops.max()) * strength, peak_nits, image.white_nits, model.offset)
    return gainmap.coded(stops * np.float32(factor), offset=model.offset)


def _predict_light(image: Image, model: LightModel, strength: float, peak_nits: float | None, divisor: int) -> GainMap:
    """The map between the photo and the light that a network gives, in the photo's own primaries.

    Colours outside of them are brought to their edge: a map in other primaries is shown wrongly by many viewers.
    """
    base = light_of(image)
    light = _given_light(image, model) @ matrix("bt2020", "bt709").T
    np.maximum(light, 0, out=light)
    found = gainmap.measure(base, light, divisor=divisor, primaries=image.primaries)
    if peak_nits is not None:
        stops = gainmap.stops_at(found, image.height, image.width) * np.float32(strength)
        strength *= gainmap.room(base, stops, peak_nits / image.white_nits)
    return gainmap.strengthen(found, strength)


def _given_light(image: Image, model: LightModel) -> NDArray[np.float32]:
    """Light in BT.2020 as the network sees it, 1.0 = the photo's white, in its stored orientation."""
    light = model.light(_seen(image)) * np.float32(DIFFUSE_WHITE_NITS / image.white_nits)
    return np.ascontiguousarray(turned_back(light, image.orientation))


def _check_same_size(model: LightModel) -> None:
    if model.upscale != 1:
        made = f"this model makes a picture of {model.upscale} times the photo's rows and columns"
        raise UsageError(f"{made}, for which the photo is no base; convert makes a base of that size")


def super_resolved(image: Image, model: LightModel, strength: float, peak_nits: float | None) -> Image:
    """The HDR picture of a network for joint super-resolution, BT.2020, in the photo's stored orientation.

    Strength and peak scale its gain over the enlarged photo.
    """
    light = _given_light(image, model)
    if strength != 1 or peak_nits is not None:
        base = np.maximum(light_of(image) @ matrix("bt709", "bt2020").T, 0)
        base = gainmap.resize(base, light.shape[0], light.shape[1])
        stops = np.log2((light + gainmap.OFFSET) / (base + gainmap.OFFSET)) * np.float32(strength)
        factor = 1.0 if peak_nits is None else gainmap.room(base, stops, peak_nits / image.white_nits)
        light = gainmap.apply(base, stops, factor)
    return dataclasses.replace(
        image, pixels=light, primaries="bt2020", transfer="linear", bits=32, icc=None, xmp=None, encoded=None
    )


def enlarged(
    image: Image, model: LightModel, strength: float, peak_nits: float | None, divisor: int
) -> tuple[Image, GainMap]:
    """An SDR photo of the size of a network for joint super-resolution, and the gain map that leads to its HDR picture.

    The gain is measured at the size of the given photo, against means of the light; what that gain leads back to from
    the light is the new photo. So it has the network's details and, seen from afar, the given photo's tones; what would
    exceed white is cut. Orientation and primaries stay; it has 8 bits and the sRGB curve.
    """
    light = np.maximum(_given_light(image, model) @ matrix("bt2020", image.primaries).T, 0)
    (height, width), offset = light.shape[:2], np.float32(gainmap.OFFSET)
    base = light_of(image)
    stops = np.log2((gainmap.box_average(light, model.upscale) + offset) / (np.maximum(base, 0) + offset))
    codes = np.empty(light.shape, np.uint8)
    for first in range(0, height, BAND_ROWS):
        rows = first, min(first + BAND_ROWS, height)
        made = gainmap.apply(light[slice(*rows)], gainmap.resize(stops, height, width, rows), -1.0)
        codes[slice(*rows)] = colour.linear_to_srgb(np.clip(made, 0, 1)) * 255 + 0.5
    sized = gainmap.resize(stops, -(-height // divisor), -(-width // divisor)) * np.float32(strength)
    limit = _ceiling(float(sized.max()), peak_nits, image.white_nits, gainmap.OFFSET)
    icc = image.icc if image.transfer == "srgb" else None
    photo = dataclasses.replace(image, pixels=codes, transfer="srgb", bits=8, icc=icc, encoded=None)
    return photo, gainmap.coded(sized * np.float32(limit))


def _ceiling(gain_stops: float, peak_nits: float | None, white_nits: float, offset: float) -> float:
    """What to scale gains of up to `gain_stops` by, so that not even white exceeds the peak; at most 1."""
    if peak_nits is None or gain_stops <= 0:
        return 1.0
    allowed = math.log2((peak_nits / white_nits + offset) / (1 + offset))
    return min(1.0, allowed / gain_stops)


def _map(
    codes: NDArray[np.uint8],
    low: Triple = (0.0, 0.0, 0.0),
    high: Triple = (0.0, 0.0, 0.0),
    offset: float = gainmap.OFFSET,
) -> GainMap:
    return GainMap(
        codes,
        low,
        high,
        base_offset=(offset, offset, offset),
        alternate_offset=(offset, offset, offset),
        alternate_headroom_stops=max(*high, gainmap.SMALLEST_HEADROOM_GAP_STOPS),
    )
