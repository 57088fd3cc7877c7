"""SDR/HDR pairs of Gain-MLP's experiment: the middle of HDR sources, graded to a 1000-nit display, and tone mapped."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ... import colour, pipeline, residuals
from ...formats.jpeg import codec as jpeg
from ...image import DIFFUSE_WHITE_NITS, Image
from ...residuals import Residual
from ..data.examples import Example, light_of
from ..data.layouts import open_dataset
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
        light: [H, W, 3] of the HDR rendition, BT.709, 1.0 = SDR white; below 0 where colours lie beyond BT.709.
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
            light = np.maximum(self.light, 0)  # gains of BT.709 light know no colours beyond it
            return residuals.residual_of(self.base, light, residual).astype(np.float32)
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


def middle(light: NDArray[Any], width: int, height: int) -> NDArray[Any]:
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


@dataclasses.dataclass(frozen=True)
class ReadyPair:
    """One pair of a data set, both renditions as they are there: nothing is graded or tone mapped.

    Attributes:
        scene: its name, fit for a file.
        read: gives the example.
    """

    scene: str
    read: Callable[[], Example]


def ready_pairs(folder: Path, most: int | None = None) -> list[ReadyPair]:
    """The pairs of a data set of any layout, at most so many of them, evenly chosen.

    Raises:
        UntoneError: as layouts.open_dataset.
    """
    data = open_dataset(folder)
    count = min(most or len(data), len(data))
    numbers = [k * len(data) // count for k in range(count)]
    width = len(str(len(data) - 1))
    return [ReadyPair(f"{folder.name}-{k:0{width}d}", functools.partial(data.__getitem__, k)) for k in numbers]


def scene(source: Source | ReadyPair, mapper: str, size: tuple[int, int], base_quality: int = 0) -> Scene:
    """The pair of a source and a tone mapper, or a ready one.

    Args:
        mapper: one of tonemappers.MAPPERS; AS_GIVEN for a ready pair.
        size: most columns and rows, of the middle.
        base_quality: 0 for the exact 8 bits, as in the paper; else what a JPEG of that quality decodes to.
    """
    if isinstance(source, ReadyPair):
        codes, light = _given(source.read(), size)
    else:
        light = graded(middle(source.light(), *size))
        codes = tonemappers.codes(tonemappers.MAPPERS[mapper](light))
    if base_quality:
        decoded, _ = pipeline.read(jpeg.encode(codes, base_quality))
        codes = decoded.pixels.astype(np.uint8)
    return Scene(f"{source.scene}, {mapper}", Image(codes), light)


AS_GIVEN = "as given"
"""In the place of a tone mapper's name: the SDR rendition that a data set has."""


def _given(example: Example, size: tuple[int, int]) -> tuple[NDArray[np.uint8], Light]:
    """SDR codes and BT.709 light of an example's middle; light of PQ codes keeps colours beyond BT.709, below 0."""
    if example.pq is None:
        light = light_of(example.sdr, example.gain_stops)
    else:
        wide = colour.pq_to_nits(example.pq / np.float64(65535)) / DIFFUSE_WHITE_NITS
        light = (wide @ colour.rgb_to_rgb("bt2020", "bt709").T).astype(np.float32)
    return middle(example.sdr, *size), middle(light, *size)
