"""Baselines fitted to training pairs: one curve and one 3D LUT for all pictures.

Both fits minimise what the tables measure (log PQ error per picture), so they are the best of their kind.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from ... import colour
from ...console.progress import tracked
from ...image import DIFFUSE_WHITE_NITS
from ..data.examples import Dataset, light_of
from ..data.layouts.shards import Pairs
from ..nets.fastgamer import tetrahedral
from . import batches, losses

CURVE_NODES = 33
LUT_NODES = 17

POOL_PICTURES, POOL_PIXELS = 4096, 1024
"""Pixels are drawn once, of at most so many pairs; every step of a fit takes BATCH of these pictures."""

BATCH = 48

STRENGTHS = np.linspace(0.5, 2.0, 31)
STRENGTH_PICTURES, STRENGTH_PIXELS = 128, 4096


def curve_gain(curve: Tensor, rgb: Tensor) -> Tensor:
    """Gain of a curve [n] over the brightest channel, equal for all channels; rgb [B, N, 3]."""
    place = rgb.amax(-1) * (curve.shape[0] - 1)
    below = place.detach().floor().clamp(max=curve.shape[0] - 2)
    part = place - below
    index = below.long()
    return (curve[index] * (1 - part) + curve[index + 1] * part)[..., None].expand_as(rgb)


def lut_gain(lut: Tensor, rgb: Tensor) -> Tensor:
    """Gain of a LUT [n, n, n, 3] in stops, tetrahedral; rgb [B, N, 3]."""
    return tetrahedral(lut[None], rgb.reshape(1, -1, 3)).reshape(rgb.shape)


def fit_curve(pairs: Dataset | Pairs, steps: int = 600, seed: int = 0) -> Tensor:
    """The best single curve, [33] stops."""
    start = torch.linspace(0, 1, CURVE_NODES) ** 2
    return _fit("one curve", start, curve_gain, pairs, steps, seed, lambda curve: curve.diff(n=2).square().mean())


def fit_lut(pairs: Dataset | Pairs, steps: int = 1500, seed: int = 0) -> Tensor:
    """The best single 3D LUT, [17, 17, 17, 3] stops."""
    axis = torch.linspace(0, 1, LUT_NODES)
    brightest = torch.stack(torch.meshgrid(axis, axis, axis, indexing="ij")).amax(0)
    start = (1.8 * brightest**3)[..., None].repeat(1, 1, 1, 3)
    return _fit("one 3D LUT", start, lut_gain, pairs, steps, seed, lambda lut: losses.lut_roughness(lut[None]))


def _fit(
    what: str, start: Tensor, gain: Callable[[Tensor, Tensor], Tensor], pairs: Dataset | Pairs, steps: int, seed: int,
    roughness: Callable[[Tensor], Tensor],
) -> Tensor:  # fmt: skip
    values = start.clone().requires_grad_()
    optimiser = torch.optim.Adam([values], 2e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    random = np.random.default_rng([seed, 0])
    rgb, stops = _pool(pairs, random)
    for _ in tracked(range(steps), f"steps of fitting {what}"):
        chosen = torch.from_numpy(random.integers(len(rgb), size=BATCH))
        error = losses.reconstruction(rgb[chosen], gain(values, rgb[chosen]), stops[chosen]) + 0.1 * roughness(values)
        optimiser.zero_grad()
        torch.autograd.backward(error)
        optimiser.step()
        schedule.step()
    return values.detach()


def _pool(pairs: Dataset | Pairs, random: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Encoded pixels and their gains, [pictures, pixels, 3] each; tinted a little: fewer colours go without."""
    count = min(len(pairs), POOL_PICTURES)
    indices = np.unique(np.linspace(0, len(pairs) - 1, count).astype(int)).tolist()
    view = batches.View(pixels=POOL_PIXELS, jitter=True)
    parts = []
    for index in tracked(indices, "pairs read for the fit"):
        part = batches.gather(pairs, batches.Choice([index], [int(random.integers(2**62))]), view)
        parts.append((part.rgb[0], part.gain_stops[0]))
    return torch.stack([rgb for rgb, _ in parts]), torch.stack([stops for _, stops in parts])


def fit_strength(pairs: Dataset, gain: Callable[[Tensor], Tensor]) -> float:
    """The single strength, 0.5 to 2 in 1/20, at which a method's mean PQ-PSNR over training pairs is highest.

    Fits that minimise an error give half of their pictures too little gain, and PQ-PSNR punishes that more.

    Args:
        pairs: training pairs; at most 128 of them are looked at, evenly spread, at 4096 pixels each.
        gain: rgb [1, N, 3] encoded to stops of the same shape.
    """
    chosen = np.linspace(0, len(pairs) - 1, min(len(pairs), STRENGTH_PICTURES)).astype(int)
    found = [_scores(pairs, index, gain) for index in tracked(chosen.tolist(), "pictures to choose the strength by")]
    scores = np.mean(found, axis=0)
    return float(STRENGTHS[int(np.argmax(scores))])


def _scores(pairs: Dataset, index: int, gain: Callable[[Tensor], Tensor]) -> list[float]:
    """PQ-PSNR of one picture at every strength."""
    example = pairs[index]
    count = example.sdr.shape[0] * example.sdr.shape[1]
    where = np.random.default_rng([7, index]).integers(count, size=STRENGTH_PIXELS)
    codes, stops = example.sdr.reshape(-1, 3)[where], example.gain_stops.reshape(-1, 3)[where]
    found = gain(torch.from_numpy(codes.astype(np.float32) / 255)[None])[0].numpy()
    matrix = colour.rgb_to_rgb("bt709", "bt2020").T * DIFFUSE_WHITE_NITS
    true = colour.nits_to_pq(light_of(codes, stops) @ matrix)
    errors = [np.square(colour.nits_to_pq(light_of(codes, found * k) @ matrix) - true).mean() for k in STRENGTHS]
    return [float(-10 * np.log10(max(error, 1e-12))) for error in errors]
