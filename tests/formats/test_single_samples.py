"""A gain map of one sample, and a photo of one pixel, go through every format: numpy's strides of them mean nothing."""

from importlib.util import find_spec

import numpy as np
import pytest

import untone
from untone import GainMap, Image, formats

needs_codec = pytest.mark.skipif(find_spec("pillow_heif") is None, reason="the extra `heic` is not installed")
NAMES = ["jpeg", "avif", "jxl", pytest.param("heic", marks=needs_codec)]


def single(channels: int) -> np.ndarray:
    """Cut out of RGB, as readers do."""
    return np.full((2, 2, 3), 255, np.uint8)[::2, ::2, :channels]


@pytest.mark.parametrize("other", NAMES)
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("channels", [1, 3])
def test_there_and_on(name, other, channels):
    gain_map = GainMap(single(channels), (0.0,) * 3, (1.5,) * 3, alternate_headroom_stops=1.5)
    image = Image(single(3))
    for target in (name, other):
        image, gain_map = formats.read(formats.write(None, image, gain_map, format=target))
        assert (image.pixels.shape, gain_map.codes.shape) == ((1, 1, 3), (1, 1, channels))
        light = untone.apply(image, gain_map).pixels
        np.testing.assert_allclose(light, (1 + 1 / 64) * 2**1.5 - 1 / 64, rtol=0.03)
