"""Exports: photos written as they were chosen, one after the other, with progress; each whole or not at all."""

from __future__ import annotations

import dataclasses
import itertools
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...errors import UntoneError
from ...formats.common.files import no_wider_than, save
from ..choices import FILE_NAME, REJECT
from ..conversion.collisions import Intent, Obstacle, obstacles
from ..conversion.planning import identity
from .library import Library, Photo, fault_in_words
from .studio import SUFFIXES, Studio

SKIP, REPLACE = "skip", "replace"
FILM = f"a film; untone {{}} --choices {FILE_NAME} converts it as it is chosen"
NO_FOLDER = "it was dropped here and has no folder; its arrow downloads it, or start untone view with -o FOLDER"
MOST_KEPT = 100
"""Finished exports that are remembered."""


@dataclasses.dataclass(frozen=True)
class Step:
    """One photo of an export.

    Attributes:
        photo: what is written.
        target: the file; None of an upload that has no folder to go to.
        obstacle: why it is not.
    """

    photo: Photo
    target: Path | None
    obstacle: Obstacle | None = None


@dataclasses.dataclass
class Export:
    """How far an export is.

    Attributes:
        total, done: photos.
        written, skipped: names of files, and photos with the reason.
        failed: photos with the fault.
        finished: whether nothing more will be done.
    """

    total: int
    done: int = 0
    written: list[str] = dataclasses.field(default_factory=list)
    skipped: list[str] = dataclasses.field(default_factory=list)
    failed: list[str] = dataclasses.field(default_factory=list)
    finished: bool = False
    stop: bool = False

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return dataclasses.asdict(self)


class Exports:
    """All exports of a page."""

    def __init__(self, library: Library, studio: Studio, output: Path | None) -> None:
        self._library, self._studio, self._output = library, studio, output
        self._jobs: dict[int, Export] = {}
        self._numbers = itertools.count(1)
        self._one_at_a_time = threading.Lock()

    def steps(self, numbers: Sequence[int], kind: str) -> list[Step]:
        """What an export of photos is to do, one after the other; what stands in the way of one stops no other.

        Raises:
            UntoneError: there is no such photo.
        """
        steps = [self._step(self._library.photo(number), kind) for number in numbers]
        asked = {step: _intent(step) for step in steps if step.target is not None and step.obstacle is None}
        found = dict(zip(asked, obstacles(list(asked.values())), strict=True))
        return [dataclasses.replace(step, obstacle=_said(found.get(step) or step.obstacle)) for step in steps]

    def _step(self, photo: Photo, kind: str) -> Step:
        target = self._target(photo, kind)
        if self._library.choice(photo.number).verdict == REJECT:
            return Step(photo, target, Obstacle("rejected", is_fault=False))
        if photo.is_film:
            return Step(photo, target, Obstacle(FILM.format(photo.name), is_fault=False))
        if target is None:
            return Step(photo, None, Obstacle(NO_FOLDER))
        if self._library.holds(target):
            return Step(photo, target, Obstacle(f"{target.name} is a photo of this page"))
        return Step(photo, target)

    def _target(self, photo: Photo, kind: str) -> Path | None:
        below = Path(photo.name)
        name = below.stem + SUFFIXES[kind]
        if self._output is not None:
            return self._output / below.with_name(name)
        return None if photo.folder is None else photo.path.with_name(name)

    def start(self, steps: Sequence[Step], kind: str, existing: str) -> int:
        """Begin, in a thread; the number of the export."""
        number = next(self._numbers)
        self._jobs[number] = job = Export(len(steps))
        for old in [n for n, j in self._jobs.items() if j.finished][:-MOST_KEPT]:
            del self._jobs[old]
        threading.Thread(target=self._run, args=(job, steps, kind, existing)).start()
        return number

    def job(self, number: int) -> Export:
        """An export by its number.

        Raises:
            UntoneError: there is none.
        """
        if number not in self._jobs:
            raise UntoneError(f"there is no export {number}")
        return self._jobs[number]

    def stop_all(self) -> None:
        """Let the photos in hand finish, and begin no other."""
        for job in self._jobs.values():
            job.stop = True

    def _run(self, job: Export, steps: Sequence[Step], kind: str, existing: str) -> None:
        with self._one_at_a_time:
            for step in steps:
                if job.stop:
                    break
                self._attempt(job, step, kind, existing)
                job.done += 1
            job.finished = True

    def _attempt(self, job: Export, step: Step, kind: str, existing: str) -> None:
        name, obstacle = step.photo.name, step.obstacle
        if obstacle is not None:
            (job.failed if obstacle.is_fault else job.skipped).append(f"{name}: {obstacle.reason}")
            return
        assert step.target is not None
        try:
            reason = self._written(step.photo, step.target, kind, existing)
            (job.skipped if reason else job.written).append(f"{name}: {reason}" if reason else str(step.target))
        except OSError as error:
            job.failed.append(f"{name}: {error}")
        except Exception as error:
            job.failed.append(f"{name}: {fault_in_words(error)}")

    def _written(self, photo: Photo, target: Path, kind: str, existing: str) -> str | None:
        """Why a photo was left alone, where it was."""
        if existing == SKIP and os.path.lexists(target):
            return f"{target.name} exists"
        made = self._studio.exported(photo, self._library.choice(photo.number), kind)
        if isinstance(made, str):
            return made
        if existing == SKIP and os.path.lexists(target):  # somebody made it meanwhile
            return f"{target.name} exists"
        target.parent.mkdir(parents=True, exist_ok=True)
        with no_wider_than(photo.path):
            save(target, [made])
        return None


def there_already(steps: Sequence[Step]) -> list[str]:
    """Files that an export would meet."""
    return [str(step.target) for step in steps if step.obstacle is None and os.path.lexists(step.target or "")]


def _intent(step: Step) -> Intent:
    photo, target = step.photo, step.target
    assert target is not None
    named = photo.path.with_name(Path(photo.name).name)  # uploads are kept by numbers
    return Intent(photo.name, named, identity(photo.path), identity(target), target.name)


def _said(obstacle: Obstacle | None) -> Obstacle | None:
    """Without the advice for command lines."""
    reason, advice, _ = ("", "", "") if obstacle is None else obstacle.reason.partition("; --exclude")
    return Obstacle(f"{reason}; export one of them at a time") if advice else obstacle
