"""Scalars as TensorBoard reads them: TFRecord files of Event messages, written without its packages.

A record is its length (uint64), a masked CRC-32C of that, the message, and a masked CRC-32C of the message, all little
endian. The few fields needed of the messages (tensorflow/core/util/event.proto, summary.proto) are encoded by hand.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path

VERSION = "brain.Event:2"
POLYNOMIAL = 0x82F63B78


def _table() -> list[int]:
    rows = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (POLYNOMIAL if value & 1 else 0)
        rows.append(value)
    return rows


TABLE = _table()


def crc32c(data: bytes) -> int:
    """CRC-32C (Castagnoli) of bytes; 0xE3069283 for b"123456789"."""
    value = 0xFFFFFFFF
    for byte in data:
        value = TABLE[(value ^ byte) & 0xFF] ^ value >> 8
    return value ^ 0xFFFFFFFF


def masked(crc: int) -> int:
    """A CRC as TFRecord stores it: rotated and offset, so that records may hold CRCs."""
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def record(message: bytes) -> bytes:
    """A message as one TFRecord."""
    length = struct.pack("<Q", len(message))
    return b"".join(
        (length, struct.pack("<I", masked(crc32c(length))), message, struct.pack("<I", masked(crc32c(message))))
    )


def opening(seconds: float) -> bytes:
    """The event that every file begins with."""
    return _number(1, seconds) + _bytes(3, VERSION.encode())


def scalars(seconds: float, step: int, values: Mapping[str, float]) -> bytes:
    """An event of values by tag at a step; `seconds` since 1970."""
    summary = b"".join(_bytes(1, _bytes(1, tag.encode()) + _single(2, value)) for tag, value in values.items())
    return _number(1, seconds) + _varint(2 << 3) + _varint(step) + _bytes(5, summary)


def write(path: Path, events: list[bytes]) -> None:
    """A new file of these events."""
    path.write_bytes(b"".join(map(record, events)))


def append(path: Path, event: bytes) -> None:
    """One more event at the end of a file."""
    with path.open("ab") as file:
        file.write(record(event))


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _number(field: int, value: float) -> bytes:
    return _varint(field << 3 | 1) + struct.pack("<d", value)


def _single(field: int, value: float) -> bytes:
    return _varint(field << 3 | 5) + struct.pack("<f", value)


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value
