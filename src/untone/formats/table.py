"""FORMATS, the table of formats: readers, writers and probes of every container.

FORMATS is the whole registry: first bytes choose on read, the suffix on write. To add a format is one module and
one line.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from ..errors import UnsupportedError, UntoneError, UsageError, check_number
from ..image import GainMap, Image
from . import jxr, radiance, webp
from .common.files import Part, check_binary, joined, load_bytes, save
from .common.source import opened
from .exr import codec as exr
from .heif import avif, heic
from .jpeg import codec as jpeg
from .jpeg.gcontainer import described_elsewhere, says_more
from .jxl import codec as jxl
from .jxl.container import SIGNATURES as JXL_SIGNATURES
from .png import codec as png
from .signalling import Signalling
from .tiff import codec as tiff
from .tiff.codec import RAW

Reader = Callable[[bytes], tuple[Image, GainMap | None]]
Writer = Callable[..., Iterable[Part]]


@dataclasses.dataclass(frozen=True)
class Format:
    """One line of the table.

    Attributes:
        name: as `format` of `write` and `probe` says it.
        suffixes: that choose it on write; empty where it is read only.
        starts: whether the first bytes of a file are of this format.
        read, probe, write: write is None where it is read only.
        depths: bits of a sample that `write` takes as `bits`; empty where it has no such choice.
        lazy: whether `probe` asks no more of bytes than a source.Source can do.
    """

    name: str
    suffixes: tuple[str, ...]
    starts: Callable[[bytes], bool]
    read: Reader
    probe: Callable[[bytes], Signalling]
    write: Writer | None = None
    depths: tuple[int, ...] = ()
    lazy: bool = False


def _begins(*signatures: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(signatures)


def _is_webp(head: bytes) -> bool:
    return head[:4] == b"RIFF" and head[8:12] == b"WEBP"


FORMATS = (
    Format("jpeg", (".jpg", ".jpeg"), _begins(b"\xff\xd8"), jpeg.read, jpeg.probe, jpeg.write, lazy=True),
    Format("png", (".png",), _begins(png.SIGNATURE), png.read, png.probe, png.write, lazy=True),
    Format("exr", (".exr",), _begins(exr.SIGNATURE), exr.read, exr.probe, exr.write, lazy=True),
    Format("radiance", (".hdr",), _begins(*radiance.SIGNATURES), radiance.read, radiance.probe, radiance.write),
    Format("tiff", (), _begins(*tiff.SIGNATURES), tiff.read, tiff.probe),
    Format("jxr", (), _begins(jxr.SIGNATURE), jxr.read, jxr.probe),
    Format("webp", (), _is_webp, webp.read_webp, webp.probe_webp),
    Format("avif", (".avif",), avif.starts, avif.read, avif.probe, avif.write, avif.CODEC.depths, lazy=True),
    Format("heic", (".heic",), heic.starts, heic.read, heic.probe, heic.write, heic.CODEC.depths, lazy=True),
    Format("jxl", (".jxl",), _begins(*JXL_SIGNATURES), jxl.read, jxl.probe, jxl.write),
)

READ_SUFFIXES = (
    ".jpg", ".jpeg", ".jpe", ".jfif", ".pjpeg", ".pjp", ".png", ".webp", ".tif", ".tiff", ".avif", ".heic", ".heif",
    ".jxl", ".jxr", ".wdp", ".exr", ".hdr",
)  # fmt: skip
"""Suffixes under which a folder is searched for images; the first bytes decide what each file is."""

RAW_SUFFIXES = (
    ".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dcr", ".dng", ".erf", ".fff", ".gpr", ".iiq", ".k25", ".kdc", ".mef",
    ".mos", ".mrw", ".nef", ".nrw", ".orf", ".pef", ".raf", ".raw", ".rw2", ".rwl", ".sr2", ".srf", ".srw", ".x3f",
)  # fmt: skip
"""Suffixes of what sensors recorded, which is not read."""

OTHER_SUFFIXES = (".gif", ".bmp", ".dib", ".psd", ".psb", ".jp2", ".jpf", ".j2k", ".tga")
"""Suffixes of pictures in formats that are not read; a folder that holds some is told so."""

BARE = ("exr", "radiance")
"""Formats without a place for EXIF and XMP."""

INKED = "its CMYK pixels become RGB"

_KNOWN_OTHERS = (
    ("a GIF", _begins(b"GIF8")),
    ("a BMP", _begins(b"BM")),
    ("a PDF", _begins(b"%PDF")),
)

_RAW_BRANDS = (b"crx ",)
_FILM_BRANDS = (b"isom", b"iso2", b"mp41", b"mp42", b"avc1", b"M4V ", b"qt  ", b"3gp4", b"3gp5")
_is_raw = _begins(b"FUJIFILMCCD-RAW", b"IIU\0", b"IIRO", b"IIRS", b"MMOR", b"FOVb", b"\0MRM", b"II\x1a\0\0\0HEAPCCDR")


def _is_isobmff(head: bytes, brands: tuple[bytes, ...]) -> bool:
    return head[4:8] == b"ftyp" and head[8:12] in brands


def read(source: str | Path | bytes, *, by_rows: bool = False) -> tuple[Image, GainMap | None]:
    """The image in a file, and its gain map where it has one.

    Args:
        source: a path, or the file's bytes.
        by_rows: whether pixels may be image.Rows, as are those of an EXR too large for memory; else it is refused.

    Raises:
        DamagedError: the bytes contradict their format.
        UnsupportedError: a format, or a kind of it, that is not read.
        LimitError: more than limits.py allows.
        UntoneError: the file cannot be opened.
    """
    with naming(source):
        data = load_bytes(source)
        check_binary(data)
        image, gain_map = sniff(data).read(data)
        if not by_rows and not isinstance(image.pixels, np.ndarray):
            image = dataclasses.replace(image, pixels=np.asarray(image.pixels))
        return image, gain_map


def probe(source: str | Path | bytes) -> Signalling:
    """What a file says about itself, from its headers; no pixel is decoded. Raises as `read`."""
    with naming(source):
        if isinstance(source, bytes):
            return probe_opened(load_bytes(source))
        with opened(Path(source)) as data:
            return probe_opened(data)


def probe_opened(data: bytes) -> Signalling:
    """As probe, of bytes or of a source.Source, by as few of its bytes as the format allows."""
    if isinstance(data, bytes):  # of larger files only some are read
        check_binary(data)
    chosen = sniff(data)
    return chosen.probe(data if chosen.lazy else data[:])


def write(
    path: str | Path | None,
    image: Image,
    gain_map: GainMap | None = None,
    *,
    format: str | None = None,  # noqa: A002  # the word that callers know
    quality: int | None = None,
    map_quality: int | None = None,
    bits: int | None = None,
) -> bytes | None:
    """Write an image, and its gain map, to a file; atomically, so that a failure leaves an old file whole.

    Args:
        path: the suffix chooses the format; None returns the bytes.
        image: SDR for .jpg; light or codes for .png (PQ when HDR), .exr and .hdr.
        gain_map: for .jpg only.
        format: a name of FORMATS, over the suffix; "jpeg" when there is neither.
        quality: of a base that has to be encoded anew, 1 to 100; None: 95, and JPEG XL carries JPEGs without loss.
        map_quality: of the gain map, likewise; None: 90.
        bits: of a sample of the base, and of a map of more than 8, where the format has a choice (Format.depths); None
            takes what the pixels are worth. Given, nothing is carried over from a file that was read.

    Raises:
        UsageError: a quality out of range, or bits that the format does not have.
        UnsupportedError: no such format to write, or it cannot hold what it is given.
        UntoneError: the disk is full, the folder is missing, the pixels do not fit.
    """
    options = {name: n for name, n in (("quality", quality), ("map_quality", map_quality)) if n is not None}
    for name, value in options.items():
        check_number(name, value)
        if not 1 <= value <= 100:
            raise UsageError(f"{name} must be 1 to 100, not {value}")
    with naming(path or b""):
        chosen = _writable(path, format)
        assert chosen.write is not None
        if bits is not None:
            options["bits"] = _depth(chosen, bits)
        if chosen.name != "jpeg" and image.xmp is not None:
            image = dataclasses.replace(image, xmp=described_elsewhere(image.xmp))
        elif chosen.name == "jpeg":
            image = jxl.as_jpeg(image)
        parts = chosen.write(image, gain_map, **options)  # some of them are made while others are written
        if path is None:
            return joined(parts)
        save(Path(path), parts)
    return None


def suffixes_of(name: str) -> tuple[str, ...]:
    """The suffixes that a format of this name is written with; empty where it is not written."""
    return next((f.suffixes for f in FORMATS if f.name == name and f.write is not None), ())


def format_of(suffix: str) -> str | None:
    """The name of the format that a suffix is written in; None where it is none."""
    return next((f.name for f in FORMATS if f.write is not None and suffix in f.suffixes), None)


def noted(image: Image, name: str | None = None, *, kept: bool = False) -> str | None:
    """What of a photo's file does not reach one of this format, one line: its gain map, its inks. None: all does."""
    stays = name == "jpeg" and (image.encoded or b"")[:2] == b"\xff\xd8"
    held = ("EXIF", bool(image.exif)), ("XMP", says_more(image.xmp))
    bare = [word for word, there in held if there] if name in BARE else []
    reasons = [None if stays else image.left_out, INKED if image.inked else None]
    reasons.append(f"its {' and '.join(bare)} {'are' if bare[1:] else 'is'} left out" if bare else None)
    return "; ".join(filter(None, reasons + list(() if stays or kept else image.notes))) or None


def sniff(data: bytes) -> Format:
    """The format of a file by its first bytes.

    Raises:
        UnsupportedError: none of FORMATS; says which other it is, when that is plain.
    """
    head = data[:64]
    if _is_raw(head) or head[8:11] == b"CR\2" or _is_isobmff(head, _RAW_BRANDS):
        raise UnsupportedError(RAW)
    for candidate in FORMATS:
        if candidate.starts(head):
            return candidate
    for name, starts in _KNOWN_OTHERS:
        if starts(head):
            raise UnsupportedError(f"this is {name}, which is not read; convert it to JPEG, PNG or TIFF")
    if _is_isobmff(head, _FILM_BRANDS) or head.startswith(b"\x1a\x45\xdf\xa3"):
        raise UnsupportedError("this is a film, not a photo")
    raise UnsupportedError(
        "this is no image of a kind that is read (JPEG, PNG, WebP, TIFF, AVIF, HEIC, JPEG XL and XR, EXR, Radiance HDR)"
    )


def _writable(path: str | Path | None, name: str | None) -> Format:
    suffix = Path(path).suffix.lower() if path is not None else ""
    for candidate in FORMATS:
        wanted = candidate.name == name if name else suffix in candidate.suffixes
        if candidate.write and (wanted or (path is None and name is None)):
            return candidate
    choices = ", ".join(s for candidate in FORMATS for s in candidate.suffixes)
    raise UnsupportedError(f"cannot write {name or suffix or 'a file without a suffix'}; use one of {choices}")


def _depth(chosen: Format, bits: int) -> int:
    if bits not in chosen.depths:
        choices = " or ".join(map(str, chosen.depths)) or "no choice of"
        raise UsageError(f"{chosen.name} is written with {choices} bits a sample, not {bits}")
    return bits


@contextmanager
def naming(source: str | Path | bytes) -> Iterator[None]:
    """Put the file's name in front of an error about its content."""
    try:
        yield
    except UntoneError as error:
        if isinstance(source, bytes) or str(source) in str(error):
            raise
        if Path(source).suffix.lower() in RAW_SUFFIXES:
            raise UnsupportedError(f"{source}: {RAW}") from error
        raise type(error)(f"{source}: {error}") from error
