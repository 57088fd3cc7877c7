"""Finding, a deviation from a specification; validation of gain map parameters of any file."""

from __future__ import annotations

import dataclasses
import struct
from typing import Any

from ....errors import UntoneError
from ....formats.metadata.iso21496 import BACKWARD, COMMON_DENOMINATOR, Metadata, iso_to_metadata
from ..viewers import BROKEN, RULES, TAKES_ISO, TAKES_XMP, WARNING, Does

_FAULTS = {
    "zero denominator": "zero-denominator",
    "finite": "not-finite",
    "three numbers": "not-finite",
    "gamma": "gamma",
    "Gamma": "gamma",
    "is above its maximum": "min-above-max",
    "HDRCapacity": "capacities",
    "headroom_stops": "capacities",
    "needs a reader of version": "newer-reader",
    "backward flag": "backward-flag",
    "bytes": "iso-size",
}
"""Parts of our own error messages, and the rule that they are about; the first that is found counts."""

ONE_SAMPLE = "the gain map is a single sample: the same gain everywhere"


@dataclasses.dataclass(frozen=True)
class Finding:
    """One deviation.

    Attributes:
        rule: its name.
        text: what was found, one line.
        tried: whether viewers were tried with it in such a container; where they were not, it is a warning.
        instead: what Chromium does where the file has what it takes in its place; None of what the rule says.
    """

    rule: str
    text: str
    tried: bool = True
    instead: Does | None = None

    @property
    def severity(self) -> str:
        """BROKEN or WARNING."""
        return RULES[self.rule].severity if self.tried else WARNING

    @property
    def broken(self) -> bool:
        """Whether some viewer loses the light or the picture."""
        return self.severity == BROKEN

    @property
    def viewers(self) -> dict[str, Does]:
        """What each does about it."""
        said = RULES[self.rule].viewers if self.tried else {}
        return said if self.instead is None else {**said, "Chromium": self.instead}

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        said = {viewer: does.text for viewer, does in self.viewers.items()}
        return {"rule": self.rule, "severity": self.severity, "text": self.text, "viewers": said}


def of_iso(payload: bytes) -> tuple[Metadata | None, list[Finding]]:
    """The parameters in an ISO 21496-1 payload, None where they cannot be used, and what is wrong with it."""
    found = []
    if len(payload) >= 5:
        _, writer, flags = struct.unpack_from(">HHB", payload)
        if flags & COMMON_DENOMINATOR:
            found.append(Finding("common-denominator", "ISO 21496-1 is in the draft's common-denominator form (0x08)"))
        if flags & BACKWARD:
            found.append(Finding("backward-flag", "ISO 21496-1 has the draft's backward flag (0x04)"))
        if writer:
            found.append(Finding("newer-writer", f"ISO 21496-1 was written by version {writer}; 0 is known"))
    try:
        return iso_to_metadata(payload), found
    except UntoneError as error:
        fault = of_error(error)
        return None, found if fault.rule in {f.rule for f in found} else [*found, fault]


OF_NUMBERS = set(_FAULTS.values()) | {"metadata", "common-denominator"}
"""Rules of parameters that Chromium does not use where the other flavour has whole ones."""


def excused(found: list[Finding], *, of_iso: bool) -> list[Finding]:
    """Findings of one flavour beside a whole one of the other, which Chromium takes then."""
    instead = TAKES_XMP if of_iso else TAKES_ISO
    excluded = {"backward-flag", "capacities"} if of_iso else set()
    names = OF_NUMBERS - excluded
    return [dataclasses.replace(f, instead=instead) if f.rule in names else f for f in found]


def of_error(error: UntoneError) -> Finding:
    """The deviation that an error about parameters is about."""
    text = str(error)
    return Finding(next((rule for words, rule in _FAULTS.items() if words in text), "metadata"), text)


def of_headrooms(metadata: Metadata) -> list[Finding]:
    """Findings about headrooms of parameters that are valid, and have no effect."""
    if metadata.base_headroom_stops != metadata.alternate_headroom_stops:
        return []
    return [Finding("headrooms-equal", f"both renditions have a headroom of {metadata.base_headroom_stops:g} stops")]
