"""Hostile bytes: an UntoneError of one short line, or a valid result; never anything else, and nothing printed."""

import io
import random
import struct

import imagecodecs
import numpy as np
import pytest
from PIL import Image as Pillow

from untone import formats
from untone.errors import DamagedError, LimitError, UntoneError
from untone.formats.jpeg import mpf, segments, ultrahdr
from untone.formats.metadata.iso21496 import ISO_TAG
from untone.formats.profiles.icc import named_profile
from untone.image import Image


def survives(data: bytes) -> None:
    for function in (formats.read, formats.probe):
        try:
            function(data)
        except UntoneError as error:
            message = str(error)
            assert "\n" not in message
            assert 10 < len(message) < 400


@pytest.fixture
def ultra_hdr(saved, orientation_exif, gain_map) -> bytes:
    photo = saved("JPEG", exif=b"Exif\0\0" + orientation_exif(6), icc_profile=named_profile("p3", "srgb"))
    written = formats.write(None, formats.read(photo)[0], gain_map)
    assert written is not None
    return written


@pytest.fixture
def files(saved, orientation_exif, pixels, ultra_hdr) -> dict[str, bytes]:
    light = Image(pixels.astype(np.float32) / 32, "p3", "linear", bits=32)
    exif, icc = orientation_exif(5), named_profile("adobe_rgb", "gamma22")
    return {
        "ultra_hdr": ultra_hdr,
        "progressive": saved("JPEG", progressive=True),
        "cmyk": saved("JPEG", mode="CMYK"),
        "png": saved("PNG", mode="P", icc_profile=icc),
        "pq": formats.write(None, light, format="png"),
        "exr": formats.write(None, light, format="exr"),
        "webp": saved("WEBP", exif=exif, icc_profile=icc),
        "webp lossless": saved("WEBP", mode="RGBA", lossless=True),
        "avif": saved("AVIF", exif=exif, icc_profile=icc),
        "tiff": saved("TIFF", icc_profile=icc),
        "tiff lzw": saved("TIFF", compression="tiff_lzw"),
        "tiff jpeg": saved("TIFF", compression="jpeg"),
    }


def test_every_cut_of_an_ultra_hdr_file_is_survived(ultra_hdr, capfd):
    start = ultrahdr.locate(ultra_hdr).gain_map.start
    for length in [*range(0, 700), *range(700, len(ultra_hdr), 7)]:
        survives(ultra_hdr[:length])
        if length < start:
            with pytest.raises(UntoneError):
                formats.read(ultra_hdr[:length])
    assert capfd.readouterr() == ("", "")


def test_a_few_thousand_mutations_are_survived_in_silence(files, capfd):
    for name, data in files.items():
        chance = random.Random(name)
        for i in range(160 if name == "exr" else 400):
            bad = bytearray(data)
            if i % 4 == 0:
                bad = bad[: chance.randrange(len(bad))]
            elif i % 4 == 1:
                place = chance.randrange(min(len(bad), 600))
                bad[place : place + 4] = struct.pack(">I", chance.choice((0, 1, 0xFFFFFFFF, chance.getrandbits(32))))
            else:
                for _ in range(chance.choice((1, 1, 3, 9))):
                    bad[chance.randrange(len(bad))] ^= 1 << chance.randrange(8)
            survives(bytes(bad))
    assert capfd.readouterr() == ("", "")


def test_a_jpeg_header_bomb_is_refused_before_allocation(saved):
    data = bytearray(saved("JPEG"))
    frame = next(s for s in segments.parse(bytes(data)).segments if s.marker == 0xC0)
    data[frame.start + 5 : frame.start + 9] = struct.pack(">HH", 65500, 65500)
    for function in (formats.read, formats.probe):
        with pytest.raises(LimitError, match="65500 x 65500"):
            function(bytes(data))
    data[frame.start + 5 : frame.start + 9] = struct.pack(">HH", 16000, 16000)
    with pytest.raises(DamagedError, match="cannot hold"):
        formats.read(bytes(data))
    data[frame.start + 5 : frame.start + 9] = bytes(4)
    with pytest.raises(DamagedError, match="0 x 0"):
        formats.read(bytes(data))


def test_a_scan_bomb_is_refused(saved):
    data = saved("JPEG", progressive=True)
    stream = segments.parse(data)
    again = segments.find_end(data, stream)
    scan = data[stream.scan : again - 2]
    with pytest.raises(LimitError, match="scans"):
        formats.read(data[: again - 2] + scan * 100 + b"\xff\xd9")


def test_too_many_segments_are_refused(saved):
    data = saved("JPEG")
    with pytest.raises(LimitError, match="segments"):
        formats.read(data[:2] + segments.segment(0xE5, b"") * 5000 + data[2:])


def test_fill_bytes_and_stray_bytes_between_segments_are_survived(saved, pixels):
    data = saved("JPEG")
    place = segments.parse(data).segments[0].end
    for stray in (b"\xff\xff\xff", b"\0\0\0", b"\xff\x00\x01"):
        image = formats.read(data[:place] + stray + data[place:])[0]
        assert image.pixels.shape == pixels.shape


def with_iso(data: bytes, payload: bytes) -> bytes:
    """`data` with the ISO payload in its gain map's JPEG replaced by one of the same length."""
    place = data.rindex(ISO_TAG) + len(ISO_TAG)
    return data[:place] + payload + data[place + len(payload) :]


@pytest.mark.parametrize(
    "numbers",
    [
        {17: (0x7FFFFFFF, 1)},  # max 2 ** 31
        {9: (5, 0)},  # zero denominator
        {0: (0xFFFFFFFF, 1)},  # base headroom 2 ** 32
        {5: (7, 1), 7: (3, 1)},  # min above max
        {9: (0, 1)},  # gamma 0
    ],
)
def test_iso_numbers_that_nobody_can_use_are_refused(ultra_hdr, numbers):
    place = ultra_hdr.rindex(ISO_TAG) + len(ISO_TAG)
    payload = bytearray(ultra_hdr[place : place + 141])
    for index, (top, bottom) in numbers.items():
        at = 5 + 4 * (index if index < 4 else index - 1)
        payload[at : at + 8] = struct.pack(">II", top, bottom)
    for function in (formats.read, formats.probe):
        with pytest.raises(DamagedError):
            function(with_iso(ultra_hdr, bytes(payload)))


def test_an_index_that_points_to_the_photo_itself_or_in_circles_ends(ultra_hdr):
    primary = segments.parse(ultra_hdr)
    index = primary.first(0xE2, mpf.MPF_TAG)
    for offset in (0, index.start, primary.scan, primary.scan + 1):
        entries = [mpf.Entry(0x030000, len(ultra_hdr), 0), mpf.Entry(0, len(ultra_hdr), offset)]
        stored = [mpf.Entry(e.attribute, e.size, max(e.offset, index.start + 8)) for e in entries]
        body = mpf.mpf_body(stored, index.start + 8)
        survives(ultra_hdr[: index.start] + segments.segment(0xE2, body) + ultra_hdr[index.end :])


def test_a_gain_map_within_a_gain_map_is_not_followed(pixels, gain_map, ultra_hdr):
    outer = formats.write(None, Image(pixels), gain_map)
    start = ultrahdr.locate(outer).gain_map.start
    image, found = formats.read(outer[:start] + ultra_hdr + outer[start:])
    assert image.pixels.shape == pixels.shape
    assert found.codes.shape == gain_map.codes.shape


def test_ten_thousand_false_starts_after_the_photo_end_soon(ultra_hdr):
    start = ultrahdr.locate(ultra_hdr).gain_map.start
    with pytest.raises(UntoneError):
        formats.read(ultra_hdr[:start] + b"\xff\xd8\xff\xe0\0\x02" * 10_000)


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (500, 1), (3, 5)])
def test_tiny_and_narrow_pictures_work(shape, gain_map):
    image = Image(np.zeros((*shape, 3), np.uint8))
    assert formats.read(formats.write(None, image, gain_map))[0].pixels.shape == (*shape, 3)
    for name in ("png", "exr"):
        assert formats.read(formats.write(None, image, format=name))[0].pixels.shape == (*shape, 3)
    webp = imagecodecs.webp_encode(image.pixels)
    assert formats.read(webp)[0].pixels.shape == (*shape, 3)


def test_a_jpeg_copied_as_text_is_refused(saved):
    """FTP in ASCII mode, Git with autocrlf: decoders show garbage. What chance does to line ends is no fault."""
    picture = np.random.default_rng(3).integers(0, 256, (256, 256, 3), np.uint8)
    stream = io.BytesIO()
    Pillow.fromarray(picture).save(stream, "JPEG", quality=90)
    data = stream.getvalue()
    assert formats.read(data)[0].width == 256
    windows = data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    for broken in (data.replace(b"\n", b"\r\n"), windows, data.replace(b"\r", b"\n")):
        with pytest.raises(DamagedError, match="copied as text"):
            formats.read(broken)
    noise = np.random.default_rng(4).integers(0, 256, 3_000_000, np.uint8).tobytes()
    unix = noise.replace(b"\r\r", b"\r").replace(b"\r\n", b"\n")
    with pytest.raises(DamagedError, match="copied as text"):
        segments.check_binary(unix, 0, len(unix))
    for fine in (unix + b"\r\n", noise, b"\xff\x00\n" * 40_000, b"\r\n" * 40_000):
        segments.check_binary(fine, 0, len(fine))


def test_flat_pictures_were_not_copied_as_text():
    """Their bytes repeat: line feeds without a carriage return in a JPEG (4:4:4), pairs of both in a TIFF."""
    stream = io.BytesIO()
    flat = Pillow.new("RGB", (3000, 3000), (255, 255, 255))
    flat.paste((0, 0, 0), (999, 999, 1005, 1013))
    flat.save(stream, "JPEG", quality=90, subsampling=0)
    data = stream.getvalue()
    assert data.count(b"\n") > 24 * 256
    assert b"\r\n" not in data
    assert formats.read(data)[0].width == 3000
    dark = io.BytesIO()
    Pillow.new("RGB", (40, 40), (13, 10, 8)).save(dark, "TIFF")
    assert formats.read(dark.getvalue())[0].pixels[5, 5].tolist() == [13, 10, 8]
