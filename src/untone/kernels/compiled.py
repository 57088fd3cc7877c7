"""The compiled variants with the same functions as reference.py: prepares tables, allocates results, calls _native."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import UntoneError
from ..image import GainMap
from ..operators import Operators
from . import layout

try:
    from . import _native
except ImportError as error:  # only a source tree that was never built
    raise UntoneError(f"untone's compiled kernels are missing; `make build` or `pip install .` ({error})") from error

Floats = NDArray[Any]

CODES, STOPS, HALF, SINGLE, PQ10 = range(5)
"""Outputs of the full-size stage, as native/operators/frame.hpp numbers them."""

SMALLEST_SPAN_STOPS = 1e-9
"""Codes of a narrower range would be rounding noise; their scale stays finite."""


def available() -> list[str]:
    """Compiled variants this processor runs, fastest first."""
    return list(_native.variants())


class Compiled:
    """One variant on so many threads; methods as the functions of reference.py."""

    def __init__(self, variant: str, threads: int) -> None:
        self.variant, self.threads = variant, threads
        self.wide = variant == "avx512"  # its registers hold tables of 32 floats

    def thumbnail(self, pixels: NDArray[Any], size: int, out: Floats | None) -> NDArray[np.float32]:
        """See reference.thumbnail."""
        result = np.empty((3, size, size), np.float32) if out is None else out
        _native.thumbnail(self.variant, self.threads, pixels, result)
        return result

    def gain_stops(self, pixels: NDArray[Any], operators: Operators, v: Floats, u: Floats) -> NDArray[np.float32]:
        """See reference.gain_stops; v and u must be evenly spaced."""
        result = np.empty(pixels.shape, np.float32)
        place = [*_even(v), *_even(u)]
        self._run(pixels, operators, 1, result, output=STOPS, place=place)
        return result

    def gain_codes(
        self,
        pixels: NDArray[Any],
        operators: Operators,
        low: Floats,
        high: Floats,
        divisor: int,
        out: NDArray[np.uint8] | None,
    ) -> NDArray[np.uint8]:
        """See reference.gain_codes."""
        shape = (-(-pixels.shape[0] // divisor), -(-pixels.shape[1] // divisor), 3)
        result = np.empty(shape, np.uint8) if out is None else out
        scale = np.where(high > low, 255 / np.maximum(high - low, SMALLEST_SPAN_STOPS), 0)
        bias = 0.5 - scale * low
        self._run(pixels, operators, divisor, result, output=CODES, scale=scale, bias=bias)
        return result

    def hdr_linear(
        self, pixels: NDArray[Any], operators: Operators, transfer: str, dtype: Any, out: Floats | None
    ) -> Floats:
        """See reference.hdr_linear."""
        result = np.empty(pixels.shape, dtype) if out is None else out
        self._run(pixels, operators, 1, result, output=HALF if result.itemsize == 2 else SINGLE, transfer=transfer)
        return result

    def hdr_pq10(
        self,
        pixels: NDArray[Any],
        operators: Operators,
        transfer: str,
        primaries: str,
        white_nits: float,
        out: NDArray[np.uint16] | None,
    ) -> NDArray[np.uint16]:
        """See reference.hdr_pq10."""
        result = np.empty(pixels.shape, np.uint16) if out is None else out
        matrix = layout.bt2020_columns(primaries, white_nits)
        self._run(pixels, operators, 1, result, output=PQ10, transfer=transfer, matrix=matrix)
        return result

    def pq16(
        self, light: NDArray[np.float32], primaries: str, white_nits: float, out: NDArray[np.uint16] | None
    ) -> NDArray[np.uint16]:
        """See reference.pq16."""
        result = np.empty(light.shape, np.uint16) if out is None else out
        matrix = layout.bt2020_columns(primaries, white_nits)
        _native.pq16(self.variant, self.threads, light, matrix, layout.pq_pairs(65535), result)
        return result

    def count_largest(self, codes: NDArray[np.uint16], counts: NDArray[np.int64]) -> None:
        """See reference.count_largest."""
        _native.count_largest(codes, counts)

    def apply(
        self,
        pixels: NDArray[Any],
        light_table: Floats,
        gain_map: GainMap,
        weight: float,
        rows: tuple[int, int],
        dtype: Any,
        out: Floats | None,
    ) -> Floats:
        """See reference.apply."""
        shown = pixels[slice(*rows)]
        result = np.empty(shown.shape, dtype) if out is None else out
        low, high = np.array(gain_map.min_stops), np.array(gain_map.max_stops)
        constants = [
            layout.rgbx(low * weight),
            layout.rgbx((high - low) * weight),
            layout.rgbx(1 / np.array(gain_map.gamma), 1.0),
            layout.rgbx(gain_map.base_offset),
            layout.rgbx(gain_map.alternate_offset),
        ]
        codes = gain_map.codes.reshape(-1).reshape(gain_map.codes.shape)  # a single sample counts as contiguous always
        table, half = np.ascontiguousarray(light_table), result.itemsize == 2
        place = rows[0], pixels.shape[0]
        _native.apply(self.variant, self.threads, shown, *place, table, codes, constants, half, result)
        return result

    def _run(
        self,
        pixels: NDArray[Any],
        operators: Operators,
        divisor: int,
        result: Floats,
        *,
        output: int,
        place: list[float] | None = None,
        scale: Any = (0, 0, 0),
        bias: Any = (0, 0, 0),
        transfer: str = "srgb",
        matrix: Floats | None = None,
    ) -> None:
        rows, columns = result.shape[:2]
        power = output == HALF and operators.qmax_stops <= layout.MAX_POWER_STOPS
        curve = layout.curve(operators, power=power, segments=self.wide)
        _native.operators(
            self.variant,
            self.threads,
            pixels,
            divisor,
            layout.nodes(operators, planar=self.variant != "portable"),
            layout.rgbx(operators.lut),
            operators.qmax_stops,
            curve.table,
            [curve.per_step, curve.bound],
            power,
            place or [0.5 / rows, 1 / rows, 0.5 / columns, 1 / columns],
            output,
            result,
            layout.rgbx(scale),
            layout.rgbx(bias, 0.5),
            layout.light_with_offset(transfer, int(np.iinfo(pixels.dtype).max), operators.offset),
            operators.offset,
            layout.bt2020_columns("bt709", 1.0) if matrix is None else matrix,
            layout.pq_octaves() if self.wide else layout.pq_pairs(1023),
        )


def _even(positions: Floats) -> tuple[float, float]:
    """First position and step."""
    return float(positions[0]), float(positions[1] - positions[0]) if len(positions) > 1 else 1.0
