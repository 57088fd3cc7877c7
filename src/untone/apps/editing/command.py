"""`untone edit`: crop, resize, turn and strip photos, base and gain map alike; change or drop the map.

A JPEG that is cropped or turned keeps its DCT blocks where they allow it (lossless.py); where they do not, a turn is a
change of its EXIF orientation, which loses nothing either, and a crop is encoded anew. What is only stripped keeps its
image data, in every format, and so does the base whose map alone is changed.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
from pathlib import Path
from typing import Any

import numpy as np

from ... import formats, pipeline
from ...errors import UnsupportedError
from ...formats.common.files import load_bytes, save
from ...formats.jpeg import codec as jpeg
from ...formats.jpeg.remarks import NO_EXTENSION
from ...formats.jpeg.xmp_segments import fits
from ...formats.location import jpeg_without_location
from ...image import GainMap, Image
from ...pipeline import INKED, Conversion
from ..conversion import batch, planning
from ..conversion.qualities import EDITED_ARCHIVE, Purpose
from ..conversion.tonemapping import in_primaries, with_sdr_base
from . import description, maps, options
from .geometry import Edit, edited, orientation_after, window_of
from .lossless import Mode, Moves, moves, outlined, samples, suffice
from .maps import MapEdit
from .options import Request, Strip
from .placement import Placement
from .resampling import Window

MARK = ".edited"
WEB_PRIMARIES = ("bt709", "p3")
"""Of bases on a page; others become the larger of these."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `untone edit`."""
    options.add_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Edit everything; 0 when nothing failed, else 1.

    Raises:
        UsageError: the request makes no sense; nothing was written.
    """
    request = options.requested(arguments)
    suffixes = tuple(suffix for f in formats.FORMATS if f.write is not None for suffix in f.suffixes)
    naming = planning.Naming(MARK, suffixes, pass_over_marked=False, keep_suffix=True, in_place=arguments.in_place)
    task = functools.partial(edit, request=request)
    return batch.over(arguments, naming, lambda: task)


def edit(source: bytes | Path, target: Path | None, request: Request, name: str | None = None) -> Conversion:
    """One photo edited; the target's suffix says the format, that of the source where there is no target.

    Args:
        name: of the format, over both.

    Raises:
        UsageError: a crop that is not within the photo.
        UntoneError: unreadable, or nothing that the format can hold; nothing is left behind.
    """
    change, strip = request.change, request.strip
    data = load_bytes(source)
    kind = formats.sniff(data).name
    wanted = name or next((f.name for f in formats.FORMATS if target and target.suffix.lower() in f.suffixes), kind)
    if kind == "jpeg":
        data = jpeg.ended(data)
    if strip.location and kind == "jpeg":
        data = jpeg_without_location(data)
    stays, as_is = kind == wanted == "jpeg", request.gain_map == MapEdit() and not request.web
    if stays and as_is and change == Edit() and not strip.metadata:
        return _patched(data, target, change, strip)
    image, gain_map = jpeg.outline(data) if stays else pipeline.read(data, by_rows=True)
    change = _without_no_resize(change, image)
    found = _moves(data, image, change, request.mode, stays)
    if as_is and found is not None and suffice(image, gain_map, found, request.mode):
        return _moved(data, target, (image, gain_map), found, change, strip)
    if stays:
        image, gain_map = pipeline.read(data)
    turned_only = image.encoded is not None or not change.touches_pixels  # of CMYK nothing else is without loss
    if as_is and found is None and stays and turned_only and not change.resizes and not strip.metadata:
        return _patched(data, target, change, strip)
    return _worked(data, target, (image, gain_map), found, dataclasses.replace(request, change=change), (kind, wanted))


def _without_no_resize(change: Edit, image: Image) -> Edit:
    """The edit less a size that the picture has already."""
    if change.size is None or change.crop is not None:
        return change
    window = window_of(image, change)
    return change if window.resizes else dataclasses.replace(change, size=None)


def _worked(
    data: bytes,
    target: Path | None,
    read: tuple[Image, GainMap | None],
    found: Moves | None,
    request: Request,
    names: tuple[str, str],
) -> Conversion:
    """The edit by pixels of what was read, where blocks alone do not make it; `names` of the formats."""
    (before, before_map), change, (kind, wanted) = read, request.change, names
    stays = kind == wanted == "jpeg"
    how = {"carries": not change.touches_pixels, "resized": change.resizes}
    qualities = request.wish.of(data, wanted, EDITED_ARCHIVE, **how)
    if found is not None:
        change = dataclasses.replace(change, upright=found.orientation != 1 or change.upright)
    kept = found is not None and found.gain_map is not None and request.mode is not Mode.EXACT
    grows = request.wish.purpose is Purpose.ARCHIVE
    window = found.window if found is not None else None
    image, gain_map = edited(before, before_map, change, window, keep_samples=kept, map_grows=grows)
    if request.web and image.primaries not in WEB_PRIMARIES and not image.is_hdr:
        image, gain_map = in_primaries(image, gain_map, WEB_PRIMARIES[-1])
    same = image.pixels is before.pixels
    _check_scan(request, same or (found is not None and found.base is not None), kind == wanted)
    lost = None if (stays and same) or request.gain_map.dropped else before.left_out
    placement = _placement(before, change, window or window_of(before, change))
    strip = request.strip
    if before.xmp is None or fits(before.xmp):
        strip = dataclasses.replace(strip, extension=False)
    image = description.described(image, before, strip, image, placement)
    image = dataclasses.replace(image, left_out=None if lost or request.gain_map.dropped else image.left_out)
    if stays and before.encoded is not None:
        base = found.base if found is not None else None
        made = description.rebuilt(data, image, before, strip, placement, qualities.base or 0, base)
        image = dataclasses.replace(image, encoded=made)
        gain_map = _with_blocks(gain_map, before_map, before, found, request.mode)
    gain_map, short = _map_of(image, gain_map, request.gain_map)
    coding = {"quality": qualities.base, "map_quality": qualities.gain_map}
    written, figures = _written(target, image, gain_map, wanted, coding)
    reasons = [found.note if found else None, None if request.web else short, lost, INKED if image.inked else None]
    reasons.append(NO_EXTENSION if strip.extension else None)
    notes = [note for note in reasons + list(() if stays else before.notes) if note]
    return Conversion(image.width, image.height, None, written, *figures, note="; ".join(notes) or None)


def _check_scan(request: Request, is_kept: bool, same_format: bool) -> None:
    if request.keeps_scan and not (is_kept and same_format):
        raise UnsupportedError("its pixels would be encoded anew in place; name an output with -o, or --force it")


def _map_of(image: Image, gain_map: GainMap | None, edit: MapEdit) -> tuple[GainMap | None, str | None]:
    """The map after its own edit, and what of that was not done."""
    if gain_map is None:
        return None, None if edit == MapEdit() else "it has no gain map"
    return (None, None) if edit.dropped else maps.changed(image, gain_map, edit)


def _written(
    target: Path | None, image: Image, gain_map: GainMap | None, wanted: str, how: dict[str, Any]
) -> tuple[bytes | None, tuple[float, float, float]]:
    """The file, where there is no target, and the figures of what it shows."""
    if gain_map is not None and not set(formats.suffixes_of(wanted)).isdisjoint(pipeline.RENDITION_SUFFIXES):
        image, gain_map = pipeline.apply(image, gain_map), None
    elif wanted == "jpeg" and image.is_hdr:
        image, gain_map = with_sdr_base(image, gain_map, how["quality"])
    return pipeline.write(target, image, gain_map, format=wanted, **how), pipeline.statistics(image, gain_map)


def _moved(
    data: bytes, target: Path | None, outline: tuple[Image, GainMap | None], found: Moves, change: Edit, strip: Strip
) -> Conversion:
    """The edit made by moving DCT blocks of photo and map; no pixels are decoded."""
    assert found.base is not None
    before = outline[0]
    image, gain_map = outlined(*outline, found, change)
    shown = jpeg.sketch(image, gain_map, found.base)
    turned = dataclasses.replace(change, upright=found.orientation != 1)
    placement = _placement(before, turned, found.window)
    image = description.described(image, before, strip, shown[0], placement)
    made = description.rebuilt(data, image, before, strip, placement, 0, found.base)
    image = dataclasses.replace(image, encoded=made, left_out=None)
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
    made = description.turned_in_words(data, change, strip)
    found = formats.probe(made)
    if target is not None:
        save(target, [made])
    headroom = found.gain_map.alternate_headroom_stops if found.gain_map else 0.0
    return Conversion(found.width, found.height, None, None if target else made, headroom)


def _placement(before: Image, change: Edit, window: Window) -> Placement:
    turn = orientation_after(before.orientation, change) if change.upright else 1
    return Placement(window, (before.height, before.width), turn, bool(change.turns or change.flip))
