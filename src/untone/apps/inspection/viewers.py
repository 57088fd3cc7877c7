"""What viewers show: READERS of each kind of gain map, RULES of what deviates, and `shown`, which puts both together.

`untone inspect`, its --strict and the tables of docs/formats.md have it all from here. Every line was tried with
Chromium 150 or 156, libultrahdr 2.0.2, libavif 1.4.2 or gainmap-js 3.7.3, or says "documented"; Chromium is asked
again by tests/witness/test_deviations.py. Where nothing is said about a viewer, nothing was tried with it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Protocol

BROKEN, WARNING = "broken", "warning"

READERS: dict[str, dict[str, tuple[str, ...]]] = {
    "jpeg": {
        "iso21496-1": ("Chrome", "iOS 18", "macOS 15", "Android 15"),
        "hdrgm-xmp": ("Chrome", "Android 14", "Google Photos"),
        "apple": ("Apple Photos", "Chrome"),
    },
    "avif": {"iso21496-1": ("Chrome", "Safari 26", "Lightroom")},
    "heic": {"iso21496-1": ("iOS 18", "macOS 15", "Android 16"), "apple": ("Apple Photos",)},
    "jxl": {"iso21496-1": ("Lightroom",)},
}
"""Viewers that show a gain map, by container and flavour of its parameters."""

MEANT = {
    "Chromium": ("Chrome",),
    "Chromium (AVIF)": ("Chrome",),
    "Android": ("Android 14", "Google Photos"),
    "Android 14": ("Android 14", "Google Photos"),
    "iOS, macOS": ("iOS 18", "macOS 15", "Apple Photos"),
}
"""Who of READERS is meant by a viewer of RULES; "all" are all, libraries none."""


@dataclasses.dataclass(frozen=True)
class Does:
    """What a viewer does about a deviation.

    Attributes:
        text: in words, after the viewer's name.
        lit: whether it shows the light of the gain map all the same.
    """

    text: str
    lit: bool = False


@dataclasses.dataclass(frozen=True)
class Rule:
    """One kind of deviation.

    Attributes:
        severity: BROKEN where some viewer that was tried, or a library that viewers of the format are built on, loses
            the light or the picture; WARNING where they cope.
        viewers: what each does about it.
        void: the specification gives such a map no effect: viewers that are not named show none.
    """

    severity: str
    viewers: dict[str, Does] = dataclasses.field(default_factory=dict)
    void: bool = False


IGNORES, FAILS, REFUSES = Does("ignores the gain map"), Does("fails the whole image"), Does("refuses the file")
SHOWS_SDR, GARBAGE, NOTHING = Does("shows SDR"), Does("renders garbage"), Does("applies nothing")
READS, COPES, UNNEEDED = Does("reads it", lit=True), Does("ignores it", lit=True), Does("does not need it", lit=True)
BY_MARKER = Does("finds the map by its start marker", lit=True)
BY_DIRECTORY = Does("finds the map by the container directory", lit=True)
TAKES_XMP, TAKES_ISO = Does("takes the XMP instead", lit=True), Does("takes ISO 21496-1 instead", lit=True)
FIRST = Does("takes the first", lit=True)

_GARBAGE = {"Chromium": GARBAGE, "libultrahdr (old)": GARBAGE}
_REFUSED = {"Chromium": FAILS, "libavif": REFUSES}
_REFUSED_AVIF = {"Chromium (AVIF)": FAILS, "libavif": REFUSES}
_SDR = dict.fromkeys(("Chromium", "libavif"), IGNORES)
_READ = dict.fromkeys(("Chromium", "libavif"), READS)

RULES = {
    "unreadable": Rule(BROKEN),
    "mpf-missing": Rule(BROKEN, {"Chromium": IGNORES, "libultrahdr": BY_MARKER}),
    "mpf-attribute": Rule(BROKEN, {"Chromium": Does("ignores the gain map unless the type is 0x030000")}),
    "mpf-offset": Rule(BROKEN, {"Chromium": IGNORES, "libultrahdr": BY_MARKER}),
    "mpf-itself": Rule(BROKEN, {"Chromium": Does("takes the photo for its own gain map"), "libultrahdr": BY_MARKER}),
    "mpf-size": Rule(WARNING, {"Chromium": Does("tolerates a size that is off by two", lit=True)}),
    "marker-missing": Rule(BROKEN, {"Chromium": IGNORES, "libultrahdr": UNNEEDED}),
    "marker-iso": Rule(WARNING, {"Chromium": TAKES_XMP}),
    "marker-xmp": Rule(
        WARNING, {"Chromium": TAKES_ISO, "Android 14": Does("shows SDR: it looks for it first (documented)")}
    ),
    "marker-newer": Rule(
        WARNING, {"Chromium": Does("takes the XMP instead; without that it ignores the gain map", lit=True)}
    ),
    "xmp-version": Rule(BROKEN, {"Chromium": IGNORES}),
    "container-missing": Rule(WARNING, {"Chromium": UNNEEDED, "Android": Does("needs it (documented)")}),
    "container-length": Rule(
        WARNING, {"Chromium": COPES, "libultrahdr": COPES, "Android": Does("not tried", lit=True)}
    ),
    "flavours-disagree": Rule(
        WARNING, dict.fromkeys(("Chromium", "libultrahdr", "gainmap-js"), Does("takes ISO 21496-1", lit=True))
    ),
    "iso-missing": Rule(WARNING, {"iOS, macOS": Does("may show SDR: they read ISO 21496-1 (documented)")}),
    "xmp-missing": Rule(WARNING, {"Android 14": Does("shows SDR: it reads XMP only (documented)")}),
    "xmp-per-channel": Rule(WARNING, {"libultrahdr": Does("cannot read it"), "Chromium": READS, "libavif": READS}),
    "common-denominator": Rule(
        BROKEN,
        {
            "Chromium": Does("does not read it"),
            "libavif": Does("does not read it"),
            "libultrahdr": READS,
            "gainmap-js": READS,
        },
    ),
    "backward-flag": Rule(BROKEN, {"Chromium": Does("ignores the flag", lit=True), "libultrahdr": REFUSES}),
    "newer-writer": Rule(WARNING, {"Chromium": READS, "libultrahdr": READS, "hdr-conversion": Does("refuses it")}),
    "newer-reader": Rule(BROKEN, {"all": Does("must refuse the metadata"), **_SDR}),
    "iso-size": Rule(BROKEN, _REFUSED_AVIF),
    "zero-denominator": Rule(BROKEN, {"Chromium": Does("shows NaN pixels"), **_REFUSED_AVIF}),
    "not-finite": Rule(BROKEN, _GARBAGE),
    "gamma": Rule(BROKEN, {**_GARBAGE, **_REFUSED_AVIF}),
    "min-above-max": Rule(BROKEN, {**_GARBAGE, **_REFUSED_AVIF}),
    "capacities": Rule(BROKEN, _GARBAGE),
    "metadata": Rule(BROKEN),
    "headrooms-equal": Rule(
        WARNING,
        {
            "libavif": NOTHING,
            "Chromium": Does("applies nothing on HDR screens, and something else on SDR screens"),
            "Chromium (AVIF)": Does("applies the map in full", lit=True),
        },
        void=True,
    ),
    "grey-base": Rule(WARNING, {"Chromium": READS, "libultrahdr": REFUSES}),
    "map-missing": Rule(BROKEN, {"Chromium": SHOWS_SDR}),
    "map-left-out": Rule(BROKEN),
    "images-missing": Rule(WARNING, {"Chromium": SHOWS_SDR}),
    "map-truncated": Rule(BROKEN, {"Chromium": SHOWS_SDR}),
    "map-subsampled": Rule(WARNING),
    "map-orientation": Rule(WARNING),
    "brand-missing": Rule(BROKEN, _SDR),
    "brand-structural": Rule(WARNING, _READ),
    "altr-missing": Rule(BROKEN, _SDR),
    "altr-order": Rule(BROKEN, {"Chromium": IGNORES, "libavif": Does("ignores it where the base comes before it")}),
    "dimg-count": Rule(BROKEN, _REFUSED),
    "dimg-order": Rule(BROKEN, {"Chromium": FAILS, "libavif": IGNORES}),
    "tmap-primary": Rule(BROKEN, {"Chromium": READS, "libavif": REFUSES}),
    "tmap-twice": Rule(BROKEN, _REFUSED),
    "tmap-size": Rule(BROKEN, _REFUSED),
    "tmap-turned": Rule(BROKEN, _REFUSED),
    "tmap-pixi": Rule(WARNING, _READ),
    "map-turned": Rule(BROKEN, {"Chromium": IGNORES, "libavif": REFUSES}),
    "pixi-missing": Rule(BROKEN, {"Chromium": READS, "libavif": REFUSES}),
    "pixi-wrong": Rule(BROKEN, {"Chromium": Does("fails the image, or ignores the gain map"), "libavif": REFUSES}),
    "not-essential": Rule(BROKEN, _REFUSED),
    "essential-unknown": Rule(
        BROKEN, {"Chromium": IGNORES, "libavif": Does("ignores the gain map, or refuses the file")}
    ),
    "cropped": Rule(BROKEN, {"Chromium": IGNORES, "libavif": REFUSES}),
    "map-shallow": Rule(BROKEN, {"Chromium": IGNORES, "libavif": READS}),
    "map-tall": Rule(
        BROKEN,
        {
            "Chromium": Does("reads as many rows of it as the base has: the light below is another"),
            "libavif": Does("shrinks it", lit=True),
        },
    ),
    "map-large": Rule(WARNING, {"Chromium": Does("shrinks it, so that light is off by up to 1 %", lit=True)}),
    "map-single": Rule(WARNING, _READ),
    "identity": Rule(BROKEN, _REFUSED),
    "colour-missing": Rule(WARNING, _READ),
    "colour-twice": Rule(BROKEN, _REFUSED),
    "property-twice": Rule(WARNING, dict.fromkeys(("Chromium", "libavif"), FIRST)),
    "hidden": Rule(WARNING, _READ),
    "trailing-bytes": Rule(WARNING, {"Chromium": Does("ignores them: a motion photo has them", lit=True)}),
    "reader": Rule(WARNING),
}
"""By name. "reader" is anything else that our own reader warns of."""


class Deviation(Protocol):
    """A finding of validation: its rule, and what each viewer does about it there."""

    @property
    def rule(self) -> str:
        """One of RULES."""

    @property
    def viewers(self) -> dict[str, Does]:
        """What each does about it."""


def shown(container: str, encodings: Iterable[str], found: Iterable[Deviation]) -> tuple[list[str], dict[str, str]]:
    """Viewers that show a file's gain map, and those that would but for a deviation.

    Args:
        container: name of the format.
        encodings: flavours of the gain map's parameters.
        found: all deviations of the file.

    Returns:
        Names of READERS, in their order; the others of them with the rule that costs them the light.
    """
    flavours: dict[str, tuple[str, ...]] = READERS.get(container, {})
    known = list(dict.fromkeys(name for encoding in encodings for name in flavours.get(encoding, ())))
    lost: dict[str, str] = {}
    for deviation in found:
        said = {name: does for viewer, does in deviation.viewers.items() for name in _meant(viewer, container, known)}
        dark = [name for name in known if name in said and not said[name].lit]
        dark += [name for name in known if name not in said and RULES[deviation.rule].void]
        lost = {**dict.fromkeys(dark, deviation.rule), **lost}
    return [name for name in known if name not in lost], {name: lost[name] for name in known if name in lost}


def _meant(viewer: str, container: str, known: list[str]) -> Iterable[str]:
    if viewer == "all":
        return known
    return MEANT.get(viewer, ()) if not viewer.endswith("(AVIF)") or container == "avif" else ()
