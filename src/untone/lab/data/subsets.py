"""Subsets of a folder of pairs, by the notes on each pair beside its shards."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ...errors import DamagedError, UntoneError
from .examples import Dataset, Example

Note = dict[str, Any]


def notes_of(dataset: Dataset) -> list[Note]:
    """What is noted of every pair, in the order of the data set; {} where nothing is.

    Raises:
        DamagedError: a file of notes that is none.
    """
    files = {path.name.split(".")[0]: _read(path) for path in sorted(dataset.folder.glob("[0-9]*.notes.json"))}
    found = []
    for name in names_of(dataset):
        shard, _, row = name.partition("/")
        notes = files.get(shard, [])
        found.append(notes[int(row)] if row.isdecimal() and int(row) < len(notes) else {})
    return found


def names_of(dataset: Dataset) -> list[str]:
    """Names of the pairs, without reading them where the data set knows them."""
    names = getattr(dataset, "names", None)
    return list(names) if names is not None else [example.name for example in dataset]


def _read(path: Path) -> list[Note]:
    try:
        notes = json.loads(path.read_text("utf-8"))
        if not isinstance(notes, list) or not all(isinstance(note, dict) for note in notes):
            raise ValueError("not a list of objects")
    except (OSError, ValueError) as fault:
        raise DamagedError(f"{path}: no notes of pairs ({str(fault).splitlines()[0][:80]})") from None
    return notes


DRAWN = "drawn"
"""Family of pictures that `untone draw` made."""


def photographs(dataset: Dataset) -> Dataset:
    """Without drawn pictures: a curve or a LUT cannot tell paper from light, and would only be dimmed by them."""
    notes = notes_of(dataset)
    if not any(note.get("family") == DRAWN for note in notes):
        return dataset
    return where(dataset, notes, lambda note: note.get("family") != DRAWN, "that are photographs")


class Subset:
    """Some pairs of a data set; see examples.Dataset.

    Raises:
        UntoneError: none is left.
    """

    def __init__(self, dataset: Dataset, indices: Sequence[int], what: str) -> None:
        self.dataset, self.indices, self.folder = dataset, list(indices), dataset.folder
        names = names_of(dataset)
        self.names = [names[k] for k in self.indices]
        if not self.indices:
            raise UntoneError(f"{dataset.folder}: holds no pairs {what}")

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> Example:
        """Pair `index` of the part."""
        return self.dataset[self.indices[index]]

    def __iter__(self) -> Iterator[Example]:
        """Every pair of the part."""
        return (self[k] for k in range(len(self)))

    def refresh(self) -> None:
        """Nothing: the part was chosen from what was there."""


def where(dataset: Dataset, notes: Sequence[Note], keep: Callable[[Note], bool], what: str) -> Subset:
    """The pairs whose notes are to be kept."""
    return Subset(dataset, [k for k, note in enumerate(notes) if keep(note)], what)
