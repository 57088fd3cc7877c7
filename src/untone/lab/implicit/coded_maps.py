"""Coded residual maps on one SDR/HDR pair: our way of reducing and coding them, and the paper's.

Ours are means of areas, kept without subsampled colours. As published: Pillow's bicubic reduction of 8-bit codes over
the whole range of the map, quality 80 at a quarter of the size, colours at half size where the codec can (JPEG, HEIC).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pil

from ... import gainmap
from ...console.progress import tracked
from ...formats.heif import heic
from ...formats.heif.encoding import UNSPECIFIED
from ...formats.jpeg import codec as jpeg
from ...implicit import residual_map
from ...implicit.residual_map import Reduced
from ...residuals import Residual
from .. import metrics
from .scenes import Scene
from .settings import Settings

Codes = NDArray[np.float32]
Made = tuple[Codes, int]
"""PQ codes [H, W, 3] of an HDR rendition, and bytes."""

KINDS = {
    "ISO gain": Residual("gain", "linear", "bt709"),
    "gain": Residual("gain", "pq"),
    "gamma": Residual("gamma", "pq"),
}
"""Ordinary gain maps (gains of light), and the paper's two residuals of PQ codes."""

USUAL = (4, 80)
"""Divisor and quality of the paper's table."""

LIMIT = 10_000
"""Bytes of the networks, and of the gain maps they are held against."""

EVERY = 3
"""Curves are measured at every third row and column: odd, so that all places of a block are sampled."""


@dataclasses.dataclass(frozen=True)
class Point:
    """One coded residual map: codec settings, bytes and PQ-PSNR in dB."""

    kind: str
    codec: str
    divisor: int
    quality: int
    bytes: int
    pq_psnr: float


def points(scene: Scene, settings: Settings) -> Iterator[Point]:
    """Coded residual maps of every kind, codec, size and quality; see Settings.most_bytes."""
    for kind, residual in tracked(list(KINDS.items()), "kinds of coded maps"):
        true = scene.residual(residual)
        for divisor in settings.divisors:
            small = residual_map.reduced(true, divisor)
            for codec in residual_map.CODECS:
                yield from _curve(scene, kind, codec, divisor, small, settings)


def _curve(scene: Scene, kind: str, codec: str, divisor: int, small: Reduced, settings: Settings) -> Iterator[Point]:
    for quality in settings.qualities:
        kept = residual_map.picture(small.codes, codec, quality)
        some = (slice(None, None, EVERY),) * 2
        found = sampled(dataclasses.replace(small, codes=residual_map.opened(kept)), *scene.light.shape[:2])
        made = scene.rebuilt(found, KINDS[kind], *some)
        yield Point(kind, codec, divisor, quality, len(kept), metrics.psnr(made, scene.truth.pq[some]))
        if len(kept) > settings.most_bytes:
            return


def sampled(small: Reduced, height: int, width: int) -> Codes:
    """Every third row and column of what residual_map.values gives for a picture of this size: a ninth of the work."""
    share = small.codes.astype(np.float32) / np.float32(255)
    for axis, side in enumerate((height, width)):
        share = _between(share, side, axis)
    result: Codes = small.low + (small.high - small.low) * share
    return result


def _between(plane: Codes, side: int, axis: int) -> Codes:
    """Every third of `side` places along an axis, bilinear, samples at pixel centres, as gainmap.resize."""
    count = plane.shape[axis]
    place = np.clip((np.arange(0, side, EVERY) + 0.5) * count / side - 0.5, 0, count - 1)
    first = np.minimum(place.astype(np.intp), max(count - 2, 0))
    share = (place - first).astype(np.float32).reshape((-1, 1, 1) if axis == 0 else (1, -1, 1))
    low, high = np.take(plane, first, axis), np.take(plane, np.minimum(first + 1, count - 1), axis)
    result: Codes = low + (high - low) * share
    return result


def coded(scene: Scene, kind: str, codec: str, divisor: int, quality: int) -> Made:
    """The rendition by one coded residual."""
    residual = KINDS[kind]
    small = residual_map.reduced(scene.residual(residual), divisor)
    kept = residual_map.picture(small.codes, codec, quality)
    decoded = dataclasses.replace(small, codes=residual_map.opened(kept))
    return scene.rebuilt(residual_map.values(decoded, *scene.light.shape[:2]), residual), len(kept)


def best(found: list[Point], kinds: tuple[str, ...], limit: int = LIMIT) -> Point | None:
    """The point of the highest PQ-PSNR of these kinds within the limit."""
    fitting = [p for p in found if p.kind in kinds and p.bytes <= limit]
    return max(fitting, key=lambda p: p.pq_psnr, default=None)


PUBLISHED = {"JPEG 4:2:0": "jpeg", "HEIC 4:2:0": "heic", "JXL": "jxl"}
"""Codecs of the paper as their rows name them."""


def published(scene: Scene, kind: str, name: str) -> Made:
    """The rendition by one residual coded as the paper has it; `name` is of PUBLISHED."""
    residual = KINDS[kind]
    found = scene.residual(residual)
    low, high = found.min((0, 1)), found.max((0, 1))
    whole = Pil.fromarray(gainmap.quantise(found, low, high).astype(np.uint8))
    divisor, quality = USUAL
    size = (-(-whole.width // divisor), -(-whole.height // divisor))
    kept = _kept(np.asarray(whole.resize(size, Pil.Resampling.BICUBIC)), PUBLISHED[name], quality)
    opened = Pil.fromarray(residual_map.opened(kept)).resize(whole.size, Pil.Resampling.BICUBIC)
    share = np.asarray(opened, np.float32) / np.float32(255)
    return scene.rebuilt(low + (high - low) * share, residual), len(kept)


def _kept(codes: NDArray[np.uint8], codec: str, quality: int) -> bytes:
    if codec == "jpeg":
        return jpeg.encode(codes, quality, "420")
    if codec == "heic":
        return bytes(heic.CODEC.encode(codes, 8, quality, (UNSPECIFIED, UNSPECIFIED, heic.CODEC.matrix), True))
    return residual_map.picture(codes, codec, quality)
