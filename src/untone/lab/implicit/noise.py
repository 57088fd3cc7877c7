"""Chromatic noise with the statistics of photographs, as HDR pictures and their SDR renditions (Gain-MLP, section 3.2).

The paper's 50 images follow Daly, Kunkel, Su and Choudhury (2023) and are not public. These follow what is known of
natural images: amplitudes of log light fall as 1 / frequency, and vary most in luminance, less from yellow to blue, and
least from red to green (Ruderman, Cronin and Chiao 1998); colours are widened here and there to fill BT.2020.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ... import colour
from ...image import DIFFUSE_WHITE_NITS, Image
from ..data.tonemapping import curves

Light = NDArray[np.float32]

SPREAD = np.array([0.353, 0.0732, 0.00745]) * np.log2(10)
"""Standard deviations of log light in stops along luminance, yellow to blue, red to green (Ruderman et al.)."""

AXES = np.array([[1, 1, 1], [1, 1, -2], [1, -1, 0]]) / np.sqrt([[3], [6], [2]])

KEY_NITS, PEAK_NITS = 20.0, 1000.0
"""Log-average and brightest light of the HDR picture."""


def field(side: int, falloff: float, random: np.random.Generator) -> NDArray[np.float64]:
    """[side, side] of mean 0 and variance 1, whose amplitudes fall as frequency to the power of -`falloff`."""
    rows, columns = np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None]
    frequency = np.hypot(rows, columns)
    frequency[0, 0] = np.inf
    found = np.fft.irfft2(np.fft.rfft2(random.normal(size=(side, side))) * frequency**-falloff, s=(side, side))
    result: NDArray[np.float64] = (found - found.mean()) / found.std()
    return result


def picture(side: int, random: np.random.Generator) -> tuple[Image, Light]:
    """A noise picture: SDR image (BT.709, sRGB, 8 bits) and light of its HDR rendition in BT.2020, 1.0 = SDR white.

    Contrast (1 to 2.5 times that of Ruderman's scenes, which had no lamps in them), falloff (0.9 to 1.5) and colour (1
    to 6 times) differ from picture to picture. The SDR one is the HDR one through a plain global curve.
    """
    falloff, contrast, widening = random.uniform(0.9, 1.5), random.uniform(1, 2.5), random.uniform(1, 6)
    planes = np.stack([field(side, falloff, random) for _ in SPREAD], -1)
    stops = (planes * SPREAD * [contrast, widening, 3 * widening]) @ AXES
    light = np.exp2(stops) * KEY_NITS / DIFFUSE_WHITE_NITS
    brightest = light.max(-1, keepdims=True)
    peak = PEAK_NITS / DIFFUSE_WHITE_NITS
    light = light * (curves.knee(brightest / peak, max(float(brightest.max()) / peak, 1), 0.5) * peak / brightest)
    own = np.maximum(light @ colour.rgb_to_rgb("bt2020", "bt709").T, 0)
    exposed = own * random.uniform(1, 3)
    shown = curves.camera(exposed, max(float(exposed.max()), 1.01))
    codes = np.clip(colour.linear_to_srgb(np.clip(shown, 0, 1)) * 255 + 0.5, 0, 255)
    return Image(codes.astype(np.uint8)), light.astype(np.float32)
