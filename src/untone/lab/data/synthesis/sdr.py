"""The SDR rendition: a kind of tone mapper, exposed so that the middle of the picture is as in the HDR rendition.

The exposure is searched on a small copy; what a kind that exposes itself leaves over is met by a gamma, as a brightness
slider would.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .... import gainmap
from ..examples import OFFSET
from ..tonemapping.application import LUMA, Light, brightest

Mapper = Callable[[Light], Light]

MIDDLE_STOPS, MIDDLE_WIDTH = -2.8, 1.0
"""Log2 display luminance about which renditions are matched: code 100 or so, and how wide."""

SMALL = 4
MOST_STOPS = 2.5
"""Of exposure that the search may add or take."""

FOUND_STOPS = 0.04
GAMMAS = (0.55, 1.7)


def rendered(hdr: Light, mapper: Mapper, middle: float) -> Light:
    """Display light [n, n, 3] of the HDR rendition, whose mean gain in the middle is about `middle` stops."""
    exposure = searched(gainmap.box_average(hdr, SMALL).astype(np.float32), mapper, middle)
    shown = mapper(hdr * np.float32(2.0**exposure))
    for _ in range(2):
        left = middle_gain(hdr, shown) - middle
        if abs(left) <= FOUND_STOPS:
            break
        shown = shown ** np.float32(np.clip(1 + left / MIDDLE_STOPS, *GAMMAS))
    return shown


def levelled(shown: Light, levels: float) -> Light:
    """Display light stretched towards a picture whose brightest parts are white: 0 not at all, 1 wholly."""
    white = max(float(np.percentile(brightest(shown), 99.8)), 0.05)
    return np.minimum(shown * np.float32(white**-levels), 1)


def searched(small: Light, mapper: Mapper, middle: float) -> float:
    """Exposure in stops, by secants, at which the middle gains `middle`; the best of four tries."""
    tries: list[tuple[float, float]] = []
    exposure = 0.0
    for _ in range(4):
        left = middle_gain(small, mapper(small * np.float32(2.0**exposure))) - middle
        tries.append((exposure, left))
        slope = -1.0 if len(tries) < 2 else (left - tries[-2][1]) / (exposure - tries[-2][0])
        if abs(left) <= FOUND_STOPS or slope > -0.25:  # found, or a kind that exposes itself
            break
        exposure = float(np.clip(exposure - left / slope, -MOST_STOPS, MOST_STOPS))
        if exposure == tries[-1][0]:
            break
    return min(tries, key=lambda one: abs(one[1]))[0]


def middle_gain(hdr: Light, shown: Light) -> float:
    """Mean gain of luminance in stops, weighted about the middle of the SDR rendition."""
    above, below = hdr @ LUMA, shown @ LUMA
    distance = (np.log2(np.maximum(below, 1e-4)) - MIDDLE_STOPS) / MIDDLE_WIDTH
    weight = np.exp(-0.5 * distance * distance) + 1e-3
    return float((weight * np.log2((above + OFFSET) / (below + OFFSET))).sum() / weight.sum())
