"""Figures of every picture and method, written to a CSV as they come, from which a stopped evaluation resumes.

One row is one picture and one method. A row is taken over only where the picture's pixels, the method (weights, fits)
and the columns with their conventions are the same as when it was measured.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import math
from pathlib import Path
from typing import Any

from ...errors import UntoneError
from ...formats.common.files import save

KEYS = ("set", "picture", "method", "kind", "picture_hash", "method_hash")


@dataclasses.dataclass(frozen=True)
class Key:
    """Identity of a row: picture, method and their fingerprints."""

    set: str
    picture: str
    method: str
    kind: str
    picture_hash: str
    method_hash: str


Figures = dict[str, float]


class Records:
    """All rows so far, and where each new one is written at once; without a path they are only remembered.

    Args:
        path: the CSV.
        columns: name of each figure -> its convention; both stand in the head.

    Raises:
        UntoneError: the file cannot be read or written, or is no such table.
    """

    def __init__(self, path: Path | None, columns: dict[str, str]) -> None:
        self.path, self._columns = path, columns
        self._head = [*KEYS, *(f"{name} [{convention}]" for name, convention in columns.items())]
        self._rows: dict[Key, Figures] = {}
        if path:
            self._rows = self._kept(path)
            self._start(path)

    def __len__(self) -> int:
        return len(self._rows)

    def get(self, key: Key) -> Figures | None:
        """Figures that were measured before."""
        return self._rows.get(key)

    def add(self, key: Key, figures: Figures) -> None:
        """Keeps a row, on disk too."""
        self._rows[key] = figures
        if self.path:
            self._append(
                self.path, _line([*dataclasses.astuple(key), *(_text(figures[name]) for name in self._columns)])
            )

    def _kept(self, path: Path) -> dict[Key, Figures]:
        """Whole rows of a table with this head; none of a table with another."""
        try:
            text = path.read_text("utf-8") if path.exists() else ""
        except (OSError, UnicodeDecodeError) as fault:
            raise UntoneError(f"{path}: cannot be read ({fault})") from None
        if text and not text.startswith(KEYS[0] + ","):
            raise UntoneError(f"{path}: is no table of `untone eval`; name another file")
        whole = text[: text.rfind("\n") + 1]  # an interrupted write leaves half a row
        rows = list(csv.reader(io.StringIO(whole)))
        if not rows or rows[0] != self._head:
            return {}
        found = {}
        for row in rows[1:]:
            if len(row) == len(self._head):
                numbers = [float(cell) if cell else math.nan for cell in row[len(KEYS) :]]
                found[Key(*row[: len(KEYS)])] = dict(zip(self._columns, numbers, strict=True))
        return found

    def _start(self, path: Path) -> None:
        rows = [[*dataclasses.astuple(key), *map(_text, figures.values())] for key, figures in self._rows.items()]
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            save(path, [_line(row).encode() for row in [self._head, *rows]])
        except OSError as fault:
            raise UntoneError(f"{path}: {fault.strerror}") from None

    @staticmethod
    def _append(path: Path, line: str) -> None:
        try:
            with path.open("a", encoding="utf-8", newline="") as file:
                file.write(line)
        except OSError as fault:
            raise UntoneError(f"{path}: {fault.strerror}") from None


def _text(figure: float) -> str:
    return f"{figure:.7g}" if math.isfinite(figure) else ""


def _line(cells: list[Any]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(cells)
    return buffer.getvalue()
