"""Synthesis of (SDR, gain) pairs from HDR light: one HDR style whose peak follows the scene, many SDR renditions.

Half the pairs are phone-like (one gain for all channels, zero in the shadows, never negative), half editor-like
(three channels, curves per channel, at times a brighter whole). One in ten must be left alone: drawn documents,
screenshots, and scenes without highlights. The same seed and index give the same pair.
"""

from __future__ import annotations

import dataclasses
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pil
from PIL import ImageDraw

from ... import colour
from . import tonemap

OFFSET = 1 / 64
FLOOR_STOPS = -14.0
LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)

Light = NDArray[Any]
Plane = NDArray[Any]


@dataclasses.dataclass(frozen=True)
class Style:
    """How pairs are drawn; every number is a calibration against photos whose cameras wrote a gain map.

    Attributes:
        size: rows and columns of a pair.
        phone_share: share of phone-like pairs among photographs; the others are editor-like.
        alone_share: share of drawn pictures whose right gain is zero.
        low_key_share: share of night and low-key exposures.
        peak_stops: limits of the HDR rendition's peak above diffuse white.
        key_stops: mean and spread of the exposure (log2 of the log-average luminance).
        low_key_stops: the same for low-key pictures.
        start_stops: limits of where local compression begins.
        strength: limits of the local compression's strength.
        lights: what the brightest parts gain: stops per stop between the scene's lights and its middle, stops at
            least, and the spread of that sum.
        glow: limits of the share of it that any white gets.
        brighten: an editor's brightening of the whole picture, which an SDR rendition of a wide scene is too dark for:
            stops per stop of that scene's reach above the first number, at most the third.
    """

    size: int = 256
    phone_share: float = 0.5
    alone_share: float = 0.08
    low_key_share: float = 0.16
    peak_stops: tuple[float, float] = (0.3, 3.6)
    key_stops: tuple[float, float] = (-4.3, 0.9)
    low_key_stops: tuple[float, float] = (-5.6, 0.9)
    start_stops: tuple[float, float] = (-2.8, -2.0)
    strength: tuple[float, float] = (0.55, 0.8)
    lights: tuple[float, float, float] = (0.26, 0.55, 0.15)
    glow: tuple[float, float] = (0.58, 0.72)
    brighten: tuple[float, float, float] = (3.0, 0.15, 0.8)


@dataclasses.dataclass(frozen=True, eq=False)
class Pair:
    """A synthetic pair: an SDR picture and its gain to the HDR rendition.

    Attributes:
        sdr: [n, n, 3] uint8, sRGB, BT.709.
        gain_stops: [n, n, 3] float16; HDR light = (light(sdr) + 1/64) * 2 ** gain - 1/64.
        kind: "phone", "editor" or "alone".
        recipe: names of the operators used.
    """

    sdr: NDArray[np.uint8]
    gain_stops: NDArray[np.float16]
    kind: str
    recipe: str


def pair(view: Light, random: np.random.Generator, style: Style) -> Pair | None:
    """One pair from a scene-linear view [n, n, 3]; None when no photographer would have kept it."""
    if random.random() < style.alone_share:
        return drawn(random, style.size)
    kind = "phone" if random.random() < style.phone_share else "editor"
    hdr = rendition(balance(view, random), random, style)
    made = phone(hdr, random, style) if kind == "phone" else editor(hdr, random, style)
    return made if plausible(made) else None


def plausible(made: Pair) -> bool:
    """Whether a photographer would have kept it."""
    bright = made.sdr.max(-1)
    gain = made.gain_stops.max(-1)
    kept = 0.06 < bright.mean() / 255 < 0.82 and (bright >= 252).mean() < 0.3 and np.median(gain) < 1.9
    return bool(kept and np.percentile(bright, 99.5) > 150)


# -- the HDR rendition ------------------------------------------------------------------------------------------------


def balance(view: Light, random: np.random.Generator) -> Light:
    """White balance and saturation as cameras err."""
    gains = np.exp(random.normal(0, 0.07, 3)).astype(np.float32)
    light = view * (gains / (gains @ LUMA))
    grey = (light @ LUMA)[..., None]
    return np.maximum(grey + (light - grey) * np.float32(random.uniform(0.85, 1.25)), 0)


def log_luminance(light: Light) -> Plane:
    """Log2 luminance, floored."""
    return np.log2(np.maximum(light @ LUMA, 2.0**FLOOR_STOPS))


def log_brightness(light: Light, towards_maximum: float) -> Plane:
    """Log2 of a blend of luminance and the brightest channel, floored: what cameras tone map by."""
    blend = (1 - towards_maximum) * (light @ LUMA) + towards_maximum * light.max(-1)
    return np.log2(np.maximum(blend, 2.0**FLOOR_STOPS))


def rendition(light: Light, random: np.random.Generator, style: Style) -> Light:
    """The HDR rendition, 1.0 = diffuse white: exposed, its wide ranges compressed, its peak set by the scene."""
    stops = log_luminance(light)
    base = tonemap.guided_base(stops, int(style.size * random.uniform(0.04, 0.12)))
    low, high = np.percentile(base, [4, 98])
    squeeze = 1 - random.uniform(0.6, 0.9) * (1 - min(1, 6.5 / max(high - low, 1e-3)))
    stops_new = stops.mean() + (base - base.mean()) * squeeze + (stops - base)
    low, high = np.percentile(stops_new, [8, random.uniform(55, 70)])
    centre, spread = style.low_key_stops if random.random() < style.low_key_share else style.key_stops
    stops_new += random.normal(centre, spread) - np.clip(stops_new, low, high).mean()
    stops_new += np.minimum(stops_new + 3.5, 0) * random.uniform(0.1, 0.4)
    top = float(np.percentile(stops_new, 99.9))
    peak = float(np.clip(0.8 * top * random.uniform(0.95, 1.05), *style.peak_stops))
    over = np.clip(stops_new, 0, None)
    if top > peak:
        rolled = over / (1 + over * (1 / peak - 1 / top))
        stops_new = np.minimum(stops_new, 0) + np.minimum(rolled, peak)
    return bounded(light * np.exp2(stops_new - stops)[..., None], 2.0**peak)


def bounded(light: Light, limit: float) -> Light:
    """Light with no channel above `limit`: what sticks out is moved towards its own luminance."""
    grey = np.minimum((light @ LUMA)[..., None], limit)
    excess = light.max(-1, keepdims=True)
    share = np.clip((limit - grey) / np.maximum(excess - grey, 1e-6), 0, 1)
    return np.where(excess > limit, grey + (light - grey) * share, light)


# -- SDR renditions ---------------------------------------------------------------------------------------------------


def localised(stops: Plane, random: np.random.Generator, style: Style) -> tuple[Plane, str]:
    """Log2 luminance after a randomly drawn local operator, and its name."""
    name = str(random.choice(list(tonemap.LOCAL)))
    radius = int(style.size * random.uniform(0.02, 0.12)) + 1
    operator = tonemap.LOCAL[name]
    return operator(stops, random.uniform(*style.start_stops), random.uniform(*style.strength), radius), name


def phone(hdr: Light, random: np.random.Generator, style: Style) -> Pair:
    """A phone's pair: local compression of the bright parts, one gain for all channels, exactly none in the shadows."""
    stops = log_brightness(hdr, random.uniform(0.5, 1))
    mapped, name = localised(stops, random, style)
    mapped = mapped + np.median((stops - mapped)[stops <= np.percentile(stops, 25)])
    top = max(float(np.percentile(mapped, 99.8)), 0.0)
    curve = str(random.choice(["knee", "camera", "knee", "sigmoid"]))
    display = tonemap.CURVES[curve](np.exp2(mapped), 2.0**top)
    target = np.log2(np.maximum(display, 2.0**FLOOR_STOPS))
    shadows = (stops < -2.5) | (stops <= np.percentile(stops, 15))
    target = target + np.clip(np.median((stops - target)[shadows]), -1.5, 1.5)
    fade = np.clip((target + 6.0) / 2.5, 0, 1)
    gain = np.maximum(stops - target - random.uniform(0.05, 0.2), 0) * fade * fade * (3 - 2 * fade)
    gain = scaled_to_style(gain, stops, target, random, style)
    sdr = hdr * np.exp2(target - stops)[..., None]
    lift = 2.0 ** random.uniform(-0.05, 0.1)
    return finished(sdr * lift, gain[..., None].repeat(3, -1), "phone", f"{name}+{curve}", random)


def scaled_to_style(gain: Plane, stops: Plane, target: Plane, random: np.random.Generator, style: Style) -> Plane:
    """Luminance gain scaled to the style's highlights.

    Its peak follows how far the scene's lights stand above its middle, and whites glow a little wherever they are:
    in photos whose cameras wrote a map the brightest eighth of the codes gains 1.8 +- 0.5 stops.

    Args:
        gain, stops, target: [n, n] log2 gain found by tone mapping, log2 luminance of the HDR and of the SDR rendition.
    """
    per_stop, least, spread = style.lights
    above = 0.4 * reach(stops) + 0.9 * reach(target)
    wanted = float(np.clip(per_stop * above + least + random.normal(0, spread), 0.8, 3.8))
    found = max(float(np.percentile(gain, 99.5)), 0.05)
    scaled = gain * np.clip(wanted / found, 0.5, 2.5)
    start = random.uniform(0.32, 0.42)
    white = np.clip((colour.linear_to_srgb(np.exp2(np.minimum(target, 0))) - start) / (1 - start), 0, 1)
    share = random.uniform(*style.glow)
    glow = wanted * white * white * (3 - 2 * white)
    return np.minimum((1 - share) * scaled + share * glow, wanted * 1.1)


def reach(stops: Plane) -> float:
    """How far a scene's lights stand above its middle, stops."""
    return float(np.percentile(stops, 99.7) - np.percentile(stops, 40))


def editor(hdr: Light, random: np.random.Generator, style: Style) -> Pair:
    """An editor's pair: a global curve after an optional local operator, partly per channel; gain per channel."""
    towards_maximum = random.uniform(0, 0.7)
    stops = log_brightness(hdr, towards_maximum)
    name = "none"
    mapped = stops
    if random.random() < 0.65:
        mapped, name = localised(stops, random, style)
        mapped = mapped + random.uniform(0, 1) * np.median(stops - mapped)
    light = hdr * np.exp2(mapped - stops)[..., None]
    curve = str(random.choice(list(tonemap.CURVES)))
    peak = max(float(np.percentile(light.max(-1), 99.7)), 1.0)
    per_channel = tonemap.CURVES[curve](light, peak)
    grey = np.maximum((light @ LUMA)[..., None], 1e-6)
    by_luminance = bounded(light / grey * tonemap.CURVES[curve](grey, peak), 1.0)
    share = random.uniform(0, 0.5)
    sdr = share * per_channel + (1 - share) * by_luminance
    sdr_grey = (sdr @ LUMA)[..., None]
    sdr = np.clip(sdr_grey + (sdr - sdr_grey) * random.uniform(0.9, 1.1), 0, 1)
    level = log_ratio(hdr @ LUMA, sdr @ LUMA)
    level = level - np.median(level[stops <= np.percentile(stops, 50)])
    tint = np.clip(log_ratio(hdr, sdr) - log_ratio(hdr @ LUMA, sdr @ LUMA)[..., None], -0.5, 0.5)
    start, per_stop, most = style.brighten
    brighten = float(np.clip((reach(stops) - start + random.normal(0, 0.8)) * per_stop, 0, most))
    lights = scaled_to_style(np.maximum(level, 0), stops, log_brightness(sdr, towards_maximum), random, style)
    shape = lights + np.clip(level, -0.5, 0)
    present = np.clip((log_luminance(sdr) + 8) / 3, 0, 1)
    gain = ((shape + brighten) * present)[..., None] + tint * random.uniform(0, 0.8)
    return finished(sdr, np.clip(gain, -0.8, 4.0), "editor", f"{name}+{curve}", random)


def log_ratio(above: Light, below: Light) -> Light:
    """Log2 ratio of two lights, offsets added."""
    return np.log2((above + OFFSET) / (below + OFFSET))


def finished(sdr: Light, gain: Light, kind: str, recipe: str, random: np.random.Generator) -> Pair:
    """Gamut, sensor noise, sRGB, 8 bits and at times JPEG; the gain is of the clean picture, as a camera's is."""
    encoded = colour.linear_to_srgb(bounded(np.maximum(sdr, 0), 1.0))
    noisy = encoded + random.normal(0, random.choice([0, 0.004, 0.012]), encoded.shape) * (1.1 - encoded)
    codes = np.clip(noisy * 255 + 0.5, 0, 255).astype(np.uint8)
    if random.random() < 0.5:
        codes = jpeg(codes, int(random.integers(70, 97)))
    return Pair(codes, gain.astype(np.float16), kind, recipe)


def jpeg(codes: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """A JPEG round trip."""
    buffer = io.BytesIO()
    Pil.fromarray(codes).save(buffer, "JPEG", quality=quality)
    return np.asarray(Pil.open(buffer))


# -- pictures to leave alone ------------------------------------------------------------------------------------------


def drawn(random: np.random.Generator, size: int) -> Pair:
    """A document or a screenshot, drawn: flat panels, lines of text, a chart; gain zero everywhere."""
    dark = random.random() < 0.3
    paper = tuple(int(v) for v in (random.integers(12, 60, 3) if dark else random.integers(215, 256, 3)))
    page = Pil.new("RGB", (size, size), paper if random.random() < 0.6 else ((18, 18, 18) if dark else (255, 255, 255)))
    pen = ImageDraw.Draw(page)
    for _ in range(int(random.integers(0, 9))):
        _panel(pen, random, size)
    ink = tuple(int(v) for v in (random.integers(170, 256, 3) if dark else random.integers(0, 90, 3)))
    for _ in range(int(random.integers(1, 5))):
        _text(pen, random, size, ink)
    codes = np.asarray(page)
    if random.random() < 0.3:
        shade = np.linspace(1, random.uniform(0.75, 1), size)
        codes = (codes * (shade[:, None, None] if random.random() < 0.5 else shade[None, :, None])).astype(np.uint8)
    codes = jpeg(codes, int(random.integers(80, 97))) if random.random() < 0.5 else codes.copy()
    return Pair(codes, np.zeros((size, size, 3), np.float16), "alone", "drawn")


def _panel(pen: ImageDraw.ImageDraw, random: np.random.Generator, size: int) -> None:
    left, top = random.integers(-20, size, 2)
    width, height = random.integers(10, size, 2)
    colour_of = tuple(int(v) for v in random.integers(0, 256, 3))
    box = (int(left), int(top), int(left + width), int(top + height * random.uniform(0.05, 0.6)))
    pen.rounded_rectangle(box, int(random.integers(0, 8)), fill=colour_of)


def _text(pen: ImageDraw.ImageDraw, random: np.random.Generator, size: int, ink: tuple[int, ...]) -> None:
    left, top = int(random.integers(4, size // 2)), int(random.integers(4, size - 20))
    step, width = int(random.integers(4, 12)), int(random.integers(40, size))
    for row in range(int(random.integers(2, 30))):
        column = left
        y = top + row * step
        while column < min(left + width * random.uniform(0.7, 1), size - 4) and y < size - 4:
            word = int(random.integers(2, 16))
            pen.rectangle((column, y, column + word, y + max(step // 3, 1)), fill=ink)
            column += word + int(random.integers(2, 5))
