"""Where a photo was taken, taken out: EXIF's GPS directory, XMP's exif:GPS properties, a motion photo's own tag.

All of it is blanked in place: no length changes, no index of the file has to be made anew, no other byte moves.
"""

from __future__ import annotations

import hashlib
import re
import struct
from xml.parsers import expat

from ..errors import UntoneError
from . import exif
from .announcement import EXTENSION_TAG, extension, extension_segments, named_extension
from .container import TAG
from .segments import APP1, EXIF_TAG, XMP_TAG, Codestream, parse
from .ultrahdr import locate
from .xmp import BOM, PADDING
from .xmp import parse as parse_xmp

EXIF_NAMESPACE = "http://ns.adobe.com/exif/1.0/"

_ATTRIBUTE = re.compile(rb"""\s([\w.-]+):GPS\w*\s*=\s*(?:"[^"]*"|'[^']*')""")
"""An attribute that may be a place, with its prefix and the blank before it."""

_VIDEO_PLACE = re.compile(rb"(?s)(....)\xa9xyz(..)(..)([+-][0-9.]+[+-][0-9.]+[^/\0]{0,24}/?)")
"""QuickTime's user data box of the place: size, name, length of the text, language, ISO 6709 text."""


def xmp_without_location(packet: bytes) -> bytes:
    """The packet of the same length with its exif:GPS properties blanked; as it is where it cannot be parsed."""
    try:
        parse_xmp(packet)
        spans = _Places(packet).spans
    except (UntoneError, expat.ExpatError):
        return packet
    block = bytearray(packet)
    for start, end in spans:
        block[start:end] = b" " * (end - start)
    return bytes(block)


class _Places:
    """Byte spans of a packet's exif:GPS properties, attributes and elements."""

    def __init__(self, packet: bytes) -> None:
        self.spans: list[tuple[int, int]] = []
        self._packet = packet
        self._prefixes: set[bytes] = set()
        self._open: list[tuple[int, int]] = []
        body = packet.removeprefix(BOM).lstrip(PADDING)
        self._parser = expat.ParserCreate("utf-8", " ")
        self._before = len(packet) - len(body)
        self._parser.StartNamespaceDeclHandler = self._declare
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._finish
        self._parser.Parse(body.rstrip(PADDING), True)

    def _declare(self, prefix: str | None, uri: str) -> None:
        if uri == EXIF_NAMESPACE and prefix:
            self._prefixes.add(prefix.encode())

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        here = self._before + self._parser.CurrentByteIndex
        end = self._end(here)
        self._open.append((here, end))
        if any(key.startswith(f"{EXIF_NAMESPACE} GPS") for key in attributes):
            found = _ATTRIBUTE.finditer(self._packet, here, end)
            self.spans += [match.span() for match in found if match[1] in self._prefixes]

    def _finish(self, name: str) -> None:
        start, end = self._open.pop()
        if name.startswith(f"{EXIF_NAMESPACE} GPS"):
            closed = self._packet[end - 2 : end] == b"/>"
            self.spans.append((start, end if closed else self._end(self._before + self._parser.CurrentByteIndex)))

    def _end(self, start: int) -> int:
        """Where the tag that begins there ends."""
        tag = TAG.match(self._packet, start)
        return tag.end() if tag else start


def jpeg_without_location(data: bytes) -> bytes:
    """A JPEG file of the same length without a place in any of its images, or in a video that follows them.

    Raises:
        DamagedError, UnsupportedError, LimitError: as reading it.
    """
    layout = locate(data)
    block = bytearray(data)
    streams = [layout.primary] + ([layout.gain_map] if layout.gain_map is not None else [])
    for entry in layout.entries[1:]:
        try:
            streams.append(parse(data, entry.offset))
        except UntoneError:
            continue
    for stream in streams:
        _blank_segments(block, stream)
    for found in _VIDEO_PLACE.finditer(data, layout.primary.scan):
        size, length = struct.unpack(">I", found[1])[0], struct.unpack(">H", found[2])[0]
        if size == length + 12 and len(found[4]) <= length:
            block[found.start(4) : found.start(4) + length] = b" " * length
    return bytes(block)


def _blank_segments(block: bytearray, stream: Codestream) -> None:
    for segment in stream.segments:
        body = segment.body
        if segment.marker != APP1:
            continue
        if body.startswith(EXIF_TAG):
            body = EXIF_TAG + (exif.without_location(body[len(EXIF_TAG) :]) or b"")
        elif body.startswith(XMP_TAG):
            body = XMP_TAG + xmp_without_location(body[len(XMP_TAG) :])
        block[segment.start + 4 : segment.start + 4 + len(body)] = body
    _blank_extension(block, stream)


def _blank_extension(block: bytearray, stream: Codestream) -> None:
    """The same in extended XMP, whose name is its digest."""
    whole, name = extension(stream), named_extension(stream)
    silent = xmp_without_location(whole) if whole is not None else None
    if whole is None or silent is None or name is None or silent == whole:
        return
    digest = hashlib.md5(silent, usedforsecurity=False).hexdigest().upper().encode()
    for segment in extension_segments(stream):
        place = segment.start + 4 + len(EXTENSION_TAG)
        guid, _, offset = struct.unpack_from(">32sII", segment.body, len(EXTENSION_TAG))
        if guid.lower() == name.lower():
            rest = len(segment.body) - len(EXTENSION_TAG) - 40
            block[place : place + 32] = digest
            block[place + 40 : place + 40 + rest] = silent[offset : offset + rest]
    main = stream.first(APP1, XMP_TAG)
    if main is not None:
        block[main.start + 4 : main.end] = bytes(block[main.start + 4 : main.end]).replace(name, digest)
