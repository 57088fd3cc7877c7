"""Frames of films: what Operators do to planar Y'CbCr, as 10-bit BT.2020 PQ or HLG planes, in one compiled pass.

As everywhere in this room, `reference` is the definition, `variant` is one of VARIANTS and never replaced, the number
of threads never changes a bit of a result, calls release the GIL, and every function raises UntoneError for arguments
outside this contract. Against the reference, codes are within 1.

Gain is as large as 4:2:0 chroma: the operators see the mean of two by two pixels, and between those gain is linear, as
between the samples of a gain map.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...colour import HLG_PEAK_NITS, PQ_PEAK_NITS, rgb_to_rgb
from ...errors import UntoneError
from ...image import DIFFUSE_WHITE_NITS
from ...operators import Operators
from .. import MAX_THUMBNAIL, chosen
from . import banding, reference
from .compiled import CompiledVideo

Plane = NDArray[Any]
Area = tuple[int, int, int, int]
"""Top, left, rows, columns."""

MATRICES = {
    "bt709": (0.2126, 0.0722),
    "bt601": (0.299, 0.114),
    "fcc": (0.30, 0.11),
    "smpte240m": (0.212, 0.087),
    "bt2020": (0.2627, 0.0593),
}
"""Weights of R' and B' in Y' (ITU-T H.273, table 4)."""

EOTFS = {
    "bt1886": (-1.0, 0.0, 1.0, 0.0, 2.4),
    "gamma22": (-1.0, 0.0, 1.0, 0.0, 2.2),
    "gamma28": (-1.0, 0.0, 1.0, 0.0, 2.8),
    "srgb": (0.04045, 1 / 12.92, 1 / 1.055, 0.055 / 1.055, 2.4),
}
"""x <= first ? x * second : (x * third + fourth) ** fifth: light of the display, not of the camera (BT.1886)."""

SITINGS = {"left": (False, True), "center": (False, False), "topleft": (True, True), "top": (True, False)}
"""Where the first chroma sample lies: whether on the first luma row, and on the first luma column."""

LEVELS = 1024
"""Bins of the histogram: 10-bit PQ, full range, rounded."""


@dataclasses.dataclass(frozen=True, eq=False)
class YCbCr:
    """A decoded frame.

    Attributes:
        y: [H, W] uint8, or uint16 with the codes in the lowest `bits` bits.
        cb, cr: of the same type; as large, or half as wide (rounded up), or half as wide and half as high.
        bits: 8 to 16.
        matrix: one of MATRICES.
        full_range: whether 0 is black; else 16 << (bits - 8) is (BT.709).
        siting: one of SITINGS; meaningless where chroma is as large.
        fraction_bits: bits below a code's, in uint16: samples are codes times 1 << fraction_bits.

    Raises:
        UntoneError: planes that do not fit each other or the above.
    """

    y: Plane
    cb: Plane
    cr: Plane
    bits: int = 8
    matrix: str = "bt709"
    full_range: bool = False
    siting: str = "left"
    fraction_bits: int = 0

    def __post_init__(self) -> None:
        height, width = self.y.shape
        half = (-(-height // 2), -(-width // 2))
        if self.cb.shape != self.cr.shape or self.cb.shape not in ((height, width), (height, half[1]), half):
            raise UntoneError(f"chroma planes of {self.cb.shape} and {self.cr.shape} do not fit luma of {self.y.shape}")
        if 0 in self.y.shape or self.y.dtype not in (np.uint8, np.uint16):
            raise UntoneError(f"planes must be uint8 or uint16 and not empty, not {self.y.shape} {self.y.dtype}")
        if not self.y.dtype == self.cb.dtype == self.cr.dtype:
            raise UntoneError("the planes must share a type")
        if not 8 <= self.bits <= self.bits + self.fraction_bits <= 8 * self.y.itemsize:
            raise UntoneError(f"bits must be 8 to {8 * self.y.itemsize}, not {self.bits} and {self.fraction_bits}")
        if self.matrix not in MATRICES or self.siting not in SITINGS:
            raise UntoneError(f"no such matrix or siting: {self.matrix!r}, {self.siting!r}")

    def cropped(self, area: Area) -> YCbCr:
        """A view of an area that begins at even places."""
        top, left, rows, columns = area
        parts = [self.y[top : top + rows, left : left + columns]]
        for plane in (self.cb, self.cr):
            down, right = (2 if plane.shape[k] < self.y.shape[k] else 1 for k in (0, 1))
            bottom, end = -(-(top + rows) // down), -(-(left + columns) // right)
            parts.append(plane[top // down : bottom, left // right : end])
        return dataclasses.replace(self, y=parts[0], cb=parts[1], cr=parts[2])


@dataclasses.dataclass(frozen=True, eq=False)
class Rendering:
    """From the light of the source to the signal.

    Attributes:
        eotf: one of EOTFS, of the source.
        to_bt2020: [3, 3] from linear RGB of the source to BT.2020.
        white_nits: of SDR white.
        peak_nits: no channel becomes brighter; colours keep their hue there. HLG ends at 1000 by itself.
        transfer: "pq" or "hlg" (for a display of 1000 nits, BT.2100).

    Raises:
        UntoneError: out of range.
    """

    eotf: str = "bt1886"
    to_bt2020: NDArray[np.float64] = dataclasses.field(default_factory=lambda: rgb_to_rgb("bt709", "bt2020"))
    white_nits: float = DIFFUSE_WHITE_NITS
    peak_nits: float = PQ_PEAK_NITS
    transfer: str = "pq"

    def __post_init__(self) -> None:
        if self.eotf not in EOTFS or self.transfer not in ("pq", "hlg"):
            raise UntoneError(f"no such transfer function: {self.eotf!r} or {self.transfer!r}")
        if self.to_bt2020.shape != (3, 3) or not np.isfinite(self.to_bt2020).all():
            raise UntoneError("to_bt2020 must be a finite [3, 3]")
        for name, nits in (("white_nits", self.white_nits), ("peak_nits", self.peak_nits)):
            if not (math.isfinite(nits) and 0 < nits <= PQ_PEAK_NITS):
                raise UntoneError(f"{name} must be above 0 and at most {PQ_PEAK_NITS:g}, not {nits}")

    @property
    def ceiling_nits(self) -> float:
        """What the signal cannot exceed."""
        return min(self.peak_nits, HLG_PEAK_NITS) if self.transfer == "hlg" else self.peak_nits


def empty_planes(height: int, width: int) -> tuple[NDArray[np.uint16], NDArray[np.uint16], NDArray[np.uint16]]:
    """Y', Cb, Cr of a black 4:2:0 frame, 10 bit, limited range."""
    half = (-(-height // 2), -(-width // 2))
    return np.full((height, width), 64, np.uint16), np.full(half, 512, np.uint16), np.full(half, 512, np.uint16)


def write_planes(
    source: YCbCr,
    operators: Operators,
    rendering: Rendering,
    targets: tuple[NDArray[np.uint16], NDArray[np.uint16], NDArray[np.uint16]],
    *,
    area: Area | None = None,
    picture: Area | None = None,
    counts: NDArray[np.int64] | None = None,
    threads: int | None = None,
    variant: str | None = None,
) -> None:
    """Write the signal of an area of a frame into the planes of the whole frame.

    10-bit limited-range Y'CbCr 4:2:0 of BT.2020, non-constant luminance, chroma sited top-left (H.273: 9, 16 or 18, 9),
    with ordered blue noise of one code: what is a whole code stays, so black is 64, 512, 512.

    Args:
        source: the frame.
        operators: what is done to it.
        rendering: from its light to the signal.
        targets: Y' [H, W], Cb and Cr [ceil(H / 2), ceil(W / 2)] uint16, packed within a row.
        area: what is written, beginning at even places, odd only where it ends with the frame; None writes all.
        picture: what the operators' positions 0..1 span, at least the area; None: the whole frame.
        counts: [LEVELS] int64, to which the levels of the brightest channel of every pixel are added.

    Raises:
        UntoneError: arguments outside of the above.
    """
    area, picture = _areas(source, area, picture)
    _check_targets(source, targets)
    counted = np.zeros(LEVELS, np.int64) if counts is None else counts
    if counted.shape != (LEVELS,) or counted.dtype != np.int64 or not counted.flags.c_contiguous:
        raise UntoneError(f"counts must be [{LEVELS}] int64")
    _kernels(variant, threads).write_planes(packed_rows(source), operators, rendering, targets, area, picture, counted)


def thumbnail(
    source: YCbCr, size: int = 256, *, threads: int | None = None, variant: str | None = None
) -> NDArray[np.float32]:
    """[3, size, size] float32 encoded RGB in 0..1: exact area averages of the planes, then the matrix.

    That is the average of encoded RGB (kernels.thumbnail) but for colours that only single pixels have outside of 0..1,
    and for half a pixel of chroma.
    """
    if not 1 <= size <= MAX_THUMBNAIL:
        raise UntoneError(f"thumbnail size must be 1..{MAX_THUMBNAIL}, not {size}")
    kernels = _kernels(variant, threads)
    source = packed_rows(source)
    return _rgb([kernels.average(plane, size) for plane in (source.y, source.cb, source.cr)], source)


def _rgb(averages: Sequence[NDArray[np.float32]], source: YCbCr) -> NDArray[np.float32]:
    """reference.rgb_of shares of the largest code, which are overwritten: every new array would cost as much again."""
    largest, levels = float(np.iinfo(source.y.dtype).max), reference.levels_of(source)
    y, cb, cr = averages
    for plane, (scale, bias) in zip(averages, (levels[0], levels[1], levels[1]), strict=True):
        plane *= np.float32(largest * scale)
        plane += np.float32(bias)
    r_cr, g_cb, g_cr, b_cb = (np.float32(share) for share in reference.to_rgb_of(source))
    rgb = np.empty((3, *y.shape), np.float32)
    np.multiply(cr, r_cr, out=rgb[0])
    np.multiply(cb, g_cb, out=rgb[1])
    np.multiply(cb, b_cb, out=rgb[2])
    cr *= g_cr
    rgb[1] += cr
    rgb += y
    return np.clip(rgb, 0, 1, out=rgb)


def debanded(source: YCbCr, *, threads: int | None = None, variant: str | None = None) -> YCbCr:
    """An 8-bit frame whose flat gradients have slopes instead of steps, with 6 bits below its codes.

    Texture, grain and edges stay, sample for sample, and no sample moves by a code: see banding. The frame
    itself where it has no flat gradient, or more than 8 bits.
    """
    if source.y.dtype != np.uint8:
        return source
    kernels = _kernels(variant, threads)
    source = packed_rows(source)
    given = (source.y, source.cb, source.cr)
    made = [kernels.deband(plane) for plane in given]
    if all(plane is None for plane in made):
        return source
    bits = banding.FRACTION_BITS
    y, cb, cr = (
        np.left_shift(plane, bits, dtype=np.uint16) if other is None else other
        for plane, other in zip(given, made, strict=True)
    )
    return dataclasses.replace(source, y=y, cb=cb, cr=cr, fraction_bits=bits)


def packed_rows(source: YCbCr) -> YCbCr:
    """The same frame, each plane packed within its rows, as native code reads it."""
    planes = (source.y, source.cb, source.cr)
    if all(plane.strides[1] == plane.itemsize for plane in planes):
        return source
    y, cb, cr = (np.ascontiguousarray(plane) for plane in planes)
    return dataclasses.replace(source, y=y, cb=cb, cr=cr)


def _check_targets(source: YCbCr, targets: Sequence[Plane]) -> None:
    height, width = source.y.shape
    half = (-(-height // 2), -(-width // 2))
    shapes = [plane.shape for plane in targets]
    packed = all(p.dtype == np.uint16 and p.strides[1] == 2 and p.flags.writeable for p in targets)
    if shapes != [(height, width), half, half] or not packed:
        raise UntoneError(f"targets must be three writable uint16 planes, {height} x {width} and half of that twice")


def _areas(source: YCbCr, area: Area | None, picture: Area | None) -> tuple[Area, Area]:
    whole = (0, 0, *source.y.shape)
    area, picture = area or whole, picture or whole
    top, left, rows, columns = area
    inside = top >= 0 and left >= 0 and rows > 0 and columns > 0
    inside = inside and top + rows <= whole[2] and left + columns <= whole[3]
    ends = (rows % 2 == 0 or top + rows == whole[2]) and (columns % 2 == 0 or left + columns == whole[3])
    if not inside or top % 2 or left % 2 or not ends:
        raise UntoneError(f"area {area} does not lie at even places of a frame of {whole[2]} x {whole[3]}")
    above, before = top - picture[0], left - picture[1]
    if above < 0 or before < 0 or above + rows > picture[2] or before + columns > picture[3]:
        raise UntoneError(f"area {area} reaches beyond the picture {picture}")
    return area, picture


def _kernels(variant: str | None, threads: int | None) -> Any:
    name, count = chosen(variant, threads)
    return reference if name == "reference" else CompiledVideo(name, count)
