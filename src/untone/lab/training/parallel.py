"""Device of a run, and its rank among the processes that torchrun started."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Iterator

import torch
from torch import Tensor, distributed

from ...errors import UsageError

CPU = torch.device("cpu")


@dataclasses.dataclass(frozen=True)
class Place:
    """One process of a run.

    Attributes:
        device: where the network is.
        rank, world: number of this process, and how many there are.
    """

    device: torch.device = CPU
    rank: int = 0
    world: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process writes files and prints."""
        return self.rank == 0

    def wait(self) -> None:
        """Until all processes are here."""
        if self.world > 1:
            distributed.barrier()

    def agreed(self, stop: bool, loss: float) -> tuple[bool, float]:
        """Whether any process wants to stop, and the mean of their losses."""
        if self.world == 1:
            return stop, loss
        both = torch.tensor([float(stop), loss], dtype=torch.float64)
        distributed.all_reduce(both)
        return bool(both[0] > 0), float(both[1]) / self.world

    def shared(self, state: dict[str, Tensor]) -> None:
        """Gives all processes the tensors of the first one."""
        if self.world > 1:
            for name in sorted(state):
                here = state[name].cpu()
                distributed.broadcast(here, 0)
                state[name].copy_(here)


HERE = Place()
"""One process, on the processor."""


@contextlib.contextmanager
def joined(device: str | None) -> Iterator[Place]:
    """This process's place; under torchrun a member of its group until the end.

    Raises:
        UsageError: a device that is not there.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise UsageError("--device cuda: torch finds no such device here")
    kind = device or ("cuda" if torch.cuda.is_available() else "cpu")
    local = int(os.environ.get("LOCAL_RANK", "0"))
    where = torch.device(kind, local % torch.cuda.device_count()) if kind == "cuda" else torch.device("cpu")
    if "RANK" not in os.environ or "WORLD_SIZE" not in os.environ:
        yield Place(where)
        return
    if kind == "cuda":
        torch.cuda.set_device(where)
    distributed.init_process_group("cpu:gloo,cuda:nccl" if kind == "cuda" else "gloo")
    try:
        yield Place(where, distributed.get_rank(), distributed.get_world_size())
    finally:
        distributed.destroy_process_group()
