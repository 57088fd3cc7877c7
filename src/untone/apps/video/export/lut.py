"""A 3D LUT of each scene (Adobe Cube LUT 1.0): encoded BT.709 to BT.2020 PQ, full range on both sides.

A LUT knows no place: the grids are averaged over the picture, so that what is local in the film is lost.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .... import __version__
from ....colour import nits_to_pq
from ....formats.common.files import save
from ....kernels.video import Rendering, reference
from ....operators import Operators
from ..grading import Grader
from ..options import FilmOptions
from ..reading import Facts
from ..smoothing import Steady, Verdict, mean_of


def everywhere(operators: Operators) -> Operators:
    """The same at every place: the mean over the picture."""
    mean = operators.grids.mean(axis=(1, 2), keepdims=True)
    grids = np.ascontiguousarray(np.broadcast_to(mean, (3, 2, 2, *mean.shape[3:])))
    return dataclasses.replace(operators, grids=grids)


def table(operators: Operators, rendering: Rendering, points: int) -> NDArray[np.float64]:
    """[points ** 3, 3] PQ in 0..1, red fastest, of every colour of the cube."""
    ramp = np.linspace(0, 1, points)
    blue, green, red = np.meshgrid(ramp, ramp, ramp, indexing="ij")
    rgb = np.stack([red, green, blue], axis=-1).reshape(points * points, points, 3)
    middle = np.full(points * points, 0.5), np.full(points, 0.5)
    nits = reference.nits_of(rgb, *middle, everywhere(operators), rendering)
    result: NDArray[np.float64] = nits_to_pq(nits).reshape(-1, 3)
    return result


def cube(values: NDArray[np.float64], points: int, title: str, comments: list[str]) -> str:
    """The text of a .cube file."""
    head = [*(f"# {line}" for line in comments), f'TITLE "{title}"', f"LUT_3D_SIZE {points}"]
    rows = [f"{r:.6f} {g:.6f} {b:.6f}" for r, g, b in values]
    return "\n".join([*head, *rows]) + "\n"


class SceneLuts:
    """Collects the operators of each scene; writes scene-0001.cube and on into a folder."""

    def __init__(self, folder: Path, points: int, facts: Facts, options: FilmOptions) -> None:
        self._folder, self._points, self._facts = folder, points, facts
        self._grader = Grader(facts, dataclasses.replace(options, transfer="pq"))
        self._scene = self._first = self._last = self._count = 0
        self._mean: Verdict | None = None
        self._written: list[Path] = []

    def add(self, steady: Steady) -> None:
        """One picture."""
        if self._mean is not None and steady.scene != self._scene:
            self._write()
        if self._mean is None:
            self._scene, self._first, self._count = steady.scene, steady.picture.pts, 0
            self._mean = steady.verdict
        self._count, self._last = self._count + 1, steady.picture.pts
        self._mean = mean_of([self._mean, steady.verdict], [self._count - 1, 1]) if self._count > 1 else self._mean

    def finish(self) -> list[Path]:
        """Write the last scene."""
        if self._mean is not None:
            self._write()
        return self._written

    def _write(self) -> None:
        assert self._mean is not None
        values = table(self._grader.operators(self._mean), self._grader.rendering, self._points)
        begin, end = (float(pts * self._facts.time_base) for pts in (self._first, self._last))
        comments = [f"untone {__version__}: encoded BT.709 (BT.1886) to BT.2020 PQ, full range",
                    f"scene {self._scene + 1}: {self._count} frames, {begin:.3f} to {end:.3f} s"]  # fmt: skip
        self._folder.mkdir(exist_ok=True)
        path = self._folder / f"scene-{self._scene + 1:04}.cube"
        save(path, [cube(values, self._points, f"scene {self._scene + 1}", comments).encode()])
        self._written.append(path)
        self._mean = None
