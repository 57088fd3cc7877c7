"""A page of its own: tables, and the worst pictures as base, models and truth at 0 to -3 EV with errors in colour."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pil

from ... import colour
from ..metrics import difference
from . import contact_sheet
from .catalogue import METRICS, Comparison
from .measuring import TRUTH, Table, figures_of
from .methods import Method
from .pictures import Picture, Source
from .protocols import Protocol
from .tables import cell, leave_alone

WIDTH = 300
WORST = 6
MOST_DE = 40.0
"""dE_ITP at the bright end of the false colours."""

RAMP = np.array(
    [[0, 0, 40], [40, 60, 170], [40, 160, 160], [120, 200, 70], [250, 200, 40], [240, 90, 30], [255, 255, 255]]
)
"""Dark blue for no difference, white for MOST_DE and beyond."""

STYLE = """
body { font: 14px/1.45 system-ui, sans-serif; margin: 2em auto; max-width: 1280px; padding: 0 1em; color: #1c1c1c; }
table { border-collapse: collapse; margin: .6em 0 1.2em; font-variant-numeric: tabular-nums; }
th, td { border-bottom: 1px solid #d8d8d8; padding: .3em .7em; text-align: right; }
th { font-weight: 600; vertical-align: bottom; }
td { white-space: nowrap; }
th:first-child, td:first-child { text-align: left; } tr.model td { background: #eef5ff; }
figure { margin: 1.6em 0; } figcaption { margin-bottom: .4em; }
dt { font-weight: 600; } dd { margin: 0 0 .4em 1.2em; color: #444; }
.strip { display: grid; grid-template-columns: 110px repeat(4, 1fr) 1fr; gap: 4px; align-items: center; }
.strip img { width: 100%; display: block; } .strip .head { color: #666; font-size: 12px; }
.ramp { display: inline-block; width: 160px; height: 10px; background: linear-gradient(90deg, RAMP); margin: 0 .4em; }
"""


def page(
    tables: Sequence[Table], sources: Sequence[Source], methods: Sequence[Method], protocol: Protocol,
    columns: Sequence[str], notes: dict[str, str], headline: str,
) -> str:  # fmt: skip
    """The whole page as one HTML text without references to anything outside."""
    models = [c for c in methods if c.kind == "model"]
    shown = models or list(methods[:1])
    parts = [f"<h1>untone eval</h1><p>{html.escape(headline)}</p>"]
    for table, source in zip(tables, sources, strict=True):
        parts.append(f"<h2>{html.escape(table.title)}</h2>")
        if table.rows:
            parts += [_table(table, columns, {c.name for c in models}), _worst(table, source, shown, protocol, columns)]
        parts += [f"<p>left out: {html.escape(line)}</p>" for line in table.skipped]
        parts += [f"<p>{html.escape(line)}</p>" for line in _alone(table)]
    terms = "".join(f"<dt>{html.escape(METRICS[n].head)}</dt><dd>{html.escape(notes[n])}</dd>" for n in columns)
    ramp = ", ".join(f"rgb({r},{g},{b})" for r, g, b in RAMP.tolist())
    style = STYLE.replace("RAMP", ramp)
    head = f"<!doctype html><html lang=en><meta charset=utf-8><title>untone eval</title><style>{style}</style>"
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
    return f"<table><tr><th>method, {len(table.indices)} pictures</th>{heads}</tr>{''.join(rows)}</table>"


def worst(table: Table, method: str, metric: str, count: int = WORST) -> list[str]:
    """The pictures a method does worst on."""
    known = {name: value for name, value in table.column(method, metric).items() if np.isfinite(value)}
    return sorted(known, key=lambda name: known[name], reverse=METRICS[metric].better == "less")[:count]


def _worst(table: Table, source: Source, shown: Sequence[Method], protocol: Protocol, columns: Sequence[str]) -> str:
    names = worst(table, shown[0].name, columns[0])
    parts = [
        f"<h3>Worst of {html.escape(shown[0].name)} by {html.escape(METRICS[columns[0]].head)}</h3>"
        f"<p>dE_ITP 0<span class=ramp></span>{MOST_DE:g} and more; 1 is just noticeable</p>"
    ]
    for name in names:
        picture = source.load(table.indices[name])
        if picture is not None:
            parts.append(_figure(picture, shown, protocol, columns))
    return "".join(parts)


def _figure(picture: Picture, shown: Sequence[Method], protocol: Protocol, columns: Sequence[str]) -> str:
    evs = "".join(f"<span class=head>{ev} EV</span>" for ev in contact_sheet.EXPOSURES)
    rows = [f"<span class=head></span>{evs}<span class=head>error</span>"]
    rows.append(_strip("base", picture, picture.light, None))
    captions = []
    for method in shown:
        made = method.make(picture)
        compared = Comparison(picture, made, made.direct or protocol.prepare(picture, made).made, picture.true)
        score = figures_of(picture, made, protocol, columns[:1])[columns[0]]
        captions.append(f"{method.name} {score:.{METRICS[columns[0]].digits}f}")
        rows.append(_strip(method.name, picture, compared.light, compared))
    rows.append(_strip(TRUTH, picture, picture.truth, None))
    figures = html.escape(f"{METRICS[columns[0]].head}: {', '.join(captions)}")
    caption = f"<b>{html.escape(picture.name)}</b>, {figures}"
    return f"<figure><figcaption>{caption}</figcaption><div class=strip>{''.join(rows)}</div></figure>"


def _strip(name: str, picture: Picture, light: NDArray[Any], compared: Comparison | None) -> str:
    """One row: exposures beside each other, and the error."""
    shown = light @ colour.rgb_to_rgb(picture.image.primaries, "bt709").T
    sheet = contact_sheet.exposures(shown, WIDTH)
    cells = [
        _img(sheet[:, k * WIDTH : (k + 1) * WIDTH], f"{name} {ev} EV") for k, ev in enumerate(contact_sheet.EXPOSURES)
    ]
    error = _img(false_colour(compared), f"{name} error") if compared else "<span></span>"
    return f"<span class=head>{html.escape(name)}</span>{''.join(cells)}{error}"


def false_colour(compared: Comparison) -> NDArray[np.uint8]:
    """dE_ITP of every pixel, [h, WIDTH, 3]."""
    error = difference.itp_difference(compared.made.ictcp, compared.truth.ictcp)
    place = np.clip(error / MOST_DE, 0, 1) * (len(RAMP) - 1)
    below = np.minimum(place.astype(int), len(RAMP) - 2)
    colours = RAMP[below] + (RAMP[below + 1] - RAMP[below]) * (place - below)[..., None]
    picture = Pil.fromarray((colours + 0.5).astype(np.uint8))
    return np.asarray(
        picture.resize((WIDTH, max(1, round(error.shape[0] * WIDTH / error.shape[1]))), Pil.Resampling.BOX)
    )


def _img(pixels: NDArray[np.uint8], alt: str) -> str:
    buffer = io.BytesIO()
    Pil.fromarray(pixels).save(buffer, "JPEG", quality=88)
    data = base64.b64encode(buffer.getvalue()).decode()
    return f'<img alt="{html.escape(alt, quote=True)}" src="data:image/jpeg;base64,{data}">'
