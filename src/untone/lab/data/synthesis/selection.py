"""Which pairs a photographer would have kept."""

from __future__ import annotations

import numpy as np
from scipy import stats

from ..examples import CODE_LIGHT, light_of
from ..tonemapping.application import LUMA, Light, brightest
from .style import Style

BRIGHT_CODE, GREY_SATURATION, LEAST_PIXELS = 160, 0.15, 50
"""Bright greys, as the table of the look counts them; fewer say nothing."""

MEAN_CODE = (0.06, 0.8)
"""Limits of the mean code, share of 255."""

MOST_WHITE, LEAST_TOP_CODE = 0.25, 150
"""Share of pixels at white; code of the brightest half percent."""

MOST_MIDDLE_GAIN = 1.5
"""Median gain, stops: more is a picture exposed anew, not one with lights."""


LEAST_ORDER = 0.6
"""Rank correlation of SDR and HDR luminance among bright pixels; .86 to .98 in real photos."""

ORDER_CODE, ORDER_STRIDE = 140, 4
"""Pixels from this code on, and each so many rows and columns, that the order is looked at in."""


def has_lights(hdr: Light, random: np.random.Generator, style: Style) -> bool:
    """Whether the lights of an HDR rendition make it worth a gain map; of the others a few are kept."""
    lights = float(np.log2(max(np.percentile(brightest(hdr), 99.9), 1e-3)))
    return lights > style.lights or random.random() < style.dull_share


def plausible(sdr: Light, gain_stops: Light, random: np.random.Generator, style: Style) -> bool:
    """Whether codes [n, n, 3] and gain make a picture neither dark nor washed out, whose greys do not glare."""
    code = brightest(sdr)
    if not MEAN_CODE[0] < code.mean() / 255 < MEAN_CODE[1] or (code >= 252).mean() >= MOST_WHITE:
        return False
    if np.median(brightest(gain_stops)) >= MOST_MIDDLE_GAIN or np.percentile(code, 99.5) <= LEAST_TOP_CODE:
        return False
    grey = (code >= BRIGHT_CODE) & (sdr.min(-1) > (1 - GREY_SATURATION) * code)
    if np.count_nonzero(grey) >= LEAST_PIXELS:
        start, width = style.glare
        if random.random() >= np.exp(-max(float(gain_stops[grey].mean()) - start, 0) / width):
            return False
    return keeps_order(sdr, gain_stops)


def keeps_order(sdr: Light, gain_stops: Light) -> bool:
    """Whether what is brighter in SDR is, on the whole, brighter in HDR: no dark core in a sun, no inverted lamp."""
    part = slice(None, None, ORDER_STRIDE)
    sdr, gain_stops = sdr[part, part], gain_stops[part, part]
    bright = brightest(sdr) >= ORDER_CODE
    if np.count_nonzero(bright) < LEAST_PIXELS:
        return True
    below, above = CODE_LIGHT[sdr][bright] @ LUMA, light_of(sdr, gain_stops)[bright] @ LUMA
    return bool(stats.spearmanr(below, above).statistic >= LEAST_ORDER)
