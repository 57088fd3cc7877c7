"""EXIF, XMP, thumbnails and the rest of a file made true for the photo that an edit leaves."""

from __future__ import annotations

import dataclasses

import numpy as np

from ...errors import UsageError
from ...formats.common.pixels import eight_bits
from ...formats.jpeg import codec as jpeg
from ...formats.jpeg import quality as jpeg_quality
from ...formats.jpeg import segments
from ...formats.jpeg.gcontainer import announce, silence, without_video
from ...formats.jpeg.revision import Revision, revised, xmp_with
from ...formats.jpeg.ultrahdr import locate
from ...formats.jpeg.xmp_segments import within_segment
from ...formats.location import jpeg_without_thumbnails, xmp_without_location, xmp_without_thumbnails
from ...formats.metadata import exif
from ...formats.metadata.xmp_parts import without_claim
from ...formats.profiles import resolve as profiles
from ...image import Image
from .geometry import Edit, orientation_after
from .options import Strip
from .placement import Placement
from .resampling import Window

THUMBNAIL_QUALITIES = (85, 60, 35)
"""Tried until the new thumbnail fits into the place of the old."""

FINEST_SUBSAMPLED = 95
"""Quality above which colours are never subsampled."""


def turned_in_words(data: bytes, change: Edit, strip: Strip) -> bytes:
    """A JPEG whose image data stays: another orientation, no trailer.

    Raises:
        UsageError: its EXIF has no place for an orientation.
    """
    stream = locate(data).primary
    old = exif.orientation_of(stream.payload(segments.APP1, segments.EXIF_TAG))
    orientation, whole = orientation_after(old, change), (stream.height, stream.width)
    window = Window((0, whole[0]), (0, whole[1]), whole)
    placement = Placement(window, whole, shown_turned=orientation != old)
    revision = Revision(
        exif=lambda block: exif.with_orientation(block, orientation) if orientation != old else block,
        xmp=lambda packet: _without_trailer(placement.moved(xmp_with(packet, orientation)), data, strip),
        trailer=not strip.trailer,
    )
    made = revised(data, revision)
    if jpeg.probe(made).orientation != orientation:
        raise UsageError("the photo's EXIF has no place for an orientation; --auto-orient turns its pixels")
    return made


def _without_trailer(packet: bytes, data: bytes, strip: Strip) -> bytes:
    """The packet without a motion photo's video, the gain map's directory entry kept."""
    if not strip.trailer:
        return packet
    found = locate(data)
    length = segments.find_end(data, found.gain_map) - found.gain_map.start if found.gain_map else None
    packet = without_video(silence(packet))
    return packet if length is None else announce(packet, length)


def described(image: Image, before: Image, strip: Strip, shown: Image, placement: Placement) -> Image:
    """The edited picture with EXIF and XMP that are true for it; `shown` has its pixels."""
    if strip.metadata:
        return dataclasses.replace(image, exif=None, xmp=None)
    block, packet = placement.moved_subjects(image.exif), image.xmp
    if strip.location:
        block, packet = exif.without_location(block), packet and xmp_without_location(packet)
    if image.orientation != before.orientation:
        block = exif.with_orientation(block, image.orientation)
    if image.pixels.shape != before.pixels.shape:
        block = exif.with_size(block, image.width, image.height)
    if packet is not None and strip.extension:
        packet = within_segment(packet)
    if packet is not None:
        changed = image.pixels is not before.pixels
        packet = _true(xmp_without_thumbnails(packet) if changed else packet, image, placement)
    if block is not None and image.pixels is not before.pixels and exif.thumbnail_of(block) is not None:
        block = exif.with_thumbnail(block, _thumbnail(shown, block))
    return dataclasses.replace(image, exif=block, xmp=packet)


def _claiming(packet: bytes, strip: Strip) -> bytes:
    return without_claim(packet) if strip.extension else packet


def _true(packet: bytes, image: Image, placement: Placement) -> bytes:
    return placement.moved(xmp_with(packet, image.orientation, (image.width, image.height)))


def _thumbnail(image: Image, block: bytes) -> bytes | None:
    """A small JPEG of the picture that fits into the place of the old one; None where none does."""
    room, side = len(exif.thumbnail_of(block) or b""), 160
    scale = side / max(image.height, image.width, side)
    size = (max(1, round(image.height * scale)), max(1, round(image.width * scale)))
    if image.pixels.dtype != np.uint8:
        return None
    step = max(1, min(image.height, image.width) // (2 * side))
    sparse = image.pixels[::step, ::step].astype(np.float32)
    window = Window((0, sparse.shape[0]), (0, sparse.shape[1]), size)
    small = np.clip(window.resized(sparse, window.rows, 0, size[0]) + 0.5, 0, 255).astype(np.uint8)
    made = (jpeg.encode(small, each) for each in THUMBNAIL_QUALITIES)
    return next((found for found in made if len(found) <= room), None)


def _coded(data: bytes, image: Image, level: int) -> bytes:
    """A bare JPEG of the pixels, its colours subsampled as those of the old one, unless it is to be all that it can."""
    old = "444" if level > FINEST_SUBSAMPLED else jpeg_quality.subsampling(locate(data).primary)
    return jpeg.encode(eight_bits(image.pixels), level, old)


def rebuilt(
    data: bytes, image: Image, before: Image, strip: Strip, placement: Placement, level: int, base: bytes | None
) -> bytes:
    """The old file with the new picture (`base`, or one encoded here); its gain map is still the old one."""
    changed = image.pixels is not before.pixels
    icc = before.icc if base is not None else profiles.profile_for(image)
    block = image.exif
    if strip.metadata:
        block = exif.with_orientation(None, image.orientation)
    return revised(
        jpeg_without_thumbnails(data) if changed else data,
        Revision(
            picture=(base or _coded(data, image, level)) if changed else None,
            icc=icc if changed else None,
            exif=lambda _: block,
            xmp=lambda packet: _without_trailer(_true(_claiming(packet, strip), image, placement), data, strip),
            bare=strip.metadata,
            extension=not strip.extension,
            trailer=not (strip.trailer or strip.metadata),
        ),
    )
