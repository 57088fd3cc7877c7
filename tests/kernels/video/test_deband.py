"""Banding: steps of flat gradients become slopes; grain, texture, edges and steep slopes stay, sample for sample."""

import numpy as np
import pytest

from untone import kernels
from untone.colour import pq_to_nits
from untone.errors import UntoneError
from untone.kernels import video
from untone.kernels.video import reference
from untone.operators import Operators

COMPILED = [v for v in kernels.info()["available"] if v != "reference"]


def sky(height=270, width=480, low=150.0, high=170.0):
    """[h, w] float codes: a slope, a little aslant."""
    y, x = np.mgrid[:height, :width]
    return low + (high - low) * (0.9 * y / height + 0.1 * x / width)


def coded(values):
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def frame(luma):
    half = (-(-luma.shape[0] // 2), -(-luma.shape[1] // 2))
    return video.YCbCr(luma, np.full(half, 128, np.uint8), np.full(half, 128, np.uint8))


def test_a_slope_of_steps_is_a_slope_again():
    wanted = sky()
    plane = reference.deband(coded(wanted))
    assert plane.dtype == np.uint16
    inside = np.s_[32:-32, 32:-32]
    before, after = coded(wanted)[inside] - wanted[inside], (plane / 64 - wanted)[inside]
    assert np.sqrt((after**2).mean()) < 0.35 * np.sqrt((before**2).mean())
    assert np.abs(np.diff(plane[inside].astype(int), axis=0)).max() <= 16  # a quarter of a code; it was a whole one
    assert len(np.unique(plane)) > 8 * len(np.unique(coded(wanted)))


def test_what_stays():
    rng, flat = np.random.default_rng(0), sky()
    grain = coded(flat + rng.normal(0, 0.8, flat.shape))
    steep = coded(sky(low=20, high=230))
    texture = rng.integers(0, 256, flat.shape, dtype=np.uint8)
    for plane in (grain, steep, texture, np.full((64, 64), 77, np.uint8), np.full((1, 1), 9, np.uint8)):
        assert reference.deband(plane) is None
        assert video.debanded(frame(plane)) is not None
        assert np.array_equal(video.debanded(frame(plane)).y, plane)
    tree = coded(flat)
    tree[150:, 200:260] = texture[150:, 200:260]
    plane = reference.deband(tree)
    assert np.array_equal(plane[150:, 200:260], tree[150:, 200:260].astype(int) * 64)  # its tiles are not flat
    assert np.abs(plane - tree.astype(int) * 64).max() <= 48
    assert np.array_equal(plane[144:, 184:200], tree[144:, 184:200].astype(int) * 64)  # nor those beside them
    assert not np.array_equal(plane[:100], tree[:100].astype(int) * 64)


@pytest.mark.parametrize("size", [(270, 480), (33, 47), (16, 300), (1, 500), (300, 1), (64, 64)])
def test_native_is_the_definition_on_any_threads(size):
    rng = np.random.default_rng(size[0])
    plane = coded(sky(*size, low=100, high=100 + max(size) / 30))
    if min(size) > 40:
        plane[:20, 10:40] = rng.integers(0, 256, (20, 30))
    wanted = reference.deband(plane)
    for variant in COMPILED:
        for threads in (1, 2):
            found = video.debanded(frame(plane), threads=threads, variant=variant)
            if wanted is None:
                assert np.array_equal(found.y, plane)
            else:
                assert np.array_equal(found.y, wanted)
                assert found.fraction_bits == 6
    strided = np.zeros((size[0], size[1] + 9), np.uint8)
    strided[:, : size[1]] = plane
    found = video.debanded(frame(strided[:, : size[1]]))
    assert wanted is None or np.array_equal(found.y, wanted)


def test_chroma_is_debanded_too_and_more_bits_are_not():
    luma = np.full((270, 480), 120, np.uint8)
    slope = coded(sky(135, 240, 120, 128))
    found = video.debanded(video.YCbCr(luma, slope, np.full_like(slope, 128)))
    assert np.array_equal(found.cb, reference.deband(slope))
    assert np.array_equal(found.y, luma.astype(np.uint16) * 64)
    ten = video.YCbCr(luma.astype(np.uint16), slope.astype(np.uint16), slope.astype(np.uint16), 10)
    assert video.debanded(ten) is ten
    with pytest.raises(UntoneError, match="bits must be"):
        video.YCbCr(luma, slope, slope, 8, fraction_bits=6)


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("variant", [*COMPILED, "reference"])
def test_bits_below_a_code_change_nothing_by_themselves(variant, full):
    rng = np.random.default_rng(2)
    planes = [rng.integers(16, 236, s, dtype=np.uint8) for s in ((34, 50), (17, 25), (17, 25))]
    lut = np.full((2, 2, 2, 3), np.arctanh(0.4), np.float32)
    operators = Operators(np.zeros((3, 2, 2, 8, 3), np.float32), lut, 3.0)
    made = [video.empty_planes(34, 50) for _ in range(2)]
    wide = [plane.astype(np.uint16) * 64 for plane in planes]
    for given, bits, targets in ((planes, 0, made[0]), (wide, 6, made[1])):
        source = video.YCbCr(*given, full_range=full, fraction_bits=bits)
        video.write_planes(source, operators, video.Rendering(), targets, variant=variant)
        assert video.thumbnail(source, 8, variant=variant).shape == (3, 8, 8)
    for narrow, other in zip(*made, strict=True):
        assert np.abs(narrow.astype(int) - other).max() <= 1


def test_the_steps_of_a_sky_in_nits():
    """An 8-bit slope of 20 codes that gains two stops: largest step between rows, and levels, before and after."""
    plane = np.repeat(coded(np.linspace(150, 170, 270))[:, None], 480, 1)
    lut = np.full((2, 2, 2, 3), np.arctanh(0.5), np.float32)
    operators = Operators(np.zeros((3, 2, 2, 8, 3), np.float32), lut, 4.0)
    steps = []
    for source in (frame(plane), video.debanded(frame(plane))):
        targets = video.empty_planes(*plane.shape)
        video.write_planes(source, operators, video.Rendering(peak_nits=4000), targets)
        lines = pq_to_nits((targets[0][32:-32].mean(axis=1) - 64) / 876)  # dither averages out
        steps.append(np.abs(np.diff(lines)).max())
    assert steps[0] > 4
    assert steps[1] < 1
    assert len(np.unique(video.debanded(frame(plane)).y)) > 10 * len(np.unique(plane))
