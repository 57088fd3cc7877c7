"""Gains averaged with those of a fixed inverse tone mapping, as a curve over the network's own gains.

A network that learned on few places errs by place: too timid on some pictures, too bold on others. The mean of two
predictors that err differently is better than either; here the other one is light x (1 + 3.93 Y^2), which knows only
the picture's luminance. Pixel by pixel it would lift pages and skin as well, so only the mean of both at each level of
the network's gain counts, and less of it the less the network gives: what is to be left alone stays so.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import colour
from ..image import DIFFUSE_WHITE_NITS
from .gain_curves import Curve, Plane, gains_of

Light = NDArray[Any]

SQUARE = 1000 / DIFFUSE_WHITE_NITS - 1
"""SDR white becomes 1000 nits by the formula."""

WHOLE = 0.6
"""Stops of the network's gain from which the formula has all of its share."""

LEVELS = (0.0, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9, 1.1, 1.35, 1.6, 1.9, 2.2, 2.6)
"""Stops between which gains are taken together."""

LEAST_PIXELS = 4


def curve(base: Plane, light: Plane, offset: float, share: float) -> Curve | None:
    """The network's gain at each level and the mean of both there; None where nothing gains.

    Args:
        base, light: SDR and HDR [n, 3], linear, 1.0 = SDR white (gain_curves.rendered).
        share: of the formula, 0 to 1.
    """
    said, formula = (gains_of(base, made, offset).mean(-1) for made in (light, square(base)))
    both = said + share * np.clip(said / WHOLE, 0, 1) * (formula - said)
    level = np.digitize(said, LEVELS)
    count = np.bincount(level, minlength=len(LEVELS) + 1)
    sums = (np.bincount(level, values, len(LEVELS) + 1) for values in (said, both))
    of_said, of_both = (total / np.maximum(count, 1) for total in sums)
    before, after = [0.0], [0.0]
    for k in range(1, len(LEVELS) + 1):
        if count[k] >= LEAST_PIXELS:
            before.append(float(of_said[k]))
            after.append(max(float(of_both[k]), after[-1]))
    if before[-1] <= LEVELS[1]:
        return None
    if after[-1] < before[-1]:  # lights too small to be looked at keep theirs
        before.append(2 * before[-1] - after[-1])
        after.append(before[-1])
    return np.array(before), np.array(after)


def square(light: Light, primaries: str = "bt709", boost: float = SQUARE) -> Light:
    """Light [..., 3] x (1 + boost Y^2); linear, 1.0 = SDR white, nothing above it in `light`."""
    luminance = np.clip(light @ colour.luminance_weights(primaries), 0, 1)
    return light * (1 + boost * np.square(luminance))[..., None]
