"""PNG in and out, PQ and HLG included."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image as Pillow

from untone import colour, formats
from untone.errors import DamagedError, LimitError, UnsupportedError
from untone.formats.png import codec as png
from untone.formats.profiles import icc
from untone.formats.profiles.icc import named_profile
from untone.image import Image


def inserted(data: bytes, name: bytes, body: bytes) -> bytes:
    """`data` with a chunk right after IHDR."""
    return data[:33] + png._chunk(name, body) + data[33:]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "RGB", "RGBA", "P"])
def test_every_kind_of_eight_bits_decodes_as_pillow_does(saved, mode):
    data = saved("PNG", mode=mode)
    expected = np.asarray(Pillow.open(io.BytesIO(data)).convert("RGB"))
    assert np.array_equal(formats.read(data)[0].pixels, expected)


def test_sixteen_bits_are_exact_both_ways():
    codes = np.random.default_rng(0).integers(0, 65536, (7, 5, 3)).astype(np.uint16)
    image = formats.read(formats.write(None, Image(codes, bits=16), format="png"))[0]
    assert np.array_equal(image.pixels, codes)
    assert (image.bits, image.primaries, image.transfer) == (16, "bt709", "srgb")


def test_interlaced_pixels_are_read(pixels):
    """Adam7 written by hand: seven reduced images, each row with filter 0."""
    rows = b""
    for left, top, right, down in png.ADAM7:
        part = pixels[top::down, left::right]
        rows += b"".join(b"\0" + row.tobytes() for row in part if part.size)
    header = struct.pack(">II5B", 32, 24, 8, 2, 0, 0, 1)
    data = png.SIGNATURE + b"".join(
        png._chunk(name, body) for name, body in ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    )
    assert np.array_equal(formats.read(data)[0].pixels, pixels)


def test_light_becomes_16_bit_pq_and_comes_back():
    """Light 1.0 at 203 nits, grey: PQ code 0.5807 of BT.2408; 10000 / 203 is the top."""
    light = np.ones((2, 2, 3), np.float32)
    light[1] = 10_000 / 203
    data = formats.write(None, Image(light, "p3", "linear", bits=32), format="png")
    image = formats.read(data)[0]
    assert (image.primaries, image.transfer, image.bits) == ("bt2020", "pq", 16)
    assert np.abs(image.pixels[0] / 65535 - 0.5807).max() < 1e-4
    assert image.pixels[1].min() == 65535
    names = [name for name, _, _ in png._chunks(data)]
    assert names[:3] == [b"IHDR", b"cICP", b"cLLI"]
    assert data[41:45] == bytes((9, 16, 0, 1))


def test_content_light_levels_are_those_of_the_pixels():
    light = np.full((1, 4, 3), 100 / 203, np.float32)
    light[0, 0] = 1000 / 203
    data = formats.write(None, Image(light, "bt2020", "linear", bits=32), format="png")
    found = {name: data[start : start + size] for name, start, size in png._chunks(data)}
    peak, mean = (value / 10_000 for value in struct.unpack(">II", found[b"cLLI"]))
    assert peak == pytest.approx(1000, rel=1e-3)
    assert mean == pytest.approx((1000 + 300) / 4, rel=1e-3)


@pytest.mark.parametrize("primaries", ["bt709", "p3", "bt2020"])
def test_colours_survive_the_trip_through_bt2020(primaries):
    light = np.random.default_rng(2).uniform(0, 8, (6, 6, 3)).astype(np.float32)
    image = formats.read(formats.write(None, Image(light, primaries, "linear", bits=32), format="png"))[0]
    back = colour.to_linear(image.pixels / 65535, "pq") @ colour.rgb_to_rgb("bt2020", primaries).T
    assert np.abs(back - light).max() < 4e-3


def test_hlg_codes_stay_hlg(pixels):
    hlg = Image(pixels.astype(np.uint16) * 257, "bt2020", "hlg", bits=16)
    again = formats.read(formats.write(None, hlg, format="png"))[0]
    assert (again.primaries, again.transfer) == ("bt2020", "hlg")
    assert np.array_equal(again.pixels, hlg.pixels)


def test_sdr_keeps_profile_exif_orientation_and_xmp(pixels, orientation_exif):
    image = Image(pixels, "p3", "srgb", orientation=6, exif=orientation_exif(3), xmp=b"<x/>")
    again = formats.read(formats.write(None, image, format="png"))[0]
    assert (again.primaries, again.transfer, again.orientation, again.xmp) == ("p3", "srgb", 6, b"<x/>")
    assert again.icc == named_profile("p3", "srgb")
    assert np.array_equal(again.pixels, pixels)


def test_cicp_wins_over_the_profile(saved):
    data = inserted(saved("PNG", icc_profile=named_profile("adobe_rgb", "gamma22")), b"cICP", bytes((12, 13, 0, 1)))
    assert formats.probe(data).base == formats.signalling.BaseSignal("p3", "srgb", 8)


@pytest.mark.parametrize("code", [(1, 13, 1, 1), (1, 13, 0, 0), (99, 13, 0, 1), (1, 99, 0, 1)])
def test_cicp_without_a_name_is_refused(saved, code):
    with pytest.raises(UnsupportedError, match="cICP"):
        formats.read(inserted(saved("PNG"), b"cICP", bytes(code)))


def test_gama_other_than_srgbs_is_recoded(saved, pixels):
    plain = saved("PNG")
    assert np.array_equal(formats.read(inserted(plain, b"gAMA", struct.pack(">I", 45455)))[0].pixels, pixels)
    linear = formats.read(inserted(plain, b"gAMA", struct.pack(">I", 100_000)))[0]
    expected = colour.linear_to_srgb(pixels / 255) * 255
    assert np.abs(linear.pixels - expected).max() <= 0.5
    both = inserted(inserted(plain, b"gAMA", struct.pack(">I", 100_000)), b"sRGB", b"\0")
    assert np.array_equal(formats.read(both)[0].pixels, pixels)


def test_chrm_names_the_primaries(saved):
    p3 = struct.pack(">8I", 31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)
    assert formats.read(inserted(saved("PNG"), b"cHRM", p3))[0].primaries == "p3"


@pytest.mark.parametrize(("mode", "used"), [("L", True), ("RGB", False), ("P", False)])
def test_a_grey_profile_is_for_grey_pixels(saved, mode, used):
    """A power of 2 is light; a picture in colours keeps its codes."""
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, 512)
    grey = icc._profile([(b"kTRC", curve)]).replace(b"RGB ", b"GRAY", 1)
    plain, marked = formats.read(saved("PNG", mode=mode))[0], saved("PNG", mode=mode, icc_profile=grey)
    image = formats.read(marked)[0]
    assert (formats.probe(marked).icc is not None) == used
    if used:
        expected = colour.linear_to_srgb((plain.pixels / 255) ** 2)
        assert np.abs(image.pixels / np.iinfo(image.pixels.dtype).max - expected).max() < 0.02
    else:
        assert np.array_equal(image.pixels, plain.pixels)


SWAPPED = struct.pack(">8I", 31270, 32900, 30000, 60000, 64000, 33000, 15000, 6000)
"""BT.709 with red and green in each other's place."""


@pytest.mark.parametrize("power", [None, 2.0])
def test_primaries_without_a_name_are_converted(saved, pixels, power):
    data = inserted(saved("PNG"), b"cHRM", SWAPPED)
    data = data if power is None else inserted(data, b"gAMA", struct.pack(">I", round(100_000 / power)))
    image = formats.read(data)[0]
    assert (image.primaries, image.transfer, formats.probe(data).base.primaries) == ("p3", "srgb", "p3")
    light = colour.to_linear(image.pixels / 65535, "srgb") @ colour.rgb_to_rgb("p3", "bt709").T
    stored = pixels[..., [1, 0, 2]] / 255
    expected = colour.srgb_to_linear(stored) if power is None else stored**power
    assert np.abs(light - expected).max() < 1e-3


@pytest.mark.parametrize("body", [bytes(32), SWAPPED[:4] + bytes(4) + SWAPPED[8:], SWAPPED[:20]])
def test_primaries_that_are_none_count_as_unsaid(saved, pixels, body):
    data = inserted(saved("PNG"), b"cHRM", body)
    image = formats.read(data)[0]
    assert (image.primaries, formats.probe(data).base.primaries) == ("bt709", "bt709")
    assert np.array_equal(image.pixels, pixels)


def test_damage_is_named(saved):
    data = saved("PNG")
    idat = data.index(b"IDAT")
    with pytest.raises(DamagedError, match="checksum"):
        formats.read(data[: idat + 9] + bytes([data[idat + 9] ^ 1]) + data[idat + 10 :])
    with pytest.raises(DamagedError, match="IEND"):
        formats.read(data[:-12])
    short = png._chunk(b"IDAT", zlib.compress(bytes(100)))
    with pytest.raises(DamagedError, match="100 of"):
        formats.read(data[: idat - 4] + short + png._chunk(b"IEND", b""))
    with pytest.raises(DamagedError, match="says"):
        formats.read(data[: idat - 4] + b"\x7f\xff\xff\xff" + data[idat:])


def test_a_gain_map_is_refused(pixels, gain_map):
    with pytest.raises(UnsupportedError, match="gain map"):
        formats.write(None, Image(pixels), gain_map, format="png")


def test_a_header_bomb_is_refused_before_allocation():
    header = struct.pack(">II5B", 65500, 65500, 16, 6, 0, 0, 0)
    data = png.SIGNATURE + png._chunk(b"IHDR", header) + png._chunk(b"IDAT", b"") + png._chunk(b"IEND", b"")
    for function in (formats.read, formats.probe):
        with pytest.raises(LimitError, match="65500 x 65500"):
            function(data)


def test_what_decoding_takes_is_bounded_before_it_begins(saved, monkeypatch):
    """16-bit colours with alpha and the colours alone, 14 bytes a pixel: two megabytes could ask for 3.6 gigabytes."""
    data = bytearray(saved("PNG", mode="RGBA"))
    data[16:26] = struct.pack(">IIBB", 16000, 16000, 16, 6)
    monkeypatch.setattr("untone.formats.png.codec.decoded", lambda *_, **__: pytest.fail("the codec was asked"))
    for function in (formats.read, formats.probe):
        with pytest.raises(LimitError, match="16000 x 16000 pixels of 14 bytes"):
            function(bytes(data))
    data[16:26] = struct.pack(">IIBB", 16000, 16000, 16, 2)
    assert formats.probe(bytes(data)).width == 16000


@pytest.mark.parametrize(("name", "transfer"), [("ITUR_2100_PQ_FULL", "pq"), ("ITUR_2100_HLG_FULL", "hlg")])
def test_a_registered_name_of_a_profile_says_bt2100_whatever_the_profile_does(name, transfer):
    """As W3C's note has it for readers without cICP."""
    stream = io.BytesIO()
    Pillow.new("RGB", (8, 8), (148, 148, 148)).save(stream, "PNG", icc_profile=named_profile("bt709", "srgb"))
    data = stream.getvalue()
    at = data.index(b"iCCP")
    (size,) = struct.unpack_from(">I", data, at - 4)
    body = b"iCCP" + name.encode() + b"\0" + data[at + 4 : at + 4 + size].partition(b"\0")[2]
    renamed = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    made = data[: at - 4] + renamed + data[at + size + 8 :]
    assert (formats.probe(made).base.primaries, formats.probe(made).base.transfer) == ("bt2020", transfer)
    assert formats.read(made)[0].is_hdr
