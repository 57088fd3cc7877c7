"""Makes the seeds of fuzzing under corpus/, all of our own making: python tests/fuzz/corpus.py

Files that our own writers make of a picture of a few pixels, with all that a format may carry, and fragments put
together by hand where writers would not: old versions, other byte orders, data before their index, nonsense. The files
`libjxl-*` are those of tests/formats/test_jxl_icc.py, as cjxl packs profiles of ours otherwise than we do.
"""

from __future__ import annotations

import io
import struct
import sys
import zlib
from pathlib import Path

import imagecodecs
import numpy as np
from PIL import Image as Pillow

from untone import formats
from untone.formats import jxl, png
from untone.formats.common.isobmff import box, full_box
from untone.formats.heif import avif, heic
from untone.formats.heif import gain_map as gain_map_items
from untone.formats.heif import items as heif_items
from untone.formats.heif.item_writer import NewItem, heif_file
from untone.formats.heif.items import Link, Property
from untone.formats.jpeg import gcontainer, mpf, ultrahdr, xmp_segments
from untone.formats.jpeg.segments import APP1, APP2, EXIF_TAG, XMP_TAG, parse, segment
from untone.formats.jxl import icc_stream
from untone.formats.metadata import xmp
from untone.formats.metadata.iso21496 import ISO_TAG, metadata_of, metadata_to_iso
from untone.formats.png.idat import chunk
from untone.formats.profiles.icc import named_profile
from untone.image import GainMap, Image

HERE = Path(__file__).parent / "corpus"
HEIGHT, WIDTH = 6, 8
ACES = (0.7347, 0.2653, 0.0, 1.0, 0.0001, -0.077, 0.32168, 0.33767)


def picture() -> np.ndarray:
    """[6, 8, 3] uint8, every value another."""
    return np.arange(HEIGHT * WIDTH * 3, dtype=np.uint8).reshape(HEIGHT, WIDTH, 3)


def gain_map(channels: int = 3) -> GainMap:
    """Half the picture's size; every parameter another."""
    codes = np.ascontiguousarray(picture()[::2, ::2, :channels])
    high = (1.0, 2.0, 2.5) if channels == 3 else (2.0,) * 3
    return GainMap(codes, (-0.5,) * 3, high, (1.25,) * 3, (0.01,) * 3, (0.02,) * 3, 0.0, 2.5)


def exif(order: str = ">") -> bytes:
    """Orientation, size, date, place, Apple's MakerNote and a thumbnail, in either byte order."""
    note = b"Apple iOS\0\0\1MM" + struct.pack(">HHHIIHHIIiiii", 2, 0x21, 10, 1, 40, 0x30, 10, 1, 48, 3, 2, 1, 100)
    parts = {"gps": 100, "exif": 160, "date": 240, "note": 264, "next": 340, "thumbnail": 380}
    block = bytearray(390)
    block[:8] = (b"MM\0*" if order == ">" else b"II*\0") + struct.pack(order + "I", 8)

    def directory(start: int, rows: list[tuple[int, int, int, int]], link: int = 0) -> None:
        struct.pack_into(order + "H", block, start, len(rows))
        for i, (tag, kind, count, value) in enumerate(rows):
            at = start + 2 + 12 * i
            struct.pack_into(order + "HHI", block, at, tag, kind, count)
            struct.pack_into(order + ("H" if kind == 3 else "I"), block, at + 8, value)
        struct.pack_into(order + "I", block, start + 2 + 12 * len(rows), link)

    directory(8, [(0x100, 3, 1, WIDTH), (0x112, 3, 1, 6), (0x8769, 4, 1, parts["exif"]), (0x8825, 4, 1, parts["gps"])],
              parts["next"])  # fmt: skip
    directory(parts["gps"], [(0, 1, 4, 0x02020000), (2, 5, 3, parts["note"])])
    directory(parts["exif"], [(0x9003, 2, 20, parts["date"]), (0x927C, 7, len(note), parts["note"]),
                              (0x9291, 2, 3, 0x31320000), (0xA002, 4, 1, WIDTH)])  # fmt: skip
    directory(parts["next"], [(0x201, 4, 1, parts["thumbnail"]), (0x202, 4, 1, 10)])
    block[parts["date"] : parts["date"] + 19] = b"2026:01:02 03:04:05"
    block[parts["note"] : parts["note"] + len(note)] = note
    block[parts["thumbnail"] :] = b"\xff\xd8thumb!\xff\xd9"
    return bytes(block)


def packets() -> dict[str, bytes]:
    """XMP: a map's, a photo's with all that is cut out or blanked, Apple's, and some that are not quite."""
    photo = xmp.packet_of(
        '<rdf:Description rdf:about="a" xmlns:e="http://ns.adobe.com/exif/1.0/" e:GPSLatitude="1,2N" '
        'xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="1" tiff:ImageWidth="8">'
        "<e:GPSLongitude>3,4E</e:GPSLongitude><e:GPSAltitude/></rdf:Description>"
    )
    digest = "0123456789ABCDEF" * 2
    note = "http://ns.adobe.com/xmp/note/"
    elements = "".join(
        f"<h:{name}>{value}</h:{name}>"
        for name, value in (("Version", "1.0"), ("GainMapMax", "2.5"), ("HDRCapacityMax", "3"), ("Gamma", "1e0"))
    )
    return {
        "map": xmp.metadata_to_xmp(metadata_of(gain_map())),
        "map-scalar": xmp.metadata_to_xmp(metadata_of(gain_map(1))),
        "map-elements": xmp.packet_of(f'<rdf:Description xmlns:h="{xmp.HDRGM}">{elements}</rdf:Description>'),
        "photo": photo,
        "photo-announced": gcontainer.announce(photo, 1234),
        "apple": xmp.packet_of(f'<rdf:Description xmlns:a="{xmp.APPLE}" a:HDRGainMapHeadroom="4.5"/>'),
        "extended": xmp.packet_of(f'<rdf:Description xmlns:n="{note}" n:HasExtendedXMP="{digest}"/>'),
        "padded": photo.replace(b"<?xpacket end", b"\n" + b" " * 100 + b"\n<?xpacket end"),
        "bom": b"\xef\xbb\xbf" + photo,
        "no-rdf": b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>",
        "entity": b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
    }


def photo(**options: object) -> bytes:
    """A JPEG by Pillow."""
    stream = io.BytesIO()
    Pillow.fromarray(picture()).save(stream, "jpeg", quality=50, **options)
    return stream.getvalue()


def jpegs() -> dict[str, bytes]:
    """Photos and gain map files."""
    rich = photo(exif=EXIF_TAG + exif(), icc_profile=named_profile("p3", "srgb"), xmp=packets()["photo"])
    image = formats.read(rich)[0]
    both = formats.write(None, image, gain_map())
    plain = formats.write(None, formats.read(photo())[0], gain_map(1))
    stream = ultrahdr.locate(plain)
    apple_map = photo(xmp=packets()["apple"])
    body = mpf.mpf_body([mpf.Entry(mpf.BASELINE_PRIMARY, 0, 0), mpf.Entry(0, len(apple_map), 0)], 0)
    old = photo(exif=EXIF_TAG + exif(), extra=segment(APP2, body))
    place = old.index(mpf.MPF_TAG) + 4
    at = place + 74
    old = old[:at] + struct.pack(">I", len(old) - place) + old[at + 4 :]
    return {
        "plain": photo(),
        "grey": formats.write(None, image, gain_map(1)),
        "both": both,
        "iso-only": both.replace(b"http://ns.adobe.com/xap/1.0/", b"http://ns.adobe.com/xap/2.0/"),
        "xmp-only": both.replace(ISO_TAG, b"X" + ISO_TAG[1:]),
        "no-index": both.replace(mpf.MPF_TAG, b"XPF\0"),
        "trailer": plain + struct.pack(">I", 30) + b"\xa9xyz\0\x12\x15\xc7+10.0000+020.000/xx",
        "progressive": photo(progressive=True),
        "restart": photo(restart_marker_blocks=1),
        "fill": plain[: stream.primary.scan] + b"\xff\xff" + plain[stream.primary.scan :],
        "apple": old + apple_map,
        "exif-little": photo(exif=EXIF_TAG + exif("<")),
    }


def packets_in_segments() -> dict[str, bytes]:
    """Headers of photos with XMP in one, in two and in broken parts."""
    found, jpeg = packets(), photo()
    after = parse(jpeg).segments[0].end
    guid = b"0123456789ABCDEF" * 2

    def with_xmp(main: bytes, *parts: bytes, total: int | None = None) -> bytes:
        size, offset, pieces = sum(map(len, parts)) if total is None else total, 0, []
        for part in parts:
            head = xmp_segments.EXTENSION_TAG + guid + struct.pack(">II", size, offset)
            pieces.append(segment(APP1, head + part))
            offset += len(part)
        return jpeg[:after] + segment(APP1, XMP_TAG + main) + b"".join(pieces) + jpeg[after:]

    extra = found["photo-announced"]
    return {
        "main": with_xmp(found["photo-announced"]),
        "two": with_xmp(found["extended"], extra[:300], extra[300:]),
        "one": with_xmp(found["extended"], extra),
        "short": with_xmp(found["extended"], extra, total=9999),
        "loose": with_xmp(found["photo"], extra),
        "map": with_xmp(found["map"], found["map"]),
    }


def heifs(codec: str) -> dict[str, bytes]:
    """Files of one codec: as written, with data first, a grid, Apple's auxiliary map, a sequence."""
    module = {"avif": avif, "heic": heic}[codec].CODEC
    image = Image(picture(), "p3", "srgb", orientation=6, exif=exif(), xmp=packets()["photo"])
    light = Image(picture().astype(np.float32) / 32, "bt2020", "linear", bits=32)
    whole = formats.write(None, image, gain_map(), format=codec, quality=30, map_quality=30)
    coded = formats.write(None, Image(picture()), format=codec, quality=30)
    meta = heif_items.parse(coded)
    first = meta.item(1)
    tile = NewItem(first.kind, heif_items.item_bytes(coded, first), first.properties, hidden=True)
    size = Property(b"ispe", struct.pack(">III", 0, 2 * WIDTH, HEIGHT))
    grid = NewItem(b"grid", struct.pack(">BBBBHH", 0, 0, 0, 1, 2 * WIDTH, HEIGHT), (size,))
    aux = Property(b"auxC", bytes(4) + gain_map_items.AUXILIARY[0] + b"\0")
    shown = NewItem(first.kind, tile.data, first.properties)
    apple = NewItem(first.kind, tile.data, (*first.properties, aux), hidden=True)
    packet = NewItem(b"mime", packets()["apple"], hidden=True, content_type=b"application/rdf+xml")
    links = [Link(b"auxl", 2, (1,)), Link(b"cdsc", 3, (2,))]
    clap = Property(b"clap", struct.pack(">8I", 4, 1, 4, 1, 0, 1, 0, 1), True)
    return {
        "whole": whole,
        "grey": formats.write(None, image, gain_map(1), format=codec, quality=30, map_quality=30),
        "pq": formats.write(None, light, format=codec, quality=30),
        "grid": b"".join(heif_file(module.brands, [grid, tile, tile], [Link(b"dimg", 1, (2, 3))])),
        "aux": b"".join(heif_file(module.brands, [shown, apple, packet], links)),
        "clap": b"".join(heif_file(module.brands, [NewItem(first.kind, tile.data, (*first.properties, clap))])),
        "no-brand": whole.replace(b"tmap", b"xmap", 1),
        "sequence": sequence(tile, {"avif": b"avis", "heic": b"hevc"}[codec]),
    }


def sequence(item: NewItem, brand: bytes) -> bytes:
    """A picture as the only one of an image sequence, without a still beside it."""
    head = box(b"ftyp", brand, bytes(4), brand, b"msf1")
    size = struct.unpack(">4xII", next(p.body for p in item.properties if p.name == b"ispe"))
    fixed = bytes(6) + struct.pack(">H", 1) + bytes(16) + struct.pack(">HH", *size) + bytes(50)
    described = (box(p.name, p.body) for p in item.properties if p.name != b"ispe")
    entry = box(item.kind, fixed, *described)

    def moov(place: int) -> bytes:
        table = box(
            b"stbl",
            full_box(b"stsd", 0, 0, struct.pack(">I", 1), entry),
            full_box(b"stsz", 0, 0, struct.pack(">III", 0, 1, len(item.data))),
            full_box(b"stco", 0, 0, struct.pack(">II", 1, place)),
        )
        handler = full_box(b"hdlr", 0, 0, bytes(4), b"pict", bytes(13))
        return box(b"moov", box(b"trak", box(b"mdia", handler, box(b"minf", table))))

    return head + moov(len(head) + len(moov(0)) + 8) + box(b"mdat", item.data)


def items() -> dict[str, bytes]:
    """Tables by hand: idat, old and wide versions, bare pictures without a codec's data."""

    def file(*parts: bytes) -> bytes:
        head = full_box(b"hdlr", 0, 0, bytes(4), b"pict", bytes(13))
        return box(b"ftyp", b"avif", bytes(4), b"mif1tmap") + full_box(b"meta", 0, 0, head, *parts)

    payload = b"\0" + metadata_to_iso(metadata_of(gain_map()))
    setup = box(b"av1C", b"\x81\0\0\0")
    properties = box(b"ipco", full_box(b"ispe", 0, 0, struct.pack(">II", 8, 6)), setup, box(b"irot", b"\1"))
    ipma = full_box(b"ipma", 0, 0, struct.pack(">I", 3), b"\0\1\2\1\x82", b"\0\2\1\1", b"\0\3\3\1\x82\x83")
    wide = full_box(b"ipma", 1, 1, struct.pack(">IIBHH", 1, 1, 2, 1, 0x8002))
    kinds = enumerate((b"av01", b"tmap", b"av01"), 1)
    infos = [full_box(b"infe", 2, 0, struct.pack(">HH4sx", number, 0, kind)) for number, kind in kinds]
    iinf = full_box(b"iinf", 0, 0, struct.pack(">H", 3), *infos)
    rows = [struct.pack(">HHHHII", i, 1, 0, 1, 0, len(payload)) for i in (1, 2, 3)]
    iloc = full_box(b"iloc", 1, 0, struct.pack(">BBH", 0x44, 0, 3), *rows)
    row = struct.pack(">IHHQHBQI", 1, 1, 0, 0, 1, 1, 0, 9)
    iloc2 = full_box(b"iloc", 2, 0, struct.pack(">BBI", 0x84, 0x81, 1), row)
    iloc0 = full_box(b"iloc", 0, 0, struct.pack(">BBH", 0, 0, 1), struct.pack(">HHH", 1, 0, 1))
    iref = full_box(b"iref", 0, 0, box(b"dimg", struct.pack(">HHHH", 2, 2, 1, 3)))
    iref1 = full_box(b"iref", 1, 0, box(b"dimg", struct.pack(">IHI", 1, 1, 1)))
    group = box(b"grpl", full_box(b"altr", 0, 0, struct.pack(">IIII", 9, 2, 2, 1)))
    pitm = full_box(b"pitm", 0, 0, b"\0\1")
    idat = box(b"idat", payload)
    iprp = box(b"iprp", properties, ipma)
    return {
        "tmap": file(pitm, iloc, iinf, iref, iprp, idat, group),
        "wide": file(full_box(b"pitm", 1, 0, b"\0\0\0\1"), iloc2, iinf, iref1, box(b"iprp", properties, wide), idat),
        "bare": file(pitm, iloc0, iinf, iprp),
        "none": file(pitm),
        "circle": file(
            pitm, iloc, iinf.replace(b"av01", b"grid"), iprp, idat,
            full_box(b"iref", 0, 0, box(b"dimg", struct.pack(">HHHH", 1, 2, 3, 1)), box(b"dimg", b"\0\3\0\1\0\1")),
        ),
        "idat-first": file(idat, pitm, iloc, iinf, iref, iprp),
    }  # fmt: skip


def jxls() -> dict[str, bytes]:
    """Containers and naked codestreams."""
    image = Image(picture(), orientation=6, exif=exif(), xmp=packets()["photo"])
    whole = formats.write(None, image, gain_map(), format="jxl", quality=30, map_quality=30)
    bare = jxl.codec.parse(formats.write(None, Image(picture()), format="jxl", quality=60)).codestream
    pieces = struct.pack(">I", 0), bare[:9], struct.pack(">I", 0x80000001), bare[9:]
    start = whole.index(b"jxlc") + 4
    head = jxl.codec.CONTAINER + box(b"ftyp", b"jxl ", bytes(4), b"jxl ")
    packed = imagecodecs.brotli_encode(bytes(4) + exif())
    return {
        "whole": whole,
        "bare": bare,
        "pieces": head + box(b"jxlp", *pieces[:2]) + box(b"jxlp", *pieces[2:]),
        "brob": head + box(b"brob", b"Exif", packed) + box(b"jxlc", bare),
        "to-end": whole[: start - 8] + bytes(4) + whole[start - 4 :],
        "pq": formats.write(None, Image(picture().astype(np.float32) / 64, "p3", "linear", bits=32), format="jxl"),
        "float": bytes(imagecodecs.jpegxl_encode(picture().astype(np.float32) / 255, usecontainer=False)),
        "profile": formats.write(None, Image(picture(), "adobe_rgb", "gamma22"), format="jxl"),
        "alpha": bytes(imagecodecs.jpegxl_encode(np.dstack([picture(), picture()[..., :1]]), usecontainer=False)),
    }


def jxl_headers() -> dict[str, bytes]:
    """What follows the signature, and `jhgm` bodies."""
    found = {name: data[2:80] for name, data in jxls().items() if data[:2] == jxl.header.SIGNATURE}
    bundle = jxl.codec.parse(jxls()["whole"]).gain_map
    return {**found, "bundle": bundle, "pq": jxl.codec.parse(jxls()["pq"]).codestream[2:80]}


def packed_profiles() -> dict[str, bytes]:
    """Flat prefix codes, as they are written, and the beginning of one."""
    value, bits = icc_stream.packed(named_profile("p3", "srgb"))
    return {"flat": value.to_bytes(bits // 8 + 1, "little"), "cut": value.to_bytes(bits // 8 + 1, "little")[:40]}


def pngs() -> dict[str, bytes]:
    """Every colour chunk, depth and kind."""
    signature = png.codec.SIGNATURE
    image = Image(picture(), "p3", "srgb", orientation=6, exif=exif(), xmp=packets()["photo"])
    light = Image(picture().astype(np.float32) / 32, "bt2020", "linear", bits=32)

    def by_hand(*chunks: bytes, bits: int = 8, kind: int = 2, rows: bytes = bytes(25 * 6), laced: int = 0) -> bytes:
        head = chunk(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, bits, kind, 0, 0, laced))
        return signature + head + b"".join(chunks) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")

    chroma = struct.pack(">8I", 31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)
    return {
        "whole": formats.write(None, image, format="png"),
        "pq": formats.write(None, light, format="png"),
        "gamma": by_hand(chunk(b"gAMA", struct.pack(">I", 100_000)), chunk(b"cHRM", chroma)),
        "palette": by_hand(chunk(b"PLTE", bytes(range(12))), bits=2, kind=3, rows=bytes(3 * 6)),
        "grey": by_hand(bits=1, kind=0, rows=bytes(2 * 6)),
        "laced": by_hand(kind=0, rows=bytes(200), laced=1),
        "hlg": by_hand(chunk(b"cICP", bytes((9, 18, 0, 1))), bits=16, rows=bytes(49 * 6)),
        "two": by_hand(chunk(b"IDAT", b""), chunk(b"tRNS", bytes(6)), chunk(b"sRGB", b"\0")),
    }


def radiances() -> dict[str, bytes]:
    """Run lengths, new and old; turned; XYZ; primaries."""
    light = Image(picture().astype(np.float32) / 32, "p3", "linear", bits=32)
    head = b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n"
    return {
        "whole": formats.write(None, light, format="radiance"),
        "old": head + b"\n-Y 2 +X 5\n" + bytes((9, 8, 7, 129, 1, 1, 1, 4)) * 2,
        "turned": head + b"EXPOSURE=2\n\n+X 2 -Y 3\n" + bytes(range(24)),
        "xyz": b"#?RGBE\nFORMAT=32-bit_rle_xyze\n\n+Y 1 -X 8\n\2\2\0\x08" + bytes((136, 9)) * 4,
        "primaries": head + b"PRIMARIES=.708 .292 .17 .797 .131 .046 .3127 .329\n\n-Y 1 +X 1\n\1\2\3\4",
    }


def exrs() -> dict[str, bytes]:
    """As written, and as OpenEXR writes other channels."""
    import OpenEXR

    light = Image(picture().astype(np.float32) / 32, "p3", "linear", bits=32)
    written = Path(sys.argv[0]).resolve().parent / ".corpus.exr"
    plane = picture()[..., 0].astype(np.float32)
    found = {"whole": formats.write(None, light, format="exr")}
    for name, channels, options in (
        ("grey", {"Y": plane}, {}),
        ("layers", {"a.R": plane, "a.G": plane, "a.B": plane}, {"compression": OpenEXR.RLE_COMPRESSION}),
        ("aces", {"RGB": picture().astype(np.float16)}, {"chromaticities": ACES}),
    ):
        with OpenEXR.File(options, channels) as file:
            file.write(str(written))
        found[name] = written.read_bytes()
    written.unlink()
    return found


def tiffs() -> dict[str, bytes]:
    """Classic and big, both byte orders, integers and floats."""
    stream = io.BytesIO()
    Pillow.fromarray(picture()).save(stream, "tiff", compression="tiff_lzw", icc_profile=named_profile("p3", "srgb"))
    rows = [(256, 3, 1, 2), (257, 3, 1, 1), (258, 3, 1, 32), (262, 3, 1, 1), (273, 4, 1, 122), (277, 3, 1, 1),
            (278, 3, 1, 1), (279, 4, 1, 8), (339, 3, 1, 3)]  # fmt: skip
    little = struct.pack("<2sHIH", b"II", 42, 8, len(rows))
    little += b"".join(struct.pack("<HHII", *row) for row in rows) + bytes(4) + struct.pack("<2f", 0.5, 4)
    motorola = struct.pack(">2sHIH", b"MM", 42, 8, len(rows))
    motorola += b"".join(
        struct.pack(">HHIHH", t, k, n, v, 0) if k == 3 else struct.pack(">HHII", t, k, n, v) for t, k, n, v in rows
    )
    motorola += bytes(4) + struct.pack(">2f", 0.5, 4)
    wide = struct.pack("<2sHHHQQ", b"II", 43, 8, 0, 16, len(rows))
    wide += b"".join(struct.pack("<HHQQ", t, k, n, 212 if t == 273 else v) for t, k, n, v in rows) + bytes(8)
    wide += struct.pack("<2f", 1, 2)
    return {"lzw": stream.getvalue(), "float": little, "motorola": motorola, "big": wide}


def jxrs() -> dict[str, bytes]:
    """Codes with and without alpha, grey, and light of both widths."""
    codes, light = picture(), picture().astype(np.float32) / 64
    made = {
        "whole": codes, "alpha": np.dstack([codes, codes[..., :1]]), "grey": np.ascontiguousarray(codes[..., 0]),
        "half": np.dstack([light, light[..., :1]]).astype(np.float16), "float": light,
    }  # fmt: skip
    return {name: bytes(imagecodecs.jpegxr_encode(array, level=1.0)) for name, array in made.items()}


def webps() -> dict[str, bytes]:
    """Lossy, lossless, and with everything."""
    stream = io.BytesIO()
    more = {"exif": EXIF_TAG + exif(), "icc_profile": named_profile("p3", "srgb"), "xmp": packets()["photo"]}
    Pillow.fromarray(picture()).save(stream, "webp", quality=10, **more)
    lossless = io.BytesIO()
    Pillow.fromarray(np.dstack([picture(), picture()[..., :1]])).save(lossless, "webp", lossless=True)
    return {
        "whole": stream.getvalue(),
        "lossless": lossless.getvalue(),
        "bare": bytes(imagecodecs.webp_encode(picture(), level=10)),
    }


def iccs() -> dict[str, bytes]:
    """Our own profiles, and one with every kind of curve."""
    srgb = named_profile("bt709", "srgb")
    curve = b"curv" + bytes(4) + struct.pack(">I3H", 3, 0, 30000, 65535)
    at = srgb.index(b"para")
    return {
        "srgb": srgb,
        "gamma": named_profile("adobe_rgb", "gamma22"),
        "curv": srgb[:at] + curve + srgb[at + len(curve) :],
        "grey": srgb.replace(b"RGB ", b"GRAY", 1).replace(b"rTRC", b"kTRC"),
        "cicp": srgb.replace(b"cprt", b"cicp").replace(b"mluc", b"cicp", 2),
        "cmyk": srgb.replace(b"RGB ", b"CMYK", 1),
    }


def isos() -> dict[str, bytes]:
    """Both forms of the payload, and a newer writer's."""
    three, one = (metadata_to_iso(metadata_of(gain_map(n))) for n in (3, 1))
    common = one[:4] + struct.pack(">B3I", 0x48, 2, 0, 5) + struct.pack(">iiIii", -1, 4, 2, 0, 1)
    return {"three": three, "one": one, "common": common, "newer": one[:3] + b"\1" + one[4:] + b"more"}


def indices() -> dict[str, bytes]:
    """MPF without its tag, in both byte orders."""
    entries = [mpf.Entry(mpf.BASELINE_PRIMARY, 500, 0), mpf.Entry(0, 300, 600)]
    big = mpf.mpf_body(entries, 100)[4:]
    little = struct.pack("<2sHIH", b"II", 42, 8, 2)
    little += struct.pack("<HHII", 0xB001, 4, 1, 1) + struct.pack("<HHIII", 0xB002, 7, 16, 38, 0) + bytes(16)
    return {"big": big, "little": little}


def corpus() -> dict[str, dict[str, bytes]]:
    """Seeds by target and name."""
    return {
        "jpeg": jpegs(),
        "xmp_segments": packets_in_segments(),
        "mpf": indices(),
        "xmp": packets(),
        "iso": isos(),
        "items": items() | {f"avif-{name}": data for name, data in heifs("avif").items() if name != "pq"},
        "avif": heifs("avif"),
        "heic": heifs("heic"),
        "jxl": jxls(),
        "jxl_header": jxl_headers(),
        "jxl_icc": packed_profiles(),
        "png": pngs(),
        "radiance": radiances(),
        "exr": exrs(),
        "tiff": tiffs(),
        "jxr": jxrs(),
        "webp": webps(),
        "icc": iccs(),
        "exif": {"big": exif(), "little": exif("<"), "short": exif()[:60], "bare": b"MM\0*\0\0\0\x08\0\0\0\0\0\0"},
    }


def main() -> int:
    """Write them all; what is of another name in the folders stays."""
    for target, seeds in corpus().items():
        folder = HERE / target
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in seeds.items():
            (folder / name).write_bytes(data)
    return 0


if __name__ == "__main__":
    sys.exit(main())
