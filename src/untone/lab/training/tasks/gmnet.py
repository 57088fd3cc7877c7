"""Training GMNet: batches of crops with the thumbnail of the whole picture, and GMNet's loss (networks.md 3).

The published targets: the normalised map NGM = gain / qmax in 0..1 and QGM = gain / peak_stops, gain the log2 ratio of
light, never negative. Pairs have three channels; the map's is their mean, the least square of the three.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ...data import examples
from ...data.examples import LEAST_CODE_LIGHT, WHOLE, Dataset, Example
from ...nets.gmnet import GMNet
from .. import batches, losses
from ..batches import Choice, Crops, View
from ..recipes import Recipe


def network(recipe: Recipe) -> GMNet:
    """A new network."""
    return GMNet(recipe.shape)


def begin(net: nn.Module, dataset: Dataset, recipe: Recipe) -> None:
    """Nothing to prepare."""


def draw(dataset: Dataset, choice: Choice, recipe: Recipe) -> Crops:
    """Random crops or whole pictures, at the size that the network is fed, of even rows and columns."""
    view = View(recipe.crop, recipe.reduce, 0, recipe.crop_zoom, recipe.turns, recipe.jitter)
    drawn = batches.gather_crops(dataset, choice, view, QMAX[recipe.shape.convention])
    scale, thumbnail = recipe.shape.scale, drawn.thumbnail
    if recipe.thumbnail_reduce > 1:
        thumbnail = functional.avg_pool2d(thumbnail, recipe.thumbnail_reduce)
    maps = {name: _even(functional.avg_pool2d(getattr(drawn, name), scale)) for name in ("gain_stops", "pq")}
    return drawn._replace(sdr=_even(_halved(drawn.sdr, scale)), thumbnail=thumbnail, **maps)


def _halved(sdr: Tensor, scale: int) -> Tensor:
    """Photos [B, 3, h, w] at 1 / scale of their size, rounded down: OpenCV's cubic, as the runner and its authors."""
    if scale == 1:
        return sdr
    size = tuple(n // scale for n in sdr.shape[2:])
    fitting = sdr[..., : size[0] * scale, : size[1] * scale]
    return functional.interpolate(fitting, size, mode="bicubic").clamp(0, 1)


def _even(planes: Tensor) -> Tensor:
    height, width = planes.shape[2:]
    return planes[..., : height - height % 2, : width - width % 2]


def forward(net: nn.Module, batch: Crops) -> tuple[Tensor, Tensor]:
    """The normalised map, and qmax times it."""
    return net(batch.sdr, batch.thumbnail)


def target(batch: Crops, convention: str) -> tuple[Tensor, Tensor]:
    """Gain of one channel in stops [B, 1, h, w], and the largest of the whole picture [B, 1, 1, 1].

    The published map is gain / qmax in 0..1. Metadata of patches may hold qmax over sRGB light alone: what near black
    is more over code**2.2 ends there.
    """
    qmax = batch.qmax_stops.reshape(-1, 1, 1, 1)
    if convention != "gmnet":
        return batch.gain_stops.mean(1, keepdim=True), qmax
    return torch.minimum(code_gain(batch.sdr, batch.gain_stops), qmax), qmax


def code_gain(sdr: Tensor, gain_stops: Tensor) -> Tensor:
    """`examples.code_gain` of batches, [B, 1, h, w]; sdr (encoded) and gain_stops are [B, 3, h, w]."""
    made = losses.rebuild(losses.srgb_to_linear(sdr), gain_stops).clamp(min=0).mean(1, keepdim=True)
    base = sdr.pow(2.2).mean(1, keepdim=True)
    ratio = torch.log2((made / base.clamp(min=LEAST_CODE_LIGHT)).clamp(min=1.0))
    return torch.where(base > LEAST_CODE_LIGHT, ratio, gain_stops.mean(1, keepdim=True).clamp(min=0))


def code_qmax(example: Example) -> float:
    """Largest gain of the whole picture over the light of code**2.2, stops.

    What the metadata say, or a whole picture shows; of patches whose metadata say it over sRGB alone, that.
    """
    if example.code_qmax_stops is not None:
        return example.code_qmax_stops
    if example.qmax_stops is not None and example.window != WHOLE:
        return example.qmax_stops
    return float(examples.code_gain(example.sdr, example.gain_stops).max())


QMAX: dict[str, batches.Qmax] = {"untone": batches.qmax_of, "gmnet": code_qmax}
"""Convention -> largest gain of an example that is not cut yet."""


def loss(out: tuple[Tensor, Tensor], batch: Crops, recipe: Recipe) -> Tensor:
    """|NGM - truth| + 3 |QGM - truth| as published, and the errors of PQ codes that the recipe asks for."""
    weights, shape = recipe.loss, recipe.shape
    gain, qmax = target(batch, shape.convention)
    normalised, scaled = out
    total = weights.relative * (normalised - gain / qmax).abs().mean()
    total = total + weights.absolute * (scaled - gain / shape.peak_stops).abs().mean()
    if not (weights.code or weights.pq):
        return total
    made = (scaled * shape.peak_stops).expand_as(batch.gain_stops)
    if weights.pq:
        sdr, gains, truth = (planes.flatten(2).mT for planes in (batch.sdr, made, batch.gain_stops))
        total = total + weights.pq * losses.reconstruction(sdr, gains, truth)
    if weights.code:
        light = losses.srgb_to_linear(batch.sdr)
        codes, true = (losses.pq(losses.rebuild(light, stops)) for stops in (made, batch.gain_stops))
        total = total + weights.code * (codes - true).abs().mean()
    return total


def light(net: nn.Module, example: Example, stride: int = 1) -> NDArray[np.float32]:
    """HDR light of every `stride`-th pixel each way, [h, w, 3], linear BT.709, 1.0 = SDR white."""
    assert isinstance(net, GMNet)
    device, shape = next(net.parameters()).device, net.shape
    picture = batches.whole(example)
    sdr = picture.sdr.to(device)
    height, width = sdr.shape[2:]
    step = 2 * shape.scale
    fed = functional.pad(sdr, (0, -width % step, 0, -height % step), mode="replicate")
    scaled = net(_halved(fed, shape.scale), picture.thumbnail.to(device))[1] * shape.peak_stops
    if shape.scale > 1:
        scaled = functional.interpolate(scaled, scale_factor=shape.scale, mode="bilinear")
    gain = scaled[..., :height:stride, :width:stride]
    sparse = sdr[..., ::stride, ::stride]
    made = losses.rebuild(losses.srgb_to_linear(sparse), gain)
    if shape.convention == "gmnet":
        made = sparse.pow(2.2) * torch.exp2(gain.clamp(0, shape.peak_stops))
    return made[0].permute(1, 2, 0).float().cpu().numpy()
