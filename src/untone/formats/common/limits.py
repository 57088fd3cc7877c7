"""Limits on files, all in one place; checked before anything of that size is allocated."""

from __future__ import annotations

from ...errors import DamagedError, LimitError
from .memory import free_bytes

MAX_PIXELS = 1 << 28
"""268 megapixels: a 250-megapixel photo passes."""

MAX_SIDE = 1 << 20
"""Pixels; beyond it a header is damaged rather than large."""

MAX_PIXEL_BYTES = 2 << 30
"""Decoded pixels as an array; 16-bit and float pictures reach this before MAX_PIXELS. EXRs beyond are read by rows."""

MOST_UNASKED_BYTES = 1 << 28
"""Of pixels for which it is not asked how much memory is free."""

MAX_FILE_BYTES = 1 << 30

MAX_SEGMENTS = 4096
"""Marker segments of one JPEG codestream; 255 of them carry the largest legal ICC profile."""

MAX_SECONDARY_SEGMENTS = 512
"""Of an image that follows the photo in its file: MAX_CANDIDATES of them may have to be looked through."""

MAX_SCANS = 256
"""Scans of one JPEG; progressive ones have about ten, a decoder that repaints 100,000 times hangs."""

MAX_METADATA_BYTES = 16 << 20
"""One ICC profile, EXIF block or XMP packet."""

MAX_PACKED_PROFILE_BYTES = 1 << 18
"""An ICC profile as JPEG XL packs it, and unpacked: bit by bit, that takes seconds at most."""

MAX_CODED_SYMBOLS = 1 << 13
"""Of one prefix code of such a profile: bytes, and lengths of copies; libjxl writes fewer than 1024."""

MAX_MPF_IMAGES = 64
MAX_CANDIDATES = 256
"""Start-of-image markers tried when an MPF index is wrong; at most MAX_MPF_IMAGES images there are examined."""

MAX_CHUNKS = 65536
"""Chunks or tags looked at in a PNG, WebP, TIFF or EXR header."""

MAX_BOXES = 4096
"""Boxes beside each other in one container of an AVIF, HEIC or JPEG XL file; real ones have a dozen."""

MAX_ITEMS = 8192
"""Items of an AVIF or HEIC: a 250-megapixel photo in tiles of 256 has 4000, and its gain map a quarter of that."""

MAX_PROPERTIES = 4096
MAX_LINKS = 65536
"""Extents, property associations, or ends of references and groups, of one AVIF or HEIC."""

MAX_ITEM_PROPERTIES = 255
"""Of one item: as many as `ipma` counts."""

MAX_DERIVATIONS = 4
"""Images made of images made of images; a grid of tiles is one step."""

MAX_IDENTITIES = 64
"""`iden` items of one file that are taken for what they are made of; a file has a few."""

MAX_TONE_MAPS = 8
"""`tmap` items of one file whose deviations are named; a file has one."""

MAX_SURPLUS_BYTES = 1 << 20
"""Of pixel data of a PNG beyond its pixels: decoders would inflate and forget gigabytes of them."""

MAX_SHARED_BYTES = 64 << 20
"""Bytes of tiles beyond those of the file: writers store equal tiles once, but not 8,192 times all of the file."""

MAX_BRANDS = 64
"""Of an AVIF or HEIC that are looked at."""

MAX_DIRECTORY_ENTRIES = 512
"""Of one EXIF directory, maker notes included; cameras write some sixty."""

MAX_MPF_TAGS = 16
"""Of the MPF index; it has three, or up to five."""

MAX_TAG_VALUES = 64
"""Of a TIFF tag that is read; longer ones, such as the strips of a picture, are not needed here."""

MAX_PROFILE_TAGS = 128
MAX_PROFILE_NAME_BYTES = 1024
"""Tags of an ICC profile that are looked at, and bytes of its description."""

MAX_ATTRIBUTE_NAME = 256
"""Bytes of the name of an EXR attribute, or of its type."""

MAX_PARTS = 64
"""Of one EXR; renderers write one for each of their passes."""

MAX_TEXT_HEADER_BYTES = 1 << 16
"""Of a Radiance HDR."""

MAX_BIT_HEADER_BYTES = 4096
"""Of the header of a JPEG XL, AV1 or HEVC codestream that are looked at."""

MAX_SETUP_BYTES = 1 << 16
"""Of the parameter sets of HEVC that are looked at."""

MAX_XML_TAGS = 1 << 18
"""Of one XMP packet; the largest of real ones hold long texts, not many tags."""

MAX_QUOTED = 80
"""Characters of a value that an error quotes; it is one line for people."""


def quoted(value: object) -> str:
    """A value of a file as an error quotes it: one line, never longer than MAX_QUOTED."""
    text = repr(value)
    return text if len(text) <= MAX_QUOTED else f"{text[: MAX_QUOTED - 3]}..."


def letters(name: bytes) -> str:
    """The name of a chunk, tag or box as an error shows it: ASCII as it is, other bytes as \\xNN."""
    text = "".join(chr(byte) if 0x20 <= byte < 0x7F else f"\\x{byte:02x}" for byte in name)
    return text.rstrip() or "of spaces"


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
        LimitError: more than MAX_PIXELS, MAX_SIDE or MAX_PIXEL_BYTES, or than there is memory for.
    """
    if width <= 0 or height <= 0:
        raise DamagedError(f"the header says {width} x {height} pixels")
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise LimitError(f"the header says {width} x {height} pixels; the limit is {MAX_PIXELS // 10**6} megapixels")
    total = width * height * bytes_per_pixel
    if total > MAX_PIXEL_BYTES:
        raise LimitError(f"{width} x {height} pixels of {bytes_per_pixel} bytes exceed {MAX_PIXEL_BYTES} bytes")
    free = free_bytes() if total > MOST_UNASKED_BYTES else None
    if free is not None and total > free:
        raise LimitError(f"{width} x {height} pixels take {total >> 20} MiB of memory; {free >> 20} MiB are free")


def check_samples(width: int, height: int, samples: int, sample_bytes: int) -> None:
    """As check_size, of so many samples that a codec gives for each pixel, and the three that are made of others.

    Raises:
        DamagedError, LimitError: as check_size.
    """
    check_size(width, height, sample_bytes * (samples + (0 if samples == 3 else 3)))
