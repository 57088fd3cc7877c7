"""Residuals as pictures: every codec, sizes that do not divide, and pictures that are no residual."""

import dataclasses

import numpy as np
import pytest

from untone import formats
from untone.errors import UntoneError, UsageError
from untone.formats.jpeg.residual_segment import ResidualMap
from untone.image import Image
from untone.implicit import residual_map
from untone.residuals import Residual


def a_residual(height=21, width=34):
    y, x = np.mgrid[0:height, 0:width] / width
    return (1.2 + 0.3 * np.stack([x, y, x * y], -1)).astype(np.float32)


def test_codes_of_a_block_are_its_mean_by_hand():
    found = residual_map.reduced(np.array([[1, 1, 5, 5], [1, 1, 5, 5]], np.float32)[..., None].repeat(3, 2), 2)
    np.testing.assert_array_equal(found.codes[0, :, 0], [0, 255])
    np.testing.assert_allclose([found.low[0], found.high[0]], [1, 5], atol=0.01)


def test_what_is_the_same_everywhere_stays():
    found = residual_map.reduced(np.full((5, 7, 3), 1.25, np.float32), 2)
    np.testing.assert_allclose(residual_map.values(found, 5, 7), 1.25, atol=1e-3)


@pytest.mark.parametrize("codec", residual_map.CODECS)
@pytest.mark.parametrize("divisor", [1, 4])
def test_every_codec_keeps_a_residual(codec, divisor):
    true = a_residual()
    small = residual_map.reduced(true, divisor)
    kept = residual_map.picture(small.codes, codec, 90)
    codes = residual_map.opened(kept)
    assert codes.shape == (-(-21 // divisor), -(-34 // divisor), 3)
    made = residual_map.values(dataclasses.replace(small, codes=codes), 21, 34)
    assert np.abs(made - true).max() < 0.06
    assert formats.sniff(kept).name == codec


@pytest.mark.parametrize("codec", residual_map.CODECS)
def test_a_single_pixel_and_lossless(codec):
    codes = np.array([[[10, 200, 30]]], np.uint8)
    made = residual_map.opened(residual_map.picture(codes, codec, 100))
    assert np.abs(made.astype(int) - codes).max() <= (2 if codec == "jpeg" else 0)


def test_other_codecs_and_qualities_are_refused():
    for codec, quality in (("webp", 80), ("jpeg", 0)):
        with pytest.raises(UsageError, match="a residual is kept by jpeg, heic, jxl, avif"):
            residual_map.picture(np.zeros((2, 2, 3), np.uint8), codec, quality)


def stored(picture, codec="jpeg", height=8, width=9):
    marks = np.zeros(16, np.uint8)
    return ResidualMap(Residual("gamma", "pq"), (1.0,) * 3, (1.5,) * 3, height, width, marks, 2.0, codec, picture)


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (b"nothing", "no image of a kind that is read"),
        (
            residual_map.picture(np.zeros((9, 9, 3), np.uint8), "jpeg", 80),
            "jpeg of 9 x 9 instead of jpeg of at most 9 x 8",
        ),
        (residual_map.picture(np.zeros((2, 2, 3), np.uint8), "avif", 80), "avif of 2 x 2 instead of jpeg"),
        (residual_map.picture(np.zeros((2, 2, 3), np.uint8), "jpeg", 80)[:-30], "cannot|ends|damaged|end"),
        (formats.write(None, Image(np.zeros((2, 2, 3), np.uint16), bits=16), format="png"), "png of 2 x 2 instead"),
    ],
)
def test_pictures_that_are_no_residual_are_refused_in_a_line(picture, words):
    with pytest.raises(UntoneError, match=words) as caught:
        residual_map.values_of(stored(picture))
    assert str(caught.value).startswith("the picture in the residual map (APP11): ")
    assert "\n" not in str(caught.value)


def test_values_lie_between_the_stored_ends():
    random = np.random.default_rng(0).integers(0, 256, (4, 5, 3), dtype=np.uint8)
    made = residual_map.values_of(stored(residual_map.picture(random, "jpeg", 60)))
    assert made.shape == (8, 9, 3)
    assert made.min() >= 1
    assert made.max() <= 1.5
