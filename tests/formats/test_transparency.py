"""Transparent pictures: composited on the file's background, else on white, and said; opaque ones stay as they are."""

import io
import json
import struct
import zlib

import imagecodecs
import numpy as np
import pytest
from PIL import Image as Pillow
from test_heif_variants import CODECS, auxiliary, coded, file_of
from test_webp_tiff import rgb_tags, tiff

from untone import cli, formats, pipeline
from untone.formats.common.transparency import ON_BACKGROUND, ON_WHITE
from untone.formats.heif.items import Link
from untone.formats.png import codec as png

RGBA = np.array([[[200, 100, 50, 0], [200, 100, 50, 255], [200, 100, 50, 51]]], np.uint8).repeat(2, 0)
SHOWN = [[255, 255, 255], [200, 100, 50], [244, 224, 214]]
"""51 of 255 is a fifth: 40 + 204, 20 + 204, 10 + 204."""


def with_chunk(data: bytes, name: bytes, body: bytes) -> bytes:
    return data[:33] + png._chunk(name, body) + data[33:]


def by_pillow(kind: str, picture: np.ndarray = RGBA, **options) -> bytes:
    stream = io.BytesIO()
    Pillow.fromarray(picture).save(stream, kind, **options)
    return stream.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        by_pillow("PNG"),
        by_pillow("WEBP", lossless=True, exact=True),
        by_pillow("TIFF"),
        bytes(imagecodecs.jpegxl_encode(RGBA, lossless=True)),
        tiff(rgb_tags(2, 3, 8, 2, 4) | {338: ("H", [2])}, RGBA.tobytes()),
    ],
    ids=["png", "webp", "tiff", "jxl", "hand-made tiff"],
)
def test_what_is_hidden_stays_hidden(data):
    image = formats.read(data)[0]
    assert image.pixels[0].tolist() == SHOWN
    assert image.notes == (ON_WHITE,)
    assert image.encoded is None


def test_what_is_hidden_stays_hidden_in_avif():
    block = RGBA[:1].repeat(16, 0).repeat(16, 1)
    image = formats.read(bytes(imagecodecs.avif_encode(block, level=100, speed=9)))[0]
    assert [image.pixels[8, x].tolist() for x in (8, 24, 40)] == SHOWN
    assert (image.notes, image.encoded) == ((ON_WHITE,), None)


@pytest.mark.parametrize("associated", [False, True])
@pytest.mark.parametrize("codec", CODECS)
def test_alpha_items_of_heif(codec, associated, pixels):
    cover = np.zeros((*pixels.shape[:2], 1), np.uint8)
    cover[:, 16:] = 255
    items = [coded(codec, pixels), auxiliary(codec, "urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", cover)]
    links = [Link(b"auxl", 2, (1,))] + [Link(b"prem", 1, (2,))] * associated
    image = formats.read(file_of(codec, items, links))[0]
    np.testing.assert_array_equal(image.pixels[:, 16:], pixels[:, 16:])
    assert np.all(image.pixels[:, :15] == 255)
    assert image.notes == (ON_WHITE,)
    items[1] = auxiliary(codec, "urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", cover[::2, ::2])
    other = formats.read(file_of(codec, items, links[:1]))[0]
    assert other.notes == ("its transparency is not read: it is of another size",)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_opaque_pictures_say_nothing(kind):
    opaque = RGBA.copy()
    opaque[..., 3] = 255
    image = formats.read(by_pillow(kind, opaque, **({"lossless": True} if kind == "WEBP" else {})))[0]
    assert (image.pixels[0, 0].tolist(), image.notes) == ([200, 100, 50], ())


def test_the_background_of_a_png():
    data = with_chunk(by_pillow("PNG"), b"bKGD", struct.pack(">3H", 0, 255, 10))
    image = formats.read(data)[0]
    assert image.pixels[0].tolist() == [[0, 255, 10], [200, 100, 50], [40, 224, 18]]
    assert image.notes == (ON_BACKGROUND,)
    for body in (b"", b"\0", struct.pack(">3H", 0, 256, 10), bytes(8)):
        assert formats.read(with_chunk(by_pillow("PNG"), b"bKGD", body))[0].pixels[0].tolist() == SHOWN


def test_a_transparent_colour_and_a_transparent_entry_of_a_palette():
    rgb = np.ascontiguousarray(RGBA[..., :3])
    rgb[:, 0] = (1, 2, 3)
    key = formats.read(by_pillow("PNG", rgb, transparency=(1, 2, 3)))[0]
    assert key.pixels[0].tolist() == [[255, 255, 255], [200, 100, 50], [200, 100, 50]]
    palette = Pillow.new("P", (2, 1), 1)
    palette.putpalette([9, 9, 9, 200, 100, 50])
    palette.putpixel((0, 0), 0)
    stream = io.BytesIO()
    palette.save(stream, "PNG", transparency=0)
    entry = formats.read(stream.getvalue())[0]
    assert entry.pixels.tolist() == [[[255, 255, 255], [200, 100, 50]]]
    assert (key.notes, entry.notes) == ((ON_WHITE,), (ON_WHITE,))


def test_a_key_of_a_wrong_length_counts_as_none():
    rgb = np.ascontiguousarray(RGBA[..., :3])
    image = formats.read(with_chunk(by_pillow("PNG", rgb), b"tRNS", bytes(5)))[0]
    assert (image.pixels[0, 0].tolist(), image.notes) == ([200, 100, 50], ())


def test_white_of_pq_is_diffuse_white_not_ten_thousand_nits():
    """BT.2408: PQ of 203 nits is 0.58."""
    codes = np.zeros((1, 2, 4), np.uint16)
    codes[0, 1, 3] = 65535
    image = formats.read(with_chunk(bytes(imagecodecs.png_encode(codes)), b"cICP", bytes((9, 16, 0, 1))))[0]
    assert image.pixels[0, 0, 0] == pytest.approx(0.5807 * 65535, abs=20)
    assert image.pixels[0, 1].tolist() == [0, 0, 0]


def test_light_is_put_on_light_of_one():
    light = np.array([[[4, 4, 4, 0], [4, 4, 4, 1], [4, 4, 4, 0.5]]], "<f4")
    tags = rgb_tags(1, 3, 32, 2, 4) | {338: ("H", [2]), 339: ("H", [3] * 4)}
    image = formats.read(tiff(tags, light.tobytes()))[0]
    assert image.pixels[0, :, 0].tolist() == [1, 4, 2.5]


def test_the_line_and_json_say_so(tmp_path, capsys):
    (tmp_path / "logo.png").write_bytes(by_pillow("PNG"))
    assert cli.main(["to", "avif", str(tmp_path / "logo.png"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["note"] == ON_WHITE
    done = pipeline.convert(tmp_path / "logo.png", tmp_path / "logo.jpg", strength=0)
    assert done.note == ON_WHITE
    again = formats.read(tmp_path / "logo.jpg")[0]
    assert np.abs(again.pixels[0, 0].astype(int) - 255).max() < 40


def test_a_crc_that_is_wrong_is_named():
    data = with_chunk(by_pillow("PNG", np.ascontiguousarray(RGBA[..., :3])), b"tRNS", bytes(6))
    broken = data.replace(struct.pack(">I", zlib.crc32(b"tRNS" + bytes(6))), bytes(4), 1)
    with pytest.raises(formats.table.UntoneError, match="tRNS"):
        formats.read(broken)
