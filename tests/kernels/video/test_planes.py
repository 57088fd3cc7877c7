"""Frames of films: the definition against numbers worked by hand, every variant against it, any threads against one."""

import dataclasses

import numpy as np
import pytest

from untone import kernels
from untone.errors import UntoneError
from untone.kernels import video
from untone.operators import Operators

COMPILED = [v for v in kernels.info()["available"] if v != "reference"]
EVERY = [*COMPILED, "reference"]
SHAPES = [(1, 1), (2, 3), (35, 300), (7, 1037)]


def operators(*, gain_stops=None, rough=False, seed=0):
    """A constant gain, or grids and a LUT that jump from node to node."""
    rng = np.random.default_rng(seed)
    grids = np.zeros((3, 5, 6, 8, 3))
    for k in range(3):
        grids[k, ..., k] = np.linspace(0, 1, 8)
    lut = np.full((9, 9, 9, 3), np.arctanh((gain_stops or 0) / 4))
    if rough:
        grids += rng.normal(0, 0.1, grids.shape)
        lut = rng.normal(0.2, 0.5, lut.shape)
    return Operators(grids.astype(np.float32), lut.astype(np.float32), 4.0)


def frame(height, width, chroma="420", bits=8, seed=1, **options):
    rng = np.random.default_rng(seed)
    half = (-(-height // 2), -(-width // 2))
    size = {"420": half, "422": (height, half[1]), "444": (height, width)}[chroma]
    dtype = np.uint8 if bits == 8 else np.uint16
    planes = (rng.integers(0, 1 << bits, shape, dtype=dtype) for shape in ((height, width), size, size))
    return video.YCbCr(*planes, bits=bits, **options)


def flat(y, cb=128, cr=128, height=64, width=64, **options):
    half = (-(-height // 2), -(-width // 2))
    planes = (np.full(s, v, np.uint8) for s, v in (((height, width), y), (half, cb), (half, cr)))
    return video.YCbCr(*planes, **options)


def rendered(source, what=None, rendering=None, **how):
    targets, counts = video.empty_planes(*source.y.shape), np.zeros(video.LEVELS, np.int64)
    video.write_planes(source, what or operators(), rendering or video.Rendering(), targets, counts=counts, **how)
    return targets, counts


@pytest.mark.parametrize("variant", EVERY)
def test_white_black_and_red_as_worked_by_hand(variant):
    """ST 2084: 203 nits is 0.580689; 64 + 876 * 0.580689 = 572.684. HLG: 75 % is 64 + 876 * 0.75 = 721 (BT.2408).

    Red of BT.709 is (0.6274, 0.0691, 0.0164) in BT.2020 (BT.2087): 127.36, 14.03, 3.33 nits; PQ 0.53255, 0.32702,
    0.22007; Y' = 0.37467: 392.21; Cb = 512 + 896 * (0.22007 - 0.37467) / 1.8814 = 438.37; Cr = 512 + 896 *
    (0.53255 - 0.37467) / 1.4746 = 607.93.
    """
    (y, cb, cr), counts = rendered(flat(235), variant=variant)
    assert y.mean() == pytest.approx(572.684, abs=0.1)
    assert set(np.unique(y)) == {572, 573}
    assert (cb == 512).all()
    assert (cr == 512).all()
    assert counts[594] == 64 * 64  # 1023 * 0.580689 = 594.05
    (y, cb, cr), counts = rendered(flat(16), variant=variant)
    assert (y == 64).all()
    assert (cb == 512).all()
    assert (cr == 512).all()
    assert counts[0] == 64 * 64
    (y, _, _), counts = rendered(flat(235), rendering=video.Rendering(transfer="hlg"), variant=variant)
    assert y.mean() == pytest.approx(64 + 876 * 0.75, abs=0.7)
    assert counts[594] == 64 * 64
    red = flat(63, 102, 240)  # BT.709: 16 + 219 * 0.2126; 128 - 224 * 0.1146; 128 + 224 * 0.5
    (y, cb, cr), _ = rendered(red, variant=variant)
    assert y.mean() == pytest.approx(392.21, abs=0.3)
    assert cb.mean() == pytest.approx(438.37, abs=0.3)
    assert cr.mean() == pytest.approx(607.93, abs=0.3)


@pytest.mark.parametrize("variant", EVERY)
def test_a_stop_of_gain_doubles_the_light_and_the_peak_ends_it(variant):
    """(1 + 1/64) * 2 - 1/64 = 2.0156 whites: 409.17 nits, PQ 0.655011: 64 + 876 * 0.655011 = 637.79."""
    (y, _, _), _ = rendered(flat(235), operators(gain_stops=1), variant=variant)
    assert y.mean() == pytest.approx(637.79, abs=0.2)
    (y, _, _), counts = rendered(flat(235), operators(gain_stops=1), video.Rendering(peak_nits=203), variant=variant)
    assert y.mean() == pytest.approx(572.684, abs=0.2)
    assert counts[594] == 64 * 64


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("variant", EVERY)
def test_gain_is_told_of_two_by_two_pixels_and_lies_between_them(variant, turned):
    """White gains a stop, black nothing. A quarter of the way from white's pair to black's the factor is 1.75, so light
    is 65 / 64 * 1.75 - 1 / 64 = 1.76172 whites, 357.63 nits, PQ 0.640590: 64 + 876 * 0.640590 = 625.16; 637.79 farther
    in. Black there is 1 / 64 * 1.25 - 1 / 64 = 0.0039 whites, 0.793 nits, PQ 0.138443: 185.28; 64 farther in.
    """
    what = operators()
    lut = np.zeros((2, 2, 2, 3), np.float32)
    lut[1, 1, 1] = np.arctanh(1 / 4)
    what = dataclasses.replace(what, lut=lut)
    source = flat(16)
    (source.y.T if turned else source.y)[:, 32:] = 235
    (y, _, _), _ = rendered(source, what, variant=variant)
    codes = (y.T if turned else y).mean(axis=0)
    assert codes[[33, 34, 63]] == pytest.approx([637.79] * 3, abs=0.2)
    assert codes[32] == pytest.approx(625.16, abs=0.2)
    assert codes[31] == pytest.approx(185.28, abs=0.5)
    assert (codes[:31] == 64).all()


@pytest.mark.parametrize("variant", EVERY)
def test_full_range_and_ten_bits_say_the_same(variant):
    expected = rendered(flat(126), variant=variant)[0][0].mean()  # 110 / 219
    full = flat(128, full_range=True)  # 128 / 255
    assert rendered(full, variant=variant)[0][0].mean() == pytest.approx(expected, abs=0.7)
    eight = flat(126)
    ten = video.YCbCr(*(p.astype(np.uint16) * 4 for p in (eight.y, eight.cb, eight.cr)), bits=10)
    assert rendered(ten, variant=variant)[0][0].mean() == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("variant", COMPILED)
@pytest.mark.parametrize("transfer", ["pq", "hlg"])
@pytest.mark.parametrize("chroma", ["420", "422", "444"])
def test_variants_are_within_a_code_of_the_definition_on_any_threads(variant, transfer, chroma):
    rendering = video.Rendering(transfer=transfer, peak_nits=800, eotf="srgb" if transfer == "hlg" else "bt1886")
    for shape in SHAPES:
        for bits, siting in ((8, "left"), (10, "topleft"), (8, "center")):
            source = frame(*shape, chroma, bits, siting=siting, full_range=bits == 10, matrix="bt601")
            expected, levels = rendered(source, operators(rough=True), rendering, variant="reference")
            got, counts = rendered(source, operators(rough=True), rendering, variant=variant, threads=1)
            again, recounts = rendered(source, operators(rough=True), rendering, variant=variant, threads=2)
            for a, b, c in zip(expected, got, again, strict=True):
                difference = np.abs(a.astype(int) - b.astype(int))
                assert difference.max() <= 1
                assert (difference > 0).mean() < 0.1 or difference.size < 1000
                assert (b == c).all()
            assert (counts == recounts).all()
            assert counts.sum() == source.y.size
            assert abs((counts - levels) @ np.arange(video.LEVELS)) <= max(2, 0.05 * source.y.size)


@pytest.mark.parametrize("variant", EVERY)
def test_areas_written_one_by_one_are_the_frame(variant):
    """But for gain and chroma at their common borders, whose neighbours an area does not see."""
    source, what = frame(40, 130), operators(rough=True)
    whole, counts = rendered(source, what, variant=variant)
    parts, levels = video.empty_planes(40, 130), np.zeros(video.LEVELS, np.int64)
    for area in ((0, 0, 24, 130), (24, 0, 16, 60), (24, 60, 16, 70)):
        video.write_planes(source, what, video.Rendering(), parts, area=area, picture=(0, 0, 40, 130), counts=levels,
                           variant=variant)  # fmt: skip
    inner = np.ones((40, 130), bool)
    inner[23:25] = inner[24:, 59:61] = False
    assert (parts[0] != whole[0])[inner].mean() < 1e-3  # positions round otherwise
    assert (parts[0] != whole[0])[~inner].mean() > 0.1
    assert levels.sum() == counts.sum()
    assert (parts[1][:11] == whole[1][:11]).all()
    assert (parts[1] != whole[1]).mean() < 0.1


@pytest.mark.parametrize("variant", EVERY)
def test_the_thumbnail_is_the_average_of_encoded_rgb(variant):
    source = dataclasses.replace(frame(90, 160, "444"), cb=np.full((90, 160), 128, np.uint8),
                                 cr=np.full((90, 160), 128, np.uint8))  # fmt: skip
    small = video.thumbnail(source, 10, variant=variant)
    expected = (source.y.reshape(10, 9, 10, 16).mean((1, 3)) - 16) / 219
    np.testing.assert_allclose(small, np.stack([expected] * 3), atol=1e-5)
    cropped = video.thumbnail(source.cropped((18, 32, 36, 64)), 4, variant=variant)
    np.testing.assert_allclose(cropped, small[:, 2:6, 2:6], atol=1e-5)


def test_noise_keeps_the_mean_and_is_blue():
    table = video.reference.dither()
    assert sorted((table.ravel() * 4096 - 0.5).round()) == list(range(4096))
    power = np.abs(np.fft.fft2(table - table.mean())) ** 2
    distance = np.hypot(*np.meshgrid(np.fft.fftfreq(64), np.fft.fftfreq(64)))
    assert power[(distance > 0) & (distance < 0.1)].mean() < 0.1 * power[distance > 0.3].mean()


def test_what_does_not_fit_is_refused_before_native_code_sees_it():
    source, targets = frame(8, 8), video.empty_planes(8, 8)
    write = video.write_planes
    for area in ((1, 0, 2, 2), (0, 0, 3, 8), (0, 0, 10, 8), (0, 0, 0, 8)):
        with pytest.raises(UntoneError, match="does not lie"):
            write(source, operators(), video.Rendering(), targets, area=area)
    with pytest.raises(UntoneError, match="beyond the picture"):
        write(source, operators(), video.Rendering(), targets, picture=(2, 0, 6, 8))
    with pytest.raises(UntoneError, match="targets"):
        write(source, operators(), video.Rendering(), video.empty_planes(8, 10))
    with pytest.raises(UntoneError, match="counts"):
        write(source, operators(), video.Rendering(), targets, counts=np.zeros(8, np.int64))
    for wrong in ({"bits": 9}, {"matrix": "xyz"}, {"cb": source.cb[:2]}, {"cr": source.cr.astype(np.uint16)}):
        with pytest.raises(UntoneError):
            dataclasses.replace(source, **wrong)
    for wrong in ({"eotf": "pq"}, {"peak_nits": 0}, {"white_nits": float("nan")}, {"to_bt2020": np.eye(2)}):
        with pytest.raises(UntoneError):
            dataclasses.replace(video.Rendering(), **wrong)
