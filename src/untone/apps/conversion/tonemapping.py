"""Tone mapping of an HDR still to an SDR base and the gain map back to it, for formats whose bases are SDR.

Where it has a gain map, the base is its SDR rendition, and the same map leads the other way. Of a still:
the base is made by the EETF of ITU-R BT.2390-11 (5.4.1), for a display whose peak is SDR white: light up to a knee is
as it was, above it a Hermite spline in PQ leads to white. It is taken of each pixel's brightest channel, and the other
two scale with it, so that no hue moves. Gains are measured against the base as its codec leaves it, at full size and
for each channel, so that they also undo what the codec and 8 bits did to it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ... import colour, gainmap
from ...colour import light_of, matrix
from ...formats.common.pixels import BAND_ROWS, brightest
from ...formats.jpeg import codec as jpeg
from ...image import DIFFUSE_WHITE_NITS, GainMap, Image, Pixels
from ...rendition import applied

Light = NDArray[np.float32]

SPACES = ("bt709", "p3", "bt2020")
"""Of the base, the smallest that holds the still's colours."""

OUTSIDE_SHARE = 1e-4
"""Share of pixels that may lie outside of a space, or above the peak: noise."""

SAMPLE_PIXELS = 250_000
"""Looked at for the space and the peak."""

GAMUT_TOLERANCE = 1e-3
ROUNDING = 0.005
"""Light, and share of a pixel's brightest channel, that 10-bit PQ may put another one below 0 by."""

LIMIT = colour.PQ_PEAK_NITS / DIFFUSE_WHITE_NITS
"""Light beyond the range of PQ, which only scene-linear files have (the sun), would take the codes from the rest."""

DARKEST_STOPS, LOWEST_STOPS = -20, -0.5
"""Where the table of the curve begins; and how much a gain may darken what a codec made too bright."""

KNOTS = 8192
QUALITY = 95


def with_sdr_base(image: Image, gain_map: GainMap | None, quality: int | None) -> tuple[Image, GainMap]:
    """`turned_round` where there is a gain map, else `rendered`; without a quality at QUALITY."""
    return rendered(image, quality or QUALITY) if gain_map is None else turned_round(image, gain_map)


def turned_round(image: Image, gain_map: GainMap) -> tuple[Image, GainMap]:
    """The SDR rendition of a base in HDR codes, and the same map from there: its codes and limits stay.

    ISO 21496-1 divides where it multiplied, so that only headrooms and offsets change places. A map that leads from
    such a base to more light keeps them. The base keeps its primaries, in which the map is applied.
    """
    back = gain_map.base_headroom_stops > gain_map.alternate_headroom_stops
    shown = applied(image, gain_map, min(gain_map.base_headroom_stops, gain_map.alternate_headroom_stops))
    space = image.primaries if image.primaries in SPACES else SPACES[-1]
    pixels = np.empty(image.pixels.shape, np.uint8)
    for first, light in _bands(shown, space):
        pixels[first : first + len(light)] = _codes(light)
    applied_in = image.primaries if gain_map.use_base_colour_space else gain_map.alternate_primaries or image.primaries
    here = applied_in == space
    turned = dataclasses.replace(
        gain_map, use_base_colour_space=here, alternate_primaries=image.primaries if here else applied_in
    )
    base = dataclasses.replace(image, pixels=pixels, primaries=space, transfer="srgb", bits=8, icc=None, encoded=None)
    base = dataclasses.replace(base, white_nits=DIFFUSE_WHITE_NITS)
    return base, _swapped(turned) if back else turned


def in_primaries(image: Image, gain_map: GainMap | None, space: str) -> tuple[Image, GainMap | None]:
    """An SDR base in other primaries, 8 bit, colours outside of them clipped; its map is applied where it was."""
    pixels = np.empty(image.pixels.shape, np.uint8)
    for first, light in _bands(image, space):
        pixels[first : first + len(light)] = _codes(light)
    if gain_map is not None and gain_map.use_base_colour_space:
        gain_map = dataclasses.replace(gain_map, use_base_colour_space=False, alternate_primaries=image.primaries)
    made = dataclasses.replace(image, pixels=pixels, primaries=space, transfer="srgb", bits=8, icc=None, encoded=None)
    return made, gain_map


def _swapped(gain_map: GainMap) -> GainMap:
    return dataclasses.replace(
        gain_map,
        base_offset=gain_map.alternate_offset,
        alternate_offset=gain_map.base_offset,
        base_headroom_stops=gain_map.alternate_headroom_stops,
        alternate_headroom_stops=gain_map.base_headroom_stops,
    )


def rendered(still: Image, quality: int) -> tuple[Image, GainMap]:
    """An SDR base, encoded as JPEG, and the gain map that leads from it to the still.

    Args:
        still: PQ, HLG or light.
        quality: of the base, 1 to 100.

    Raises:
        UntoneError: too large for a JPEG.
    """
    sample = dataclasses.replace(still, pixels=_sample(still.pixels), encoded=None)
    space = _space(sample)
    peak = float(np.quantile(_light(sample, space).max(axis=2), 1 - OUTSIDE_SHARE, method="nearest"))
    table = _shares(max(peak, 1.0))
    pixels = np.empty(still.pixels.shape, np.uint8)
    for first, light in _bands(still, space):
        pixels[first : first + len(light)] = _base_codes(light, table)
    base = dataclasses.replace(still, pixels=pixels, primaries=space, transfer="srgb", bits=8, icc=None, encoded=None)
    base = dataclasses.replace(base, white_nits=DIFFUSE_WHITE_NITS)
    encoded = jpeg.encode_base(base, quality)
    base = dataclasses.replace(base, pixels=pixels[:1, :1].copy(), encoded=encoded)
    del pixels  # of a large picture, there is no room for both
    base = dataclasses.replace(base, pixels=jpeg.read(encoded)[0].pixels)
    return base, _gains(base, still)


def _sample(pixels: Pixels) -> Pixels:
    step = max(1, int((pixels.shape[0] * pixels.shape[1] / SAMPLE_PIXELS) ** 0.5))
    return np.ascontiguousarray(pixels[step // 2 :: step, step // 2 :: step])


def _linear(image: Image, space: str) -> Light:
    """Light in other primaries, 1.0 = 203 nits, colours outside of them negative."""
    scale = np.float32(image.white_nits / DIFFUSE_WHITE_NITS)
    found: Light = light_of(image) @ (matrix(image.primaries, space).T * scale)
    return found


def _light(image: Image, space: str) -> Light:
    return np.clip(_linear(image, space), 0, np.float32(LIMIT))


def _bands(image: Image, space: str) -> Iterator[tuple[int, Light]]:
    """Rows of light and the first one's number, few at a time: floats of a large still would not fit into memory."""
    for first in range(0, image.height, BAND_ROWS):
        part = image.pixels[first : first + BAND_ROWS]
        yield first, _light(dataclasses.replace(image, pixels=part, encoded=None), space)


def _space(sample: Image) -> str:
    for name in SPACES[:-1]:
        light = _linear(sample, name)
        outside = light.min(axis=2) < -GAMUT_TOLERANCE - ROUNDING * light.max(axis=2)
        if np.count_nonzero(outside) <= OUTSIDE_SHARE * outside.size:
            return name
    return SPACES[-1]


def _shares(peak: float) -> Light:
    """What is left of light of 2 ** DARKEST_STOPS to LIMIT, in even steps of stops; `peak` becomes 1."""
    light = np.exp2(np.linspace(DARKEST_STOPS, np.log2(LIMIT), KNOTS))
    top = colour.nits_to_pq(np.asarray(peak * DIFFUSE_WHITE_NITS))
    white = float(colour.nits_to_pq(np.asarray(DIFFUSE_WHITE_NITS)) / top)
    code = np.minimum(colour.nits_to_pq(light * DIFFUSE_WHITE_NITS) / top, 1.0)
    knee = 1.5 * white - 0.5
    t = np.maximum(code - knee, 0) / (1 - knee) if knee < 1 else np.zeros_like(code)
    spline = (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (3 * t**2 - 2 * t**3) * white
    mapped = colour.pq_to_nits(np.where(code < knee, code, spline) * top) / DIFFUSE_WHITE_NITS
    shares: Light = np.where((code < knee) | (knee >= 1), np.minimum(1, 1 / light), mapped / light).astype(np.float32)
    return shares


def _base_codes(light: Light, table: Light) -> NDArray[np.uint8]:
    largest = np.maximum(brightest(light), np.float32(2.0**DARKEST_STOPS))
    place = (np.log2(largest) - DARKEST_STOPS) * np.float32((KNOTS - 1) / (np.log2(LIMIT) - DARKEST_STOPS))
    low = np.clip(place.astype(np.intp), 0, KNOTS - 2)
    share = table[low] + (table[low + 1] - table[low]) * (place - low).astype(np.float32)
    return _codes(light * share[..., None])


def _codes(light: Light) -> NDArray[np.uint8]:
    encoded = colour.linear_to_srgb(np.clip(light, 0, 1))
    codes: NDArray[np.uint8] = (encoded * 255 + 0.5).astype(np.uint8)
    return codes


def _stops(base: Image, first: int, light: Light) -> Light:
    """Gains of some rows, [h, W, 3]."""
    shown = colour.code_table("srgb")[base.pixels[first : first + len(light)]]
    offset = np.float32(gainmap.OFFSET)
    stops: Light = np.log2((light + offset) / (shown + offset))
    return stops


def _gains(base: Image, still: Image) -> GainMap:
    """The map between base and still, of the base's size."""
    low, high, peak = np.zeros(3), np.zeros(3), 1.0
    for first, light in _bands(still, base.primaries):
        stops = _stops(base, first, light)
        low, high = np.minimum(low, stops.min(axis=(0, 1))), np.maximum(high, stops.max(axis=(0, 1)))
        peak = max(peak, float(light.max()))
    low = np.maximum(low, LOWEST_STOPS)
    codes = np.empty(base.pixels.shape, np.uint8)
    for first, light in _bands(still, base.primaries):
        codes[first : first + len(light)] = gainmap.quantise(_stops(base, first, light), low, high)
    headroom = max(float(np.log2(peak)), gainmap.SMALLEST_HEADROOM_GAP_STOPS)
    limits = [(float(r), float(g), float(b)) for r, g, b in (low, high)]
    return GainMap(codes, limits[0], limits[1], alternate_headroom_stops=headroom)
