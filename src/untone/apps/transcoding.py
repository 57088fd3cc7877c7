"""untone to: photos in another container, gain map and metadata kept; into pixel formats, the HDR rendition."""

from __future__ import annotations

import argparse
import functools

from .. import formats, pipeline
from . import batch, jobs
from .options import add_batch_arguments, quality


def choices() -> dict[str, str]:
    """What may be written: the word on the command line, and the name in the table of formats."""
    return {f.suffixes[0].removeprefix("."): f.name for f in formats.FORMATS if f.write is not None and f.suffixes}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of `untone to`."""
    add = parser.add_argument
    add("format", choices=sorted(choices()), metavar="FORMAT", help=f"one of {', '.join(sorted(choices()))}")
    add("inputs", nargs="+", metavar="INPUT", help="photo, folder, glob, or - for stdin")
    add("-o", "--output", metavar="OUT", help="file, folder, or - for stdout; default: beside INPUT")
    add("--quality", type=quality, default=95, metavar="1-100", help="of a base encoded anew; default 95")
    add("--map-quality", type=quality, default=100, metavar="1-100", help="of a map encoded anew; default 100")
    add("--headroom", type=float, metavar="STOPS", help="of the display that png, exr and hdr are for; default: all")
    add_batch_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Write everything; 0 when nothing failed, else 1.

    Raises:
        UsageError: the request makes no sense; nothing was written.
    """
    name = choices()[arguments.format]
    naming = jobs.Naming("", formats.suffixes_of(name), pass_over_marked=False)
    planned = jobs.plan(arguments.inputs, arguments.output, arguments.recursive, arguments.exclude, naming)
    options = {"quality": arguments.quality, "map_quality": arguments.map_quality}
    task = functools.partial(pipeline.transcode, format=name, headroom_stops=arguments.headroom, **options)
    return batch.work(planned, lambda: task, arguments)
