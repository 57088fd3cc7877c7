"""`untone data extract`: SDR picture, gain map and metadata of a double-layer file, written in the GMNet layout.

The map's own parameters are honoured: minimum, maximum and gamma make the stops; offsets, headrooms and the base's
curve go into metadata/NAME.json, so that the light read back is the file's. What the layout cannot hold is said.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pil

from .... import colour, formats, gainmap
from ....console.lines import complain
from ....errors import UnsupportedError, UntoneError
from ....formats.common.pixels import eight_bits
from ....image import GainMap, Image, turned_upright
from .. import codes
from ..layouts import gmnet

Stops = NDArray[np.float32]

_TRANSFERS = {"srgb": "srgb", "gamma22": "power 2.2"}


def extract(path: Path, folder: Path, *, rgb: bool = False, force: bool = False) -> None:
    """Writes image/, gainmap/, metadata/ and thumbnail/ of one file, upright, the image last; skips one that is there.

    A one-channel map from 0 with gamma 1 keeps its codes. Others are coded anew, which is said in one line on stderr.

    Args:
        rgb: keep three channels (an RGB map, one qmax); otherwise they become the gain of luminance.

    Raises:
        UnsupportedError: the base is the HDR rendition, or has a curve without a place here.
        UntoneError: it carries no gain map, or cannot be read.
    """
    names = {
        k: gmnet.place(folder, k, path.stem) for k in (gmnet.GAIN_MAPS, gmnet.METADATA, gmnet.THUMBNAILS, gmnet.IMAGES)
    }
    if names[gmnet.IMAGES].exists() and not force:
        return
    image, gain_map = formats.read(path)
    _check(image, gain_map)
    assert gain_map is not None
    sdr = np.ascontiguousarray(turned_upright(eight_bits(image.pixels), image.orientation))
    gain_map = dataclasses.replace(
        gain_map, codes=np.ascontiguousarray(turned_upright(gain_map.codes, image.orientation)), encoded=None
    )
    ngm, qmax, remarks = normalised(sdr, image, gain_map, rgb)
    codes.write_png(names[gmnet.GAIN_MAPS], ngm)
    codes.write_npy(names[gmnet.METADATA], np.array(qmax, np.float32))
    convention, more = described(image, gain_map)
    gmnet.write_note(names[gmnet.METADATA].with_suffix(".json"), convention, **more)
    codes.write_png(names[gmnet.THUMBNAILS], gmnet.bicubic(sdr))
    codes.write_png(names[gmnet.IMAGES], sdr, tags=codes.tags(path) if image.icc else None)
    if remarks:
        complain(f"{path}: {'; '.join(remarks)}")


def _check(image: Image, gain_map: GainMap | None) -> None:
    if gain_map is None:
        raise UntoneError("carries no gain map")
    if gain_map.base_headroom_stops > gain_map.alternate_headroom_stops:
        raise UnsupportedError("its base is the HDR rendition; the layout leads from SDR to HDR")
    if image.transfer not in _TRANSFERS:
        raise UnsupportedError(f"its base is coded as {image.transfer}; the layout holds {', '.join(_TRANSFERS)}")


def normalised(
    sdr: NDArray[np.uint8], image: Image, gain_map: GainMap, rgb: bool
) -> tuple[NDArray[np.uint8], float, list[str]]:
    """The map's codes [h, w, 1 or 3] of qmax stops, qmax, and what had to be done to it."""
    stops, remarks = gainmap.to_stops(gain_map), []
    verbatim = gain_map.channels == 1 and gain_map.min_stops[0] == 0 and gain_map.gamma[0] == 1
    verbatim = verbatim and gain_map.codes.dtype == np.uint8
    if gain_map.channels == 3 and not rgb:
        stops = luminance_gain(sdr, image, gain_map, stops)
        remarks.append("three channels became the gain of luminance (--rgb keeps them)")
    if max(gain_map.gamma) != 1 or min(gain_map.gamma) != 1:
        remarks.append(f"gamma {_listed(gain_map.gamma)} was taken off and the map coded anew")
    if any(gain_map.min_stops):
        remarks.append(f"its minimum, {_listed(gain_map.min_stops)} stops, became 0 by coding anew{_darkening(stops)}")
    stops = np.maximum(stops, 0)
    size = codes.Header(sdr.shape[0], sdr.shape[1], 8), codes.Header(stops.shape[0], stops.shape[1], 8)
    try:
        gmnet.divisor(*size)
    except UntoneError:
        remarks.append(f"the map, {stops.shape[1]}x{stops.shape[0]}, was resized to half the picture")
        stops, verbatim = gainmap.resize(stops, -(-sdr.shape[0] // 2), -(-sdr.shape[1] // 2)), False
    if verbatim:
        return gain_map.codes, gain_map.max_stops[0], remarks
    qmax = float(stops.max())
    return np.floor(stops / max(qmax, 1e-6) * 255 + 0.5).astype(np.uint8), qmax, remarks


def _listed(values: tuple[float, ...]) -> str:
    return " ".join(f"{value:.3g}" for value in dict.fromkeys(values))


def _darkening(stops: Stops) -> str:
    below = stops < 0
    if not below.any():
        return ""
    return f"; {100 * below.mean():.1f} % of it, which darkened by {-stops[below].mean():.3f} stops, was lost"


def luminance_gain(sdr: NDArray[np.uint8], image: Image, gain_map: GainMap, stops: Stops) -> Stops:
    """[h, w, 1] gain that brings luminance to where three gains [h, w, 3] bring it."""
    height, width = stops.shape[:2]
    small = np.asarray(Pil.fromarray(sdr).resize((width, height), Pil.Resampling.BOX))
    base = colour.code_table(image.transfer)[small] + np.asarray(gain_map.base_offset, np.float32)
    weights = colour.luminance_weights(image.primaries).astype(np.float32)
    ratio = ((base * np.exp2(stops)) @ weights) / np.maximum(base @ weights, 1e-9)
    plain = stops @ weights  # where base and offset are 0, any gain gives black
    gain: Stops = np.where(base @ weights > 0, np.log2(np.maximum(ratio, 2.0**-20)), plain)[..., None]
    return gain


def described(image: Image, gain_map: GainMap) -> tuple[gmnet.Convention, dict[str, Any]]:
    """The convention of a file's map, and what else its metadata say."""
    offsets = (float(np.mean(o)) for o in (gain_map.base_offset, gain_map.alternate_offset))
    fields = ("min_stops", "max_stops", "gamma", "base_headroom_stops", "alternate_headroom_stops", "encodings")
    more = {name: getattr(gain_map, name) for name in fields} | {"channels": gain_map.channels}
    return gmnet.Convention(_TRANSFERS[image.transfer], *offsets), more | {"primaries": image.primaries}
