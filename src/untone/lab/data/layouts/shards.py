"""The layout of synthetic pairs: shards of square pictures, memory mapped.

NNNNN.sdr.npy      [k, s, s, 3] uint8, sRGB curve; k is 64, in the last shard 1 to 64
NNNNN.gain.npy     [k, s, s, 3] float16, stops, by offsets of 1/64
NNNNN.notes.json   list of k objects: the kind of tone mapper, the scene, primaries ... of each pair
style.json         how they were made
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ....console.lines import complain
from ....errors import DamagedError, UntoneError
from ..examples import Example, thumbnail_of
from .opened import Entry, Fault

SHARD = 64
"""Pairs in a shard; the last one may hold less."""

Shard = tuple[NDArray[np.uint8], NDArray[np.float16]]


class Pairs:
    """Random access to the pairs of a folder; shards that appear later are seen by `refresh`.

    Broken shards are named on stderr and left out, or end it all when `strict`.

    Raises:
        UntoneError: there is no whole shard, or, when strict, a broken one.
    """

    def __init__(self, folder: Path, strict: bool = False) -> None:
        self.folder = folder
        self.strict = strict
        self._shards: dict[str, Shard] = {}
        self._broken: set[str] = set()
        self._places: list[tuple[str, int]] = []
        self.refresh()
        if not self._shards:
            raise UntoneError(f"{folder}: holds no pairs")

    def refresh(self) -> None:
        """Looks for shards that were not there before; indices of earlier pairs stay."""
        for path in _sdr_files(self.folder):
            name = path.name.split(".")[0]
            if name in self._shards:
                continue
            try:
                self._shards[name] = mapped(path)
            except DamagedError as error:
                self._refuse(name, error)
        known = {name for name, _ in self._places}
        for name in sorted(set(self._shards) - known):
            self._places += [(name, row) for row in range(len(self._shards[name][0]))]

    def _refuse(self, name: str, error: DamagedError) -> None:
        if self.strict:
            raise error
        if name not in self._broken:
            self._broken.add(name)
            complain(f"broken shard left out: {error}")

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, index: int) -> tuple[NDArray[np.uint8], NDArray[np.float16]]:
        """SDR codes [s, s, 3] and gain in stops [s, s, 3] of pair `index`."""
        name, row = self._places[index]
        sdr, gain = self._shards[name]
        return sdr[row], gain[row]

    def example(self, index: int) -> Example:
        """Pair `index` as an Example; its gains are not looked at (examples.checked does)."""
        name, row = self._places[index]
        return _example(*self._shards[name], f"{name}/{row:02d}", row)


def recognised(folder: Path) -> bool:
    """Whether a folder holds shards."""
    return next(iter(_sdr_files(folder)), None) is not None


def find(folder: Path) -> Iterator[Entry | Fault]:
    """Pairs and faults by the headers of shards."""
    for path in _sdr_files(folder):
        name = path.name.split(".")[0]
        try:
            sdr, gain = mapped(path)
        except DamagedError as error:
            yield Fault(str(path), str(error))
            continue
        for row in range(len(sdr)):
            where = f"{name}/{row:02d}"
            yield Entry(where, functools.partial(_example, sdr, gain, where, row))


def _sdr_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("[0-9]*.sdr.npy"))


def _example(sdr: NDArray[np.uint8], gain: NDArray[np.float16], name: str, row: int) -> Example:
    picture = np.array(sdr[row])
    return Example(name, picture, np.array(gain[row]), thumbnail_of(picture))


def mapped(path: Path) -> Shard:
    """The arrays of a shard by its SDR file, memory mapped.

    Raises:
        DamagedError: one is missing, cut short, or of another shape or type.
    """
    other = path.with_name(path.name.replace(".sdr.", ".gain."))
    try:
        sdr, gain = (np.load(file, mmap_mode="r", allow_pickle=False) for file in (path, other))
    except FileNotFoundError as error:
        raise DamagedError(f"{path}: {other.name} is not beside it") from error
    except (ValueError, OSError, EOFError, SyntaxError) as error:
        raise DamagedError(f"{path}: no whole pair of .npy ({' '.join(str(error).split())[:120]})") from error
    shape = sdr.shape
    if len(shape) != 4 or not 1 <= shape[0] <= SHARD or shape[1] != shape[2] or shape[3] != 3 or 0 in shape:
        raise DamagedError(f"{path}: holds {list(shape)}, not [1 to {SHARD}, s, s, 3]")
    if gain.shape != shape or (sdr.dtype, gain.dtype) != (np.uint8, np.float16):
        kinds = f"{sdr.dtype} {list(shape)} and {gain.dtype} {list(gain.shape)}"
        raise DamagedError(f"{path}: SDR and gain are {kinds}; they must be uint8 and float16 of one shape")
    return sdr, gain
