"""The definition (reference.py) against results worked by hand, and every variant against the same."""

import math

import numpy as np
import pytest

from untone import kernels
from untone.image import GainMap
from untone.operators import Operators

EVERY = kernels.info()["available"]


def constant_grids(values, gy=2, gx=2):
    """Three grids whose slices sum to `values` wherever they are read."""
    grids = np.zeros((3, gy, gx, 8, 3), np.float32)
    grids[:] = np.array(values, np.float32) / 3
    return grids


def gain_of(pixels, operators, variant):
    """Gains in stops, from codes over -2..2 stops: within half a code."""
    codes = kernels.gain_codes(pixels, operators, (-2.0,) * 3, (2.0,) * 3, variant=variant)
    return codes / 255 * 4 - 2


@pytest.mark.parametrize("variant", EVERY)
def test_identity_operators_give_tanh_of_the_pixel(identity, variant):
    pixels = np.array([[[0, 51, 102], [153, 204, 255]]], np.uint8)  # 0, .2, .4; .6, .8, 1
    expected = 2 * np.tanh(np.array([[[0, 0.2, 0.4], [0.6, 0.8, 1.0]]]))
    light = kernels.hdr_linear(pixels, identity, dtype=np.float32, variant=variant)
    base = np.array([[[0, 0.0331048, 0.1328683], [0.3185468, 0.6038273, 1.0]]])  # sRGB EOTF of IEC 61966-2-1
    np.testing.assert_allclose(light, (base + 1 / 64) * 2**expected - 1 / 64, rtol=2e-5, atol=1e-7)


@pytest.mark.parametrize("variant", EVERY)
def test_tetrahedral_reading_by_hand(variant):
    corners = np.zeros((2, 2, 2, 3), np.float32)
    corners[0, 0, 0], corners[0, 0, 1], corners[1, 0, 1], corners[1, 1, 1] = 0.1, 0.3, -0.2, 0.7
    corners[0, 1, 0] = corners[1, 0, 0] = corners[1, 1, 0] = corners[0, 1, 1] = 1000  # not on the way
    operators = Operators(constant_grids([0.5, 0.25, 0.75]), corners, 1.0)
    # largest share first: b .75, r .5, g .25, so 000, 001, 101, 111 with weights .25, .25, .25, .25
    pixels = np.zeros((1, 1, 3), np.uint8)
    light = kernels.hdr_linear(pixels, operators, dtype=np.float32, variant=variant)
    gain = math.tanh(0.25 * (0.1 + 0.3 - 0.2 + 0.7))
    np.testing.assert_allclose(light, (2**gain - 1) / 64, rtol=1e-4)


@pytest.mark.parametrize("variant", EVERY)
@pytest.mark.parametrize(
    ("inner", "shares"), [((0.9, 0.5, 0.1), "rgb"), ((0.9, 0.1, 0.5), "rbg"), ((0.5, 0.9, 0.1), "grb"),
                          ((0.1, 0.9, 0.5), "gbr"), ((0.5, 0.1, 0.9), "brg"), ((0.1, 0.5, 0.9), "bgr")]
)  # fmt: skip
def test_each_of_the_six_tetrahedra_walks_its_own_edges(variant, inner, shares):
    rng = np.random.default_rng(5)
    corners = rng.uniform(-1, 1, (2, 2, 2, 3)).astype(np.float32)
    corner, value, ranked = [0, 0, 0], 0.0, [1.0, 0.9, 0.5, 0.1, 0.0]
    for step, axis in enumerate(["", *shares]):
        if axis:
            corner["rgb".index(axis)] = 1
        value = value + (ranked[step] - ranked[step + 1]) * corners[tuple(corner)].astype(float)
    operators = Operators(constant_grids(inner), corners, 1.5)
    light = kernels.hdr_linear(np.zeros((1, 1, 3), np.uint8), operators, dtype=np.float32, variant=variant)
    np.testing.assert_allclose(light[0, 0], (2 ** (1.5 * np.tanh(value)) - 1) / 64, rtol=2e-4, atol=1e-7)


@pytest.mark.parametrize("variant", EVERY)
def test_grid_is_read_at_pixel_centres(variant):
    """One grid grows 0..1 from the first row of nodes to the last; 4 rows sit at 1/8, 3/8, 5/8, 7/8."""
    for axis in (0, 1):
        grids = np.zeros((3, 2, 2, 8, 3), np.float32)
        np.moveaxis(grids[1], axis, 0)[1] = 1.0
        lut = np.stack(np.meshgrid([0, 1], [0, 1], [0, 1], indexing="ij"), axis=-1).astype(np.float32)
        pixels = np.zeros((4, 1, 3) if axis == 0 else (1, 4, 3), np.uint8)
        gain = gain_of(pixels, Operators(grids, lut, 1.0), variant)[..., 0].ravel()
        np.testing.assert_allclose(gain, np.tanh([0.125, 0.375, 0.625, 0.875]), atol=2 / 255 + 1e-6)


@pytest.mark.parametrize("variant", EVERY)
def test_guide_is_its_own_channel(variant):
    """Grid k answers only at the top of channel k's range, in output channel k; channels must not be mixed up."""
    grids = np.zeros((3, 2, 2, 8, 3), np.float32)
    for k in range(3):
        grids[k, ..., 7, k] = 1.0
    lut = np.stack(np.meshgrid([0, 1], [0, 1], [0, 1], indexing="ij"), axis=-1).astype(np.float32)
    operators = Operators(grids, lut, 1.0)
    full = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]], np.uint8)
    np.testing.assert_allclose(gain_of(full, operators, variant)[0], np.eye(3) * math.tanh(1), atol=2 / 255 + 1e-6)
    near = np.array([[[round(255 * 6 / 7)] * 3]], np.uint8)  # 218.57 is node 6: nothing yet
    np.testing.assert_allclose(gain_of(near, operators, variant), 7 * 219 / 255 - 6, atol=2 / 255 + 1e-6)


@pytest.mark.parametrize("variant", EVERY)
def test_thumbnail_of_three_by_three_in_four_cells(variant):
    """Each cell covers 1.5 x 1.5 pixels: the corner whole, its neighbours by half, the middle by a quarter."""
    values = np.array([[10, 20, 30], [40, 50, 60], [70, 80, 90]])
    pixels = np.repeat(values[..., None], 3, axis=2).astype(np.uint8)
    first = (10 + 20 / 2 + 40 / 2 + 50 / 4) / 2.25
    last = (90 + 80 / 2 + 60 / 2 + 50 / 4) / 2.25
    cells = kernels.thumbnail(pixels, 2, variant=variant) * 255
    assert cells.shape == (3, 2, 2)
    np.testing.assert_allclose(cells[:, 0, 0], first, rtol=1e-6)
    np.testing.assert_allclose(cells[:, 1, 1], last, rtol=1e-6)


@pytest.mark.parametrize("variant", EVERY)
def test_thumbnail_of_a_smaller_image_repeats_its_pixels(variant):
    pixels = np.array([[[0, 100, 200], [50, 150, 250]]], np.uint8)
    cells = kernels.thumbnail(pixels, 4, variant=variant) * 255
    np.testing.assert_allclose(cells[0], np.tile([0, 0, 50, 50], (4, 1)), atol=1e-4)
    np.testing.assert_allclose(cells[2], np.tile([200, 200, 250, 250], (4, 1)), rtol=1e-6)


@pytest.mark.parametrize("variant", EVERY)
@pytest.mark.parametrize("shape", [(1, 1), (7, 1000), (1000, 7), (513, 2049)])
def test_thumbnail_keeps_the_mean(pixels_of, variant, shape):
    pixels = pixels_of(*shape)
    cells = kernels.thumbnail(pixels, 64, variant=variant)
    np.testing.assert_allclose(cells.mean(axis=(1, 2)) * 255, pixels.mean(axis=(0, 1)), rtol=1e-5)


@pytest.mark.parametrize("variant", EVERY)
def test_codes_are_rounded_and_clamped(variant):
    """A gain of exactly 0 in a range that puts it on a known share: 255 * 0.3 = 76.5 rounds up to 77."""
    operators = Operators(constant_grids([0, 0, 0]), np.zeros((2, 2, 2, 3), np.float32), 2.0)
    pixels = np.zeros((1, 1, 3), np.uint8)
    codes = kernels.gain_codes(pixels, operators, (-0.75, 1.0, -2.0), (1.75, 2.0, -1.0), variant=variant)
    assert codes[0, 0].tolist() in ([77, 0, 255], [76, 0, 255])  # 76.5 may fall to either side in float32
    codes = kernels.gain_codes(pixels, operators, (0.0, -1.0, -1.0), (0.0, 1.0, 3.0), variant=variant)
    assert codes[0, 0].tolist() == [0, 128, 64]


@pytest.mark.parametrize("variant", EVERY)
def test_halving_averages_boxes_and_what_is_left_of_them(identity, variant):
    """3 x 3 pixels make 2 x 2 boxes: of four, two, two and one pixel."""
    values = np.array([[0, 100, 30], [20, 40, 70], [60, 80, 255]])
    pixels = np.repeat(values[..., None], 3, axis=2).astype(np.uint8)
    codes = kernels.gain_codes(pixels, identity, (0.0,) * 3, (2.0,) * 3, divisor=2, variant=variant)
    means = np.array([[40, 50], [70, 255]]) / 255
    assert codes.shape == (2, 2, 3)
    np.testing.assert_allclose(codes[..., 1], 255 * np.tanh(means), atol=0.51)
    quarter = kernels.gain_codes(pixels, identity, (0.0,) * 3, (2.0,) * 3, divisor=4, variant=variant)
    np.testing.assert_allclose(quarter, 255 * np.tanh(values.mean() / 255), atol=0.51)


@pytest.mark.parametrize("variant", EVERY)
def test_pq_of_white_without_gain_is_that_of_203_nits(variant):
    """ST 2084 of 203 nits is 0.580689 (ITU-R BT.2408): code 594. Grey keeps equal codes in BT.2020."""
    operators = Operators(constant_grids([0, 0, 0]), np.zeros((2, 2, 2, 3), np.float32), 2.0)
    pixels = np.array([[[255] * 3, [0] * 3, [128] * 3]], np.uint8)
    codes = kernels.hdr_pq10(pixels, operators, variant=variant)
    assert codes[0, 0].tolist() == [594] * 3
    assert codes[0, 1].tolist() == [0] * 3
    assert len(set(codes[0, 2].tolist())) == 1


@pytest.mark.parametrize("variant", EVERY)
def test_a_zero_lut_changes_nothing_and_black_stays_black(pixels_of, operators_of, variant):
    rough = operators_of(rough=True)
    still = Operators(rough.grids, np.zeros_like(rough.lut), 6.0)
    pixels = np.arange(256, dtype=np.uint8)[None, :, None].repeat(3, axis=2)
    light = kernels.hdr_linear(pixels, still, dtype=np.float32, variant=variant)
    e = np.arange(256) / 255
    expected = np.where(e <= 0.04045, e / 12.92, ((e + 0.055) / 1.055) ** 2.4)
    np.testing.assert_allclose(light[0, :, 1], expected, atol=2e-7)
    assert abs(light[0, 0]).max() < 1e-8


@pytest.mark.parametrize("variant", EVERY)
def test_apply_upsamples_between_pixel_centres(variant):
    """Two map samples, 0 and 1 stop, under four pixels: shares 0, .25, .75, 1 of ISO 21496-1."""
    gain_map = GainMap(np.array([[[0], [255]]], np.uint8), (0.0,) * 3, (1.0,) * 3)
    table = np.full(256, 0.5, np.float32)
    light = kernels.apply(np.zeros((1, 4, 3), np.uint8), table, gain_map, variant=variant)
    expected = (0.5 + 1 / 64) * 2 ** np.array([0, 0.25, 0.75, 1]) - 1 / 64
    np.testing.assert_allclose(light[0, :, 0], expected, rtol=1e-6)
    half = kernels.apply(np.zeros((1, 4, 3), np.uint8), table, gain_map, 0.5, variant=variant)
    np.testing.assert_allclose(
        half[0, :, 2], (0.5 + 1 / 64) * 2 ** np.array([0, 0.125, 0.375, 0.5]) - 1 / 64, rtol=1e-6
    )


@pytest.mark.parametrize("variant", EVERY)
def test_apply_takes_gamma_and_offsets_per_channel(variant):
    gain_map = GainMap(
        np.full((1, 1, 3), 51, np.uint8),
        (0.0, -1.0, 0.0),
        (2.0, 1.0, 4.0),
        (1.0, 2.0, 0.5),
        (0.0, 0.1, 0.2),
        (0.3, 0.2, 0.1),
    )
    light = kernels.apply(np.zeros((1, 1, 3), np.uint8), np.full(256, 0.5, np.float32), gain_map, variant=variant)
    stops = [2 * 0.2, -1 + 2 * 0.2**0.5, 4 * 0.2**2]
    expected = [0.5 * 2 ** stops[0] - 0.3, 0.6 * 2 ** stops[1] - 0.2, 0.7 * 2 ** stops[2] - 0.1]
    np.testing.assert_allclose(light[0, 0], expected, rtol=2e-6)


@pytest.mark.parametrize("variant", EVERY)
def test_a_single_pixel_and_a_single_sample_may_be_cut_out_of_anything(variant):
    """numpy counts them as contiguous whatever their strides; a grey JPEG's one sample is cut out of RGB."""
    pixels, codes = np.full((3, 5, 3), 255, np.uint8)[::3, ::5], np.full((1, 1, 3), 255, np.uint8)[:, :, :1]
    gain_map = GainMap(codes, (0.0,) * 3, (2.0,) * 3, base_offset=(0.0,) * 3, alternate_offset=(0.0,) * 3)
    light = kernels.apply(pixels, np.linspace(0, 1, 256, dtype=np.float32), gain_map, variant=variant)
    np.testing.assert_allclose(light, np.full((1, 1, 3), 4.0), rtol=1e-6)
