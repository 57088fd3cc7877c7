"""Frames of films as the page looks at them: one moment at a time, judged by itself.

In the film that `untone clip.mp4` writes, what the network says is smoothed within a scene, and words that are burnt in
stay at white; a frame here is what the network says of it alone.
"""

from __future__ import annotations

import dataclasses
import math
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ... import colour, gainmap
from ...errors import UnsupportedError, UntoneError, UsageError
from ...formats.common.files import obstacle
from ...image import GainMap, Image
from ..video import FILM_SUFFIXES, is_film, need_av

if TYPE_CHECKING:
    from ..video.reading import Facts, Picture, Source

POSTER_SHARE = 1 / 3
"""How far into a film the frame lies that it is shown by: films begin with black."""


@dataclasses.dataclass(frozen=True)
class Moment:
    """Of which moment of which film a frame is.

    Attributes:
        asked: seconds that were asked for; None left it to us.
        at: seconds from the film's beginning, of the frame.
        seconds: that the film lasts; None: it does not say.
        rate: frames a second.
    """

    asked: float | None
    at: float
    seconds: float | None
    rate: float


@dataclasses.dataclass(frozen=True, eq=False)
class Frame:
    """One frame, as a photo.

    Attributes:
        image: its light, as displays make it, in sRGB codes; of an HDR film, its own codes.
        seen: the film's codes without its bars, which the network is to see, as it does when the film is converted.
        area: of those in the frame: top, left, rows, columns.
        moment: of the film.
    """

    image: Image
    seen: Image
    area: tuple[int, int, int, int]
    moment: Moment

    def whole(self, gain_map: GainMap) -> GainMap:
        """The map of `seen` for all of the frame: bars gain nothing."""
        top, left, rows, columns = self.area
        height, width = self.image.height, self.image.width
        if (rows, columns) == (height, width):
            return gain_map
        most = np.iinfo(gain_map.codes.dtype).max
        limits = zip(gain_map.min_stops, gain_map.max_stops, gain_map.gamma, strict=True)
        none = [min(max(-low / (high - low), 0), 1) ** gamma if high > low else 0 for low, high, gamma in limits]
        codes = np.empty((height, width, gain_map.channels), gain_map.codes.dtype)
        codes[...] = np.round(np.array(none[: gain_map.channels]) * most)
        codes[top : top + rows, left : left + columns] = np.round(gainmap.resize(gain_map.codes, rows, columns))
        return dataclasses.replace(gain_map, codes=codes, encoded=None)


def suffixes() -> tuple[str, ...]:
    """Of films that can be shown: none without the extra."""
    return FILM_SUFFIXES if find_spec("av") is not None else ()


def frame(path: Path, asked: float | None) -> Frame:
    """The frame of a moment.

    Args:
        path: of the film.
        asked: seconds; None: POSTER_SHARE of it.

    Raises:
        UntoneError: no film, a damaged one, none that we know how to show, or PyAV is missing; one line.
        UsageError: it has no such moment.
    """
    need_av()
    from ..video.reading import Source

    if not is_film(path):
        raise UsageError(f"{path.name} is no film")
    _check_readable(path)
    start = asked
    if start is None:
        with Source(path) as film:
            if not film.facts.seconds:
                return _first(film, asked)
            start = film.facts.seconds * POSTER_SHARE
    with Source(path, start or None) as film:
        return _first(film, asked)


def _check_readable(path: Path) -> None:
    """Refuse what a decoder would wait for without end.

    Raises:
        UntoneError: it is gone, or no ordinary file.
    """
    try:
        fault = obstacle(path)
    except OSError as error:
        fault = f"cannot read it: {error.strerror}"
    if fault is not None:
        raise UntoneError(fault)


def _first(film: Source, asked: float | None) -> Frame:
    from ..video.reading import Picture

    picture = next((event for event in film.events() if isinstance(event, Picture)), None)
    if picture is None:
        raise UsageError("there is no frame")
    facts = film.facts
    begin = (film.video.start_time or 0) * facts.time_base
    at = float(picture.pts * facts.time_base - begin)
    moment = Moment(asked, max(at, 0.0), facts.seconds, float(facts.rate))
    return _as_photo(picture, facts, moment)


def _as_photo(picture: Picture, facts: Facts, moment: Moment) -> Frame:
    from ..video.reading import rgb_codes
    from ..video.scenes import Bars, find_bars
    from ..video.signals import HLG, PQ, tags_of

    signal, decoded = facts.signal, picture.frame
    if facts.left_alone is not None:
        transfer = {PQ: "pq", HLG: "hlg"}.get(tags_of(decoded).transfer)
        if transfer is None:
            raise UnsupportedError(f"{facts.left_alone}, which is not shown here")
        codes = rgb_codes(decoded, dataclasses.replace(signal, matrix="bt2020"))
        image = Image(codes, "bt2020", transfer, bits=16, orientation=facts.orientation)
        return Frame(image, image, (0, 0, image.height, image.width), moment)
    codes = rgb_codes(decoded, signal)
    bars = find_bars(picture.planes) or Bars()
    top, left, rows, columns = area = bars.picture(*codes.shape[:2])
    part = codes[top : top + rows, left : left + columns]
    seen = Image((part >> 8).astype(np.uint8), orientation=facts.orientation)
    primaries = "bt2020" if np.allclose(signal.to_bt2020, np.eye(3)) else "bt709"
    to_own = colour.rgb_to_rgb("bt2020", primaries) @ signal.to_bt2020
    table = _light(np.arange(65536) / 65535, signal.eotf)
    if np.allclose(to_own, np.eye(3), atol=1e-3):
        pixels = _srgb_codes(table)[codes]
    else:
        pixels = _srgb_codes(np.clip(table.astype(np.float32)[codes] @ to_own.T.astype(np.float32), 0, 1))
    return Frame(Image(pixels, primaries, orientation=facts.orientation), seen, area, moment)


def _light(encoded: NDArray[np.float64], eotf: str) -> NDArray[np.float64]:
    return encoded**2.8 if eotf == "gamma28" else colour.to_linear(encoded, eotf)


def _srgb_codes(light: NDArray[Any]) -> NDArray[np.uint8]:
    return (colour.linear_to_srgb(light) * 255 + 0.5).astype(np.uint8)


def moment_of(text: str | None) -> float | None:
    """Seconds as an address has them, to the millisecond; None where it says nothing.

    Raises:
        UsageError: no number of at least 0.
    """
    if text is None:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= 0):
        raise UsageError(f"at must be seconds, not {text[:40]!r}")
    return round(value, 3)
