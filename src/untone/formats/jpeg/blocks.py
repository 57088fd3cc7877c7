"""Lossless crops and turns of one JPEG image by its MCUs: where its blocks allow them.

A unit (MCU) is the smallest part that can be moved: 8 x 8 pixels, or 16 a side where colours are subsampled. A crop
begins at a unit's border; it may end anywhere. A side that is reversed must be whole units.
"""

from __future__ import annotations

import dataclasses
import struct

from ...errors import DamagedError
from ...kernels import blocks
from ..common.limits import MAX_PIXELS, MAX_SCANS
from .segments import APP0, APP14, FRAMES, JFIF_TAG, Codestream, segment

Window = tuple[int, int, int, int]
"""Left, top, width, height in stored pixels."""


def unit(stream: Codestream) -> tuple[int, int]:
    """Width and height of a unit in pixels.

    Raises:
        DamagedError: sampling factors that cannot be.
    """
    body = next(s.body for s in stream.segments if s.marker in FRAMES)
    factors = [body[6 + 3 * i + 1] for i in range(stream.components) if 6 + 3 * i + 1 < len(body)]
    if len(factors) != stream.components or not all(1 <= f >> 4 <= 4 and 1 <= f & 15 <= 4 for f in factors):
        raise DamagedError("the JPEG's frame has sampling factors that cannot be")
    if len(factors) == 1:
        return 8, 8
    return 8 * max(f >> 4 for f in factors), 8 * max(f & 15 for f in factors)


def fits(stream: Codestream, window: Window, orientation: int) -> bool:
    """Whether a window can be cut out and turned as it is."""
    wide, high = unit(stream)
    left, top, width, height = window
    across, down = reversed_sides(orientation)
    begins = left % wide == 0 and top % high == 0
    return begins and not (across and width % wide) and not (down and height % high)


def reversed_sides(orientation: int) -> tuple[bool, bool]:
    """Whether an EXIF orientation shows stored columns, and stored rows, in reverse."""
    return orientation in (2, 3, 7, 8), orientation in (3, 4, 6, 7)


def moved(data: bytes, stream: Codestream, window: Window, orientation: int) -> bytes:
    """A window of a codestream of `data`, turned; with its JFIF and Adobe segments, without any other metadata.

    Raises:
        UnsupportedError: it is coded in a way whose blocks cannot be moved.
        DamagedError, LimitError: as their names say.
    """
    made = blocks.moved(data[stream.start :], window, orientation, most_pixels=MAX_PIXELS, most_scans=MAX_SCANS)
    kept = [s for s in stream.segments if s.marker == APP14 or (s.marker == APP0 and s.body.startswith(JFIF_TAG))]
    bodies = [_turned_density(s.body) if s.marker == APP0 and orientation > 4 else s.body for s in kept]
    head = [segment(s.marker, body) for s, body in zip(kept, bodies, strict=True)]
    return b"".join([made[:2], *head, memoryview(made)[2:]])


def _turned_density(body: bytes) -> bytes:
    """JFIF's pixels per inch across and down, exchanged; its thumbnail, which nobody reads, left out."""
    head = body[:12]
    if len(head) < 12:
        return body
    across, down = struct.unpack_from(">HH", head, 8)
    return head[:8] + struct.pack(">HH", down, across) + bytes(2)


@dataclasses.dataclass(frozen=True)
class Axis:
    """One side of a base and its map: pixels, and the units that either can be cut at.

    Attributes:
        pixels: of the base.
        unit: of the base.
        samples: of the map; 0 where there is none.
        map_unit: of the map.
    """

    pixels: int
    unit: int
    samples: int = 0
    map_unit: int = 1

    def is_start(self, at: int) -> bool:
        """Whether a crop of both may begin at this pixel."""
        return at % self.unit == 0 and (not self.samples or at * self.samples % (self.pixels * self.map_unit) == 0)

    def is_end(self, at: int) -> bool:
        """Whether it may end there: between samples of the map."""
        return at == self.pixels or not self.samples or at * self.samples % self.pixels == 0

    def grown(self, first: int, last: int) -> tuple[int, int]:
        """The least span that holds this one, begins at units of both and ends between samples."""
        while not self.is_start(first):
            first -= 1
        while not self.is_end(last):
            last += 1
        return first, last

    def trimmed(self, first: int, last: int) -> tuple[int, int]:
        """The largest whole units of both within a span that begins at one; for a side that is to be reversed."""
        end = last
        while end > first and not (
            (end - first) % self.unit == 0
            and (not self.samples or (end - first) * self.samples % (self.pixels * self.map_unit) == 0)
        ):
            end -= 1
        return first, end
