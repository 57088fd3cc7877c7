"""Gain map arithmetic in numpy: weight, apply, measure, quantise, resize, strengthen, limit (ISO 21496-1).

Plain definitions over arrays and the noun GainMap; the compiled kernels are tested against them.
Formulas: ISO 21496-1 clause 6 (application) and 5.2 of the Ultra HDR 1.1 specification (creation).
Light is linear, 1.0 = SDR diffuse white, in the primaries the gain is applied in; gain is log2 (stops).
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .colour import luminance_weights
from .errors import UntoneError, is_finite, shown
from .image import MAX_STOPS, GainMap, Triple

Floats = NDArray[Any]

OFFSET = 1 / 64
"""Linear offset of both renditions, the default of every specification; keeps black from asking for endless gain."""

OUTLIER_SHARE = 0.001
"""Share of pixels at either end that may be clipped, so that one hot pixel does not spend all the codes."""

SMALLEST_HEADROOM_GAP_STOPS = 1 / 16
"""Headrooms closer than this would make a map that no display, or only by rounding, ever applies."""

KNEE = 0.75
"""Share of the allowed gain that `limit` leaves untouched; above it a smooth shoulder begins."""


def weight(gain_map: GainMap, headroom_stops: float | None = None) -> float:
    """How much of the map a display of `headroom_stops` applies, -1..1 (ISO 21496-1, clause 6.2.4).

    0 shows the base. A base that is the HDR rendition gets weights from -1 (the SDR rendition) to 0. None asks for
    the HDR rendition, whichever of the two it is. Equal headrooms apply nothing.

    Raises:
        UntoneError: the headroom is not a finite number of at least 0.
    """
    base, alternate = gain_map.base_headroom_stops, gain_map.alternate_headroom_stops
    headroom = max(base, alternate) if headroom_stops is None else headroom_stops
    if not (is_finite(headroom) and headroom >= 0):
        raise UntoneError(f"headroom must be a finite number of stops, 0 or more, not {shown(headroom_stops)}")
    if base == alternate:
        return 0.0
    share = min(max((headroom - base) / (alternate - base), 0.0), 1.0)
    return share if alternate > base else -share


def to_stops(gain_map: GainMap) -> Floats:
    """Gain of each sample of the map at full weight, [h, w, 1 or 3] float32 stops."""
    maximum = np.iinfo(gain_map.codes.dtype).max
    c = gain_map.channels
    low, high, gamma = (np.asarray(t[:c]) for t in (gain_map.min_stops, gain_map.max_stops, gain_map.gamma))
    share: Floats = np.arange(maximum + 1)[:, None] / maximum
    table = (low + (high - low) * share ** (1 / gamma)).astype(np.float32)
    return np.stack([table[gain_map.codes[..., k], k] for k in range(c)], axis=-1)


def stops_at(gain_map: GainMap, height: int, width: int, rows: tuple[int, int] | None = None) -> Floats:
    """Gain of each pixel of a [height, width] image at full weight, [height, width, 3] float32 stops.

    Codes are resized before gamma is taken off, as ISO 21496-1 decoders do; the other order differs at every edge.
    `rows` (first, last + 1) asks for some of them.
    """
    scale = np.float32(np.iinfo(gain_map.codes.dtype).max)
    share = resize(gain_map.codes, height, width, rows) / scale
    triples = (gain_map.min_stops, gain_map.max_stops, gain_map.gamma)
    low, high, gamma = (np.asarray(triple, np.float32) for triple in triples)
    stops: Floats = low + (high - low) * share ** (1 / gamma)
    return stops


def apply(
    light: Floats,
    stops: Floats,
    weight: float = 1.0,
    base_offset: Triple = (OFFSET, OFFSET, OFFSET),
    alternate_offset: Triple = (OFFSET, OFFSET, OFFSET),
) -> Floats:
    """The alternate rendition: (light + base_offset) * 2 ** (stops * weight) - alternate_offset, not clipped.

    `light` is [H, W, 3]; `stops` is [H, W, 1 or 3], or anything that broadcasts to it.
    """
    scaled: Floats = (light + np.asarray(base_offset, light.dtype)) * np.exp2(stops * light.dtype.type(weight))
    result: Floats = scaled - np.asarray(alternate_offset, light.dtype)
    return result


def resize(plane: Floats, height: int, width: int, rows: tuple[int, int] | None = None) -> Floats:
    """[h, w, c] to [height, width, c], bilinear; samples sit at pixel centres, beyond the outermost is constant.

    Integer samples become float32. `rows` (first, last + 1) asks for some of the result's rows.
    """
    dtype = plane.dtype if plane.dtype.kind == "f" else np.dtype(np.float32)
    (above, below), share = _neighbours(plane.shape[0], height, *(rows or (0, height)))
    upper = plane[above].astype(dtype, copy=False)
    tall = upper + (plane[below].astype(dtype, copy=False) - upper) * share[:, None, None].astype(dtype)
    (left, right), share = _neighbours(plane.shape[1], width, 0, width)
    result: Floats = tall[:, left] + (tall[:, right] - tall[:, left]) * share[:, None].astype(dtype)
    return result


def _neighbours(source: int, target: int, begin: int, end: int) -> tuple[tuple[Floats, Floats], Floats]:
    """Two source indices for the samples `begin` to `end` of `target`, and the share of the second."""
    position = np.clip((np.arange(begin, end) + 0.5) * source / target - 0.5, 0, source - 1)
    first = np.minimum(position.astype(np.intp), max(source - 2, 0))
    return (first, np.minimum(first + 1, source - 1)), position - first


def box_average(plane: Floats, divisor: int) -> Floats:
    """[h, w, c] to [ceil(h/d), ceil(w/d), c]: mean of each d x d block; blocks at the edge average what is there."""
    result = plane
    for axis in (0, 1):
        starts = np.arange(0, plane.shape[axis], divisor)
        counts = np.minimum(starts + divisor, plane.shape[axis]) - starts
        sums = np.add.reduceat(result, starts, axis=axis)
        result = sums / counts.astype(sums.dtype).reshape((-1, 1, 1) if axis == 0 else (1, -1, 1))
    return result


def quantise(stops: Floats, low: Floats, high: Floats, gamma: float | Floats = 1.0, maximum: int = 255) -> NDArray[Any]:
    """[h, w, c] stops to codes 0..maximum (uint8, or uint16 above 255): floor(maximum * share ** gamma + 0.5).

    share = clamp((stops - low) / (high - low), 0, 1); where high equals low every code is 0.
    """
    low, high = np.asarray(low, np.float64), np.asarray(high, np.float64)
    span = np.where(high > low, high - low, np.inf)
    share = np.clip((stops - low) / span, 0, 1)
    dtype = np.uint8 if maximum <= 255 else np.uint16
    return np.floor(maximum * share**gamma + 0.5).astype(dtype)


def measure(
    base_light: Floats,
    alternate_light: Floats,
    *,
    channels: int = 3,
    divisor: int = 1,
    gamma: float = 1.0,
    offset: float = OFFSET,
    primaries: str = "bt709",
    outlier_share: float = OUTLIER_SHARE,
    bits: int = 8,
) -> GainMap:
    """The gain map that leads from one rendition to the other.

    With three channels, gain_c = log2((alternate_c + offset) / (base_c + offset)). With one, the ratio of luminances:
    a single gain can bring exactly one weighted sum of the channels to its right value, and luminance is the one
    the eye reads shape and shading from; the ratio of maxima would let one saturated channel set all three.
    A smaller map averages gains, not light: the mean gain is the constant that errs least in stops.
    An SDR base brighter than its HDR rendition gives negative gains. Headrooms come from the data: log2 of the
    brightest channel value (outliers aside), never below 0. A base with more headroom than its alternate is the HDR
    rendition; then, as ISO 21496-1 asks, the gain still says HDR over SDR.

    Args:
        base_light, alternate_light: [H, W, 3] linear light of the same shape, 1.0 = SDR diffuse white.
        channels: 1 or 3.
        divisor: the map is ceil(H / divisor) x ceil(W / divisor).
        gamma: exponent of the coded share; above 1 spends more codes on high gains.
        offset: linear offset of both renditions.
        primaries: of both renditions, for luminance.
        outlier_share: share of gains at each end that may be clipped.
        bits: 8 or 16 per code.

    Raises:
        UntoneError: shapes differ, light is not finite, or an argument is out of its range.
    """
    _check_measure(base_light, alternate_light, channels, divisor, gamma, offset, bits)
    base_headroom, alternate_headroom = _headrooms(base_light, alternate_light, outlier_share)
    sign = 1.0 if alternate_headroom > base_headroom else -1.0
    if channels == 1:
        weights = luminance_weights(primaries).astype(base_light.dtype)
        base_light, alternate_light = (base_light @ weights)[..., None], (alternate_light @ weights)[..., None]
    floor = 2.0**-24  # keeps the logarithm finite where light is negative or the offset is 0
    gain = np.log2(np.maximum(alternate_light + offset, floor) / np.maximum(base_light + offset, floor))
    gain = np.clip(box_average(sign * gain, divisor), -MAX_STOPS, MAX_STOPS)
    low, high = _span(gain, outlier_share)
    codes = quantise(gain, low, high, gamma, 2**bits - 1)
    return GainMap(
        codes=codes,
        min_stops=_triple(low),
        max_stops=_triple(high),
        gamma=(gamma, gamma, gamma),
        base_offset=(offset, offset, offset),
        alternate_offset=(offset, offset, offset),
        base_headroom_stops=base_headroom,
        alternate_headroom_stops=alternate_headroom,
    )


def coded(stops: Floats, *, offset: float = OFFSET) -> GainMap:
    """The map of these gains, 8 bit over their whole range, that leads from an SDR base to HDR.

    Args:
        stops: [h, w, 1 or 3] finite gains.
        offset: linear offset of both renditions.
    """
    flat = stops.reshape(-1, stops.shape[2])
    low, high = flat.min(axis=0).astype(np.float64), flat.max(axis=0).astype(np.float64)
    return GainMap(
        quantise(stops, low, high),
        _triple(low),
        _triple(high),
        base_offset=(offset, offset, offset),
        alternate_offset=(offset, offset, offset),
        alternate_headroom_stops=max(float(high.max()), SMALLEST_HEADROOM_GAP_STOPS),
    )


def room(base_light: Floats, stops: Floats, limit: float, offset: float = OFFSET) -> float:
    """The largest factor, at most 1, that all gains can be multiplied with so that no pixel exceeds `limit`.

    Args:
        base_light: [H, W, 3], 1.0 = SDR white.
        stops: gain of every pixel, [H, W, 3].
        limit: light, at least that of SDR white.
    """
    headroom = np.log2(np.float32(limit + offset) / (np.clip(base_light, 0, limit) + np.float32(offset)))
    tight = stops > headroom
    return float((np.maximum(headroom[tight], 0) / stops[tight]).min()) if tight.any() else 1.0


def _check_measure(
    base: Floats, alternate: Floats, channels: int, divisor: int, gamma: float, offset: float, bits: int
) -> None:
    if base.shape != alternate.shape or base.ndim != 3 or base.shape[2] != 3 or 0 in base.shape:
        raise UntoneError(f"both renditions must be one [H, W, 3], not {list(base.shape)} and {list(alternate.shape)}")
    for name, light in (("base", base), ("alternate", alternate)):
        if light.dtype.kind != "f" or not np.isfinite(light).all():
            raise UntoneError(f"the light of the {name} rendition must be finite floating point numbers")
    if channels not in (1, 3) or bits not in (8, 16) or divisor < 1:
        raise UntoneError(
            f"channels must be 1 or 3, bits 8 or 16, divisor 1 or more; not {channels}, {bits}, {divisor}"
        )
    if not (0 < gamma <= MAX_STOPS and 0 <= offset <= 1):
        raise UntoneError(f"gamma must be above 0 and the offset within 0..1, not {gamma} and {offset}")


def _headrooms(base: Floats, alternate: Floats, outlier_share: float) -> tuple[float, float]:
    """Headrooms of both, in stops: log2 of the brightest channel of nearly all pixels, kept apart by a small gap."""
    peaks = [float(np.quantile(light.max(axis=2), 1 - outlier_share)) for light in (base, alternate)]
    stops = [min(math.log2(max(peak, 1.0)), MAX_STOPS - 1) for peak in peaks]
    if abs(stops[0] - stops[1]) < SMALLEST_HEADROOM_GAP_STOPS:
        stops[1] = stops[0] + SMALLEST_HEADROOM_GAP_STOPS
    return stops[0], stops[1]


def _span(gain: Floats, outlier_share: float) -> tuple[Floats, Floats]:
    """Lowest and highest gain per channel that the codes must reach, outliers aside."""
    flat = gain.reshape(-1, gain.shape[2])
    low, high = np.quantile(flat, [outlier_share, 1 - outlier_share], axis=0, method="nearest")
    return low.astype(np.float64), high.astype(np.float64)


def _triple(values: Floats) -> Triple:
    r, g, b = np.broadcast_to(values, 3).tolist()
    return (r, g, b)


def strengthen(gain_map: GainMap, factor: float) -> GainMap:
    """The same codes with every gain, and the distance between the headrooms, times `factor` (0 leaves the base).

    Raises:
        UntoneError: the factor is negative, not finite, or leads beyond MAX_STOPS.
    """
    if not (math.isfinite(factor) and factor >= 0):
        raise UntoneError(f"strength must be a finite number, 0 or more, not {factor}")
    base, distance = gain_map.base_headroom_stops, gain_map.alternate_headroom_stops - gain_map.base_headroom_stops
    gap = math.copysign(max(abs(distance * factor), SMALLEST_HEADROOM_GAP_STOPS), distance)
    low, high = ((s[0] * factor, s[1] * factor, s[2] * factor) for s in (gain_map.min_stops, gain_map.max_stops))
    if max(map(abs, low + high)) > MAX_STOPS:
        raise UntoneError(f"strength {factor} asks for gains beyond {MAX_STOPS:g} stops")
    alternate = min(max(base + gap, 0.0), MAX_STOPS)
    return dataclasses.replace(
        gain_map, min_stops=low, max_stops=high, alternate_headroom_stops=alternate, encoded=None
    )


def limit(gain_map: GainMap, headroom_stops: float) -> GainMap:
    """The map with its gains bent so that SDR white never exceeds `headroom_stops`.

    White reaches (1 + base_offset) * 2 ** gain - alternate_offset, which bounds the gain. Gains up to KNEE of the bound
    stay; above, an exponential shoulder approaches the bound, so that highlights keep their order instead of clipping.
    Meant for maps that lead from an SDR base to HDR.

    Raises:
        UntoneError: the headroom is not a finite number above 0.
    """
    if not (math.isfinite(headroom_stops) and headroom_stops > 0):
        raise UntoneError(f"headroom must be a finite number of stops above 0, not {headroom_stops}")
    headroom = max(headroom_stops, SMALLEST_HEADROOM_GAP_STOPS)
    pairs = zip(gain_map.base_offset, gain_map.alternate_offset, strict=True)
    bounds = [math.log2((2.0**headroom + after) / (1 + before)) for before, after in pairs]
    alternate = max(
        min(gain_map.alternate_headroom_stops, headroom), gain_map.base_headroom_stops + SMALLEST_HEADROOM_GAP_STOPS
    )
    if all(high <= bound * KNEE for high, bound in zip(gain_map.max_stops, bounds, strict=True)):
        return dataclasses.replace(gain_map, alternate_headroom_stops=alternate)
    bent = _shoulder(to_stops(gain_map).astype(np.float64), np.array(bounds[: gain_map.channels]))
    ends = [_shoulder(np.array(ends), np.array(bounds)) for ends in (gain_map.min_stops, gain_map.max_stops)]
    low, high = ends[0][: gain_map.channels], ends[1][: gain_map.channels]
    maximum = np.iinfo(gain_map.codes.dtype).max
    return dataclasses.replace(
        gain_map,
        codes=quantise(bent, low, high, 1.0, maximum),
        min_stops=_triple(ends[0]),
        max_stops=_triple(ends[1]),
        gamma=(1.0, 1.0, 1.0),
        alternate_headroom_stops=alternate,
        encoded=None,
    )


def _shoulder(stops: Floats, bound: Floats) -> Floats:
    """Identity up to KNEE * bound, then an exponential approach to bound; slope 1 at the knee."""
    knee = np.maximum(KNEE * bound, 0)
    room = np.maximum(bound - knee, 1e-6)
    excess = np.maximum(stops - knee, 0)
    return np.where(stops <= knee, stops, np.minimum(knee + room * -np.expm1(-excess / room), bound))
