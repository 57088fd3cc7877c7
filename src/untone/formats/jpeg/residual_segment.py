"""Residual maps in JPEG: a residual coded by a picture codec, payload version 2 of the segments of gain networks.

Residuals that ISO 21496-1 cannot express, above all exponents, are stored as a network is (network_segment.py):

    bytes  what
    1      version, 2
    1 1 1  residual, domain, primaries, as of a network
    1      bits of a code, 8
    1      codec: 0 JPEG, 1 HEIC, 2 JPEG XL, 3 AVIF
    4 4    width and height of the photo
    4 x 7  low, high of red, green, blue (codes 0 and 255); headroom in stops: float32
    16     fingerprint of the photo
    ...    the picture, a whole file of its codec: 3 channels of 8 bits, no larger than the photo
    4      CRC-32 of everything before
"""

from __future__ import annotations

import dataclasses
import math
import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from ...errors import DamagedError, UntoneError
from ...gain_network import FINGERPRINT_CELLS, MOST_RESIDUAL
from ...image import PRIMARIES_NAMES
from ...residuals import DOMAINS, KINDS, Residual

VERSION = 2
CODECS = ("jpeg", "heic", "jxl", "avif")
BITS = 8

_HEAD = struct.Struct(f">6B2I7f{FINGERPRINT_CELLS**2}s")
_CRC = struct.Struct(">I")
_NAME = "the residual map (APP11)"


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class ResidualMap:
    """A residual that a codec keeps, for one SDR picture; fields it shares with gain_network.GainNetwork mean the same.

    Attributes:
        residual: what the codes mean.
        low, high: residual of each channel at codes 0 and 255.
        height, width: of the picture that it is for.
        print: [16] uint8, see gain_network.fingerprint.
        headroom_stops: log2 of the HDR rendition's headroom.
        codec: one of CODECS.
        picture: a whole file of it.

    Raises:
        DamagedError: numbers that no picture could come of.
    """

    residual: Residual
    low: tuple[float, float, float]
    high: tuple[float, float, float]
    height: int
    width: int
    print: NDArray[np.uint8]
    headroom_stops: float
    codec: str
    picture: bytes

    def __post_init__(self) -> None:
        ends = (*self.low, *self.high)
        if not all(math.isfinite(end) and abs(end) <= MOST_RESIDUAL for end in ends):
            raise DamagedError(f"the residuals of a map end within +-{MOST_RESIDUAL:g}, not at {ends}")
        if any(low > high for low, high in zip(self.low, self.high, strict=True)):
            raise DamagedError(f"the residuals of a map begin at {self.low}, above their end {self.high}")
        if self.height < 1 or self.width < 1 or self.print.shape != (FINGERPRINT_CELLS**2,):
            raise DamagedError(f"a residual map of a picture of {self.width} x {self.height} pixels")
        if not 0 <= self.headroom_stops <= MOST_RESIDUAL or self.codec not in CODECS:
            raise DamagedError(f"a headroom of {self.headroom_stops} stops, a picture by {self.codec}")

    def __repr__(self) -> str:
        kind = f"{self.residual.kind}, {self.residual.domain}"
        return f"ResidualMap({self.codec}, {len(self.picture)} bytes, {kind}, for {self.width} x {self.height})"


def is_map(payload: bytes) -> bool:
    """Whether a payload is one of these, and no network."""
    return payload[:1] == bytes([VERSION])


def to_payload(found: ResidualMap) -> bytes:
    """The stored form: 62 bytes and the picture."""
    kind, domain = KINDS.index(found.residual.kind), DOMAINS.index(found.residual.domain)
    primaries = PRIMARIES_NAMES.index(found.residual.primaries)
    head = _HEAD.pack(
        VERSION, kind, domain, primaries, BITS, CODECS.index(found.codec), found.width, found.height,
        *found.low, *found.high, found.headroom_stops, found.print.tobytes(),
    )  # fmt: skip
    body = head + found.picture
    return body + _CRC.pack(zlib.crc32(body))


def to_map(payload: bytes) -> ResidualMap:
    """The map that a payload holds; its picture is not decoded.

    Raises:
        DamagedError: it was cut or changed since, or was never right; says what is wrong.
    """
    if len(payload) <= _HEAD.size + _CRC.size:
        raise DamagedError(f"{_NAME} has {len(payload)} bytes, fewer than its head and a picture")
    if zlib.crc32(payload[: -_CRC.size]) != _CRC.unpack_from(payload, len(payload) - _CRC.size)[0]:
        raise DamagedError(f"{_NAME} was changed since it was written: its checksum is not that of its bytes")
    _, kind, domain, primaries, bits, codec, width, height, *rest = _HEAD.unpack_from(payload)
    if kind >= len(KINDS) or domain >= len(DOMAINS) or primaries >= len(PRIMARIES_NAMES):
        raise DamagedError(f"{_NAME} has residual {kind}, domain {domain}, primaries {primaries}")
    if bits != BITS or codec >= len(CODECS):
        raise DamagedError(f"{_NAME} has {bits} bits a code, by codec {codec}")
    residual = Residual(KINDS[kind], DOMAINS[domain], PRIMARIES_NAMES[primaries])
    low, high = (rest[0], rest[1], rest[2]), (rest[3], rest[4], rest[5])
    marks = np.frombuffer(rest[7], np.uint8)
    picture = bytes(payload[_HEAD.size : -_CRC.size])
    try:
        return ResidualMap(residual, low, high, height, width, marks, rest[6], CODECS[codec], picture)
    except UntoneError as error:
        raise DamagedError(f"{_NAME}: {error}") from error
