"""Shared parts of drawn pictures: words, fonts, smooth noise, and a sheet to draw on."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pil
from PIL import ImageDraw, ImageFont

Codes = NDArray[np.uint8]
Light = NDArray[Any]
Colour = tuple[int, int, int]

WHITE, BLACK = (255, 255, 255), (20, 20, 20)

SENTENCE = (
    "the light of a page is that of the lamp above it and paper gives back no more than nine tenths of what it gets "
    "while a window or a flame gives its own and so the eye knows one from the other before any word is read and would "
    "be surprised if a letter on the table began to glow like the sky behind the glass in the morning"
)
WORDS = SENTENCE.split()


class Sheet:
    """A picture to draw on, with letters of any size."""

    def __init__(self, width: int, height: int, paper: Colour = WHITE) -> None:
        self.picture = Pil.new("RGB", (width, height), paper)
        self.pen = ImageDraw.Draw(self.picture)
        self.width, self.height = width, height

    def text(self, place: tuple[float, float], words: str, size: float, ink: Colour = BLACK) -> None:
        """One line, its top left at `place`."""
        self.pen.text(place, words, ink, ImageFont.load_default(size))

    def paragraph(
        self, random: np.random.Generator, box: tuple[int, int, int, int], size: float, ink: Colour = BLACK
    ) -> None:
        """Lines of words from left to right and top to bottom of a box; the last is short."""
        left, top, right, bottom = box
        font = ImageFont.load_default(size)
        rows = max(1, int((bottom - top) / (size * 1.45)))
        for row in range(rows):
            line, limit = "", (right - left) * (0.55 if row == rows - 1 else 1.0)
            while True:
                longer = f"{line} {random.choice(WORDS)}".strip()
                if font.getlength(longer) > limit:
                    break
                line = longer
            self.pen.text((left, top + row * size * 1.45), line, ink, font)

    def codes(self) -> Codes:
        """[h, w, 3] uint8."""
        return np.asarray(self.picture).copy()


def smooth_noise(random: np.random.Generator, height: int, width: int, cells: int) -> NDArray[np.float32]:
    """[h, w] in -1..1 that varies over about 1 / cells of the picture."""
    coarse = random.uniform(-1, 1, (cells, max(2, round(cells * width / height)))).astype(np.float32)
    return np.asarray(Pil.fromarray(coarse).resize((width, height), Pil.Resampling.BICUBIC))


def texture(random: np.random.Generator, height: int, width: int, cells: int, octaves: int = 4) -> NDArray[np.float32]:
    """[h, w], about -1..1: smooth noise at several scales, each half as strong as the one before."""
    total = np.zeros((height, width), np.float32)
    for octave in range(octaves):
        total += smooth_noise(random, height, width, min(cells << octave, height)) * np.float32(0.5**octave)
    return np.asarray(total * np.float32(0.5))
