"""ITMLUT: three image-adaptive 3D LUTs for bright, middle and dark values (Guo et al., 2023).

Structure and parameter names are those of the published code, so that weights of that code load by name; only the code
is new. Input: encoded RGB in [0, 1], sRGB, BT.709. Output: PQ, BT.2020, in [0, 1] for trained weights, not clipped.

Each branch has its own vertices, spaced by a curve that puts more of them where the branch works; those of the bright
and dark branch follow the mean of each channel. In training that is the mean over the whole batch, as published; in
evaluation each picture has its own, so that its result does not hang on its neighbours.

Ours: the first values of the LUTs. Published training starts from LUT files that are not published; here every LUT of
a branch starts as plain conversion of SDR to PQ at its own exposure, or as a map of colours that is given (`start`).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ... import colour
from .shapes import ITMLUTShape as Shape

DOWNSCALE = 8
"""The encoders see the picture at this fraction of its size."""

BRIGHT_FROM, DARK_UNTIL = 0.55, 0.45
"""Encoded value from which the bright branch takes part, and up to which the dark one does."""

START_MEAN = 0.4
"""Mean of a picture for which the first LUTs are exact."""

BRANCHES = ("b", "m", "d")
"""Bright, middle, dark, as the published names of the parameters end."""


class ITMLUT(nn.Module):
    """The network; 596,652 parameters. `forward` takes and gives [B, 3, H, W] RGB, H and W at least 8."""

    def __init__(self, shape: Shape = Shape()) -> None:
        super().__init__()
        self.shape = shape
        for branch in BRANCHES:
            self.add_module(f"encoder_img_{branch}", Encoder(shape))
            self.add_module(f"lut_gen_{branch}", Luts(shape, branch))

    def forward(self, picture: Tensor) -> Tensor:
        """The HDR picture, PQ BT.2020."""
        prior = functional.avg_pool2d(picture, DOWNSCALE)
        mean = picture.mean((0, 2, 3) if self.training and self.shape.batch_mean else (2, 3))
        luts = self.luts(self.encode(prior).mean((3, 4)))
        return self.execute(picture, luts, mean.expand(picture.shape[0], 3))

    def encode(self, prior: Tensor) -> Tensor:
        """Feature maps of the three encoders, [B, 3, F, h, w]; their mean over the picture is what counts."""
        return torch.stack([self.get_submodule(f"encoder_img_{branch}")(prior) for branch in BRANCHES], 1)

    def luts(self, features: Tensor) -> Tensor:
        """LUTs of the three branches, [B, 3, 3, n, n, n], from the mean of the encoders' maps, [B, 3, F]."""
        return torch.stack(
            [self.get_submodule(f"lut_gen_{branch}")(features[:, k]) for k, branch in enumerate(BRANCHES)], 1
        )

    def execute(self, picture: Tensor, luts: Tensor, mean: Tensor) -> Tensor:
        """The look-ups and their blend; `mean` [B, 3] is that of the whole picture, also where this is a part of it."""
        found = [
            look_up(picture, luts[:, k], vertices(branch, mean, self.shape.nodes)) for k, branch in enumerate(BRANCHES)
        ]
        return sum((v * p for v, p in zip(found, shares(picture), strict=True)), start=torch.zeros_like(picture))

    def card(self) -> dict[str, Any]:
        """Name, hyper-parameters and size, for the model card."""
        count = sum(p.numel() for p in self.parameters())
        return {"architecture": "itmlut", "shape": dataclasses.asdict(self.shape), "parameters": count}


class Encoder(nn.Module):
    """1 x 1 convolutions with a residual block after each but the last; the average over the picture follows outside.

    Dropout sits before that average, in the last layer of the published encoder.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.enocoder = nn.Sequential(  # spelled as in the published parameters
            nn.Conv2d(3, 16, 1), Residual(16), nn.Conv2d(16, 32, 1), Residual(32), nn.Conv2d(32, 64, 1), Residual(64),
            nn.Conv2d(64, shape.features, 1), nn.Dropout(shape.dropout),
        )  # fmt: skip
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.xavier_normal_(module.weight)

    def forward(self, prior: Tensor) -> Tensor:
        """[B, 3, h, w] to [B, F, h, w]."""
        return self.enocoder(prior)


class Residual(nn.Module):
    """x + lrelu(conv(lrelu(conv(x))))."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv0 = nn.Conv2d(width, width, 3, padding=1)
        self.conv1 = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, features: Tensor) -> Tensor:
        """The same shape."""
        inner = functional.leaky_relu(self.conv0(features), 0.2)
        return features + functional.leaky_relu(self.conv1(inner), 0.2)


class Luts(nn.Module):
    """A branch's basic LUTs and the head that weighs them; the weights are sigmoids and need not sum to 1."""

    def __init__(self, shape: Shape, branch: str) -> None:
        super().__init__()
        self.weights_gen = _Weights(shape)
        self.basic_luts = nn.Parameter(_first_luts(shape, branch))

    def forward(self, feature: Tensor) -> Tensor:
        """[B, F] to LUTs [B, 3, n, n, n]: the values of output channel c at [c, blue, green, red]."""
        weights = torch.sigmoid(self.weights_gen(feature))
        n = self.basic_luts.shape[-1]
        return (weights @ self.basic_luts.flatten(1)).reshape(-1, 3, n, n, n)


class _Weights(nn.Module):
    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.classifier = nn.Sequential(
            nn.Linear(shape.features, 128), nn.Hardswish(), nn.Dropout(shape.dropout), nn.Linear(128, shape.luts)
        )

    def forward(self, feature: Tensor) -> Tensor:
        return self.classifier(feature)


def vertices(branch: str, mean: Tensor, nodes: int) -> Tensor:
    """Positions of a branch's nodes, [B, 3, n] rising from 0 to 1, for channel means [B, 3].

    Bright u ** (1 / (1.4 + 0.8 mean)); dark u ** (2.2 - 0.8 mean); middle (3 pi u - cos(3 pi u) + 1) / (3 pi + 2),
    with u even steps.
    """
    steps = torch.linspace(0, 1, nodes, device=mean.device).expand(*mean.shape, nodes)
    if branch == "m":
        turn = 3 * math.pi * steps
        return (turn - torch.cos(turn) + 1) / (3 * math.pi + 2)
    exponent = 1 / (1.4 + 0.8 * mean) if branch == "b" else 2.2 - 0.8 * mean
    return steps ** exponent[..., None]


def shares(picture: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """How much of each branch every value takes: bright, middle, dark; each the picture's shape."""
    bright = ((picture - BRIGHT_FROM) / (1 - BRIGHT_FROM)).clamp(0, 1)
    dark = ((DARK_UNTIL - picture) / DARK_UNTIL).clamp(0, 1)
    return bright, (1 - bright - dark).clamp(0, 1), dark


def look_up(picture: Tensor, luts: Tensor, places: Tensor) -> Tensor:
    """Trilinear look-up at vertices that are not evenly spaced; beyond the outermost it extrapolates.

    Args:
        picture: [B, 3, H, W] RGB.
        luts: [B, 3, n, n, n], channel, then blue, green, red.
        places: [B, 3, n] vertices of red, green, blue.

    Returns:
        [B, 3, H, W].
    """
    b, _, height, width = picture.shape
    n = luts.shape[-1]
    values = picture.flatten(2)
    below = torch.zeros_like(values, dtype=torch.int64)
    for node in range(1, n - 1):
        below = below + (values > places[:, :, node, None]).to(torch.int64)
    low, high = places.gather(2, below), places.gather(2, below + 1)
    part = ((values - low) / (high - low + 1e-10)).unbind(1)
    table = luts.reshape(b, 3, n**3).transpose(1, 2).reshape(b * n**3, 3)
    red, green, blue = below.unbind(1)
    corner = (blue * n + green) * n + red + torch.arange(b, device=luts.device)[:, None] * n**3
    result = torch.zeros((b, values.shape[2], 3), dtype=luts.dtype, device=luts.device)
    for step in range(8):
        ahead = (step & 1, step >> 1 & 1, step >> 2)
        weight = math.prod((p if on else 1 - p for p, on in zip(part, ahead, strict=True)), start=torch.ones_like(red))
        result = result + table[corner + (ahead[2] * n + ahead[1]) * n + ahead[0]] * weight[..., None]
    return result.transpose(1, 2).reshape(b, 3, height, width)


Shown = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""Encoded colours [..., 3] -> the light they stand for, linear BT.709, 1.0 = SDR white."""


def start(net: ITMLUT, shown: Shown) -> None:
    """Makes a new network give one map of colours for all pictures of START_MEAN, whatever its encoders say."""
    with torch.no_grad():
        for branch in BRANCHES:
            net.get_parameter(f"lut_gen_{branch}.basic_luts").copy_(_first_luts(net.shape, branch, shown))


def _first_luts(shape: Shape, branch: str, shown: Shown = colour.srgb_to_linear) -> Tensor:
    """[luts, 3, n, n, n]: PQ of the light shown by a picture of START_MEAN, each LUT at its own exposure.

    The weights start near 1/2, so every LUT is scaled for their sum to give the mean of the LUTs.
    """
    places = vertices(branch, torch.full((1, 3), START_MEAN), shape.nodes)[0].double()
    blue, green, red = torch.meshgrid(places[2], places[1], places[0], indexing="ij")
    light = shown(torch.stack([red, green, blue], -1).numpy()) @ colour.rgb_to_rgb("bt709", "bt2020").T
    exposures = [2.0 ** ((k - (shape.luts - 1) / 2) / 2) for k in range(shape.luts)]
    encoded = [torch.from_numpy(colour.from_linear(light * exposure, "pq")) for exposure in exposures]
    return torch.stack(encoded).permute(0, 4, 1, 2, 3).float() * (2 / shape.luts)
