"""What the container and the first frame of a film say of its light, each by itself."""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ...formats.common.isobmff import boxes
from ...system import reachable
from . import signals
from .output import matroska

MOST_INDEX_BYTES = 256 << 20
MATROSKA = b"\x1a\x45\xdf\xa3"

SAMPLE_ENTRY = (b"mdia", b"minf", b"stbl", b"stsd")
VISUAL_ENTRY_BYTES = 78
"""Of a visual sample entry before its boxes (ISO/IEC 14496-12, 12.1.3)."""


@dataclasses.dataclass(frozen=True)
class Light:
    """HDR10 metadata of one place; None where it has none.

    Attributes:
        max_cll, max_fall: nits.
        peak_nits, black_nits: of the mastering display.
        corners: its red, green, blue, white, x and y.
    """

    max_cll: int | None = None
    max_fall: int | None = None
    peak_nits: float | None = None
    black_nits: float | None = None
    corners: tuple[float, ...] | None = None


@dataclasses.dataclass(frozen=True)
class Said:
    """Of a container: H.273 numbers as far as it has them, and its light."""

    primaries: int | None = None
    transfer: int | None = None
    matrix: int | None = None
    range: int | None = None
    light: Light = Light()


def of_frame(frame: Any) -> Light:
    """HDR10 metadata of a decoded frame, that is of the bitstream (or of the container, where that has none)."""
    found: dict[str, Any] = {}
    levels, mastering = (signals.side_data(frame, n) for n in ("CONTENT_LIGHT_LEVEL", "MASTERING_DISPLAY_METADATA"))
    if levels is not None:
        found["max_cll"], found["max_fall"] = np.frombuffer(levels, np.uint32)[:2].tolist()
    if mastering is not None:
        numbers = np.frombuffer(mastering, np.int32).tolist()
        values = [a / b if b else 0.0 for a, b in zip(numbers[:20:2], numbers[1:20:2], strict=True)]
        found["corners"] = tuple(round(v, 5) for v in values[:8])
        found["black_nits"], found["peak_nits"] = values[8], values[9]
    return Light(**found)


def of_container(path: Path) -> Said:
    """What the first picture track of an MP4, MOV or Matroska file says; nothing of other containers.

    Raises:
        DamagedError: boxes that contradict their lengths.
    """
    path = reachable(path)
    with path.open("rb") as file:
        head = file.read(matroska.HEAD_BYTES)
        if head.startswith(MATROSKA):
            return _matroska(head)
        at, whole = 0, path.stat().st_size
        while at + 16 <= whole:
            file.seek(at)
            size, name, large = struct.unpack(">I4sQ", file.read(16))
            size = large if size == 1 else size or whole - at
            if name == b"moov" and size <= MOST_INDEX_BYTES:
                file.seek(at)
                return _mp4(file.read(size))
            at += max(size, 8)
    return Said()


def _mp4(movie: bytes) -> Said:
    found: dict[str, Any] = {}
    light: dict[str, Any] = {}
    for name, body in _entry_boxes(movie):
        if name == b"colr" and body[:4] == b"nclx" and len(body) >= 11:
            primaries, transfer, matrix, full = struct.unpack(">3HB", body[4:11])
            found |= {"primaries": primaries, "transfer": transfer, "matrix": matrix, "range": 2 if full >> 7 else 1}
        elif name == b"clli" and len(body) >= 4:
            light["max_cll"], light["max_fall"] = struct.unpack(">2H", body[:4])
        elif name == b"mdcv" and len(body) >= 24:
            numbers = struct.unpack(">8H2I", body[:24])
            g, b, r, w = (numbers[k : k + 2] for k in (0, 2, 4, 6))
            light["corners"] = tuple(v / 50000 for v in (*r, *g, *b, *w))
            light["peak_nits"], light["black_nits"] = numbers[8] / 10000, numbers[9] / 10000
    return Said(**found, light=Light(**light))


def _entry_boxes(movie: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Boxes of the first visual sample entry."""
    for track in boxes(movie, 8, len(movie)):
        if track.name != b"trak":
            continue
        start, end, handler = track.start, track.end, b""
        for name in SAMPLE_ENTRY:
            inner = {b.name: b for b in boxes(movie, start, end)}
            if b"hdlr" in inner:
                handler = movie[inner[b"hdlr"].start + 8 : inner[b"hdlr"].start + 12]
            if name not in inner:
                break
            start, end = inner[name].start, inner[name].end
        else:
            if handler == b"vide":
                entry = next(boxes(movie, start + 8, end), None)
                if entry is not None:
                    for box in boxes(movie, entry.start + VISUAL_ENTRY_BYTES, entry.end):
                        yield box.name, movie[box.start : box.end]
                return


_COLOUR = {0x55BB: "primaries", 0x55BA: "transfer", 0x55B1: "matrix", 0x55B9: "range"}
_LEVELS = {0x55BC: "max_cll", 0x55BD: "max_fall"}


def _matroska(head: bytes) -> Said:
    found: dict[str, Any] = {}
    light: dict[str, Any] = {}
    for name, body in _colour_elements(head):
        if name in _COLOUR:
            found[_COLOUR[name]] = int.from_bytes(body, "big")
        elif name in _LEVELS:
            light[_LEVELS[name]] = int.from_bytes(body, "big")
        elif name == 0x55D0:
            values = {n: _real(body[a:b]) for n, _, a, b in matroska.children(body, 0, len(body))}
            light["corners"] = tuple(values.get(0x55D1 + k, 0.0) for k in range(8))
            light["peak_nits"], light["black_nits"] = values.get(0x55D9), values.get(0x55DA)
    return Said(**found, light=Light(**light))


def _colour_elements(head: bytes) -> Iterator[tuple[int, bytes]]:
    """What the colour of the first track with pictures holds."""
    path = (matroska.SEGMENT, matroska.TRACKS)
    start, end = 0, len(head)
    for name in path:
        place = next((f for f in matroska.children(head, start, end) if f[0] == name), None)
        if place is None:
            return
        start, end = place[2], min(place[3], len(head))
    for entry in matroska.children(head, start, end):
        for video in matroska.children(head, entry[2], min(entry[3], end)):
            if video[0] == matroska.VIDEO:
                for colour in matroska.children(head, video[2], min(video[3], end)):
                    if colour[0] == 0x55B0:
                        for name, _, a, b in matroska.children(head, colour[2], min(colour[3], end)):
                            yield name, head[a:b]
                return


def _real(body: bytes) -> float:
    return float(struct.unpack(">d" if len(body) == 8 else ">f", body)[0]) if len(body) in (4, 8) else 0.0
