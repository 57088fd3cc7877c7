"""Plain torch computes what the kernels compute, and the figures are what their names say. Nothing tests a time."""

import numpy as np
import pytest

from untone import gain_network
from untone.kernels import network as trained
from untone.lab.benchmarks import gain_network as network_bench

torch = pytest.importorskip("torch")


@pytest.fixture
def frame():
    return np.random.default_rng(1).integers(0, 256, (34, 50, 3), dtype=np.uint8)


def with_weights_of(found, height, width):
    naive, parts = network_bench.Naive(height, width), gain_network.layers(found.vector, found.neurons)
    with torch.no_grad():
        for layer, matrix, bias in zip(naive.net[::2], parts.matrices, parts.biases, strict=True):
            layer.weight.copy_(torch.from_numpy(matrix.T.copy()))
            layer.bias.copy_(torch.from_numpy(bias.copy()))
    return naive


def test_torch_decodes_the_same(frame, monkeypatch):
    monkeypatch.setattr(network_bench, "BAND_ROWS", 9)
    found = network_bench.network(frame)
    made = with_weights_of(found, 34, 50).decode(frame).numpy()
    np.testing.assert_allclose(made, trained.values(frame, found), atol=3e-3)  # sines of large float32 angles


def test_torch_learns_the_same(frame):
    """Both lead to the pixel's own colour."""
    naive = network_bench.Naive(34, 50)
    step = naive.stepper(frame, 256)
    errors = []
    for _ in range(150):
        step()
        errors.append(float((naive.decode(frame).float() - 1 - torch.from_numpy(frame) / 255 + 0.5).square().mean()))
    assert errors[-1] < errors[0] / 4


def test_figures():
    spent = {"train": (0.2, 0.4), "torch train": (0.1, 0.2), "decode": (0.05, 0.1), "torch decode": (5.0, 5.0)}
    found = network_bench.figures(spent)
    assert found["train_step_ms"] == pytest.approx(200 / network_bench.STEPS)
    assert found["train_speedup_over_torch"] == pytest.approx(0.1 / (0.2 / network_bench.STEPS))
    assert found["decode_speedup_over_torch"] == pytest.approx(100)
    assert found["decode_cpu_ratio"] == pytest.approx(50)
    assert network_bench.figures({"train": (1, 1), "decode": (1, 1)})["train_speedup_over_torch"] is None


def test_the_bench_runs(frame, monkeypatch, tmp_path):
    monkeypatch.setattr(network_bench, "PAPER_BATCH", 64)
    monkeypatch.setattr(network_bench.calls, "__defaults__", (64,))
    monkeypatch.setattr(network_bench, "STEPS", 2)
    monkeypatch.setattr(network_bench.network_quality, "bench", lambda views, quick: {"views": views, "quick": quick})
    found = network_bench.bench(frame, quick=True, views=tmp_path)
    assert found.pop("quality") == {"views": tmp_path, "quick": True}
    alone = found.pop("one_thread")
    assert alone.keys() == found.keys() - {"threads"}
    assert all(value > 0 for value in (*found.values(), *alone.values()))
