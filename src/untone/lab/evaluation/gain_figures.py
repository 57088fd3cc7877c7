"""Gain statistics of each method over a set, beside the truth and groups of real photos."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..metrics import gain_table
from ..metrics.gain_statistics import SetStatistics, from_figures, summarized
from ..metrics.photo_targets import TARGETS
from .catalogue import GAINS
from .measuring import TRUTH, Table


def added(columns: tuple[str, ...], protocol: str | None) -> tuple[str, ...]:
    """The columns of a protocol, and these figures where it is this project's own: others have light of their own."""
    return columns if protocol else (*columns, *GAINS)


def others(columns: Sequence[str]) -> tuple[str, ...]:
    """The columns of the ordinary table: all but these figures, where all of them are asked for."""
    return tuple(name for name in columns if name not in GAINS) if set(GAINS) <= set(columns) else tuple(columns)


def of_methods(table: Table) -> dict[str, SetStatistics]:
    """Method -> its figures over the set, the truth last; empty where they were not measured."""
    names = sorted(table.rows, key=lambda name: name == TRUTH)
    measured = {name: table.rows[name].values() for name in names}
    if not all(set(GAINS) <= row.keys() for rows in measured.values() for row in rows):
        return {}
    return {name: summarized(map(from_figures, rows)) for name, rows in measured.items()}


def beside_real_photos(table: Table) -> dict[str, SetStatistics]:
    """Of every method, the truth, and groups of real photos; empty where the figures were not measured."""
    found = of_methods(table)
    return found and found | {f"real photos: {title}": group for title, group in TARGETS.items()}


def markdown(table: Table) -> str:
    """The table of one set, with real photos as its last columns; empty where the figures were not measured."""
    shown = beside_real_photos(table)
    if not shown:
        return ""
    return f"\nWhat the gain does: {gain_table.CONVENTION}.\n\n{gain_table.table(shown)}"


def as_json(tables: Sequence[Table]) -> dict[str, Any]:
    """Of every set and method, and of groups of real photos."""
    found = {table.title: of_methods(table) for table in tables} | {"real photos": TARGETS}
    return {
        "gain_statistics": {
            title: {name: gain_table.as_json(figures) for name, figures in methods.items()}
            for title, methods in found.items()
        }
    }
