"""PNG reader and writer (third edition): 8 and 16 bits; cICP, iCCP, sRGB, gAMA and cHRM, PQ and HLG included."""

from __future__ import annotations

import contextlib
import dataclasses
import struct
import threading
import zlib
from collections.abc import Iterator

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from ... import colour, kernels
from ...errors import DamagedError, LimitError, UnsupportedError
from ...image import GainMap, Image, Pixels
from ..common.files import Late, Part
from ..common.limits import MAX_CHUNKS, MAX_METADATA_BYTES, MAX_SURPLUS_BYTES, check_size, letters
from ..common.pixels import bands, decoded, sixteen_bits, three_channels
from ..common.quiet import muted
from ..common.transparency import alpha_of
from ..metadata.exif import orientation_of, with_orientation
from ..profiles import chromaticities
from ..profiles import resolve as profiles
from ..profiles.icc import CICP_PRIMARIES, CICP_TRANSFERS, PRIMARIES_CICP, REGISTERED, adapted_to_d50
from ..signalling import Header, Signalling, image_of, over_background, signalling
from . import text
from .idat import chunk as _chunk
from .idat import idat_chunks

SIGNATURE = b"\x89PNG\r\n\x1a\n"
XMP_KEYWORD = b"XML:com.adobe.xmp\0"

RGB, PALETTE, COLOURED, TRANSPARENT = 2, 3, 2, 4
INTERLACED = 28
"""Offset of the byte that says so."""

ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""First column, first row, and steps of the seven passes."""

_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_EARLY = (b"cICP", b"iCCP", b"sRGB", b"gAMA", b"cHRM", b"eXIf", b"iTXt", b"PLTE", b"bKGD")
_KEY_BYTES = {0: 2, 2: 6}
"""Of the one transparent colour of a picture without alpha."""

INFLATED_STEP = 1 << 16
CLLI_BYTES = 20
MOST_ROWS, LEAST_ROWS, BAND_PIXELS = 128, 8, 1 << 19
"""Of a band. Each begins its own search for repetitions, at a loss of less than 1 % of the bytes."""

LEVEL = 3
"""zlib effort: 16-bit light hardly compresses better with more."""


def read(data: bytes) -> tuple[Image, None]:
    """Pixels of a PNG; what is transparent is composited on its background (bKGD), else on white.

    Raises:
        DamagedError, UnsupportedError, LimitError: as their names say.
    """
    header = parse(data)
    packet, notes = text.described(header.xmp, _texts(data))
    header = dataclasses.replace(header, xmp=packet, notes=notes)
    bare, surplus = _bare(data)
    with muted() if surplus or data[INTERLACED] else contextlib.nullcontext():  # libpng prints about either
        array = decoded(imagecodecs.png_decode, bare)
    chunks = _ancillary(data)
    pixels, alpha = three_channels(array, header.width, header.height), alpha_of(array, np.iinfo(array.dtype).max)
    if alpha is not None:
        alpha = dataclasses.replace(alpha, background=_background(data, chunks))
    header, pixels = over_background(header, pixels, alpha)
    if b"sRGB" in chunks or header.transfer is not None or header.icc is not None:
        return image_of(header, pixels), None
    power, matrix = _power(chunks.get(b"gAMA")), _unnamed_matrix(chunks)
    if matrix is not None:
        pixels = profiles.shaped(pixels, matrix, _curves(power, int(np.iinfo(pixels.dtype).max) + 1)).pixels
        header = dataclasses.replace(header, bits=16)
    elif power is not None:
        pixels = _with_srgb_curve(pixels, power)
    return image_of(header, pixels), None


def probe(data: bytes) -> Signalling:
    """The same from the chunks before and after the pixels, without decoding them."""
    return signalling("png", parse(data))


def parse(data: bytes) -> Header:
    """The header of a PNG.

    Raises:
        DamagedError: no IHDR first, or a chunk that runs past the end.
        LimitError: too many pixels.
    """
    if len(data) < 33 or data[12:16] != b"IHDR":
        raise DamagedError("the PNG ends before, or lacks, its IHDR chunk")
    width, height, bits, kind = struct.unpack(">IIBB", data[16:26])
    if kind not in _CHANNELS or bits not in (1, 2, 4, 8, 16):
        raise DamagedError(f"the PNG has colour type {kind} with {bits} bits")
    channels = 7 if kind & TRANSPARENT else 4  # as decoded, and composited beside that
    check_size(width, height, channels * (2 if bits == 16 else 1))
    chunks = _ancillary(data)
    primaries, transfer = _named_space(chunks)
    icc = _icc(chunks[b"iCCP"]) if b"iCCP" in chunks and transfer is None else None
    if icc is not None and icc[16:20] == b"GRAY" and kind & COLOURED:
        icc = None  # a profile for other pixels than these: viewers pass it over
    exif = chunks.get(b"eXIf")
    if transfer is None and icc is None and b"cHRM" in chunks and b"sRGB" not in chunks:
        matrix = _unnamed_matrix(chunks)
        primaries = _named_primaries(chunks[b"cHRM"]) if matrix is None else profiles.room_for(matrix)
    return Header(
        width, height, 16 if bits == 16 else 8, primaries, transfer, icc, exif, _xmp(chunks), orientation_of(exif)
    )


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Name, offset and length of every chunk's data."""
    position = len(SIGNATURE)
    for _ in range(MAX_CHUNKS):
        if position + 12 > len(data):
            raise DamagedError(f"the PNG ends at byte {len(data)} without its IEND chunk")
        length, name = struct.unpack(">I4s", data[position : position + 8])
        if position + 12 + length > len(data):
            raise DamagedError(f"the PNG chunk {letters(name)} says {length} bytes; the file ends at {len(data)}")
        yield name, position + 8, length
        if name == b"IEND":
            return
        position += 12 + length
    raise LimitError(f"the PNG has more than {MAX_CHUNKS} chunks")


def _bare(data: bytes) -> tuple[bytes, bool]:
    """The PNG with its critical chunks only, each checked, so that the decoder finds nothing to complain about.

    With it, whether there are more pixel data than pixels.

    libpng prints its warnings. Transparency (tRNS) of the right length stays.

    Raises:
        DamagedError: a checksum is wrong, the palette is, or the pixel data are short.
    """
    view, parts, palette = memoryview(data), [SIGNATURE], data[25] == PALETTE
    entries, inflating, inflated, whole = 0, zlib.decompressobj(), 0, _raw_size(data)
    for name, start, length in _chunks(data):
        if name not in (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND") or (name == b"PLTE" and not palette):
            continue
        if name == b"tRNS" and not (0 < length <= entries if palette else _KEY_BYTES.get(data[25]) == length):
            continue
        if zlib.crc32(view[start - 4 : start + length]) != struct.unpack_from(">I", data, start + length)[0]:
            raise DamagedError(f"the PNG chunk {name.decode()} at byte {start - 8} has a wrong checksum")
        if name == b"PLTE" and (length % 3 or not 3 <= length <= 768):
            raise DamagedError(f"the PNG palette has {length} bytes")
        entries = length // 3 if name == b"PLTE" else entries
        if name == b"IDAT":
            inflated += _inflated(inflating, view[start : start + length], whole - inflated)
        parts.append(data[start - 8 : start + length + 4])
    if palette and b"PLTE" not in {name for name, _, _ in _chunks(data)}:
        raise DamagedError("the PNG has a palette's indices and no palette")
    if inflated < whole or not inflating.eof:
        raise DamagedError(f"the PNG pixel data hold {inflated} of {whole} bytes")
    return b"".join(parts), inflated > whole or bool(inflating.unused_data)


def _inflated(inflating: zlib._Decompress, packed: memoryview, wanted: int) -> int:
    """Bytes that a piece of the zlib stream inflates to, thrown away as they come.

    In small steps: of a long piece, all that is left would be copied at each.

    Raises:
        DamagedError: no zlib stream, or MAX_SURPLUS_BYTES more than `wanted`.
    """
    total = 0
    try:
        for start in range(0, len(packed), INFLATED_STEP):
            if inflating.unused_data:  # the stream is over; what follows would be gathered there
                break
            rest = bytes(packed[start : start + INFLATED_STEP])
            while rest:
                total += len(inflating.decompress(rest, 1 << 20))
                rest = inflating.unconsumed_tail
                if total > wanted + MAX_SURPLUS_BYTES:
                    raise DamagedError(f"the PNG has more than {MAX_SURPLUS_BYTES} bytes of pixel data too many")
    except zlib.error as error:
        raise DamagedError(f"the PNG pixel data are damaged: {error}") from error
    return total


def _raw_size(data: bytes) -> int:
    """Bytes of all rows with their filter bytes, interlaced (seven passes) or not."""
    width, height, bits, kind, _, _, interlaced = struct.unpack_from(">II5B", data, 16)
    total = 0
    for left, top, right, down in ADAM7 if interlaced else ((0, 0, 1, 1),):
        columns, rows = -(-(width - left) // right), -(-(height - top) // down)
        if columns > 0 and rows > 0:
            total += rows * (1 + -(-columns * bits * _CHANNELS[kind] // 8))
    return total


def _texts(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    wanted = (*text.KINDS, b"pHYs")
    return ((name, data[at : at + size]) for name, at, size in _chunks(data) if name in wanted and size < 1 << 20)


def _ancillary(data: bytes) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    for name, start, length in _chunks(data):
        if name in _EARLY and length <= MAX_METADATA_BYTES:
            body = data[start : start + length]
            if name != b"iTXt" or body.startswith(XMP_KEYWORD):
                found.setdefault(name, body)
    return found


def _background(data: bytes, chunks: dict[bytes, bytes]) -> tuple[float, float, float] | None:
    """Codes over 0..1 of bKGD; None without one, or where it is of a wrong length."""
    body, palette, (bits, kind) = chunks.get(b"bKGD", b""), chunks.get(b"PLTE", b""), data[24:26]
    if kind == PALETTE:
        entry = palette[3 * body[0] : 3 * body[0] + 3] if len(body) == 1 else b""
        values, top = tuple(entry), 255
    else:
        values, top = struct.unpack(f">{len(body) // 2}H", body[: len(body) // 2 * 2]), (1 << bits) - 1
        values = values * 3 if len(values) == 1 and not kind & COLOURED else values
    red, green, blue = values if len(values) == 3 and max(values) <= top else (-1, 0, 0)
    return (red / top, green / top, blue / top) if red >= 0 else None


def _named_space(chunks: dict[bytes, bytes]) -> tuple[str | None, str | None]:
    """Primaries and transfer of cICP, or of a registered name of the profile; None, None without one.

    Raises:
        UnsupportedError: code points without a name of ours, or limited range.
    """
    cicp = chunks.get(b"cICP")
    if cicp is None or len(cicp) != 4:
        name = chunks.get(b"iCCP", b"").partition(b"\0")[0].decode("latin-1")
        return ("bt2020", REGISTERED[name]) if name in REGISTERED else (None, None)
    primaries, transfer = CICP_PRIMARIES.get(cicp[0]), CICP_TRANSFERS.get(cicp[1])
    if primaries is None or transfer is None or cicp[2] != 0 or cicp[3] != 1:
        raise UnsupportedError(f"the PNG's cICP is {tuple(cicp)}; these code points are not read")
    return primaries, transfer


def _icc(chunk: bytes) -> bytes | None:
    """The profile in an iCCP chunk, inflated up to the limit; None where it is broken."""
    _, _, packed = chunk.partition(b"\0")
    try:
        return zlib.decompressobj().decompress(packed[1:], MAX_METADATA_BYTES) or None
    except zlib.error:
        return None


def _xmp(chunks: dict[bytes, bytes]) -> bytes | None:
    """An uncompressed XMP packet: keyword, two flags, two empty strings, text."""
    body = chunks.get(b"iTXt", b"")[len(XMP_KEYWORD) :]
    parts = body[2:].split(b"\0", 2)
    return parts[2] if body[:1] == b"\0" and len(parts) == 3 else None


def _corners(chunk: bytes) -> chromaticities.Corners:
    """Red, green, blue and white, of a chunk that has white first; empty where it has another length."""
    values = tuple(value / 100_000 for value in struct.unpack(">8I", chunk)) if len(chunk) == 32 else ()
    return values[2:] + values[:2]


def _named_primaries(chunk: bytes) -> str | None:
    corners = _corners(chunk)
    return profiles.primaries_near(list(corners[:6])) if corners else None


def _unnamed_matrix(chunks: dict[bytes, bytes]) -> NDArray[np.float64] | None:
    """[3, 3] to XYZ (D50) of cHRM's primaries; None where they have a name of ours, or are none."""
    corners = _corners(chunks.get(b"cHRM", b""))
    if not corners or profiles.primaries_near(list(corners[:6])) or not chromaticities.are_usable(corners):
        return None
    return adapted_to_d50(chromaticities.to_xyz(corners))


def _power(gamma: bytes | None) -> float | None:
    """The power of codes that gAMA says; None without it, and for the 1/2.2 that stands for sRGB."""
    value = struct.unpack(">I", gamma)[0] / 100_000 if gamma is not None and len(gamma) == 4 else 0.0
    return None if not 0.1 <= value <= 10 or abs(value - 1 / 2.2) < 0.02 else 1 / value


def _curves(power: float | None, codes: int) -> NDArray[np.float32]:
    """[3, codes] light: of a power, or of the sRGB curve."""
    encoded = np.arange(codes) / (codes - 1)
    light = colour.srgb_to_linear(encoded) if power is None else encoded**power
    return np.stack([light.astype(np.float32)] * 3)


def _with_srgb_curve(pixels: Pixels, power: float) -> Pixels:
    """Codes of light to a power, recoded to the sRGB curve."""
    top = np.iinfo(pixels.dtype).max
    light = (np.arange(top + 1) / top) ** power
    table = np.floor(colour.linear_to_srgb(light) * top + 0.5).astype(pixels.dtype)
    out = np.empty_like(pixels)
    for source, target in zip(bands(pixels), bands(out), strict=True):
        target[:] = table[source]
    return out


def write(image: Image, gain_map: GainMap | None = None, *, quality: int = 95, map_quality: int = 90) -> Iterator[Part]:
    """A PNG of the pixels, in pieces: light becomes 16-bit PQ with BT.2020 primaries, codes stay what they are.

    `quality` and `map_quality` mean nothing here; `gain_map` must be None.

    Raises:
        UnsupportedError: there is a gain map, which PNG cannot carry.
    """
    if gain_map is not None:
        raise UnsupportedError("a PNG cannot carry a gain map; write a .jpg, or apply the map first")
    return _parts(image)


def band_rows(width: int) -> int:
    """Rows of a band of a picture so wide."""
    return max(LEAST_ROWS, min(MOST_ROWS, BAND_PIXELS // width))


def _parts(image: Image) -> Iterator[Part]:
    levels = np.zeros(65536, np.int64)
    guard = threading.Lock()

    def band(first: int, last: int) -> Pixels:
        codes = _codes(image, first, last)
        if image.is_hdr:
            found = np.zeros_like(levels)
            kernels.count_largest(codes[min(first, 1) :], found)  # the first row is another band's
            with guard:
                np.add(levels, found, out=levels)
        return codes

    sixteen = image.is_hdr or image.pixels.dtype != np.uint8
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", image.width, image.height, 16 if sixteen else 8, RGB, 0, 0, 0))
    yield from (SIGNATURE, header, *_describing(image, levels))
    yield from idat_chunks(band, image.height, band_rows(image.width), LEVEL, kernels.info()["threads"])
    yield _chunk(b"IEND", b"")


def _codes(image: Image, first: int, last: int) -> Pixels:
    """Rows as they are stored: light as PQ in BT.2020, what is HDR or float as 16 bits, the rest as it is."""
    rows = image.pixels[first:last]
    if image.transfer == "linear":
        return kernels.pq16(rows, image.primaries, image.white_nits, threads=1)
    return sixteen_bits(rows) if image.is_hdr or rows.dtype == np.float32 else rows


def _describing(image: Image, levels: NDArray[np.int64]) -> list[Part]:
    """The chunks before the pixels that describe the codes; `levels` will count the largest codes of pixels."""
    chunks: list[Part] = []
    if image.is_hdr:
        primaries = "bt2020" if image.transfer == "linear" else image.primaries
        transfer = 18 if image.transfer == "hlg" else 16
        chunks.append(_chunk(b"cICP", bytes((PRIMARIES_CICP[primaries], transfer, 0, 1))))
        if transfer == 16:
            chunks.append(Late(CLLI_BYTES, lambda: _chunk(b"cLLI", _light_levels(levels))))
    else:
        icc = profiles.profile_for(image)
        if icc is not None:
            chunks.append(_chunk(b"iCCP", b"icc\0\0" + zlib.compress(icc)))
        elif image.primaries == "bt709":
            chunks.append(_chunk(b"sRGB", b"\0"))
    exif = with_orientation(image.exif, image.orientation)
    if exif is not None:
        chunks.append(_chunk(b"eXIf", exif))
    if image.xmp is not None:
        chunks.append(_chunk(b"iTXt", XMP_KEYWORD + b"\0\0\0\0" + image.xmp))
    return chunks


def _light_levels(levels: NDArray[np.int64]) -> bytes:
    """MaxCLL and MaxFALL (CTA-861.3) of how often each PQ code is a pixel's largest, in 0.0001 nit as cLLI has them."""
    nits = colour.pq_to_nits(np.arange(65536) / 65535)
    top, mean = int(np.flatnonzero(levels)[-1]), float(levels @ nits) / int(levels.sum())
    return struct.pack(">II", round(float(nits[top]) * 10_000), round(mean * 10_000))
