"""The network's arithmetic is the kernels': what is trained is what ships."""

import numpy as np
import pytest
import torch

from untone.kernels import reference
from untone.lab.nets import fastgamer
from untone.operators import Operators


def rough_operators(seed: int) -> fastgamer.Outputs:
    torch.manual_seed(seed)
    grids = fastgamer.identity() + 0.1 * torch.randn(1, 3, 8, 8, 8, 3)
    return fastgamer.Outputs(grids, torch.randn(1, 17, 17, 17, 3), torch.tensor([2.0]))


def test_execution_agrees_with_the_kernels_definition() -> None:
    out = rough_operators(0)
    operators = Operators(out.grids[0].numpy(), out.lut[0].numpy(), 2.0)
    pixels = np.random.default_rng(1).integers(0, 256, (13, 17, 3), dtype=np.uint8)
    expected = reference.gain_stops(pixels, operators, reference.positions(13), reference.positions(17))
    v, u = np.mgrid[0:13, 0:17]
    uv = torch.from_numpy(np.stack([(u + 0.5) / 17, (v + 0.5) / 13], -1).reshape(1, -1, 2)).float()
    rgb = torch.from_numpy(pixels.reshape(1, -1, 3)).float() / 255
    found = 2 * fastgamer.execute(out, rgb, uv)[0].reshape(13, 17, 3).numpy()
    assert np.abs(found - expected).max() < 2e-4


def test_tetrahedral_look_up_by_hand() -> None:
    """Between 000 and 111 along 100, 110: with fractions .6 .3 .1 the weights are .4 .3 .2 .1."""
    lut = torch.zeros(1, 2, 2, 2, 3)
    lut[0, 0, 0, 0], lut[0, 1, 0, 0], lut[0, 1, 1, 0], lut[0, 1, 1, 1] = torch.tensor([1.0, 2.0, 4.0, 8.0])
    found = fastgamer.tetrahedral(lut, torch.tensor([[[0.6, 0.3, 0.1]]]))
    assert torch.allclose(found, torch.full((1, 1, 3), 0.4 * 1 + 0.3 * 2 + 0.2 * 4 + 0.1 * 8))


def test_identity_grids_give_back_the_pixel() -> None:
    grids = fastgamer.identity()[None] + torch.zeros(1, 3, 8, 8, 8, 3)
    rgb = torch.rand(1, 50, 3)
    assert torch.allclose(fastgamer.slice_grids(grids, rgb, torch.rand(1, 50, 2)), rgb, atol=1e-5)


def test_trilinear_look_up_by_hand() -> None:
    """The eight corners 0 .. 7 (red counts 4, green 2, blue 1) at fractions .6 .3 .1: 4 * .6 + 2 * .3 + .1."""
    lut = torch.arange(8.0).reshape(1, 2, 2, 2, 1).expand(1, 2, 2, 2, 3)
    found = fastgamer.trilinear(lut, torch.tensor([[[0.6, 0.3, 0.1]]]))
    assert torch.allclose(found, torch.full((1, 1, 3), 3.1))


def test_the_shipped_weights_fit_and_give_what_they_gave() -> None:
    """Switches for ablations change neither the parameters of the shipped network nor its results."""
    from untone import models
    from untone.lab.training import initial_weights

    path = models.MODELS["fastgamer"]
    model = models.load("fastgamer")
    net = fastgamer.FastGaMer(
        fastgamer.Shape(**{k: tuple(v) if k == "channels" else v for k, v in model.card["shape"].items()})
    )
    initial_weights.put(initial_weights.read(path), net, path)
    thumbnail = np.random.default_rng(0).random((3, 256, 256), dtype=np.float32)
    expected = model.said(thumbnail)
    with torch.no_grad():
        found = fastgamer.steeper(net.eval()(torch.from_numpy(thumbnail)[None]), net.shape.steepness)
    assert np.abs(found.grids[0].numpy() - expected.grids).max() < 1e-4
    assert np.abs(found.lut[0].numpy() - expected.lut).max() < 1e-4


def test_one_channel_gives_one_gain() -> None:
    out = fastgamer.FastGaMer(fastgamer.Shape(one_channel=True, use_modulator=False)).eval()(torch.rand(1, 3, 256, 256))
    assert torch.equal(out.lut[..., :1].expand_as(out.lut), out.lut)


def test_gradients_reach_every_parameter() -> None:
    net = fastgamer.FastGaMer()
    out = net(torch.rand(2, 3, 256, 256))
    gain = fastgamer.execute(out, torch.rand(2, 64, 3), torch.rand(2, 64, 2)) * out.qmax_stops[:, None, None]
    gain.square().sum().backward()
    assert not [name for name, p in net.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]


@pytest.mark.parametrize("part", ["use_grid", "use_lut", "use_modulator"])
def test_parts_can_be_left_out(part: str) -> None:
    net = fastgamer.FastGaMer(fastgamer.Shape(**{part: False})).eval()
    a, b = net(torch.rand(1, 3, 256, 256)), net(torch.rand(1, 3, 256, 256))
    if part == "use_grid":
        assert torch.equal(a.grids, b.grids)
    if part == "use_lut":
        assert a.lut.shape == (1, 17, 17, 17, 3)


def test_the_scale_starts_at_four_stops() -> None:
    qmax = fastgamer.FastGaMer().eval()(torch.rand(1, 3, 256, 256)).qmax_stops
    assert float(qmax.detach()) == pytest.approx(4, abs=0.3)
