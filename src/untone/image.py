"""Image (pixels and their colour space) and GainMap (coded log2 gain and its parameters), the nouns of all stages.

Both are frozen, validate at construction and print shapes, not pixels.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import DamagedError, LimitError, UntoneError, UsageError, check_number, is_finite, shown

Pixels = NDArray[Any]
Triple = tuple[float, float, float]

Made = Callable[[int, int], Pixels]
"""Rows from the first to the one before the last, [last - first, W, 3]."""

DIFFUSE_WHITE_NITS = 203.0
"""Nits of linear light 1.0, unless told otherwise (ITU-R BT.2408)."""

WHITES_NITS = (10.0, 1000.0)
"""What users may say that SDR white has."""

PRIMARIES_NAMES = ("bt709", "p3", "bt2020", "adobe_rgb")
TRANSFER_NAMES = ("srgb", "bt1886", "gamma22", "linear", "pq", "hlg")
HDR_TRANSFERS = ("linear", "pq", "hlg")


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Image:
    """Pixels of one picture, as stored (never turned), with colour space and metadata.

    Attributes:
        pixels: [H, W, 3] RGB; uint8 or uint16 hold encoded values over the full range, float32 holds
            encoded values in [0, 1], or, when transfer is "linear", light where 1.0 is SDR diffuse white.
        primaries: one of PRIMARIES_NAMES.
        transfer: one of TRANSFER_NAMES.
        bits: significant bits of an encoded sample (8, 10, 12, 16); 32 for float.
        white_nits: nits of linear 1.0.
        orientation: EXIF orientation, 1 to 8; how a viewer must turn the pixels.
        icc, exif, xmp: metadata of the file, without container headers; None where absent.
        encoded: the whole file the pixels came from, when a writer can carry its bytes over; else None.
        gain_network: bytes of a gain network or residual map that the file carries (formats/jpeg/network_segment.py);
            None where absent.
        inked: whether the file has CMYK; the pixels are what becomes of it in RGB.
        left_out: why a gain map that the file has is not read, one line; None where none is left out.
        notes: what else of the file is not here, or not as it was, a line each: transparency, pages.

    Raises:
        UntoneError: a field contradicts the above.
    """

    pixels: Pixels
    primaries: str = "bt709"
    transfer: str = "srgb"
    bits: int = 8
    white_nits: float = DIFFUSE_WHITE_NITS
    orientation: int = 1
    icc: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    encoded: bytes | None = None
    gain_network: bytes | None = None
    inked: bool = False
    left_out: str | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        shape, dtype = _shape_and_type("pixels", self.pixels)
        if len(shape) != 3 or shape[2] != 3 or 0 in shape:
            raise UntoneError(f"pixels must be [height, width, 3] and not empty, not {list(shape)}")
        if dtype not in (np.uint8, np.uint16, np.float32):
            raise UntoneError(f"pixels must be uint8, uint16 or float32, not {dtype}")
        if self.transfer == "linear" and dtype != np.float32:
            raise UntoneError(f"linear light must be float32, not {dtype}")
        if self.primaries not in PRIMARIES_NAMES:
            raise UntoneError(f"primaries must be one of {', '.join(PRIMARIES_NAMES)}, not {self.primaries!r}")
        if self.transfer not in TRANSFER_NAMES:
            raise UntoneError(f"transfer must be one of {', '.join(TRANSFER_NAMES)}, not {self.transfer!r}")
        if self.orientation not in range(1, 9):
            raise UntoneError(f"orientation must be 1 to 8, not {self.orientation}")
        if not (is_finite(self.white_nits) and self.white_nits > 0):
            raise UntoneError(f"white_nits must be a positive number, not {self.white_nits}")

    @property
    def height(self) -> int:
        """Rows as stored."""
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        """Columns as stored."""
        return int(self.pixels.shape[1])

    @property
    def is_hdr(self) -> bool:
        """Whether the pixels themselves are HDR: PQ, HLG or linear light."""
        return self.transfer in HDR_TRANSFERS

    def __repr__(self) -> str:
        return (
            f"Image({self.width} x {self.height} {self.pixels.dtype}, {self.primaries}, {self.transfer}, "
            f"{self.bits} bit, orientation {self.orientation})"
        )


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class GainMap:
    """A coded gain map: the gain, in stops, from the base to the alternate rendition.

    A code c (scaled to 0..1) means log2 gain = min + (max - min) * c ** (1 / gamma), per channel
    (ISO 21496-1 clause 6). Offsets are linear, 1.0 = SDR white; headrooms and gains are log2 (stops).

    Attributes:
        codes: [h, w, 1 or 3] uint8 or uint16 (full range), in the base's stored orientation.
        min_stops, max_stops, gamma, base_offset, alternate_offset: per channel R, G, B (equal for one channel).
        base_headroom_stops, alternate_headroom_stops: log2 of each rendition's headroom; their order gives the
            direction (base above alternate: the base is the HDR one).
        use_base_colour_space: apply in the base's primaries (True) or in `alternate_primaries`.
        alternate_primaries: one of PRIMARIES_NAMES; None when the file does not say.
        encodings: which metadata flavours the file carried: "iso21496-1", "hdrgm-xmp", "apple".
        encoded: the JPEG the codes were decoded from, for writers that can carry it over; else None.

    Raises:
        DamagedError: numbers that no renderer could use (not finite, gamma <= 0, min > max ...).
    """

    codes: Pixels
    min_stops: Triple
    max_stops: Triple
    gamma: Triple = (1.0, 1.0, 1.0)
    base_offset: Triple = (1 / 64, 1 / 64, 1 / 64)
    alternate_offset: Triple = (1 / 64, 1 / 64, 1 / 64)
    base_headroom_stops: float = 0.0
    alternate_headroom_stops: float = 1.0
    use_base_colour_space: bool = True
    alternate_primaries: str | None = None
    encodings: tuple[str, ...] = ()
    encoded: bytes | None = None

    def __post_init__(self) -> None:
        shape, dtype = _shape_and_type("gain map codes", self.codes)
        if len(shape) != 3 or shape[2] not in (1, 3) or 0 in shape:
            raise UntoneError(f"gain map codes must be [height, width, 1 or 3] and not empty, not {list(shape)}")
        if dtype not in (np.uint8, np.uint16):
            raise UntoneError(f"gain map codes must be uint8 or uint16, not {dtype}")
        for name in ("min_stops", "max_stops", "gamma", "base_offset", "alternate_offset"):
            values = getattr(self, name)
            if not _is_triple(values):
                raise DamagedError(f"gain map {name} must be three numbers within +-{MAX_STOPS:g}, not {shown(values)}")
        if min(self.gamma) <= 0:
            raise DamagedError(f"gain map gamma must be above 0, not {self.gamma}")
        if any(low > high for low, high in zip(self.min_stops, self.max_stops, strict=True)):
            raise DamagedError(f"gain map minimum {self.min_stops} is above its maximum {self.max_stops}")
        for name in ("base_headroom_stops", "alternate_headroom_stops"):
            value = getattr(self, name)
            if not (is_finite(value) and 0 <= value <= MAX_STOPS):
                raise DamagedError(f"gain map {name} must be between 0 and {MAX_STOPS:g}, not {value}")
        if self.alternate_primaries is not None and self.alternate_primaries not in PRIMARIES_NAMES:
            raise UntoneError(f"alternate_primaries must be one of {', '.join(PRIMARIES_NAMES)}")

    @property
    def height(self) -> int:
        """Rows of the map."""
        return int(self.codes.shape[0])

    @property
    def width(self) -> int:
        """Columns of the map."""
        return int(self.codes.shape[1])

    @property
    def channels(self) -> int:
        """1 or 3."""
        return int(self.codes.shape[2])

    def __repr__(self) -> str:
        return (
            f"GainMap({self.width} x {self.height} x {self.channels} {self.codes.dtype}, "
            f"{min(self.min_stops):.2f} to {max(self.max_stops):.2f} stops, "
            f"headroom {self.base_headroom_stops:.2f} -> {self.alternate_headroom_stops:.2f})"
        )


MAX_STOPS = 64.0
"""No gain, offset or headroom beyond this is a picture; float32 light would overflow."""


TURNS = {
    1: (False, False, False),
    2: (False, False, True),
    3: (False, True, True),
    4: (False, True, False),
    5: (True, False, False),
    6: (True, False, True),
    7: (True, True, True),
    8: (True, True, False),
}
"""EXIF orientation to what makes stored pixels upright: exchange rows and columns, then reverse rows, columns."""


def _shape_and_type(name: str, array: object) -> tuple[tuple[int, ...], Any]:
    """Of an array, or of Rows."""
    if not (hasattr(array, "shape") and hasattr(array, "dtype")):
        raise UntoneError(f"{name} must be a numpy array, not {type(array).__name__}")
    return tuple(array.shape), array.dtype


def _is_triple(values: object) -> bool:
    """Three numbers that a gain map can have."""
    try:
        return len(values) == 3 and all(is_finite(v) and abs(v) <= MAX_STOPS for v in values)  # type: ignore[arg-type,attr-defined]
    except TypeError:  # one number alone
        return False


def check_noun(value: object, noun: type, verb: str) -> None:
    """Refuse what is no Image or no GainMap, such as a path.

    Raises:
        UsageError: it says how to get one.
    """
    if not isinstance(value, noun):
        article = "an" if noun is Image else "a"
        how = f"image, {'_' if noun is Image else 'gain_map'} = untone.read(path)"
        raise UsageError(
            f"{verb} takes {article} {noun.__name__}, not {type(value).__name__}: {how}; untone.{verb}(...)"
        )


def check_white(white_nits: float) -> None:
    """Whether SDR white can be said to have so many nits.

    Raises:
        UsageError: it cannot.
    """
    check_number("white_nits", white_nits)
    low, high = WHITES_NITS
    if not low <= white_nits <= high:
        raise UsageError(f"SDR white must be from {low:g} to {high:g} nits, not {white_nits:g}")


def with_white(image: Image, white_nits: float | None) -> Image:
    """The same pixels, linear 1.0 having so many nits; None leaves the image's own.

    Raises:
        UsageError: out of range.
    """
    if white_nits is None:
        return image
    check_white(white_nits)
    return dataclasses.replace(image, white_nits=white_nits)


def turned_upright(array: Pixels, orientation: int, axis: int = 0) -> Pixels:
    """A view of stored pixels as a viewer shows them (EXIF orientation 1..8); rows at `axis`, columns at the next."""
    exchange, reverse_rows, reverse_columns = TURNS[orientation]
    array = array.swapaxes(axis, axis + 1) if exchange else array
    array = np.flip(array, axis) if reverse_rows else array
    return np.flip(array, axis + 1) if reverse_columns else array


def turned_back(array: Pixels, orientation: int, axis: int = 0) -> Pixels:
    """Inverse of turned_upright: upright to stored."""
    return turned_upright(array, {6: 8, 8: 6}.get(orientation, orientation), axis)


class Rows:
    """[H, W, 3] that is made when it is asked for, in place of an array: by slices of rows, or all by numpy.

    Args:
        shape: H, W, 3.
        made: makes rows; may be called from several threads.
        most_bytes: of an array of all of it; beyond, asking for all raises LimitError. None sets no limit.
        dtype: of what is made.
    """

    def __init__(
        self, shape: tuple[int, ...], made: Made, most_bytes: int | None = None, dtype: type = np.float32
    ) -> None:
        self.shape, self.dtype, self._made, self._most_bytes = shape, np.dtype(dtype), made, most_bytes

    def __getitem__(self, key: Any) -> Any:
        """Rows by a slice forward, and parts of these rows; whatever else numpy knows, of all of them."""
        rows, *rest = key if isinstance(key, tuple) else (key,)
        if not isinstance(rows, slice) or (rows.step is not None and rows.step < 1):
            return np.asarray(self)[key]
        first, last, step = rows.indices(self.shape[0])
        if last <= first:
            return np.empty((0, *self.shape[1:]), self.dtype)[(slice(None), *rest)]
        if step == 1:
            found = self._made(first, last)
            return found[(slice(None), *rest)] if rest else found
        return np.stack([self._made(row, row + 1)[(0, *rest)] for row in range(first, last, step)])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        size = math.prod(self.shape) * self.dtype.itemsize
        if self._most_bytes is not None and size > self._most_bytes:
            raise LimitError(
                f"{self.shape[1]} x {self.shape[0]} pixels of {self.dtype} exceed {self._most_bytes} bytes"
            )
        whole = self._made(0, self.shape[0])
        return whole if dtype is None else whole.astype(dtype, copy=False)
