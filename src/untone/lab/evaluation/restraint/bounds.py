"""Measures of the restraint test, and KINDS, the table of bounds for each kind of picture."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .... import colour
from ...data.restraint.cases import Regions
from ...metrics.domains import brightest

Light = NDArray[Any]
VISIBLY = 1.05
"""Times white that counts as above it: a page that gains a twentieth of a stop is no glare."""


@dataclasses.dataclass(frozen=True, eq=False)
class Rendered:
    """One picture and what a method made of it.

    Attributes:
        encoded: [h, w, 3] SDR codes, 0 to 1.
        stops: [h, w, 3] gain.
        light: [h, w, 3] linear HDR light, 1.0 = SDR white.
        regions: "photo", parts of a screen that may shine; "lamp" and "wall", a lamp and what it lights.
    """

    encoded: Light
    stops: Light
    light: Light
    regions: Regions

    @cached_property
    def code(self) -> Light:
        """Brightest channel of each pixel, encoded."""
        return brightest(self.encoded)

    @cached_property
    def gain(self) -> Light:
        """Of each pixel's strongest channel, stops."""
        return brightest(self.stops)

    def inside(self, name: str) -> NDArray[np.bool_]:
        """[h, w]: where the regions of that name are."""
        mask: NDArray[np.bool_] = np.zeros(self.encoded.shape[:2], bool)
        height, width = self.encoded.shape[:2]
        for left, top, right, bottom in self.regions.get(name, ()):
            mask[round(top * height) : round(bottom * height), round(left * width) : round(right * width)] = True
        return mask


def shine(seen: Rendered) -> float:
    """Stops that 99.5 % of the pixels stay within, of all and of the brightest tenth, photos on a screen left out."""
    page = ~seen.inside("photo")
    gain, code = np.abs(seen.gain[page]), seen.code[page]
    among = gain[np.argsort(-code, kind="stable")[: max(1, len(code) // 10)]]
    return float(max(np.percentile(gain, 99.5), np.percentile(among, 99.5)))


def whites_apart(seen: Rendered) -> float:
    """Stops between the 1st and the 99th percentile of the gain of pixels that are as white as the page gets."""
    page = ~seen.inside("photo")
    weakest = seen.encoded.min(-1)
    white = page & (weakest >= weakest[page].max() - 1.5 / 255)
    low, high = np.percentile(seen.gain[white], [1, 99])
    return float(high - low)


def share_above(seen: Rendered) -> float:
    """Percent of pixels with a channel visibly above white."""
    return 100 * float((brightest(seen.light) > VISIBLY).mean())


def middle_tones(seen: Rendered) -> float:
    """Mean gain of codes 64 to 199, stops; 0 where there are none."""
    middle = (seen.code >= 64 / 255) & (seen.code < 200 / 255)
    return float(seen.stops.mean(-1)[middle].mean()) if middle.any() else 0.0


def bright_gain(seen: Rendered) -> float:
    """Mean gain of pixels of code 160 and more, stops."""
    return float(seen.stops.mean(-1)[seen.code >= 160 / 255].mean())


def lights(seen: Rendered) -> float:
    """99.9th percentile of the pixels' brightest channels, times white."""
    return float(np.percentile(brightest(seen.light), 99.9))


def colour_kept(seen: Rendered) -> float:
    """Saturation of vivid bright pixels two stops down, over what it is in SDR; 1 where there are none."""
    vivid = (seen.code >= 200 / 255) & (seen.encoded.min(-1) < 0.5 * seen.code)
    if not vivid.any():
        return 1.0
    shown = colour.linear_to_srgb(np.clip(seen.light[vivid] / 4, 0, 1))
    before = 1 - seen.encoded[vivid].min(-1) / seen.code[vivid]
    after = 1 - shown.min(-1) / np.maximum(shown.max(-1), 1e-6)
    return float(after.mean() / before.mean())


def stands_out(seen: Rendered) -> float:
    """Stops between the brightest twentieth of a lamp and that of what it lights."""
    light = brightest(seen.light)
    lamp, wall = (float(np.percentile(light[seen.inside(name)], 95)) for name in ("lamp", "wall"))
    return float(np.log2(max(lamp, 1e-6) / max(wall, 1e-6)))


MEASURES: dict[str, tuple[Callable[[Rendered], float], str]] = {
    "shine": (shine, "stops, 99.5 % of pixels"),
    "whites apart": (whites_apart, "stops"),
    "above white": (share_above, "% of pixels"),
    "middle tones": (middle_tones, "stops"),
    "bright gain": (bright_gain, "stops"),
    "lights": (lights, "x white at 99.9 %"),
    "colour kept": (colour_kept, "of the saturation, at -2 EV"),
    "stands out": (stands_out, "stops"),
}
"""Name -> how it is measured, and its unit."""


@dataclasses.dataclass(frozen=True)
class Bound:
    """A measure stays within low and high."""

    measure: str
    low: float = -np.inf
    high: float = np.inf

    def holds(self, value: float) -> bool:
        """Whether a value keeps to it; NaN does not."""
        return bool(self.low <= value <= self.high)

    def __str__(self) -> str:
        unit = MEASURES[self.measure][1]
        if np.isfinite(self.low) and np.isfinite(self.high):
            return f"{self.measure} {self.low:g} to {self.high:g} {unit}"
        return f"{self.measure} {f'<= {self.high:g}' if np.isfinite(self.high) else f'>= {self.low:g}'} {unit}"


DARK = (Bound("shine", high=0.15),)
EVEN = (Bound("shine", high=0.15), Bound("whites apart", high=0.1))
CALM = (Bound("above white", high=12.0), Bound("middle tones", high=0.25))
SHINING = (Bound("lights", low=4.5), Bound("colour kept", low=0.85))

KINDS: dict[str, tuple[Bound, ...]] = {
    "page, slide, whiteboard": EVEN,
    "page in uneven light": DARK,
    "page in warm light": DARK,
    "page on a desk": DARK,
    "page in hands": DARK,
    "dark mode": DARK,
    "chat": EVEN,
    "settings": EVEN,
    "article with photos": EVEN,
    "comic": DARK,
    "sheet music": DARK,
    "map": DARK,
    "painting": CALM,
    "product on white": CALM,
    "portrait": CALM,
    "still life": CALM,
    "overcast sky": CALM,
    "flowers and garden": CALM,
    "snow, salt, beach": (Bound("bright gain", 0.2, 1.0),),
    "sun": SHINING,
    "lamps": SHINING,
    "neon": SHINING,
    "windows": SHINING,
    "fire": SHINING,
    "glitter": SHINING,
    "lit wall beside a lamp": (Bound("stands out", low=1.0),),
}
"""Kind of picture -> what all of it must keep to."""
