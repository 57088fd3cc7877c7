"""Peak signal-to-noise ratios. One pair of pictures has seven of them, up to 20 dB apart: the name says which."""

from __future__ import annotations

import numpy as np

from .domains import Light, bt2020_nits, mu_law, pq_encoded

LEAST_ERROR = 1e-12
"""Mean square error taken for equal pictures: 120 dB."""

EXPOSURES_STOPS = np.linspace(-2, 2, 81)
ALIGNED_ROWS = 128


def psnr(made: Light, truth: Light, peak: float = 1.0) -> float:
    """PSNR in dB over all samples: 10 log10(peak ** 2 / mean square error), at most 120."""
    error = np.square(np.subtract(made, truth, dtype=np.float64)).mean() / peak**2
    return float(-10 * np.log10(max(error, LEAST_ERROR)))


def pq_psnr(light: Light, truth: Light, primaries: str = "bt709") -> float:
    """PSNR in dB of PQ code values over all pixels and channels, peak 1.0 (as HDRTVNet's, without rounding)."""
    return psnr(pq_encoded(light, primaries), pq_encoded(truth, primaries))


def linear_psnr(light: Light, truth: Light, primaries: str = "bt709", peak_nits: float | None = None) -> float:
    """PSNR in dB of BT.2020 light; peak is the truth's brightest channel, or `peak_nits`."""
    made, true = bt2020_nits(light, primaries), bt2020_nits(truth, primaries)
    return psnr(made, true, float(true.max()) if peak_nits is None else peak_nits)


def mu_psnr(light: Light, truth: Light, primaries: str = "bt709") -> float:
    """PSNR in dB of mu-law codes (mu = 5000) of BT.2020 light over the truth's brightest channel."""
    made, true = bt2020_nits(light, primaries), bt2020_nits(truth, primaries)
    peak = max(float(true.max()), 1e-9)
    return psnr(mu_law(made / peak), mu_law(true / peak))


def exposure(light: Light, truth: Light, primaries: str = "bt709") -> float:
    """The single factor on `light` that brings its PQ codes nearest to the truth's: -2 to 2 stops, in 1/20."""
    step = slice(None, None, max(1, light.shape[0] // ALIGNED_ROWS))
    made, true = bt2020_nits(light[step], primaries), pq_encoded(truth[step], primaries)
    codes = (pq_encoded(made * 2.0**ev / 203, "bt2020") for ev in EXPOSURES_STOPS)
    errors = [float(np.square(code - true).mean()) for code in codes]
    return float(2.0 ** EXPOSURES_STOPS[int(np.argmin(errors))])


def aligned_pq_psnr(light: Light, truth: Light, primaries: str = "bt709") -> float:
    """pq_psnr after the best single exposure of the whole picture: what is left is shape, not brightness."""
    return pq_psnr(light * exposure(light, truth, primaries), truth, primaries)
