"""HEIC reader and writer: stills of 8 and 10 bits with gain maps (`tmap`; Apple's and Samsung's auxiliary images).

HEVC is coded and decoded by pillow-heif, the optional extra `heic`: BSD-3 itself, its wheels carry libheif and libde265
(LGPL) and the encoder x265 (GPL-2). Headers are ours and need none of it.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from ...errors import UnsupportedError, UntoneError
from ...image import GainMap, Image, Pixels
from ..common.pixels import decoded, packed
from ..signalling import Signalling
from . import decoding, encoding
from . import gain_map as heif_gain
from .item_writer import Parts

BRANDS = (b"heic", b"mif1", b"miaf")
BRANDS_READ = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
LOSSLESS = -1
"""Quality by which pillow-heif means lossless."""


def _library() -> Any:
    """pillow-heif.

    Raises:
        UnsupportedError: it is not installed.
    """
    try:
        import pillow_heif  # here, as it is optional
    except ImportError as error:
        raise UnsupportedError("HEIC needs the extra `heic`: pip install 'untone[heic]'") from error
    return pillow_heif


def _decode(data: bytes, bits: int) -> Pixels:
    """Codes of so many bits; the library gives those above 8 in the upper bits of 16."""
    array = decoded(_opened, data, library=_library())
    return array >> np.uint16(16 - bits) if array.dtype == np.uint16 else array


def _opened(data: bytes, library: Any) -> Pixels:
    try:
        array: Pixels = np.asarray(library.open_heif(data, convert_hdr_to_8bit=False))
    except (OSError, SyntaxError, EOFError) as error:
        raise ValueError(str(error)) from error
    return array


def _encode(codes: Pixels, bits: int, quality: int, cicp: tuple[int, int, int], subsampled: bool) -> bytes:
    """4:2:0 where that is allowed, which is all that phones decode; lossless at 100."""
    library = _library()
    if codes.shape[2] == 1:
        codes, subsampled = np.broadcast_to(codes, (*codes.shape[:2], 3)) if bits > 8 else codes, bits > 8
    codes = packed(codes if bits == 8 else codes << np.uint16(16 - bits))
    mode = ("L" if codes.shape[2] == 1 else "RGB") + ("" if bits == 8 else ";16")
    options = {"quality": LOSSLESS if quality == 100 else quality, "full_range_flag": 1}
    options["chroma"] = 420 if subsampled and quality < 100 else 444
    options |= {"color_primaries": cicp[0], "transfer_characteristics": cicp[1], "matrix_coefficients": cicp[2]}
    stream = io.BytesIO()
    try:
        size = (codes.shape[1], codes.shape[0])
        library.from_bytes(mode, size, codes.tobytes()).save(stream, **options)
    except (OSError, RuntimeError, ValueError, TypeError, MemoryError) as error:
        raise UntoneError(f"the HEIC cannot be encoded: {' '.join(str(error).split())[:160]}") from error
    return stream.getvalue()


BT601_MATRIX = 6
CODEC = decoding.Codec("heic", b"hvc1", b"hvcC", BRANDS, (8, 10), False, True, False, BT601_MATRIX, _decode, _encode)


def starts(head: bytes) -> bool:
    """Whether a file is a HEIC by its brands (AVIF is asked before: both may name mif1)."""
    if head[4:8] != b"ftyp":
        return False
    brands = head[8 : min(int.from_bytes(head[:4], "big"), len(head))]
    return any(brands[place : place + 4] in BRANDS_READ for place in range(0, len(brands), 4))


def read(data: bytes) -> tuple[Image, GainMap | None]:
    """The base and its gain map; rotation and mirroring become the orientation.

    Raises:
        DamagedError, UnsupportedError, LimitError: as their names say; also without the extra.
    """
    return heif_gain.read(data, CODEC)


def probe(data: bytes) -> Signalling:
    """The same from the boxes, without decoding and without the extra."""
    return heif_gain.probe(data, CODEC)


def write(
    image: Image,
    gain_map: GainMap | None = None,
    *,
    quality: int = 95,
    map_quality: int = 90,
    bits: int | None = None,
) -> Parts:
    """The HEIC of an image and its gain map; light becomes PQ. Arguments and errors as of encoding.write."""
    return encoding.write(CODEC, image, gain_map, quality, map_quality, bits)
