"""Operators, the noun: bilateral grids, 3D LUT and scale that a small network predicts for one photo."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from .errors import UntoneError, is_finite

RANGE_NODES = 8
"""Nodes of a grid along its guide; fixed, so that a compiled kernel keeps one line of nodes in a register."""

MAX_GRID_NODES = 32
MAX_LUT_NODES = 33
MAX_QMAX_STOPS = 8.0


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Operators:
    """Bilateral grids, 3D LUT and scale of one photo, folded to what the kernels execute.

    For a pixel with encoded RGB e in [0, 1] at normalised position (u, v) in (0, 1):

        i_c   = sum over k of slice(grids[k], v, u, e_k)[c]        trilinear; nodes at 0 .. 1 inclusive
        y     = tetrahedral(lut, clamp(i, 0, 1))
        gain  = qmax_stops * tanh(y)                               stops, three channels

    Grid features, the 1 x 1 projection, its RGB term and bias are linear and live in `grids`; the modulator's
    (1 + alpha), beta live in `lut` (FastGaMer, CVPR 2026; the folding is exact).

    Attributes:
        grids: [3 guides, gy, gx, 8, 3] float32; guide k is RGB channel k.
        lut: [n, n, n, 3] float32, indexed by (R, G, B) of i.
        qmax_stops: scale of the normalised gain, stops, above 0.
        offset: linear offset of both renditions (1.0 = SDR white).

    Raises:
        UntoneError: wrong shape or dtype, or a number that is not finite.
    """

    grids: NDArray[np.float32]
    lut: NDArray[np.float32]
    qmax_stops: float
    offset: float = 1 / 64

    def __post_init__(self) -> None:
        for name, array in (("grids", self.grids), ("lut", self.lut)):
            if not isinstance(array, np.ndarray):
                raise UntoneError(f"{name} must be a numpy array, not {type(array).__name__}")
        g, n = self.grids.shape, self.lut.shape
        if len(g) != 5 or g[0] != 3 or g[3:] != (RANGE_NODES, 3) or not all(2 <= s <= MAX_GRID_NODES for s in g[1:3]):
            raise UntoneError(
                f"grids must be [3, 2..{MAX_GRID_NODES}, 2..{MAX_GRID_NODES}, {RANGE_NODES}, 3], not {list(g)}"
            )
        if len(n) != 4 or len(set(n[:3])) != 1 or n[3] != 3 or not 2 <= n[0] <= MAX_LUT_NODES:
            raise UntoneError(f"lut must be [n, n, n, 3] with n of 2..{MAX_LUT_NODES}, not {list(n)}")
        for name, array in (("grids", self.grids), ("lut", self.lut)):
            if array.dtype != np.float32 or not array.flags.c_contiguous or not np.isfinite(array).all():
                raise UntoneError(f"{name} must be finite, contiguous float32")
        if not (is_finite(self.qmax_stops) and 0 < self.qmax_stops <= MAX_QMAX_STOPS):
            raise UntoneError(f"qmax_stops must be above 0 and at most {MAX_QMAX_STOPS:g}, not {self.qmax_stops}")
        if not (is_finite(self.offset) and 0 <= self.offset <= 1):
            raise UntoneError(f"offset must be within 0..1, not {self.offset}")

    def __repr__(self) -> str:
        gy, gx = self.grids.shape[1:3]
        nodes = f"3 grids of {gy} x {gx} x {RANGE_NODES}, LUT {self.lut.shape[0]}^3"
        return f"Operators({nodes}, qmax {self.qmax_stops:.3f} stops)"
