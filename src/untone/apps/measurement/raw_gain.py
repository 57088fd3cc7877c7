"""Gains that lead from a camera's JPEG to the light of its RAW: measured where the JPEG runs out of codes, else none.

A camera's tone curve lifts midtones and bends highlights below white. The RAW is brought to the JPEG's midtones,
channel by channel; what it then has above the JPEG's bright codes is the light that the JPEG lost. Shadows, midtones
and the camera's look stay as they are: the gain fades in between two bright codes.
"""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ... import gainmap
from ...colour import light_of, luminance_weights, matrix
from ...console.lines import named
from ...console.progress import Progress, quietly
from ...errors import UntoneError, check_path
from ...image import GainMap, Image, check_noun, turned_back, turned_upright
from ...prediction import MAP_DIVISORS, check_map
from . import alignment
from .alignment import Placement, sampled
from .raw import PRIMARIES, RawLight, read

Light = NDArray[np.float32]

FADES_IN, FULL_FROM = 0.45, 0.90
"""Light of the brightest channel from which a gain begins, and counts in full: codes 179 and 244 of sRGB."""

MIDTONES = (0.06, 0.40)
"""Light of a channel that exposure is matched by."""

LEAST_MIDTONES = 0.005
"""Share of the picture."""

MOST_SPREAD_STOPS = 1.5
"""Between the quartiles of JPEG over RAW in the midtones: a tone curve, and no other picture or exposure."""

MOST_CAST_STOPS = 1.0
"""Between the channels' exposures: another white balance."""

HEADROOM_STOPS = (0.15, 6.0)
"""Of a JPEG's RAW; below, nothing is worth a gain map, above, something else was measured."""

BAND_ROWS = 256
OUTLIERS = 0.0005
STEPS = 4


@dataclasses.dataclass(frozen=True)
class RawGain:
    """A gain map measured from a RAW, and how.

    Attributes:
        gain_map: for the photo as stored.
        placement: of the map's samples in the RAW's light, both upright.
        scale: pixels of the sensor to a side of one of the photo.
        shift: of the photo, down and to the right, in its pixels.
        exposure_stops: that the RAW's channels were brought to the JPEG's midtones by, less their mean: a colour cast.
        share: of the picture that gets a gain of at least a tenth of a stop.
        clipped: share of what is gained where the sensor was saturated as well: light is a lower bound there.
    """

    gain_map: GainMap
    placement: Placement
    scale: float
    shift: tuple[float, float]
    exposure_stops: tuple[float, float, float]
    share: float
    clipped: float


def measure_raw(sdr: Image, raw: str | Path, *, map_size: str = "half", channels: int = 3) -> GainMap:
    """The gain map that leads from a camera's JPEG to the light of its RAW, in the photo's stored orientation.

    It needs the extra `raw` (rawpy). The photo's midtones stay; what its bright codes lost comes from the RAW.

    Args:
        sdr: the photo that the camera made, 8 or 16 bit.
        raw: path of the RAW of the same shot.
        map_size: "full", "half" or "quarter" of the photo's rows and columns.
        channels: 1 or 3.

    Raises:
        UsageError: map_size or channels is none of ours, or `sdr` no Image.
        UntoneError: the RAW cannot be read, they are not of one shot, or it has no more light than the photo.
    """
    check_noun(sdr, Image, "measure_raw")
    check_path("raw", raw)
    check_map(map_size, channels)
    try:
        light = read(str(raw))
    except UntoneError as error:
        raise named(str(raw), error) from error
    with quietly(quiet=True):
        return measured(sdr, light, MAP_DIVISORS[map_size], channels).gain_map


def measured(photo: Image, raw: RawLight, divisor: int, channels: int) -> RawGain:
    """The gain map of a camera's JPEG by its RAW.

    Args:
        photo: SDR.
        raw: of the same shot.
        divisor: the map is ceil(H / divisor) x ceil(W / divisor).
        channels: 1 or 3.

    Raises:
        UntoneError: they are not of one shot, cannot be aligned, or the RAW has no more light than the photo.
    """
    if photo.is_hdr:
        raise UntoneError(f"the photo is HDR already ({photo.transfer})")
    with Progress(STEPS, "steps of measuring") as progress:
        base = turned_upright(_reduced(photo, divisor), photo.orientation)
        progress.step(note="aligning")
        weights = luminance_weights(photo.primaries).astype(np.float32)
        turned, placement = _placed(base @ weights, raw, divisor, photo)
        progress.step(2, note="measuring")
        light, clipped = _beside(base, turned, placement, divisor)
        light = light @ matrix(PRIMARIES, photo.primaries).T
        found, exposure = _exposed(base, light, clipped)
        stops = _gains(base, found, clipped, weights, channels)
        progress.step()
    gain_map = _coded(turned_back(stops, photo.orientation))
    gained = stops.max(axis=2) >= 0.1
    share = float(gained.mean())
    lost = float(clipped[gained].mean()) if gained.any() else 0.0
    scale = placement.scale * (1 + placement.stretch) * raw.pitch / divisor
    shift = (placement.shift[0] * divisor, placement.shift[1] * divisor)
    return RawGain(gain_map, placement, scale, shift, exposure, share, lost)


def _reduced(photo: Image, divisor: int) -> Light:
    """Light of a photo as stored, averaged to the gain map's samples, a band of rows at a time."""
    step = BAND_ROWS * divisor
    bands = []
    for first in range(0, photo.height, step):
        part = dataclasses.replace(photo, pixels=photo.pixels[first : first + step], encoded=None)
        bands.append(gainmap.box_average(light_of(part), divisor))
    return np.concatenate(bands)


def _placed(luminance: Light, raw: RawLight, divisor: int, photo: Image) -> tuple[RawLight, Placement]:
    """The RAW, by quarters as the photo, and where the photo's samples lie in it.

    What both say of their orientation comes first; who turned one of them may have left that as it was.
    """
    faults: list[UntoneError] = []
    weights = luminance_weights(PRIMARIES).astype(np.float32)
    for quarters in range(4):
        turned = RawLight(np.rot90(raw.light, quarters), np.rot90(raw.clipped, quarters), raw.pitch)
        sides = luminance.shape, turned.clipped.shape
        if (sides[0][0] > sides[0][1]) != (sides[1][0] > sides[1][1]) and len(set(sides[0])) > 1:
            continue
        try:
            return turned, alignment.placed(luminance, turned.light @ weights)
        except UntoneError as error:
            faults.append(error)
    raise faults[0] if faults else UntoneError("one is upright and the other lies on its side")


def _beside(base: Light, raw: RawLight, placement: Placement, divisor: int) -> tuple[Light, NDArray[np.bool_]]:
    """The RAW's light at each sample of the map, and whether the sensor was saturated there."""
    step = max(1, round(placement.scale))
    light = gainmap.box_average(raw.light, step)
    clipped = gainmap.box_average(raw.clipped[:, :, None].astype(np.float32), step)
    columns = np.arange(base.shape[1], dtype=np.float32) + 0.5
    parts, masks = [], []
    for first in range(0, base.shape[0], BAND_ROWS):
        rows = np.arange(first, min(first + BAND_ROWS, base.shape[0]), dtype=np.float32) + 0.5
        grid = np.meshgrid(rows, columns, indexing="ij")
        down, right = (np.float32(1 / step) * axis for axis in placement.positions(grid[0], grid[1]))
        parts.append(sampled(light, down, right))
        masks.append(sampled(clipped, down, right)[:, :, 0] > 0)
    return np.concatenate(parts), np.concatenate(masks)


def _exposed(base: Light, light: Light, clipped: NDArray[np.bool_]) -> tuple[Light, tuple[float, float, float]]:
    """The RAW's light at the photo's exposure, and the cast between its channels in stops."""
    known = (light.min(axis=2) > 0) & ~clipped & (base.max(axis=2) < FULL_FROM)
    ratios = [_ratios(base[known][:, c], light[known][:, c]) for c in range(3)]
    least = max(1, int(LEAST_MIDTONES * known.size))
    green = ratios[1]
    if len(green) < least:
        raise UntoneError("the photo has too few midtones to match the RAW's exposure by")
    spread = float(np.subtract(*np.percentile(green, [75, 25])))
    if spread > MOST_SPREAD_STOPS:
        raise UntoneError(
            f"exposure cannot be matched: midtones of photo and RAW differ by {spread:.1f} stops from each other"
        )
    exposure = np.array([np.median(found if len(found) >= least else green) for found in ratios])
    cast = exposure - exposure.mean()
    if float(np.ptp(exposure)) > MOST_CAST_STOPS:
        raise UntoneError(f"white balance differs by {float(np.ptp(exposure)):.1f} stops between the channels")
    red, green, blue = cast.tolist()
    return light * np.exp2(exposure).astype(np.float32), (red, green, blue)


def _ratios(base: Light, light: Light) -> Light:
    """Photo over RAW in stops, of one channel's midtones: tone curves act on each channel by its own height."""
    midtones = (base > MIDTONES[0]) & (base < MIDTONES[1])
    found: Light = np.log2(base[midtones] / light[midtones])
    return found


def _gains(base: Light, light: Light, clipped: NDArray[np.bool_], weights: Light, channels: int) -> Light:
    """Stops for each sample, [h, w, channels], none of them negative.

    Where the sensor is saturated its colour is not known: all get the gain of luminance, and the photo's stays.
    """
    offset = np.float32(gainmap.OFFSET)
    brightest = base.max(axis=2, keepdims=True)
    share = np.clip((brightest - FADES_IN) / (FULL_FROM - FADES_IN), 0, 1)
    fade = share * share * (3 - 2 * share)
    one = np.log2((np.maximum(light @ weights, 0) + offset) / (base @ weights + offset))[:, :, None]
    stops = one
    if channels == 3:
        each = np.log2((np.maximum(light, 0) + offset) / (base + offset))
        stops = np.where(clipped[:, :, None], one, each)
    found: Light = np.clip(stops, 0, HEADROOM_STOPS[1] + 1).astype(np.float32) * fade
    return found


def _coded(stops: Light) -> GainMap:
    """The map of these gains; single samples far above all others do not set its range.

    Raises:
        UntoneError: the headroom is none of a RAW.
    """
    highest = [max(float(np.quantile(plane, 1 - OUTLIERS)), 1e-3) for plane in np.moveaxis(stops, 2, 0)]
    headroom = max(highest)
    if headroom < HEADROOM_STOPS[0]:
        raise UntoneError(
            f"the RAW has no more light than the photo ({headroom:.2f} stops): there is nothing to measure"
        )
    if headroom > HEADROOM_STOPS[1] or not math.isfinite(headroom):
        raise UntoneError(f"a headroom of {headroom:.1f} stops is none that a RAW has; is it of this photo?")
    return gainmap.coded(np.minimum(stops, np.asarray(highest, np.float32)))
