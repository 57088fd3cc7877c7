"""Parser and writer of JPEG marker segments, without decoding (ITU-T T.81 annex B)."""

from __future__ import annotations

import dataclasses
import re
import struct

from ...errors import DamagedError, LimitError, UnsupportedError
from ..common.limits import MAX_METADATA_BYTES, MAX_SCANS, MAX_SEGMENTS

SOI, EOI, SOS = 0xD8, 0xD9, 0xDA
APP0, APP1, APP2, APP14, APP15 = 0xE0, 0xE1, 0xE2, 0xEE, 0xEF
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
DECODED_FRAMES = {0xC0, 0xC1, 0xC2, 0xC9, 0xCA}
"""Baseline, extended, progressive; Huffman and arithmetic."""

EXIF_TAG = b"Exif\0\0"
XMP_TAG = b"http://ns.adobe.com/xap/1.0/\0"
ICC_TAG = b"ICC_PROFILE\0"
JFIF_TAG = b"JFIF\0"

MAX_BODY = 65533
"""Bytes that one segment can carry."""

STEP = 1 << 18
"""Bytes searched in one go."""

_START = re.compile(rb"\xff(?=[^\x00\xff])")
"""A marker between segments; fill bytes before it, and stray ones, are skipped."""

LEAST_FEEDS, MANY = 12, 24
"""Line feeds in image data that chance puts after carriage returns, all of them, less than once in 10^10 files; what
there must be of something else where there is no line end at all, for the same chance."""

LIKE_LINE_ENDS = (b"\x09", b"\x0b", b"\x0c", b"\x0e")
"""Bytes that are as frequent as carriage returns and line feeds where data are like noise. Flat areas are not: they
repeat a few bytes, and count for neither."""

_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""The end of entropy-coded data: 0xFF that is neither stuffing, nor a restart marker, nor a fill byte."""


@dataclasses.dataclass(frozen=True)
class Segment:
    """One marker segment: file offsets of its 0xFF and of the byte after it, and its body without the length."""

    marker: int
    start: int
    end: int
    body: bytes


@dataclasses.dataclass(frozen=True)
class Codestream:
    """One JPEG image within a file, as far as its first scan.

    Attributes:
        start: offset of its SOI.
        segments: what stands before the first scan, in order.
        scan: offset of the first SOS.
        width, height, components, bits: from the frame header.
        frame: marker of the frame header (0xC0 baseline, 0xC2 progressive).
    """

    start: int
    segments: tuple[Segment, ...]
    scan: int
    width: int
    height: int
    components: int
    bits: int
    frame: int

    def first(self, marker: int, tag: bytes) -> Segment | None:
        """The first segment of this marker whose body begins with `tag`."""
        return next((s for s in self.segments if s.marker == marker and s.body.startswith(tag)), None)

    def payload(self, marker: int, tag: bytes) -> bytes | None:
        """The body of that segment after its tag."""
        segment = self.first(marker, tag)
        return None if segment is None else segment.body[len(tag) :]

    @property
    def icc(self) -> bytes | None:
        """The ICC profile, joined from its numbered chunks; None where absent or incomplete."""
        bodies = [s.body for s in self.segments if s.marker == APP2 and s.body.startswith(ICC_TAG) and len(s.body) > 14]
        chunks = {body[12]: body[14:] for body in reversed(bodies)}
        if not bodies or sorted(chunks) != list(range(1, bodies[0][13] + 1)):
            return None
        profile = b"".join(chunks[number] for number in sorted(chunks))
        return profile if len(profile) <= MAX_METADATA_BYTES else None


def parse(data: bytes, start: int = 0, most: int = MAX_SEGMENTS) -> Codestream:
    """The codestream whose SOI stands at `start`.

    Raises:
        DamagedError: no SOI there, a segment runs past the end, no frame header or no scan.
        LimitError: more than so many segments.
    """
    if data[start : start + 2] != b"\xff\xd8":
        raise DamagedError(f"no JPEG start of image at byte {start}")
    segments: list[Segment] = []
    position = start + 2
    while True:
        segment = _segment(data, position)
        if segment.marker == SOS:
            break
        segments.append(segment)
        if len(segments) > most:
            raise LimitError(f"the JPEG at byte {start} has more than {most} segments")
        position = segment.end
    frames = [s for s in segments if s.marker in FRAMES]
    if len(frames) != 1 or len(frames[0].body) < 6:
        raise DamagedError(f"the JPEG at byte {start} has {len(frames)} frame headers instead of one")
    bits, height, width, components = struct.unpack_from(">BHHB", frames[0].body)
    return Codestream(start, tuple(segments), segment.start, width, height, components, bits, frames[0].marker)


def _segment(data: bytes, position: int) -> Segment:
    """The next marker segment at or after `position`; stray bytes before it are skipped, as decoders do."""
    start, head = position, data[position : position + 4]
    if head[:1] != b"\xff" or head[1:2] in (b"\0", b"\xff"):
        start = _search(_START, data, position)
        head = data[start : start + 4]
    if len(head) < 4:
        raise DamagedError(f"the JPEG ends at byte {len(data)}, before its image data")
    marker = head[1]
    if marker in (SOI, EOI) or 0xD0 <= marker <= 0xD7 or marker == 1:
        raise DamagedError(f"the JPEG has marker 0x{marker:02X} at byte {start}, before its image data")
    length = int.from_bytes(head[2:], "big")
    end = start + 2 + length
    if length < 2 or end > len(data):
        raise DamagedError(f"the JPEG segment at byte {start} says {length} bytes; the file ends at {len(data)}")
    return Segment(marker, start, end, bytes(data[start + 4 : end]))


def _search(pattern: re.Pattern[bytes], data: bytes, position: int) -> int:
    """Where two bytes of a pattern stand next, in pieces, as not all may be in memory; the length where nowhere."""
    while position < len(data):
        found = pattern.search(data[position : position + STEP + 1])
        if found is not None:
            return position + found.start()
        position += STEP
    return len(data)


def find_end(data: bytes, stream: Codestream) -> int:
    """Offset just after the EOI of a codestream.

    Raises:
        DamagedError: the file ends, or another image begins, before the EOI.
        LimitError: more than MAX_SCANS scans, or MAX_SEGMENTS segments of any kind.
    """
    position, scans = stream.scan, 0
    for _ in range(MAX_SEGMENTS):
        place = _search(_MARKER, data, position)
        if place == len(data):
            raise DamagedError(f"the JPEG image data ends at byte {len(data)} without its end-of-image marker")
        if data[place + 1] == EOI:
            return place + 2
        segment = _segment(data, place)
        scans += segment.marker == SOS
        if scans > MAX_SCANS:
            raise LimitError(f"the JPEG has more than {MAX_SCANS} scans")
        position = segment.end
    raise LimitError(f"the JPEG has more than {MAX_SEGMENTS} segments after its first scan")


def check_binary(data: bytes, start: int, end: int) -> None:
    """Refuse image data that were copied as text, which decode to a picture of another kind.

    Raises:
        DamagedError: every line feed follows a carriage return, or, of much data, none does, or there is no such byte.
    """

    def times(found: bytes) -> int:
        return data.count(found, start, end)

    feeds, both, returns = times(b"\n"), times(b"\r\n"), times(b"\r")
    added = both == feeds >= LEAST_FEEDS and returns - both >= LEAST_FEEDS // 4
    taken = both == 0 and sum(times(b"\r" + other) for other in LIKE_LINE_ENDS) >= MANY * len(LIKE_LINE_ENDS)
    changed = returns == 0 and min(times(other) for other in LIKE_LINE_ENDS) >= MANY
    if added or taken or changed:
        raise DamagedError("the file was copied as text, which changed its line ends; copy it again, in binary mode")


def check_decodable(stream: Codestream) -> None:
    """Refuse what the decoder does not do, with the reason.

    Raises:
        UnsupportedError: lossless or hierarchical coding, 12 bits, or an odd number of components.
    """
    if stream.frame not in DECODED_FRAMES:
        raise UnsupportedError(f"this JPEG is lossless or hierarchical (frame 0x{stream.frame:02X}), which is not read")
    if stream.bits != 8:
        raise UnsupportedError(f"this JPEG has {stream.bits}-bit samples; only 8-bit ones are read")
    if stream.components not in (1, 3, 4):
        raise UnsupportedError(f"this JPEG has {stream.components} components; 1, 3 or 4 are read")


def segment(marker: int, body: bytes) -> bytes:
    """One marker segment as bytes; the body must fit MAX_BODY."""
    assert len(body) <= MAX_BODY
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def icc_segments(profile: bytes) -> bytes:
    """An ICC profile as numbered APP2 segments (ICC.1, annex B.4).

    Raises:
        LimitError: it needs more than 255 of them.
    """
    room = MAX_BODY - 14
    chunks = [profile[i : i + room] for i in range(0, len(profile), room)]
    if len(chunks) > 255:
        raise LimitError(f"an ICC profile of {len(profile)} bytes does not fit a JPEG")
    return b"".join(segment(APP2, ICC_TAG + bytes([i + 1, len(chunks)]) + chunk) for i, chunk in enumerate(chunks))
