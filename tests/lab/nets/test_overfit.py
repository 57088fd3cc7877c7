"""Four pairs by heart: a network that cannot do that has a fault in its definition, whatever it is trained on.

The fast tests take each network with fewer channels; the slow ones take it as published.
"""

import numpy as np
import pytest
import torch
from torch.nn import functional

from untone import colour
from untone.lab.nets import fastgamer, gmnet, irnet, itmlut, shapes

torch.set_num_threads(1)

SIDE = 32


@pytest.fixture(scope="module")
def pairs():
    """SDR codes [4, 3, s, s] in 0..1 and gains [4, 1, s, s] in stops: bright parts gain, each picture otherwise."""
    random = np.random.default_rng(2)
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    codes, gains = [], []
    for k, most in enumerate((0.6, 1.2, 1.8, 2.4)):
        waves = np.stack([0.5 + 0.45 * np.sin((5 + k) * x + c) * np.cos((4 - k) * y + 2 * c) for c in range(3)])
        rgb = np.clip(waves + random.normal(0, 0.01, waves.shape), 0, 1)
        codes.append(rgb)
        gains.append(most * rgb.max(0, keepdims=True) ** 2)
    return torch.tensor(np.stack(codes)).float(), torch.tensor(np.stack(gains)).float()


def light_of(codes, gains):
    light = colour.srgb_to_linear(codes.permute(0, 2, 3, 1).double().numpy())
    light = (light + 1 / 64) * 2.0 ** gains.permute(0, 2, 3, 1).double().numpy() - 1 / 64
    encoded = colour.nits_to_pq(203 * light @ colour.rgb_to_rgb("bt709", "bt2020").T)
    return torch.from_numpy(encoded).permute(0, 3, 1, 2).float()


def fitted(net, predict, target, steps, rate):
    """Mean square error after training, as a share of that of the best constant."""
    optimiser = torch.optim.Adam(net.parameters(), rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, steps)
    for _ in range(steps):
        error = functional.l1_loss(predict(), target)
        optimiser.zero_grad()
        error.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        schedule.step()
    with torch.no_grad():
        return float((predict() - target).square().mean() / (target - target.mean()).square().mean())


def fit_gmnet(pairs, shape, steps, rate, start=10.0):
    """`start`: how much larger than published the first weights are; theirs, a tenth of Kaiming's, take far longer."""
    torch.manual_seed(0)
    net, (codes, gains) = gmnet.GMNet(shape), pairs
    with torch.no_grad():
        for p in net.parameters():
            p.mul_(start)
    thumbnails = functional.interpolate(codes, (64, 64), mode="bilinear")
    scale = gains.amax((1, 2, 3), keepdim=True)

    def predict():  # the published loss: the normalised map, and three times the map of peak 8 (3 stops)
        normalised, scaled = net(codes, thumbnails)
        return torch.cat([normalised, 3 * scaled], 1)

    return fitted(net, predict, torch.cat([gains / scale, gains], 1), steps, rate)


def fit_irnet(pairs, shape, steps, rate):
    torch.manual_seed(0)
    net, (codes, gains) = irnet.IRNet(shape), pairs
    target = irnet.rgb_to_ycrcb(light_of(codes, gains))
    if shape.upscale == 4:
        codes = functional.avg_pool2d(codes, 4)
    return fitted(net, lambda: net(irnet.rgb_to_ycrcb(codes)), target, steps, rate)


def fit_itmlut(pairs, steps, rate):
    torch.manual_seed(0)
    net, (codes, gains) = itmlut.ITMLUT(itmlut.Shape(dropout=0.0)), pairs
    return fitted(net, lambda: net(codes), light_of(codes, gains), steps, rate)


def fit_fastgamer(pairs, steps, rate):
    torch.manual_seed(0)
    net, (codes, gains) = fastgamer.FastGaMer(fastgamer.Shape(dropout=0.0)), pairs
    thumbnails = functional.interpolate(codes, (256, 256), mode="bilinear")
    v, u = torch.meshgrid(*[(torch.arange(SIDE) + 0.5) / SIDE] * 2, indexing="ij")
    place = torch.stack([u, v], -1).reshape(1, -1, 2).expand(4, -1, -1)
    rgb = codes.flatten(2).transpose(1, 2)

    def predict():
        out = net(thumbnails)
        return fastgamer.execute(out, rgb, place) * out.qmax_stops[:, None, None]

    return fitted(net, predict, gains.flatten(2).transpose(1, 2).expand(-1, -1, 3), steps, rate)


def test_fastgamer_learns_four_pairs(pairs):
    assert fit_fastgamer(pairs, 50, 5e-3) < 0.2


def test_gmnet_learns_four_pairs(pairs):
    assert fit_gmnet(pairs, gmnet.Shape(features=16, blocks=1), 60, 1.5e-2) < 0.3


def test_irnet_learns_four_pairs(pairs):
    assert fit_irnet(pairs, irnet.Shape(1, 32), 100, 1e-2) < 0.3


def test_irnet_learns_four_pairs_at_four_times_the_size(pairs):
    assert fit_irnet(pairs, irnet.Shape(1, 32, 4), 110, 1e-2) < 0.3


def test_itmlut_learns_four_pairs(pairs):
    assert fit_itmlut(pairs, 40, 3e-3) < 0.05


@pytest.mark.slow
def test_gmnet_as_published_learns_four_pairs(pairs):
    assert fit_gmnet(pairs, gmnet.Shape(), 250, 2e-3, start=5.0) < 0.1


@pytest.mark.slow
@pytest.mark.parametrize("shape", [shapes.IRNET_1, shapes.IRNET_2, shapes.IRNET_5])
def test_irnet_as_published_learns_four_pairs(pairs, shape):
    assert fit_irnet(pairs, shape, 300, 3e-3) < 0.2
