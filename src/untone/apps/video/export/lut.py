"""A 3D LUT of each scene (Adobe Cube LUT 1.0): encoded BT.709 to BT.2020 PQ, full range on both sides.

A LUT knows no place: the grids are averaged over the picture, so that what is local in the film is lost.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from ....colour import nits_to_pq
from ....kernels.video import Rendering, reference
from ....operators import Operators
from .scene_files import Scene


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


def content(scene: Scene, points: int) -> str:
    """The .cube file of a scene."""
    values = table(scene.operators, scene.rendering, points)
    return cube(values, points, f"scene {scene.number}", [scene.about, "encoded BT.709 to BT.2020 PQ, full range"])
