"""`untone measure`: an SDR photo and its HDR rendition, or its RAW, to one photo with a gain map."""

from __future__ import annotations

import argparse
from pathlib import Path

from ... import pipeline
from ...console.lines import answer, named
from ...console.options import add_answer, add_force, add_output
from ...errors import UntoneError
from ...formats import RAW_SUFFIXES
from ...formats.common.files import no_wider_than
from ...image import GainMap, Image
from ..rendition import check_output

CLIPPED_TOLD = 0.005
"""Share of what is gained, from which the line says that the RAW is clipped there too."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `untone measure`."""
    parser.add_argument("sdr", metavar="SDR", help="the photo, which stays as it is")
    parser.add_argument(
        "hdr",
        metavar="HDR",
        help="the same in HDR: .exr, PQ .png, gain map .jpg ..., or the RAW that the camera made it of",
    )
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
    by_raw = Path(arguments.hdr).suffix.lower() in RAW_SUFFIXES
    gain_map, text, found = _by_raw(sdr, arguments) if by_raw else (_by_pair(sdr, arguments), None, {})
    with no_wider_than(*sources):
        pipeline.write(arguments.output, sdr, gain_map)
    facts = {"sdr": arguments.sdr, "hdr": arguments.hdr, "output": arguments.output, "width": sdr.width}
    facts |= {"height": sdr.height, "headroom_stops": round(gain_map.alternate_headroom_stops, 4)} | found
    answer(facts, text, as_json=arguments.json, quiet=arguments.quiet)
    return 0


def _by_pair(sdr: Image, arguments: argparse.Namespace) -> GainMap:
    _, hdr = read_rendition(arguments.hdr)
    try:
        return pipeline.measure(sdr, hdr, map_size=arguments.map_size, channels=arguments.channels)
    except UntoneError as error:
        raise named(f"{arguments.sdr}, {arguments.hdr}", error) from error


def _by_raw(photo: Image, arguments: argparse.Namespace) -> tuple[GainMap, str, dict[str, object]]:
    """The gain map by a RAW, what was found of it, and the same for programs."""
    from . import raw, raw_gain  # deferred: LibRaw

    try:
        light = raw.read(arguments.hdr)
    except UntoneError as error:
        raise named(arguments.hdr, error) from error
    try:
        found = raw_gain.measured(photo, light, pipeline.MAP_DIVISORS[arguments.map_size], arguments.channels)
    except UntoneError as error:
        raise named(f"{arguments.sdr}, {arguments.hdr}", error) from error
    place, cast = found.placement, max(found.exposure_stops) - min(found.exposure_stops)
    stops = found.gain_map.alternate_headroom_stops
    text = (
        f"{arguments.output}: {stops:.2f} stops of headroom, gain in {found.share:.1%} of the picture; "
        f"aligned with a correlation of {place.likeness:.3f}"
    )
    if found.clipped >= CLIPPED_TOLD:
        text += f"; the RAW is clipped in {found.clipped:.0%} of that"
    facts = {"correlation": place.likeness, "scale": found.scale, "distortion": place.radial, "turn": place.turn}
    facts |= {
        "shift_down": found.shift[0],
        "shift_right": found.shift[1],
        "cast_stops": cast,
        "share_gained": found.share,
        "share_clipped_in_raw": found.clipped,
    }
    return found.gain_map, text, {"raw": {key: round(value, 5) for key, value in facts.items()}}


def read_rendition(name: str) -> tuple[Image, Image]:
    """The base of a file, and its HDR rendition where it has a gain map or network (else the same again)."""
    try:
        image, gain_map = pipeline.read(name)
        return image, pipeline.rendition_of(image, gain_map) or image
    except UntoneError as error:
        raise named(name, error) from error
