"""`untone edit`: crop, resize, turn and strip photos, base and gain map alike.

A JPEG that is cropped or turned keeps its DCT blocks where they allow it (lossless.py); where they do not, a turn is a
change of its EXIF orientation, which loses nothing either, and a crop is encoded anew. What is only stripped keeps its
image data, in every format.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import re
from pathlib import Path

import numpy as np

from ... import formats, pipeline
from ...console.options import add_batch_arguments, add_dry_run, add_output, add_qualities
from ...errors import UnsupportedError, UsageError
from ...formats.common.files import load_bytes, save
from ...formats.common.pixels import eight_bits
from ...formats.jpeg import codec as jpeg
from ...formats.jpeg import segments
from ...formats.jpeg.gcontainer import announce, silence, without_video
from ...formats.jpeg.revision import Revision, revised, xmp_with
from ...formats.jpeg.ultrahdr import locate
from ...formats.location import (
    jpeg_without_location,
    jpeg_without_thumbnails,
    xmp_without_location,
    xmp_without_thumbnails,
)
from ...formats.metadata import exif
from ...formats.profiles import resolve as profiles
from ...image import GainMap, Image
from ...pipeline import INKED, Conversion
from ..conversion import batch, planning
from ..conversion.tonemapping import with_sdr_base
from .geometry import Bounds, Edit, edited, orientation_after
from .lossless import Mode, Moves, moves, outlined, samples, suffice
from .resampling import Window

MARK = ".edited"
THUMBNAIL_QUALITIES = (85, 60, 35)
"""Tried until the new thumbnail fits into the place of the old."""


@dataclasses.dataclass(frozen=True)
class Strip:
    """What is left out: where it was taken, all metadata, what follows the last image."""

    location: bool = False
    metadata: bool = False
    trailer: bool = False


@dataclasses.dataclass(frozen=True)
class Qualities:
    """Qualities of what has to be encoded anew, 1 to 100; and what gives way so that less has to be."""

    base: int = 98
    gain_map: int = 100
    mode: Mode = Mode.EXACT


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `untone edit`."""
    add = parser.add_argument
    add("inputs", nargs="+", metavar="INPUT", help="photo, folder, glob, or - for stdin")
    add_output(add, "file, folder, or - for stdout; default: NAME.edited.jpg beside INPUT")
    add("--crop", type=_crop, metavar="X,Y,W,H", help="keep these pixels, counted as the photo is shown")
    add(
        "--resize",
        type=_size,
        metavar="SIZE",
        help="1080: the longest side; 1080x720: fits within; 1080x or x720: that side; 50%%: that share; !: exactly",
    )
    add("--rotate", type=int, choices=(90, 180, 270), default=0, help="degrees, clockwise")
    add("--flip", choices=("h", "v"), default="", help="left to right, or top to bottom")
    add("--auto-orient", action="store_true", help="turn the pixels themselves, not only the orientation they state")
    _add_modes(parser.add_mutually_exclusive_group())
    add("--strip-location", action="store_true", help="leave out where it was taken")
    add("--strip-metadata", action="store_true", help="leave out EXIF, XMP, IPTC, comments; colour and map stay")
    add("--strip-trailer", action="store_true", help="leave out what follows the images: a motion photo's video")
    add_qualities(add, base=98, gain_map=100)
    add_batch_arguments(parser)
    add_dry_run(add)


def _add_modes(group: argparse._MutuallyExclusiveGroup) -> None:
    grown = "never encode a JPEG's base anew: a crop grows to whole blocks, --auto-orient trims what is part of one"
    add = group.add_argument
    add("--lossless", action="store_const", dest="mode", const=Mode.GROWN, default=Mode.EXACT, help=grown)
    add(
        "--perfect", action="store_const", dest="mode", const=Mode.PERFECT, help="refuse what is not exact and lossless"
    )


def _crop(text: str) -> tuple[int, int, int, int]:
    found = re.fullmatch(r"(\d{1,7}),(\d{1,7}),(\d{1,7}),(\d{1,7})", text)
    if found is None:
        raise argparse.ArgumentTypeError(f"must be X,Y,WIDTH,HEIGHT in whole pixels, not {text}")
    left, top, width, height = map(int, found.groups())
    return left, top, width, height


def _size(text: str) -> Bounds | float:
    longest = re.fullmatch(r"[1-9]\d{0,6}", text)
    if longest:
        return Bounds(int(text), int(text))
    found = re.fullmatch(r"([1-9]\d{0,6})?x([1-9]\d{0,6})?(!?)", text)
    if found and (found[1] or found[2]) and (all(found.groups()[:2]) or not found[3]):
        width, height = (int(side) if side else None for side in found.groups()[:2])
        return Bounds(width, height, bool(found[3]))
    share = re.fullmatch(r"(\d{1,4}(?:\.\d{1,6})?)%", text)
    if share is None or not 0 < float(share[1]) <= 1600:
        raise argparse.ArgumentTypeError(
            f"must be 1080, 1080x720, 1080x, x720, 1080x720! or a share up to 1600%, not {text}"
        )
    return float(share[1]) / 100


def run(arguments: argparse.Namespace) -> int:
    """Edit everything; 0 when nothing failed, else 1.

    Raises:
        UsageError: the request makes no sense; nothing was written.
    """
    turn = {"turns": arguments.rotate // 90, "flip": arguments.flip, "upright": arguments.auto_orient}
    change = Edit(arguments.crop, arguments.resize, **turn)
    strip = Strip(arguments.strip_location, arguments.strip_metadata, arguments.strip_trailer)
    if change == Edit() and strip == Strip():
        raise UsageError("nothing is to be edited; name a crop, a size, a turn, or what to strip")
    if change.size is not None and arguments.mode is not Mode.EXACT:
        raise UsageError("a photo is not resized without loss; leave out --lossless, or --resize")
    qualities = Qualities(arguments.quality, arguments.map_quality, arguments.mode)
    suffixes = tuple(suffix for f in formats.FORMATS if f.write is not None for suffix in f.suffixes)
    naming = planning.Naming(MARK, suffixes, pass_over_marked=False, keep_suffix=True)
    task = functools.partial(edit, change=change, strip=strip, qualities=qualities)
    return batch.over(arguments, naming, lambda: task)


def edit(source: bytes | Path, target: Path | None, change: Edit, strip: Strip, qualities: Qualities) -> Conversion:
    """One photo edited; the target's suffix says the format, that of the source where there is no target.

    Raises:
        UsageError: a crop that is not within the photo.
        UntoneError: unreadable, or nothing that the format can hold; nothing is left behind.
    """
    data = load_bytes(source)
    kind = formats.sniff(data).name
    wanted = next((f.name for f in formats.FORMATS if target and target.suffix.lower() in f.suffixes), kind)
    if kind == "jpeg":
        data = jpeg.ended(data)
    if strip.location and kind == "jpeg":
        data = jpeg_without_location(data)
    stays = kind == wanted == "jpeg"
    if stays and change == Edit() and not strip.metadata:
        return _patched(data, target, change, strip)
    image, gain_map = jpeg.outline(data) if stays else pipeline.read(data, by_rows=True)
    found = _moves(data, image, change, qualities.mode, stays)
    if found is not None and suffice(image, gain_map, found, qualities.mode):
        return _moved(data, target, (image, gain_map), found, change, strip)
    if stays:
        image, gain_map = pipeline.read(data)
    turned_only = image.encoded is not None or not change.touches_pixels  # of CMYK nothing else is without loss
    if found is None and stays and turned_only and not change.resizes and not strip.metadata:
        return _patched(data, target, change, strip)
    before, before_map = image, gain_map
    if found is not None:
        change = dataclasses.replace(change, upright=found.orientation != 1 or change.upright)
    window = found.window if found is not None else None
    kept = found is not None and found.gain_map is not None and qualities.mode is not Mode.EXACT
    image, gain_map = edited(image, gain_map, change, window, keep_samples=kept)
    image = _described(image, before, strip, image)
    lost = None if stays and image.pixels is before.pixels else before.left_out
    image = dataclasses.replace(image, left_out=None if lost else image.left_out)
    if stays and before.encoded is not None:
        base = found.base if found is not None else None
        image = dataclasses.replace(image, encoded=_rebuilt(data, image, before, strip, qualities.base, base))
        gain_map = _with_blocks(gain_map, before_map, before, found, qualities.mode)
    if gain_map is not None and not set(formats.suffixes_of(wanted)).isdisjoint(pipeline.RENDITION_SUFFIXES):
        image, gain_map = pipeline.apply(image, gain_map), None
    elif wanted == "jpeg" and image.is_hdr:
        image, gain_map = with_sdr_base(image, gain_map, qualities.base)
    options = {"quality": qualities.base, "map_quality": qualities.gain_map}
    written = pipeline.write(target, image, gain_map, format=wanted, **options)
    figures = pipeline.statistics(image, gain_map)
    reasons = (found.note if found else None, lost, INKED if image.inked else None, *(() if stays else before.notes))
    notes = [note for note in reasons if note]
    return Conversion(image.width, image.height, None, written, *figures, note="; ".join(notes) or None)


def _moved(
    data: bytes, target: Path | None, outline: tuple[Image, GainMap | None], found: Moves, change: Edit, strip: Strip
) -> Conversion:
    """The edit made by moving DCT blocks of photo and map; no pixels are decoded."""
    assert found.base is not None
    before = outline[0]
    image, gain_map = outlined(*outline, found, change)
    shown = jpeg.sketch(image, gain_map, found.base)
    image = _described(image, before, strip, shown[0])
    image = dataclasses.replace(image, encoded=_rebuilt(data, image, before, strip, 0, found.base), left_out=None)
    written = pipeline.write(target, image, gain_map, format="jpeg")
    notes = [note for note in (found.note, before.left_out) if note]
    figures = pipeline.statistics(*shown)
    return Conversion(image.width, image.height, None, written, *figures, note="; ".join(notes) or None)


def _moves(data: bytes, image: Image, change: Edit, mode: Mode, stays: bool) -> Moves | None:
    """The block moves of an edit; None where there are none, or all of it is the orientation.

    Raises:
        UnsupportedError: it is to be without loss, and cannot.
    """
    if stays and image.encoded is not None and change != Edit() and not change.resizes:
        return moves(data, image, change, mode)
    if mode is not Mode.EXACT and change.touches_pixels:
        raise UnsupportedError("only blocks of a JPEG that stays one, grey or in colour, are moved without loss")
    return None


def _with_blocks(
    made: GainMap | None, old: GainMap | None, image: Image, found: Moves | None, mode: Mode
) -> GainMap | None:
    """The map with its old blocks, where they were moved, and where its samples are those that the edit needs."""
    if made is None or old is None or found is None or found.gain_map is None:
        return made
    codes = samples(old, found, image)
    if mode is Mode.EXACT and not np.array_equal(codes, made.codes):
        return made
    return dataclasses.replace(old, codes=codes, encoded=found.gain_map)


def _patched(data: bytes, target: Path | None, change: Edit, strip: Strip) -> Conversion:
    """A JPEG whose image data stays: orientation and trailer only."""
    stream = locate(data).primary
    old = exif.orientation_of(stream.payload(segments.APP1, segments.EXIF_TAG))
    orientation = orientation_after(old, change)
    revision = Revision(
        exif=lambda block: exif.with_orientation(block, orientation) if orientation != old else block,
        xmp=lambda packet: _without_trailer(xmp_with(packet, orientation), data, strip),
        trailer=not strip.trailer,
    )
    made = revised(data, revision)
    found = formats.probe(made)
    if found.orientation != orientation:
        raise UsageError("the photo's EXIF has no place for an orientation; --auto-orient turns its pixels")
    if target is not None:
        save(target, [made])
    headroom = found.gain_map.alternate_headroom_stops if found.gain_map else 0.0
    return Conversion(found.width, found.height, None, None if target else made, headroom)


def _without_trailer(packet: bytes, data: bytes, strip: Strip) -> bytes:
    """The packet without a motion photo's video, the gain map's directory entry kept."""
    if not strip.trailer:
        return packet
    found = locate(data)
    length = segments.find_end(data, found.gain_map) - found.gain_map.start if found.gain_map else None
    packet = without_video(silence(packet))
    return packet if length is None else announce(packet, length)


def _described(image: Image, before: Image, strip: Strip, shown: Image) -> Image:
    """The edited picture with EXIF and XMP that are true for it; `shown` has its pixels."""
    if strip.metadata:
        return dataclasses.replace(image, exif=None, xmp=None)
    block, packet = image.exif, image.xmp
    if strip.location:
        block, packet = exif.without_location(block), packet and xmp_without_location(packet)
    if image.orientation != before.orientation:
        block = exif.with_orientation(block, image.orientation)
    if image.pixels.shape != before.pixels.shape:
        block = exif.with_size(block, image.width, image.height)
    if packet is not None:
        changed = image.pixels is not before.pixels
        packet = _true(xmp_without_thumbnails(packet) if changed else packet, image)
    if block is not None and image.pixels is not before.pixels and exif.thumbnail_of(block) is not None:
        block = exif.with_thumbnail(block, _thumbnail(shown, block))
    return dataclasses.replace(image, exif=block, xmp=packet)


def _true(packet: bytes, image: Image) -> bytes:
    return xmp_with(packet, image.orientation, (image.width, image.height))


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


def _rebuilt(data: bytes, image: Image, before: Image, strip: Strip, level: int, base: bytes | None) -> bytes:
    """The old file with the new picture (`base`, or one encoded here); its gain map is still the old one."""
    changed = image.pixels is not before.pixels
    icc = before.icc if base is not None else profiles.profile_for(image)
    block = image.exif
    if strip.metadata:
        block = exif.with_orientation(None, image.orientation)
    return revised(
        jpeg_without_thumbnails(data) if changed else data,
        Revision(
            picture=(base or jpeg.encode(eight_bits(image.pixels), level)) if changed else None,
            icc=icc if changed else None,
            exif=lambda _: block,
            xmp=lambda packet: _without_trailer(_true(packet, image), data, strip),
            bare=strip.metadata,
            trailer=not (strip.trailer or strip.metadata),
        ),
    )
