"""WebP and AVIF: pixels without a gain map, read only."""

from __future__ import annotations

import io
import struct
import threading
import warnings
from collections.abc import Iterator

import imagecodecs

from ..errors import DamagedError, UnsupportedError
from ..image import Image
from .exif import orientation_of
from .icc import CICP_PRIMARIES, CICP_TRANSFERS
from .limits import MAX_CHUNKS, check_size
from .pixels import decoded, three_channels
from .segments import EXIF_TAG
from .signalling import Header, Signalling, image_of, signalling

AVIF_CONTAINERS = {b"meta": 4, b"iprp": 0, b"ipco": 0}
"""Boxes whose children describe the image, and the bytes before the children."""

_filters = threading.Lock()
"""Warning filters belong to the process; Pillow warns of EXIF that it cannot read."""

AVIF_BITS = {0x00: 8, 0x40: 10, 0x60: 12}
"""high_bitdepth and twelve_bit of av1C's third byte."""


def read_webp(data: bytes) -> tuple[Image, None]:
    """Pixels of a still WebP, or of the first frame of none: animations are refused. Alpha is dropped."""
    header = parse_webp(data)
    pixels = three_channels(decoded(imagecodecs.webp_decode, data, hasalpha=False), header.width, header.height)
    return image_of(header, pixels), None


def probe_webp(data: bytes) -> Signalling:
    """The same from the chunks, without decoding."""
    return signalling("webp", parse_webp(data))


def parse_webp(data: bytes) -> Header:
    """The header of a WebP: VP8X, VP8L or VP8.

    Raises:
        DamagedError: chunks that run past the end, or no image chunk.
        UnsupportedError: an animation.
        LimitError: too many pixels.
    """
    chunks = dict(_riff_chunks(data))
    if b"ANMF" in chunks or b"ANIM" in chunks:
        raise UnsupportedError("this WebP is an animation; only stills are read")
    width, height = _webp_size(chunks)
    check_size(width, height, 4)
    exif = chunks.get(b"EXIF")
    exif = exif.removeprefix(EXIF_TAG) if exif is not None else None
    return Header(
        width, height, 8, icc=chunks.get(b"ICCP"), exif=exif, xmp=chunks.get(b"XMP "), orientation=orientation_of(exif)
    )


def _riff_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = 12
    for _ in range(MAX_CHUNKS):
        if position + 8 > len(data):
            return
        name, length = struct.unpack_from("<4sI", data, position)
        if position + 8 + length > len(data):
            raise DamagedError(f"the WebP chunk {name!r} says {length} bytes; the file ends at {len(data)}")
        keep = length if name not in (b"VP8 ", b"VP8L", b"ALPH") else min(length, 16)
        yield name, data[position + 8 : position + 8 + keep]
        position += 8 + length + length % 2


def _webp_size(chunks: dict[bytes, bytes]) -> tuple[int, int]:
    try:
        if b"VP8X" in chunks:
            low, high = chunks[b"VP8X"][4:7], chunks[b"VP8X"][7:10]
            return int.from_bytes(low, "little") + 1, int.from_bytes(high, "little") + 1
        if b"VP8L" in chunks:
            (packed,) = struct.unpack_from("<I", chunks[b"VP8L"], 1)
            return (packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1
        width, height = struct.unpack_from("<HH", chunks[b"VP8 "], 6)
    except (struct.error, KeyError) as error:
        raise DamagedError("the WebP has no complete image chunk") from error
    return width & 0x3FFF, height & 0x3FFF


def read_avif(data: bytes) -> tuple[Image, None]:
    """Pixels of a still AVIF, 8 to 12 bits. Alpha is dropped; rotation and mirroring become the orientation."""
    header = parse_avif(data)
    array = decoded(imagecodecs.avif_decode, data, index=0)
    return image_of(header, three_channels(array, header.width, header.height)), None


def probe_avif(data: bytes) -> Signalling:
    """The same from the boxes, without decoding."""
    return signalling("avif", parse_avif(data))


def parse_avif(data: bytes) -> Header:
    """The header of an AVIF; the limit is checked on every size it states before the library sees it.

    Raises:
        DamagedError: no size, or boxes that the library refuses.
        LimitError: too many pixels.
    """
    boxes = list(_boxes(data, 0, len(data), 0))
    sizes = [struct.unpack_from(">II", body, 4) for name, body in boxes if name == b"ispe" and len(body) >= 12]
    if not sizes:
        raise DamagedError("the AVIF states no image size")
    for width, height in sizes:
        check_size(width, height, 8)
    info, size = _avif_info(data)
    primaries, transfer = _nclx(boxes, has_icc="icc_profile" in info)
    bits = [AVIF_BITS.get(body[2] & 0x60, 8) for name, body in boxes if name == b"av1C" and len(body) >= 3]
    tmap = b"tmap" in data[:64]
    exif = info.get("exif")
    exif = exif.removeprefix(EXIF_TAG) if exif else None
    return Header(
        *size,
        bits[0] if bits else 8,
        primaries,
        transfer,
        icc=info.get("icc_profile"),
        exif=exif,
        xmp=info.get("xmp"),
        orientation=orientation_of(exif),
        warnings=("the AVIF has a gain map (tmap), which this version does not read",) if tmap else (),
    )


def _avif_info(data: bytes) -> tuple[dict[str, bytes], tuple[int, int]]:
    """ICC, EXIF (with irot and imir as its orientation) and XMP, and the size, through libavif's own parser."""
    from PIL import AvifImagePlugin  # here, so that a JPEG does not wait for Pillow

    try:
        with (
            _filters,
            warnings.catch_warnings(action="ignore"),
            AvifImagePlugin.AvifImageFile(io.BytesIO(data)) as image,
        ):
            info = {str(key): value for key, value in image.info.items() if isinstance(value, bytes)}
            return info, image.size
    except (OSError, ValueError, SyntaxError, RuntimeError, MemoryError) as error:
        raise DamagedError(f"the AVIF cannot be parsed: {' '.join(str(error).split())[:160]}") from error


def _boxes(data: bytes, position: int, end: int, depth: int) -> Iterator[tuple[bytes, bytes]]:
    """Leaf boxes within the containers that describe the image; stops at the first box that lies."""
    for _ in range(MAX_CHUNKS):
        if position + 8 > end:
            return
        size, name = struct.unpack_from(">I4s", data, position)
        size = size or end - position
        if size < 8 or position + size > end:
            return
        inner = position + 8
        if name in AVIF_CONTAINERS and depth < 4:
            yield from _boxes(data, inner + AVIF_CONTAINERS[name], position + size, depth + 1)
        elif depth:
            yield name, data[inner : min(position + size, inner + 64)]
        position += size


def _nclx(boxes: list[tuple[bytes, bytes]], *, has_icc: bool) -> tuple[str | None, str | None]:
    """Primaries and transfer of the first nclx colour box; an ICC profile wins unless they are PQ or HLG."""
    for name, body in boxes:
        if name == b"colr" and body[:4] == b"nclx" and len(body) >= 10:
            primaries, transfer = struct.unpack_from(">HH", body, 4)
            named = CICP_PRIMARIES.get(primaries), CICP_TRANSFERS.get(transfer)
            return named if named[1] in ("pq", "hlg") or not has_icc else (None, None)
    return None, None
