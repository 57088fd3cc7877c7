"""Plots of `untone rivals`: PQ-PSNR of coded residuals and networks by bytes, and quality of networks by time."""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .. import plots

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = dict(zip(("jpeg", "heic", "jxl", "avif"), ("#c8502a", "#963ca0", "#2878be", "#288c50"), strict=True))
DASHES = {"gamma": "-", "gain": "--", "ISO gain": ":"}
NETWORKS = {"Gamma-MLP": "#000000", "Gain-MLP": "#808080", "Direct-MLP": "#dc9600", "MLP-ITM": "#dc005a"}


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
    """A PNG: bytes along a logarithmic axis, PQ-PSNR up; networks thick and with marks, before coded maps."""
    from matplotlib.ticker import LogLocator, NullLocator

    figure, (axes,) = plots.panels(1, 8.5, 5.2)
    for curve in sorted(found, key=lambda curve: curve.name not in NETWORKS):
        if curve.points:
            _line(axes, curve)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(lambda size, _: f"{size / 1000:g}")
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel("size (KB of 1000 bytes)")
    axes.set_ylabel("PQ-PSNR (dB)")
    if axes.lines:
        figure.legend(loc="outside right upper", frameon=False, fontsize="small", handlelength=3.2)
    return plots.as_png(figure)


def _line(axes: Axes, curve: Curve) -> None:
    sizes, values = zip(*curve.points, strict=True)
    if curve.name in NETWORKS:
        axes.plot(sizes, values, "o-", color=NETWORKS[curve.name], linewidth=2.2, label=curve.name, zorder=3)
        return
    kind, _, codec = curve.name.rpartition(" ")
    axes.plot(
        sizes, values, color=COLOURS[codec], linestyle=DASHES[kind], linewidth=1.3, marker=".", markersize=4,
        label=f"{kind} map, {codec.upper()}",
    )  # fmt: skip


def by_time(rows: Sequence[dict[str, Any]]) -> bytes:
    """A PNG: CPU seconds along a logarithmic axis, PQ-PSNR and PQ-SSIM up; the supplement's figure of Gain-MLP.

    Args:
        rows: of table.by_time.
    """
    figure, panels = plots.panels(2, 8.5, 3.8)
    for axes, (key, label) in zip(panels, (("pq_psnr", "PQ-PSNR (dB)"), ("pq_ssim", "PQ-SSIM")), strict=True):
        for method in dict.fromkeys(row["method"] for row in rows):
            points = [(r["cpu_seconds"], r[key].mean) for r in rows if r["method"] == method and r[key] is not None]
            if points:
                family = next((name for name in NETWORKS if method.startswith(name)), "")
                dash = "--" if "," in method else "-"
                axes.plot(*zip(*points, strict=True), f"o{dash}", color=NETWORKS.get(family, "#606060"), label=method)
        axes.set_xscale("log")
        axes.set_xlabel("CPU time of one thread (s)")
        axes.set_ylabel(label)
        if axes.lines:
            axes.legend(frameon=False, fontsize="small")
    return plots.as_png(figure)
