"""Whether a file ends before its container says, where that has one length for all: Matroska and AVI."""

from __future__ import annotations

from pathlib import Path

HEAD_BYTES = 4096


def said_bytes(path: Path) -> int | None:
    """How long a file says it is; None where it does not say.

    Matroska: its EBML header, then a segment, unless of unknown length as in streams (RFC 8794, 6.2; RFC 9559, 5.1).
    AVI: its first RIFF chunk. MP4 has an index, by which missing frames are counted instead.
    """
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return 8 + int.from_bytes(head[4:8], "little")
    if head[:4] != b"\x1a\x45\xdf\xa3":
        return None
    header = _length(head, 4)
    if header is None or header[0] is None:
        return None
    segment = header[1] + header[0]
    if head[segment : segment + 4] != b"\x18\x53\x80\x67":
        return None
    length = _length(head, segment + 4)
    return None if length is None or length[0] is None else length[1] + length[0]


def _length(data: bytes, at: int) -> tuple[int | None, int] | None:
    """An element's length, None where it is unknown, and where its body begins; None where there is none."""
    if at >= len(data) or not data[at]:
        return None
    size = 9 - data[at].bit_length()
    value = int.from_bytes(data[at : at + size], "big") & ((1 << 7 * size) - 1)
    return (None if value == (1 << 7 * size) - 1 else value), at + size
