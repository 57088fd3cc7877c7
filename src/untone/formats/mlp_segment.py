"""A gain network in a JPEG: APP11 segments of its own, which every other reader passes over.

Each segment begins with TAG, its number (from 1) and how many there are; what follows, joined, is one payload. All
numbers of a payload are big-endian (docs/gain-mlp.md):

    bytes  what
    1      version, 3 (1: the same without steps)
    1      residual: 0 gain, 1 gamma
    1      domain: 0 linear light, 1 PQ codes
    1      primaries: 0 BT.709, 1 Display P3, 2 BT.2020, 3 Adobe RGB
    1      bits of a weight: 8 or 16
    1      neurons of each hidden layer: 8 to 128, a multiple of 8
    4 4    width and height of the picture
    4 x 7  low, high of red, green, blue; headroom in stops: float32
    16     fingerprint of the picture
    ...    three layers, each: scales of its columns (8 bits only; half floats), weights by input (int8, of the first
           layer in units of mlp.STEPS; or half floats), biases (half floats)
    4      CRC-32 of everything before

Payloads of version 2 hold a residual as a picture instead: map_segment.py.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable

import numpy as np

from ..errors import DamagedError, LimitError, UnsupportedError, UntoneError
from ..image import PRIMARIES_NAMES
from ..mlp import FINGERPRINT_CELLS, STEPS, WIDTHS, Layers, MlpMap, eight_bits, layers, row_steps, size_of
from ..residuals import DOMAINS, KINDS, Residual
from . import map_segment
from .segments import APP0, APP15, MAX_BODY, Segment, parse, segment
from .signalling import NetworkSignal

APP11 = 0xEB
TAG = b"GainMLP\0"
VERSION = 3
WITHOUT_STEPS = 1
MOST_PARTS = 255

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


def to_payload(found: MlpMap) -> bytes:
    """The stored form: 2426 bytes for 16 neurons and 8 bits, 4714 for 16 bits."""
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
    for matrix, bias, steps in zip(net.matrices, net.biases, row_steps(net), strict=True):
        if bits == 8:
            codes, scales = eight_bits(matrix / steps)
            pieces += [scales.astype(">f2").tobytes(), codes.tobytes()]
        else:
            pieces.append(matrix.astype(">f2").tobytes())
        pieces.append(bias.astype(">f2").tobytes())
    return b"".join(pieces)


def to_network(payload: bytes) -> MlpMap:
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
    if version not in (VERSION, WITHOUT_STEPS):
        raise UnsupportedError(f"{_NAME} is of version {version}; this reader knows {VERSION}")
    if bits not in (8, 16) or neurons not in WIDTHS:
        raise DamagedError(f"{_NAME} says {neurons} neurons of {bits} bits")
    expected = _HEAD.size + _weight_bytes(neurons, bits) + _CRC.size
    if len(payload) != expected:
        raise DamagedError(f"{_NAME} has {len(payload)} bytes instead of {expected}")
    if zlib.crc32(payload[: -_CRC.size]) != _CRC.unpack_from(payload, expected - _CRC.size)[0]:
        raise DamagedError(f"{_NAME} was changed since it was written: its checksum is not that of its bytes")
    if kind >= len(KINDS) or domain >= len(DOMAINS) or primaries >= len(PRIMARIES_NAMES):
        raise DamagedError(f"{_NAME} has residual {kind}, domain {domain}, primaries {primaries}")
    residual = Residual(KINDS[kind], DOMAINS[domain], PRIMARIES_NAMES[primaries])
    vector = _vector(payload[_HEAD.size : -_CRC.size], neurons, bits)
    if version == VERSION and bits == 8:
        first = layers(vector, neurons).first
        first *= STEPS[:, None]
    low, high = (rest[0], rest[1], rest[2]), (rest[3], rest[4], rest[5])
    marks = np.frombuffer(rest[7], np.uint8)
    return MlpMap(vector, neurons, residual, low, high, height, width, marks, rest[6], bits)


_NAME = "the gain network (APP11)"


def _weight_bytes(neurons: int, bits: int) -> int:
    columns = 2 * neurons + 3
    weights = size_of(neurons) - columns
    return weights + 4 * columns if bits == 8 else 2 * weights + 2 * columns


def _vector(data: bytes, neurons: int, bits: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    vector = np.empty(size_of(neurons), np.float32)
    net, at = layers(vector, neurons), 0

    def taken(count: int, kind: str) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
        nonlocal at
        found = np.frombuffer(data, kind, count, at)
        at += found.nbytes
        return found.astype(np.float32)

    for matrix, bias in zip(net.matrices, net.biases, strict=True):
        scales = taken(matrix.shape[1], ">f2") if bits == 8 else np.ones(1, np.float32)
        if not np.isfinite(scales).all():
            raise DamagedError(f"{_NAME} has scales that are no numbers")
        matrix[:] = taken(matrix.size, "i1" if bits == 8 else ">f2").reshape(matrix.shape) * scales
        bias[:] = taken(bias.size, ">f2")
    return vector


def file_bytes(neurons: int, bits: int) -> int:
    """How much a network makes a JPEG larger."""
    return len(parts(bytes(_HEAD.size + _weight_bytes(neurons, bits) + _CRC.size)))


def signal(segments: Iterable[Segment]) -> tuple[NetworkSignal | None, tuple[str, ...]]:
    """A JPEG's network in the words of `inspect`, and what is wrong with it."""
    payload = joined(segments)
    if payload is None:
        return None, ()
    try:
        if map_segment.is_map(payload):
            return _map_signal(map_segment.to_map(payload), len(parts(payload))), ()
        found = to_network(payload)
    except UntoneError as error:
        return None, (str(error),)
    kind = found.residual
    size = file_bytes(found.neurons, found.bits)
    shown = (found.neurons, found.bits, found.width, found.height, found.headroom_stops, size)
    return NetworkSignal(kind.kind, kind.domain, kind.primaries, *shown), ()


def _map_signal(found: map_segment.StoredMap, size: int) -> NetworkSignal:
    kind = found.residual
    shown = (0, map_segment.BITS, found.width, found.height, found.headroom_stops, size)
    return NetworkSignal(kind.kind, kind.domain, kind.primaries, *shown, codec=found.codec)
