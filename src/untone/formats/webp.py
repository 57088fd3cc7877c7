"""WebP reader: pixels without a gain map."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import imagecodecs

from ..errors import DamagedError, UnsupportedError
from ..image import Image
from .common.limits import MAX_CHUNKS, MAX_METADATA_BYTES, check_size, letters
from .common.pixels import decoded, three_channels
from .common.transparency import alpha_of
from .jpeg.segments import EXIF_TAG
from .metadata.exif import orientation_of
from .signalling import Header, Signalling, image_of, over_background, signalling


def read_webp(data: bytes) -> tuple[Image, None]:
    """Pixels of a still WebP, or of the first frame of none: animations are refused. Alpha is composited."""
    header = parse_webp(data)
    array = decoded(imagecodecs.webp_decode, data)
    pixels = three_channels(array, header.width, header.height)
    return image_of(*over_background(header, pixels, alpha_of(array, 255))), None


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
            raise DamagedError(f"the WebP chunk {letters(name)} says {length} bytes; the file ends at {len(data)}")
        if name in (b"VP8 ", b"VP8L", b"ALPH"):
            yield name, data[position + 8 : position + 8 + min(length, 16)]
        elif length <= MAX_METADATA_BYTES:
            yield name, data[position + 8 : position + 8 + length]
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
