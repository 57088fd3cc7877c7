"""OpenEXR reader and writer: linear light; 1.0 is SDR white, whose nits are the whiteLuminance attribute."""

from __future__ import annotations

import dataclasses
import math
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from ... import colour, kernels
from ...errors import DamagedError, LimitError, UnsupportedError, UntoneError
from ...image import DIFFUSE_WHITE_NITS, GainMap, Image, Pixels, Rows
from ..common.files import Part
from ..common.limits import MAX_ATTRIBUTE_NAME, MAX_CHUNKS, MAX_PARTS, MAX_PIXEL_BYTES, check_size
from ..common.pixels import finite
from ..common.quiet import muted
from ..profiles import chromaticities
from ..profiles import resolve as profiles
from ..signalling import Header, Signalling, signalling
from . import row_reader
from .row_writer import SIGNATURE as SIGNATURE
from .row_writer import exr_parts

LARGEST_HALF = 65504.0

_TILED, _DEEP, _MULTIPART = 0x200, 0x800, 0x1000
_ATTRIBUTES = (b"dataWindow", b"chromaticities", b"whiteLuminance", b"channels", b"compression")
_COLOURS = {b"r", b"g", b"b", b"y", b"red", b"green", b"blue"}
Attributes = dict[bytes, bytes]

_MAIN_LAYERS = ("combined", "beauty", "rgba", "rgb", "color")
_COLOUR_NAMES = ("r", "g", "b", "red", "green", "blue")


def read(data: bytes) -> tuple[Image, None]:
    """Linear RGB of an EXR, float32; grey (Y) and luminance/chroma files become RGB.

    Primaries without a name of ours are converted to BT.2020; NaN becomes 0, infinity the largest half.

    Raises:
        DamagedError, UnsupportedError, LimitError: as their names say.
    """
    header = parse(data)
    found = _chosen(data)
    attributes, matrix = found.attributes, None
    if header.primaries is None:
        matrix = chromaticities.to_bt2020(_chromaticities(attributes)).T.astype(np.float32)
    light = _rows(data, found.rows, matrix) if found.rows is not None else _whole(data, header, found, matrix)
    primaries = header.primaries or "bt2020"
    white = attributes.get(b"whiteLuminance", b"")
    nits = struct.unpack("<f", white)[0] if len(white) == 4 else 0.0
    nits = nits if 1 <= nits <= 10_000 else DIFFUSE_WHITE_NITS
    return Image(light, primaries, "linear", bits=32, white_nits=nits), None


def _whole(data: bytes, header: Header, found: _Chosen, matrix: Pixels | None) -> Pixels:
    with np.errstate(all="ignore"):  # the brightest floats leave float32 here
        light = finite(_rgb(_channels(data, found.part), header, _luminance_weights(found.attributes)))
        light = light if matrix is None else finite(light @ matrix)
    return np.ascontiguousarray(light, np.float32)


def _rows(data: bytes, layout: row_reader.Layout, matrix: Pixels | None) -> Pixels:
    stored = row_reader.reader(data, layout)

    def made(first: int, last: int) -> NDArray[np.float32]:
        light = finite(stored(first, last))
        with np.errstate(all="ignore"):
            return light if matrix is None else np.asarray(finite(light @ matrix), np.float32)

    return cast(Pixels, Rows((layout.height, layout.width, 3), made, MAX_PIXEL_BYTES))


def probe(data: bytes) -> Signalling:
    """The same from the header alone."""
    return signalling("exr", parse(data))


def parse(data: bytes) -> Header:
    """The header of an EXR.

    Raises:
        DamagedError: it is truncated or lacks its data window.
        UnsupportedError: deep pixels.
        LimitError: too many pixels.
    """
    attributes = _chosen(data).attributes
    width, height = _size(attributes)
    primaries = profiles.primaries_near(list(_chromaticities(attributes)[:6]))
    return Header(width, height, 32, primaries, "linear")


def _size(attributes: Attributes) -> tuple[int, int]:
    window = attributes.get(b"dataWindow", b"")
    if len(window) != 16:
        raise DamagedError("the EXR header has no data window")
    left, top, right, bottom = struct.unpack("<4i", window)
    return right - left + 1, bottom - top + 1


@dataclasses.dataclass(frozen=True)
class _Chosen:
    """A part of a file: its number, its attributes, and where its rows are if only few of them fit into memory."""

    part: int
    attributes: Attributes
    rows: row_reader.Layout | None = None


def _chosen(data: bytes) -> _Chosen:
    """The first part of a file that has colours, else the first.

    Raises:
        LimitError: too many pixels, or more than fit into memory in a file that is not read by rows.
    """
    if len(data) < 8:
        raise DamagedError(f"the EXR ends after {len(data)} bytes")
    (flags,) = struct.unpack("<I", data[4:8])
    if flags & _DEEP:
        raise UnsupportedError("this EXR is deep; only flat ones are read")
    parts: list[Attributes] = []
    position = 8
    while not parts or (flags & _MULTIPART and data[position : position + 1] != b"\0"):
        if len(parts) == MAX_PARTS:
            raise LimitError(f"the EXR has more than {MAX_PARTS} parts")
        attributes, position = _attributes(data, position)
        parts.append(attributes)
    depths = [4 * max(3, len(_channel_names(part))) for part in parts]
    total = sum(depth * math.prod(_size(part)) for part, depth in zip(parts, depths, strict=True))
    if total > MAX_PIXEL_BYTES and not flags & (_MULTIPART | _TILED):
        rows = row_reader.layout_of(parts[0], position)
        if rows is not None:
            return _Chosen(0, parts[0], rows)
    for part, depth in zip(parts, depths, strict=True):
        check_size(*_size(part), depth)
    if total > MAX_PIXEL_BYTES:  # the library decodes all parts
        raise LimitError(f"the EXR's parts have {total} bytes of pixels; the limit is {MAX_PIXEL_BYTES}")
    return next((_Chosen(n, part) for n, part in enumerate(parts) if _has_colours(part)), _Chosen(0, parts[0]))


def _has_colours(attributes: Attributes) -> bool:
    return any(name.rpartition(b".")[2].lower() in _COLOURS for name in _channel_names(attributes))


def _attributes(data: bytes, position: int) -> tuple[Attributes, int]:
    """The attributes that matter of the header at an offset, by name, and where it ends."""
    found: Attributes = {}
    for _ in range(MAX_CHUNKS):
        if data[position : position + 1] == b"\0":
            return found, position + 1
        name_end = data.find(b"\0", position, position + MAX_ATTRIBUTE_NAME)
        kind_end = data.find(b"\0", name_end + 1, name_end + 1 + MAX_ATTRIBUTE_NAME)
        if name_end < 0 or kind_end < 0 or kind_end + 5 > len(data):
            break
        (size,) = struct.unpack("<i", data[kind_end + 1 : kind_end + 5])
        start, name = kind_end + 5, data[position:name_end]
        if size < 0 or start + size > len(data):
            break
        if name in _ATTRIBUTES:
            found[name] = data[start : start + size]
        position = start + size
    raise DamagedError("the EXR header is truncated or damaged")


def _channel_names(attributes: Attributes) -> list[bytes]:
    """Of the channel list, whose entries are a name that ends in a zero byte, and 16 bytes."""
    listed, position, names = attributes.get(b"channels", b""), 0, []
    while (end := listed.find(b"\0", position)) > position:
        names.append(listed[position:end])
        position = end + 17
    return names


def _chromaticities(attributes: Attributes) -> tuple[float, ...]:
    """Red, green, blue and white x, y; BT.709 where the file does not say."""
    stored = attributes.get(b"chromaticities", b"")
    values = struct.unpack("<8f", stored) if len(stored) == 32 else chromaticities.BT709
    return values if chromaticities.are_usable(values) else chromaticities.BT709


def _luminance_weights(attributes: Attributes) -> NDArray[np.float64]:
    weights: NDArray[np.float64] = chromaticities.to_xyz(_chromaticities(attributes))[1]
    return weights


def _channels(data: bytes, part: int) -> dict[str, Pixels]:
    """Every channel of a part, by name. The library reads named files only."""
    import tempfile  # here, as a JPEG needs neither of them

    import OpenEXR

    with tempfile.TemporaryDirectory(prefix="untone") as folder:
        name = Path(folder) / "in.exr"
        try:
            name.write_bytes(data)
            with muted(), OpenEXR.File(str(name), separate_channels=True) as file:
                if part >= len(file.parts):
                    raise DamagedError("the EXR's pixels are damaged, or not all there")
                return {key: channel.pixels for key, channel in file.channels(part).items()}
        except DamagedError:
            raise
        except OSError as error:
            raise UntoneError(f"cannot use the temporary folder: {error.strerror or error}") from error
        except MemoryError as error:
            raise LimitError("the EXR does not fit into memory") from error
        except Exception as error:  # the library raises bare RuntimeError, ValueError, TypeError and its own
            said = " ".join(str(error).replace(str(name), "it").split())[:160]
            raise DamagedError(f"the EXR cannot be decoded: {said}") from error


def _rgb(channels: dict[str, Pixels], header: Header, weights: NDArray[np.float64]) -> Pixels:
    shape = (header.height, header.width)
    channels = _one_layer(channels)
    if {"R", "G", "B"} <= channels.keys():
        planes = [channels[name] for name in "RGB"]
    elif {"Y", "RY", "BY"} <= channels.keys():
        luma, red, blue = (_full_size(channels[name], shape) for name in ("Y", "RY", "BY"))
        red, blue = (red + 1) * luma, (blue + 1) * luma
        planes = [red, (luma - weights[0] * red - weights[2] * blue) / weights[1], blue]
    elif "Y" in channels:
        planes = [channels["Y"]] * 3
    elif channels.keys() & set("RGB"):  # colours that are not there are black (OpenEXR, RgbaInputFile)
        planes = [channels.get(name, np.zeros(shape, np.float32)) for name in "RGB"]
    else:
        raise UnsupportedError(f"the EXR has channels {', '.join(sorted(channels))[:80]}; R, G, B or Y are read")
    if any(plane.shape != shape for plane in planes):
        raise DamagedError(f"the EXR's channels are not {header.width} x {header.height}")
    return np.stack([plane.astype(np.float32) for plane in planes], axis=2)


def _one_layer(channels: dict[str, Pixels]) -> dict[str, Pixels]:
    """The channels by their bare names: those of the file itself, else of its only layer that has R, G and B.

    Of several such layers the one is taken that renderers name Combined, Beauty or RGBA.

    Raises:
        UnsupportedError: several layers, none of them named so.
    """
    if {"R", "G", "B"} <= channels.keys() or "Y" in channels:
        return channels
    layers: dict[str, dict[str, Pixels]] = {}
    for name, plane in channels.items():
        layer, _, last = name.rpartition(".")
        layers.setdefault(layer, {})[last.upper()[:1] if last.lower() in _COLOUR_NAMES else last] = plane
    full = {layer: found for layer, found in layers.items() if {"R", "G", "B"} <= found.keys()}
    chosen = [layer for layer in full if layer.rpartition(".")[2].lower() in _MAIN_LAYERS] or list(full)
    if len(chosen) > 1:
        raise UnsupportedError(f"the EXR has layers {', '.join(sorted(chosen))[:120]}; one of them must be saved alone")
    return full[chosen[0]] if chosen else channels


def _full_size(plane: Pixels, shape: tuple[int, int]) -> NDArray[np.float32]:
    """A plane subsampled by whole factors, repeated to full size."""
    steps = [-(-full // max(part, 1)) for full, part in zip(shape, plane.shape, strict=True)]
    wide = np.repeat(np.repeat(plane.astype(np.float32), steps[0], 0), steps[1], 1)
    return wide[: shape[0], : shape[1]]


def write(
    image: Image, gain_map: GainMap | None = None, *, quality: int = 95, map_quality: int = 90, half: bool = True
) -> Iterator[Part]:
    """A ZIP-compressed EXR of the image's light, with its chromaticities and whiteLuminance, in pieces.

    `quality` and `map_quality` mean nothing here; `gain_map` must be None; `half` says half floats.

    Raises:
        UnsupportedError: there is a gain map, which EXR does not carry.
    """
    if gain_map is not None:
        raise UnsupportedError("an EXR cannot carry a gain map; write a .jpg, or apply the map first")
    dtype = np.float16 if half else np.float32

    def band(first: int, last: int) -> Pixels:
        return np.clip(_light(image.pixels[first:last], image), -LARGEST_HALF, LARGEST_HALF).astype(dtype)

    (rx, ry), (gx, gy), (bx, by) = colour.PRIMARIES[image.primaries]
    floats = {
        "chromaticities": ("chromaticities", (rx, ry, gx, gy, bx, by, *colour.D65)),
        "whiteLuminance": ("float", (float(image.white_nits),)),
    }
    return exr_parts(band, image.width, image.height, dtype, floats, kernels.info()["threads"])


def _light(pixels: Pixels, image: Image) -> Pixels:
    if pixels.dtype == np.float32:
        return pixels if image.transfer == "linear" else colour.to_linear(pixels, image.transfer, image.white_nits)
    return colour.to_linear(pixels / np.iinfo(pixels.dtype).max, image.transfer, image.white_nits)
