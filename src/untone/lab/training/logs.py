"""The log of a training run: `log.csv` is the record; TensorBoard's event files and the plot are made from it."""

from __future__ import annotations

import csv
import dataclasses
import math
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np

from ...errors import DamagedError
from .. import plots

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclasses.dataclass(frozen=True)
class Row:
    """A line of the log.

    Attributes:
        step: steps done.
        loss: its mean since the line before.
        rate: learning rate of the last step.
        held_out_pq_psnr: mean PQ-PSNR of the averaged weights on held-out pictures, dB; NaN where not measured.
        seconds_per_step: since the line before.
        time: seconds since 1970.
    """

    step: int
    loss: float
    rate: float
    held_out_pq_psnr: float
    seconds_per_step: float
    time: float


COLUMNS = tuple(field.name for field in dataclasses.fields(Row))
EVENTS = "events.out.tfevents.*"
"""Of a folder: one file for each time that the run was begun or resumed."""

POINTS = 200
"""A curve of more points is drawn pale, under so many means of it."""


class Log:
    """The log of a run in its folder, a context manager; on resuming, lines after the checkpoint's step are forgotten.

    The event files of a resumed run tell TensorBoard to forget the same.
    """

    def __init__(self, folder: Path, step: int) -> None:
        from tensorboardX import SummaryWriter

        self.folder, self._table = folder, folder / "log.csv"
        self.rows = [row for row in read(self._table) if row.step <= step] if self._table.exists() else []
        self._table.write_text(",".join(COLUMNS) + "\n" + "".join(map(_line, self.rows)))
        ours = f".untone-{step}"  # files begun in the same second would have one name
        purged = step + 1 if step else None
        self._events = SummaryWriter(str(folder), purge_step=purged, flush_secs=10, filename_suffix=ours)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._events.close()

    def add(self, row: Row) -> None:
        """One more line, in the table and the events."""
        self.rows.append(row)
        with self._table.open("a") as file:
            file.write(_line(row))
        values = {"train/loss": row.loss, "train/rate": row.rate, "train/seconds_per_step": row.seconds_per_step}
        if math.isfinite(row.held_out_pq_psnr):
            values["held_out/pq_psnr"] = row.held_out_pq_psnr
        for tag, value in values.items():
            self._events.add_scalar(tag, value, row.step, row.time)

    def plot(self) -> None:
        """Draws `log.png`: the loss, and where it was measured the held-out PQ-PSNR, over the steps."""
        scores = [(row.step, row.held_out_pq_psnr) for row in self.rows if math.isfinite(row.held_out_pq_psnr)]
        losses = [(row.step, row.loss) for row in self.rows if math.isfinite(row.loss)]
        curves = {"loss": losses} | ({"held-out PQ-PSNR (dB)": scores} if scores else {})
        figure, panels = plots.panels(len(curves), share_x=True)
        for axes, colour, (title, points) in zip(panels, plots.COLOURS, curves.items(), strict=False):
            _curve(axes, title, points, colour)
        panels[-1].set_xlabel("step")
        plots.save_png(self.folder / "log.png", figure)


def _curve(axes: Axes, title: str, points: list[tuple[int, float]], colour: str) -> None:
    """A curve over the steps; a long one pale, with its means."""
    axes.set_ylabel(title)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    if not points:
        return
    steps, values = np.array(points, np.float64).T
    if len(points) > POINTS:
        axes.plot(steps, values, color=colour, alpha=0.25, linewidth=0.8)
        steps, values = ([part.mean() for part in np.array_split(v, POINTS)] for v in (steps, values))
    axes.plot(steps, values, color=colour, linewidth=1.4, marker="o" if len(values) < 40 else "", markersize=3)
    axes.set_title(f"last {points[-1][1]:.4g}", loc="right", fontsize="medium", color=plots.INK)


def read(path: Path) -> list[Row]:
    """The lines of a `log.csv`; a last line that was cut off is left out.

    Raises:
        DamagedError: not such a table.
    """
    with path.open(newline="") as file:
        table = list(csv.reader(file))
    if table and tuple(table[0]) != COLUMNS:
        raise DamagedError(f"{path}: not a log of this program: its columns are {', '.join(table[0])[:80]}")
    rows = []
    for number, cells in enumerate(table[1:], 2):
        try:
            step, *rest = cells
            rows.append(Row(int(step), *(float(cell) if cell else math.nan for cell in rest)))
        except (ValueError, TypeError):
            if number != len(table):
                raise DamagedError(f"{path}: line {number} is no line of a log") from None
    return rows


def _line(row: Row) -> str:
    score = f"{row.held_out_pq_psnr:.4f}" if math.isfinite(row.held_out_pq_psnr) else ""
    return f"{row.step},{row.loss:.6g},{row.rate:.6g},{score},{row.seconds_per_step:.4f},{row.time:.2f}\n"
