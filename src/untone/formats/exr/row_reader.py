"""Reader of flat scan line EXRs by bands of rows, for files too large for memory (the library reads them whole).

Layout: "OpenEXR File Layout" (openexr.com), of a single-part scan line file, not packed or by ZIP (row_writer.py writes
those): a table of offsets, then chunks of a first row, a size, and lines, of each the channels in their order.
"""

from __future__ import annotations

import dataclasses
import functools
import struct
from collections.abc import Callable, Mapping

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from ...errors import DamagedError
from ..common.limits import check_size
from ..common.pixels import decoded

CHUNK_LINES = {0: 1, 2: 1, 3: 16}
"""Lines of a chunk by compression: none, ZIPS, ZIP. Other files are read whole, or not at all."""

SAMPLE_TYPES: dict[int, np.dtype[np.floating]] = {1: np.dtype("<f2"), 2: np.dtype("<f4")}
KEPT_BYTES = 64 << 20
"""Of unpacked chunks, which bands that begin within one ask for twice. A file whose single chunks have more, by a list
of very many channels, is not read so."""

Light = NDArray[np.float32]
Lines = NDArray[np.uint8]


@dataclasses.dataclass(frozen=True)
class Layout:
    """Where the lines of a file are.

    Attributes:
        width, height, top: of the data window; the first row's number.
        planes: offset and type of red, green and blue within a line.
        line_bytes: of one line, all channels.
        lines: of a chunk.
        packed: whether chunks are deflated.
        table: offset of the table of chunks.
    """

    width: int
    height: int
    top: int
    planes: tuple[tuple[int, np.dtype[np.floating]], ...]
    line_bytes: int
    lines: int
    packed: bool
    table: int


def layout_of(attributes: Mapping[bytes, bytes], table: int) -> Layout | None:
    """Of a flat single part whose header ends at `table`; None where it is packed, or its colours lie, otherwise,
    or a chunk is beyond KEPT_BYTES.

    Raises:
        DamagedError, LimitError: its size is none, or beyond the limit of pixels.
    """
    window, compression = attributes.get(b"dataWindow", b""), attributes.get(b"compression", b"")
    if len(window) != 16 or len(compression) != 1 or compression[0] not in CHUNK_LINES:
        return None
    left, top, right, bottom = struct.unpack("<4i", window)
    width, height = right - left + 1, bottom - top + 1
    check_size(width, height, 1)
    found: dict[bytes, tuple[int, np.dtype[np.floating]]] = {}
    listed, position, offset = attributes.get(b"channels", b""), 0, 0
    while (end := listed.find(b"\0", position)) > position:
        if end + 17 > len(listed):
            return None
        kind, _, across, down = struct.unpack_from("<iIii", listed, end + 1)
        if kind not in SAMPLE_TYPES or (across, down) != (1, 1):
            return None
        found[listed[position:end]] = (offset, SAMPLE_TYPES[kind])
        offset += width * SAMPLE_TYPES[kind].itemsize
        position = end + 17
    if not {b"R", b"G", b"B"} <= found.keys():
        return None
    planes, lines = tuple(found[name] for name in (b"R", b"G", b"B")), CHUNK_LINES[compression[0]]
    if lines * offset > KEPT_BYTES:
        return None
    return Layout(width, height, top, planes, offset, lines, compression[0] != 0, table)


def reader(data: bytes, layout: Layout) -> Callable[[int, int], Light]:
    """Makes [last - first, W, 3] float32 of rows first..last-1, as they are stored; may run in several threads.

    It raises DamagedError where chunks are not what the file says.

    Raises:
        DamagedError: the file ends within its table.
    """
    count = -(-layout.height // layout.lines)
    if layout.table + 8 * count > len(data):
        raise DamagedError(f"the EXR ends at byte {len(data)}, within the table of its {count} chunks")
    kept = max(1, KEPT_BYTES // (layout.lines * layout.line_bytes))
    chunk = functools.lru_cache(kept)(functools.partial(_chunk, data, layout))

    def made(first: int, last: int) -> Light:
        out = np.empty((last - first, layout.width, 3), np.float32)
        for index in range(first // layout.lines, -(-last // layout.lines)):
            begin = index * layout.lines
            found = chunk(index)[max(first - begin, 0) : last - begin]
            place = max(begin - first, 0)
            for channel, (offset, kind) in enumerate(layout.planes):
                plane = found[:, offset : offset + layout.width * kind.itemsize].view(kind)
                out[place : place + len(found), :, channel] = plane
        return out

    return made


def _chunk(data: bytes, layout: Layout, index: int) -> Lines:
    """The lines of a chunk as they were before they were packed, [lines, line_bytes]."""
    first = index * layout.lines
    rows = min(layout.lines, layout.height - first)
    (place,) = struct.unpack_from("<Q", data, layout.table + 8 * index)
    row, size = struct.unpack_from("<ii", data, place) if place + 8 <= len(data) else (0, -1)
    if row != layout.top + first or not 0 <= size <= len(data) - place - 8:
        raise DamagedError(f"the EXR's rows from {first} on are not where its table says")
    raw, body = rows * layout.line_bytes, memoryview(data)[place + 8 : place + 8 + size]
    if layout.packed and size < raw:
        unpacked = decoded(imagecodecs.deflate_decode, body, raw=False, out=raw)
        if len(unpacked) != raw:
            raise DamagedError(f"the EXR's rows from {first} on unpack to {len(unpacked)} bytes instead of {raw}")
        return _unsorted(np.frombuffer(unpacked, np.uint8)).reshape(rows, -1)
    if size != raw:
        raise DamagedError(f"the EXR's rows from {first} on have {size} bytes instead of {raw}")
    return np.frombuffer(body, np.uint8).reshape(rows, -1)


def _unsorted(packed: Lines) -> Lines:
    """Inverse of row_writer._sorted: bytes are differences, plus 128, to the one before; even ones, then odd ones."""
    mixed = packed + np.uint8(128)
    mixed[:1] = packed[:1]
    np.cumsum(mixed, dtype=np.uint8, out=mixed)
    out, half = np.empty_like(mixed), -(-len(mixed) // 2)
    out[::2], out[1::2] = mixed[:half], mixed[half:]
    return out
