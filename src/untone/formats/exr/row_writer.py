"""Writer of flat scan line EXRs, ZIP compressed, by bands of rows (the library needs all pixels at once).

Layout: "OpenEXR File Layout" (openexr.com), of a single-part scan line file; ZIP as its library packs it: the bytes of
16 rows sorted into first and second ones, each less the one before, then a zlib stream.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from ...image import Pixels
from ..common.files import Late, Part
from ..common.workers import in_threads

SIGNATURE = b"\x76\x2f\x31\x01"
VERSION = 2
LINES = 16
"""Of a chunk of ZIP."""

ZIP = 3
LEVEL = 4
"""Of libdeflate, as OpenEXR itself has it."""

BAND_PIXELS = 1 << 19
PIXEL_TYPES = {np.dtype(np.float16): 1, np.dtype(np.float32): 2}

Band = Callable[[int, int], Pixels]


def exr_parts(
    band: Band,
    width: int,
    height: int,
    dtype: type[np.floating],
    floats: Mapping[str, tuple[str, tuple[float, ...]]],
    threads: int,
) -> Iterator[Part]:
    """The pieces of a file, in order.

    Args:
        band: rows first..last-1 as light [last - first, W, 3] of `dtype`; called from several threads.
        dtype: float16 or float32.
        floats: more attributes: name to type and numbers.
        threads: bands packed at once.
    """
    header = _header(width, height, np.dtype(dtype), floats)
    sizes: list[int] = []
    count = -(-height // LINES)
    yield header
    yield Late(8 * count, lambda: _offsets(len(header) + 8 * count, sizes))
    rows = LINES * max(1, BAND_PIXELS // width // LINES)

    def packed(first: int) -> list[bytes]:
        last = min(first + rows, height)
        light = band(first, last)
        return [_chunk(first + k, light[k : k + LINES]) for k in range(0, last - first, LINES)]

    for chunks in in_threads(packed, range(0, height, rows), threads):
        sizes += map(len, chunks)
        yield from chunks


def _header(
    width: int, height: int, dtype: np.dtype[np.floating], floats: Mapping[str, tuple[str, tuple[float, ...]]]
) -> bytes:
    channel = struct.pack("<iB3xii", PIXEL_TYPES[dtype], 0, 1, 1)
    window = struct.pack("<4i", 0, 0, width - 1, height - 1)
    found = {
        "channels": ("chlist", b"".join(name + b"\0" + channel for name in (b"B", b"G", b"R")) + b"\0"),
        "compression": ("compression", bytes((ZIP,))),
        "dataWindow": ("box2i", window),
        "displayWindow": ("box2i", window),
        "lineOrder": ("lineOrder", b"\0"),
        "pixelAspectRatio": ("float", struct.pack("<f", 1)),
        "screenWindowCenter": ("v2f", struct.pack("<2f", 0, 0)),
        "screenWindowWidth": ("float", struct.pack("<f", 1)),
    }
    found |= {name: (kind, struct.pack(f"<{len(values)}f", *values)) for name, (kind, values) in floats.items()}
    rows = [f"{name}\0{kind}\0".encode() + struct.pack("<i", len(body)) + body for name, (kind, body) in found.items()]
    return b"".join([SIGNATURE, struct.pack("<I", VERSION), *rows, b"\0"])


def _offsets(first: int, sizes: list[int]) -> bytes:
    """Where each chunk begins in the file."""
    places = np.cumsum([first, *sizes[:-1]], dtype=np.uint64)
    return places.astype("<u8").tobytes()


def _chunk(row: int, light: Pixels) -> bytes:
    """Up to LINES rows: of each, all blue, all green, all red."""
    stored = np.ascontiguousarray(light[:, :, ::-1].swapaxes(1, 2))
    raw = stored.astype(stored.dtype.newbyteorder("<"), copy=False).tobytes()
    body = bytes(imagecodecs.deflate_encode(_sorted(raw).tobytes(), level=LEVEL, raw=False))
    if len(body) >= len(raw):
        body = raw
    return struct.pack("<ii", row, len(body)) + body


def _sorted(raw: bytes) -> NDArray[np.uint8]:
    """Even bytes, then odd ones; each less the one before, plus 128."""
    flat = np.frombuffer(raw, np.uint8)
    mixed = np.concatenate([flat[::2], flat[1::2]])
    out = np.empty_like(mixed)
    out[0] = mixed[0]
    np.subtract(mixed[1:], mixed[:-1], out=out[1:])
    out[1:] += 128
    return out
