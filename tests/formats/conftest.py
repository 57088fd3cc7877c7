"""Small files made on the spot; Pillow and tifffile-free, so that what is tested is not what made them."""

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image as Pillow

from untone.image import GainMap

Saved = Callable[..., bytes]


def gradient(height: int, width: int) -> np.ndarray:
    """Smooth RGB uint8 [height, width, 3]."""
    y, x = np.mgrid[0:height, 0:width]
    codes = np.stack([x * 255 / width, y * 255 / height, (x + y) * 255 / (width + height)], axis=2)
    return codes.astype(np.uint8)


@pytest.fixture
def pixels() -> np.ndarray:
    return gradient(24, 32)


@pytest.fixture
def saved(pixels: np.ndarray) -> Saved:
    """saved("JPEG", mode="L", quality=90) is the gradient as Pillow writes it."""

    def save(kind: str, mode: str = "RGB", **options: object) -> bytes:
        stream = io.BytesIO()
        Pillow.fromarray(pixels).convert(mode).save(stream, kind, **options)
        return stream.getvalue()

    return save


@pytest.fixture
def orientation_exif() -> Callable[[int], bytes]:
    """A TIFF block with an orientation and a maker."""

    def exif(orientation: int) -> bytes:
        block = Pillow.Exif()
        block[0x0112], block[0x010F] = orientation, "Maker"
        return block.tobytes().removeprefix(b"Exif\0\0")

    return exif


@pytest.fixture
def gain_map(pixels: np.ndarray) -> GainMap:
    """Three channels, half size, every parameter different from its default."""
    return GainMap(
        np.ascontiguousarray(pixels[::2, ::2]),
        (-0.5, -0.25, 0.0),
        (1.0, 2.0, 3.0),
        (1.0, 1.25, 0.75),
        (0.015625, 0.01, 0.0),
        (0.015625, 0.02, 0.001),
        0.0,
        2.5,
    )
