"""Training batches of examples; every random number of a picture follows from its own seed, whatever its batch is.

Networks whose full-size stage is pointwise learn from pixels and their places; the others from crops.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image as Pil
from torch import Tensor

from ...errors import UntoneError
from ..data.examples import OFFSET, THUMBNAIL_SIDE, WHOLE, Dataset, Example, largest_gain_stops, pq_of
from ..data.layouts.shards import Pairs

LEAST_QMAX_STOPS = 0.25
"""A picture that gains less is not stretched to a whole normalised map."""


class Batch(NamedTuple):
    """thumbnail [B, 3, 256, 256] and rgb [B, N, 3], encoded; uv [B, N, 2]; gain_stops [B, N, 3].

    qmax_stops [B] is the largest gain of each whole picture, however it was cut; at least LEAST_QMAX_STOPS.
    """

    thumbnail: Tensor
    rgb: Tensor
    uv: Tensor
    gain_stops: Tensor
    qmax_stops: Tensor


class Crops(NamedTuple):
    """Crops of pictures, and the thumbnails [B, 3, 256, 256] of the whole ones.

    sdr (encoded), gain_stops and pq (of the HDR light, BT.2020) are [B, 3, h, w]; qmax_stops [B] as in Batch.
    """

    thumbnail: Tensor
    sdr: Tensor
    gain_stops: Tensor
    pq: Tensor
    qmax_stops: Tensor


@dataclasses.dataclass(frozen=True)
class View:
    """Crop, zoom and augmentation of pictures in training; recipes.Recipe describes the fields."""

    crop: int = 0
    reduce: int = 1
    pixels: int = 0
    crop_zoom: float = 1.0
    turns: str = "none"
    jitter: bool = False
    retone: float = 0.0


class Choice(NamedTuple):
    """The pictures of a batch: their indices, and one seed for each."""

    indices: list[int]
    seeds: list[int]

    def part(self, rank: int, of: int) -> Choice:
        """What one of several processes takes; the parts make up the whole."""
        return Choice(self.indices[rank::of], self.seeds[rank::of])


def choose(count: int, random: np.random.Generator, pictures: int) -> Choice:
    """Random pictures out of `count`."""
    indices = random.integers(count, size=pictures).tolist()
    return Choice(indices, random.integers(2**62, size=pictures).tolist())


def qmax_of(example: Example) -> float:
    """Largest gain of the whole picture in stops: what its data set says, or what a whole picture shows."""
    return largest_gain_stops(example.gain_stops) if example.qmax_stops is None else example.qmax_stops


Qmax = Callable[[Example], float]
"""Largest gain in stops of an example that is not cut yet."""


def gather(dataset: Dataset | Pairs, choice: Choice, view: View, qmax: Qmax = qmax_of) -> Batch:
    """Pixels of the chosen pictures. `qmax` is asked before anything is cut.

    Raises:
        UntoneError: a picture is smaller than the crop.
    """
    return Batch(*_gathered(_pixels, dataset, choice, view, qmax))


def gather_crops(dataset: Dataset | Pairs, choice: Choice, view: View, qmax: Qmax = qmax_of) -> Crops:
    """Crops of the chosen pictures; whole pictures must have one size. `qmax` is asked before anything is cut.

    Raises:
        UntoneError: a picture is smaller than the crop, or the sizes differ.
    """
    return Crops(*_gathered(_crop, dataset, choice, view, qmax))


def whole(example: Example) -> Crops:
    """One picture as it is, to score a network with."""
    parts = _crop(example, _picture(example.thumbnail), View(), np.random.default_rng(0))
    return Crops(*(part[None] for part in parts))


def whole_pixels(example: Example, stride: int = 1) -> Batch:
    """Every `stride`-th pixel each way of one picture as it is, row by row."""
    rows, columns = (np.arange(0, n, stride) for n in example.sdr.shape[:2])
    places = np.repeat(rows, len(columns)), np.tile(columns, len(rows))
    return Batch(*(part[None] for part in _taken(example, _picture(example.thumbnail), places)))


Places = tuple[NDArray[np.int64], NDArray[np.int64]]
Parts = tuple[Tensor, ...]
Maker = Callable[[Example, Tensor, View, np.random.Generator], Parts]


def _gathered(make: Maker, dataset: Dataset | Pairs, choice: Choice, view: View, qmax: Qmax) -> list[Tensor]:
    made = []
    for index, seed in zip(choice.indices, choice.seeds, strict=True):
        random = np.random.default_rng(seed)
        example = example_at(dataset, index)
        example = dataclasses.replace(example, qmax_stops=qmax(example))
        thumbnail = _picture(example.thumbnail)
        if view.crop_zoom < 1 and example.window == WHOLE and random.random() < 0.5:
            example, thumbnail = _zoomed(example, random.uniform(view.crop_zoom, 1), random)
        if view.crop:
            example = cut(example, view.crop, view.crop, random)
        if view.reduce > 1:
            example = reduced(example, view.reduce)
        made.append(make(example, thumbnail, view, random))
    columns = list(zip(*made, strict=True))
    if any(part.shape != column[0].shape for column in columns for part in column):
        raise UntoneError(f"{dataset.folder}: pictures of several sizes; train on crops")
    return [torch.stack(column) for column in columns]


def example_at(dataset: Dataset | Pairs, index: int) -> Example:
    """Example `index`, also of a folder of pairs."""
    return dataset.example(index) if isinstance(dataset, Pairs) else dataset[index]


def _picture(codes: NDArray[np.uint8]) -> Tensor:
    """Codes [h, w, 3] as [3, h, w] in [0, 1]."""
    return torch.from_numpy(np.array(codes)).permute(2, 0, 1).float() / 255


def cut(example: Example, rows: int, columns: int, random: np.random.Generator) -> Example:
    """A random part of an example.

    Raises:
        UntoneError: the example is smaller.
    """
    height, width = example.sdr.shape[:2]
    if rows > height or columns > width:
        raise UntoneError(f"{example.name}: {width} x {height} pixels; too small for crops of {columns} x {rows}")
    y, x = int(random.integers(height - rows + 1)), int(random.integers(width - columns + 1))
    here = slice(y, y + rows), slice(x, x + columns)
    top, left, bottom, right = example.window
    down, across = (bottom - top) / height, (right - left) / width
    window = top + y * down, left + x * across, top + (y + rows) * down, left + (x + columns) * across
    pq = None if example.pq is None else example.pq[here]
    return dataclasses.replace(
        example, sdr=example.sdr[here], gain_stops=example.gain_stops[here], pq=pq,
        window=(window[0], window[1], min(window[2], 1.0), min(window[3], 1.0)),
    )  # fmt: skip


def reduced(example: Example, factor: int) -> Example:
    """An example averaged over so many pixels each way: codes, gains and PQ alike; what is left over is cut off."""
    rows, columns = (n // factor for n in example.sdr.shape[:2])

    def average(planes: NDArray[Any]) -> NDArray[np.float32]:
        cells = planes[: rows * factor, : columns * factor].astype(np.float32)
        return cells.reshape(rows, factor, columns, factor, 3).mean((1, 3))

    sdr = (average(example.sdr) + 0.5).astype(np.uint8)
    pq = None if example.pq is None else (average(example.pq) + 0.5).astype(np.uint16)
    return dataclasses.replace(example, sdr=sdr, gain_stops=average(example.gain_stops), pq=pq)


def _zoomed(example: Example, zoom: float, random: np.random.Generator) -> tuple[Example, Tensor]:
    """As if the photographer had framed a part of the picture: that part is the picture, and its thumbnail."""
    height, width = example.sdr.shape[:2]
    part = cut(example, max(round(height * zoom), 1), max(round(width * zoom), 1), random)
    whole = Pil.fromarray(np.ascontiguousarray(part.sdr))
    shown = whole.resize((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Pil.Resampling.BILINEAR)
    return dataclasses.replace(part, window=WHOLE), _picture(np.asarray(shown))


def _pixels(example: Example, thumbnail: Tensor, view: View, random: np.random.Generator) -> Parts:
    """Random pixels of an example, or all of them, as one picture of a Batch."""
    height, width = example.sdr.shape[:2]
    where = random.integers(height * width, size=view.pixels) if view.pixels else np.arange(height * width)
    thumbnail, rgb, uv, stops, qmax = _taken(example, thumbnail, (where // width, where % width))
    if view.retone and random.random() < 0.5:
        thumbnail, rgb, stops = _retoned(thumbnail, rgb, stops, _curve(random, view.retone))
    if view.jitter:
        change = _tint(random)
        thumbnail, rgb = change(thumbnail), change(rgb.T).T
    mirrored, quarters = _turn(view, random)
    if mirrored:
        thumbnail, uv = thumbnail.flip(2), uv * torch.tensor([-1.0, 1.0]) + torch.tensor([1.0, 0.0])
    for _ in range(quarters):
        thumbnail, uv = thumbnail.rot90(1, (1, 2)), torch.stack([uv[:, 1], 1 - uv[:, 0]], -1)
    return thumbnail, rgb, uv, stops, qmax


def _taken(example: Example, thumbnail: Tensor, places: Places) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """The pixels of an example at these rows and columns, as one picture of a Batch."""
    top, left, bottom, right = example.window
    v = top + (places[0] + 0.5) / example.sdr.shape[0] * (bottom - top)
    u = left + (places[1] + 0.5) / example.sdr.shape[1] * (right - left)
    rgb = torch.from_numpy(np.ascontiguousarray(example.sdr[places])).float() / 255
    stops = torch.from_numpy(np.ascontiguousarray(example.gain_stops[places])).float()
    return thumbnail, rgb, torch.from_numpy(np.stack([u, v], -1)).float(), stops, _scale(example)


def _crop(example: Example, thumbnail: Tensor, view: View, random: np.random.Generator) -> Parts:
    """All pixels of an example, as one picture of Crops."""
    stops = torch.from_numpy(np.array(example.gain_stops)).float().permute(2, 0, 1)
    parts = [thumbnail, _picture(example.sdr), stops, torch.from_numpy(pq_of(example)).permute(2, 0, 1)]
    if view.jitter:
        change = _tint(random)
        parts[:2] = change(parts[0]), change(parts[1])
    mirrored, quarters = _turn(view, random)
    turned = [(part.flip(2) if mirrored else part).rot90(quarters, (1, 2)) for part in parts]
    return *turned, _scale(example)


def _scale(example: Example) -> Tensor:
    return torch.tensor(max(qmax_of(example), LEAST_QMAX_STOPS))


def _turn(view: View, random: np.random.Generator) -> tuple[bool, int]:
    """Whether to mirror, and how many quarter turns to make after it."""
    mirrored = view.turns != "none" and bool(random.random() < 0.5)
    return mirrored, int(random.integers(4)) if view.turns == "all" else 0


def _retoned(
    thumbnail: Tensor, rgb: Tensor, stops: Tensor, curve: Callable[[Tensor], Tensor]
) -> tuple[Tensor, Tensor, Tensor]:
    """As another tone mapper had rendered it: the HDR light of bright parts stays, that of dark ones follows the SDR.

    Pictures whose bright parts gain nothing are paper or a screen at any exposure, and stay as they are.
    """
    top = rgb.amax(-1, keepdim=True)
    bright = stops[top[:, 0] > 0.6]
    if not len(bright) or bright.abs().median() < 0.02:
        return thumbnail, rgb, stops
    other = curve(rgb)
    share = ((top - 0.3) / 0.5).clamp(0, 1)
    lost = torch.log2((_linear(rgb) + OFFSET) / (_linear(other) + OFFSET))
    return curve(thumbnail), other, stops + share * share * (3 - 2 * share) * lost


def _linear(codes: Tensor) -> Tensor:
    """sRGB."""
    return torch.where(codes <= 0.04045, codes / 12.92, ((codes + 0.055) / 1.055) ** 2.4)


def _curve(random: np.random.Generator, spread: float) -> Callable[[Tensor], Tensor]:
    """Another tone curve over codes: a gamma, and more or less contrast around a pivot. Black and white stay."""
    gamma = float(np.exp(random.normal(0, spread)))
    bend, pivot = float(random.normal(0, spread)), float(random.uniform(0.25, 0.75))

    def change(codes: Tensor) -> Tensor:
        bright = codes**gamma
        return bright + bend * bright * (1 - bright) * (bright - pivot)

    return change


def _tint(random: np.random.Generator) -> Callable[[Tensor], Tensor]:
    """White balance and saturation jitter of [3, ...]: the right gain does not hang on a sky's exact blue."""
    balance = torch.from_numpy(random.normal(1, 0.03, 3)).float()
    saturation = float(random.uniform(0.8, 1.2)) if random.random() < 0.5 else 1.0
    mix = (torch.eye(3) * saturation + (1 - saturation) / 3) * balance  # grey + (balanced - grey) * saturation

    def change(picture: Tensor) -> Tensor:
        return (mix @ picture.flatten(1)).clamp_(0, 1).reshape(picture.shape)

    return change
