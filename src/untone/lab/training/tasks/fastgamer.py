"""Training FastGaMer: batches of random pixels of the view (the full-size stage is pointwise) and its loss."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ...data.examples import OFFSET, Dataset, Example, largest_gain_stops
from ...data.subsets import photographs
from ...nets import fastgamer, fastgamer_published
from ...nets.fastgamer import FastGaMer, Outputs
from .. import batches, losses
from ..batches import Batch, Choice, View
from ..fitted import fit_lut
from ..recipes import Recipe

BASE_STEPS = 600
"""Of fitting the LUT that training starts from."""

CONTINUED = 4.0
"""Stops for each unit of code by which the LUT goes on beyond white, where only grids lead."""


def network(recipe: Recipe) -> FastGaMer:
    """A network whose LUT is flat."""
    return fastgamer_published.made(recipe.shape)


def begin(net: nn.Module, dataset: Dataset, recipe: Recipe) -> None:
    """Starts from the best single LUT for all pairs; as published, from nothing."""
    if recipe.shape.published:
        return
    start(net, fit_lut(photographs(dataset), BASE_STEPS, recipe.seed))


def start(net: nn.Module, lut_stops: Tensor) -> None:
    """Initialises a network to give every picture the gains of a LUT, [n, n, n, 3] in stops.

    A network without LUT starts from the part of it that is a sum of functions of one channel.
    """
    assert isinstance(net, FastGaMer)
    axis = torch.linspace(0, 1, net.shape.lut_nodes) / net.shape.white
    colours = torch.stack(torch.meshgrid(axis, axis, axis, indexing="ij"), -1)
    stops = _continued(lut_stops, colours)
    if net.shape.output == "light":
        share = 2 * losses.pq(losses.rebuild(losses.srgb_to_linear(colours), stops)) - 1
    else:
        share = stops / fastgamer.START_STOPS
    lut = torch.atanh(share.clamp(-0.97, 0.97))
    with torch.no_grad():
        if net.shape.use_lut:
            net.base_lut.copy_(lut)
        else:
            net.grid_head.get_parameter("bias").copy_(_additive(lut))


def _continued(lut: Tensor, colours: Tensor) -> Tensor:
    """Values of a LUT [n, n, n, 3] at colours [m, m, m, 3], trilinear; beyond 1, bright ones rise by CONTINUED."""
    place = colours.clamp(max=1).flip(-1)[None] * 2 - 1
    inside = functional.grid_sample(lut.permute(3, 0, 1, 2)[None], place, align_corners=True)[0].permute(1, 2, 3, 0)
    return inside + CONTINUED * (colours.amax(-1, keepdim=True) - 1).clamp(min=0) * inside.clamp(0, 1)


def _additive(lut: Tensor) -> Tensor:
    """Grids' constant part, [3 * 8 * 3], whose sum over the channels is nearest to a LUT [n, n, n, 3] before tanh."""
    low, high = fastgamer.STRAIGHT
    places = (lut - low) / (high - low)
    means = torch.stack([places.mean(tuple(k for k in range(3) if k != axis)) for axis in range(3)])
    means = means - places.mean((0, 1, 2)) * (2 / 3)
    nodes = functional.interpolate(means.transpose(1, 2), fastgamer.RANGE_NODES, mode="linear", align_corners=True)
    return (nodes.transpose(1, 2) - fastgamer.identity()[:, 0, 0]).flatten()


def draw(dataset: Dataset, choice: Choice, recipe: Recipe) -> Batch:
    """Random pixels, or all pixels of random crops."""
    view = View(recipe.crop, recipe.reduce, recipe.pixels, recipe.crop_zoom, recipe.turns, recipe.jitter, recipe.retone)
    drawn = batches.gather(dataset, choice, view, QMAX[recipe.shape.base])
    if recipe.shape.base == "srgb":
        return drawn
    return drawn._replace(gain_stops=code_gain(drawn.rgb, drawn.gain_stops))


def code_gain(rgb: Tensor, gain_stops: Tensor) -> Tensor:
    """The gain from the light of code**2.2 where `gain_stops` is that from sRGB light; offsets 1/64 on both."""
    return gain_stops + torch.log2((losses.srgb_to_linear(rgb) + OFFSET) / (rgb**2.2 + OFFSET))


def code_qmax(example: Example) -> float:
    """Largest gain of the whole picture from the light of code**2.2, or what its metadata say."""
    if example.qmax_stops is not None:
        return example.qmax_stops
    rgb = torch.from_numpy(np.array(example.sdr)).float() / 255
    return largest_gain_stops(code_gain(rgb, torch.from_numpy(np.array(example.gain_stops, np.float32))).numpy())


QMAX: dict[str, batches.Qmax] = {"srgb": batches.qmax_of, "code 2.2": code_qmax}
"""Base -> largest gain of an example that is not cut yet."""


def forward(net: nn.Module, batch: Batch) -> Outputs:
    """Operators of each thumbnail."""
    return net(batch.thumbnail)


def loss(out: Outputs, batch: Batch, recipe: Recipe) -> Tensor:
    """Error of the pixels, in PQ and in gain, and what keeps the LUT smooth and rising."""
    weights, shape = recipe.loss, recipe.shape
    normalised = fastgamer.execute(out, batch.rgb, batch.uv, shape.interpolation)
    total = weights.rough * losses.lut_roughness(out.lut)
    if weights.falls:
        total = total + weights.falls * losses.lut_falls(out.lut)
    if weights.monotone:
        total = total + weights.monotone * losses.lut_not_monotone(out.lut)
    if shape.output == "light":
        return total + _light_loss(normalised, batch, weights.pq)
    gain = normalised * out.qmax_stops[:, None, None]
    strength = losses.own_strength(gain, batch.gain_stops, recipe.strength_free) if recipe.strength_free else 1.0
    if weights.pq:
        total = total + weights.pq * losses.reconstruction(batch.rgb, gain * strength, batch.gain_stops, weights.glare)
    if weights.lights:
        total = total + weights.lights * losses.lights(batch.rgb, gain, batch.gain_stops)
    relative = (normalised - batch.gain_stops / batch.qmax_stops[:, None, None]).abs().mean()
    absolute = (gain - batch.gain_stops / strength).abs().mean()
    return total + weights.relative * relative + weights.absolute * absolute + weights.tint * losses.tint(gain)


def _light_loss(normalised: Tensor, batch: Batch, weight: float) -> Tensor:
    """Of a network that gives PQ codes instead of gain."""
    truth = losses.pq(losses.rebuild(losses.srgb_to_linear(batch.rgb), batch.gain_stops))
    return weight * losses.log_error((normalised + 1) / 2, truth)


def light(net: nn.Module, example: Example, stride: int = 1) -> NDArray[np.float32]:
    """HDR light of every `stride`-th pixel each way, [h, w, 3], linear BT.709, 1.0 = SDR white."""
    assert isinstance(net, FastGaMer)
    device = next(net.parameters()).device
    batch = Batch(*(part.to(device) for part in batches.whole_pixels(example, stride)))
    out = net(batch.thumbnail)
    normalised = fastgamer.execute(out, batch.rgb, batch.uv, net.shape.interpolation)
    if net.shape.output == "light":
        made = losses.pq_to_light((normalised + 1) / 2)
    else:
        base = losses.srgb_to_linear(batch.rgb) if net.shape.base == "srgb" else batch.rgb**2.2
        made = losses.rebuild(base, normalised * out.qmax_stops[:, None, None])
    rows, columns = (-(-n // stride) for n in example.sdr.shape[:2])
    return made.reshape(rows, columns, 3).float().cpu().numpy()
