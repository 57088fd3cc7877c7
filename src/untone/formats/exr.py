"""OpenEXR: linear light in and out; 1.0 is SDR white, whose nits are the whiteLuminance attribute."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .. import colour, kernels
from ..errors import DamagedError, LimitError, UnsupportedError, UntoneError
from ..image import DIFFUSE_WHITE_NITS, GainMap, Image, Pixels
from . import profiles
from .exr_lines import SIGNATURE as SIGNATURE
from .exr_lines import exr_parts
from .files import Part
from .icc import BRADFORD
from .limits import MAX_ATTRIBUTE_NAME, MAX_CHUNKS, check_size
from .pixels import finite
from .quiet import muted
from .signalling import Header, Signalling, signalling

LARGEST_HALF = 65504.0

_DEEP, _MULTIPART = 0x800, 0x1000
_ATTRIBUTES = (b"dataWindow", b"chromaticities", b"whiteLuminance", b"channels")
_MAIN_LAYERS = ("combined", "beauty", "rgba", "rgb", "color")
_COLOUR_NAMES = ("r", "g", "b", "red", "green", "blue")
_BT709 = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, 0.3127, 0.3290)


def read(data: bytes) -> tuple[Image, None]:
    """Linear RGB of an EXR, float32; grey (Y) and luminance/chroma files become RGB.

    Primaries without a name of ours are converted to BT.2020; NaN becomes 0, infinity the largest half.

    Raises:
        DamagedError, UnsupportedError, LimitError: as their names say.
    """
    header = parse(data)
    attributes = _attributes(data)
    weights = _luminance_weights(attributes)
    light = finite(_rgb(_channels(data), header, weights))
    primaries = header.primaries
    if primaries is None:
        light = light @ _to_bt2020(_chromaticities(attributes)).T.astype(np.float32)
        primaries = "bt2020"
    white = attributes.get(b"whiteLuminance", b"")
    nits = struct.unpack("<f", white)[0] if len(white) == 4 else 0.0
    nits = nits if 1 <= nits <= 10_000 else DIFFUSE_WHITE_NITS
    return Image(np.ascontiguousarray(light, np.float32), primaries, "linear", bits=32, white_nits=nits), None


def probe(data: bytes) -> Signalling:
    """The same from the header alone."""
    return signalling("exr", parse(data))


def parse(data: bytes) -> Header:
    """The header of an EXR.

    Raises:
        DamagedError: it is truncated or lacks its data window.
        UnsupportedError: deep pixels, or several parts.
        LimitError: too many pixels.
    """
    attributes = _attributes(data)
    window = attributes.get(b"dataWindow", b"")
    if len(window) != 16:
        raise DamagedError("the EXR header has no data window")
    left, top, right, bottom = struct.unpack("<4i", window)
    width, height = right - left + 1, bottom - top + 1
    check_size(width, height, 4 * max(3, _channel_count(attributes)))
    primaries = profiles.primaries_near(list(_chromaticities(attributes)[:6]))
    return Header(width, height, 32, primaries, "linear")


def _attributes(data: bytes) -> dict[bytes, bytes]:
    """The attributes that matter, by name."""
    if len(data) < 8:
        raise DamagedError(f"the EXR ends after {len(data)} bytes")
    if struct.unpack_from("<I", data, 4)[0] & (_DEEP | _MULTIPART):
        raise UnsupportedError("this EXR is deep or of several parts; only flat single-part ones are read")
    found: dict[bytes, bytes] = {}
    position = 8
    for _ in range(MAX_CHUNKS):
        if data[position : position + 1] == b"\0":
            return found
        name_end = data.find(b"\0", position, position + MAX_ATTRIBUTE_NAME)
        kind_end = data.find(b"\0", name_end + 1, name_end + 1 + MAX_ATTRIBUTE_NAME)
        if name_end < 0 or kind_end < 0 or kind_end + 5 > len(data):
            break
        (size,) = struct.unpack_from("<i", data, kind_end + 1)
        start, name = kind_end + 5, data[position:name_end]
        if size < 0 or start + size > len(data):
            break
        if name in _ATTRIBUTES:
            found[name] = data[start : start + size]
        position = start + size
    raise DamagedError("the EXR header is truncated or damaged")


def _channel_count(attributes: dict[bytes, bytes]) -> int:
    """Entries of the channel list: a name that ends in a zero byte, then 16 bytes."""
    listed, position, count = attributes.get(b"channels", b""), 0, 0
    while (end := listed.find(b"\0", position)) > position:
        position, count = end + 17, count + 1
    return count


def _chromaticities(attributes: dict[bytes, bytes]) -> tuple[float, ...]:
    """Red, green, blue and white x, y; BT.709 where the file does not say."""
    stored = attributes.get(b"chromaticities", b"")
    values = struct.unpack("<8f", stored) if len(stored) == 32 else _BT709
    usable = [0 < y <= 1.2 and -1 <= x <= 1.2 for x, y in zip(values[::2], values[1::2], strict=True)]
    return values if all(usable) or (usable[-1] and _is_aces(values)) else _BT709


def _is_aces(values: tuple[float, ...]) -> bool:
    """ACES AP0, whose blue lies below the axis."""
    return all(abs(a - b) < 1e-3 for a, b in zip(values, (0.7347, 0.2653, 0, 1, 0.0001, -0.077), strict=False))


def _matrix(values: tuple[float, ...]) -> NDArray[np.float64]:
    """[3, 3] linear RGB of these chromaticities to XYZ, Y of white = 1."""
    columns = np.array([[x / y, 1.0, (1 - x - y) / y] for x, y in zip(values[:6:2], values[1:6:2], strict=True)]).T
    white = np.array([values[6] / values[7], 1.0, (1 - values[6] - values[7]) / values[7]])
    matrix: NDArray[np.float64] = columns * np.linalg.solve(columns, white)
    return matrix


def _to_bt2020(values: tuple[float, ...]) -> NDArray[np.float64]:
    """[3, 3] linear RGB of these chromaticities to BT.2020, whites adapted by Bradford."""
    try:
        matrix = _matrix(values)
    except np.linalg.LinAlgError:
        matrix = _matrix(_BT709)
    source, target = BRADFORD @ matrix.sum(axis=1), BRADFORD @ colour.rgb_to_xyz("bt2020").sum(axis=1)
    adapt = np.linalg.inv(BRADFORD) @ np.diag(target / source) @ BRADFORD
    result: NDArray[np.float64] = np.linalg.inv(colour.rgb_to_xyz("bt2020")) @ adapt @ matrix
    return result


def _luminance_weights(attributes: dict[bytes, bytes]) -> NDArray[np.float64]:
    try:
        weights: NDArray[np.float64] = _matrix(_chromaticities(attributes))[1]
    except np.linalg.LinAlgError:
        weights = _matrix(_BT709)[1]
    return weights


def _channels(data: bytes) -> dict[str, Pixels]:
    """Every channel, by name. The library reads named files only."""
    import tempfile  # here, as a JPEG needs neither of them

    import OpenEXR

    with tempfile.TemporaryDirectory(prefix="untone") as folder:
        name = Path(folder) / "in.exr"
        try:
            name.write_bytes(data)
            with muted(), OpenEXR.File(str(name), separate_channels=True) as file:
                return {key: channel.pixels for key, channel in file.channels().items()}
        except OSError as error:
            raise UntoneError(f"cannot use the temporary folder: {error.strerror or error}") from error
        except MemoryError as error:
            raise LimitError("the EXR does not fit into memory") from error
        except Exception as error:  # the library raises bare RuntimeError, ValueError, TypeError and its own
            raise DamagedError(f"the EXR cannot be decoded: {' '.join(str(error).split())[:160]}") from error


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
