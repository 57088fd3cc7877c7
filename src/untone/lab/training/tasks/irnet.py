"""Training IRNet: YCrCb to YCrCb of PQ BT.2020, L1 or log of the error; from a quarter size for super-resolution."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from .... import colour
from ....console.progress import tracked
from ....errors import UntoneError
from ...data.examples import Dataset, Example
from ...data.subsets import photographs
from ...nets.irnet import IRNet, rgb_to_ycrcb, ycrcb_to_rgb
from .. import batches, losses
from ..batches import Choice, Crops, View
from ..recipes import Recipe


def network(recipe: Recipe) -> IRNet:
    """A new network."""
    return IRNet(recipe.shape)


def begin(net: nn.Module, dataset: Dataset, recipe: Recipe) -> None:
    """Starts from one affine map for all pairs, where the recipe says so."""
    if recipe.affine_start:
        assert isinstance(net, IRNet)
        start(net, affine(photographs(dataset), recipe.seed))


AFFINE_PICTURES, AFFINE_STRIDE = 128, 8


def affine(dataset: Dataset, seed: int) -> Tensor:
    """[4, 3]: the map of Y, Cr, Cb and 1 of SDR pictures to those of their PQ codes that is nearest to some pairs."""
    random = np.random.default_rng(seed)
    chosen = random.integers(len(dataset), size=AFFINE_PICTURES)
    read = tracked(chosen.tolist(), "pairs read for the fit")
    shown = [batches.whole_pixels(dataset[k], AFFINE_STRIDE) for k in read]
    sdr = torch.cat([batch.rgb[0] for batch in shown])
    gain = torch.cat([batch.gain_stops[0] for batch in shown])
    matrix = torch.tensor(colour.rgb_to_rgb("bt709", "bt2020").T, dtype=torch.float32)
    wide = losses.rebuild(losses.srgb_to_linear(sdr), gain) @ matrix
    left, right = (rgb_to_ycrcb(rgb.T[None])[0].T.double() for rgb in (sdr, losses.pq(wide.clamp(min=0))))
    return torch.linalg.lstsq(torch.cat([left, torch.ones_like(left[:, :1])], 1), right).solution.float()


def start(net: IRNet, mapped: Tensor) -> None:
    """Makes a network give an affine map [4, 3], enlarged bilinearly for super-resolution; its blocks add nothing yet.

    The map goes the shortest way: the first convolution, the sum after the blocks, and the last convolution.
    """
    with torch.no_grad():
        net.LR_conv.weight.zero_()
        inverse = torch.linalg.pinv(net.fea_conv.weight[:, :, 0, 0])
        last = mapped[:3].T @ inverse
        if net.shape.upscale == 1:
            _put(net.upsampler, last, CENTRE)
            net.upsampler.get_parameter("bias").copy_(mapped[3])
            return
        middle = torch.tensor(MIDDLE)
        net.fea_conv.get_parameter("bias").copy_(-net.fea_conv.weight[:, :, 0, 0] @ middle)
        _put(net.conv3_layer, torch.eye(net.shape.features), CENTRE)
        _put(net.upsampler1.get_submodule("0"), torch.eye(net.shape.features), BILINEAR)
        _put(net.upsampler2.get_submodule("0"), last, BILINEAR)
        bias = mapped[3] + middle @ mapped[:3]
        net.upsampler2.get_parameter("0.bias").copy_(bias.repeat_interleave(len(BILINEAR)))


def enlarge(net: IRNet, plain: dict[str, Tensor]) -> None:
    """Makes a network for super-resolution give what a plain IRNet of as many channels gives, enlarged bilinearly.

    Its first blocks are the plain network's, the others are not listened to yet. The plain network's last convolution
    makes three channels of the first one after the blocks, which both shuffles enlarge and the last one hands on.

    Args:
        plain: parameters of the plain network, by name, of no more blocks.

    Raises:
        UntoneError: it has other channels, or more blocks.
    """
    width, known = net.shape.features, net.state_dict()
    heard = plain["c.0.weight"].shape[1]
    common = {name: value for name, value in plain.items() if not name.startswith(("c.", "upsampler."))}
    wrong = [name for name, value in common.items() if name not in known or known[name].shape != value.shape]
    if wrong:
        raise UntoneError(f"{wrong[0]} {list(plain[wrong[0]].shape)} does not fit {net.shape}")
    net.load_state_dict(known | common)
    chosen = torch.zeros(3, width)
    chosen[:, :3] = torch.eye(3)
    with torch.no_grad():
        mixed = net.get_parameter("c.0.weight")
        mixed.zero_()
        mixed[:, :heard] = plain["c.0.weight"]
        net.get_parameter("c.0.bias").copy_(plain["c.0.bias"])
        _put(net.conv3_layer, torch.eye(width), CENTRE)
        net.conv3_layer.weight[:3] = plain["upsampler.weight"]
        middle = torch.tensor(MIDDLE)
        net.get_parameter("conv3_layer.bias")[:3] = plain["upsampler.bias"] - middle
        _put(net.upsampler1.get_submodule("0"), torch.eye(width), BILINEAR)
        _put(net.upsampler2.get_submodule("0"), chosen, BILINEAR)
        net.upsampler2.get_parameter("0.bias").copy_(middle.repeat_interleave(len(BILINEAR)))


def _put(conv: nn.Module, matrix: Tensor, taps: Tensor) -> None:
    """Weights of a convolution: each row of a matrix [o, i] times each of the taps [k, 3, 3] makes an output."""
    conv.get_parameter("weight").copy_((matrix[:, None, :, None, None] * taps[None, :, None]).flatten(0, 1))


MIDDLE = (0.4, 0.5, 0.5)
"""Y, Cr, Cb that a network for super-resolution carries as 0, so that what lies beyond the edge is no green black."""

CENTRE = torch.zeros(1, 3, 3)
CENTRE[0, 1, 1] = 1
"""A 3 x 3 convolution that changes nothing."""

_NEAR = torch.tensor([[0.25, 0.75, 0.0], [0.0, 0.75, 0.25]])
BILINEAR = torch.einsum("ay,bx->abyx", _NEAR, _NEAR).reshape(4, 3, 3)
"""Four 3 x 3 convolutions that, shuffled, enlarge by 2."""


def draw(dataset: Dataset, choice: Choice, recipe: Recipe) -> Crops:
    """Random crops, or whole pictures; those of super-resolution divide by its factor.

    Raises:
        UntoneError: a crop does not.
    """
    view = View(recipe.crop, recipe.reduce, 0, recipe.crop_zoom, recipe.turns, recipe.jitter)
    drawn = batches.gather_crops(dataset, choice, view)
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
    """L1 of the YCrCb planes, and log of the square error of the RGB ones, as the recipe weighs them."""
    total = recipe.loss.code * (out - rgb_to_ycrcb(batch.pq)).abs().mean()
    return total + recipe.loss.pq * losses.log_error(ycrcb_to_rgb(out), batch.pq) if recipe.loss.pq else total


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
