"""HDR sources of synthetic pairs: files, folders and packed sets, each at one exposure.

A source is whatever holds light: EXR, Radiance HDR, float TIFF, PQ or HLG in PNG and AVIF, a photo with a gain map. All
of them become BT.709 light whose log-average luminance is 0.18, as the sources of the shipped model were.
"""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...console.lines import complain
from ...console.progress import tracked
from ...errors import DamagedError, UntoneError
from . import packs

Light = NDArray[np.float32]

MAX_LIGHT = 65504.0
"""Largest half float; brighter or infinite sources are clipped to it."""

LOG_AVERAGE = 0.18
CLOSE_STOPS = 0.1
"""Exposures this close to LOG_AVERAGE stay as they are."""

LEAST_RANGE = 2.0
"""Brightest light over the median of a picture that has no highlights: nothing to learn from."""

SKY = "puresky"
"""In the name of a Poly Haven panorama whose lower half is painted from its sky."""

SUFFIXES = (".exr", ".hdr", ".pic", ".png", ".avif", ".tif", ".tiff", ".jpg", ".jpeg", *packs.SUFFIXES)
LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)


@dataclasses.dataclass(frozen=True)
class Source:
    """One HDR image to frame views in.

    Attributes:
        path: the file.
        is_panorama: equirectangular, 360 x 180 degrees; otherwise a still.
        has_ground: False for skies whose lower half is a mirror or black.
        scene: the place; views of one scene must stay on one side of a train and validation split.
        member: name within a packed set; None for a file that is one image.
        stops: exposure to add, so that the log-average is LOG_AVERAGE.
    """

    path: Path
    is_panorama: bool
    has_ground: bool
    scene: str
    member: str | None = None
    stops: float = 0.0

    def light(self) -> Light:
        """[H, W, 3] float32, BT.709, exposed.

        Raises:
            UntoneError: the file cannot be read any more.
        """
        light = packs.read(self.path, self.member) if self.member is not None else read_light(self.path)
        return np.minimum(light * np.float32(2.0**self.stops), MAX_LIGHT)  # a pack's last code is 2**16


def read_light(path: Path) -> Light:
    """Light of a file, [H, W, 3] float32 BT.709, 1.0 = SDR white, upright, finite and not negative.

    Colours outside of BT.709 lose what lies outside.

    Raises:
        DamagedError, UnsupportedError, LimitError: the file cannot be read.
        UntoneError: it holds no HDR picture.
    """
    from ... import colour, pipeline  # here, so that packed sets need neither codecs nor kernels
    from ...image import turned_upright

    image, gain_map = pipeline.read(path)
    if gain_map is not None:
        image = dataclasses.replace(pipeline.apply(image, gain_map), orientation=image.orientation)
    if not image.is_hdr:
        kind = f"{image.transfer}, {image.bits} bits"
        raise UntoneError(f"{path}: this is an SDR picture ({kind}); pairs are made from HDR: linear, PQ, HLG")
    pixels = image.pixels if image.pixels.dtype == np.float32 else image.pixels / np.iinfo(image.pixels.dtype).max
    light = colour.to_linear(pixels, image.transfer, image.white_nits)
    if image.primaries != "bt709":
        light = light @ colour.rgb_to_rgb(image.primaries, "bt709").T.astype(np.float32)
    upright = turned_upright(light.astype(np.float32), image.orientation)
    return np.ascontiguousarray(np.clip(np.nan_to_num(upright, posinf=MAX_LIGHT), 0, MAX_LIGHT))


def sources(places: Path | Sequence[Path], *, panorama: str = "auto", strict: bool = False) -> list[Source]:
    """The HDR images of files and folders, in name order.

    Kinds and scenes come from a `manifest.csv` beside a folder where there is one. What is not in it is looked at: a
    picture twice as wide as high is a panorama unless `panorama` says "yes" or "no".

    Args:
        places: files, packed sets and folders. A file that is no HDR is an error; in a folder it is named on stderr and
            left out, unless `strict`.

    Raises:
        UntoneError: a file cannot be used, or nothing is left.
    """
    named = [places] if isinstance(places, Path) else list(places)
    found: dict[tuple[Path, str | None], Source] = {}
    for place in named:
        for source in _of_place(place, panorama, strict):
            found.setdefault((source.path.resolve(), source.member), source)
    if not found:
        raise UntoneError(f"{', '.join(map(str, named))}: no HDR images")
    return list(found.values())


def _of_place(place: Path, panorama: str, strict: bool) -> Iterator[Source]:
    if not place.is_dir():
        yield from _of_file(place, None, panorama)
        return
    manifest = place.parent / "manifest.csv"
    rows = {}
    if manifest.exists():
        with manifest.open(newline="") as lines:
            rows = {row.get("file"): row for row in csv.DictReader(lines)}
    paths = [p for p in sorted(place.iterdir()) if p.suffix.lower() in SUFFIXES and not p.name.startswith(".")]
    if not paths:
        raise UntoneError(f"{place}: no HDR images ({', '.join(SUFFIXES)})")
    for path in tracked(paths, f"HDR files of {place.name} looked at"):
        try:
            yield from _of_file(path, rows.get(f"{place.name}/{path.name}"), panorama)
        except UntoneError as error:
            if strict:
                raise
            complain(f"left out: {error}")


def _of_file(path: Path, row: dict[str, str] | None, panorama: str) -> Iterable[Source]:
    if path.suffix.lower() in packs.SUFFIXES:
        return [Source(path, m.is_panorama, m.has_ground, m.scene, m.name) for m in packs.members(path)]
    if row is not None:
        return [Source(path, row["kind"].startswith("panorama"), "mirror" not in row["kind"], row["scene"])]
    return [looked_at(path, panorama)]


def looked_at(path: Path, panorama: str = "auto") -> Source:
    """The Source of a file, from its pixels.

    Raises:
        UntoneError: it cannot be read, is SDR, black, or flat.
    """
    light = read_light(path)
    height, width = light.shape[:2]
    is_panorama = panorama == "yes" or (panorama == "auto" and width == 2 * height)
    luminance = light @ LUMA
    if not luminance.any():
        raise DamagedError(f"{path}: black all over")
    if float(luminance.max()) < LEAST_RANGE * float(np.median(luminance)):
        raise UntoneError(f"{path}: flat: its brightest light is not twice its median; nothing to learn from")
    stops = float(np.log2(LOG_AVERAGE / log_average(luminance)))
    ground = not is_panorama or (SKY not in path.stem.lower() and has_ground(luminance))
    return Source(path, is_panorama, ground, path.stem, None, 0.0 if abs(stops) < CLOSE_STOPS else stops)


def log_average(luminance: NDArray[np.float32]) -> float:
    """Geometric mean of [H, W] luminance; black pixels count as 2 ** -20 of the mean."""
    floor = float(luminance.mean()) * 2.0**-20
    return float(np.exp(np.log(np.maximum(luminance, floor), dtype=np.float64).mean()))


def has_ground(luminance: NDArray[np.float32]) -> bool:
    """Whether a panorama's lower half is a picture of its own, not black and no mirror of the upper."""
    half = luminance.shape[0] // 2
    upper, lower = luminance[:half], luminance[-half:][::-1]
    if np.count_nonzero(lower) < 0.1 * lower.size:
        return False
    unlike = np.abs(np.log2(np.maximum(upper, 1e-6)) - np.log2(np.maximum(lower, 1e-6)))
    return bool(np.median(unlike) > 0.05)
