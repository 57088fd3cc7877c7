"""XMP segments of a base image: the main packet, and extended XMP for what one segment cannot hold.

Phones also put the directory entry of their own gain map into extended XMP (XMP part 3, section 1.1.3.1); left there
it would contradict the one in the main packet.
"""

from __future__ import annotations

import re
import struct

from ...errors import UntoneError
from ..common.limits import MAX_METADATA_BYTES
from ..metadata.iso21496 import ISO_TAG
from ..metadata.xmp import HDRGM, properties
from ..metadata.xmp_parts import claiming, joined, parted
from .gcontainer import CONTAINER, announce, directory, says_nothing, silence, without_padding
from .segments import APP1, APP2, MAX_BODY, XMP_TAG, Codestream, Segment, parse, segment

EXTENSION_TAG = b"http://ns.adobe.com/xmp/extension/\0"

_HEADER = len(EXTENSION_TAG) + 40
"""Tag, GUID (MD5 of the extension, 32 hexadecimal digits), total length, offset."""

ROOM = MAX_BODY - len(XMP_TAG)
"""Bytes of a packet that one segment holds."""

CLAIM_BYTES = 1024
"""Left free in a packet that is parted, for the name of its extension, and for the directory of a gain map."""

_GUID = re.compile(rb"""HasExtendedXMP\s*(?:=\s*["']|>)\s*([0-9A-Fa-f]{32})""")


def announces_gain_map(primary: Codestream) -> bool:
    """Whether the base image says, in either flavour, that a gain map follows."""
    return primary.first(APP2, ISO_TAG) is not None or _announces_in_xmp(primary)


def _announces_in_xmp(primary: Codestream) -> bool:
    packets = (primary.payload(APP1, XMP_TAG), extension(primary))
    return any(packet is not None and _says_gain_map(packet) for packet in packets)


def _says_gain_map(packet: bytes) -> bool:
    """Whether it has a property of a gain map; the name of their namespace alone is what is left of a map taken out."""
    if HDRGM.encode() not in packet:
        return False
    try:
        return bool(properties(packet, HDRGM))
    except UntoneError:
        return True


def extension(primary: Codestream) -> bytes | None:
    """The extension that the main packet names, joined; None where there is none or parts of it are missing."""
    named = _GUID.search(primary.payload(APP1, XMP_TAG) or b"")
    if named is None:
        return None
    parts, total = {}, 0
    for found in extension_segments(primary):
        guid, total_here, offset = struct.unpack_from(">32sII", found.body, len(EXTENSION_TAG))
        if guid.lower() == named[1].lower():
            parts[offset], total = found.body[_HEADER:], total_here
    if not 0 < sum(map(len, parts.values())) == total <= MAX_METADATA_BYTES:
        return None
    return b"".join(parts[offset] for offset in sorted(parts))


def whole(primary: Codestream) -> bytes | None:
    """The packet with its extension in it, as a file without segments holds it; alone where they cannot be joined."""
    packet, extra = primary.payload(APP1, XMP_TAG), extension(primary)
    try:
        return joined(packet, extra) if packet is not None and extra is not None else packet
    except UntoneError:
        return packet


def fits(packet: bytes) -> bool:
    """Whether a packet fits into one segment, if only without its padding."""
    return len(packet) <= ROOM or len(without_padding(packet)) <= ROOM


def segments_of(packet: bytes) -> list[bytes]:
    """The segments of a packet: of one that does not fit, what is largest in it becomes its extension.

    Raises:
        UntoneError: it cannot be parted.
    """
    if fits(packet):
        return [segment(APP1, XMP_TAG + (packet if len(packet) <= ROOM else without_padding(packet)))]
    main, extra = parted(without_padding(packet), ROOM - CLAIM_BYTES)
    assert extra is not None
    digest = _guid(extra)
    return [segment(APP1, XMP_TAG + claiming(main, digest)), *_split(extra, digest)]


def with_packet(data: bytes, packet: bytes) -> bytes:
    """A JPEG that nothing follows, with this packet for its own and its extension.

    Raises:
        UntoneError: it cannot be parted, or the JPEG is damaged.
    """
    stream = parse(data)
    old = {s.start: s.end for s in stream.segments if s.body.startswith((XMP_TAG, EXTENSION_TAG))}
    first = min(old, default=2)
    kept = b"".join(data[s.start : s.end] for s in stream.segments if s.start > first and s.start not in old)
    return b"".join([data[:first], *segments_of(packet), kept, data[stream.scan :]])


def within_segment(packet: bytes) -> bytes | None:
    """The packet without its largest descriptions where it does not fit into one segment; None where it cannot."""
    try:
        return packet if fits(packet) else parted(without_padding(packet), ROOM - CLAIM_BYTES)[0]
    except UntoneError:
        return None


def named_extension(primary: Codestream) -> bytes | None:
    """The digest by which the main packet names its extension, as written."""
    named = _GUID.search(primary.payload(APP1, XMP_TAG) or b"")
    return named[1] if named else None


def extension_segments(primary: Codestream) -> list[Segment]:
    """Segments that hold parts of an extension, whichever."""
    return [s for s in primary.segments if s.body.startswith(EXTENSION_TAG) and len(s.body) >= _HEADER]


def rewritten(primary: Codestream, map_length: int | None) -> tuple[list[Segment], list[bytes]]:
    """XMP segments to take out, and those to put in, so that a map of so many bytes (None: no map) is announced.

    Both are empty where nothing has to change, and where a packet cannot be changed without losing something: one
    that cannot be parsed, or that leaves no room. The ISO marker names the map all the same.
    """
    old = primary.first(APP1, XMP_TAG)
    if map_length is None and not _announces_in_xmp(primary):
        return [], []
    try:
        return _rewritten(primary, old, map_length)
    except UntoneError:
        return [], []


def _rewritten(primary: Codestream, old: Segment | None, map_length: int | None) -> tuple[list[Segment], list[bytes]]:
    packet = old.body[len(XMP_TAG) :] if old is not None else None
    carried, extra = extension_segments(primary), extension(primary)
    removed = [old, *carried] if old is not None else carried
    more, items = [segment(APP1, found.body) for found in carried], []
    if packet is not None and extra is not None and (HDRGM.encode() in extra or CONTAINER.encode() in extra):
        items, silent = directory(extra), silence(extra)
        guid = _guid(silent)
        packet, more = _GUID.sub(lambda match: match[0].replace(match[1], guid), packet), _split(silent, guid)
    packet = announce(packet, map_length, items)
    if map_length is None and not more and says_nothing(packet):
        return removed, []
    packet = packet if len(packet) <= ROOM else without_padding(packet)
    return (removed, [segment(APP1, XMP_TAG + packet), *more]) if len(packet) <= ROOM else ([], [])


def _guid(data: bytes) -> bytes:
    import hashlib  # here, since few photos have an extension

    return hashlib.md5(data, usedforsecurity=False).hexdigest().upper().encode()


def _split(data: bytes, guid: bytes) -> list[bytes]:
    room = MAX_BODY - _HEADER
    return [
        segment(APP1, EXTENSION_TAG + guid + struct.pack(">II", len(data), start) + data[start : start + room])
        for start in range(0, len(data), room)
    ]
