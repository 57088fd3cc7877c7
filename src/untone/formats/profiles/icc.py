"""Parser and writer of ICC profiles (ICC.1, v2 and v4, matrix/TRC)."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import re
import struct
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ... import colour
from ...errors import DamagedError
from ..common.limits import MAX_PROFILE_NAME_BYTES, MAX_PROFILE_TAGS, letters

D50 = np.array([0.9642, 1.0, 0.8249])
COLUMNS, CURVES = (b"rXYZ", b"gXYZ", b"bXYZ"), (b"rTRC", b"gTRC", b"bTRC")
BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])

NAMED_TRANSFERS = ("srgb", "bt1886", "gamma22")
CICP_PRIMARIES = {1: "bt709", 9: "bt2020", 12: "p3"}
PRIMARIES_CICP = {name: code for code, name in CICP_PRIMARIES.items()}
CICP_TRANSFERS = {1: "bt1886", 4: "gamma22", 6: "bt1886", 13: "srgb", 14: "bt1886", 15: "bt1886", 16: "pq", 18: "hlg"}
"""Code points of ITU-T H.273 that have a name here."""

Tags = dict[bytes, memoryview]

MATRIX_TOLERANCE = 0.004
CURVE_TOLERANCE = 0.008
HDR_TOLERANCE, HDR_FROM = 0.012, 0.25
"""Of codes, and the least code, by which a curve counts as PQ or HLG."""


@dataclasses.dataclass(frozen=True)
class Profile:
    """Contents of an ICC profile.

    Attributes:
        space: its colour space signature, "RGB ", "GRAY", "CMYK".
        description: its name, for people.
        primaries, transfer: ours, or None where it has no name of ours.
    """

    space: str
    description: str
    primaries: str | None
    transfer: str | None


@functools.lru_cache(maxsize=16)
def describe(icc: bytes) -> Profile:
    """Read a profile.

    Raises:
        DamagedError: it is truncated or no ICC profile.
    """
    if len(icc) < 132 or icc[36:40] != b"acsp":
        raise DamagedError("the ICC profile is truncated or none")
    with _damage_told():
        tags = _tags(icc)
        space = icc[16:20].decode("latin-1")
        named = _named(tags) if space == "RGB " else (None, None)
        if space == "GRAY" and b"kTRC" in tags:
            named = ("bt709", _curve_name([_curve(tags[b"kTRC"])] * 3))
    return Profile(space, _description(tags), *named)


@contextlib.contextmanager
def _damage_told() -> Iterator[None]:
    """Turns errors of tags that end early or are invalid into DamagedError."""
    try:
        yield
    except (struct.error, KeyError, IndexError, ValueError) as error:
        raise DamagedError(f"the ICC profile is damaged: {error}") from error


def _tags(icc: bytes) -> Tags:
    """The tags by name, as views: 128 tags may share the same 16 MiB."""
    (count,) = struct.unpack_from(">I", icc, 128)
    tags: Tags = {}
    for index in range(min(count, MAX_PROFILE_TAGS)):
        name, offset, size = struct.unpack_from(">4sII", icc, 132 + 12 * index)
        if offset + size > len(icc):
            raise DamagedError(f"the ICC profile's tag {letters(name)} runs past its end")
        tags[name] = memoryview(icc)[offset : offset + size]
    return tags


def _named(tags: Tags) -> tuple[str | None, str | None]:
    cicp = tags.get(b"cicp", memoryview(b""))
    if len(cicp) >= 12 and cicp[8] in CICP_PRIMARIES and cicp[9] in CICP_TRANSFERS:
        return CICP_PRIMARIES[cicp[8]], CICP_TRANSFERS[cicp[9]]
    description = _description(tags)
    if description in REGISTERED:
        return "bt2020", REGISTERED[description]
    transfer = _hdr_name(description)
    if not _is_matrix(tags):
        return ("p3" if "P3" in description else "bt2020", transfer) if transfer else (None, None)
    columns, curves = _columns(tags), [_curve(tags[name]) for name in CURVES]
    near = (n for n in colour.PRIMARIES if np.abs(columns - d50_matrix(n)).max() < MATRIX_TOLERANCE)
    primaries, shape = next(near, None), _curve_name(curves)
    hdr = shape if shape in HDR_CURVES else transfer if shape is None else None
    return (primaries or "bt2020", hdr) if hdr else (primaries, shape)


def _is_matrix(tags: Tags) -> bool:
    """Whether three curves and a matrix are all there is to the profile; a table would win over them."""
    return b"A2B0" not in tags and {*COLUMNS, *CURVES} <= tags.keys()


def _columns(tags: Tags) -> NDArray[np.float64]:
    return np.array([struct.unpack_from(">3i", tags[name], 8) for name in COLUMNS]).T / 65536


def matrix_and_curves(icc: bytes, samples: int) -> tuple[NDArray[np.float64], NDArray[np.float32]] | None:
    """Of an RGB matrix/TRC profile: [3, 3] linear RGB to XYZ (D50) and [3, samples] curves; None for other kinds.

    Raises:
        DamagedError: as `describe`.
    """
    if describe(icc).space != "RGB " or not _is_matrix(tags := _tags(icc)):
        return None
    with _damage_told():  # a profile that says its space by cicp has had no look at its curves yet
        curves = np.stack([_curve(tags[name], samples) for name in CURVES])
        return _columns(tags), curves.astype(np.float32)


def through_curves(icc: bytes, values: NDArray[np.float32]) -> NDArray[np.float32]:
    """[H, W, 3] floats through the tone curves of an RGB matrix or grey profile; as they are where it has none.

    Beyond 1 a table goes on as the power that it ends with; what is negative goes the way of its opposite.

    Raises:
        DamagedError: as `describe`, or a curve that cannot be used.
    """
    describe(icc)
    tags = _tags(icc)
    names = CURVES if _is_matrix(tags) else (b"kTRC",) * 3
    if not set(names) <= tags.keys():
        return values
    with _damage_told(), np.errstate(all="ignore"):
        planes = [_extended(tags[name], np.abs(values[:, :, index])) for index, name in enumerate(names)]
    return np.copysign(np.stack(planes, axis=2), values).astype(np.float32)


def _extended(tag: memoryview, x: NDArray[np.float32]) -> NDArray[np.float64]:
    """A tone curve at any x of at least 0."""
    if bytes(tag[:4]) != b"curv" or struct.unpack_from(">I", tag, 8)[0] < 2:
        return _sampled(tag, x.astype(np.float64))
    before, end = _sampled(tag, np.array([0.99, 1.0]))
    power = np.log(before / end) / np.log(0.99) if 0 < before < end else 1.0
    beyond: NDArray[np.float64] = np.where(x > 1, end * np.maximum(x, 1.0) ** power, _sampled(tag, np.minimum(x, 1.0)))
    return beyond


def d50_matrix(primaries: str) -> NDArray[np.float64]:
    """[3, 3] linear RGB to XYZ relative to D50, by Bradford adaptation, as ICC profiles store it."""
    return adapted_to_d50(colour.rgb_to_xyz(primaries))


def adapted_to_d50(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """[3, 3] linear RGB to XYZ, whatever its white, relative to D50 by Bradford adaptation."""
    scale = (BRADFORD @ D50) / (BRADFORD @ matrix.sum(axis=1))
    adapted: NDArray[np.float64] = np.linalg.inv(BRADFORD) @ np.diag(scale) @ BRADFORD @ matrix
    return adapted


def _curve(tag: memoryview, samples: int = 65) -> NDArray[np.float64]:
    """A tone curve sampled over 0..1; 'curv' and 'para' types."""
    with np.errstate(all="ignore"):
        curve = _sampled(tag, np.linspace(0, 1, samples))
    if not np.isfinite(curve).all():
        raise DamagedError("the ICC profile has a tone curve without finite values")
    return np.clip(curve, 0, 1)


def _sampled(tag: memoryview, x: NDArray[np.float64]) -> NDArray[np.float64]:
    kind = bytes(tag[:4])
    if kind == b"curv":
        (count,) = struct.unpack_from(">I", tag, 8)
        if count == 0:
            return x
        values = np.frombuffer(tag, ">u2", count, 12)
        gamma: NDArray[np.float64] = x ** (values[0] / 256)
        return gamma if count == 1 else np.interp(x, np.linspace(0, 1, count), values / 65535)
    if kind != b"para":
        raise DamagedError(f"the ICC profile has a tone curve of type {letters(kind)}")
    (function,) = struct.unpack_from(">H", tag, 8)
    count = {0: 1, 1: 3, 2: 4, 3: 5, 4: 7}[function]
    g, a, b, c, d, e, f = [v / 65536 for v in struct.unpack_from(f">{count}i", tag, 12)] + [0.0] * (7 - count)
    if function == 0:
        a, d = 1.0, -1.0
    elif function in (1, 2):  # what follows b is the offset of both parts
        d, e, f, c = (-b / a if a else 0.0), c, c, 0.0
    power = np.maximum(a * x + b, 0) ** g
    curve: NDArray[np.float64] = np.where(x >= d, power + e, c * x + f)
    return curve


def _curve_name(curves: list[NDArray[np.float64]]) -> str | None:
    x = np.linspace(0, 1, 65)
    for name in NAMED_TRANSFERS:
        expected = colour.EOTFS[name](x)
        if all(np.abs(curve - expected).max() < CURVE_TOLERANCE for curve in curves):
            return name
    return next((name for name, is_one in HDR_CURVES.items() if all(map(is_one, curves))), None)


def _is_pq(curve: NDArray[np.float64]) -> bool:
    """Whether 65 samples are PQ's light over 10,000 nits; compared as codes, of which most light is near 0."""
    codes = np.linspace(0, 1, 65)
    seen = codes > HDR_FROM  # below, tables of 16 bits are too coarse
    return bool(np.abs(colour.nits_to_pq(curve[seen] * 10_000) - codes[seen]).max() < HDR_TOLERANCE)


def _is_hlg(curve: NDArray[np.float64]) -> bool:
    """Whether 65 samples are HLG's light, of the scene or (to the power of 1.2) of a display."""
    codes = np.linspace(0, 1, 65)
    seen = codes > HDR_FROM
    found = (np.abs(colour.scene_to_hlg(curve[seen] ** (1 / power)) - codes[seen]).max() for power in (1.0, 1.2))
    return bool(min(found) < HDR_TOLERANCE)


HDR_CURVES = {"pq": _is_pq, "hlg": _is_hlg}

REGISTERED = {"ITUR_2100_PQ_FULL": "pq", "ITUR_2100_HLG_FULL": "hlg"}
"""Names that say BT.2100 whatever their profile does, which serves readers that do not know them (W3C's note "Using the
ITU BT.2100 PQ EOTF with the PNG format")."""


def _hdr_name(description: str) -> str | None:
    """PQ or HLG of a profile by its name, such as ITUR_2100_PQ_FULL, where that names a space of light too."""
    words = re.split(r"[^A-Za-z0-9]+", description)
    if "HLG" in words or "Hybrid" in words:
        return "hlg"
    spaces = any(re.search(r"2100|2020|^202$|P3", word) for word in words)
    return "pq" if "2084" in words or "ST2084" in words or ({"PQ", "PeQ"} & set(words) and spaces) else None


def _description(tags: Tags) -> str:
    tag = bytes(tags.get(b"desc", memoryview(b""))[:MAX_PROFILE_NAME_BYTES])
    try:
        if tag[:4] == b"mluc":
            size, offset = struct.unpack_from(">II", tag, 20)
            text = tag[offset : offset + size].decode("utf-16-be", "replace")
        else:
            (size,) = struct.unpack_from(">I", tag, 8)
            text = tag[12 : 12 + size].decode("latin-1")
    except struct.error:
        return ""
    return "".join(c for c in text if c.isprintable()).strip()[:120]


@functools.cache
def named_profile(primaries: str, transfer: str) -> bytes:
    """A small ICC v4 matrix profile of our own making.

    Args:
        primaries: one of image.PRIMARIES_NAMES.
        transfer: "srgb", "bt1886", "gamma22" or "linear".
    """
    parameters = {
        "srgb": (3, (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)),
        "bt1886": (0, (2.4,)),
        "gamma22": (0, (563 / 256,)),
        "linear": (0, (1.0,)),
    }
    return matrix_profile(f"untone {primaries} {transfer}", d50_matrix(primaries), *parameters[transfer])


def matrix_profile(description: str, matrix: NDArray[np.float64], kind: int, numbers: tuple[float, ...]) -> bytes:
    """A small ICC v4 profile of [3, 3] linear RGB to XYZ (D50) and one parametric curve (ICC.1, 10.18)."""
    curve = b"para" + bytes(4) + struct.pack(">HH", kind, 0) + b"".join(_fixed(number) for number in numbers)
    tags = [(b"desc", _text(description)), (b"cprt", _text("CC0")), (b"wtpt", _xyz(D50))]
    tags += [(name, _xyz(matrix[:, i])) for i, name in enumerate(COLUMNS)]
    tags += [(name, curve) for name in CURVES]
    return _profile(tags)


def _fixed(number: float) -> bytes:
    return struct.pack(">i", round(number * 65536))


def _xyz(values: NDArray[np.float64]) -> bytes:
    return b"XYZ " + bytes(4) + b"".join(_fixed(value) for value in values)


def _text(text: str) -> bytes:
    body = text.encode("utf-16-be")
    return b"mluc" + bytes(4) + struct.pack(">II2s2sII", 1, 12, b"en", b"US", len(body), 28) + body


def _profile(tags: list[tuple[bytes, bytes]]) -> bytes:
    """Header, tag table and tag data; equal data is stored once."""
    position, places, data = 132 + 12 * len(tags), {}, b""
    for _, body in tags:
        if body not in places:
            places[body] = position + len(data)
            data += body + bytes(-len(body) % 4)
    table = b"".join(struct.pack(">4sII", name, places[body], len(body)) for name, body in tags)
    header = struct.pack(
        ">I4sI4s4s4s6H4s4sI4s4sQI", position + len(data), bytes(4), 0x04400000, b"mntr", b"RGB ", b"XYZ ",
        2026, 1, 1, 0, 0, 0, b"acsp", bytes(4), 0, bytes(4), bytes(4), 0, 0,
    )  # fmt: skip
    header += b"".join(_fixed(value) for value in D50) + bytes(48)
    return header + struct.pack(">I", len(tags)) + table + data
