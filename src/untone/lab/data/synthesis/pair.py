"""One pair: a view of HDR light, its HDR rendition, an SDR rendition by one kind of tone mapper, and the gain."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .... import colour
from ..tonemapping import KINDS
from ..tonemapping.application import LUMA, Light, bounded, log_luminance
from ..tonemapping.operators import guided_base
from . import finishing, gains, hdr, sdr
from .selection import has_lights, plausible
from .style import Style

P3 = colour.rgb_to_rgb("bt709", "p3").astype(np.float32)
P3_SATURATION = 1.15
"""Scenes are BT.709: spread out first, so that the wider primaries are used."""

VIGNETTED_SHARE = 0.35
MOST_LIGHT = 64.0


@dataclasses.dataclass(frozen=True, eq=False)
class Pair:
    """An SDR picture and the gain that gives its light back.

    Attributes:
        sdr: [n, n, 3] uint8, sRGB curve, BT.709 or Display P3.
        gain_stops: [n, n, 3] float16; HDR light = (light(sdr) + 1/64) * 2 ** gain - 1/64, in the same primaries.
        notes: kind, family, primaries, channels, look, parameters, rendition, relation: what the pair was made with.
    """

    sdr: NDArray[np.uint8]
    gain_stops: NDArray[np.float16]
    notes: dict[str, Any]


def pair(view: Light, random: np.random.Generator, style: Style) -> Pair | None:
    """One pair from a scene-linear view [n, n, 3]; None when no photographer would have kept it."""
    primaries = "display-p3" if random.random() < style.p3_share else "bt709"
    look = str(random.choice(["mono", *finishing.TONES])) if random.random() < style.mono_share else "colour"
    master, rendition = hdr.rendition(balanced(view, random, primaries, look), random, style.grade)
    if not has_lights(master, random, style):
        return None
    if random.random() < VIGNETTED_SHARE:
        master = finishing.vignetted(master, random.uniform(0.1, 0.6), random.normal(0, 0.1, 2))
    shown, relation, notes = tone_mapped(master, random, style, look)
    gain = gains.gain(master, shown, relation).astype(np.float16)
    codes = finishing.finished(shown, random, look)
    if not plausible(codes, gain.astype(np.float32), random, style):
        return None
    notes["rendition"] = rendition | notes["rendition"]
    return Pair(codes, gain, {"primaries": primaries, "look": look} | notes)


def tone_mapped(
    master: Light, random: np.random.Generator, style: Style, look: str
) -> tuple[NDArray[np.uint8], gains.Relation, dict[str, Any]]:
    """Clean 8-bit codes of an HDR rendition by one kind of tone mapper, how its gain is graded, and notes of both."""
    name = str(random.choice(style.kinds))
    kind = KINDS[name]
    parameters = kind.draw(random)
    relation = drawn_relation(random, style, look)
    levels = float(random.uniform(*style.levels))

    def mapper(light: Light) -> Light:
        return sdr.levelled(kind(light, **parameters), levels)

    seen = adapted(master, random, style)
    middle = float(random.normal(*style.middle))
    if not relation.towards_photos:
        middle = float(np.clip(sdr.middle_gain(seen, mapper(seen)), *style.own_middle))
    shown = finishing.to_codes(finishing.encoded(sdr.rendered(seen, mapper, middle)))
    notes = {
        "kind": name,
        "family": kind.family,
        "channels": 3 if relation.tint else 1,
        "parameters": parameters,
        "rendition": {"middle_stops": round(middle, 3), "levels": round(levels, 3)},
        "relation": {key: round(value, 3) for key, value in dataclasses.asdict(relation).items()},
    }
    return shown, relation, notes


def balanced(view: Light, random: np.random.Generator, primaries: str, look: str) -> Light:
    """White balance and saturation as cameras err, in the primaries of the SDR rendition; grey for a mono look."""
    cast = np.exp(random.normal(0, 0.08, 3)).astype(np.float32)
    light = view * (cast / (cast @ LUMA))
    wide = primaries != "bt709"
    saturation = np.float32(random.uniform(0.8, 1.3) * (P3_SATURATION if wide else 1))
    if look != "colour":
        return finishing.monochrome(light)
    grey = (light @ LUMA)[..., None]
    spread = grey + (light - grey) * saturation
    return np.maximum(spread @ P3.T if wide else spread, 0)


def adapted(master: Light, random: np.random.Generator, style: Style) -> Light:
    """The light that the tone mapper sees: mostly bright regions are held back first, as local adaptation does."""
    if random.random() >= style.adapted_share:
        return master
    stops = log_luminance(master)
    base = guided_base(stops, max(2, int(style.size * random.uniform(0.03, 0.2))), random.uniform(0.2, 1.0))
    over = np.logaddexp(0, (base - np.float32(random.uniform(-3.5, -1.5))) * 2) / 2
    return bounded(master * np.exp2(-np.float32(random.uniform(*style.adaptation)) * over)[..., None], MOST_LIGHT)


def drawn_relation(random: np.random.Generator, style: Style, look: str) -> gains.Relation:
    """How the gain is graded, phone-like or editor-like."""
    one = random.random() < style.one_channel_share or look != "colour"
    phone = one and random.random() < style.never_darker_share
    wild = random.random() < style.wild_share
    mean, spread = style.strength
    return gains.Relation(
        towards_photos=0.0 if wild else random.uniform(*style.towards_photos),
        strength=max(0.2, random.normal(mean, spread)),
        locality=1.0 if wild else random.uniform(*style.locality),
        tint=0.0 if one else random.uniform(0.6, 1.4),
        floor=0.0 if phone else -0.8,
        dead_zone=random.uniform(0.0, 0.1) if phone else 0.0,
    )
