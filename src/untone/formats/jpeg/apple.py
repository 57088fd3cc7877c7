"""Apple's gain map in JPEG (2020): headroom from XMP or MakerNote, codes recomputed to ISO 21496-1.

The formula is Apple's ("Applying Apple HDR effect to your photos"): HDR = SDR * (1 + (headroom - 1) * lin(code)),
lin being the inverse BT.709 OETF. Copied codes would be too bright in the middle, so they are recomputed.
"""

from __future__ import annotations

import math
import struct

import numpy as np
from numpy.typing import NDArray

from ..common.limits import MAX_DIRECTORY_ENTRIES
from ..metadata.iso21496 import Metadata
from ..metadata.xmp import number, properties

APPLE = "http://ns.apple.com/HDRGainMap/1.0/"
APPLE_MARK = b"http://ns.apple.com/HDRGainMap/"
MAKER_TAG = b"Apple iOS\0\0\1MM"

MAX_HEADROOM_STOPS = 16.0

_HDR_HEADROOM, _HDR_GAIN = 0x21, 0x30
_SRATIONAL = 10


def headroom_stops(map_packet: bytes, exif: bytes | None) -> float | None:
    """log2 of the headroom of an Apple gain map: its XMP where that says, else the primary's MakerNote.

    None where neither gives a usable one: such a map is not valid, as Apple has it.
    """
    stated = properties(map_packet, APPLE).get("HDRGainMapHeadroom") if map_packet else None
    if stated is None:
        stops = _maker_stops(exif or b"")
    else:
        try:
            linear = number(stated[0])
        except ValueError:
            return None
        stops = math.log2(linear) if linear > 0 else math.nan
    return stops if 0 < stops < MAX_HEADROOM_STOPS else None


def _maker_stops(exif: bytes) -> float:
    """Headroom from tags 0x21 and 0x30 (0 where absent) of Apple's MakerNote; NaN where there is none."""
    position = exif.find(MAKER_TAG)
    if position < 0:
        return math.nan
    note = exif[position:]
    try:
        values = dict(_rationals(note))
    except struct.error:
        return math.nan
    headroom, gain = values.get(_HDR_HEADROOM), values.get(_HDR_GAIN, 0.0)  # portraits come without a gain
    if headroom is None or not math.isfinite(headroom):
        return math.nan
    if headroom < 1:
        return -20 * gain + 1.8 if gain <= 0.01 else -0.101 * gain + 1.601
    return -70 * gain + 3.0 if gain <= 0.01 else -0.303 * gain + 2.303


def _rationals(note: bytes) -> list[tuple[int, float]]:
    """Signed rationals of a MakerNote's IFD, which follows its tag; offsets count from the note's start."""
    (count,) = struct.unpack_from(">H", note, len(MAKER_TAG))
    found = []
    for index in range(min(count, MAX_DIRECTORY_ENTRIES)):
        tag, kind, values, offset = struct.unpack_from(">HHII", note, len(MAKER_TAG) + 2 + 12 * index)
        if kind == _SRATIONAL and values == 1:
            top, bottom = struct.unpack_from(">ii", note, offset)
            found.append((tag, top / bottom if bottom else math.nan))
    return found


def metadata(stops: float) -> Metadata:
    """Parameters of the recomputed map: 0 to `stops`, no offsets."""
    zero, top = (0.0, 0.0, 0.0), (stops, stops, stops)
    return Metadata(zero, top, base_offset=zero, alternate_offset=zero, alternate_headroom_stops=stops)


def recompute(codes: NDArray[np.uint8], stops: float) -> NDArray[np.uint16]:
    """Apple's codes [h, w, 1] as codes of `metadata(stops)`: log2(1 + (2**stops - 1) * lin(code)) / stops."""
    g = np.arange(256) / 255
    light = np.where(g < 0.081, g / 4.5, ((g + 0.099) / 1.099) ** (1 / 0.45))
    table = np.log2(1 + (2**stops - 1) * light) / stops
    return np.floor(table * 65535 + 0.5).astype(np.uint16)[codes]
