"""Both renditions of one photo, as the page shows them: codes of the base and of the gain map, and what they mean.

The page gets codes rather than pictures: then sliders change the numbers of the map, never its codes, and all light is
computed where it is looked at. Everything here is upright.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pictures

from ... import colour, formats, gainmap, pipeline, prediction
from ...errors import UntoneError
from ...image import GainMap, Image, Pixels, turned_upright
from ...implicit import encoding
from ...rendition import upright
from ..choices import Choice
from ..conversion.tonemapping import with_sdr_base
from .films import Frame, Moment

PREDICTED, CARRIED, RENDERED, PLAIN = "predicted", "carried", "rendered", "plain"
"""Where a gain map comes from: a model, the file, an HDR photo that has no SDR rendition of its own; nowhere."""

BASE_QUALITY = 95
MOST_SIDE = 8192
"""Pixels of a view: beyond any screen."""

Predict = Callable[[Image], GainMap]
Box = tuple[float, float, float, float]
"""Left, top, right, bottom, in pixels of the upright photo."""


@dataclasses.dataclass(frozen=True, eq=False)
class Pair:
    """A photo and its gain map, upright.

    Attributes:
        image: the SDR base; encoded where the file's bytes can be kept, as it is stored.
        gain_map: at full strength, without a limit.
        origin: PREDICTED, CARRIED or RENDERED.
        shown: [H, W, 3] uint8, the base by the sRGB curve in its own primaries.
        stored: base and map as they are stored, for files.
        moment: of a film; None of photos.
    """

    image: Image
    gain_map: GainMap
    origin: str
    shown: Pixels
    stored: tuple[Image, GainMap]
    moment: Moment | None = None

    @property
    def size(self) -> int:
        """Bytes that it holds in memory."""
        held = {id(a): a.nbytes for a in (self.image.pixels, self.gain_map.codes, self.shown, self.stored[0].pixels)}
        return sum(held.values())


def pair(data: bytes | Frame, predict: Predict, shrink: int | None = None) -> Pair:
    """Both renditions of the photo in a file, or of a frame.

    Args:
        data: the file, or the frame.
        predict: gives the gain map of an SDR photo.
        shrink: where only a small picture is wanted, the pixels of its longer side; then nothing is kept for files.

    Raises:
        UntoneError: it cannot be read, or holds more than the limits allow.
    """
    if isinstance(data, Frame):
        return _pair_of_frame(data, predict, shrink)
    image, gain_map = formats.read(data)
    network = encoding.network_of(image)
    if network is not None:
        gain_map = encoding.ordinary(image, network)
    origin = CARRIED if gain_map is not None else RENDERED if image.is_hdr else PREDICTED
    if image.is_hdr:
        image, gain_map = with_sdr_base(image, gain_map, BASE_QUALITY)
    if shrink is not None:
        image, gain_map = _shrunk(image, gain_map, shrink)
    gain_map = predict(image) if gain_map is None else gain_map
    return made(image, gain_map, origin)


def _pair_of_frame(frame: Frame, predict: Predict, shrink: int | None) -> Pair:
    if frame.image.is_hdr:
        origin, (image, gain_map) = RENDERED, with_sdr_base(frame.image, None, BASE_QUALITY)
    else:
        origin, image, gain_map = PREDICTED, frame.image, frame.whole(predict(frame.seen))
    if shrink is not None:
        image, smaller = _shrunk(image, gain_map, shrink)
        gain_map = gain_map if smaller is None else smaller
    return dataclasses.replace(made(image, gain_map, origin), moment=frame.moment)


def as_it_is(data: bytes) -> Pair:
    """What a file shows, without a model: an SDR photo gets the map that gains nothing.

    Raises:
        UntoneError: it cannot be read.
    """
    found = pair(data, lambda image: prediction.unchanged(image, prediction.MAP_DIVISORS["quarter"]))
    return dataclasses.replace(found, origin=PLAIN) if found.origin == PREDICTED else found


def made(image: Image, gain_map: GainMap, origin: str) -> Pair:
    """The pair of a base and its map, as they are stored."""
    turned, turned_map = upright(image, gain_map)
    shown = turned.pixels
    if shown.dtype != np.uint8 or turned.transfer != "srgb":
        codes = np.clip(colour.linear_to_srgb(colour.light_of(turned)), 0, 1) * 255 + 0.5
        shown = np.ascontiguousarray(codes.astype(np.uint8))
    return Pair(turned, turned_map, origin, shown, (image, gain_map))


def _shrunk(image: Image, gain_map: GainMap | None, side: int) -> tuple[Image, GainMap | None]:
    step = max(image.width, image.height) / side
    if step > 1:
        size = (max(1, round(image.width / step)), max(1, round(image.height / step)))
        if image.pixels.dtype == np.uint8:
            pixels = resampled(image.pixels, (0, 0, image.width, image.height), size)
        else:
            jump = max(1, round(step))
            pixels = np.ascontiguousarray(image.pixels[jump // 2 :: jump, jump // 2 :: jump])
        image = dataclasses.replace(image, pixels=pixels)
    image = dataclasses.replace(image, encoded=None, exif=None, xmp=None)
    if gain_map is None:
        return image, None
    most = max(image.width, image.height)
    jump = max(1, -(-max(gain_map.width, gain_map.height) // most))
    codes = np.ascontiguousarray(gain_map.codes[jump // 2 :: jump, jump // 2 :: jump])
    codes = codes if codes.size else gain_map.codes
    return image, dataclasses.replace(gain_map, codes=codes, encoded=None)


def chosen(gain_map: GainMap, wanted: Choice) -> GainMap:
    """A predicted map with the strength and the peak of a choice: the same codes, other numbers.

    The peak bounds what white becomes, as pipeline.predict has it: log2((peak / white + k) / (1 + k)) stops.
    """
    factor = wanted.strength / 100
    highest = max(gain_map.max_stops) * factor
    if wanted.peak is not None and highest > 0:
        offset = gain_map.base_offset[0]
        factor *= min(1.0, math.log2((wanted.peak / wanted.white + offset) / (1 + offset)) / highest)
    return gainmap.strengthen(gain_map, factor)


def limited(found: Pair, wanted: Choice) -> GainMap:
    """The stored map of a pair as it is chosen; maps that the photo brought along stay as they are."""
    return chosen(found.stored[1], wanted) if found.origin == PREDICTED else found.stored[1]


def shown_map(found: Pair, wanted: Choice) -> GainMap:
    """As limited, upright."""
    return chosen(found.gain_map, wanted) if found.origin == PREDICTED else found.gain_map


def meaning(found: Pair) -> dict[str, Any]:
    """Sizes, numbers and matrices, for JSON: all that the page needs beside codes.

    `to_gain` leads from linear RGB of the base to the primaries that gain is applied in, `to_screen` from there to
    BT.709; `luminance` are weights there.
    """
    image, gain_map = found.image, found.gain_map
    other = None if gain_map.use_base_colour_space else gain_map.alternate_primaries
    space = other or image.primaries
    fields = ("min_stops", "max_stops", "gamma", "base_offset", "alternate_offset")
    return {
        "width": image.width,
        "height": image.height,
        "origin": found.origin,
        "channels": gain_map.channels,
        **{field: list(getattr(gain_map, field)) for field in fields},
        "base_headroom_stops": gain_map.base_headroom_stops,
        "alternate_headroom_stops": gain_map.alternate_headroom_stops,
        "to_gain": colour.rgb_to_rgb(image.primaries, space).ravel().tolist(),
        "to_screen": colour.rgb_to_rgb(space, "bt709").ravel().tolist(),
        "luminance": colour.luminance_weights(space).tolist(),
        "primaries": image.primaries,
        "white": image.white_nits,
        "film": None if found.moment is None else dataclasses.asdict(found.moment),
    }


def figures(found: Pair, wanted: Choice) -> dict[str, float]:
    """Headroom, peak and share above white of what is chosen."""
    headroom, peak, share = pipeline.statistics(found.image, shown_map(found, wanted))
    scale = wanted.white / found.image.white_nits
    return {"headroom_stops": headroom, "peak_nits": max(0.0, peak * scale), "share_above_white": share}


def resampled(codes: Pixels, box: Box, size: tuple[int, int], smooth: bool = False) -> NDArray[np.uint8]:
    """[h, w, 1 or 3] uint8 of a box of codes: means of areas, or, enlarged, pixels as they are (`smooth`: bilinear).

    Args:
        codes: [H, W, 1 or 3] uint8.
        box: what of them.
        size: w, h of the result.
        smooth: whether codes are samples of something smooth, as those of gain maps are.
    """
    enlarged = size[0] >= box[2] - box[0] and size[1] >= box[3] - box[1]
    flat = codes[..., 0] if codes.shape[2] == 1 else codes
    method = Pictures.Resampling.BILINEAR if smooth else Pictures.Resampling.BOX
    if enlarged and not smooth:
        method = Pictures.Resampling.NEAREST
    picture = Pictures.fromarray(np.ascontiguousarray(flat)).resize(size, method, box=box)
    return np.asarray(picture).reshape(size[1], size[0], codes.shape[2])


def view(found: Pair, box: Box, size: tuple[int, int]) -> bytes:
    """Codes of the base [h, w, 3] and then of the map [h, w, channels], both uint8 and of `size`.

    Raises:
        UntoneError: the box is no part of the photo, or the size is beyond MOST_SIDE.
    """
    width, height = found.image.width, found.image.height
    left, top, right, bottom = box
    if not (0 <= left < right <= width and 0 <= top < bottom <= height):
        raise UntoneError(f"{box} is no part of {width} x {height} pixels")
    if not (min(size) >= 1 and max(size) <= MOST_SIDE):
        raise UntoneError(f"a view has 1 to {MOST_SIDE} pixels a side, not {size[0]} x {size[1]}")
    across, down = found.gain_map.width / width, found.gain_map.height / height
    codes = eight_bits(found.gain_map.codes)
    part = resampled(codes, (left * across, top * down, right * across, bottom * down), size, smooth=True)
    return resampled(found.shown, box, size).tobytes() + part.tobytes()


def eight_bits(codes: Pixels) -> NDArray[np.uint8]:
    """uint8 or uint16 codes as uint8."""
    return codes if codes.dtype == np.uint8 else ((codes.astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8)


def pixel(found: Pair, x: int, y: int) -> dict[str, list[float]]:
    """Light of the base at one pixel, and the map's codes there as shares of 1, exactly as untone.apply takes them.

    Raises:
        UntoneError: there is no such pixel.
    """
    image, gain_map = found.image, found.gain_map
    if not (0 <= x < image.width and 0 <= y < image.height):
        raise UntoneError(f"pixel {x}, {y} is not in {image.width} x {image.height}")
    one = dataclasses.replace(image, pixels=image.pixels[y : y + 1, x : x + 1], encoded=None)
    share = gainmap.resize(gain_map.codes, image.height, image.width, (y, y + 1))[0, x]
    share = np.broadcast_to(share / np.iinfo(gain_map.codes.dtype).max, 3)
    return {"light": colour.light_of(one)[0, 0].astype(float).tolist(), "share": share.astype(float).tolist()}


def small_file(found: Pair, gain_map: GainMap, side: int, quality: int = 90) -> bytes:
    """An Ultra HDR JPEG of at most `side` pixels, without metadata: what web pages and thumbnails show.

    Args:
        found: the photo.
        gain_map: as stored, with the numbers that the file gets.
        side: of the longer side.
        quality: of both JPEGs.
    """
    image = found.image
    step = max(1.0, max(image.width, image.height) / side)
    size = (max(1, round(image.width / step)), max(1, round(image.height / step)))
    pixels = resampled(found.shown, (0, 0, image.width, image.height), size)
    base = Image(pixels, primaries=image.primaries)
    codes = eight_bits(np.ascontiguousarray(turned_upright(gain_map.codes, found.stored[0].orientation)))
    across = max(1.0, max(gain_map.width, gain_map.height) / max(size))
    if across > 1:
        height, width = codes.shape[:2]
        codes = resampled(codes, (0, 0, width, height), _scaled(width, height, across), smooth=True)
    small = dataclasses.replace(gain_map, codes=codes, encoded=None)
    return formats.write(None, base, small, format="jpeg", quality=quality, map_quality=quality) or b""


def _scaled(width: int, height: int, step: float) -> tuple[int, int]:
    return max(1, round(width / step)), max(1, round(height / step))
