"""Packed sets of HDR sources: one small file that needs nothing but Pillow to read, for machines without a network.

A pack is a ZIP of lossless 8-bit WebP pictures and `pack.json`. Code k of a channel is log2 light KNOTS[k]: fine steps
where photographs expose (-8 to 3 stops about the log-average of 0.18, which is -2.5), coarse ones in suns and in black.
"""

from __future__ import annotations

import dataclasses
import functools
import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pil

from ...errors import DamagedError, LimitError, UntoneError

SUFFIXES = (".zip",)
INDEX = "pack.json"
VERSION = 1

LOWEST, FINE_FROM, FINE_TO, HIGHEST = -13.0, -8.0, 3.0, 16.0
"""Stops: black, both ends of the fine steps, the largest half float."""

LOW_CODES = 16
STEPS = 12
"""Fine codes a stop."""

MAX_STEPS = 20
MAX_MEMBER_BYTES = 64 << 20
MAX_MEMBERS = 100_000
MAX_PIXELS = 1 << 26

Light = NDArray[np.float32]


@dataclasses.dataclass(frozen=True)
class Member:
    """One source in a pack; fields as in sources.Source, `loss_stops` the rms error of its log2 light."""

    name: str
    scene: str
    is_panorama: bool
    has_ground: bool
    loss_stops: float = 0.0


@functools.cache
def knots(steps: int = STEPS) -> NDArray[np.float64]:
    """[256] log2 light of the codes, rising."""
    fine = np.arange(round((FINE_TO - FINE_FROM) * steps)) / steps + FINE_FROM
    low = np.linspace(LOWEST, FINE_FROM, LOW_CODES, endpoint=False)
    high = np.linspace(FINE_TO, HIGHEST, 256 - LOW_CODES - len(fine))
    return np.concatenate([low, fine, high])


def coded(light: Light, steps: int = STEPS) -> tuple[NDArray[np.uint8], float]:
    """Codes [H, W, 3] of light, and the rms error in stops that they make (light below LOWEST counts as LOWEST)."""
    table = knots(steps)
    stops = np.log2(np.clip(light, 2.0**LOWEST, 2.0**HIGHEST))
    codes = np.searchsorted((table[1:] + table[:-1]) / 2, stops).astype(np.uint8)
    return codes, float(np.sqrt(np.square(table[codes] - stops).mean()))


def encoded(light: Light, steps: int = STEPS) -> tuple[bytes, float]:
    """The picture of a source as it lies in a pack, and its rms error in stops."""
    codes, loss = coded(light, steps)
    stream = io.BytesIO()
    Pil.fromarray(codes).save(stream, "WEBP", lossless=True, quality=80, method=4)
    return stream.getvalue(), loss


def reduced(light: Light, width: int) -> Light:
    """Light [H, W, 3] of at most `width` columns, by area average."""
    height, columns = light.shape[:2]
    if columns <= width:
        return light
    size = (width, max(1, round(height * width / columns)))
    planes = [Pil.fromarray(np.ascontiguousarray(light[..., k])).resize(size, Pil.Resampling.BOX) for k in range(3)]
    return np.stack([np.asarray(plane, np.float32) for plane in planes], -1)


def write(path: Path, members: Iterable[Member], pictures: Mapping[str, bytes], steps: int = STEPS) -> None:
    """A pack of these members and their pictures by name; whole or not at all, the same bytes for the same content.

    Raises:
        UntoneError: the disk refuses.
    """
    from ...formats.common.files import save

    listed = sorted(members, key=lambda member: member.name)
    index = {"version": VERSION, "steps": steps, "members": [dataclasses.asdict(member) for member in listed]}
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo(INDEX), json.dumps(index, indent=1))
        for member in listed:
            archive.writestr(zipfile.ZipInfo(f"{member.name}.webp"), pictures[member.name])
    save(path, [stream.getvalue()])


def members(path: Path) -> list[Member]:
    """The sources in a pack, in name order.

    Raises:
        DamagedError: it is no pack.
        UntoneError: it cannot be opened.
    """
    return _index(path, _stamp(path))[1]


def read(path: Path, name: str | None) -> Light:
    """Light [H, W, 3] float32 of one source of a pack; what was below the lowest code is 0.

    Raises:
        DamagedError, LimitError: it cannot be read.
    """
    steps, _ = _index(path, _stamp(path))
    data = _member(path, f"{name}.webp")
    try:
        with Pil.open(io.BytesIO(data), formats=["WEBP"]) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise LimitError(f"{path}: {name} has {picture.width} x {picture.height} pixels")
            codes = np.asarray(picture.convert("RGB"))
    except (OSError, ValueError, SyntaxError, Pil.DecompressionBombError) as error:
        raise DamagedError(f"{path}: {name} cannot be decoded ({' '.join(str(error).split())[:120]})") from error
    table = np.exp2(knots(steps)).astype(np.float32)
    table[0] = 0
    return table[codes]


def _stamp(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError as error:
        raise UntoneError(f"cannot read {path}: {error.strerror or error}") from error


@functools.lru_cache(maxsize=4)
def _index(path: Path, _: int) -> tuple[int, list[Member]]:
    try:
        fields: dict[str, Any] = json.loads(_member(path, INDEX))
        found = [Member(**{**item, "name": str(item["name"])}) for item in fields["members"]]
        steps, version = int(fields["steps"]), fields["version"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DamagedError(f"{path}: its {INDEX} is damaged ({' '.join(str(error).split())[:120]})") from error
    if version != VERSION or not 1 <= steps <= MAX_STEPS or not 0 < len(found) <= MAX_MEMBERS:
        raise DamagedError(f"{path}: no pack of version {VERSION} with up to {MAX_MEMBERS} sources")
    return steps, found


def _member(path: Path, name: str) -> bytes:
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.getinfo(name).file_size > MAX_MEMBER_BYTES:
                raise LimitError(f"{path}: {name} is larger than {MAX_MEMBER_BYTES} bytes")
            return archive.read(name)
    except KeyError as error:
        raise DamagedError(f"{path}: holds no {name}; packs are made by untone data pack") from error
    except (zipfile.BadZipFile, NotImplementedError, EOFError, RuntimeError) as error:
        raise DamagedError(f"{path}: no whole ZIP ({error})") from error
    except OSError as error:
        raise UntoneError(f"cannot read {path}: {error.strerror or error}") from error
