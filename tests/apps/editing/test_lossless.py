"""untone edit of JPEGs, by their blocks: nothing is rounded, nothing is off, and the light is that of the edit."""

import io

import imagecodecs
import numpy as np
import pytest

from untone import cli, formats, pipeline
from untone.formats.jpeg import ultrahdr
from untone.formats.jpeg.segments import APP14, parse, segment
from untone.gainmap import stops_at
from untone.image import GainMap, Image, turned_upright

LAYOUTS = {"444": (8, 8), "422": (16, 8), "440": (8, 16), "420": (16, 16), "400": (8, 8)}
"""Subsampling and its unit."""


def picture(height, width):
    y, x = np.mgrid[0:height, 0:width]
    waves = [np.sin(x / 9) * np.cos(y / 13), np.cos(x / 17 + y / 11), x / width * 2 - 1]
    return (128 + 100 * np.stack(waves, axis=2)).astype(np.uint8)


def jpeg_of(pixels, layout="444", level=90):
    if layout == "400":
        return bytes(imagecodecs.jpeg8_encode(np.ascontiguousarray(pixels[..., 1]), level=level))
    return bytes(imagecodecs.jpeg8_encode(pixels, level=level, colorspace="RGB", subsampling=layout))


def photo(height, width, layout="444", map_layout="444", divisor=2, orientation=1):
    base = jpeg_of(picture(height, width), layout)
    image, _ = formats.read(base)
    image = Image(image.pixels, orientation=orientation, encoded=base)
    sample = np.ascontiguousarray(picture(height, width)[::divisor, ::divisor][..., ::-1])
    encoded = jpeg_of(sample, map_layout, 95)
    codes = np.ascontiguousarray(imagecodecs.jpeg8_decode(encoded).reshape(*sample.shape[:2], -1))
    gain_map = GainMap(codes, (0.0,) * 3, (1.5,) * 3, alternate_headroom_stops=1.5, encoded=encoded)
    data = formats.write(None, image, gain_map)
    if orientation != 1:
        from untone.formats.jpeg.revision import Revision, revised
        from untone.formats.metadata import exif

        data = revised(data, Revision(exif=lambda _: exif.with_orientation(None, orientation)))
    return data


def edit(data, *arguments, code=0):
    import pathlib

    pathlib.Path("in.jpg").write_bytes(data)
    assert cli.main(["edit", "in.jpg", "-o", "out.jpg", "--force", *map(str, arguments)]) == code
    return pathlib.Path("out.jpg").read_bytes() if code == 0 else b""


def parts(data):
    """Pixels of base and map by a decoder, and the orientation."""
    layout = ultrahdr.locate(data)
    found = formats.read(data)
    return found[0].pixels, found[1].codes, found[0].orientation, (layout.primary, layout.gain_map)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("map_layout", ["444", "400"])
def test_four_quarter_turns_are_none(layout, map_layout, capsys):
    data = photo(96, 128, layout, map_layout)
    first, turned = parts(data), data
    for _ in range(4):
        turned = edit(turned, "--rotate", 90)
    last = parts(turned)
    assert capsys.readouterr().err == ""
    assert last[2] == 1
    np.testing.assert_array_equal(last[0], first[0])
    np.testing.assert_array_equal(last[1], first[1])
    again = edit(edit(data, "--flip", "h"), "--flip", "h")
    np.testing.assert_array_equal(parts(again)[0], first[0])


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    ("arguments", "orientation"),
    [(["--rotate", 90], 6), (["--rotate", 180], 3), (["--rotate", 270], 8), (["--flip", "h"], 2), (["--flip", "v"], 4),
     (["--rotate", 90, "--flip", "h"], 5), (["--rotate", 90, "--flip", "v"], 7)],
)  # fmt: skip
def test_turned_blocks_are_turned_pixels(layout, arguments, orientation):
    data = photo(64, 160, layout, "400" if layout == "400" else "444")
    (pixels, codes, _, _), (got, got_codes, left, _) = parts(data), parts(edit(data, *arguments))
    assert left == 1
    assert np.abs(turned_upright(pixels, orientation).astype(int) - got).max() <= 3
    assert np.abs(turned_upright(codes, orientation).astype(int) - got_codes).max() <= 3


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("height", "width"), [(97, 131), (40, 50)])
def test_a_crop_at_blocks_keeps_every_pixel_within_it(layout, height, width, capsys):
    data = photo(height, width, layout, divisor=1)
    left, top = 16, 32
    wide, high = width - left - 3, height - top - 1
    out = edit(data, "--crop", f"{left},{top},{wide},{high}", "--perfect")
    (pixels, codes, _, _), (got, got_codes, _, _) = parts(data), parts(out)
    inner = pixels[top : top + high, left : left + wide]
    assert got.shape == inner.shape
    # At its edges a decoder has no neighbour to smooth subsampled colours with
    np.testing.assert_array_equal(got[1:-1, 1:-1], inner[1:-1, 1:-1])
    np.testing.assert_array_equal(got_codes, codes[top : top + high, left : left + wide])
    assert capsys.readouterr().err == ""


def test_a_crop_elsewhere_is_exact_and_says_that_it_costs(capsys):
    data = photo(96, 128)
    out = edit(data, "--crop", "3,8,40,32")
    err = capsys.readouterr().err
    assert "encoded anew" in err
    assert "--lossless" in err
    assert err.count("\n") == 1
    got = parts(out)[0].astype(int)
    assert np.abs(got - parts(data)[0][8:40, 3:43]).mean() < 3


def test_lossless_grows_a_crop_to_blocks_of_base_and_map(capsys):
    data = photo(96, 128, "420", "444", divisor=2)
    out = edit(data, "--crop", "19,20,40,31", "--lossless")
    (pixels, codes, _, _), (got, got_codes, _, _) = parts(data), parts(out)
    assert "44 x 36 pixels from 16, 16" in capsys.readouterr().err
    assert got.shape == (36, 44, 3)
    np.testing.assert_array_equal(got[1:-1, 1:-1], pixels[17:51, 17:59])
    np.testing.assert_array_equal(got_codes, codes[8:26, 8:30])


def test_perfect_refuses_what_is_not(capsys):
    data = photo(96, 128)
    edit(data, "--crop", "3,8,40,32", "--perfect", code=1)
    edit(photo(97, 130, orientation=6), "--auto-orient", "--perfect", code=1)
    edit(photo(96, 128, divisor=2), "--crop", "8,8,40,32", "--perfect", code=1)
    err = capsys.readouterr().err
    assert err.count("not without loss") == 3
    assert err.count("\n") == 3


def test_a_turn_that_blocks_do_not_allow_is_left_to_the_orientation():
    data = photo(97, 130)
    out = edit(data, "--rotate", 90)
    (pixels, codes, _, _), (got, got_codes, orientation, _) = parts(data), parts(out)
    assert orientation == 6
    np.testing.assert_array_equal(got, pixels)
    np.testing.assert_array_equal(got_codes, codes)


def test_lossless_auto_orient_trims_what_is_part_of_a_block(capsys):
    data = photo(100, 134, orientation=6, divisor=2)
    out = edit(data, "--auto-orient", "--lossless")
    pixels, (got, _, orientation, _) = parts(data)[0], parts(out)
    assert "kept without loss: 134 x 96" in capsys.readouterr().err
    assert orientation == 1
    assert got.shape == (134, 96, 3)
    assert np.abs(turned_upright(pixels[:96], 6).astype(int) - got).max() <= 3


def test_auto_orient_turns_blocks(capsys):
    data = photo(96, 128, orientation=8)
    out = edit(data, "--auto-orient")
    (pixels, codes, _, _), (got, got_codes, orientation, _) = parts(data), parts(out)
    assert (orientation, capsys.readouterr().err) == (1, "")
    assert np.abs(turned_upright(pixels, 8).astype(int) - got).max() <= 3
    assert np.abs(turned_upright(codes, 8).astype(int) - got_codes).max() <= 3


@pytest.mark.parametrize(
    "arguments",
    [["--crop", "16,32,64,48"], ["--crop", "16,32,61,47", "--lossless"], ["--rotate", 90], ["--rotate", 270],
     ["--crop", "32,16,64,64", "--rotate", 90, "--flip", "v"], ["--crop", "17,9,55,41"]],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize(("layout", "orientation"), [("444", 1), ("420", 6)])
def test_the_light_is_that_of_the_edited_light(arguments, layout, orientation):
    data = photo(96, 128, layout, "444", orientation=orientation)
    image, gain_map = pipeline.read(data)
    light = turned_upright(pipeline.apply(image, gain_map).pixels, orientation)
    out, out_map = pipeline.read(edit(data, "--archive", *arguments))
    got = turned_upright(pipeline.apply(out, out_map).pixels, out.orientation)
    wanted, grows = light, "--lossless" in arguments
    words = dict(zip(arguments[::2], arguments[1::2], strict=False))
    if "--crop" in words:
        left, top, wide, high = map(int, words["--crop"].split(","))
        wanted = best(light, got) if grows else wanted[top : top + high, left : left + wide]
    wanted = np.rot90(wanted, -int(words.get("--rotate", 0)) // 90)
    wanted = wanted[::-1] if words.get("--flip") == "v" else wanted
    assert got.shape == wanted.shape
    # Blocks that moved are off by a decoder's rounding only; what falls within blocks is encoded anew
    error = np.abs(got - wanted) / (wanted + 0.1)
    assert np.median(error) < (6e-3 if "17,9,55,41" in arguments else 2e-3)
    assert error.mean() < 0.01


def best(light, got):
    """The part of the light that lies where a crop may have grown to."""
    height, width = got.shape[:2]
    found = [
        light[top : top + height, left : left + width]
        for top in range(0, light.shape[0] - height + 1, 2)
        for left in range(0, light.shape[1] - width + 1, 2)
    ]
    return min(found, key=lambda part: float(np.abs(part - got).sum()))


def test_progressive_blocks_and_restarts_move_too():
    from PIL import Image as Pillow

    stream = io.BytesIO()
    Pillow.fromarray(picture(64, 80)).save(stream, "JPEG", quality=90, progressive=True, subsampling=2)
    plain = io.BytesIO()
    Pillow.fromarray(picture(64, 80)).save(plain, "JPEG", quality=90, subsampling=2, restart_marker_blocks=3)
    assert b"\xff\xdd" in plain.getvalue()
    for data in (stream.getvalue(), plain.getvalue()):
        out = edit(data, "--flip", "v")
        assert parse(out).frame == 0xC0
        got, pixels = formats.read(out)[0].pixels, formats.read(data)[0].pixels
        assert np.abs(pixels[::-1].astype(int) - got).max() <= 3


def test_what_is_coded_arithmetically_is_encoded_anew_and_said(capsys, monkeypatch):
    from untone.kernels import blocks

    def refuses(*_, **__):
        raise blocks.UnsupportedError("this JPEG is coded arithmetically")

    monkeypatch.setattr(blocks, "moved", refuses)
    out = edit(photo(96, 128), "--crop", "16,16,32,32")
    assert "coded arithmetically" in capsys.readouterr().err
    assert parts(out)[0].shape == (32, 32, 3)
    edit(photo(96, 128), "--crop", "16,16,32,32", "--lossless", code=1)


def test_the_colours_of_adobes_jpegs_stay():
    """RGB without a colour transform is told apart by Adobe's segment alone."""
    pixels = picture(32, 48)
    data = jpeg_of(pixels)
    adobe = segment(APP14, b"Adobe\0\x64\0\0\0\0\0")
    data = data[:2] + adobe + data[parse(data).segments[0].end :]
    out = edit(data, "--rotate", 180)
    assert parse(out).first(APP14, b"Adobe") is not None
    got, wanted = formats.read(out)[0].pixels, formats.read(data)[0].pixels[::-1, ::-1]
    assert np.abs(got.astype(int) - wanted).max() <= 1


def test_a_map_of_another_grid_is_encoded_anew_and_keeps_step():
    """A map of 131 x 97 samples for 320 x 240 pixels has no block near to where a crop of the base begins."""
    base = formats.read(jpeg_of(picture(240, 320)))[0]
    y, x = np.mgrid[0:97, 0:131]
    codes = (128 + 100 * np.sin(x / 19) * np.cos(y / 17)).astype(np.uint8)[..., None]
    gain_map = GainMap(codes, (0.0,) * 3, (2.0,) * 3, alternate_headroom_stops=2.0)
    data = formats.write(None, base, gain_map, map_quality=100)
    before = stops_at(pipeline.read(data)[1], 240, 320)[96:144, 128:192]
    for mode in ([], ["--lossless"]):
        image, after = pipeline.read(edit(data, "--crop", "128,96,64,48", *mode))
        np.testing.assert_array_equal(image.pixels, base.pixels[96:144, 128:192])
        assert np.abs(stops_at(after, 48, 64) - before).mean() < 0.01
