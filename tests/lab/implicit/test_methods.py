"""Direct-MLP and MLP-ITM: the sizes that were published, their layers by hand, and that they learn a picture."""

import math

import numpy as np
import pytest
import torch

from untone import gain_network
from untone.errors import UntoneError
from untone.lab import metrics
from untone.lab.implicit import methods as coded_methods


@pytest.mark.parametrize(("width", "numbers"), [(16, 2560), (32, 5632), (64, 13312)])
def test_direct_mlp_has_the_published_size(width, numbers):
    assert coded_methods.numbers_of(coded_methods.DirectMlp(width)) == numbers


def test_mlp_itm_has_the_published_size():
    assert coded_methods.numbers_of(coded_methods.MlpItm()) == 8963


def test_direct_mlp_pads_its_inputs_with_ones():
    """Plain layers over [embedding of x, y, r, g, b; eight ones]."""
    torch.manual_seed(1)
    net, basis = coded_methods.DirectMlp(), gain_network.basis(3, 4)
    index = np.array([[2, 4 + 1, 7 + 9, 263 + 200, 519 + 255]])
    parts = [
        gain_network.embedding(4)[2],
        gain_network.embedding(3)[1],
        *(gain_network.embedding(256)[k] for k in (9, 200, 255)),
    ]
    embedded = np.concatenate([*parts, np.ones(8)]).astype(np.float32)
    with torch.no_grad():
        said = net(torch.from_numpy(index), torch.from_numpy(basis.rows)).numpy()
        first, second, last = (part.numpy() for part in (net.first, net.second, net.last))
    hidden = np.maximum(second @ np.maximum(first @ embedded, 0), 0)
    np.testing.assert_allclose(said[0], (last @ hidden)[:3], rtol=1e-4, atol=1e-6)


def test_a_sine_layer_is_siren():
    layer = coded_methods.SineLayer(2, 1, True)
    with torch.no_grad():
        layer.linear.weight[:] = torch.tensor([[0.1, -0.2]])
        layer.linear.bias[:] = 0.05
        assert layer(torch.tensor([[1.0, 0.5]])).item() == pytest.approx(math.sin(30 * 0.05), abs=1e-5)


@pytest.fixture(scope="module")
def pair():
    """A smooth picture, and PQ codes that are a curve of its codes."""
    y, x = np.mgrid[0:28, 0:35] / 35
    codes = np.clip(255 * (0.5 + 0.4 * np.sin(4 * x + 3 * y)[..., None] * [1, 0.8, 0.6]), 0, 255).astype(np.uint8)
    base = (codes / 255.0 * 0.5).astype(np.float32)
    return codes, base, (base**0.8).astype(np.float32)


def test_direct_mlp_learns(pair):
    codes, base, truth = pair
    made, size = coded_methods.direct(codes, base, truth, coded_methods.DirectRecipe(steps=150, batch=256))
    assert size == 10_240
    assert metrics.psnr(made, truth) > metrics.psnr(base, truth) + 10


def test_mlp_itm_starts_from_pretrained_weights_and_learns(pair):
    codes, _, truth = pair
    start = coded_methods.pretrained([(codes, truth)], steps=60, batch=256)
    made, size = coded_methods.itm(codes, truth, start, coded_methods.ItmRecipe(steps=110, stride=2))
    assert size == 35_852
    before = coded_methods.itm(codes, truth, start, coded_methods.ItmRecipe(steps=0))[0]
    assert metrics.psnr(made, truth) > metrics.psnr(before, truth)
    assert metrics.psnr(made, truth) > 25


def test_published_weights_of_mlp_itm_load_by_their_names(tmp_path):
    """Convolutions of 1 x 1, named as its authors' code names them, with their meta-learner's prefix and without."""
    net = coded_methods.MlpItm()
    names = {"colours": "color_net", "places": "spatial_net", "body": "output_net.0", "last": "output_net.1.linear"}
    state = {}
    for own, value in net.state_dict().items():
        part, rest = own.split(".", 1)
        state[f"{names[part]}.{rest}"] = value[..., None, None] if value.ndim == 2 else value
    for prefix in ("", "net."):
        path = tmp_path / f"{prefix}meta.pth"
        torch.save({prefix + name: value for name, value in state.items()}, path)
        found = coded_methods.published(path).state_dict()
        assert all(torch.equal(found[name], value) for name, value in net.state_dict().items())
    torch.save({name: value for name, value in state.items() if name != "output_net.1.linear.bias"}, path)
    with pytest.raises(UntoneError, match=r"output_net\.1\.linear\.bias is missing; MLP-ITM needs \[3\]"):
        coded_methods.published(path)
