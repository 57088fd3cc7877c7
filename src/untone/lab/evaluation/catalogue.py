"""METRICS, the registry: every metric that a table can have, with its convention."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ... import colour
from .. import metrics
from ..metrics import Rendition, complaints, difference, gain_statistics
from ..metrics.domains import MU, brightest, mu_law
from ..metrics.hdrvdp import CONVENTION as HDRVDP_CONVENTION
from ..metrics.hdrvdp import scores
from ..metrics.perceptual import CVVDP_CONVENTION, LPIPS_CONVENTION, cvvdp_jod, lpips
from .methods import Made, best_strength
from .pictures import Picture

Light = NDArray[Any]


@dataclasses.dataclass(frozen=True, eq=False)
class Comparison:
    """One picture and one rendition of it, as a protocol sees them."""

    picture: Picture
    result: Made
    made: Rendition
    truth: Rendition

    @cached_property
    def light(self) -> Light:
        """The made light in the primaries of the base."""
        own = self.picture.image.primaries
        if self.made.primaries == own:
            return self.made.light
        return self.made.light @ colour.rgb_to_rgb(self.made.primaries, own).T

    @cached_property
    def gains(self) -> dict[str, float]:
        """What the gain does to the picture, by gain_statistics.NAMES."""
        found = gain_statistics.between_renditions(self.picture.encoded, self.picture.light, self.light)
        return gain_statistics.as_figures(found)


@dataclasses.dataclass(frozen=True)
class Metric:
    """One column.

    Attributes:
        head: in the table, unit included.
        convention: domain, scale, peak, source.
        compute: the figure of one picture.
        better: "more", "less", or "" where neither is.
        digits: shown after the point.
        median: whether a table shows the median over pictures, not the mean.
        shown_for_truth: whether the true rendition has one of its own.
    """

    head: str
    convention: str
    compute: Callable[[Comparison], float]
    better: str = ""
    digits: int = 2
    median: bool = False
    shown_for_truth: bool = False


PQ = "PQ codes (ST 2084), BT.2020, SDR white at 203 nits, peak 1.0"
BY_PEAK = "light in BT.2020 over the truth's brightest channel"
WANG = "11 x 11 Gaussian, sigma 1.5, K 0.01 0.03, mean of R, G, B, no downsampling"
ZHANG = "luma of 0..255 (YIQ), C1 0.40, C2 225, alpha 0.50"
ITP = "ITU-R BT.2124, 720 sqrt(dI^2 + dT^2 + dP^2), mean over pixels, SDR white at 203 nits"


def _by_peak(c: Comparison) -> tuple[Light, Light]:
    return c.made.bt2020 / c.truth.peak, c.truth.bt2020 / c.truth.peak


def _mu(c: Comparison) -> float:
    made, truth = _by_peak(c)
    return metrics.psnr(mu_law(made), mu_law(truth))


def _linear_sr_sim(c: Comparison) -> float:
    return metrics.sr_sim(*_by_peak(c))


def _hue(c: Comparison) -> float:
    return complaints.hue_turn(c.made.ictcp, c.picture.base.ictcp, brightest(c.light) <= 1)


def _best(c: Comparison) -> float:
    return best_strength(c.picture, c.result)[1]


def _bt2020(function: Callable[..., float]) -> Callable[[Comparison], float]:
    return lambda c: function(c.made.bt2020, c.truth.bt2020, "bt2020")


METRICS: dict[str, Metric] = {
    "pq_psnr": Metric("PQ-PSNR dB", f"PSNR of {PQ}", lambda c: metrics.psnr(c.made.pq, c.truth.pq), "more"),
    "pq_psnr_best_strength": Metric(
        "at best strength",
        f"PSNR of {PQ}, after the best single strength of 0.2 to 2.0 for each picture",
        _best,
        "more",
    ),
    "pq_psnr_aligned": Metric(
        "aligned dB",
        f"PSNR of {PQ}, after the best single exposure (-2 to 2 stops)",
        _bt2020(metrics.aligned_pq_psnr),
        "more",
    ),
    "pq_ssim": Metric("PQ-SSIM", f"SSIM of {PQ}; {WANG}", lambda c: metrics.ssim(c.made.pq, c.truth.pq), "more", 4),
    "pq_sr_sim": Metric(
        "PQ-SR-SIM", f"SR-SIM of {PQ}, times 255; {ZHANG}", lambda c: metrics.sr_sim(c.made.pq, c.truth.pq), "more", 4
    ),
    "linear_psnr": Metric(
        "linear PSNR dB", f"PSNR of {BY_PEAK}, peak 1.0", lambda c: metrics.psnr(*_by_peak(c)), "more"
    ),
    "linear_psnr_10000": Metric(
        "PSNR/10000 dB",
        "PSNR of light in BT.2020 over 10,000 nits, peak 1.0",
        lambda c: metrics.psnr(c.made.bt2020, c.truth.bt2020, 10_000 / 203),
        "more",
    ),
    "linear_ssim": Metric("linear SSIM", f"SSIM of {BY_PEAK}; {WANG}", lambda c: metrics.ssim(*_by_peak(c)), "more", 4),
    "linear_sr_sim": Metric("linear SR-SIM", f"SR-SIM of {BY_PEAK}, times 255; {ZHANG}", _linear_sr_sim, "more", 4),
    "mu_psnr": Metric("mu-PSNR dB", f"PSNR of mu-law codes (mu {MU:g}) of {BY_PEAK}", _mu, "more"),
    "delta_e_itp": Metric(
        "dE_ITP", ITP, lambda c: float(difference.itp_difference(c.made.ictcp, c.truth.ictcp).mean()), "less", 1
    ),
    "delta_e_2000": Metric(
        "dE2000", "CIEDE2000, white of L*a*b* at 203 nits D65, mean over pixels", _bt2020(metrics.delta_e_2000), "less"
    ),
    "delta_e_ipt": Metric(
        "dE_IPT",
        "100 times the distance in IPT (Ebner and Fairchild 1998), I of 203 nits = 100",
        _bt2020(metrics.delta_e_ipt),
        "less",
    ),
    "hue_shift_degrees": Metric(
        "hue shift (deg)",
        "median turn of the ICtCp hue from the base, pixels below SDR white, chroma above 0.02; median of pictures",
        _hue,
        "less",
        2,
        True,
        True,
    ),
    "black_lift_nits": Metric(
        "black lift (nit)",
        "median light added where the base shows under 0.5 nit; median of pictures",
        lambda c: complaints.black_lift_nits(c.light, c.picture.light),
        "less",
        3,
        True,
        True,
    ),
    "brightness_stops": Metric(
        "mean brightness (stops)",
        "log2 of mean luminance over that of the base",
        lambda c: complaints.brightness_stops(c.light, c.picture.light, c.picture.image.primaries),
        "",
        2,
        False,
        True,
    ),
    "share_above_white": Metric(
        "above white (%)",
        "share of pixels with a channel above SDR white (1.001), percent",
        lambda c: 100 * complaints.share_above_white(c.light),
        "",
        1,
        False,
        True,
    ),
    "peak_stops": Metric(
        "peak (stops)",
        "99.9th percentile of all samples over SDR white",
        lambda c: complaints.peak_stops(c.light),
        "",
        2,
        False,
        True,
    ),
    "gain_stops": Metric(
        "mean |gain| (stops)",
        "mean of |gain| of all samples, offset 1/64",
        lambda c: float(np.abs(c.result.stops).mean()),
        "",
        2,
        False,
        True,
    ),
    "fhlp": Metric(
        "FHLP (%)",
        "share of BT.2020 samples at or above 100 nits, percent (HDRTVDM)",
        lambda c: 100 * metrics.highlights(c.made.bt2020)[0],
        "",
        1,
        False,
        True,
    ),
    "ehl": Metric(
        "EHL (%)",
        "mean excess over 100 nits, 100% = all at 1000 nits (HDRTVDM)",
        lambda c: 100 * metrics.highlights(c.made.bt2020)[1],
        "",
        2,
        False,
        True,
    ),
    "fwgp": Metric(
        "FWGP (%)",
        "share of samples outside BT.709 of 0..1000 nits, percent (HDRTVDM)",
        lambda c: 100 * metrics.wide_gamut(c.made.bt2020)[0],
        "",
        2,
        False,
        True,
    ),
    "ewg": Metric(
        "EWG (%)",
        "mean XYZ distance that clipping to BT.709 costs, 100% = 0.2751 (HDRTVDM)",
        lambda c: 100 * metrics.wide_gamut(c.made.bt2020)[1],
        "",
        3,
        False,
        True,
    ),
    "gmnet_psnr": Metric(
        "PSNR dB",
        "PSNR of light, peak 1.0, mean of pictures' dB (GMNet test.py)",
        lambda c: metrics.psnr(c.made.light, c.truth.light),
        "more",
    ),
    "gmnet_norm_psnr": Metric(
        "norm_PSNR dB",
        "PSNR of light over the truth's largest sample, peak 1.0 (GMNet test.py)",
        lambda c: metrics.psnr(c.made.light, c.truth.light, max(float(c.truth.light.max()), 1e-9)),
        "more",
    ),
    "cvvdp_jod": Metric("ColorVideoVDP JOD", CVVDP_CONVENTION, lambda c: cvvdp_jod(c.made.pq, c.truth.pq), "more"),
    "lpips": Metric("LPIPS", LPIPS_CONVENTION, lambda c: lpips(c.made.pq, c.truth.pq), "less", 4),
    "hdrvdp3_q": Metric("HDR-VDP-3 Q", HDRVDP_CONVENTION, lambda c: scores(c.made.bt2020, c.truth.bt2020).q, "more", 3),
    "hdrvdp3_jod": Metric(
        "HDR-VDP-3 Q_JOD", HDRVDP_CONVENTION, lambda c: scores(c.made.bt2020, c.truth.bt2020).jod, "more", 3
    ),
}

GAINS = tuple(gain_statistics.NAMES)
"""What the gain does, of every rendition and of the truth: a table of their own."""


def _gain(name: str) -> Metric:
    return Metric(name, gain_statistics.NAMES[name], lambda c: c.gains[name], shown_for_truth=True)


METRICS |= {name: _gain(name) for name in GAINS}

EXTRAS = ("cvvdp_jod", "lpips", "hdrvdp3_q", "hdrvdp3_jod")
"""Asked for by name: each needs something that is not in this package."""

DEFAULT = (
    "pq_psnr", "pq_psnr_best_strength", "delta_e_itp", "hue_shift_degrees", "black_lift_nits", "brightness_stops",
    "share_above_white", "peak_stops",
)  # fmt: skip
