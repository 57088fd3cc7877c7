"""HEIC: gain maps out and in; the extra is optional, and Apple's and Samsung's auxiliary maps are put together here."""

import contextlib
import dataclasses
import struct
import sys
from importlib.util import find_spec

import numpy as np
import pytest

from untone import formats
from untone.errors import DamagedError, UnsupportedError, UntoneError
from untone.formats.heif import grid as heif_grid
from untone.formats.heif import heic
from untone.formats.heif import items as heif_items
from untone.formats.heif.item_writer import NewItem, heif_file
from untone.formats.heif.items import Link, Property
from untone.formats.jpeg import apple
from untone.formats.metadata.iso21496 import metadata_of
from untone.image import GainMap, Image

needs_codec = pytest.mark.skipif(find_spec("pillow_heif") is None, reason="the extra `heic` is not installed")


def written(image: Image, gain_map: GainMap | None = None, **options: int) -> bytes:
    return b"".join(heic.write(image, gain_map, **options))


def test_without_the_extra_one_line_names_it(pixels, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(UnsupportedError, match=r"untone\[heic\]"):
        formats.write(tmp_path / "x.heic", Image(pixels))
    assert not list(tmp_path.iterdir())


@needs_codec
def test_every_parameter_comes_back(pixels, gain_map):
    data = written(Image(pixels, orientation=6), gain_map)
    image, found = formats.read(data)
    expected = metadata_of(gain_map)
    for field in dataclasses.fields(expected):
        if field.name != "multichannel":
            assert getattr(found, field.name) == getattr(expected, field.name), field.name
    assert (image.orientation, image.pixels.shape) == (6, pixels.shape)
    assert np.abs(found.codes.astype(int) - gain_map.codes).mean() < 4
    assert np.abs(image.pixels.astype(int) - pixels).mean() < 6
    assert written(image, found, quality=1, map_quality=1) == data


@needs_codec
def test_the_library_sees_the_base_turned(pixels, gain_map):
    import pillow_heif

    data = written(Image(pixels, orientation=6), gain_map)
    opened = pillow_heif.open_heif(data)
    expected = np.rot90(formats.read(data)[0].pixels, -1)
    assert np.array_equal(np.asarray(opened), expected)
    assert "tmap" in [bytes(b).decode() for b in heif_items.parse(data).brands]


@needs_codec
@pytest.mark.parametrize("bits", [8, 10])
def test_lossless_at_either_depth(pixels, bits):
    top = (1 << bits) - 1
    codes = (np.round(pixels / 255 * top) * (65535 / top) + 0.5).astype(np.uint16)
    base = pixels if bits == 8 else codes
    grey = GainMap(np.ascontiguousarray(pixels[:, :, :1]), (0.0,) * 3, (1.0,) * 3)
    image, found = formats.read(written(Image(base, bits=bits), grey, quality=100, map_quality=100))
    assert np.array_equal(image.pixels, base)
    assert np.array_equal(found.codes, grey.codes)


@needs_codec
@pytest.mark.parametrize("transfer", ["pq", "hlg"])
def test_hdr_stills(pixels, transfer):
    codes = pixels.astype(np.uint16) * 150
    image = formats.read(written(Image(codes, "bt2020", transfer, bits=10)))[0]
    assert (image.primaries, image.transfer, image.bits) == ("bt2020", transfer, 10)
    assert np.abs(image.pixels.astype(int) - codes).mean() < 900


@needs_codec
def test_twelve_bits_are_refused(pixels):
    with pytest.raises(UntoneError, match="8, 10 bits, not 12"):
        written(Image(pixels), bits=12)


def maker_note(headroom: float, gain: float) -> bytes:
    """A MakerNote of the two numbers, rationals after the directory."""
    entries = struct.pack(">HHII", 0x21, 10, 1, 44) + struct.pack(">HHII", 0x30, 10, 1, 52) + bytes(4)
    numbers = struct.pack(">iiii", round(headroom * 10000), 10000, round(gain * 10000), 10000)
    return apple.MAKER_TAG + struct.pack(">H", 2) + entries + numbers


APPLE_XMP = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:HDRGainMap="http://ns.apple.com/HDRGainMap/1.0/">
<HDRGainMap:HDRGainMapVersion>131072</HDRGainMap:HDRGainMapVersion>
<HDRGainMap:HDRGainMapHeadroom>4.0</HDRGainMap:HDRGainMapHeadroom></rdf:Description></rdf:RDF></x:xmpmeta>"""


def auxiliary_file(pixels: np.ndarray, exif: bytes, packet: bytes | None, maker: str = "apple:photo:2020") -> bytes:
    """A HEIC as phones write it: base, hidden auxiliary map, EXIF of the base, XMP of the map."""
    (base,), _ = heif_grid.carried_items(heic.CODEC.encode(pixels, 8, 100, (12, 13, 0), False))
    (grey,), _ = heif_grid.carried_items(heic.CODEC.encode(ramp(), 8, 100, (2, 2, 2), False))
    urn = Property(b"auxC", bytes(4) + f"urn:com:{maker}:aux:hdrgainmap".encode() + b"\0", True)
    grey = dataclasses.replace(grey, properties=(*grey.properties, urn), hidden=True)
    items = [base, grey, NewItem(b"Exif", struct.pack(">I", 6) + b"Exif\0\0" + exif)]
    links = [Link(b"auxl", 2, (1,)), Link(b"cdsc", 3, (1,))]
    if packet is not None:
        items.append(NewItem(b"mime", packet, content_type=b"application/rdf+xml"))
        links.append(Link(b"cdsc", 4, (2,)))
    return b"".join(heif_file((b"heic", b"mif1"), items, links))


def ramp() -> np.ndarray:
    return np.tile(np.arange(256, dtype=np.uint8)[None, ::8, None], (16, 1, 1))


@needs_codec
@pytest.mark.parametrize(
    ("note", "packet", "stops"),
    [((0.5, 0.0), None, 1.8), ((1.0, 0.02), None, -0.303 * 0.02 + 2.303), ((0.5, 0.0), APPLE_XMP, 2.0)],
)
def test_apple_maps_follow_apples_curve(pixels, note, packet, stops):
    """HDR = SDR * (1 + (headroom - 1) * light of the code), by hand, against the map as ISO 21496-1 reads it."""
    data = auxiliary_file(pixels, b"MM\0*\0\0\0\x08\0\0\0\0\0\0" + maker_note(*note), packet)
    found = formats.read(data)[1]
    assert (found.encodings, found.channels) == (("apple",), 1)
    assert abs(found.alternate_headroom_stops - stops) < 1e-6
    code = ramp()[0, :, 0] / 255
    light = np.where(code < 0.081, code / 4.5, ((code + 0.099) / 1.099) ** (1 / 0.45))
    gain = 2 ** (found.codes[0, :, 0] / 65535 * found.max_stops[0])
    assert np.abs(gain / (1 + (2**stops - 1) * light) - 1).max() < 1e-4
    assert formats.probe(data).gain_map.encodings == ["apple"]


@needs_codec
def test_a_samsung_map_with_adobe_parameters(pixels):
    packet = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        b'<rdf:Description rdf:about="" xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0" '
        b'hdrgm:GainMapMax="2.5" hdrgm:HDRCapacityMax="2.5"/></rdf:RDF></x:xmpmeta>'
    )
    found = formats.read(auxiliary_file(pixels, b"MM\0*", packet, "samsung:photo:2024"))[1]
    assert (found.max_stops[0], found.encodings) == (2.5, ("hdrgm-xmp",))
    assert np.array_equal(found.codes, ramp())


@needs_codec
def test_an_auxiliary_map_without_headroom_is_left_out_and_told(pixels):
    data = auxiliary_file(pixels, b"MM\0*", None)
    assert formats.read(data)[1] is None
    assert "headroom" in formats.probe(data).warnings[0]


@needs_codec
def test_cuts_and_flips_are_survived(pixels, gain_map, capfd):
    data = written(Image(pixels), gain_map)
    chance = np.random.default_rng(3)
    for i in range(250):
        bad = bytearray(data[: chance.integers(len(data))] if i % 3 == 0 else data)
        for place in chance.integers(min(len(bad) or 1, 1200), size=3):
            if bad:
                bad[place] ^= 1 << int(chance.integers(8))
        for function in (formats.read, formats.probe):
            with contextlib.suppress(UntoneError):
                function(bytes(bad) or b"x")
    assert capfd.readouterr() == ("", "")


def test_headers_of_nonsense_are_refused():
    with pytest.raises(DamagedError):
        formats.probe(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic\0\0\0\x0cmeta\0\0\0\0")
