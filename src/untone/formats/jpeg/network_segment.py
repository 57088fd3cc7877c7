"""Gain networks in JPEG: the payload of their APP11 segments, which other readers skip.

Each segment begins with TAG, its number (from 1) and how many there are; what follows, joined, is one payload. All
numbers of a payload are big-endian (docs/gain-mlp.md):

    bytes  what
    1      version, 4 (1 and 3: without low bits; see PLAIN_UNITS)
    1      residual: 0 gain, 1 gamma
    1      domain: 0 linear light, 1 PQ codes
    1      primaries: 0 BT.709, 1 Display P3, 2 BT.2020, 3 Adobe RGB
    1      bits of a weight: 8 or 16
    1      neurons of each hidden layer: 8 to 128, a multiple of 8
    4 4    width and height of the picture
    4 x 7  low, high of red, green, blue; headroom in stops: float32
    16     fingerprint of the picture
    ...    three layers, each: scales of its columns (8 bits only; half floats), weights by input (int8, or half
           floats), of the first layer the low bits of its weights (8 bits only), biases (half floats)
    4      CRC-32 of everything before

A weight of 8 bits is code * unit of its row * scale of its column (gain_network.grids). Where codes have more than 8
bits, the int8 has the upper 8, and the low ones of all such rows follow, by input, the upper bit first.

Payloads of version 2 hold a residual as a picture instead: residual_segment.py.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import DamagedError, LimitError, UnsupportedError, UntoneError
from ...gain_network import (
    EXTRA_BITS,
    FINGERPRINT_CELLS,
    SECTIONS,
    WIDTHS,
    GainNetwork,
    Grid,
    Layers,
    grids,
    layers,
    size_of,
)
from ...image import PRIMARIES_NAMES
from ...residuals import DOMAINS, KINDS, Residual
from ..signalling import NetworkSignal
from . import residual_segment
from .segments import APP0, APP15, MAX_BODY, Segment, parse, segment

APP11 = 0xEB
TAG = b"GainMLP\0"
VERSION = 4
MOST_PARTS = 255


def _plain(exponents: Sequence[int]) -> NDArray[np.float32]:
    return np.float32(2) ** -np.tile(np.repeat(exponents, 2), SECTIONS).astype(np.float32)[:, None]


PLAIN_UNITS = {1: _plain([0] * 12), 3: _plain([0, 1, 1, 2, 3, 3, 4, 4, 4, 3, 3, 3])}
"""Of the first layer's rows, in the versions whose codes have 8 bits everywhere."""

_HEAD = struct.Struct(f">6B2I7f{FINGERPRINT_CELLS**2}s")
_CRC = struct.Struct(">I")


def is_network(found: Segment) -> bool:
    """Whether a segment is one of a gain network."""
    return found.marker == APP11 and found.body.startswith(TAG)


def joined(segments: Iterable[Segment]) -> bytes | None:
    """The payload among a JPEG's segments; None where there is none.

    Empty where they are not numbered from 1 to their number, one each: that shows when it is parsed, as the photo opens
    all the same.
    """
    bodies = sorted((s.body[len(TAG) :] for s in segments if is_network(s)), key=lambda body: body[:1])
    if not bodies:
        return None
    if any(body[:2] != bytes([number, len(bodies)]) for number, body in enumerate(bodies[:MOST_PARTS], 1)):
        return b""
    return b"".join(body[2:] for body in bodies)


def parts(payload: bytes) -> bytes:
    """The payload as marker segments.

    Raises:
        LimitError: it needs more than 255 of them.
    """
    room = MAX_BODY - len(TAG) - 2
    if len(payload) > MOST_PARTS * room:
        raise LimitError(f"{len(payload)} bytes do not fit into {MOST_PARTS} segments; a smaller map would")
    chunks = [payload[at : at + room] for at in range(0, len(payload), room)]
    return b"".join(
        segment(APP11, TAG + bytes([number, len(chunks)]) + chunk) for number, chunk in enumerate(chunks, 1)
    )


def with_network(data: bytes, payload: bytes | None) -> bytes:
    """A JPEG of one image with this network instead of the one it had; None takes it out. All else as it was.

    Raises:
        DamagedError: it is no JPEG.
    """
    stream = parse(data)
    kept = [s for s in stream.segments if not is_network(s)]
    place = next((k for k, s in enumerate(kept) if not APP0 <= s.marker <= APP15), len(kept))
    pieces = [data[s.start : s.end] for s in kept]
    pieces.insert(place, parts(payload) if payload is not None else b"")
    return b"".join([data[:2], *pieces, memoryview(data)[stream.scan :]])


def to_payload(found: GainNetwork) -> bytes:
    """The stored form: 2566 bytes for 16 neurons and 8 bits, 4580 for 16 bits."""
    kind, domain = KINDS.index(found.residual.kind), DOMAINS.index(found.residual.domain)
    primaries = PRIMARIES_NAMES.index(found.residual.primaries)
    head = _HEAD.pack(
        VERSION, kind, domain, primaries, found.bits, found.neurons, found.width, found.height,
        *found.low, *found.high, found.headroom_stops, found.print.tobytes(),
    )  # fmt: skip
    body = head + _weights(layers(found.vector, found.neurons), found.bits)
    return body + _CRC.pack(zlib.crc32(body))


def _weights(net: Layers, bits: int) -> bytes:
    pieces = []
    for matrix, bias, grid in zip(net.matrices, net.biases, grids(net), strict=True):
        if bits == 8:
            scales = grid.scales(matrix)
            pieces += [scales.astype(">f2").tobytes(), *_split(grid.codes(matrix, scales), grid.extra)]
        else:
            pieces.append(matrix.astype(">f2").tobytes())
        pieces.append(bias.astype(">f2").tobytes())
    return b"".join(pieces)


def _low_places(extra: NDArray[np.int64], columns: int) -> NDArray[np.bool_]:
    """[inputs, columns, 8], which bits of a byte are the low bits of a code: the last `extra` of its row."""
    rows = np.arange(8) >= 8 - extra[:, None]
    return np.broadcast_to(rows[:, None], (len(extra), columns, 8))


def _split(codes: NDArray[np.int16], extra: NDArray[np.int64]) -> tuple[bytes, bytes]:
    """The upper 8 bits of each code, and the bits below them."""
    upper = (codes >> extra[:, None]).astype(np.int8)
    bits = np.unpackbits(codes.astype(np.uint8)[..., None], axis=-1)
    return upper.tobytes(), np.packbits(bits[_low_places(extra, codes.shape[1])]).tobytes()


def _whole(upper: NDArray[np.int8], low: NDArray[np.uint8], extra: NDArray[np.int64]) -> NDArray[np.int16]:
    """The codes that `_split` took apart."""
    places = _low_places(extra, upper.shape[1])
    bits = np.zeros(places.shape, np.uint8)
    bits[places] = np.unpackbits(low)[: int(places.sum())]
    return (upper.astype(np.int16) << extra[:, None].astype(np.int16)) | np.packbits(bits, axis=-1)[..., 0]


def to_network(payload: bytes) -> GainNetwork:
    """The network that a payload holds, checked: finite, within its limits, as it was written.

    Raises:
        DamagedError: it was cut or changed since, or was never right; says what is wrong.
        UnsupportedError: of a later version.
    """
    if not payload:
        raise DamagedError(f"{_NAME} is not whole: its segments are not numbered from 1 to their number")
    if len(payload) < _HEAD.size + _CRC.size:
        raise DamagedError(f"{_NAME} has {len(payload)} bytes, fewer than its head")
    version, kind, domain, primaries, bits, neurons, width, height, *rest = _HEAD.unpack_from(payload)
    if version != VERSION and version not in PLAIN_UNITS:
        raise UnsupportedError(f"{_NAME} is of version {version}; this reader knows {VERSION}")
    if bits not in (8, 16) or neurons not in WIDTHS:
        raise DamagedError(f"{_NAME} says {neurons} neurons of {bits} bits")
    expected = _HEAD.size + _weight_bytes(neurons, bits, version) + _CRC.size
    if len(payload) != expected:
        raise DamagedError(f"{_NAME} has {len(payload)} bytes instead of {expected}")
    if zlib.crc32(payload[: -_CRC.size]) != _CRC.unpack_from(payload, expected - _CRC.size)[0]:
        raise DamagedError(f"{_NAME} was changed since it was written: its checksum is not that of its bytes")
    if kind >= len(KINDS) or domain >= len(DOMAINS) or primaries >= len(PRIMARIES_NAMES):
        raise DamagedError(f"{_NAME} has residual {kind}, domain {domain}, primaries {primaries}")
    residual = Residual(KINDS[kind], DOMAINS[domain], PRIMARIES_NAMES[primaries])
    vector = _vector(payload[_HEAD.size : -_CRC.size], neurons, bits, version)
    low, high = (rest[0], rest[1], rest[2]), (rest[3], rest[4], rest[5])
    marks = np.frombuffer(rest[7], np.uint8)
    return GainNetwork(vector, neurons, residual, low, high, height, width, marks, rest[6], bits)


_NAME = "the gain network (APP11)"


def _weight_bytes(neurons: int, bits: int, version: int = VERSION) -> int:
    columns = 2 * neurons + 3
    weights = size_of(neurons) - columns
    low = int(EXTRA_BITS.sum()) * neurons // 8 if version == VERSION else 0
    return weights + low + 4 * columns if bits == 8 else 2 * weights + 2 * columns


def _vector(data: bytes, neurons: int, bits: int, version: int) -> NDArray[np.float32]:
    vector = np.empty(size_of(neurons), np.float32)
    net, taken = layers(vector, neurons), _Taken(data)
    used = grids(net)
    if version != VERSION:
        used = (Grid(PLAIN_UNITS[version], np.zeros(len(net.first), np.int64)), *used[1:])
    for matrix, bias, grid in zip(net.matrices, net.biases, used, strict=True):
        if bits == 8:
            scales = taken.numbers(matrix.shape[1], ">f2").astype(np.float32)
            if not np.isfinite(scales).all():
                raise DamagedError(f"{_NAME} has scales that are no numbers")
            upper = taken.numbers(matrix.size, "i1").reshape(matrix.shape)
            low = taken.numbers(int(grid.extra.sum()) * matrix.shape[1] // 8, "u1")
            matrix[:] = grid.weights(_whole(upper, low, grid.extra), scales)
        else:
            matrix[:] = taken.numbers(matrix.size, ">f2").reshape(matrix.shape)
        bias[:] = taken.numbers(len(bias), ">f2")
    return vector


class _Taken:
    """Numbers of some bytes, one run after the other."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def numbers(self, count: int, kind: str) -> NDArray[Any]:
        """The next so many, of a numpy type."""
        found = np.frombuffer(self.data, kind, count, self.at)
        self.at += found.nbytes
        return found


def file_bytes(neurons: int, bits: int) -> int:
    """Bytes by which a network makes a JPEG larger."""
    return len(parts(bytes(_HEAD.size + _weight_bytes(neurons, bits) + _CRC.size)))


def signal(segments: Iterable[Segment]) -> tuple[NetworkSignal | None, tuple[str, ...]]:
    """A JPEG's network as `inspect` prints it, and what is wrong with it."""
    payload = joined(segments)
    if payload is None:
        return None, ()
    try:
        if residual_segment.is_map(payload):
            return _map_signal(residual_segment.to_map(payload), len(parts(payload))), ()
        found = to_network(payload)
    except UntoneError as error:
        return None, (str(error),)
    kind = found.residual
    shown = (found.neurons, found.bits, found.width, found.height, found.headroom_stops, len(parts(payload)))
    return NetworkSignal(kind.kind, kind.domain, kind.primaries, *shown), ()


def _map_signal(found: residual_segment.ResidualMap, size: int) -> NetworkSignal:
    kind = found.residual
    shown = (0, residual_segment.BITS, found.width, found.height, found.headroom_stops, size)
    return NetworkSignal(kind.kind, kind.domain, kind.primaries, *shown, codec=found.codec)
