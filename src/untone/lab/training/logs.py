"""What a run wrote down: `log.csv` is the record; the TensorBoard events and the plot are views of it."""

from __future__ import annotations

import csv
import dataclasses
import math
from pathlib import Path

from ...errors import DamagedError
from . import events, plots


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
EVENTS = "events.out.tfevents.untone"


class Log:
    """The log of a run in its folder; on resuming, lines after the checkpoint's step are forgotten."""

    def __init__(self, folder: Path, step: int) -> None:
        self.folder = folder
        self._table, self._events = folder / "log.csv", folder / EVENTS
        self.rows = [row for row in read(self._table) if row.step <= step] if self._table.exists() else []
        self._table.write_text(",".join(COLUMNS) + "\n" + "".join(map(_line, self.rows)))
        began = self.rows[0].time if self.rows else 0.0
        events.write(self._events, [events.opening(began), *map(_event, self.rows)])

    def add(self, row: Row) -> None:
        """One more line, in the table and the events."""
        self.rows.append(row)
        with self._table.open("a") as file:
            file.write(_line(row))
        events.append(self._events, _event(row))

    def plot(self) -> None:
        """Draws `log.png`: the loss, and the held-out PQ-PSNR, over the steps."""
        loss = plots.Curve("loss", [(row.step, row.loss) for row in self.rows])
        scores = [(row.step, row.held_out_pq_psnr) for row in self.rows if math.isfinite(row.held_out_pq_psnr)]
        plots.save(self.folder / "log.png", [loss, plots.Curve("held-out PQ-PSNR, dB", scores)])


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


def _event(row: Row) -> bytes:
    values = {"train/loss": row.loss, "train/rate": row.rate, "train/seconds_per_step": row.seconds_per_step}
    if math.isfinite(row.held_out_pq_psnr):
        values["held_out/pq_psnr"] = row.held_out_pq_psnr
    return events.scalars(row.time, row.step, values)
