"""libultrahdr, Google's decoder (through imagecodecs): it sees the map in what untone writes, and the light agrees.

The bound: 99th percentile of |ours - theirs| / max(their brightest channel, 1/50) within 1e-2. It interpolates smaller
maps otherwise (corners aligned, by distance): there the map is smooth, and the bounds are 5e-3 for the median and 3e-2.
It knows no transfer but sRGB's, no grey base, and no map for other primaries than the base's: see test_chromium.py.
"""

import imagecodecs
import numpy as np
import photos
import pytest

import untone
from untone import Image

P99, MEDIAN_OF_SMALLER, P99_OF_SMALLER = 1e-2, 5e-3, 3e-2


def agrees(data: bytes, median: float = P99, high: float = P99) -> None:
    """At no, half and full headroom."""
    image, gain_map = untone.read(data)
    assert gain_map is not None
    for share in (0.0, 0.5, 1.0):
        stops = share * gain_map.alternate_headroom_stops
        theirs = imagecodecs.ultrahdr_decode(data, dtype="float16", boost=2.0**stops)[:, :, :3].astype(np.float32)
        ours = untone.apply(image, gain_map, stops).pixels
        assert ours.shape == theirs.shape
        difference = np.abs(ours - theirs) / np.maximum(theirs.max(axis=2, keepdims=True), photos.FLOOR)
        found = np.quantile(difference, [0.5, 0.99])
        assert (found <= [median, high]).all(), f"{share} of the headroom: {found}"


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("primaries", ["bt709", "p3", "bt2020"])
def test_maps_of_either_kind_on_every_base(channels: int, primaries: str):
    agrees(untone.write(None, Image(photos.scene(), primaries=primaries), photos.gain_map(channels)))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("divisor", [2, 4])
def test_smaller_maps(channels: int, divisor: int):
    smooth = photos.gain_map(channels, divisor, radians=0.2)
    data = untone.write(None, Image(photos.scene()), smooth, map_quality=100)
    agrees(data, MEDIAN_OF_SMALLER, P99_OF_SMALLER)


@pytest.mark.parametrize(
    "fields",
    [
        {"gamma": (0.5, 1.0, 2.2)},
        {"min_stops": (-2.0, -1.0, -0.5)},
        {"base_offset": (0.0,) * 3, "alternate_offset": (0.0,) * 3},
        {"alternate_headroom_stops": 1.5},
        {"max_stops": (1.0, 2.0, 3.0)},
    ],
    ids=lambda fields: " ".join(fields),
)
def test_every_parameter_of_a_map(fields: dict[str, object]):
    agrees(untone.write(None, Image(photos.scene()), photos.gain_map(3, **fields)))


@pytest.mark.parametrize("strength", [0, 0.5, 1])
def test_a_converted_photo(strength: float):
    photo = photos.jpeg(photos.scene(), subsampling=0, orientation=6)
    found = untone.convert(photo, None, model=photos.Tint(), strength=strength, map_size="full")
    assert found.data is not None
    agrees(found.data)


def test_a_known_gain_arrives():
    """One stop everywhere is (light + 1/64) * 2 - 1/64, whatever untone.apply says."""
    photo = photos.jpeg(photos.scene(), subsampling=0)
    codes = photos.codes_of(photo) / 255
    base = np.where(codes <= 0.04045, codes / 12.92, ((codes + 0.055) / 1.055) ** 2.4)
    data = untone.convert(photo, None, model=photos.Lift(1.0)).data
    bright = imagecodecs.ultrahdr_decode(data, dtype="float16", boost=4.0)[:, :, :3].astype(np.float32)
    assert np.quantile(np.abs(bright - ((base + 1 / 64) * 2 - 1 / 64)), 0.99) <= P99
