"""Fuzz targets of every parser of untone.formats: whole files (jpeg, avif ...), parts (mpf, xmp, iso, icc, exif ...).

A target takes any bytes and either returns or lets out what no caller may ever see: an exception that is no
UntoneError, an error of several lines or without end, an image that contradicts itself.
"""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Callable
from typing import Any

import mutations
import numpy as np

from untone import formats
from untone.apps.inspection.validation import files as file_validation
from untone.errors import UntoneError
from untone.formats import location
from untone.formats.heif import avif, heic
from untone.formats.heif import gain_map as heif_gain
from untone.formats.heif import items as heif_items
from untone.formats.jpeg import apple, gcontainer, mpf, photoshop, revision, segments, ultrahdr, xmp_segments
from untone.formats.jxl import gain_map as jxl_gain
from untone.formats.jxl import header as jxl_header
from untone.formats.jxl import icc_stream
from untone.formats.metadata import exif, xmp
from untone.formats.metadata.iso21496 import iso_to_metadata, metadata_to_iso, rounded
from untone.formats.profiles import icc
from untone.formats.profiles import resolve as profiles
from untone.image import GainMap

MAX_DECODED_PIXELS = 1 << 14
"""Larger pictures are probed only: what is fuzzed are parsers, not codecs at work."""

ENCODED_EVERY = 16
"""Of so many inputs that can be read, one is written again by an encoder, which takes a hundred times as long."""

MAX_MESSAGE = 400


@dataclasses.dataclass(frozen=True)
class Target:
    """One parser.

    Attributes:
        run: takes any bytes; raises on a finding only.
        mutate: makes new inputs that are wrong in one place only, with lengths and checksums right; None leaves it to
            the fuzzer, which knows bytes.
        words: of the format.
    """

    run: Callable[[bytes], None]
    mutate: mutations.Mutation | None = None
    words: tuple[bytes, ...] = ()


def attempt(function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """What a function returns; None where it refuses as it should, by one line."""
    try:
        return function(*arguments, **options)
    except UntoneError as error:
        message = str(error)
    assert message, f"{function} refuses without a word"
    assert "\n" not in message, message
    assert len(message) <= MAX_MESSAGE, f"{len(message)} characters: {message[:200]}"
    return None


def _few(width: int, height: int) -> bool:
    return width * height <= MAX_DECODED_PIXELS


def _opened(name: str) -> Callable[[bytes], None]:
    """Headers, deviations, pixels of small pictures, and now and then the picture written again."""
    chosen = next(f for f in formats.FORMATS if f.name == name)

    def run(data: bytes) -> None:
        if not data or not chosen.starts(data[:64]):
            return
        attempt(file_validation.findings, data)
        found = attempt(formats.probe, data)
        small = found is not None and _few(found.width, found.height)
        if not small or (found.gain_map is not None and not _few(found.gain_map.width, found.gain_map.height)):
            return
        image, gain_map = attempt(formats.read, data) or (None, None)
        if image is None:
            return
        assert (image.width, image.height) == (found.width, found.height)
        assert (gain_map is None) == (found.gain_map is None)
        assert image.left_out == found.left_out
        if image.pixels.dtype == np.float32:
            assert np.isfinite(image.pixels).all(), "light that is not finite"
        if name == "jpeg" or (chosen.write is not None and zlib.crc32(data) % ENCODED_EVERY == 0):
            _written(image, gain_map, name)

    return run


def _written(image: Any, gain_map: GainMap | None, name: str) -> None:
    written = attempt(formats.write, None, image, gain_map, format=name)
    if written is not None:
        again, map_again = formats.read(written)
        assert again.pixels.shape == image.pixels.shape
        assert (map_again is None) == (gain_map is None)


def _jpeg(data: bytes) -> None:
    """Whole JPEG files: reading, Ultra HDR layout, revision, removal of location."""
    _opened("jpeg")(data)
    layout = attempt(ultrahdr.locate, data)
    if layout is None or attempt(segments.find_end, data, layout.primary) is None:
        return
    blind = location.jpeg_without_location(data)
    assert len(blind) == len(data)
    bare = attempt(revision.revised, data, revision.Revision(exif=exif.without_location, bare=True, trailer=False))
    if bare is not None:
        assert ultrahdr.locate(bare).primary.width == layout.primary.width


def _xmp_segments(data: bytes) -> None:
    """The header of a photo: its XMP packets, main and extended, out of and into segments."""
    stream = attempt(segments.parse, data)
    if stream is None:
        return
    xmp_segments.announces_gain_map(stream)
    xmp_segments.extension(stream)
    for length in (1000, None):
        removed, added = xmp_segments.rewritten(stream, length)
        assert all(found in stream.segments for found in removed)
        for part in added:
            assert segments.segment(part[1], part[4:]) == part
    attempt(location.jpeg_without_location, data)
    assert len(location.jpeg_without_thumbnails(data)) == len(data)
    for part in stream.segments:
        assert len(photoshop.resources_without_thumbnails(part.body)) <= len(part.body)


def _mpf(data: bytes) -> None:
    """The MPF index of a JPEG (CIPA DC-007): parsed, and moved."""
    body = mpf.MPF_TAG + data
    entries = attempt(mpf.parse, body, 100)
    moved = attempt(mpf.moved, body, 100, 200, 5000, 60, [(150, 170), (300, 320)])
    assert (entries is None) == (moved is None)
    if moved is not None:
        assert len(moved) == len(body)


def _xmp(data: bytes) -> None:
    """XMP packets: hdrgm and Apple properties, GContainer directory, location."""
    for namespace in (xmp.HDRGM, apple.APPLE):
        found = attempt(xmp.properties, data, namespace)
        if found:
            attempt(xmp.xmp_to_metadata, found)
    attempt(apple.headroom_stops, data, None)
    attempt(gcontainer.directory, data)
    attempt(gcontainer.silence, data)
    gcontainer.without_padding(data)
    announced = attempt(gcontainer.announce, data, 1234)
    if announced is not None:
        assert len([i for i in gcontainer.directory(announced) if i.semantic == "GainMap"]) == 1
        assert xmp.properties(announced, xmp.HDRGM)["Version"] == ("1.0",)
    assert len(location.xmp_without_location(data)) == len(data)
    revision.xmp_with(data, 6, (10, 20))


def _iso(data: bytes) -> None:
    """Gain map parameters of ISO 21496-1: what is read is written again the same."""
    found = attempt(iso_to_metadata, data)
    stored = attempt(rounded, found) if found is not None else None
    if stored is not None:
        assert iso_to_metadata(metadata_to_iso(stored)) == stored


def _items(data: bytes) -> None:
    """The tables of AVIF and HEIC files, without decoders."""
    attempt(file_validation.findings, data)
    meta = attempt(heif_items.parse, data)
    if meta is None:
        return
    for codec in (avif.CODEC, heic.CODEC):
        attempt(heif_gain.locate, data, meta, codec)
        attempt(heif_gain.probe, data, codec)
        for number in list(meta.items)[:4]:
            attempt(heif_gain.alone, data, meta, number, codec)


def _jxl_header(data: bytes) -> None:
    """JPEG XL codestream headers, colour encodings and `jhgm` boxes."""
    found = attempt(jxl_header.parse, jxl_header.SIGNATURE + data)
    attempt(jxl_header.colour_of_bytes, data)
    attempt(jxl_gain.bundle, data)
    if found is not None:
        named = attempt(jxl_header.relabelled, jxl_header.SIGNATURE + data, 6, jxl_header.Colour("p3", "pq"))
        if named is not None:
            again = jxl_header.parse(named)
            assert (again.width, again.height, again.orientation) == (found.width, found.height, 6)


def _jxl_icc(data: bytes) -> None:
    """ICC profiles packed by JPEG XL: entropy coding and commands."""
    profile = attempt(icc_stream.unpacked, data)
    if profile is not None and len(profile) >= icc_stream.HEADER_BYTES:
        value, bits = icc_stream.packed(profile)
        assert icc_stream.unpacked(value.to_bytes(bits // 8 + 1, "little")) == profile


def _icc(data: bytes) -> None:
    """ICC profiles: parsed, and pixels converted by them."""
    profile = attempt(icc.describe, data)
    attempt(icc.matrix_and_curves, data, 256)
    profiles.primaries_of(data)
    pixels = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    assert profiles.resolve(data, pixels).pixels.shape == pixels.shape
    if profile is not None and profile.space == "CMYK":
        profiles.cmyk_to_rgb(np.arange(64, dtype=np.uint8).reshape(4, 4, 4), data)


def _exif(data: bytes) -> None:
    """EXIF blocks: orientation, size, location, thumbnail, date, Apple MakerNote."""
    assert 1 <= exif.orientation_of(data) <= 8
    turned = exif.with_orientation(data, 6)
    assert exif.orientation_of(turned) in (1, 6)
    blind = exif.without_location(data)
    assert blind is not None
    assert len(blind) == len(data)
    exif.location_in(data)
    exif.with_size(data, 70_000, 3)
    thumbnail = exif.thumbnail_of(data)
    for new in (None, b"x", thumbnail):
        assert len(exif.with_thumbnail(data, new)) == len(data)
    exif.taken_at(data)
    attempt(apple.headroom_stops, b"", data)


_BOXES = (
    b"ftyp", b"meta", b"hdlr", b"pict", b"pitm", b"iinf", b"infe", b"iloc", b"idat", b"mdat", b"iref", b"dimg", b"cdsc",
    b"auxl", b"thmb", b"iprp", b"ipco", b"ipma", b"ispe", b"pixi", b"colr", b"nclx", b"prof", b"av1C", b"hvcC", b"irot",
    b"imir", b"clap", b"auxC", b"grpl", b"altr", b"tmap", b"grid", b"iden", b"iovl", b"Exif", b"mime", b"av01", b"hvc1",
    b"avif", b"heic", b"mif1", b"avis", b"hevc", b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"stsz", b"stco",
    b"co64", b"urn:com:apple:photo:2020:aux:hdrgainmap\0", b"application/rdf+xml\0",
)  # fmt: skip
_XML = (
    b"<rdf:Description", b"<rdf:Seq>", b"<rdf:li>", b"</rdf:li>", b"hdrgm:", b"Version", b"GainMapMax", b"GainMapMin",
    b"HDRCapacityMax", b"BaseRenditionIsHDR", b"nan", b"-inf", b"1e999", b"Container:Directory", b"Item:Semantic",
    b'="', b"'", b"/>", b"<![CDATA[", b"]]>", b"<!--", b"-->", b"<?xpacket end", b"&#0;", b"&lt;", b"xmlns:a=",
    b"exif:GPSLatitude", b"HDRGainMapHeadroom", b"xmpNote:HasExtendedXMP", b'"http://ns.adobe.com/exif/1.0/"',
    b'"http://ns.adobe.com/hdr-gain-map/1.0/"', b"<!DOCTYPE", b"<!ENTITY", b"<hdrgm:GainMapMax>", b"\xef\xbb\xbf",
)  # fmt: skip
_CHUNKS = (b"IHDR", b"PLTE", b"IDAT", b"IEND", b"cICP", b"iCCP", b"gAMA", b"cHRM", b"sRGB", b"eXIf", b"iTXt", b"tRNS")
_PROFILE = (b"acsp", b"RGB ", b"GRAY", b"CMYK", b"para", b"curv", b"mluc", b"desc", b"A2B0", b"cicp", b"rTRC", b"kTRC")
_EXR = (b"dataWindow", b"box2i", b"chromaticities", b"whiteLuminance", b"channels", b"chlist", b"compression", b"tiles")
_RADIANCE = (b"#?RADIANCE\n", b"FORMAT=32-bit_rle_xyze\n", b"PRIMARIES=", b"\n\n", b"-Y 1 +X 8\n", b"\2\2\0", b"\1\1\1")

TARGETS = {
    "jpeg": Target(_jpeg, mutations.jpeg),
    "xmp_segments": Target(_xmp_segments, mutations.jpeg, _XML),
    "mpf": Target(_mpf),
    "xmp": Target(_xmp, mutations.xml, _XML),
    "iso": Target(_iso),
    "items": Target(_items, mutations.boxes, _BOXES),
    "avif": Target(_opened("avif"), mutations.boxes, _BOXES),
    "heic": Target(_opened("heic"), mutations.boxes, _BOXES),
    "jxl": Target(_opened("jxl"), mutations.boxes, (b"jxlc", b"jxlp", b"jhgm", b"brob", b"Exif", b"xml ", b"jxll")),
    "jxl_header": Target(_jxl_header),
    "jxl_icc": Target(_jxl_icc),
    "png": Target(_opened("png"), mutations.png, _CHUNKS),
    "radiance": Target(_opened("radiance"), None, _RADIANCE),
    "exr": Target(_opened("exr"), None, _EXR),
    "tiff": Target(_opened("tiff")),
    "jxr": Target(_opened("jxr")),
    "webp": Target(_opened("webp"), None, (b"VP8X", b"VP8L", b"VP8 ", b"ICCP", b"EXIF", b"XMP ", b"ANIM", b"ALPH")),
    "icc": Target(_icc, None, _PROFILE),
    "exif": Target(_exif, None, (b"II*\0", b"MM\0*", b"Apple iOS\0\0\1MM")),
}
