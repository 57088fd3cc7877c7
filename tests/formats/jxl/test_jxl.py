"""JPEG XL: headers bit by bit, gain maps in `jhgm`, and what libjxl makes of rewritten headers."""

import dataclasses
import random
import struct

import imagecodecs
import numpy as np
import pytest

from untone import formats
from untone.errors import DamagedError, LimitError, UnsupportedError, UntoneError
from untone.formats.common.isobmff import box
from untone.formats.jxl import codec as jxl
from untone.formats.jxl import gain_map as jxl_gain
from untone.formats.jxl import header as jxl_header
from untone.formats.jxl.header import Colour, JxlHeader
from untone.formats.metadata.iso21496 import metadata_of
from untone.image import Image


def written(image: Image, gain_map=None, **options: int) -> bytes:
    return b"".join(jxl.write(image, gain_map, **options))


@pytest.fixture
def file(pixels, gain_map) -> bytes:
    return written(Image(pixels), gain_map)


def test_every_parameter_comes_back(file, gain_map):
    found = formats.read(file)[1]
    expected = metadata_of(gain_map)
    for field in dataclasses.fields(expected):
        if field.name != "multichannel":
            assert getattr(found, field.name) == getattr(expected, field.name), field.name
    assert np.abs(found.codes.astype(int) - gain_map.codes).mean() < 4


def test_base_and_map_are_carried_over_bit_for_bit(file):
    image, gain_map = formats.read(file)
    assert written(image, gain_map, quality=1, map_quality=1) == file


def test_the_box_is_as_the_standard_has_it(file, gain_map):
    """u8 version, u16 size, ISO 21496-1, u8 size, colour encoding, u32 size (0: no profile), naked codestream."""
    place = file.index(b"jhgm")
    assert file[place + 4 : place + 7] == b"\0" + struct.pack(">H", 141)
    after = place + 7 + 141
    encoding = file[after + 1 : after + 1 + file[after]]
    assert jxl_header.colour_of_bytes(encoding) == Colour("bt709", "pq")
    assert file[after + 1 + file[after] :][:6] == bytes(4) + b"\xff\x0a"


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("quality", [90, 100])
def test_orientation_is_in_the_header(pixels, orientation, quality):
    data = written(Image(pixels, orientation=orientation), quality=quality)
    image = formats.read(data)[0]
    assert (image.orientation, image.pixels.shape) == (orientation, pixels.shape)
    turned = imagecodecs.jpegxl_decode(data)
    assert turned.shape[:2] == (pixels.shape[:2] if orientation < 5 else pixels.shape[1::-1])


SPACES = [(p, t) for p in ("bt709", "p3", "bt2020") for t in ("srgb", "bt1886", "pq", "hlg")]


@pytest.mark.parametrize(("primaries", "transfer"), SPACES)
def test_other_spaces_are_named_and_lossless(pixels, primaries, transfer):
    codes = (np.round(pixels / 255 * 1023) * (65535 / 1023) + 0.5).astype(np.uint16)
    image = formats.read(written(Image(codes, primaries, transfer, bits=10), quality=100))[0]
    assert (image.primaries, image.transfer, image.bits) == (primaries, transfer, 10)
    assert np.array_equal(image.pixels, codes)


@pytest.mark.parametrize("primaries", ["bt709", "p3", "bt2020"])
@pytest.mark.parametrize(("dtype", "bits"), [(np.uint8, 8), (np.uint16, 10), (np.float32, 16)])
def test_colours_and_depths_are_coded_with_loss(primaries, dtype, bits):
    """Phones' photos are Display P3: coded as they are, they took many times the bytes. Depth was taken for light."""
    waves = np.sin(np.arange(128)[:, None, None] / (7, 11, 13)) + np.sin(np.arange(96)[:, None] / (5, 9, 4))
    noise = np.random.default_rng(0).normal(0, 0.04, (128, 96, 3))
    shares = np.clip(waves / 4 + 0.5 + noise, 0, 1)
    shares[:16, :16], shares[:16, 16:32] = (0, 1, 1), (1, 1, 0)  # colours that BT.709 does not have
    most = 1 if dtype == np.float32 else np.iinfo(dtype).max
    image = Image((shares * most).astype(dtype), primaries, "srgb", bits=bits, orientation=6)
    data, whole = written(image, quality=90), written(image, quality=100)
    found = formats.read(data)[0]
    assert (found.primaries, found.transfer, found.bits, found.orientation) == (primaries, "srgb", bits, 6)
    assert len(data) < len(whole) / 2
    off = np.abs(found.pixels / np.iinfo(found.pixels.dtype).max - shares)
    assert off.mean() < 0.04
    assert off[4:12, 4:28].max() < 0.2


def test_light_becomes_pq():
    image = formats.read(written(Image(np.full((5, 7, 3), 1000 / 203, np.float32), transfer="linear", bits=32)))[0]
    assert (image.primaries, image.transfer, image.bits) == ("bt2020", "pq", 12)
    assert abs(int(image.pixels[2, 3, 1]) / 65535 - 0.7518) < 3e-4


def test_metadata_is_kept(pixels, orientation_exif):
    packet = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"/>'
    image = formats.read(written(Image(pixels, orientation=3, exif=orientation_exif(3), xmp=packet)))[0]
    assert (image.exif, image.xmp, image.orientation) == (orientation_exif(3), packet, 3)


def test_partial_codestreams_and_brotli(pixels):
    naked = imagecodecs.jpegxl_encode(pixels, lossless=True, usecontainer=False)
    packet = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"/>'
    parts = [
        jxl.CONTAINER,
        box(b"jxlp", struct.pack(">I", 0), naked[:9]),
        box(b"brob", b"xml ", imagecodecs.brotli_encode(packet)),
        box(b"jxlp", struct.pack(">I", 0x80000001), naked[9:]),
    ]
    image = formats.read(b"".join(parts))[0]
    assert np.array_equal(image.pixels, pixels)
    assert image.xmp == packet


@pytest.mark.parametrize("lossless", [True, False])
@pytest.mark.parametrize("bits", [8, 10, 12, 16])
@pytest.mark.parametrize("size", [(1, 1), (24, 32), (17, 300)])
def test_headers_of_libjxl_are_read(size, bits, lossless):
    pixels = np.zeros((*size, 3), np.uint8 if bits == 8 else np.uint16)
    naked = jxl.parse(imagecodecs.jpegxl_encode(pixels, lossless=lossless, bitspersample=bits, effort=1)).codestream
    found = jxl_header.parse(naked)
    assert (found.height, found.width, found.bits, found.xyb) == (*size, bits, not lossless)
    assert found.length is not None
    again = jxl_header.parse(jxl_header.relabelled(naked, 5, Colour("p3", "pq")))
    places = {"length": again.length, "end_at": again.end_at, "colour_at": again.colour_at}
    assert again == dataclasses.replace(found, orientation=5, colour=Colour("p3", "pq"), **places)


def test_alpha_floats_and_grey_are_read(pixels):
    alpha = np.dstack([pixels, np.full_like(pixels[:, :, :1], 255)])
    assert np.array_equal(formats.read(imagecodecs.jpegxl_encode(alpha, lossless=True))[0].pixels, pixels)
    light = pixels.astype(np.float32) / 255
    image = formats.read(imagecodecs.jpegxl_encode(light, lossless=True))[0]
    assert (image.pixels.dtype, image.transfer) == (np.float32, "linear")
    assert np.array_equal(image.pixels, light)
    grey = formats.read(imagecodecs.jpegxl_encode(pixels[:, :, 0], lossless=True))[0]
    assert np.array_equal(grey.pixels[:, :, 2], pixels[:, :, 0])


def test_probe_decodes_no_pixel(file, monkeypatch):
    monkeypatch.setattr(imagecodecs, "jpegxl_decode", None)
    found = formats.probe(file)
    assert (found.gain_map.width, found.gain_map.channels, found.gain_map.gamma) == (16, 3, [1.0, 1.25, 0.75])


def header_bits(*fields: tuple[int, int]) -> bytes:
    value = count = 0
    for number, bits in fields:
        value |= number << count
        count += bits
    return jxl_header.SIGNATURE + value.to_bytes((count + 7) // 8 + 8, "little")


def test_hostile_headers():
    huge = header_bits((0, 1), (3, 2), ((1 << 30) - 1, 30), (1, 3))
    with pytest.raises(LimitError):
        formats.read(huge)
    animated = header_bits((1, 1), (0, 5), (1, 3), (0, 1), (1, 1), (0, 3), (0, 2), (1, 1))
    with pytest.raises(UnsupportedError, match="animation"):
        formats.read(animated)
    for data in (b"\xff\x0a", b"\xff\x0a\xff", jxl.CONTAINER, jxl.CONTAINER + box(b"jxlc", b"\xff\x0a")):
        with pytest.raises(DamagedError):
            formats.read(data)


def test_a_hand_made_header():
    """8 x 8 pixels, all default: size in eighths (1, 00000), ratio 1:1 (001), default metadata and transform."""
    assert jxl_header.parse(header_bits((1, 1), (0, 5), (1, 3), (1, 1), (1, 1))) == JxlHeader(8, 8, length=4, end_at=27)


@pytest.mark.parametrize("cut", [1, 3, 100, 146, 155])
def test_a_short_box_is_refused(file, cut):
    place = file.index(b"jhgm")
    data = file[: place - 4] + box(b"jhgm", file[place + 4 : place + 4 + cut]) + box(b"jxlc", b"\xff\x0a")
    with pytest.raises(DamagedError):
        jxl_gain.bundle(jxl.parse(file).gain_map[:cut])
    with pytest.raises(DamagedError):
        formats.probe(data)


def test_cuts_and_flips_are_survived(file, capfd):
    chance = random.Random(8)
    for i in range(300):
        bad = bytearray(file if i % 3 else file[: chance.randrange(1, len(file))])
        for _ in range(3):
            bad[chance.randrange(min(len(bad), 400))] ^= 1 << chance.randrange(8)
        for function in (formats.read, formats.probe):
            try:
                function(bytes(bad))
            except UntoneError as error:
                message = str(error)
                if "\n" in message:
                    pytest.fail(message)
    assert capfd.readouterr() == ("", "")


def test_a_gain_map_packed_by_brotli(pixels, gain_map):
    """Any metadata box may be packed (ISO/IEC 18181-2)."""
    data = written(Image(pixels), gain_map)
    place = data.index(b"jhgm") - 4
    end = place + int.from_bytes(data[place : place + 4], "big")
    packed = box(b"brob", b"jhgm", bytes(imagecodecs.brotli_encode(data[place + 8 : end])))
    found = formats.read(data[:place] + packed + data[end:])[1]
    assert found.max_stops == formats.read(data)[1].max_stops
    np.testing.assert_array_equal(found.codes, formats.read(data)[1].codes)
