"""Example, the common form of all data sets: an SDR picture or a part of one, and the gain to its HDR light.

Networks differ in what they look at (a thumbnail, a crop and the thumbnail of its whole picture, HDR light); all of it
follows from an Example, so that every network trains on equal data.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ... import colour, gainmap, kernels
from ...errors import DamagedError, UntoneError
from ...image import DIFFUSE_WHITE_NITS

OFFSET = gainmap.OFFSET
THUMBNAIL_SIDE = 256
WHOLE = (0.0, 0.0, 1.0, 1.0)

CODE_LIGHT = colour.code_table("srgb")
"""Linear light of the 256 codes of an SDR picture."""

POWER_LIGHT = ((np.arange(256) / 255) ** 2.2).astype(np.float32)
"""Light of the 256 codes by GMNet's plain power."""


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Example:
    """One SDR picture, or a part of one, and the gain that leads to its HDR light.

    HDR light = (srgb_to_linear(sdr / 255) + 1/64) * 2 ** gain_stops - 1/64, BT.709, 1.0 = SDR white, 203 nits.

    Attributes:
        name: of the picture, for messages and tables; unique within its data set.
        sdr: [H, W, 3] uint8, sRGB, BT.709.
        gain_stops: [H, W, 3] float16 or float32, log2; channels are equal where the source has one channel.
        thumbnail: [256, 256, 3] uint8 of the whole picture that `sdr` is, or is a part of.
        window: (top, left, bottom, right) of `sdr` within that picture, each in 0..1; WHOLE for all of it.
        pq: [H, W, 3] uint16 PQ codes, BT.2020, where that is what the data set keeps (HDRTV1K); None elsewhere. BT.709
            gains lose colours outside of BT.709, these do not; `pq_of` gives whichever there is.
        qmax_stops: largest gain of the whole picture that `sdr` is, or is a part of, where the data set's metadata say
            it (GMNet: over the light of its own convention); None: it is not said, see `largest_gain_stops`.
        code_qmax_stops: largest `code_gain` of that whole picture, where the metadata say it.

    Raises:
        UntoneError: shapes or types contradict the above. Gains are checked by `checked`, once a reader has them.
    """

    name: str
    sdr: NDArray[np.uint8]
    gain_stops: NDArray[Any]
    thumbnail: NDArray[np.uint8]
    window: tuple[float, float, float, float] = WHOLE
    pq: NDArray[np.uint16] | None = None
    qmax_stops: float | None = None
    code_qmax_stops: float | None = None

    def __post_init__(self) -> None:
        side = THUMBNAIL_SIDE
        if self.sdr.ndim != 3 or self.sdr.shape[2] != 3 or 0 in self.sdr.shape or self.sdr.dtype != np.uint8:
            raise UntoneError(f"{self.name}: the SDR must be [H, W, 3] uint8, not {described(self.sdr)}")
        if self.gain_stops.shape != self.sdr.shape or self.gain_stops.dtype not in (np.float16, np.float32):
            gain = described(self.gain_stops)
            raise UntoneError(f"{self.name}: the gain must be float of the SDR's {list(self.sdr.shape)}, not {gain}")
        if self.thumbnail.shape != (side, side, 3) or self.thumbnail.dtype != np.uint8:
            shown = described(self.thumbnail)
            raise UntoneError(f"{self.name}: the thumbnail must be [{side}, {side}, 3] uint8, not {shown}")
        top, left, bottom, right = self.window
        if not (0 <= top < bottom <= 1 and 0 <= left < right <= 1):
            raise UntoneError(f"{self.name}: the window {self.window} is no part of a picture")
        if self.pq is not None and (self.pq.shape != self.sdr.shape or self.pq.dtype != np.uint16):
            raise UntoneError(f"{self.name}: PQ must be uint16 of the SDR's shape, not {described(self.pq)}")
        for qmax in (self.qmax_stops, self.code_qmax_stops):
            if qmax is not None and not 0 <= qmax <= MAX_GAIN_STOPS:
                raise UntoneError(f"{self.name}: qmax must be 0 to {MAX_GAIN_STOPS:g} stops, not {qmax}")

    def __repr__(self) -> str:
        return f"Example({self.name!r}, {self.sdr.shape[1]} x {self.sdr.shape[0]}, window {self.window})"


class Dataset(Protocol):
    """Random access to the examples of a folder. Reading is safe from several threads.

    A pair that turns out broken while it is read stops a strict data set. In another it is named on stderr, once, and
    the next whole one stands in for it; iterating gives every whole example once.
    """

    @property
    def folder(self) -> Path:
        """Where the examples lie."""

    def __len__(self) -> int:
        """Examples there now."""

    def __getitem__(self, index: int) -> Example:
        """Example `index`, 0 <= index < len.

        Raises:
            IndexError: beyond the end.
            UntoneError: it is broken and the data set strict, or no whole one is left; names the file and the fault.
        """

    def __iter__(self) -> Iterator[Example]:
        """Every whole example once, in order."""

    def refresh(self) -> None:
        """Looks for examples that were not there before; indices of earlier ones stay."""


def described(array: NDArray[Any]) -> str:
    """Shape and type of an array, for messages."""
    return f"{list(array.shape)} {array.dtype}"


def checked(example: Example) -> Example:
    """The example, once all its gains have been checked.

    Raises:
        DamagedError: a gain is NaN, infinite or beyond what light can gain.
    """
    finite = np.isfinite(example.gain_stops)
    if not finite.all():
        raise DamagedError(f"{example.name}: {int((~finite).sum())} gains are NaN or infinite")
    if float(np.abs(example.gain_stops).max()) > MAX_GAIN_STOPS:
        most = float(np.abs(example.gain_stops).max())
        raise DamagedError(f"{example.name}: a gain of {most:.3g} stops; {MAX_GAIN_STOPS:g} is the most that is taken")
    return example


MAX_GAIN_STOPS = 20.0
"""No picture gains more: black to 10,000 nits with offsets of 1/64 is 11.7 stops."""


def largest_gain_stops(gain_stops: NDArray[Any]) -> float:
    """Robust largest gain of a whole picture [H, W, C], stops: of about SCALE_PIXELS rows and columns of it, a half
    percent of the pixels may be beyond."""
    height, width = gain_stops.shape[:2]
    sparse = gain_stops[:: max(height // SCALE_PIXELS, 1), :: max(width // SCALE_PIXELS, 1)]
    most = np.abs(sparse.astype(np.float32)).max(-1).ravel()
    rank = len(most) - max(len(most) // 200, 1)
    return float(np.partition(most, rank)[rank])


def code_gain(sdr: NDArray[np.uint8], gain_stops: NDArray[Any]) -> NDArray[np.float32]:
    """Gain of one channel over the light of code**2.2, [H, W], stops, never negative: what GMNet's published map holds.

    Args:
        sdr, gain_stops: [H, W, 3], as of an Example.
    """
    made = np.maximum(light_of(sdr, gain_stops), 0).mean(-1)
    base = POWER_LIGHT[sdr].mean(-1)
    ratio = np.log2(np.maximum(made / np.maximum(base, LEAST_CODE_LIGHT), 1))
    flat = np.maximum(gain_stops.astype(np.float32).mean(-1), 0)
    return np.where(base > LEAST_CODE_LIGHT, ratio, flat).astype(np.float32)


LEAST_CODE_LIGHT = 1e-4
"""Light of code**2.2 below which a ratio without offsets means nothing: there the gain is that with offsets."""

SCALE_PIXELS = 64
"""Rows and columns of a picture, about, that its largest gain is taken from."""


def light_of(sdr: NDArray[np.uint8], gain_stops: NDArray[Any]) -> NDArray[np.float32]:
    """HDR light [H, W, 3] float32 of SDR codes and gains; 1.0 = SDR white."""
    return gainmap.apply(CODE_LIGHT[sdr], gain_stops.astype(np.float32))


def gain_between(sdr: NDArray[np.uint8], light: NDArray[Any]) -> NDArray[np.float32]:
    """Gain in stops [H, W, 3] float32 from SDR codes to HDR light; inverse of light_of.

    Light below -1/64 (a colour outside BT.709) has no gain and is taken as just above it.
    """
    ratio = np.maximum(light + OFFSET, LEAST_LIGHT) / (CODE_LIGHT[sdr] + np.float32(OFFSET))
    return np.log2(ratio).astype(np.float32)


def pq_of(example: Example) -> NDArray[np.float32]:
    """PQ values of the HDR rendition, [H, W, 3] float32 in 0..1, BT.2020: targets of networks without a gain map."""
    if example.pq is not None:
        return example.pq.astype(np.float32) / np.float32(65535)
    matrix = colour.rgb_to_rgb("bt709", "bt2020").T.astype(np.float32)
    nits = light_of(example.sdr, example.gain_stops) @ matrix * np.float32(DIFFUSE_WHITE_NITS)
    return colour.nits_to_pq(nits).astype(np.float32)


def thumbnail_of(sdr: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """[256, 256, 3] uint8 of a whole picture, by the area average that the line takes (kernels.thumbnail), rounded."""
    if sdr.shape[:2] == (THUMBNAIL_SIDE, THUMBNAIL_SIDE):
        return np.asarray(sdr)
    cells = kernels.thumbnail(np.ascontiguousarray(sdr), THUMBNAIL_SIDE)
    return np.ascontiguousarray((cells * 255 + 0.5).astype(np.uint8).transpose(1, 2, 0))


LEAST_LIGHT = 2.0**-12
"""Keeps the logarithm finite for light at or below minus the offset."""
