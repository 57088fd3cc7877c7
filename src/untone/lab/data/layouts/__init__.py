"""Layouts of pairs on disk, read and written. LAYOUTS is the registry: a layout is one module and one line."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from pathlib import Path

from ....errors import UntoneError
from ..examples import Dataset
from . import gmnet, hdrtv1k, shards
from .opened import Entry, Fault, Folder


@dataclasses.dataclass(frozen=True)
class Layout:
    """One line of the table.

    Attributes:
        name: as --layout takes it.
        recognised: whether a folder has this layout, by the names in it.
        find: its pairs and faults, by names and headers.
    """

    name: str
    recognised: Callable[[Path], bool]
    find: Callable[[Path], Iterable[Entry | Fault]]


LAYOUTS = (
    Layout("pairs", shards.recognised, shards.find),
    Layout("gmnet", gmnet.recognised, gmnet.find),
    Layout("hdrtv1k", hdrtv1k.recognised, hdrtv1k.find),
)

SPLITS = ("train", "test", "val", "valid", "validation", "training", "testing", "training_set", "test_set")


def open_dataset(folder: str | Path, *, strict: bool = False) -> Dataset:
    """The pairs of a folder, in whichever of LAYOUTS it has.

    Args:
        folder: one that holds pairs; or a data set of one split, whose folder then stands for it.
        strict: a broken pair ends it all, at once or when it is read. Otherwise it is named on stderr and left out.

    Raises:
        UntoneError: no such folder, no layout that is known, several splits to choose from, no whole pair, or, when
            strict, a broken one.
    """
    chosen, layout = located(Path(folder))
    return Folder(chosen, layout.find, strict)


def located(folder: Path) -> tuple[Path, Layout]:
    """The folder that holds the pairs, and its layout. Raises as open_dataset."""
    if not folder.is_dir():
        raise UntoneError(f"{folder}: {'is no folder' if folder.exists() else 'no such folder'}")
    here = layout_of(folder)
    if here is not None:
        several = hdrtv1k.splits(folder) if here.name == "hdrtv1k" else []
        if len(several) > 1:
            raise _undecided(folder, [sides.sdr for sides in several])
        return folder, here
    inside = [
        (path, layout_of(path)) for path in sorted(folder.iterdir()) if path.name.lower() in SPLITS and path.is_dir()
    ]
    found = [(path, layout) for path, layout in inside if layout is not None]
    if len(found) > 1:
        raise _undecided(folder, [path for path, _ in found])
    if not found:
        raise UntoneError(
            f"{folder}: no pairs of a layout that is known here: shards (NNNNN.sdr.npy, NNNNN.gain.npy), "
            "GMNet (image/ gainmap/ metadata/), HDRTV1K (test_sdr/ test_hdr/)"
        )
    return found[0]


def layout_of(folder: Path) -> Layout | None:
    """The layout of a folder; None where it has none of them."""
    return next((layout for layout in LAYOUTS if layout.recognised(folder)), None)


def _undecided(folder: Path, choices: list[Path]) -> UntoneError:
    return UntoneError(f"{folder}: holds several sets of pairs; name one: {', '.join(map(str, choices))}")
