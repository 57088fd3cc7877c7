"""What a JPEG says beside EXIF and XMP: captions and JFIF's resolution, which go into XMP, and what another container
does not get.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from ..metadata import captions, exif
from .gcontainer import promises_video
from .photoshop import PHOTOSHOP_TAG, resources
from .segments import APP0, APP1, EXIF_TAG, JFIF_TAG, XMP_TAG, Codestream, find_end
from .ultrahdr import Layout
from .xmp_segments import named_extension, whole

COMMENT, IPTC = 0xFE, 0x0404
NO_COMMENT, NO_IPTC = "the JPEG's comment is left out", "IPTC data beyond captions are left out"
NO_EXTENSION = "its extended XMP is left out"
IN_SEGMENTS = NO_COMMENT, NO_IPTC, NO_EXTENSION
TRAILER = "what follows the pictures of the file is left out"


def packet(primary: Codestream) -> bytes | None:
    """The XMP packet with its extension, and with the IPTC captions and the resolution that it lacks."""
    found = whole(primary)
    lacking = {**captions.of_datasets(_iptc(primary))[0], **_resolution(primary)}
    return captions.merged(found, lacking) if lacking else found


def notes(data: bytes, layout: Layout) -> tuple[str, ...]:
    """What of the file another container would not get, a line each."""
    primary, found = layout.primary, list[str]()
    promised = promises_video(primary.payload(APP1, XMP_TAG))
    if promised:
        found.append("the video of the motion photo is left out")
    found += _beside(data, layout, promised)
    if any(s.marker == COMMENT for s in primary.segments):
        found.append(NO_COMMENT)
    if captions.of_datasets(_iptc(primary))[1]:
        found.append(NO_IPTC)
    if named_extension(primary) is not None and whole(primary) == primary.payload(APP1, XMP_TAG):
        found.append(NO_EXTENSION)
    return tuple(found)


def _beside(data: bytes, layout: Layout, promised: bool) -> Iterator[str]:
    """What follows the picture and its gain map: other pictures, and what belongs to none."""
    ends = [find_end(data, stream) for stream in (layout.primary, layout.gain_map) if stream is not None]
    map_start = layout.gain_map.start if layout.gain_map is not None else None
    others = [e for e in layout.entries[1:] if e.offset != map_start and ends[0] <= e.offset < len(data)]
    number = sum(not entry.is_preview for entry in others)
    if number:
        yield f"{number} other picture{'s' * (number > 1)} of the file {'are' if number > 1 else 'is'} left out"
    rest = data[max([*ends, *(entry.offset + entry.size for entry in others)]) :]
    if rest.strip(b"\0") and not promised:
        yield f"{TRAILER} ({len(rest):,} bytes)"


def beyond_segments(note: str | None, *, alone: bool = False) -> str | None:
    """A note on a JPEG that is carried with its segments; `alone`: and with what follows it, as it has no gain map."""
    parts = (note or "").split("; ")
    kept = (part for part in parts if part not in IN_SEGMENTS and not (alone and part.startswith(TRAILER)))
    return "; ".join(kept) or None


def _resolution(primary: Codestream) -> captions.Values:
    """Of JFIF's dots per inch or centimetre, where EXIF, which every container gets, says none."""
    body = primary.payload(APP0, JFIF_TAG)
    if body is None or len(body) < 7 or exif.resolution_in(primary.payload(APP1, EXIF_TAG)):
        return {}
    unit, across, down = struct.unpack_from(">BHH", body, 2)
    per_inch = {1: 1.0, 2: 2.54}.get(unit, 0.0)
    return captions.of_resolution(across * per_inch, down * per_inch)


def _iptc(primary: Codestream) -> bytes:
    """IPTC datasets of the Photoshop segments, which continue each other."""
    pieces = [s.body.removeprefix(PHOTOSHOP_TAG) for s in primary.segments if s.body.startswith(PHOTOSHOP_TAG)]
    joined = b"".join(pieces)
    return b"".join(joined[start:end] for number, _, start, end in resources(joined) if number == IPTC)
