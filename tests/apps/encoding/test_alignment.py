"""Whether two renditions lie alike."""

import numpy as np
import pytest

from untone.apps.encoding.alignment import TURNS, check_turn
from untone.errors import UntoneError
from untone.image import Image, turned_back


def picture(height, width):
    """Codes of a scene without symmetry, and light of it by another tone curve in each half."""
    y, x = np.mgrid[0:height, 0:width] / max(height, width)
    codes = (120 + 60 * np.sin(7 * x + 2 * y) + 50 * np.cos(9 * y * (1 + x)))[..., None] * [1, 0.9, 0.8]
    codes = codes.clip(0, 255).astype(np.uint8)
    light = (codes / 255.0) ** 2.2 * 4 * np.where(x < 0.5, 1, 1.3)[..., None]
    return Image(codes), light.astype(np.float32)


@pytest.mark.parametrize("turn", TURNS)
def test_a_turned_rendition_is_named(turn):
    photo, light = picture(60, 60)
    check_turn(photo, light)
    with pytest.raises(UntoneError, match=f"{TURNS[turn]}, it would fit"):
        check_turn(photo, turned_back(light, turn))


def test_only_turns_that_keep_the_size_are_asked_for():
    photo, light = picture(40, 70)
    check_turn(photo, light)
    with pytest.raises(UntoneError, match="mirrored upside down"):
        check_turn(photo, light[::-1])


@pytest.mark.parametrize("shape", [(1, 1), (15, 400), (16, 16), (400, 15)])
def test_what_says_nothing_is_no_fault(shape):
    """Pictures of one colour, noise beside noise, and what is too small to tell."""
    random = np.random.default_rng(0)
    noise = random.random((*shape, 3), np.float32)
    for codes in (np.full((*shape, 3), 128, np.uint8), random.integers(0, 255, (*shape, 3), dtype=np.uint8)):
        check_turn(Image(codes), noise)
        check_turn(Image(codes), np.zeros((*shape, 3), np.float32))


def test_a_symmetric_scene_is_no_fault():
    codes = np.tile((np.abs(np.arange(64) - 31.5) * 8).astype(np.uint8)[None, :, None], (48, 1, 3))
    check_turn(Image(codes), (codes[::-1] / 255.0).astype(np.float32))
