"""A folder as a store: for workers on several machines that share a file system, and for tests of what a store is."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath

from ..errors import UntoneError
from ..formats.common.files import load_bytes, save
from ..formats.common.limits import quoted
from ..system import name_fault, reachable, write_fault
from ..temporaries import beside
from .contract import Entry, MissingError, StoreError

LONGEST_NAME = 255
"""Bytes of a file's name on the file systems that are in use."""


@dataclasses.dataclass(frozen=True)
class Folder:
    """Files below a folder; keys are their paths there, with `/` between parts.

    There is no conditional update of a file: what replaces one takes it away first, by a rename, which one of several
    can do.
    """

    root: Path

    def name(self, key: str) -> str:
        """The path."""
        return str(self.root / key) + (os.sep if key.endswith("/") else "")

    def path(self, key: str) -> Path:
        """The path of a key.

        Raises:
            UntoneError: no file can have that name, or it lies outside of the folder.
        """
        fault = self.obstacle(key)
        if fault is not None:
            raise UntoneError(f"{quoted(key)}: {fault}")
        return reachable(self.root.joinpath(*key.split("/")))

    def obstacle(self, key: str) -> str | None:
        """A part that is no name here, or leads out of the folder."""
        wrong = next((part for part in key.split("/") if not _is_name(part)), None)
        return None if wrong is None else f"{quoted(wrong)} is no name of a file or folder in {self.root}"

    def entries(self, prefix: str) -> Iterator[Entry]:
        """Files, folder by folder, sorted in each."""
        root = reachable(self.root, least=0)
        above = root / prefix

        def refuse(fault: OSError) -> None:
            raise StoreError(f"{fault.filename or above}: the folder cannot be listed: {fault.strerror}")

        for folder, folders, names in os.walk(above, onerror=refuse):
            folders.sort()
            for name in sorted(names):
                key = Path(folder, name).relative_to(root).as_posix()
                found = self.entry(key)
                yield from () if found is None else (found,)

    def entry(self, key: str) -> Entry | None:
        """Of a file; a folder is none."""
        try:
            found = self.path(key).stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise StoreError(f"{self.name(key)}: {error.strerror}") from error
        tag = f"{found.st_mtime_ns}-{found.st_ino}-{found.st_size}"
        return Entry(key, found.st_size, tag, found.st_mtime)

    def present(self, keys: Sequence[str], most: int | None = None) -> set[str] | None:
        """As of any store; each takes a look, which on a shared file system is a request."""
        if most is not None and len(keys) > most:
            return None
        return {key for key in keys if os.path.lexists(reachable(self.root / key))}

    def read(self, key: str) -> bytes:
        """A whole file."""
        path = self.path(key)
        with suppress(OSError):  # load_bytes says why it may not be looked at
            try:
                os.lstat(path)
            except (FileNotFoundError, NotADirectoryError):
                raise MissingError(f"{path}: no such file") from None
        return load_bytes(path)

    def read_range(self, key: str, start: int, end: int, tag: str | None = None) -> tuple[bytes, Entry]:
        """As of any store."""
        found = self.entry(key)
        if found is None or tag not in (None, found.tag):
            raise MissingError(f"{self.name(key)}: it is no longer there, or was replaced")
        with self.path(key).open("rb") as stream:
            stream.seek(start)
            return stream.read(end - start), found

    def write(self, key: str, data: bytes) -> None:
        """As of any store."""
        self._save(self._made(key), data)

    def create(self, key: str, data: bytes) -> bool:
        """A file beside it that is given its name, which fails where the name is taken."""
        path = self._made(key)
        if os.path.lexists(path):
            return False
        new = beside(path, ".new")
        try:
            self._save(new, data)
            return _named(new, path)
        finally:
            new.unlink(missing_ok=True)

    def replace(self, key: str, data: bytes, was: Entry) -> bool:
        """The file is renamed aside, by one of several; the new one takes its place."""
        path = self.path(key)
        aside = beside(path, ".old")
        try:
            path.rename(aside)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise StoreError(f"cannot replace {path}: {write_fault(error)}") from error
        found = self.entry(f"{key[: key.rfind('/') + 1]}{aside.name}")
        if found is None or found.tag != was.tag:  # somebody else's, newer: back with it
            _named(aside, path)
            aside.unlink(missing_ok=True)
            return False
        try:
            return self.create(key, data)
        finally:
            aside.unlink(missing_ok=True)

    def remove(self, key: str) -> None:
        """As of any store."""
        self.path(key).unlink(missing_ok=True)

    def remove_all(self, keys: Sequence[str]) -> None:
        """As of any store."""
        for key in keys:
            self.remove(key)

    def _made(self, key: str) -> Path:
        path = self.path(key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"cannot write {path}: {error.strerror}") from error
        return path

    def _save(self, path: Path, data: bytes) -> None:
        try:
            save(path, [data])
        except UntoneError as error:
            raise StoreError(str(error)) from error


def _is_name(part: str) -> bool:
    short = len(os.fsencode(part)) <= LONGEST_NAME
    return part not in ("", ".", "..") and "\0" not in part and short and name_fault(PurePosixPath(part)) is None


def _named(beside: Path, path: Path) -> bool:
    """Give a file a name that nobody has; False where somebody has it."""
    try:
        os.link(beside, path)
    except FileExistsError:
        return False
    except OSError:  # a file system without links: Windows refuses to rename over a file, elsewhere two may meet here
        if os.path.lexists(path):
            return False
        beside.rename(path)
    return True
