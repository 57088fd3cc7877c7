"""Rate-distortion comparison of gain networks, networks of others and coded residual maps on one SDR/HDR pair.

An entry gives the bytes it needs and PQ codes (BT.2020) of the HDR rendition it leads to; figures are taken of those.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ... import gain_network
from ...console.progress import tracked
from ...formats.jpeg import network_segment
from ...implicit import encoding as network_encoding
from ...implicit import residual_map
from ...implicit.encoding import PAPER
from ...implicit.residual_map import Reduced
from ...kernels import network as kernel
from ...residuals import Residual
from .. import metrics
from ..metrics import Rendition, difference, hdrvdp
from ..metrics.perceptual import cvvdp_jod
from . import methods
from .scenes import Scene
from .settings import Settings

Codes = NDArray[np.float32]
Made = tuple[Codes, int]
"""PQ codes [H, W, 3] and bytes."""

KINDS = {
    "ISO gain": Residual("gain", "linear", "bt709"),
    "gain": Residual("gain", "pq"),
    "gamma": Residual("gamma", "pq"),
}
"""Ordinary gain maps (gains of light), and the paper's two residuals of PQ codes."""

USUAL = (4, 80)
"""Divisor and quality of the paper's table."""

LIMIT = 10_000
"""Bytes of the networks, and of the gain maps they are held against."""

EVERY = 3
"""Curves are measured at every third row and column: odd, so that all places of a block are sampled."""

THREADS = 1

# -- coded residuals --------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Point:
    """One coded residual map: codec settings, bytes and PQ-PSNR in dB."""

    kind: str
    codec: str
    divisor: int
    quality: int
    bytes: int
    pq_psnr: float


def points(scene: Scene, settings: Settings) -> Iterator[Point]:
    """Coded residual maps of every kind, codec, size and quality; see Settings.most_bytes."""
    for kind, residual in tracked(list(KINDS.items()), "kinds of coded maps"):
        true = scene.residual(residual)
        for divisor in settings.divisors:
            small = residual_map.reduced(true, divisor)
            for codec in residual_map.CODECS:
                yield from _curve(scene, kind, codec, divisor, small, settings)


def _curve(scene: Scene, kind: str, codec: str, divisor: int, small: Reduced, settings: Settings) -> Iterator[Point]:
    for quality in settings.qualities:
        kept = residual_map.picture(small.codes, codec, quality)
        some = (slice(None, None, EVERY),) * 2
        found = sampled(dataclasses.replace(small, codes=residual_map.opened(kept)), *scene.light.shape[:2])
        made = scene.rebuilt(found, KINDS[kind], *some)
        yield Point(kind, codec, divisor, quality, len(kept), metrics.psnr(made, scene.truth.pq[some]))
        if len(kept) > settings.most_bytes:
            return


def sampled(small: Reduced, height: int, width: int) -> Codes:
    """Every third row and column of what residual_map.values gives for a picture of this size: a ninth of the work."""
    share = small.codes.astype(np.float32) / np.float32(255)
    for axis, side in enumerate((height, width)):
        share = _between(share, side, axis)
    result: Codes = small.low + (small.high - small.low) * share
    return result


def _between(plane: Codes, side: int, axis: int) -> Codes:
    """Every third of `side` places along an axis, bilinear, samples at pixel centres, as gainmap.resize."""
    count = plane.shape[axis]
    place = np.clip((np.arange(0, side, EVERY) + 0.5) * count / side - 0.5, 0, count - 1)
    first = np.minimum(place.astype(np.intp), max(count - 2, 0))
    share = (place - first).astype(np.float32).reshape((-1, 1, 1) if axis == 0 else (1, -1, 1))
    low, high = np.take(plane, first, axis), np.take(plane, np.minimum(first + 1, count - 1), axis)
    result: Codes = low + (high - low) * share
    return result


def coded(scene: Scene, kind: str, codec: str, divisor: int, quality: int) -> Made:
    """The rendition by one coded residual."""
    residual = KINDS[kind]
    small = residual_map.reduced(scene.residual(residual), divisor)
    kept = residual_map.picture(small.codes, codec, quality)
    decoded = dataclasses.replace(small, codes=residual_map.opened(kept))
    return scene.rebuilt(residual_map.values(decoded, *scene.light.shape[:2]), residual), len(kept)


def best(found: list[Point], kinds: tuple[str, ...], limit: int = LIMIT) -> Point | None:
    """The point of the highest PQ-PSNR of these kinds within the limit."""
    fitting = [p for p in found if p.kind in kinds and p.bytes <= limit]
    return max(fitting, key=lambda p: p.pq_psnr, default=None)


# -- networks ---------------------------------------------------------------------------------------------------------


def network(scene: Scene, kind: str, domain: str, neurons: int, settings: Settings, **more: Any) -> Made:
    """The rendition by a gain network of 8 bits, and the bytes of its APP11 segments."""
    options = {"steps": settings.steps, "batch": settings.batch, "seed": settings.seed} | more
    recipe = network_encoding.Recipe(kind=kind, domain=domain, neurons=neurons, **options)
    found = network_encoding.learned(scene.image, scene.light, "bt709", recipe, THREADS)
    made = Rendition(network_encoding.rendition(scene.image, found).pixels).pq
    return made, network_segment.file_bytes(found.neurons, found.bits)


def blind(scene: Scene, settings: Settings, neurons: int = 16) -> Made:
    """The rendition by a gamma network of coordinates alone, without SDR codes (an ablation of the paper); 16 bits."""
    residual, (height, width) = KINDS["gamma"], scene.light.shape[:2]
    small = residual_map.reduced(scene.residual(residual), 1)
    middle, half = (small.high + small.low) / 2, (small.high - small.low) / 2
    random = np.random.default_rng(settings.seed)
    places = random.permutation(height * width)
    wanted = (scene.residual(residual).reshape(-1, 3)[places] - middle) / half
    index = np.stack([places % width, places // width + width], 1).astype(np.int32)
    samples = kernel.Samples(
        gain_network.basis(height, width, colours=False), index, wanted.clip(-1.5, 1.5), np.ones_like(wanted)
    )
    schedule = kernel.Schedule(settings.steps, min(settings.batch, len(index)), 1e-2)
    vector, _, _ = kernel.train(
        gain_network.fresh(neurons, settings.seed, 2), neurons, samples, schedule, threads=THREADS
    )
    vector = vector.astype(np.float16).astype(np.float32)
    columns, rows = gain_network.embedding(width), gain_network.embedding(height)
    said = [gain_network.forward(np.hstack([columns, np.repeat(row[None], width, 0)]), vector, neurons) for row in rows]
    found = (np.stack(said).clip(-1, 1) * half + middle).astype(np.float32)
    return scene.rebuilt(found, residual), 2 * vector.size


def direct(scene: Scene, settings: Settings) -> Made:
    """Direct-MLP of 16 neurons; see methods.py."""
    recipe = methods.DirectRecipe(steps=settings.steps, batch=settings.batch, seed=settings.seed)
    return methods.direct(scene.image.pixels, scene.base_pq, scene.truth.pq, recipe)


Entries = dict[str, Callable[[], Made]]
"""Name of a row of the table, and what makes it."""


def entries(scene: Scene, found: list[Point], start: methods.MlpItm | None, settings: Settings, slow: bool) -> Entries:
    """The rows of the groups that are asked for.

    Args:
        found: coded residuals.
        start: of MLP-ITM; None leaves it out.
        slow: also rows that are measured on a few views only.
    """
    rows: Entries = {}
    if "maps" in settings.only:
        rows |= _maps(scene, found)
    if "direct-mlp" in settings.only:
        rows["Direct-MLP"] = _later(direct, scene, settings)
    if "mlp-itm" in settings.only and start is not None:
        itm = methods.ItmRecipe(seed=settings.seed)
        rows["MLP-ITM"] = _later(methods.itm, scene.image.pixels, scene.truth.pq, start, itm)
    if "networks" in settings.only:
        rows |= _networks(scene, settings, slow)
    return rows


def _maps(scene: Scene, found: list[Point]) -> Entries:
    rows: Entries = {}
    for kind, name in (("gain", "Gain"), ("gamma", "Gamma")):
        for codec in residual_map.CODECS:
            rows[f"{name}-{codec.upper()}"] = _later(coded, scene, kind, codec, *USUAL)
    for name, kinds in (("Best gain map", ("ISO gain", "gain")), ("Best gamma map", ("gamma",))):
        point = best(found, kinds)
        if point is not None:
            rows[f"{name} up to 10 KB"] = _later(coded, scene, point.kind, point.codec, point.divisor, point.quality)
    return rows


def _networks(scene: Scene, settings: Settings, slow: bool) -> Entries:
    rows: Entries = {}
    rows["Gain-MLP 16"] = _later(network, scene, "gain", "pq", 16, settings)
    for neurons in settings.neurons:
        rows[f"Gamma-MLP {neurons}"] = _later(network, scene, "gamma", "pq", neurons, settings)
    rows["Gamma-MLP without SDR"] = _later(blind, scene, settings)
    if slow:
        rows["Gain-MLP 16, of light"] = _later(network, scene, "gain", "linear", 16, settings)
        own = ("kind", "domain", "neurons", "seed", "seconds")
        paper = {f.name: getattr(PAPER, f.name) for f in dataclasses.fields(PAPER) if f.name not in own}
        rows["Gain-MLP 16, the paper's schedule"] = _later(network, scene, "gain", "pq", 16, settings, **paper)
        rows["Gamma-MLP 16, the paper's schedule"] = _later(network, scene, "gamma", "pq", 16, settings, **paper)
    return rows


def _later(function: Callable[..., Made], *given: Any, **more: Any) -> Callable[[], Made]:
    return lambda: function(*given, **more)


# -- figures ----------------------------------------------------------------------------------------------------------

DIFFERENCES_EVERY = 2
"""Rows and columns of which one enters colour differences."""


def figures(scene: Scene, made: Codes, perceptual: tuple[str, ...] = ()) -> dict[str, float]:
    """PQ-PSNR, SSIM, colour differences, and of `perceptual` what is named: cvvdp_jod, hdrvdp3_q, hdrvdp3_jod."""
    truth = scene.truth
    some = (slice(None, None, DIFFERENCES_EVERY),) * 2
    light, true = (metrics.pq_decoded(side[some].astype(np.float64)) for side in (made, truth.pq))
    found = {
        "pq_psnr": metrics.psnr(made, truth.pq),
        "pq_ssim": metrics.ssim(made, truth.pq),
        "delta_e_2000": metrics.delta_e_2000(light, true, "bt2020"),
        "delta_e_ipt": metrics.delta_e_ipt(light, true, "bt2020"),
        "delta_e_itp": float(
            difference.itp_difference(metrics.ictcp(light, "bt2020"), metrics.ictcp(true, "bt2020")).mean()
        ),
    }
    if "cvvdp_jod" in perceptual:
        found["cvvdp_jod"] = cvvdp_jod(made, truth.pq)
    if "hdrvdp3_q" in perceptual:
        scores = hdrvdp.scores(Rendition.of_pq(made).bt2020, truth.bt2020)
        found |= {"hdrvdp3_q": scores.q, "hdrvdp3_jod": scores.jod}
    return found


def by_time(scene: Scene, settings: Settings) -> list[dict[str, float]]:
    """PQ-PSNR of gamma networks of 16 neurons by steps, and the CPU seconds that training took."""
    rows = []
    for steps in settings.ladder:
        begun = time.process_time()
        made, _ = network(scene, "gamma", "pq", 16, settings, steps=steps)
        spent = time.process_time() - begun
        rows.append({"steps": steps, "cpu_seconds": spent, "pq_psnr": metrics.psnr(made, scene.truth.pq)})
    return rows
