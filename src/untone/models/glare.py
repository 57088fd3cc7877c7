"""Large bright areas share a budget of light, so that facades, skies and blurred backgrounds do not glare.

People send photos back where a third of the picture is two to four times white, and keep them where a lamp is. A
network that is trained to be right in the mean gives both their gain; here the area that is at least as bright decides
how bright it may be. Small lights keep all of theirs.
"""

from __future__ import annotations

import numpy as np

from .gain_curves import Curve, Plane, gains_of

BUDGET = 0.15
"""Times white, times the share of the picture that is at least as bright."""

ALLOWED = 1.2
"""Times white that any area may have, snow and white walls in the sun."""

STEEPEST = 2.0
"""Slope, in stops for a stop, with which gains of small lights rise out of those that were lowered."""

AREAS = (0.35, 0.25, 0.18, 0.13, 0.09, 0.06, 0.04, 0.025, 0.015, 0.008)
"""Shares of the picture at which its light is looked at."""

SAME = 0.95
"""Of a light; what has that much counts as part of its area."""


def curve(base: Plane, light: Plane, offset: float) -> Curve | None:
    """Gains and what they become, both rising from 0, stops; None where nothing is over the budget.

    Args:
        base, light: SDR and HDR [n, 3], linear, 1.0 = SDR white (gain_curves.rendered); of each pixel its brightest
            channel counts.
    """
    base, light = base.max(-1), light.max(-1)
    order = np.argsort(-light, kind="stable")
    falling, below = light[order], base[order]
    gain, rising = gains_of(below, falling, offset), -falling
    before, after, over = [0.0], [0.0], False
    for area in AREAS:
        near = slice(int(0.7 * area * len(order)), max(int(area * len(order)), 1))
        there = falling[near]
        level = there[_places(len(there))].mean()  # in order already
        found = _middle(gain[near]).mean()
        covered = np.searchsorted(rising, -SAME * level, side="right") / len(order)
        most = max(ALLOWED, BUDGET / covered) if covered else np.inf  # of black, whose light may be below 0, nothing is
        over = over or level > most
        least = np.log2((most + offset) / (_middle(below[near]) + offset)).mean()
        if found > before[-1] + 1e-3:
            rise = STEEPEST * (found - before[-1])
            before.append(found)
            after.append(float(np.clip(min(found, least), after[-1], after[-1] + rise)))
    if not over:
        return None
    before.append((STEEPEST * before[-1] - after[-1]) / (STEEPEST - 1))  # where what rises so steeply is itself again
    return np.array(before), np.array([*after, before[-1]])


def _middle(values: Plane) -> Plane:
    """The two values whose mean is the median of [n]; np.median takes as long as the network, which counts in films."""
    middle = _places(len(values))
    found: Plane = np.partition(values, middle)[middle]
    return found


def _places(length: int) -> list[int]:
    """Where the two values whose mean is the median stand among so many, in order."""
    return [(length - 1) // 2, length // 2]
