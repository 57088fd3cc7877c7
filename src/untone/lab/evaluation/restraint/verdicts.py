"""`untone eval --restraint`: measured numbers of methods beside the bounds, kind by kind."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .... import colour
from ....console.progress import tracked
from ....image import Image
from ...data.restraint.cases import CHOOSE, REPORT, Case
from .. import contact_sheet
from ..methods import Made, Method
from ..pictures import Picture, stops_between
from ..protocols import own_light
from .bounds import KINDS, MEASURES, Bound, Light, Rendered

FORMULAS = ("square", "gentle square")
"""Baselines beside the models."""


@dataclasses.dataclass(frozen=True)
class Verdict:
    """One picture under one method: every measure of its kind."""

    case: str
    kind: str
    half: str
    method: str
    values: Mapping[str, float]

    @property
    def held(self) -> bool:
        """Whether it keeps to every bound of its kind."""
        return all(bound.holds(self.values[bound.measure]) for bound in KINDS[self.kind])


def judged(case: Case, methods: Iterable[Method]) -> list[tuple[Verdict, Rendered]]:
    """What each method makes of one picture."""
    picture = as_picture(case)
    found = []
    for method in methods:
        light = as_light(picture, method.make(picture))
        seen = Rendered(picture.encoded, stops_between(picture.light, light), light, case.regions)
        values = {bound.measure: MEASURES[bound.measure][0](seen) for bound in KINDS[case.kind]}
        found.append((Verdict(case.name, case.kind, case.half, method.name, values), seen))
    return found


def as_light(picture: Picture, made: Made) -> Light:
    """[h, w, 3] linear light in BT.709 of what a method made, whether it gives gains or light itself."""
    if made.direct is None:
        return own_light(picture, made)
    return made.direct.light @ colour.rgb_to_rgb(made.direct.primaries, "bt709").T


def of_all(cases: Sequence[Case], methods: Sequence[Method], folder: Path | None = None) -> list[Verdict]:
    """Every picture under every method; with a folder, a contact sheet of each there."""
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    found: list[Verdict] = []
    for case in tracked(cases, "pictures of the restraint set"):
        judgements = judged(case, methods)
        found += [verdict for verdict, _ in judgements]
        if folder:
            rows = {"SDR": as_picture(case).light} | {verdict.method: seen.light for verdict, seen in judgements}
            contact_sheet.save(folder / f"restraint-{case.name}.png", rows)
    return found


def as_picture(case: Case) -> Picture:
    """The picture as methods take it; it has no truth, so the base stands there."""
    codes = case.codes()
    light = colour.code_table("srgb")[codes]
    return Picture(case.name, Image(codes), 1, codes, light, light)


def share_held(verdicts: Iterable[Verdict]) -> float:
    """Share of the pictures that keep to their bounds, 0 to 1."""
    return float(np.mean([verdict.held for verdict in verdicts]))


def kinds_held(verdicts: Iterable[Verdict]) -> tuple[int, int]:
    """Kinds whose pictures all hold, and kinds."""
    whole: dict[str, bool] = {}
    for verdict in verdicts:
        whole[verdict.kind] = whole.get(verdict.kind, True) and verdict.held
    return sum(whole.values()), len(whole)


def markdown(verdicts: Sequence[Verdict]) -> str:
    """A line for each kind and bound, a column for each method; then shares held, for choosing and to report."""
    methods = list(dict.fromkeys(v.method for v in verdicts))
    lines = [
        f"\n### must not shine, must shine ({len(verdicts) // len(methods)} pictures)\n",
        "Held pictures of the kind, and the measured numbers from the least to the most.\n",
        _row(["kind", "bound", *methods]),
        "|---" * (len(methods) + 2) + "|",
    ]
    for kind, bounds in KINDS.items():
        of_kind = [v for v in verdicts if v.kind == kind]
        for k, bound in enumerate(bounds if of_kind else ()):
            cells = [_cell([v for v in of_kind if v.method == m], bound, k == 0) for m in methods]
            lines.append(_row([f"{kind} ({len(of_kind) // len(methods)})" if k == 0 else "", str(bound), *cells]))
    for title, chosen in _halves(verdicts).items():
        cells = [_total([v for v in chosen if v.method == m]) for m in methods]
        lines.append(_row([f"**{title}** ({len(chosen) // len(methods)})", "all bounds", *cells]))
    return "\n".join(lines) + "\n"


def _halves(verdicts: Sequence[Verdict]) -> dict[str, list[Verdict]]:
    named: dict[str, Callable[[Verdict], bool]] = {
        "for choosing": lambda v: v.half == CHOOSE, "only to report": lambda v: v.half == REPORT, "all": lambda v: True,
    }  # fmt: skip
    halves = {title: [v for v in verdicts if of(v)] for title, of in named.items()}
    return {title: chosen for title, chosen in halves.items() if chosen}


def _cell(of_kind: Sequence[Verdict], bound: Bound, first: bool) -> str:
    values = sorted(v.values[bound.measure] for v in of_kind)
    spread = f"{values[0]:.2f}" if len(values) == 1 else f"{values[0]:.2f}..{values[-1]:.2f}"
    mark = "" if all(map(bound.holds, values)) else " !"
    held = f"{sum(v.held for v in of_kind)}/{len(of_kind)}, " if first else ""
    return f"{held}{spread}{mark}"


def _total(chosen: Sequence[Verdict]) -> str:
    kinds = kinds_held(chosen)
    return f"{100 * share_held(chosen):.0f} % held; whole kinds {kinds[0]} of {kinds[1]}"


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def as_json(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """Shares, and every picture's numbers beside its bounds."""
    methods = list(dict.fromkeys(v.method for v in verdicts))
    shares = {
        title: {m: share_held([v for v in chosen if v.method == m]) for m in methods}
        for title, chosen in _halves(verdicts).items()
    }
    bounds = {kind: [str(bound) for bound in of_kind] for kind, of_kind in KINDS.items()}
    pictures = [dataclasses.asdict(v) | {"values": dict(v.values), "held": v.held} for v in verdicts]
    return {"restraint": {"share_held": shares, "bounds": bounds, "pictures": pictures}}
