"""Frames of light as OpenEXR: linear BT.2020, 1.0 = SDR white, without dither and at full chroma."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .... import formats, kernels
from ....errors import UsageError
from ....formats.common.files import make_folder
from ....image import Image
from ....kernels.checks import TABLE_TRANSFERS
from ....operators import Operators
from ..grading import NEUTRAL, Grader
from ..options import FilmOptions
from ..overlays import keying
from ..reading import Facts, Picture, rgb_codes
from ..smoothing import Steady


def check_pattern(pattern: str) -> None:
    """A name with one number in it, as printf writes it.

    Raises:
        UsageError: it is none, or no .exr.
    """
    if len(re.findall(r"%0?\d?d", pattern)) != 1 or pattern.count("%") != 1 or not pattern.lower().endswith(".exr"):
        raise UsageError(f"frames are named by a pattern such as frames/%06d.exr, not {pattern}")


class LightFrames:
    """Writes each frame as it comes."""

    def __init__(self, pattern: str, facts: Facts, options: FilmOptions) -> None:
        self._pattern, self._facts, self._options = pattern, facts, options
        self._grader = Grader(facts, options)
        self._written: list[Path] = []

    def add(self, steady: Steady) -> None:
        """One picture."""
        path = Path(self._pattern % (len(self._written) + 1))
        make_folder(path.parent)
        light = self._light(steady)
        image = Image(light, primaries="bt2020", transfer="linear", bits=32, white_nits=self._options.white_nits)
        formats.write(path, image)
        self._written.append(path)

    def finish(self) -> list[Path]:
        """All is written already."""
        return self._written

    def _light(self, steady: Steady) -> NDArray[np.float32]:
        height, width = steady.picture.planes.y.shape
        top, left, rows, columns = steady.bars.picture(height, width)
        codes = self._codes(steady.picture)
        light = self._rendered(codes, NEUTRAL)  # bars
        operators = self._grader.operators(steady.verdict)
        light[top : top + rows, left : left + columns] = self._rendered(
            np.ascontiguousarray(codes[top : top + rows, left : left + columns]), operators
        )
        for overlay in steady.overlays:
            top, left, rows, columns = overlay.area
            part = light[top : top + rows, left : left + columns]
            plain = self._rendered(np.ascontiguousarray(codes[top : top + rows, left : left + columns]), NEUTRAL)
            share = keying.weights(steady.picture.planes.cropped(overlay.area), overlay)
            part += (plain - part) * share[..., None]
        return light

    def _rendered(self, codes: NDArray[np.uint16], operators: Operators) -> NDArray[np.float32]:
        eotf = self._facts.signal.eotf if self._facts.signal.eotf in TABLE_TRANSFERS else "bt1886"
        light = kernels.hdr_linear(codes, operators, eotf, dtype=np.float32)
        light = np.maximum(light @ self._facts.signal.to_bt2020.T.astype(np.float32), 0)
        ceiling = np.float32(self._options.peak_nits / self._options.white_nits)
        top = light.max(axis=2, keepdims=True)
        result: NDArray[np.float32] = light * np.minimum(ceiling / np.maximum(top, ceiling), 1)
        return result

    def _codes(self, picture: Picture) -> NDArray[np.uint16]:
        return rgb_codes(picture.frame, self._facts.signal)
