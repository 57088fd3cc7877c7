"""Similarity of a photo and its original at 64 x 64 pixels: base pictures by their details, gain maps in stops.

Details of the two photos, what is left of a picture of 64 x 64 pixels less its own blur, say whether the photo is still
the same picture, and how it was turned: other tones and codecs change them little, a crop much. Where it is the same,
the gains must be those of the original, turned likewise; where it is another part of it, they must not be.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ... import formats, gainmap
from ...errors import DamagedError
from ...image import GainMap, Image, Pixels, turned_upright
from ..editing.resampling import Window

DAMAGED, OUT_OF_STEP, CHANGED = "damaged", "out of step", "changed"

Floats = NDArray[np.float32]

SIDE, BLUR = 64, 8
LUMA = np.array([0.299, 0.587, 0.114], np.float32)
"""Of tools that make a photo grey."""

SAMPLED_SIDE = 1024
"""Of what is averaged down: pixels between are passed over."""

ALIKE, UNLIKE = 0.95, 0.9
"""Correlations of details: from the first on two pictures are one, below the second they are not. Between lie crops of
a few hundredths of each side, with a map in step or not."""

ASPECT_TOLERANCE = 0.02
CLEARLY = 0.1
"""By how much another turn must fit better than none."""

LEAST_DETAIL = 0.5 / 255
"""Standard deviation of codes; below, a picture has no details to compare."""

TOLERANCE_STOPS = 0.05
"""Of the gain on average over the picture: codecs of maps change it by less."""

LOCAL_PART, LOCAL_SHARE = 0.25, 0.005
"""A gain off by such a part of their range, in such a share of the picture, is damage however little the mean is."""

BINS = 64
"""Of equal counts, that gains are sorted into, to see whether equal gains have stayed equal."""

SAME_STOPS = 0.01
"""Up to which two maps are the same one."""


@dataclasses.dataclass(frozen=True)
class Summary:
    """Thumbnails of a photo and its gain map, as shown.

    Attributes:
        base: [64, 64, 1] float32, luma of its codes, 0..1.
        gains: [64, 64, 3] float32, stops.
        aspect: width over height.
        headroom_stops: of the brighter rendition.
    """

    base: Floats
    gains: Floats
    aspect: float
    headroom_stops: float


def summary(source: Path | bytes) -> Summary:
    """The summary of a file with a gain map, by its path or its bytes.

    Raises:
        UntoneError: unreadable, or without a gain map that can be read.
    """
    image, gain_map = formats.read(source)
    if gain_map is None:
        raise DamagedError(image.left_out or "it has no gain map")
    base, gains = (_small(plane, image.orientation) for plane in (_grey(image), _stops(gain_map)))
    aspect = image.width / image.height if image.orientation < 5 else image.height / image.width
    return Summary(base, gains, aspect, max(gain_map.alternate_headroom_stops, gain_map.base_headroom_stops))


def _grey(image: Image) -> Floats:
    pixels = _sampled(image.pixels)
    top = 1.0 if pixels.dtype == np.float32 else np.iinfo(pixels.dtype).max
    grey: Floats = (pixels @ LUMA)[:, :, None] / np.float32(top)
    return grey


def _stops(gain_map: GainMap) -> Floats:
    found = gainmap.to_stops(dataclasses.replace(gain_map, codes=_sampled(gain_map.codes), encoded=None))
    return np.broadcast_to(found, (*found.shape[:2], 3))


def _sampled(pixels: Pixels) -> Pixels:
    rows, columns = (max(1, side // SAMPLED_SIDE) for side in pixels.shape[:2])
    return np.ascontiguousarray(pixels[rows // 2 :: rows, columns // 2 :: columns])


def _small(plane: Floats, orientation: int) -> Floats:
    height, width = plane.shape[:2]
    whole = Window((0, height), (0, width), (SIDE, SIDE))
    return np.ascontiguousarray(turned_upright(whole.resized(plane, (0, height), 0, SIDE), orientation))


def fault(photo: Summary, original: Summary, name: str) -> tuple[str, str] | None:
    """The kind of a fault of a photo's gain map and how it shows; None where there is none.

    Args:
        name: of the original, for the message.
    """
    if np.ptp(photo.gains) < SAME_STOPS < np.ptp(original.gains):
        return DAMAGED, f"the gain is the same everywhere, that of {name} is not"
    turn, alike = _turn(photo.base, original.base)
    aspect = original.aspect if turn < 5 else 1 / original.aspect
    if alike < UNLIKE or abs(photo.aspect / aspect - 1) > ASPECT_TOLERANCE:
        return _of_another_part(photo, original, name)
    if alike < ALIKE:
        return None
    expected = turned_upright(original.gains, turn)
    error = np.abs(photo.gains - expected).max(axis=2)
    if error.mean() <= TOLERANCE_STOPS and not _damaged(error, original.gains):
        return _of_headroom(photo, original, name)
    if _moved(photo.gains, original.gains, turn):
        return OUT_OF_STEP, f"photo and gain map were not turned alike since {name}"
    if _by_gain_alone(photo.gains, expected):
        return CHANGED, f"the gain differs from that of {name} by {error.mean():.2g} stops on average"
    share = float(np.mean(error > TOLERANCE_STOPS))
    return DAMAGED, f"the gain is not that of {name}: up to {error.max():.2g} stops off, {share:.0%} of it"


def _of_headroom(photo: Summary, original: Summary, name: str) -> tuple[str, str] | None:
    """The same gains for another headroom: displays apply another share of them."""
    if abs(photo.headroom_stops - original.headroom_stops) <= TOLERANCE_STOPS:
        return None
    return CHANGED, f"a headroom of {photo.headroom_stops:.2f} stops, that of {name} is {original.headroom_stops:.2f}"


def _of_another_part(photo: Summary, original: Summary, name: str) -> tuple[str, str] | None:
    """A photo that was cropped, or has other contents, must have another map."""
    whole = np.abs(photo.gains - original.gains).mean() <= SAME_STOPS
    if whole and np.ptp(original.gains) > TOLERANCE_STOPS:
        return OUT_OF_STEP, f"the photo does not show what {name} does, its gain map is still the same"
    return None


def _damaged(error: Floats, gains: Floats) -> bool:
    most = max(LOCAL_PART * float(np.ptp(gains)), TOLERANCE_STOPS)
    return bool(np.mean(error > most) > LOCAL_SHARE)


def _by_gain_alone(found: Floats, expected: Floats) -> bool:
    """Whether gains that were equal still are, so that only the map's parameters changed."""
    old, new = (gains.mean(axis=2).ravel() for gains in (expected, found))
    bins = np.array_split(new[np.argsort(old, kind="stable")], BINS)
    error = np.concatenate([np.abs(part - np.median(part)) for part in bins])
    return float(error.mean()) <= TOLERANCE_STOPS and not _damaged(error, expected)


def _moved(gains: Floats, original: Floats, turn: int) -> bool:
    """Whether the gains are the original's in a turn that is not the photo's."""
    errors = [float(np.abs(gains - turned_upright(original, each)).mean()) for each in range(1, 9)]
    best = int(np.argmin(errors)) + 1
    return best != turn and errors[best - 1] <= TOLERANCE_STOPS


def _turn(found: Floats, original: Floats) -> tuple[int, float]:
    """The EXIF orientation that leads from the original to the photo, and their similarity then."""
    scores = [_similarity(found, turned_upright(original, each)) for each in range(1, 9)]
    best = int(np.argmax(scores))
    return (best + 1, scores[best]) if scores[best] > scores[0] + CLEARLY else (1, scores[0])


def _similarity(one: Floats, other: Floats) -> float:
    """Correlation of details, -1..1; 1 where neither has any."""
    details = [plane - gainmap.resize(gainmap.box_average(plane, BLUR), SIDE, SIDE) for plane in (one, other)]
    deviations = [float(detail.std()) for detail in details]
    if min(deviations) < LEAST_DETAIL:
        return 1.0
    return float((details[0] * details[1]).mean() / (deviations[0] * deviations[1]))
