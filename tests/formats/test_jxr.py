"""JPEG XR, written by jxrlib: codes bit for bit, light of HDR screenshots in nits, orientation, lies in headers."""

import base64
import struct

import imagecodecs
import numpy as np
import pytest

from untone import cli, formats
from untone.errors import DamagedError, LimitError, UnsupportedError, UntoneError
from untone.formats.jxr import ORIENTATIONS
from untone.image import turned_upright

GENERATOR = np.random.default_rng(2)
START = GENERATOR.bit_generator.state
HEIGHT, WIDTH = 21, 34


@pytest.fixture(autouse=True)
def from_the_start():
    """The same codes in each test, whatever ran before it in this process."""
    GENERATOR.bit_generator.state = START


def encoded(array):
    return bytes(imagecodecs.jpegxr_encode(array, level=1.0))


def codes(dtype, channels=3):
    return GENERATOR.integers(0, np.iinfo(dtype).max, (HEIGHT, WIDTH, channels), dtype, endpoint=True)


def entry(data, tag):
    """Where the value of a tag lies in the directory."""
    (start,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, start)
    return next(
        at + 8 for at in range(start + 2, start + 2 + 12 * count, 12) if data[at : at + 2] == struct.pack("<H", tag)
    )


def edited(data, tag, value):
    at = entry(data, tag)
    return data[:at] + struct.pack("<I", value) + data[at + 4 :]


@pytest.mark.parametrize(("dtype", "bits"), [(np.uint8, 8), (np.uint16, 16)])
def test_codes_are_exact(dtype, bits):
    pixels = codes(dtype)
    image, gain_map = formats.read(encoded(pixels))
    assert np.array_equal(image.pixels, pixels)
    assert (image.bits, image.transfer, image.primaries, gain_map) == (bits, "srgb", "bt709", None)
    found = formats.probe(encoded(pixels))
    assert (found.format, found.width, found.height, found.base.bits) == ("jxr", WIDTH, HEIGHT, bits)


def test_grey():
    pixels = np.ascontiguousarray(codes(np.uint8)[:, :, 0])
    assert np.array_equal(formats.read(encoded(pixels))[0].pixels, np.repeat(pixels[:, :, None], 3, 2))


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize("channels", [3, 4])
def test_screenshots_of_windows_are_light(dtype, channels):
    """scRGB: 1.0 has 80 nits, 12.5 has 1000; here 1.0 has 203."""
    light = np.ones((HEIGHT, WIDTH, channels), dtype)
    light[2, 3, :3] = (12.5, 2.5375, 0)
    light[4, 4, :3] = (-0.25, 1, 1)
    image = formats.read(encoded(light))[0]
    assert (image.transfer, image.primaries, image.bits, image.is_hdr) == ("linear", "bt709", 32, True)
    assert image.pixels[2, 3] * image.white_nits == pytest.approx([1000, 203, 0], rel=1e-3)
    assert image.pixels[4, 4, 0] * image.white_nits == pytest.approx(-20, rel=1e-3)
    assert image.notes == ()
    assert formats.probe(encoded(light)).base.transfer == "linear"


def test_what_is_transparent_is_put_on_white_and_said():
    pixels = codes(np.uint8, 4)
    pixels[:, :, 3] = 255
    pixels[0, 0, 3] = 0
    image = formats.read(encoded(pixels))[0]
    assert image.pixels[0, 0].tolist() == [255, 255, 255]
    assert np.array_equal(image.pixels[1:], pixels[1:, :, :3])
    assert "white" in image.notes[0]


def test_numbers_that_are_none():
    light = np.ones((HEIGHT, WIDTH, 3), np.float32)
    light[0, 0] = (np.nan, np.inf, 1)
    assert np.isfinite(formats.read(encoded(light))[0].pixels).all()


@pytest.mark.parametrize("value", range(8))
def test_transformations(value):
    """1 flips rows, 2 columns, 4 turns by a quarter clockwise first (Table A.6 of T.832)."""
    pixels = codes(np.uint8)
    image = formats.read(edited(encoded(pixels), 0xBC02, value))[0]
    shown = np.rot90(pixels, -1) if value & 4 else pixels
    shown = shown[::-1] if value & 1 else shown
    shown = shown[:, ::-1] if value & 2 else shown
    assert image.orientation == ORIENTATIONS[value]
    assert np.array_equal(turned_upright(image.pixels, image.orientation), shown)


def test_headers_that_lie(monkeypatch):
    data = encoded(codes(np.uint8))
    for tag, value, error, said in (
        (0xBC80, WIDTH + 1, DamagedError, "disagree about its size"),
        (0xBC81, 1 << 30, DamagedError, "disagree about its size"),
        (0xBCC0, 3, DamagedError, "no image at byte 3"),
        (0xBCC0, 1 << 31, DamagedError, "no image"),
    ):
        for function in (formats.read, formats.probe):
            with pytest.raises(error, match=said):
                function(edited(data, tag, value))
    (place,) = struct.unpack_from("<I", data, entry(data, 0xBCC0))
    large = edited(edited(data, 0xBC80, 60000), 0xBC81, 60000)
    large = large[: place + 12] + struct.pack(">HH", 59999, 59999) + large[place + 16 :]
    monkeypatch.setattr("untone.formats.common.isolation.decoded", lambda *_: pytest.fail("the codec was asked"))
    with pytest.raises(LimitError, match="60000 x 60000"):
        formats.read(large)
    odd = data[: place + 11] + bytes([0x7A]) + data[place + 12 :]
    with pytest.raises(UnsupportedError, match="samples of kind 10"):
        formats.read(odd)


def test_no_bytes_raise(capfd):
    told = []
    for data in (encoded(codes(np.uint8)), encoded(np.ones((HEIGHT, WIDTH, 4), np.float16))):
        for _ in range(10):  # each in a process of its own
            broken = bytearray(data[: GENERATOR.integers(4, len(data) + 1)])
            for place in GENERATOR.integers(4, max(5, len(broken)), 4):
                broken[min(place, len(broken) - 1)] = GENERATOR.integers(0, 256)
            try:
                formats.read(bytes(broken))
            except UntoneError as error:
                told.append(str(error))
    assert told
    assert not [text for text in told if "\n" in text]
    assert capfd.readouterr() == ("", "")


def test_a_screenshot_becomes_an_ultra_hdr_photo(tmp_path):
    light = np.full((HEIGHT, WIDTH, 3), 2.0, np.float16)
    light[:8] = 12.5
    (tmp_path / "a.jxr").write_bytes(encoded(light))
    assert cli.main(["to", "jpg", str(tmp_path / "a.jxr"), "-o", str(tmp_path / "a.jpg")]) == 0
    assert formats.read(tmp_path / "a.jpg")[1].alternate_headroom_stops == pytest.approx(np.log2(1000 / 203), abs=0.1)
    (tmp_path / "a.jpg").unlink()
    assert cli.main([str(tmp_path), "-o", str(tmp_path / "out")]) == 0  # HDR already: left alone
    assert not list((tmp_path / "out").glob("*"))


CRASHING = (
    "SUm8ASAAAAAkw91vA07+S7GFPXd2jckIAAAAAAAAAAAIAAG8AQAQAAAACAAAAAK8BAABAAAAAAAAAIC8BAABAAAAQAAAAIG8BAAB"
    "AAAAMAAAAIK8CwABAAAAAADAQoO8CwABAAAAAADAQsC8BAABAAAAhgAAAMG8BAABAAAAkAIAAAAAAABXTVBIT1RPABEAwBMAPwAv"
    "AIAgCAAABG//AAEAAAEAlC+wYQrgSwAYCEIBiEGeewYQvCAd2Gqjzv1r8wifNDqIIYn+VYNkOfS3uqwZhU/73qIBecR/DqBAABLA"
    "YxAIBDAWwZBWdz64QC+bm4MZeV61tzE9ufkZCW5z1cHYc80tqsGhTP59J9/vohLbmKG3NsjCIYFgwCIyIA7SwcKd3PrhAKN7NwYU"
    "tnJR+5tka84rBx2PqWw1m4Ng4U+55pPnK9ZKy8knbm2RiKWgRgk2A94MKfc81wgA37n5GIsrS//an9z1LL3VwgA27vUdNdmLwYU+"
    "55KFLK0v/2qDrbCYkIQcttPeEAG8tiTvf6+DHXeaWVkzucSS/eVRPBhX8zlcIANv5mKnzv9ay/iSd+X5GSfc4kIIFkRoxkvRhAL+"
    "ZitrgzuLqWXuxTucSS/e+ieDC8IANvPVCp9xJ3+/I3871LOWJEVTzJ9yn3CADbzihXBncXpZTXdyv7vKWXuJJcVvLJ4MKfueVwgA"
    "2/ncsUsvCk/7/qW40gh6yeNyl/BnFLfkZPCADZ+NDrcW5T856ll4VFcGFPl4FwgBv5/yMRZfzqTnbyz9zyll4VCQNvCgr3JhD9zF"
    "5wdl/NKmHgxz9zyk/7/olU+BJ/3/XCAVf5mLFcHZPgSp/mKW40nO3lkoofiLhf8HbA9KqvO4vBjny8CR4reWSjf7qXHby+mCAfn/"
    "Iye0IAvz6HtzuLPOepG+BGqiqPcvtwnX9oQBfjQ95ZXRgZ8/PqKO3cST/v1cGb+/UTwgB/405dt2M/OepU/xoRBQ/txXCt4QCqeK"
    "oe/MWXgxz8fqKVV+YsqPFby+DNKW3YyeEAqvxIe9yj5/JI2E1T3PKA=="
)
"""Of 64 x 48 grey pixels; one byte of its codestream was changed, and jxrlib reads where no memory is."""


def test_a_file_that_crashes_the_decoder_is_damaged():
    with pytest.raises(DamagedError, match="the image data cannot be decoded"):
        formats.read(base64.b64decode(CRASHING))
