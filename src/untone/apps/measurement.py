"""`untone measure`: an SDR photo and its HDR rendition to one photo with a gain map."""

from __future__ import annotations

import argparse

from .. import pipeline
from ..console.lines import answer, named
from ..console.options import add_answer, add_force, add_output
from ..errors import UntoneError
from ..formats.common.files import no_wider_than
from ..image import Image
from .rendition import check_output


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `untone measure`."""
    parser.add_argument("sdr", metavar="SDR", help="the photo, which stays as it is")
    parser.add_argument("hdr", metavar="HDR", help="the same picture in HDR: .exr, PQ or HLG .png, gain map .jpg ...")
    add_output(parser.add_argument, "the .jpg to write", required=True)
    parser.add_argument("--map-size", choices=tuple(pipeline.MAP_DIVISORS), default="half", help="default half")
    parser.add_argument("--channels", type=int, choices=(1, 3), default=3, help="of the gain map; default 3")
    add_force(parser.add_argument)
    add_answer(parser.add_argument)


def run(arguments: argparse.Namespace) -> int:
    """Read both, measure, write.

    Raises:
        UsageError: OUT is no .jpg, exists, or is an input.
        UntoneError: one cannot be read, they do not fit each other, or the output cannot be written.
    """
    sources = (arguments.sdr, arguments.hdr)
    check_output(arguments.output, sources, pipeline.GAIN_MAP_SUFFIXES, arguments.force)
    sdr, _ = read_rendition(arguments.sdr)
    _, hdr = read_rendition(arguments.hdr)
    try:
        gain_map = pipeline.measure(sdr, hdr, map_size=arguments.map_size, channels=arguments.channels)
        with no_wider_than(*sources):
            pipeline.write(arguments.output, sdr, gain_map)
    except UntoneError as error:
        raise named(f"{arguments.sdr}, {arguments.hdr}", error) from error
    facts = {"sdr": arguments.sdr, "hdr": arguments.hdr, "output": arguments.output, "width": sdr.width}
    facts |= {"height": sdr.height, "headroom_stops": round(gain_map.alternate_headroom_stops, 4)}
    answer(facts, None, as_json=arguments.json, quiet=arguments.quiet)
    return 0


def read_rendition(name: str) -> tuple[Image, Image]:
    """The base of a file, and its HDR rendition where it has a gain map or network (else the same again)."""
    try:
        image, gain_map = pipeline.read(name)
        return image, pipeline.rendition_of(image, gain_map) or image
    except UntoneError as error:
        raise named(name, error) from error
