"""A gain map into a file that Pillow has encoded: the file's own pictures and metadata stay as they are."""

from __future__ import annotations

import dataclasses

from PIL import Image

from ... import formats
from ...errors import UnsupportedError, UntoneError, UsageError, check_number
from ...formats.common.files import joined
from ...formats.jpeg import codec as jpeg
from ...image import GainMap

SLACK = 0.01
"""Of the proportions of a picture and its gain map, beside the rounding of their sides."""


def check(image: Image.Image, gain_map: object, name: str | None) -> None:
    """Whether a picture can be saved with a gain map.

    Args:
        name: our name of the format; None of one that holds no gain map, or not one with several pictures.

    Raises:
        UsageError: it is no GainMap.
        UnsupportedError: the format holds none, or the picture is no SDR picture of RGB or grey.
        UntoneError: the map has other proportions: it is that of the picture before a crop or a turn.
    """
    if not isinstance(gain_map, GainMap):
        kind = type(gain_map).__name__
        raise UsageError(
            f"gain_map must be an untone.GainMap, as info['gain_map'] and untone.predict give it, not {kind}"
        )
    if name is None:
        raise UnsupportedError("a gain map is saved into one JPEG, AVIF, HEIF or JPEG XL, not into this")
    if image.mode in ("CMYK", "YCCK", "I", "I;16", "F"):
        raise UnsupportedError(f"a gain map needs a base of RGB or grey, not of mode {image.mode}")
    across, down = image.width / gain_map.width, image.height / gain_map.height
    slack = sum(1 / min(sides) for sides in ((image.width, gain_map.width), (image.height, gain_map.height)))
    if abs(across / down - 1) > slack + SLACK:
        sizes = f"{image.width} x {image.height}, the gain map {gain_map.width} x {gain_map.height}"
        raise UntoneError(
            f"the picture is {sizes}, of other proportions; crop and turn it by untone.pillow, which keeps both in step"
        )


def with_gain_map(base: bytes, gain_map: GainMap, name: str, map_quality: int) -> bytes:
    """The file of a base that is encoded, and a gain map.

    Raises:
        UsageError: the quality is not 1 to 100.
        UntoneError: the base is of a kind that cannot carry a map.
    """
    if name == "jpeg":
        check_number("gain_map_quality", map_quality)
        if not 1 <= map_quality <= 100:
            raise UsageError(f"gain_map_quality must be 1 to 100, not {map_quality}")
        image, _ = jpeg.outline(base)
        return joined(jpeg.write(image, gain_map, map_quality=map_quality))
    image, _ = formats.read(base)
    if image.notes:
        image = dataclasses.replace(image, encoded=None)
    data = formats.write(None, image, gain_map, format=name, map_quality=map_quality)
    assert data is not None
    return data
