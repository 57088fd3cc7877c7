"""Tone curves: light in (1.0 = diffuse white of the HDR rendition, 0.18 = mid grey), display light in 0..1 out.

Pure functions of arrays of any shape; all rise, and keep black. `white` is the light that becomes 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[Any]


def clip(light: Plane, exposure: float = 1.0) -> Plane:
    """No curve: what is over 1 is lost."""
    return np.minimum(light * exposure, 1)


def knee(light: Plane, white: float, start: float = 0.6) -> Plane:
    """Identity up to `start`, then a rational shoulder that reaches 1 at `white`: a camera's highlight roll-off."""
    over = np.maximum(light - start, 0)
    room, span = 1 - start, max(white - start, 1e-3)
    bend = max(span / room - 1, 0) / span
    return np.minimum(np.minimum(light, start) + over / (1 + over * bend), 1)


def broken_line(light: Plane, start: float, white: float) -> Plane:
    """A video camera's knee: identity of the 2.2 signal to `start`, a straight line to 1 at light `white`."""
    signal = np.maximum(light, 0) ** (1 / 2.2)
    slope = (1 - start) / max(white ** (1 / 2.2) - start, 1 - start)
    shown = np.minimum(signal, start) + np.maximum(signal - start, 0) * slope
    return np.minimum(shown, 1) ** 2.2


def reinhard(light: Plane, white: float, exposure: float = 1.22) -> Plane:
    """Reinhard et al. 2002, equation 4; an exposure of 1.22 keeps mid grey where it is."""
    scaled = light * exposure
    return np.minimum(scaled * (1 + scaled / (white * exposure) ** 2) / (1 + scaled), 1)


def hable(light: Plane, white: float, exposure: float = 2.4, toe: float = 0.3) -> Plane:
    """Hable 2010 ("Uncharted 2") filmic curve: published constants but for `toe`, its D (0.2 published)."""

    def curve(x: Plane) -> Plane:
        return (x * (0.15 * x + 0.05) + 0.02 * toe / 1.5) / (x * (0.15 * x + 0.5) + 0.3 * toe / 1.5) - 0.02 / 0.3

    return np.clip(curve(light * exposure) / curve(np.asarray(white * exposure)), 0, 1)


def exponential(light: Plane, exposure: float) -> Plane:
    """1 - exp(-exposure x), as of photographic materials and many cameras."""
    return 1 - np.exp(-np.maximum(light, 0) * np.float32(exposure))


def camera(light: Plane, peak: float) -> Plane:
    """Camera picture style: an exponential shoulder over a gentle S that deepens shadows."""
    exposed = (1 - np.exp(-light * 1.25)) / (1 - np.exp(-1.25 * max(peak, 1.2)))
    encoded = np.clip(exposed, 0, 1) ** (1 / 2.2)
    return (encoded + 0.12 * encoded * (1 - encoded) * (2 * encoded - 0.9)) ** 2.2


def log_sigmoid(light: Plane, contrast: float, grey: float = 0.18, white: float = 16.0) -> Plane:
    """Log-logistic sigmoid x^c / (x^c + k) through mid grey, stretched to 1 at `white` (Naka and Rushton 1966)."""
    power = np.maximum(light, 0) ** np.float32(contrast)
    constant = 0.18**contrast * (1 / grey - 1)
    top = white**contrast / (white**contrast + constant)
    return np.minimum(power / (power + constant) / top, 1)


def uchimura(light: Plane, contrast: float, start: float, length: float, toe: float) -> Plane:
    """Uchimura 2017 ("Gran Turismo"): toe, linear part and shoulder; peak 1, no pedestal."""
    linear = (1 - start) * length / contrast
    shoulder_at, shoulder_from = start + linear, start + contrast * linear
    speed = contrast / max(1 - shoulder_from, 1e-3)
    below = 1 - _smoothstep(light / start)
    above = (light >= shoulder_at).astype(np.float32)
    toed = start * (np.maximum(light, 0) / start) ** np.float32(toe)
    straight = start + contrast * (light - start)
    rolled = 1 - (1 - shoulder_from) * np.exp(-speed * np.maximum(light - shoulder_at, 0))
    return np.clip(toed * below + straight * (1 - below) * (1 - above) + rolled * above, 0, 1)


def lottes(light: Plane, contrast: float, shoulder: float, white: float, grey_out: float = 0.18) -> Plane:
    """Lottes 2016 ("Advanced Techniques and Optimization of HDR Color Pipelines"): x^a / (x^(a d) b + c)."""
    grey, a, d = 0.18, contrast, shoulder
    top, middle = white ** (a * d), grey ** (a * d)
    b = (-(grey**a) + white**a * grey_out) / ((top - middle) * grey_out)
    c = (top * grey**a - white**a * middle * grey_out) / ((top - middle) * grey_out)
    lit = np.minimum(np.maximum(light, 0), white)
    return np.clip(lit**a / (lit ** (a * d) * b + c), 0, 1)


def logarithm(light: Plane, scale: float, white: float) -> Plane:
    """log(1 + s x) / log(1 + s white): the plainest adaptation."""
    return np.minimum(np.log1p(np.maximum(light, 0) * scale) / np.log1p(white * scale), 1)


def rational(light: Plane, exposure: float, white: float) -> Plane:
    """Schlick 1994, uniform rational quantization: p x / ((p - 1) x + white)."""
    lit = np.minimum(light, white)
    return exposure * lit / ((exposure - 1) * lit + white)


def power(light: Plane, gamma: float, white: float) -> Plane:
    """(x / white) ** gamma: the flat look of a log or gamma encoding without grading."""
    return np.minimum(np.maximum(light, 0) / white, 1) ** np.float32(gamma)


def contrast_s(display: Plane, amount: float, pivot: float = 0.45) -> Plane:
    """An S in the 2.2 signal about `pivot`: deeper shadows, brighter highlights; amount -0.6..0.6 keeps it rising."""
    signal = np.clip(display, 0, 1) ** (1 / 2.2)
    return np.clip(signal + amount * signal * (1 - signal) * (signal - pivot) * 2, 0, 1) ** 2.2


def _smoothstep(x: Plane) -> Plane:
    x = np.clip(x, 0, 1)
    return x * x * (3 - 2 * x)
