"""Removal of location: EXIF's GPS directory, places and their names in XMP and IPTC, a video's own tag.

XMP's thumbnails go, too: they show what a crop left out, and bear metadata of their own.

All of it is blanked in place: no length changes, no index of the file has to be made anew, no other byte moves.
"""

from __future__ import annotations

import hashlib
import re
import struct
from collections.abc import Callable, Mapping
from xml.parsers import expat

from ..errors import UntoneError
from .jpeg.photoshop import APP13, PHOTOSHOP_TAG, resources
from .jpeg.segments import APP1, EXIF_TAG, XMP_TAG, Codestream, parse
from .jpeg.ultrahdr import locate
from .jpeg.xmp_segments import EXTENSION_TAG, extension, extension_segments, named_extension
from .metadata import exif
from .metadata.xmp import BOM, PADDING, TAG
from .metadata.xmp import parse as parse_xmp

EXIF_NAMESPACE = "http://ns.adobe.com/exif/1.0/"
PLACES = {
    EXIF_NAMESPACE: ("GPS*",),
    "http://ns.adobe.com/photoshop/1.0/": ("City", "State", "Country"),
    "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/": ("Location", "CountryCode"),
    "http://iptc.org/std/Iptc4xmpExt/2008-02-29/": ("LocationCreated", "LocationShown"),
    "http://www.dji.com/drone-dji/1.0/": ("Gps*", "AbsoluteAltitude"),
}
"""XMP properties, by namespace, that say where; with * whatever begins so."""

THUMBNAILS = {"http://ns.adobe.com/xap/1.0/": ("Thumbnails",)}
Names = Mapping[str, tuple[str, ...]]

IPTC_RESOURCE = 0x0404
IPTC_PLACES = frozenset((26, 27, 90, 92, 95, 100, 101))
"""Datasets of record 2 (IIM 4.2): content location code and name, city, sublocation, state, country code and name."""

_ATTRIBUTE = re.compile(rb"""\s([\w.-]+):([\w.-]+)\s*=\s*(?:"[^"]*"|'[^']*')""")
"""An attribute with its prefix, its name and the blank before it."""

_VIDEO_PLACE = re.compile(rb"(?s)(....)\xa9xyz(..)(..)([+-][0-9.]+[+-][0-9.]+[^/\0]{0,24}/?)")
"""QuickTime's user data box of the place: size, name, length of the text, language, ISO 6709 text."""


def xmp_without_location(packet: bytes) -> bytes:
    """The packet of the same length with PLACES and THUMBNAILS blanked; as it is where it cannot be parsed."""
    return _blanked(packet, {**PLACES, **THUMBNAILS})


def xmp_without_thumbnails(packet: bytes) -> bytes:
    """The packet of the same length without pictures of what the photo was before it was edited."""
    return _blanked(packet, THUMBNAILS)


def _blanked(packet: bytes, names: Names) -> bytes:
    try:
        parse_xmp(packet)
        spans = _Places(packet, names).spans
    except (UntoneError, expat.ExpatError):
        return packet
    block = bytearray(packet)
    for start, end in spans:
        block[start:end] = b" " * (end - start)
    return bytes(block)


class _Places:
    """Byte spans of a packet's properties of some names, attributes and elements."""

    def __init__(self, packet: bytes, names: Names) -> None:
        self._names = names
        self.spans: list[tuple[int, int]] = []
        self._packet = packet
        self._prefixes: dict[bytes, set[str]] = {}
        self._open: list[tuple[int, int]] = []
        body = packet.removeprefix(BOM).lstrip(PADDING)
        self._parser = expat.ParserCreate("utf-8", " ")
        self._before = len(packet) - len(body)
        self._parser.StartNamespaceDeclHandler = self._declare
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._finish
        self._parser.Parse(body.rstrip(PADDING), True)

    def _declare(self, prefix: str | None, uri: str) -> None:
        if uri in self._names and prefix:
            self._prefixes.setdefault(prefix.encode(), set()).add(uri)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        here = self._before + self._parser.CurrentByteIndex
        end = self._end(here)
        self._open.append((here, end))
        if any(self._is_wanted(*key.rpartition(" ")[::2]) for key in attributes):
            found = _ATTRIBUTE.finditer(self._packet, here, end)
            self.spans += [match.span() for match in found if self._is_named(match[1], match[2].decode("latin-1"))]

    def _is_named(self, prefix: bytes, name: str) -> bool:
        return any(self._is_wanted(uri, name) for uri in self._prefixes.get(prefix, ()))

    def _is_wanted(self, uri: str, name: str) -> bool:
        wanted = self._names.get(uri, ())
        return any(name.startswith(w[:-1]) if w.endswith("*") else name == w for w in wanted)

    def _finish(self, name: str) -> None:
        start, end = self._open.pop()
        if self._is_wanted(*name.rpartition(" ")[::2]):
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


def jpeg_without_thumbnails(data: bytes) -> bytes:
    """A JPEG file of the same length whose first image's XMP, extended or not, has no thumbnails.

    Raises:
        DamagedError, LimitError: as reading it.
    """
    stream, block = parse(data), bytearray(data)
    main = stream.first(APP1, XMP_TAG)
    if main is not None:
        block[main.start + 4 : main.end] = XMP_TAG + xmp_without_thumbnails(main.body[len(XMP_TAG) :])
    _blank_extension(block, stream, xmp_without_thumbnails)
    return bytes(block)


def _blank_segments(block: bytearray, stream: Codestream) -> None:
    for segment in stream.segments:
        body = segment.body
        if segment.marker == APP13 and body.startswith(PHOTOSHOP_TAG):
            body = PHOTOSHOP_TAG + resources_without_location(body[len(PHOTOSHOP_TAG) :])
        elif segment.marker != APP1:
            continue
        if body.startswith(EXIF_TAG):
            body = EXIF_TAG + (exif.without_location(body[len(EXIF_TAG) :]) or b"")
        elif body.startswith(XMP_TAG):
            body = XMP_TAG + xmp_without_location(body[len(XMP_TAG) :])
        block[segment.start + 4 : segment.start + 4 + len(body)] = body
    _blank_extension(block, stream, xmp_without_location)


def resources_without_location(block: bytes) -> bytes:
    """Photoshop's resources of the same length, the names of places in their IPTC blanked.

    Each is `8BIM`, a number, a name and a length, all but the number padded to even lengths.
    """
    made = bytearray(block)
    for number, _, at, end in resources(block):
        if number == IPTC_RESOURCE:
            _blank_datasets(made, at, end)
    return bytes(made)


def _blank_datasets(block: bytearray, position: int, end: int) -> None:
    """Spaces in place of places; datasets of over 32 KiB, whose length is of another form, end the search."""
    while position + 5 <= end and block[position] == 0x1C:
        record, number, length = struct.unpack_from(">BBH", block, position + 1)
        position += 5
        if length & 0x8000:
            return
        if record == 2 and number in IPTC_PLACES:
            block[position : min(position + length, end)] = b" " * (min(position + length, end) - position)
        position += length


def _blank_extension(block: bytearray, stream: Codestream, blank: Callable[[bytes], bytes]) -> None:
    """The same in extended XMP, whose name is its digest."""
    whole, name = extension(stream), named_extension(stream)
    silent = blank(whole) if whole is not None else None
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
