"""Metrics of HDR renditions, with and without a reference. Light is [..., 3], linear, 1.0 = SDR white.

Every function names its convention (docs/metrics.md has them all); nothing here is quantised first.
"""

from __future__ import annotations

from .complaints import (
    black_lift_nits,
    brightness_stops,
    highlights,
    hue_shift_degrees,
    peak_stops,
    share_above_white,
    wide_gamut,
)
from .difference import ciede2000, delta_e_2000, delta_e_ipt, delta_e_itp
from .domains import Light, Rendition, ictcp, mu_law, pq_decoded, pq_encoded
from .fidelity import aligned_pq_psnr, linear_psnr, mu_psnr, pq_psnr, psnr
from .structure import sr_sim, ssim

__all__ = [
    "Light", "Rendition", "aligned_pq_psnr", "black_lift_nits", "brightness_stops", "ciede2000", "delta_e_2000",
    "delta_e_ipt", "delta_e_itp", "highlights", "hue_shift_degrees", "ictcp", "linear_psnr", "mu_law", "mu_psnr",
    "peak_stops", "pq_decoded", "pq_encoded", "pq_psnr", "psnr", "share_above_white", "sr_sim", "ssim", "wide_gamut",
]  # fmt: skip
