"""Gain map parameters and their binary form, ISO 21496-1; `xmp.py` has the same numbers as hdrgm XMP.

Every number is stored as a fraction of 32-bit integers. `rounded` moves parameters onto such fractions first,
and both flavours are printed from the result, so that they can never disagree.
"""

from __future__ import annotations

import dataclasses
import struct
from fractions import Fraction
from typing import Any

import numpy as np

from ...errors import DamagedError, UnsupportedError, UntoneError
from ...image import GainMap, Pixels, Triple

ISO_TAG = b"urn:iso:std:iso:ts:21496:-1\0"
ISO_VERSION = b"\0\0\0\0"
"""minimum_version 0, writer_version 0: all that the base image carries."""

MULTICHANNEL, USE_BASE_COLOUR_SPACE, COMMON_DENOMINATOR, BACKWARD = 0x80, 0x40, 0x08, 0x04
"""BACKWARD is the draft's; the headrooms say the direction, and viewers go by them."""

PER_CHANNEL = ("min_stops", "max_stops", "gamma", "base_offset", "alternate_offset")


@dataclasses.dataclass(frozen=True)
class Metadata:
    """A GainMap without its codes; see image.GainMap for the fields.

    Attributes:
        multichannel: whether the three entries are stored one by one.

    Raises:
        DamagedError: numbers that no renderer could use, as GainMap says.
    """

    min_stops: Triple
    max_stops: Triple
    gamma: Triple = (1.0, 1.0, 1.0)
    base_offset: Triple = (1 / 64, 1 / 64, 1 / 64)
    alternate_offset: Triple = (1 / 64, 1 / 64, 1 / 64)
    base_headroom_stops: float = 0.0
    alternate_headroom_stops: float = 1.0
    use_base_colour_space: bool = True
    multichannel: bool = False

    def __post_init__(self) -> None:
        self.gain_map(np.zeros((1, 1, 1), np.uint8))

    def gain_map(
        self,
        codes: Pixels,
        alternate_primaries: str | None = None,
        encodings: tuple[str, ...] = (),
        encoded: bytes | None = None,
    ) -> GainMap:
        """The GainMap that these parameters and codes [h, w, 1 or 3] make."""
        fields = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        del fields["multichannel"]
        return GainMap(codes, **fields, alternate_primaries=alternate_primaries, encodings=encodings, encoded=encoded)


def metadata_of(gain_map: GainMap) -> Metadata:
    """The parameters of a gain map, moved onto the fractions that a file can hold.

    Raises:
        UntoneError: a gamma too small to store.
    """
    fields = {field.name: getattr(gain_map, field.name) for field in dataclasses.fields(Metadata)[:-1]}
    differs = any(len(set(fields[name])) > 1 for name in PER_CHANNEL)
    return rounded(Metadata(**fields, multichannel=differs or gain_map.channels == 3))


def rounded(metadata: Metadata) -> Metadata:
    """The nearest parameters whose every number is exactly a fraction of 32-bit integers; idempotent."""

    fields: dict[str, Any] = {name: tuple(map(near, getattr(metadata, name))) for name in PER_CHANNEL}
    if min(fields["gamma"]) <= 0:
        raise UntoneError(f"gamma {min(metadata.gamma)} is too small to be stored")
    return dataclasses.replace(
        metadata,
        **fields,
        base_headroom_stops=near(metadata.base_headroom_stops),
        alternate_headroom_stops=near(metadata.alternate_headroom_stops),
    )


def near(value: float) -> float:
    """The double that `fraction(value)` reads back as."""
    top, bottom = fraction(value)
    return top / bottom


def fraction(value: float) -> tuple[int, int]:
    """The fraction nearest to `value` (at most 64 in size) whose numerator and denominator fit 31 bits.

    The error is below (|value| + 1) / 2**31; the double it reads back as yields the same double again.
    """
    largest = (2**31 - 1) // (int(abs(value)) + 1)
    near = Fraction(value).limit_denominator(largest)
    return near.numerator, near.denominator


def metadata_to_iso(metadata: Metadata) -> bytes:
    """The payload of ISO 21496-1 annex C: 61 bytes for one channel, 141 for three, less the JPEG tag.

    The common-denominator form (flag 0x08) is never written: several readers do not know it.
    """
    flags = MULTICHANNEL * metadata.multichannel | USE_BASE_COLOUR_SPACE * metadata.use_base_colour_space
    numbers = [*fraction(metadata.base_headroom_stops), *fraction(metadata.alternate_headroom_stops)]
    parts = [ISO_VERSION, struct.pack(">B4I", flags, *numbers)]
    for channel in range(3 if metadata.multichannel else 1):
        pairs = [fraction(getattr(metadata, name)[channel]) for name in PER_CHANNEL]
        parts.append(struct.pack(">iIiIIIiIiI", *(number for pair in pairs for number in pair)))
    return b"".join(parts)


def iso_to_metadata(payload: bytes) -> Metadata:
    """Parameters from an ISO 21496-1 payload (after the JPEG tag).

    A newer writer_version may append bytes; with version 0 they are an error, as libavif has it.

    Raises:
        UnsupportedError: minimum_version above 0.
        DamagedError: truncated, a zero denominator, trailing bytes, or numbers nobody could use.
    """
    if len(payload) < 5:
        raise DamagedError(f"the ISO 21496-1 gain map metadata has {len(payload)} bytes, too few for its header")
    minimum, writer, flags = struct.unpack_from(">HHB", payload)
    if minimum > 0:
        needed = f"needs a reader of version {minimum} (its writer's is {writer})"
        raise UnsupportedError(f"the ISO 21496-1 gain map metadata {needed}; this one knows 0")
    channels = 3 if flags & MULTICHANNEL else 1
    numbers, used = (_common if flags & COMMON_DENOMINATOR else _separate)(payload, channels)
    if writer == 0 and len(payload) > used:
        raise DamagedError(f"the ISO 21496-1 gain map metadata has {len(payload) - used} bytes too many")
    rows = [numbers[2 + 5 * channel : 7 + 5 * channel] for channel in range(channels)] * (3 // channels)
    triples: dict[str, Any] = dict(zip(PER_CHANNEL, zip(*rows, strict=True), strict=True))
    return Metadata(
        **triples,
        base_headroom_stops=numbers[0],
        alternate_headroom_stops=numbers[1],
        use_base_colour_space=bool(flags & USE_BASE_COLOUR_SPACE),
        multichannel=channels == 3,
    )


def _separate(payload: bytes, channels: int) -> tuple[list[float], int]:
    """Numbers and bytes used of the form that writes each number with its own denominator."""
    layout = struct.Struct(">B4I" + "iIiIIIiIiI" * channels)
    values = _unpack(layout, payload)
    return [_divide(top, bottom) for top, bottom in zip(values[1::2], values[2::2], strict=True)], 4 + layout.size


def _common(payload: bytes, channels: int) -> tuple[list[float], int]:
    """The same of the draft's common-denominator form: one u32 in front, then numerators only."""
    layout = struct.Struct(">B3I" + "iiIii" * channels)
    values = _unpack(layout, payload)
    return [_divide(top, values[1]) for top in values[2:]], 4 + layout.size


def _unpack(layout: struct.Struct, payload: bytes) -> tuple[int, ...]:
    if len(payload) < 4 + layout.size:
        raise DamagedError(f"the ISO 21496-1 gain map metadata ends after {len(payload)} of {4 + layout.size} bytes")
    return layout.unpack_from(payload, 4)


def _divide(top: int, bottom: int) -> float:
    if bottom == 0:
        raise DamagedError("the ISO 21496-1 gain map metadata has a zero denominator")
    return top / bottom
