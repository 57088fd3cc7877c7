"""Direct-MLP (GamutMLP's form) and MLP-ITM in torch: published networks that store the HDR rendition of one picture.

GamutMLP (Le, Price, Cohen, Brown, CVPR 2023) embeds coordinates and colours as Gain-MLP does and adds its output to the
colours; MLP-ITM (Liu, Li, Wang, Zha, Xiong, Electronic Imaging 2023) is two sine networks, of colours and of places,
and one behind them. Both give PQ codes in BT.2020 here. Facts are of their published code.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ... import gain_network
from ...console.progress import tracked
from ...errors import UntoneError
from ..training import initial_weights

Codes = NDArray[np.uint8]
Floats = NDArray[np.float32]

PADDED_INPUTS, PADDED_OUTPUTS = 128, 16
"""tiny-cuda-nn rounds both up to a multiple of 16; inputs beyond the embedding are ones."""

SINE_RATE = 30.0
"""w0 of every sine layer (Sitzmann et al. 2020)."""

BAND = 1 << 16


class DirectMlp(nn.Module):
    """GamutMLP's network: 120 embedded inputs padded to 128, two hidden ReLU layers, 16 outputs, no biases.

    2,560 numbers at a width of 16, 5,632 at 32 and 13,312 at 64 (the published ones).
    """

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.first = nn.Parameter(torch.empty(width, PADDED_INPUTS))
        self.second = nn.Parameter(torch.empty(width, width))
        self.last = nn.Parameter(torch.empty(PADDED_OUTPUTS, width))
        for part in (self.first, self.second, self.last):
            nn.init.normal_(part, 0, math.sqrt(2 / part.shape[1]))
        with torch.no_grad():  # the higher frequencies the smaller, as our own networks begin
            octaves = torch.arange(gain_network.FREQUENCIES).repeat_interleave(2).repeat(gain_network.SECTIONS)
            self.first[:, : len(octaves)].mul_(torch.exp2(-octaves / 2))
            self.last.mul_(0.1)

    def forward(self, index: Tensor, basis: Tensor) -> Tensor:
        """Correction to add to the colours, [n, 3], of [n, 5] rows of a basis (gain_network.Basis)."""
        embedded = basis[index].flatten(1)
        ones = embedded.new_ones(len(index), PADDED_INPUTS - embedded.shape[1])
        hidden = torch.relu(torch.cat([embedded, ones], 1) @ self.first.T)
        return (torch.relu(hidden @ self.second.T) @ self.last.T)[:, :3]


class SineLayer(nn.Module):
    """sin(w0 (W x + b)), as SIREN begins it."""

    def __init__(self, inputs: int, outputs: int, first: bool) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, outputs)
        reach = 1 / inputs if first else math.sqrt(6 / inputs) / SINE_RATE
        nn.init.uniform_(self.linear.weight, -reach, reach)

    def forward(self, values: Tensor) -> Tensor:
        """[n, outputs]."""
        return torch.sin(SINE_RATE * self.linear(values))


class MlpItm(nn.Module):
    """INF(3, 64, 1): colours 3-64-32 and places 2-64-32, both of sines; joined 64-64 sines, 3 outputs; 8963 numbers."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        half = width // 2
        self.colours = nn.Sequential(SineLayer(3, width, True), SineLayer(width, half, False))
        self.places = nn.Sequential(SineLayer(2, width, True), SineLayer(width, half, False))
        self.body = SineLayer(width, width, False)
        self.last = nn.Linear(width, 3)
        reach = math.sqrt(6 / width) / SINE_RATE
        nn.init.uniform_(self.last.weight, -reach, reach)

    def forward(self, places: Tensor, colours: Tensor) -> Tensor:
        """PQ codes [n, 3] of places [n, 2] in 0..1 and SDR codes [n, 3] in 0..1."""
        both = torch.cat([self.colours(colours), self.places(places)], 1)
        result: Tensor = self.last(self.body(both))
        return result


def numbers_of(net: nn.Module) -> int:
    """Parameters of a network."""
    return sum(part.numel() for part in net.parameters())


# -- Direct-MLP -------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class DirectRecipe:
    """Adam at the paper's rate; 4000 steps of 2048, as our networks have (the paper: 1000 of 65,536).

    Attributes:
        falling: the rate falls along half a cosine; else it is constant, as the paper's.
    """

    width: int = 16
    steps: int = 4000
    batch: int = 2048
    rate: float = 1e-2
    falling: bool = True
    seed: int = 0


def direct(codes: Codes, base: Floats, truth: Floats, recipe: DirectRecipe) -> tuple[Floats, int]:
    """Direct-MLP's HDR rendition of an SDR picture, and the bytes of its float32 weights.

    Args:
        codes: [H, W, 3] of the SDR picture.
        base, truth: PQ codes [H, W, 3] of it and of its HDR rendition.
    """
    torch.manual_seed(recipe.seed)
    random = np.random.default_rng(recipe.seed)
    net, basis = DirectMlp(recipe.width), gain_network.basis(*codes.shape[:2])
    rows, index, wanted = torch.from_numpy(basis.rows), _rows(codes), torch.from_numpy((truth - base).reshape(-1, 3))
    optimizer = torch.optim.Adam(net.parameters(), lr=recipe.rate)
    floor = 0.0 if recipe.falling else recipe.rate
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, recipe.steps, floor)
    for _ in range(recipe.steps):
        taken = torch.from_numpy(random.integers(0, len(index), min(recipe.batch, len(index))))
        loss = functional.mse_loss(net(index[taken], rows), wanted[taken])
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        falling.step()
    with torch.no_grad():
        said = torch.cat([net(part, rows) for part in torch.split(index, BAND)]).numpy()
    return np.clip(base + said.reshape(base.shape), 0, 1), 4 * numbers_of(net)


def _rows(codes: Codes) -> Tensor:
    """[n, 5] rows of the basis of every pixel: x, y, r, g, b."""
    height, width = codes.shape[:2]
    index = np.empty((height, width, gain_network.SECTIONS), np.int32)
    index[..., 0], index[..., 1] = np.arange(width), width + np.arange(height)[:, None]
    index[..., 2:] = codes + (np.arange(3) * gain_network.LEVELS + width + height)
    return torch.from_numpy(index.reshape(-1, gain_network.SECTIONS))


# -- MLP-ITM ----------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class ItmRecipe:
    """As published: 200 steps of Adam at 1e-4, every 7th pixel each way; then 2% drawn anew every 51 steps.

    Attributes:
        share, hard: of all pixels, drawn anew; of those, drawn where the error is large.
    """

    steps: int = 200
    rate: float = 1e-4
    stride: int = 7
    renewed: int = 51
    share: float = 0.02
    hard: float = 0.2
    seed: int = 0


Pair = tuple[Codes, Floats]
"""SDR codes [H, W, 3], and PQ codes of the HDR rendition."""


def pretrained(pairs: Sequence[Pair], steps: int = 800, batch: int = 4096, seed: int = 0) -> MlpItm:
    """Weights to start from: one network for pixels of all pairs at once; see `published` for its authors'."""
    torch.manual_seed(seed)
    random, net = np.random.default_rng(seed), MlpItm()
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    flat = [_pixels(*pair) for pair in pairs]
    for _ in tracked(range(steps), "steps of pretraining MLP-ITM"):
        places, colours, wanted = flat[int(random.integers(len(flat)))]
        taken = torch.from_numpy(random.integers(0, len(wanted), batch))
        _step(net, optimizer, places[taken], colours[taken], wanted[taken])
        falling.step()
    return net


def published(path: Path) -> MlpItm:
    """MLP-ITM with the weights that its authors published (`meta*.pth`), whose file has no licence: none is shipped.

    Raises:
        UntoneError: the file cannot be read, or holds other weights; the message names the first that does not fit.
    """
    state, net = initial_weights.read(path), MlpItm()
    found = {
        name.removeprefix("net."): value.squeeze((2, 3)) if value.ndim == 4 else value for name, value in state.items()
    }
    wanted = {_published_name(name): name for name in net.state_dict()}
    for name, own in wanted.items():
        needed = list(net.get_parameter(own).shape)
        if name not in found or list(found[name].shape) != needed:
            has = list(found[name].shape) if name in found else "missing"
            raise UntoneError(f"{path}: {name} is {has}; MLP-ITM needs {needed}")
    net.load_state_dict({own: found[name].float() for name, own in wanted.items()})
    return net


def _published_name(own: str) -> str:
    """colours.0.linear.weight -> color_net.0.linear.weight, body.linear.bias -> output_net.0.linear.bias."""
    part, _, rest = own.partition(".")
    if part in ("body", "last"):
        return f"output_net.{int(part == 'last')}.linear.{rest.removeprefix('linear.')}"
    return f"{'color_net' if part == 'colours' else 'spatial_net'}.{rest}"


def itm(codes: Codes, truth: Floats, start: MlpItm, recipe: ItmRecipe) -> tuple[Floats, int]:
    """MLP-ITM's HDR rendition of an SDR picture, PQ codes [H, W, 3], and the bytes of its float32 weights."""
    torch.manual_seed(recipe.seed)
    net = MlpItm()
    net.load_state_dict(start.state_dict())
    optimizer = torch.optim.Adam(net.parameters(), lr=recipe.rate)
    places, colours, wanted = _pixels(codes, truth)
    height, width = codes.shape[:2]
    taken = torch.arange(height * width).reshape(height, width)[:: recipe.stride, :: recipe.stride].reshape(-1)
    for step in range(recipe.steps):
        if step and step % recipe.renewed == 0:
            taken = _drawn(_said(net, places, colours), wanted, recipe)
        _step(net, optimizer, places[taken], colours[taken], wanted[taken])
    made = _said(net, places, colours).numpy().reshape(truth.shape)
    return np.clip(made, 0, 1), 4 * numbers_of(net)


def _drawn(said: Tensor, wanted: Tensor, recipe: ItmRecipe) -> Tensor:
    count = max(1, int(len(wanted) * recipe.share))
    hard = int(count * recipe.hard)
    error = (said - wanted).square().sum(1) + 1e-12
    return torch.cat([torch.multinomial(error, hard), torch.randint(0, len(wanted), (count - hard,))])


def _pixels(codes: Codes, truth: Floats) -> tuple[Tensor, Tensor, Tensor]:
    height, width = codes.shape[:2]
    y, x = torch.meshgrid(torch.linspace(0, 1, height), torch.linspace(0, 1, width), indexing="ij")
    colours = torch.from_numpy(codes.reshape(-1, 3)).float() / 255
    return torch.stack([x, y], -1).reshape(-1, 2), colours, torch.from_numpy(truth.reshape(-1, 3))


def _step(net: MlpItm, optimizer: torch.optim.Optimizer, places: Tensor, colours: Tensor, wanted: Tensor) -> None:
    loss = functional.mse_loss(net(places, colours), wanted)
    optimizer.zero_grad()
    torch.autograd.backward(loss)
    optimizer.step()


def _said(net: MlpItm, places: Tensor, colours: Tensor) -> Tensor:
    with torch.no_grad():
        return torch.cat(
            [net(p, c) for p, c in zip(torch.split(places, BAND), torch.split(colours, BAND), strict=True)]
        )
