"""Exports: photos written as they were chosen, one after the other, with progress; each whole or not at all."""

from __future__ import annotations

import dataclasses
import itertools
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...errors import UntoneError, UsageError
from ..choices import REJECT
from .library import Library, Photo
from .studio import SUFFIXES, Studio

SKIP, REPLACE = "skip", "replace"
MOST_KEPT = 100
"""Finished exports that are remembered."""


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

    def target(self, photo: Photo, kind: str) -> Path:
        """Where a photo goes.

        Raises:
            UsageError: an upload has no folder of its own, and none was named.
        """
        below = Path(photo.name)
        name = below.stem + SUFFIXES[kind]
        if self._output is not None:
            return self._output / below.with_name(name)
        if photo.folder is None:
            raise UsageError(f"{photo.name} was dropped here and has no folder; start untone view with -o FOLDER")
        return photo.path.with_name(name)

    def there_already(self, numbers: Sequence[int], kind: str) -> list[str]:
        """Files that an export would meet.

        Raises:
            UntoneError: no such photo, two photos for one file, or a photo without a folder.
        """
        targets: dict[Path, str] = {}
        for photo in map(self._library.photo, numbers):
            target = self.target(photo, kind)
            if target in targets:
                raise UsageError(f"{targets[target]} and {photo.name} would both become {target.name}")
            targets[target] = photo.name
        return [str(target) for target in targets if os.path.lexists(target)]

    def start(self, numbers: Sequence[int], kind: str, existing: str) -> int:
        """Begin, in a thread; the number of the export."""
        number = next(self._numbers)
        self._jobs[number] = job = Export(len(numbers))
        for old in [n for n, j in self._jobs.items() if j.finished][:-MOST_KEPT]:
            del self._jobs[old]
        photos = [self._library.photo(n) for n in numbers]
        threading.Thread(target=self._run, args=(job, photos, kind, existing)).start()
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

    def _run(self, job: Export, photos: Sequence[Photo], kind: str, existing: str) -> None:
        with self._one_at_a_time:
            for photo in photos:
                if job.stop:
                    break
                self._attempt(job, photo, kind, existing)
                job.done += 1
            job.finished = True

    def _attempt(self, job: Export, photo: Photo, kind: str, existing: str) -> None:
        try:
            target, wanted = self.target(photo, kind), self._library.choice(photo.number)
            if wanted.verdict == REJECT:
                job.skipped.append(f"{photo.name}: rejected")
            elif existing == SKIP and os.path.lexists(target):
                job.skipped.append(f"{photo.name}: {target.name} exists")
            else:
                target.parent.mkdir(parents=True, exist_ok=True)
                reason = self._studio.export(photo, wanted, kind, target)
                (job.skipped if reason else job.written).append(f"{photo.name}: {reason}" if reason else str(target))
        except (UntoneError, OSError, MemoryError) as error:
            job.failed.append(f"{photo.name}: {error}")
        except Exception as error:
            job.failed.append(f"{photo.name}: unexpected {type(error).__name__}: {error}")
