"""Local operators: log2 light [H, W] (0 = diffuse white) in, compressed log2 light of the same shape out.

`start` is where compression begins, stops; `strength` is 0..1; `radius` is in pixels. Pure functions.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import filters

Plane = NDArray[Any]


def compress(stops: Plane, start: float, slope: float) -> Plane:
    """Log2 curve: identity below `start`, `slope` above, a quarter-stop soft corner between."""
    over = np.logaddexp(0, (stops - start) * 4) / 4
    return stops - (1 - slope) * over


def guided(stops: Plane, start: float, strength: float, radius: int) -> Plane:
    """Base and detail by the guided filter (He et al. 2010, self-guided); the base is compressed above `start`."""
    base = guided_base(stops, radius)
    return compress(base, start, 1 - strength) + (stops - base)


def guided_base(stops: Plane, radius: int, epsilon: float = 0.25) -> Plane:
    """Edge-preserving base layer of `stops`; epsilon in square stops."""
    size = 2 * radius + 1
    mean = filters.uniform_filter(stops, size, mode="nearest")
    variance = np.maximum(filters.uniform_filter(stops * stops, size, mode="nearest") - mean * mean, 0)
    slope = variance / (variance + epsilon)
    offset = mean * (1 - slope)
    slope = filters.uniform_filter(slope, size, mode="nearest")
    return slope * stops + filters.uniform_filter(offset, size, mode="nearest")


def bilateral(stops: Plane, start: float, strength: float, radius: int) -> Plane:
    """Durand and Dorsey 2002: bilateral base, compressed above `start`."""
    base = bilateral_base(stops, radius)
    return compress(base, start, 1 - strength) + (stops - base)


def bilateral_base(stops: Plane, radius: int, width: float = 1.2) -> Plane:
    """Bilateral filter, piecewise linear in the range and at a reduced size (Durand and Dorsey 2002, section 5).

    Args:
        radius: of the Gaussian in space, pixels. width: of the Gaussian in the range, stops.
    """
    low, high = float(stops.min()), float(stops.max())
    count = max(3, min(12, int(np.ceil(high - low)) + 1))
    step = max(1, radius // 4)
    small = filters.uniform_filter(stops, step, mode="nearest")[step // 2 :: step, step // 2 :: step]
    layers = []
    for level in np.linspace(low, high, count).tolist():
        weight = np.exp(-0.5 * ((small - level) / width) ** 2) + 1e-6
        total = filters.gaussian_filter(weight, radius / step, mode="nearest", truncate=2.5)
        layers.append(filters.gaussian_filter(weight * small, radius / step, mode="nearest", truncate=2.5) / total)
    place = (stops - low) * ((count - 1) / max(high - low, 1e-6))
    rows, columns = ((np.arange(side, dtype=np.float32) - step // 2) / step for side in stops.shape)
    where = np.stack([place, *np.broadcast_arrays(rows[:, None], columns[None])])
    return filters.map_coordinates(np.stack(layers), where, stops.dtype, order=1, mode="nearest")


def surround(stops: Plane, start: float, strength: float, radius: int) -> Plane:
    """Local Reinhard (2002, section 3.2, one scale): divided by 1 + the light of the surround above `start`."""
    light = 2.0**stops
    around = filters.gaussian_filter(light, radius, mode="nearest", truncate=2.5)
    adapted = np.maximum(np.minimum(around, light * 1.5) - 2.0**start, 0)
    return stops - np.log2(1 + strength * 2 * adapted)


def fusion(stops: Plane, start: float, strength: float, radius: int) -> Plane:
    """Exposure fusion (Mertens et al. 2007) of 0, -1, -2 ... EV; the darker ones are used above `start`."""
    levels = max(2, int(np.log2(radius * 4)))
    depth = int(np.clip(np.ceil(stops.max() * strength + 1), 1, 4))
    exposures = [np.clip(stops - step * (1 if step else 0), -10, 0.2) for step in range(depth + 1)]
    weights = [np.exp(-0.5 * ((np.clip(e, -4, 0.2) - start - 0.3) / 0.9) ** 2) + 1e-4 for e in exposures]
    weights[0] = np.where(stops < start, np.maximum(weights[0], 1), weights[0])
    total = np.sum(weights, axis=0)
    blended: list[Plane] = []
    for exposure, weight in zip(exposures, weights, strict=True):
        gaussians = _gaussians(weight / total, levels)
        parts = [detail * share for detail, share in zip(_laplacians(exposure, levels), gaussians, strict=True)]
        blended = parts if not blended else [a + b for a, b in zip(blended, parts, strict=True)]
    fused = _collapse(blended)
    return stops + strength * (fused - stops)


def laplacian(stops: Plane, start: float, strength: float, radius: int) -> Plane:
    """Local Laplacian filter (Paris et al. 2011, fast form of Aubry et al. 2014): large steps shrink above `start`."""
    levels = max(3, int(np.log2(radius * 6)))
    reference = _gaussians(stops, levels)
    nodes = np.linspace(float(stops.min()), float(stops.max()), 7).tolist()
    spacing = max(nodes[1] - nodes[0], 1e-6)
    result = [np.zeros_like(part) for part in reference[:-1]]
    for node in nodes:
        step = stops - node
        slope = 1 - strength * float(np.clip((node - start + 1) / 1.5, 0, 1))
        remapped = node + np.where(np.abs(step) < 0.5, step, np.sign(step) * (0.5 + (np.abs(step) - 0.5) * slope))
        for level, detail in enumerate(_laplacians(remapped, levels)[:-1]):
            share = np.maximum(1 - np.abs(reference[level] - node) / spacing, 0)
            result[level] += share * detail
    top = compress(reference[-1], start, 1 - strength)
    return _collapse([*result, top])


def equalised(stops: Plane, start: float, strength: float, radius: int) -> Plane:
    """CLAHE-like: contrast-limited histogram equalisation of log2 luminance on a 4 x 4 tile grid, above `start`."""
    edges = np.linspace(-8, 6, 57)
    centres = (edges[1:] + edges[:-1]) / 2
    tiles = 4
    size = stops.shape[0] // tiles
    curves = np.empty((tiles, tiles, centres.size))
    for row in range(tiles):
        for column in range(tiles):
            tile = stops[row * size : (row + 1) * size, column * size : (column + 1) * size]
            count = np.histogram(tile, edges)[0] / tile.size
            count = np.minimum(count, 0.03) + 0.004
            curves[row, column] = start + np.cumsum(count) / count.sum() * (0.4 - start)
    curves = filters.gaussian_filter(curves, (0.6, 0.6, 0), mode="nearest")
    place = (np.arange(stops.shape[0]) + 0.5) / size - 0.5
    rows, columns = np.meshgrid(place, place, indexing="ij")
    bins = (stops - centres[0]) / (centres[1] - centres[0])
    equal = filters.map_coordinates(curves, [rows, columns, bins], order=1, mode="nearest")
    over = np.clip((stops - start) / 1.0, 0, 1)
    return stops + over * strength * (np.minimum(equal, stops) - stops)


LOCAL: dict[str, Callable[[Plane, float, float, int], Plane]] = {
    "guided": guided,
    "bilateral": bilateral,
    "surround": surround,
    "fusion": fusion,
    "laplacian": laplacian,
    "equalised": equalised,
}


def _shrink(plane: Plane) -> Plane:
    return filters.gaussian_filter(plane, 1.0, mode="nearest", truncate=2.0)[::2, ::2]


def _grow(plane: Plane, shape: tuple[int, ...]) -> Plane:
    rows = np.clip(np.arange(shape[0], dtype=np.float32) / 2, 0, plane.shape[0] - 1)
    columns = np.clip(np.arange(shape[1], dtype=np.float32) / 2, 0, plane.shape[1] - 1)
    top, left = rows.astype(int), columns.astype(int)
    below, right = np.minimum(top + 1, plane.shape[0] - 1), np.minimum(left + 1, plane.shape[1] - 1)
    fy, fx = (rows - top)[:, None], columns - left
    tall = plane[top] * (1 - fy) + plane[below] * fy
    return tall[:, left] * (1 - fx) + tall[:, right] * fx


def _gaussians(plane: Plane, levels: int) -> list[Plane]:
    pyramid = [plane]
    for _ in range(levels - 1):
        pyramid.append(_shrink(pyramid[-1]))
    return pyramid


def _laplacians(plane: Plane, levels: int) -> list[Plane]:
    pyramid = _gaussians(plane, levels)
    details = [fine - _grow(coarse, fine.shape) for fine, coarse in itertools.pairwise(pyramid)]
    return [*details, pyramid[-1]]


def _collapse(pyramid: list[Plane]) -> Plane:
    plane = pyramid[-1]
    for detail in reversed(pyramid[:-1]):
        plane = _grow(plane, detail.shape) + detail
    return plane
