"""Gain statistics of several sets, or of several renditions of one, side by side."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from .gain_statistics import SATURATIONS, SetStatistics, as_figures

CONVENTION = (
    "gains in stops, mean of three channels, offset 1/64; codes are max(R, G, B) of the SDR picture, saturation is "
    "1 - min/max (grey below .15, soft .4, strong .7, vivid), bright is code 160 and more; every picture counts once; "
    "- where too few pixels say so"
)

LINES: tuple[str, ...] = (
    "gain by eighth of code, 3rd to 8th",
    *(f"gain, bright and {name}" for name in SATURATIONS),
    "strongest minus weakest channel, bright: " + ", ".join(SATURATIONS),
    "light at the 99.9th percentile, stops over white",
    "% of pixels above white, 2 x, 4 x",
    "spread of gain within an eighth, 5th to 8th",
    "spread between pictures, 8th eighth",
    "gain of middle tones (codes 64 to 199)",
)


def table(sets: Mapping[str, SetStatistics], corner: str = "mean of pictures") -> str:
    """A Markdown table: a line for each figure, a column for each set."""
    columns = [cells(statistics) for statistics in sets.values()]
    heads = [f"{title} ({statistics.pictures})" for title, statistics in sets.items()]
    lines = [_row([corner, *heads]), "|---" * (len(sets) + 1) + "|"]
    lines += [_row([LINES[k], *(column[k] for column in columns)]) for k in range(len(LINES))]
    return "\n".join(lines) + "\n"


def cells(statistics: SetStatistics) -> list[str]:
    """One text for each of LINES."""
    mean = statistics.mean
    return [
        _stops(mean.by_code[2:]),
        *(_stops([value]) for value in mean.by_saturation),
        _stops(mean.channels),
        _stops([mean.lights]),
        ", ".join(f"{100 * share:.2g}" if math.isfinite(share) else "-" for share in mean.above),
        _stops(mean.spread[4:]),
        _stops(statistics.between[7:]),
        _stops([mean.middle]),
    ]


def as_json(statistics: SetStatistics) -> dict[str, Any]:
    """Every figure by its name, the spread between pictures, and how many there are; null where there is none."""
    between = {f"between_eighth_{k}": value for k, value in enumerate(statistics.between.tolist(), 1)}
    figures = as_figures(statistics.mean) | between
    return {"pictures": statistics.pictures} | {n: v if math.isfinite(v) else None for n, v in figures.items()}


def _stops(values: Iterable[float]) -> str:
    texts = [f"{value:.2f}" if math.isfinite(value) else "-" for value in values]
    return " ".join("0.00" if text == "-0.00" else text for text in texts)


def _row(texts: Iterable[str]) -> str:
    return "| " + " | ".join(texts) + " |"
