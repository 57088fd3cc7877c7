"""Reading and writing plain code values of data sets: PNG of 8 and 16 bits, colour tags ignored, and .npy.

A reader of photos converts by ICC and gamma tags. Data sets are read as plain numbers: a layout says what codes mean.
"""

from __future__ import annotations

import dataclasses
import io
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from ... import formats
from ...errors import DamagedError, UnsupportedError, UntoneError
from ...formats.common.files import load_bytes, save
from ...formats.common.limits import MAX_CHUNKS, check_size
from ...formats.png import codec as png

Codes = NDArray[Any]

PQ_BT2020 = bytes((9, 16, 0, 1))
"""cICP of BT.2100 PQ: BT.2020 primaries, ST 2084, RGB, full range (ITU-T H.273)."""

_CRITICAL = (b"IHDR", b"PLTE", b"IDAT", b"IEND")
_COLOUR = (b"cICP", b"iCCP", b"sRGB", b"gAMA", b"cHRM")
_GREY_KINDS = (0, 4)


@dataclasses.dataclass(frozen=True)
class Header:
    """Size and depth of a picture: rows, columns, bits of a sample, and whether it has one channel."""

    height: int
    width: int
    bits: int
    is_grey: bool = False


def header(path: Path) -> Header:
    """From the first bytes; of a JPEG, from its segments.

    Raises:
        DamagedError, UnsupportedError, LimitError, UntoneError: unreadable, no PNG or JPEG, or too large.
    """
    try:
        with path.open("rb") as stream:
            head = stream.read(33)
    except OSError as error:
        raise UntoneError(f"cannot read {path}: {error.strerror or error}") from error
    if not head:
        raise DamagedError("the file is empty")
    if not head.startswith(png.SIGNATURE):
        signal = formats.probe(path)
        if signal.format != "jpeg":
            raise UnsupportedError(f"is a {signal.format}; data sets keep PNG or JPEG")
        return Header(signal.height, signal.width, 8)
    if len(head) < 33 or head[12:16] != b"IHDR":
        raise DamagedError("the PNG ends before, or lacks, its IHDR chunk")
    width, height, bits, kind = struct.unpack_from(">IIBB", head, 16)
    check_size(width, height, 8)
    return Header(height, width, 16 if bits == 16 else 8, kind in _GREY_KINDS)


def read(path: Path, bits: int) -> Codes:
    """Codes of a PNG or JPEG as they are, [H, W, 3] uint8 or uint16; grey is repeated, alpha dropped.

    Args:
        bits: 8 or 16, which the file must have.

    Raises:
        DamagedError, UnsupportedError, LimitError, UntoneError: it cannot be decoded, or has another depth.
    """
    data = load_bytes(path)
    if data.startswith(png.SIGNATURE):
        data = b"".join([png.SIGNATURE, *(body for name, body in chunks(data) if name in _CRITICAL)])
    pixels = formats.read(data)[0].pixels
    if pixels.dtype != (np.uint8 if bits == 8 else np.uint16):
        raise DamagedError(f"has {8 * pixels.itemsize} bits a sample, not {bits}")
    return np.asarray(pixels)


def tags(path: Path) -> list[bytes]:
    """Chunks that describe the codes of a PNG, or a JPEG's ICC profile as such a chunk, to be put into another PNG."""
    data = load_bytes(path)
    if not data.startswith(png.SIGNATURE):
        icc = formats.read(data)[0].icc
        return [chunk(b"iCCP", b"icc\0\0" + zlib.compress(icc))] if icc else []
    return [body for name, body in chunks(data) if name in _COLOUR]


def cicp(path: Path) -> tuple[int, ...] | None:
    """The four code points of a PNG's cICP chunk, where it has one before its pixels; reads no further than those."""
    with path.open("rb") as stream:
        head = stream.read(1 << 16)
    for name, body in _walk(head):
        if name == b"cICP" and len(body) == 16:
            return tuple(body[8:12])
        if name == b"IDAT":
            return None
    return None


def chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    """Name and whole bytes of every chunk.

    Raises:
        DamagedError: one runs past the end, or there is no IEND.
    """
    found = list(_walk(data))
    if not found or found[-1][0] != b"IEND":
        raise DamagedError(f"the PNG ends at byte {len(data)} without its IEND chunk")
    return found


def _walk(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = len(png.SIGNATURE)
    for _ in range(MAX_CHUNKS):
        if position + 12 > len(data):
            return
        length, name = struct.unpack_from(">I4s", data, position)
        if position + 12 + length > len(data):
            return
        yield name, data[position : position + 12 + length]
        if name == b"IEND":
            return
        position += 12 + length


def chunk(name: bytes, body: bytes) -> bytes:
    """One chunk of a PNG."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def write_png(path: Path, codes: Codes, *, described: bytes | None = None, tags: list[bytes] | None = None) -> None:
    """A PNG of codes as they are, [H, W], [H, W, 1] or [H, W, 3], uint8 or uint16; whole or not at all.

    Args:
        described: the four bytes of a cICP chunk, or None.
        tags: whole chunks that describe the codes, as `tags` gives them.

    Raises:
        UntoneError: the disk refuses.
    """
    packed = png_bytes(codes)
    extra = ([chunk(b"cICP", described)] if described else []) + (tags or [])
    save(path, [packed[:33], *extra, packed[33:]])


def png_bytes(codes: Codes) -> bytes:
    """A PNG of codes, without colour tags."""
    plane = codes[..., 0] if codes.ndim == 3 and codes.shape[2] == 1 else codes
    return bytes(imagecodecs.png_encode(np.ascontiguousarray(plane), level=png.LEVEL))


def read_npy(path: Path) -> NDArray[Any]:
    """The array of a small .npy; nothing in it is executed.

    Raises:
        DamagedError: it is no .npy of numbers.
    """
    try:
        array = np.array(np.load(path, mmap_mode="r", allow_pickle=False))  # a map cannot be larger than its file
    except (ValueError, OSError, EOFError, SyntaxError, MemoryError) as error:
        raise DamagedError(f"{path}: no readable .npy ({' '.join(str(error).split())[:120]})") from error
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "fiu":
        raise DamagedError(f"{path}: the .npy holds no numbers")
    return array


def write_npy(path: Path, array: NDArray[Any]) -> None:
    """A .npy; whole or not at all.

    Raises:
        UntoneError: the disk refuses.
    """
    save(path, [npy_bytes(array)])


def npy_bytes(array: NDArray[Any]) -> bytes:
    """The content of a .npy."""
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()
