"""Pairing of SDR and HDR files by name, never by sorted order, and never by guessing between two.

The published data sets take the first seven characters of a name as its identity and pair two folders by sorted order;
one missing file then shifts all pairs after it. Here a name leads to its partner, or the pair is reported as broken.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from .opened import Fault

ID_LENGTH = 7
"""Characters of a GMNet name that say which picture a patch is of: IMG_365_s024 is of IMG_365."""

_ROLE = "sdr|hdr|ldr|gm|ngm|gainmap|gain|map|qmax|meta|metadata|thumb|thumbnail|image|input|gt"
_ROLES = re.compile(rf"^(?:(?:{_ROLE})[_-]+)+|(?:[_-]+(?:{_ROLE}))+$", re.IGNORECASE)
_PATCH = re.compile(r"(?P<stem>.+)_y(?P<top>\d+)_x(?P<left>\d+)_of_(?P<height>\d+)x(?P<width>\d+)")


class Place(NamedTuple):
    """Where a patch was cut: the picture's name and size, and the patch's first row and column."""

    stem: str
    top: int
    left: int
    height: int
    width: int


def patch_name(stem: str, top: int, left: int, height: int, width: int) -> str:
    """The name of a patch: unique, sorted by place, and enough to find its window again."""
    return f"{stem}_y{top:05d}_x{left:05d}_of_{height}x{width}"


def place_of(stem: str) -> Place | None:
    """Inverse of patch_name; None for other names."""
    found = _PATCH.fullmatch(stem)
    return Place(found["stem"], *(int(found[key]) for key in ("top", "left", "height", "width"))) if found else None


def window_of(stem: str, height: int, width: int) -> tuple[float, float, float, float] | None:
    """(top, left, bottom, right) in 0..1 of a patch of this size by its name; None where the name does not say.

    Raises:
        ValueError: the name contradicts the size.
    """
    place = place_of(stem)
    if place is None:
        return None
    bottom, right = place.top + height, place.left + width
    if bottom > place.height or right > place.width:
        raise ValueError(f"its name says a place outside of {place.height}x{place.width}")
    return place.top / place.height, place.left / place.width, bottom / place.height, right / place.width


def files(folder: Path, *suffixes: str) -> tuple[dict[str, Path], list[Fault]]:
    """Files of a folder by stem, in name order, hidden ones left out; a fault for two of one stem."""
    found: dict[str, Path] = {}
    faults = []
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in suffixes or path.name.startswith("."):
            continue
        if path.stem in found:
            faults.append(Fault(str(path), f"stands beside {found[path.stem].name}; which of them is meant?"))
        found.setdefault(path.stem, path)
    return found, faults


def bare(stem: str) -> str:
    """A name without the words that say which half of the pair it is: 365_sdr is 365."""
    return _ROLES.sub("", stem) or stem


def matched(left: Mapping[str, Path], right: Mapping[str, Path]) -> tuple[dict[str, str], list[Fault]]:
    """Stem of the right file of each left stem, one to one.

    Equal names first; then names equal but for role words; then equal first seven characters. Each rule counts only
    where it leaves one choice.

    Returns:
        The pairs in the order of `left`, and a fault for every file of either side that has no partner.
    """
    pairs = {stem: stem for stem in left if stem in right}
    faults = []
    for rule in (bare, lambda stem: bare(stem)[:ID_LENGTH]):
        rest = [stem for stem in left if stem not in pairs]
        taken = set(pairs.values())
        choices = _grouped((stem for stem in right if stem not in taken), rule)
        for key, stems in _grouped(rest, rule).items():
            if len(stems) == 1 and len(choices.get(key, ())) == 1:
                pairs[stems[0]] = choices[key][0]
    taken = set(pairs.values())
    lonely = [path for stem, path in left.items() if stem not in pairs]
    lonely += [path for stem, path in right.items() if stem not in taken]
    faults = [Fault(str(path), "has no partner, or more than one, in the other folder") for path in lonely]
    return {stem: pairs[stem] for stem in left if stem in pairs}, faults


def owner(stem: str, candidates: Mapping[str, Path]) -> Path | None:
    """The file that belongs to the whole picture that `stem` is, or is a patch of; None where none does.

    Tries the name itself, the name before a patch's place, the longest candidate that the name continues after a
    separator, the name without role words, and the first seven characters.
    """
    place = place_of(stem)
    tries = [stem, *([place.stem] if place else []), *_begun(stem, candidates), bare(stem), stem[:ID_LENGTH]]
    for name in tries:
        if name in candidates:
            return candidates[name]
    loose = _grouped(candidates, bare).get(bare(place.stem if place else stem), [])
    return candidates[loose[0]] if len(loose) == 1 else None


def _begun(stem: str, candidates: Iterable[str]) -> list[str]:
    """Candidates that `stem` continues after a separator, longest first."""
    parts = [match.start() for match in re.finditer(r"[_.\- ]", stem)]
    names = set(candidates)
    return [stem[:end] for end in reversed(parts) if stem[:end] in names]


def _grouped(stems: Iterable[str], rule: Callable[[str], str]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for stem in stems:
        groups.setdefault(rule(stem), []).append(stem)
    return groups
