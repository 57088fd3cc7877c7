"""Pictures that methods are evaluated on: pairs of any layout, and photos with a gain map of their own."""

from __future__ import annotations

import dataclasses
import math
import zlib
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ... import colour, pipeline
from ...errors import DamagedError, UntoneError
from ...image import Image
from ..data import photos
from ..data.examples import OFFSET, WHOLE, Dataset, Example, checked, light_of
from ..metrics import Rendition

Light = NDArray[Any]

MOST_PIXELS = 1_000_000
"""A picture is compared at every n-th pixel each way, so that it counts with at most about this many."""

LEAST_LIGHT = 2.0**-20


@dataclasses.dataclass(frozen=True, eq=False)
class Picture:
    """A base image; at every `step`-th pixel its codes, its linear light and the light of its true HDR rendition.

    Attributes:
        name: unique within its set.
        image: the whole base, as a model sees it.
        step: 1 where every pixel is compared.
        codes: [h, w, 3] uint8 or uint16.
        light, truth: [h, w, 3] float32, 1.0 = SDR white, in the primaries of the base.
        truth_pq: the truth as a 16-bit PQ file holds it (BT.2020), where it comes from one; wider than `truth`.
        thumbnail: [256, 256, 3] of the data set's own, for protocols that use it; None: models make theirs.
    """

    name: str
    image: Image
    step: int
    codes: NDArray[Any]
    light: Light
    truth: Light
    truth_pq: NDArray[np.uint16] | None = None
    thumbnail: NDArray[np.uint8] | None = None

    @cached_property
    def base(self) -> Rendition:
        """The SDR rendition."""
        return Rendition(self.light, self.image.primaries)

    @cached_property
    def true(self) -> Rendition:
        """The true HDR rendition."""
        if self.truth_pq is not None:
            return Rendition.of_pq((self.truth_pq / 65535).astype(np.float32))
        return Rendition(self.truth, self.image.primaries)

    @cached_property
    def true_stops(self) -> Light:
        """Gain from base to truth, stops, offset 1/64 on both."""
        return stops_between(self.light, self.truth)

    @cached_property
    def encoded(self) -> NDArray[np.float32]:
        """Codes as 0..1."""
        return (self.codes / np.iinfo(self.codes.dtype).max).astype(np.float32)

    @cached_property
    def fingerprint(self) -> str:
        """Changes when a pixel that is compared changes."""
        parts = (self.codes, self.truth.astype(np.float16))
        return "-".join(f"{zlib.crc32(np.ascontiguousarray(part).tobytes()):08x}" for part in parts)

    @property
    def left_alone(self) -> bool:
        """Whether the right answer is to do nothing: a document, a screenshot."""
        return not np.any(np.abs(self.true_stops) > 1e-3)


def stops_between(light: Light, other: Light) -> Light:
    """Gain in stops from light to other, offset 1/64 on both."""
    return np.log2(np.maximum(other + OFFSET, LEAST_LIGHT) / (light + OFFSET)).astype(np.float32)


@dataclasses.dataclass(frozen=True)
class Source:
    """One set of pictures.

    Attributes:
        title: over its table.
        names: file or pair behind each picture, for messages.
        load: gives picture number i; raises UntoneError where it is broken, None where another one stands for it.
    """

    title: str
    names: list[str]
    load: Callable[[int], Picture | None]

    def __len__(self) -> int:
        return len(self.names)


def thinned(height: int, width: int, most: int | None) -> int:
    """The step at which at most about `most` pixels of a picture are compared; None compares all."""
    return 1 if most is None else math.isqrt(-(-height * width // most) - 1) + 1


def of_dataset(dataset: Dataset, most: int | None = MOST_PIXELS, own_thumbnails: bool = False) -> Source:
    """Pictures of a folder of pairs; crops are refused: a network must see the whole picture.

    `own_thumbnails`: networks with a thumbnail beside the photo are given the data set's.
    """
    seen: dict[str, int] = {}

    def load(index: int) -> Picture | None:
        example = dataset[index]
        if seen.setdefault(example.name, index) != index:
            return None  # the next whole pair stood in for a broken one
        if example.window != WHOLE:
            raise DamagedError(f"{example.name}: is a part of a picture; whole pictures are measured")
        checked(example)
        made = of_example(example, thinned(example.sdr.shape[0], example.sdr.shape[1], most))
        return dataclasses.replace(made, thumbnail=example.thumbnail) if own_thumbnails else made

    return Source(f"pairs of {dataset.folder.name}", [f"{dataset.folder}, pair {i}" for i in range(len(dataset))], load)


def of_example(example: Example, step: int) -> Picture:
    """A pair as a picture, compared at every `step`-th pixel each way."""
    codes = np.ascontiguousarray(example.sdr[::step, ::step])
    truth = light_of(codes, example.gain_stops[::step, ::step])
    exact = None if example.pq is None else np.ascontiguousarray(example.pq[::step, ::step])
    return Picture(example.name, Image(example.sdr), step, codes, colour.code_table("srgb")[codes], truth, exact)


def of_photos(folder: Path, most: int | None = MOST_PIXELS) -> Source:
    """JPEG photos with a gain map of their own.

    Raises:
        UntoneError: there is none.
    """
    if not folder.is_dir():
        raise UntoneError(f"{folder}: no such folder")
    paths = sorted(p for p in folder.iterdir() if p.suffix.lower() in (".jpg", ".jpeg"))
    if not paths:
        raise UntoneError(f"{folder}: holds no JPEG photos")

    def load(index: int) -> Picture:
        image, carried = pipeline.read(paths[index])
        if carried is None:
            raise UntoneError(f"{paths[index]}: has no gain map to compare with")
        step = thinned(image.height, image.width, most)
        codes = np.ascontiguousarray(image.pixels[::step, ::step])
        truth = pipeline.apply(image, carried).pixels[::step, ::step].copy()
        if not np.isfinite(truth).all():
            raise DamagedError(f"{paths[index]}: its gain map leads to light that is not finite")
        return Picture(paths[index].stem, image, step, codes, colour.code_table(image.transfer)[codes], truth)

    return Source(f"photos of {folder.name}", [str(path) for path in paths], load)


def of_reduced_photos(folder: Path, side: int, most: int | None = MOST_PIXELS) -> Source:
    """The same photos, averaged down to at most `side` rows and columns before anything sees them.

    Raises:
        UntoneError: there is none.
    """
    whole = of_photos(folder, most)

    def load(index: int) -> Picture:
        example = photos.example(Path(whole.names[index]), side)
        return of_example(example, thinned(example.sdr.shape[0], example.sdr.shape[1], most))

    return Source(f"{whole.title}, at most {side} pixels a side", whole.names, load)


def evenly(source: Source, most: int) -> Source:
    """At most so many of the pictures of a source, evenly chosen."""
    chosen = np.unique(np.linspace(0, len(source) - 1, min(most, len(source))).astype(int)).tolist()
    return Source(f"{source.title}, {len(chosen)} of {len(source)}", [source.names[k] for k in chosen],
                  lambda index: source.load(chosen[index]))  # fmt: skip


def every(source: Source) -> Iterator[Picture]:
    """The pictures of a source that are whole.

    Raises:
        UntoneError: one is broken.
    """
    for index in range(len(source)):
        picture = source.load(index)
        if picture is not None:
            yield picture
