"""Small pictures of photos: with their light for HDR screens, or two stops darker, so that SDR screens show it too."""

from __future__ import annotations

import base64
import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ... import colour, formats, pipeline
from ...errors import UntoneError
from ...image import GainMap, Image
from ..choices import UNTOUCHED, Choice
from . import renditions
from .renditions import PREDICTED, Pair
from .studio import TILE_QUALITY, TILE_SIDE, Tile

BRIGHT, DIM, DIM_BEFORE = LOOKS = ("bright", "dim", "dim-before")
DIM_STOPS = -2.0


def shown(tile: Tile, wanted: Choice, look: str) -> dict[str, Any]:
    """For JSON: the picture of a small photo, its figures, and where its gain map comes from.

    Args:
        tile, wanted, look: as `picture` has them.

    Raises:
        UntoneError: another look.
    """
    data = base64.b64encode(picture(tile, wanted, look)).decode()
    seconds = None if tile.moment is None else tile.moment.seconds
    return {"picture": data, "origin": tile.origin, "seconds": seconds, **figures(tile, wanted)}


def picture(tile: Tile, wanted: Choice, look: str) -> bytes:
    """A JPEG of a small photo.

    Args:
        tile: the photo.
        wanted: strength and peak.
        look: BRIGHT has the gain map; DIM and DIM_BEFORE are what an SDR screen shows two stops darker.

    Raises:
        UntoneError: another look.
    """
    if look == BRIGHT and _is_plain(tile, wanted):
        return tile.plain
    found = tile.pair
    if look == BRIGHT:
        return renditions.small_file(found, renditions.limited(found, wanted), TILE_SIDE, TILE_QUALITY)
    if look not in (DIM, DIM_BEFORE):
        raise UntoneError(f"a tile looks {BRIGHT}, {DIM} or {DIM_BEFORE}, not {look!r}")
    gain_map = renditions.shown_map(found, wanted)
    return jpeg(exposed(found, gain_map if look == DIM else None, DIM_STOPS), TILE_QUALITY)


def figures(tile: Tile, wanted: Choice) -> dict[str, float]:
    """As renditions.figures, of a small photo."""
    plain = _is_plain(tile, wanted) and wanted.white == UNTOUCHED.white
    return tile.figures if plain else renditions.figures(tile.pair, wanted)


def _is_plain(tile: Tile, wanted: Choice) -> bool:
    return tile.origin != PREDICTED or (wanted.strength == UNTOUCHED.strength and wanted.peak is None)


def exposed(found: Pair, gain_map: GainMap | None, stops: float) -> NDArray[np.uint8]:
    """What an SDR screen shows of a photo, [H, W, 3] sRGB codes, with all light times 2 ** stops.

    Args:
        found: the photo.
        gain_map: upright; None shows the base.
        stops: of exposure.
    """
    if gain_map is None:
        light = dataclasses.replace(found.image, pixels=colour.light_of(found.image), transfer="linear", bits=32)
    else:
        light = pipeline.apply(found.image, gain_map)
    screen = light.pixels @ colour.rgb_to_rgb(light.primaries, "bt709").T.astype(np.float32)
    encoded = colour.linear_to_srgb(np.clip(screen * np.float32(2.0**stops), 0, 1))
    return np.floor(encoded * 255 + 0.5).astype(np.uint8)


def jpeg(codes: NDArray[np.uint8], quality: int) -> bytes:
    """sRGB codes as a JPEG."""
    return formats.write(None, Image(codes), format="jpeg", quality=quality) or b""
