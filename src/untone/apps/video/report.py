"""What the user hears of a film: a line of progress, a summary, or one JSON object."""

from __future__ import annotations

import json
from types import TracebackType
from typing import Any, Self

from ...console.lines import one_line
from ..conversion import report


class FrameProgress:
    """Frames done, frames a second, and time left, on a terminal's stderr."""

    def __init__(self, name: str) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        rate = TextColumn("{task.fields[rate]}")
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), rate, TimeRemainingColumn())
        self._progress = Progress(*columns, console=Console(stderr=True), transient=True)
        self._task = self._progress.add_task(one_line(name), total=None, rate="")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._progress.stop()

    def __call__(self, done: int, expected: int | None) -> None:
        """So many frames are done, of so many."""
        speed = self._progress.tasks[0].speed
        rate = f"{speed:.1f} frames/s" if speed else ""
        self._progress.update(self._task, completed=done, total=max(expected or 0, done) or None, rate=rate)


def film_summary(outcome: report.Outcome) -> list[str]:
    """Two lines about a converted film."""
    done: Any = outcome.conversion
    frames = f"{done.frames} frames in {done.scenes} scene{'s' if done.scenes != 1 else ''}"
    return [
        f"{one_line(str(outcome.job.target))}  ({outcome.seconds:.1f} s, {done.frames / outcome.seconds:.1f} frames/s)",
        f"{frames}; MaxCLL {done.max_cll_nits:.0f} nits, MaxFALL {done.max_fall_nits:.0f} nits",
    ]


def film_as_json(outcome: report.Outcome) -> str:
    """An outcome as one JSON object; what does not apply is null."""
    job, done = outcome.job, outcome.conversion
    made: Any = done if outcome.status == report.CONVERTED else None
    notes = getattr(done, "notes", ())
    return json.dumps(
        {
            "input": job.name,
            "output": str(job.target) if made else None,
            "status": outcome.status,
            "reason": outcome.reason,
            "width": done.width if done else None,
            "height": done.height if done else None,
            "frames": made.frames if made else None,
            "scenes": made.scenes if made else None,
            "max_cll_nits": round(made.max_cll_nits, 1) if made else None,
            "max_fall_nits": round(made.max_fall_nits, 1) if made else None,
            "note": "; ".join(notes) or None,
            "seconds": round(outcome.seconds, 3),
        }
    )
