"""Quality and chroma subsampling of a JPEG, by its headers: what encoding it anew may cost, and need not exceed."""

from __future__ import annotations

import struct

from ...errors import DamagedError
from .blocks import unit
from .segments import Codestream

DQT = 0xDB

# fmt: off
LUMINANCE = (
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51,
    87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101,
    72, 92, 95, 98, 112, 100, 103, 99,
)
# fmt: on
"""The example table of ITU-T T.81 (K.1), which libjpeg scales: quality 50."""

SUBSAMPLINGS = {(8, 8): "444", (16, 8): "422", (8, 16): "440", (16, 16): "420", (32, 8): "411"}
"""By the pixels of a unit."""


def estimated(stream: Codestream) -> int | None:
    """The quality, 1 to 100, at which libjpeg's table has the mean of this one; None where there is no table."""
    found = [s.body for s in stream.segments if s.marker == DQT and s.body and s.body[0] & 15 == 0]
    if not found:
        return None
    values = struct.unpack_from(">64H", found[0], 1) if found[0][0] >> 4 and len(found[0]) >= 129 else found[0][1:65]
    if len(values) < 64:
        return None
    scale = 100 * sum(values) / sum(LUMINANCE)
    return max(1, min(100, round(100 - scale / 2 if scale <= 100 else 5000 / scale)))


def subsampling(stream: Codestream) -> str:
    """As the encoder takes it, "444" where it has none or one that is not written."""
    try:
        return SUBSAMPLINGS.get(unit(stream), "444") if stream.components == 3 else "444"
    except DamagedError:
        return "444"
