"""Colour of AV1 and HEVC bitstreams by their sequence headers, for AVIF and HEIC files without a `colr` box.

Read are the sequence header of AV1 (its specification, 5.5) and the sequence parameter set of HEVC (ITU-T H.265,
7.3.2.2 and E.2.1), as far as two code points of ITU-T H.273. What cannot be read counts as an absent box.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ...errors import DamagedError
from ..common.limits import MAX_BIT_HEADER_BYTES, MAX_SETUP_BYTES

SEQUENCE_HEADER, HEVC_SPS = 1, 33
UNSPECIFIED = 2


class CodePoints(NamedTuple):
    """Primaries and transfer by ITU-T H.273; UNSPECIFIED where the stream does not say."""

    primaries: int = UNSPECIFIED
    transfer: int = UNSPECIFIED


class _Bits:
    """Bits of bytes, the highest first; of no more than a header may have, as taking one looks at all of them."""

    def __init__(self, data: bytes) -> None:
        data = data[:MAX_BIT_HEADER_BYTES]
        self._value, self._left = int.from_bytes(data, "big"), 8 * len(data)

    def take(self, count: int) -> int:
        if count > self._left:
            raise DamagedError("a codestream's header is truncated")
        self._left -= count
        return self._value >> self._left & (1 << count) - 1

    def golomb(self) -> int:
        """ue(v): as many zeros as bits follow the one."""
        zeros = 0
        while not self.take(1):
            zeros += 1
            if zeros > 32:
                raise DamagedError("a codestream's header has a number of more than 32 bits")
        return (1 << zeros) - 1 + self.take(zeros)


def av1_code_points(setup: bytes, data: bytes) -> CodePoints:
    """Of the sequence header within `av1C`, else the one within the first bytes of the coded picture."""
    try:
        for stream in (setup[4:MAX_BIT_HEADER_BYTES], data[:MAX_BIT_HEADER_BYTES]):
            for kind, body in _obus(stream):
                if kind == SEQUENCE_HEADER:
                    return _av1_sequence(_Bits(body))
    except DamagedError:
        pass
    return CodePoints()


def _obus(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Kinds and bodies of the open bitstream units that a stretch begins with."""
    position = 0
    while position < len(data):
        header = data[position]
        position += 2 if header & 4 else 1
        size = len(data) - position
        if header & 2:
            size, position = _leb128(data, position)
        yield header >> 3 & 15, data[position : position + size]
        position += size


def _leb128(data: bytes, position: int) -> tuple[int, int]:
    value = 0
    for index in range(8):
        if position + index >= len(data):
            break
        byte = data[position + index]
        value |= (byte & 127) << 7 * index
        if byte < 128:
            return value, position + index + 1
    raise DamagedError("a codestream's header is truncated")


def _av1_sequence(bits: _Bits) -> CodePoints:
    profile, reduced = bits.take(3), bits.take(2) & 1
    if reduced:
        bits.take(5)
    else:
        _av1_operating_points(bits)
    sizes = bits.take(4) + 1, bits.take(4) + 1
    bits.take(sum(sizes))
    if not reduced and bits.take(1):  # frame ids
        bits.take(7)
    bits.take(3)
    if not reduced:
        _av1_tools(bits)
    bits.take(3)
    deep = bits.take(1)
    if profile == 2 and deep:
        bits.take(1)
    if profile != 1:
        bits.take(1)
    return CodePoints(bits.take(8), bits.take(8)) if bits.take(1) else CodePoints()


def _av1_operating_points(bits: _Bits) -> None:
    """Timing and operating points of a sequence header that is not reduced."""
    delay_size, decoder_model = 0, 0
    timing = bits.take(1)
    if timing:
        bits.take(64)
        if bits.take(1):
            bits.golomb()
        decoder_model = bits.take(1)
        if decoder_model:
            delay_size = bits.take(5) + 1
            bits.take(42)
    delays = bits.take(1)
    for _ in range(bits.take(5) + 1):
        bits.take(12)
        if bits.take(5) > 7:
            bits.take(1)
        if decoder_model and bits.take(1):
            bits.take(2 * delay_size + 1)
        if delays and bits.take(1):
            bits.take(4)


def _av1_tools(bits: _Bits) -> None:
    """Coding tools that follow the superblock's, up to enable_superres."""
    bits.take(4)
    order_hint = bits.take(1)
    if order_hint:
        bits.take(2)
    screen_content = 2 if bits.take(1) else bits.take(1)
    if screen_content and not bits.take(1):
        bits.take(1)
    if order_hint:
        bits.take(3)


def hevc_code_points(setup: bytes) -> CodePoints:
    """Of the first sequence parameter set within `hvcC`."""
    try:
        for bits in _hevc_sets(setup):
            return _hevc_sps(bits)
    except DamagedError:
        pass
    return CodePoints()


def hevc_size(setup: bytes) -> tuple[int, int] | None:
    """Width and height by the same, within its conformance window; None where it cannot be read."""
    try:
        for bits in _hevc_sets(setup):
            size, _ = _hevc_frame(bits)
            return size
    except DamagedError:
        pass
    return None


def _hevc_sets(setup: bytes) -> Iterator[_Bits]:
    """Sequence parameter sets, behind their headers."""
    for kind, unit in _hevc_units(setup[:MAX_SETUP_BYTES]):
        if kind == HEVC_SPS:
            yield _Bits(unit[2:].replace(b"\0\0\3", b"\0\0"))


def _hevc_units(setup: bytes) -> Iterator[tuple[int, bytes]]:
    """Kinds and bytes of the parameter sets (ISO/IEC 14496-15, 8.3.3.1)."""
    position = 23
    for _ in range(setup[22] if len(setup) > 22 else 0):
        kind, count = setup[position] & 63 if position < len(setup) else 0, setup[position + 1 : position + 3]
        position += 3
        for _ in range(int.from_bytes(count, "big")):
            size = int.from_bytes(setup[position : position + 2], "big")
            if size == 0 or position + 2 + size > len(setup):
                return
            yield kind, setup[position + 2 : position + 2 + size]
            position += 2 + size


def _hevc_frame(bits: _Bits) -> tuple[tuple[int, int], int]:
    """Width and height that are shown, and the number of layers less one."""
    bits.take(4)
    layers = bits.take(3)
    bits.take(1)
    _hevc_levels(bits, layers)
    bits.golomb()
    chroma = bits.golomb()
    if chroma == 3:
        bits.take(1)
    width, height = bits.golomb(), bits.golomb()
    left, right, top, bottom = [bits.golomb() for _ in range(4)] if bits.take(1) else (0,) * 4
    wide, high = 2 if chroma in (1, 2) else 1, 2 if chroma == 1 else 1
    return (width - wide * (left + right), height - high * (top + bottom)), layers


def _hevc_sps(bits: _Bits) -> CodePoints:
    _, layers = _hevc_frame(bits)
    for _ in range(2):
        bits.golomb()
    order_bits = bits.golomb() + 4
    for _ in range(layers + 1 if bits.take(1) else 1):
        for _ in range(3):
            bits.golomb()
    for _ in range(6):
        bits.golomb()
    if bits.take(1) and bits.take(1):
        _hevc_scaling_lists(bits)
    bits.take(2)
    if bits.take(1):
        bits.take(8)
        bits.golomb()
        bits.golomb()
        bits.take(1)
    _hevc_reference_sets(bits)
    if bits.take(1):
        for _ in range(bits.golomb()):
            bits.take(order_bits + 1)
    bits.take(2)
    return _hevc_vui(bits) if bits.take(1) else CodePoints()


def _hevc_levels(bits: _Bits, layers: int) -> None:
    """profile_tier_level."""
    bits.take(96)
    present = [(bits.take(1), bits.take(1)) for _ in range(layers)]
    if layers:
        bits.take(2 * (8 - layers))
    for profile, level in present:
        bits.take(88 * profile + 8 * level)


def _hevc_scaling_lists(bits: _Bits) -> None:
    for size in range(4):
        for _ in range(2 if size == 3 else 6):
            if not bits.take(1):
                bits.golomb()
                continue
            if size > 1:
                bits.golomb()
            for _ in range(min(64, 1 << 4 + 2 * size)):
                bits.golomb()


def _hevc_reference_sets(bits: _Bits) -> None:
    """Short-term reference picture sets; a still has none, or plain ones."""
    for index in range(bits.golomb()):
        if index and bits.take(1):
            raise DamagedError("a picture's reference sets are predicted")
        for _ in range(bits.golomb() + bits.golomb()):
            bits.golomb()
            bits.take(1)


def _hevc_vui(bits: _Bits) -> CodePoints:
    if bits.take(1) and bits.take(8) == 255:
        bits.take(32)
    if bits.take(1):
        bits.take(1)
    if not bits.take(1):
        return CodePoints()
    bits.take(4)
    return CodePoints(bits.take(8), bits.take(8)) if bits.take(1) else CodePoints()
