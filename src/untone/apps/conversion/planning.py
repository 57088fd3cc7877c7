"""Planning of a batch: inputs (photos, folders, globs, -) to a list of jobs, one file to another."""

from __future__ import annotations

import dataclasses
import fnmatch
import functools
import glob
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePath

from ...errors import UsageError
from ...formats import OTHER_SUFFIXES, RAW_SUFFIXES, READ_SUFFIXES
from ...formats.common.files import obstacle
from ...formats.common.limits import MAX_FILE_BYTES
from ...pipeline import TARGET_SUFFIXES
from ...system import file_key, folds_case, is_folder, name_fault, reachable
from ..video import FILM_SUFFIXES, is_film
from .collisions import Intent, Obstacle, obstacles

PIPE = "-"
MARK = ".hdr"
"""Between name and suffix of our outputs; folders are searched for photos, not for these."""

PASSED_OVER = (*FILM_SUFFIXES, *RAW_SUFFIXES, *OTHER_SUFFIXES)
"""Suffixes of what a folder of photos may hold besides; the first are films, which some commands read."""

SYSTEM_FOLDERS = frozenset(
    ("@eadir", "#recycle", "#snapshot", "@recycle", "$recycle.bin", "__macosx", "thumbs", "thumbnails", "lost+found")
) | {"system volume information"}
"""Folders, in lower case, where NAS systems and desktops keep thumbnails and what was deleted; passed over, as are
those whose names begin with a dot (.thumbnails, .Trashes)."""


@dataclasses.dataclass(frozen=True)
class Job:
    """One photo to convert.

    Attributes:
        name: as the user knows it, for messages.
        source: the file; None reads stdin.
        target: the file to write; None writes stdout, or nothing where there is a fault.
        fault: why it cannot even be tried; None in the usual case.
        unread: of a file among photos that is none: the plural of its kind; it is skipped. None in the usual case.
        left: why it is left alone: it is in another format what a photo beside it is. None in the usual case.
        in_place: whether the target is the file that the photo is in, links followed.
    """

    name: str
    source: Path | None
    target: Path | None
    fault: str | None = None
    unread: str | None = None
    left: str | None = None
    in_place: bool = False


@dataclasses.dataclass(frozen=True)
class _Found:
    """A file, and its path below what the user named; a fault where there is no file."""

    path: Path
    below: Path
    fault: str | None = None
    unread: str | None = None


@dataclasses.dataclass(frozen=True)
class Naming:
    """Names of outputs, and which files a folder is searched for.

    Attributes:
        mark: between the photo's name and the suffix.
        suffixes: that an output may have; the first is the one it gets where the user names none.
        pass_over_marked: leave out files in folders that have MARK in their names.
        keep_suffix: an output gets the suffix of its photo instead.
        films: suffixes that an HDR film may have, as `suffixes`; none: folders are not searched for films.
        in_place: every photo is its own output.
    """

    mark: str = MARK
    suffixes: tuple[str, ...] = TARGET_SUFFIXES
    pass_over_marked: bool = True
    keep_suffix: bool = False
    films: tuple[str, ...] = ()
    in_place: bool = False

    def of(self, path: Path) -> Naming:
        """The same for a photo or film by what it is: an HDR film keeps the suffix of its film where it may."""
        if not self.films or not is_film(path):
            return self
        own = path.suffix.lower()
        first = (own,) if own in self.films else ()
        return dataclasses.replace(self, suffixes=first + self.films, keep_suffix=False)


CONVERTED_NAMES = Naming()


def plan(
    inputs: Sequence[str],
    output: str | None,
    recursive: bool = False,
    exclude: Sequence[str] = (),
    naming: Naming = CONVERTED_NAMES,
    *,
    force: bool = False,
) -> list[Job]:
    """The jobs that a command line asks for, in its order, each file once.

    Args:
        inputs: photos, folders, globs; PIPE alone is stdin.
        output: a file, a folder, PIPE, or None for a place beside each photo.
        recursive: whether to look into folders within folders.
        exclude: patterns of names or paths to leave out.
        naming: of the outputs.
        force: whether outputs that exist are to be replaced.

    Raises:
        UsageError: an input does not exist, the only photo would overwrite itself, or the output makes no sense.
    """
    if naming.in_place and (output is not None or PIPE in inputs):
        raise UsageError("--in-place replaces the photos themselves; leave out -o and -, or --in-place")
    if PIPE in inputs:
        return _plan_pipe(inputs, output, naming)
    check_existence(inputs)
    searched = (f for name in dict.fromkeys(inputs) for f in _find(name, recursive, naming, exclude))
    found = [f for f in searched if not _excluded(f, exclude)]
    found = list({_one_file(f.path): f for f in reversed(found)}.values())[::-1]
    if naming.in_place:
        return [_in_place(f) for f in found]
    several = len(found) > 1 or any(is_folder(_opened(name)) or _is_pattern(name) for name in inputs)
    targets = [None if f.fault or f.unread else _target(f, output, naming, several) for f in found]
    jobs = [Job(str(f.path), f.path, to, f.fault, f.unread) for f, to in zip(found, targets, strict=True)]
    return _without_collisions(jobs, force)


def _in_place(found: _Found) -> Job:
    """A photo that becomes its own output; of a link, the file that it leads to."""
    if found.fault or found.unread:
        return Job(str(found.path), found.path, None, found.fault, found.unread)
    if is_film(found.path):
        return Job(str(found.path), found.path, None, "films are not replaced in place; name an output with -o")
    return Job(str(found.path), found.path, reachable(Path(os.path.realpath(found.path))), in_place=True)


def check_existence(inputs: Sequence[str]) -> None:
    """A mistyped name is the user's fault, not the photo's: nothing is begun.

    Raises:
        UsageError: names every input that does not exist.
    """
    missing = [name or "an empty name" for name in inputs if not (name and (_is_pattern(name) or _exists(name)))]
    unmatched = [name for name in inputs if _is_pattern(name) and not glob.glob(name, recursive=True)]  # noqa: PTH207
    said = [
        f"{', '.join(names)}: {what}"
        for names, what in ((missing, "no such file"), (unmatched, "no file matches"))
        if names
    ]
    if said:
        raise UsageError(f"{'; '.join(said)}; nothing was done")


def _exists(name: str) -> bool:
    """Whether something is there, if only something that one may not look at."""
    try:
        os.lstat(_opened(name))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return False
    except OSError:
        return True
    return True


def _plan_pipe(inputs: Sequence[str], output: str | None, naming: Naming) -> list[Job]:
    if len(inputs) > 1:
        raise UsageError("- (stdin) is one photo and cannot stand beside other inputs")
    target = None if output in (None, PIPE) else _target(_Found(Path("stdin"), Path("stdin")), output, naming)
    return [Job("stdin", None, target)]


def _find(name: str, recursive: bool, naming: Naming, exclude: Sequence[str]) -> Iterator[_Found]:
    path = Path(_opened(name))
    if is_folder(path):
        faults: list[OSError] = []
        files = list(_walk(path, recursive, exclude, faults.append, PASSED_OVER))
        yield from (_tried(f, f.relative_to(path), unread(f, naming)) for f in files if _is_photo(f, naming))
        yield from (_unlistable(path, fault) for fault in faults)
        if not (files or faults):
            yield _Found(path, Path(path.name), "no photos in this folder")
    elif not _is_pattern(name):
        yield _tried(path, Path(path.name))
    else:
        matches = [Path(match) for match in sorted(glob.glob(name, recursive=True))]  # noqa: PTH207  # absolute patterns
        files = [m for m in matches if not is_folder(m) and not _in_system_folder(m, name)]
        yield from (_tried(f, Path(f.name), unread(f, naming)) for f in files if _is_photo(f, naming))
        if not files:
            yield _Found(path, Path(path.name), "no file matches")


def _tried(path: Path, below: Path, unread: str | None = None) -> _Found:
    """A file, with the fault that opening it would meet: it may not be looked at, or would wait for a writer."""
    path = reachable(path)
    try:
        fault = obstacle(path)
    except OSError as error:
        fault = error.strerror or str(error)
    return _Found(path, below, fault, unread)


def _unlistable(folder: Path, fault: OSError) -> _Found:
    path = Path(fault.filename or folder)
    return _Found(path, Path(path.name), f"the folder cannot be listed: {fault.strerror}")


def images(
    folder: Path, unlistable: Callable[[OSError], None] | None = None, films: tuple[str, ...] = ()
) -> Iterator[Path]:
    """Files below a folder with the suffix of an image, sorted; links to folders are not followed.

    Args:
        folder: where to look, in folders within folders too.
        unlistable: is called for each folder that cannot be listed; None passes over them.
        films: suffixes that are looked for, too.
    """
    return _walk(folder, recursive=True, unlistable=unlistable, films=films)


def photos_in(folder: Path, films: tuple[str, ...] = ()) -> Iterator[Path]:
    """As images, of the folder itself alone."""
    return _walk(folder, recursive=False, films=films)


def _walk(
    folder: Path,
    recursive: bool,
    exclude: Sequence[str] = (),
    unlistable: Callable[[OSError], None] | None = None,
    films: tuple[str, ...] = (),
) -> Iterator[Path]:
    """Files with the suffix of an image, or one of `films`, sorted; links to folders are not followed."""
    start = reachable(folder, least=0)
    for root, folders, names in os.walk(start, onerror=unlistable):
        here = folder / Path(root).relative_to(start)
        kept = [f for f in folders if not (_is_system(f) or _matches(here / f, exclude))]
        folders[:] = sorted(kept) if recursive else []
        yield from (here / name for name in sorted(names) if Path(name).suffix.lower() in (*READ_SUFFIXES, *films))


def _is_system(name: str) -> bool:
    return name.startswith(".") or name.lower() in SYSTEM_FOLDERS


def _in_system_folder(path: Path, pattern: str) -> bool:
    """Whether a match of a pattern lies in a folder to pass over, which the pattern does not name itself."""
    return any(_is_system(part) and part not in ("..", ".") for part in set(path.parts[:-1]) - set(Path(pattern).parts))


def unread(path: PurePath, naming: Naming) -> str | None:
    """The plural of a kind that a folder of photos may hold and that is not read; None of others."""
    if path.suffix.lower() in RAW_SUFFIXES:
        return "RAW files"
    if path.suffix.lower() in OTHER_SUFFIXES:
        return "other pictures"
    return "films" if path.suffix.lower() in FILM_SUFFIXES and not naming.films else None


def _is_photo(path: PurePath, naming: Naming) -> bool:
    """Neither an output of ours nor a hidden file, such as the ._name that macOS leaves on foreign disks."""
    passed_over = naming.pass_over_marked and path.stem.lower().endswith(MARK)
    return not path.name.startswith(".") and not passed_over


def selects(below: PurePath, naming: Naming, recursive: bool, exclude: Sequence[str]) -> bool:
    """Whether a search takes the file of this path below what was named, whatever is to become of it."""
    if below.suffix.lower() not in (*READ_SUFFIXES, *PASSED_OVER) or not _is_photo(below, naming):
        return False
    if any(_is_system(part) and part != ".." for part in below.parts[:-1]) or not (recursive or len(below.parts) == 1):
        return False
    return not exclude or not any(_matches(path, exclude) for path in (below, *below.parents[:-1]))


def _is_pattern(name: str) -> bool:
    return glob.has_magic(name) and not os.path.lexists(_opened(name))


def _opened(name: str) -> str:
    """A name as the system opens it, however long: as it was given, where that is so."""
    path = Path(name)
    whole = reachable(path)
    return name if whole == path else str(whole)


def _excluded(found: _Found, patterns: Sequence[str]) -> bool:
    """Whether a file is left out, or a folder that it lies in below what was named."""
    above = found.path.parents[: len(found.below.parts) - 1]
    return any(_matches(path, patterns) for path in (found.path, *above))


def _matches(path: PurePath, patterns: Sequence[str]) -> bool:
    return any(fnmatch.fnmatch(path.name, p) or fnmatch.fnmatch(path.as_posix(), p) for p in patterns)


def _target(found: _Found, output: str | None, naming: Naming, several: bool = False) -> Path | None:
    naming = naming.of(found.path)
    name = found.path.stem + naming.mark + (found.path.suffix if naming.keep_suffix else naming.suffixes[0])
    if output is None:
        return reachable(found.path.with_name(name))
    if output == PIPE:
        if several:
            raise UsageError("-o - (stdout) takes one photo")
        if naming.films and is_film(found.path):
            raise UsageError("a film is not written to stdout: its index is known at the end; name a file with -o")
        return None
    out = Path(_opened(output))
    if is_folder(out) or output.endswith(("/", os.sep)) or (several and out.suffix.lower() not in naming.suffixes):
        return reachable(output_folder(out) / found.below.with_name(name))
    if several:
        raise UsageError(f"-o {output} is one file, and there are several photos; name a folder")
    return _file(out, naming)


def output_folder(out: Path, option: str = "-o") -> Path:
    """A folder to write into, which may be made; `option` is what named it, for messages.

    Raises:
        UsageError: it is a file, or there is nothing to make it in.
    """
    if os.path.lexists(out) and not is_folder(out):
        raise UsageError(f"{option} {out} is a file, not a folder")
    if not is_folder(out.absolute().parent):
        raise UsageError(f"{option} {out}: there is no folder {out.parent}")
    return out


def _file(out: Path, naming: Naming) -> Path:
    if out.suffix.lower() not in naming.suffixes:
        kinds = ", ".join(dict.fromkeys(naming.suffixes))
        raise UsageError(f"-o {out}: the output must end in one of {kinds}, or in / for a folder")
    if not is_folder(out.absolute().parent):
        raise UsageError(f"-o {out}: there is no folder {out.parent}")
    return out


def _without_collisions(jobs: list[Job], force: bool) -> list[Job]:
    """The same jobs; those that would overwrite a photo, or each other, have that for a fault, or are left alone.

    Raises:
        UsageError: the only photo would overwrite itself.
    """
    asked = {job: _intent(job) for job in jobs if job.target is not None and job.source is not None}
    if len(jobs) == 1 and any(one.source == one.target for one in asked.values()):
        raise UsageError(f"{jobs[0].name}: the output would overwrite the photo itself")
    found = dict(zip(asked, obstacles(list(asked.values()), force=force), strict=True))
    return [_checked(job, found.get(job)) for job in jobs]


def _intent(job: Job) -> Intent:
    assert job.source is not None
    assert job.target is not None
    return Intent(job.name, job.source, identity(job.source), identity(job.target), str(job.target))


def _checked(job: Job, obstacle: Obstacle | None) -> Job:
    if obstacle is not None and not obstacle.is_fault:
        return dataclasses.replace(job, left=obstacle.reason)
    fault = None if job.target is None else name_fault(job.target) or (obstacle.reason if obstacle else None)
    return job if fault is None else dataclasses.replace(job, target=None, fault=fault)


def read_stdin() -> bytes:
    """All of stdin, or a little more than readers take, for them to refuse; in pieces, which an interrupt can part."""
    pieces, size = [], 0
    while size <= MAX_FILE_BYTES and (piece := sys.stdin.buffer.read(1 << 16)):
        pieces.append(piece)
        size += len(piece)
    return b"".join(pieces)


def identity(path: Path) -> Path:
    """What all names of one file have in common."""
    return file_key(path, _folds_case(path.parent))


def _one_file(path: Path) -> tuple[object, ...]:
    """The same of names of a file that is there: two names that only look like one are two, as are hard links."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return (identity(path),)
    return identity(path), found.st_dev, found.st_ino


_folds_case = functools.lru_cache(folds_case)
