"""ICC profiles packed by JPEG XL (ISO/IEC 18181-1, annex E.4), in codestreams and in `jhgm` boxes.

What is packed are differences from a usual header, and commands that rebuild the tag list and the data of tags. Written
is what needs the fewest of them: the header's differences, and all else as it is.
"""

from __future__ import annotations

import struct

from ...errors import DamagedError, LimitError
from ..common.limits import MAX_PACKED_PROFILE_BYTES
from .entropy import Bits, Stream, flat

CONTEXTS = 41
HEADER_BYTES, TAG_BYTES = 128, 12
INSERT, SHUFFLE2, SHUFFLE4, PREDICT, XYZ, FIRST_TYPE = 1, 2, 3, 4, 10, 16
TAGS = (
    b"cprt", b"wtpt", b"bkpt", b"rXYZ", b"gXYZ", b"bXYZ", b"kXYZ", b"rTRC", b"gTRC", b"bTRC", b"kTRC", b"chad", b"desc",
    b"chrm", b"dmnd", b"dmdd", b"lumi",
)  # fmt: skip
TYPES = (b"XYZ ", b"desc", b"text", b"mluc", b"para", b"curv", b"sf32", b"gbd ")
OF_20_BYTES = {b"rXYZ", b"gXYZ", b"bXYZ", b"kXYZ", b"wtpt", b"bkpt", b"lumi"}


def unpacked(data: bytes, position: int = 0) -> bytes:
    """The profile whose packed form begins at a bit. Raises as `unpacked_to`."""
    return unpacked_to(data, position)[0]


def unpacked_to(data: bytes, position: int) -> tuple[bytes, int]:
    """The profile whose packed form begins at a bit, and the bit after it.

    Raises:
        DamagedError: it is damaged.
        LimitError: more than MAX_PACKED_PROFILE_BYTES.
    """
    bits = Bits(data, position)
    size = _u64(bits)
    _check(size)
    stream, body, before = Stream(bits, CONTEXTS), bytearray(), 0
    for index in range(size):
        last = body[-1] if body else 0
        value = stream.number(0 if index <= HEADER_BYTES else 1 + _KINDS[last] + 8 * _KINDS_BEFORE[before])
        if value > 255:
            raise DamagedError("a JPEG XL colour profile has a byte above 255")
        before = last
        body.append(value)
    stream.finish()
    return _Unpacker(bytes(body)).profile(), bits.position


def packed(profile: bytes) -> tuple[int, int]:
    """The packed form of a profile of at least 128 bytes: (value, bits), the first bit lowest.

    Raises:
        LimitError: more than MAX_PACKED_PROFILE_BYTES.
    """
    _check(len(profile))
    header = _usual_header(len(profile))
    residuals = bytearray()
    for index in range(HEADER_BYTES):
        _adapt(header, profile, index)
        residuals.append((profile[index] - header[index]) & 255)
    rest = profile[HEADER_BYTES:]
    commands = b"\0" + bytes((INSERT,)) + _varint(len(rest)) if rest else b""
    body = _varint(len(profile)) + _varint(len(commands)) + commands + bytes(residuals) + rest
    value, count = flat(body)
    size, width = _u64_bits(len(body))
    return value << width | size, count + width


def _check(size: int) -> None:
    if size > MAX_PACKED_PROFILE_BYTES:
        raise LimitError(f"a JPEG XL colour profile has {size} bytes; the limit is {MAX_PACKED_PROFILE_BYTES}")


def _u64(bits: Bits) -> int:
    selector = bits.take(2)
    if selector < 3:
        return (0, 1, 17)[selector] + bits.take((0, 4, 8)[selector])
    value, shift = bits.take(12), 12
    while bits.take(1):
        width = 4 if shift == 60 else 8
        value |= bits.take(width) << shift
        if shift == 60:
            break
        shift += 8
    return value


def _u64_bits(value: int) -> tuple[int, int]:
    """Any value below 2**60, (value, bits)."""
    out, count, left = 3 | (value & 0xFFF) << 2, 14, value >> 12
    while left:
        out |= (1 | (left & 255) << 1) << count
        count, left = count + 9, left >> 8
    return out, count + 1


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes((*out, value))


def _kind(byte: int) -> int:
    if chr(byte).isalpha() and byte < 128:
        return 0
    if chr(byte) in "0123456789.,":
        return 1
    if byte < 16:
        return min(byte, 2) + 2
    return 6 if byte == 255 else 5 if byte > 240 else 7


_KINDS = tuple(map(_kind, range(256)))
_KINDS_BEFORE = tuple({0: 0, 1: 1, 7: 4}.get(kind, 2 if byte < 16 else 3) for byte, kind in enumerate(_KINDS))
"""Kinds of the byte before, and of the one before that, by which contexts are chosen."""


def _usual_header(size: int) -> bytearray:
    header = bytearray(HEADER_BYTES)
    struct.pack_into(">I", header, 0, size)
    header[8] = 4
    header[12:24], header[36:40] = b"mntrRGB XYZ ", b"acsp"
    header[70:74], header[78:80] = b"\xf6\xd6\0\1", b"\xd3\x2d"
    return header


def _adapt(header: bytearray, profile: bytes | bytearray, index: int) -> None:
    """What is usual from here on, after what came before."""
    if index == 8:
        header[80:84] = profile[4:8]
    elif index == 41:
        known = {ord("A"): b"PPL", ord("M"): b"SFT"}.get(profile[40])
        header[41:44] = known or header[41:44]
    elif index == 42:
        known = {b"SG": b"I ", b"SU": b"NW"}.get(bytes(profile[40:42]))
        header[42:44] = known or header[42:44]


class _Unpacker:
    """Commands and data of a packed profile."""

    def __init__(self, body: bytes) -> None:
        self._body, self._command = body, 0
        self._size, commands = self._number(len(body)), self._number(len(body))
        _check(self._size)
        self._end = self._data = self._command + commands
        self._out = bytearray()

    def _number(self, end: int | None = None) -> int:
        value = 0
        for shift in range(0, 63, 7):
            byte = self._byte(end)
            value |= (byte & 127) << shift
            if byte < 128:
                return value
        raise DamagedError("a JPEG XL colour profile has a number of more than 63 bits")

    def _byte(self, end: int | None = None) -> int:
        if self._command >= min(self._end if end is None else end, len(self._body)):
            raise DamagedError("the commands of a JPEG XL colour profile are truncated")
        self._command += 1
        return self._body[self._command - 1]

    def _take(self, size: int) -> bytes:
        if self._data + size > len(self._body):
            raise DamagedError("the data of a JPEG XL colour profile are truncated")
        self._data += size
        return self._body[self._data - size : self._data]

    def profile(self) -> bytes:
        header = _usual_header(self._size)
        for index in range(min(HEADER_BYTES, self._size)):
            _adapt(header, self._out, index)
            self._out.append((header[index] + self._take(1)[0]) & 255)
        if self._size > HEADER_BYTES:
            self._tags()
            while self._command < self._end:
                self._run(self._byte())
                self._grown()
        if len(self._out) != self._size or self._data != len(self._body):
            raise DamagedError(f"a JPEG XL colour profile of {self._size} bytes unpacks to {len(self._out)}")
        return bytes(self._out)

    def _grown(self) -> None:
        if len(self._out) > self._size:
            raise DamagedError(f"a JPEG XL colour profile unpacks to more than its {self._size} bytes")

    def _tags(self) -> None:
        count = self._number() - 1
        if count < 0:
            return
        self._put(count)
        start, size = HEADER_BYTES + count * TAG_BYTES, 0
        while self._command < self._end:
            command = self._byte()
            code = command & 63
            if code == 0:
                return
            if code - 4 >= len(TAGS):
                raise DamagedError("a JPEG XL colour profile has an unknown tag code")
            tag = self._take(4) if code == 1 else {2: b"rTRC", 3: b"rXYZ"}.get(code) or TAGS[code - 4]
            start = self._number() if command & 64 else start + size
            size = self._number() if command & 128 else 20 if tag in OF_20_BYTES else size
            self._out += tag
            self._put(start, size)
            for step, other in enumerate({2: (b"gTRC", b"bTRC"), 3: (b"gXYZ", b"bXYZ")}.get(code, ()), 1):
                self._out += other
                self._put(start + size * step * (code == 3), size)
            self._grown()

    def _put(self, *numbers: int) -> None:
        if max(numbers) >= 1 << 32:
            raise DamagedError("a JPEG XL colour profile has a tag beyond 4 GiB")
        self._out += struct.pack(f">{len(numbers)}I", *numbers)

    def _run(self, command: int) -> None:
        if command == INSERT:
            self._out += self._take(self._number())
        elif command in (SHUFFLE2, SHUFFLE4):
            self._out += _shuffled(self._take(self._number()), 2 if command == SHUFFLE2 else 4)
        elif command == PREDICT:
            self._predict()
        elif command == XYZ:
            self._out += b"XYZ \0\0\0\0" + self._take(12)
        elif FIRST_TYPE <= command < FIRST_TYPE + len(TYPES):
            self._out += TYPES[command - FIRST_TYPE] + bytes(4)
        else:
            raise DamagedError(f"a JPEG XL colour profile has the unknown command {command}")

    def _predict(self) -> None:
        """Differences from what numbers a stride, two and three strides before let expect."""
        flags = self._byte()
        width, order = (flags & 3) + 1, flags >> 2 & 3
        stride = self._number() if flags & 16 else width
        data = self._take(self._number())
        if width == 3 or order == 3 or stride < width or 4 * stride >= len(self._out):
            raise DamagedError("a JPEG XL colour profile has a damaged prediction")
        for index, difference in enumerate(_shuffled(data, width)):
            place = len(self._out) - index % width
            before = (self._number_at(place - stride * step, width) for step in (1, 2, 3))
            one, two, three = before
            expected = (one, 2 * one - two, 3 * one - 3 * two + three)[order]
            shift = 8 * (width - 1 - index % width)
            self._out.append((expected >> shift) + difference & 255)

    def _number_at(self, place: int, width: int) -> int:
        return int.from_bytes(self._out[place : place + width], "big")


def _shuffled(data: bytes, width: int) -> bytes:
    """Bytes of numbers that lie sorted by significance, put together again."""
    rows = -(-len(data) // width)
    out, start = bytearray(), 0
    place = 0
    for _ in data:
        out.append(data[place])
        place += rows
        if place >= len(data):
            start += 1
            place = start
    return bytes(out)
