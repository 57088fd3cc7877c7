"""Training IRNet: crops of YCrCb to YCrCb of PQ BT.2020, L1 loss; from a quarter size for joint super-resolution."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from .... import colour
from ....errors import UntoneError
from ...data.examples import Dataset, Example
from ...nets.irnet import IRNet, rgb_to_ycrcb, ycrcb_to_rgb
from .. import batches, losses
from ..batches import Choice, Crops, View
from ..recipes import Recipe


def network(recipe: Recipe) -> IRNet:
    """A new network."""
    return IRNet(recipe.shape)


def begin(net: nn.Module, dataset: Dataset, recipe: Recipe) -> None:
    """Nothing to prepare."""


def draw(dataset: Dataset, choice: Choice, recipe: Recipe) -> Crops:
    """Random crops; those of super-resolution divide by its factor.

    Raises:
        UntoneError: a crop does not.
    """
    drawn = batches.gather_crops(dataset, choice, View(recipe.crop, 0, 1.0, recipe.turns, recipe.jitter))
    if any(n % recipe.shape.upscale for n in drawn.sdr.shape[2:]):
        raise UntoneError(f"crops of {list(drawn.sdr.shape[2:])} do not divide by {recipe.shape.upscale}")
    return drawn._replace(sdr=smaller(drawn.sdr, recipe.shape.upscale))


def smaller(sdr: Tensor, factor: int) -> Tensor:
    """Encoded pictures [B, 3, h, w] at 1 / factor of their size, bicubic with antialiasing, as 8-bit codes."""
    if factor == 1:
        return sdr
    size = (sdr.shape[2] // factor, sdr.shape[3] // factor)
    shrunk = functional.interpolate(sdr, size, mode="bicubic", antialias=True)
    return (shrunk.clamp(0, 1) * 255).round() / 255


def forward(net: nn.Module, batch: Crops) -> Tensor:
    """YCrCb of the HDR picture's PQ codes."""
    return net(rgb_to_ycrcb(batch.sdr))


def loss(out: Tensor, batch: Crops, recipe: Recipe) -> Tensor:
    """L1 of the YCrCb planes."""
    return recipe.loss.code * (out - rgb_to_ycrcb(batch.pq)).abs().mean()


def light(net: nn.Module, example: Example, stride: int = 1) -> NDArray[np.float32]:
    """HDR light of every `stride`-th pixel each way, [h, w, 3], linear BT.709, 1.0 = SDR white."""
    assert isinstance(net, IRNet)
    sdr, factor = batches.whole(example).sdr.to(next(net.parameters()).device), net.shape.upscale
    height, width = sdr.shape[2:]
    whole = functional.pad(sdr, (0, -width % factor, 0, -height % factor), mode="replicate")
    codes = ycrcb_to_rgb(net(rgb_to_ycrcb(smaller(whole, factor))))
    return light_of_codes(codes[0, :, :height:stride, :width:stride])


def light_of_codes(codes: Tensor) -> NDArray[np.float32]:
    """Linear BT.709 light [h, w, 3] of PQ codes [3, h, w] in BT.2020, which are cut to 0..1."""
    matrix = torch.tensor(colour.rgb_to_rgb("bt2020", "bt709").T, dtype=torch.float32)
    wide = losses.pq_to_light(codes.float().cpu().permute(1, 2, 0))
    return (wide @ matrix).numpy()
