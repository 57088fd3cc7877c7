"""KINDS: every kind of tone mapper that training pairs are made with, by name, and what its parameters are drawn from.

A kind takes light [H, W, 3] float32 (1.0 = diffuse white of the HDR rendition, mid grey at 0.18) to display light in
0..1. A kind is one line here; whole kinds can be left out of training to judge a network by tone mappers that it has
not seen.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from . import cameras, curves, films, literature, local
from .application import Light, by_channel, by_luminance, by_maximum

Range = tuple[float, float]


@dataclasses.dataclass(frozen=True)
class Kind:
    """A kind of tone mapper.

    Attributes:
        family: "channels", "luminance", "maximum" (what its curve is applied to) or "local".
        function: (light, **parameters) to display light.
        ranges: limits that each parameter is drawn between, evenly; whole numbers where both limits are.
    """

    family: str
    function: Callable[..., Light]
    ranges: Mapping[str, Range]

    def draw(self, random: np.random.Generator) -> dict[str, float]:
        """Parameters of one rendition."""
        drawn: dict[str, float] = {}
        for name, (low, high) in self.ranges.items():
            if isinstance(low, int) and isinstance(high, int):
                drawn[name] = int(random.integers(low, high + 1))
            else:
                drawn[name] = round(float(random.uniform(low, high)), 4)
        return drawn

    def __call__(self, light: Light, **parameters: float) -> Light:
        """Display light [H, W, 3] float32 in 0..1.

        Raises:
            TypeError: a parameter that this kind has not.
        """
        return np.clip(self.function(light, **parameters), 0, 1).astype(np.float32)


def _curve(apply: Callable[..., Light], curve: Callable[..., Any], *own: str) -> Callable[..., Light]:
    """A curve and what it is applied to; parameters named in `own` go to the latter."""

    def function(light: Light, **parameters: Any) -> Light:
        outer = {name: parameters.pop(name) for name in own}
        return apply(light, lambda x: curve(x, **parameters), **outer)

    return function


def _exposed(function: Callable[..., Light]) -> Callable[..., Light]:
    """A function of whole light with an exposure before it."""
    return lambda light, exposure, **parameters: function(light * np.float32(exposure), **parameters)


def _local(operator: str) -> Callable[..., Light]:
    return lambda light, **parameters: local.compressed(light, operator, **parameters)


WHITE: Range = (1.6, 10.0)
FADE: Range = (0.75, 1.0)
LOCAL: dict[str, Range] = {
    "start": (-3.0, -1.2), "strength": (0.3, 0.85), "radius": (0.02, 0.14), "channels": (0.0, 0.8),
    "towards_maximum": (0.0, 1.0),
}  # fmt: skip

KINDS: dict[str, Kind] = {
    # the curve of every channel
    "clip": Kind("channels", _curve(by_channel, curves.clip), {"exposure": (0.55, 1.0)}),
    "knee-channels": Kind("channels", _curve(by_channel, curves.knee), {"white": WHITE, "start": (0.25, 0.8)}),
    "video-knee": Kind("channels", _curve(by_channel, curves.broken_line), {"white": (1.5, 8.0), "start": (0.7, 0.9)}),
    "reinhard-channels": Kind(
        "channels", _curve(by_channel, curves.reinhard), {"white": WHITE, "exposure": (0.9, 1.5)}
    ),
    "hable": Kind(
        "channels", _curve(by_channel, curves.hable), {"white": (2.0, 12.0), "exposure": (1.6, 3.2), "toe": (0.15, 0.5)}
    ),
    "aces": Kind("channels", films.aces, {"exposure": (0.9, 1.7), "saturation": (0.85, 1.1)}),
    "aces-narkowicz": Kind("channels", films.aces_narkowicz, {"exposure": (0.45, 0.85)}),
    "agx": Kind("channels", films.agx, {"exposure": (0.9, 1.8), "contrast": (0.95, 1.3), "saturation": (0.95, 1.4)}),
    "sigmoid-channels": Kind(
        "channels", _curve(by_channel, curves.log_sigmoid),
        {"contrast": (1.0, 1.7), "grey": (0.14, 0.2), "white": (3.0, 30.0)},
    ),
    "gran-turismo": Kind(
        "channels", _curve(by_channel, curves.uchimura),
        {"contrast": (0.9, 1.15), "start": (0.15, 0.3), "length": (0.1, 0.5), "toe": (1.1, 1.5)},
    ),
    "picture-style": Kind(
        "channels", cameras.picture_style,
        {"exposure": (0.95, 1.7), "contrast": (0.0, 0.5), "saturation": (0.95, 1.25), "kept": (0.0, 0.6)},
    ),
    "film-print": Kind(
        "channels", films.film_print,
        {"exposure": (0.7, 1.3), "contrast": (1.1, 1.7), "crossover": (-0.15, 0.15), "warmth": (-0.2, 0.3),
         "fade": (0.0, 0.03)},
    ),
    "slide-film": Kind(
        "channels", films.slide_film, {"exposure": (1.0, 1.8), "contrast": (0.2, 0.6), "saturation": (1.0, 1.3)}
    ),
    "bleach-bypass": Kind(
        "channels", films.bleach_bypass, {"exposure": (1.0, 1.9), "silver": (0.3, 0.8), "contrast": (0.0, 0.5)}
    ),
    "legalised-video": Kind(
        "channels", cameras.legalised,
        {"exposure": (0.8, 1.15), "start": (0.75, 0.92), "white": (1.4, 6.0), "super_white": (1.0, 1.15),
         "chroma": (0.75, 1.0)},
    ),
    # the curve of luminance
    "knee-luminance": Kind(
        "luminance", _curve(by_luminance, curves.knee, "desaturation"),
        {"white": WHITE, "start": (0.25, 0.8), "desaturation": FADE},
    ),
    "reinhard-luminance": Kind(
        "luminance", _curve(by_luminance, curves.reinhard, "desaturation"),
        {"white": WHITE, "exposure": (0.9, 1.5), "desaturation": FADE},
    ),
    "hable-luminance": Kind(
        "luminance", _curve(by_luminance, curves.hable, "desaturation"),
        {"white": (2.0, 12.0), "exposure": (1.6, 3.2), "toe": (0.15, 0.5), "desaturation": FADE},
    ),
    "sigmoid-luminance": Kind(
        "luminance", _curve(by_luminance, curves.log_sigmoid, "desaturation"),
        {"contrast": (1.0, 1.6), "grey": (0.14, 0.2), "white": (3.0, 30.0), "desaturation": FADE},
    ),
    "logarithm": Kind(
        "luminance", _curve(by_luminance, curves.logarithm, "desaturation"),
        {"scale": (0.6, 6.0), "white": (2.0, 10.0), "desaturation": FADE},
    ),
    "schlick": Kind(
        "luminance", _curve(by_luminance, curves.rational, "desaturation"),
        {"exposure": (1.5, 10.0), "white": (2.0, 10.0), "desaturation": FADE},
    ),
    "flat-power": Kind(
        "luminance", _curve(by_luminance, curves.power, "desaturation"),
        {"gamma": (0.6, 0.95), "white": (1.2, 5.0), "desaturation": FADE},
    ),
    "drago": Kind("luminance", literature.drago, {"bias": (0.7, 0.95), "brightest_nits": (90.0, 220.0)}),
    "tumblin-rushmeier": Kind("luminance", literature.tumblin_rushmeier, {"adaptation": (8.0, 300.0)}),
    "ward-contrast": Kind("luminance", literature.ward_contrast, {"display_nits": (60.0, 250.0)}),
    "histogram-adjustment": Kind(
        "luminance", literature.histogram_adjusted, {"darkest_nits": (0.5, 2.0), "brightest_nits": (80.0, 200.0)}
    ),
    "bt2446-a": Kind(
        "luminance", _exposed(cameras.bt2446_a),
        {"exposure": (0.8, 1.3), "peak_nits": (800.0, 2500.0), "colour_scale": (1.0, 1.25)},
    ),
    # the curve of the brightest channel
    "knee-maximum": Kind("maximum", _curve(by_maximum, curves.knee), {"white": WHITE, "start": (0.25, 0.8)}),
    "exponential-maximum": Kind("maximum", _curve(by_maximum, curves.exponential), {"exposure": (0.9, 1.8)}),
    "lottes": Kind(
        "maximum", _curve(by_maximum, curves.lottes),
        {"contrast": (1.0, 1.5), "shoulder": (0.85, 1.0), "white": (3.0, 12.0), "grey_out": (0.14, 0.22)},
    ),
    "neutral": Kind(
        "maximum", films.neutral, {"exposure": (0.75, 1.2), "start": (0.4, 0.8), "desaturation": (0.05, 0.4)}
    ),
    "bt2390": Kind("maximum", cameras.bt2390, {"peak": (3.0, 12.0), "white_nits": (150.0, 260.0)}),
    # by place
    "photoreceptor": Kind(
        "local", literature.photoreceptor,
        {"brightness": (-1.0, 2.5), "adaptation": (0.3, 1.0), "chroma": (0.0, 0.5), "contrast": (0.3, 0.9)},
    ),
    "reinhard-local": Kind("local", _local("surround"), LOCAL),
    "durand": Kind("local", _local("bilateral"), LOCAL),
    "guided-filter": Kind("local", _local("guided"), LOCAL),
    "local-laplacian": Kind("local", _local("laplacian"), LOCAL),
    "exposure-fusion": Kind("local", _local("fusion"), LOCAL),
    "tile-equalisation": Kind("local", _local("equalised"), LOCAL),
    "clahe": Kind(
        "local", local.contrast_limited,
        {"exposure": (0.9, 1.8), "limit": (1.5, 3.5), "strength": (0.3, 0.9), "tiles": (2, 8)},
    ),
    "hdr-app": Kind(
        "local", local.hdr_app,
        {"detail": (1.0, 1.8), "squeeze": (0.3, 0.65), "radius": (0.04, 0.12), "saturation": (1.0, 1.35)},
    ),
    "retinex": Kind("local", local.retinex, {"strength": (0.2, 0.6), "radius": (0.05, 0.2), "channels": (0.0, 0.8)}),
    "gradient-domain": Kind(
        "local", local.gradient_domain,
        {"attenuation": (0.05, 0.3), "power": (0.8, 0.95), "saturation": (0.5, 0.9)},
    ),
    "raw-sliders": Kind(
        "local", cameras.sliders,
        {"exposure": (0.8, 1.3), "highlights": (-1.6, 0.1), "shadows": (-0.3, 1.2), "clarity": (-0.1, 0.4),
         "contrast": (-0.2, 0.5), "radius": (0.02, 0.1)},
    ),
    "night-mode": Kind(
        "local", cameras.night_mode,
        {"lift": (0.0, 1.5), "strength": (0.3, 0.8), "radius": (0.03, 0.12), "white": (1.2, 4.0)},
    ),
}  # fmt: skip
"""Name: kind."""

FAMILIES = ("channels", "luminance", "maximum", "local")

__all__ = ["FAMILIES", "KINDS", "Kind"]
