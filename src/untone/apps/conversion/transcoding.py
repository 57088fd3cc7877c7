"""`untone to`: photos in another container, gain map and metadata kept; into pixel formats, the HDR rendition."""

from __future__ import annotations

import argparse
import functools
from pathlib import Path
from typing import Any

from ... import formats, pipeline
from ...console.options import add_batch_arguments, add_dry_run, add_output, add_qualities, depth, white
from ...formats.common.files import load_bytes
from ...pipeline import Conversion
from . import batch, planning

HDR_TRANSFERS = ("pq", "hlg", "linear")


def choices() -> dict[str, str]:
    """Formats that may be written: the word on the command line, and the name in the table of formats."""
    return {f.suffixes[0].removeprefix("."): f.name for f in formats.FORMATS if f.write is not None and f.suffixes}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `untone to`."""
    add = parser.add_argument
    add("format", choices=sorted(choices()), metavar="FORMAT", help=f"one of {', '.join(sorted(choices()))}")
    add("inputs", nargs="+", metavar="INPUT", help="photo, folder, glob, or - for stdin")
    add_output(add, "file, folder, or - for stdout; default: beside INPUT")
    add_qualities(add, base=95, gain_map=100)
    add("--headroom", type=float, metavar="STOPS", help="of the display that png, exr and hdr are for; default: all")
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
    options = {"quality": arguments.quality, "map_quality": arguments.map_quality, "bits": arguments.bits}
    options |= {"white_nits": arguments.white}
    task = functools.partial(transcode, format=name, headroom_stops=arguments.headroom, **options)
    return batch.over(arguments, naming, lambda: task)


def transcode(
    source: bytes | Path,
    target: Path | None,
    *,
    format: str,  # noqa: A002  # the word that callers know
    headroom_stops: float | None = None,
    white_nits: float | None = None,
    quality: int = 95,
    map_quality: int = 100,
    bits: int | None = None,
) -> Conversion:
    """As pipeline.transcode; and an HDR base, with a gain map or without, becomes an SDR base with one in a JPEG.

    Args:
        bits: as formats.write takes them.

    Raises:
        UntoneError: unreadable, or nothing that the format can hold; nothing is left behind.
    """
    data = load_bytes(source)
    qualities: dict[str, Any] = {"quality": quality, "map_quality": map_quality}
    mapped = format == "jpeg" and formats.probe(data).base.transfer in HDR_TRANSFERS
    if bits is None and not mapped:
        qualities |= {"headroom_stops": headroom_stops, "white_nits": white_nits}
        return pipeline.transcode(data, target, format, **qualities)
    image, gain_map = pipeline.read(data, by_rows=True)
    image = pipeline.with_white(image, white_nits)
    if mapped:
        from .tonemapping import with_sdr_base  # here, as few transcodes need it

        image, gain_map = with_sdr_base(image, gain_map, quality)
    written = pipeline.write(target, image, gain_map, format=format, bits=bits, **qualities)
    figures = pipeline.statistics(image, gain_map)
    note = pipeline.noted(image, format)
    return Conversion(image.width, image.height, None, written, *figures, image.white_nits, note=note)
