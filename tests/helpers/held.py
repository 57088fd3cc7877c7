"""A data set of examples in memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from untone.lab.data.examples import Example


class Held:
    """A data set of these examples."""

    folder = Path("held")

    def __init__(self, *held: Example) -> None:
        self.held = held

    def __len__(self) -> int:
        return len(self.held)

    def __getitem__(self, index: int) -> Example:
        return self.held[index]

    def __iter__(self) -> Iterator[Example]:
        return iter(self.held)

    def refresh(self) -> None:
        """There are no more."""
