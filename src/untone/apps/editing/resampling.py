"""A window of a picture resized, and the smallest gain map that renderers resize to given gains."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ... import gainmap
from ...image import GainMap, Pixels

Floats = NDArray[np.float32]
Span = tuple[int, int]

TOLERANCE_STOPS = 0.01
"""How far a smaller map may be off in 99 % of the pixels: 0.7 % of light."""

QUANTILE = 0.99
COMPARED_BLOCKS, COMPARED_ROWS = 24, 16
"""Where a candidate is compared: blocks of rows spread over the picture, its ends included."""


@dataclasses.dataclass(frozen=True)
class Window:
    """Rows and columns (first, last + 1) of a picture that become `size` (rows, columns)."""

    rows: Span
    columns: Span
    size: tuple[int, int]

    @property
    def resizes(self) -> bool:
        """Whether it does more than cut."""
        return self.size != (self.rows[1] - self.rows[0], self.columns[1] - self.columns[0])

    def source_rows(self, first: int, last: int) -> Span:
        """Rows of the picture that the result's rows `first` to `last` are made of."""
        height = self.rows[1] - self.rows[0]
        scale = height / self.size[0]
        if scale == 1:
            return self.rows[0] + first, self.rows[0] + last
        low, high = int(first * scale) - 1, int(np.ceil(last * scale)) + 1
        return self.rows[0] + max(low, 0), self.rows[0] + min(high, height)

    def resized(self, light: Pixels, source: Span, first: int, last: int) -> Floats:
        """Rows `first` to `last` of the result, from the light of `source` rows of the window."""
        height, width = self.rows[1] - self.rows[0], self.columns[1] - self.columns[0]
        begin = source[0] - self.rows[0]
        tall = _along(light, height, self.size[0], (first, last), begin)
        wide = _along(tall.swapaxes(0, 1), width, self.size[1], (0, self.size[1]), 0)
        return np.ascontiguousarray(wide.swapaxes(0, 1))


def _along(plane: Pixels, source: int, target: int, wanted: Span, begin: int) -> Floats:
    """Samples `wanted` of `source` rows resized to `target`; `plane` has those from `begin` on.

    Smaller: the mean over the exact area, parts of rows included. Larger: linear between pixel centres.
    """
    if source == target:
        same: Floats = plane[wanted[0] - begin : wanted[1] - begin]
        return same
    if target > source:
        position = np.clip((np.arange(*wanted) + 0.5) * source / target - 0.5, 0, source - 1)
        lower = np.minimum(position.astype(np.intp), max(source - 2, 0))
        share = (position - lower)[:, None, None].astype(np.float32)
        upper = np.minimum(lower + 1, source - 1) - begin
        mixed: Floats = plane[lower - begin] * (1 - share) + plane[upper] * share
        return mixed
    edges = np.arange(wanted[0], wanted[1] + 1) * source / target - begin
    sums = np.zeros((plane.shape[0] + 1, *plane.shape[1:]))
    np.cumsum(plane, axis=0, out=sums[1:])
    whole = np.minimum(edges.astype(np.intp), plane.shape[0] - 1)
    at_edges = sums[whole] + plane[whole] * (edges - whole)[:, None, None]
    mean: Floats = (np.diff(at_edges, axis=0) * (target / source)).astype(np.float32)
    return mean


@dataclasses.dataclass(frozen=True)
class Gains:
    """The gain of every pixel of a result, as 16-bit codes of the old map's parameters.

    Attributes:
        gain_map: the old map.
        codes: [h, w, 3] uint16.
    """

    gain_map: GainMap
    codes: NDArray[np.uint16]

    @classmethod
    def empty(cls, gain_map: GainMap, size: tuple[int, int]) -> Self:
        """For a result of so many rows and columns."""
        return cls(gain_map, np.empty((*size, 3), np.uint16))

    def put(self, first: int, last: int, stops: Pixels) -> None:
        """The gains of rows, [h, w, 3] stops."""
        low, high, gamma = (np.asarray(getattr(self.gain_map, n)) for n in ("min_stops", "max_stops", "gamma"))
        share = np.clip((stops - low) / np.where(high > low, high - low, np.inf), 0, 1)
        self.codes[first:last] = np.floor(share**gamma * 65535 + 0.5)

    def fitted(self, window: Window, whole: tuple[int, int], *, grows: bool = False) -> GainMap:
        """The smallest map made anew that gives these gains to TOLERANCE_STOPS; `whole` is the old picture's size.

        It has the old map's channels, and at most its rows and columns, and is as large as these allow where none gives
        them. One that `grows` may have the picture's, and three channels for one: light of different colours, joined,
        may need them.
        """
        old = self.gain_map
        kept = tuple(max(1, round(n * m / w)) for n, m, w in zip(window.size, old.codes.shape, whole, strict=False))
        fitting = min(1.0, *(have / new for have, new in zip(old.codes.shape, window.size, strict=False)))
        most = window.size if grows else tuple(max(1, int(side * fitting)) for side in window.size)
        sizes = [kept, old.codes.shape[:2], most] if grows else [kept, most]
        channels = [1, 3] if grows and old.channels == 1 and window.resizes else [old.channels]
        made = old
        for count in channels:
            for height, width in sizes:
                if height <= most[0] and width <= most[1]:
                    made = self._map(height, width, count)
                    if self._suffices(made):
                        return made
        return made

    def _map(self, height: int, width: int, channels: int) -> GainMap:
        """Codes averaged down to a size, in the depth of the old map."""
        rows, columns = self.codes.shape[:2]
        tall = np.empty((height, columns, channels), np.float32)
        step = max(1, 4096 * height // max(rows, 1) // 16 or 1)
        for first in range(0, height, step):
            last = min(first + step, height)
            begin, end = first * rows // height, min(rows, -(-last * rows // height) + 1)
            part = self.codes[begin:end].astype(np.float32)
            part = part if channels == 3 else part.mean(axis=2, keepdims=True)
            tall[first:last] = _along(part, rows, height, (first, last), begin)
        small = _along(tall.swapaxes(0, 1), columns, width, (0, width), 0).swapaxes(0, 1)
        maximum = np.iinfo(self.gain_map.codes.dtype).max
        codes = np.floor(small * (maximum / 65535) + 0.5).astype(self.gain_map.codes.dtype)
        return dataclasses.replace(self.gain_map, codes=np.array(codes, order="C"), encoded=None)

    def _suffices(self, made: GainMap) -> bool:
        fine = dataclasses.replace(self.gain_map, codes=self.codes, encoded=None)
        height, width = self.codes.shape[:2]
        return _agree(made, lambda rows: gainmap.stops_at(fine, height, width, rows), (height, width))


def cut(old: GainMap, window: Window, whole: Span, *, at_any_cost: bool = False) -> GainMap | None:
    """The samples of a map that lie within a window; None where its edges do not lie between samples, or it resizes.

    Nor where the map cut out does not give the old gains to TOLERANCE_STOPS: renderers look beyond its edges.

    Args:
        whole: rows and columns of the picture.
        at_any_cost: whatever the gains at the edges become.
    """
    spans = []
    for span, samples, side in zip((window.rows, window.columns), old.codes.shape, whole, strict=False):
        if any(edge * samples % side for edge in span) or window.resizes:
            return None
        spans.append(slice(span[0] * samples // side, span[1] * samples // side))
    codes = np.array(old.codes[tuple(spans)], order="C")
    if not codes.size:
        return None
    made = dataclasses.replace(old, codes=codes, encoded=None)
    top = window.rows[0]

    def wanted(rows: Span) -> Pixels:
        return gainmap.stops_at(old, *whole, (top + rows[0], top + rows[1]))[:, slice(*window.columns)]

    return made if at_any_cost or _agree(made, wanted, window.size) else None


def _agree(made: GainMap, wanted: Callable[[Span], Pixels], size: Span) -> bool:
    """Whether a map gives the gains of rows, in QUANTILE of the pixels, looked at in some blocks of rows."""
    height, width = size
    errors = []
    for start in np.unique(np.linspace(0, max(height - COMPARED_ROWS, 0), COMPARED_BLOCKS).astype(int)).tolist():
        rows = (start, min(start + COMPARED_ROWS, height))
        errors.append(np.abs(gainmap.stops_at(made, height, width, rows) - wanted(rows)).max(axis=2).ravel())
    return float(np.quantile(np.concatenate(errors), QUANTILE)) <= TOLERANCE_STOPS
