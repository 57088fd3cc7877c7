"""One picture on the page: base, methods and truth at 0 to -3 EV, errors in colour, and what each gain does."""

from __future__ import annotations

import base64
import html
import io
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pil

from ... import colour
from ..metrics import difference
from ..metrics.gain_statistics import NAMES, GainStatistics, from_figures
from . import contact_sheet
from .catalogue import METRICS, Comparison
from .measuring import TRUTH, figures_of
from .methods import Method
from .pictures import Picture
from .protocols import Protocol

WIDTH = 300
MOST_DE = 40.0
"""dE_ITP at the bright end of the false colours."""

RAMP = np.array(
    [[0, 0, 40], [40, 60, 170], [40, 160, 160], [120, 200, 70], [250, 200, 40], [240, 90, 30], [255, 255, 255]]
)
"""Dark blue for no difference, white for MOST_DE and beyond."""

STYLE = """
figure.picture { margin: 2.4em 0; } .picture > figcaption { margin-bottom: .4em; font-size: 1.1em; }
.rendition { margin: .9em 0 1.3em; } .rendition h4 { margin: 0 0 .25em; font-weight: 600; }
.strip { display: grid; grid-template-columns: repeat(5, 1fr); gap: 6px; }
.strip figure { margin: 0; } .strip figcaption { color: #555; font-size: 12px; }
.strip img { width: 100%; display: block; }
.gains { display: flex; flex-wrap: wrap; gap: .2em 1.4em; margin: .4em 0 0; font-size: 12.5px; }
.gains div { display: flex; gap: .45em; }
.gains dt { color: #666; font-weight: 400; } .gains dd { margin: 0; color: #111; }
@media (max-width: 700px) { .strip { grid-template-columns: repeat(2, 1fr); } }
"""


def figure(
    picture: Picture, shown: Sequence[Method], protocol: Protocol, column: str, measured: Mapping[str, Any]
) -> str:
    """The whole figure of one picture.

    Args:
        shown: methods whose light is drawn, in order.
        column: the metric named beside each.
        measured: method (and TRUTH) -> figures of this picture, where gain statistics may be among them.
    """
    parts = [_rendition("SDR", picture, picture.light, None, [])]
    for method in shown:
        made = method.make(picture)
        compared = Comparison(picture, made, made.direct or protocol.prepare(picture, made).made, picture.true)
        score = figures_of(picture, made, protocol, [column])[column]
        facts = [(METRICS[column].head, f"{score:.{METRICS[column].digits}f}"), *gains(measured.get(method.name))]
        parts.append(_rendition(method.name, picture, compared.light, compared, facts))
    parts.append(_rendition(TRUTH, picture, picture.truth, None, gains(measured.get(TRUTH))))
    caption = f"<figcaption><b>{html.escape(picture.name)}</b></figcaption>"
    return f"<figure class=picture>{caption}{''.join(parts)}</figure>"


def gains(figures: Mapping[str, float] | None) -> list[tuple[str, str]]:
    """What the gain does to one picture, as labels and values; empty where it was not measured."""
    if figures is None or not set(NAMES) <= figures.keys():
        return []
    return labelled(from_figures(figures))


def labelled(found: GainStatistics) -> list[tuple[str, str]]:
    """Labels and values of one picture's gain statistics."""
    return [
        ("gain by eighth of code, 3rd to 8th", _stops(found.by_code[2:])),
        ("bright: grey, soft, strong, vivid", _stops(found.by_saturation)),
        ("their channels part by", _stops(found.channels)),
        ("middle tones", f"{_stops([found.middle])} stops"),
        ("light at 99.9 %", f"{_stops([found.lights])} stops over white"),
        ("above white, 2 x, 4 x", ", ".join(f"{100 * share:.2g}" for share in found.above) + " %"),
        ("spread within eighths 5 to 8", _stops(found.spread[4:])),
    ]


def _stops(values: Iterable[float]) -> str:
    return " ".join(f"{value:.2f}" if math.isfinite(value) else "-" for value in values)


def _rendition(
    name: str, picture: Picture, light: NDArray[Any], compared: Comparison | None, facts: Sequence[tuple[str, str]]
) -> str:
    """Exposures beside each other, the error, and the figures under them."""
    sheet = contact_sheet.exposures(light @ colour.rgb_to_rgb(picture.image.primaries, "bt709").T, WIDTH)
    cells = [
        _cell(sheet[:, k * WIDTH : (k + 1) * WIDTH], f"{ev} EV", f"{name}, {ev} EV")
        for k, ev in enumerate(contact_sheet.EXPOSURES)
    ]
    if compared:
        cells.append(_cell(false_colour(compared), "error, dE_ITP", f"{name}, error"))
    items = "".join(f"<div><dt>{html.escape(label)}</dt><dd>{html.escape(value)}</dd></div>" for label, value in facts)
    listed = f"<dl class=gains>{items}</dl>" if items else ""
    head = f"<h4>{html.escape(name)}</h4>"
    return f"<section class=rendition>{head}<div class=strip>{''.join(cells)}</div>{listed}</section>"


def _cell(pixels: NDArray[np.uint8], caption: str, alt: str) -> str:
    buffer = io.BytesIO()
    Pil.fromarray(pixels).save(buffer, "JPEG", quality=88)
    data = base64.b64encode(buffer.getvalue()).decode()
    picture = f'<img alt="{html.escape(alt, quote=True)}" src="data:image/jpeg;base64,{data}">'
    return f"<figure>{picture}<figcaption>{html.escape(caption)}</figcaption></figure>"


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
