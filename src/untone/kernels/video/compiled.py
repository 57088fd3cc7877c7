"""The compiled variants of frames of films, with the same functions as reference.py: prepares tables, calls _native."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...colour import PQ_PEAK_NITS
from ...errors import UntoneError
from ...operators import Operators
from .. import layout
from . import reference, tables

try:
    from .. import _native
except ImportError as error:  # only a source tree that was never built
    raise UntoneError(f"untone's compiled kernels are missing; `make build` or `pip install .` ({error})") from error

if TYPE_CHECKING:
    from . import Area, Rendering, YCbCr


class CompiledVideo:
    """One variant on so many threads; methods as the functions of reference.py."""

    def __init__(self, variant: str, threads: int) -> None:
        self.variant, self.threads = variant, threads

    def average(self, plane: NDArray[Any], size: int) -> NDArray[np.float32]:
        """See reference.average."""
        result = np.empty((size, size), np.float32)
        _native.video_average(self.variant, self.threads, plane, result)
        return result

    def deband(self, plane: NDArray[np.uint8]) -> NDArray[np.uint16] | None:
        """See banding.deband; the same code for all variants."""
        result = np.empty(plane.shape, np.uint16)
        return result if _native.video_deband(self.threads, plane, result) else None

    def write_planes(
        self,
        source: YCbCr,
        operators: Operators,
        rendering: Rendering,
        targets: tuple[NDArray[np.uint16], ...],
        area: Area,
        picture: Area,
        counts: NDArray[np.int64],
    ) -> None:
        """See reference.write_planes."""
        from . import SITINGS

        wide = self.variant == "avx512"
        curve = layout.curve(operators, power=False, segments=wide)
        (y_scale, y_bias), (c_scale, c_bias) = reference.levels_of(source)
        half = [source.cb.shape[k] < source.y.shape[k] for k in (0, 1)]
        top, left, rows, columns = area
        place = [(top - picture[0] + 0.5) / picture[2], 1 / picture[2]]
        place += [(left - picture[1] + 0.5) / picture[3], 1 / picture[3]]
        _native.video_planes(
            self.variant,
            self.threads,
            [source.y, source.cb, source.cr],
            [*half, *SITINGS[source.siting]],
            [y_scale, c_scale, y_bias, c_bias, *reference.to_rgb_of(source)],
            [top, left, rows, columns],
            place,
            layout.nodes(operators, planar=self.variant != "portable"),
            layout.rgbx(operators.lut),
            operators.qmax_stops,
            curve.table,
            [curve.per_step, curve.bound],
            operators.offset,
            tables.eotf(rendering.eotf, operators.offset),
            layout.rgbx(rendering.to_bt2020.T * (rendering.white_nits / PQ_PEAK_NITS)),
            layout.pq_octaves() if wide else tables.pq_pairs(),
            rendering.ceiling_nits / PQ_PEAK_NITS,
            rendering.transfer == "hlg",
            tables.dither(),
            tables.pair_dither(),
            list(targets),
            counts,
        )
