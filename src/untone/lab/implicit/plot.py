"""The rate-distortion plot of `untone rivals`: bytes and PQ-PSNR of coded residuals and networks, with Pillow."""

from __future__ import annotations

import csv
import dataclasses
import io
import itertools
import math
from collections.abc import Sequence
from typing import Any

from PIL import Image as Pil
from PIL import ImageDraw, ImageFont

from ..training.plots import FRAME, INK, ticks

WIDTH, HEIGHT, TEXT = 1000, 640, 14
BOX = (70, 40, 740, 580)
LEGEND = 760

COLOURS = {"jpeg": (200, 80, 40), "heic": (150, 60, 160), "jxl": (40, 120, 190), "avif": (40, 140, 80)}
DASHES = {"gamma": (1, 0), "gain": (9, 6), "ISO gain": (2, 5)}
"""Pixels drawn and left out."""

NETWORKS = {"Gamma-MLP": (0, 0, 0), "Gain-MLP": (120, 120, 120), "Direct-MLP": (220, 150, 0), "MLP-ITM": (220, 0, 90)}


@dataclasses.dataclass(frozen=True)
class Curve:
    """A family, and the mean bytes and PQ-PSNR of its settings over pairs, bytes rising."""

    name: str
    points: tuple[tuple[float, float], ...]


def curves(pairs: Sequence[dict[str, Any]]) -> list[Curve]:
    """Of each kind and codec the settings that every pair has and none smaller beats; of networks, their widths."""
    settings: dict[tuple[str, str], dict[tuple[int, int], list[tuple[float, float]]]] = {}
    for pair in pairs:
        for p in pair["points"]:
            family = settings.setdefault((p["kind"], p["codec"]), {})
            family.setdefault((p["divisor"], p["quality"]), []).append((p["bytes"], p["pq_psnr"]))
    found = []
    for (kind, codec), family in settings.items():
        means = sorted(_mean(values) for values in family.values() if len(values) == len(pairs))
        front = [p for k, p in enumerate(means) if all(p[1] > q[1] for q in means[:k])]
        found.append(Curve(f"{kind} {codec}", tuple(front)))
    return found + [_network(pairs, name) for name in NETWORKS]


def _mean(values: Sequence[tuple[float, float]]) -> tuple[float, float]:
    return sum(v[0] for v in values) / len(values), sum(v[1] for v in values) / len(values)


def _network(pairs: Sequence[dict[str, Any]], name: str) -> Curve:
    rows: dict[str, list[tuple[float, float]]] = {}
    for pair in pairs:
        for row, figures in pair["rows"].items():
            width = row.removeprefix(name).strip()
            if row.startswith(name) and (not width or width.isdigit()):
                rows.setdefault(row, []).append((figures["bytes"], figures["pq_psnr"]))
    return Curve(name, tuple(sorted(_mean(values) for values in rows.values())))


def csv_of(found: Sequence[Curve]) -> str:
    """The data of the plot."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(["family", "bytes", "pq_psnr"])
    for curve in found:
        lines.writerows([curve.name, f"{size:.0f}", f"{psnr:.3f}"] for size, psnr in curve.points)
    return text.getvalue()


def drawn(found: Sequence[Curve]) -> bytes:
    """A PNG: bytes along a logarithmic axis, PQ-PSNR up."""
    shown = [curve for curve in found if curve.points]
    sizes = [math.log10(size) for curve in shown for size, _ in curve.points]
    values = [psnr for curve in shown for _, psnr in curve.points]
    picture = Pil.new("RGB", (WIDTH, HEIGHT), "white")
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(TEXT)
    if shown:
        limits = (min(sizes) - 0.05, max(sizes) + 0.05, min(values) - 1, max(values) + 1)
        _axes(draw, font, limits)
        for place, curve in enumerate(shown):
            _curve(draw, font, curve, limits, BOX[1] + 12 + 24 * place)
    stream = io.BytesIO()
    picture.save(stream, "png", optimize=True)
    return stream.getvalue()


Limits = tuple[float, float, float, float]


def _at(size: float, psnr: float, limits: Limits) -> tuple[float, float]:
    left, right, low, high = limits
    across = (math.log10(size) - left) / (right - left)
    return BOX[0] + across * (BOX[2] - BOX[0]), BOX[3] - (psnr - low) / (high - low) * (BOX[3] - BOX[1])


def _axes(draw: ImageDraw.ImageDraw, font: Any, limits: Limits) -> None:
    for value in ticks(limits[2], limits[3], 9):
        y = _at(1, value, limits)[1]
        draw.line((BOX[0], y, BOX[2], y), FRAME)
        draw.text((BOX[0] - 8, y), f"{value:g}", INK, font, anchor="rm")
    for power in range(1, 8):
        for step in (1, 2, 5):
            size = step * 10.0**power
            if limits[0] <= math.log10(size) <= limits[1]:
                x = _at(size, limits[2], limits)[0]
                draw.line((x, BOX[1], x, BOX[3]), FRAME)
                draw.text((x, BOX[3] + 6), f"{size / 1000:g}", INK, font, anchor="mt")
    draw.rectangle(BOX, outline=FRAME)
    draw.text((BOX[0], BOX[1] - 10), "PQ-PSNR, dB", INK, font, anchor="lb")
    draw.text((BOX[2], BOX[3] + 28), "KB (of 1000 bytes)", INK, font, anchor="rt")


def _curve(draw: ImageDraw.ImageDraw, font: Any, curve: Curve, limits: Limits, top: float) -> None:
    network = curve.name in NETWORKS
    kind, _, codec = curve.name.rpartition(" ")
    colour = NETWORKS[curve.name] if network else COLOURS[codec]
    dash, thick = (1, 0) if network else DASHES[kind], 3 if network else 2
    places = [_at(*point, limits) for point in curve.points]
    for line in (places, [(LEGEND, top), (LEGEND + 40, top)]):
        for begin, end in itertools.pairwise(line):
            _dashed(draw, begin, end, colour, thick, dash)
    for x, y in [*places, (LEGEND + 20, top)] if network else places:
        reach = 4 if network else 2
        draw.ellipse((x - reach, y - reach, x + reach, y + reach), colour)
    draw.text((LEGEND + 50, top), curve.name if network else f"{kind} map, {codec}", INK, font, anchor="lm")


def _dashed(
    draw: ImageDraw.ImageDraw,
    begin: tuple[float, float],
    end: tuple[float, float],
    colour: tuple[int, int, int],
    thick: int,
    dash: tuple[int, int],
) -> None:
    length, period = math.dist(begin, end), sum(dash)
    if not dash[1] or not length:
        draw.line((*begin, *end), colour, thick)
        return
    for k in range(math.ceil(length / period)):
        a, b = k * period / length, min((k * period + dash[0]) / length, 1.0)
        draw.line(
            [tuple(p + (q - p) * share for p, q in zip(begin, end, strict=True)) for share in (a, b)], colour, thick
        )
