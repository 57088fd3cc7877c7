"""Ultra HDR JPEGs as others write them, put together here byte by byte; numbers are those that Chromium shows."""

import io
import struct

import numpy as np
import pytest
from PIL import Image as Pillow

from untone import formats
from untone.errors import DamagedError
from untone.formats.jpeg.segments import APP1, APP2, XMP_TAG, parse, segment

ISO = b"urn:iso:std:iso:ts:21496:-1\0"
MARKER = segment(APP2, ISO + bytes(4))
RDF = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:h="http://ns.adobe.com/hdr-gain-map/1.0/" '
    'xmlns:C="http://ns.google.com/photos/1.0/container/" xmlns:I="http://ns.google.com/photos/1.0/container/item/" '
    "%s</rdf:Description></rdf:RDF></x:xmpmeta>"
)


def xmp(text: str) -> bytes:
    return segment(APP1, XMP_TAG + (RDF % text).encode())


def announced(length: int) -> bytes:
    """The base's packet, of a map of so many bytes and a video behind it."""
    items = "".join(
        f'<rdf:li rdf:parseType="Resource"><C:Item I:Semantic="{name}" I:Mime="{mime}" I:Length="{size}"/></rdf:li>'
        for name, mime, size in (
            ("Primary", "image/jpeg", 0),
            ("GainMap", "image/jpeg", length),
            ("Video", "v/mp4", 99),
        )
    )
    return xmp(f'h:Version="1.0"><C:Directory><rdf:Seq>{items}</rdf:Seq></C:Directory>')


def jpeg(codes: np.ndarray, *segments: bytes, **options: object) -> bytes:
    """As Pillow writes it, without what it puts in front, with these segments instead."""
    stream = io.BytesIO()
    Pillow.fromarray(codes[:, :, 0] if codes.shape[2] == 1 else codes).save(stream, "jpeg", quality=95, **options)
    data = stream.getvalue()
    found = parse(data)
    tables = [data[s.start : s.end] for s in found.segments if not 0xE0 <= s.marker <= 0xEF]
    return b"".join([b"\xff\xd8", *segments, *tables, data[found.scan :]])


def index(base: bytes, sizes: list[int], order: str, gap: int, lie: int) -> bytes:
    """An MPF segment, put right after the base's start; images follow each other after a gap."""
    length = len(base) + 4 + 4 + 50 + 16 * (1 + len(sizes))
    rows, position = struct.pack(order + "IIIHH", 0x030000, length, 0, 0, 0), length + gap
    for size in sizes:
        rows += struct.pack(order + "IIIHH", 0, size, position - 10 + lie, 0, 0)
        position += size
    head = (b"MM\0*" if order == ">" else b"II*\0") + struct.pack(order + "IH", 8, 3)
    tags = struct.pack(order + "HHI4s", 0xB000, 7, 4, b"0100") + struct.pack(
        order + "HHII", 0xB001, 4, 1, len(sizes) + 1
    )
    tags += struct.pack(order + "HHIII", 0xB002, 7, 16 * (len(sizes) + 1), 50, 0)
    return segment(APP2, b"MPF\0" + head + tags + rows)


def photo(pixels, *marks: bytes, images, order=">", gap=b"", trailer=b"", lie=0, mpf=True, **options) -> bytes:
    base = jpeg(pixels, *marks, **options)
    if mpf:
        base = base[:2] + index(base, [len(image) for image in images], order, len(gap), lie) + base[2:]
    return base + gap + b"".join(images) + trailer


def iso(*channels: tuple[int, ...], headrooms=(0, 160), flags: int = 0x40, writer: int = 0, more: bytes = b"") -> bytes:
    """Numbers in 64ths: minimum, maximum, gamma, base offset, alternate offset of each channel."""
    body = struct.pack(">HHB", 0, writer, flags | 0x80 * (len(channels) == 3))
    body += b"".join(struct.pack(">II", number, 64) for number in headrooms)
    rows = (
        struct.pack(">iI", n, 64) if i in (0, 1, 3, 4) else struct.pack(">II", n, 64)
        for c in channels
        for i, n in enumerate(c)
    )
    return segment(APP2, ISO + body + b"".join(rows) + more)


PLAIN = (0, 160, 64, 1, 1)
NUMBERS = 'h:Version="1.0" h:GainMapMax="2.5" h:HDRCapacityMax="2.5"/><rdf:Description>'
ELEMENTS = "><h:Version>1.0</h:Version><h:GainMapMax>2.5</h:GainMapMax><h:HDRCapacityMax>\n2.5 </h:HDRCapacityMax>"


@pytest.fixture
def grey(pixels) -> np.ndarray:
    return np.ascontiguousarray(pixels[::2, ::2, :1])


VARIANTS = {
    "XMP attributes, big endian": lambda p, g: photo(p, announced(9), images=[jpeg(g, xmp(NUMBERS))]),
    "XMP elements, little endian": lambda p, g: photo(p, announced(9), images=[jpeg(g, xmp(ELEMENTS))], order="<"),
    "ISO only": lambda p, g: photo(p, MARKER, images=[jpeg(g, iso(PLAIN))]),
    "both": lambda p, g: photo(p, announced(9), MARKER, images=[jpeg(g, xmp(NUMBERS), iso(PLAIN))]),
    "after another image": lambda p, g: photo(p, MARKER, images=[jpeg(g[::2]), jpeg(g, iso(PLAIN))]),
    "before another image": lambda p, g: photo(p, MARKER, images=[jpeg(g, iso(PLAIN)), jpeg(g[::2])]),
    "after a preview": lambda p, g: photo(p, MARKER, images=[jpeg(p), jpeg(g, iso(PLAIN))]),
    "after a gap": lambda p, g: photo(p, MARKER, images=[jpeg(g, iso(PLAIN))], gap=bytes(333)),
    "before a video": lambda p, g: photo(p, announced(9), images=[jpeg(g, xmp(NUMBERS))], trailer=bytes(99)),
    "progressive": lambda p, g: photo(p, MARKER, images=[jpeg(g, iso(PLAIN), progressive=True)], progressive=True),
    "a base in chroma by 2 x 2": lambda p, g: photo(p, MARKER, images=[jpeg(g, iso(PLAIN))], subsampling=2),
    "among other APP2": lambda p, g: photo(
        p, segment(APP2, b"FPXR\0" + bytes(9)), MARKER, images=[jpeg(g, segment(APP2, b"urn:iso:other\0"), iso(PLAIN))]
    ),
    "a common denominator": lambda p, g: photo(
        p, MARKER, images=[jpeg(g, segment(APP2, ISO + struct.pack(">4xB3IiiIii", 0x48, 64, 0, 160, *PLAIN)))]
    ),
    "a newer writer": lambda p, g: photo(p, MARKER, images=[jpeg(g, iso(PLAIN, writer=3, more=b"more"))]),
    "three equal channels": lambda p, g: photo(p, MARKER, images=[jpeg(g, iso(PLAIN, PLAIN, PLAIN))]),
    "an index that lies": lambda p, g: photo(p, announced(9), images=[jpeg(g, xmp(NUMBERS))], lie=5),
    "no index": lambda p, g: photo(p, announced(9), images=[jpeg(g, xmp(NUMBERS))], mpf=False),
}  # fmt: skip


@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_gives_the_same_numbers_and_codes(pixels, grey, name):
    image, found = formats.read(VARIANTS[name](pixels, grey))
    assert image.pixels.shape == pixels.shape
    assert (found.min_stops, found.max_stops, found.gamma) == ((0.0,) * 3, (2.5,) * 3, (1.0,) * 3)
    assert (found.base_offset, found.alternate_offset) == ((1 / 64,) * 3, (1 / 64,) * 3)
    assert (found.base_headroom_stops, found.alternate_headroom_stops) == (0.0, 2.5)
    assert found.codes.shape == grey.shape
    assert np.abs(found.codes.astype(int) - grey).max() <= 3
    expected = {"an index that lies", "no index"}
    assert bool(formats.probe(VARIANTS[name](pixels, grey)).warnings) == (name in expected)


def test_three_channels_with_numbers_of_their_own(pixels, grey):
    rows = [(-64, 64, 32, 1, 2), (-32, 128, 64, 3, 4), (0, 160, 128, 5, 6)]
    colours = np.ascontiguousarray(pixels[::2, ::2])
    for codes in (colours, grey):
        found = formats.read(photo(pixels, MARKER, images=[jpeg(codes, iso(*rows), subsampling=0)]))[1]
        assert (found.min_stops, found.max_stops) == ((-1.0, -0.5, 0.0), (1.0, 2.0, 2.5))
        assert (found.gamma, found.base_offset[2], found.alternate_offset[1]) == ((0.5, 1.0, 2.0), 5 / 64, 4 / 64)
        assert found.channels == codes.shape[2]


def test_an_hdr_base_by_either_flavour(pixels, grey):
    text = 'h:Version="1.0" h:BaseRenditionIsHDR="True" h:GainMapMax="2.5" h:HDRCapacityMax="2.5" h:OffsetSDR="0.25"/>'
    by_xmp = formats.read(photo(pixels, announced(9), images=[jpeg(grey, xmp(text + "<rdf:Description>"))]))[1]
    by_iso = formats.read(photo(pixels, MARKER, images=[jpeg(grey, iso((0, 160, 64, 1, 16), headrooms=(160, 0)))]))[1]
    for found in (by_xmp, by_iso):
        assert (found.base_headroom_stops, found.alternate_headroom_stops) == (2.5, 0.0)
        assert (found.base_offset[0], found.alternate_offset[0]) == (1 / 64, 0.25)


@pytest.mark.parametrize(
    ("map_segment", "error"),
    [
        (iso(PLAIN, more=b"more"), DamagedError),
        (iso((0, 160, 0, 1, 1)), DamagedError),
        (iso((161, 160, 64, 1, 1)), DamagedError),
        (segment(APP2, ISO + bytes(61)), DamagedError),
        (xmp('h:Version="1.0" h:GainMapMax="NaN" h:HDRCapacityMax="2"/><rdf:Description>'), DamagedError),
        (xmp('h:Version="1.0" h:GainMapMax="1e30" h:HDRCapacityMax="2"/><rdf:Description>'), DamagedError),
    ],
)
def test_numbers_nobody_can_use_are_refused(pixels, grey, map_segment, error):
    data = photo(pixels, announced(9), images=[jpeg(grey, map_segment)])
    for function in (formats.read, formats.probe):
        with pytest.raises(error):
            function(data)


def test_an_image_without_parameters_is_no_gain_map(pixels, grey):
    assert formats.read(photo(pixels, images=[jpeg(grey), jpeg(pixels)]))[1] is None
