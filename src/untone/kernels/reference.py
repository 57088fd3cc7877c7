"""The kernels in numpy, float64: the definition every compiled variant is tested against. Slow and plain on purpose.

Positions: pixel (i, j) of an H x W image sits at v = (i + 0.5) / H, u = (j + 0.5) / W. Grid nodes span 0..1 inclusive,
so grid coordinates are v * (gy - 1), u * (gx - 1) and, along the guide, e * 7 with e the encoded value in 0..1.
The 3D LUT is indexed by clamp(i, 0, 1) * (n - 1) and read tetrahedrally.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..colour import code_table, nits_to_pq, rgb_to_rgb
from ..gainmap import apply as apply_gain
from ..gainmap import box_average, quantise
from ..image import GainMap
from ..operators import RANGE_NODES, Operators

Floats = NDArray[Any]

BAND_ROWS = 16
"""Rows worked on at a time, so that the definition also runs on large photos."""

MOST_LIGHT = 1e9
"""What pq16 takes infinite light for; far past the end of PQ, yet a matrix can still cancel it."""


def encoded_values(pixels: NDArray[Any]) -> NDArray[np.float64]:
    """uint8 or uint16 codes to encoded values in 0..1."""
    values: NDArray[np.float64] = pixels / np.float64(np.iinfo(pixels.dtype).max)
    return values


def positions(length: int) -> NDArray[np.float64]:
    """Normalised pixel centres along one axis."""
    return (np.arange(length) + 0.5) / length


def gain_at(encoded: Floats, v: Floats, u: Floats, operators: Operators) -> NDArray[np.float64]:
    """Gain in stops, [h, w, 3], of encoded RGB [h, w, 3] whose rows sit at v [h] and columns at u [w]."""
    inner = np.sum([_slice(operators.grids[k], v, u, encoded[..., k]) for k in range(3)], axis=0)
    gain: NDArray[np.float64] = operators.qmax_stops * np.tanh(_tetrahedral(operators.lut, inner))
    return gain


def _cell(coordinate: Floats, nodes: int) -> tuple[NDArray[np.intp], Floats]:
    """Lower node and share of the upper one, for coordinates in 0..nodes - 1."""
    lower = np.clip(coordinate.astype(np.intp), 0, nodes - 2)
    return lower, coordinate - lower


def _slice(grid: Floats, v: Floats, u: Floats, guide: Floats) -> Floats:
    """Trilinear reading of [gy, gx, 8, 3] at v [h], u [w], guide [h, w] in 0..1: [h, w, 3]."""
    grid = grid.astype(np.float64)
    y, fy = _cell(v * (grid.shape[0] - 1), grid.shape[0])
    x, fx = _cell(u * (grid.shape[1] - 1), grid.shape[1])
    z, fz = _cell(guide * (RANGE_NODES - 1), RANGE_NODES)
    rows = grid[y] + (grid[y + 1] - grid[y]) * fy[:, None, None, None]
    nodes = rows[:, x] + (rows[:, x + 1] - rows[:, x]) * fx[:, None, None]
    low = np.take_along_axis(nodes, z[:, :, None, None], 2)[:, :, 0]
    high = np.take_along_axis(nodes, z[:, :, None, None] + 1, 2)[:, :, 0]
    result: Floats = low + (high - low) * fz[..., None]
    return result


def _tetrahedral(lut: Floats, inner: Floats) -> Floats:
    """[..., 3] reading of lut [n, n, n, 3]: walk from the cell's lowest corner to its highest, largest share first."""
    n = lut.shape[0]
    node, share = _cell(np.clip(inner, 0, 1) * (n - 1), n)
    order = np.argsort(-share, axis=-1, kind="stable")
    ranked = np.take_along_axis(share, order, -1)
    steps = np.eye(3, dtype=np.intp)[order]
    corner = node.copy()
    result: Floats = lut[corner[..., 0], corner[..., 1], corner[..., 2]].astype(np.float64) * (1 - ranked[..., :1])
    for k in range(3):
        corner += steps[..., k, :]
        weight = ranked[..., k] - (ranked[..., k + 1] if k < 2 else 0)
        result += lut[corner[..., 0], corner[..., 1], corner[..., 2]] * weight[..., None]
    return result


def _bands(height: int) -> Iterator[slice]:
    return (slice(top, min(top + BAND_ROWS, height)) for top in range(0, height, BAND_ROWS))


def gain_stops(pixels: NDArray[Any], operators: Operators, v: Floats, u: Floats) -> NDArray[np.float32]:
    """Gain of every pixel, [H, W, 3] float32 stops, with rows at v and columns at u."""
    return gain_at(encoded_values(pixels), v, u, operators).astype(np.float32)


def thumbnail(pixels: NDArray[Any], size: int, out: Floats | None = None) -> NDArray[np.float32]:
    """[3, size, size] float32: each cell is the exact area integral of the encoded values it covers."""
    height, width = pixels.shape[:2]
    rows = np.stack([np.tensordot(w, pixels[at : at + len(w)], 1) for at, w in _area_cells(height, size)])
    cells = np.stack([np.tensordot(w, rows[:, at : at + len(w)], (0, 1)) for at, w in _area_cells(width, size)], axis=1)
    result = np.empty((3, size, size), np.float32) if out is None else out
    result[:] = cells.transpose(2, 0, 1) / np.iinfo(pixels.dtype).max
    return result


def _area_cells(length: int, size: int) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """First source sample and weights (sum 1) of each of `size` equal cells that tile `length` samples."""
    for k in range(size):
        begin, end = k * length / size, (k + 1) * length / size
        first, last = k * length // size, -(-(k + 1) * length // size)
        edges = np.clip(np.arange(first, last + 1), begin, end)
        yield first, np.diff(edges) / (end - begin)


def gain_codes(
    pixels: NDArray[Any],
    operators: Operators,
    low: Floats,
    high: Floats,
    divisor: int,
    out: NDArray[np.uint8] | None = None,
) -> NDArray[np.uint8]:
    """[ceil(H/d), ceil(W/d), 3] uint8 of the gain of each d x d box average; see gainmap.quantise."""
    height, width = (-(-s // divisor) for s in pixels.shape[:2])
    v, u = positions(height), positions(width)
    codes = np.empty((height, width, 3), np.uint8) if out is None else out
    for band in _bands(height):
        block = pixels[band.start * divisor : band.stop * divisor].astype(np.float64)
        encoded = box_average(block, divisor) / np.iinfo(pixels.dtype).max
        codes[band] = quantise(gain_at(encoded, v[band], u, operators), low, high)
    return codes


def hdr_linear(
    pixels: NDArray[Any], operators: Operators, transfer: str, dtype: Any, out: Floats | None = None
) -> Floats:
    """[H, W, 3] light, 1.0 = SDR white: (light + offset) * 2 ** gain - offset."""
    result = np.empty(pixels.shape, dtype) if out is None else out
    for band in _bands(pixels.shape[0]):
        result[band] = _light(pixels, operators, transfer, band)
    return result


def _light(pixels: NDArray[Any], operators: Operators, transfer: str, band: slice) -> Floats:
    base = code_table(transfer, int(np.iinfo(pixels.dtype).max)).astype(np.float64)[pixels[band]]
    v, u = positions(pixels.shape[0])[band], positions(pixels.shape[1])
    gain = gain_at(encoded_values(pixels[band]), v, u, operators)
    light: Floats = (base + operators.offset) * np.exp2(gain) - operators.offset
    return light


def hdr_pq10(
    pixels: NDArray[Any],
    operators: Operators,
    transfer: str,
    primaries: str,
    white_nits: float,
    out: NDArray[np.uint16] | None = None,
) -> NDArray[np.uint16]:
    """[H, W, 3] uint16, 0..1023: BT.2020 PQ, full range, floor(1023 * PQ + 0.5)."""
    matrix = rgb_to_rgb(primaries, "bt2020").T
    result = np.empty(pixels.shape, np.uint16) if out is None else out
    for band in _bands(pixels.shape[0]):
        nits = _light(pixels, operators, transfer, band) @ matrix * white_nits
        result[band] = np.floor(1023 * nits_to_pq(nits) + 0.5)
    return result


def pq16(
    light: NDArray[np.float32], primaries: str, white_nits: float, out: NDArray[np.uint16] | None = None
) -> NDArray[np.uint16]:
    """[H, W, 3] uint16, 0..65535: BT.2020 PQ, full range, floor(65535 * PQ + 0.5); NaN counts as no light."""
    matrix = rgb_to_rgb(primaries, "bt2020").T
    result = np.empty(light.shape, np.uint16) if out is None else out
    for band in _bands(light.shape[0]):
        finite = np.nan_to_num(light[band].astype(np.float64)).clip(-MOST_LIGHT, MOST_LIGHT)
        result[band] = np.floor(65535 * nits_to_pq(finite @ matrix * white_nits) + 0.5)
    return result


def count_largest(codes: NDArray[np.uint16], counts: NDArray[np.int64]) -> None:
    """Adds to counts[c] how many pixels of [H, W, 3] have c as their largest channel."""
    counts += np.bincount(codes.max(axis=2).ravel(), minlength=len(counts))


def apply(
    pixels: NDArray[Any],
    light_table: Floats,
    gain_map: GainMap,
    weight: float,
    rows: tuple[int, int],
    dtype: Any,
    out: Floats | None = None,
) -> Floats:
    """[last - first, W, 3] light of rows first..last-1 of the alternate rendition.

    Codes are upsampled (bilinear, pixel centres), then applied by ISO 21496-1, clause 6.
    """
    height, width = pixels.shape[:2]
    codes = gain_map.codes / np.float64(np.iinfo(gain_map.codes.dtype).max)
    low, high, gamma = (np.array(t) for t in (gain_map.min_stops, gain_map.max_stops, gain_map.gamma))
    shown, v = pixels[slice(*rows)], positions(height)[slice(*rows)]
    result = np.empty(shown.shape, dtype) if out is None else out
    for band in _bands(len(shown)):
        share = _upsample(codes, v[band], positions(width))
        stops = low + (high - low) * share ** (1 / gamma)
        base = light_table.astype(np.float64)[shown[band]]
        light = apply_gain(base, stops, weight, gain_map.base_offset, gain_map.alternate_offset)
        result[band] = np.clip(light, np.finfo(dtype).min, np.finfo(dtype).max)  # half floats end at 65504
    return result


def _upsample(codes: Floats, v: Floats, u: Floats) -> Floats:
    """Bilinear reading of [h, w, c] samples at their pixel centres, constant beyond the outermost."""
    result = codes
    for axis, at in ((0, v), (1, u)):
        length = codes.shape[axis]
        coordinate = np.clip(at * length - 0.5, 0, length - 1)
        lower = np.minimum(coordinate.astype(np.intp), max(length - 2, 0))
        shares = (coordinate - lower).reshape((-1, 1, 1) if axis == 0 else (1, -1, 1))
        first, second = (np.take(result, np.minimum(at, length - 1), axis=axis) for at in (lower, lower + 1))
        result = first + (second - first) * shares
    return result
