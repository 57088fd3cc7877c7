"""What a film's stream says of its colours (ITU-T H.273), and what untone takes it for where it says nothing."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...colour import rgb_to_rgb
from ...errors import UnsupportedError
from ...formats.profiles.chromaticities import Corners, to_bt2020

BT2020, PQ, HLG, BT2020_NCL = 9, 16, 18, 9
"""H.273: colour primaries, transfer characteristics, matrix coefficients."""

LIMITED, FULL = 1, 2
"""AVColorRange."""

UNSPECIFIED = 2

MATRICES = {1: "bt709", 4: "fcc", 5: "bt601", 6: "bt601", 7: "smpte240m", 9: "bt2020"}
"""H.273 matrix coefficients -> kernels.video.MATRICES."""

EOTFS = {1: "bt1886", 4: "gamma22", 5: "gamma28", 6: "bt1886", 7: "bt1886", 11: "bt1886", 12: "bt1886", 13: "srgb",
         14: "bt1886", 15: "bt1886"}  # fmt: skip
"""H.273 transfer characteristics of SDR -> kernels.video.EOTFS: what displays do, which is BT.1886 for all of video."""

_D65, _C = (0.3127, 0.3290), (0.310, 0.316)
PRIMARIES: dict[int, Corners] = {
    1: (0.640, 0.330, 0.300, 0.600, 0.150, 0.060, *_D65),
    4: (0.67, 0.33, 0.21, 0.71, 0.14, 0.08, *_C),
    5: (0.64, 0.33, 0.29, 0.60, 0.15, 0.06, *_D65),
    6: (0.630, 0.340, 0.310, 0.595, 0.155, 0.070, *_D65),
    7: (0.630, 0.340, 0.310, 0.595, 0.155, 0.070, *_D65),
    8: (0.681, 0.319, 0.243, 0.692, 0.145, 0.049, *_C),
    11: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, 0.314, 0.351),
    12: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, *_D65),
    22: (0.630, 0.340, 0.295, 0.605, 0.155, 0.077, *_D65),
}
"""H.273 colour primaries -> red, green, blue, white as x, y."""

SITINGS = {1: "left", 2: "center", 3: "topleft", 4: "top"}
"""AVChromaLocation -> kernels.video.SITINGS."""

MOST_SD_LINES, MOST_SD_COLUMNS = 576, 1024
"""Untagged films up to this size are taken for standard definition: BT.601."""

_NATIVE = re.compile(r"yuvj?(?P<chroma>420|422|444)p(?P<bits>9|10|12|14|16)?(le)?")


@dataclasses.dataclass(frozen=True, eq=False)
class SourceSignal:
    """How decoded planes are to be read.

    Attributes:
        matrix, siting, eotf: as kernels.video names them.
        full_range: whether code 0 is black.
        to_bt2020: [3, 3] from linear RGB of the film to BT.2020.
        bits: of a sample.
        format: pixel format that frames are brought to first; None: they are read as they are.
    """

    matrix: str
    siting: str
    eotf: str
    full_range: bool
    to_bt2020: NDArray[np.float64]
    bits: int
    format: str | None


@dataclasses.dataclass(frozen=True)
class Tags:
    """H.273 numbers of a stream or frame; UNSPECIFIED or 0 where it does not say."""

    primaries: int
    transfer: int
    matrix: int
    range: int

    @property
    def is_hdr(self) -> bool:
        """PQ or HLG."""
        return self.transfer in (PQ, HLG)


def side_data(frame: Any, name: str) -> Any | None:
    """Side data of a frame by its name in PyAV; None where there is none."""
    return _all_side_data(frame).get(name)


def side_data_names(frame: Any) -> set[str]:
    """Names of all side data of a frame."""
    return {data.type.name for data in _all_side_data(frame)}


def _all_side_data(frame: Any) -> Any:
    try:
        return frame.side_data
    except ValueError:  # PyAV gives none where one is of a kind that only a newer FFmpeg names
        return {}


def tags_of(frame: Any) -> Tags:
    """Of a decoded frame."""
    return Tags(int(frame.color_primaries), int(frame.color_trc), int(frame.colorspace), int(frame.color_range))


def native(pixel_format: str) -> tuple[str, int] | None:
    """Chroma and bits of a pixel format that the kernels read as it is."""
    found = _NATIVE.fullmatch(pixel_format)
    return None if found is None else (found["chroma"], int(found["bits"] or 8))


def source_signal(tags: Tags, pixel_format: str, height: int, width: int, location: int = 0) -> SourceSignal:
    """What is to be made of frames: by their tags, else by their size.

    Raises:
        UnsupportedError: the film says linear or logarithmic light, or a matrix that is no Y'CbCr.
    """
    standard = height <= MOST_SD_LINES and width <= MOST_SD_COLUMNS
    fallback = (5 if height == MOST_SD_LINES else 6) if standard else 1
    known = native(pixel_format)
    rgb = not pixel_format.startswith(("yuv", "nv", "p0", "p2", "p4", "gray", "y4", "uyvy", "yuyv", "vuy", "xv", "ay"))
    if not rgb and tags.matrix not in (*MATRICES, 0, 3, UNSPECIFIED):
        raise UnsupportedError(f"its colour matrix (H.273 matrix {tags.matrix}) is not Y'CbCr")
    if tags.transfer in (8, 9, 10, 17):
        raise UnsupportedError(f"its transfer function (H.273 {tags.transfer}) is neither SDR, PQ nor HLG")
    converted = rgb or known is None
    matrix = "bt709" if rgb else MATRICES.get(tags.matrix) or MATRICES[fallback]
    corners = PRIMARIES.get(tags.primaries) or PRIMARIES[1 if rgb else fallback]
    full = not rgb and (tags.range == FULL or (tags.range != LIMITED and pixel_format.startswith("yuvj")))
    return SourceSignal(
        matrix,
        SITINGS.get(location, "left"),
        EOTFS.get(tags.transfer, "srgb" if rgb else "bt1886"),
        full,
        rgb_to_rgb("bt2020", "bt2020") if tags.primaries == BT2020 else to_bt2020(corners),
        known[1] if known and not converted else 10,
        "yuv444p10le" if converted else None,
    )
