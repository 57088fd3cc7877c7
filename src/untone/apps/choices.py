"""What somebody decided about each photo of a folder: `untone-choices.json`, which the page writes and batches honour.

    {"version": 1, "photos": {"beach/sun.jpg": {"strength": 80, "peak": 1000, "white": 203, "verdict": "keep"}}}

Names are paths below the folder that the file lies in, with `/` between. Every key of a photo may be left out.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..colour import PQ_PEAK_NITS
from ..errors import UntoneError
from ..formats.common.files import save
from ..image import DIFFUSE_WHITE_NITS, WHITES_NITS
from ..prediction import MAX_STRENGTH
from ..system import reachable
from ..temporaries import alone_in

FILE_NAME = "untone-choices.json"
VERSION = 1
KEEP, REJECT = "keep", "reject"
STRONGEST = 100 * MAX_STRENGTH
"""Percent of the gain that a model gives."""

MAX_FILE_BYTES = 32 << 20


@dataclasses.dataclass(frozen=True)
class Choice:
    """What was decided about one photo; the defaults are those of a photo that nobody looked at.

    Attributes:
        strength: percent of the gain, 0 to STRONGEST.
        peak: nits that no pixel exceeds; None sets no limit.
        white: nits of SDR white.
        verdict: KEEP, REJECT or None.

    Raises:
        UntoneError: a number out of its range, or another verdict.
    """

    strength: float = 100.0
    peak: float | None = None
    white: float = DIFFUSE_WHITE_NITS
    verdict: str | None = None

    def __post_init__(self) -> None:
        _check("strength", self.strength, 0, STRONGEST)
        _check("white", self.white, *WHITES_NITS)
        if self.peak is not None:
            _check("peak", self.peak, self.white, PQ_PEAK_NITS)
        if self.verdict not in (None, KEEP, REJECT):
            raise UntoneError(f"verdict must be {KEEP!r}, {REJECT!r} or absent, not {self.verdict!r}")

    def as_dict(self) -> dict[str, Any]:
        """What differs from the defaults, for JSON."""
        return {k: v for k, v in dataclasses.asdict(self).items() if v != getattr(UNTOUCHED, k)}


def _check(name: str, value: Any, least: float, most: float) -> None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not (is_number and least <= value <= most):  # not of nan, nor of integers that no float holds
        raise UntoneError(f"{name} must be a number from {least:g} to {most:g}, not {repr(value)[:40]}")


UNTOUCHED = Choice()


def choice(found: Any, before: Choice = UNTOUCHED) -> Choice:
    """A choice from JSON; what it does not say is as it was before.

    Raises:
        UntoneError: it is no object, has a key that means nothing here, or a number out of range.
    """
    names = [field.name for field in dataclasses.fields(Choice)]
    if not isinstance(found, dict) or not set(found) <= set(names):
        raise UntoneError(f"a choice is an object with no other keys than {', '.join(names)}")
    return dataclasses.replace(before, **found)


def options(kept: Choice) -> dict[str, Any]:
    """The numbers of a choice as pipeline.convert takes them."""
    return {"strength": kept.strength / 100, "peak_nits": kept.peak, "white_nits": kept.white}


def load(path: Path) -> dict[str, Choice]:
    """The choices of a file by name of photo.

    Raises:
        UntoneError: it cannot be read, or is none of ours; the message names file, photo and fault.
    """
    try:
        opened = reachable(path)
        if opened.stat().st_size > MAX_FILE_BYTES:
            raise UntoneError(f"{path}: larger than {MAX_FILE_BYTES >> 20} MiB; this is no file of choices")
        found = json.loads(opened.read_bytes())
    except OSError as error:
        raise UntoneError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise UntoneError(f"{path}: not JSON: {error}") from error
    photos = found.get("photos") if isinstance(found, dict) else None
    if not isinstance(photos, dict) or found.get("version") != VERSION:
        raise UntoneError(f"{path}: no file of choices, or not of version {VERSION}")
    return {name: _named(path, name, value) for name, value in photos.items()}


def _named(path: Path, name: str, found: Any) -> Choice:
    try:
        return choice(found)
    except UntoneError as error:
        raise UntoneError(f"{path}: {name}: {error}") from error


def update(folder: Path, changes: Mapping[str, Mapping[str, Any]]) -> dict[str, Choice]:
    """Change choices in the folder's file, whole or not at all; what else others put into it by now stays.

    Args:
        folder: of the photos.
        changes: by name of photo, the keys of its choice that change.

    Returns:
        The choices of these photos by now.

    Raises:
        UntoneError: what is there is no file of choices, a choice makes no sense, or the folder cannot be written to.
    """
    path = folder / FILE_NAME
    with alone_in(folder):
        held = load(path) if os.path.lexists(reachable(path)) else {}
        made = {name: choice(dict(given), held.get(name, UNTOUCHED)) for name, given in changes.items()}
        photos = {name: kept.as_dict() for name, kept in sorted((held | made).items()) if kept != UNTOUCHED}
        text = json.dumps({"version": VERSION, "photos": photos}, indent=1, ensure_ascii=False)
        save(path, [(text + "\n").encode("utf-8", "surrogatepass")])
    return made


def finder(path: Path) -> Callable[[Path], Choice | None]:
    """From a photo's path to what the file says of it; None of photos that it does not name.

    Raises:
        UntoneError: as load.
    """
    found, folder = load(path), Path(os.path.realpath(path.parent))

    def find(photo: Path) -> Choice | None:
        where = Path(os.path.realpath(photo.parent)) / photo.name
        return found.get(where.relative_to(folder).as_posix()) if where.is_relative_to(folder) else None

    return find
