"""Renditions of a photo by its gain map: light, all at once or by rows when a writer asks for them.

200 megapixels of light are 2.4 GB; of 200 megapixels that are written a band at a time, a band is.
"""

from __future__ import annotations

import dataclasses
import math
from typing import cast

import numpy as np
from numpy.typing import NDArray

from . import colour, gainmap, kernels
from .colour import light_of, matrix
from .errors import UntoneError
from .image import GainMap, Image, Made, Pixels, turned_upright
from .image import Rows as Rows

Light = NDArray[np.float32]
FEW_PIXELS = 1 << 20

STATISTICS_PIXELS = 100_000
ABOVE_WHITE = 1e-3
"""Of SDR white: less than that above it is rounding of matrices."""


def applied(image: Image, gain_map: GainMap, headroom_stops: float | None = None) -> Image:
    """As pipeline.apply, with light that is made when its rows are asked for (Rows), each time anew.

    Raises:
        UntoneError: as pipeline.apply.
    """
    if image.transfer == "linear":
        raise UntoneError("a gain map is applied to encoded pixels, not to linear light")
    weight = gainmap.weight(gain_map, headroom_stops)
    if weight == 0 and gain_map.base_offset != gain_map.alternate_offset:  # browsers show the base as it is: no shift
        gain_map = dataclasses.replace(gain_map, base_offset=(0.0,) * 3, alternate_offset=(0.0,) * 3)
    rows = cast(Pixels, Rows(image.pixels.shape, _maker(image, gain_map, weight)))
    return dataclasses.replace(image, pixels=rows, transfer="linear", bits=32, icc=None, encoded=None)


def _maker(image: Image, gain_map: GainMap, weight: float) -> Made:
    elsewhere = not gain_map.use_base_colour_space and gain_map.alternate_primaries not in (None, image.primaries)
    if elsewhere or image.transfer == "hlg" or image.pixels.dtype == np.float32:
        primaries = (gain_map.alternate_primaries or "") if elsewhere else ""
        return lambda first, last: _plainly(image, gain_map, weight, primaries, (first, last))
    table = colour.code_table(image.transfer, int(np.iinfo(image.pixels.dtype).max), image.white_nits)

    def made(first: int, last: int) -> Light:
        few = (last - first) * image.width <= FEW_PIXELS  # whoever asks for so few has threads of its own
        threads = 1 if few else None
        return cast(Light, kernels.apply(image.pixels, table, gain_map, weight, rows=(first, last), threads=threads))

    return made


def _plainly(image: Image, gain_map: GainMap, weight: float, primaries: str, rows: tuple[int, int]) -> Light:
    """In numpy, for what the kernel leaves out; `primaries` other than "" are those the gain is applied in."""
    light = light_of(dataclasses.replace(image, pixels=image.pixels[slice(*rows)]))
    there = matrix(image.primaries, primaries or image.primaries)
    stops = gainmap.stops_at(gain_map, image.height, image.width, rows)
    bright = gainmap.apply(light @ there.T, stops, weight, gain_map.base_offset, gain_map.alternate_offset)
    result: Light = (bright @ matrix(primaries or image.primaries, image.primaries).T).astype(np.float32)
    return result


def upright(image: Image, gain_map: GainMap) -> tuple[Image, GainMap]:
    """Base and map turned as a viewer shows them: codes are a quarter of the light that they make."""
    if image.orientation == 1:
        return image, gain_map
    pixels, codes = (np.ascontiguousarray(turned_upright(a, image.orientation)) for a in (image.pixels, gain_map.codes))
    turned = dataclasses.replace(image, pixels=pixels, orientation=1, encoded=None, gain_network=None)
    return turned, dataclasses.replace(gain_map, codes=codes, encoded=None)


def statistics(image: Image, gain_map: GainMap | None) -> tuple[float, float, float]:
    """Headroom in stops, peak in nits, share of pixels above SDR white; from a regular sample of large photos.

    Without a gain map, those of the pixels themselves.
    """
    step = max(1, math.isqrt(image.height * image.width // STATISTICS_PIXELS))
    rows, columns = (slice(min(step, side) // 2, None, step) for side in (image.height, image.width))
    sparse = dataclasses.replace(image, pixels=np.ascontiguousarray(image.pixels[rows, columns]))
    if gain_map is None:
        return light_figures(dataclasses.replace(sparse, pixels=light_of(sparse), transfer="linear"))
    headroom = max(gain_map.base_headroom_stops, gain_map.alternate_headroom_stops)
    made = applied(sparse, gain_map)
    return headroom, *light_figures(dataclasses.replace(made, pixels=np.asarray(made.pixels)))[1:]


def light_figures(light: Image) -> tuple[float, float, float]:
    """Headroom in stops, peak in nits, share of pixels above SDR white, of light."""
    red, green, blue = np.moveaxis(light.pixels, -1, 0)
    largest = np.maximum(np.maximum(red, green), blue)  # numpy's maximum over so short an axis takes ten times as long
    share = float(np.count_nonzero(largest > 1 + ABOVE_WHITE)) / largest.size
    peak = float(largest.max())
    return math.log2(max(peak, 1.0)), peak * light.white_nits, share
