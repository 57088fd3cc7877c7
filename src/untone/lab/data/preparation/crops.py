"""`untone data crop`: cuts patches of a data set, each with its gain map and the thumbnail of the whole picture."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ....console import progress
from ....errors import UntoneError, UsageError
from ....formats.common.files import load_bytes, save
from .. import codes
from ..examples import Example, code_gain, largest_gain_stops
from ..layouts import gmnet, hdrtv1k, layout_of, pairing
from ..layouts.opened import Fault

NOTE = "crops.json"
IMAGES = (".png", ".jpg", ".jpeg")


@dataclasses.dataclass(frozen=True)
class Cut:
    """How patches are cut.

    Attributes:
        size: rows and columns of a patch.
        stride: pixels from one to the next.
        edges: whether a last one ends at the border where the stride leaves pixels over.
        force: whether files that exist are replaced.
    """

    size: int
    stride: int
    edges: bool = False
    force: bool = False

    def starts(self, length: int, divisor: int) -> list[int]:
        """First rows (or columns) of the patches along `length` pixels; multiples of the map's divisor."""
        found = list(range(0, length - self.size + 1, self.stride))
        if self.edges and found and found[-1] + self.size < length:
            last = (length - self.size) // divisor * divisor
            found += [last] if last > found[-1] else []
        return found


class Plane(NamedTuple):
    """One file to cut: where its patches go, its bits, and how much smaller than the image it is."""

    path: Path
    folder: Path
    bits: int
    divisor: int = 1


class Picture(NamedTuple):
    """One picture of a data set: planes to cut alike, and files that belong to the whole: name to its bytes."""

    stem: str
    planes: tuple[Plane, ...]
    whole: dict[Path, Callable[[], bytes]]


def crop(source: Path, target: Path, cut: Cut) -> int:
    """Cuts every picture of a folder; see `untone data crop --help`.

    Returns:
        The exit code: 1 where a picture could not be cut.

    Raises:
        UsageError: the size makes no sense, or the target is the source.
        UntoneError: the target holds other patches.
    """
    if cut.size < 1 or cut.stride < 1:
        raise UsageError(f"--size and --stride must be 1 or more, not {cut.size} and {cut.stride}")
    if not source.is_dir():
        raise UntoneError(f"{source}: no such folder")
    if target.resolve().is_relative_to(source.resolve()) or source.resolve().is_relative_to(target.resolve()):
        raise UsageError(f"-o {target}: must lie outside of {source}, so that patches are no pictures of it")
    items = pictures(source, target)
    if not items:
        raise UntoneError(f"{source}: no pictures to cut")
    resumed = claim(source, target, cut)

    def work(item: Picture | Fault) -> None:
        if isinstance(item, Fault):
            raise UntoneError(item.text)
        cut_picture(item, cut, resumed)

    return progress.each(
        items, "pictures", work, lambda item: item.name if isinstance(item, Fault) else item.planes[-1].path
    )


def claim(source: Path, target: Path, cut: Cut) -> bool:
    """Notes what the target holds; whether it held the same before, so that existing files are ours.

    Raises:
        UntoneError: it holds patches cut otherwise, or of another folder.
    """
    note = target / NOTE
    text = json.dumps({"source": str(source.resolve()), "size": cut.size, "stride": cut.stride, "edges": cut.edges})
    if note.exists() and not cut.force:
        if note.read_text() == text:
            return True
        if next(target.rglob("*.png"), None) is not None:
            raise UntoneError(f"{target}: holds patches cut otherwise, or of another folder ({NOTE}); choose another")
    target.mkdir(parents=True, exist_ok=True)
    save(note, [text.encode()])
    return False


def pictures(source: Path, target: Path) -> list[Picture | Fault]:
    """What there is to cut in a folder of the GMNet or the HDRTV1K layout, or of plain pictures."""
    layout = layout_of(source)
    if layout is not None and layout.name == "gmnet":
        return [_gmnet(f, target) if isinstance(f, gmnet.Files) else f for f in gmnet.listed(source)]
    if layout is not None and layout.name == "hdrtv1k":
        sides = hdrtv1k.splits(source)
        if len(sides) > 1:
            raise UntoneError(
                f"{source}: holds several sets of pairs; name one: {', '.join(str(s.sdr) for s in sides)}"
            )
        return [_hdrtv(f, sides[0], target) if isinstance(f, hdrtv1k.Files) else f for f in hdrtv1k.listed(source)]
    found, doubled = pairing.files(source, *IMAGES)
    return [*doubled, *(_plain(path, target) for path in found.values())]


def _gmnet(files: gmnet.Files, target: Path) -> Picture | Fault:
    try:
        by = gmnet.divisor(codes.header(files.image), codes.header(files.gain_map))
        gmnet.qmax_of(files.qmax)
    except UntoneError as error:
        return Fault(str(files.image), str(error))
    metadata, thumbnails = target / gmnet.METADATA[0], target / gmnet.THUMBNAILS[0]
    whole: dict[Path, Callable[[], bytes]] = {}
    if files.note is None:  # theirs, over code**2.2 already
        whole[metadata / files.qmax.name] = lambda: load_bytes(files.qmax)
    else:
        note = files.note
        whole[metadata / files.qmax.name] = lambda: _qmaxes(gmnet.read(files))
        whole[metadata / note.name] = lambda: load_bytes(note)
    if files.thumbnail is not None:
        thumbnail = files.thumbnail
        whole[thumbnails / thumbnail.name] = lambda: load_bytes(thumbnail)
    else:
        whole[thumbnails / f"{files.image.stem}.png"] = lambda: _thumbnail(files.image)
    planes = (
        Plane(files.gain_map, target / gmnet.GAIN_MAPS[0], 8, by),
        Plane(files.image, target / gmnet.IMAGES[0], 8),
    )
    return Picture(files.image.stem, planes, whole)


def _hdrtv(files: hdrtv1k.Files, sides: hdrtv1k.Sides, target: Path) -> Picture:
    planes = (Plane(files.hdr, target / sides.hdr.name, 16), Plane(files.sdr, target / sides.sdr.name, 8))
    whole: dict[Path, Callable[[], bytes]] = {
        target / hdrtv1k.THUMBNAILS / f"{files.sdr.stem}.png": lambda: _thumbnail(files.sdr),
        target / hdrtv1k.METADATA / f"{files.sdr.stem}.npy": lambda: _qmaxes(hdrtv1k.read(files)),
    }
    return Picture(files.sdr.stem, planes, whole)


def _plain(path: Path, target: Path) -> Picture | Fault:
    try:
        return Picture(path.stem, (Plane(path, target, codes.header(path).bits),), {})
    except UntoneError as error:
        return Fault(str(path), str(error))


def _thumbnail(path: Path) -> bytes:
    return codes.png_bytes(gmnet.bicubic(codes.read(path, 8)))


def _qmaxes(found: Example) -> bytes:
    """The metadata of patches of pairs over sRGB: qmax, and what it is over code**2.2; those of patches stay."""
    qmax, most = found.qmax_stops, found.code_qmax_stops
    qmax = largest_gain_stops(found.gain_stops) if qmax is None else qmax
    if most is None:
        most = min(float(code_gain(found.sdr, found.gain_stops).max()), gmnet.MAX_QMAX_STOPS)
    return codes.npy_bytes(np.array([qmax, most], np.float32))


def cut_picture(picture: Picture, cut: Cut, resumed: bool) -> None:
    """Writes what is missing of the patches of one picture, the image's last.

    Raises:
        UsageError: size or stride do not fit the gain map's pixels.
        UntoneError: it is smaller than a patch, cannot be read, or a file that is not ours is in the way.
    """
    by = max(plane.divisor for plane in picture.planes)
    if cut.size % by or cut.stride % by:
        raise UsageError(f"--size and --stride must be multiples of {by}: {picture.stem} has a gain map of 1/{by} size")
    image = picture.planes[-1]
    height, width = _size(image.path)
    places = [(t, left) for t in cut.starts(height, by) for left in cut.starts(width, by)]
    if not places:
        raise UntoneError(f"is {width}x{height} pixels, smaller than a patch of {cut.size}")
    names = {place: pairing.patch_name(picture.stem, *place, height, width) for place in places}
    for path, content in picture.whole.items():
        _put_whole(path, content, cut)
    for plane in picture.planes:
        _cut_plane(plane, names, cut, resumed, (height, width))


def _size(path: Path) -> tuple[int, int]:
    header = codes.header(path)
    return header.height, header.width


def _put_whole(path: Path, content: Callable[[], bytes], cut: Cut) -> None:
    if path.exists() and not cut.force:
        if path.read_bytes() != content():
            raise UntoneError(f"{path} exists and is another picture's; --force replaces it")
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    save(path, [content()])


def _cut_plane(plane: Plane, names: dict[tuple[int, int], str], cut: Cut, resumed: bool, size: tuple[int, int]) -> None:
    wanted = {place: plane.folder / f"{name}.png" for place, name in names.items()}
    there = [path for path in wanted.values() if path.exists()]
    if there and not cut.force and not resumed:
        raise UntoneError(f"{there[0]} exists; --force replaces it")
    if len(there) == len(wanted) and not cut.force:
        return
    pixels, tags, grey = codes.read(plane.path, plane.bits), codes.tags(plane.path), codes.header(plane.path).is_grey
    by, side = plane.divisor, cut.size // plane.divisor
    expected = tuple(-(-length // by) for length in size), tuple(length // by for length in size)
    if not all(low <= part <= high for part, high, low in zip(pixels.shape[:2], *expected, strict=True)):
        raise UntoneError(f"{plane.path}: decodes to {pixels.shape[1]}x{pixels.shape[0]} pixels, which does not fit")
    plane.folder.mkdir(parents=True, exist_ok=True)
    for (top, left), path in wanted.items():
        if cut.force or not path.exists():
            patch = pixels[top // by : top // by + side, left // by : left // by + side]
            codes.write_png(path, patch[..., :1] if grey else patch, tags=tags)
