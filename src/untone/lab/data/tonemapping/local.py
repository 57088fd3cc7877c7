"""Local operators, whole: the brightness of a picture compressed by place, then a shoulder, then its colours again."""

from __future__ import annotations

import numpy as np

from .. import filters
from . import curves, operators
from .application import LEAST, Light, Plane, brightest, by_channel, by_maximum, by_plane, luminance, saturated

PERCENTILE = 99.7
"""Of the compressed brightness; becomes white."""


def brightness(light: Light, towards_maximum: float) -> Plane:
    """Log2 of a blend of luminance and the brightest channel."""
    blend = (1 - towards_maximum) * luminance(light) + towards_maximum * brightest(light)
    return np.log2(np.maximum(blend, LEAST))


def compressed(
    light: Light, operator: str, start: float, strength: float, radius: float, channels: float, towards_maximum: float
) -> Light:
    """An operator of operators.LOCAL on log2 brightness, and a camera's shoulder.

    Args:
        start: where compression begins, stops. strength: 0..1. radius: share of the side.
        channels: share of the shoulder that is applied per channel.
        towards_maximum: 0 works on luminance, 1 on the brightest channel.
    """
    before = brightness(light, towards_maximum)
    after = operators.LOCAL[operator](before, start, strength, max(1, int(radius * len(before))))
    after = (after + np.median((before - after)[before <= np.median(before)])).astype(np.float32)
    white = 2.0 ** max(float(np.percentile(after, PERCENTILE)), 0.0)
    return by_plane(light, before, after, lambda x: curves.knee(x, white, 0.5), channels)


def contrast_limited(light: Light, exposure: float, limit: float, strength: float, tiles: int) -> Light:
    """CLAHE (Zuiderveld 1994) of the displayed luma: a plain shoulder first, as when it is run on finished pictures."""
    shown = by_channel(light, lambda x: curves.exponential(x, exposure))
    signal = np.maximum(luminance(shown), LEAST) ** np.float32(1 / 2.2)
    equal = (1 - strength) * signal + strength * equalised(signal, limit, tiles)
    ratio = (equal / signal)[..., None] ** np.float32(2.2)
    return by_maximum(shown * ratio, lambda x: np.minimum(x, 1))


def equalised(signal: Plane, limit: float, tiles: int, bins: int = 64) -> Plane:
    """Histogram equalisation of [H, W] in 0..1 by tiles, no bin above `limit` times its share; bilinear between."""
    height, width = signal.shape
    rows, columns = (np.arange(n) * tiles // n for n in (height, width))
    place = np.minimum((signal * bins).astype(int), bins - 1)
    key = (rows[:, None] * tiles + columns[None]) * bins + place
    count = np.bincount(key.ravel(), minlength=tiles * tiles * bins).reshape(tiles, tiles, bins).astype(np.float32)
    count /= count.sum(-1, keepdims=True)
    count = np.minimum(count, limit / bins)
    count += (1 - count.sum(-1, keepdims=True)) / bins
    curve = np.concatenate([np.zeros((tiles, tiles, 1), np.float32), np.cumsum(count, -1)], -1)
    y, x = ((np.arange(n) + 0.5) * tiles / n - 0.5 for n in (height, width))
    where = np.stack([*np.broadcast_arrays(y[:, None], x[None]), signal * bins])
    return filters.map_coordinates(curve, where, order=1, mode="nearest")


def hdr_app(light: Light, detail: float, squeeze: float, radius: float, saturation: float) -> Light:
    """The look of an HDR app: base flattened, detail of two scales pushed, colours with it."""
    stops = brightness(light, 0.5)
    wide = operators.guided_base(stops, max(2, int(radius * len(stops))), 1.0)
    fine = operators.guided_base(stops, max(1, int(radius * len(stops) / 5)), 0.25)
    flat = (wide - np.median(wide)) * (1 - squeeze) - 2.2
    after = (flat + detail * (fine - wide) + 0.5 * (1 + detail) * (stops - fine)).astype(np.float32)
    white = 2.0 ** max(float(np.percentile(after, PERCENTILE)), 0.0)
    shown = by_plane(light, stops, after, lambda x: curves.knee(x, white, 0.7), 0.3)
    return np.clip(saturated(shown, saturation), 0, 1)


def retinex(light: Light, strength: float, radius: float, channels: float) -> Light:
    """Multi-scale retinex (Jobson, Rahman and Woodell 1997) of three scales, part of the way, then a shoulder."""
    stops = brightness(light, 0.3)
    scales = (radius / 4, radius, radius * 3)
    around = np.mean([blurred(stops, scale * len(stops)) for scale in scales], axis=0)
    after = stops - strength * (around - around.mean())
    low, high = np.percentile(after, [0.5, PERCENTILE])
    white = float(2.0 ** max(high, low + 2))
    return by_plane(light, stops, after.astype(np.float32), lambda x: curves.knee(x, white, 0.45), channels)


def gradient_domain(light: Light, attenuation: float, power: float, saturation: float) -> Light:
    """Fattal, Lischinski and Werman 2002: large gradients of log light shrink at three scales; Poisson by cosines.

    Args:
        attenuation: alpha, share of the mean gradient that stays as it is. power: beta, 0.8..0.95.
        saturation: their s, 0.4..0.6 in the paper; power of the channel ratios.
    """
    log = np.log(luminance(light))
    scale = np.ones_like(log)
    plane = log
    for level in range(4):
        size = np.hypot(*np.gradient(plane)).astype(np.float32) / 2.0**level + np.float32(1e-4)
        alpha = np.float32(attenuation) * size.mean()
        factor = (alpha / size) * (size / alpha) ** np.float32(power)
        grown = factor if level == 0 else filters.zoom(factor, np.array(log.shape) / factor.shape, order=1)
        scale *= np.clip(grown, 0.2, 1.5)
        plane = filters.uniform_filter(plane, 2, mode="nearest")[::2, ::2]
    down, right = (np.diff(log, axis=axis, append=np.take(log, [-1], axis)) * scale for axis in (0, 1))
    divergence = np.diff(down, axis=0, prepend=0) + np.diff(right, axis=1, prepend=0)
    shown = np.exp(poisson(divergence))
    shown = np.minimum(shown / np.percentile(shown, PERCENTILE), 1).astype(np.float32)
    ratio = np.maximum(light / luminance(light)[..., None], 0) ** np.float32(saturation)
    return by_maximum(ratio * shown[..., None], lambda x: np.minimum(x, 1))


def poisson(divergence: Plane) -> Plane:
    """[H, W] of mean 0 whose Laplacian with reflecting borders is `divergence`."""
    from scipy import fft

    height, width = divergence.shape
    spectrum = fft.dctn(divergence, type=2)
    rows, columns = (2 * np.cos(np.pi * np.arange(n) / n) - 2 for n in (height, width))
    denominator = rows[:, None] + columns[None]
    denominator[0, 0] = 1
    spectrum = spectrum / denominator
    spectrum[0, 0] = 0
    found: Plane = fft.idctn(spectrum, type=2)
    return found


def blurred(plane: Plane, sigma: float) -> Plane:
    """About a Gaussian blur, by three box filters (Wells 1986): its time hangs little on sigma."""
    size = max(1, round(np.sqrt(4 * sigma * sigma + 1))) | 1
    for _ in range(3):
        plane = filters.uniform_filter(plane, size, mode="nearest")
    return plane
