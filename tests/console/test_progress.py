"""Progress: a plain line at times in a log, bars that go away on a terminal, nested work, rate and time left."""

import io
import sys
from types import SimpleNamespace

import pytest

from untone.console import progress
from untone.console.progress import Parts, Progress, quietly, tell, tracked
from untone.formats.common.workers import heard_by, in_threads


class Clock:
    """Seconds that pass when told."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=made))
    return made


def taken(clock: Clock, steps: int, seconds: float, work: Progress, note: str = "") -> None:
    for _ in range(steps):
        clock.now += seconds
        work.step(note=note)


def test_short_work_leaves_a_log_alone(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(100, "pairs") as work:
        taken(clock, 100, 0.01, work)
    assert capsys.readouterr().err == ""


def test_a_log_has_a_line_after_5_seconds_then_every_20_and_at_the_end(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    with Progress(1120, "steps") as work:
        taken(clock, 1120, 1 / 32, work, "loss 0.5")
    assert capsys.readouterr().err.splitlines() == [
        "160 of 1,120 steps, 32/s, 0:00:30 left, loss 0.5",
        "800 of 1,120 steps, 32/s, 0:00:10 left, loss 0.5",
        "1,120 of 1,120 steps, 32/s, in 0:00:35, loss 0.5",
    ]


def test_slow_steps_say_how_long_one_takes_and_resumed_ones_do_not_count(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    with Progress(60, "rows", done=20) as work:
        taken(clock, 1, 90, work)
    assert capsys.readouterr().err.splitlines()[0] == "21 of 60 rows, 90 s each, 0:58:30 left"


def test_more_than_the_total_leaves_no_negative_time(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(24, "pairs") as work:
        clock.now += 8
        work.step(64)
    assert capsys.readouterr().err.splitlines()[-1].startswith("24 of 24 pairs, 3/s, in 0:00:08")


def test_work_that_another_process_tells_of_is_silent(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(3, "steps", shown=False) as work:
        taken(clock, 3, 30, work)
    assert capsys.readouterr().err == ""


def test_a_terminal_has_bars_with_lines_above_them_and_nothing_left(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal, out = Terminal(), io.StringIO()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    with Progress(4, "rows [1/2]") as rows:
        with Progress(10, "steps") as steps:
            steps.step(5, "loss 0.25")
            steps._count()
            steps._shared.refresh()
            print("a fault", file=sys.stderr)
            print("a result")
        rows.step()
    said = terminal.getvalue()
    assert all(part in said for part in ("rows [1/2]", "0/4", "5/10", "loss 0.25", "left", "a fault"))
    assert out.getvalue() == "a result\n"
    assert sys.stderr is terminal
    last = said[said.rindex("loss 0.25") :]
    assert "\x1b[2K\x1b[1A\x1b[2K" in last  # both lines wiped, and the cursor back
    assert "\x1b[?25h" in last
    assert Progress._bars is None


def test_a_fault_ends_the_bars_of_all(capsys: pytest.CaptureFixture[str]) -> None:
    def work() -> None:
        with Progress(2, "rows"):
            for _ in tracked([1, 2], "steps"):
                raise ValueError("7")

    with pytest.raises(ValueError, match="7"):
        work()
    assert Progress._bars is None


def test_one_large_file_is_counted_in_parts(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    """Once it takes long; not where it is written at once, nor where many files are counted."""
    for shown in (True, False):
        with Parts(shown) as parts, heard_by(parts):
            for _ in in_threads(lambda start: start, range(0, 8), 1):
                clock.now += 1
    first, *_, last = capsys.readouterr().err.splitlines()
    assert first == "3 of 8 parts of the picture"
    assert last.startswith("8 of 8 parts of the picture, ")
    with Parts() as parts, heard_by(parts):
        assert list(in_threads(lambda start: start, range(0, 800), 2)) == list(range(800))
    assert capsys.readouterr().err == ""


def test_tracked_items_come_in_order() -> None:
    assert list(tracked("abc", "letters")) == ["a", "b", "c"]


def test_nothing_of_progress_is_shown_quietly(capsys: pytest.CaptureFixture[str]) -> None:
    with quietly(True):
        with Progress(2, "rows") as rows:
            rows.begin(1)
            rows.step()
        tell("step 1")
    assert capsys.readouterr() == ("", "")
    with quietly(False):
        tell("step 2")
    assert capsys.readouterr().err == "step 2\n"
    assert not Progress.hidden
