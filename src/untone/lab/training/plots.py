"""Curves over training steps as a PNG, drawn with Pillow."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from PIL import Image as Pil
from PIL import ImageDraw, ImageFont

WIDTH, HEIGHT, MARGIN, GAP = 900, 320, 70, 40
INK, FRAME, LINE = (40, 40, 40), (205, 205, 205), (24, 98, 168)
TEXT = 14
POINTS = 2000
"""A curve of more points is drawn through their means."""


class Curve(NamedTuple):
    """A title and points (step, value)."""

    title: str
    points: Sequence[tuple[float, float]]


def save(path: Path, curves: Sequence[Curve]) -> None:
    """One panel for each curve that has points, one below the other; written whole or not at all."""
    shown = [curve for curve in curves if curve.points]
    picture = Pil.new("RGB", (WIDTH, HEIGHT * max(len(shown), 1)), "white")
    draw = ImageDraw.Draw(picture)
    for number, curve in enumerate(shown):
        _panel(draw, number * HEIGHT, curve)
    partial = path.with_name(f".{path.name}")
    picture.save(partial, "png")
    partial.rename(path)


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round values from `low` to `high`, at most `most` of them: steps of 1, 2 or 5 times a power of ten."""
    span = high - low
    step = 10.0 ** math.floor(math.log10(span / most))
    step *= next(factor for factor in (1, 2, 5, 10, 20) if span / (step * factor) <= most - 1)
    return [k * step for k in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def _limits(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    room = (high - low) * 0.05 or max(abs(high), 1.0) * 0.05
    return low - room, high + room


def _thinned(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    size = -(-len(points) // POINTS)
    groups = [points[first : first + size] for first in range(0, len(points), size)]
    return [(sum(x for x, _ in g) / len(g), sum(y for _, y in g) / len(g)) for g in groups]


def _panel(draw: ImageDraw.ImageDraw, top: int, curve: Curve) -> None:
    points = _thinned([p for p in curve.points if math.isfinite(p[1])])
    if not points:
        return
    steps, values = [0.0, *(x for x, _ in points)], [y for _, y in points]
    (left, right), (low, high) = (0.0, max(max(steps), 1.0)), _limits(values)
    box = MARGIN, top + GAP, WIDTH - GAP, top + HEIGHT - GAP
    font = ImageFont.load_default(TEXT)

    def at(x: float, y: float) -> tuple[float, float]:
        across, up = (x - left) / (right - left), (y - low) / (high - low)
        return box[0] + across * (box[2] - box[0]), box[3] - up * (box[3] - box[1])

    for value in ticks(low, high):
        y = at(0, value)[1]
        draw.line((box[0], y, box[2], y), FRAME)
        draw.text((box[0] - 8, y), f"{value:g}", INK, font, anchor="rm")
    for value in ticks(left, right, 9):
        x = at(value, low)[0]
        draw.line((x, box[1], x, box[3]), FRAME)
        draw.text((x, box[3] + 6), f"{value:,.0f}", INK, font, anchor="mt")
    draw.rectangle(box, outline=FRAME)
    draw.text((box[0], top + GAP - 8), curve.title, INK, font, anchor="lb")
    draw.text((box[2], top + GAP - 8), f"last {points[-1][1]:.4g}", INK, font, anchor="rb")
    places = [at(*point) for point in points]
    if len(places) > 1:
        draw.line(places, LINE, 2)
    x, y = places[-1]
    draw.ellipse((x - 3, y - 3, x + 3, y + 3), LINE)
