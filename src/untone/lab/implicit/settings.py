"""Configuration of the comparison of `untone rivals`; without torch."""

from __future__ import annotations

import dataclasses

GROUPS = ("maps", "direct-mlp", "mlp-itm", "networks")
"""Rows of the table that a run may be asked for; `networks` are ours."""


@dataclasses.dataclass(frozen=True)
class Settings:
    """Configuration of a comparison.

    Attributes:
        divisors, qualities: of coded residuals.
        most_bytes: a curve ends behind its first point above it.
        neurons: of gamma networks.
        steps, batch: of training of all networks that are not somebody's own schedule.
        ladder: steps of the table of quality by time.
        seed: of everything drawn.
        only: which of GROUPS; curves of maps are always drawn.
    """

    divisors: tuple[int, ...] = (8, 4, 2, 1)
    qualities: tuple[int, ...] = (30, 60, 80, 92)
    most_bytes: int = 40_000
    neurons: tuple[int, ...] = (8, 16, 48)
    steps: int = 4000
    batch: int = 2048
    ladder: tuple[int, ...] = (250, 500, 1000, 2000, 4000, 8000)
    seed: int = 0
    only: tuple[str, ...] = GROUPS
