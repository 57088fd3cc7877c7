"""Contact sheets: HDR on an SDR screen, as exposures at 0, -1, -2 and -3 EV."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pil
from PIL import ImageDraw, ImageFont

from ... import colour

Light = NDArray[Any]

EXPOSURES = (0, -1, -2, -3)

HEAD_HEIGHT, NAME_WIDTH, LETTERS = 26, 150, 15
PAPER, INK = (250, 250, 250), (30, 30, 30)


def exposures(light: Light, width: int = 400) -> NDArray[np.uint8]:
    """The exposures of linear light [H, W, 3] beside each other, each `width` wide, sRGB."""
    step = max(1, light.shape[1] // (2 * width))
    small = light[::step, ::step]
    rows = [_shown(small * 2.0**ev, width) for ev in EXPOSURES]
    return np.hstack(rows)


def _shown(light: Light, width: int) -> NDArray[np.uint8]:
    codes = (np.clip(colour.linear_to_srgb(np.clip(light, 0, 1)), 0, 1) * 255 + 0.5).astype(np.uint8)
    height = max(1, round(codes.shape[0] * width / codes.shape[1]))
    return np.asarray(Pil.fromarray(codes).resize((width, height), Pil.Resampling.BOX))


def sheet(rows: Mapping[str, Light], width: int = 400) -> NDArray[np.uint8]:
    """A labelled sheet [H, W, 3]: a row for each rendition, under its name; a column for each exposure, under its EV.

    Args:
        rows: name -> linear light, sRGB primaries, 1.0 = SDR white.
        width: of each picture, pixels.
    """
    strips = [exposures(light, width) for light in rows.values()]
    page = Pil.new("RGB", (NAME_WIDTH + strips[0].shape[1], HEAD_HEIGHT + sum(len(s) for s in strips)), PAPER)
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(LETTERS)
    for k, ev in enumerate(EXPOSURES):
        draw.text((NAME_WIDTH + k * width + 6, 5), f"{ev} EV", INK, font)
    top = HEAD_HEIGHT
    for name, strip in zip(rows, strips, strict=True):
        page.paste(Pil.fromarray(strip), (NAME_WIDTH, top))
        draw.text((6, top + 4), _wrapped(name, font), INK, font)
        top += len(strip)
    return np.asarray(page)


def _wrapped(name: str, font: Any) -> str:
    """The name in lines that fit beside the pictures; a word too long for one is cut."""
    lines = [""]
    for word in name.replace("/", "/ ").split():
        while font.getlength(word) > NAME_WIDTH - 12:
            word = word[:-2] + "…"
        joined = f"{lines[-1]} {word}".strip()
        if font.getlength(joined) <= NAME_WIDTH - 12:
            lines[-1] = joined
        else:
            lines.append(word)
    return "\n".join(lines)


def save(path: Path, rows: Mapping[str, Light], width: int = 400) -> None:
    """Writes a labelled sheet as PNG."""
    Pil.fromarray(sheet(rows, width)).save(path)
