"""What a JPEG says beside EXIF and XMP: captions, which go into XMP, and what another container does not get."""

from __future__ import annotations

from ..metadata import captions
from .gcontainer import promises_video
from .photoshop import PHOTOSHOP_TAG, resources
from .segments import APP1, XMP_TAG, Codestream

COMMENT, IPTC = 0xFE, 0x0404
IN_SEGMENTS = NO_COMMENT, NO_IPTC = "the JPEG's comment is left out", "IPTC data beyond captions are left out"


def packet(primary: Codestream) -> bytes | None:
    """The XMP packet, with the IPTC captions that it lacks."""
    found = primary.payload(APP1, XMP_TAG)
    block = _iptc(primary)
    return captions.merged(found, captions.of_datasets(block)[0]) if block else found


def notes(primary: Codestream) -> tuple[str, ...]:
    """What of the file another container would not get, a line each."""
    found = []
    if promises_video(primary.payload(APP1, XMP_TAG)):
        found.append("the video of the motion photo is left out")
    if any(s.marker == COMMENT for s in primary.segments):
        found.append(NO_COMMENT)
    if captions.of_datasets(_iptc(primary))[1]:
        found.append(NO_IPTC)
    return tuple(found)


def beyond_segments(note: str | None) -> str | None:
    """A note on a JPEG that is carried with its segments."""
    return "; ".join(part for part in (note or "").split("; ") if part not in IN_SEGMENTS) or None


def _iptc(primary: Codestream) -> bytes:
    """IPTC datasets of the Photoshop segments, which continue each other."""
    pieces = [s.body.removeprefix(PHOTOSHOP_TAG) for s in primary.segments if s.body.startswith(PHOTOSHOP_TAG)]
    joined = b"".join(pieces)
    return b"".join(joined[start:end] for number, _, start, end in resources(joined) if number == IPTC)
