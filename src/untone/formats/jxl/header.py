"""Header of a JPEG XL codestream (ISO/IEC 18181-1, annex D): reads size and colour, writes colour and orientation.

Codecs at hand code pixels as if they were sRGB. Where pixels are coded as they are (lossless), the header alone says
what they mean, so PQ or Display P3 is a matter of these bits; the frames after it begin at a whole byte and stay.
"""

from __future__ import annotations

import dataclasses

from ...errors import DamagedError, UnsupportedError
from ..common.limits import MAX_BIT_HEADER_BYTES, check_size
from ..profiles.resolve import CHROMATICITY_TOLERANCE, primaries_near

SIGNATURE = b"\xff\x0a"

RATIOS = {1: (1, 1), 2: (12, 10), 3: (4, 3), 4: (3, 2), 5: (16, 9), 6: (5, 4), 7: (2, 1)}
PRIMARIES = {1: "bt709", 9: "bt2020", 11: "p3"}
TRANSFERS = {1: "bt1886", 8: "linear", 13: "srgb", 16: "pq", 18: "hlg"}
CODE_OF_PRIMARIES = {name: code for code, name in PRIMARIES.items()}
CODE_OF_TRANSFERS = {name: code for code, name in TRANSFERS.items()}

RGB, GREY = 0, 1
D65, CUSTOM = 1, 2
D65_PLACE = (0.3127, 0.3290)
RELATIVE = 1
PQ_NITS_AS_HALF = 0x70E2
"""intensity_target of PQ, 10,000, as a half float."""

Choices = tuple[tuple[int, int], ...]
SIZES: Choices = ((1, 9), (1, 13), (1, 18), (1, 30))
INTEGER_BITS: Choices = ((8, 0), (10, 0), (12, 0), (1, 6))
FLOAT_BITS: Choices = ((32, 0), (16, 0), (24, 0), (1, 6))
EXTRAS: Choices = ((0, 0), (1, 0), (2, 4), (1, 12))
ENUM: Choices = ((0, 0), (1, 0), (2, 4), (18, 6))
NAMES: Choices = ((0, 0), (0, 4), (16, 5), (48, 10))
SHIFTS: Choices = ((0, 0), (3, 0), (4, 0), (1, 3))
CHROMATICITY: Choices = ((0, 19), (1 << 19, 19), (1 << 20, 20), (1 << 21, 21))
PREVIEW: Choices = ((1, 6), (65, 8), (321, 10), (1345, 12))
PREVIEW8: Choices = ((16, 0), (32, 0), (1, 5), (33, 9))
FILTERS: Choices = ((1, 0), (0, 2), (3, 4), (19, 8))
"""Numbers that come in one of four widths: (added, bits)."""


@dataclasses.dataclass(frozen=True)
class Colour:
    """A colour encoding; None where it has no name of ours. `has_icc`: a profile within the codestream says it."""

    primaries: str | None = "bt709"
    transfer: str | None = "srgb"
    grey: bool = False
    has_icc: bool = False


@dataclasses.dataclass(frozen=True)
class JxlHeader:
    """Header of a codestream.

    Attributes:
        width, height: as stored.
        orientation: EXIF's.
        bits, is_float: of a sample.
        buffers16: whether 16-bit buffers do for a modular decoder.
        extras: channels besides colour.
        alpha: whether one of them is transparency; associated: whether the colours are multiplied by it.
        xyb: coded in XYB, not as the codes that they are.
        colour: what they mean.
        length: bytes of the header, frames follow; None where something in between is not read.
        end_at: bit after the header, at which a packed profile begins where `colour` has one; None as of `length`.
        colour_at: its bits that say the colours, first and one after the last; None where they are the default.
    """

    width: int
    height: int
    orientation: int = 1
    bits: int = 8
    is_float: bool = False
    buffers16: bool = True
    extras: int = 0
    alpha: bool = False
    associated: bool = False
    xyb: bool = True
    colour: Colour = Colour()
    length: int | None = None
    end_at: int | None = None
    colour_at: tuple[int, int] | None = None


class _Bits:
    """Bits of bytes, the lowest first."""

    def __init__(self, data: bytes) -> None:
        self._value, self._left, self.position = int.from_bytes(data, "little"), 8 * len(data), 0

    def take(self, count: int) -> int:
        if self.position + count > self._left:
            raise DamagedError("the JPEG XL header is truncated")
        self.position += count
        return self._value >> self.position - count & (1 << count) - 1

    def flag(self) -> bool:
        return bool(self.take(1))

    def choice(self, choices: Choices) -> int:
        added, bits = choices[self.take(2)]
        return added + self.take(bits)


def parse(data: bytes) -> JxlHeader:
    """The header of a naked codestream.

    Raises:
        DamagedError: no codestream, or it ends within its header.
        UnsupportedError: an animation.
        LimitError: too many pixels.
    """
    if data[:2] != SIGNATURE:
        raise DamagedError("the JPEG XL has no codestream")
    bits = _Bits(data[2:MAX_BIT_HEADER_BYTES])
    width, height = _size(bits)
    check_size(width, height, 8)
    found = JxlHeader(width, height)
    extra_fields = False
    if not bits.flag():
        extra_fields = bits.flag()
        orientation = _extra_fields(bits) if extra_fields else 1
        depth, is_float = _depth(bits)
        buffers16, extras = bits.flag(), bits.choice(EXTRAS)
        alphas = [alpha for _ in range(extras) if (alpha := _extra_channel(bits)) is not None]
        xyb, start = bits.flag(), 16 + bits.position
        found = JxlHeader(width, height, orientation, depth, is_float, buffers16, extras, xyb=xyb, colour=colour(bits))
        found = dataclasses.replace(found, alpha=bool(alphas), associated=alphas[:1] == [True])
        found = dataclasses.replace(found, colour_at=(start, 16 + bits.position))
        if extra_fields and not bits.flag():
            bits.take(49)
        if bits.take(2):
            return found
    if not bits.flag():
        return found
    length = None if found.colour.has_icc else 2 + (bits.position + 7) // 8
    return dataclasses.replace(found, length=length, end_at=16 + bits.position)


def _size(bits: _Bits) -> tuple[int, int]:
    eighths = bits.flag()
    height = 8 * (1 + bits.take(5)) if eighths else bits.choice(SIZES)
    ratio = bits.take(3)
    if ratio:
        return height * RATIOS[ratio][0] // RATIOS[ratio][1], height
    return 8 * (1 + bits.take(5)) if eighths else bits.choice(SIZES), height


def _extra_fields(bits: _Bits) -> int:
    """The orientation; an intrinsic size and a preview are passed over."""
    orientation = 1 + bits.take(3)
    if bits.flag():
        _size(bits)
    if bits.flag():
        sizes = PREVIEW8 if bits.flag() else PREVIEW
        bits.choice(sizes)
        if not bits.take(3):
            bits.choice(sizes)
    if bits.flag():
        raise UnsupportedError("this JPEG XL is an animation; only stills are read")
    return orientation


def _depth(bits: _Bits) -> tuple[int, bool]:
    if not bits.flag():
        return bits.choice(INTEGER_BITS), False
    depth = bits.choice(FLOAT_BITS)
    bits.take(4)
    return depth, True


def _extra_channel(bits: _Bits) -> bool | None:
    """Whether it is an alpha by which colours are multiplied; None of other channels."""
    if bits.flag():
        return False
    kind = bits.choice(ENUM)
    _depth(bits)
    bits.choice(SHIFTS)
    bits.take(8 * bits.choice(NAMES))
    if kind == 0:
        return bits.flag()
    if kind == 2:
        bits.take(64)
    elif kind == 5:
        bits.choice(FILTERS)
    return None


def colour(bits: _Bits) -> Colour:
    """A colour encoding at the bits' position."""
    if bits.flag():
        return Colour()
    has_icc = bits.flag()
    space = bits.choice(ENUM)
    if has_icc or space not in (RGB, GREY):
        return Colour(None, None, space == GREY, has_icc)
    white = bits.choice(ENUM)
    neutral = _chromaticities(bits, 2) if white == CUSTOM else list(D65_PLACE if white == D65 else (0.0, 0.0))
    name: str | None = PRIMARIES[1]
    if space == RGB:
        primaries = bits.choice(ENUM)
        near = primaries_near(_chromaticities(bits, 6)) if primaries == CUSTOM else None
        name = near or PRIMARIES.get(primaries)
    if bits.flag():
        gamma = bits.take(24) / 1e7
        transfer = "gamma22" if abs(gamma - 1 / 2.2) < 1e-3 else None
    else:
        transfer = TRANSFERS.get(bits.choice(ENUM))
    bits.choice(ENUM)
    is_d65 = max(abs(a - b) for a, b in zip(neutral, D65_PLACE, strict=True)) < CHROMATICITY_TOLERANCE
    return Colour(name if is_d65 else None, transfer, space == GREY)


def _chromaticities(bits: _Bits, count: int) -> list[float]:
    """Numbers in millionths, their sign in the lowest bit."""
    packed = (bits.choice(CHROMATICITY) for _ in range(count))
    return [(value >> 1 ^ -(value & 1)) / 1e6 for value in packed]


def colour_of_bytes(data: bytes) -> Colour:
    """A colour encoding by itself, as `jhgm` has it."""
    return colour(_Bits(data))


class _Writer:
    """Bits to bytes, the lowest first."""

    def __init__(self) -> None:
        self._value, self._count = 0, 0

    def put(self, value: int, count: int) -> None:
        self._value |= value << self._count
        self._count += count

    def choose(self, value: int, choices: Choices) -> None:
        for index, (added, bits) in enumerate(choices):
            if 0 <= value - added < 1 << bits:
                self.put(index, 2)
                self.put(value - added, bits)
                return
        raise UnsupportedError(f"{value} cannot be written into a JPEG XL header")

    def bytes(self) -> bytes:
        return self._value.to_bytes((self._count + 7) // 8, "little")


def relabelled(
    codestream: bytes,
    orientation: int,
    encoding: Colour | None,
    profile: tuple[int, int] | None = None,
    bits: int | None = None,
) -> bytes:
    """A codestream with another orientation and, unless None, other colours; its frames stay as they are.

    Args:
        profile: a packed one (value, bits) that says the colours instead; `encoding` is to have `has_icc` then.
        bits: of a whole number that a sample becomes, of XYB, which has none of its own; None leaves what it says.

    Raises:
        UnsupportedError: a header with more in it than an encoder of plain stills writes.
    """
    found = parse(codestream)
    if found.length is None or found.extras:
        raise UnsupportedError("the header of this JPEG XL cannot be rewritten")
    named = encoding or found.colour
    writer = _Writer()
    writer.put(0, 1)
    writer.choose(found.height, SIZES)
    writer.put(0, 3)
    writer.choose(found.width, SIZES)
    writer.put(0b10, 2)  # not all default, extra fields
    writer.put(orientation - 1, 6)  # no intrinsic size, preview or animation
    is_float = found.is_float and bits is None
    writer.put(int(is_float), 1)
    writer.choose(bits or found.bits, FLOAT_BITS if is_float else INTEGER_BITS)
    if is_float:
        writer.put(7 if found.bits == 32 else 4, 4)
    writer.put(int(found.buffers16), 1)
    writer.put(0, 2)
    writer.put(int(found.xyb), 1)
    _put_colour(writer, named)
    _put_tone_mapping(writer, named)
    writer.put(0b100, 3)  # no extensions, default transform
    if profile is not None:
        writer.put(*profile)
    return SIGNATURE + writer.bytes() + codestream[found.length :]


def turned(codestream: bytes, orientation: int) -> bytes:
    """A codestream with another orientation; where its header has bits for it, no other bit changes.

    Raises:
        UnsupportedError: a header that would have to be made anew, with more in it than is written here.
    """
    found, bits = parse(codestream), _Bits(codestream[2:MAX_BIT_HEADER_BYTES])
    _size(bits)
    if not bits.flag() and bits.flag():
        at, end = bits.position, bits.position // 8 + 2
        value = int.from_bytes(codestream[2 : 2 + end], "little") & ~(7 << at) | orientation - 1 << at
        return codestream[:2] + value.to_bytes(end, "little") + codestream[2 + end :]
    if found.colour.primaries is None or found.colour.transfer not in CODE_OF_TRANSFERS:
        raise UnsupportedError("the header of this JPEG XL cannot be rewritten")
    return relabelled(codestream, orientation, None)


def recoloured(codestream: bytes, encoding: Colour, profile_end: int | None) -> bytes:
    """A codestream that names other colours; every other bit of its header, and its frames, stay.

    Args:
        profile_end: bit after its packed profile, which is left out; None where it has none.

    Raises:
        UnsupportedError: a header that is not read to its end, or one of default colours.
    """
    found = parse(codestream)
    if found.colour_at is None or found.end_at is None:
        raise UnsupportedError("the header of this JPEG XL cannot be rewritten")
    (start, stop), end = found.colour_at, found.end_at
    bits = int.from_bytes(codestream[: (end + 7) // 8], "little")
    writer = _Writer()
    writer.put(bits & (1 << start) - 1, start)
    _put_colour(writer, encoding)
    writer.put(bits >> stop & (1 << end - stop) - 1, end - stop)
    return writer.bytes() + codestream[((end if profile_end is None else profile_end) + 7) // 8 :]


def _put_colour(writer: _Writer, named: Colour) -> None:
    writer.put(0, 1)  # not all default
    writer.put(int(named.has_icc), 1)
    writer.choose(GREY if named.grey else RGB, ENUM)
    if named.has_icc:
        return
    writer.choose(D65, ENUM)
    if not named.grey:
        writer.choose(CODE_OF_PRIMARIES[named.primaries or "bt709"], ENUM)
    writer.put(0, 1)
    writer.choose(CODE_OF_TRANSFERS[named.transfer or "srgb"], ENUM)
    writer.choose(RELATIVE, ENUM)


def _put_tone_mapping(writer: _Writer, named: Colour) -> None:
    """PQ is absolute: its intensity target is 10,000 nits."""
    if named.transfer != "pq":
        writer.put(1, 1)
        return
    writer.put(0, 1)
    writer.put(PQ_NITS_AS_HALF, 16)
    writer.put(0, 33)  # min_nits, relative_to_max_display, linear_below


def colour_bytes(named: Colour) -> bytes:
    """A colour encoding by itself, as `jhgm` has it."""
    writer = _Writer()
    _put_colour(writer, named)
    return writer.bytes()
