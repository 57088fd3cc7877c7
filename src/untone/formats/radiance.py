"""Radiance HDR (.hdr, .pic): linear light as shared-exponent RGBE, or, on read, XYZE.

Format: Ward, "Real Pixels", Graphics Gems II (1991), and the Radiance reference manual, "File Formats". A mantissa m
under exponent e is m * 2 ** (e - 136), as OpenCV and stb_image read it.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from .. import colour
from ..errors import DamagedError, UnsupportedError
from ..image import GainMap, Image, Pixels
from .common.limits import MAX_TEXT_HEADER_BYTES, check_size, letters
from .common.pixels import bands, finite
from .profiles import chromaticities
from .profiles import resolve as profiles
from .signalling import Header, Signalling, signalling

SIGNATURES = (b"#?RADIANCE", b"#?RGBE")

RUN_LENGTH_WIDTHS = range(8, 32768)
"""Widths whose rows may be run-length coded a component at a time."""

ROW_MARK_BYTES = 4
"""In front of a coded row. Coding may make narrow rows of noise longer; never twice as long."""

STRETCH = 128
"""Pixels looked at in one go: more than a row of repeats needs would be looked at for nothing."""

_DEFAULT_PRIMARIES = (0.640, 0.330, 0.290, 0.600, 0.150, 0.060)
"""Of Radiance; next to nobody means them, so that they count as BT.709."""

GAMUT_TOLERANCE = 1e-3
"""Negative light, relative to white, that is rounding rather than a colour outside of BT.709."""

_SIZE = re.compile(rb"([-+][YX]) +(\d{1,9}) +([-+][YX]) +(\d{1,9}) *\r?\n")

Bytes = NDArray[np.uint8]


def read(data: bytes) -> tuple[Image, None]:
    """Linear RGB of a Radiance HDR, float32, rows from the top.

    EXPOSURE is not divided out: 1.0 stays what the picture shows as white.

    Raises:
        DamagedError, UnsupportedError, LimitError: as their names say.
    """
    header, kind, axes, corners, position = _parse(data)
    upright = axes[0][1] == "Y"
    rows, columns = (header.height, header.width) if upright else (header.width, header.height)
    if len(data) - position < 4 * rows:
        raise DamagedError(f"the Radiance HDR ends at byte {len(data)}; {rows} rows need more")
    light = _light(_pixels(data, position, rows, columns))
    if kind == b"32-bit_rle_xyze":
        with np.errstate(all="ignore"):  # the brightest codes leave float32 here
            light = finite(light @ np.linalg.inv(colour.rgb_to_xyz("bt709")).T.astype(np.float32))
    elif _named(corners) is None:
        with np.errstate(all="ignore"):
            light = finite(light @ chromaticities.to_bt2020(corners).T.astype(np.float32))
    if axes[0] in ("+Y", "-X"):
        light = light[::-1]
    if axes[1] in ("+Y", "-X"):
        light = light[:, ::-1]
    if not upright:
        light = light.swapaxes(0, 1)
    return Image(np.ascontiguousarray(light), header.primaries or "bt709", "linear", bits=32), None


def probe(data: bytes) -> Signalling:
    """The same from the header alone."""
    return signalling("radiance", _parse(data)[0])


def _parse(data: bytes) -> tuple[Header, bytes, tuple[str, str], chromaticities.Corners, int]:
    """Header, FORMAT, the axes of rows and columns ("-Y", "+X"), primaries and white, and where the pixels begin."""
    head = data[:MAX_TEXT_HEADER_BYTES]
    blank = re.search(rb"\n\r?\n", head)
    found = _SIZE.match(head, blank.end()) if blank else None
    if blank is None or found is None:
        raise DamagedError("the Radiance HDR's header has no end, or no size after it")
    fields = dict(re.findall(rb"^([A-Z]+)=[ \t]*([^\r\n]*)", head[: blank.end()], re.MULTILINE))
    kind = fields.get(b"FORMAT", b"32-bit_rle_rgbe").strip()
    if kind not in (b"32-bit_rle_rgbe", b"32-bit_rle_xyze"):
        raise UnsupportedError(f"the Radiance HDR's FORMAT is {letters(kind[:40])}; rgbe and xyze are read")
    axes, sides = (found[1].decode(), found[3].decode()), (int(found[2]), int(found[4]))
    if axes[0][1] == axes[1][1]:
        raise DamagedError(f"the Radiance HDR's size is {letters(found[0].strip())}")
    height, width = sides if axes[0][1] == "Y" else sides[::-1]
    check_size(width, height, 16)
    corners = chromaticities.BT709 if kind == b"32-bit_rle_xyze" else _corners(fields.get(b"PRIMARIES"))
    header = Header(width, height, 32, _named(corners) or "bt2020", "linear")
    return header, kind, axes, corners, found.end()


def _named(corners: chromaticities.Corners) -> str | None:
    """Name of the primaries; light of others is converted to BT.2020."""
    return profiles.primaries_near(list(corners[:6]))


def _corners(field: bytes | None) -> chromaticities.Corners:
    """The primaries and white that a header states; BT.709 where it states none, nonsense, or Radiance's own."""
    try:
        values = tuple(float(part) for part in (field or b"").split())
    except ValueError:
        values = ()
    if len(values) != 8 or np.allclose(values[:6], _DEFAULT_PRIMARIES, atol=5e-3):
        return chromaticities.BT709
    return values if chromaticities.are_usable(values) else chromaticities.BT709


def _light(pixels: Bytes) -> NDArray[np.float32]:
    """[H, W, 4] RGBE to [H, W, 3] light; exponent 0 is black."""
    scale = np.ldexp(np.float32(1), np.arange(256) - 136).astype(np.float32)
    scale[0] = 0
    out = np.empty((*pixels.shape[:2], 3), np.float32)
    for source, target in zip(bands(pixels), bands(out), strict=True):
        np.multiply(source[..., :3], scale[source[..., 3:]], out=target)
    return out


def _pixels(data: bytes, position: int, rows: int, columns: int) -> Bytes:
    """The rows as [rows, columns, 4] bytes, whichever of the three codings each has."""
    pixels = np.empty((rows, columns, 4), np.uint8)
    for row in pixels:
        mark = data[position : position + 4]
        coded = columns in RUN_LENGTH_WIDTHS and mark[:2] == b"\x02\x02" and len(mark) == 4 and mark[2] < 128
        if coded:
            (stated,) = struct.unpack(">H", mark[2:])
            if stated != columns:
                raise DamagedError(f"a row of the Radiance HDR says {stated} pixels; the header says {columns}")
            position = _components(data, position + 4, row)
        else:
            position = _old(data, position, row)
    return pixels


def _components(data: bytes, position: int, row: Bytes) -> int:
    """A row coded a component at a time: counts above 128 repeat one byte, others are followed by that many."""
    columns = row.shape[0]
    for component in range(4):
        line, filled = bytearray(), 0
        while filled < columns:
            count = data[position] if position < len(data) else 0
            run = count > 128
            count -= 128 if run else 0
            piece = data[position + 1 : position + 2] * count if run else data[position + 1 : position + 1 + count]
            if count == 0 or len(piece) != count or filled + count > columns:
                raise DamagedError(f"the Radiance HDR's runs break at byte {min(position, len(data))}")
            line += piece
            filled += count
            position += 2 if run else 1 + count
        row[:, component] = np.frombuffer(line, np.uint8)
    return position


def _old(data: bytes, position: int, row: Bytes) -> int:
    """A row of plain pixels, in which (1, 1, 1, n) repeats the last one n times, and the next n counts 256-fold."""
    filled, shift, columns = 0, 0, row.shape[0]
    while filled < columns:
        count = min(columns - filled, STRETCH, (len(data) - position) // 4)
        ahead = np.frombuffer(data, np.uint8, 4 * count, position).reshape(-1, 4)
        if len(ahead) == 0:
            raise DamagedError(f"the Radiance HDR ends at byte {len(data)}, within a row")
        used = 0
        for mark in [*np.flatnonzero((ahead[:, :3] == 1).all(1)).tolist(), len(ahead)]:
            plain = min(mark - used, columns - filled)
            if plain:
                row[filled : filled + plain] = ahead[used : used + plain]
                filled, used, shift = filled + plain, used + plain, 0
            if filled == columns or mark == len(ahead):
                break
            count = int(ahead[mark, 3]) << shift
            if filled == 0 or filled + count > columns or shift > 24:
                place = position + 4 * mark
                raise DamagedError(f"the Radiance HDR repeats {count} pixels at byte {place}, beyond its row")
            row[filled : filled + count] = row[filled - 1]
            filled, used, shift = filled + count, mark + 1, shift + 8
        position += 4 * used
    return position


def write(
    image: Image, gain_map: GainMap | None = None, *, quality: int = 95, map_quality: int = 90
) -> Iterator[bytes]:
    """A Radiance HDR of the image's light, rows from the top, in pieces.

    In BT.709, which readers take for granted; where a colour lies outside of it, in the image's own primaries, which
    the header then states. Negative light becomes 0, light above the largest code that code.
    `quality` and `map_quality` mean nothing here; `gain_map` must be None.

    Raises:
        UnsupportedError: there is a gain map, which Radiance HDR cannot carry.
    """
    if gain_map is not None:
        raise UnsupportedError("a Radiance HDR cannot carry a gain map; write a .jpg, or apply the map first")
    return _parts(image)


def _parts(image: Image) -> Iterator[bytes]:
    matrix = colour.rgb_to_rgb(image.primaries, "bt709").T.astype(np.float32)
    plain = image.primaries == "bt709"
    inside = plain or all((_linear(band, image) @ matrix).min() > -GAMUT_TOLERANCE for band in bands(image.pixels))
    corners = (*(value for pair in colour.PRIMARIES[image.primaries] for value in pair), *colour.D65)
    stated = "" if inside else f"PRIMARIES={' '.join(f'{value:.4f}' for value in corners)}\n"
    yield f"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n{stated}\n-Y {image.height} +X {image.width}\n".encode()
    for band in bands(image.pixels):
        light = _linear(band, image)
        light = _rounded(light if plain or not inside else light @ matrix)
        room = light.shape[0] * (ROW_MARK_BYTES + 8 * light.shape[1])
        yield bytes(imagecodecs.rgbe_encode(light, header=False, rle=True, out=room))


def _linear(pixels: Pixels, image: Image) -> NDArray[np.float32]:
    """Light of some rows."""
    if image.transfer == "linear":
        return np.asarray(pixels, np.float32)
    scale = 1 if pixels.dtype == np.float32 else np.iinfo(pixels.dtype).max
    light: NDArray[np.float32] = colour.to_linear(pixels / scale, image.transfer, image.white_nits).astype(np.float32)
    return light


def _rounded(light: NDArray[np.float32]) -> NDArray[np.float32]:
    """[H, W, 3] light on the nearest values that RGBE holds; the encoder itself would cut off."""
    light = np.clip(np.nan_to_num(light), 0, np.ldexp(np.float32(255), 255 - 136))
    peak = light.max(axis=2)
    exponent = np.frexp(peak)[1]
    exponent += np.ldexp(peak, 8 - exponent) >= np.float32(255.5)
    exponent = np.maximum(exponent, -127)[..., None]
    whole = np.minimum(np.floor(np.ldexp(light, 8 - exponent) + np.float32(0.5)), 255)
    return np.asarray(np.ldexp(whole, exponent - 8), np.float32)
