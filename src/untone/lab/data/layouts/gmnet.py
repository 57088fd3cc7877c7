"""The GMNet layout: image/ gainmap/ metadata/ thumbnail/ (Liao et al., ICLR 2025, and its published code).

    image/NAME.png      SDR, 8-bit RGB
    gainmap/NAME.png    normalised gain map, 8-bit grey: v/255 of qmax; full, half or quarter size (three channels too)
    metadata/NAME.npy   float32 scalar, qmax in stops
    thumbnail/NAME.png  the whole SDR picture at 256 x 256, bicubic

There, light = (v/255) ** 2.2 * 2 ** (qmax * NGM), 1.0 = SDR white: no offsets, no sRGB curve. A `metadata/NAME.json`,
which only files made here have, says another convention; without it theirs holds. Either way an Example's gain leads to
the same light.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pil

from .... import gainmap
from ....console.lines import complain
from ....errors import DamagedError, UntoneError
from ....formats.common.files import load_bytes, save
from .. import codes
from ..examples import (
    CODE_LIGHT,
    OFFSET,
    POWER_LIGHT,
    THUMBNAIL_SIDE,
    WHOLE,
    Example,
    gain_between,
    light_of,
    thumbnail_of,
)
from . import pairing
from .opened import Entry, Fault

IMAGES = ("image", "images", "image_sp")
GAIN_MAPS = ("gainmap", "gainmaps", "gainmap_sp", "gain_map")
METADATA = ("metadata",)
THUMBNAILS = ("thumbnail", "thumbnails")
"""Names of the four folders; the first is the one written. Patches of the published script go into *_sp."""

DIVISORS = (1, 2, 4)
MAX_QMAX_STOPS = 16.0
LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)


@dataclasses.dataclass(frozen=True)
class Convention:
    """How codes and gains of this layout make light: (light(code) + base_offset) * 2 ** gain - alternate_offset.

    Attributes:
        transfer: "power 2.2" or "srgb".
        base_offset, alternate_offset: linear, of 1.0 = SDR white.
    """

    transfer: str = "power 2.2"
    base_offset: float = 0.0
    alternate_offset: float = 0.0

    def light(self, sdr: NDArray[np.uint8], gain_stops: NDArray[Any]) -> NDArray[np.float32]:
        """HDR light [H, W, 3] float32 of SDR codes [H, W, 3] and gains [H, W, 1 or 3]."""
        scaled = (self.table[sdr] + np.float32(self.base_offset)) * np.exp2(gain_stops.astype(np.float32))
        return scaled - np.float32(self.alternate_offset)

    @property
    def table(self) -> NDArray[np.float32]:
        """Linear light of the 256 codes."""
        return CODE_LIGHT if self.transfer == "srgb" else POWER_LIGHT


THEIRS = Convention()
OURS = Convention("srgb", OFFSET, OFFSET)


@dataclasses.dataclass(frozen=True)
class Files:
    """The files of one pair; `thumbnail` and `note` are None where there are none."""

    image: Path
    gain_map: Path
    qmax: Path
    thumbnail: Path | None
    note: Path | None


def folders(folder: Path) -> tuple[Path, Path] | None:
    """The image and the gain map folder of this layout, where both are there."""
    found = [_first(folder, names) for names in (IMAGES, GAIN_MAPS)]
    return (found[0], found[1]) if found[0] and found[1] else None


def _first(folder: Path, names: Iterable[str]) -> Path | None:
    return next((folder / name for name in names if (folder / name).is_dir()), None)


def recognised(folder: Path) -> bool:
    """Whether a folder has this layout; metadata that are missing make its pairs broken, not another layout."""
    return folders(folder) is not None


def find(folder: Path) -> Iterator[Entry | Fault]:
    """Pairs and faults by names and headers."""
    unplaced = 0
    for item in listed(folder):
        if isinstance(item, Fault):
            yield item
            continue
        fault = _fault(item)
        if fault:
            yield fault
            continue
        unplaced += pairing.place_of(item.image.stem) is None and item.thumbnail is not None and _is_patch(item)
        yield Entry(item.image.stem, functools.partial(read, item))
    if unplaced:
        complain(
            f"{folder}: {unplaced} patches do not say their place; each counts as a whole picture where it matters"
        )


def listed(folder: Path) -> Iterator[Files | Fault]:
    """The files of every pair, put together by name, and a fault for every file without its partners."""
    found = folders(folder)
    if found is None:
        return
    images, doubled = pairing.files(found[0], ".png", ".jpg", ".jpeg")
    maps, doubled_maps = pairing.files(found[1], ".png", ".jpg", ".jpeg")
    metadata, thumbnails = _first(folder, METADATA), _first(folder, THUMBNAILS)
    numbers = pairing.files(metadata, ".npy")[0] if metadata else {}
    notes = pairing.files(metadata, ".json")[0] if metadata else {}
    shown = pairing.files(thumbnails, ".png", ".jpg", ".jpeg")[0] if thumbnails else {}
    pairs, lonely = pairing.matched(images, maps)
    yield from (*doubled, *doubled_maps, *lonely)
    for stem, partner in pairs.items():
        qmax = pairing.owner(stem, numbers)
        if qmax is None:
            yield Fault(str(images[stem]), f"has no metadata: {folder / METADATA[0] / (stem + '.npy')} is not there")
        else:
            files = Files(images[stem], maps[partner], qmax, pairing.owner(stem, shown), notes.get(qmax.stem))
            yield files


def _fault(files: Files) -> Fault | None:
    """What headers and metadata say against a pair."""
    path = files.image
    try:
        size = codes.header(path)
        path = files.gain_map
        map_size = codes.header(path)
        if (size.bits, map_size.bits) != (8, 8):
            return Fault(str(files.image), f"image and gain map have {size.bits} and {map_size.bits} bits; both need 8")
        path = files.image
        divisor(size, map_size)
        pairing.window_of(path.stem, size.height, size.width)
        path = files.qmax
        qmaxes_of(path, 1 if files.note is None else 2)
        if files.note:
            path = files.note
            convention_of(path)
        if files.thumbnail:
            path = files.thumbnail
            codes.header(path)
    except (UntoneError, ValueError) as error:
        return Fault(str(path), str(error))
    return None


def _is_patch(files: Files) -> bool:
    return files.thumbnail is not None and files.thumbnail.stem != files.image.stem


def divisor(image: codes.Header, gain_map: codes.Header) -> int:
    """By how much the map is smaller than its image: 1, 2 or 4.

    Raises:
        DamagedError: neither of them.
    """
    for by in DIVISORS:
        sides = zip((image.height, image.width), (gain_map.height, gain_map.width), strict=True)
        if all(side // by <= part <= -(-side // by) for side, part in sides):
            return by
    sizes = f"{image.width}x{image.height} and {gain_map.width}x{gain_map.height}"
    raise DamagedError(f"image and gain map are {sizes} pixels; a map has full, half or quarter size")


def qmax_of(path: Path) -> float:
    """Qmax of a metadata file, in stops.

    Raises:
        DamagedError: as `qmaxes_of` has it.
    """
    return qmaxes_of(path)[0]


def qmaxes_of(path: Path, most: int = 2) -> tuple[float, float | None]:
    """Qmax of a metadata file, in stops; and, where patches over sRGB light have it, that of `examples.code_gain`.

    Raises:
        DamagedError: it is not one finite number of 0 to MAX_QMAX_STOPS, or up to `most`.
    """
    array = codes.read_npy(path)
    if not 1 <= array.size <= most:
        raise DamagedError(f"{path}: holds {list(array.shape)} numbers, not one qmax")
    found = [float(value) for value in array.reshape(-1)]
    for value in found:
        if not (math.isfinite(value) and 0 <= value <= MAX_QMAX_STOPS):
            raise DamagedError(f"{path}: qmax must be 0 to {MAX_QMAX_STOPS:g} stops, not {value}")
    return found[0], found[1] if len(found) > 1 else None


def convention_of(note: Path | None) -> Convention:
    """The convention that a metadata/NAME.json says; theirs without one.

    Raises:
        DamagedError: it is no such note.
    """
    if note is None:
        return THEIRS
    try:
        fields = json.loads(load_bytes(note))
        made = Convention(fields["transfer"], float(fields["base_offset"]), float(fields["alternate_offset"]))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DamagedError(f"{note}: does not say transfer, base_offset and alternate_offset ({error})") from error
    offsets = made.base_offset, made.alternate_offset
    if made.transfer not in ("srgb", "power 2.2") or not all(math.isfinite(o) and 0 <= o <= 1 for o in offsets):
        raise DamagedError(f"{note}: {made} is no convention of this layout")
    return made


def gain_of(files: Files, height: int, width: int) -> NDArray[np.float32]:
    """Gain in stops at the image's size, [height, width, 1 or 3], bilinear between pixel centres.

    Raises:
        UntoneError: map or metadata cannot be read.
    """
    plane = codes.read(files.gain_map, 8)
    if (plane[..., :1] == plane).all():
        plane = plane[..., :1]
    stops = plane.astype(np.float32) * np.float32(qmax_of(files.qmax) / 255)
    return stops if stops.shape[:2] == (height, width) else gainmap.resize(stops, height, width)


def read(files: Files) -> Example:
    """The Example of a pair.

    Raises:
        UntoneError: a file of it cannot be read; the message names it.
    """
    sdr = _named(files.image)
    height, width = sdr.shape[:2]
    try:
        gain = gain_of(files, height, width)
    except UntoneError as error:
        raise type(error)(f"{files.gain_map}: {error}") from error
    convention = convention_of(files.note)
    ours = convention == OURS
    stops = np.broadcast_to(gain, sdr.shape) if ours else gain_between(sdr, convention.light(sdr, gain))
    shown = thumbnail_of(sdr) if files.thumbnail is None else _thumbnail(files.thumbnail)
    window = pairing.window_of(files.image.stem, height, width) or WHOLE
    qmax, code_qmax = qmaxes_of(files.qmax)
    code_qmax = qmax if convention == THEIRS else code_qmax
    return Example(files.image.stem, sdr, stops, shown, window, qmax_stops=qmax, code_qmax_stops=code_qmax)


def _named(path: Path) -> NDArray[np.uint8]:
    try:
        return codes.read(path, 8)
    except UntoneError as error:
        raise type(error)(f"{path}: {error}") from error


def _thumbnail(path: Path) -> NDArray[np.uint8]:
    shown = _named(path)
    return shown if shown.shape[:2] == (THUMBNAIL_SIDE, THUMBNAIL_SIDE) else thumbnail_of(shown)


# -- writing ----------------------------------------------------------------------------------------------------------


def write(folder: Path, example: Example, convention: Convention = OURS) -> float:
    """Writes an Example of a whole picture as one pair of this layout; its image last, so that it marks a whole pair.

    The layout holds one channel and no darkening: the gain written leads to the luminance of the light, and is at
    least 0. By `OURS` it is the gain that an Example has, and a NAME.json says so; by `THEIRS` it is the gain over
    plain 2.2 light, which in near black differs from the sRGB curve's by stops.

    Returns:
        Mean loss in stops: how far the gain that is read back is from the Example's.

    Raises:
        UntoneError: the disk refuses.
    """
    light = light_of(example.sdr, example.gain_stops) @ LUMA
    base = convention.table[example.sdr] @ LUMA
    wanted, had = light + convention.alternate_offset, base + convention.base_offset
    gain = np.where(had > 0, np.log2(np.maximum(wanted, 2.0**-20) / np.maximum(had, 2.0**-20)), 0)
    gain = np.clip(gain, 0, MAX_QMAX_STOPS)
    qmax = np.float32(gain.max())
    ngm = np.floor(gain / max(qmax, 1e-6) * 255 + 0.5).astype(np.uint8)
    names = {kind: place(folder, kind, example.name) for kind in (GAIN_MAPS, METADATA, THUMBNAILS, IMAGES)}
    codes.write_png(names[GAIN_MAPS], ngm)
    codes.write_npy(names[METADATA], np.array(qmax, np.float32))
    if convention != THEIRS:
        write_note(names[METADATA].with_suffix(".json"), convention)
    codes.write_png(names[THUMBNAILS], bicubic(example.sdr))
    codes.write_png(names[IMAGES], example.sdr)
    kept = (ngm.astype(np.float32) * (qmax / 255))[..., None]
    if convention != OURS:
        kept = gain_between(example.sdr, convention.light(example.sdr, kept))
    return float(np.abs(kept - example.gain_stops.astype(np.float32)).mean())


def place(folder: Path, kind: tuple[str, ...], stem: str) -> Path:
    """The file of a pair in one of the four folders, which is made where it is not there."""
    where = folder / kind[0]
    where.mkdir(parents=True, exist_ok=True)
    return where / (stem + (".npy" if kind == METADATA else ".png"))


def write_note(path: Path, convention: Convention, **more: Any) -> None:
    """metadata/NAME.json: the convention, and what else is known of the map."""
    save(path, [json.dumps(dataclasses.asdict(convention) | more, indent=1).encode()])


def bicubic(sdr: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The thumbnail as this layout has it: [256, 256, 3], antialiased bicubic."""
    side = (THUMBNAIL_SIDE, THUMBNAIL_SIDE)
    return np.asarray(Pil.fromarray(np.ascontiguousarray(sdr)).resize(side, Pil.Resampling.BICUBIC))
