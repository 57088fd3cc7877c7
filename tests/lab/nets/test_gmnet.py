"""GMNet against its published sizes, and its parts against sums written out by hand."""

import math

import numpy as np
import pytest
import torch
from torch.nn import functional

from untone.lab.nets import gmnet

PARTS = {
    "down1": 5_088, "down2": 83_136, "res_y": 369_280, "res1": 369_280, "res2": 369_280, "res3": 369_280,
    "sq_ker": 20_736, "sq_chn": 20_736, "sq_qmax": 16_641, "mask_est": 37_505, "down_x": 75_648, "upconv": 147_712,
    "HRconv": 36_928, "conv_last": 577,
}  # fmt: skip


def count(module):
    return sum(p.numel() for p in module.parameters())


def lively(net):
    """Weights of a size at which every part shows in the output."""
    torch.manual_seed(3)
    for p in net.parameters():
        torch.nn.init.normal_(p, std=1.2 / max(p[0].numel(), 1) ** 0.5 if p.ndim > 1 else 0.1)
    return net.eval()


@pytest.mark.parametrize("scale", [1, 2])
def test_parameters_are_those_published(scale):
    net = gmnet.GMNet(gmnet.Shape(scale=scale))
    assert count(net) == 1_921_827 == net.card()["parameters"]
    assert {name: count(net.get_submodule(name)) for name in PARTS} == PARTS
    assert net.card()["shape"] == {
        "features": 64, "blocks": 5, "scale": scale, "peak_stops": 3.0, "convention": "untone", "trunk_start": 0.1,
        "qmax_start": 0.0,
    }  # fmt: skip


def test_names_are_those_of_the_published_code():
    """down1.conv.{0,2,4}, res_y.N.conv{1,2}, sq_ker.conv.{0,2,4}, mask_est.{0,2}, upconv, HRconv, conv_last."""
    owners = [f"{d}.conv.{i}" for d in ("down1", "down2", "down_x") for i in (0, 2, 4)]
    owners += [f"{r}.{n}.conv{i}" for r in ("res_y", "res1", "res2", "res3") for n in range(5) for i in (1, 2)]
    owners += [f"{q}.conv.{i}" for q in ("sq_ker", "sq_chn", "sq_qmax") for i in (0, 2, 4)]
    owners += ["mask_est.0", "mask_est.2", "upconv", "HRconv", "conv_last"]
    names = {f"{owner}.{kind}" for owner in owners for kind in ("weight", "bias")}
    assert set(gmnet.GMNet().state_dict()) == names


def test_weights_start_small_and_biases_at_zero():
    torch.manual_seed(0)
    net = gmnet.GMNet()
    weight = net.upconv.weight.detach()
    assert float(weight.std()) == pytest.approx(0.1 * math.sqrt(2 / (64 * 9)), rel=0.02)
    assert all(not p.any() for name, p in net.named_parameters() if name.endswith("bias"))


def test_a_shortened_run_may_start_with_a_signal():
    """As published, what a random start says of a picture is lost on its way: its map is flat to 1e-6."""
    photo, thumbnail = torch.rand(1, 3, 32, 32), torch.rand(1, 3, 256, 256)
    spread = {}
    for trunk in (0.1, 1.0):
        torch.manual_seed(0)
        net = gmnet.GMNet(gmnet.Shape(trunk_start=trunk, qmax_start=0.5))
        assert net.sq_qmax.conv[4].bias.item() == 0.5
        assert net.res1[0].conv1.weight.std().item() == pytest.approx(0.1 * math.sqrt(2 / (64 * 9)), rel=0.02)
        with torch.no_grad():
            spread[trunk] = float(net(photo, thumbnail)[0].std())
    assert spread[0.1] < 1e-6
    assert spread[1.0] > 1e-3


def test_the_kernel_of_every_picture_works_on_its_own_channels():
    features, kernel = torch.randn(2, 3, 5, 6), torch.randn(2, 3, 3, 3)
    found = gmnet.depthwise(features, kernel).numpy()
    padded = np.pad(features.numpy(), ((0, 0), (0, 0), (1, 1), (1, 1)))
    for b, c, y, x in np.ndindex(2, 3, 5, 6):
        expected = sum(padded[b, c, y + i, x + j] * float(kernel[b, c, i, j]) for i in range(3) for j in range(3))
        assert found[b, c, y, x] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(("size", "side"), [(3, 64), (1, 64), (3, 7)])
def test_pooling_is_torchs_adaptive_pooling(size, side):
    features = torch.randn(2, 4, side, side + 1)
    assert torch.allclose(gmnet._pooled(features, size), functional.adaptive_avg_pool2d(features, size), atol=1e-6)


def test_forward_is_the_sum_of_its_parts():
    """The whole, written out once more from the specification, with torch's own functions on the bare parameters."""
    net = lively(gmnet.GMNet())
    weights = net.state_dict()

    def conv(name, x, stride=1):
        w = weights[f"{name}.weight"]
        return functional.conv2d(x, w, weights[f"{name}.bias"], stride, padding=w.shape[-1] // 2)

    def chain(name, x, first_stride=1, last_relu=True):
        for i in (0, 2, 4):
            x = conv(f"{name}.conv.{i}", x, first_stride if i == 0 else 1)
            x = x.relu() if last_relu or i < 4 else x
        return x

    def group(name, x):
        for n in range(5):
            x = x + conv(f"{name}.{n}.conv2", conv(f"{name}.{n}.conv1", x).relu())
        return x

    photo, thumbnail = torch.rand(1, 3, 20, 12), torch.rand(1, 3, 256, 256)
    with torch.no_grad():
        y = group("res_y", chain("down2", chain("down1", thumbnail, 2), 2))
        kernel = chain("sq_ker", functional.adaptive_avg_pool2d(y, 3), last_relu=False)
        gate = chain("sq_chn", y.mean((2, 3), keepdim=True), last_relu=False).sigmoid()
        qmax = chain("sq_qmax", y.mean((2, 3), keepdim=True), last_relu=False)
        f = group("res1", chain("down_x", photo, 2))
        mask = functional.conv2d(f, kernel[0][:, None], padding=1, groups=64)
        f = f * conv("mask_est.2", conv("mask_est.0", mask).relu()).sigmoid()
        f = group("res3", group("res2", f) * gate)
        f = functional.pixel_shuffle(conv("upconv", f), 2).relu()
        expected = conv("conv_last", conv("HRconv", f).relu())
        normalised, scaled = net(photo, thumbnail)
    assert float(expected.std()) > 1e-3
    assert torch.allclose(normalised, expected, rtol=1e-4, atol=1e-4 * float(expected.abs().max()))
    assert torch.allclose(scaled, qmax * expected, rtol=1e-4, atol=1e-4 * float((qmax * expected).abs().max()))


def test_nothing_beyond_the_receptive_radius_counts():
    """A pixel changes outputs up to the radius away, and none further: what overlap of tiles must be."""
    shape = gmnet.Shape(features=4, blocks=1)
    net = lively(gmnet.GMNet(shape)).double()
    radius = gmnet.receptive_radius(shape)
    assert gmnet.receptive_radius(gmnet.Shape()) == 75
    assert radius == 27
    photo = torch.rand(1, 3, 8, 2 * radius + 40, dtype=torch.float64)
    guidance = net.guide(torch.rand(1, 3, 256, 256, dtype=torch.float64))
    middle = radius + 20
    other = photo.clone()
    other[..., middle] += 5.0
    with torch.no_grad():
        changed = (net.local(photo, guidance) != net.local(other, guidance)).any((0, 1, 2)).nonzero()[:, 0]
    assert middle - radius <= int(changed.min())
    assert int(changed.max()) <= middle + radius
    assert int(changed.max()) - int(changed.min()) >= 2 * radius - 4  # the bound is tight, up to even and odd pixels


def test_gradients_reach_every_parameter():
    net = lively(gmnet.GMNet(gmnet.Shape(features=16, blocks=1)))
    sum(out.square().sum() for out in net(torch.rand(1, 3, 16, 16), torch.rand(1, 3, 256, 256))).backward()
    assert not [name for name, p in net.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
