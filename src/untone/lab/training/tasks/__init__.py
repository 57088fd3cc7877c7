"""Training tasks, one module a network: its batches, its loss, and its HDR light of a held-out picture."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from ...data.examples import Dataset, Example
from ..batches import Choice
from ..recipes import Recipe
from . import fastgamer, gmnet, irnet, itmlut


class Task(Protocol):
    """Interface of the modules of this package; one loop trains them all (runs.py, command.py)."""

    def network(self, recipe: Recipe) -> nn.Module:
        """The network at the start, with the initialisation of torch's current seed."""

    def begin(self, net: nn.Module, dataset: Dataset, recipe: Recipe) -> None:
        """Prepares a new network on the data it will learn from."""

    def draw(self, dataset: Dataset, choice: Choice, recipe: Recipe) -> Any:
        """The batch of the chosen pictures: a NamedTuple of tensors."""

    def forward(self, net: nn.Module, batch: Any) -> Any:
        """What the loss needs of the network, a tensor or a tuple of them; runs in the precision of the recipe."""

    def loss(self, out: Any, batch: Any, recipe: Recipe) -> Tensor:
        """The loss, a scalar, of what `forward` gave, in fp32."""

    def light(self, net: nn.Module, example: Example, stride: int = 1) -> NDArray[np.float32]:
        """HDR light of every `stride`-th pixel each way, [h, w, 3], linear BT.709, 1.0 = SDR white."""


TASKS: dict[str, Task] = {
    "fastgamer": fastgamer,
    "gmnet": gmnet,
    "irnet": irnet,
    "irnet-1": irnet,
    "irnet-sr": irnet,
    "itmlut": itmlut,
}
"""Network, as recipes name it -> what trains it. A new network is one file and one line here."""
