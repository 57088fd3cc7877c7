"""Operators and pixels for the kernels, from smooth to as rough as the noun allows."""

import numpy as np
import pytest

from untone.operators import Operators


def make_operators(gy=8, gx=8, n=17, *, rough=False, seed=0, qmax=None):
    """Rough: grids and LUT jump from node to node, the inner value leaves 0..1, qmax is large."""
    rng = np.random.default_rng(seed)
    grids = np.zeros((3, gy, gx, 8, 3))
    for k in range(3):
        grids[k, ..., k] = np.linspace(0, 1, 8)
    grids += rng.normal(0, 0.3 if rough else 0.03, grids.shape)
    lut = rng.normal(0.2, 1.0 if rough else 0.3, (n, n, n, 3))
    return Operators(grids.astype(np.float32), lut.astype(np.float32), qmax or (4.0 if rough else 2.0))


def make_pixels(height, width, dtype=np.uint8, seed=1):
    rng = np.random.default_rng(seed)
    return rng.integers(0, np.iinfo(dtype).max, (height, width, 3), dtype=dtype, endpoint=True)


@pytest.fixture
def operators_of():
    return make_operators


@pytest.fixture
def pixels_of():
    return make_pixels


@pytest.fixture
def identity():
    """Grids that return the pixel itself, and a LUT that returns its index: gain = 2 * tanh(encoded)."""
    grids = np.zeros((3, 2, 2, 8, 3), np.float32)
    for k in range(3):
        grids[k, ..., k] = np.linspace(0, 1, 8)
    ramp = np.linspace(0, 1, 5)
    lut = np.stack(np.meshgrid(ramp, ramp, ramp, indexing="ij"), axis=-1).astype(np.float32)
    return Operators(grids, lut, 2.0)
