"""Decoding of pictures in AVIF and HEIC files: size, colour and orientation by item properties, bytes for a decoder.

What holds for both lives here; `avif.py` and `heic.py` add their codecs. A picture is decoded by itself: its item, and
the tiles that it may be made of, are put into a file of their own, without what turns and crops it, since pixels are
kept as stored. So one decoder call serves a base, a gain map within `tmap`, and Apple's auxiliary maps alike.
"""

from __future__ import annotations

import dataclasses
import struct
import zlib
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from ...errors import DamagedError, LimitError, UnsupportedError
from ...image import Image, Pixels
from ..common.limits import MAX_DERIVATIONS, MAX_ITEMS, MAX_METADATA_BYTES, check_size, letters, quoted
from ..common.pixels import three_channels
from ..common.transparency import Alpha
from ..jpeg.segments import EXIF_TAG
from ..metadata.exif import with_orientation
from ..profiles import cicp
from ..profiles.resolve import primaries_of
from ..signalling import Header, image_of, over_background
from .codestream import CodePoints, av1_code_points, hevc_code_points, hevc_size
from .item_writer import NewItem, carried, heif_file
from .items import Item, Meta, Property, is_empty, item_bytes, item_head
from .transforms import TRANSFORMS, plain, shown
from .transforms import TURNS as TURNS

DERIVED = (b"grid", b"iden", b"iovl")
KNOWN = {b"ispe", b"pixi", b"av1C", b"hvcC", b"auxC", b"colr", b"pasp", b"clli", b"mdcv", b"cclv", *TRANSFORMS}
KNOWN |= {b"a1op", b"a1lx", b"lsel", b"amve", b"udes", b"rloc"}
"""Properties that readers know; items with others that are essential must not be shown (ISO/IEC 23008-12, 9.3)."""

CODINGS = {
    b"unci": "uncompressed", b"jpeg": "JPEG", b"j2k1": "JPEG 2000", b"avc1": "H.264", b"vvc1": "H.266",
    b"av01": "AV1", b"hvc1": "HEVC",
}  # fmt: skip
"""Kinds of coded items by the names of their codecs, for who is told that one is not read."""

ALPHA = (b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", b"urn:mpeg:hevc:2015:auxid:1", b"urn:mpeg:avc:2015:auxid:1")
"""Kinds of auxiliary pictures that are transparency (ISO/IEC 23008-12, 6.5.8; 23000-22, 7.3.5)."""

AV1_BITS = {0x00: 8, 0x40: 10, 0x60: 12}
"""high_bitdepth and twelve_bit of av1C's third byte."""


@dataclasses.dataclass(frozen=True)
class Codec:
    """Differences of AVIF and HEIC.

    Attributes:
        name: in the table of formats.
        kind: of coded items; config: the property with their codec's setup.
        brands: of a file with one picture, the major one first.
        depths: bits of a sample that can be written.
        overlays: whether `decode` puts them together (iovl).
        exacting: whether a picture is refused where its turns are not marked as essential, and a grid whose cells have
            several setups, as all viewers of it do.
        deep_maps: whether a base of more than 8 bits is given a map of as many, without which Chrome shows no map.
        matrix: CICP's, from RGB to what is coded, where the primaries are not BT.2020's.
        decode: such a file to codes of the picture's own bits, [H, W] or [H, W, n].
        encode: (codes [H, W, 1 or 3], bits, quality, CICP of primaries, transfer and matrix, whether chroma may be
            subsampled) to such a file.
    """

    name: str
    kind: bytes
    config: bytes
    brands: tuple[bytes, ...]
    depths: tuple[int, ...]
    deep_maps: bool
    overlays: bool
    exacting: bool
    matrix: int
    decode: Callable[[bytes, int], Pixels]
    encode: Callable[[Pixels, int, int, tuple[int, int, int], bool], bytes]


@dataclasses.dataclass(frozen=True)
class Colour:
    """Names of nclx (None where it has none of ours, or is absent), and an ICC profile."""

    primaries: str | None = None
    transfer: str | None = None
    icc: bytes | None = None

    @property
    def space(self) -> str | None:
        """Primaries by nclx or profile."""
        return self.primaries or primaries_of(self.icc)


@dataclasses.dataclass(frozen=True)
class Picture:
    """An item that is a picture.

    Attributes:
        item, width, height: as coded.
        crop: left, top, width, height of what is shown of it.
        bits, channels: of a sample; 1 or 3.
        orientation: EXIF's name of its turns.
        colour: of its colr properties.
    """

    item: Item
    width: int
    height: int
    crop: tuple[int, int, int, int]
    bits: int
    channels: int
    orientation: int
    colour: Colour


def picture(data: bytes, meta: Meta, number: int, codec: Codec) -> Picture:
    """The picture that the properties of an item describe.

    Raises:
        DamagedError: no size, or nonsense.
        UnsupportedError: coded by something else than `codec`.
        LimitError: too many pixels, of it or of a tile.
    """
    item = meta.item(number)
    parts = [meta.item(n) for n in derivation(meta, number)]
    if any(part.kind == b"iden" for part in parts):
        raise DamagedError(f"item {number} is made of an identity (iden) of nothing, or of several items")
    coded = [part for part in parts if part.kind not in DERIVED]
    other = next((part.kind for part in coded if part.kind != codec.kind), None)
    if other is not None or not coded:
        kind = other or item.kind
        name = f" ({CODINGS[kind]}, which is not read there)" if kind in CODINGS else ""
        raise UnsupportedError(f"a picture of this {codec.name.upper()} is coded as {letters(kind)}{name}")
    if any(part.kind == b"iovl" for part in parts) and not codec.overlays:
        raise UnsupportedError(f"a picture of this {codec.name.upper()} is put together from several (iovl)")
    if any(part.extents is None for part in parts):
        raise UnsupportedError(f"a picture of this {codec.name.upper()} lies in another file")
    for part in parts:
        check_known(part)
        check_size(*_size(part), 8)
    if codec.exacting:
        _check_exactly(parts, coded, codec)
    width, height = _size(item)
    bits, channels = samples(coded[0], codec)
    stated = next((part for part in (item, coded[0]) if part.property(b"colr") is not None), None)
    space = colour(stated) if stated is not None else _coded_colour(data, coded[0], codec)
    crop, orientation = shown(((p.name, p.body) for p in item.properties), width, height)
    return Picture(item, width, height, crop, bits, channels, orientation, space)


def _check_exactly(parts: list[Item], coded: list[Item], codec: Codec) -> None:
    """Raises DamagedError of what viewers of a codec refuse, although it could be read."""
    for part in parts:
        loose = next((p.name.decode() for p in part.properties if p.name in TRANSFORMS and not p.essential), None)
        if loose is not None:
            raise DamagedError(f"the {loose} of item {part.number} is not marked as essential")
    if len({(part.property(codec.config) or b"")[:4] for part in coded}) > 1:
        raise DamagedError(f"item {parts[0].number} is a grid of cells with different {codec.config.decode()}")


def check_known(item: Item) -> None:
    """Raises UnsupportedError where an item must not be shown by who does not know one of its properties."""
    unknown = next((p.name for p in item.properties if p.essential and p.name not in KNOWN), None)
    if unknown is not None:
        name = quoted(unknown.decode("latin-1"))
        raise UnsupportedError(f"item {item.number} has the essential property {name}, which is not known")


def derivation(meta: Meta, number: int) -> list[int]:
    """An item and all that it is made of, itself first; of what an overlay puts together, its alpha too.

    Raises:
        DamagedError: more than MAX_DERIVATIONS steps, or a circle, or a tile that is in a grid twice.
        LimitError: more than MAX_ITEMS.
    """
    order, level = {number: None}, [number]
    for _ in range(MAX_DERIVATIONS):
        for n in level:
            tiles = meta.targets(b"dimg", n) if meta.item(n).kind == b"grid" else ()
            if len(set(tiles)) < len(tiles):
                raise DamagedError(f"item {n} is a grid with a tile that is in it twice")
        level = list(dict.fromkeys(part for n in level for part in _parts(meta, n)))
        order |= dict.fromkeys(level)
        if len(order) > MAX_ITEMS:
            raise LimitError(f"a picture is made of more than {MAX_ITEMS} others")
        if not level:
            return list(order)
    raise DamagedError("a picture is made of pictures without end")


def _parts(meta: Meta, number: int) -> Iterator[int]:
    """What an item is made of, one step."""
    kind = meta.item(number).kind
    for target in meta.targets(b"dimg", number) if kind in DERIVED else ():
        yield target
        if kind == b"iovl":
            yield from (source for source in meta.sources(b"auxl", target) if is_alpha(meta.items.get(source)))


def is_alpha(item: Item | None) -> bool:
    """Whether an item is the transparency of another."""
    return item is not None and (item.property(b"auxC") or b"")[4:].split(b"\0")[0] in ALPHA


def _size(item: Item) -> tuple[int, int]:
    """As stated, or where that is missing, as the codec's setup says."""
    ispe = item.property(b"ispe")
    coded = hevc_size(item.property(b"hvcC") or b"") if ispe is None else None
    if coded is not None:
        return coded
    if ispe is None or len(ispe) < 12:
        raise DamagedError(f"item {item.number} states no image size")
    width, height = struct.unpack_from(">II", ispe, 4)
    return width, height


def samples(coded: Item, codec: Codec) -> tuple[int, int]:
    """Bits and channels of a coded item by its codec's setup; pixi has the same, and may be wrong.

    Raises:
        DamagedError: it has no setup.
    """
    setup = coded.property(codec.config) or b""
    if codec.config == b"av1C" and len(setup) >= 3:
        return AV1_BITS.get(setup[2] & 0x60, 8), 1 if setup[2] & 0x10 else 3
    if codec.config == b"hvcC" and len(setup) >= 19:
        return 8 + (setup[17] & 7), 1 if setup[16] & 3 == 0 else 3
    raise DamagedError(f"item {coded.number} lacks the setup of its codec ({codec.config.decode()})")


def turns(orientation: int) -> tuple[Property, ...]:
    """irot and imir, as few as do, of an EXIF orientation."""
    return tuple(Property(name, body, True) for name, body in plain((0, 0, 1, 1), orientation, 1, 1))


def colour(item: Item) -> Colour:
    """The colr properties of an item; an ICC profile wins over nclx unless that says PQ or HLG."""
    points, icc = None, None
    for body in (found.body for found in item.properties if found.name == b"colr"):
        if body[:4] == b"nclx" and len(body) >= 10 and points is None:
            points = CodePoints(*struct.unpack_from(">HH", body, 4))
        elif body[:4] in (b"prof", b"rICC") and icc is None:
            icc = body[4:]
    return _colour(points or CodePoints(), icc)


def _colour(points: CodePoints, icc: bytes | None) -> Colour:
    nclx = cicp.named(*points)
    if nclx[1] in ("pq", "hlg"):
        return Colour(*nclx, icc)
    if icc is None:
        icc = cicp.profile(*points)
    return Colour(None, None, icc) if icc is not None else Colour(*nclx)


def _coded_colour(data: bytes, coded: Item, codec: Codec) -> Colour:
    """The colour in the codestream of a coded item."""
    setup = coded.property(codec.config) or b""
    if codec.config == b"hvcC":
        return _colour(hevc_code_points(setup), None)
    return _colour(av1_code_points(setup, item_head(data, coded)), None)


def header(data: bytes, meta: Meta, shown: Picture, warnings: tuple[str, ...] = ()) -> Header:
    """A picture's header with the EXIF and XMP that describe it."""
    exif = _described(data, meta, shown.item.number, is_exif)
    if exif is not None:
        skip = 4 + int.from_bytes(exif[:4], "big")
        exif = exif[skip:].removeprefix(EXIF_TAG) or None
    xmp = _described(data, meta, shown.item.number, is_xmp)
    empty = [i for i in meta.items.values() if (is_exif(i) or is_xmp(i)) and is_empty(i)]
    warnings += tuple(f"item {i.number} ({i.kind.decode()}) is empty" for i in empty)
    return Header(
        *shown.crop[2:],
        shown.bits,
        shown.colour.primaries,
        shown.colour.transfer,
        icc=shown.colour.icc,
        exif=with_orientation(exif, shown.orientation) if exif is not None else None,
        xmp=xmp,
        orientation=shown.orientation,
        warnings=warnings,
    )


def is_exif(item: Item) -> bool:
    """Whether an item is an EXIF block."""
    return item.kind == b"Exif"


def is_xmp(item: Item) -> bool:
    """Whether an item is an XMP packet."""
    return item.kind == b"mime" and item.content_type == b"application/rdf+xml"


def describing(meta: Meta, number: int) -> Iterator[Item]:
    """Items that describe another, and have something to say: some writers leave an empty Exif item."""
    found = (meta.items[source] for source in meta.sources(b"cdsc", number) if source in meta.items)
    return (item for item in found if not is_empty(item))


def _described(data: bytes, meta: Meta, number: int, wanted: Callable[[Item], bool]) -> bytes | None:
    """Metadata of an item, or where nothing says whose it is, the only one of its kind."""
    found = next(filter(wanted, describing(meta, number)), None)
    if found is None:
        candidates = (i for i in meta.items.values() if wanted(i) and not is_empty(i))
        loose = [i for i in candidates if not meta.targets(b"cdsc", i.number)]
        found = loose[0] if len(loose) == 1 else None
    return metadata_bytes(data, found) if found is not None else None


def metadata_bytes(data: bytes, item: Item) -> bytes:
    """An Exif or XMP item, unpacked.

    Raises:
        UnsupportedError: packed otherwise than as "deflate".
        LimitError: more than MAX_METADATA_BYTES.
        DamagedError: it cannot be unpacked.
    """
    stored = item_bytes(data, item, MAX_METADATA_BYTES)
    if not item.content_encoding:
        return stored
    if item.content_encoding != b"deflate":
        raise UnsupportedError(
            f"item {item.number} is packed as {quoted(item.content_encoding[:20])}, which is not read"
        )
    unpacking = zlib.decompressobj()
    try:
        unpacked = unpacking.decompress(stored, MAX_METADATA_BYTES)
    except zlib.error as error:
        raise DamagedError(f"item {item.number} cannot be unpacked: {error}") from error
    if unpacking.unconsumed_tail:
        raise LimitError(f"item {item.number} unpacks to more than {MAX_METADATA_BYTES} bytes")
    return unpacked


def alone(data: bytes, meta: Meta, number: int, codec: Codec, without: Sequence[bytes] = TRANSFORMS) -> bytes:
    """A file of one picture and its tiles, less properties that a decoder would turn or crop it by; never auxiliary."""
    items, links = carried(data, meta, number, derivation(meta, number))
    alphas = {link.source for link in links if link.kind == b"auxl"}
    items = [item if n in alphas else _without(item, (b"auxC",)) for n, item in enumerate(items, 1)]
    items[0] = dataclasses.replace(_without(items[0], without), hidden=False)
    return b"".join(heif_file(codec.brands, items, links))


def _without(item: NewItem, names: Sequence[bytes]) -> NewItem:
    return dataclasses.replace(item, properties=tuple(p for p in item.properties if p.name not in names))


def decoded_picture(data: bytes, meta: Meta, shown: Picture, codec: Codec) -> Pixels:
    """Codes [H, W, 3] of a picture, cropped, never turned; of `bits` significant bits.

    Raises:
        DamagedError: the decoder refuses it, or it has another size than it says.
    """
    array = codec.decode(alone(data, meta, shown.item.number, codec), shown.bits)
    pixels = three_channels(array, shown.width, shown.height)
    left, top, width, height = shown.crop
    return np.ascontiguousarray(pixels[top : top + height, left : left + width])


def image(data: bytes, meta: Meta, shown: Picture, codec: Codec) -> Image:
    """The Image of a picture, which keeps the file's bytes for a writer that can carry them over (if opaque)."""
    head, pixels = header(data, meta, shown), decoded_picture(data, meta, shown, codec)
    try:
        head, pixels = over_background(head, pixels, _alpha(data, meta, shown, codec))
    except UnsupportedError as error:
        head = dataclasses.replace(head, notes=(*head.notes, f"its transparency is not read: {error}"))
    return dataclasses.replace(image_of(head, pixels), encoded=None if head.notes else data)


def _alpha(data: bytes, meta: Meta, base: Picture, codec: Codec) -> Alpha | None:
    """The transparency of a picture; None without one.

    Raises:
        UnsupportedError: it is of another size, or of a kind that is not read.
    """
    number = next((n for n in meta.sources(b"auxl", base.item.number) if is_alpha(meta.items.get(n))), None)
    if number is None:
        return None
    shown = picture(data, meta, number, codec)
    if shown.crop[2:] != base.crop[2:]:
        raise UnsupportedError("it is of another size")
    associated = number in meta.targets(b"prem", base.item.number)
    return Alpha(decoded_picture(data, meta, shown, codec)[:, :, 0], (1 << shown.bits) - 1, associated)
