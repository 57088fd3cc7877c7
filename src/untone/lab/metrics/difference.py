"""Colour differences, averaged over pixels."""

from __future__ import annotations

import numpy as np

from .domains import Light, ictcp, ipt, lab

ITP_STEP = np.array([1, 0.5, 1])
"""T is half of Ct (ITU-R BT.2124)."""


def itp_difference(made: Light, truth: Light) -> Light:
    """dE_ITP of each pixel from ICtCp (ITU-R BT.2124); 1 is just noticeable."""
    square = np.square((made - truth) * ITP_STEP.astype(made.dtype))
    return 720 * np.sqrt(square[..., 0] + square[..., 1] + square[..., 2])


def delta_e_itp(light: Light, truth: Light, primaries: str = "bt709") -> float:
    """Mean dE_ITP (ITU-R BT.2124); 1 is just noticeable."""
    return float(itp_difference(ictcp(light, primaries), ictcp(truth, primaries)).mean())


def delta_e_ipt(light: Light, truth: Light, primaries: str = "bt709") -> float:
    """Mean Euclidean distance in IPT, times 100 (I of SDR white = 100); a formula papers do not agree on."""
    return float(100 * np.sqrt(np.square(ipt(light, primaries) - ipt(truth, primaries)).sum(-1)).mean())


def delta_e_2000(light: Light, truth: Light, primaries: str = "bt709") -> float:
    """Mean CIEDE2000 of L*a*b* whose white is SDR white (203 nits)."""
    return float(ciede2000(lab(light, primaries), lab(truth, primaries)).mean())


def ciede2000(first: Light, second: Light) -> Light:
    """CIEDE2000 of L*a*b* colours [..., 3], kL = kC = kH = 1 (Sharma, Wu and Dalal 2005, equations 2 to 22)."""
    chroma = (np.hypot(first[..., 1], first[..., 2]) + np.hypot(second[..., 1], second[..., 2])) / 2
    shrink = 1.5 - 0.5 * np.sqrt(_seventh(chroma))
    (c1, h1), (c2, h2) = _polar(first, shrink), _polar(second, shrink)
    grey = c1 * c2 == 0
    turn = np.where(grey, 0, (h2 - h1 + 180) % 360 - 180)
    turn = np.where((h2 - h1 == 180) & ~grey, 180, turn)
    hue = np.where(grey, h1 + h2, (h1 + h2) / 2)
    apart = ~grey & (np.abs(h1 - h2) > 180)
    hue = np.where(apart, np.where(h1 + h2 < 360, hue + 180, hue - 180), hue)
    light, mean = (first[..., 0] + second[..., 0]) / 2, (c1 + c2) / 2
    d_light = (second[..., 0] - first[..., 0]) / (1 + 0.015 * (light - 50) ** 2 / np.sqrt(20 + (light - 50) ** 2))
    d_chroma = (c2 - c1) / (1 + 0.045 * mean)
    d_hue = 2 * np.sqrt(c1 * c2) * _sin(turn / 2) / (1 + 0.015 * mean * _hue_weight(hue))
    rotation = -_sin(60 * np.exp(-(((hue - 275) / 25) ** 2))) * 2 * np.sqrt(_seventh(mean))
    square = d_light**2 + d_chroma**2 + d_hue**2 + rotation * d_chroma * d_hue
    return np.sqrt(np.maximum(square, 0))


def _seventh(chroma: Light) -> Light:
    return chroma**7 / (chroma**7 + 25.0**7)


def _polar(colours: Light, shrink: Light) -> tuple[Light, Light]:
    """Chroma and hue in degrees, 0..360, of a and b after a has been scaled."""
    a, b = colours[..., 1] * shrink, colours[..., 2]
    return np.hypot(a, b), np.degrees(np.arctan2(b, a)) % 360


def _sin(degrees: Light) -> Light:
    return np.sin(np.radians(degrees))


def _hue_weight(hue: Light) -> Light:
    def wave(times: int, shift: float) -> Light:
        return np.cos(np.radians(times * hue + shift))

    return 1 - 0.17 * wave(1, -30) + 0.24 * wave(2, 0) + 0.32 * wave(3, 6) - 0.20 * wave(4, -63)
