"""Report of a batch: lines and a progress bar on a terminal, JSON lines, or faults only."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from ...console.lines import complain, fault_line, one_line
from ...console.progress import Progress
from ...pipeline import Conversion
from .planning import Job

CONVERTED, SKIPPED, LEFT_ALONE, FAILED = "converted", "skipped", "left alone", "failed"


class Target(Protocol):
    """A path, or a place in a store."""

    @property
    def suffix(self) -> str:
        """As of a path."""


class Named(Protocol):
    """What is said of a job: of planning.Job, and of jobs in stores."""

    @property
    def name(self) -> str:
        """As the user knows it."""

    @property
    def target(self) -> Target | None:
        """What was to be written."""

    @property
    def unread(self) -> str | None:
        """The plural of its kind, where that is not read."""


@dataclasses.dataclass(frozen=True)
class Outcome:
    """The outcome of one job.

    Attributes:
        job: the job.
        status: CONVERTED, SKIPPED, LEFT_ALONE or FAILED.
        reason: one line, for every status but CONVERTED.
        conversion: numbers of the photo; None where it was not read.
        seconds: that it took.
        copy: of a photo that was left alone, where it was copied.
    """

    job: Named
    status: str
    reason: str | None = None
    conversion: Conversion | None = None
    seconds: float = 0.0
    copy: Target | None = None


class Report:
    """Faults, and unless `quiet` a line on photos that were left alone, and the counts of several at the end.

    Attributes:
        is_all: whether these are all photos of the batch, so that it ends with their counts.
        searched: whether a folder was searched, so that it does so for one photo too.
    """

    def __init__(self, total: int, quiet: bool = False) -> None:
        self.total = total
        self.quiet = quiet
        self.is_all = True
        self.searched = False
        self.counts: Counter[str] = Counter()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if (self.total != 1 or self.searched) and self.is_all and not self.quiet and error is None:
            complain(counted(self.counts))

    def take(self, outcome: Outcome) -> None:
        """Count one outcome and print what is to be printed of it."""
        self.counts[outcome.status] += 1
        if outcome.status == FAILED:
            complain(fault_line(outcome.job.name, outcome.reason))
        elif not self.quiet:
            self.say(outcome)

    def say(self, outcome: Outcome) -> None:
        """Print an outcome that is no fault; not that outputs exist already, which a second run expects."""
        if outcome.status == LEFT_ALONE or (outcome.status == SKIPPED and self.total == 1 and not outcome.job.unread):
            copied = "" if outcome.copy is None else f"; copied to {outcome.copy}"
            complain(fault_line(outcome.job.name, f"{outcome.status}: {outcome.reason}{copied}"))
        if outcome.conversion is not None and outcome.conversion.note:
            complain(fault_line(outcome.job.name, outcome.conversion.note))


class JsonReport(Report):
    """One object a line on stdout; faults on stderr as well."""

    def take(self, outcome: Outcome) -> None:
        """Print the object of an outcome."""
        super().take(outcome)
        print(json.dumps(as_dict(outcome)), flush=True)

    def say(self, outcome: Outcome) -> None:
        """Nothing: the object has it."""


class TerminalReport(Report):
    """A progress bar for several photos; a summary of the one, or of all."""

    def __enter__(self) -> Self:
        self.progress = Progress(self.total, "photos", shown=self.total > 1).__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.progress.__exit__(kind, error, at)
        super().__exit__(kind, error, at)

    def take(self, outcome: Outcome) -> None:
        """Advance the bar; lines go above it."""
        super().take(outcome)
        self.progress.step()

    def say(self, outcome: Outcome) -> None:
        """The summary of a single photo."""
        super().say(outcome)
        if outcome.status == CONVERTED and self.total == 1:
            print("\n".join(summary(outcome)))


def name_unread(planned: Sequence[Job], *, quiet: bool) -> None:
    """One line about all files among photos that are of kinds that are not read, with their suffixes."""
    counts = Counter(job.unread for job in planned if job.unread)
    if not counts or quiet:
        return
    suffixes = sorted({Path(job.name).suffix.lower() for job in planned if job.unread})
    kinds = " and ".join(f"{count} {kind.removesuffix('s') if count == 1 else kind}" for kind, count in counts.items())
    complain(f"{kinds} ({', '.join(suffixes)}) {'is' if counts.total() == 1 else 'are'} not read and skipped")


def choose(total: int, *, quiet: bool, as_json: bool, piped: bool) -> Report:
    """The report that suits the options and where stdout leads; `piped` when it carries the picture."""
    if as_json:
        return JsonReport(total)
    if quiet or piped or not (sys.stdout.isatty() and sys.stderr.isatty()):
        return Report(total, quiet)
    return TerminalReport(total)


def counted(counts: Counter[str]) -> str:
    """The last line of a batch: how many photos had each outcome."""
    return ", ".join(f"{counts[status]} {status}" for status in (CONVERTED, SKIPPED, LEFT_ALONE, FAILED))


def interruption(ended: Sequence[Outcome], total: int, force: bool) -> str:
    """What an interrupted batch has done, and what goes on with it."""
    if total == 1:
        return "interrupted; nothing was written"
    again = "the same command without --force" if force else "the same command"
    done = counted(Counter(outcome.status for outcome in ended))
    return f"interrupted after {len(ended)} of {total} photos ({done}); {again} goes on"


def summary(outcome: Outcome) -> list[str]:
    """Three lines about a converted photo."""
    done = outcome.conversion
    if done is None or outcome.job.target is None:
        return []
    peak = f"{done.peak_nits:.0f} nits at the brightest, {done.peak_nits / done.white_nits:.1f} x SDR white"
    share = 100 * done.share_above_white
    more = "" if done.stronger is None else f"; --strength {100 * done.stronger:.0f} for more"
    return [
        f"{one_line(str(outcome.job.target))}  ({outcome.seconds:.1f} s)",
        f"{peak}; {'less than 0.1' if 0 < share < 0.1 else f'{share:.1f}'} % of the photo above it{more}",
        look(outcome.job.target.suffix.lower()),
    ]


def look(suffix: str) -> str:
    """Which viewers show the file in HDR."""
    if suffix in (".jpg", ".jpeg"):
        return "look at it on an HDR screen in Chrome, Safari or Google Photos; elsewhere it shows as before"
    return "look at it on an HDR screen in " + (
        "a compositor or grading tool" if suffix in (".exr", ".hdr") else "Chrome"
    )


def as_dict(outcome: Outcome) -> dict[str, Any]:
    """An outcome for JSON; keys that do not apply are null."""
    job, done = outcome.job, outcome.conversion
    converted = done if outcome.status == CONVERTED else None
    output = job.target if converted else outcome.copy
    return {
        "input": job.name,
        "output": str(output) if output is not None else None,
        "status": outcome.status,
        "reason": outcome.reason,
        "width": done.width if done else None,
        "height": done.height if done else None,
        "headroom_stops": round(converted.headroom_stops, 4) if converted else None,
        "peak_nits": round(converted.peak_nits, 1) if converted else None,
        "white_nits": round(converted.white_nits, 1) if converted else None,
        "share_above_white": round(converted.share_above_white, 5) if converted else None,
        "note": done.note if done else None,
        "seconds": round(outcome.seconds, 3),
    }
