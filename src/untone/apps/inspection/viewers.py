"""RULES, the registry of deviations: severity of each, and what viewers do about it.

Every line was tried with Chromium 156, libultrahdr 2.0.2, libavif 1.4.2 or gainmap-js 3.7.3, or says "documented".
Where nothing is said about a viewer, nothing was tried with it.
"""

from __future__ import annotations

import dataclasses

BROKEN, WARNING = "broken", "warning"


@dataclasses.dataclass(frozen=True)
class Rule:
    """One kind of deviation.

    Attributes:
        severity: BROKEN where some viewer loses the light or the picture; WARNING where all that were tried cope.
        viewers: what each does about it.
    """

    severity: str
    viewers: dict[str, str] = dataclasses.field(default_factory=dict)


_GARBAGE = {"Chromium": "renders garbage", "libultrahdr (old)": "renders garbage"}
_REFUSED = {"Chromium": "fails the whole image", "libavif": "refuses the file"}
_REFUSED_AVIF = {"Chromium (AVIF)": "fails the whole image", "libavif": "refuses the file"}
_SDR = dict.fromkeys(("Chromium", "libavif"), "ignores the gain map")
_READ = dict.fromkeys(("Chromium", "libavif"), "reads it")

RULES = {
    "unreadable": Rule(BROKEN),
    "mpf-missing": Rule(
        BROKEN, {"Chromium": "ignores the gain map", "libultrahdr": "finds the map by its start marker"}
    ),
    "mpf-attribute": Rule(BROKEN, {"Chromium": "ignores the gain map unless the type is 0x030000"}),
    "mpf-offset": Rule(
        BROKEN, {"Chromium": "ignores the gain map", "libultrahdr": "finds the map by its start marker"}
    ),
    "mpf-size": Rule(WARNING, {"Chromium": "tolerates a size that is off by two"}),
    "marker-missing": Rule(BROKEN, {"Chromium": "ignores the gain map", "libultrahdr": "does not need it"}),
    "marker-iso": Rule(WARNING, {"Chromium": "takes the XMP instead"}),
    "marker-xmp": Rule(WARNING, {"Chromium": "takes ISO 21496-1 instead"}),
    "marker-newer": Rule(WARNING, {"Chromium": "takes the XMP instead; without that it ignores the gain map"}),
    "xmp-version": Rule(BROKEN, {"Chromium": "ignores the gain map"}),
    "container-missing": Rule(WARNING, {"Chromium": "does not need it", "Android": "needs it (documented)"}),
    "container-length": Rule(WARNING, {"Chromium": "ignores it", "libultrahdr": "ignores it", "Android": "not tried"}),
    "flavours-disagree": Rule(WARNING, dict.fromkeys(("Chromium", "libultrahdr", "gainmap-js"), "takes ISO 21496-1")),
    "iso-missing": Rule(WARNING, {"iOS, macOS": "may show SDR: they read ISO 21496-1 (documented)"}),
    "xmp-missing": Rule(WARNING, {"Android 14": "shows SDR: it reads XMP only (documented)"}),
    "xmp-per-channel": Rule(WARNING, {"libultrahdr": "cannot read it", "Chromium": "reads it", "libavif": "reads it"}),
    "common-denominator": Rule(
        BROKEN,
        {
            "Chromium": "does not read it",
            "libavif": "does not read it",
            "libultrahdr": "reads it",
            "gainmap-js": "reads it",
        },
    ),
    "backward-flag": Rule(BROKEN, {"Chromium": "ignores the flag", "libultrahdr": "refuses the file"}),
    "newer-writer": Rule(WARNING, {"Chromium": "reads it", "libultrahdr": "reads it", "hdr-conversion": "refuses it"}),
    "newer-reader": Rule(BROKEN, {"all": "must refuse the metadata", **_SDR}),
    "iso-size": Rule(BROKEN, _REFUSED_AVIF),
    "zero-denominator": Rule(BROKEN, {"Chromium": "shows NaN pixels", **_REFUSED_AVIF}),
    "not-finite": Rule(BROKEN, _GARBAGE),
    "gamma": Rule(BROKEN, {**_GARBAGE, **_REFUSED_AVIF}),
    "min-above-max": Rule(BROKEN, {**_GARBAGE, **_REFUSED_AVIF}),
    "capacities": Rule(BROKEN, _GARBAGE),
    "metadata": Rule(BROKEN),
    "headrooms-equal": Rule(WARNING, {"libavif": "applies nothing", "Chromium (AVIF)": "applies the map in full"}),
    "grey-base": Rule(BROKEN, {"libultrahdr": "refuses the file"}),
    "map-missing": Rule(BROKEN, {"Chromium": "shows SDR"}),
    "map-left-out": Rule(BROKEN),
    "map-truncated": Rule(BROKEN, {"Chromium": "shows SDR"}),
    "map-subsampled": Rule(WARNING),
    "map-orientation": Rule(WARNING),
    "brand-missing": Rule(BROKEN, _SDR),
    "brand-structural": Rule(WARNING, _READ),
    "altr-missing": Rule(BROKEN, _SDR),
    "altr-order": Rule(
        BROKEN, {"Chromium": "ignores the gain map", "libavif": "ignores it where the base comes before it"}
    ),
    "dimg-count": Rule(BROKEN, _REFUSED),
    "dimg-order": Rule(BROKEN, {"Chromium": "fails the whole image", "libavif": "ignores the gain map"}),
    "tmap-primary": Rule(BROKEN, {"Chromium": "reads it", "libavif": "refuses the file"}),
    "tmap-twice": Rule(BROKEN, _REFUSED),
    "tmap-size": Rule(BROKEN, _REFUSED),
    "tmap-turned": Rule(BROKEN, _REFUSED),
    "tmap-pixi": Rule(WARNING, _READ),
    "map-turned": Rule(BROKEN, {"Chromium": "ignores the gain map", "libavif": "refuses the file"}),
    "pixi-missing": Rule(BROKEN, {"Chromium": "reads it", "libavif": "refuses the file"}),
    "pixi-wrong": Rule(BROKEN, {"Chromium": "fails the image, or ignores the gain map", "libavif": "refuses the file"}),
    "not-essential": Rule(BROKEN, _REFUSED),
    "essential-unknown": Rule(
        BROKEN, {"Chromium": "ignores the gain map", "libavif": "ignores the gain map, or refuses the file"}
    ),
    "cropped": Rule(BROKEN, {"Chromium": "ignores the gain map", "libavif": "refuses the file"}),
    "map-shallow": Rule(BROKEN, {"Chromium": "ignores the gain map", "libavif": "reads it"}),
    "map-tall": Rule(
        BROKEN,
        {"Chromium": "reads as many rows of it as the base has: the light below is another", "libavif": "shrinks it"},
    ),
    "map-large": Rule(WARNING, {"Chromium": "shrinks it, so that light is off by up to 1 %"}),
    "map-single": Rule(WARNING, _READ),
    "identity": Rule(BROKEN, _REFUSED),
    "colour-missing": Rule(WARNING, _READ),
    "colour-twice": Rule(BROKEN, _REFUSED),
    "property-twice": Rule(WARNING, dict.fromkeys(("Chromium", "libavif"), "takes the first")),
    "hidden": Rule(WARNING, _READ),
    "trailing-bytes": Rule(WARNING, {"Chromium": "ignores them: a motion photo has them"}),
    "reader": Rule(WARNING),
}
"""By name. "reader" is anything else that our own reader warns of."""
