"""What a method makes of a picture."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...data.examples import OFFSET
from ...metrics import Rendition

Light = NDArray[Any]


@dataclasses.dataclass(frozen=True, eq=False)
class Made:
    """An HDR rendition at the compared pixels of a picture.

    Attributes:
        stops: [h, w, 3] gain over the base, for light = (base + offset) * 2 ** stops - offset.
        offset: linear, of both renditions.
        of_power: whether `stops` belong to a base linearised as code ** 2.2 (GMNet as published), not to its own.
        direct: the light itself, where that is what the network gives; `stops` then lead to it as far as BT.709 goes.
    """

    stops: Light
    offset: float = OFFSET
    of_power: bool = False
    direct: Rendition | None = None

    def on(self, base: Light, strength: float = 1.0, place: Any = slice(None)) -> Light:
        """Light [h, w, 3] of this gain, times `strength`, on a base; `place` of it."""
        return (base[place] + self.offset) * np.exp2(self.stops[place] * np.float32(strength)) - self.offset
