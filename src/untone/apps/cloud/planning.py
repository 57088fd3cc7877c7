"""Jobs of a batch as a stream: inputs are listed while the first photos are done; a page of them is held at a time.

What conversion.planning knows of a whole batch is seen in groups here: photos that would become the same file begin
with the same name, and stand beside each other in a sorted listing.
"""

from __future__ import annotations

import dataclasses
import functools
import glob
import hashlib
import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from ...console.options import Shard
from ...errors import UsageError
from ...formats import READ_SUFFIXES
from ...formats.common.limits import quoted
from ...stores import Place, folder_place, is_url, place
from ...system import is_folder
from ..conversion import planning
from ..conversion.collisions import Intent, obstacles
from ..conversion.planning import Naming

PAGE = 1000
"""Jobs that are planned together."""


def holds(shard: Shard, below: str) -> bool:
    """Whether a photo of this name below what was named belongs to a share, wherever the folder or bucket is."""
    digest = hashlib.blake2b(below.encode("utf-8", "surrogateescape"), digest_size=8).digest()
    return int.from_bytes(digest) % shard.count == shard.index


@dataclasses.dataclass(frozen=True)
class Request:
    """Which photos, and where what becomes of them goes; as conversion.planning.plan takes them."""

    inputs: tuple[str, ...]
    output: str | None
    recursive: bool
    exclude: tuple[str, ...]
    naming: Naming
    shard: Shard | None = None
    force: bool = False


@dataclasses.dataclass(frozen=True)
class Job:
    """One photo.

    Attributes:
        name: as the user knows it, for messages.
        source: the photo.
        target: what is to be written; None where there is a fault.
        below: its name below what was named, with `/` between parts.
        fault: why it cannot even be tried; None in the usual case.
        unread: the plural of its kind, which is not read; None in the usual case.
        left: why it is left alone, as of conversion.planning.Job.
    """

    name: str
    source: Place
    target: Place | None
    below: str
    fault: str | None = None
    unread: str | None = None
    left: str | None = None


@dataclasses.dataclass(frozen=True)
class _Found:
    """A photo and its name below what was named; whether it was named itself, and whether nothing else was."""

    at: Place
    below: str
    named: bool = False
    alone: bool = False
    fault: str | None = None
    unread: str | None = None


def check(request: Request) -> None:
    """See that the request makes sense, before anything is done.

    Raises:
        UsageError: it does not.
    """
    if planning.PIPE in (*request.inputs, request.output):
        raise UsageError("- (stdin, stdout) is one photo here; with a store, --shard, --claim or --ray, name places")
    planning.check_existence([name for name in request.inputs if not is_url(name)])
    for name in filter(is_url, (*request.inputs, request.output)):
        place(str(name))
    folders = [name for name in request.inputs if _may_be_folder(name)]
    if folders and len(request.inputs) > 1 and request.output is not None:
        raise UsageError(
            f"{folders[0]} and others into {request.output}: names could meet; one command for each folder"
        )
    if folders and request.output is None and not request.naming.pass_over_marked:
        raise UsageError(f"{folders[0]}: a listing would meet its own outputs; name another place with -o")


def _may_be_folder(name: str) -> bool:
    if is_url(name):
        return place(name).suffix.lower() not in READ_SUFFIXES
    return is_folder(name)


def pages(request: Request) -> Iterator[list[Job]]:
    """The jobs, some at a time; the listing goes on when the next are asked for.

    Raises:
        UsageError: before the first of them.
        UntoneError: the listing fails.
    """
    found, to = _found(request), _destination(request)
    grouped = (job for _, group in itertools.groupby(found, key=_group) for job in _of_group(to, group, request.force))
    mine = (job for job in grouped if request.shard is None or holds(request.shard, job.below))
    while page := list(itertools.islice(mine, PAGE)):
        yield page


def count(request: Request) -> int:
    """How many jobs there are, by the listing alone."""
    shard = request.shard
    return sum(shard is None or holds(shard, each.below) for each in _found(request))


def _found(request: Request) -> Iterator[_Found]:
    several = len(request.inputs) > 1
    for name in dict.fromkeys(request.inputs):
        if is_url(name):
            yield from _at_url(name, request, several)
        elif is_folder(name):
            yield from _listed(folder_place(Path(name)), request)
        elif os.path.lexists(name):
            yield _named(place(name), request, alone=not several)
        else:
            yield from (_named(place(path), request) for path in sorted(glob.iglob(name, recursive=True)))  # noqa: PTH207


def _at_url(name: str, request: Request, several: bool) -> Iterator[_Found]:
    at = place(name)
    if not at.is_folder:
        if at.store.obstacle(at.key) is not None or at.store.entry(at.key) is not None:
            yield _named(at, request, alone=not several)
            return
        at = dataclasses.replace(at, key=f"{at.key}/")
    hint = "; patterns are not expanded in URLs" if glob.has_magic(name) else ""
    yield from _listed(at, request, None if name.endswith("/") else f"no such object, and no photos below it{hint}")


def _named(at: Place, request: Request, alone: bool = False) -> _Found:
    kind = planning.unread(at.below, request.naming)
    fault = at.store.obstacle(at.key) or (f"{kind} are not read here" if kind else None)
    return _Found(at, at.name, True, alone, fault)


def _listed(folder: Place, request: Request, missing: str | None = None) -> Iterator[_Found]:
    """Photos below a folder, but not below the place where outputs go; where there is none, the fault `missing`."""
    outputs = _within(folder, request.output)
    any_photo = False
    for entry in folder.store.entries(folder.key):
        below = entry.key[len(folder.key) :]
        if outputs is not None and below.startswith(outputs):
            continue
        path, at = PurePosixPath(below), folder.joined(below)
        fault = at.store.obstacle(at.key) if path.suffix.lower() in READ_SUFFIXES else None
        chosen = planning.selects(path, request.naming, request.recursive, request.exclude)
        if below.endswith("/") or not (fault or chosen):
            continue
        any_photo = True
        yield _Found(at, below, fault=fault, unread=planning.unread(path, request.naming))
    if not any_photo:
        none = "no photos here" if request.recursive else "no photos here; -R looks deeper"
        yield _Found(folder, "", fault=missing or none)


def _within(folder: Place, output: str | None) -> str | None:
    """Where outputs go below a folder that is listed; None where they go elsewhere."""
    if output is None:
        return None
    out, here = place(output).identity.rstrip("/") + "/", folder.identity.rstrip("/") + "/"
    return out.removeprefix(here) if out.startswith(here) and out != here else None


def _group(found: _Found) -> str | None:
    """Photos of another group never become the same file: the folder, and the name up to its first dot.

    Photos that were named one by one are a group, as they may come from anywhere.
    """
    if found.named:
        return None
    name = found.at.name
    return found.at.key[: len(found.at.key) - len(name)] + name.partition(".")[0]


def _of_group(to: Callable[[_Found], Place], group: Iterator[_Found], force: bool) -> Iterator[Job]:
    seen: set[Place] = set()
    while some := [_job(to, found) for found in itertools.islice(group, PAGE)]:
        yield from _without_collisions([_once(job, seen) for job in some], force)


def _once(job: Job, seen: set[Place]) -> Job:
    """The same job; one whose key is another's and a `/`, which obstore lists without it, is not done."""
    if job.source in seen:
        return dataclasses.replace(
            job, target=None, fault="another key is this and a / at its end; that one is not read"
        )
    seen.add(job.source)
    return job


def _job(to: Callable[[_Found], Place], found: _Found) -> Job:
    name = str(found.at)
    if found.fault or found.unread:
        return Job(name, found.at, None, found.below, found.fault, found.unread)
    target = to(found)
    fault = target.store.obstacle(target.key)
    return Job(name, found.at, None if fault else target, found.below, fault)


def _destination(request: Request) -> Callable[[_Found], Place]:
    """Where each photo goes.

    Raises:
        UsageError: now, the place makes no sense; or when it is asked, there are several photos and it is one file.
    """
    output, naming = request.output, request.naming
    if output is None:
        return lambda found: found.at.with_name(_output_name(found, naming))
    is_dir = not is_url(output) and is_folder(output)
    if PurePosixPath(output).suffix.lower() in naming.suffixes and not (output.endswith(("/", os.sep)) or is_dir):
        return functools.partial(_only, place(output))
    out = folder_at(output)
    return lambda found: out.joined(found.below[: len(found.below) - len(found.at.name)] + _output_name(found, naming))


def _only(target: Place, found: _Found) -> Place:
    if not found.alone:
        raise UsageError(f"-o {target} is one file, and there are several photos; name a folder")
    return target


def _output_name(found: _Found, naming: Naming) -> str:
    path = PurePosixPath(found.at.name)
    return path.stem + naming.mark + (path.suffix if naming.keep_suffix else naming.suffixes[0])


def folder_at(output: str, option: str = "-o") -> Place:
    """A folder to write into, which may be made; `option` is what named it, for messages.

    Raises:
        UsageError: as conversion.planning.output_folder and stores.place.
    """
    if not is_url(output):
        return folder_place(planning.output_folder(Path(output), option))
    at = place(output)
    return at if at.is_folder else dataclasses.replace(at, key=f"{at.key}/")


def _without_collisions(jobs: list[Job], force: bool) -> Iterator[Job]:
    """The same jobs; those that would overwrite a photo of the group, or each other, are not done."""
    asked = [
        Intent(quoted(job.name), PurePosixPath(job.name), job.source.identity, job.target.identity, str(job.target))
        for job in jobs
        if job.target is not None
    ]
    found = iter(obstacles(asked, force=force))
    for job in jobs:
        obstacle = next(found) if job.target is not None else None
        if obstacle is None:
            yield job
        elif obstacle.is_fault:
            yield dataclasses.replace(job, target=None, fault=obstacle.reason)
        else:
            yield dataclasses.replace(job, left=obstacle.reason)
