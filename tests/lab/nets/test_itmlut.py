"""ITMLUT against its published size, its vertices against numbers by hand, its look-up against a plain loop."""

import math

import numpy as np
import pytest
import torch

from untone import colour
from untone.lab.nets import itmlut
from untone.lab.training.tasks import itmlut as training


def test_parameters_are_those_published():
    net = itmlut.ITMLUT()
    assert sum(p.numel() for p in net.parameters()) == 596_652 == net.card()["parameters"]


def test_names_are_those_of_the_published_code():
    """The misspelt `enocoder` is theirs."""
    names = set()
    for branch in "bmd":
        owners = [f"encoder_img_{branch}.enocoder.{i}" for i in (0, 2, 4, 6)]
        owners += [f"encoder_img_{branch}.enocoder.{i}.conv{k}" for i in (1, 3, 5) for k in (0, 1)]
        owners += [f"lut_gen_{branch}.weights_gen.classifier.{i}" for i in (0, 3)]
        names |= {f"{owner}.{kind}" for owner in owners for kind in ("weight", "bias")}
        names.add(f"lut_gen_{branch}.basic_luts")
    assert set(itmlut.ITMLUT().state_dict()) == names


def test_vertices_by_hand():
    """Mean 0.5: bright exponent 1 / 1.8, dark 1.8. Middle at u = 1/3: 3 pi u = pi, (pi + 1 + 1) / (3 pi + 2)."""
    mean = torch.tensor([[0.5, 0.0, 1.0]])
    bright, middle, dark = (itmlut.vertices(b, mean, 17)[0] for b in "bmd")
    assert bright[:, 8].tolist() == pytest.approx([0.5 ** (1 / 1.8), 0.5 ** (1 / 1.4), 0.5 ** (1 / 2.2)])
    assert dark[:, 8].tolist() == pytest.approx([0.5**1.8, 0.5**2.2, 0.5**1.4])
    assert itmlut.vertices("m", mean, 4)[0, 0, 1] == pytest.approx((math.pi + 2) / (3 * math.pi + 2))
    for places in (bright, middle, dark):
        assert (places[:, 0] == 0).all()
        assert torch.allclose(places[:, -1], torch.ones(3))
        assert (places.diff() >= 0).all()


def plain_look_up(pixel, lut, places):
    """One pixel: lower bound, fractions and eight corners in plain Python; lut [3, blue, green, red]."""
    cell, part = [], []
    for c in range(3):
        bound = int(np.searchsorted(places[c], pixel[c], side="left"))
        k = min(max(bound - 1, 0), lut.shape[-1] - 2)
        cell.append(k)
        part.append((pixel[c] - places[c, k]) / (places[c, k + 1] - places[c, k] + 1e-10))
    result = np.zeros(3)
    for i, j, k in np.ndindex(2, 2, 2):
        weights = [part[c] if on else 1 - part[c] for c, on in enumerate((i, j, k))]
        result += np.prod(weights) * lut[:, cell[2] + k, cell[1] + j, cell[0] + i]
    return result


@pytest.mark.parametrize("branch", ["b", "m", "d"])
def test_look_up_agrees_with_a_plain_loop(branch):
    random = np.random.default_rng(5)
    lut = random.random((2, 3, 17, 17, 17))
    pixels = random.random((2, 3, 6, 7)) * 1.2 - 0.1  # beyond the ends too: it extrapolates
    pixels[0, :, 0, 0], pixels[0, :, 0, 1] = 0.0, 1.0
    places = itmlut.vertices(branch, torch.tensor(random.random((2, 3))), 17)
    pixels[1, :, 0, 0] = places[1, :, 5]  # exactly on a vertex
    found = itmlut.look_up(torch.from_numpy(pixels), torch.from_numpy(lut), places).numpy()
    for b, y, x in np.ndindex(2, 6, 7):
        expected = plain_look_up(pixels[b, :, y, x], lut[b], places[b].numpy())
        assert np.allclose(found[b, :, y, x], expected, atol=1e-9), (b, y, x)


def test_shares_by_hand():
    """Above 0.55 bright grows to 1, below 0.45 dark does; the middle takes what they leave."""
    picture = torch.tensor([0.0, 0.225, 0.45, 0.5, 0.55, 0.775, 1.0])
    bright, middle, dark = itmlut.shares(picture)
    assert bright.tolist() == pytest.approx([0, 0, 0, 0, 0, 0.5, 1], abs=1e-6)
    assert dark.tolist() == pytest.approx([1, 0.5, 0, 0, 0, 0, 0], abs=1e-6)
    assert middle.tolist() == pytest.approx([0, 0.5, 1, 1, 1, 0.5, 0], abs=1e-6)


def test_an_even_start_is_plain_conversion():
    """With every weight 1/2 and means of 0.4 the blend is SDR to PQ, BT.2020, at the mean of the exposures."""
    net = itmlut.ITMLUT().eval()
    with torch.no_grad():
        luts = torch.stack([getattr(net, f"lut_gen_{b}").basic_luts.sum(0) / 2 for b in "bmd"])[None]
    rgb = np.array([[0.2, 0.6, 0.9], [0.95, 0.1, 0.4]])
    picture = torch.from_numpy(rgb.T.reshape(1, 3, 2, 1)).float()
    found = net.execute(picture, luts, torch.full((1, 3), 0.4)).detach()[0, :, :, 0].T.numpy()
    light = colour.srgb_to_linear(rgb) @ colour.rgb_to_rgb("bt709", "bt2020").T
    expected = np.mean([colour.nits_to_pq(203 * light * 2.0**e) for e in (-1, -0.5, 0, 0.5, 1)], axis=0)
    assert np.abs(found - expected).max() < 0.01


def test_a_start_gives_every_picture_of_its_mean_the_gains_of_a_lut():
    """One stop for all colours: the blend is the light doubled (offset 1/64), in PQ, at the mean of the exposures."""
    net = itmlut.ITMLUT().eval()
    training.start(net, torch.ones(3, 3, 3, 3))
    with torch.no_grad():
        luts = torch.stack([getattr(net, f"lut_gen_{b}").basic_luts.sum(0) / 2 for b in "bmd"])[None]
    rgb = np.array([[0.2, 0.6, 0.9], [0.95, 0.1, 0.4]])
    picture = torch.from_numpy(rgb.T.reshape(1, 3, 2, 1)).float()
    found = net.execute(picture, luts, torch.full((1, 3), 0.4)).detach()[0, :, :, 0].T.numpy()
    light = (2 * colour.srgb_to_linear(rgb) + 1 / 64) @ colour.rgb_to_rgb("bt709", "bt2020").T
    expected = np.mean([colour.nits_to_pq(203 * light * 2.0**e) for e in (-1, -0.5, 0, 0.5, 1)], axis=0)
    assert np.abs(found - expected).max() < 0.01


def test_weights_are_sigmoids_that_need_not_sum_to_one():
    luts = itmlut.Luts(itmlut.Shape(), "b")
    last = luts.weights_gen.classifier[3]
    torch.nn.init.zeros_(last.weight)
    with torch.no_grad():
        last.bias.copy_(torch.tensor([0.0, 20.0, -20.0, 20.0, 0.0]))
        expected = torch.einsum("j,jcbgr->cbgr", torch.tensor([0.5, 1, 0, 1, 0.5]), luts.basic_luts)
        assert torch.allclose(luts(torch.rand(1, 128))[0], expected, atol=1e-5)


def test_means_are_the_batchs_in_training_and_each_pictures_afterwards():
    net = itmlut.ITMLUT(itmlut.Shape(dropout=0.0))
    pair = torch.stack([torch.rand(3, 16, 16) * 0.3, torch.rand(3, 16, 16) * 0.3 + 0.7])
    with torch.no_grad():
        alone = net.eval()(pair[:1])
        assert torch.allclose(net(pair)[:1], alone, atol=1e-6)
        together = net.train()(pair)[:1]
    assert not torch.allclose(together, alone, atol=1e-4)


def test_means_are_each_pictures_in_training_too_where_the_shape_says_so():
    net = itmlut.ITMLUT(itmlut.Shape(dropout=0.0, batch_mean=False))
    pair = torch.stack([torch.rand(3, 16, 16) * 0.3, torch.rand(3, 16, 16) * 0.3 + 0.7])
    with torch.no_grad():
        assert torch.allclose(net.train()(pair)[:1], net.eval()(pair[:1]), atol=1e-6)


def test_gradients_reach_every_parameter():
    net = itmlut.ITMLUT(itmlut.Shape(dropout=0.0))
    net(torch.rand(2, 3, 64, 64)).square().sum().backward()
    assert not [name for name, p in net.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
