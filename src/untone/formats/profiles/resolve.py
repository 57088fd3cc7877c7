"""Colour space of pixels by their ICC profile: a named space, or conversion by LittleCMS where it has no name.

Nothing here trusts a profile: a broken one counts as absent, with a line in the log "untone.formats".
"""

from __future__ import annotations

import dataclasses
import logging
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from ... import colour
from ...errors import DamagedError
from ...image import Image, Pixels
from ..common.pixels import bands, decoded, finite
from .icc import Profile, d50_matrix, describe, matrix_and_curves, named_profile, through_curves

log = logging.getLogger("untone.formats")
log.addHandler(logging.NullHandler())

CHROMATICITY_TOLERANCE = 0.005
OUTSIDE = 0.02
"""Negative light in Display P3, for a pure colour of the profile, from which the profile counts as wider."""


@dataclasses.dataclass(frozen=True)
class Resolved:
    """Pixels and the named colour space that they are in; `named` says whether they came in it."""

    pixels: Pixels
    primaries: str
    transfer: str
    named: bool = True


def primaries_of(icc: bytes | None) -> str | None:
    """Primaries of a profile that has a name of ours; None otherwise."""
    try:
        return describe(icc).primaries if icc else None
    except DamagedError:
        return None


def transfer_of(icc: bytes) -> str | None:
    """Transfer of a profile that has a name of ours; None otherwise."""
    try:
        return describe(icc).transfer
    except DamagedError:
        return None


def primaries_near(red_green_blue: list[float]) -> str | None:
    """Name of the primaries with these six chromaticities, to 0.005; None where there is none."""
    for name, primaries in colour.PRIMARIES.items():
        if np.abs(np.ravel(primaries) - red_green_blue).max() < CHROMATICITY_TOLERANCE:
            return name
    return None


def resolve(icc: bytes | None, pixels: Pixels) -> Resolved:
    """Pixels [H, W, 3] uint8 or uint16 in a named space: as they are, or as uint16 with the sRGB curve in Display P3
    (BT.2020 where the profile is wider than that).

    A broken profile, or one that is for neither RGB nor grey, counts as sRGB.
    """
    profile = _usable(icc)
    if icc is None or profile is None:
        return Resolved(pixels, "bt709", "srgb")
    if profile.primaries is not None and profile.transfer is not None:
        return Resolved(pixels, profile.primaries, profile.transfer)
    try:
        return _convert(pixels, icc, profile.space)
    except DamagedError as error:
        log.warning("%s; the photo is taken as sRGB", error)
        return Resolved(pixels, "bt709", "srgb")


def _usable(icc: bytes | None) -> Profile | None:
    try:
        profile = describe(icc) if icc else None
    except DamagedError as error:
        log.warning("%s; the photo is taken as sRGB", error)
        return None
    return profile if profile is not None and profile.space in ("RGB ", "GRAY") else None


def primaries_of_light(icc: bytes | None) -> str:
    """Primaries of what `light_of` makes of floats."""
    if icc is None or _columns_of(icc) is None:
        return "bt709"
    return primaries_of(icc) or "bt2020"


def light_of(icc: bytes, values: Pixels) -> Pixels:
    """Floats [H, W, 3] of an RGB matrix or grey profile to linear light in `primaries_of_light`, in place.

    A profile of another kind, or a broken one, changes nothing.
    """
    columns = _columns_of(icc)
    matrix = None
    if columns is not None and primaries_of(icc) is None:
        matrix = np.linalg.solve(d50_matrix("bt2020"), columns).T.astype(np.float32)
    try:
        with np.errstate(all="ignore"):  # powers of large light leave float32
            for band in bands(values):
                light = through_curves(icc, band)
                band[:] = light if matrix is None else light @ matrix
    except DamagedError as error:
        log.warning("%s; the light is taken as linear", error)
    return finite(values)


def _columns_of(icc: bytes) -> NDArray[np.float64] | None:
    """[3, 3] of a matrix profile; None for other kinds and broken ones."""
    try:
        shaper = matrix_and_curves(icc, 2)
    except DamagedError:
        return None
    return None if shaper is None else shaper[0]


def is_converted(image: Image) -> bool:
    """Whether the pixels are in another space than the image's own profile, for lack of a name."""
    profile = _usable(image.icc)
    return profile is not None and (profile.primaries is None or profile.transfer is None)


def _convert(pixels: Pixels, icc: bytes, space: str) -> Resolved:
    """RGB or equal-channel grey [H, W, 3] to a named space, uint16: 8 bits rounded a second time show in HDR."""
    if space == "GRAY":
        return Resolved(_transform(pixels[:, :, 0], icc, "gray", np.uint16), "p3", "srgb", named=False)
    shaper = matrix_and_curves(icc, int(np.iinfo(pixels.dtype).max) + 1)
    if shaper is None:
        return Resolved(_transform(pixels, icc, "rgb", np.uint16), "p3", "srgb", named=False)
    return shaped(pixels, *shaper)


def shaped(pixels: Pixels, matrix: NDArray[np.float64], curves: NDArray[np.float32]) -> Resolved:
    """[H, W, 3] codes through curves [3, number of codes] and a matrix to XYZ (D50), as uint16 in `room_for`."""
    target = room_for(matrix)
    return Resolved(_shape(pixels, matrix, curves, target), target, "srgb", named=False)


def room_for(matrix: NDArray[np.float64]) -> str:
    """Primaries that hold the colours of a matrix to XYZ (D50): Display P3, or BT.2020 where those are wider."""
    return "bt2020" if np.linalg.solve(d50_matrix("p3"), matrix).min() < -OUTSIDE else "p3"


def _shape(codes: Pixels, matrix: NDArray[np.float64], curves: NDArray[np.float32], target: str) -> Pixels:
    """[H, W, 3] through curves [3, number of codes] and a matrix to XYZ (D50), to uint16 of the target primaries.

    LittleCMS takes 16-bit codes through a coarse table of the whole conversion, which misses by several 8-bit codes.
    """
    to_target = np.linalg.solve(d50_matrix(target), matrix).T.astype(np.float32)
    encoded = (colour.linear_to_srgb(np.arange(65536) / 65535) * 65535 + 0.5).astype(np.uint16)
    out = np.empty(codes.shape, np.uint16)
    for source, result in zip(bands(codes), bands(out), strict=True):
        light = np.stack([curves[channel][source[:, :, channel]] for channel in range(3)], axis=2) @ to_target
        result[:] = encoded[(np.clip(light, 0, 1) * 65535 + 0.5).astype(np.uint16)]
    return out


def _transform(codes: Pixels, icc: bytes, space: str, dtype: type[np.unsignedinteger[Any]]) -> Pixels:
    """[H, W] or [H, W, n] codes through LittleCMS to Display P3, perceptual intent; in bands to keep memory flat.

    Raises:
        DamagedError: LittleCMS refuses the profile.
    """
    target = named_profile("p3", "srgb")
    out = np.empty((*codes.shape[:2], 3), dtype)
    options = {"profile": icc, "outprofile": target, "colorspace": space, "outcolorspace": "rgb", "outdtype": dtype}
    for source, result in zip(bands(codes), bands(out), strict=True):
        result[:] = decoded(imagecodecs.cms_transform, np.ascontiguousarray(source), **options)
    return out


def cmyk_to_rgb(inks: Pixels, icc: bytes | None) -> Resolved:
    """[H, W, 4] uint8 of a JPEG (inverted, as Adobe writes them: 255 is no ink) to RGB.

    With a CMYK profile to Display P3; without one by the plain product of ink and black, as sRGB.
    """
    try:
        if icc is not None and describe(icc).space == "CMYK":
            return Resolved(_transform(255 - inks, icc, "cmyk", np.uint8), "p3", "srgb", named=False)
    except DamagedError as error:
        log.warning("%s; the inks are mixed without it", error)
    out = np.empty((*inks.shape[:2], 3), np.uint8)
    for source, result in zip(bands(inks), bands(out), strict=True):
        result[:] = (source[:, :, :3].astype(np.uint16) * source[:, :, 3:] + 127) // 255
    return Resolved(out, "bt709", "srgb", named=False)


def profile_for(image: Image) -> bytes | None:
    """The profile to put into a file of these pixels: the image's own, one of ours, none for plain sRGB."""
    if image.icc is not None and not is_converted(image):
        return image.icc
    if (image.primaries, image.transfer) == ("bt709", "srgb"):
        return None
    return named_profile(image.primaries, image.transfer)
