"""Soft histograms of a thumbnail, whole and by 8 x 8 cells, which show how a picture was tone mapped.

They have no parameters and need no gradient, but are part of the network's graph, so that what ships computes the same.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

STRIDE, START = 4, 2
"""Every fourth pixel each way is looked at: 64 x 64 of them, 8 x 8 in a cell."""

CELL = 8

SHARES = (0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.97, 0.99, 0.998)
"""Of the pixels, whose percentiles of the brightest channel are given."""

EDGE = 0.004
"""Share of the pixels over which a percentile moves from one node to the next."""

DARK = 0.04
"""Of the brightest channel, below which saturation fades: it is noise there."""


class Histograms(NamedTuple):
    """whole [B, F]: features of the picture. cells [B, 3 * bins, 8, 8]: of its cells."""

    whole: Tensor
    cells: Tensor


class SoftHistograms(nn.Module):
    """Linear-interpolated histograms of the brightest channel's code, and of it with saturation.

    Args:
        bins: nodes of the code, 0 to 1 inclusive.
        saturations: nodes of saturation, likewise.
    """

    nodes: Tensor
    tints: Tensor
    below: Tensor
    shares: Tensor

    def __init__(self, bins: int, saturations: int) -> None:
        super().__init__()
        self.bins, self.saturations = bins, saturations
        self.register_buffer("nodes", torch.arange(bins).float()[:, None, None], persistent=False)
        self.register_buffer("tints", torch.arange(saturations).float()[:, None, None], persistent=False)
        self.register_buffer("below", torch.ones(bins, bins).triu(), persistent=False)
        self.register_buffer("shares", torch.tensor(SHARES)[:, None], persistent=False)

    @property
    def length(self) -> int:
        """Features of the whole."""
        return self.bins * (self.saturations + 3) + len(SHARES)

    def forward(self, thumbnail: Tensor) -> Histograms:
        """Of thumbnails [B, 3, 256, 256] of encoded RGB in [0, 1]."""
        with torch.no_grad():
            sparse = thumbnail[:, :, START::STRIDE, START::STRIDE]
            top, bottom = sparse.amax(1, keepdim=True), sparse.amin(1, keepdim=True)
            saturation = (top - bottom) / (top + DARK)
            warmth = sparse[:, :1] - sparse[:, 2:]
            near = functional.relu(1 - (top * (self.bins - 1) - self.nodes).abs())
            cells = torch.cat([functional.avg_pool2d(near * w, CELL) for w in (1.0, saturation, warmth)], 1)
            tinted = functional.relu(1 - (saturation * (self.saturations - 1) - self.tints).abs())
            both = near.flatten(2) @ tinted.flatten(2).transpose(1, 2) / near[0, 0].numel()
            means = cells.mean((2, 3))
            return Histograms(self._whole(means, both.flatten(1)), cells)

    def _whole(self, means: Tensor, both: Tensor) -> Tensor:
        """Roots of the histograms (small lights count), the cumulative one, and percentiles, 0 to 1."""
        shares = means[:, : self.bins]
        reached = shares @ self.below
        percentiles = ((self.shares - reached[:, None]) / EDGE).clamp(0, 1).mean(2)
        warmth = means[:, 2 * self.bins :] * 4
        return torch.cat([both.sqrt(), shares.sqrt(), reached, warmth, percentiles], 1)
