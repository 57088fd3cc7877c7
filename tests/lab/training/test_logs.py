"""Logs: TensorBoard's files by a reader of TFRecords of our own, the table through a resume, the plot."""

import math
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tensorboardX.proto.event_pb2 import Event, SessionLog

from untone.errors import DamagedError
from untone.lab import plots
from untone.lab.training import logs
from untone.lab.training.logs import Log, Row


def records(data: bytes) -> list[bytes]:
    """The messages of a TFRecord file, by bitwise CRCs of our own."""

    def checked(part: bytes, stored: bytes) -> bytes:
        value = 0xFFFFFFFF
        for bit in np.unpackbits(np.frombuffer(part, np.uint8), bitorder="little"):
            value = value >> 1 ^ (0x82F63B78 if (value ^ int(bit)) & 1 else 0)
        value ^= 0xFFFFFFFF
        assert struct.unpack("<I", stored)[0] == ((value >> 15 | value << 17 & 0xFFFFFFFF) + 0xA282EAD8) % 2**32
        return part

    found = []
    while data:
        (length,) = struct.unpack("<Q", checked(data[:8], data[8:12]))
        found.append(checked(data[12 : 12 + length], data[12 + length : 16 + length]))
        data = data[16 + length :]
    return found


def row(step: int, score: float = math.nan) -> Row:
    return Row(step, 1 / step, 1e-3, score, 0.25, 1.7e9 + step)


def read_events(folder: Path) -> list[list[Event]]:
    """Of each event file, in the order of their making."""
    files = [[Event.FromString(m) for m in records(path.read_bytes())] for path in folder.glob(logs.EVENTS)]
    return sorted(files, key=lambda events: events[0].wall_time)


def scalars(events: list[Event]) -> list[tuple[int, str, float]]:
    return [(e.step, v.tag, v.simple_value) for e in events for v in e.summary.value]


def test_an_independent_reader_sees_the_scalars(tmp_path: Path) -> None:
    with Log(tmp_path, 0) as log:
        log.add(row(50))
        log.add(row(300, 31.25))
    (events,) = read_events(tmp_path)
    assert events[0].file_version == "brain.Event:2"
    assert [e.wall_time for e in events if e.step == 50] == [1.7e9 + 50] * 3
    assert scalars(events) == [
        (50, "train/loss", pytest.approx(1 / 50)),
        (50, "train/rate", pytest.approx(1e-3)),
        (50, "train/seconds_per_step", 0.25),
        (300, "train/loss", pytest.approx(1 / 300)),
        (300, "train/rate", pytest.approx(1e-3)),
        (300, "train/seconds_per_step", 0.25),
        (300, "held_out/pq_psnr", 31.25),
    ]


def shown(files: list[list[Event]]) -> dict[tuple[int, str], float]:
    """What TensorBoard shows of files in their order: a start of a session forgets its step and later ones."""
    found: dict[tuple[int, str], float] = {}
    for event in (event for events in files for event in events):
        if event.session_log.status == SessionLog.START:
            found = {key: value for key, value in found.items() if key[0] < event.step}
        found |= {(event.step, value.tag): value.simple_value for value in event.summary.value}
    return found


def test_a_resumed_log_forgets_what_came_after_the_checkpoint(tmp_path: Path) -> None:
    with Log(tmp_path, 0) as log:
        for step in (50, 100, 150, 200):
            log.add(row(step))
    with Log(tmp_path, 100) as again:
        assert [r.step for r in again.rows] == [50, 100]
        again.add(row(150, 30.0))
    assert [r.step for r in logs.read(tmp_path / "log.csv")] == [50, 100, 150]
    files = read_events(tmp_path)
    assert len(files) == 2
    assert {step for step, tag in shown(files)} == {50, 100, 150}
    assert shown(files)[150, "held_out/pq_psnr"] == 30.0
    assert (tmp_path / "log.csv").read_text().splitlines()[0] == ",".join(logs.COLUMNS)


def test_a_line_cut_off_is_forgotten_and_another_table_refused(tmp_path: Path) -> None:
    with Log(tmp_path, 0) as log:
        log.add(row(50))
    table = tmp_path / "log.csv"
    table.write_text(table.read_text() + "100,0.0")
    assert [r.step for r in logs.read(table)] == [50]
    table.write_text("step,mood\n1,good\n")
    with pytest.raises(DamagedError, match="not a log"):
        logs.read(table)


def drawn(folder: Path, rows: list[Row]) -> Any:
    """Pixels of log.png, [H, W, 3]."""
    with Log(folder, 0) as log:
        log.rows = rows
        log.plot()
    assert not list(folder.glob(".*"))
    with Image.open(folder / "log.png") as picture:
        return np.asarray(picture.convert("RGB"))


def ink(pixels: Any, colour: str) -> int:
    """How many pixels have just this colour."""
    return int((pixels == tuple(bytes.fromhex(colour[1:]))).all(-1).sum())


def test_the_plot_has_a_panel_for_each_curve_that_was_measured(tmp_path: Path) -> None:
    plain = drawn(tmp_path, [row(step) for step in range(1, 100)])
    both = drawn(tmp_path, [row(step, 30 + step / 100) for step in range(1, 100)])
    assert both.shape == (2 * plain.shape[0], plain.shape[1], 3)
    first, second = plots.COLOURS[:2]
    assert min(ink(plain, first), ink(both, first), ink(both, second)) > 100
    assert ink(plain, second) == 0


@pytest.mark.parametrize("count", [0, 1, 5000])
def test_the_plot_takes_any_number_of_points(tmp_path: Path, count: int) -> None:
    found = drawn(tmp_path, [row(step, math.nan) for step in range(1, count + 1)])
    assert (ink(found, plots.COLOURS[0]) > 5) == bool(count)
