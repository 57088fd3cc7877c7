"""The photos of a page: what the command line named and what was dropped on the page; nothing else can be opened.

The page knows photos by number. Of a folder that was named, what a link leads out of it is not opened, whenever the
link was made; a photo that was named itself may be a link.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from ...console.lines import fault_of, one_line
from ...errors import UntoneError, UsageError
from ...formats.common.files import load_bytes
from ...system import is_file, is_folder
from .. import choices
from ..choices import UNTOUCHED, Choice
from ..conversion.planning import MARK, images, photos_in
from ..video import is_film
from . import films
from .films import Frame

T = TypeVar("T")

OUTSIDE = "a link that leads out of the folder; it is not opened"


@dataclasses.dataclass(frozen=True)
class Photo:
    """One photo of the page, or one film.

    Attributes:
        number: by which the page knows it.
        name: as people know it: below its folder, with `/` between.
        path: of the file.
        folder: that was named, or that the named photo lies in; choices are kept there. None of uploads.
        inside: whether links may not lead out of `folder`.
    """

    number: int
    name: str
    path: Path
    folder: Path | None
    inside: bool = False

    @property
    def is_film(self) -> bool:
        """Whether it moves."""
        return is_film(self.path)

    @property
    def stamp(self) -> str | None:
        """What changes when the file does; None where it is gone."""
        try:
            found = os.stat(self.path)  # noqa: PTH116  # as the others here, links followed
        except OSError:
            return None
        return f"{found.st_ino:x}-{found.st_size:x}-{found.st_mtime_ns:x}"

    def read(self, at: float | None = None) -> bytes | Frame:
        """The file's bytes; of a film, its frame at so many seconds.

        Raises:
            UntoneError: it leads out of its folder, or cannot be read.
        """
        if self.inside and self.folder is not None:
            real = Path(os.path.realpath(self.path))
            if not real.is_relative_to(os.path.realpath(self.folder)):
                raise UntoneError(OUTSIDE)
            return films.frame(real, at) if self.is_film else load_bytes(real)
        return films.frame(self.path, at) if self.is_film else load_bytes(self.path)


class Library:
    """Photos by number, and what was chosen of each. A number stays with its photo, which may be gone by now.

    Attributes:
        photos: all that were ever found, by number.
        faults: one line each of folders that keep no choices.
    """

    def __init__(self, inputs: Sequence[str], recursive: bool) -> None:
        """Find the photos of a command line, each once.

        Raises:
            UsageError: a name that is neither photo nor folder, or no photo at all.
            UntoneError: a file of choices that is none.
        """
        self._lock = threading.Lock()
        self._inputs, self._recursive = inputs, recursive
        self.photos: list[Photo] = []
        self._numbers: dict[str, int] = {}
        self._choices: dict[int, Choice] = {}
        self._unkept: dict[Path, dict[str, dict[str, Any]]] = {}
        self.faults: dict[Path, str] = {}
        for name in inputs:
            for photo in _photos(Path(name), recursive):
                self._meet(photo)
        if not self.photos:
            raise UsageError(f"no photos in {', '.join(inputs)}{'' if recursive else '; -R looks into folders within'}")
        for folder in self._folders():
            self._load(folder)
            if not os.access(folder, os.W_OK):
                self.faults[folder] = f"{folder} cannot be written to; choices last as long as this page"

    def look_again(self) -> list[Photo]:
        """The photos that are there now, as they are ordered now, and choices as their folders' files have them.

        What was added since gets a number; of what somebody else chose meanwhile, the file counts.
        """
        with self._lock:
            there: dict[int, Photo] = {}
            for name in self._inputs:
                with contextlib.suppress(UntoneError, OSError):  # a folder or photo that was named and is gone
                    for photo in _photos(Path(name), self._recursive):
                        there.setdefault(number := self._meet(photo), self.photos[number])
            for folder in self._folders():
                with contextlib.suppress(UntoneError):  # whoever chooses next is told
                    self._load(folder)
            return [*there.values(), *(photo for photo in self.photos if photo.folder is None)]

    def _meet(self, photo: Photo) -> int:
        name = str(photo.path)
        if name not in self._numbers:  # links are followed once, which takes most of the time
            number = self._numbers.setdefault(os.path.realpath(photo.path), len(self.photos))
            if number == len(self.photos):
                self.photos.append(dataclasses.replace(photo, number=number))
            self._numbers[name] = number
        return self._numbers[name]

    def holds(self, path: Path) -> bool:
        """Whether a file is one of the photos."""
        return os.path.realpath(path) in self._numbers

    def _folders(self) -> list[Path]:
        return list(dict.fromkeys(photo.folder for photo in self.photos if photo.folder is not None))

    def _load(self, folder: Path) -> None:
        path = folder / choices.FILE_NAME
        held = choices.load(path) if os.path.lexists(path) else {}
        unkept = self._unkept.get(folder, {})
        for photo in self.photos:
            if photo.folder == folder and photo.name not in unkept:
                self._choices[photo.number] = held.get(photo.name, UNTOUCHED)

    def photo(self, number: int) -> Photo:
        """The photo of a number.

        Raises:
            UntoneError: there is none.
        """
        if not 0 <= number < len(self.photos):
            raise UntoneError(f"there is no photo {number}")
        return self.photos[number]

    def choice(self, number: int) -> Choice:
        """What was chosen of a photo."""
        return self._choices.get(number, UNTOUCHED)

    def choose(self, changes: Mapping[int, Mapping[str, Any]]) -> list[str]:
        """Note choices, in memory and in their folders' files; what could not be kept there, one line a folder.

        Args:
            changes: by number of photo, the keys of its choice that change.

        Raises:
            UntoneError: a number without a photo, or a choice that makes no sense; then nothing is noted.
        """
        with self._lock:
            photos = {self.photo(number): dict(given) for number, given in changes.items()}
            made = {photo.number: choices.choice(given, self.choice(photo.number)) for photo, given in photos.items()}
            self._choices.update(made)
            for photo, given in photos.items():
                if photo.folder is not None:
                    self._unkept.setdefault(photo.folder, {}).setdefault(photo.name, {}).update(given)
            return list(filter(None, (self._keep(folder) for folder in {p.folder: None for p in photos} if folder)))

    def _keep(self, folder: Path) -> str | None:
        """What is not in the folder's file yet, now and before: why it still is not."""
        try:
            made = choices.update(folder, self._unkept[folder])
        except UntoneError as error:
            self.faults[folder] = f"{error}; choices last as long as this page"
            return self.faults[folder]
        self.faults.pop(folder, None)
        del self._unkept[folder]
        self._choices |= {p.number: made[p.name] for p in self.photos if p.folder == folder and p.name in made}
        return None

    def add(self, name: str, path: Path) -> Photo:
        """A photo that was dropped on the page."""
        with self._lock:
            photo = Photo(len(self.photos), name, path, None)
            self.photos.append(photo)
            return photo


def guarded(photo: Photo, make: Callable[[bytes | Frame], T], at: float | None = None) -> T:
    """What is made of one photo, whatever happens in it: any fault is one line, and the others go on.

    Args:
        photo: the photo, or a film.
        make: what is done.
        at: of a film, the moment.

    Raises:
        UntoneError: the fault.
    """
    try:
        return make(photo.read(at))
    except UntoneError as error:
        opened = os.path.realpath(photo.path)  # as it was named to whoever read it
        raise type(error)(fault_of(str(photo.path), fault_of(opened, error))) from error
    except Exception as error:
        raise UntoneError(fault_in_words(error)) from error


def fault_in_words(error: Exception) -> str:
    """One line of whatever went wrong."""
    if isinstance(error, UntoneError):
        return str(error)
    if isinstance(error, MemoryError):
        return "there is not enough memory for it"
    if os.environ.get("UNTONE_DEBUG"):
        traceback.print_exception(error)
    return one_line(f"unexpected {type(error).__name__}: {error}; UNTONE_DEBUG=1 shows where")


def check_model(name: str) -> None:
    """A model that was asked for by name is there before any work is done.

    Raises:
        UntoneError: it is not, or it is none.
    """
    from ... import pipeline

    if name != pipeline.DEFAULT_MODEL:  # which is loaded while the page is
        pipeline.load(name)


def shown_name(name: str) -> str:
    """The last part of a name that a browser gives, without what could leave its line."""
    last = re.split(r"[/\\]", name)[-1]
    return "".join(c for c in last if c.isprintable())[:200] or "photo"


def _photos(path: Path, recursive: bool) -> Iterator[Photo]:
    if is_folder(path):
        moving = films.suffixes()
        found = images(path, films=moving) if recursive else photos_in(path, moving)
        files = [file for file in found if not file.name.startswith(".")]
        stems = {(file.parent, file.stem.lower()) for file in files}
        for file in files:
            source = file.stem.lower().removesuffix(MARK)
            if source == file.stem.lower() or (file.parent, source) not in stems:  # else shown with what it was made of
                yield Photo(0, file.relative_to(path).as_posix(), file, path, inside=True)
    elif is_file(path):
        yield Photo(0, path.name, path, path.parent)
    else:
        raise UsageError(f"{path}: {'it is no file' if os.path.lexists(path) else 'no such file or folder'}")
