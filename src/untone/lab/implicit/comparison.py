"""Rate-distortion comparison of gain networks, networks of others and coded residual maps on one SDR/HDR pair.

An entry gives the bytes it needs and PQ codes (BT.2020) of the HDR rendition it leads to; figures are taken of those.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ... import gain_network
from ...console.progress import tracked
from ...formats.jpeg import network_segment
from ...implicit import encoding as network_encoding
from ...implicit import residual_map
from ...implicit import sampling as pixel_sampling
from ...implicit.encoding import PAPER
from ...kernels import network as kernel
from .. import metrics
from ..metrics import Rendition, difference, hdrvdp
from ..metrics.perceptual import cvvdp_jod
from . import coded_maps, methods
from .coded_maps import KINDS, USUAL, Codes, Made, Point
from .scenes import Scene
from .settings import Settings

THREADS = 1

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


def direct(scene: Scene, settings: Settings, **more: Any) -> Made:
    """Direct-MLP of 16 neurons; see methods.py. `more` is of methods.DirectRecipe."""
    options = {"steps": settings.steps, "batch": settings.batch, "seed": settings.seed} | more
    return methods.direct(scene.image.pixels, scene.base_pq, scene.truth.pq, methods.DirectRecipe(**options))


def direct_as_ours(scene: Scene, settings: Settings, neurons: int = 16) -> Made:
    """Our network by our training that says what Direct-MLP's says, the difference of PQ codes; 8 bits.

    Steps, batches, rates, whitening and rounding are those of `network`, so that rows differ in the residual alone.
    """
    recipe = network_encoding.Recipe(neurons=neurons, steps=settings.steps, batch=settings.batch, seed=settings.seed)
    given = network_encoding.samples_of(scene.image, scene.light, "bt709", recipe)
    columns, rows = given.samples.index[:, 0], given.samples.index[:, 1] - scene.image.width
    found = (scene.truth.pq - scene.base_pq)[rows, columns].astype(np.float32)
    low, high = (np.quantile(found, share, axis=0).astype(np.float32) for share in ENDS)
    half = np.maximum((high - low) / 2, pixel_sampling.LEAST_SPAN)
    limit = pixel_sampling.TARGET_LIMIT
    targets = np.clip((found - low) / half - 1, -limit, limit).astype(np.float32)
    weights = np.broadcast_to((half**2 / (half**2).mean()).astype(np.float32), targets.shape)
    samples = dataclasses.replace(given.samples, targets=targets, weights=np.ascontiguousarray(weights))
    given = dataclasses.replace(given, samples=samples, low=low, high=low + 2 * half)
    vector = network_encoding.trained(given, recipe, THREADS)
    made = network_encoding.network(scene.image, scene.light, given, vector, recipe)
    said = kernel.values(pixel_sampling.codes(scene.image.pixels), made)
    return np.clip(scene.base_pq + said, 0, 1), network_segment.file_bytes(neurons, recipe.bits)


ENDS = pixel_sampling.TAIL, 1 - pixel_sampling.TAIL
"""Shares of differences that the network's lowest and highest value stand for, as of every residual of ours."""


Entries = dict[str, Callable[[], Made]]
"""Name of a row of the table, and what makes it."""


Starts = Mapping[str, methods.MlpItm]
"""Name of a row of MLP-ITM, and the weights it begins with."""


def entries(scene: Scene, found: list[Point], starts: Starts, settings: Settings, slow: bool) -> Entries:
    """The rows of the groups that are asked for.

    Args:
        found: coded residuals.
        starts: of MLP-ITM; an empty one leaves it out.
        slow: also rows that are measured on a few views only.
    """
    rows: Entries = {}
    if "maps" in settings.only:
        rows |= _maps(scene, found)
    if "direct-mlp" in settings.only:
        rows |= _direct(scene, settings, slow)
    if "mlp-itm" in settings.only:
        itm = methods.ItmRecipe(seed=settings.seed)
        for name, start in starts.items():
            rows[name] = _later(methods.itm, scene.image.pixels, scene.truth.pq, start, itm)
    if "networks" in settings.only:
        rows |= _networks(scene, settings, slow)
    return rows


def _maps(scene: Scene, found: list[Point]) -> Entries:
    rows: Entries = {}
    for kind, name in (("gain", "Gain"), ("gamma", "Gamma")):
        for codec in residual_map.CODECS:
            rows[f"{name}-{codec.upper()}"] = _later(coded_maps.coded, scene, kind, codec, *USUAL)
        for codec in coded_maps.PUBLISHED:
            rows[f"{name}-{codec}, bicubic"] = _later(coded_maps.published, scene, kind, codec)
    for name, kinds in (("Best gain map", ("ISO gain", "gain")), ("Best gamma map", ("gamma",))):
        point = coded_maps.best(found, kinds)
        if point is not None:
            how = point.kind, point.codec, point.divisor, point.quality
            rows[f"{name} up to 10 KB"] = _later(coded_maps.coded, scene, *how)
    return rows


def _direct(scene: Scene, settings: Settings, slow: bool) -> Entries:
    rows: Entries = {"Direct-MLP": _later(direct, scene, settings)}
    rows["Direct-MLP, our training"] = _later(direct_as_ours, scene, settings)
    if slow:
        paper = {"steps": PAPER.steps, "batch": PAPER.batch, "falling": False}
        rows["Direct-MLP, the paper's schedule"] = _later(direct, scene, settings, **paper)
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


MLP_ITM_LADDER = (25, 50, 100, 200, 400, 800)
"""Steps of MLP-ITM in quality by time; 200 are published."""


def by_time(scene: Scene, starts: Starts, settings: Settings) -> list[dict[str, Any]]:
    """PQ-PSNR and PQ-SSIM of networks by steps, and the CPU seconds each took: ours of 16 neurons and the rivals'."""
    makers: list[tuple[str, int, Callable[[], Made]]] = []
    if "networks" in settings.only:
        for kind in ("gain", "gamma"):
            name = f"{kind.title()}-MLP 16"
            makers += [(name, n, _later(network, scene, kind, "pq", 16, settings, steps=n)) for n in settings.ladder]
    if "direct-mlp" in settings.only:
        makers += [("Direct-MLP", n, _later(direct, scene, settings, steps=n)) for n in settings.ladder]
    for name, start in starts.items() if "mlp-itm" in settings.only else ():
        recipes = [methods.ItmRecipe(steps=n, seed=settings.seed) for n in MLP_ITM_LADDER]
        pair = scene.image.pixels, scene.truth.pq
        makers += [(name, recipe.steps, _later(methods.itm, *pair, start, recipe)) for recipe in recipes]
    return [_timed(scene, *maker) for maker in tracked(makers, "networks by time")]


def _timed(scene: Scene, name: str, steps: int, make: Callable[[], Made]) -> dict[str, Any]:
    begun = time.process_time()
    made, _ = make()
    spent, truth = time.process_time() - begun, scene.truth.pq
    quality = {"pq_psnr": metrics.psnr(made, truth), "pq_ssim": metrics.ssim(made, truth)}
    return {"method": name, "steps": steps, "cpu_seconds": spent} | quality
