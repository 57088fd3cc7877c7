"""Logs: TensorBoard's files as an independent protobuf reader sees them, the table through a resume, the plot."""

import math
import struct
from pathlib import Path

import numpy as np
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from PIL import Image

from untone.errors import DamagedError
from untone.lab.training import events, logs, plots
from untone.lab.training.logs import Log, Row

FIELD = descriptor_pb2.FieldDescriptorProto


def event_class() -> type:
    """tensorflow.Event with the fields that scalars need, from its published numbers."""
    file = descriptor_pb2.FileDescriptorProto(name="event.proto", package="t", syntax="proto3")
    kinds = {"double": FIELD.TYPE_DOUBLE, "int64": FIELD.TYPE_INT64, "string": FIELD.TYPE_STRING,
             "float": FIELD.TYPE_FLOAT}  # fmt: skip

    def message(name: str, *fields: tuple[str, int, str, bool]) -> None:
        made = file.message_type.add(name=name)
        for title, number, kind, repeated in fields:
            label = FIELD.LABEL_REPEATED if repeated else FIELD.LABEL_OPTIONAL
            field = made.field.add(name=title, number=number, label=label)
            if kind in kinds:
                field.type = kinds[kind]
            else:
                field.type, field.type_name = FIELD.TYPE_MESSAGE, f".t.{kind}"

    message("Value", ("tag", 1, "string", False), ("simple_value", 2, "float", False))
    message("Summary", ("value", 1, "Value", True))
    message("Event", ("wall_time", 1, "double", False), ("step", 2, "int64", False),
            ("file_version", 3, "string", False), ("summary", 5, "Summary", False))  # fmt: skip
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("t.Event"))


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


def test_the_published_crc() -> None:
    """RFC 3720, B.4: 32 zeros; and the check value of the polynomial."""
    assert events.crc32c(bytes(32)) == 0x8A9136AA
    assert events.crc32c(b"123456789") == 0xE3069283


def test_an_independent_reader_sees_the_scalars(tmp_path: Path) -> None:
    log = Log(tmp_path, 0)
    log.add(row(50))
    log.add(row(300, 31.25))
    event = event_class()
    found = [event.FromString(message) for message in records((tmp_path / logs.EVENTS).read_bytes())]
    assert [e.file_version for e in found] == ["brain.Event:2", "", ""]
    assert [e.step for e in found] == [0, 50, 300]
    assert found[1].wall_time == 1.7e9 + 50
    values = {v.tag: v.simple_value for v in found[2].summary.value}
    assert values["held_out/pq_psnr"] == 31.25
    assert values["train/loss"] == pytest.approx(1 / 300)
    assert "held_out/pq_psnr" not in {v.tag for v in found[1].summary.value}


def test_a_resumed_log_forgets_what_came_after_the_checkpoint(tmp_path: Path) -> None:
    log = Log(tmp_path, 0)
    for step in (50, 100, 150):
        log.add(row(step))
    again = Log(tmp_path, 100)
    assert [r.step for r in again.rows] == [50, 100]
    again.add(row(150, 30.0))
    assert [r.step for r in logs.read(tmp_path / "log.csv")] == [50, 100, 150]
    assert len(records((tmp_path / logs.EVENTS).read_bytes())) == 4
    assert (tmp_path / "log.csv").read_text().splitlines()[0] == ",".join(logs.COLUMNS)


def test_a_line_cut_off_is_forgotten_and_another_table_refused(tmp_path: Path) -> None:
    Log(tmp_path, 0).add(row(50))
    table = tmp_path / "log.csv"
    table.write_text(table.read_text() + "100,0.0")
    assert [r.step for r in logs.read(table)] == [50]
    table.write_text("step,mood\n1,good\n")
    with pytest.raises(DamagedError, match="not a log"):
        logs.read(table)


@pytest.mark.parametrize("count", [0, 1, 2, 5000])
def test_the_plot_is_a_picture(tmp_path: Path, count: int) -> None:
    log = Log(tmp_path, 0)
    log.rows = [row(step, 30 + step / count if step % 2 else math.nan) for step in range(1, count + 1)]
    log.plot()
    with Image.open(tmp_path / "log.png") as picture:
        drawn = np.asarray(picture)
    assert drawn.shape == (plots.HEIGHT * (2 if count else 1), plots.WIDTH, 3)
    assert (drawn == plots.LINE).all(-1).any() == bool(count)
    assert not list(tmp_path.glob(".*"))


def test_ticks_are_round() -> None:
    assert plots.ticks(0, 1000) == [0, 200, 400, 600, 800, 1000]
    assert [round(t, 9) for t in plots.ticks(0.13, 0.52)] == [0.2, 0.3, 0.4, 0.5]
    assert plots.ticks(-7.4, -6.1) == pytest.approx([-7.0, -6.5])
