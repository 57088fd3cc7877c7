"""Edits by blocks know no pixels: the same files as with them, in memory that does not grow with pixels."""

import io
import pathlib
import subprocess
import sys

import imagecodecs
import numpy as np
import pytest
from PIL import Image as Pillow

from untone import cli, formats
from untone.apps.editing import command as editing
from untone.formats.jpeg import codec as jpeg
from untone.image import GainMap, Image
from untone.kernels import blocks

MEASURED = """
import resource, sys
from untone import cli
from untone.formats import jpeg
jpeg.MOST_PIXELS_BESIDE = 1 << 20  # so that a small picture counts as a large one
cli.main(["edit", "--flip", "h", sys.argv[1], "-o", sys.argv[2], "--force"])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
assert cli.main(["edit", "--rotate", "90", sys.argv[3], "-o", sys.argv[2], "--force"]) == 0
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def picture(height, width):
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    waves = [np.sin(x / 9) * np.cos(y / 13), np.cos(x / 17 + y / 11), x / width * 2 - 1]
    return (128 + 100 * np.stack(waves, axis=2)).astype(np.uint8)


def ultra_hdr(height, width, layout="420"):
    pixels = picture(height, width)
    base = bytes(imagecodecs.jpeg8_encode(pixels, level=80, colorspace="RGB", subsampling=layout))
    gain_map = GainMap(np.ascontiguousarray(pixels[::2, ::2]), (0.0,) * 3, (1.5,) * 3, alternate_headroom_stops=1.5)
    return formats.write(None, Image(formats.read(base)[0].pixels, encoded=base), gain_map)


def saved(pixels, subsampling, **options):
    stream = io.BytesIO()
    Pillow.fromarray(pixels).save(stream, "JPEG", quality=90, subsampling=subsampling, **options)
    return stream.getvalue()


def moved(data, window, orientation):
    return blocks.moved(data, window, orientation, most_pixels=1 << 20, most_scans=99)


@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_blocks_decoded_again_are_those_that_are_kept(subsampling, orientation):
    """A progressive JPEG of the same coefficients has to be kept whole; what is made of either is one file."""
    pixels = picture(112, 144)
    made = {
        blocks.moved(
            saved(pixels, subsampling, **how), (16, 32, 112, 64), orientation, most_pixels=1 << 20, most_scans=99
        )
        for how in ({}, {"progressive": True}, {"restart_marker_blocks": 3}, {"optimize": True})
    }
    assert len(made) == 1


def test_noise_full_of_stuffed_bytes_moves_too():
    """0xFF in the data is followed by a zero, which the places of units have to step over."""
    pixels = np.random.default_rng(5).integers(0, 256, (160, 176, 3), np.uint8)
    data, progressive = saved(pixels, 0), saved(pixels, 0, progressive=True)
    assert data.count(b"\xff\x00") > 50
    for orientation in (1, 6, 7):
        made = [moved(d, (0, 0, 176, 160), orientation) for d in (data, progressive)]
        assert made[0] == made[1]
    back = moved(made[0], (0, 0, 160, 176), 7)
    assert np.array_equal(imagecodecs.jpeg8_decode(back), imagecodecs.jpeg8_decode(data))


@pytest.mark.parametrize(
    "arguments", [["--rotate", "90"], ["--crop", "16,32,64,48"], ["--crop", "19,20,40,31", "--lossless"]]
)
def test_the_file_is_the_one_that_pixels_would_make(tmp_path, monkeypatch, capsys, arguments):
    monkeypatch.chdir(tmp_path)
    pathlib.Path("in.jpg").write_bytes(ultra_hdr(96, 128))
    assert cli.main(["edit", "in.jpg", "-o", "quick.jpg", *arguments]) == 0
    monkeypatch.setattr(editing, "suffice", lambda *_: False)
    assert cli.main(["edit", "in.jpg", "-o", "slow.jpg", *arguments]) == 0
    assert pathlib.Path("quick.jpg").read_bytes() == pathlib.Path("slow.jpg").read_bytes()


def test_an_outline_is_what_is_read_without_its_pixels():
    data = ultra_hdr(96, 128)
    (image, gain_map), (outline, outlined) = formats.read(data), jpeg.outline(data)
    for name in ("primaries", "transfer", "bits", "orientation", "icc", "exif", "xmp", "encoded", "inked", "left_out"):
        assert getattr(outline, name) == getattr(image, name)
    assert outline.pixels.shape == image.pixels.shape
    assert not outline.pixels.any()
    assert outlined.codes.shape == gain_map.codes.shape
    assert (outlined.encoded, outlined.max_stops, outlined.encodings) == (
        gain_map.encoded,
        gain_map.max_stops,
        gain_map.encodings,
    )


def test_large_pictures_are_sketched_by_their_means(monkeypatch):
    data = ultra_hdr(240, 320, "444")
    image, gain_map = jpeg.outline(data)
    whole = jpeg.sketch(image, gain_map, data)
    monkeypatch.setattr(jpeg, "MOST_PIXELS_BESIDE", 1000)
    small = jpeg.sketch(image, gain_map, data)
    means = whole[0].pixels.reshape(30, 8, 40, 8, 3).mean(axis=(1, 3))
    assert small[0].pixels.shape == (30, 40, 3)
    assert np.abs(small[0].pixels - means).max() < 2
    assert small[1].codes.shape == (15, 20, 3)


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss has other units elsewhere")
def test_memory_of_a_turn_does_not_grow_with_pixels(tmp_path):
    """12 megapixels are 36 MB decoded, as many as coefficients, and a quarter of either for the map."""
    large, tiny, out = tmp_path / "large.jpg", tmp_path / "tiny.jpg", tmp_path / "out.jpg"
    large.write_bytes(ultra_hdr(3008, 4000))
    tiny.write_bytes(ultra_hdr(64, 64))
    made = subprocess.run(
        [sys.executable, "-c", MEASURED, str(tiny), str(out), str(large)], capture_output=True, text=True, check=True
    )
    grown = int(made.stdout.split()[-1]) * 1024
    assert grown < 30_000_000 + 8 * large.stat().st_size
