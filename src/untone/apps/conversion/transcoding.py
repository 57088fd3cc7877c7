"""`untone to`: photos in another container, gain map and metadata kept; into pixel formats, the HDR rendition."""

from __future__ import annotations

import argparse
import dataclasses
import functools
from pathlib import Path
from typing import Any

from ... import formats, pipeline
from ...console.options import add_batch_arguments, add_dry_run, add_output, depth, white
from ...errors import UsageError
from ...formats.common.files import load_bytes, save
from ...formats.jpeg import remarks
from ...formats.jxl import recompression
from ...formats.jxl.recompression import JPEG
from ...image import HDR_TRANSFERS, GainMap, Image
from ...pipeline import Conversion
from . import batch, planning
from .execution import Task
from .qualities import Purpose, Qualities, Wish, add_purposes, may_shrink, wished

SHRINKING_STEPS, SHRINKING = 2, 3
"""How often a photo that grew is coded again, and by how much coarser each time."""

NATIVE = ("avif", "heic", "jxl")
"""Formats that hold a gain map, and HDR pixels without one."""


def choices() -> dict[str, str]:
    """Formats that may be written: the word on the command line, and the name in the table of formats."""
    return {f.suffixes[0].removeprefix("."): f.name for f in formats.FORMATS if f.write is not None and f.suffixes}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `untone to`."""
    add = parser.add_argument
    add("format", choices=sorted(choices()), metavar="FORMAT", help=f"one of {', '.join(sorted(choices()))}")
    add("inputs", nargs="+", metavar="INPUT", help="photo, folder, glob, or - for stdin")
    add_output(add, "file, folder, or - for stdout; default: beside INPUT")
    add_purposes(add, parser.add_mutually_exclusive_group().add_argument)
    add("--native", action="store_true", help="avif, heic, jxl: the HDR pixels themselves, as PQ, and no gain map")
    add("--headroom", type=float, metavar="STOPS", help="of the display that png, exr, hdr and --native are for; all")
    add("--white", type=white, metavar="NITS", help="what linear 1.0, SDR white, means in png and exr; default 203")
    add("--bits", type=depth, metavar="N", help="of a sample, where the format has a choice: 8, 10 or 12")
    add_batch_arguments(parser)
    add_dry_run(add)


def run(arguments: argparse.Namespace) -> int:
    """Write everything; 0 when nothing failed, else 1.

    Raises:
        UsageError: the request makes no sense; nothing was written.
    """
    name = choices()[arguments.format]
    naming = planning.Naming("", formats.suffixes_of(name), pass_over_marked=False)
    _check(arguments, name)
    return batch.over(arguments, naming, lambda: _task(arguments, name))


def _check(arguments: argparse.Namespace, name: str) -> None:
    if arguments.native and name not in NATIVE:
        raise UsageError(f"--native is for {', '.join(NATIVE)}; png, exr and hdr hold HDR pixels anyway, jpg cannot")
    others = arguments.native or arguments.bits or arguments.headroom is not None or arguments.white is not None
    if arguments.web and (others or name not in ("jpeg", *NATIVE)):
        raise UsageError(
            "--web makes jpg, avif, heic, jxl with a gain map; leave out --native, --bits, --headroom, --white"
        )


def _task(arguments: argparse.Namespace, name: str) -> Task:
    wish = wished(arguments)
    if wish.purpose is Purpose.WEB:
        from ..editing import command, options  # here, as editing is built on conversion

        return functools.partial(command.edit, request=options.for_web(options.Request(wish=wish)), name=name)
    options_of = {"headroom_stops": arguments.headroom, "white_nits": arguments.white, "bits": arguments.bits}
    return functools.partial(transcode, format=name, wish=wish, native=arguments.native, **options_of)


def transcode(
    source: bytes | Path,
    target: Path | None,
    *,
    format: str,  # noqa: A002  # the word that callers know
    headroom_stops: float | None = None,
    white_nits: float | None = None,
    wish: Wish | None = None,
    bits: int | None = None,
    native: bool = False,
) -> Conversion:
    """As pipeline.transcode; and an HDR base, with a gain map or without, becomes an SDR base with one in a JPEG.

    Args:
        bits: as formats.write takes them.
        wish: the qualities; None: visually lossless.
        native: write the HDR rendition's own pixels where the format holds them beside gain maps.

    Raises:
        UntoneError: unreadable, or nothing that the format can hold; nothing is left behind.
    """
    data = load_bytes(source)
    found = (wish or Wish()).of(data, format, carries=not native)
    qualities: dict[str, Any] = {"quality": found.base, "map_quality": found.gain_map}
    mapped = format == "jpeg" and formats.probe(data).base.transfer in HDR_TRANSFERS
    if bits is None and not mapped and not native:
        how: dict[str, Any] = {"headroom_stops": headroom_stops, "white_nits": white_nits}
        if may_shrink(wish or Wish(), data, format):
            done = _no_larger(data, target, format, found, how)
        else:
            done = pipeline.transcode(data, target, format, **qualities, **how)
        return dataclasses.replace(done, note=_note(data, format, found, done.note))
    image, gain_map = pipeline.read(data, by_rows=True)
    image = pipeline.with_white(image, white_nits)
    if native:
        return _native(target, image, gain_map, headroom_stops, qualities | {"format": format, "bits": bits})
    if mapped:
        from .tonemapping import with_sdr_base  # here, as few transcodes need it

        image, gain_map = with_sdr_base(image, gain_map, found.base)
    written = pipeline.write(target, image, gain_map, format=format, bits=bits, **qualities)
    figures = pipeline.statistics(image, gain_map)
    note = pipeline.noted(image, format)
    return Conversion(image.width, image.height, None, written, *figures, image.white_nits, note=note)


def _no_larger(data: bytes, target: Path | None, name: str, found: Qualities, how: dict[str, Any]) -> Conversion:
    """A JPEG's pixels in a codec that should make less of them; what grew, by much noise, is coded again, coarser."""
    for step in range(SHRINKING_STEPS + 1):
        lower = found.lowered(step * SHRINKING)
        done = pipeline.transcode(data, None, name, quality=lower.base, map_quality=lower.gain_map, **how)
        made = done.data or b""
        if len(made) <= len(data):
            break
    if target is None:
        return done
    save(target, [made])
    return dataclasses.replace(done, data=None)


def _note(data: bytes, name: str, qualities: Qualities, note: str | None) -> str | None:
    """What is said of a transcode, where a JPEG is carried in a JPEG XL, or comes back."""
    if name == "jxl" and qualities.base is None and data[:2] == JPEG[:2]:
        return remarks.beyond_segments(note, alone=recompression.is_alone(data))
    if name == "jpeg" and recompression.is_recompressed(data) and formats.probe(data).gain_map is not None:
        return "; ".join(filter(None, (note, "its gain map is encoded anew: JPEG XL keeps no JPEG of a map")))
    return note


def _native(
    target: Path | None, image: Image, gain_map: GainMap | None, headroom_stops: float | None, options: dict[str, Any]
) -> Conversion:
    """The HDR pixels of a photo and its map, or network, as a still; one without either is written as it is."""
    figures, note = pipeline.statistics(image, gain_map), pipeline.noted(image, options["format"])
    if gain_map is not None:
        written = pipeline.write_rendition(target, image, gain_map, headroom_stops, **options)
    else:
        written = pipeline.write(target, pipeline.rendition_of(image, None, headroom_stops) or image, None, **options)
        note = note if image.is_hdr or image.gain_network else "it has no gain map, so that it stays SDR"
    return Conversion(image.width, image.height, None, written, *figures, image.white_nits, note=note)
