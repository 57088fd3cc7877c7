"""Contact sheets: HDR on an SDR screen, as exposures at 0, -1, -2 and -3 EV."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pil

from ... import colour

Light = NDArray[Any]

EXPOSURES = (0, -1, -2, -3)


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


def save(path: Path, rows: list[Light], width: int = 400) -> None:
    """Writes a PNG with the exposures of each rendition in `rows`, one below the other."""
    Pil.fromarray(np.vstack([exposures(row, width) for row in rows])).save(path)
