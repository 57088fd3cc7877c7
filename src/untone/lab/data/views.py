"""Views of an HDR source: perspective views of a panorama, crops of a still."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .sources import Source

Light = NDArray[np.float32]


def perspective(
    panorama: NDArray[Any], yaw: float, pitch: float, roll: float, fov: float, aspect: float, size: int
) -> Light:
    """A rectilinear view of an equirectangular panorama, squeezed to a square.

    Args:
        panorama: [H, 2H, 3] light; column 0 looks at yaw -180 degrees, row 0 up.
        yaw, pitch, roll: degrees; pitch above 0 looks up.
        fov: horizontal field of view, degrees.
        aspect: width / height of the frame (the square samples it unevenly, as a thumbnail does).
        size: rows and columns of the result.

    Returns:
        [size, size, 3] float32, bilinear.
    """
    centres = (np.arange(size) + 0.5) / size * 2 - 1
    half = np.tan(np.radians(fov) / 2)
    x, y = np.meshgrid(centres * half, -centres * half / aspect)
    a, b, c = np.radians([roll, pitch, yaw])
    x, y = x * np.cos(a) - y * np.sin(a), x * np.sin(a) + y * np.cos(a)
    up = y * np.cos(b) + np.sin(b)
    ahead = np.cos(b) - y * np.sin(b)
    longitude = np.arctan2(x, ahead) + c
    latitude = np.arctan2(up, np.hypot(x, ahead))
    height, width = panorama.shape[:2]
    return bilinear(panorama, (0.5 - latitude / np.pi) * height - 0.5, (longitude / (2 * np.pi) + 0.5) * width - 0.5)


def bilinear(
    image: NDArray[Any], rows: NDArray[np.floating], columns: NDArray[np.floating], wrap: bool = True
) -> Light:
    """Samples at fractional pixel coordinates (centres at integers); float32; rows clamp, columns wrap or clamp."""
    height, width = image.shape[:2]
    rows, columns = rows.astype(np.float32), columns.astype(np.float32)
    top, left = np.floor(rows), np.floor(columns)
    fy, fx = (rows - top)[..., None], (columns - left)[..., None]
    top, left = top.astype(np.intp), left.astype(np.intp)
    y0, y1 = (np.clip(y, 0, height - 1) * width for y in (top, top + 1))
    x0, x1 = (x % width if wrap else np.clip(x, 0, width - 1) for x in (left, left + 1))
    pixels = image.reshape(-1, image.shape[2])

    def between(y: NDArray[np.intp]) -> Light:
        here = pixels.take(y + x0, 0).astype(np.float32)
        return here + (pixels.take(y + x1, 0) - here) * fx

    upper = between(y0)
    return upper + (between(y1) - upper) * fy


def crop(still: NDArray[Any], top: float, left: float, height: float, width: float, size: int) -> Light:
    """The crop [top, top + height) x [left, left + width) (pixels) of a still, area averaged to a square of `size`."""
    samples = max(1, int(np.ceil(max(height, width) / size)))
    steps = (np.arange(size * samples) + 0.5) / (size * samples)
    rows, columns = np.meshgrid(top + steps * height - 0.5, left + steps * width - 0.5, indexing="ij")
    fine = bilinear(still, rows, columns, wrap=False)
    return fine.reshape(size, samples, size, samples, 3).mean((1, 3))


def random_view(light: NDArray[Any], source: Source, random: np.random.Generator, size: int) -> Light:
    """A view of `source` as a photographer might frame it, [size, size, 3]; mirrored at times."""
    aspect = float(random.choice([4 / 3, 3 / 2, 16 / 9, 3 / 4, 1.0], p=[0.4, 0.2, 0.15, 0.2, 0.05]))
    if source.is_panorama:
        fov = random.uniform(55, 100)
        pitch = random.normal(6, 11) if source.has_ground else random.uniform(12, 50)
        view = perspective(light, random.uniform(-180, 180), pitch, random.normal(0, 2), fov, aspect, size)
    else:
        height, width = light.shape[:2]
        crop_width = min(width, height * aspect) * random.uniform(0.6, 1)
        crop_height = min(height, crop_width / aspect)
        top, left = random.uniform(0, height - crop_height), random.uniform(0, width - crop_width)
        view = crop(light, top, left, crop_height, crop_width, size)
    return np.ascontiguousarray(view[:, ::-1]) if random.random() < 0.5 else view
