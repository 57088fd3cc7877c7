"""Crops, sizes and quarter turns of a Pillow picture with its gain map in step.

The picture is what Pillow's own method of that name makes of it. The map keeps its size relative to the picture and is
never enlarged; its codes are interpolated, as viewers do when they lay it over the picture.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING

from PIL import Image, ImageOps

from .info import KEY, attach

if TYPE_CHECKING:
    from ...image import GainMap

Box = tuple[float, float, float, float]

TURNS = {
    Image.Transpose.FLIP_LEFT_RIGHT: 2,
    Image.Transpose.FLIP_TOP_BOTTOM: 4,
    Image.Transpose.ROTATE_90: 8,
    Image.Transpose.ROTATE_180: 3,
    Image.Transpose.ROTATE_270: 6,
    Image.Transpose.TRANSPOSE: 5,
    Image.Transpose.TRANSVERSE: 7,
}
"""Pillow's turns, as the EXIF orientation that asks a viewer for them."""

QUARTERS = {90: Image.Transpose.ROTATE_90, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_270}
ORIENTATION = 0x0112


def resize(
    image: Image.Image,
    size: tuple[int, int],
    resample: int | None = None,
    box: Box | None = None,
    reducing_gap: float | None = None,
) -> Image.Image:
    """As Image.resize, the gain map in step; a picture without one is resized alone.

    Args:
        image: any picture; its `info` may have a gain map.
        size, resample, box, reducing_gap: as Pillow takes them.

    Returns:
        The picture, with its own map in `info`.

    Raises:
        UntoneError: the gain map cannot be decoded.
    """
    made = image.resize(size, resample, box, reducing_gap)
    whole = box or (0, 0, *image.size)
    shares = (size[0] / (whole[2] - whole[0]), size[1] / (whole[3] - whole[1]))
    return _with(made, image, lambda gain_map: cut(gain_map, image.size, whole, shares))


def crop(image: Image.Image, box: tuple[int, int, int, int] | None = None) -> Image.Image:
    """As Image.crop, the gain map in step.

    Args:
        box: left, top, right, bottom in pixels, within the picture; None takes all of it.

    Raises:
        ValueError: the box is empty, or goes beyond a picture that has a gain map.
        UntoneError: the gain map cannot be decoded.
    """
    left, top, right, bottom = (round(side) for side in box or (0, 0, *image.size))
    beyond = min(left, top) < 0 or right > image.width or bottom > image.height or left >= right or top >= bottom
    if KEY in image.info and beyond:
        raise ValueError(
            f"the box {left}, {top}, {right}, {bottom} is not within {image.width} x {image.height} pixels"
        )
    made = image.crop((left, top, right, bottom))
    return _with(made, image, lambda gain_map: cut(gain_map, image.size, (left, top, right, bottom), (1, 1)))


def transpose(image: Image.Image, method: Image.Transpose) -> Image.Image:
    """As Image.transpose: flips and quarter turns, the gain map in step.

    Raises:
        UntoneError: the gain map cannot be decoded.
    """
    return _with(image.transpose(method), image, lambda gain_map: turned(gain_map, TURNS[Image.Transpose(method)]))


def rotate(image: Image.Image, angle: float, *, expand: bool = True) -> Image.Image:
    """The picture turned by quarters against the clock, whole: Image.rotate with `expand`, the gain map in step.

    Args:
        angle: degrees, a multiple of 90; others would need corners that no picture has.
        expand: True; Pillow's own default cuts what turns out of the frame.

    Raises:
        ValueError: another angle, or not to expand.
        UntoneError: the gain map cannot be decoded.
    """
    if not expand:
        raise ValueError("a picture is turned whole: expand must be True")
    quarters = angle % 360
    if quarters not in (0, *QUARTERS):
        raise ValueError(
            f"the angle must be a multiple of 90 degrees, not {angle}; crop what Image.rotate makes instead"
        )
    return transpose(image, QUARTERS[int(quarters)]) if quarters else crop(image)


def exif_transpose(image: Image.Image) -> Image.Image:
    """As ImageOps.exif_transpose: the pixels turned as the EXIF orientation asks, which is taken out, and the gain map.

    Raises:
        UntoneError: the gain map cannot be decoded.
    """
    orientation = image.getexif().get(ORIENTATION, 1)
    made = ImageOps.exif_transpose(image)
    known = orientation if orientation in range(1, 9) else 1
    return _with(made, image, lambda gain_map: turned(gain_map, known))


def _with(made: Image.Image, image: Image.Image, changed: Callable[[GainMap], GainMap]) -> Image.Image:
    """What was made of a picture, with what that makes of its gain map, when it is asked for."""
    if KEY in image.info:
        info = image.info
        attach(made, lambda: changed(info[KEY]))
    return made


def turned(gain_map: GainMap, orientation: int) -> GainMap:
    """A gain map turned as a viewer turns pixels of this EXIF orientation."""
    import numpy as np

    from ...image import turned_upright

    if orientation == 1:
        return gain_map
    codes = np.ascontiguousarray(turned_upright(gain_map.codes, orientation))
    return dataclasses.replace(gain_map, codes=codes, encoded=None)


def cut(gain_map: GainMap, size: tuple[int, int], box: Box, shares: tuple[float, float]) -> GainMap:
    """The part of a gain map that lies under a box of a picture, made smaller by shares of at most 1.

    Args:
        size: width and height of the picture.
        box: left, top, right, bottom, in its pixels.
        shares: of width and height; where one is above 1 the map is as large as it can be without being enlarged.
    """
    import numpy as np

    across, down = gain_map.width / size[0], gain_map.height / size[1]
    area = (box[0] * across, box[1] * down, box[2] * across, box[3] * down)
    fit = min(1.0, *(1 / share for share in shares))  # the proportions stay those of the picture
    sides = [max(1, round((area[end] - area[end - 2]) * shares[end - 2] * fit)) for end in (2, 3)]
    if (*area[:2], *sides) == (0, 0, gain_map.width, gain_map.height):
        return gain_map
    planes = [Image.fromarray(gain_map.codes[:, :, c].astype(np.float32)) for c in range(gain_map.channels)]
    there = (min(area[2], gain_map.width), min(area[3], gain_map.height))
    parts = [plane.resize((sides[0], sides[1]), Image.Resampling.BILINEAR, (*area[:2], *there)) for plane in planes]
    codes = np.floor(np.stack([np.asarray(part) for part in parts], axis=2) + 0.5).astype(gain_map.codes.dtype)
    return dataclasses.replace(gain_map, codes=codes, encoded=None)
