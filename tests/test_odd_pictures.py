"""Pictures that no photographer framed: one colour, one pixel, borders, extreme shapes, negatives, 16 bits, grey.

No glow where nothing glows, no NaN, nothing refused that can be shown. With the shipped weights, through the pipeline.
"""

import numpy as np
import pytest
from PIL import Image as Pillow

import untone
from untone import cli, gainmap
from untone.image import Image

FRAMED = 24
"""Pixels of a border that are looked at well inside it: the map has half of the photo's rows and columns."""


def light_of(pixels, **options):
    """What the picture becomes, and its gain at full size; both finite, whatever is shown."""
    image = Image(np.ascontiguousarray(pixels))
    gain_map = untone.predict(image, **options)
    stops = gainmap.stops_at(gain_map, image.height, image.width)
    light = untone.apply(image, gain_map).pixels
    assert np.isfinite(stops).all()
    assert np.isfinite(light).all()
    assert light.shape == (*pixels.shape[:2], 3)
    assert light.max() < 64
    return light, stops


def night(height=240, width=320):
    """A dark scene with a lamp, lit ground and noise: something glows in it."""
    v, u = np.mgrid[0:height, 0:width]
    far = np.hypot((u - 0.6 * width) / height, (v - 0.35 * height) / height)
    codes = 30 + 220 * np.exp(-((far / 0.05) ** 2)) + 90 * np.exp(-((far / 0.3) ** 2))
    noise = np.random.default_rng(1).normal(0, 3, (height, width, 3))
    return np.clip(codes[..., None] * np.array([1.0, 0.9, 0.75]) + noise, 0, 255).astype(np.uint8)


def day(height=240, width=320):
    """Sky over a field."""
    v = np.mgrid[0:height, 0:width][0][..., None] / height
    noise = np.random.default_rng(2).normal(0, 6, (height, width, 3))
    sky, field = np.array([150, 180, 225]) + 40 * v, np.array([90, 110, 60]) * (0.6 + 0.6 * v)
    return np.clip(np.where(v < 0.45, sky, field) + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    "colour",
    [(0, 0, 0), (255, 255, 255), (128, 128, 128), (200, 200, 200), (24, 24, 24), (210, 210, 210), (217, 217, 217)],
)
def test_a_wall_of_one_grey_does_not_glow(colour):
    light, stops = light_of(np.full((96, 128, 3), colour, np.uint8))
    assert np.abs(stops).max() <= 0.15
    assert np.ptp(light, axis=(0, 1)).max() < 0.05  # nor does it get patches


@pytest.mark.parametrize(
    "colour",
    [
        (255, 0, 0), (0, 0, 255), (255, 255, 0),
        (240, 200, 170), (10, 60, 20), (10, 119, 179), (51, 73, 131), (185, 192, 201),
    ],
)  # fmt: skip
def test_a_wall_of_one_colour_does_not_glow(colour):
    light, stops = light_of(np.full((96, 128, 3), colour, np.uint8))
    assert np.abs(stops).max() <= 0.15
    assert np.ptp(light, axis=(0, 1)).max() < 0.05


def test_a_wall_whose_light_falls_off_a_little_does_not_glow():
    """As photographed: noise, and a twentieth less light in its corners."""
    v, u = np.mgrid[0:240, 0:320]
    falloff = 1 - 0.05 * np.hypot(v / 120 - 1, u / 160 - 1) / np.sqrt(2)
    codes = 210 * falloff[..., None] + np.random.default_rng(3).normal(0, 1, (240, 320, 3))
    _, stops = light_of(np.clip(codes, 0, 255).astype(np.uint8))
    assert np.percentile(np.abs(stops), 99.5) <= 0.15


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 2), (2, 1), (3, 3), (1, 257), (257, 1)])
@pytest.mark.parametrize("code", [0, 128, 255])
def test_pictures_of_few_pixels(height, width, code):
    _, stops = light_of(np.full((height, width, 3), code, np.uint8))
    assert np.abs(stops).max() <= 0.15


@pytest.mark.parametrize(("height", "width"), [(60, 1200), (1200, 60)])
def test_a_picture_twenty_times_as_long_as_high_glows_where_its_lamp_is(height, width):
    codes = night(60, 1200) if width > height else night(60, 1200).transpose(1, 0, 2)
    light, stops = light_of(codes)
    brightest = codes.max(-1) >= 240
    assert stops[brightest].mean() > stops[codes.max(-1) < 60].mean()
    assert light[codes.max(-1) < 60].max() < 1


def test_sixteen_bits_are_the_eight_with_more_between_them():
    """The same picture in both depths becomes the same light, to a rounding of the map."""
    codes = night()
    narrow, _ = light_of(codes)
    wide, _ = light_of(codes.astype(np.uint16) * 257)
    assert np.allclose(narrow, wide, rtol=0.02, atol=0.002)


def test_grey_photos_stay_grey(tmp_path):
    """One channel on disk; equal channels in, equal channels out."""
    Pillow.fromarray(night()[..., 1]).save(tmp_path / "grey.jpg", quality=95)
    assert cli.main([str(tmp_path / "grey.jpg"), "-o", str(tmp_path / "grey.exr")]) == 0
    light = untone.read(tmp_path / "grey.exr")[0].pixels
    assert np.isfinite(light).all()
    assert np.ptp(light, axis=-1).max() <= 0.001 * light.max()
    assert light.max() > 1


@pytest.mark.parametrize("frame", [0, 255])
@pytest.mark.parametrize("scene", [day, night])
def test_borders_and_letterboxes_do_not_glow(frame, scene):
    """Black or white bars are no light, and what they hold is still found."""
    codes = scene()
    codes[:50], codes[-50:] = frame, frame
    _, stops = light_of(codes)
    bars = np.concatenate([stops[:FRAMED], stops[-FRAMED:]])
    assert np.abs(bars).max() <= 0.15


def test_a_mount_around_a_photo_does_not_glow():
    codes = np.full((300, 380, 3), 250, np.uint8)
    codes[30:270, 30:350] = day()
    _, stops = light_of(codes)
    assert np.abs(stops[:14]).max() <= 0.15
    assert np.abs(stops[:, :14]).max() <= 0.15


@pytest.mark.parametrize("scene", [day, night])
def test_negatives_have_no_lights(scene):
    """A scanned colour negative: inverted, under an orange mask. Its bright parts were the scene's shadows."""
    mask = np.array([1.0, 0.72, 0.50])
    codes = ((255 - scene().astype(float)) * mask * 0.9 + 10).astype(np.uint8)
    light, stops = light_of(codes)
    assert np.percentile(np.abs(stops), 99.5) <= 0.3
    assert (light.max(-1) > 1.05).mean() <= 0.12


def squares(ground):
    """Red, green, blue and yellow, each as far as it goes."""
    codes = np.full((240, 320, 3), ground, np.uint8)
    for k, colour in enumerate([(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0)]):
        v, u = 20 + 110 * (k // 2), 20 + 150 * (k % 2)
        codes[v : v + 90, u : u + 130] = colour
    return codes


def chequers(side):
    """Black and white."""
    v, u = np.mgrid[0:320, 0:480] // side
    return np.repeat(((v + u) % 2 * 255).astype(np.uint8)[..., None], 3, 2)


def stars():
    """A dark sky full of them, each a few pixels."""
    random = np.random.default_rng(4)
    codes = random.normal(6, 3, (360, 540, 3))
    for v, u in zip(random.integers(2, 358, 500), random.integers(2, 538, 500), strict=True):
        codes[v - 1 : v + 2, u - 1 : u + 2] += 30 + random.exponential(60)
    return np.clip(codes, 0, 255).astype(np.uint8)


def scan():
    """A page of lines in the light of one lamp beside it."""
    v, u = np.mgrid[0:640, 0:480]
    ink = (v % 21 < 10) & (u % 9 < 5) & (u > 40) & (u < 440) & (v > 30) & (v < 610)
    lit = 0.35 + 0.6 * np.exp(-(((u - 120) / 260) ** 2) - ((v - 160) / 380) ** 2)
    codes = np.where(ink, 30, 235) * lit + np.random.default_rng(5).normal(0, 4, lit.shape)
    return np.repeat(np.clip(codes, 0, 255).astype(np.uint8)[..., None], 3, 2)


def noise():
    """Grey, of all codes."""
    return np.repeat(np.random.default_rng(6).integers(0, 256, (240, 320, 1), np.uint8), 3, 2)


@pytest.mark.parametrize(
    "codes",
    [squares(0), squares(128), squares(255), chequers(1), chequers(2), chequers(32), stars(), scan(), noise()],
    ids=["on black", "on grey", "on white", "chequers 1", "chequers 2", "chequers 32", "stars", "scan", "noise"],
)
def test_patterns_and_signs_do_not_glow(codes):
    _, stops = light_of(codes)
    assert np.percentile(np.abs(stops), 99.9) <= 0.15


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("upright", [False, True])
def test_a_ramp_stays_one(bits, upright):
    """No bands and no rings: what is brighter stays brighter, by steps that are hardly more than those of the codes."""
    codes = np.linspace(0, 2**bits - 1, 640).round().astype(f"uint{bits}")
    ramp = np.repeat(np.broadcast_to(codes, (240, 640))[..., None], 3, 2)
    light, _ = light_of(ramp.transpose(1, 0, 2) if upright else ramp)
    line = light[:, 120, 1] if upright else light[120, :, 1]
    steps = np.diff(np.log2(line + 1 / 64))
    assert np.diff(line).min() >= -0.005
    assert steps.max() <= 0.1
    assert line[-1] > 1


def test_nan_and_light_beyond_white_in_float_pixels_are_survived():
    pixels = night().astype(np.float32) / 255
    pixels[:8, :8], pixels[8:16, :8], pixels[16:24, :8] = np.nan, np.inf, -1
    gain_map = untone.predict(Image(pixels, bits=32))
    assert np.isfinite(gainmap.to_stops(gain_map)).all()
