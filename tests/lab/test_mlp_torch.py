"""Training by torch's autograd over tables is training by the kernels."""

import numpy as np
import pytest

from untone import mlp
from untone.errors import UntoneError, UsageError
from untone.kernels import mlp as kernel

torch = pytest.importorskip("torch")

from untone.lab import mlp_torch  # noqa: E402


def samples(count=600, height=40, width=60):
    random, basis = np.random.default_rng(3), mlp.basis(height, width)
    starts = np.cumsum(basis.counts) - basis.counts
    index = np.stack([s + random.integers(0, n, count) for s, n in zip(starts, basis.counts, strict=True)], -1)
    targets, weights = random.normal(0, 1, (2, count, 3)).astype(np.float32)
    return kernel.Samples(basis, index.astype(np.int32), targets, weights**2)


@pytest.mark.parametrize("whitened", [False, True])
def test_torch_and_kernels_train_alike(whitened):
    given, schedule = samples(), kernel.Schedule(10, 256, 0.01, 0.001, keep2=0.95)
    rows = given.basis.rows[given.index].reshape(600, -1)
    mix = mlp.whitening(rows, given.weights.mean(1)) if whitened else None
    ours, _, loss = kernel.train(mlp.fresh(16, 1), 16, given, schedule, mix=mix)
    theirs, found = mlp_torch.train(mlp.fresh(16, 1), 16, given, schedule, mix=mix)
    assert found == pytest.approx(loss, rel=1e-3)
    # inputs that hardly vary have slopes of rounding alone, whose signs Adam follows: compare what the networks say
    said = [mlp.forward(rows, vector, 16) for vector in (ours, theirs)]
    assert np.abs(said[0] - said[1]).max() < 2e-3
    assert np.abs(said[0] - mlp.forward(rows, mlp.fresh(16, 1), 16)).max() > 0.1


def test_what_torch_cannot_do_is_said():
    given = samples()
    with pytest.raises(UsageError, match="no device 'nowhere'"):
        mlp_torch.train(mlp.fresh(16), 16, given, kernel.Schedule(1, 8, 0.1), device="nowhere")
    for wrong in (kernel.Schedule(1, 8, 0.1, seconds=0.5), kernel.Schedule(1, 601, 0.1)):
        with pytest.raises(UntoneError, match="trains by steps"):
            mlp_torch.train(mlp.fresh(16), 16, given, wrong)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_a_gpu_trains_alike():
    given, schedule = samples(), kernel.Schedule(10, 256, 0.01)
    ours, theirs = (mlp_torch.train(mlp.fresh(16, 1), 16, given, schedule, device=d)[0] for d in ("cpu", "cuda"))
    assert np.abs(ours - theirs).mean() < 1e-3
