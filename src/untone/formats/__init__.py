"""Stages 1 and 5 of the line: bytes to Image and GainMap, and back.

First bytes choose the format on read, the suffix on write.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

from ..errors import UnsupportedError, UntoneError, UsageError
from ..image import GainMap, Image
from . import jpeg
from .files import load_bytes, save


@dataclasses.dataclass(frozen=True)
class Format:
    name: str
    signatures: tuple[bytes, ...]
    suffixes: tuple[str, ...]
    read: Callable
    write: Callable | None


FORMATS = (
    Format("jpeg", (b"\xff\xd8\xff",), (".jpg", ".jpeg"), jpeg.read, jpeg.write),
)


def read(source):
    data = load_bytes(source)
    for f in FORMATS:
        if data.startswith(f.signatures):
            return f.read(data)
    raise UnsupportedError("not an image format that untone reads")


def write(path, image, gain_map=None, *, format=None, quality=95, map_quality=90):
    parts = jpeg.write(image, gain_map, quality=quality, map_quality=map_quality)
    if path is None:
        return b"".join(parts)
    save(Path(path), parts)
    return None
