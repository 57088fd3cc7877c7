"""TIFF, WebP and AVIF, with Pillow as the witness."""

import io
import struct

import imagecodecs
import numpy as np
import pytest
from PIL import Image as Pillow

from untone import formats
from untone.errors import DamagedError, LimitError, UnsupportedError
from untone.formats.profiles.icc import named_profile


def tiff(tags: dict[int, tuple[str, list[int]]], samples: bytes, order: str = "<", *, big: bool = False) -> bytes:
    """An uncompressed TIFF with one strip, written by hand; tag: (struct code, values)."""
    kinds = {"H": 3, "I": 4, "B": 7}
    tags = tags | {273: ("I", [16]), 279: ("I", [len(samples)]), 259: ("H", [1])}
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "H", 43 if big else 42)
    offset, cell = 16 + len(samples), 8 if big else 4
    head += struct.pack(order + "HHQ", 8, 0, offset) if big else struct.pack(order + "I", offset) + bytes(8)
    entries, extra = b"", b""
    after = offset + (8 + 20 * len(tags) + 8 if big else 2 + 12 * len(tags) + 4)
    for tag, (code, values) in sorted(tags.items()):
        body = struct.pack(order + code * len(values), *values)
        if len(body) > cell:
            place, extra = after + len(extra), extra + body
            body = struct.pack(order + ("Q" if big else "I"), place)
        entries += struct.pack(order + ("HHQ" if big else "HHI"), tag, kinds[code], len(values)) + body.ljust(
            cell, b"\0"
        )
    return head + samples + struct.pack(order + ("Q" if big else "H"), len(tags)) + entries + bytes(cell) + extra


def rgb_tags(height: int, width: int, bits: int, photometric: int = 2, samples: int = 3) -> dict:
    return {
        256: ("I", [width]), 257: ("I", [height]), 258: ("H", [bits] * samples), 262: ("H", [photometric]),
        277: ("H", [samples]), 278: ("I", [height]),
    }  # fmt: skip


@pytest.mark.parametrize(("order", "big"), [("<", False), (">", False), ("<", True), (">", True)])
def test_16_bit_tiff_is_exact_in_every_byte_order(order, big):
    codes = np.random.default_rng(0).integers(0, 65536, (5, 4, 3)).astype(order + "u2")
    icc = named_profile("adobe_rgb", "gamma22")
    tags = rgb_tags(5, 4, 16) | {274: ("H", [6]), 34675: ("B", list(icc))}
    image = formats.read(tiff(tags, codes.tobytes(), order, big=big))[0]
    assert np.array_equal(image.pixels, codes)
    assert (image.bits, image.primaries, image.transfer, image.orientation) == (16, "adobe_rgb", "gamma22", 6)
    assert image.icc == icc


def test_float_tiff_is_linear_light():
    light = np.random.default_rng(0).uniform(0, 9, (3, 4, 3)).astype("<f4")
    light[0, 0] = (np.nan, np.inf, -1)
    image = formats.read(tiff(rgb_tags(3, 4, 32) | {339: ("H", [3, 3, 3])}, light.tobytes()))[0]
    assert (image.transfer, image.bits) == ("linear", 32)
    assert image.pixels[0, 0].tolist() == [0, 65504, -1]
    assert np.array_equal(image.pixels[1:], light[1:])


def test_grey_white_is_zero_and_associated_alpha_are_understood():
    ramp = np.arange(12, dtype=np.uint8).reshape(3, 4) * 20
    assert np.array_equal(formats.read(tiff(rgb_tags(3, 4, 8, 1, 1), ramp.tobytes()))[0].pixels[:, :, 1], ramp)
    assert np.array_equal(formats.read(tiff(rgb_tags(3, 4, 8, 0, 1), ramp.tobytes()))[0].pixels[:, :, 2], 255 - ramp)
    rgba = np.full((3, 4, 4), (100, 50, 25, 128), np.uint8)
    associated = formats.read(tiff(rgb_tags(3, 4, 8, 2, 4) | {338: ("H", [1])}, rgba.tobytes()))[0].pixels
    assert associated[0, 0].tolist() == [227, 177, 152]
    straight = formats.read(tiff(rgb_tags(3, 4, 8, 2, 4) | {338: ("H", [2])}, rgba.tobytes()))[0].pixels
    assert straight[0, 0].tolist() == [177, 152, 140]
    unspecified = formats.read(tiff(rgb_tags(3, 4, 8, 2, 4) | {338: ("H", [0])}, rgba.tobytes()))[0].pixels
    assert unspecified[0, 0].tolist() == [100, 50, 25]


def test_separate_planes_are_joined():
    codes = np.random.default_rng(0).integers(0, 65536, (3, 5, 4)).astype("<u2")
    plane = 5 * 4 * 2
    tags = rgb_tags(5, 4, 16) | {284: ("H", [2])}
    assert np.array_equal(formats.read(_three_strips(tags, codes.tobytes(), plane))[0].pixels, np.moveaxis(codes, 0, 2))


def _three_strips(tags: dict, samples: bytes, plane: int) -> bytes:
    """The TIFF of `tiff` with its one strip declared as three."""
    base = tiff(tags, samples)
    offsets, counts = struct.pack("<3I", 16, 16 + plane, 16 + 2 * plane), struct.pack("<3I", plane, plane, plane)
    data = bytearray(base + offsets + counts)
    for tag, place in ((273, len(base)), (279, len(base) + 12)):
        entry = data.index(struct.pack("<HHI", tag, 4, 1))
        data[entry : entry + 12] = struct.pack("<HHII", tag, 4, 3, place)
    return bytes(data)


@pytest.mark.parametrize("options", [{}, {"compression": "tiff_lzw"}, {"compression": "tiff_adobe_deflate"}])
@pytest.mark.parametrize("mode", ["1", "L", "RGB", "RGBA", "P", "CMYK"])
def test_tiff_decodes_as_pillow_does(saved, mode, options):
    data = saved("TIFF", mode=mode, **options)
    expected = np.asarray(Pillow.open(io.BytesIO(data)).convert("RGB")).astype(int)
    assert np.abs(formats.read(data)[0].pixels - expected).max() <= 1


@pytest.mark.parametrize("mode", ["P", "RGB"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_tiff_pixels_stay_as_stored_whatever_their_orientation(saved, mode, orientation):
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    image = formats.read(saved("TIFF", mode=mode, exif=exif))[0]
    assert image.orientation == orientation
    assert np.array_equal(image.pixels, formats.read(saved("TIFF", mode=mode))[0].pixels)


@pytest.mark.parametrize("kind", ["WEBP", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_webp_and_avif_keep_profile_exif_and_orientation(saved, orientation_exif, pixels, kind, orientation):
    data = saved(kind, exif=orientation_exif(orientation), icc_profile=named_profile("p3", "srgb"), quality=95)
    image = formats.read(data)[0]
    assert (image.width, image.height, image.orientation) == (32, 24, orientation)
    assert (image.primaries, image.icc) == ("p3", named_profile("p3", "srgb"))
    assert np.abs(image.pixels.astype(int) - pixels).mean() < 6
    assert formats.probe(data).orientation == orientation


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
@pytest.mark.parametrize("options", [{"lossless": True}, {"quality": 90}])
def test_webp_decodes_as_pillow_does(saved, mode, options):
    data = saved("WEBP", mode=mode, **options)
    expected = np.asarray(Pillow.open(io.BytesIO(data)).convert("RGB")).astype(int)
    assert np.abs(formats.read(data)[0].pixels - expected).max() <= 1


def test_webp_animations_are_refused(pixels):
    stream = io.BytesIO()
    frames = [Pillow.fromarray(pixels), Pillow.fromarray(255 - pixels)]
    frames[0].save(stream, "WEBP", save_all=True, append_images=frames[1:])
    with pytest.raises(UnsupportedError, match="animation"):
        formats.read(stream.getvalue())


def test_ten_bit_pq_avif_is_hdr_over_the_full_range():
    codes = np.linspace(0, 1023, 16 * 16 * 3).reshape(16, 16, 3).astype(np.uint16)
    data = imagecodecs.avif_encode(codes, bitspersample=10, primaries=9, transfer=16, matrix=0, level=100)
    image = formats.read(data)[0]
    assert (image.primaries, image.transfer, image.bits) == ("bt2020", "pq", 10)
    assert image.is_hdr
    assert np.abs(image.pixels / 65535 - codes / 1023).max() < 2e-3


def test_a_fresh_jpeg_of_a_tiff_keeps_its_orientation(saved):
    exif = Pillow.Exif()
    exif[0x0112] = 8
    image = formats.read(saved("TIFF", exif=exif))[0]
    assert formats.read(formats.write(None, image))[0].orientation == 8


def test_header_bombs_are_refused_before_allocation(saved):
    webp = b"RIFF\x1e\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + b"\xff\xff\xff" * 2
    avif = bytearray(saved("AVIF"))
    place = avif.index(b"ispe") + 8
    avif[place : place + 8] = struct.pack(">II", 65500, 65500)
    for data in (webp, bytes(avif), tiff(rgb_tags(65500, 65500, 8), b"x"), tiff(rgb_tags(2**31, 1, 8), b"x")):
        for function in (formats.read, formats.probe):
            with pytest.raises(LimitError):
                function(data)
    tiles = tiff(rgb_tags(4, 4, 8) | {322: ("I", [2**24]), 323: ("I", [2**24])}, bytes(48))
    with pytest.raises(LimitError):
        formats.read(tiles)


def test_empty_dimensions_and_odd_sample_types_are_named():
    with pytest.raises(DamagedError, match="0 x 4"):
        formats.read(tiff(rgb_tags(4, 0, 8), b"x"))
    for bits, extra in ((24, {}), (8, {339: ("H", [3] * 3)}), (64, {}), (16, {262: ("H", [5])})):
        with pytest.raises(UnsupportedError):
            formats.read(tiff(rgb_tags(4, 4, bits) | extra, bytes(999)))
