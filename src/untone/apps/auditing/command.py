"""`untone audit`: photos whose gain map was lost, damaged or no longer fits, found by comparison with originals."""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path

from ... import formats
from ...console.lines import one_line
from ...console.options import add_json, add_quiet
from ...console.progress import tracked
from ...errors import UntoneError, UsageError
from ...formats.common.files import load_bytes
from ...formats.jpeg.segments import APP1, EXIF_TAG, Codestream, find_end
from ...formats.jpeg.ultrahdr import locate
from ...formats.metadata.exif import taken_at
from ...formats.signalling import Signalling
from ..conversion import planning
from ..inspection.validation.files import findings
from . import similarity
from .similarity import DAMAGED, OUT_OF_STEP, summary

LOST, UNREADABLE = "lost", "unreadable"


@dataclasses.dataclass(frozen=True)
class Verdict:
    """A fault of one photo and its evidence; `original` is None where it was found without one."""

    file: str
    what: str
    how: str
    original: str | None = None


@dataclasses.dataclass(frozen=True)
class _Photo:
    """One readable photo: its headers, when it was taken, digests of the image data of base and gain map."""

    path: Path
    found: Signalling
    taken: str | None
    base_digest: str | None
    map_digest: str | None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `untone audit`."""
    parser.add_argument("folder", metavar="DIR", help="photos to look at, in folders within folders too")
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
    folders = [Path(name) for name in (arguments.folder, arguments.originals) if name is not None]
    for folder in folders:
        if not os.path.isdir(folder):  # noqa: PTH112  # Path.is_dir raises where stat fails
            raise UsageError(f"{folder} is no folder")
    photos, faults = _photos(folders[0])
    if arguments.originals:
        faults += compared(folders[0], photos, folders[1], _photos(folders[1])[0])
    for fault in sorted(faults, key=lambda fault: fault.file):
        line = (
            json.dumps(dataclasses.asdict(fault)) if arguments.json else f"{fault.what:<12} {fault.file}: {fault.how}"
        )
        print(line if arguments.json else one_line(line), flush=True)
    if not (arguments.json or arguments.quiet):
        faulty = {fault.file for fault in faults}
        looked_at = {str(photo.path) for photo in photos} | faulty
        print(f"{len(looked_at)} file{'s' * (len(looked_at) != 1)}, {len(faulty)} with a fault")
    return 1 if faults else 0


def _photos(folder: Path) -> tuple[list[_Photo], list[Verdict]]:
    """The photos in a folder, and faults that show without an original."""
    photos: list[_Photo] = []
    faults: list[Verdict] = []
    unlistable: list[OSError] = []
    paths = [path for path in planning.images(folder, unlistable.append) if not path.name.startswith(".")]
    faults += [Verdict(str(e.filename), UNREADABLE, f"the folder cannot be listed: {e.strerror}") for e in unlistable]
    for path in tracked(paths, "photos"):
        try:
            data = load_bytes(path)
        except UntoneError as error:
            faults.append(Verdict(str(path), UNREADABLE, str(error).removeprefix(f"{path}: ")))
            continue
        broken = _broken(path, data)
        try:
            photos.append(_photo(path, data))
            faults += broken or _out_of_step(photos[-1])
        except UntoneError as error:
            faults += broken or [Verdict(str(path), UNREADABLE, str(error))]
    return photos, faults


def _photo(path: Path, data: bytes) -> _Photo:
    found = formats.probe(data)
    if found.format != "jpeg":
        return _Photo(path, found, None, None, None)
    layout = locate(data)
    taken = taken_at(layout.primary.payload(APP1, EXIF_TAG))
    gain_map = _digest(data, layout.gain_map) if layout.gain_map is not None else None
    return _Photo(path, found, taken, _digest(data, layout.primary), gain_map)


def _digest(data: bytes, stream: Codestream) -> str:
    return hashlib.sha256(memoryview(data)[stream.scan : find_end(data, stream)]).hexdigest()


def _broken(path: Path, data: bytes) -> list[Verdict]:
    """The worst deviation that breaks a file, as a verdict."""
    broken = [finding for finding in findings(data) if finding.broken]
    words = {"map-missing": LOST, **dict.fromkeys(("unreadable", "newer-reader", "map-left-out"), UNREADABLE)}
    return [Verdict(str(path), words.get(found.rule, DAMAGED), found.text) for found in broken[:1]]


def _out_of_step(photo: _Photo) -> list[Verdict]:
    """Whether photo and gain map have other proportions."""
    gain_map = photo.found.gain_map
    if gain_map is None:
        return []
    across, down = photo.found.width / gain_map.width, photo.found.height / gain_map.height
    slack = 1 / min(gain_map.width, photo.found.width) + 1 / min(gain_map.height, photo.found.height)
    if abs(across / down - 1) > slack + 0.01:
        sizes = f"{photo.found.width} x {photo.found.height} and {gain_map.width} x {gain_map.height}"
        return [Verdict(str(photo.path), OUT_OF_STEP, f"photo and gain map have other proportions: {sizes}")]
    return []


def compared(folder: Path, photos: Iterable[_Photo], home: Path, originals: Iterable[_Photo]) -> list[Verdict]:
    """Faults of photos against the originals that had a gain map."""
    by_path: dict[str, list[_Photo]] = {}
    for original in originals:
        if original.found.gain_map is not None:
            below = original.path.relative_to(home)
            for key in {f"path:{_bare(below)}", f"name:{_bare(Path(below.name))}", f"taken:{original.taken}"}:
                by_path.setdefault(key, []).append(original)
    verdicts = []
    for photo in photos:
        below = photo.path.relative_to(folder)
        keys = [f"path:{_bare(below)}", f"name:{_bare(Path(below.name))}"] + [f"taken:{photo.taken}"] * bool(
            photo.taken
        )
        match = next((by_path[key][0] for key in keys if len(by_path.get(key, [])) == 1), None)
        if match is not None and match.path.resolve() != photo.path.resolve():
            verdicts += _against(photo, match)
    return verdicts


def _bare(path: Path) -> str:
    """A path without suffix, and without the mark of our own outputs."""
    stem = path.stem.lower()
    for mark in (".hdr", ".edited"):
        stem = stem.removesuffix(mark)
    return path.with_name(stem or "_").as_posix().lower()


def _against(photo: _Photo, original: _Photo) -> list[Verdict]:
    before, after = original.found.gain_map, photo.found.gain_map
    name, source = str(photo.path), str(original.path)
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
    name, source = str(photo.path), str(original.path)
    try:
        there = summary(original.path)
    except UntoneError:
        return []  # its own fault, which is told where the originals are audited
    try:
        found = similarity.fault(summary(photo.path), there, source)
    except UntoneError as error:
        found = (DAMAGED, str(error))
    return [] if found is None else [Verdict(name, *found, source)]
