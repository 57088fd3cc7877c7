"""Progress of long work on stderr: on a terminal bars with rate and time left (rich), in a log a line at times."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self, TypeVar

from ..errors import UntoneError, UsageError
from .lines import complain, naming

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import Task

Item_co = TypeVar("Item_co", covariant=True)

FIRST_SECONDS, LOG_SECONDS = 5.0, 20.0
"""In a log: until the first line of some work, which shorter work goes without, and between lines."""

SHOWN_SECONDS = 2.0
"""That one file takes before its parts are counted."""

COUNTED_SECONDS = 0.1
"""Steps are counted together for so long: many are shorter than what counting one costs."""

SPEED_SECONDS = 3600.0
"""The rate is that of the last hour at most, so that steps of many minutes have one."""


class Progress:
    """Counts to `total`. Work within other work has its bar below the other's.

    Args:
        total: what there is to do; None as long as nobody knows.
        noun: of what, in the plural: "pairs".
        done: what was done before.
        shown: False says nothing: another process speaks.
    """

    _bars: ClassVar[Bars | None] = None
    """Of the outermost work."""

    hidden: ClassVar[bool] = False
    """Within `quietly`: nothing is shown."""

    def __init__(self, total: int | None, noun: str, done: int = 0, shown: bool = True) -> None:
        self.total, self.noun, self.done = total, noun, done
        self.shown = shown and not Progress.hidden
        self._note = ""

    def __enter__(self) -> Self:
        self._outermost = self.shown and Progress._bars is None
        bars = self._shared = Progress._bars or _bars(self.shown)
        number = bars.add_task(self.noun, total=self.total, completed=self.done, visible=self.shown, rate="", note="")
        bars.advance(number, 0)  # from here on the rate is measured
        self._task = next(task for task in bars.tasks if task.id == number)
        if self._outermost:
            bars.start()
            Progress._bars = bars
        now = time.monotonic()
        self._begun, self._counted, self._next = now, now, now + FIRST_SECONDS
        return self

    def __exit__(self, *_: object) -> None:
        self._count()
        if time.monotonic() - self._begun >= FIRST_SECONDS:
            self._log()
        self._shared.remove_task(self._task.id)
        if self._outermost:
            self._shared.stop()
            Progress._bars = None

    @classmethod
    def clear(cls) -> None:
        """The bars leave the terminal, for the last line of a process that ends."""
        if cls._bars is not None:
            cls._bars.stop()

    def begin(self, done: int) -> None:
        """So many were there already, as is known now; a log says so at once: the first step may take long."""
        self.done = done
        self._shared.reset(self._task.id, completed=done if self.total is None else min(done, self.total))
        self._shared.advance(self._task.id, 0)
        self._log()

    def expect(self, total: int) -> None:
        """So much there is to do, as is known now."""
        self.total = total
        self._shared.update(self._task.id, total=total)

    def step(self, count: int = 1, note: str = "") -> None:
        """`count` more are done; `note` is shown beside it until there is another."""
        self.done, self._note = self.done + count, note or self._note
        now = time.monotonic()
        if now - self._counted >= COUNTED_SECONDS:
            self._counted = now
            self._count()
        if now >= self._next:
            self._next = now + LOG_SECONDS
            self._log()

    def _count(self) -> None:
        more = (self.done if self.total is None else min(self.done, self.total)) - self._task.completed
        self._shared.advance(self._task.id, more)
        self._shared.update(self._task.id, rate=_rate(self._task), note=self._note)

    def _log(self) -> None:
        if self._shared.disable and self.shown:
            self._count()
            sys.stderr.write(f"{_line(self._task)}\n")
            sys.stderr.flush()


def _bars(shown: bool) -> Bars:
    """Bars as every command draws them; none where stderr is no terminal that can redraw a line."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    words = [TextColumn(f"{{task.{name}}}", markup=False) for name in ("description", "fields[rate]", "fields[note]")]
    columns = words[0], BarColumn(), MofNCompleteColumn(), words[1], TimeRemainingColumn(), TextColumn("left"), words[2]
    console = Console(stderr=True)
    terminal = sys.stderr.isatty() and not console.is_dumb_terminal
    return Bars(
        *columns, console=console, transient=True, disable=not (shown and terminal),
        redirect_stdout=sys.stdout.isatty(), refresh_per_second=4, speed_estimate_period=SPEED_SECONDS,
        get_time=time.monotonic,
    )  # fmt: skip


def _rate(task: Task) -> str:
    speed = task.speed
    if not speed:
        return ""
    return f"{speed:.3g}/s" if speed >= 1 else f"{1 / speed:.3g} s each"


def _line(task: Task) -> str:
    total, left = task.total, task.time_remaining
    of_all = "" if total is None else f" of {int(total):,}"
    parts = [f"{int(task.completed):,}{of_all} {task.description}", task.fields["rate"]]
    if task.finished:
        parts.append(f"in {_clock(task.elapsed or 0)}")
    elif left:
        parts.append(f"{_clock(left)} left")
    return ", ".join(filter(None, [*parts, task.fields["note"]]))


def _clock(seconds: float) -> str:
    return f"{seconds // 3600:.0f}:{seconds // 60 % 60:02.0f}:{int(seconds % 60):02}"


class Parts:
    """Progress of one file that is written in parts, a listener of formats.common.workers: seen where it takes long.

    Args:
        shown: False says nothing, as where many files are counted.
    """

    def __init__(self, shown: bool = True) -> None:
        self._shown, self._begun = shown, time.monotonic()
        self._open = ExitStack()
        self._progress: Progress | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def __call__(self, done: int, total: int) -> None:
        """So many of all parts are written."""
        if self._progress is not None and self._progress.total == total and done > self._progress.done:
            self._progress.step(done - self._progress.done)
        elif self._shown and done < total and time.monotonic() - self._begun >= SHOWN_SECONDS:
            self._open.close()  # of another picture of the file
            self._progress = self._open.enter_context(Progress(total, "parts of the picture", done))
            self._progress.begin(done)


class Counted(Protocol[Item_co]):
    """Items whose number is known: a sequence, a data set."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Item_co]: ...


def tracked(items: Counted[Item_co], noun: str) -> Iterator[Item_co]:
    """The items, one after the other, with their Progress."""
    with Progress(len(items), noun) as progress:
        for item in items:
            yield item
            progress.step()


def each(items: list[Any], noun: str, work: Callable[[Any], object], name: Callable[[Any], Path | str]) -> int:
    """Does `work` for every item; one that fails is named on stderr, and the others go on.

    Returns:
        The exit code: 0 when nothing failed, else 1.

    Raises:
        UsageError: a fault of the request, which every other item would meet too.
    """
    failed = 0
    with Progress(len(items), noun) as progress:
        for item in items:
            try:
                work(item)
            except UsageError:
                raise
            except (UntoneError, OSError) as error:
                failed += 1
                complain(naming(str(name(item)), str(error)))
            progress.step()
    if failed:
        complain(f"{failed} of {len(items)} {noun} failed")
    return 1 if failed else 0


def tell(line: str) -> None:
    """A line on stderr of how far work is; nothing within `quietly`."""
    if not Progress.hidden:
        print(line, file=sys.stderr, flush=True)


@contextmanager
def quietly(quiet: bool) -> Iterator[None]:
    """No progress is shown within, where `quiet`: what -q does in every command."""
    before, Progress.hidden = Progress.hidden, quiet
    try:
        yield
    finally:
        Progress.hidden = before


@contextmanager
def interruptible() -> Iterator[None]:
    """For work that ends itself: SIGINT and SIGTERM raise KeyboardInterrupt, and nothing else answers them."""

    def stop(_: int, __: FrameType | None) -> None:
        raise KeyboardInterrupt

    try:
        before = signal.signal(signal.SIGTERM, stop)
    except ValueError:  # not the main thread: whoever runs us there handles signals
        yield
        return
    woken = signal.set_wakeup_fd(-1)
    try:
        yield
    finally:
        signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
        signal.signal(signal.SIGTERM, before)
