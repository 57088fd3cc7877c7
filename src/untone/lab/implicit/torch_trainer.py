"""Gain networks trained by torch over tables of the first layer: kernels.network.train on any device of torch.

A step builds the tables (one product for each section), gathers five rows a sample, and lets autograd sum the gradient
by row again: an index_add, which on a GPU is as exact as its order of additions. Batches, rates and whitening of inputs
are those of kernels.network.train.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ... import gain_network
from ...errors import UntoneError, UsageError
from ...implicit.encoding import Trainer
from ...kernels.network import KEEP1, TINY, Samples, Schedule


def train(
    vector: NDArray[np.float32],
    neurons: int,
    samples: Samples,
    schedule: Schedule,
    *,
    mix: NDArray[Any] | None = None,
    device: str = "cpu",
) -> tuple[NDArray[np.float32], float]:
    """The network after the schedule's steps, and the loss of the last batch.

    Args:
        vector, neurons, samples, schedule, mix: as of kernels.network.train.
        device: of torch: "cpu", "cuda" ...

    Raises:
        UsageError: torch has no such device here.
        UntoneError: a schedule by the clock, or a batch larger than the samples.
    """
    count, batch = len(samples.index), schedule.batch
    if schedule.seconds or batch > count:
        raise UntoneError(
            f"torch trains by steps, on batches of up to {count}: not by {batch}, nor for {schedule.seconds:g} s"
        )
    where = _device(device)
    parts, turn = _parameters(vector, neurons, mix, where)
    index, targets, weights = (
        torch.as_tensor(part, device=where)
        for part in (samples.index.astype(np.int64), samples.targets, samples.weights)
    )
    sections = torch.split(torch.as_tensor(samples.basis.rows, device=where), list(samples.basis.counts))
    adam = torch.optim.Adam(parts, lr=schedule.rate, betas=(KEEP1, schedule.keep2), eps=TINY)
    batches, loss = count // batch, torch.zeros(())
    for step in range(schedule.steps):
        begin = step % batches * batch + step // batches * 7919 % (count - batches * batch + 1)
        which = slice(begin, begin + batch)
        fall = 0.5 + 0.5 * math.cos(math.pi * step / schedule.steps)
        adam.param_groups[0]["lr"] = schedule.last_rate + (schedule.rate - schedule.last_rate) * fall
        adam.zero_grad()
        loss = (weights[which] * (_said(parts, turn, sections, index[which]) - targets[which]).square()).mean()
        loss.backward()  # type: ignore[no-untyped-call]
        adam.step()
    with torch.no_grad():
        parts[0].copy_(turn @ parts[0])
    return torch.cat([part.detach().flatten() for part in parts]).cpu().numpy(), float(loss.detach())


def trainer(device: str) -> Trainer:
    """A trainer for encoding.learned that runs torch on a device.

    Raises:
        UsageError: torch has no such device here.
    """
    _device(device)

    def by(
        vector: NDArray[np.float32], neurons: int, samples: Samples, schedule: Schedule, mix: NDArray[Any] | None
    ) -> NDArray[np.float32]:
        return train(vector, neurons, samples, schedule, mix=mix, device=device)[0]

    return by


def _device(name: str) -> torch.device:
    try:
        torch.zeros(1, device=name)
    except (RuntimeError, AssertionError) as error:
        raise UsageError(f"torch has no device {name!r} here: {str(error).splitlines()[0]}") from error
    return torch.device(name)


def _parameters(
    vector: NDArray[np.float32], neurons: int, mix: NDArray[Any] | None, where: torch.device
) -> tuple[list[Tensor], Tensor]:
    """Layers to train, the first as `mix` turns it into the network's, and the mix."""
    net = gain_network.layers(np.array(vector, np.float32), neurons)
    turn = np.eye(len(net.first)) if mix is None else mix.astype(np.float64)
    net.first[:] = np.linalg.solve(turn, net.first.astype(np.float64))
    found = (net.first, net.first_bias, net.second, net.second_bias, net.third, net.third_bias)
    parts = [torch.tensor(part, device=where, requires_grad=True) for part in found]
    return parts, torch.tensor(turn, dtype=torch.float32, device=where)


def _said(parts: list[Tensor], turn: Tensor, sections: tuple[Tensor, ...], index: Tensor) -> Tensor:
    """The network's values of samples, [n, 3], its first layer by tables."""
    first, first_bias, second, second_bias, third, third_bias = parts
    columns = torch.split(turn @ first, gain_network.EMBEDDED)
    tables = torch.cat([rows @ column for rows, column in zip(sections, columns, strict=True)])
    hidden = (torch.nn.functional.embedding(index, tables).sum(1) + first_bias).relu()
    return (hidden @ second + second_bias).relu() @ third + third_bias
