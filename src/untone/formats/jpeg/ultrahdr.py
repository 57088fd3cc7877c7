"""Ultra HDR: finding the gain map of a JPEG file, and assembling base image and gain map into one file.

Readers get the map from the MPF index; where that is wrong, from the next image that carries gain map metadata.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from ...errors import DamagedError, UnsupportedError, UntoneError
from ..common.limits import MAX_CANDIDATES, MAX_MPF_IMAGES, MAX_SECONDARY_SEGMENTS
from ..metadata.iso21496 import ISO_TAG, ISO_VERSION, Metadata, iso_to_metadata, metadata_to_iso
from ..metadata.xmp import HDRGM, metadata_to_xmp, properties, xmp_to_metadata
from . import mpf
from .apple import APPLE_MARK
from .segments import (
    APP0,
    APP1,
    APP2,
    APP14,
    APP15,
    EXIF_TAG,
    JFIF_TAG,
    XMP_TAG,
    Codestream,
    Segment,
    find_end,
    icc_segments,
    parse,
    segment,
)
from .xmp_segments import announces_gain_map, rewritten

Parts = list[bytes | memoryview]


@dataclasses.dataclass(frozen=True)
class Layout:
    """The images of a JPEG file.

    Attributes:
        primary: its first image.
        gain_map: the image that carries gain map metadata, or None.
        entries: the MPF index, file offsets, first image first; empty where absent or unreadable.
        warnings: what contradicts what, one line each.
    """

    primary: Codestream
    gain_map: Codestream | None
    entries: tuple[mpf.Entry, ...]
    warnings: tuple[str, ...]


def locate(data: bytes) -> Layout:
    """Find the images of a JPEG file.

    Raises:
        DamagedError: the primary cannot be parsed, or its gain map is announced by index but is nowhere.
    """
    primary = parse(data)
    entries, problem = _index(primary)
    announced = announces_gain_map(primary)
    for entry in entries[1:]:
        try:
            found = _candidate(data, entry.offset, primary)
        except UntoneError as error:
            problem = problem or f"the MPF index points to byte {entry.offset}: {error}"
            continue
        if found:
            return Layout(primary, found, entries, ())
    if announced:
        found = next(_scan(data, find_end(data, primary), primary), None)
        if found:
            return Layout(primary, found, entries, (problem or "no MPF index leads to the gain map",))
        if problem or len(entries) > 1:
            raise DamagedError(f"the gain map is announced but not there: {problem or 'no image has its metadata'}")
        problem = "the photo announces a gain map that the file does not have"
    return Layout(primary, None, entries, (problem,) if problem else ())


def _index(primary: Codestream) -> tuple[tuple[mpf.Entry, ...], str | None]:
    found = primary.first(APP2, mpf.MPF_TAG)
    if found is None:
        return (), None
    try:
        return tuple(mpf.parse(found.body, found.start + 4 + len(mpf.MPF_TAG))), None
    except DamagedError as error:
        return (), str(error)


def _candidate(data: bytes, offset: int, primary: Codestream) -> Codestream | None:
    """The codestream at `offset` if it carries gain map metadata; never the primary or a part of its header."""
    if offset <= primary.scan:
        raise DamagedError("that is inside the first image")
    stream = parse(data, offset, MAX_SECONDARY_SEGMENTS)
    return stream if flavours(stream) else None


def _scan(data: bytes, position: int, primary: Codestream) -> Iterator[Codestream]:
    """Codestreams with gain map metadata after `position`, by trying start-of-image markers."""
    for stream in images(data, position):
        try:
            found = stream.start > primary.scan and flavours(stream)
        except UntoneError:
            found = ()
        if found:
            yield stream


def images(data: bytes, position: int) -> Iterator[Codestream]:
    """Codestreams at start-of-image markers from a position on; of MAX_CANDIDATES markers MAX_MPF_IMAGES at most."""
    found = 0
    for _ in range(MAX_CANDIDATES):
        position = data.find(b"\xff\xd8\xff", position)
        if position < 0 or found == MAX_MPF_IMAGES:
            return
        try:
            stream = parse(data, position, MAX_SECONDARY_SEGMENTS)
        except UntoneError:
            position += 2
            continue
        yield stream
        found, position = found + 1, position + 2


def flavours(stream: Codestream) -> tuple[str, ...]:
    """Which gain map metadata a secondary image carries: "iso21496-1", "hdrgm-xmp", "apple"."""
    packet = stream.payload(APP1, XMP_TAG) or b""
    found = {
        "iso21496-1": len(stream.payload(APP2, ISO_TAG) or b"") > len(ISO_VERSION),
        "hdrgm-xmp": HDRGM.encode() in packet and b"GainMapMax" in packet and "GainMapMax" in properties(packet, HDRGM),
        "apple": APPLE_MARK in packet,
    }
    return tuple(name for name, present in found.items() if present)


def metadata(stream: Codestream) -> tuple[Metadata, tuple[str, ...]]:
    """Parameters of a gain map that is ISO or hdrgm, and warnings.

    ISO wins where both are there and disagree, unless it is for newer readers, as in Chromium.

    Raises:
        DamagedError: the winning flavour cannot be used.
        UnsupportedError: no flavour is of a version that is known.
    """
    payload, packet = stream.payload(APP2, ISO_TAG), stream.payload(APP1, XMP_TAG) or b""
    if payload is None or len(payload) <= len(ISO_VERSION):
        return xmp_to_metadata(properties(packet, HDRGM)), ()
    if "hdrgm-xmp" not in flavours(stream):
        return iso_to_metadata(payload), ()
    try:
        chosen = iso_to_metadata(payload)
    except UnsupportedError as error:
        return xmp_to_metadata(properties(packet, HDRGM)), (f"the XMP is used: {error}",)
    try:
        other = xmp_to_metadata(properties(packet, HDRGM))
    except UntoneError as error:
        return chosen, (f"ISO 21496-1 is used, the XMP is not usable: {error}",)
    return chosen, () if _agree(chosen, other) else ("ISO 21496-1 and XMP disagree; ISO is used",)


def _agree(one: Metadata, other: Metadata) -> bool:
    def numbers(m: Metadata) -> list[float]:
        triples = (m.min_stops, m.max_stops, m.gamma, m.base_offset, m.alternate_offset)
        return [value for triple in triples for value in triple] + [m.base_headroom_stops, m.alternate_headroom_stops]

    return all(abs(a - b) <= 1e-3 * max(1, abs(a)) for a, b in zip(numbers(one), numbers(other), strict=True))


def map_jpeg(encoded: bytes, metadata: Metadata, icc: bytes | None) -> bytes:
    """A gain map's JPEG: its image data as it is, foreign metadata dropped, both flavours put in.

    Equal headrooms, which no viewer applies, are nothing that XMP can say: its capacities must differ.
    """
    stream = parse(encoded)
    in_xmp = metadata.base_headroom_stops != metadata.alternate_headroom_stops
    parts = [
        b"\xff\xd8",
        *(encoded[s.start : s.end] for s in stream.segments if _is_jfif(s)),
        segment(APP1, XMP_TAG + metadata_to_xmp(metadata)) if in_xmp else b"",
        segment(APP2, ISO_TAG + metadata_to_iso(metadata)),
        icc_segments(icc) if icc else b"",
        *(encoded[s.start : s.end] for s in stream.segments if not APP0 <= s.marker <= APP15 or s.marker == APP14),
        encoded[stream.scan : find_end(encoded, stream)],
    ]
    return b"".join(parts)


def _is_jfif(found: Segment) -> bool:
    return found.marker == APP0 and found.body.startswith(JFIF_TAG)


def assemble(base: bytes, gain_map: bytes | None) -> Parts:
    """The file of a base JPEG and a gain map's JPEG, in pieces to be written one after the other.

    Every byte of the base's image data, EXIF, ICC and other segments is carried over; its XMP keeps all its
    properties and gains the announcement; its MPF index, ISO marker and an earlier gain map are replaced. Further
    images and a trailer (the video of a motion photo) follow the gain map.
    """
    layout = locate(base)
    primary, end = layout.primary, find_end(base, layout.primary)
    tail, others = _tail(base, end, layout)
    view = memoryview(base)
    if gain_map is None:
        head = b"".join([b"\xff\xd8", *_segments_before_scan(base, primary, None, None)])
        return [head, view[primary.scan : end], *tail]
    count = 2 + len(others)
    pieces = _segments_before_scan(base, primary, len(gain_map), bytes(mpf.body_size(count)))
    index = next(i for i, piece in enumerate(pieces) if piece == segment(APP2, bytes(mpf.body_size(count))))
    mpf_start = 2 + sum(map(len, pieces[:index]))
    length = 2 + sum(map(len, pieces)) + end - primary.scan
    entries = [mpf.Entry(mpf.BASELINE_PRIMARY, length, 0), mpf.Entry(0, len(gain_map), length)]
    entries += [dataclasses.replace(other, offset=length + len(gain_map) + other.offset) for other in others]
    pieces[index] = segment(APP2, mpf.mpf_body(entries, mpf_start + 4 + len(mpf.MPF_TAG)))
    return [b"".join([b"\xff\xd8", *pieces]), view[primary.scan : end], gain_map, *tail]


def _tail(base: bytes, end: int, layout: Layout) -> tuple[Parts, list[mpf.Entry]]:
    """What follows the primary, less an earlier gain map; and the MPF entries in it, offsets from its new start."""
    cut = (len(base), len(base))
    if layout.gain_map is not None:
        cut = (layout.gain_map.start, find_end(base, layout.gain_map))
    parts: Parts = [part for part in (memoryview(base)[end : cut[0]], memoryview(base)[cut[1] :]) if len(part)]
    kept = []
    for entry in layout.entries[1:]:
        outside = entry.offset + entry.size <= cut[0] or entry.offset >= cut[1]
        if end <= entry.offset < len(base) and outside and base[entry.offset : entry.offset + 2] == b"\xff\xd8":
            moved = entry.offset - end - (cut[1] - cut[0] if entry.offset >= cut[1] else 0)
            kept.append(dataclasses.replace(entry, offset=moved))
    return parts, kept


def _segments_before_scan(
    base: bytes, primary: Codestream, map_length: int | None, mpf_body: bytes | None
) -> list[bytes]:
    """The primary's segments with its XMP rewritten, and the ISO marker and MPF after it."""
    removed, added = rewritten(primary, map_length)
    if mpf_body is not None:
        added = [*added, segment(APP2, ISO_TAG + ISO_VERSION), segment(APP2, mpf_body)]
    kept = [s for s in primary.segments if not (s.marker == APP2 and s.body.startswith((mpf.MPF_TAG, ISO_TAG)))]
    place = primary.first(APP1, XMP_TAG) or _last_leading(kept)
    pieces = [] if place is not None else list(added)
    for found in kept:
        if found not in removed:
            pieces.append(base[found.start : found.end])
        if found is place:
            pieces += added
    return pieces


def _last_leading(segments: list[Segment]) -> Segment | None:
    """The last of the JFIF and EXIF segments that open the file."""
    place = None
    for found in segments:
        if found.marker != APP0 and not (found.marker == APP1 and found.body.startswith(EXIF_TAG)):
            break
        place = found
    return place
