"""Folder, the Dataset of any layout: whole pairs are counted, broken ones named on stderr and left out."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from ....console.lines import complain, naming, one_line
from ....errors import DamagedError, UntoneError
from ..examples import Example, checked


@dataclasses.dataclass(frozen=True)
class Entry:
    """A pair that looks whole from its headers.

    Attributes:
        name: unique within the folder.
        read: gives the Example, or raises an UntoneError that names the file and the fault.
    """

    name: str
    read: Callable[[], Example]


@dataclasses.dataclass(frozen=True)
class Fault:
    """A pair that cannot be one.

    Attributes:
        name: the file, as the user would look for it.
        text: what is wrong with it, in one line.
    """

    name: str
    text: str


class Folder:
    """The pairs of a folder; see examples.Dataset.

    Args:
        folder: where they lie.
        find: lists its entries and faults from names and headers, without decoding a pixel; called again by `refresh`.
        strict: whether the first broken pair ends it all.

    Raises:
        UntoneError: no whole pair, or, when strict, a broken one.
    """

    def __init__(self, folder: Path, find: Callable[[Path], Iterable[Entry | Fault]], strict: bool = False) -> None:
        self.folder = folder
        self.strict = strict
        self._find = find
        self._entries: list[Entry] = []
        self._whole: set[str] = set()
        self._broken: dict[str, str] = {}
        self.refresh()
        if not self._entries:
            raise UntoneError(f"{folder}: holds no whole pair")

    @property
    def names(self) -> list[str]:
        """Of the pairs, in their order; broken ones that are not found yet among them."""
        return [entry.name for entry in self._entries]

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.folder)!r}, {len(self)} pairs)"

    def refresh(self) -> None:
        """Looks for pairs that were not there before; indices of earlier ones stay.

        Raises:
            DamagedError: strict, and one is broken.
        """
        known = {entry.name for entry in self._entries}
        for found in self._find(self.folder):
            if isinstance(found, Fault):
                self._refuse(found.name, found.text)
            elif found.name not in known:
                self._entries.append(found)

    def __getitem__(self, index: int) -> Example:
        """Example `index`, or the next whole one.

        Raises:
            IndexError: beyond the end.
            UntoneError: it is broken and this is strict, or none is whole.
        """
        if not 0 <= index < len(self):
            raise IndexError(f"pair {index} of {len(self)}")
        for step in range(len(self)):
            found = self._read(self._entries[(index + step) % len(self)])
            if found is not None:
                return found
        raise UntoneError(f"{self.folder}: holds no whole pair any more")

    def __iter__(self) -> Iterator[Example]:
        """Every whole example once, in order."""
        for entry in list(self._entries):
            found = self._read(entry)
            if found is not None:
                yield found

    def _read(self, entry: Entry) -> Example | None:
        if entry.name in self._broken:
            return None
        try:
            example = entry.read()
            if entry.name not in self._whole:  # gains of a file are looked at once
                checked(example)
                self._whole.add(entry.name)
            return example
        except UntoneError as error:
            self._refuse(entry.name, str(error))
            return None

    def _refuse(self, name: str, text: str) -> None:
        line = one_line(naming(name, text))
        if self.strict:
            raise DamagedError(f"broken pair: {line}")
        if self._broken.get(name) != text:
            self._broken[name] = text
            complain(f"broken pair left out: {line}")
