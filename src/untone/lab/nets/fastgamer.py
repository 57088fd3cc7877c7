"""FastGaMer: predicts Operators from a 256 x 256 thumbnail (CVPR 2026; no code was published).

Of the paper: three bilateral grids with the RGB channels as guides, a 1 x 1 projection, a 17^3 LUT, a per-channel
modulator, a tanh and one scale Qmax, all predicted from the thumbnail. Where its text is silent the choices are ours:
the grids come from the encoder's own 8 x 8 map (a spatial head), soft histograms of the whole and of each of the 8 x 8
cells join the features (how a picture was tone mapped can be read from them), the LUT is a correction of one LUT fitted
to the training pairs, and sampling is at true normalised coordinates, tetrahedral in the LUT. The projection, its RGB
term and the affine are folded here, so what leaves is what the kernels execute.
"""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from .histograms import SoftHistograms
from .shapes import STEEP_PIVOT
from .shapes import FastGaMerShape as Shape

SIZE = 256
START_STOPS, LEAST_STOPS = 4.0, 0.05
"""The scale at the start, and the least it can become."""

RANGE_NODES = 8


class Outputs(NamedTuple):
    """Batched Operators: grids [B, 3, gy, gx, 8, 3], lut [B, n, n, n, 3] (before tanh), qmax_stops [B]."""

    grids: Tensor
    lut: Tensor
    qmax_stops: Tensor


class FastGaMer(nn.Module):
    """The network; `forward` takes thumbnails [B, 3, 256, 256] of encoded RGB in [0, 1]."""

    identity: Tensor
    straight: Tensor
    grid_head: nn.Module
    modulator: nn.Module
    scale: nn.Module

    def __init__(self, shape: Shape = Shape(), base_lut: Tensor | None = None) -> None:
        super().__init__()
        self.shape = shape
        widths = (3, *shape.channels)
        self.encoder = nn.Sequential(*(block(i, o) for i, o in itertools.pairwise(widths)))
        deep = shape.channels[-1]
        self.histograms = SoftHistograms(shape.bins, shape.saturations)
        known = self.histograms.length
        self.globe = nn.Sequential(
            nn.Linear(4 * deep + known, shape.feature), nn.ReLU(), nn.Dropout(shape.dropout),
            nn.Linear(shape.feature, shape.feature), nn.ReLU(), nn.Dropout(shape.dropout),
        )  # fmt: skip
        self.mix = nn.Conv2d(3 * shape.bins, shape.mixed, 1)
        self.spatial = nn.Conv2d(deep + shape.mixed, shape.local, 3, padding=1)
        self.context = nn.Linear(shape.feature, shape.local)
        self.grid_head = nn.Conv2d(shape.local, 3 * RANGE_NODES * 3, 1)
        n = shape.lut_nodes
        self.lut_head = nn.Sequential(nn.Linear(shape.feature, shape.rank), nn.ReLU(), nn.Linear(shape.rank, n**3 * 3))
        self.read = nn.Linear(known, shape.rank)
        self.modulator = nn.Linear(shape.feature, 6)
        self.scale = nn.Linear(shape.feature, 1)
        base = torch.zeros(n, n, n, 3) if base_lut is None else base_lut
        self.base_lut = nn.Parameter(base.clone())
        self.encoder.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.register_buffer("identity", identity(shape.white), persistent=False)
        self.register_buffer("straight", straight(n), persistent=False)
        _calm(self.grid_head, 0.1)
        _calm(self.lut_head[2], 0.02)
        _calm(self.read, 1.0)
        _calm(self.modulator, 0.1)
        _calm(self.scale, 0.1)

    def forward(self, thumbnail: Tensor) -> Outputs:
        """Operators of each thumbnail."""
        deep = self.encoder((thumbnail * 2 - 1).contiguous(memory_format=torch.channels_last))
        known = self.histograms(thumbnail)
        halves = functional.avg_pool2d(deep, (deep.shape[2] // 2, deep.shape[3])).flatten(1)
        feature = self.globe(torch.cat([deep.mean((2, 3)), deep.amax((2, 3)), halves, known.whole], 1))
        return Outputs(self.grids(deep, known.cells, feature), self.lut(feature, known.whole), self.qmax(feature))

    def grids(self, deep: Tensor, cells: Tensor, feature: Tensor) -> Tensor:
        """Folded grids: identity plus the spatial head, [B, 3, gy, gx, 8, 3]."""
        seen = torch.cat([deep, functional.leaky_relu(self.mix(4 * cells), 0.1)], 1)
        hidden = functional.relu(self.spatial(seen) + self.context(feature)[..., None, None])
        raw = self.grid_head(hidden)
        b, _, gy, gx = raw.shape
        change = raw.reshape(b, 3, RANGE_NODES, 3, gy, gx).permute(0, 1, 4, 5, 2, 3)
        return self.identity + (change if self.shape.use_grid else 0 * change)

    def lut(self, feature: Tensor, known: Tensor) -> Tensor:
        """The fitted LUT, corrected (by what is seen, and by the histograms) and modulated, [B, n, n, n, 3]."""
        n = self.shape.lut_nodes
        if self.shape.use_lut:
            first, bend, last = self.lut_head
            lut = self.base_lut + last(bend(first(feature)) + self.read(known)).reshape(-1, n, n, n, 3)
        else:
            lut = self.straight.expand(feature.shape[0], n, n, n, 3)
        return self.modulated(lut, feature)

    def modulated(self, lut: Tensor, feature: Tensor) -> Tensor:
        """LUTs with the scale and shift of each channel, as far as the shape has them."""
        if self.shape.one_channel:
            lut = lut.mean(-1, keepdim=True).expand_as(lut)
        if not self.shape.use_modulator:
            return lut
        alpha, beta = self.modulator(feature).reshape(-1, 2, 1, 1, 1, 3).unbind(1)
        return lut * (1 + alpha) + beta

    def qmax(self, feature: Tensor) -> Tensor:
        """Scale of the gain in stops, above 0, [B]; starts at START_STOPS."""
        return LEAST_STOPS + (START_STOPS - LEAST_STOPS) * functional.softplus(self.scale(feature)[:, 0] + 0.5413)

    def card(self) -> dict[str, Any]:
        """Name, hyper-parameters and size, for the model card."""
        count = sum(p.numel() for p in self.parameters())
        return {"architecture": "fastgamer", "shape": dataclasses.asdict(self.shape), "parameters": count}


def block(inputs: int, outputs: int) -> nn.Module:
    """Half the size."""
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride=2, padding=1), nn.LeakyReLU(0.1))


def _calm(head: nn.Module, gain: float) -> None:
    """Initialises a head near zero, so that training begins at the fitted LUT."""
    weight, bias = head.get_parameter("weight"), head.get_parameter("bias")
    nn.init.normal_(weight, std=gain / weight[0].numel() ** 0.5)
    nn.init.zeros_(bias)


def identity(white: float = 1.0) -> Tensor:
    """Grids that give back RGB times `white`: node z of guide k holds z / 7 of it in channel k.

    Returns:
        [3, 1, 1, 8, 3]
    """
    ramp = torch.arange(RANGE_NODES) / (RANGE_NODES - 1) * white
    return (torch.eye(3)[:, None, :] * ramp[None, :, None]).reshape(3, 1, 1, RANGE_NODES, 3)


STRAIGHT = -1.5, 2.1
"""What a LUT that does nothing gives for 0 and for 1, before tanh: gains of -0.91 to 0.97 of the scale."""


def straight(nodes: int) -> Tensor:
    """A LUT whose output is its input, stretched; [n, n, n, 3]."""
    axis = torch.linspace(*STRAIGHT, nodes)
    return torch.stack(torch.meshgrid(axis, axis, axis, indexing="ij"), -1)


def steeper(operators: Outputs, steepness: float) -> Outputs:
    """Operators whose gains g become STEEP_PIVOT (g / STEEP_PIVOT) ** steepness, the sign kept, at the LUT's nodes.

    A network that learned to be right in the mean is flatter than any of its pairs: too light in the middle tones,
    too dim in the lights. Where the LUT bends between nodes the result is off by what linear interpolation leaves.
    """
    if steepness == 1:
        return operators
    scale = operators.qmax_stops[:, None, None, None, None]
    gain = scale * torch.tanh(operators.lut)
    steep = gain * (gain.abs() / STEEP_PIVOT).clamp(min=1e-6) ** (steepness - 1)
    longer = operators.qmax_stops * (operators.qmax_stops / STEEP_PIVOT).clamp(min=1) ** (steepness - 1)
    share = (steep / longer[:, None, None, None, None]).clamp(-0.9999, 0.9999)
    return Outputs(operators.grids, 0.5 * torch.log((1 + share) / (1 - share)), longer)


# -- executing operators at given pixels, in training; the kernels do this at full size -------------------------------


def execute(operators: Outputs, rgb: Tensor, uv: Tensor, interpolation: str = "tetrahedral") -> Tensor:
    """Normalised gain tanh(y) of pixels, [B, N, 3] in [-1, 1]; multiply by qmax_stops for stops.

    Args:
        rgb: [B, N, 3] encoded in [0, 1].
        uv: [B, N, 2] position (u across, v down) in (0, 1).
        interpolation: of the LUT, "tetrahedral" or "trilinear".
    """
    look_up = trilinear if interpolation == "trilinear" else tetrahedral
    return torch.tanh(look_up(operators.lut, slice_grids(operators.grids, rgb, uv)))


def slice_grids(grids: Tensor, rgb: Tensor, uv: Tensor) -> Tensor:
    """Sum over guides of the trilinear samples, [B, N, 3]; nodes at 0 .. 1 inclusive along every axis."""
    b, _, gy, gx, gz, _ = grids.shape
    volume = grids.permute(0, 1, 5, 4, 2, 3).reshape(b * 3, 3, gz, gy, gx)
    place = torch.cat([uv[:, None].expand(-1, 3, -1, -1), rgb.permute(0, 2, 1)[..., None]], -1) * 2 - 1
    sampled = functional.grid_sample(
        volume, place.reshape(b * 3, 1, 1, -1, 3), align_corners=True, padding_mode="border"
    )
    return sampled.reshape(b, 3, 3, -1).sum(1).permute(0, 2, 1)


def tetrahedral(lut: Tensor, points: Tensor) -> Tensor:
    """Tetrahedral look-up of points [B, N, 3] (clamped to [0, 1]) in LUTs [B, n, n, n, 3]."""
    b, n = lut.shape[0], lut.shape[1]
    place = points.clamp(0, 1) * (n - 1)
    corner = place.detach().floor().clamp(max=n - 2)
    part, order = (place - corner).sort(-1, descending=True)
    strides = torch.tensor([n * n, n, 1], device=lut.device)
    first = (corner.long() * strides).sum(-1)
    steps = strides[order]
    second = first + steps[..., 0]
    third = second + steps[..., 1]
    index = torch.stack([first, second, third, first + n * n + n + 1], -1)
    weight = torch.stack([1 - part[..., 0], part[..., 0] - part[..., 1], part[..., 1] - part[..., 2], part[..., 2]], -1)
    flat = index.reshape(b, -1, 1).expand(-1, -1, 3)
    values = lut.reshape(b, n**3, 3).gather(1, flat).reshape(*index.shape, 3)
    return (values * weight[..., None]).sum(-2)


def trilinear(lut: Tensor, points: Tensor) -> Tensor:
    """Trilinear look-up of points [B, N, 3] (clamped to [0, 1]) in LUTs [B, n, n, n, 3]."""
    place = points.clamp(0, 1).flip(-1)[:, None, None] * 2 - 1  # grid_sample names the last axis first
    sampled = functional.grid_sample(lut.permute(0, 4, 1, 2, 3), place, align_corners=True, padding_mode="border")
    return sampled[:, :, 0, 0].permute(0, 2, 1)
