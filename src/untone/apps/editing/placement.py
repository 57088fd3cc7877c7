"""Where the pixels of an edited picture were, and what XMP says of places in it, moved along."""

from __future__ import annotations

import dataclasses

from ...formats.metadata import exif, places
from ...formats.metadata.places import Box
from ...image import TURNS
from .resampling import Window


@dataclasses.dataclass(frozen=True)
class Placement:
    """An edit of stored pixels.

    Attributes:
        window: rows and columns that stay, and the size that they get.
        whole: rows and columns of the old picture.
        turn: the orientation that pixels were turned by; 1 leaves them.
        shown_turned: whether viewers show it turned or mirrored otherwise than before.
    """

    window: Window
    whole: tuple[int, int]
    turn: int = 1
    shown_turned: bool = False

    @property
    def is_as_stored(self) -> bool:
        """Whether every pixel is stored where it was."""
        return self.turn == 1 and self.window == Window((0, self.whole[0]), (0, self.whole[1]), self.whole)

    def mapped(self, box: Box) -> Box | None:
        """A part of the old picture in the new one, less what lies outside; None where nothing is left."""
        (top, bottom), (left, right) = self.window.rows, self.window.columns
        across, down = ((box[0], box[2]), (box[1], box[3]))
        x = [min(max((v * self.whole[1] - left) / (right - left), 0.0), 1.0) for v in across]
        y = [min(max((v * self.whole[0] - top) / (bottom - top), 0.0), 1.0) for v in down]
        if (x[0] >= x[1] and across[0] != across[1]) or (y[0] >= y[1] and down[0] != down[1]):
            return None
        exchange, reverse_rows, reverse_columns = TURNS[self.turn]
        x, y = (y, x) if exchange else (x, y)
        y = [1 - y[1], 1 - y[0]] if reverse_rows else y
        x = [1 - x[1], 1 - x[0]] if reverse_columns else x
        return x[0], y[0], x[1], y[1]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the new picture, as stored."""
        height, width = self.window.size
        return (height, width) if TURNS[self.turn][0] else (width, height)

    def moved_subjects(self, block: bytes | None) -> bytes | None:
        """An EXIF block whose subject is where it is in the new picture."""
        if self.is_as_stored:
            return block
        return exif.with_subjects(block, self.mapped, (self.whole[1], self.whole[0]), self.size)

    def moved(self, packet: bytes) -> bytes:
        """An XMP packet that is true for the new picture; a panorama that is turned is none."""
        if not self.is_as_stored:
            packet = places.regions_moved(packet, self.mapped, self.size)
        elif not self.shown_turned:
            return packet
        if not places.has_panorama(packet):
            return packet
        if self.turn != 1 or self.shown_turned:
            return places.without_panorama(packet)
        (top, bottom), (left, right) = self.window.rows, self.window.columns
        scale = (self.size[0] / (right - left), self.size[1] / (bottom - top))
        return places.panorama_moved(packet, left, top, scale, self.size)
