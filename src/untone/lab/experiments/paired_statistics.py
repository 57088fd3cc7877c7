"""Means of rows, and differences to a reference row paired by picture and seed, with standard errors."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection, Mapping, Sequence

import numpy as np

Scores = Mapping[str, Mapping[str, float]]
"""Picture -> measure -> value."""

MEDIANS = ("hue_shift_degrees", "black_lift_nits")
"""Measures whose table entry is a median over pictures, as users complain of them; the others are means."""


@dataclasses.dataclass(frozen=True)
class Difference:
    """Mean over seeds and pictures of row minus reference, and its standard errors.

    Attributes:
        mean: of all paired differences.
        over_seeds: standard error of the seeds' means; NaN with fewer than two seeds.
        over_pictures: standard error of the pictures' means over seeds; NaN with fewer than two pictures.
    """

    mean: float
    over_seeds: float
    over_pictures: float


def paired(row: Sequence[Scores], reference: Sequence[Scores], measure: str, seeded: bool = True) -> Difference:
    """The paired difference of two rows; each has one Scores per seed, in the same order.

    While an experiment runs, one may have more seeds than the other: those that both have are compared. A row without
    seeds (`seeded` false: a rule) is paired with every seed of the reference.
    """
    rows = list(row) if seeded else [row[0]] * len(reference)
    both = min(len(rows), len(reference))
    rows, references = rows[:both], list(reference[:both])
    names = sorted(set.intersection(*(set(scores) for scores in (*rows, *references))))
    gaps = np.array(
        [[r[n][measure] - f[n][measure] for n in names] for r, f in zip(rows, references, strict=True)]
    )  # [seeds, pictures]
    return Difference(float(gaps.mean()), _standard_error(gaps.mean(1)), _standard_error(gaps.mean(0)))


def _standard_error(values: np.ndarray) -> float:
    return float(values.std(ddof=1) / math.sqrt(len(values))) if len(values) > 1 else math.nan


def middle(row: Sequence[Scores], measure: str) -> float:
    """Mean over seeds of the mean (of MEDIANS, the median) over pictures."""
    take = np.median if measure in MEDIANS else np.mean
    return float(np.mean([take([values[measure] for values in scores.values()]) for scores in row]))


def cell(difference: Difference) -> str:
    """`-0.31 ± 0.05 / 0.08`: mean, standard error over seeds, over pictures; n/a where there are too few."""
    seeds, pictures = (
        f"{v:.2f}" if math.isfinite(v) else "n/a" for v in (difference.over_seeds, difference.over_pictures)
    )
    return f"{difference.mean:+.2f} ± {seeds} / {pictures}"


def markdown(
    rows: Mapping[str, Sequence[Scores]], reference: str, notes: Mapping[str, str], rules: Collection[str] = ()
) -> str:
    """A table of PQ-PSNR, paired difference, and what users complain of.

    `notes` says each row's budget, `rules` which rows have no seeds.
    """
    lines = [
        f"| row | PQ-PSNR dB | minus {reference} ± SE seeds / pictures | dE_ITP | hue shift (deg) | black lift (nit) |"
        " seeds | training |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, row in rows.items():
        if not row:
            lines.append(f"| {name} | not yet | | | | | 0 | {notes[name]} |")
            continue
        gap = (
            cell(paired(row, rows[reference], "pq_psnr", name not in rules))
            if rows[reference] and name != reference
            else ""
        )
        figures = (middle(row, key) for key in ("pq_psnr", "delta_e_itp", *MEDIANS))
        psnr, itp, hue, black = figures
        lines.append(
            f"| {name} | {psnr:.2f} | {gap} | {itp:.1f} | {hue:.2f} | {black:.3f} | {len(row)} | {notes[name]} |"
        )
    return "\n".join(lines) + "\n"
