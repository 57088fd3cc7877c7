"""Style of the lab's plots, and saving them as PNG: matplotlib's objects alone, no display, no global state."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from ..formats.common.files import save

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DOTS_PER_INCH = 120
INK, GRID = "#333333", "#e0e0e0"
COLOURS = ("#1f6fb4", "#d1602b", "#3a8f5c", "#8e4ba3", "#b98a00", "#c2255c")
"""Of lines, in order; told apart by people who see no red or no green by their lightness too."""


def panels(count: int, width: float = 7.5, height: float = 2.7, *, share_x: bool = False) -> tuple[Figure, list[Axes]]:
    """A white figure of panels one below the other, `width` x `height` inches each, in the lab's style."""
    from matplotlib.figure import Figure

    figure = Figure((width, height * count), DOTS_PER_INCH, layout="constrained")
    found = list(figure.subplots(count, sharex=share_x, squeeze=False)[:, 0])
    for axes in found:
        axes.grid(color=GRID, linewidth=0.8)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
        axes.spines[["left", "bottom"]].set_color(INK)
        axes.tick_params(colors=INK)
    return figure, found


def as_png(figure: Figure) -> bytes:
    """The figure as a PNG; the same bytes for the same figure and version of matplotlib."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    FigureCanvasAgg(figure)
    stream = io.BytesIO()
    figure.savefig(stream, format="png", metadata={"Software": None})
    return stream.getvalue()


def save_png(path: Path, figure: Figure) -> None:
    """The figure as a PNG file, whole or not at all.

    Raises:
        UntoneError: the disk refuses.
    """
    save(path, [as_png(figure)])
