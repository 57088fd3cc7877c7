"""HTML report: tables, and pictures as base, baselines, models and truth at 0 to -3 EV, the worst first."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

import numpy as np

from ...console.progress import tracked
from ..metrics import gain_table
from . import exposures, gain_figures
from .arguments import MOST_PICTURES
from .catalogue import METRICS
from .exposures import MOST_DE, RAMP
from .measuring import TRUTH, Table
from .methods import Method
from .pictures import Source
from .protocols import Protocol
from .tables import cell, compared_pairs, leave_alone, signed

SHOWN = ("square", "gentle square", "one curve", "one 3D LUT, tuned", "ridge")
"""Shown beside the models where they take part: what a model has to beat."""

STYLE = """
body { font: 14px/1.45 system-ui, sans-serif; margin: 2em auto; max-width: 1280px; padding: 0 1em; color: #1c1c1c; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: .6em 0 1.2em; font-variant-numeric: tabular-nums; }
th, td { border-bottom: 1px solid #d8d8d8; padding: .3em .7em; text-align: right; }
th { font-weight: 600; vertical-align: bottom; }
td { white-space: nowrap; }
th:first-child, td:first-child { text-align: left; } tr.model td, td.model, th.model { background: #eef5ff; }
.gain td:first-child { white-space: normal; min-width: 14em; }
dt { font-weight: 600; } dd { margin: 0 0 .4em 1.2em; color: #444; }
.ramp { display: inline-block; width: 160px; height: 10px; background: linear-gradient(90deg, RAMP); margin: 0 .4em; }
"""


def page(
    tables: Sequence[Table], sources: Sequence[Source], methods: Sequence[Method], protocol: Protocol,
    columns: Sequence[str], notes: dict[str, str], headline: str, most: int = MOST_PICTURES,
) -> str:  # fmt: skip
    """The whole page as one HTML text that refers to nothing outside; `most` pictures of each set, 0 for all."""
    models = [c for c in methods if c.kind == "model"]
    shown = [c for c in methods if c.name in SHOWN] + models or list(methods[:1])
    first = (models or shown)[0]
    columns = gain_figures.others(columns)
    parts = [f"<h1>untone eval</h1><p>{html.escape(headline)}</p>"]
    for table, source in zip(tables, sources, strict=True):
        parts.append(f"<h2>{html.escape(table.title)}</h2>")
        if table.rows:
            names = {c.name for c in models}
            others = {c.name for c in methods} - {c.name for c in shown}
            parts += [_table(table, columns, names), _paired(table, columns, [c.name for c in models])]
            parts.append(_gains(table, names, others))
            parts.append(_pictures(table, source, shown, first, protocol, columns[0], most))
        parts += [f"<p>left out: {html.escape(line)}</p>" for line in table.skipped]
        parts += [f"<p>{html.escape(line)}</p>" for line in _alone(table)]
    terms = "".join(f"<dt>{html.escape(METRICS[n].head)}</dt><dd>{html.escape(notes[n])}</dd>" for n in columns)
    terms += f"<dt>What the gain does</dt><dd>{html.escape(gain_table.CONVENTION)}</dd>"
    ramp = ", ".join(f"rgb({r},{g},{b})" for r, g, b in RAMP.tolist())
    style = STYLE.replace("RAMP", ramp) + exposures.STYLE
    meta = "<meta charset=utf-8><meta name=viewport content='width=device-width'>"
    head = f"<!doctype html><html lang=en>{meta}<title>untone eval</title><style>{style}</style>"
    return f"{head}<body>{''.join(parts)}<h2>Conventions</h2><dl>{terms}</dl></body></html>\n"


def _alone(table: Table) -> list[str]:
    return [line[2:] for line in leave_alone(table).splitlines() if line]


def _table(table: Table, columns: Sequence[str], models: set[str]) -> str:
    heads = "".join(f"<th>{html.escape(METRICS[name].head)}</th>" for name in columns)
    rows = []
    for method in table.rows:
        cells = "".join(f"<td>{html.escape(cell(table, method, c, c == columns[0]))}</td>" for c in columns)
        mark = " class=model" if method in models else ""
        rows.append(f"<tr{mark}><td>{html.escape(method)}</td>{cells}</tr>")
    head = f"<tr><th>method, {len(table.indices)} pictures</th>{heads}</tr>"
    return f"<div class=wide><table>{head}{''.join(rows)}</table></div>"


def _paired(table: Table, columns: Sequence[str], models: Sequence[str]) -> str:
    """How far the first model is from every baseline, and further models from it, picture by picture."""
    pairs = compared_pairs(table, models)
    if not pairs:
        return ""
    heads = "".join(f"<th>{html.escape(METRICS[name].head)}</th>" for name in columns)
    rows = []
    for first, second in pairs:
        cells = "".join(f"<td>{html.escape(signed(table, first, second, c))}</td>" for c in columns)
        rows.append(f"<tr><td>{html.escape(f'{second} - {first}')}</td>{cells}</tr>")
    title = "<h3>Mean paired difference (95%)</h3>"
    return f"{title}<div class=wide><table><tr><th></th>{heads}</tr>{''.join(rows)}</table></div>"


def _gains(table: Table, models: set[str], left_out: set[str]) -> str:
    """What the gain of each method that is shown does, beside real photos."""
    known = gain_figures.beside_real_photos(table)
    first = [name for name in known if name in models or name == TRUTH]  # in sight without scrolling
    found = {name: known[name] for name in dict.fromkeys([*first, *known]) if name not in left_out}
    if not found:
        return ""
    marks = [" class=model" if name in models else "" for name in found]
    heads = "".join(f"<th{mark}>{html.escape(name)}</th>" for name, mark in zip(found, marks, strict=True))
    columns = [gain_table.cells(statistics) for statistics in found.values()]
    rows = [
        f"<tr><td>{html.escape(line)}</td>"
        + "".join(f"<td{mark}>{html.escape(c[k])}</td>" for c, mark in zip(columns, marks, strict=True))
        + "</tr>"
        for k, line in enumerate(gain_table.LINES)
    ]
    title = "<h3>What the gain does (mean of pictures)</h3>"
    return f"{title}<div class=wide><table class=gain><tr><th></th>{heads}</tr>{''.join(rows)}</table></div>"


def worst(table: Table, method: str, metric: str, count: int = MOST_PICTURES) -> list[str]:
    """The pictures a method does worst on, the worst first; all for a count of 0."""
    known = {name: value for name, value in table.column(method, metric).items() if np.isfinite(value)}
    names = sorted(known, key=lambda name: known[name], reverse=METRICS[metric].better == "less")
    return names[:count] if count else names


def _pictures(
    table: Table, source: Source, shown: Sequence[Method], first: Method, protocol: Protocol, column: str,
    most: int,
) -> str:  # fmt: skip
    names = worst(table, first.name, column, most)
    what = "All" if len(names) == len(table.indices) else f"The {len(names)} worst of {len(table.indices)}"
    parts = [
        f"<h3>{what}, by {html.escape(METRICS[column].head)} of {html.escape(first.name)}, the worst first</h3>"
        f"<p>dE_ITP 0<span class=ramp></span>{MOST_DE:g} and more; 1 is just noticeable</p>"
    ]
    for name in tracked(names, "pictures of the page"):
        picture = source.load(table.indices[name])
        if picture is not None:
            measured = {method: rows[name] for method, rows in table.rows.items() if name in rows}
            parts.append(exposures.figure(picture, shown, protocol, column, measured))
    return re.sub(r"\n+", "\n", "".join(parts))
