"""The page of `untone inspect --html`: base, HDR exposures, gain map, luminance in false colours, histogram.

One file without scripts, fonts or links: pictures are PNGs within it.
"""

from __future__ import annotations

import base64
import dataclasses
import html
import math

import numpy as np
from numpy.typing import NDArray

from ... import colour, formats, gainmap, pipeline
from ...colour import light_of
from ...image import GainMap, Image, Pixels, turned_upright

LONGEST_SIDE = 900
"""Pixels of a picture on the page; larger photos are sampled."""

BINS = 96
DARKEST_NITS, BRIGHTEST_NITS = 0.1, 10_000.0

SCALE = (
    (0.1, (0, 0, 0)),
    (1, (40, 0, 90)),
    (10, (0, 40, 200)),
    (50, (0, 140, 160)),
    (203, (90, 180, 90)),
    (400, (240, 220, 60)),
    (1000, (240, 130, 30)),
    (4000, (220, 20, 40)),
    (10000, (255, 255, 255)),
)
"""Nits and their colour; between them colours are mixed by the logarithm. SDR white, 203, is the end of the greens."""

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;background:#fff;color:#222}
img{max-width:100%;display:block}
figure{margin:1.5rem 0}
figcaption{color:#555}
pre{overflow-x:auto;background:#f4f4f4;padding:1rem}
svg{width:100%;height:auto;background:#f4f4f4}
.scale span{display:inline-block;padding:.1rem .6rem;color:#fff;text-shadow:0 0 3px #000}
"""


def page(name: str, data: bytes, report: str) -> str:
    """The page about a file, as HTML.

    Args:
        name: of the file, for the heading.
        data: the file.
        report: what `inspect` prints.

    Raises:
        UntoneError: it cannot be read.
    """
    image, gain_map = formats.read(data)
    step = max(1, -(-max(image.height, image.width) // LONGEST_SIDE))
    pixels = np.ascontiguousarray(image.pixels[step // 2 :: step, step // 2 :: step])
    pixels = pixels if pixels.size else image.pixels
    small = dataclasses.replace(image, pixels=pixels, encoded=None)
    base = dataclasses.replace(small, pixels=light_of(small), transfer="linear")
    light = base if gain_map is None else pipeline.apply(small, gain_map)
    nits = _nits(light)
    parts = [
        _figure(
            _srgb(base.pixels, image), "The base, as SDR screens show it" if not image.is_hdr else "Cut at SDR white"
        ),
        *(_map_figures(gain_map, image) if gain_map is not None else []),
        _figure(_false_colours(turned_upright(nits, image.orientation)), "Luminance of the HDR rendition"),
        f'<p class="scale">{_legend()}</p>',
        _histogram(_nits(base), nits, gain_map is not None),
    ]
    title = html.escape(name)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style></head>"
        f"<body><h1>{title}</h1><pre>{html.escape(report)}</pre>{''.join(parts)}</body></html>\n"
    )


def _nits(light: Image) -> NDArray[np.float64]:
    """Luminance of each pixel, [h, w]."""
    luminance: NDArray[np.float64] = light.pixels @ colour.luminance_weights(light.primaries) * light.white_nits
    return luminance


def _srgb(light: Pixels, image: Image) -> Pixels:
    """What an sRGB screen shows, upright, uint8."""
    bt709 = np.clip(light @ colour.rgb_to_rgb(image.primaries, "bt709").T, 0, 1)
    codes = np.floor(colour.linear_to_srgb(bt709) * 255 + 0.5).astype(np.uint8)
    return turned_upright(codes, image.orientation)


def _map_figures(gain_map: GainMap, image: Image) -> list[str]:
    stops, figures = gainmap.to_stops(gain_map), []
    names = ("Red", "Green", "Blue") if gain_map.channels == 3 else ("All channels",)
    step = max(1, -(-max(stops.shape) // LONGEST_SIDE))
    for channel, name in enumerate(names):
        plane = stops[::step, ::step, channel]
        low, high = float(plane.min()), float(plane.max())
        grey = np.floor((plane - low) / max(high - low, 1e-9) * 255 + 0.5).astype(np.uint8)
        shown = turned_upright(np.repeat(grey[..., None], 3, axis=2), image.orientation)
        figures.append(_figure(shown, f"Gain map, {name.lower()}: black {low:.2f} stops, white {high:.2f} stops"))
    return figures


def _false_colours(nits: NDArray[np.float64]) -> Pixels:
    place = np.log10(np.clip(nits, DARKEST_NITS, BRIGHTEST_NITS))
    marks = [math.log10(mark) for mark, _ in SCALE]
    channels = [np.interp(place, marks, [rgb[channel] for _, rgb in SCALE]) for channel in range(3)]
    return np.stack(channels, axis=2).astype(np.uint8)


def _legend() -> str:
    return "".join(f'<span style="background:rgb{rgb}">{mark:g} nits</span>' for mark, rgb in SCALE)


def _figure(pixels: Pixels, caption: str) -> str:
    data = formats.write(None, Image(np.ascontiguousarray(pixels)), format="png") or b""
    source = f"data:image/png;base64,{base64.b64encode(data).decode()}"
    return f'<figure><img src="{source}" alt="{caption}"><figcaption>{caption}</figcaption></figure>'


def _histogram(base: NDArray[np.float64], hdr: NDArray[np.float64], two: bool) -> str:
    """Share of pixels by luminance, logarithmic, of the base (grey) and of the HDR rendition (orange)."""
    low, high = math.log10(DARKEST_NITS), math.log10(BRIGHTEST_NITS)
    counts = [
        np.histogram(np.log10(np.clip(n, DARKEST_NITS, BRIGHTEST_NITS)), BINS, (low, high))[0] for n in (base, hdr)
    ]
    top = max(int(count.max()) for count in counts)
    shapes = []
    for count, fill in zip(counts, ("#888", "#e08020"), strict=True):
        points = " ".join(
            f"{8 * i + 8 * s},{200 - 190 * math.sqrt(c / top):.1f}" for i, c in enumerate(count) for s in (0, 1)
        )
        shapes.append(f'<polygon fill="{fill}" fill-opacity=".5" points="0,200 {points} {8 * BINS},200"/>')
    ticks = "".join(
        _tick(8 * BINS * (math.log10(nits) - low) / (high - low), nits) for nits in (1, 10, 100, 203, 1000, 4000)
    )
    caption = "grey the base, orange the HDR rendition" if two else "of all pixels"
    return (
        f'<figure><svg viewBox="0 0 {8 * BINS} 225" role="img">{"".join(shapes[0 if two else 1 :])}{ticks}</svg>'
        f"<figcaption>Pixels by luminance in nits, heights by the square root: {caption}</figcaption></figure>"
    )


def _tick(x: float, nits: float) -> str:
    line = f'<line x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="205" stroke="#666" stroke-width=".5"/>'
    return f'{line}<text x="{x:.1f}" y="220" font-size="12" text-anchor="middle">{nits}</text>'
