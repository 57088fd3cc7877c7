"""Pictures to feed networks."""

import numpy as np


def photo(height, width, seed=0):
    """A picture with large shapes, edges and noise."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    shade = 90 + 60 * np.sin(x / 19 + seed) + 50 * np.cos(y / 13) + 40 * ((x // 31 + y // 23) % 2)
    pixels = shade[..., None] * np.array([1.0, 0.9, 0.7]) + random.normal(0, 8, (height, width, 3))
    return np.clip(pixels, 0, 255).astype(np.uint8)
