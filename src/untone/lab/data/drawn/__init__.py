"""Drawn training pictures with their right gain: documents and screens without, lights with gain.

Photographs with HDR renditions hold few pages, screens, faces before a wall or neon signs; a network that has seen only
them lights paper and dims lamps. Each kind is a function from random numbers, and a source of photographs to show
inside of it, to a Drawing. The same seed and index give the same picture.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from . import lights, nature, objects, pages, screens, sunlight
from .canvas import Drawing, PhotoSource, Random, developed
from .placement import photographed

Maker = Callable[[Random, PhotoSource], Drawing]


@dataclasses.dataclass(frozen=True)
class Kind:
    """A kind of picture.

    Attributes:
        make: draws one.
        placed: share that is photographed, lying somewhere in uneven light, instead of filling the frame evenly.
        share: how often, beside the others.
    """

    make: Maker
    placed: float = 0.0
    share: float = 1.0


KINDS: dict[str, Kind] = {
    "letter": Kind(pages.letter, 0.75, 3.0),
    "music": Kind(pages.music, 0.5, 0.5),
    "comic": Kind(pages.comic, 0.5),
    "map": Kind(pages.town_map, 0.4, 0.7),
    "slide": Kind(pages.slide, 0.5),
    "text window": Kind(screens.text_window, 0.1, 1.5),
    "chat": Kind(screens.chat),
    "settings": Kind(screens.settings),
    "article": Kind(screens.article, 0.0, 1.5),
    "framed": Kind(screens.framed),
    "negative": Kind(screens.negative, 0.0, 0.5),
    "one colour": Kind(screens.one_colour, 0.0, 0.5),
    "still life": Kind(objects.still_life, 0.0, 1.2),
    "portrait": Kind(objects.portrait, 0.0, 1.2),
    "product": Kind(objects.product),
    "flower": Kind(objects.flower),
    "painting": Kind(objects.painting, 0.3),
    "bright ground": Kind(nature.bright_ground, 0.0, 2.5),
    "high key": Kind(nature.high_key, 0.0, 2.0),
    "overcast": Kind(nature.overcast, 0.0, 2.0),
    "lamps": Kind(lights.lamps, 0.0, 1.5),
    "neon": Kind(lights.neon, 0.0, 2.0),
    "fire": Kind(lights.fire, 0.0, 0.6),
    "windows": Kind(lights.windows, 0.0, 1.2),
    "room": Kind(lights.room),
    "sun": Kind(sunlight.sun),
    "glitter": Kind(sunlight.glitter),
}
"""Name -> how it is drawn. A new kind is one function and one entry."""


def draw(
    name: str, random: Random, photos: PhotoSource, side: int = 256
) -> tuple[NDArray[np.uint8], NDArray[np.float16]]:
    """One picture: codes [side, side, 3], sRGB, and gain in stops of the same shape.

    Args:
        name: of KINDS.
        random: decides everything.
        photos: photographs to show inside of it.
        side: rows and columns.
    """
    kind = KINDS[name]
    drawing = kind.make(random, photos)
    if random.random() < kind.placed:
        drawing = photographed(drawing, random, photos)
    if random.random() < 0.5:
        drawing = Drawing(drawing.encoded[:, ::-1], drawing.gain_stops[:, ::-1]) if name not in pages_like else drawing
    return developed(drawing, random, side)


pages_like = ("letter", "map", "slide", "text window", "chat", "settings", "article")


def chosen(random: Random) -> str:
    """A kind, by shares."""
    shares = np.array([kind.share for kind in KINDS.values()])
    return str(random.choice(list(KINDS), p=shares / shares.sum()))
