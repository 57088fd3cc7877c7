"""FastGaMer by ONNX Runtime: thumbnail -> Operators."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import UntoneError
from ..operators import MAX_QMAX_STOPS, Operators
from . import averaging, gain_curves, glare, hues

THUMBNAIL = 256
"""Rows and columns of the thumbnail; the kernels make it, the same in training and here."""

GREY_SPREAD = 1.5 / 255
"""A picture whose channels differ by no more, everywhere in the thumbnail, has no colour."""

ONE_COLOUR, PICTURE = 8 / 255, 40 / 255
"""Between the least and the largest code of a thumbnail's channels: what has no more is a wall of one colour, where
nothing shines; what has this much is a picture. No photograph among the training pairs has less, so that what the
network says of walls was never learned."""

INPUTS, OUTPUTS = ("thumbnail",), ("grids", "lut", "qmax_stops")


class FastGamerModel:
    """A loaded FastGaMer.

    Attributes:
        card: of the weights: architecture, shape, recipe, data, scores.
    """

    def __init__(self, session: Any, card: dict[str, Any], name: str = "fastgamer") -> None:
        self._session, self.card, self._name = session, card, name
        self._formula_share = _share(card.get("formula_share", 0))
        asked = tuple(i.name for i in session.get_inputs())
        given = tuple(o.name for o in session.get_outputs())
        if asked != INPUTS or not set(OUTPUTS) <= set(given):
            raise UntoneError(f"its graph takes {', '.join(asked)} and gives {', '.join(given)}")

    def operators(self, thumbnail: NDArray[np.float32]) -> Operators:
        """What the network says of the photo, averaged with a formula (averaging.py) as far as the card of the weights
        asks for it, its large bright areas kept from glare (glare.py) and its colours from turning (hues.py).

        Args and errors: as `said` has them.
        """
        operators = self.said(thumbnail)
        base, light = gain_curves.rendered(operators, thumbnail)
        curves = []
        if self._formula_share:
            curve = averaging.curve(base, light, operators.offset, self._formula_share)
            if curve is not None:
                curves.append(curve)
                light = gain_curves.relit(base, light, operators.offset, curve)
        curve = glare.curve(base, light, operators.offset)
        if curve is not None:
            curves.append(curve)
        share = _share_of_picture(thumbnail)
        if share < 1:
            curves.append(gain_curves.weakened(share))
        return gain_curves.bent(operators, curves, hues.kept)

    def said(self, thumbnail: NDArray[np.float32]) -> Operators:
        """What the network says; one gain for all channels where the photo has no colour, so that it gets none.

        Args:
            thumbnail: [3, 256, 256] float32, encoded RGB in [0, 1], of the whole image (kernels.thumbnail).

        Raises:
            UntoneError: another shape, or weights that give numbers no kernel can use.
        """
        if thumbnail.shape != (3, THUMBNAIL, THUMBNAIL):
            raise UntoneError(f"thumbnail must be [3, {THUMBNAIL}, {THUMBNAIL}], not {list(thumbnail.shape)}")
        try:
            grids, lut, qmax = self._session.run(list(OUTPUTS), {"thumbnail": thumbnail[None]})
            scale = min(float(np.asarray(qmax).item()), MAX_QMAX_STOPS)
            shown = _colourless(lut[0]) if np.ptp(thumbnail, axis=0).max() <= GREY_SPREAD else lut[0]
            return Operators(np.ascontiguousarray(grids[0]), np.ascontiguousarray(shown), scale)
        except UntoneError as fault:
            raise UntoneError(f"{self._name}: the network gives no operators: {fault}") from None
        except Exception as fault:
            words = " ".join(str(fault).split())[:200]
            raise UntoneError(f"{self._name}: the network failed: {words}") from None


def _share_of_picture(thumbnail: NDArray[np.float32]) -> float:
    """How far a thumbnail is from one colour, 0 to 1."""
    spread = float(np.ptp(thumbnail.reshape(3, -1), axis=1).max())
    return float(np.clip((spread - ONE_COLOUR) / (PICTURE - ONE_COLOUR), 0, 1))


def _share(stated: Any) -> float:
    if isinstance(stated, bool) or not isinstance(stated, (int, float)) or not 0 <= stated <= 1:
        raise UntoneError(f"its card states a formula_share of {stated!r}, which must be from 0 to 1")
    return float(stated)


def _colourless(lut: NDArray[np.float32]) -> NDArray[np.float32]:
    """[n, n, n, 3] that says the mean of the three channels for each."""
    return np.broadcast_to(lut.mean(axis=-1, keepdims=True), lut.shape)
