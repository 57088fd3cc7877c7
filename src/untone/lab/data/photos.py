"""Photos with a gain map of their own as examples, reduced to a size that any network can be measured at."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import numpy as np

from ... import colour, gainmap, pipeline
from ...console.progress import tracked
from ...errors import UntoneError
from ...image import turned_upright
from .examples import Example, gain_between, thumbnail_of

LONGEST = 512
"""Columns or rows of a reduced photo, at most."""


def examples(folder: Path, longest: int = LONGEST, names: Collection[str] = ()) -> list[Example]:
    """The JPEG photos of a folder, or those of them that are named, by file name without suffix.

    Each is averaged over n x n pixels in linear light, base and HDR rendition alike; codes are those of the photo's own
    primaries, upright, as the networks see them.

    Raises:
        UntoneError: no photo there, none of a name, or one without a gain map.
    """
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in (".jpg", ".jpeg"))
    missing = set(names) - {path.stem for path in paths}
    if missing:
        raise UntoneError(f"{folder}: holds no JPEG photo {', '.join(sorted(missing))}")
    if not paths:
        raise UntoneError(f"{folder}: no JPEG photos there")
    paths = [path for path in paths if not names or path.stem in names]
    return [example(path, longest) for path in tracked(paths, "photos read")]


def example(path: Path, longest: int = LONGEST) -> Example:
    """One photo with a gain map, reduced; see examples.

    Raises:
        UntoneError: it cannot be read, or has no gain map.
    """
    image, carried = pipeline.read(path)
    if carried is None:
        raise UntoneError(f"{path}: has no gain map to compare with")
    n = -(-max(image.height, image.width) // longest)
    light = colour.code_table(image.transfer)[image.pixels[..., :3]]
    made = pipeline.apply(image, carried).pixels[..., :3]
    base, truth = (gainmap.box_average(np.asarray(plane, np.float32), n) for plane in (light, made))
    sdr = np.rint(colour.linear_to_srgb(np.clip(base, 0, 1)) * 255).astype(np.uint8)
    sdr, gain = (
        np.ascontiguousarray(turned_upright(plane, image.orientation)) for plane in (sdr, gain_between(sdr, truth))
    )
    return Example(path.stem, sdr, gain, thumbnail_of(sdr))
