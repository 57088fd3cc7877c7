"""Training ITMLUT: pictures to PQ BT.2020, by L1 or log of the square error; its LUTs kept smooth and rising."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...data.examples import Dataset, Example
from ...data.subsets import photographs
from ...nets import itmlut
from ...nets.itmlut import BRANCHES, ITMLUT
from .. import batches, losses
from ..batches import Choice, Crops, View
from ..fitted import fit_lut, lut_gain
from ..recipes import Recipe
from .irnet import light_of_codes


def network(recipe: Recipe) -> ITMLUT:
    """A new network."""
    return ITMLUT(recipe.shape)


def begin(net: nn.Module, dataset: Dataset, recipe: Recipe) -> None:
    """Starts from the best single LUT for all pairs, where the recipe says so."""
    if recipe.lut_start:
        start(net, fit_lut(photographs(dataset), seed=recipe.seed))


def start(net: nn.Module, lut_stops: Tensor) -> None:
    """Makes a new network give every picture the gains of a LUT, [n, n, n, 3] in stops."""
    assert isinstance(net, ITMLUT)

    def shown(codes: NDArray[np.float64]) -> NDArray[np.float64]:
        rgb = torch.from_numpy(codes).float()
        light = losses.rebuild(
            losses.srgb_to_linear(rgb), lut_gain(lut_stops, rgb.reshape(1, -1, 3)).reshape(rgb.shape)
        )
        return light.clamp(min=0).double().numpy()

    itmlut.start(net, shown)


def draw(dataset: Dataset, choice: Choice, recipe: Recipe) -> Crops:
    """Random crops, or whole pictures."""
    view = View(recipe.crop, recipe.reduce, 0, recipe.crop_zoom, recipe.turns, recipe.jitter)
    return batches.gather_crops(dataset, choice, view)


def forward(net: nn.Module, batch: Crops) -> tuple[Tensor, Tensor]:
    """PQ codes [B, 3, h, w], and the basic LUTs of the three branches, [15, 3, n, n, n]."""
    inner = getattr(net, "module", net)
    tables = [inner.get_parameter(f"lut_gen_{branch}.basic_luts") for branch in BRANCHES]
    return net(batch.sdr), torch.cat(tables)


def loss(out: tuple[Tensor, Tensor], batch: Crops, recipe: Recipe) -> Tensor:
    """L1 of PQ codes, log of their square error, and Ada-3DLUT's two terms, as the recipe weighs them."""
    codes, luts = out
    weights = recipe.loss
    total = weights.code * (codes - batch.pq).abs().mean()
    if weights.pq:
        total = total + weights.pq * losses.log_error(codes, batch.pq)
    if weights.rough:
        total = total + weights.rough * sum(luts.diff(dim=axis).square().mean() for axis in (2, 3, 4))
    if weights.monotone:  # output channel c rises along its own input: red is the last axis
        falls = [torch.relu(-luts[:, c].diff(dim=3 - c)).mean() for c in range(3)]
        total = total + weights.monotone * sum(falls)
    return total


def light(net: nn.Module, example: Example, stride: int = 1) -> NDArray[np.float32]:
    """HDR light of every `stride`-th pixel each way, [h, w, 3], linear BT.709, 1.0 = SDR white."""
    assert isinstance(net, ITMLUT)
    codes = net(batches.whole(example).sdr.to(next(net.parameters()).device))
    return light_of_codes(codes[0, :, ::stride, ::stride])
