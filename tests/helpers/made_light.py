"""Made-up HDR pictures, and files of them that other programs write."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import OpenEXR


def panorama(seed: int, height: int = 64) -> np.ndarray:
    """A sky with a sun over a textured ground, scene-linear [h, 2h, 3]."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:height, 0 : 2 * height] / height
    light = np.where(rows < 0.5, 1.5 - rows, 0.12)[..., None] * np.array([0.8, 0.9, 1.1])
    light = light * np.exp(random.normal(0, 0.3, (height, 2 * height, 1)))
    sun = np.exp(-((rows - 0.3) ** 2 + (columns - 1.0) ** 2) / 0.004)
    return (light + 400 * sun[..., None]).astype(np.float32)


def write_exr(path: Path, light: np.ndarray) -> None:
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    with OpenEXR.File(header, {"RGB": light.astype(np.float16)}) as file:
        file.write(str(path))
