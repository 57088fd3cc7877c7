"""Initial weights of gain networks, meta-learned over many pairs (models/weights/gain-mlp.md)."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .. import gain_network
from ..errors import DamagedError

FILE = Path(__file__).parents[1] / "models" / "weights" / "gain-mlp.npz"
"""Arrays of half floats by `name_of`; a new start is one array more."""


def name_of(kind: str, domain: str, neurons: int) -> str:
    """Name of the array that holds initial weights."""
    return f"{kind}_{domain}_{neurons}"


def start(kind: str, domain: str, neurons: int) -> NDArray[np.float32] | None:
    """Meta-learned initial weights, a vector of gain_network.layers; None where there are none for this kind and width.

    Raises:
        DamagedError: the package's own file is not as it was.
    """
    found = _all().get(name_of(kind, domain, neurons))
    return None if found is None else found.astype(np.float32)


@functools.cache
def _all() -> dict[str, NDArray[np.float16]]:
    if not FILE.is_file():
        return {}
    with np.load(FILE, allow_pickle=False) as file:
        found = {name: file[name] for name in file.files}
    for name, vector in found.items():
        if vector.shape != (gain_network.size_of(int(name.rsplit("_", 1)[1])),) or not np.isfinite(vector).all():
            raise DamagedError(f"{FILE}: {name} is no network")
    return found
