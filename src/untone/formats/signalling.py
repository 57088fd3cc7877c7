"""HDR signalling of a file, from headers alone, as `untone inspect` prints it."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from ..errors import DamagedError
from ..image import HDR_TRANSFERS, Image, Pixels
from .common.pixels import full_range
from .common.transparency import Alpha, composited, white_code
from .metadata.iso21496 import PER_CHANNEL, Metadata
from .profiles import resolve as profiles
from .profiles.icc import describe

NO_HEADROOM = "the file states no usable headroom for it"
"""Of an Apple gain map, which is then no gain map."""


@dataclasses.dataclass(frozen=True)
class BaseSignal:
    """Colour of the base image.

    Attributes:
        primaries: one of image.PRIMARIES_NAMES, or "other" for an ICC profile without such a name.
        transfer: one of image.TRANSFER_NAMES, or "other".
        bits: of one sample.
    """

    primaries: str
    transfer: str
    bits: int


@dataclasses.dataclass(frozen=True)
class GainMapSignal:
    """Size, parameters and metadata flavours of a gain map; see image.GainMap."""

    width: int
    height: int
    channels: int
    min_stops: list[float]
    max_stops: list[float]
    gamma: list[float]
    base_offset: list[float]
    alternate_offset: list[float]
    base_headroom_stops: float
    alternate_headroom_stops: float
    use_base_colour_space: bool
    encodings: list[str]


@dataclasses.dataclass(frozen=True)
class NetworkSignal:
    """A gain network (jpeg/network_segment.py), or a residual as a picture (jpeg/residual_segment.py).

    Attributes:
        residual, domain, primaries: what its values mean.
        neurons, bits: of its layers (0 of a picture) and of a stored weight or code.
        width, height: of the picture it was made for.
        headroom_stops: of the HDR rendition.
        bytes: that it makes the file larger.
        codec: of a picture; None of a network.
    """

    residual: str
    domain: str
    primaries: str
    neurons: int
    bits: int
    width: int
    height: int
    headroom_stops: float
    bytes: int
    codec: str | None = None


@dataclasses.dataclass(frozen=True)
class Signalling:
    """Everything `inspect` prints about a file.

    Attributes:
        format: name in the table of formats.
        width, height: as stored, before orientation.
        base, gain_map: their colour and parameters; gain_map is None where there is none.
        orientation: EXIF, 1 to 8.
        icc: the profile's description, None without a profile.
        warnings: contradictions and what is not read, one line each.
        network: of a JPEG that carries a gain network; None elsewhere.
        left_out: why a gain map that is there is not read, one line, which is among the warnings too.
    """

    format: str
    width: int
    height: int
    base: BaseSignal
    gain_map: GainMapSignal | None
    orientation: int
    icc: str | None
    warnings: list[str]
    network: NetworkSignal | None = None
    left_out: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Nested dicts, lists and numbers, ready for JSON; `network` and `left_out` only where there is one."""
        found = dataclasses.asdict(self)
        return {k: v for k, v in found.items() if v is not None or k not in ("network", "left_out")}


@dataclasses.dataclass(frozen=True)
class Header:
    """What a container's header gives a reader.

    Attributes:
        width, height, bits: as stored.
        primaries, transfer: where the container names them (they win over `icc`), else None.
        icc, exif, xmp: metadata without container headers.
        orientation: EXIF, 1 to 8.
        warnings: one line each.
        left_out: why the file's gain map is not read.
        notes: as Image has them.
    """

    width: int
    height: int
    bits: int
    primaries: str | None = None
    transfer: str | None = None
    icc: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    orientation: int = 1
    warnings: tuple[str, ...] = ()
    left_out: str | None = None
    notes: tuple[str, ...] = ()


def signalling(name: str, header: Header, gain_map: GainMapSignal | None = None) -> Signalling:
    """The signalling of a header, as `inspect` prints it."""
    description, warnings = None, list(header.warnings)
    primaries, transfer = header.primaries or "bt709", header.transfer or "srgb"
    if header.icc is not None:
        try:
            profile = describe(header.icc)
            description = profile.description
            if header.transfer is None and profile.space in ("RGB ", "GRAY"):
                primaries, transfer = profile.primaries or "other", profile.transfer or "other"
            elif header.transfer is None:
                primaries, transfer = "other", "other"
        except DamagedError as error:
            warnings.append(f"{error}; the photo is taken as sRGB")
    warnings += [header.left_out] if header.left_out else []
    base = BaseSignal(primaries, transfer, header.bits)
    about = (header.orientation, description, warnings)
    return Signalling(name, header.width, header.height, base, gain_map, *about, left_out=header.left_out)


_LEFT_OUT = "the gain map is left out: "


def left_out(reason: Exception | str) -> str:
    """Why a gain map is not read: one that is whole, and of a kind that is not known here. Damaged ones are refused."""
    return f"{_LEFT_OUT}{reason}"


def shown_elsewhere(reason: str | None) -> str | None:
    """Why a gain map was left out that other viewers may show, without its lead; None of one that nobody can show."""
    if reason is None or reason == left_out(NO_HEADROOM):
        return None
    return reason.removeprefix(_LEFT_OUT)


def reason_to_leave(found: Signalling) -> str | None:
    """Why convert leaves a photo of such headers alone: it is HDR already; None of one that it converts."""
    return hdr_already(found.gain_map is not None, found.left_out, found.network is not None, found.base.transfer)


def hdr_already(has_map: bool, left_out: str | None, has_network: bool, transfer: str) -> str | None:
    """In what way a photo is HDR, one line; None of one that is SDR."""
    if has_map:
        return "it already carries a gain map"
    elsewhere = shown_elsewhere(left_out)
    if elsewhere is not None:
        return f"it already carries a gain map, which is not read here ({elsewhere}); untone to png drops it"
    if has_network:
        return "it already carries a gain network"
    if transfer in HDR_TRANSFERS:
        return f"it is HDR already ({transfer.upper() if transfer != 'linear' else 'linear light'})"
    return None


def gain_map_signal(
    width: int, height: int, channels: int, metadata: Metadata, encodings: tuple[str, ...]
) -> GainMapSignal:
    """A gain map's size and parameters as `inspect` prints them: one number per stored channel."""
    count = 3 if channels == 3 or metadata.multichannel else 1
    values = {name: [float(value) for value in getattr(metadata, name)[:count]] for name in PER_CHANNEL}
    return GainMapSignal(
        width,
        height,
        channels,
        **values,
        base_headroom_stops=metadata.base_headroom_stops,
        alternate_headroom_stops=metadata.alternate_headroom_stops,
        use_base_colour_space=metadata.use_base_colour_space,
        encodings=list(encodings),
    )


def over_background(header: Header, pixels: Pixels, alpha: Alpha | None) -> tuple[Header, Pixels]:
    """Codes [H, W, 3] of a header's depth without transparency, and the header with a note on it; opaque ones as is."""
    if alpha is None or alpha.is_opaque:
        return header, pixels
    transfer = header.transfer or (profiles.transfer_of(header.icc) if header.icc is not None else None) or "srgb"
    top = {"f": 1.0, "u": 255.0 if pixels.dtype == np.uint8 else float((1 << header.bits) - 1)}[pixels.dtype.kind]
    shown = composited(pixels, alpha, top, white_code(transfer))
    return dataclasses.replace(header, notes=(*header.notes, alpha.note)), shown


def image_of(header: Header, pixels: Pixels) -> Image:
    """The Image of decoded pixels [H, W, 3]: in the space the header names, else as its ICC profile says.

    Pixels of an unnamed profile are converted, and the profile, which no longer describes them, is dropped.
    """
    pixels = full_range(pixels, header.bits)
    names = ("bits", "orientation", "exif", "xmp", "left_out", "notes")
    common: dict[str, Any] = {name: getattr(header, name) for name in names}
    if header.transfer is not None or header.icc is None:
        return Image(pixels, header.primaries or "bt709", header.transfer or "srgb", **common)
    found = profiles.resolve(header.icc, pixels)
    icc = header.icc if found.named else None
    return Image(found.pixels, found.primaries, found.transfer, icc=icc, **common)
