"""JPEG reader and writer, plain or with a gain map. The container of gain maps is in `ultrahdr.py`."""

from __future__ import annotations

import dataclasses
import functools
import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import imagecodecs
import numpy as np

from ... import kernels
from ...errors import DamagedError, UnsupportedError, UntoneError
from ...image import GainMap, Image, Pixels
from ..common.limits import MAX_SECONDARY_SEGMENTS, check_size
from ..common.pixels import decoded, eight_bits, packed
from ..metadata.exif import orientation_of, with_orientation
from ..metadata.iso21496 import Metadata, metadata_of
from ..profiles import resolve as profiles
from ..profiles.icc import named_profile
from ..signalling import NO_HEADROOM, Header, Signalling, gain_map_signal, left_out, signalling
from . import apple, blocks, network_segment, remarks, ultrahdr
from .segments import (
    APP1,
    EXIF_TAG,
    MAX_BODY,
    XMP_TAG,
    Codestream,
    check_binary,
    check_decodable,
    find_end,
    icc_segments,
    parse,
    segment,
)
from .ultrahdr import Parts
from .xmp_segments import announces_gain_map, segments_of

MAX_JPEG_SIDE = 65500
"""The encoder's limit; the format's is 65535."""

MOST_PIXELS_BESIDE = 1 << 26
"""Of a base that is decoded while its gain map is."""

MOST_OPTIMIZED = 1 << 24
"""Pixels of a picture that gets codes of its own, a tenth smaller: the encoder then holds all coefficients."""


def read(data: bytes) -> tuple[Image, GainMap | None]:
    """Pixels of the base image, and the gain map where the file has one.

    A file whose image data are whole but for the marker that ends them is read with it, as viewers do.

    Raises:
        DamagedError, UnsupportedError, LimitError: as their names say.
    """
    try:
        return _read(data)
    except DamagedError:
        whole = ended(data)
        if whole is data:
            raise
    return _read(whole)


def ended(data: bytes) -> bytes:
    """The file, with an end-of-image marker where that is all that its only image lacks."""
    whole = data + b"\xff\xd9"
    try:
        primary = parse(whole)
        check_decodable(primary)
        check_size(primary.width, primary.height)
        if find_end(whole, primary) == len(whole) and _can_hold(primary, len(whole)):
            blocks.moved(whole, primary, (0, 0, primary.width, primary.height), 1)
            return whole
    except UntoneError:
        pass
    return data


def _read(data: bytes) -> tuple[Image, GainMap | None]:
    layout = ultrahdr.locate(data)
    stated = _stated(layout)
    pixels, gain_map = _decoded(data, layout.primary, layout.gain_map, stated)
    found = _resolved(pixels, layout.primary)
    return _image(data, layout, found, found.pixels, stated), gain_map


def sketch(image: Image, gain_map: GainMap | None, base: bytes) -> tuple[Image, GainMap | None]:
    """An outline with the pixels of its base and map in it, of large ones one for several; for figures and thumbnails.

    Args:
        image, gain_map: as of `outline`; the map has its JPEG.
        base: a bare JPEG that the image shows.

    Raises:
        DamagedError: a decoder refuses either.
    """
    found = profiles.resolve(image.icc, small(base))
    image = dataclasses.replace(image, pixels=found.pixels, encoded=None)
    if gain_map is None or gain_map.encoded is None:
        return image, None
    codes = packed(small(gain_map.encoded)[:, :, : gain_map.channels])
    return image, dataclasses.replace(gain_map, codes=codes, encoded=None)


def outline(data: bytes) -> tuple[Image, GainMap | None]:
    """As `read`, without decoding anything: pixels and codes have their shape and type, and all of them are 0.

    Raises:
        DamagedError, UnsupportedError, LimitError: as `read`, of what headers say.
    """
    layout = ultrahdr.locate(data)
    stated, primary, second = _stated(layout), layout.primary, layout.gain_map
    check_decodable(primary)
    check_size(primary.width, primary.height)
    found = _resolved(np.zeros((1, 1, 4 if primary.components == 4 else 3), np.uint8), primary)
    pixels = np.broadcast_to(np.zeros_like(found.pixels), (primary.height, primary.width, 3))
    image = _image(data, layout, found, pixels, stated)
    if second is None or stated is None or stated.metadata is None:
        return image, None
    check_size(second.width, second.height)
    codes = np.broadcast_to(np.uint8(0), (second.height, second.width, 3 if second.components == 3 else 1))
    encoded = data[second.start : find_end(data, second)]
    return image, stated.metadata.gain_map(codes, profiles.primaries_of(second.icc), stated.encodings, encoded)


def later(data: bytes) -> Callable[[], GainMap | None] | None:
    """What decodes a gain map alone, and keeps no more of the file; None without one. Both raise as `read`."""
    layout = ultrahdr.locate(data)
    stated = _stated(layout)
    if layout.gain_map is None or stated is None or stated.metadata is None:
        return None
    alone = data[layout.gain_map.start : find_end(data, layout.gain_map)]
    return functools.partial(_gain_map, alone, parse(alone, 0, MAX_SECONDARY_SEGMENTS), stated)


def small(data: bytes) -> Pixels:
    """RGB of a JPEG [h, w, 3] uint8; of one beyond MOST_PIXELS_BESIDE the mean of each 2, 4 or 8 a side, as the decoder
    makes them of some coefficients alone."""
    stream = parse(data)
    if stream.width * stream.height <= MOST_PIXELS_BESIDE:
        return decode(data, stream)
    from PIL import JpegImagePlugin  # here, as few pictures are so large

    try:
        picture = JpegImagePlugin.JpegImageFile(io.BytesIO(data))
        picture.draft("RGB", (stream.width // 8, stream.height // 8))
        return np.array(picture.convert("RGB"))
    except (OSError, SyntaxError, ValueError) as error:  # what Pillow raises
        raise DamagedError(f"the JPEG cannot be decoded: {' '.join(str(error).split())[:160]}") from error


def _stated(layout: ultrahdr.Layout) -> _Parameters | None:
    if layout.gain_map is None:
        return None
    return _parameters(layout.gain_map, layout.primary.payload(APP1, EXIF_TAG))


def _resolved(pixels: Pixels, primary: Codestream) -> profiles.Resolved:
    """Decoded pixels of a base as RGB of a named colour space."""
    if primary.components == 4:
        return profiles.cmyk_to_rgb(pixels, primary.icc)
    return profiles.resolve(primary.icc, pixels)


def _image(
    data: bytes, layout: ultrahdr.Layout, found: profiles.Resolved, pixels: Pixels, stated: _Parameters | None
) -> Image:
    exif, icc = layout.primary.payload(APP1, EXIF_TAG), layout.primary.icc
    inked = layout.primary.components == 4
    return Image(
        pixels,
        primaries=found.primaries,
        transfer=found.transfer,
        orientation=orientation_of(exif),
        icc=None if inked else icc,
        exif=exif,
        xmp=remarks.packet(layout.primary),
        encoded=None if inked else data,
        gain_network=network_segment.joined(layout.primary.segments),
        inked=inked,
        left_out=stated.left_out if stated is not None else None,
        notes=remarks.notes(data, layout),
    )


def decode(data: bytes, stream: Codestream) -> Pixels:
    """RGB pixels [H, W, 3] uint8 of one codestream of 1 or 3 components; inks [H, W, 4] of one of 4.

    Raises:
        DamagedError: it does not end, cannot hold so many pixels, or the decoder refuses it.
    """
    check_decodable(stream)
    check_size(stream.width, stream.height)
    end = find_end(data, stream)
    if not _can_hold(stream, end):
        raise DamagedError(f"{end - stream.scan} bytes cannot hold {stream.width} x {stream.height} pixels")
    check_binary(data, stream.scan, end)
    space = "CMYK" if stream.components == 4 else "RGB"
    pixels = decoded(imagecodecs.jpeg8_decode, memoryview(data)[stream.start : end], outcolorspace=space)
    if pixels.shape != (stream.height, stream.width, len(space)):
        raise DamagedError(f"the JPEG decodes to {list(pixels.shape)} instead of {stream.height} x {stream.width}")
    return pixels


def _can_hold(stream: Codestream, end: int) -> bool:
    """Whether so few bytes can be so many pixels: a bit for each block of 8 x 8, but of arithmetic coding."""
    return stream.frame not in (0xC0, 0xC1, 0xC2) or (end - stream.scan) * 8 >= stream.width * stream.height // 64


def _decoded(
    data: bytes, primary: Codestream, second: Codestream | None, stated: _Parameters | None
) -> tuple[Pixels, GainMap | None]:
    """Base and gain map, side by side in two threads unless they are large: decoders may take what pixels take."""
    if second is None or stated is None or stated.metadata is None:
        return decode(data, primary), None
    if kernels.chosen(None, None)[1] == 1 or primary.width * primary.height > MOST_PIXELS_BESIDE:
        return decode(data, primary), _gain_map(data, second, stated)
    with ThreadPoolExecutor(1) as aside:
        coming = aside.submit(_gain_map, data, second, stated)
        return decode(data, primary), coming.result()


@dataclasses.dataclass(frozen=True)
class _Parameters:
    """Parameters of a gain map by its codestream; `metadata` is None where `left_out` says why."""

    metadata: Metadata | None
    encodings: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    left_out: str | None = None


def _gain_map(data: bytes, stream: Codestream, stated: _Parameters) -> GainMap | None:
    """The decoded gain map; None for one that is left out."""
    metadata, found = stated.metadata, stated.encodings
    if metadata is None:
        return None
    codes = decode(data, stream)
    if stream.components != 3 or found == ("apple",):
        codes = packed(codes[:, :, :1])
    if found == ("apple",):
        return metadata.gain_map(apple.recompute(codes, metadata.alternate_headroom_stops), encodings=found)
    encoded = data[stream.start : find_end(data, stream)]
    return metadata.gain_map(codes, profiles.primaries_of(stream.icc), found, encoded)


def _parameters(stream: Codestream, exif: bytes | None) -> _Parameters:
    """Parameters of a gain map's codestream; what is whole and not known here is left out, not refused."""
    found = ultrahdr.flavours(stream)
    try:
        check_decodable(stream)
        if stream.components == 4:
            raise UnsupportedError("its pixels are CMYK")
        if found != ("apple",):
            metadata, warnings = ultrahdr.metadata(stream)
            return _Parameters(metadata, tuple(name for name in found if name != "apple"), warnings)
    except UnsupportedError as error:
        return _Parameters(None, found, left_out=left_out(error))
    stops = apple.headroom_stops(stream.payload(APP1, XMP_TAG) or b"", exif)
    if stops is None:
        return _Parameters(None, found, left_out=left_out(NO_HEADROOM))
    return _Parameters(apple.metadata(stops), found)


def probe(data: bytes) -> Signalling:
    """Signalling of a JPEG and its gain map, from headers alone; no pixel is decoded.

    Raises:
        DamagedError, UnsupportedError, LimitError: as `read`.
    """
    layout = ultrahdr.locate(data)
    primary, secondary = layout.primary, layout.gain_map
    check_size(primary.width, primary.height)
    exif, warnings, gain_map, reason = primary.payload(APP1, EXIF_TAG), layout.warnings, None, None
    if secondary is not None:
        check_size(secondary.width, secondary.height)
        stated = _parameters(secondary, exif)
        warnings, reason = warnings + stated.warnings, stated.left_out
        if stated.metadata is not None:
            channels = 3 if secondary.components == 3 else 1
            size = (secondary.width, secondary.height, channels)
            gain_map = gain_map_signal(*size, stated.metadata, stated.encodings)
    network, more = network_segment.signal(primary.segments)
    header = Header(
        primary.width,
        primary.height,
        primary.bits,
        icc=primary.icc,
        orientation=orientation_of(exif),
        warnings=warnings + more,
        left_out=reason,
    )
    return dataclasses.replace(signalling("jpeg", header, gain_map), network=network)


def write(image: Image, gain_map: GainMap | None = None, *, quality: int = 95, map_quality: int = 90) -> Parts:
    """The JPEG file of an image, with its gain map in both metadata flavours, as pieces to be written in order.

    An image that was read from a JPEG keeps that file's bytes (`Image.encoded`): only segments are added.

    Raises:
        UntoneError: HDR pixels, or a side above the encoder's limit.
    """
    base = image.encoded if _is_jpeg(image.encoded) else None
    if base is not None and not _same_size(base, image):
        base = None
    if base is None:
        base = encode_base(image, quality)
    elif gain_map is None and (image.left_out is not None or not _has_more(base)):
        return [base]  # as it is, a gain map that is not read with it
    if gain_map is None:
        return ultrahdr.assemble(base, None)
    return ultrahdr.assemble(base, encode_map(_in_its_space(gain_map, image), map_quality))


def _has_more(base: bytes) -> bool:
    return bool(ultrahdr.locate(base).entries) or announces_gain_map(parse(base))


def _is_jpeg(data: bytes | None) -> bool:
    return data is not None and data[:3] == b"\xff\xd8\xff"


def _same_size(base: bytes, image: Image | GainMap) -> bool:
    stream = parse(base)
    return (stream.width, stream.height) == (image.width, image.height)


def _in_its_space(gain_map: GainMap, image: Image) -> GainMap:
    """A map computed from pixels that were converted (an unnamed ICC profile) is to be applied in their space."""
    fresh = not gain_map.encodings and gain_map.encoded is None
    if fresh and gain_map.use_base_colour_space and profiles.is_converted(image):
        return dataclasses.replace(gain_map, use_base_colour_space=False, alternate_primaries=image.primaries)
    return gain_map


def encode_base(image: Image, quality: int) -> bytes:
    """A fresh JPEG of the pixels with EXIF, XMP and, unless it is plain sRGB, an ICC profile.

    Raises:
        UntoneError: the pixels are HDR or too large for a JPEG.
    """
    if image.is_hdr:
        raise UntoneError(f"a JPEG base is SDR; these pixels are {image.transfer}")
    head = []
    exif = with_orientation(image.exif, image.orientation)
    if exif is not None and len(exif) <= MAX_BODY - len(EXIF_TAG):
        head.append(segment(APP1, EXIF_TAG + exif))
    if image.xmp is not None:
        with suppress(UntoneError):  # one that is damaged, or too large in one piece
            head += segments_of(image.xmp)
    icc = profiles.profile_for(image)
    body = encode(eight_bits(image.pixels), quality)
    after_jfif = parse(body).segments[0].end
    return b"".join([body[:after_jfif], *head, icc_segments(icc) if icc else b"", memoryview(body)[after_jfif:]])


def encode(pixels: Pixels, quality: int, subsampling: str = "444") -> bytes:
    """uint8 [H, W, 3 or 1] to a JPEG, without chroma subsampling unless told; one channel becomes a grey JPEG."""
    height, width, channels = pixels.shape
    if max(height, width) > MAX_JPEG_SIDE:
        raise UntoneError(f"{width} x {height} pixels do not fit a JPEG; the limit is {MAX_JPEG_SIDE} a side")
    pixels, optimize = packed(pixels), height * width <= MOST_OPTIMIZED
    if channels == 1:
        return bytes(imagecodecs.jpeg8_encode(pixels[:, :, 0], level=quality, optimize=optimize))
    options = {"colorspace": "RGB", "subsampling": subsampling, "optimize": optimize}
    return bytes(imagecodecs.jpeg8_encode(pixels, level=quality, **options))


def encode_map(gain_map: GainMap, quality: int) -> bytes:
    """The gain map's JPEG with both flavours; an encoded map that was read is carried over as it is."""
    kept = gain_map.encoded
    if kept is None or not (_is_jpeg(kept) and _same_size(kept, gain_map)):
        kept = None
    icc = None
    if not gain_map.use_base_colour_space and gain_map.alternate_primaries is not None:
        icc = named_profile(gain_map.alternate_primaries, "srgb")
    return ultrahdr.map_jpeg(kept or encode(eight_bits(gain_map.codes), quality), metadata_of(gain_map), icc)
