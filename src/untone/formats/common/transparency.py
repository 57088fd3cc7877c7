"""Compositing of transparent pictures on a background (PNG, third edition, 13.16; the "over" of Porter and Duff, 1984).

In codes rather than in light, as browsers do it.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from ... import colour
from ...image import DIFFUSE_WHITE_NITS, Pixels
from .pixels import bands

ON_WHITE = "its transparent areas are put on white"
ON_BACKGROUND = "its transparent areas are put on the background that the file names"


@dataclasses.dataclass(frozen=True)
class Alpha:
    """The transparency of a picture.

    Attributes:
        codes: [H, W], 0 is transparent.
        top: the code that is opaque.
        associated: whether the colours are multiplied by it already.
        background: codes of red, green and blue over 0..1; None is white.
    """

    codes: Pixels
    top: float
    associated: bool = False
    background: tuple[float, float, float] | None = None

    @property
    def is_opaque(self) -> bool:
        """Whether nothing shows through."""
        return all(float(band.min()) >= self.top for band in bands(self.codes))

    @property
    def note(self) -> str:
        """What becomes of it, one line."""
        return ON_WHITE if self.background is None else ON_BACKGROUND


def alpha_of(array: Pixels, top: float, *, associated: bool = False) -> Alpha | None:
    """The last channel of grey + alpha or RGBA [H, W, 2 or 4] as Alpha; None of other arrays."""
    return Alpha(array[:, :, -1], top, associated) if array.ndim == 3 and array.shape[2] in (2, 4) else None


def white_code(transfer: str) -> float:
    """The code over 0..1 of SDR white: less than the largest in PQ and HLG."""
    if transfer in ("pq", "hlg"):
        return float(np.max(colour.from_linear(np.ones(3), transfer, DIFFUSE_WHITE_NITS)))
    return 1.0


def composited(pixels: Pixels, alpha: Alpha, top: float, white: float = 1.0) -> Pixels:
    """[H, W, 3] codes over the background, in place where they can be written to.

    Args:
        pixels: uint8, uint16 or float32.
        alpha: of as many rows and columns.
        top: the code of 1.0.
        white: code over 0..1 of the background where `alpha` names none.
    """
    behind = np.array(alpha.background or (white,) * 3, np.float32) * np.float32(top)
    out = pixels if pixels.flags.writeable else np.empty_like(pixels)
    for source, cover, target in zip(bands(pixels), bands(alpha.codes), bands(out), strict=True):
        share = np.clip(cover.astype(np.float32) / np.float32(alpha.top), 0, 1)[:, :, None]
        mixed = (source if alpha.associated else source * share) + behind * (1 - share)
        if pixels.dtype.kind != "f":
            mixed = np.clip(mixed + 0.5, 0, top)
        target[:] = mixed.astype(pixels.dtype)
    return out
