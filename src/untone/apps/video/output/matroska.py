"""Matroska elements that the muxer cannot be told of: a template that brings side data, and the display size.

Muxers write mastering display and light levels from the side data of a stream, which Python cannot make. But a stream
that is copied brings its own: so a Matroska file without pictures, made here, is the template of a film's video track.
"""

from __future__ import annotations

import io
import math
import struct
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

from ....errors import UntoneError
from .encoding import DARKEST_NITS, P3_D65, PLACEHOLDER_CLL, PLACEHOLDER_FALL, Mastering

CODECS = {"av1": b"V_AV1", "hevc": b"V_MPEGH/ISO/HEVC", "prores": b"V_PRORES", "ffv1": b"V_FFV1"}
TEMPLATE_SIDE = 64

HEADER, SEGMENT, CLUSTER = 0x1A45DFA3, 0x18538067, 0x1F43B675
SEEK_HEAD, SEEK, SEEK_ID, SEEK_POSITION = 0x114D9B74, 0x4DBB, 0x53AB, 0x53AC
VOID, INFO, TRACKS, TRACK_ENTRY, VIDEO = 0xEC, 0x1549A966, 0x1654AE6B, 0xAE, 0xE0
DISPLAY_UNIT, DISPLAY_WIDTH, DISPLAY_HEIGHT = 0x54B2, 0x54B0, 0x54BA
"""RFC 9559, section 5."""

HEAD_BYTES = 1 << 16
"""In which a film has its tracks."""


def template(codec: str, mastering: Mastering | None) -> Any:
    """An opened film without a picture, whose only stream has the codec, and the side data, of the film to come."""
    import av

    video = number(0xB0, TEMPLATE_SIDE) + number(0xBA, TEMPLATE_SIDE) + (_colour(mastering) if mastering else b"")
    entry = number(0xD7, 1) + number(0x73C5, 1) + number(0x83, 1) + element(0x86, CODECS[codec]) + element(VIDEO, video)
    segment = element(INFO, number(0x2AD7B1, 1_000_000)) + element(TRACKS, element(TRACK_ENTRY, entry))
    segment += element(CLUSTER, number(0xE7, 0) + element(0xA3, b"\x81\0\0\x80\0"))
    header = element(0x4282, b"matroska") + number(0x4287, 4) + number(0x4285, 2)
    return av.open(io.BytesIO(element(HEADER, header) + element(SEGMENT, segment)), format="matroska")


def _colour(mastering: Mastering) -> bytes:
    corners = [value / 50000 for value in P3_D65]
    order = (4, 5, 0, 1, 2, 3, 6, 7)  # red, green, blue, white
    elements = [_float(0x55D1 + k, corners[at]) for k, at in enumerate(order)]
    elements += [_float(0x55D9, mastering.peak_nits), _float(0x55DA, DARKEST_NITS)]
    levels = number(0x55BC, PLACEHOLDER_CLL) + number(0x55BD, PLACEHOLDER_FALL)
    return element(0x55B0, levels + element(0x55D0, b"".join(elements)))


def element(name: int, body: bytes) -> bytes:
    """An EBML element, its length in four bytes (RFC 8794)."""
    return _name(name) + struct.pack(">I", len(body) | 1 << 28) + body


def number(name: int, value: int, size: int = 4) -> bytes:
    """An element that holds a whole number."""
    return element(name, value.to_bytes(size, "big"))


def _name(name: int) -> bytes:
    return name.to_bytes((name.bit_length() + 7) // 8, "big")


def _float(name: int, value: float) -> bytes:
    return element(name, struct.pack(">d", value))


def children(data: bytes, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """(name, where it begins, where its body begins, where it ends) of elements side by side."""
    while start < end:
        name_size = 9 - data[start].bit_length()
        at = start + name_size
        if name_size > 4 or at >= len(data):
            return
        size_size = 9 - data[at].bit_length()
        size = int.from_bytes(data[at : at + size_size], "big") & ((1 << 7 * size_size) - 1)
        body = at + size_size
        yield int.from_bytes(data[start:at], "big"), start, body, body + size
        start = body + size


def write_display_size(path: Path, width: int, height: int, aspect: Fraction) -> None:
    """Say in a finished film how large its pictures are shown; the muxer has said that it does not know.

    What this takes comes from the void that the muxer leaves before the tracks, so that nothing behind them moves.

    Raises:
        UntoneError: the film is not laid out as the muxer lays it out.
    """
    with path.open("r+b") as file:
        head = file.read(HEAD_BYTES)
        file.seek(0)
        file.write(_with_display_size(head, _shown(width, height, aspect)))


def _shown(width: int, height: int, aspect: Fraction) -> tuple[int, int]:
    """The smallest size of exactly this aspect, no side shorter than the picture's, where three bytes hold it."""
    exact = Fraction(width, height) * aspect
    factor = max(math.ceil(Fraction(width, exact.numerator)), math.ceil(Fraction(height, exact.denominator)))
    if factor * max(exact.numerator, exact.denominator) < 1 << 24:
        return factor * exact.numerator, factor * exact.denominator
    return round(width * aspect), height


def _with_display_size(head: bytes, shown: tuple[int, int]) -> bytes:
    top = {name: (begin, body, end) for name, begin, body, end in _segment_children(head)}
    if not {SEEK_HEAD, VOID, INFO, TRACKS} <= set(top) or not top[VOID][0] < top[INFO][0] < top[TRACKS][0]:
        raise UntoneError("the film's header has no room for the display size")
    begin, body, end = top[TRACKS]
    entry = next(found for found in children(head, body, end) if found[0] == TRACK_ENTRY)
    video = next(found for found in children(head, entry[2], entry[3]) if found[0] == VIDEO)
    unit = next((found for found in children(head, video[2], video[3]) if found[0] == DISPLAY_UNIT), None)
    kept = head[video[2] : video[3]] if unit is None else head[video[2] : unit[1]] + head[unit[3] : video[3]]
    pairs = zip((DISPLAY_WIDTH, DISPLAY_HEIGHT), shown, strict=True)
    size = b"".join(_name(name) + b"\x83" + side.to_bytes(3, "big") for name, side in pairs)
    new_video = element(VIDEO, kept + size)
    new_entry = element(TRACK_ENTRY, head[entry[2] : video[1]] + new_video + head[video[3] : entry[3]])
    tracks = element(TRACKS, head[body : entry[1]] + new_entry + head[entry[3] : end])
    grown = len(tracks) - (end - begin)
    void = top[VOID]
    room = void[2] - void[0] - grown
    if room < 2:
        raise UntoneError("the film's header has no room for the display size")
    filler = _name(VOID) + bytes([0x80 | (room - 2)]) + bytes(room - 2)
    moved = head[: void[0]] + filler + head[void[2] : begin] + tracks
    return _moved_seeks(moved, {INFO, TRACKS}, grown) + head[len(moved) :]


def _segment_children(head: bytes) -> list[tuple[int, int, int, int]]:
    segment = next(found for found in children(head, 0, len(head)) if found[0] == SEGMENT)
    return list(children(head, segment[2], len(head)))


def _moved_seeks(head: bytes, names: set[int], by: int) -> bytes:
    """The same, with what its seek head says of elements that moved to the front."""
    changed = bytearray(head)
    seek_head = next(found for found in _segment_children(head) if found[0] == SEEK_HEAD)
    for seek in children(head, seek_head[2], seek_head[3]):
        if seek[0] == SEEK:
            parts = {name: (start, end) for name, _, start, end in children(head, seek[2], seek[3])}
            (a, b), (start, end) = parts[SEEK_ID], parts[SEEK_POSITION]
            if int.from_bytes(head[a:b], "big") in names:
                changed[start:end] = (int.from_bytes(head[start:end], "big") - by).to_bytes(end - start, "big")
    return bytes(changed)
