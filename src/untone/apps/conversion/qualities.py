"""Qualities that photos and gain maps are encoded with, by purpose; named ones win.

Measured on photos in results/sizes.md: `USUAL` is visually lossless and no larger than the photo, `WEB` is what pages
serve, `ARCHIVE` is for what will be encoded again. A JPEG is never encoded anew at a higher quality than its own: that
costs bytes and brings nothing back.
"""

from __future__ import annotations

import argparse
import dataclasses
import enum

import numpy as np

from ...console.options import Add, quality
from ...errors import UntoneError
from ...formats.jpeg.quality import estimated
from ...formats.jpeg.segments import parse


@dataclasses.dataclass(frozen=True)
class Qualities:
    """Of base and gain map, 1 to 100, by each codec's own scale; None: carried without loss where that can be."""

    base: int | None
    gain_map: int | None

    def lowered(self, by: int) -> Qualities:
        """So much coarser."""
        base, gain_map = (None if each is None else max(1, each - by) for each in (self.base, self.gain_map))
        return Qualities(base, gain_map)


class Purpose(enum.Enum):
    """What a photo is encoded for."""

    USUAL = "visually lossless"
    WEB = "small enough to be served"
    ARCHIVE = "to be encoded again"


ARCHIVE = Qualities(95, 100)
EDITED_ARCHIVE = Qualities(98, 100)
"""Of photos edited in their own format."""

USUAL = {
    "jpeg": Qualities(90, 88),
    "avif": Qualities(92, 90),
    "heic": Qualities(62, 64),
    "jxl": Qualities(90, 97),
}
RESIZED_JPEG = Qualities(87, 80)
"""Usual, of a JPEG made smaller, which has more detail to the pixel."""

WEB = {
    "jpeg": Qualities(80, 75),
    "avif": Qualities(68, 68),
    "heic": Qualities(48, 48),
    "jxl": Qualities(78, 78),
}

COARSE_JPEGS, AS_COARSE = (20, 60, 75, 85, 90), (0.45, 0.77, 0.89, 0.97, 1.0)
"""Qualities of JPEGs, and what of another codec's quality makes as many bytes of their pixels (of AVIF, measured): what
shows its own coding is worth no more. A JPEG of 90 or above is the photo itself."""


@dataclasses.dataclass(frozen=True)
class Wish:
    """What the command line asks for; None: as the purpose has it."""

    purpose: Purpose = Purpose.USUAL
    base: int | None = None
    gain_map: int | None = None

    def of(
        self, data: bytes, name: str, archive: Qualities = ARCHIVE, *, carries: bool = True, resized: bool = False
    ) -> Qualities:
        """For a photo's file that becomes one of this format.

        Args:
            archive: of Purpose.ARCHIVE.
            carries: whether the base's own JPEG may be carried over.
            resized: whether its pixels are others.
        """
        table = {Purpose.USUAL: USUAL, Purpose.WEB: WEB}.get(self.purpose, {})
        found, own = table.get(name, archive), _of_jpeg(data)
        if resized and name == "jpeg" and self.purpose is Purpose.USUAL:
            found = RESIZED_JPEG
        if carries and name == "jxl" and own is not None and self.purpose is not Purpose.WEB:
            found = Qualities(None, None)
        elif own is not None and found.base is not None and self.purpose is not Purpose.ARCHIVE:
            share = float(np.interp(own, COARSE_JPEGS, AS_COARSE))
            found = dataclasses.replace(
                found, base=min(found.base, own) if name == "jpeg" else round(found.base * share)
            )
        return Qualities(self.base or found.base, self.gain_map or found.gain_map)


def may_shrink(wish: Wish, data: bytes, name: str) -> bool:
    """Whether a JPEG that becomes a file of this format is to be no larger than it was: no quality is asked for."""
    usual = wish == Wish() and name in ("avif", "heic")
    return usual and data[:2] == b"\xff\xd8"


def _of_jpeg(data: bytes) -> int | None:
    try:
        return estimated(parse(data)) if data[:2] == b"\xff\xd8" else None
    except UntoneError:  # whoever reads it says what is wrong
        return None


def add_purposes(add: Add, group: Add) -> None:
    """--quality, --map-quality, and of one group --archive and --web; `add` and `group` as argparse has them."""
    usual = "default: visually lossless, and no finer than the photo's own JPEG"
    add("--quality", type=quality, metavar="1-100", help=f"of a base encoded anew; {usual}")
    add("--map-quality", type=quality, metavar="1-100", help="of a gain map encoded anew; default: as fine as the base")
    group("--archive", action="store_true", help="for what will be edited again: several times as large")
    web = "for pages: at most 2048 pixels a side, sRGB or Display P3, smaller qualities and map, no place and no video"
    group("--web", action="store_true", help=f"{web}; some 300 KB")


def wished(arguments: argparse.Namespace) -> Wish:
    """What `add_purposes` was given."""
    purpose = Purpose.ARCHIVE if arguments.archive else Purpose.WEB if arguments.web else Purpose.USUAL
    return Wish(purpose, arguments.quality, arguments.map_quality)
