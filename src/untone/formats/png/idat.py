"""IDAT chunks of a PNG, compressed by threads in bands of rows, in bounded memory."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from ...image import Pixels
from ..common.workers import in_threads

UP = 2
"""The one row filter used, the difference to the row above: on photos no worse than a choice per row, and quick."""

IDAT = b"IDAT"
ZLIB_HEADER = b"\x78\x5e"

Band = Callable[[int, int], Pixels]


def chunk(name: bytes, body: bytes) -> bytes:
    """A PNG chunk: length, name, body, checksum."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(body, zlib.crc32(name)))


def idat_chunks(band: Band, height: int, rows: int, level: int, threads: int) -> Iterator[bytes]:
    """One IDAT chunk per band; together they hold one zlib stream.

    Args:
        band: rows first..last-1 as uint8 or uint16 codes [last - first, W, 3]; called from several threads.
        height: of the picture.
        rows: of a band.
        level: zlib effort.
        threads: bands compressed at once.
    """
    starts = range(0, height, rows)

    def packed(first: int) -> tuple[bytes, int, int, int]:
        last = min(first + rows, height)
        filtered = _filtered(_bytes(band(max(first - 1, 0), last)), first > 0)
        squeeze = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS, 9)
        ending = zlib.Z_FINISH if last == height else zlib.Z_FULL_FLUSH
        body = (ZLIB_HEADER if first == 0 else b"") + squeeze.compress(filtered.data) + squeeze.flush(ending)
        return body, zlib.crc32(body, zlib.crc32(IDAT)), zlib.adler32(filtered.data), filtered.nbytes

    total = 1
    for first, (body, check, checksum, size) in zip(starts, in_threads(packed, starts, threads), strict=True):
        total = _joined(total, checksum, size)
        tail = struct.pack(">I", total) if first + rows >= height else b""
        ends = struct.pack(">I", len(body) + len(tail)), struct.pack(">I", zlib.crc32(tail, check))
        yield b"".join([ends[0], IDAT, body, tail, ends[1]])


def _bytes(codes: Pixels) -> NDArray[np.uint8]:
    """Rows of codes as PNG stores them, most significant byte first."""
    stored = codes.astype(">u2") if codes.dtype == np.uint16 else np.ascontiguousarray(codes)
    return stored.view(np.uint8).reshape(codes.shape[0], -1)


def _filtered(rows: NDArray[np.uint8], has_above: bool) -> NDArray[np.uint8]:
    """Rows with their filter byte, each less the one above; the first row given is that above, or has none."""
    above = rows[:-1] if has_above else np.concatenate([np.zeros_like(rows[:1]), rows[:-1]])
    here = rows[1:] if has_above else rows
    out = np.empty((len(here), rows.shape[1] + 1), np.uint8)
    out[:, 0] = UP
    np.subtract(here, above, out=out[:, 1:])
    return out


def _joined(first: int, second: int, size: int) -> int:
    """Adler-32 (RFC 1950) of two byte strings on end, from theirs and the length of the second."""
    prime = 65521
    low = ((first & 0xFFFF) + (second & 0xFFFF) - 1) % prime
    high = ((first >> 16) + (second >> 16) + size * ((first & 0xFFFF) - 1)) % prime
    return high << 16 | low
