"""The nouns refuse what contradicts itself, and show shapes, not pixels."""

import dataclasses

import numpy as np
import pytest

from untone import DamagedError, GainMap, Image, UntoneError
from untone.image import MAX_STOPS, turned_back, turned_upright

PIXELS = np.zeros((4, 6, 3), np.uint8)
CODES = np.zeros((2, 3, 1), np.uint8)
ZERO, ONE = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)


def test_an_image_knows_its_size_and_shows_no_pixels():
    image = Image(PIXELS, orientation=6)
    assert (image.width, image.height) == (6, 4)
    assert repr(image) == "Image(6 x 4 uint8, bt709, srgb, 8 bit, orientation 6)"


@pytest.mark.parametrize(("transfer", "hdr"), [("srgb", False), ("bt1886", False), ("pq", True), ("hlg", True)])
def test_hdr_is_a_matter_of_transfer(transfer, hdr):
    assert Image(PIXELS, transfer=transfer).is_hdr is hdr


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"pixels": np.zeros((4, 6), np.uint8)}, r"\[4, 6\]"),
        ({"pixels": np.zeros((0, 6, 3), np.uint8)}, "not empty"),
        ({"pixels": np.zeros((4, 6, 4), np.uint8)}, r"\[4, 6, 4\]"),
        ({"pixels": np.zeros((4, 6, 3), np.int64)}, "int64"),
        ({"transfer": "linear"}, "must be float32, not uint8"),
        ({"transfer": "log"}, "'log'"),
        ({"primaries": "rec709"}, "'rec709'"),
        ({"orientation": 0}, "not 0"),
        ({"orientation": 9}, "not 9"),
        ({"white_nits": 0.0}, "not 0.0"),
        ({"white_nits": float("nan")}, "nan"),
    ],
)
def test_an_image_refuses_contradictions(fields, said):
    with pytest.raises(UntoneError, match=said):
        Image(**{"pixels": PIXELS, **fields})


def test_nouns_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Image(PIXELS).orientation = 3
    with pytest.raises(dataclasses.FrozenInstanceError):
        GainMap(CODES, ZERO, ONE).gamma = ONE


def test_a_gain_map_knows_its_size_and_shows_no_codes():
    found = GainMap(CODES, ZERO, (1.0, 2.0, 3.0), alternate_headroom_stops=2.5)
    assert (found.width, found.height, found.channels) == (3, 2, 1)
    assert repr(found) == "GainMap(3 x 2 x 1 uint8, 0.00 to 3.00 stops, headroom 0.00 -> 2.50)"


@pytest.mark.parametrize(
    "fields",
    [
        {"min_stops": (0.0, float("nan"), 0.0)},
        {"max_stops": (1.0, 1.0, float("inf"))},
        {"max_stops": (1.0, 1.0, MAX_STOPS + 1)},
        {"max_stops": (1.0, -0.1, 1.0)},
        {"max_stops": (1.0, 1.0)},
        {"gamma": (1.0, 0.0, 1.0)},
        {"gamma": (1.0, 1.0, -1.0)},
        {"base_offset": (float("inf"),) * 3},
        {"base_headroom_stops": -0.1},
        {"alternate_headroom_stops": float("nan")},
        {"alternate_headroom_stops": 1e30},
    ],
)
def test_a_gain_map_refuses_numbers_that_nobody_can_render(fields):
    with pytest.raises(DamagedError):
        GainMap(**{"codes": CODES, "min_stops": ZERO, "max_stops": ONE, **fields})


@pytest.mark.parametrize("codes", [np.zeros((2, 3, 2), np.uint8), np.zeros((2, 3, 1), np.float32), CODES[:0]])
def test_a_gain_map_refuses_codes_of_another_kind(codes):
    with pytest.raises(UntoneError):
        GainMap(codes, ZERO, ONE)


SEEN = np.array([[1, 2, 3], [4, 5, 6]])
STORED = {
    1: [[1, 2, 3], [4, 5, 6]],
    2: [[3, 2, 1], [6, 5, 4]],
    3: [[6, 5, 4], [3, 2, 1]],
    4: [[4, 5, 6], [1, 2, 3]],
    5: [[1, 4], [2, 5], [3, 6]],
    6: [[3, 6], [2, 5], [1, 4]],
    7: [[6, 3], [5, 2], [4, 1]],
    8: [[4, 1], [5, 2], [6, 3]],
}
"""How the picture SEEN is stored under each EXIF orientation: 6 means that it is to be turned clockwise, 8 the
other way; 2 to 4 are mirrored, upside down and both, 5 and 7 mirrored along a diagonal (TIFF 6.0, tag 274)."""


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientations(orientation):
    stored = np.array(STORED[orientation])
    assert turned_upright(stored, orientation).tolist() == SEEN.tolist()
    assert turned_back(SEEN, orientation).tolist() == stored.tolist()
    planes = np.stack([stored, -stored])
    assert turned_upright(planes, orientation, axis=1).tolist() == [SEEN.tolist(), (-SEEN).tolist()]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientations_as_pillow_has_them(orientation):
    from PIL import Image as Pillow
    from PIL import ImageOps

    stored = np.random.default_rng(3).integers(0, 256, (5, 7, 3), np.uint8)
    picture = Pillow.fromarray(stored)
    picture.getexif()[274] = orientation
    assert np.array_equal(turned_upright(stored, orientation), np.asarray(ImageOps.exif_transpose(picture)))
