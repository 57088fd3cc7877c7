"""Lossless moving, turning and mirroring of a JPEG's DCT blocks, by native/jpeg/.

Blocks of 8 x 8 pixels can change places, and within a block an exchange of rows and columns exchanges coefficients,
a reversal changes the signs of the odd ones. Nothing is rounded: what is turned back is what it was.
"""

from __future__ import annotations

from ..errors import LimitError, UnsupportedError
from . import _native


def moved(
    data: bytes, window: tuple[int, int, int, int], orientation: int, *, most_pixels: int, most_scans: int
) -> bytes:
    """A window of a JPEG, as an EXIF orientation shows it: its tables and image data, and nothing else.

    Args:
        data: one JPEG, from its SOI on; Huffman-coded, sequential or progressive, 8 bits, 1 or 3 components.
        window: left, top, width, height in pixels; begins at whole units (the largest sampling factors times 8), and
            where the orientation reverses a side, ends at one too.
        orientation: 1 to 8.
        most_pixels, most_scans: of the JPEG; checked before memory is taken.

    Returns:
        Sequential, in one scan, with Huffman codes made for it.

    Raises:
        UnsupportedError: the JPEG is damaged, coded in another way, or the window is none; in one line.
        LimitError: the memory does not suffice.
    """
    try:
        return _native.jpeg_moved(data, *window, orientation, most_pixels, most_scans)
    except ValueError as error:
        raise UnsupportedError(f"this JPEG {error}") from error
    except MemoryError as error:
        raise LimitError("the blocks of this JPEG do not fit into memory") from error
