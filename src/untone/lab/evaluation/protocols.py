"""Evaluation protocols of papers: PROTOCOLS fix linearisation, domain, peak, quantisation, and the columns.

Same pair, seven PSNRs: a figure of one protocol says nothing beside a figure of another.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.examples import OFFSET
from ..metrics import Rendition
from .arguments import FASTGAMER, GMNET, HDRTVNET
from .catalogue import DEFAULT, Comparison
from .methods import Made
from .pictures import Picture

Light = NDArray[Any]

GMNET_PEAKS = {"synthetic": 8.0, "real": 5.0}
"""HDR peak over SDR white of GMNet's two data sets."""

POWER = 2.2


@dataclasses.dataclass(frozen=True)
class Protocol:
    """One way to measure.

    Attributes:
        columns: names of METRICS.
        note: what is done before any figure is taken.
        prepare: a picture and a rendition of it, to what figures are taken of.
        every_pixel: whether pictures are compared at every pixel; else at about a million.
    """

    columns: tuple[str, ...]
    note: str
    prepare: Callable[[Picture, Made], Comparison]
    every_pixel: bool = True


def power_light(picture: Picture) -> Light:
    """The base linearised as code ** 2.2, as GMNet and FastGaMer do."""
    return picture.encoded ** np.float32(POWER)


def own_light(picture: Picture, made: Made) -> Light:
    """Light of a rendition that is given as gain, on the base it belongs to."""
    return made.on(power_light(picture) if made.of_power else picture.light)


def ours(picture: Picture, made: Made) -> Comparison:
    """As it is: the base's own transfer, offset 1/64, nothing quantised."""
    rendition = made.direct or Rendition(own_light(picture, made), picture.image.primaries)
    return Comparison(picture, made, rendition, picture.true)


def fastgamer(picture: Picture, made: Made) -> Comparison:
    """Gains, the true ones too, on a base linearised as code ** 2.2."""
    base, primaries = power_light(picture), picture.image.primaries
    stops = Made(made.stops) if made.direct else made
    return Comparison(
        picture, made, Rendition(stops.on(base), primaries), Rendition(Made(picture.true_stops).on(base), primaries)
    )


def gmnet(picture: Picture, made: Made, peak: float) -> Comparison:
    """SDR ** 2.2 * 2 ** (clip(gain / log2(peak), 0, 1) * log2(peak)) / peak, of both, per channel."""
    base = power_light(picture).astype(np.float64)
    light = own_light(picture, made) if made.direct is None else made.on(picture.light)
    pair = (
        Rendition(np.clip(side, base, base * peak) / peak, picture.image.primaries) for side in (light, picture.truth)
    )
    return Comparison(picture, made, *pair)


def hdrtvnet(picture: Picture, made: Made) -> Comparison:
    """Both as 16-bit PQ files hold them: clamped, rounded, BT.2020."""
    plain = ours(picture, made)
    return Comparison(picture, made, plain.made.rounded(), plain.truth.rounded())


def protocol(name: str | None, gmnet_peak: float = GMNET_PEAKS["synthetic"]) -> Protocol:
    """The protocol of that name; None is this project's own table."""
    if name != GMNET:
        return PROTOCOLS[name or "untone"]
    note = (
        f"linear light: code ** 2.2 * 2 ** gain / {gmnet_peak:g}, no offsets, gain clipped to 0..log2({gmnet_peak:g}), "
        "the truth's too; float64; no primaries change; networks are given the set's own thumbnails"
    )
    return Protocol(("gmnet_psnr", "gmnet_norm_psnr"), note, lambda p, m: gmnet(p, m, gmnet_peak))


PROTOCOLS: dict[str, Protocol] = {
    "untone": Protocol(
        DEFAULT,
        f"base linearised by its own transfer, light = (base + {OFFSET}) * 2 ** gain - {OFFSET}, nothing quantised",
        ours,
        every_pixel=False,
    ),
    FASTGAMER: Protocol(
        ("linear_psnr", "linear_ssim", "linear_sr_sim", "pq_psnr", "pq_ssim", "pq_sr_sim", "delta_e_itp"),
        f"base linearised as code ** 2.2, light = (base + {OFFSET}) * 2 ** gain - {OFFSET}, of the truth too",
        fastgamer,
    ),
    HDRTVNET: Protocol(
        ("pq_psnr", "pq_ssim", "pq_sr_sim", "delta_e_itp"),
        "both renditions clamped and rounded to 16-bit PQ codes, BT.2020, before any figure is taken",
        hdrtvnet,
    ),
}
"""Name -> protocol; `gmnet` is made by `protocol`, for it depends on the data set's peak."""
