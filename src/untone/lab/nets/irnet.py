"""IRNet: predicts an HDR picture from an SDR picture (Xue et al., "Lightweight Improved Residual Network", 2023).

Structure and parameter names are those of the published code, so that weights of that code load by name; only the code
is new. Input and output are Y, Cr, Cb as OpenCV makes them (see `rgb_to_ycrcb`) of the encoded values: 8-bit SDR in
sRGB, BT.709 on one side, PQ, BT.2020 on the other, both in [0, 1]. Cr comes before Cb.

Where text and code of its authors differ, the code is followed: the first convolution of a block halves the channels,
the attention reads standard deviation plus mean, every block has attention and residual, the weights start
Xavier-normal (the paper says Kaiming).

For joint super-resolution by 4 (IRNet-5) the paper says that a pixel shuffle follows; its code has one more 3 x 3
convolution C -> C, then 3 x 3 C -> 4 C, shuffle by 2, 3 x 3 C -> 12, shuffle by 2. That is the only reading that gives
all ten parameter counts of the paper's tables 6 and 9 (45 C^2 + 86 C + 9 more than without), and its 251 G
multiply-adds at 960 x 540. Between the two shuffles the paper has a ReLU and the code has nothing: nothing is here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from .shapes import IRNET_2
from .shapes import IRNetShape as Shape

SLOPE = 0.05
"""Of every leaky ReLU."""

REDUCTION = 16
"""Of the channels inside the attention."""


class IRNet(nn.Module):
    """The network; `forward` takes and gives [B, 3, H, W] YCrCb, the output `upscale` times as large and not bounded.

    The attention of every block reads statistics of the whole picture. A part of a picture can be given those of the
    whole: see `forward`.
    """

    def __init__(self, shape: Shape = IRNET_2) -> None:
        super().__init__()
        self.shape = shape
        width = shape.features
        self.fea_conv = nn.Conv2d(3, width, 1)
        self.blocks = [
            _block(shape, number) for number in range(shape.blocks)
        ]  # a plain list: the names below are the published ones
        for number, block in enumerate(self.blocks, 1):
            self.add_module(f"IRB{number}", block)
        self.c = nn.Sequential(nn.Conv2d(width * shape.blocks, width, 1), nn.LeakyReLU(SLOPE))
        self.LR_conv = _conv(width, width)  # capitals: the published names of the parameters
        if shape.upscale == 1:
            self.upsampler = _conv(width, 3)
        else:
            self.conv3_layer = _conv(width, width)
            self.upsampler1 = nn.Sequential(_conv(width, 4 * width), nn.PixelShuffle(2))
            self.upsampler2 = nn.Sequential(_conv(width, 12), nn.PixelShuffle(2))
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                _initialise(module, shape.start)

    def forward(self, picture: Tensor, contrasts: Sequence[Tensor] | None = None) -> Tensor:
        """The HDR picture.

        Args:
            picture: [B, 3, H, W] YCrCb in [0, 1].
            contrasts: for each block what its attention reads, [B, C, 1, 1]; None reads it from this picture.
        """
        first = features = self.fea_conv(picture)
        outputs = []
        for index, block in enumerate(self.blocks):
            features = block(features, contrasts[index] if contrasts else None)
            outputs.append(features)
        return self.tail(first, outputs)

    def tail(self, first: Tensor, outputs: Sequence[Tensor]) -> Tensor:
        """What follows the blocks; takes the first features and the output of every block."""
        fused = self.LR_conv(self.c(torch.cat(list(outputs), 1))) + first
        if self.shape.upscale == 1:
            return self.upsampler(fused)
        return self.upsampler2(self.upsampler1(self.conv3_layer(fused)))

    def card(self) -> dict[str, Any]:
        """Name, hyper-parameters and size, for the model card."""
        count = sum(p.numel() for p in self.parameters())
        return {"architecture": "irnet", "shape": dataclasses.asdict(self.shape), "parameters": count}


def _block(shape: Shape, number: int) -> Block:
    attends = shape.attention == "every" or number > 0
    return (PlainBlock if shape.block == "rb" else Block)(shape.features, shape.block, attends)


class Block(nn.Module):
    """An improved residual block with its contrast-aware channel attention and the residual around both.

    Args:
        width: channels.
        kind: "irb", or what stands in place of its feature F1, see shapes.IRNET_BLOCKS.
        attends: whether it has its attention.
    """

    def __init__(self, width: int, kind: str = "irb", attends: bool = True) -> None:
        super().__init__()
        self.kind = kind
        self._layers(width)
        self.esa = Attention(width) if attends else None  # the published name, although it is no ESA

    def _layers(self, width: int) -> None:
        beside = {"irb": width // 2, "no F1": 0}.get(self.kind, width)
        self.distill_1 = _Activated(width, width // 2)
        self.mid_1 = _conv(width // 2, width)
        self.distill_2 = nn.Conv2d(width, width - width // 2, 1)
        self.conv = nn.Conv2d(beside + width - width // 2, width, 1)

    def forward(self, features: Tensor, contrast: Tensor | None = None) -> Tensor:
        """The same shape."""
        body = self.body(features)
        return features + (self.esa(body, contrast) if self.esa else body)

    def body(self, features: Tensor) -> Tensor:
        """Equations 1 to 4 of the paper; F1 comes first in the concatenation."""
        inner = self.distill_1(features)
        second = self.mid_1(inner)
        fused = self.distill_2(features + second)
        beside = {"irb": [inner], "F_in as F1": [features], "F2 as F1": [second]}.get(self.kind, [])
        return self.conv(torch.cat([*beside, fused], 1))


class PlainBlock(Block):
    """A residual block with a leaky ReLU, of table 4: two convolutions, the sum, and a leaky ReLU after it (fig. 2a).

    The paper counts 158.92 K parameters with two of them and names no widths. C -> 3/4 C -> C without biases, as
    here, makes it 158,923; of two convolutions no other width does, with biases or without.
    """

    def _layers(self, width: int) -> None:
        inner = width * 3 // 4
        self.distill_1 = _Activated(width, inner, bias=False)
        self.mid_1 = _conv(inner, width, bias=False)

    def body(self, features: Tensor) -> Tensor:
        """The features and what two convolutions add to them, activated."""
        return functional.leaky_relu(features + self.mid_1(self.distill_1(features)), SLOPE)


class Attention(nn.Module):
    """Contrast-aware channel attention: a gate for each channel from its standard deviation plus its mean."""

    def __init__(self, width: int) -> None:
        super().__init__()
        hidden = max(width // REDUCTION, 1)
        self.conv_du = nn.Sequential(nn.Conv2d(width, hidden, 1), nn.ReLU(), nn.Conv2d(hidden, width, 1), nn.Sigmoid())

    def forward(self, features: Tensor, contrast: Tensor | None = None) -> Tensor:
        """The features times their gates; `contrast` [B, C, 1, 1] replaces what is read from these features."""
        return features * self.conv_du(measured_contrast(features) if contrast is None else contrast)


def measured_contrast(features: Tensor) -> Tensor:
    """Standard deviation (of the population) plus mean of every channel, [B, C, 1, 1]."""
    mean = features.mean((2, 3), keepdim=True)
    return root((features - mean).square().mean((2, 3), keepdim=True)) + mean


def root(variance: Tensor) -> Tensor:
    """Square root whose gradient at 0 is 0: a channel that is flat has no direction to grow, and must not make NaN."""
    flat = variance <= 0
    return torch.where(flat, torch.zeros_like(variance), torch.where(flat, 1.0, variance).sqrt())


class _Activated(nn.Module):
    """3 x 3 convolution and leaky ReLU; `conv3_1` is the published name."""

    def __init__(self, inputs: int, outputs: int, bias: bool = True) -> None:
        super().__init__()
        self.conv3_1 = _conv(inputs, outputs, bias)

    def forward(self, features: Tensor) -> Tensor:
        return functional.leaky_relu(self.conv3_1(features), SLOPE)


def rgb_to_ycrcb(rgb: Tensor) -> Tensor:
    """[B, 3, H, W] RGB in [0, 1] to Y, Cr, Cb as OpenCV has it for floats: BT.601 luma, differences around 0.5."""
    red, green, blue = rgb.unbind(1)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    return torch.stack([luma, (red - luma) * 0.713 + 0.5, (blue - luma) * 0.564 + 0.5], 1)


def ycrcb_to_rgb(ycrcb: Tensor) -> Tensor:
    """Inverse of rgb_to_ycrcb with OpenCV's rounded factors; not clipped."""
    luma, red, blue = ycrcb.unbind(1)
    red, blue = red - 0.5, blue - 0.5
    return torch.stack([luma + 1.403 * red, luma - 0.714 * red - 0.344 * blue, luma + 1.773 * blue], 1)


def _conv(inputs: int, outputs: int, bias: bool = True) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, padding=1, bias=bias)


def _initialise(conv: nn.Conv2d, start: str) -> None:
    """Xavier-normal or Kaiming-normal; bias 0."""
    (nn.init.kaiming_normal_ if start == "kaiming" else nn.init.xavier_normal_)(conv.weight)
    if conv.bias is not None:
        nn.init.zeros_(conv.bias)
