"""Training by torch's autograd over tables is training by the kernels."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from untone import colour, gain_network
from untone.errors import UntoneError, UsageError
from untone.image import Image
from untone.implicit import encoding as network_encoding
from untone.kernels import network as kernel

torch = pytest.importorskip("torch")

from untone.lab.implicit import torch_trainer  # noqa: E402

SOURCE = str(Path(gain_network.__file__).parents[1])
SCRIPT = Path(__file__).parents[3] / "scripts" / "train_gain_mlp.py"


def samples(count=600, height=40, width=60):
    random, basis = np.random.default_rng(3), gain_network.basis(height, width)
    starts = np.cumsum(basis.counts) - basis.counts
    index = np.stack([s + random.integers(0, n, count) for s, n in zip(starts, basis.counts, strict=True)], -1)
    targets, weights = random.normal(0, 1, (2, count, 3)).astype(np.float32)
    return kernel.Samples(basis, index.astype(np.int32), targets, weights**2)


@pytest.mark.parametrize("whitened", [False, True])
def test_torch_and_kernels_train_alike(whitened):
    given, schedule = samples(), kernel.Schedule(10, 256, 0.01, 0.001, keep2=0.95)
    rows = given.basis.rows[given.index].reshape(600, -1)
    mix = gain_network.whitening(rows, given.weights.mean(1)) if whitened else None
    ours, _, loss = kernel.train(gain_network.fresh(16, 1), 16, given, schedule, mix=mix)
    theirs, found = torch_trainer.train(gain_network.fresh(16, 1), 16, given, schedule, mix=mix)
    assert found == pytest.approx(loss, rel=1e-3)
    # inputs that hardly vary have slopes of rounding alone, whose signs Adam follows: compare what the networks say
    said = [gain_network.forward(rows, vector, 16) for vector in (ours, theirs)]
    assert np.abs(said[0] - said[1]).max() < 2e-3
    assert np.abs(said[0] - gain_network.forward(rows, gain_network.fresh(16, 1), 16)).max() > 0.1


def test_what_torch_cannot_do_is_said():
    given = samples()
    with pytest.raises(UsageError, match="no device 'nowhere'"):
        torch_trainer.train(gain_network.fresh(16), 16, given, kernel.Schedule(1, 8, 0.1), device="nowhere")
    for wrong in (kernel.Schedule(1, 8, 0.1, seconds=0.5), kernel.Schedule(1, 601, 0.1)):
        with pytest.raises(UntoneError, match="trains by steps"):
            torch_trainer.train(gain_network.fresh(16), 16, given, wrong)


def test_a_pair_by_torch_is_the_pair_by_kernels():
    """The same samples, start, mix and steps: both reach the light alike, stored in 8 bits."""
    random = np.random.default_rng(2)
    codes = (random.integers(60, 200, (24, 32, 3)) + np.arange(32)[:, None]).astype(np.uint8)
    light = (colour.srgb_to_linear(codes / 255) * np.linspace(1, 4, 32)[:, None]).astype(np.float32)
    image, recipe = Image(codes), network_encoding.Recipe(neurons=8, steps=150, batch=256)
    found = [
        network_encoding.learned(image, light, "bt709", recipe, by=by) for by in (None, torch_trainer.trainer("cpu"))
    ]
    ours, theirs = (network_encoding.fidelity(network_encoding.rendition(image, one), light, "bt709") for one in found)
    assert ours > 35
    assert theirs == pytest.approx(ours, abs=1)


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is here")
def test_a_script_says_that_there_is_no_gpu():
    words = [sys.executable, str(SCRIPT), "a.png", "b.exr", "c.jpg", "cuda"]
    ended = subprocess.run(words, capture_output=True, text=True, check=False, env=os.environ | {"PYTHONPATH": SOURCE})
    assert ended.returncode == 2
    assert ended.stderr.startswith("train_gain_mlp: torch has no device 'cuda' here: ")
    assert ended.stderr.count("\n") == 1


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_a_gpu_trains_alike():
    given, schedule = samples(), kernel.Schedule(10, 256, 0.01)
    ours, theirs = (
        torch_trainer.train(gain_network.fresh(16, 1), 16, given, schedule, device=d)[0] for d in ("cpu", "cuda")
    )
    assert np.abs(ours - theirs).mean() < 1e-3
