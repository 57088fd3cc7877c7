"""AVIF: stills and gain maps, out and in; Pillow and imagecodecs are the witnesses of what others read."""

import contextlib
import dataclasses
import io
import random
import struct

import imagecodecs
import numpy as np
import pytest
from PIL import Image as Pillow

from untone import formats
from untone.errors import DamagedError, UnsupportedError, UntoneError
from untone.formats.heif import avif
from untone.formats.heif import decoding as heif
from untone.formats.heif import encoding as heif_output
from untone.formats.heif import grid as heif_grid
from untone.formats.heif import items as heif_items
from untone.formats.metadata.iso21496 import metadata_of
from untone.formats.profiles.icc import named_profile
from untone.image import GainMap, Image, turned_upright

PARAMETERS = [
    field.name for field in dataclasses.fields(GainMap) if field.name not in ("codes", "encodings", "encoded")
]


def written(image: Image, gain_map: GainMap | None = None, **options: int) -> bytes:
    return b"".join(avif.write(image, gain_map, **options))


@pytest.fixture
def file(pixels, gain_map) -> bytes:
    return written(Image(pixels), gain_map)


def test_every_parameter_comes_back(file, gain_map):
    found = formats.read(file)[1]
    expected = metadata_of(gain_map)
    for name in PARAMETERS:
        assert getattr(found, name) == getattr(expected, name, None), name
    assert found.encodings == ("iso21496-1",)
    assert np.abs(found.codes.astype(int) - gain_map.codes).mean() < 4


@pytest.mark.parametrize("bits", [8, 10, 12])
@pytest.mark.parametrize("channels", [1, 3])
def test_lossless_at_every_depth(pixels, bits, channels):
    top = (1 << bits) - 1
    codes = (pixels.astype(np.uint16) * top // 255 * (65535 / top)).round().astype(np.uint16)
    base = pixels if bits == 8 else codes
    gain_map = GainMap(np.ascontiguousarray(base[::2, ::2, :channels]), (0.0,) * 3, (1.0,) * 3)
    image, found = formats.read(written(Image(base, bits=bits), gain_map, quality=100, map_quality=100, bits=bits))
    assert (image.bits, found.channels) == (bits, channels)
    assert np.array_equal(image.pixels, base)
    assert np.array_equal(found.codes, gain_map.codes)


def test_base_and_map_are_carried_over_bit_for_bit(file):
    image, gain_map = formats.read(file)
    assert written(image, gain_map, quality=1, map_quality=1) == file
    assert len(written(image, gain_map, quality=1, bits=8)) < len(file)


@pytest.mark.parametrize("primaries", ["bt709", "p3", "bt2020"])
def test_no_colour_is_shifted_by_what_codes_it(primaries):
    """Of 1600 colours, each a field of 16 x 16 pixels: libavif's path for BT.601 takes 0.7 codes from red and blue."""
    colours = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    fields = colours.repeat(16, 0).repeat(16, 1)
    gain_map = GainMap(fields, (0.0,) * 3, (2.0,) * 3)
    image, found = formats.read(written(Image(fields, primaries), gain_map, quality=95, map_quality=95))
    for codes in (image.pixels, found.codes):
        assert np.abs((codes.astype(int) - fields).mean((0, 1))).max() < 0.15


def test_what_others_see_is_the_base(file, pixels):
    for seen in (np.asarray(Pillow.open(io.BytesIO(file)).convert("RGB")), imagecodecs.avif_decode(file)):
        assert np.abs(seen.astype(int) - pixels).mean() < 3
        assert np.abs(seen.astype(int) - formats.read(file)[0].pixels).max() <= 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_irot_and_imir_of_both_and_not_of_tmap(pixels, gain_map, orientation):
    data = written(Image(pixels, orientation=orientation), gain_map)
    image, found = formats.read(data)
    assert (image.orientation, found.height, found.width) == (orientation, gain_map.height, gain_map.width)
    meta = heif_items.parse(data)
    turns = {item.kind: [p for p in item.properties if p.name in heif.TURNS] for item in meta.items.values()}
    assert (turns[b"av01"], turns[b"tmap"]) == (list(heif.turns(orientation)), [])
    with Pillow.open(io.BytesIO(data)) as opened:
        assert opened.getexif().get(0x0112, 1) == orientation


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turns_do_to_pixels_what_the_orientation_says(orientation):
    corners = np.arange(6).reshape(2, 3)
    turned = corners
    for found in heif.turns(orientation):
        turned = np.rot90(turned, found.body[0]) if found.name == b"irot" else np.flip(turned, found.body[0])
    assert np.array_equal(turned, turned_upright(corners, orientation))


def test_metadata_is_kept_and_old_announcements_are_not(pixels, gain_map, orientation_exif):
    xmp = formats.read(formats.write(None, Image(pixels), gain_map))[0].xmp
    assert b"GainMap" in xmp
    source = Image(pixels, "p3", orientation=6, icc=named_profile("p3", "srgb"), exif=orientation_exif(6), xmp=xmp)
    image = formats.read(written(source, gain_map))[0]
    assert (image.exif, image.icc, image.primaries) == (source.exif, source.icc, "p3")
    assert b"GainMap" not in image.xmp


@pytest.mark.parametrize("transfer", ["srgb", "gamma22", "bt1886"])
@pytest.mark.parametrize("primaries", ["bt709", "p3", "bt2020", "adobe_rgb"])
def test_every_colour_space_comes_back(pixels, primaries, transfer):
    image = formats.read(written(Image(pixels, primaries, transfer)))[0]
    assert (image.primaries, image.transfer) == (primaries, transfer)


def test_the_alternate_colour_space_comes_back(pixels, gain_map):
    for name in ("bt709", "p3", "bt2020", "adobe_rgb"):
        mapped = dataclasses.replace(gain_map, use_base_colour_space=False, alternate_primaries=name)
        found = formats.read(written(Image(pixels), mapped))[1]
        assert (found.use_base_colour_space, found.alternate_primaries) == (False, name)


@pytest.mark.parametrize("transfer", ["pq", "hlg"])
def test_hdr_stills_say_so(pixels, transfer):
    codes = pixels.astype(np.uint16) * 150
    data = written(Image(codes, "bt2020", transfer, bits=10))
    image = formats.read(data)[0]
    assert (image.primaries, image.transfer, image.bits) == ("bt2020", transfer, 10)
    assert np.abs(image.pixels.astype(int) - codes).mean() < 300
    colr = heif_items.parse(data).items[1].property(b"colr")
    assert colr == b"nclx" + struct.pack(">HHHB", 9, {"pq": 16, "hlg": 18}[transfer], 9, 0x80)


def test_light_becomes_pq_with_its_levels():
    light = np.full((8, 8, 3), 1000 / 203, np.float32)
    light[4:] = 100 / 203
    data = written(Image(light, "bt2020", "linear", bits=32), quality=100)
    image = formats.read(data)[0]
    assert (image.primaries, image.transfer, image.bits) == ("bt2020", "pq", 10)
    assert abs(int(image.pixels[0, 0, 0]) / 65535 - 0.7518) < 1e-3
    top, mean = struct.unpack(">HH", heif_items.parse(data).items[1].property(b"clli"))
    assert (top, mean) == (1000, 550)


def test_light_with_a_gain_map_is_refused(gain_map):
    with pytest.raises(UntoneError, match="encoded pixels"):
        written(Image(np.ones((4, 4, 3), np.float32), transfer="linear", bits=32), gain_map)


def test_probe_decodes_no_pixel(file, monkeypatch):
    monkeypatch.setattr(imagecodecs, "avif_decode", None)
    found = formats.probe(file)
    assert (found.gain_map.width, found.gain_map.height, found.gain_map.channels) == (16, 12, 3)
    assert (found.gain_map.max_stops, found.gain_map.encodings, found.warnings) == ([1.0, 2.0, 3.0], ["iso21496-1"], [])


def test_a_missing_brand_or_group_is_told(file):
    assert "brand" in formats.probe(file.replace(b"tmap\0", b"none\0", 1).replace(b"miaftmap", b"miafnone")).warnings[0]
    assert "altr" in formats.probe(file.replace(b"altr", b"none")).warnings[0]


def payload_at(file: bytes) -> int:
    meta = heif_items.parse(file)
    (extent,) = next(item for item in meta.items.values() if item.kind == b"tmap").extents
    return extent[0]


@pytest.mark.parametrize(
    ("offset", "value", "error"),
    [
        (10, bytes(4), DamagedError),
        (38, bytes(4), DamagedError),
    ],
)
def test_bad_parameters_are_refused(file, offset, value, error):
    place = payload_at(file) + offset
    for function in (formats.read, formats.probe):
        with pytest.raises(error):
            function(file[:place] + value + file[place + len(value) :])


def test_another_codec_is_named(file):
    with pytest.raises(UnsupportedError, match="hvc1"):
        formats.read(file.replace(b"av01", b"hvc1"))


def clap(*numbers: int) -> heif_items.Property:
    return heif_items.Property(b"clap", struct.pack(">IIIIiIiI", *numbers), True)


def with_clap(pixels, *numbers: int) -> bytes:
    encoded = avif.CODEC.encode(pixels, 8, 100, (1, 13, 0), False)
    (item,), _ = heif_grid.carried_items(encoded)
    cropped = dataclasses.replace(item, properties=(*item.properties, clap(*numbers)))
    return b"".join(heif_output.heif_file(avif.BRANDS, [cropped]))


def test_a_clean_aperture_crops(pixels):
    image = formats.read(with_clap(pixels, 20, 1, 10, 1, -6, 1, 3, 1))[0]
    assert np.array_equal(image.pixels, pixels[10:20, 0:20])


@pytest.mark.parametrize(
    "numbers", [(20, 0, 10, 1, 0, 1, 0, 1), (99, 1, 10, 1, 0, 1, 0, 1), (20, 1, 10, 1, 9, 1, 0, 1)]
)
def test_a_clean_aperture_outside_is_refused(pixels, numbers):
    with pytest.raises(DamagedError, match="clap"):
        formats.read(with_clap(pixels, *numbers))


def test_grey_of_limited_range_is_stretched(pixels):
    """16 is black and 235 white where nclx says so, in a base and in a map."""
    grey = pixels[:, :, :1]
    encoded = avif.CODEC.encode(grey, 8, 100, (1, 13, 6), False)
    (item,), _ = heif_grid.carried_items(encoded)
    limited = heif_items.Property(b"colr", b"nclx" + struct.pack(">HHHB", 1, 13, 6, 0))
    kept = tuple(p for p in item.properties if p.name != b"colr")
    data = b"".join(heif_output.heif_file(avif.BRANDS, [dataclasses.replace(item, properties=(*kept, limited))]))
    expected = np.clip((grey.astype(float) - 16) / 219 * 255, 0, 255)
    assert np.abs(formats.read(data)[0].pixels - expected).max() <= 0.5


def test_mutations_of_a_gain_map_file_are_survived(file, capfd):
    chance = random.Random(5)
    for i in range(300):
        bad = bytearray(file if i % 3 else file[: chance.randrange(1, len(file))])
        place = chance.randrange(min(len(bad), 1100))
        bad[place : place + 2] = struct.pack(">H", chance.choice((0, 1, 2, 0xFFFF, chance.getrandbits(16))))
        for function in (formats.read, formats.probe):
            with contextlib.suppress(UntoneError):
                function(bytes(bad))
    assert capfd.readouterr() == ("", "")
