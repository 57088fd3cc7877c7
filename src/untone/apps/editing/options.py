"""What `untone edit` is asked for: options, and the request that they make."""

from __future__ import annotations

import argparse
import dataclasses
import re

from ...console.options import Add, add_batch_arguments, add_dry_run, add_in_place, add_output
from ...errors import UsageError, shown
from ..conversion.qualities import Purpose, Wish, add_purposes, wished
from .geometry import Bounds, Edit
from .lossless import Mode
from .maps import SHARES, MapEdit

_SIDES = re.compile(r"(?:([1-9]\d{0,6})(?:px)?)?(?:([xX\u00d7])(?:([1-9]\d{0,6})(?:px)?)?)?([!>]?)", re.ASCII)

_SHARE = re.compile(r"(\d{1,4}(?:\.\d{1,6})?)%", re.ASCII)
_MEGAPIXELS = re.compile(r"(\d{1,4}(?:\.\d{1,6})?)mp(>?)", re.ASCII | re.IGNORECASE)

WEB_SIDE = 2048
"""Pixels of the longer side of a photo on a page."""


@dataclasses.dataclass(frozen=True)
class Strip:
    """What is left out: where it was taken, all metadata, what follows the last image, XMP beyond one JPEG segment."""

    location: bool = False
    metadata: bool = False
    trailer: bool = False
    extension: bool = False


@dataclasses.dataclass(frozen=True)
class Request:
    """All of an edit.

    Attributes:
        change: of the picture.
        strip: of what comes with it.
        gain_map: of the map.
        wish: qualities of what has to be encoded anew.
        mode: what gives way so that less has to be.
        keeps_scan: whether to refuse where the base's pixels would have to be encoded anew.
    """

    change: Edit = dataclasses.field(default_factory=Edit)
    strip: Strip = dataclasses.field(default_factory=Strip)
    gain_map: MapEdit = dataclasses.field(default_factory=MapEdit)
    wish: Wish = dataclasses.field(default_factory=Wish)
    mode: Mode = Mode.EXACT
    keeps_scan: bool = False

    @property
    def web(self) -> bool:
        """Whether it is for a page, which changes colours too."""
        return self.wish.purpose is Purpose.WEB


def for_web(request: Request) -> Request:
    """The request with what --web stands for, where it does not say otherwise."""
    change, strip, gain_map = request.change, request.strip, request.gain_map
    size = Bounds(WEB_SIDE, WEB_SIDE, shrinks=True) if change.size is None else change.size
    size_of_map = WEB_SIDE // 2 if gain_map.size is None else gain_map.size
    return dataclasses.replace(
        request,
        change=dataclasses.replace(change, size=size),
        strip=dataclasses.replace(strip, location=True, trailer=True, extension=True),
        gain_map=dataclasses.replace(gain_map, size=size_of_map),
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `untone edit`."""
    add = parser.add_argument
    add("inputs", nargs="+", metavar="INPUT", help="photo, folder, glob, or - for stdin")
    add_output(add, "file, folder, or - for stdout; default: NAME.edited.jpg beside INPUT")
    _add_geometry(add)
    _add_modes(parser.add_mutually_exclusive_group())
    add("--strip-location", action="store_true", help="leave out where it was taken")
    add("--strip-metadata", action="store_true", help="leave out EXIF, XMP, IPTC, comments; colour and map stay")
    add("--strip-trailer", action="store_true", help="leave out what follows the images: a motion photo's video")
    _add_map(add)
    add_purposes(add, parser.add_mutually_exclusive_group().add_argument)
    add_in_place(add, "replace the photos themselves; refused where the base would be encoded anew, unless --force")
    add_batch_arguments(parser)
    add_dry_run(add)


def _add_geometry(add: Add) -> None:
    add("--crop", type=_crop, metavar="X,Y,W,H", help="keep these pixels, counted as the photo is shown")
    sizes = "1080: the longest side; 1080x720: fits within; 1080x or x720: that side; 50%%: that share; 2mp: megapixels"
    add("--resize", type=size, metavar="SIZE", help=f"{sizes}; with ! exactly, with > never larger")
    add("--rotate", type=int, choices=(90, 180, 270), default=0, help="degrees, clockwise")
    add("--flip", choices=("h", "v"), default="", help="left to right, or top to bottom")
    add("--auto-orient", action="store_true", help="turn the pixels themselves, not only the orientation they state")


def _add_map(add: Add) -> None:
    what = "of the gain map: full, half or quarter of the photo's sides, or its longest side in pixels; never enlarged"
    add("--map-size", type=_map_size, metavar="SIZE", help=what)
    add("--map-channels", type=int, choices=(1, 3), help="of the gain map: 1 has the luminance of 3")
    add("--drop-map", action="store_true", help="leave out the gain map; the SDR photo stays as it is")


def _add_modes(group: argparse._MutuallyExclusiveGroup) -> None:
    grown = "never encode a JPEG's base anew: a crop grows to whole blocks, --auto-orient trims what is part of one"
    add = group.add_argument
    add("--lossless", action="store_const", dest="mode", const=Mode.GROWN, default=Mode.EXACT, help=grown)
    add(
        "--perfect", action="store_const", dest="mode", const=Mode.PERFECT, help="refuse what is not exact and lossless"
    )


def _crop(text: str) -> tuple[int, int, int, int]:
    found = re.fullmatch(r"(\d{1,7}),(\d{1,7}),(\d{1,7}),(\d{1,7})", text, re.ASCII)
    if found is None:
        raise argparse.ArgumentTypeError(f"must be X,Y,WIDTH,HEIGHT in whole pixels, not {text}")
    left, top, width, height = map(int, found.groups())
    return left, top, width, height


def size(text: str) -> Bounds | float:
    """A size as people write it: 1080, 1080 px, 1080x720, 1080x, x720, 1080x720!, 1080x720>, 50%, 2mp, 2mp>."""
    close = text.replace(" ", "")
    found = _SIDES.fullmatch(close)
    if found and (found[1] or found[3]) and not (found[4] == "!" and not (found[1] and found[3])):
        width, height = (int(side) if side else None for side in (found[1], found[3]))
        longest = width if found[2] is None else height
        return Bounds(width, longest, forced=found[4] == "!", shrinks=found[4] == ">")
    if (area := _MEGAPIXELS.fullmatch(close)) and float(area[1]) > 0:
        return Bounds(pixels=float(area[1]) * 1e6, shrinks=area[2] == ">")
    share = _SHARE.fullmatch(close)
    if share is None or not 0 < float(share[1]) <= 1600:
        forms = "1080, 1080x720, 1080x, x720, 1080x720!, 1080x720>, megapixels such as 2mp, or a share up to 1600%"
        raise argparse.ArgumentTypeError(f"must be {forms}, not {shown(text)}")
    return float(share[1]) / 100


def _map_size(text: str) -> str | int:
    if text in SHARES:
        return text
    if not re.fullmatch(r"[1-9]\d{0,6}", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"must be {', '.join(SHARES)} or a number of pixels, not {text}")
    return int(text)


def requested(arguments: argparse.Namespace) -> Request:
    """The request of a command line.

    Raises:
        UsageError: it makes no sense.
    """
    turn = {"turns": arguments.rotate // 90, "flip": arguments.flip, "upright": arguments.auto_orient}
    quality = arguments.map_quality is not None and arguments.quality is None
    request = Request(
        Edit(arguments.crop, arguments.resize, **turn),
        Strip(arguments.strip_location, arguments.strip_metadata, arguments.strip_trailer),
        MapEdit(arguments.map_size, arguments.map_channels, quality, arguments.drop_map),
        wished(arguments),
        arguments.mode,
        arguments.in_place and not arguments.force,
    )
    _check(request)
    return for_web(request) if request.web else request


def _check(request: Request) -> None:
    if (request.change, request.strip, request.gain_map) == (Edit(), Strip(), MapEdit()) and not request.web:
        raise UsageError("nothing is to be edited; name a crop, a size, a turn, what to strip, or a change of the map")
    if (request.change.size is not None or request.web) and request.mode is not Mode.EXACT:
        raise UsageError("a photo is not resized without loss; leave out --lossless, or --resize")
    if request.gain_map.dropped and request.gain_map != MapEdit(dropped=True):
        raise UsageError("a gain map that is dropped has no size, channels or quality; leave out --drop-map, or those")
