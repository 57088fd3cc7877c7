"""How pairs are drawn: every number is a calibration against photos whose cameras and editors wrote a gain map."""

from __future__ import annotations

import dataclasses

from ..tonemapping import KINDS


@dataclasses.dataclass(frozen=True)
class Grade:
    """How HDR renditions are drawn.

    Attributes:
        key_stops: mean and spread of the exposure: log2 of the log-average of what is neither black nor bright.
        low_key_stops, low_key_share: the same for night and low-key pictures, and how many are.
        bright_share: median and logarithmic spread of the share of pixels above white, which limits the exposure.
        range_stops: range of the base layer that needs no compression.
        peak_stops: least and most of the peak over white.
        lights: stops of the peak per stop that the lights (99.9 %) stand over white before the shoulder; its spread.
    """

    key_stops: tuple[float, float] = (-2.7, 0.5)
    low_key_stops: tuple[float, float] = (-4.6, 0.9)
    low_key_share: float = 0.2
    bright_share: tuple[float, float] = (0.13, 0.75)
    range_stops: float = 7.0
    peak_stops: tuple[float, float] = (0.4, 4.2)
    lights: tuple[float, float] = (0.8, 0.15)


GRADE = Grade()


@dataclasses.dataclass(frozen=True)
class Style:
    """How pairs are drawn.

    Attributes:
        size: rows and columns of a pair.
        kinds: names of tone mappers to draw from.
        grade: of the HDR rendition.
        middle: mean and spread of the gain in middle tones, stops.
        one_channel_share: share of pairs with one gain for all channels.
        never_darker_share: share of those whose gain is 0 in the shadows and never negative, as phones write it.
        p3_share: share of pairs whose SDR is Display P3.
        mono_share: share of black-and-white and toned pictures.
        adapted_share, adaptation: share of SDR renditions that are compressed by place before their tone mapper; limits
            of how much.
        towards_photos, strength, locality: limits of gains.Relation's, strength as mean and spread.
        wild_share: share of pairs whose gain is the bare ratio of the renditions, exposed as the tone mapper would.
        own_middle: limits of the gain in middle tones of those.
        levels: limits of how far the SDR rendition is stretched to white.
        lights, dull_share: stops that the lights (99.9 %) of the HDR rendition stand over white; share that is kept of
            those with less.
        glare: mean gain of bright greys, stops, from which pairs are dropped, and how fast.
    """

    size: int = 256
    kinds: tuple[str, ...] = tuple(KINDS)
    grade: Grade = GRADE
    middle: tuple[float, float] = (0.14, 0.2)
    one_channel_share: float = 0.28
    never_darker_share: float = 0.7
    p3_share: float = 0.2
    mono_share: float = 0.04
    adapted_share: float = 0.85
    adaptation: tuple[float, float] = (0.3, 1.1)
    towards_photos: tuple[float, float] = (0.4, 1.0)
    strength: tuple[float, float] = (0.85, 0.25)
    locality: tuple[float, float] = (0.9, 1.3)
    wild_share: float = 0.3
    own_middle: tuple[float, float] = (-0.5, 0.8)
    levels: tuple[float, float] = (0.5, 1.0)
    lights: float = 1.2
    dull_share: float = 0.12
    glare: tuple[float, float] = (1.6, 0.5)
