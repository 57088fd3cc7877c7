"""`untone audit`: photos whose gain map was lost, damaged or no longer fits, found by comparison with originals."""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePosixPath

from ... import formats
from ...console.lines import fault_of, one_line
from ...console.options import add_json, add_quiet
from ...console.progress import Progress
from ...errors import UntoneError, UsageError
from ...formats.common.files import load_bytes
from ...formats.jpeg.segments import APP1, EXIF_TAG, Codestream, find_end
from ...formats.jpeg.ultrahdr import locate
from ...formats.metadata.exif import taken_at
from ...formats.signalling import Signalling
from ...stores import Place, folder_place, is_url, place
from ...stores.contract import StoreError
from ...system import is_folder
from ..conversion import planning
from ..inspection.validation.files import findings
from . import similarity
from .similarity import DAMAGED, OUT_OF_STEP, summary

LOST, UNREADABLE = "lost", "unreadable"
STRIPPED = "images-missing"
"""The rule of photos whose index still names a gain map that messengers and sites have left behind."""


@dataclasses.dataclass(frozen=True)
class Verdict:
    """A fault of one photo and its evidence; `original` is None where it was found without one."""

    file: str
    what: str
    how: str
    original: str | None = None


@dataclasses.dataclass(frozen=True)
class _Photo:
    """One readable photo: its headers, when it was taken, digests of the image data of base and gain map.

    `below` is its path below the folder that is looked at.
    """

    at: Place
    below: PurePosixPath
    found: Signalling
    taken: str | None
    base_digest: str | None
    map_digest: str | None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `untone audit`."""
    parser.add_argument(
        "folder",
        metavar="DIR",
        help="photos to look at, in folders within folders too, or an s3://, gs:// or az:// prefix",
    )
    parser.add_argument(
        "--originals", metavar="DIR", help="where they come from: the same names, or the same EXIF date"
    )
    add_json(parser.add_argument, "one JSON object a line for each photo that has a fault")
    add_quiet(parser.add_argument, "no progress and no count of photos; faults alone")


def run(arguments: argparse.Namespace) -> int:
    """Print a line for each photo with a fault; 1 where there is any, else 0.

    Raises:
        UsageError: a folder is not there.
    """
    folders = [_folder(name) for name in (arguments.folder, arguments.originals) if name is not None]
    photos, faults = _photos(folders[0])
    if arguments.originals:
        faults += compared(photos, _photos(folders[1])[0])
    for fault in sorted(faults, key=lambda fault: fault.file):
        line = (
            json.dumps(dataclasses.asdict(fault)) if arguments.json else f"{fault.what:<12} {fault.file}: {fault.how}"
        )
        print(line if arguments.json else one_line(line), flush=True)
    if not (arguments.json or arguments.quiet):
        faulty = {fault.file for fault in faults}
        looked_at = {str(photo.at) for photo in photos} | faulty
        print(f"{len(looked_at)} file{'s' * (len(looked_at) != 1)}, {len(faulty)} with a fault")
    return 1 if faults else 0


def _folder(name: str) -> Place:
    """A folder, or what begins with a URL.

    Raises:
        UsageError: there is no such folder.
    """
    if is_url(name):
        return place(name if name.endswith("/") else f"{name}/")
    if not is_folder(name):
        raise UsageError(f"{name} is no folder")
    return folder_place(Path(name))


def _photos(folder: Place) -> tuple[list[_Photo], list[Verdict]]:
    """The photos in a folder, and faults that show without an original."""
    photos: list[_Photo] = []
    faults: list[Verdict] = []
    unlistable: list[OSError] = []
    places = _in_store(folder) if is_url(str(folder)) else _here(folder, unlistable.append)
    with Progress(len(places) if isinstance(places, list) else None, "photos") as progress:
        for at in places:
            found, some = _looked_at(at, PurePosixPath(at.key[len(folder.key) :]))
            photos += [found] if found is not None else []
            faults += some
            progress.step()
    faults += [Verdict(str(e.filename), UNREADABLE, f"the folder cannot be listed: {e.strerror}") for e in unlistable]
    return photos, faults


def _here(folder: Place, unlistable: Callable[[OSError], None]) -> list[Place]:
    """Files with the suffix of an image, in folders within folders too; hidden ones are passed over."""
    root = Path(str(folder))
    paths = [path for path in planning.images(root, unlistable) if not path.name.startswith(".")]
    return [folder.joined(path.relative_to(root).as_posix()) for path in paths]


def _in_store(folder: Place) -> Iterator[Place]:
    """The same of objects.

    Raises:
        UsageError: there are none at all.
    """
    naming, entry = planning.Naming(pass_over_marked=False), None
    for entry in folder.store.entries(folder.key):
        below = PurePosixPath(entry.key[len(folder.key) :])
        if below.suffix.lower() in formats.READ_SUFFIXES and planning.selects(below, naming, True, ()):
            yield Place(folder.store, entry.key)
    if entry is None:
        raise UsageError(f"{folder} is no folder: no object's key begins so")


def _looked_at(at: Place, below: PurePosixPath) -> tuple[_Photo | None, list[Verdict]]:
    """One photo, where it can be read, and its faults."""
    try:
        data = load_bytes(at.store.read(at.key))
    except StoreError:
        raise
    except UntoneError as error:
        return None, [Verdict(str(at), UNREADABLE, fault_of(str(at), error))]
    broken = _broken(at, data)
    try:
        photo = _photo(at, below, data)
        return photo, broken or _out_of_step(photo)
    except UntoneError as error:
        return None, broken or [Verdict(str(at), UNREADABLE, fault_of(str(at), error))]


def _photo(at: Place, below: PurePosixPath, data: bytes) -> _Photo:
    found = formats.probe(data)
    if found.format != "jpeg":
        return _Photo(at, below, found, None, None, None)
    layout = locate(data)
    taken = taken_at(layout.primary.payload(APP1, EXIF_TAG))
    gain_map = _digest(data, layout.gain_map) if layout.gain_map is not None else None
    return _Photo(at, below, found, taken, _digest(data, layout.primary), gain_map)


def _digest(data: bytes, stream: Codestream) -> str:
    return hashlib.sha256(memoryview(data)[stream.scan : find_end(data, stream)]).hexdigest()


def _broken(at: Place, data: bytes) -> list[Verdict]:
    """The worst deviation that breaks a file, as a verdict; or what says that something took its gain map away."""
    broken = [finding for finding in findings(data) if finding.broken or finding.rule == STRIPPED]
    words = {
        "map-missing": LOST,
        STRIPPED: LOST,
        **dict.fromkeys(("unreadable", "newer-reader", "map-left-out"), UNREADABLE),
    }
    return [Verdict(str(at), words.get(found.rule, DAMAGED), found.text) for found in broken[:1]]


def _out_of_step(photo: _Photo) -> list[Verdict]:
    """Whether photo and gain map have other proportions."""
    gain_map = photo.found.gain_map
    if gain_map is None:
        return []
    across, down = photo.found.width / gain_map.width, photo.found.height / gain_map.height
    slack = 1 / min(gain_map.width, photo.found.width) + 1 / min(gain_map.height, photo.found.height)
    if abs(across / down - 1) > slack + 0.01:
        sizes = f"{photo.found.width} x {photo.found.height} and {gain_map.width} x {gain_map.height}"
        return [Verdict(str(photo.at), OUT_OF_STEP, f"photo and gain map have other proportions: {sizes}")]
    return []


def compared(photos: Iterable[_Photo], originals: Iterable[_Photo]) -> list[Verdict]:
    """Faults of photos against the originals that had a gain map."""
    by_path: dict[str, list[_Photo]] = {}
    for original in originals:
        if original.found.gain_map is not None:
            below = original.below
            for key in {f"path:{_bare(below)}", f"name:{_bare(PurePosixPath(below.name))}", f"taken:{original.taken}"}:
                by_path.setdefault(key, []).append(original)
    verdicts = []
    for photo in photos:
        below = photo.below
        keys = [f"path:{_bare(below)}", f"name:{_bare(PurePosixPath(below.name))}"] + [f"taken:{photo.taken}"] * bool(
            photo.taken
        )
        match = next((by_path[key][0] for key in keys if len(by_path.get(key, [])) == 1), None)
        if match is not None and match.at.identity != photo.at.identity:
            verdicts += _against(photo, match)
    return verdicts


def _bare(path: PurePosixPath) -> str:
    """A path without suffix, and without the mark of our own outputs."""
    stem = path.stem.lower()
    for mark in (".hdr", ".edited"):
        stem = stem.removesuffix(mark)
    return path.with_name(stem or "_").as_posix().lower()


def _against(photo: _Photo, original: _Photo) -> list[Verdict]:
    before, after = original.found.gain_map, photo.found.gain_map
    name, source = str(photo.at), str(original.at)
    if after is None:
        if photo.found.base.transfer in ("pq", "hlg", "linear"):
            return []  # the HDR rendition itself
        return [Verdict(name, LOST, f"{source} has a gain map, this has none", source)]
    assert before is not None
    old, new = (found.width / found.height for found in (original.found, photo.found))
    same_map = photo.map_digest is not None and photo.map_digest == original.map_digest
    if same_map and abs(new / old - 1) > 0.01:
        return [
            Verdict(name, OUT_OF_STEP, f"the photo was cropped or turned since {source}, its gain map was not", source)
        ]
    if before == after and same_map and photo.base_digest == original.base_digest:
        return []
    return _seen(photo, original)


def _seen(photo: _Photo, original: _Photo) -> list[Verdict]:
    """Faults that a comparison of the decoded pictures shows."""
    name, source = str(photo.at), str(original.at)
    try:
        there = summary(original.at.store.read(original.at.key))
    except UntoneError:
        return []  # its own fault, which is told where the originals are audited
    try:
        found = similarity.fault(summary(photo.at.store.read(photo.at.key)), there, source)
    except UntoneError as error:
        found = (DAMAGED, str(error))
    return [] if found is None else [Verdict(name, *found, source)]
