"""Small networks with lively random weights, written down as trained ones are."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from untone.lab.nets import gmnet, irnet, itmlut
from untone.lab.training import export

torch.set_num_threads(1)

NETS = {
    "gmnet": lambda: gmnet.GMNet(gmnet.Shape(features=16, blocks=1)),
    "gmnet_half": lambda: gmnet.GMNet(gmnet.Shape(16, 1, scale=2, peak_stops=2.32, convention="gmnet")),
    "irnet": lambda: irnet.IRNet(irnet.Shape(2, 32)),
    "irnet_large": lambda: irnet.IRNet(irnet.Shape(2, 32, 4)),
    "itmlut": itmlut.ITMLUT,
}


def enlivened(net):
    """Weights at which every part of the network shows, and outputs that are pictures."""
    torch.manual_seed(5)
    for name, p in net.named_parameters():
        if p.ndim in (2, 4):
            torch.nn.init.normal_(p, std=(6 if "esa" in name else 0.9) / p[0].numel() ** 0.5)
        elif p.ndim == 1 and "conv_last" not in name:
            torch.nn.init.normal_(p, std=0.1)
    if isinstance(net, gmnet.GMNet):
        torch.nn.init.constant_(net.sq_qmax.conv[4].bias, 0.8)
        torch.nn.init.constant_(net.conv_last.bias, 0.5)
    elif isinstance(net, irnet.IRNet):
        last = net.upsampler if net.shape.upscale == 1 else net.upsampler2[0]
        with torch.no_grad():
            last.weight.mul_(0.3)
            last.bias.copy_(torch.tensor([0.5, 0.5, 0.5]).repeat_interleave(last.bias.numel() // 3))
    return net.eval()


@pytest.fixture(scope="session")
def nets():
    return {name: enlivened(make()) for name, make in NETS.items()}


@pytest.fixture(scope="session")
def files(nets, tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("models")
    for name, net in nets.items():
        export.export(net, folder / f"{name}.onnx", {"data": "made up", "licence": "none"})
    return {name: folder / f"{name}.onnx" for name in nets}
