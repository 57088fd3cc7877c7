"""Tables, rate-distortion data and gains over coded maps of `untone rivals`, from the files of its pairs."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...formats.common.files import save
from ..evaluation.summaries import Summary, summary
from . import plot

Pair = dict[str, Any]

GAMMA = "Gamma-MLP"
LIMIT, GOAL = 10_000, 3.0
"""Bytes within which gamma networks are to be so many dB above the best gain map of their size or less."""

GAIN_MAPS = ("ISO gain", "gain")

PRINCIPAL = (
    "Gain-JPEG", "Gamma-JPEG", "Best gain map up to 10 KB", "Best gamma map up to 10 KB", "Direct-MLP",
    "Direct-MLP, our training", "MLP-ITM", "MLP-ITM, published weights", "Gamma-MLP 16", "Gamma-MLP 48",
)  # fmt: skip
"""Rows that perceptual metrics are taken of."""

COLUMNS = {
    "pq_psnr": ("PQ-PSNR dB", 2),
    "delta_e_2000": ("dE2000", 3),
    "pq_ssim": ("PQ-SSIM", 4),
    "delta_e_ipt": ("dE_IPT", 3),
    "delta_e_itp": ("dE_ITP", 2),
    "cvvdp_jod": ("ColorVideoVDP", 3),
    "hdrvdp3_q": ("HDR-VDP-3 Q", 3),
    "bytes": ("bytes", 0),
    "cpu_seconds": ("CPU s", 2),
}


def write(folder: Path) -> None:
    """table.md, .csv and .json, curves.csv and .png, times.png of the pairs that are done; each whole or not at all."""
    pairs = [json.loads(path.read_text()) for path in sorted((folder / "pairs").glob("*.json"))]
    if not pairs:
        return
    state = json.loads((folder / "experiment.json").read_text())
    rows = table(pairs)
    shown = {"experiment": state, "rows": rows, "verdict": verdict(pairs), "by_time": by_time(pairs)}
    save(folder / "table.json", [json.dumps(shown, indent=1, default=dataclasses.asdict).encode() + b"\n"])
    save(folder / "table.csv", [_csv(pairs).encode()])
    save(folder / "table.md", [markdown(pairs, state).encode()])
    curves = plot.curves(pairs)
    save(folder / "curves.csv", [plot.csv_of(curves).encode()])
    save(folder / "curves.png", [plot.drawn(curves)])
    if shown["by_time"]:
        save(folder / "times.png", [plot.by_time(shown["by_time"])])


def table(pairs: Sequence[Pair], mapper: str | None = None) -> dict[str, dict[str, Summary]]:
    """Row -> column -> summary over views, each view the mean of its tone mappers (or of the one that is named)."""
    taken = [p for p in pairs if mapper in (None, p["mapper"])]
    names = list(dict.fromkeys(name for p in taken for name in p["rows"]))
    found: dict[str, dict[str, Summary]] = {}
    for name in names:
        cells = {key: summary(_by_view(taken, name, key)) for key in COLUMNS}
        found[name] = {key: value for key, value in cells.items() if value is not None}
    return found


def _by_view(pairs: Sequence[Pair], row: str, key: str) -> list[float]:
    views: dict[str, list[float]] = {}
    for pair in pairs:
        if key in pair["rows"].get(row, {}):
            views.setdefault(pair["view"], []).append(pair["rows"][row][key])
    return [sum(values) / len(values) for values in views.values()]


def within(points: Sequence[dict[str, Any]], kinds: Sequence[str], limit: float) -> float | None:
    """The best PQ-PSNR of coded maps at so many bytes.

    Read from the best points of every size, joined over the logarithm of bytes: so the maps are not held to the few
    qualities that were tried. None where even the smallest is larger.
    """
    front: list[tuple[float, float]] = []
    for point in sorted((p for p in points if p["kind"] in kinds), key=lambda p: (p["bytes"], -p["pq_psnr"])):
        if not front or point["pq_psnr"] > front[-1][1]:
            front.append((math.log(point["bytes"]), point["pq_psnr"]))
    at = math.log(limit)
    below = [p for p in front if p[0] <= at]
    if not below:
        return None
    after = front[len(below) :]
    if not after:
        return below[-1][1]
    (x0, y0), (x1, y1) = below[-1], after[0]
    return y0 + (y1 - y0) * (at - x0) / (x1 - x0)


def verdict(pairs: Sequence[Pair]) -> dict[str, dict[str, Any]]:
    """Tone mapper -> what gamma networks gain on the best gain map, and on the best gamma map, of their bytes."""
    mappers = list(dict.fromkeys(p["mapper"] for p in pairs))
    found: dict[str, dict[str, Any]] = {}
    for mapper in [*mappers, "all"]:
        taken = [p for p in pairs if mapper in (p["mapper"], "all")]
        networks = sorted({n for p in taken for n in _fitting(p)}, key=lambda n: int(n.split()[-1]))
        found[mapper] = {name: _gains(taken, name) for name in networks}
    return found


def _fitting(pair: Pair) -> list[str]:
    """Gamma networks within the limit that say their neurons."""
    rows = pair["rows"].items()
    return [n for n, row in rows if n.startswith(GAMMA) and n.split()[-1].isdigit() and row["bytes"] <= LIMIT]


def _gains(pairs: Sequence[Pair], name: str) -> dict[str, Any]:
    over: dict[str, list[float]] = {"gain": [], "gamma": []}
    for pair in pairs:
        row = pair["rows"].get(name)
        for kind, kinds in (("gain", GAIN_MAPS), ("gamma", ("gamma",))):
            rival = within(pair["points"], kinds, row["bytes"]) if row else None
            if row and rival is not None:
                over[kind].append(row["pq_psnr"] - rival)
    found = {f"over_{kind}_maps_db": summary(values) for kind, values in over.items()}
    gain = found["over_gain_maps_db"]
    return found | {"pairs": len(over["gain"]), "goal_reached": gain is not None and gain.mean >= GOAL}


def by_time(pairs: Sequence[Pair]) -> list[dict[str, Any]]:
    """Of each method and number of steps the means of CPU seconds, PQ-PSNR and PQ-SSIM over the pairs that have it."""
    kept: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for row in (row for pair in pairs for row in pair["by_time"]):
        kept.setdefault((row.get("method", f"{GAMMA} 16"), int(row["steps"])), []).append(row)
    return [
        {"method": method, "steps": steps, "cpu_seconds": sum(r["cpu_seconds"] for r in rows) / len(rows)}
        | {key: summary([r[key] for r in rows if key in r]) for key in ("pq_psnr", "pq_ssim")}
        for (method, steps), rows in sorted(kept.items())
    ]


# -- as text ----------------------------------------------------------------------------------------------------------


def _csv(pairs: Sequence[Pair]) -> str:
    """Every figure of every pair and row."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(["view", "mapper", "row", *COLUMNS])
    for pair in pairs:
        for name, row in pair["rows"].items():
            lines.writerow([pair["view"], pair["mapper"], name, *(row.get(key, "") for key in COLUMNS)])
    return text.getvalue()


def _cell(found: Summary | None, digits: int) -> str:
    if found is None:
        return ""
    middle = f"{found.mean:,.{digits}f}"
    return middle if found.count < 2 or not digits else f"{middle} ({found.low:.{digits}f} to {found.high:.{digits}f})"


def _lines(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(line)} |" for line in (head, ["---"] * len(head), *rows)]


def markdown(pairs: Sequence[Pair], state: dict[str, Any]) -> str:
    """All tables as markdown."""
    views, mappers = (list(dict.fromkeys(p[key] for p in pairs)) for key in ("view", "mapper"))
    claim = state["claim"]
    base = f"a JPEG of quality {claim['base_quality']}" if claim["base_quality"] else "its exact 8 bits"
    lines = [
        f"Pairs: {len(pairs)}, of views {', '.join(views)}, at most {' x '.join(map(str, claim['size']))} "
        f"pixels, by tone mappers {', '.join(mappers)}. Coded maps are means of areas, 4:4:4, where their row does not "
        f"say bicubic and 4:2:0. The SDR picture is {base}. "
        f"Seed {claim['settings']['seed']}, commit {state['commit']}. Means over views, 95% bootstrap intervals.",
        "",
    ]
    found = table(pairs)
    columns = [key for key in COLUMNS if any(key in row for row in found.values())]
    heads = ["row", *(COLUMNS[key][0] for key in columns)]
    rows = [[_of(n, r, len(views)), *(_cell(r.get(k), COLUMNS[k][1]) for k in columns)] for n, r in found.items()]
    lines += _lines(heads, rows)
    tables = {mapper: table(pairs, mapper) for mapper in mappers}
    lines += ["", "PQ-PSNR dB by tone mapper:", ""]
    lines += _lines(
        ["row", *mappers], [[n, *(_cell(tables[m].get(n, {}).get("pq_psnr"), 2) for m in mappers)] for n in found]
    )
    lines += ["", "Gamma networks over the best map of their bytes or less, dB:", ""]
    lines += _lines(
        ["tone mapper", "network", "over gain maps", "over gamma maps", f"{GOAL:g} dB"], _verdict_rows(pairs)
    )
    times = by_time(pairs)
    if times:
        rows = [
            [t["method"], str(t["steps"]), f"{t['cpu_seconds']:.2f}", _cell(t["pq_psnr"], 2), _cell(t["pq_ssim"], 4)]
            for t in times
        ]
        lines += ["", "By time, on the views that have it:", ""]
        lines += _lines(["method", "steps", "CPU s", "PQ-PSNR dB", "PQ-SSIM"], rows)
    return "\n".join(lines) + "\n"


def _of(name: str, row: dict[str, Summary], views: int) -> str:
    """The name, and of how many views the row is where it is not of all."""
    count = row["pq_psnr"].count
    return name if count == views else f"{name} ({count} of {views} views)"


def _verdict_rows(pairs: Sequence[Pair]) -> list[list[str]]:
    return [
        [mapper, name, _cell(gains["over_gain_maps_db"], 2) or "none so small", _cell(gains["over_gamma_maps_db"], 2),
         "yes" if gains["goal_reached"] else "no"]
        for mapper, networks in verdict(pairs).items()
        for name, gains in networks.items()
    ]  # fmt: skip
