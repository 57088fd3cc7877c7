"""Revision of a JPEG file: another picture, EXIF or XMP in its first image, everything else kept.

What follows the first image (gain map, other images, the video of a motion photo) moves as a whole; the MPF index,
which says where each of them is, is corrected.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable

from ..metadata.iso21496 import ISO_TAG
from . import mpf
from .network_segment import is_network
from .photoshop import APP13, PHOTOSHOP_TAG, resources_without_thumbnails
from .segments import (
    APP0,
    APP1,
    APP2,
    APP14,
    APP15,
    EXIF_TAG,
    ICC_TAG,
    JFIF_TAG,
    MAX_BODY,
    XMP_TAG,
    Segment,
    find_end,
    icc_segments,
    parse,
    segment,
)
from .ultrahdr import Layout, locate
from .xmp_segments import EXTENSION_TAG

COMMENT = 0xFE
JFXX_TAG = b"JFXX\0"
"""JFIF's extension: a thumbnail."""

_WIDTH = rb"(?:exif:PixelXDimension|tiff:ImageWidth)"
_HEIGHT = rb"(?:exif:PixelYDimension|tiff:ImageLength)"


@dataclasses.dataclass(frozen=True)
class Revision:
    """Changes to the first image.

    Attributes:
        picture: a JPEG whose image data takes the place of the old; None keeps it. What showed the old one goes: JFIF's
            and Photoshop's thumbnails, and previews, by MPF's index.
        icc: the profile of that picture; used with `picture` only.
        exif: from the old block (None where there is none) to the new one (None drops it).
        xmp: from the old packet to the new one.
        bare: drop everything that is neither picture nor colour, the packet included; `exif` may make a block anew.
        trailer: keep what follows the last image.
        extension: keep extended XMP.
    """

    picture: bytes | None = None
    icc: bytes | None = None
    exif: Callable[[bytes | None], bytes | None] = lambda block: block
    xmp: Callable[[bytes], bytes] = lambda packet: packet
    bare: bool = False
    trailer: bool = True
    extension: bool = True


def revised(data: bytes, revision: Revision) -> bytes:
    """The file after a revision.

    Raises:
        DamagedError, UnsupportedError, LimitError: as reading it.
    """
    layout = locate(data)
    primary, end = layout.primary, find_end(data, layout.primary)
    picture = revision.picture if revision.picture is not None else data
    shown = parse(revision.picture) if revision.picture is not None else primary
    pieces = _leading(data, primary.segments, revision)
    if revision.picture is not None:
        pieces += [picture[s.start : s.end] for s in shown.segments if not _is_metadata(s) and not _is_jfif(s)]
        jfif = [picture[s.start : s.end] for s in shown.segments if _is_jfif(s)]
        pieces = jfif + pieces
    gone = _previews(data, layout, end) if revision.picture is not None else []
    scan = memoryview(picture)[shown.scan : find_end(picture, shown)]
    length = 2 + sum(map(len, pieces)) + len(scan)
    position = 2
    for index, piece in enumerate(pieces):
        if piece[1] == APP2 and piece[4:].startswith(mpf.MPF_TAG) and layout.entries:
            old = primary.first(APP2, mpf.MPF_TAG)
            assert old is not None
            before, after = (place + 4 + len(mpf.MPF_TAG) for place in (old.start, position))
            pieces[index] = segment(APP2, mpf.moved(old.body, before, after, length, length - end, gone))
        position += len(piece)
    last = max([end, *(entry.offset + entry.size for entry in layout.entries[1:])])
    if layout.gain_map is not None:
        last = max(last, find_end(data, layout.gain_map))
    edges = [end, *(edge for span in gone for edge in span), len(data) if revision.trailer else max(last, end)]
    kept = [memoryview(data)[start:stop] for start, stop in zip(edges[::2], edges[1::2], strict=True)]
    return b"".join([b"\xff\xd8", *pieces, scan, *kept])


def _previews(data: bytes, layout: Layout, end: int) -> list[tuple[int, int]]:
    """Where images are that show the first one in small; none that overlap with each other or with the gain map."""
    taken = [(layout.gain_map.start, find_end(data, layout.gain_map))] if layout.gain_map is not None else []
    spans: list[tuple[int, int]] = []
    for entry in sorted(layout.entries[1:], key=lambda entry: entry.offset):
        start, stop = entry.offset, entry.offset + entry.size
        free = not any(start < other and first < stop for first, other in taken)
        if entry.is_preview and start >= end and start < stop <= len(data) and free:
            spans.append((start, stop))
            taken.append((start, stop))
    return spans


def _leading(data: bytes, segments: tuple[Segment, ...], revision: Revision) -> list[bytes]:
    """The segments of the old image that stay, changed where they are to be."""
    old = next((s.body[len(EXIF_TAG) :] for s in segments if _has(s, APP1, EXIF_TAG)), None)
    exif, pieces, done = revision.exif(old), [], False
    if exif is not None and len(exif) <= MAX_BODY - len(EXIF_TAG):
        place = 1 if segments and _is_jfif(segments[0]) and revision.picture is None else 0
        at_front = segment(APP1, EXIF_TAG + exif)
    else:
        place, at_front = 0, b""
    for found in segments:
        if _has(found, APP1, EXIF_TAG):
            if not done and at_front:
                pieces.append(at_front)
            done = True
        elif _stays(found, revision):
            body = found.body
            if _has(found, APP1, XMP_TAG):
                body = XMP_TAG + revision.xmp(body[len(XMP_TAG) :])
            elif revision.picture is not None and _has(found, APP13, PHOTOSHOP_TAG):
                body = PHOTOSHOP_TAG + resources_without_thumbnails(body[len(PHOTOSHOP_TAG) :])
            changed = body is not found.body and body != found.body and len(body) <= MAX_BODY
            pieces.append(segment(found.marker, body) if changed else data[found.start : found.end])
    if not done and at_front:
        pieces.insert(place, at_front)
    if revision.picture is not None and revision.icc is not None:
        pieces.append(icc_segments(revision.icc))
    return pieces


def _stays(found: Segment, revision: Revision) -> bool:
    if not revision.extension and found.body.startswith(EXTENSION_TAG):
        return False
    if is_network(found):  # it knows one picture only, and is nothing but light
        return revision.picture is None
    replaced = not _is_metadata(found) or _is_jfif(found) or _has(found, APP2, ICC_TAG) or _has(found, APP0, JFXX_TAG)
    if revision.picture is not None and replaced:
        return False
    if not revision.bare or not _is_metadata(found) or _is_jfif(found):
        return True
    return any(_has(found, APP2, tag) for tag in (ICC_TAG, mpf.MPF_TAG, ISO_TAG))


def _is_metadata(found: Segment) -> bool:
    """Neither tables nor frame; Adobe's APP14 says how colours are coded, and belongs to the picture."""
    return (APP0 <= found.marker <= APP15 and found.marker != APP14) or found.marker == COMMENT


def _is_jfif(found: Segment) -> bool:
    return found.marker == APP0 and found.body.startswith(JFIF_TAG)


def _has(found: Segment, marker: int, tag: bytes) -> bool:
    return found.marker == marker and found.body.startswith(tag)


def xmp_with(packet: bytes, orientation: int, size: tuple[int, int] | None = None) -> bytes:
    """The packet with this orientation and size (width, height), where it states them."""
    stated = [(rb"tiff:Orientation", orientation)]
    if size is not None:
        stated += [(_WIDTH, size[0]), (_HEIGHT, size[1])]
    for name, value in stated:
        number = str(value).encode()
        packet = re.sub(rb"(\b" + name + rb"""\s*=\s*["'])\d+(["'])""", rb"\g<1>" + number + rb"\2", packet)
        packet = re.sub(rb"(<" + name + rb">\s*)\d+(\s*<)", rb"\g<1>" + number + rb"\2", packet)
    return packet
