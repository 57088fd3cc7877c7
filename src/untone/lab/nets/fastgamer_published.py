"""FastGaMer as its paper has it: small MLPs from one global feature, no histograms, no LUT to start from.

"A small encoder with strided convolutional blocks extracts F_thumb"; from F_thumb alone, MLPs of two layers give
three grids of 8^3, a 17^3 LUT, a scale and a modulator. The grids are guided by the RGB channels and fused with RGB
by a 1 x 1 projection; the LUT is read trilinearly. Widths are not published: those of `PUBLISHED` give the paper's
0.64 M parameters. One value at each node of a grid (the projection then has six inputs) and the projection's start,
which hands RGB on, are assumed too.
"""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn

from . import fastgamer
from .fastgamer import RANGE_NODES, FastGaMer, Outputs, identity
from .shapes import PUBLISHED, FastGaMerShape

KINDS = 3
"""Grids, one for each guide."""

HIDDEN = 16
"""Of the MLPs that give grids, modulator and scale."""


class PublishedFastGaMer(FastGaMer):
    """The network; takes and gives what FastGaMer does. Parts that a shape leaves out are left out alike."""

    def __init__(self, shape: FastGaMerShape = PUBLISHED) -> None:
        nn.Module.__init__(self)
        self.shape = shape
        widths = (3, *shape.channels)
        self.encoder = nn.Sequential(*(fastgamer.block(i, o) for i, o in itertools.pairwise(widths)))
        deep, n = shape.channels[-1], shape.lut_nodes
        self.grid_head = _mlp(deep, HIDDEN, KINDS * RANGE_NODES**3)
        self.projection = nn.Linear(2 * KINDS, 3)
        self.lut_head = _mlp(deep, shape.rank, n**3 * 3)
        self.modulator = _mlp(deep, HIDDEN, 6)
        self.scale = _mlp(deep, HIDDEN, 1)
        self.register_buffer("identity", identity(shape.white), persistent=False)
        self.register_buffer("straight", fastgamer.straight(n), persistent=False)
        with torch.no_grad():
            self.projection.weight[:, :3] = torch.eye(3)
            self.projection.bias.zero_()

    def forward(self, thumbnail: Tensor) -> Outputs:
        """Operators of each thumbnail."""
        feature = self.encoder(thumbnail * 2 - 1).mean((2, 3))
        return Outputs(self.grids_of(feature), self.modulated(self.table(feature), feature), self.qmax(feature))

    def grids_of(self, feature: Tensor) -> Tensor:
        """Grids with the projection and its RGB term folded in, [B, 3, 8, 8, 8, 3]."""
        side = RANGE_NODES
        given = self.grid_head(feature).reshape(-1, KINDS, side, side, side, 1)
        own, rgb = self.projection.weight[:, KINDS:], self.projection.weight[:, :KINDS]
        if not self.shape.use_grid:
            own = 0 * own
        change = given * own.T.reshape(1, KINDS, 1, 1, 1, 3)
        ramp = self.identity @ rgb.T + self.projection.bias / KINDS
        return ramp + change

    def table(self, feature: Tensor) -> Tensor:
        """The LUT before the modulator, [B, n, n, n, 3]."""
        n = self.shape.lut_nodes
        if not self.shape.use_lut:
            return self.straight.expand(feature.shape[0], n, n, n, 3)
        return self.lut_head(feature).reshape(-1, n, n, n, 3)


def _mlp(inputs: int, hidden: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, outputs))


def made(shape: FastGaMerShape) -> FastGaMer:
    """The network of a shape."""
    return PublishedFastGaMer(shape) if shape.published else FastGaMer(shape)
