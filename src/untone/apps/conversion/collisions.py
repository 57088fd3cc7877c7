"""Photos of one batch that would become the same file, or overwrite one another; of files here and in stores.

A folder often holds a photo in several formats: what `untone to` made of it, or what a camera wrote beside it. Only
where nobody can tell which of them is the photo is that a fault.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Sequence
from pathlib import PurePath

VERSIONS = {".heic": 1, ".heif": 1, ".avif": 2, ".jxl": 2}
"""Suffixes of versions of a photo that stands beside them: in formats that photos are delivered in, `to` writes them;
the number is how far they are from it. HEIC may be a camera's own."""


@dataclasses.dataclass(frozen=True)
class Intent:
    """One photo that is to become a file.

    Attributes:
        name: as the user knows it, for messages.
        path: of the photo, by which versions of it are told.
        source, target: what is the same for the same file.
        shown: the target, for messages.
    """

    name: str
    path: PurePath
    source: Hashable
    target: Hashable
    shown: str


@dataclasses.dataclass(frozen=True)
class Obstacle:
    """Why a photo is not converted.

    Attributes:
        reason: one line.
        is_fault: whether that is a fault; else the photo is left alone.
    """

    reason: str
    is_fault: bool = True


def obstacles(asked: Sequence[Intent], *, force: bool = False) -> list[Obstacle | None]:
    """For each photo what stands in its way; None where nothing does.

    Args:
        asked: of one batch, or all of it that may meet.
        force: whether outputs that exist are replaced: one that may be a photo of its own is not.
    """
    same: dict[Hashable, list[Intent]] = {}
    for one in asked:
        same.setdefault(one.target, []).append(one)
    aside = {one.source: reason for one in asked if (reason := _reason_to_leave(one, same[one.target]))}
    photos = {one.source: one.name for one in asked}
    found: list[Obstacle | None] = []
    for one in asked:
        others = [other.name for other in same[one.target] if other is not one and other.source not in aside]
        overwritten = photos.get(one.target)
        if one.source in aside:
            found.append(Obstacle(aside[one.source], is_fault=False))
        elif overwritten is not None and (force or one.target not in aside):
            found.append(Obstacle(f"the output would overwrite {overwritten}, another of the inputs"))
        elif others:
            both = f"it and {', '.join(others)} would both become {one.shown}"
            found.append(Obstacle(f"{both}; --exclude all but one of them"))
        else:
            found.append(None)
    return found


def _reason_to_leave(one: Intent, rivals: Sequence[Intent]) -> str | None:
    """Why a photo is none that this batch is for: it is a version of one beside it, or its own output already."""
    beside = [rival for rival in rivals if rival.path.parent == one.path.parent]
    nearest = min(map(_distance, beside))
    if _distance(one) > nearest:
        photos = (rival.path.name for rival in beside if _distance(rival) == nearest)
        return f"it is {' or '.join(photos)} in another format"
    return f"it is {one.path.suffix.lower()} already" if one.source == one.target else None


def _distance(one: Intent) -> int:
    return VERSIONS.get(one.path.suffix.lower(), 0)
