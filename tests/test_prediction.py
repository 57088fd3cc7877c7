"""What networks that see every pixel say, made into gain maps: with made-up networks whose answer is known by hand."""

import dataclasses
import math

import numpy as np
import pytest

from untone import Image, colour, gainmap, pipeline
from untone.errors import UsageError
from untone.image import turned_upright

OFFSET = 1 / 64
TO_2020 = colour.rgb_to_rgb("bt709", "bt2020").T


class Gain:
    """One channel: `stops` times the green code, over the whole picture or at half its size."""

    def __init__(self, stops=2.0, scale=1, offset=OFFSET):
        self.stops, self.scale, self.offset = stops, scale, offset

    def gain_stops(self, pixels):
        self.seen = pixels
        codes = pixels[:: self.scale, :: self.scale, 1:2].astype(np.float32) / np.iinfo(pixels.dtype).max
        return codes * np.float32(self.stops)


class Light:
    """The photo's own light, `factor` times as bright, `upscale` times as large by repetition."""

    def __init__(self, factor=3.0, upscale=1):
        self.factor, self.upscale = factor, upscale

    def light(self, pixels):
        self.seen = pixels
        light = colour.srgb_to_linear(pixels / np.iinfo(pixels.dtype).max) @ TO_2020 * self.factor
        return light.repeat(self.upscale, 0).repeat(self.upscale, 1).astype(np.float32)


def photo(height=24, width=36, **fields):
    v, u = np.mgrid[:height, :width] / max(height, width)
    return Image((255 * np.stack([u, (u + v) / 2, v], -1)).astype(np.uint8), **fields)


def base(image):
    return colour.srgb_to_linear(image.pixels / 255)


def test_a_gain_of_one_channel_lifts_all_three():
    image = photo()
    gain_map = pipeline.predict(image, Gain(), map_size="full")
    assert gain_map.codes.shape == (24, 36, 1)
    assert gain_map.base_offset == gain_map.alternate_offset == (OFFSET,) * 3
    expected = (base(image) + OFFSET) * 2 ** (image.pixels[..., 1:2] / 127.5) - OFFSET
    assert np.allclose(pipeline.apply(image, gain_map).pixels, expected, rtol=0.006, atol=1e-4)


def test_a_gain_without_offsets_multiplies_light():
    """GMNet's own convention: black stays black whatever the gain."""
    image = photo()
    gain_map = pipeline.predict(image, Gain(offset=0.0), map_size="full")
    assert gain_map.base_offset == gain_map.alternate_offset == (0.0,) * 3
    expected = base(image) * 2 ** (image.pixels[..., 1:2] / 127.5)
    assert np.allclose(pipeline.apply(image, gain_map).pixels, expected, rtol=0.006, atol=1e-6)


@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.parametrize(("size", "shape"), [("full", (25, 37)), ("half", (13, 19)), ("quarter", (7, 10))])
def test_map_sizes_are_those_asked_for(scale, size, shape):
    gain_map = pipeline.predict(photo(25, 37), Gain(scale=scale), map_size=size)
    assert gain_map.codes.shape == (*shape, 1)
    assert pipeline.predict(photo(25, 37), Light(), map_size=size).codes.shape == (*shape, 3)


def test_a_photo_of_one_pixel():
    for model in (Gain(), Gain(scale=2), Light()):
        assert pipeline.predict(photo(1, 1), model).codes.shape[:2] == (1, 1)


def test_light_is_measured_against_the_photo():
    image = photo()
    gain_map = pipeline.predict(image, Light(3.0), map_size="full")
    assert gain_map.use_base_colour_space
    assert gain_map.alternate_headroom_stops == pytest.approx(math.log2(3 * base(image).max()), abs=0.05)
    found = pipeline.apply(image, gain_map).pixels[1:, 1:]  # the black corner is an outlier
    assert np.allclose(found, 3 * base(image)[1:, 1:], rtol=0.02, atol=0.003)


def test_light_outside_the_photos_primaries_is_brought_to_their_edge():
    class Red2020(Light):
        def light(self, pixels):
            return np.broadcast_to(np.array([4.0, 0.0, 0.0], np.float32), pixels.shape).copy()

    gain_map = pipeline.predict(photo(), Red2020(), map_size="full")
    assert gain_map.use_base_colour_space
    found = pipeline.apply(photo(), gain_map).pixels[5, 20]
    assert found[0] == pytest.approx(4 * colour.rgb_to_rgb("bt2020", "bt709")[0, 0], rel=0.02)
    assert np.abs(found[1:]).max() < 0.02


@pytest.mark.parametrize("model", [Gain(), Light()])
@pytest.mark.parametrize("strength", [0.3, 1.0])
def test_strength_scales_the_stops(model, strength):
    whole = gainmap.to_stops(pipeline.predict(photo(), model))
    part = gainmap.to_stops(pipeline.predict(photo(), model, strength))
    assert np.allclose(part, whole * strength, atol=0.015)
    nothing = pipeline.predict(photo(), model, 0)
    assert not gainmap.to_stops(nothing).any()


@pytest.mark.parametrize("model", [Gain(3.0), Light(8.0)])
@pytest.mark.parametrize("strength", [0.7, 1.0])
@pytest.mark.parametrize("size", ["full", "half"])
def test_no_pixel_exceeds_the_peak(model, strength, size):
    image = photo()
    found = pipeline.apply(image, pipeline.predict(image, model, strength, 500, map_size=size)).pixels
    assert found.max() * 203 <= 500 * 1.002
    assert found.max() > pipeline.apply(image, pipeline.predict(image, model, 0)).pixels.max()


def test_a_dark_pixel_that_gains_much_does_not_cost_the_others_their_light():
    """A blue channel lifted from 0 to 0.3 gains 4.3 stops, far below any peak."""

    class Lifting(Light):
        def light(self, pixels):
            light = super().light(pixels)
            return np.maximum(light, 0.3)

    image = photo()
    free, bound = (pipeline.predict(image, Lifting(2.0), 1.0, peak) for peak in (None, 2000))
    assert max(free.max_stops) > 3
    assert np.array_equal(gainmap.to_stops(free), gainmap.to_stops(bound))


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
@pytest.mark.parametrize("make", [Gain, Light])
def test_networks_see_the_photo_upright_and_maps_lie_as_it_is_stored(orientation, make):
    model, image = make(), photo(orientation=orientation)
    gain_map = pipeline.predict(image, model, map_size="full")
    assert np.array_equal(model.seen, turned_upright(image.pixels, orientation))
    straight = pipeline.predict(dataclasses.replace(image, orientation=1), make(), map_size="full")
    assert np.array_equal(gain_map.codes, straight.codes)


def test_other_transfers_are_seen_as_srgb_codes():
    model = Light()
    grey = Image(np.full((8, 8, 3), 128, np.uint8), transfer="bt1886")
    pipeline.predict(grey, model)
    assert model.seen.dtype == np.uint16
    assert model.seen[0, 0, 0] / 65535 == pytest.approx(colour.linear_to_srgb(np.float64((128 / 255) ** 2.4)), abs=1e-4)


def test_a_wide_photo_keeps_its_primaries():
    image = photo(primaries="p3")
    gain_map = pipeline.predict(image, Light(2.0), map_size="full")
    assert gain_map.use_base_colour_space
    assert np.allclose(pipeline.apply(image, gain_map).pixels[1:, 1:], 2 * base(image)[1:, 1:], rtol=0.02, atol=0.003)


def test_another_white_is_another_unit():
    """Networks give nits, 203 for 1.0: of a photo whose white has 100 nits they say 2.03 times as much."""
    gain_map = pipeline.predict(photo(white_nits=100.0), Light(1.0), map_size="full")
    expected = (2.03 * base(photo()) + OFFSET) / (base(photo()) + OFFSET)
    found = gainmap.to_stops(gain_map)
    assert np.abs(found - np.log2(expected))[1:, 1:].max() < 0.02  # the black corner is an outlier


def test_super_resolution_writes_a_larger_picture(tmp_path):
    source = tmp_path / "photo.png"
    pipeline.write(source, photo(10, 12))
    done = pipeline.convert(source, tmp_path / "large.exr", model=Light(3.0, upscale=4))
    large, _ = pipeline.read(tmp_path / "large.exr")
    assert large.pixels.shape == (40, 48, 3)
    light = large.pixels @ colour.rgb_to_rgb(large.primaries, "bt709").T
    assert np.allclose(light[::4, ::4], 3 * base(photo(10, 12)), rtol=0.01, atol=0.01)
    assert (done.width, done.height, done.left_alone) == (12, 10, None)
    assert done.headroom_stops == pytest.approx(math.log2(large.pixels.max()), abs=0.01)
    pipeline.convert(source, tmp_path / "large.png", model=Light(3.0, upscale=4))
    assert pipeline.read(tmp_path / "large.png")[0].pixels.shape == (40, 48, 3)


def test_super_resolution_obeys_strength_and_peak(tmp_path):
    source = tmp_path / "photo.png"
    flat = Image(np.full((6, 6, 3), 188, np.uint8))
    pipeline.write(source, flat)
    code = float(base(flat)[0, 0, 0])
    for options, expected in (
        ({"strength": 0.5}, (code + OFFSET) * ((4 * code + OFFSET) / (code + OFFSET)) ** 0.5 - OFFSET),
        ({"peak_nits": 250}, 250 / 203),
        ({"strength": 0}, code),
    ):
        pipeline.convert(source, tmp_path / "large.exr", model=Light(4.0, upscale=4), **options)
        found = pipeline.read(tmp_path / "large.exr")[0].pixels
        assert np.allclose(found, expected, rtol=0.01), options


def test_super_resolution_into_a_jpeg_makes_a_base_of_its_size(tmp_path):
    """The network's light is the photo's times 3, striped by a quarter: stripes go to the base, the 3 to the map."""
    source, stripes = tmp_path / "photo.png", np.array([0.75, 1.25], np.float32)
    pipeline.write(source, photo(10, 12))

    class Striped(Light):
        def light(self, pixels):
            return super().light(pixels) * np.tile(stripes, 24)[:, None]

    done = pipeline.convert(source, tmp_path / "large.jpg", model=Striped(3.0, upscale=4), map_size="quarter")
    large, gain_map = pipeline.read(tmp_path / "large.jpg")
    assert (done.width, large.pixels.shape, gain_map.codes.shape) == (48, (40, 48, 3), (10, 12, 3))
    assert pipeline.convert(source, None, model=Striped(3.0, upscale=4)).data is not None
    code = float(base(photo(10, 12)).mean())
    assert base(large).mean() == pytest.approx(code, rel=0.05)
    columns = base(large).mean((0, 2))
    assert columns[1::2].mean() / columns[::2].mean() == pytest.approx(1.25 / 0.75, rel=0.1)
    made = pipeline.apply(large, gain_map)
    assert made.pixels.mean() == pytest.approx(3 * code, rel=0.05)


def test_super_resolution_into_a_jpeg_obeys_strength_and_peak(tmp_path):
    source, flat = tmp_path / "photo.png", Image(np.full((6, 6, 3), 188, np.uint8))
    pipeline.write(source, flat)
    code = float(base(flat)[0, 0, 0])
    for options, expected in (
        ({"strength": 0.5}, (code + OFFSET) * ((4 * code + OFFSET) / (code + OFFSET)) ** 0.5 - OFFSET),
        ({"strength": 0}, code),
    ):
        pipeline.convert(source, tmp_path / "large.jpg", model=Light(4.0, upscale=4), **options)
        assert np.allclose(pipeline.apply(*pipeline.read(tmp_path / "large.jpg")).pixels, expected, rtol=0.03), options
    done = pipeline.convert(source, tmp_path / "large.jpg", model=Light(4.0, upscale=4), peak_nits=250)
    assert done.peak_nits <= 250.5


def test_super_resolution_has_no_map_for_the_photo_itself():
    model = Light(upscale=4)
    with pytest.raises(UsageError, match=r"4 times .* convert makes a base of that size"):
        pipeline.predict(photo(), model)
    assert not hasattr(model, "seen")
