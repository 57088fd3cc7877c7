"""Tone mapping operators for synthetic pairs: global curves and local operators.

LOCAL operators take log2 luminance [n, n] (0 = diffuse white) and give a compressed log2 luminance of the same
shape; CURVES map light (1.0 = diffuse white) to display light in [0, 1]. All are pure functions of their arguments.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[Any]


# -- global curves: light in, display light out; `peak` is the brightest light of the picture -----------------------


def knee(light: Plane, peak: float, start: float = 0.6) -> Plane:
    """Identity up to `start`, then a rational shoulder that reaches 1 at `peak`: a camera's highlight roll-off."""
    over = np.maximum(light - start, 0)
    room, span = 1 - start, max(peak - start, 1e-3)
    bend = max(span / room - 1, 0) / span
    return np.where(light <= start, light, start + over / (1 + over * bend))


def reinhard(light: Plane, peak: float) -> Plane:
    """Reinhard et al. 2002, equation 4, luminance white at `peak`; rescaled so that mid grey keeps its place."""
    scaled = light * 1.22
    return np.minimum(scaled * (1 + scaled / (peak * 1.22) ** 2) / (1 + scaled), 1)


def hable(light: Plane, peak: float) -> Plane:
    """Hable 2010 ("Uncharted 2") filmic curve with its published constants, white at `peak`."""

    def curve(x: Plane) -> Plane:
        return (x * (0.15 * x + 0.05) + 0.004) / (x * (0.15 * x + 0.5) + 0.06) - 0.02 / 0.3

    return np.clip(curve(light * 2.4) / curve(np.asarray(peak * 2.4)), 0, 1)


def aces(light: Plane, peak: float) -> Plane:
    """Narkowicz 2015 fit of the ACES reference rendering, scaled so that it clips near `peak`."""
    x = light * 0.62 * (4 / max(peak, 1.5)) ** 0.25
    return np.clip(x * (2.51 * x + 0.03) / (x * (2.43 * x + 0.59) + 0.14), 0, 1)


def sigmoid(light: Plane, peak: float) -> Plane:
    """Log-domain sigmoid in the manner of AgX: mid grey 0.18 kept, toe eight stops below it, shoulder at `peak`."""
    stops = np.log2(np.maximum(light, 1e-6) / 0.18)
    top = max(np.log2(peak / 0.18), 1.5)
    grey = 0.18 ** (1 / 2.2)
    upper = grey + (1 - grey) * np.tanh(np.maximum(stops, 0) * 0.72 / top * 1.6) / np.tanh(0.72 * 1.6)
    lower = grey * np.maximum(1 + np.minimum(stops, 0) / 8.5, 0) ** 1.9
    return np.where(stops > 0, upper, lower) ** 2.2


def camera(light: Plane, peak: float) -> Plane:
    """Camera picture style: an exponential shoulder over a gentle S that deepens shadows."""
    exposed = (1 - np.exp(-light * 1.25)) / (1 - np.exp(-1.25 * max(peak, 1.2)))
    encoded = np.clip(exposed, 0, 1) ** (1 / 2.2)
    return (encoded + 0.12 * encoded * (1 - encoded) * (2 * encoded - 0.9)) ** 2.2


def drago(light: Plane, peak: float) -> Plane:
    """Drago et al. 2003 adaptive logarithmic mapping, bias 0.85, maximum at `peak`."""
    power = np.log(0.85) / np.log(0.5)
    ratio = np.log1p(light * 2.2) / np.log1p(peak * 2.2)
    return np.clip(ratio * np.log(10) / np.log(2 + 8 * (light / peak) ** power), 0, 1)


CURVES: dict[str, Callable[[Plane, float], Plane]] = {
    "knee": knee,
    "reinhard": reinhard,
    "hable": hable,
    "aces": aces,
    "sigmoid": sigmoid,
    "camera": camera,
    "drago": drago,
}


# -- local operators: log2 luminance in and out; `strength` 0..1 ------------------------------------------------------


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
    mean = _box(stops, size)
    variance = np.maximum(_box(stops * stops, size) - mean * mean, 0)
    slope = variance / (variance + epsilon)
    offset = mean * (1 - slope)
    slope = _box(slope, size)
    return slope * stops + _box(offset, size)


def bilateral(stops: Plane, start: float, strength: float, radius: int) -> Plane:
    """Durand and Dorsey 2002: bilateral base (piecewise linear in the range), compressed above `start`."""
    low, high = float(stops.min()), float(stops.max())
    levels = np.linspace(low, high, max(3, min(12, int(np.ceil(high - low)) + 1)))
    layers = []
    for level in levels:
        weight = np.exp(-0.5 * ((stops - level) / 1.2) ** 2) + 1e-6
        total = _blurred(weight, radius)
        layers.append(_blurred(weight * stops, radius) / total)
    place = (stops - low) / max(high - low, 1e-6) * (len(levels) - 1)
    below = np.clip(place.astype(int), 0, len(levels) - 2)
    stack = np.stack(layers)
    rows, columns = np.ogrid[: stops.shape[0], : stops.shape[1]]
    part = place - below
    base = stack[below, rows, columns] * (1 - part) + stack[below + 1, rows, columns] * part
    return compress(base, start, 1 - strength) + (stops - base)


def surround(stops: Plane, start: float, strength: float, radius: int) -> Plane:
    """Local Reinhard (2002, section 3.2, one scale): divided by 1 + the light of the surround above `start`."""
    light = 2.0**stops
    around = _blurred(light, radius)
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
    nodes = np.linspace(float(stops.min()), float(stops.max()), 7)
    spacing = max(nodes[1] - nodes[0], 1e-6)
    result = [np.zeros_like(part) for part in reference[:-1]]
    for node in nodes:
        step = stops - node
        slope = 1 - strength * np.clip((node - start + 1) / 1.5, 0, 1)
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
    from scipy import ndimage

    curves = ndimage.gaussian_filter(curves, (0.6, 0.6, 0), mode="nearest")
    place = (np.arange(stops.shape[0]) + 0.5) / size - 0.5
    rows, columns = np.meshgrid(place, place, indexing="ij")
    bins = (stops - centres[0]) / (centres[1] - centres[0])
    equal = ndimage.map_coordinates(curves, [rows, columns, bins], order=1, mode="nearest")
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


# scipy is imported where it works: who only names an operator, as a command's help does, needs none.


def _box(plane: Plane, size: int) -> Plane:
    from scipy import ndimage

    return ndimage.uniform_filter(plane, size, mode="nearest")


def _blurred(plane: Plane, sigma: float, truncate: float = 2.5) -> Plane:
    from scipy import ndimage

    return ndimage.gaussian_filter(plane, sigma, mode="nearest", truncate=truncate)


def _shrink(plane: Plane) -> Plane:
    return _blurred(plane, 1.0, truncate=2.0)[::2, ::2]


def _grow(plane: Plane, shape: tuple[int, ...]) -> Plane:
    rows = np.clip(np.arange(shape[0]) / 2, 0, plane.shape[0] - 1)
    columns = np.clip(np.arange(shape[1]) / 2, 0, plane.shape[1] - 1)
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
