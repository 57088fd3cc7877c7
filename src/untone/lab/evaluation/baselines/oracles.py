"""Upper bounds: the best curve, LUT or grid for each picture, fitted to its own truth by least squares.

Errors of gain are weighted by what they cost in PQ, so the fit is nearly the best for PQ-PSNR too. No method that
looks at the SDR picture alone can know these values; they bound what a representation could reach.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import lsmr

from .... import colour
from ....gainmap import OFFSET
from ....image import DIFFUSE_WHITE_NITS

Light = NDArray[Any]
Basis = Callable[[Light, Light], Any]
"""(colours [n, 3] encoded, places [n, 2] as row and column in 0..1) -> sparse [n, unknowns]."""

CURVE_NODES, LUT_NODES, GRID_NODES = 33, 17, 8
FIT_PIXELS = 65_536
STRIP_PIXELS = 1 << 17
DAMPING = 0.02
ITERATIONS = 60


def oracle_curve(encoded: Light, light: Light, stops: Light) -> Light:
    """Gain [h, w, 3] of the best curve of 33 nodes over max RGB, one gain for all channels."""
    fit = _Fit(encoded, light, stops)
    return fit.curve()


def oracle_lut(encoded: Light, light: Light, stops: Light) -> Light:
    """Gain [h, w, 3] of the best 17^3 LUT, trilinear, a correction of the best curve."""
    return _Fit(encoded, light, stops).gain(lut_basis)


def oracle_grid(encoded: Light, light: Light, stops: Light) -> Light:
    """Gain [h, w, 3] of the best sum of three 8 x 8 x 8 bilateral grids, one guided by each channel."""
    return _Fit(encoded, light, stops).gain(grid_basis)


def oracle_lut_and_grid(encoded: Light, light: Light, stops: Light) -> Light:
    """Gain [h, w, 3] of the best sum of a LUT and grids."""
    return _Fit(encoded, light, stops).gain(
        lambda rgb, place: sparse.hstack([lut_basis(rgb, place), grid_basis(rgb, place)]).tocsr()
    )


def lut_basis(rgb: Light, place: Light) -> Any:
    """Trilinear weights of the nodes of a LUT."""
    return _linear([rgb[:, 0], rgb[:, 1], rgb[:, 2]], [LUT_NODES] * 3)


def grid_basis(rgb: Light, place: Light) -> Any:
    """Trilinear weights of the nodes of three grids side by side; nodes at 0 and 1 are the picture's edges."""
    sides = [GRID_NODES] * 3
    return sparse.hstack([_linear([place[:, 0], place[:, 1], rgb[:, k]], sides) for k in range(3)]).tocsr()


def curve_basis(rgb: Light, place: Light) -> Any:
    """Linear weights of the nodes of a curve over max RGB."""
    return _linear([rgb.max(1)], [CURVE_NODES])


def _linear(axes: list[Light], nodes: list[int]) -> Any:
    """Multilinear weights, sparse [n, product of nodes]; the last axis varies fastest."""
    n = len(axes[0])
    below, part = [], []
    for value, count in zip(axes, nodes, strict=True):
        scaled = np.clip(value, 0, 1) * (count - 1)
        low = np.minimum(scaled.astype(np.int64), count - 2)
        below.append(low)
        part.append(scaled - low)
    columns, weights = [], []
    for corner in itertools.product((0, 1), repeat=len(axes)):
        index, weight = np.zeros(n, np.int64), np.ones(n)
        for up, low, share, count in zip(corner, below, part, nodes, strict=True):
            index = index * count + low + up
            weight = weight * (share if up else 1 - share)
        columns.append(index)
        weights.append(weight)
    starts = np.arange(0, n * len(columns) + 1, len(columns))
    shape = (n, int(np.prod(nodes)))
    return sparse.csr_matrix((np.stack(weights, 1).ravel(), np.stack(columns, 1).ravel(), starts), shape)


class _Fit:
    """One picture to be fitted at a sample of its pixels and rendered at all of them."""

    def __init__(self, encoded: Light, light: Light, stops: Light) -> None:
        self.shape = stops.shape
        height, width = self.shape[:2]
        rows, columns = np.mgrid[0:height, 0:width].reshape(2, -1)
        self.rgb = encoded.reshape(-1, 3).astype(np.float64)
        self.place = np.stack([(rows + 0.5) / height, (columns + 0.5) / width], 1)
        self.stops = stops.reshape(-1, 3).astype(np.float64)
        step = max(1, -(-len(self.rgb) // FIT_PIXELS))
        self.sample = np.random.default_rng(0).permutation(len(self.rgb))[::step] if step > 1 else slice(None)
        self.weight = cost(light.reshape(-1, 3)[self.sample], self.stops[self.sample])
        self._nodes = self._solved(curve_basis, self.stops[self.sample], together=True)[:, :1]

    def curve(self) -> Light:
        """Gain of the best curve."""
        return self._rendered(curve_basis, self._nodes).repeat(3, 1).reshape(self.shape).astype(np.float32)

    def gain(self, basis: Basis) -> Light:
        """Gain of the best curve plus the best of what `basis` spans; unused nodes stay at the curve."""
        curve = self._rendered(curve_basis, self._nodes)
        nodes = self._solved(basis, (self.stops - curve)[self.sample])
        return (curve + self._rendered(basis, nodes)).reshape(self.shape).astype(np.float32)

    def _solved(self, basis: Basis, wanted: Light, together: bool = False) -> Light:
        """Nodes [unknowns, 3 or 1]: weighted, damped least squares."""
        matrix = basis(self.rgb[self.sample], self.place[self.sample])
        if together:
            stacked = sparse.vstack([sparse.diags_array(self.weight[:, k]) @ matrix for k in range(3)])
            right = (self.weight * wanted).T.ravel()
            return np.asarray(lsmr(stacked, right, damp=DAMPING, maxiter=ITERATIONS)[0])[:, None]
        columns = []
        for k in range(3):
            weighted = sparse.diags_array(self.weight[:, k]) @ matrix
            columns.append(lsmr(weighted, self.weight[:, k] * wanted[:, k], damp=DAMPING, maxiter=ITERATIONS)[0])
        return np.stack(columns, 1)

    def _rendered(self, basis: Basis, nodes: Light) -> Light:
        strips = range(0, len(self.rgb), STRIP_PIXELS)
        parts = [basis(self.rgb[i : i + STRIP_PIXELS], self.place[i : i + STRIP_PIXELS]) @ nodes for i in strips]
        return np.concatenate(parts)


def cost(light: Light, stops: Light, step: float = 0.05) -> Light:
    """PQ codes that one stop of gain is worth at each sample, at the true gain; at least 1% of the picture's mean."""

    def codes(gain: Light) -> Light:
        return colour.nits_to_pq(((light + OFFSET) * np.exp2(gain) - OFFSET) * DIFFUSE_WHITE_NITS)

    slope = (codes(stops + step) - codes(stops - step)) / (2 * step)
    return np.maximum(slope / max(float(slope.mean()), 1e-9), 0.01)
