"""Result tables as markdown and JSON, with the convention of every metric."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .catalogue import METRICS
from .measuring import ALONE_STOPS, TRUTH, Table
from .methods import BASELINES, Method
from .summaries import Summary


def conventions(columns: Sequence[str], note: str, special: Mapping[str, str]) -> dict[str, str]:
    """Name of a figure -> all that must be known to read it."""
    return {name: f"{special.get(name, METRICS[name].convention)}; {note}" for name in columns}


def markdown(table: Table, columns: Sequence[str], models: Sequence[str]) -> str:
    """The set's table, and the paired differences to the first model."""
    if not table.rows:
        return f"\n### {table.title} ({_count(len(table.indices))})\n\n{leave_alone(table)}"
    count = len(next(iter(table.rows.values())))
    first = columns[0]
    heads = [f"{METRICS[name].head} (95%)" if name == first else METRICS[name].head for name in columns]
    lines = [f"\n### {table.title} ({_count(count)})\n", _cells(["method", *heads]), "|---" * (len(columns) + 1) + "|"]
    lines += [
        _cells([name, *(cell(table, name, column, column == first) for column in columns)]) for name in table.rows
    ]
    return "\n".join(lines) + "\n" + paired(table, columns, models) + leave_alone(table)


def _count(number: int) -> str:
    return f"{number} picture{'s' if number != 1 else ''}"


def _cells(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def cell(table: Table, method: str, column: str, with_interval: bool = False) -> str:
    """One figure of one method as the table shows it."""
    found, metric = table.summary(method, column), METRICS[column]
    if found is None:
        return "-"
    value = found.median if metric.median else found.mean
    text = _number(value, metric.digits)
    return (
        f"{text} ({_number(found.low, metric.digits)}..{_number(found.high, metric.digits)})" if with_interval else text
    )


def _number(value: float, digits: int) -> str:
    text = f"{value:.{digits}f}"
    return text.lstrip("-") if float(text) == 0 else text


def paired(table: Table, columns: Sequence[str], models: Sequence[str]) -> str:
    """Mean paired differences of the first model to every baseline, and of further models to it, with their intervals.

    On the same pictures they are far narrower than the two intervals suggest.
    """
    pairs = compared_pairs(table, models)
    if not pairs:
        return ""
    lines = [
        "",
        _cells(["mean paired difference (95%)", *(METRICS[name].head for name in columns)]),
        "|---" * (len(columns) + 1) + "|",
    ]
    for first, second in pairs:
        cells = [signed(table, first, second, name) for name in columns]
        lines.append(_cells([f"{second} - {first}", *cells]))
    return "\n".join(lines) + "\n"


def compared_pairs(table: Table, models: Sequence[str]) -> list[tuple[str, str]]:
    """Which methods' differences are shown, second - first: a model's to what it has to beat, and models' to it."""
    if not models:
        return []
    baselines = [name for name in table.rows if name not in models and name != TRUTH]
    return [(name, models[0]) for name in baselines] + [(models[0], other) for other in models[1:]]


def signed(table: Table, first: str, second: str, column: str) -> str:
    """second - first, paired, with its interval, as tables show it."""
    return _signed(table.difference(first, second, column), METRICS[column].digits)


def _signed(found: Summary | None, digits: int) -> str:
    return "-" if found is None else f"{found.mean:+.{digits}f} ({found.low:+.{digits}f}..{found.high:+.{digits}f})"


def leave_alone(table: Table) -> str:
    """One line a method about the pictures it should not have touched; these are in no mean above."""
    lines = []
    for method, gains in table.alone.items():
        values = np.array(list(gains.values()))
        share = 100 * float((values <= ALONE_STOPS).mean())
        lines.append(
            f"- {method}: {_count(len(values))} to leave alone, mean |gain| median {np.median(values):.3f} stops, "
            f"90th percentile {np.percentile(values, 90):.3f}; {share:.0f}% within {ALONE_STOPS} stop"
        )
    return ("\n" + "\n".join(lines) + "\n") if lines else ""


def costs(found: Mapping[str, Mapping[str, Any]]) -> str:
    """Parameters, multiply-adds at 4K and time."""
    if not found:
        return ""
    lines = ["\n### Cost\n", _cells(["model", "parameters", "GMACs at 4K", "time at 4K (s)"]), "|---|---|---|---|"]
    for name, row in found.items():
        macs, seconds = row["macs_4k"], row["seconds_4k"]
        shown = "-" if macs is None else f"{macs / 1e9:.2f}"
        lines.append(_cells([name, f"{row['parameters']:,}", shown, "-" if seconds is None else f"{seconds:.2f}"]))
    first = next(iter(found.values()))
    return "\n".join(lines) + f"\n\n{first['macs_convention']}. {first['time_convention']}.\n"


def legend(columns: Sequence[str], notes: Mapping[str, str]) -> str:
    """The conventions under the tables."""
    lines = [f"- {METRICS[name].head} (`{name}`): {notes[name].rsplit('; ', 1)[0]}" for name in columns]
    return "\n".join(lines) + "\n"


def as_json(
    tables: Sequence[Table], columns: Sequence[str], notes: Mapping[str, str], compared: Sequence[Method],
    extra: Mapping[str, Any],
) -> dict[str, Any]:  # fmt: skip
    """All of it, numbers that are none as null."""
    models = [c.name for c in compared if c.kind == "model"]
    described = {
        c.name: {"kind": c.kind, "fingerprint": c.fingerprint}
        | ({"card": dict(c.card)} if c.card else {})
        | ({"says": BASELINES[c.name].says} if c.name in BASELINES else {})
        for c in compared
    }
    sets = {table.title: _set(table, columns, models) for table in tables}
    return finite(dict(extra) | {"conventions": dict(notes), "methods": described, "sets": sets})


def _set(table: Table, columns: Sequence[str], models: Sequence[str]) -> dict[str, Any]:
    methods = {
        method: {"figures": {c: _dict(table.summary(method, c)) for c in columns}, "pictures": rows}
        for method, rows in table.rows.items()
    }
    differences = [
        {
            "first": models[0],
            "second": other,
            "figures": {c: _dict(table.difference(models[0], other, c)) for c in columns},
        }
        for other in [*models[1:], *(name for name in table.rows if name not in models and name != TRUTH)]
        if models and table.rows
    ]
    return {
        "methods": methods, "paired_differences": differences, "left_alone_mean_gain_stops": table.alone,
        "skipped": table.skipped,
    }  # fmt: skip


def _dict(found: Summary | None) -> dict[str, Any] | None:
    return None if found is None else dataclasses.asdict(found)


def finite(value: Any) -> Any:
    """The same with null for NaN and infinity, which JSON has no words for."""
    if isinstance(value, dict):
        return {key: finite(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
