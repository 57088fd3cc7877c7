"""Light levels, known when the last frame is encoded, put where placeholders stand: MP4 boxes, Matroska elements, and
the metadata of every key frame. Byte for byte: nothing moves."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ....errors import UntoneError
from ..measurement import Levels
from .encoding import PLACEHOLDER_CLL, PLACEHOLDER_FALL

_LEVELS = struct.pack(">2H", PLACEHOLDER_CLL, PLACEHOLDER_FALL)
_IN_BITSTREAM = {"av1": b"\x01" + _LEVELS, "hevc": b"\x90\x04" + _LEVELS}
"""AV1: metadata type 1 (AV1 6.7.3); HEVC: SEI 144 of 4 bytes (H.265 D.2.35)."""

HEADER_BYTES = 1 << 16
"""In which a Matroska file has its tracks."""

KEY_BYTES = 1 << 12
"""In which a key frame has its metadata."""


def write_light_levels(path: Path, codec: str, measured: Levels) -> None:
    """Put the light levels in place of the placeholders of a finished film.

    Raises:
        UntoneError: a placeholder is not where it must be; the film must not be kept.
    """
    levels = struct.pack(">2H", *_whole(measured.max_cll_nits, measured.max_fall_nits))
    with path.open("r+b") as file:
        places = [*_container_places(path, file, codec), *_bitstream_places(path, file, codec)]
        for at, offset, size in places:
            file.seek(at)
            file.write(levels[offset : offset + size])


def _whole(max_cll_nits: float, max_fall_nits: float) -> tuple[int, int]:
    """Whole nits; a MaxCLL that would need an emulation prevention byte (H.265 7.3.1.1) is one nit more."""
    cll, fall = max(1, round(max_cll_nits)), max(1, round(max_fall_nits))
    return (cll + 1 if cll % 256 == 0 and fall < 4 else cll), fall


def _container_places(path: Path, file: BinaryIO, codec: str) -> Iterator[tuple[int, int, int]]:
    """(Where in the file, where in the four bytes of levels, how many bytes)."""
    if path.suffix.lower() == ".mkv":
        start, head = 0, _read(file, 0, HEADER_BYTES)
        for name, offset in ((b"\x55\xbc\x82", 0), (b"\x55\xbd\x82", 2)):  # MaxCLL and MaxFALL, of two bytes
            yield _found(head, name + _LEVELS[offset : offset + 2], 0) + 3, offset, 2
    else:
        start, end = _movie(file)
        head = _read(file, start, end - start)
        yield start + _found(head, b"clli" + _LEVELS, start) + 4, 0, 4
    pattern = _IN_BITSTREAM.get(codec)  # parameter sets carry the same message
    at = -1
    while pattern is not None and (at := head.find(pattern, at + 1)) >= 0:
        yield start + at + len(pattern) - 4, 0, 4


def _movie(file: BinaryIO) -> tuple[int, int]:
    """Where the index of an MP4 lies, by the boxes of the file."""
    at, whole = 0, file.seek(0, io.SEEK_END)
    while at + 16 <= whole:
        size, name, large = struct.unpack(">I4sQ", _read(file, at, 16))
        size = large if size == 1 else size or whole - at
        if name == b"moov":
            return at, at + size
        at += max(size, 8)
    raise UntoneError("the film was written without an index")


def _bitstream_places(path: Path, file: BinaryIO, codec: str) -> Iterator[tuple[int, int, int]]:
    import av

    pattern = _IN_BITSTREAM.get(codec)
    if pattern is None:
        return
    with av.open(str(path)) as container:
        for packet in container.demux(video=0):
            if packet.size and packet.is_keyframe and packet.pos is not None:
                data = _read(file, packet.pos, min(packet.size, KEY_BYTES) + 64)
                yield packet.pos + _found(data, pattern, packet.pos) + len(pattern) - 4, 0, 4


def _read(file: BinaryIO, at: int, size: int) -> bytes:
    file.seek(at)
    return file.read(size)


def _found(data: bytes, pattern: bytes, at: int) -> int:
    place = data.find(pattern)
    if place < 0:
        raise UntoneError(f"no place for the light levels after byte {at}: the film cannot be finished")
    return place
