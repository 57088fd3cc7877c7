"""The HDRTV1K layout (Chen et al., ICCV 2021): a folder of SDR frames, and one of HDR frames of the same names.

    test_sdr/001.png    8-bit RGB
    test_hdr/001.png    16-bit RGB: PQ (ST 2084), BT.2020, full range; published without tags, written here with cICP

The two folders' names differ in "sdr" (or "ldr") against "hdr": train_sdr and train_hdr, SDR and HDR, test_sdr_sub and
test_hdr_sub. For patches, folders beside them may hold what belongs to the whole picture: `thumbnail/` it at 256 x 256,
`metadata/` its largest gain in stops (NAME.npy, as in GMNet's layout; `untone data crop` writes both). SDR codes are
taken as sRGB, HDR light as nits over 203.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .... import colour
from ....errors import UntoneError
from ....image import DIFFUSE_WHITE_NITS
from .. import codes
from ..examples import THUMBNAIL_SIDE, WHOLE, Example, gain_between, pq_of, thumbnail_of
from . import pairing
from .gmnet import qmax_of, qmaxes_of
from .opened import Entry, Fault

THUMBNAILS, METADATA = "thumbnail", "metadata"
"""Folders for what belongs to the whole picture of a patch."""

_SDR = re.compile("sdr|ldr", re.IGNORECASE)


class Sides(NamedTuple):
    """The two folders of a split, and the folder they lie in."""

    root: Path
    sdr: Path
    hdr: Path


class Files(NamedTuple):
    """The files of one pair; `thumbnail` and `qmax` are None where there are none."""

    sdr: Path
    hdr: Path
    thumbnail: Path | None
    qmax: Path | None = None


def splits(folder: Path) -> list[Sides]:
    """Every pair of folders in a folder; or the one pair that the folder itself is a side of."""
    inside = {path.name.lower(): path for path in sorted(folder.iterdir()) if path.is_dir()}
    found = _sides(folder, inside)
    if found or not re.search("sdr|ldr|hdr", folder.name, re.IGNORECASE):
        return found
    root = folder.absolute().parent
    beside = {path.name.lower(): path for path in sorted(root.iterdir()) if path.is_dir()}
    return [s for s in _sides(root, beside) if folder.name in (s.sdr.name, s.hdr.name)]


def _sides(root: Path, inside: dict[str, Path]) -> list[Sides]:
    found = []
    for name, path in inside.items():
        partner = inside.get(_SDR.sub("hdr", name))
        if partner is not None and partner != path:
            found.append(Sides(root, path, partner))
    return found


def recognised(folder: Path) -> bool:
    """Whether a folder has this layout."""
    return bool(splits(folder))


def find(folder: Path) -> Iterator[Entry | Fault]:
    """Pairs and faults by names and headers."""
    for item in listed(folder):
        fault = item if isinstance(item, Fault) else _fault(item)
        if fault is not None:
            yield fault
        elif isinstance(item, Files):
            yield Entry(item.sdr.stem, functools.partial(read, item))


def listed(folder: Path) -> Iterator[Files | Fault]:
    """The files of every pair, put together by name, and a fault for every file without its partner."""
    sides = splits(folder)[0]
    sdr, doubled = pairing.files(sides.sdr, ".png", ".jpg", ".jpeg")
    hdr, doubled_hdr = pairing.files(sides.hdr, ".png")
    thumbnails, metadata = (sides.root / kind for kind in (THUMBNAILS, METADATA))
    shown = pairing.files(thumbnails, ".png")[0] if thumbnails.is_dir() else {}
    numbers = pairing.files(metadata, ".npy")[0] if metadata.is_dir() else {}
    pairs, lonely = pairing.matched(sdr, hdr)
    yield from (*doubled, *doubled_hdr, *lonely)
    for stem, partner in pairs.items():
        yield Files(sdr[stem], hdr[partner], pairing.owner(stem, shown), pairing.owner(stem, numbers))


def _fault(files: Files) -> Fault | None:
    """What headers say against a pair."""
    path = files.sdr
    try:
        size = codes.header(path)
        path = files.hdr
        other = codes.header(path)
        if (size.height, size.width) != (other.height, other.width):
            sizes = f"{size.width}x{size.height} and {other.width}x{other.height}"
            return Fault(str(files.sdr), f"SDR and HDR have {sizes} pixels; they must be of one size")
        if (size.bits, other.bits) != (8, 16):
            return Fault(str(files.sdr), f"SDR and HDR have {size.bits} and {other.bits} bits; they need 8 and 16")
        said = codes.cicp(files.hdr)
        if said is not None and said != tuple(codes.PQ_BT2020):
            return Fault(str(files.hdr), f"cICP says {said}; this layout is {tuple(codes.PQ_BT2020)}: PQ, BT.2020")
        path = files.qmax or files.sdr
        if files.qmax:
            qmax_of(files.qmax)
        path = files.sdr
        pairing.window_of(path.stem, size.height, size.width)
    except (UntoneError, ValueError, OSError) as error:
        return Fault(str(path), str(error))
    return None


def read(files: Files) -> Example:
    """The Example of a pair, its PQ codes included.

    Raises:
        UntoneError: a file of it cannot be read, or its sizes differ; the message names it.
    """
    path, bits = files.sdr, 8
    try:
        sdr = codes.read(path, bits)
        path, bits = files.hdr, 16
        pq = codes.read(path, bits)
        path, bits = files.thumbnail or path, 8
        shown = codes.read(path, bits) if files.thumbnail else thumbnail_of(sdr)
    except UntoneError as error:
        raise type(error)(f"{path}: {error}") from error
    if shown.shape[:2] != (THUMBNAIL_SIDE, THUMBNAIL_SIDE):
        shown = thumbnail_of(shown)
    window = pairing.window_of(files.sdr.stem, *sdr.shape[:2]) or WHOLE
    qmaxes = qmaxes_of(files.qmax) if files.qmax else (None, None)
    return Example(files.sdr.stem, sdr, gain_between(sdr, inside(pq)), shown, window, pq, *qmaxes)


@functools.cache
def _pq_table() -> NDArray[np.float32]:
    return (colour.pq_to_nits(np.arange(65536) / 65535) / DIFFUSE_WHITE_NITS).astype(np.float32)


def pq_to_light(pq: NDArray[np.uint16]) -> NDArray[np.float32]:
    """BT.709 light [H, W, 3] of PQ BT.2020 codes, 1.0 = 203 nits; colours outside BT.709 have negative channels."""
    light: NDArray[np.float32] = _pq_table()[pq] @ colour.rgb_to_rgb("bt2020", "bt709").T.astype(np.float32)
    return light


def inside(pq: NDArray[np.uint16]) -> NDArray[np.float32]:
    """The same light with no channel below 0: a gain map over BT.709 reaches no other colours."""
    return np.maximum(pq_to_light(pq), 0)


def write(folder: Path, example: Example, split: str = "train") -> float:
    """Writes an Example as one pair of this layout, `split`_sdr/NAME.png last, so that it marks a whole pair.

    Returns:
        Mean loss in stops: how far the gain that is read back is from the Example's.

    Raises:
        UntoneError: the disk refuses.
    """
    pq = np.floor(pq_of(example) * 65535 + 0.5).astype(np.uint16)
    hdr, sdr = (folder / f"{split}_{kind}" for kind in ("hdr", "sdr"))
    for where in (hdr, sdr):
        where.mkdir(parents=True, exist_ok=True)
    codes.write_png(hdr / f"{example.name}.png", pq, described=codes.PQ_BT2020)
    codes.write_png(sdr / f"{example.name}.png", example.sdr)
    kept = gain_between(example.sdr, inside(pq))
    return float(np.abs(kept - example.gain_stops.astype(np.float32)).mean())
