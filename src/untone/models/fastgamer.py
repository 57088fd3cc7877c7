"""FastGaMer through ONNX Runtime: thumbnail -> Operators."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import UntoneError
from ..operators import MAX_QMAX_STOPS, Operators

THUMBNAIL = 256
"""Rows and columns of the thumbnail; the kernels make it, the same in training and here."""


class FastGamerModel:
    """A loaded FastGaMer.

    Attributes:
        card: what the weights say of themselves: architecture, shape, recipe, data, scores.
    """

    def __init__(self, session: Any, card: dict[str, Any]) -> None:
        self._session = session
        self.card = card

    def operators(self, thumbnail: NDArray[np.float32]) -> Operators:
        """What must be done to the photo.

        Args:
            thumbnail: [3, 256, 256] float32, encoded RGB in [0, 1], of the whole image (kernels.thumbnail).

        Raises:
            UntoneError: another shape, or weights that give numbers no kernel can use.
        """
        if thumbnail.shape != (3, THUMBNAIL, THUMBNAIL):
            raise UntoneError(f"thumbnail must be [3, {THUMBNAIL}, {THUMBNAIL}], not {list(thumbnail.shape)}")
        grids, lut, qmax = self._session.run(["grids", "lut", "qmax_stops"], {"thumbnail": thumbnail[None]})
        return Operators(
            np.ascontiguousarray(grids[0]), np.ascontiguousarray(lut[0]), min(float(qmax[0]), MAX_QMAX_STOPS)
        )
