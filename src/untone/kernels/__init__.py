"""STAGE 3: compiled kernels that apply Operators and gain maps to every pixel; the contract of all variants.

Contract, shared by all variants (`reference` is the definition, in numpy):

- pixels: uint8 or uint16 [H, W, 3] RGB, encoded over the full range; any row stride is read in place, other strides
  are copied. Positions and interpolation: see reference.py.
- Against the reference: gain codes within 1, half floats within 1 %, PQ codes within 2. The number of threads never
  changes a bit of the result.
- `out` is a C-contiguous, writable array of the result's shape and type that shares no memory with the input; the
  result is written there and returned. Video wants one: the pages of a fresh array cost up to a third of a call.
- `variant` is one of VARIANTS; None takes UNTONE_KERNEL, else the fastest this processor runs. A variant asked for by
  name is used or refused, never replaced. `threads` None takes UNTONE_THREADS, else every core this process may use.
- Calls release the GIL and may come from several threads at once.

Every function raises UntoneError for arguments outside this contract.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import UntoneError
from ..image import DIFFUSE_WHITE_NITS, GainMap, Pixels, Triple
from ..operators import Operators
from ..system import usable_cores
from . import reference
from .checks import check_counted, check_out, check_output, check_white, checked, checked_light
from .compiled import Compiled, available

Floats = NDArray[Any]

VARIANTS = ("avx512", "avx2", "neon", "portable", "reference")
"""Fastest first."""

SAMPLE_PIXELS = 65_536
"""Most pixels gain_range looks at."""

RANGE_MARGIN = 0.05
"""Share of the sampled span that gain_range adds at both ends, for the pixels it has not seen."""

MAX_THREADS = 256
MAX_THUMBNAIL = 4096


def thumbnail(
    pixels: Pixels,
    size: int = 256,
    *,
    out: NDArray[np.float32] | None = None,
    threads: int | None = None,
    variant: str | None = None,
) -> NDArray[np.float32]:
    """[3, size, size] float32 in 0..1: exact area average of the encoded RGB of the whole image, also when smaller."""
    if not 1 <= size <= MAX_THUMBNAIL:
        raise UntoneError(f"thumbnail size must be 1..{MAX_THUMBNAIL}, not {size}")
    pixels = checked(pixels)
    check_out(out, (3, size, size), np.float32, pixels)
    result: NDArray[np.float32] = _kernels(variant, threads).thumbnail(pixels, size, out)
    return result


def gain_codes(
    pixels: Pixels,
    operators: Operators,
    low_stops: Triple,
    high_stops: Triple,
    *,
    divisor: int = 1,
    out: NDArray[np.uint8] | None = None,
    threads: int | None = None,
    variant: str | None = None,
) -> NDArray[np.uint8]:
    """[ceil(H/d), ceil(W/d), 3] uint8: floor(255 * clamp((gain - low) / (high - low), 0, 1) + 0.5).

    With divisor 2 or 4 the operators run on the d x d box average of the encoded pixels, as an image of its own; blocks
    at the edge average what is there. A channel whose low equals its high gets code 0.
    """
    if divisor not in (1, 2, 4):
        raise UntoneError(f"divisor must be 1, 2 or 4, not {divisor}")
    low, high = np.asarray(low_stops, np.float64), np.asarray(high_stops, np.float64)
    if low.shape != (3,) or high.shape != (3,) or not np.isfinite(low + high).all() or (low > high).any():
        raise UntoneError(f"low and high must be three finite stops each, low <= high, not {low_stops}, {high_stops}")
    pixels = checked(pixels)
    check_out(out, (-(-pixels.shape[0] // divisor), -(-pixels.shape[1] // divisor), 3), np.uint8, pixels)
    result: NDArray[np.uint8] = _kernels(variant, threads).gain_codes(pixels, operators, low, high, divisor, out)
    return result


def gain_range(
    pixels: Pixels, operators: Operators, *, threads: int | None = None, variant: str | None = None
) -> tuple[Triple, Triple]:
    """Lowest and highest gain per channel, stops, for gain_codes: ((r, g, b), (r, g, b)); 0 is always between them.

    Taken from a regular sample of at most SAMPLE_PIXELS, widened by RANGE_MARGIN of the span, and never beyond what the
    operators can yield at all, qmax * tanh of the LUT's extremes.
    """
    pixels = checked(pixels)
    rows, columns = _sampled(pixels.shape[0], pixels.shape[1])
    v, u = (reference.positions(n)[s] for n, s in zip(pixels.shape[:2], (rows, columns), strict=True))
    sample = np.ascontiguousarray(pixels[rows, columns])
    gain = _kernels(variant, threads).gain_stops(sample, operators, v, u)
    low, high = gain.min(axis=(0, 1)).astype(np.float64), gain.max(axis=(0, 1)).astype(np.float64)
    margin = RANGE_MARGIN * (high - low)
    lut = operators.lut.reshape(-1, 3).astype(np.float64)
    bounds = [operators.qmax_stops * np.tanh(extreme) for extreme in (lut.min(axis=0), lut.max(axis=0))]
    low, high = np.minimum(np.maximum(low - margin, bounds[0]), 0), np.maximum(np.minimum(high + margin, bounds[1]), 0)
    return _triple(low), _triple(high)


def hdr_linear(
    pixels: Pixels,
    operators: Operators,
    transfer: str = "srgb",
    *,
    dtype: Any = np.float16,
    out: Floats | None = None,
    threads: int | None = None,
    variant: str | None = None,
) -> Floats:
    """[H, W, 3] float16 or float32 light, 1.0 = SDR white: (light + offset) * 2 ** gain - offset, not clipped."""
    check_output(transfer, dtype)
    pixels = checked(pixels)
    check_out(out, pixels.shape, dtype, pixels)
    result: Floats = _kernels(variant, threads).hdr_linear(pixels, operators, transfer, dtype, out)
    return result


def hdr_pq10(
    pixels: Pixels,
    operators: Operators,
    transfer: str = "srgb",
    primaries: str = "bt709",
    white_nits: float = DIFFUSE_WHITE_NITS,
    *,
    out: NDArray[np.uint16] | None = None,
    threads: int | None = None,
    variant: str | None = None,
) -> NDArray[np.uint16]:
    """[H, W, 3] uint16 codes 0..1023 (full range): BT.2020 PQ of hdr_linear, `white_nits` at 1.0, rounded."""
    check_output(transfer, np.float32)
    check_white(primaries, white_nits)
    pixels = checked(pixels)
    check_out(out, pixels.shape, np.uint16, pixels)
    result: NDArray[np.uint16] = _kernels(variant, threads).hdr_pq10(
        pixels, operators, transfer, primaries, white_nits, out
    )
    return result


def pq16(
    light: Floats,
    primaries: str = "bt709",
    white_nits: float = DIFFUSE_WHITE_NITS,
    *,
    out: NDArray[np.uint16] | None = None,
    threads: int | None = None,
    variant: str | None = None,
) -> NDArray[np.uint16]:
    """[H, W, 3] uint16 codes 0..65535 (full range): BT.2020 PQ of linear light, `white_nits` at 1.0, rounded.

    Args:
        light: [H, W, 3] float16 or float32, 1.0 = SDR white, in `primaries`. What lies outside BT.2020 or beyond 10,000
            nits is clipped, NaN counts as no light.
    """
    check_white(primaries, white_nits)
    light = checked_light(light)
    check_out(out, light.shape, np.uint16, light)
    result: NDArray[np.uint16] = _kernels(variant, threads).pq16(light, primaries, white_nits, out)
    return result


def count_largest(codes: NDArray[np.uint16], counts: NDArray[np.int64], *, variant: str | None = None) -> None:
    """Add to `counts` [65536] how often each code is the largest channel of a pixel of `codes` [H, W, 3]."""
    check_counted(codes, counts)
    _kernels(variant, 1).count_largest(codes, counts)


def apply(
    pixels: Pixels,
    light_table: Floats,
    gain_map: GainMap,
    weight: float = 1.0,
    *,
    rows: tuple[int, int] | None = None,
    dtype: Any = np.float32,
    out: Floats | None = None,
    threads: int | None = None,
    variant: str | None = None,
) -> Floats:
    """[H, W, 3] float16 or float32 light of the alternate rendition, 1.0 = SDR white, in the primaries of the base.

    Args:
        pixels: the base.
        light_table: light of every code, [256] or [65536] float32 to match the pixels; see colour.code_table.
        gain_map: any size; upsampled bilinearly (pixel centres), then ISO 21496-1, clause 6.
        weight: of gainmap.weight, -1..1.
        rows: first and last + 1 of those asked for; None asks for all of them.
    """
    check_output("srgb", dtype)
    pixels = checked(pixels)
    if not -1 <= weight <= 1:
        raise UntoneError(f"weight must be within -1..1, not {weight}")
    if light_table.shape != (int(np.iinfo(pixels.dtype).max) + 1,) or light_table.dtype != np.float32:
        raise UntoneError(
            f"light_table must hold one float32 per code, not {list(light_table.shape)} {light_table.dtype}"
        )
    first, last = rows or (0, pixels.shape[0])
    if not 0 <= first < last <= pixels.shape[0]:
        raise UntoneError(f"rows must be some of 0..{pixels.shape[0]}, not {first}..{last}")
    check_out(out, (last - first, *pixels.shape[1:]), dtype, pixels, gain_map.codes, light_table)
    result: Floats = _kernels(variant, threads).apply(pixels, light_table, gain_map, weight, (first, last), dtype, out)
    return result


def info() -> dict[str, Any]:
    """What would run: {"variant": name, "available": [names, fastest first], "threads": count}."""
    return {"variant": _variant(None), "available": [*available(), "reference"], "threads": _thread_count(None)}


def chosen(variant: str | None, threads: int | None) -> tuple[str, int]:
    """The variant and number of threads that a call gets which asks for these.

    Raises:
        UntoneError: no such variant here, or no such number.
    """
    return _variant(variant), _thread_count(threads)


def _kernels(variant: str | None, threads: int | None) -> Any:
    """The functions of reference.py, by the variant and number of threads asked for."""
    name, count = chosen(variant, threads)
    return reference if name == "reference" else Compiled(name, count)


def _variant(asked: str | None) -> str:
    """The variant to use.

    Raises:
        UntoneError: an unknown variant, or one this processor does not run.
    """
    runnable = [*available(), "reference"]
    name = asked or os.environ.get("UNTONE_KERNEL") or runnable[0]
    if name not in VARIANTS:
        raise UntoneError(f"kernel variant must be one of {', '.join(VARIANTS)}, not {name!r}")
    if name not in runnable:
        raise UntoneError(f"this processor does not run kernel variant {name!r}; it runs {', '.join(runnable)}")
    return name


def _thread_count(threads: int | None) -> int:
    wanted = os.environ.get("UNTONE_THREADS") if threads is None else str(threads)
    if not wanted:
        return min(usable_cores(), MAX_THREADS)
    if not wanted.isdecimal() or not 1 <= int(wanted) <= MAX_THREADS:
        raise UntoneError(f"threads must be 1..{MAX_THREADS}, not {wanted!r}")
    return int(wanted)


def _sampled(height: int, width: int) -> tuple[slice, slice]:
    """Rows and columns of a regular sample of at most SAMPLE_PIXELS."""
    step = 1
    while -(-height // step) * -(-width // step) > SAMPLE_PIXELS:
        step += 1
    return slice(step // 2 if height > step else 0, None, step), slice(step // 2 if width > step else 0, None, step)


def _triple(values: Floats) -> Triple:
    r, g, b = values.tolist()
    return (r, g, b)
