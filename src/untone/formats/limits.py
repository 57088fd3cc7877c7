"""Every limit on what a file may ask for, in one place. All are checked before anything of that size is allocated."""

from __future__ import annotations

from ..errors import DamagedError, LimitError

MAX_PIXELS = 1 << 28
"""268 megapixels: a 250-megapixel photo passes."""

MAX_SIDE = 1 << 20
"""Pixels; beyond it a header is a lie rather than a picture."""

MAX_PIXEL_BYTES = 2 << 30
"""Decoded pixels as an array; 16-bit and float pictures reach this before MAX_PIXELS."""

MAX_FILE_BYTES = 1 << 30

MAX_SEGMENTS = 4096
"""Marker segments of one JPEG codestream; 255 of them carry the largest legal ICC profile."""

MAX_SCANS = 256
"""Scans of one JPEG; progressive ones have about ten, a decoder that repaints 100,000 times hangs."""

MAX_METADATA_BYTES = 16 << 20
"""One ICC profile, EXIF block or XMP packet."""

MAX_MPF_IMAGES = 64
MAX_CANDIDATES = 256
"""Start-of-image markers tried when an MPF index lies."""

MAX_CHUNKS = 65536
"""Chunks or tags looked at in a PNG, WebP, TIFF or EXR header."""

MAX_BOXES = 4096
"""Boxes beside each other in one container of an AVIF, HEIC or JPEG XL file; real ones have a dozen."""

MAX_ITEMS = 16384
"""Items of an AVIF or HEIC: a 250-megapixel photo in tiles of 256 has 4000, and its gain map a quarter of that."""

MAX_PROPERTIES = 4096
MAX_LINKS = 65536
"""Extents, property associations, or ends of references and groups, of one AVIF or HEIC."""

MAX_DERIVATIONS = 4
"""Images made of images made of images; a grid of tiles is one step."""


def check_file_size(size: int) -> None:
    """Refuse an empty or an oversized file before it is read.

    Raises:
        DamagedError: no bytes at all.
        LimitError: more than MAX_FILE_BYTES.
    """
    if size == 0:
        raise DamagedError("the file is empty")
    if size > MAX_FILE_BYTES:
        raise LimitError(f"the file has {size} bytes; the limit is {MAX_FILE_BYTES}")


def check_size(width: int, height: int, bytes_per_pixel: int = 3) -> None:
    """Refuse dimensions that are empty or too large, from a header, before pixels exist.

    Raises:
        DamagedError: zero or negative width or height.
        LimitError: more than MAX_PIXELS, MAX_SIDE or MAX_PIXEL_BYTES.
    """
    if width <= 0 or height <= 0:
        raise DamagedError(f"the header says {width} x {height} pixels")
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise LimitError(f"the header says {width} x {height} pixels; the limit is {MAX_PIXELS // 10**6} megapixels")
    if width * height * bytes_per_pixel > MAX_PIXEL_BYTES:
        raise LimitError(f"{width} x {height} pixels of {bytes_per_pixel} bytes exceed {MAX_PIXEL_BYTES} bytes")
