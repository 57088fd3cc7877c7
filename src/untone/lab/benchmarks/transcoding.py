"""Rows of `untone bench` on transcodes: whole time beside the codecs' own, and the time of reading headers.

Every call of a codec is timed within the transcode itself: what is left over is ours. So a busy machine, which makes
both longer, does not move their ratio much. Only zlib, which threads run on bands of a PNG while others are being made,
is timed by packing the same codes once more. The lowest of some rounds is taken.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import math
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ... import formats, kernels, pipeline
from ...formats.png import codec as png
from ...formats.png.idat import idat_chunks
from ...image import GainMap, Image

CODECS = {
    "imagecodecs": ("jpeg8_decode", "jpeg8_encode", "avif_decode", "avif_encode", "jpegxl_decode", "jpegxl_encode"),
    "pillow_heif.heif": ("HeifFile.save",),
}
"""Where time is a codec's: functions of modules, or of classes in them."""

TRANSCODES = (("jpeg", "jpeg"), ("jpeg", "avif"), ("jpeg", "jxl"), ("jpeg", "heic"), ("jpeg", "png"), ("avif", "jpeg"))
ROUNDS = 3
INSPECTED_MEGAPIXELS = 8.7
"""Of noise: 25 MB with its map."""

INSPECTIONS = 20


def bench(frame: NDArray[np.uint8], *, quick: bool = False) -> dict[str, Any]:
    """Transcodes of a photo with a gain map: {"jpeg to avif": {"seconds", "codec_seconds", "ratio"}, ...}.

    Also "inspect_ms" and "inspect_cpu_ms", of the headers of a JPEG of 25 MB. HEIC is left out without its extra.

    Args:
        frame: [H, W, 3]; its edges are mirrored to 12 megapixels; `quick` takes a corner of it.
    """
    image = Image(np.ascontiguousarray(frame[:1500, :2000]) if quick else _of_12_megapixels(frame))
    gain_map = GainMap(np.ascontiguousarray(image.pixels[::2, ::2]), (0.0,) * 3, (2.0,) * 3, alternate_headroom_stops=2)
    sources = {"jpeg": formats.write(None, image, gain_map, format="jpeg") or b""}
    found: dict[str, Any] = {"megapixels": round(image.width * image.height / 1e6, 1)}
    for source, target in TRANSCODES:
        if "heic" not in target or importlib.util.find_spec("pillow_heif") is not None:
            rounds = [_round(sources[source], target) for _ in range(1 if quick else ROUNDS)]
            found[f"{source} to {target}"] = min((figures for figures, _ in rounds), key=lambda each: each["ratio"])
            sources.setdefault(target, rounds[0][1])
    return found | _inspection(1 if quick else INSPECTED_MEGAPIXELS)


def _of_12_megapixels(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = frame.shape[:2]
    missing = ((0, max(3000 - height, 0)), (0, max(4000 - width, 0)), (0, 0))
    return np.ascontiguousarray(np.pad(frame, missing, mode="reflect"))


def _round(data: bytes, target: str) -> tuple[dict[str, float], bytes]:
    spent: list[float] = []
    with _timed_codecs(spent):
        start = time.perf_counter()
        made = pipeline.transcode(data, None, target)
        seconds = time.perf_counter() - start
    if target == "png":
        spent.append(_packing_seconds(made.data or b""))
    figures = {"seconds": seconds, "codec_seconds": sum(spent), "ratio": seconds / max(sum(spent), 1e-9)}
    return figures, made.data or b""


def _packing_seconds(data: bytes) -> float:
    """Of the pixels of a PNG that it was written from."""
    codes = formats.read(data)[0].pixels
    rows = png.band_rows(codes.shape[1])
    start = time.perf_counter()
    for _ in idat_chunks(lambda first, last: codes[first:last], len(codes), rows, png.LEVEL, kernels.info()["threads"]):
        pass
    return time.perf_counter() - start


@contextmanager
def _timed_codecs(spent: list[float]) -> Iterator[None]:
    """Adds the seconds of every call of a codec to a list."""
    changed: list[tuple[Any, str, Any]] = []
    try:
        for module, names in CODECS.items():
            if importlib.util.find_spec(module.split(".")[0]) is None:
                continue
            for name in names:
                *holders, last = name.split(".")
                owner = functools.reduce(getattr, holders, importlib.import_module(module))
                original = getattr(owner, last)
                changed.append((owner, last, original))
                setattr(owner, last, _timed(original, spent))
        yield
    finally:
        for owner, last, original in changed:
            setattr(owner, last, original)


def _timed(call: Callable[..., Any], spent: list[float]) -> Callable[..., Any]:
    def timed(*arguments: Any, **options: Any) -> Any:
        start = time.perf_counter()
        result = call(*arguments, **options)
        spent.append(time.perf_counter() - start)
        return result

    return timed


def _inspection(megapixels: float) -> dict[str, float]:
    """The least of some, by the clock and of CPU: a file of noise, 3 bytes a pixel, and its map, from its path on."""
    width = math.isqrt(int(megapixels * 1e6))
    noise = np.random.default_rng(0).integers(0, 256, (width, width, 3), np.uint8)
    gain_map = GainMap(noise[: width // 2, : width // 2].copy(), (0.0,) * 3, (2.0,) * 3)
    times: list[tuple[float, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "noise.jpg"
        formats.write(path, Image(noise), gain_map)
        for _ in range(INSPECTIONS):
            start, cpu = time.perf_counter(), time.process_time()
            formats.probe(path)
            times.append((time.perf_counter() - start, time.process_time() - cpu))
    wall, cpu = (1000 * min(column) for column in zip(*times, strict=True))
    return {"inspect_ms": wall, "inspect_cpu_ms": cpu}
