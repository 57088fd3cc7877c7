"""Boxes and codestreams of a JPEG XL file: what of them is used, and how libjxl decodes and codes pixels."""

from __future__ import annotations

import dataclasses
from typing import Any

import imagecodecs
import numpy as np

from ...errors import LimitError, UntoneError
from ...image import Pixels
from ..common.isobmff import Reader, boxes
from ..common.limits import MAX_METADATA_BYTES
from ..common.pixels import decoded
from ..jpeg.segments import EXIF_TAG
from . import header as jxl_header
from . import icc_stream
from .header import SIGNATURE, JxlHeader

CONTAINER = b"\0\0\0\x0cJXL \r\n\x87\n"
SIGNATURES = (SIGNATURE, CONTAINER)
EFFORT = 5
"""Of the encoder, 1 to 9; the default 7 takes three times as long for 2 % of the bytes."""

NITS_OF_ONE = 255
"""Of linear 1.0 in a file that says nothing of it (its intensity target)."""

METADATA = (b"Exif", b"xml ", b"jhgm")
"""Boxes that are read, in a `brob` box too."""

Parts = list[bytes | memoryview]


@dataclasses.dataclass(frozen=True)
class File:
    """The parts of a JPEG XL file that are used; naked codestreams; the profile within, and the bit after it."""

    codestream: bytes
    header: JxlHeader
    exif: bytes | None = None
    xmp: bytes | None = None
    gain_map: bytes | None = None
    icc: bytes | None = None
    profile_end: int | None = None


def parse(data: bytes) -> File:
    """The parts of a file.

    Raises:
        DamagedError, UnsupportedError, LimitError: as their names say.
    """
    if data[:2] == SIGNATURE:
        return _with_profile(File(data, jxl_header.parse(data)))
    whole, pieces = None, []
    found: dict[bytes, bytes] = {}
    for name, start, end in boxes(data, 0, len(data)):
        if name == b"jxlc" and whole is None:
            whole = data[start:end]
        elif name == b"jxlp":
            pieces.append((Reader(data, start, end, "jxlp").number(4) & 0x7FFFFFFF, data[start + 4 : end]))
        elif name in METADATA and name not in found:
            found[name] = data[start:end] if name == b"jhgm" else _limited(data[start:end])
        elif name == b"brob" and (packed := data[start : start + 4]) in METADATA and packed not in found:
            found[packed] = _inflated(data[start + 4 : end])
    codestream = whole if whole is not None else b"".join(part for _, part in sorted(pieces))
    exif = found.get(b"Exif")
    if exif is not None:
        exif = exif[4 + int.from_bytes(exif[:4], "big") :].removeprefix(EXIF_TAG) or None
    header = jxl_header.parse(codestream)
    return _with_profile(File(codestream, header, exif, found.get(b"xml "), found.get(b"jhgm")))


def _with_profile(file: File) -> File:
    if not file.header.colour.has_icc or file.header.end_at is None:
        return file
    icc, end = icc_stream.unpacked_to(file.codestream, file.header.end_at)
    return dataclasses.replace(file, icc=icc, profile_end=end)


def _limited(body: bytes) -> bytes:
    if len(body) > MAX_METADATA_BYTES:
        raise LimitError(f"metadata of {len(body)} bytes; the limit is {MAX_METADATA_BYTES}")
    return body


def _inflated(body: bytes) -> bytes:
    """Brotli within a buffer of the limit's size."""
    return bytes(decoded(imagecodecs.brotli_decode, body, out=MAX_METADATA_BYTES))


def boxes_but_map(data: bytes) -> Parts:
    """All boxes of a container, headers included, but for a gain map."""
    found: Parts = []
    start = 0
    for name, _, end in boxes(data, 0, len(data)):
        if name != b"jhgm":
            found.append(data[start:end])
        start = end
    return found


def samples(codestream: bytes) -> Pixels:
    """The samples of a naked codestream, as stored."""
    array = decoded(imagecodecs.jpegxl_decode, codestream, keeporientation=True)
    return array.astype(np.float32) if array.dtype == np.float16 else array


def coded_light(light: Pixels, quality: int) -> bytes:
    """A naked codestream in XYB of light [H, W, 3] in BT.709, half or single floats, 1.0 = NITS_OF_ONE.

    Colours outside of BT.709 are negative.
    """
    return _encoded(light, {"distance": _distance(quality)})


def coded(codes: Pixels, bits: int, quality: int | None) -> bytes:
    """A naked codestream of codes [H, W, 1 or 3]; lossless without a quality, which becomes a distance as in cjxl."""
    options: dict[str, Any] = {"bitspersample": bits, "lossless": True}
    if quality is not None:
        options |= {"distance": _distance(quality), "lossless": False}
    return _encoded(codes[:, :, 0] if codes.shape[2] == 1 else codes, options)


def _distance(quality: int) -> float:
    return 0.1 + (100 - quality) * 0.09 if quality >= 30 else 53 / 3000 * quality**2 - 23 / 20 * quality + 25


def _encoded(samples: Pixels, options: dict[str, Any]) -> bytes:
    try:
        data = bytes(imagecodecs.jpegxl_encode(samples, effort=EFFORT, usecontainer=False, **options))
    except (RuntimeError, ValueError, TypeError, MemoryError) as error:
        raise UntoneError(f"the JPEG XL cannot be encoded: {' '.join(str(error).split())[:160]}") from error
    return parse(data).codestream
