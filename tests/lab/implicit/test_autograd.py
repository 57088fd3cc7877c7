"""Slopes, steps and values of the compiled network against torch autograd and torch's Adam."""

import numpy as np
import pytest
import torch

from untone import gain_network, kernels
from untone.kernels import network as trained
from untone.residuals import Residual

COMPILED = [v for v in kernels.info()["available"] if v != "reference"]


def network(vector, neurons):
    parts = gain_network.layers(vector, neurons)
    net = torch.nn.Sequential(
        torch.nn.Linear(120, neurons), torch.nn.ReLU(), torch.nn.Linear(neurons, neurons), torch.nn.ReLU(),
        torch.nn.Linear(neurons, 3),
    ).double()  # fmt: skip
    with torch.no_grad():
        for layer, matrix, bias in zip(net[::2], parts.matrices, parts.biases, strict=True):
            layer.weight.copy_(torch.from_numpy(matrix.T.astype(np.float64)))
            layer.bias.copy_(torch.from_numpy(bias.astype(np.float64)))
    return net


def flat(net, of):
    return np.concatenate([part for layer in net[::2] for part in (of(layer.weight).T.ravel(), of(layer.bias))])


def random_samples(count=900, height=40, width=60):
    random = np.random.default_rng(4)
    pixels = random.integers(0, 256, (height, width, 3), dtype=np.uint8)
    rows, columns = random.integers(0, height, count), random.integers(0, width, count)
    codes = pixels[rows, columns].astype(np.int32)
    colours = [width + height + 256 * k + codes[:, k] for k in range(3)]
    index = np.stack([columns, width + rows, *colours], -1).astype(np.int32)
    targets, weights = random.normal(0, 1, (2, count, 3)).astype(np.float32)
    return pixels, (rows, columns), trained.Samples(gain_network.basis(height, width), index, targets, weights**2)


def embedded(pixels, places):
    """As torch would: from coordinates in 0..1, not from tables."""
    height, width = pixels.shape[:2]
    rows, columns = places
    numbers = [(columns + 0.5) / width, (rows + 0.5) / height]
    numbers += [(pixels[rows, columns, c] + 0.5) / 256 for c in range(3)]
    parts = []
    for number in numbers:
        angles = torch.pi * torch.from_numpy(number)[:, None] * 2.0 ** torch.arange(12)
        parts.append(torch.stack([angles.sin(), angles.cos()], -1).reshape(len(rows), 24))
    return torch.cat(parts, 1).float().double()  # no ReLU may turn by the rounding of its inputs alone


def loss_of(net, inputs, given):
    error = net(inputs) - torch.from_numpy(given.targets.astype(np.float64))
    return (torch.from_numpy(given.weights.astype(np.float64)) * error**2).mean()


@pytest.mark.parametrize("variant", COMPILED)
@pytest.mark.parametrize("neurons", [16, 64])
def test_slopes_equal_autograd(variant, neurons):
    pixels, places, given = random_samples()
    vector = gain_network.fresh(neurons, seed=1)  # with 0, one ReLU sits within rounding of its corner
    net = network(vector, neurons)
    loss = loss_of(net, embedded(pixels, places), given)
    loss.backward()
    got, slopes = trained.loss_and_gradient(vector, neurons, given, variant=variant)
    expected = flat(net, lambda part: part.grad.numpy())
    assert got == pytest.approx(loss.item(), rel=1e-5)
    assert np.abs(slopes - expected).max() < 1e-5 * np.abs(expected).max()


@pytest.mark.parametrize("variant", COMPILED)
def test_steps_equal_torchs_adam(variant):
    pixels, places, given = random_samples(512)
    net = network(gain_network.fresh(16), 16)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)
    inputs = embedded(pixels, places)
    for _ in range(5):
        optimizer.zero_grad()
        loss_of(net, inputs, given).backward()
        optimizer.step()
    got, _, _ = trained.train(gain_network.fresh(16), 16, given, trained.Schedule(5, 512, 1e-2, 1e-2), variant=variant)
    assert np.abs(got - flat(net, lambda part: part.detach().numpy())).max() < 1e-3
    assert np.abs(got - flat(net, lambda part: part.detach().numpy())).mean() < 1e-5


@pytest.mark.parametrize("variant", COMPILED)
def test_values_equal_torch(variant):
    pixels, _, _ = random_samples()
    rows, columns = (grid.ravel() for grid in np.mgrid[: pixels.shape[0], : pixels.shape[1]])
    with torch.no_grad():
        said = network(gain_network.fresh(16), 16)(embedded(pixels, (rows, columns))).numpy().reshape(pixels.shape)
    ends, kind = ((-3.0,) * 3, (3.0,) * 3), Residual("gamma", "pq")
    found = gain_network.GainNetwork(
        gain_network.fresh(16), 16, kind, *ends, *pixels.shape[:2], np.zeros(16, np.uint8), 2.0
    )
    got = trained.values(pixels, found, variant=variant)
    np.testing.assert_allclose(got, np.clip(said * 3, -3, 3), atol=2e-5)
