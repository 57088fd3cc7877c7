"""GMNet: predicts a one-channel gain map and its scale from a photo and its thumbnail (Liao et al., ICLR 2025).

Structure, sizes, names of the parameters and initialisation are those of the published code, so that weights of that
code load by name; only the code is new. A local branch works at half the input's size; a global branch sees the
thumbnail of the whole picture and steers it three times: by a depthwise 3 x 3 kernel that makes a mask, by a gate per
channel, and by the scale Qmax.

The published network exists in two forms that differ in what they are fed, not in their layers: for its synthetic data
the photo itself (`scale` 1), for its real photos the photo at half size (`scale` 2), which makes the map half size.
"""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from .shapes import GMNetShape as Shape

THUMBNAIL = 256
"""Rows and columns of the thumbnail."""

RESIDUAL_START = 0.1
"""Share of Kaiming's spread that weights inside residual blocks begin with, as published."""


class Guidance(NamedTuple):
    """Outputs of the global branch: kernel [B, C, 3, 3], gate [B, C, 1, 1] in 0..1, qmax [B, 1, 1, 1]."""

    kernel: Tensor
    gate: Tensor
    qmax: Tensor


class GMNet(nn.Module):
    """The network; 1,921,827 parameters as published.

    `forward` takes the photo [B, 3, H, W] (H and W even) and the thumbnail [B, 3, 256, 256] of the whole picture,
    encoded RGB in [0, 1], and returns the normalised map [B, 1, H, W] and qmax times it. Neither is bounded.
    """

    def __init__(self, shape: Shape = Shape()) -> None:
        super().__init__()
        self.shape = shape
        width = shape.features
        self.down1 = Down(3, width // 4)
        self.down2 = Down(width // 4, width)
        self.res_y = _residuals(width, shape.blocks)
        self.sq_ker = Squeeze(3, width, width)
        self.sq_chn = Squeeze(1, width, width)
        self.sq_qmax = Squeeze(1, width, 1)
        self.mask_est = nn.Sequential(_conv(width, width), nn.ReLU(), _conv(width, 1), nn.Sigmoid())
        self.down_x = Down(3, width)
        self.res1 = _residuals(width, shape.blocks)
        self.res2 = _residuals(width, shape.blocks)
        self.res3 = _residuals(width, shape.blocks)
        self.upconv = _conv(width, 4 * width)
        self.HRconv = _conv(width, width)  # capitals: the published name of the parameters
        self.conv_last = _conv(width, 1)
        inside = {conv for block in self.modules() if isinstance(block, Residual) for conv in block.children()}
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                _initialise(module, RESIDUAL_START if module in inside else shape.trunk_start)
        nn.init.constant_(self.sq_qmax.get_parameter("conv.4.bias"), shape.qmax_start)

    def forward(self, photo: Tensor, thumbnail: Tensor) -> tuple[Tensor, Tensor]:
        """The normalised gain map, and qmax times it."""
        guidance = self.guide(thumbnail)
        normalised = self.local(photo, guidance)
        return normalised, guidance.qmax * normalised

    def guide(self, thumbnail: Tensor) -> Guidance:
        """The global branch. It sees nothing but the thumbnail, so it runs once per picture, whatever the tiles."""
        seen = self.res_y(self.down2(self.down1(thumbnail)))
        return Guidance(self.sq_ker(seen), torch.sigmoid(self.sq_chn(seen)), self.sq_qmax(seen))

    def local(self, photo: Tensor, guidance: Guidance) -> Tensor:
        """The local branch: the normalised map of a photo, or of a part of it that starts at an even pixel."""
        features = self.res1(self.down_x(photo))
        features = features * self.mask_est(depthwise(features, guidance.kernel))
        features = self.res3(self.res2(features) * guidance.gate)
        features = functional.relu(functional.pixel_shuffle(self.upconv(features), 2))
        return self.conv_last(functional.relu(self.HRconv(features)))

    def card(self) -> dict[str, Any]:
        """Name, hyper-parameters and size, for the model card."""
        count = sum(p.numel() for p in self.parameters())
        return {"architecture": "gmnet", "shape": dataclasses.asdict(self.shape), "parameters": count}


class Down(nn.Module):
    """Half the size: three 3 x 3 convolutions, the first of stride 2, each with a ReLU."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        first = nn.Conv2d(inputs, outputs, 3, stride=2, padding=1)
        rest = (nn.ReLU(), _conv(outputs, outputs), nn.ReLU(), _conv(outputs, outputs), nn.ReLU())
        self.conv = nn.Sequential(first, *rest)

    def forward(self, features: Tensor) -> Tensor:
        """[B, i, H, W] to [B, o, ceil(H / 2), ceil(W / 2)]."""
        return self.conv(features)


class Residual(nn.Module):
    """x + conv(relu(conv(x))); no normalisation, nothing after the sum."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1 = _conv(width, width)
        self.conv2 = _conv(width, width)

    def forward(self, features: Tensor) -> Tensor:
        """The same shape."""
        return features + self.conv2(functional.relu(self.conv1(features)))


class Squeeze(nn.Module):
    """Averages to size x size, then three 1 x 1 convolutions."""

    def __init__(self, size: int, width: int, outputs: int) -> None:
        super().__init__()
        self.size = size
        self.conv = nn.Sequential(
            nn.Conv2d(width, 2 * width, 1), nn.ReLU(), nn.Conv2d(2 * width, width, 1), nn.ReLU(),
            nn.Conv2d(width, outputs, 1),
        )  # fmt: skip

    def forward(self, features: Tensor) -> Tensor:
        """[B, C, h, w] to [B, outputs, size, size]; not bounded."""
        return self.conv(_pooled(features, self.size))


def _pooled(features: Tensor, size: int) -> Tensor:
    """Adaptive average pooling to size x size: cell i covers rows floor(i h / size) to ceil((i + 1) h / size).

    Spelled out, because ONNX has no adaptive pooling and the cells overlap where 3 does not divide 64.
    """
    height, width = (int(side) for side in features.shape[2:])  # numbers, also while a graph is traced
    rows = [features[:, :, i * height // size : -(-(i + 1) * height // size)] for i in range(size)]
    cells = [
        [row[..., j * width // size : -(-(j + 1) * width // size)].mean((2, 3)) for j in range(size)] for row in rows
    ]
    return torch.stack([torch.stack(row, -1) for row in cells], -2)


def depthwise(features: Tensor, kernel: Tensor) -> Tensor:
    """Cross-correlation of every channel of every picture with its own 3 x 3 kernel, zero padded.

    Args:
        features: [B, C, h, w].
        kernel: [B, C, 3, 3].
    """
    if features.shape[0] == 1:  # one group for each channel, without folding the batch away: what ONNX can be told
        return functional.conv2d(features, kernel.transpose(0, 1), padding=1, groups=kernel.shape[1])
    b, c, h, w = features.shape
    mixed = functional.conv2d(features.reshape(1, b * c, h, w), kernel.reshape(b * c, 1, 3, 3), padding=1, groups=b * c)
    return mixed.reshape(b, c, h, w)


def receptive_radius(shape: Shape) -> int:
    """Pixels around an even-sized block of input that its output depends on.

    Two convolutions after the shuffle reach 2 pixels. Each 3 x 3 convolution at half size reaches 2 more: upconv, two
    in each residual block of three groups, three of the mask, two of `down_x`; its first one, of stride 2, reaches 1.
    """
    return 2 + 2 * (1 + 2 * 3 * shape.blocks + 3 + 2) + 1


def _conv(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, padding=1)


def _residuals(width: int, count: int) -> nn.Sequential:
    return nn.Sequential(*(Residual(width) for _ in range(count)))


def _initialise(conv: nn.Conv2d, share: float) -> None:
    """Kaiming-normal over the inputs, times a share; bias 0."""
    nn.init.kaiming_normal_(conv.weight)
    with torch.no_grad():
        conv.weight.mul_(share)
    if conv.bias is not None:
        nn.init.zeros_(conv.bias)
