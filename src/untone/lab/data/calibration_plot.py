"""The picture of `untone calibrate`: mean gain by eighth of SDR code, of pairs beside photos."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .. import plots

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Gains = Sequence[float] | NDArray[Any]

SPACING = 0.45
"""Of the marks of one eighth, as a share of its width."""


def gain_by_code(sets: Mapping[str, tuple[Gains, Gains]]) -> Figure:
    """Mean gain and spread over pictures, a mark and a bar for each set and eighth of code.

    Args:
        sets: title -> gains and their standard deviations over pictures, both in stops, by equal bins of the brightest
            channel's SDR code from black on; NaN where no picture has such codes. The first set is drawn thick.
    """
    figure, (axes,) = plots.panels(1, 8.0, 4.2)
    bins = max(len(gains) for gains, _ in sets.values())
    for number, (title, (gains, spreads)) in enumerate(sets.items()):
        places = np.arange(len(gains)) + ((number + 0.5) / len(sets) - 0.5) * SPACING
        axes.errorbar(
            places, gains, spreads, fmt="o-", label=title, capsize=2.5, elinewidth=1.0, markersize=4,
            linewidth=2.0 if number == 0 else 1.0, color=plots.COLOURS[number % len(plots.COLOURS)],
        )  # fmt: skip
    edges = np.round(np.arange(bins + 1) * 256 / bins).astype(int)
    axes.set_xticks(range(bins), [f"{low}-{high - 1}" for low, high in itertools.pairwise(edges)])
    axes.axhline(0, color=plots.INK, linewidth=0.8)
    axes.set_xlabel("SDR code of the brightest channel")
    axes.set_ylabel("mean gain ± spread over pictures (stops)")
    axes.legend(loc="upper left", frameon=False)
    return figure
