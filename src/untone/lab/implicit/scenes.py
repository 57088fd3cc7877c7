"""SDR/HDR pairs of Gain-MLP's experiment: the middle of HDR sources, graded to a 1000-nit display, and tone mapped."""

from __future__ import annotations

import dataclasses
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ... import colour, pipeline, residuals
from ...formats.jpeg import codec as jpeg
from ...image import DIFFUSE_WHITE_NITS, Image
from ...residuals import Residual
from ..data.sources import LOG_AVERAGE, Source
from ..data.tonemapping import curves
from ..metrics import Rendition
from . import tonemappers

Light = NDArray[np.float32]

KEY = 0.1
"""Log-average luminance of the HDR rendition over SDR white: 20 nits."""

PEAK = 1000 / DIFFUSE_WHITE_NITS
"""Of the HDR rendition, over SDR white: a display of 1000 nits."""

LEAST_PEAK = 1.0
"""Of a picture that counts as HDR, over SDR white."""

SHOULDER = 0.5
"""Share of the peak above which light is compressed."""


@dataclasses.dataclass(frozen=True, eq=False)
class Scene:
    """One SDR picture and its HDR rendition.

    Attributes:
        name: of the source and the tone mapper.
        image: SDR, 8 bits, BT.709, sRGB.
        light: [H, W, 3] of the HDR rendition, BT.709, 1.0 = SDR white.
    """

    name: str
    image: Image
    light: Light

    @cached_property
    def truth(self) -> Rendition:
        """The HDR rendition for metrics."""
        return Rendition(self.light)

    @cached_property
    def base(self) -> Light:
        """Light of the SDR picture, BT.709."""
        return colour.code_table("srgb")[self.image.pixels]

    @cached_property
    def base_pq(self) -> Light:
        """PQ codes of the SDR picture in BT.2020."""
        return Rendition(self.base).pq

    def residual(self, residual: Residual) -> Light:
        """The true residual of every pixel."""
        if residual.domain == "linear":
            return residuals.residual_of(self.base, self.light, residual).astype(np.float32)
        low, high = self.base_pq + residuals.OFFSET, self.truth.pq + residuals.OFFSET
        found = np.log2(high / low) if residual.kind == "gain" else np.log(high) / np.log(low)
        return found.astype(np.float32)

    def rebuilt(
        self, found: Light, residual: Residual, rows: slice = slice(None), columns: slice = slice(None)
    ) -> Light:
        """PQ codes, BT.2020, of the HDR rendition by a residual of some rows and columns; equations 4 and 6."""
        if residual.domain == "linear":
            return Rendition(residuals.light_of(self.base[rows, columns], found, residual)).pq
        low = self.base_pq[rows, columns] + np.float32(residuals.OFFSET)
        high = low * np.exp2(found) if residual.kind == "gain" else low**found
        return np.clip(high - np.float32(residuals.OFFSET), 0, 1)


def middle(light: Light, width: int, height: int) -> Light:
    """The middle of a picture, at most so large (or turned, for an upright one); not one pixel is resampled."""
    if light.shape[0] > light.shape[1]:
        width, height = height, width
    rows, columns = (max(0, (side - most) // 2) for side, most in zip(light.shape[:2], (height, width), strict=True))
    return np.ascontiguousarray(light[rows : rows + height, columns : columns + width])


def graded(light: Light) -> Light:
    """Scene light, whose log-average is sources.LOG_AVERAGE, as a master for 1000 nits: exposed, peak rolled off."""
    exposed = light * np.float32(KEY / LOG_AVERAGE)
    brightest = np.maximum(exposed.max(-1, keepdims=True), np.float32(1e-6))
    peak = max(float(brightest.max()) / PEAK, 1.0)
    rolled = curves.knee(brightest / np.float32(PEAK), peak, SHOULDER) * np.float32(PEAK)
    return (exposed * (rolled / brightest)).astype(np.float32)


def scene(source: Source, mapper: str, size: tuple[int, int], base_quality: int = 0) -> Scene:
    """The pair of a source and a tone mapper.

    Args:
        mapper: one of tonemappers.MAPPERS.
        size: most columns and rows.
        base_quality: 0 for the exact 8 bits, as in the paper; else what a JPEG of that quality decodes to.
    """
    light = graded(middle(source.light(), *size))
    codes = tonemappers.codes(tonemappers.MAPPERS[mapper](light))
    if base_quality:
        decoded, _ = pipeline.read(jpeg.encode(codes, base_quality))
        codes = decoded.pixels.astype(np.uint8)
    return Scene(f"{source.scene}, {mapper}", Image(codes), light)
