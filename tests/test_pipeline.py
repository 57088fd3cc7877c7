"""The line, with tiny models whose right answer is known by hand."""

import dataclasses
import io
import logging
import math
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image as Pillow

import untone
from untone import GainMap, Image, Operators, UntoneError, colour, gainmap, pipeline
from untone.errors import UsageError
from untone.image import turned_back, turned_upright

RNG = np.random.default_rng(7)
START = RNG.bit_generator.state
OFFSET = 1 / 64
QMAX = 2.0


@pytest.fixture(autouse=True)
def from_the_start():
    """The same photos in each test, whatever ran before it in this process."""
    RNG.bit_generator.state = START


class Constant:
    """A model that sees the same gain everywhere, and remembers the thumbnail it was shown."""

    def __init__(self, stops=1.0, qmax=QMAX):
        self.stops, self.qmax, self.seen = stops, qmax, None

    def operators(self, thumbnail):
        self.seen = thumbnail
        lut = np.full((2, 2, 2, 3), math.atanh(self.stops / self.qmax), np.float32)
        return Operators(np.zeros((3, 2, 2, 8, 3), np.float32), lut, self.qmax)


class Place(Constant):
    """A model whose gain depends on place only: 1.5 stops per height from the top, half a stop per width."""

    def operators(self, thumbnail):
        self.seen = thumbnail
        grids = np.zeros((3, 2, 2, 8, 3), np.float32)
        grids[0, 1, :, :, 0] += 0.75
        grids[0, :, 1, :, 0] += 0.25
        lut = np.zeros((2, 2, 2, 3), np.float32)
        lut[1] = 0.5
        return Operators(grids, lut, self.qmax)


def photo(height=24, width=36, dtype=np.uint8, **fields):
    return Image(RNG.integers(0, np.iinfo(dtype).max + 1, (height, width, 3), dtype), **fields)


def jpeg_of(image, **options):
    out = io.BytesIO()
    Pillow.fromarray(image.pixels).save(out, "jpeg", **options)
    return out.getvalue()


def lifted(image, stops):
    light = colour.to_linear(image.pixels / np.iinfo(image.pixels.dtype).max, image.transfer)
    return (light + OFFSET) * 2**stops - OFFSET


def test_the_verbs_of_the_package_are_those_of_the_line():
    for verb in ("read", "write", "load", "predict", "apply", "measure", "convert"):
        assert getattr(untone, verb) is getattr(pipeline, verb)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_constant_gain_lifts_every_pixel_by_it(dtype):
    image = photo(dtype=dtype)
    gain_map = pipeline.predict(image, Constant(1.0))
    found = pipeline.apply(image, gain_map)
    assert found.pixels.dtype == np.float32
    assert (found.transfer, found.primaries, found.icc, found.encoded) == ("linear", "bt709", None, None)
    assert np.allclose(found.pixels, lifted(image, 1.0), rtol=0.005, atol=1e-4)


def test_float_photos_count_as_sixteen_bit():
    codes = photo(dtype=np.uint16)
    as_float = dataclasses.replace(codes, pixels=(codes.pixels / 65535).astype(np.float32), bits=32)
    one, other = (pipeline.predict(image, Place()) for image in (codes, as_float))
    assert np.array_equal(one.codes, other.codes)
    light = pipeline.apply(as_float, other).pixels
    assert np.allclose(light, pipeline.apply(codes, one).pixels, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(("size", "shape"), [("full", (25, 37)), ("half", (13, 19)), ("quarter", (7, 10))])
def test_map_sizes_round_up(size, shape):
    gain_map = pipeline.predict(photo(25, 37), Constant(), map_size=size)
    assert gain_map.codes.shape == (*shape, 3)


def test_what_a_predicted_map_says_of_itself():
    gain_map = pipeline.predict(photo(), Place())
    assert gain_map.gamma == (1.0, 1.0, 1.0)
    assert gain_map.base_offset == gain_map.alternate_offset == (OFFSET,) * 3
    assert gain_map.base_headroom_stops == 0
    assert gain_map.alternate_headroom_stops == max(gain_map.max_stops)
    assert gain_map.use_base_colour_space
    assert gain_map.encodings == ()


@pytest.mark.parametrize("strength", [0.25, 0.5, 1.0, 1.5])
def test_strength_scales_the_stops(strength):
    image = photo()
    found = pipeline.apply(image, pipeline.predict(image, Constant(1.0), strength)).pixels
    assert np.allclose(found, lifted(image, strength), rtol=0.005, atol=1e-4)


def test_a_conversion_names_the_strength_for_more_light(tmp_path):
    """Where something glows, no limit is asked for and there is more to be had."""
    source = tmp_path / "photo.jpg"
    pipeline.write(source, Image(np.full((16, 16, 3), 250, np.uint8)))

    def stronger(gain_stops=1.0, **options):
        return pipeline.convert(source, None, model=Constant(gain_stops), **options).stronger

    assert stronger() == pytest.approx(1.3)
    assert stronger(strength=1.4) == 1.5
    assert stronger(strength=1.5) is None
    assert stronger(peak_nits=300) is None
    assert stronger(0.0) is None


def test_strength_0_changes_nothing_and_needs_no_model():
    image = photo()
    gain_map = pipeline.predict(image, "no such model", 0)
    assert np.array_equal(pipeline.apply(image, gain_map).pixels, pipeline.apply(image, gain_map, 0).pixels)
    assert np.allclose(pipeline.apply(image, gain_map).pixels, lifted(image, 0), atol=1e-6)
    assert gain_map.alternate_headroom_stops > gain_map.base_headroom_stops


@pytest.mark.parametrize("peak", [203, 300, 600, 1000])
@pytest.mark.parametrize("strength", [0.6, 1.0])
def test_no_pixel_exceeds_the_peak(peak, strength):
    image = Image(np.full((8, 8, 3), 255, np.uint8))
    found = pipeline.apply(image, pipeline.predict(image, Constant(1.99), strength, peak)).pixels
    wanted = min(peak / 203, (1 + OFFSET) * 2 ** (1.99 * strength) - OFFSET)
    assert found.max() * 203 <= peak * (1 + 1e-5)
    assert found.max() == pytest.approx(wanted, rel=0.005)


def test_a_high_peak_changes_nothing():
    image = photo()
    free, limited = pipeline.predict(image, Place()), pipeline.predict(image, Place(), 1.0, 10_000)
    assert free.max_stops == limited.max_stops


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"strength": -0.1}, "strength must be from 0 to 1.5, not -0.1"),
        ({"strength": 1.6}, "not 1.6"),
        ({"strength": float("nan")}, "not nan"),
        ({"peak_nits": 100}, "from SDR white, 203 nits, to 10000 nits, not 100"),
        ({"peak_nits": float("inf")}, "not inf"),
        ({"peak_nits": float("nan")}, "not nan"),
        ({"map_size": "eighth"}, "full, half, quarter, not 'eighth'"),
    ],
)
def test_predict_refuses_what_makes_no_sense(arguments, said):
    with pytest.raises(UsageError, match=said):
        pipeline.predict(photo(), Constant(), **arguments)


@pytest.mark.parametrize("transfer", ["pq", "hlg"])
def test_hdr_photos_get_no_prediction(transfer):
    with pytest.raises(UntoneError, match=f"HDR already \\({transfer}\\)"):
        pipeline.predict(photo(dtype=np.uint16, transfer=transfer), Constant())


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_photo_gets_the_map_of_the_upright_one(orientation):
    """The model sees the photo upright; what it says is turned back to how the pixels are stored."""
    upright = photo(24, 40)
    stored = np.ascontiguousarray(turned_back(upright.pixels, orientation))
    models = Place(), Place()
    expected = pipeline.predict(upright, models[0])
    found = pipeline.predict(Image(stored, orientation=orientation), models[1])
    assert np.allclose(models[0].seen, models[1].seen, atol=1e-6)
    turned = turned_upright(found.codes, orientation)
    assert turned.shape == expected.codes.shape
    assert np.abs(turned.astype(int) - expected.codes).max() <= 1
    assert np.ptp(expected.codes[:, 0].astype(int)) > 100, "the gain must depend on place for this to mean anything"


def test_headroom_of_the_display_weighs_the_gain():
    image = photo()
    gain_map = dataclasses.replace(pipeline.predict(image, Constant(1.0)), alternate_headroom_stops=2.0)
    assert np.allclose(pipeline.apply(image, gain_map, 0).pixels, lifted(image, 0), atol=1e-5)
    assert np.allclose(pipeline.apply(image, gain_map, 1.0).pixels, lifted(image, 0.5), rtol=0.005, atol=1e-4)
    assert np.allclose(pipeline.apply(image, gain_map, 9).pixels, lifted(image, 1.0), rtol=0.005, atol=1e-4)


@pytest.mark.parametrize("headroom", [-1, float("nan"), float("inf")])
def test_apply_refuses_headrooms_that_make_no_sense(headroom):
    with pytest.raises(UntoneError, match="headroom"):
        pipeline.apply(photo(), pipeline.predict(photo(), Constant()), headroom)


def test_apply_wants_encoded_pixels():
    light = Image(np.ones((4, 4, 3), np.float32), transfer="linear", bits=32)
    with pytest.raises(UntoneError, match="linear light"):
        pipeline.apply(light, pipeline.predict(photo(), Constant()))


def test_orientation_and_exif_go_through_apply():
    image = photo(orientation=6, exif=b"MM\0*\0\0\0\x08\0\0", primaries="p3")
    found = pipeline.apply(image, pipeline.predict(image, Constant()))
    assert (found.orientation, found.exif, found.primaries) == (6, image.exif, "p3")
    assert found.pixels.shape == image.pixels.shape


def coloured_map(**fields):
    return GainMap(np.full((3, 3, 3), 255, np.uint8), (0.0,) * 3, (2.0, 1.0, 0.0), **fields)


def test_a_map_in_other_primaries_is_applied_there():
    """By hand: convert the light, lift red by 2 stops and green by 1 in BT.2020, convert back."""
    image = photo()
    gain_map = coloured_map(use_base_colour_space=False, alternate_primaries="bt2020")
    there = lifted(image, 0) @ colour.rgb_to_rgb("bt709", "bt2020").T
    bright = (there + OFFSET) * np.array([4.0, 2.0, 1.0]) - OFFSET
    expected = bright @ colour.rgb_to_rgb("bt2020", "bt709").T
    found = pipeline.apply(image, gain_map)
    assert np.allclose(found.pixels, expected, rtol=1e-4, atol=1e-4)
    assert found.primaries == "bt709"
    assert not np.allclose(pipeline.apply(image, coloured_map()).pixels, expected, rtol=0.05)


@pytest.mark.parametrize("primaries", [None, "bt709"])
def test_a_map_in_unknown_or_the_same_primaries_is_applied_in_those_of_the_base(primaries):
    image = photo()
    elsewhere = coloured_map(use_base_colour_space=False, alternate_primaries=primaries)
    assert np.array_equal(pipeline.apply(image, elsewhere).pixels, pipeline.apply(image, coloured_map()).pixels)


def test_an_hdr_base_is_darkened_for_an_sdr_display():
    """ISO 21496-1: a base above its alternate; at headroom 0 the full map takes 2 stops away."""
    base = photo(dtype=np.uint16, transfer="pq", bits=16)
    gain_map = GainMap(
        np.full((2, 2, 1), 255, np.uint8), (0.0,) * 3, (2.0,) * 3, base_offset=(0.0,) * 3, alternate_offset=(0.0,) * 3,
        base_headroom_stops=2.0, alternate_headroom_stops=0.0,
    )  # fmt: skip
    light = colour.pq_to_nits(base.pixels / 65535) / 203
    assert np.allclose(pipeline.apply(base, gain_map).pixels, light, rtol=1e-4)
    assert np.allclose(pipeline.apply(base, gain_map, 0).pixels, light / 4, rtol=1e-4)


def test_hlg_bases_are_applied_too():
    base = photo(dtype=np.uint16, transfer="hlg", bits=16, primaries="bt2020")
    gain_map = GainMap(np.full((2, 2, 1), 255, np.uint8), (0.0,) * 3, (1.0,) * 3)
    light = colour.to_linear(base.pixels / 65535, "hlg")
    assert np.allclose(pipeline.apply(base, gain_map).pixels, (light + OFFSET) * 2 - OFFSET, rtol=1e-3, atol=1e-4)


def smooth(height=32, width=48, **fields):
    v, u = np.mgrid[:height, :width] / max(height, width)
    return Image((255 * np.stack([u, v, (u + v) / 2], -1)).astype(np.uint8), **fields)


def rendition(sdr, stops, **fields):
    light = ((lifted(sdr, 0) + OFFSET) * 2.0**stops - OFFSET).astype(np.float32)
    return Image(light, sdr.primaries, "linear", 32, **fields)


def test_apply_returns_what_was_measured():
    sdr = smooth()
    stops = np.linspace(0, 2, sdr.width)[None, :, None] * np.array([1.0, 0.8, 0.6])
    hdr = rendition(sdr, stops)
    gain_map = pipeline.measure(sdr, hdr, map_size="full")
    assert gain_map.use_base_colour_space
    assert np.allclose(pipeline.apply(sdr, gain_map).pixels, hdr.pixels, rtol=0.01, atol=0.005)
    assert pipeline.measure(sdr, hdr, channels=1, map_size="quarter").codes.shape == (8, 12, 1)


def test_the_same_picture_measures_as_no_gain():
    sdr = smooth()
    gain_map = pipeline.measure(sdr, rendition(sdr, 0.0))
    assert np.allclose(pipeline.apply(sdr, gain_map).pixels, lifted(sdr, 0), atol=1e-4)


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_measure_turns_the_rendition_to_how_the_photo_is_stored(orientation):
    upright = smooth()
    stored = Image(np.ascontiguousarray(turned_back(upright.pixels, orientation)), orientation=orientation)
    hdr = rendition(upright, np.linspace(0, 2, 48)[None, :, None])
    found = pipeline.apply(stored, pipeline.measure(stored, hdr, map_size="full")).pixels
    assert np.allclose(turned_upright(found, orientation), hdr.pixels, rtol=0.01, atol=0.005)


def test_colours_outside_the_photos_primaries_are_measured_in_the_renditions():
    sdr = smooth()
    light = np.tile(np.array([3.0, 0.0, 0.0], np.float32), (32, 48, 1))
    hdr = Image(light, "bt2020", "linear", 32)
    gain_map = pipeline.measure(sdr, hdr, map_size="full")
    assert (gain_map.use_base_colour_space, gain_map.alternate_primaries) == (False, "bt2020")
    found = pipeline.apply(sdr, gain_map).pixels @ colour.rgb_to_rgb("bt709", "bt2020").T
    assert np.allclose(found[1:, 1:], light[1:, 1:], rtol=0.05, atol=0.01)  # the black corner is an outlier


def test_whites_of_both_renditions_count():
    sdr = smooth()
    hdr = rendition(sdr, 1.0)
    dimmer = dataclasses.replace(hdr, pixels=hdr.pixels * 2, white_nits=101.5)
    one, other = (pipeline.measure(sdr, h) for h in (hdr, dimmer))
    assert np.allclose(one.max_stops, other.max_stops, atol=1e-5)


@pytest.mark.parametrize(
    ("sdr", "hdr", "said"),
    [
        (smooth(), rendition(smooth(32, 47), 1.0), "48 x 32 and 47 x 32"),
        (smooth(), rendition(smooth(), 1.0, orientation=6), "48 x 32 and 32 x 48"),
        (smooth(), smooth(), "srgb and srgb"),
        (rendition(smooth(), 1.0), rendition(smooth(), 1.0), "linear and linear"),
    ],
)
def test_measure_refuses_pairs_that_are_none(sdr, hdr, said):
    with pytest.raises(UntoneError, match=said):
        pipeline.measure(sdr, hdr)


def test_measure_refuses_other_sizes_and_channels():
    for arguments in ({"map_size": "tiny"}, {"channels": 2}):
        with pytest.raises(UsageError):
            pipeline.measure(smooth(), rendition(smooth(), 1.0), **arguments)


def test_convert_keeps_the_photos_bytes_and_returns_numbers():
    """A quarter of the picture white, the rest black, 1 stop everywhere: share 1/4, peak (1 + 1/64) 2 - 1/64 whites."""
    pixels = np.zeros((64, 64, 3), np.uint8)
    pixels[:32, :32] = 255
    source = jpeg_of(Image(pixels), quality=95, exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0")
    done = pipeline.convert(source, None, model=Constant(1.0))
    assert (done.width, done.height, done.left_alone) == (64, 64, None)
    assert done.share_above_white == pytest.approx(0.25, abs=0.01)
    assert done.peak_nits == pytest.approx(203 * (2 * (1 + OFFSET) - OFFSET), rel=0.005)
    scan = source[source.index(b"\xff\xda") :]
    assert scan in done.data
    image, gain_map = pipeline.read(done.data)
    assert gain_map.encodings == ("iso21496-1", "hdrgm-xmp")
    assert np.array_equal(image.pixels, pipeline.read(source)[0].pixels)


def test_large_photos_are_sampled_for_the_numbers(monkeypatch):
    image = photo(200, 300)
    exact = pipeline.convert(jpeg_of(image), None, model=Place())
    monkeypatch.setattr("untone.rendition.STATISTICS_PIXELS", 4000)
    sampled = pipeline.convert(jpeg_of(image), None, model=Place())
    assert sampled.share_above_white == pytest.approx(exact.share_above_white, abs=0.03)
    assert sampled.peak_nits == pytest.approx(exact.peak_nits, rel=0.15)


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (3, 2)])
def test_tiny_and_thin_photos_convert(shape):
    done = pipeline.convert(jpeg_of(photo(*shape)), None, model=Place(), map_size="quarter")
    image, gain_map = pipeline.read(done.data)
    assert pipeline.apply(image, gain_map).pixels.shape == (*shape, 3)


def test_renditions_hold_the_light(tmp_path):
    source = jpeg_of(smooth(), quality=95)
    model = Place()
    for name in ("out.exr", "out.png"):
        pipeline.convert(source, tmp_path / name, model=model)
    image, _ = pipeline.read(source)
    expected = pipeline.apply(image, pipeline.predict(image, model, map_size="full"))
    exr, png = (pipeline.read(tmp_path / name)[0] for name in ("out.exr", "out.png"))
    assert np.allclose(exr.pixels, expected.pixels, rtol=0.002, atol=1e-4)
    assert (png.transfer, png.primaries) == ("pq", "bt2020")
    light = colour.pq_to_nits(png.pixels / 65535) / 203 @ colour.rgb_to_rgb("bt2020", "bt709").T
    assert np.allclose(light, expected.pixels, rtol=0.005, atol=2e-3)


def test_exr_has_no_orientation_so_it_is_stored_upright(tmp_path):
    light = Image(np.ones((4, 6, 3), np.float32), transfer="linear", bits=32, orientation=6)
    pipeline.write(tmp_path / "a.exr", light)
    found, _ = pipeline.read(tmp_path / "a.exr")
    assert (found.width, found.height, found.orientation) == (4, 6, 1)


def test_photos_that_are_hdr_already_are_left_alone(tmp_path):
    target = tmp_path / "out.jpg"
    first = pipeline.convert(jpeg_of(smooth()), None, model=Constant())
    again = pipeline.convert(first.data, target, model=Constant())
    assert again.left_alone == "it already carries a gain map"
    pipeline.write(tmp_path / "pq.png", rendition(smooth(), 1.0))
    pq = pipeline.convert(tmp_path / "pq.png", target, model=Constant())
    assert pq.left_alone == "it is HDR already (PQ)"
    assert not target.exists()


@pytest.mark.parametrize("target", ["out.gif", "out", "out.tiff"])
def test_convert_writes_what_it_knows(tmp_path, target):
    with pytest.raises(UsageError, match=r"must end in one of \.jpg"):
        pipeline.convert(jpeg_of(smooth()), tmp_path / target, model=Constant())


def test_a_fault_leaves_nothing_behind(tmp_path):
    for source, target in ((b"no picture", tmp_path / "a.jpg"), (jpeg_of(smooth()), tmp_path / "none" / "a.jpg")):
        with pytest.raises(UntoneError):
            pipeline.convert(source, target, model=Constant())
    assert list(tmp_path.iterdir()) == []


def test_models_are_asked_for_by_name(tmp_path):
    with pytest.raises(UntoneError, match="nosuch"):
        pipeline.load("nosuch")
    (tmp_path / "bad.onnx").write_bytes(b"no model")
    with pytest.raises(UntoneError, match=r"bad\.onnx"):
        pipeline.load(tmp_path / "bad.onnx")
    assert pipeline.load() is pipeline.load("fastgamer")


def test_converted_colours_are_applied_where_they_are_known():
    """A photo in P3 is predicted and applied as P3; the map says so by using the base's space."""
    from untone.formats.profiles.resolve import named_profile

    source = jpeg_of(smooth(), icc_profile=named_profile("p3", "srgb"))
    done = pipeline.convert(source, None, model=Constant())
    image, gain_map = pipeline.read(done.data)
    assert image.primaries == "p3"
    assert gain_map.use_base_colour_space
    assert np.allclose(gainmap.to_stops(gain_map), 1.0, atol=0.02)


def test_what_is_read_written_and_left_out_is_logged(tmp_path, caplog):
    """Under the name `untone`; silent unless somebody listens."""
    stream = io.BytesIO()
    Pillow.new("RGB", (8, 8), "grey").save(stream, "jpeg", comment=b"hello")
    (tmp_path / "a.jpg").write_bytes(stream.getvalue())
    with caplog.at_level(logging.DEBUG, "untone"):
        image, _ = untone.read(tmp_path / "a.jpg")
        untone.write(tmp_path / "b.png", image)
    said = [(r.name, r.levelname, r.getMessage()) for r in caplog.records]
    assert said[0][:2] == ("untone", "DEBUG")
    assert said[0][2].startswith(f"read {tmp_path / 'a.jpg'}: Image(8 x 8 uint8")
    assert ("untone", "WARNING", f"{tmp_path / 'a.jpg'}: the JPEG's comment is left out") in said
    assert said[-1][2].startswith(f"write {tmp_path / 'b.png'}: ")
    code = f"import untone; untone.read({str(tmp_path / 'a.jpg')!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda image, _: untone.predict("a.jpg"), "predict takes an Image, not str: image, _ = untone.read"),
        (lambda image, _: untone.apply("a.jpg", None), "apply takes an Image, not str"),
        (lambda image, _: untone.apply(image, "a.jpg"), "apply takes a GainMap, not str: image, gain_map = untone"),
        (lambda image, _: untone.measure(image, "a.exr"), "measure takes an Image, not str"),
        (lambda image, _: untone.write("a.jpg", (image, None)), "write takes an Image, not tuple"),
    ],
)
def test_what_is_no_image_is_told_how_to_get_one(call, said):
    image = Image(np.zeros((4, 4, 3), np.uint8))
    with pytest.raises(UsageError) as told:
        call(image, None)
    assert str(told.value).startswith(said)
