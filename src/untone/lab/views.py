"""HDR sources (panoramas and stills, scene-linear) and the views a photographer would frame in them."""

from __future__ import annotations

import csv
import dataclasses
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import DamagedError, UntoneError

Light = NDArray[np.float32]

MAX_LIGHT = 65504.0
"""Largest half float; brighter or infinite sources are clipped to it."""


@dataclasses.dataclass(frozen=True)
class Source:
    """One HDR image to frame views in.

    Attributes:
        path: the EXR file.
        is_panorama: equirectangular, 360 x 180 degrees; otherwise a still.
        has_ground: False for skies whose lower half is a mirror.
        scene: the place; views of one scene must stay on one side of a train and validation split.
    """

    path: Path
    is_panorama: bool
    has_ground: bool
    scene: str


def sources(folder: Path) -> list[Source]:
    """The HDR images in `folder`, in name order; kinds and scenes from `manifest.csv` beside it, where there is one.

    Raises:
        UntoneError: the folder holds no .exr file.
    """
    paths = sorted(folder.glob("*.exr"))
    if not paths:
        raise UntoneError(f"{folder}: no .exr files")
    manifest = folder.parent / "manifest.csv"
    rows = {}
    if manifest.exists():
        with manifest.open(newline="") as lines:
            rows = {row["file"]: row for row in csv.DictReader(lines)}
    return [_source(path, rows.get(f"{folder.name}/{path.name}")) for path in paths]


def _source(path: Path, row: dict[str, str] | None) -> Source:
    if row is None:
        height, width = read_light(path).shape[:2]
        return Source(path, width == 2 * height, True, path.stem)
    return Source(path, row["kind"].startswith("panorama"), "mirror" not in row["kind"], row["scene"])


def read_light(path: Path) -> Light:
    """Scene-linear RGB of an EXR, [H, W, 3] float32, finite and not negative.

    Raises:
        DamagedError: the file is not a readable RGB EXR.
    """
    import OpenEXR

    try:
        pixels = OpenEXR.File(str(path)).channels()["RGB"].pixels
    except Exception as fault:
        raise DamagedError(f"{path}: not a readable RGB EXR ({fault})") from None
    return np.clip(np.nan_to_num(pixels.astype(np.float32), posinf=MAX_LIGHT), 0, MAX_LIGHT)


def perspective(panorama: Light, yaw: float, pitch: float, roll: float, fov: float, aspect: float, size: int) -> Light:
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


def bilinear(image: Light, rows: NDArray[np.floating], columns: NDArray[np.floating], wrap: bool = True) -> Light:
    """Samples at fractional pixel coordinates (centres at integers); rows clamp, columns wrap around or clamp."""
    height, width = image.shape[:2]
    top, left = np.floor(rows).astype(int), np.floor(columns).astype(int)
    fy, fx = (rows - top)[..., None].astype(np.float32), (columns - left)[..., None].astype(np.float32)
    y0, y1 = np.clip(top, 0, height - 1), np.clip(top + 1, 0, height - 1)
    x0, x1 = (x % width if wrap else np.clip(x, 0, width - 1) for x in (left, left + 1))
    upper = image[y0, x0] * (1 - fx) + image[y0, x1] * fx
    lower = image[y1, x0] * (1 - fx) + image[y1, x1] * fx
    return upper * (1 - fy) + lower * fy


def crop(still: Light, top: float, left: float, height: float, width: float, size: int) -> Light:
    """The crop [top, top + height) x [left, left + width) (pixels) of a still, area averaged to a square of `size`."""
    samples = max(1, int(np.ceil(max(height, width) / size)))
    steps = (np.arange(size * samples) + 0.5) / (size * samples)
    rows, columns = np.meshgrid(top + steps * height - 0.5, left + steps * width - 0.5, indexing="ij")
    fine = bilinear(still, rows, columns, wrap=False)
    return fine.reshape(size, samples, size, samples, 3).mean((1, 3))


def random_view(light: Light, source: Source, random: np.random.Generator, size: int) -> Light:
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
