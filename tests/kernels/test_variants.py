"""Every compiled variant against the definition, and any number of threads against one, bit for bit."""

import dataclasses
import functools
import itertools

import numpy as np
import pytest

from untone import colour, kernels
from untone.errors import UntoneError
from untone.image import GainMap
from untone.operators import Operators

COMPILED = [v for v in kernels.info()["available"] if v != "reference"]
SHAPES = [(1, 1), (2, 3), (5, 17), (19, 300), (3, 1037)]
GRIDS = [(8, 8, 17), (2, 2, 2), (32, 32, 33), (5, 9, 4)]


def every_output(pixels, operators, low, high, **how):
    outputs = {f"codes / {d}": kernels.gain_codes(pixels, operators, low, high, divisor=d, **how) for d in (1, 2, 4)}
    outputs["half"] = kernels.hdr_linear(pixels, operators, **how)
    outputs["single"] = kernels.hdr_linear(pixels, operators, "gamma22", dtype=np.float32, **how)
    outputs["pq"] = kernels.hdr_pq10(pixels, operators, "bt1886", "p3", 250.0, **how)
    light = kernels.hdr_linear(pixels, operators, dtype=np.float32, variant="reference")
    outputs["pq16"] = kernels.pq16(light, "p3", 250.0, **how)
    outputs["thumbnail"] = kernels.thumbnail(pixels, 48, **how)
    return outputs


def assert_within_tolerance(name, got, expected):
    assert got.shape == expected.shape
    assert got.dtype == expected.dtype
    got, expected = got.astype(np.float64), expected.astype(np.float64)
    error = np.abs(got - expected)
    if name.startswith("codes"):
        assert error.max() <= 1
        assert (error > 0).mean() < 0.01 or error.size < 1000  # ties only, never a bias
    elif name == "pq":
        assert error.max() <= 2
    elif name == "pq16":
        assert error.max() <= 1
    elif name == "thumbnail":
        assert error.max() <= 1e-6
    else:
        assert (error / np.maximum(np.abs(expected), 1 / 64)).max() <= 0.01


@functools.cache
def defined(operators_of, pixels_of, dtype, rough, grid, shape):
    """What every_output takes, and what it gives by the definition, which is slow: once for all variants."""
    operators = operators_of(*grid, rough=rough)
    pixels = pixels_of(2 * shape[0], shape[1], dtype)[::2]  # every other row: a strided view
    given = pixels, operators, *kernels.gain_range(pixels, operators, variant="reference")
    return given, every_output(*given, variant="reference")


@pytest.mark.parametrize("variant", COMPILED)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("rough", [False, True], ids=["smooth", "rough"])
@pytest.mark.parametrize("grid", GRIDS, ids=str)
def test_within_tolerance_of_the_definition(operators_of, pixels_of, variant, dtype, rough, grid):
    for shape in SHAPES:
        given, expected = defined(operators_of, pixels_of, dtype, rough, grid, shape)
        got = every_output(*given, variant=variant)
        for name in expected:
            assert_within_tolerance(name, got[name], expected[name])


@pytest.mark.parametrize("variant", COMPILED)
def test_the_darks_keep_their_pq_codes(operators_of, variant):
    """Light cancels against the offset near black, where a PQ code is a thousandth of a nit (kernels.md A4)."""
    codes = np.stack(np.meshgrid(*[np.arange(0, 26, 5)] * 3, indexing="ij"), axis=-1).reshape(6, 36, 3).astype(np.uint8)
    for seed in range(5):
        operators = operators_of(rough=True, seed=seed, qmax=3.0)
        expected = kernels.hdr_pq10(codes, operators, variant="reference").astype(int)
        assert np.abs(kernels.hdr_pq10(codes, operators, variant=variant) - expected).max() <= 2


@pytest.mark.parametrize("variant", COMPILED)
@pytest.mark.parametrize("qmax", [0.5, 2.5, 4.0, 8.0])
@pytest.mark.parametrize("reach", [0.0, 1e-3, 1.0, 3.0, 100.0])
def test_gain_follows_its_curve_from_one_end_of_the_lut_to_the_other(variant, qmax, reach):
    """Base white, a LUT that runs over -reach..reach: light must be the power itself, and untouched where gain is 0."""
    grids = np.zeros((3, 2, 2, 8, 3), np.float32)
    grids[0] = np.linspace(0, 1, 8)[:, None]
    lut = np.broadcast_to(np.linspace(-reach, reach, 17)[:, None, None, None], (17, 17, 17, 3))
    operators = Operators(grids, np.ascontiguousarray(lut, np.float32), qmax, offset=0.0)
    pixels = np.zeros((1, 65536, 3), np.uint16)
    pixels[0, :, 0] = np.arange(65536)
    pixels[..., 1:] = 65535  # two channels at white show the gain
    stops = qmax * np.tanh(reach * (np.arange(65536) / 32767.5 - 1))
    for dtype, limit in ((np.float32, 4e-4 * qmax + 2e-5), (np.float16, 4e-4 * qmax + 1.5e-3)):
        light = kernels.hdr_linear(pixels, operators, dtype=dtype, variant=variant)[0, :, 1].astype(np.float64)
        assert np.abs(light / np.exp2(stops) - 1).max() <= limit
        if reach == 0:
            assert (light == 1).all()


@pytest.mark.parametrize("variant", COMPILED)
def test_gain_0_leaves_light_and_black_exactly_as_they_are(operators_of, variant):
    operators = operators_of(rough=True)
    flat = dataclasses.replace(operators, lut=np.zeros_like(operators.lut))
    pixels = np.arange(256, dtype=np.uint8)[None, :, None].repeat(3, axis=2)
    expected = colour.code_table("srgb")
    for dtype in (np.float16, np.float32):
        light = kernels.hdr_linear(pixels, flat, dtype=dtype, variant=variant)[0]
        assert (light[0] == 0).all()
        np.testing.assert_allclose(light[:, 1].astype(np.float64), expected, rtol=1e-3, atol=2e-9)


@pytest.mark.parametrize("variant", COMPILED)
def test_pq16_from_darkness_to_the_end_of_the_scale(variant):
    """Every brightness, grey and coloured, beside the definition; hostile light harms no neighbour."""
    grey = np.logspace(-12, 2, 30_000)[:, None] * [1.0, 1.0, 1.0]
    light = np.concatenate([grey, grey[::-1] * [1.0, 0.1, -0.05]]).astype(np.float32)[None]
    expected = kernels.pq16(light, "p3", 203.0, variant="reference").astype(int)
    assert np.abs(kernels.pq16(light, "p3", 203.0, variant=variant) - expected).max() <= 1
    light[0, 10::7, 1] = np.resize([np.nan, np.inf, -np.inf, 3e38, -3e38], len(light[0, 10::7]))
    expected = kernels.pq16(light, "p3", 203.0, variant="reference").astype(int)
    for threads in (1, 2):
        got = kernels.pq16(light, "p3", 203.0, variant=variant, threads=threads)
        assert np.abs(got - expected).max() <= 1
    assert got.max() == 65535
    assert got.min() == 0


@pytest.mark.parametrize("variant", [*COMPILED, "reference"])
def test_largest_codes_are_counted(variant):
    """By hand: the largest of 3, 9, 4 is 9; and what was counted before stays."""
    counts = np.zeros(65536, np.int64)
    counts[7] = 5
    codes = np.array([[[3, 9, 4], [65535, 0, 0]], [[9, 9, 9], [0, 0, 0]]], np.uint16)
    kernels.count_largest(codes, counts, variant=variant)
    kernels.count_largest(codes[1:], counts, variant=variant)
    assert {int(code): int(counts[code]) for code in np.flatnonzero(counts)} == {0: 2, 7: 5, 9: 3, 65535: 1}


@pytest.mark.parametrize("variant", COMPILED)
@pytest.mark.parametrize("size", [(9, 3), (40, 520), (11, 5000), (1, 1)], ids=str)
def test_a_map_is_applied_alike_by_rows_and_threads(pixels_of, variant, size):
    """Maps smaller and larger than their base, of blocks that end where the map's columns run out."""
    pixels, codes = pixels_of(29, 1037), pixels_of(*size)
    gain_map, table = GainMap(codes, (-0.5,) * 3, (1.0, 2.0, 3.0)), colour.code_table("srgb")
    whole = kernels.apply(pixels, table, gain_map, threads=1, variant=variant)
    expected = kernels.apply(pixels, table, gain_map, variant="reference")
    np.testing.assert_allclose(whole, expected, rtol=2e-6, atol=2e-7)
    parts = [kernels.apply(pixels, table, gain_map, rows=(k, min(k + 3, 29)), variant=variant) for k in range(0, 29, 3)]
    assert np.concatenate(parts).tobytes() == whole.tobytes()
    assert kernels.apply(pixels, table, gain_map, threads=3, variant=variant).tobytes() == whole.tobytes()
    grey = dataclasses.replace(gain_map, codes=np.ascontiguousarray(codes[..., :1]))
    thrice = dataclasses.replace(gain_map, codes=np.ascontiguousarray(codes[..., :1].repeat(3, 2)))
    made = [kernels.apply(pixels, table, each, variant=variant) for each in (grey, thrice)]
    assert made[0].tobytes() == made[1].tobytes()


@pytest.mark.parametrize("variant", [*COMPILED, "reference"])
def test_a_buffer_of_the_caller_gets_the_result(operators_of, pixels_of, variant):
    operators, pixels = operators_of(), pixels_of(21, 300)
    light = kernels.hdr_linear(pixels, operators, dtype=np.float32)
    gain_map = GainMap(pixels_of(5, 7), (0.0,) * 3, (1.0,) * 3)
    calls = [
        lambda **how: kernels.thumbnail(pixels, 16, **how),
        lambda **how: kernels.gain_codes(pixels, operators, (-1.0,) * 3, (1.0,) * 3, divisor=2, **how),
        lambda **how: kernels.hdr_linear(pixels, operators, **how),
        lambda **how: kernels.hdr_pq10(pixels, operators, **how),
        lambda **how: kernels.pq16(light, **how),
        lambda **how: kernels.apply(pixels, colour.code_table("srgb"), gain_map, **how),
    ]
    for call in calls:
        fresh = call(variant=variant)
        out = np.full_like(fresh, 77)
        assert call(variant=variant, out=out) is out
        np.testing.assert_array_equal(out, fresh)


@pytest.mark.parametrize("variant", COMPILED)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_threads_never_change_a_bit(operators_of, pixels_of, variant, dtype):
    operators = operators_of(rough=True)
    for height, width in ((1, 70), (37, 261), (130, 19)):
        pixels = pixels_of(height, width, dtype)
        low, high = kernels.gain_range(pixels, operators, threads=1, variant=variant)
        one = every_output(pixels, operators, low, high, variant=variant, threads=1)
        for threads in (2, 3, 7):
            many = every_output(pixels, operators, low, high, variant=variant, threads=threads)
            for name in one:
                np.testing.assert_array_equal(one[name].view(np.uint8), many[name].view(np.uint8))
            assert kernels.gain_range(pixels, operators, threads=threads, variant=variant) == (low, high)


@pytest.mark.parametrize("variant", COMPILED)
def test_views_of_any_stride_give_what_their_copies_give(operators_of, pixels_of, variant):
    operators = operators_of()
    photo = pixels_of(40, 60)
    views = [
        photo[::3],
        photo[::-1],
        photo[:, ::2],
        photo[5:9, 7:50],
        photo.transpose(1, 0, 2),
        photo[..., ::-1],
        photo[:1],
    ]
    for view in views:
        copy = np.ascontiguousarray(view)
        got = every_output(view, operators, (-2.0,) * 3, (2.0,) * 3, variant=variant)
        expected = every_output(copy, operators, (-2.0,) * 3, (2.0,) * 3, variant=variant)
        for name in expected:
            np.testing.assert_array_equal(got[name], expected[name])


def gain_maps(rng):
    flat = {"min_stops": (-1.0, -0.5, 0.0), "max_stops": (3.0, 2.0, 1.0)}
    for height, width, channels in ((1, 1, 3), (7, 11, 1), (11, 7, 3), (40, 61, 3), (3, 1300, 3), (160, 244, 1)):
        for dtype, gamma in itertools.product((np.uint8, np.uint16), ((1.0, 1.0, 1.0), (0.3, 1.0, 2.7))):
            codes = rng.integers(0, np.iinfo(dtype).max, (height, width, channels), dtype=dtype, endpoint=True)
            codes[0, 0] = 0
            yield GainMap(codes, **flat, gamma=gamma, base_offset=(0.0, 0.1, 0.2), alternate_offset=(0.05, 0.0, 0.01))


@pytest.mark.parametrize("variant", COMPILED)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_apply_agrees_with_the_definition(pixels_of, variant, dtype):
    """Maps smaller, as large and larger than the image, of every depth and channel count; negative weights too."""
    pixels = pixels_of(40, 61, dtype)
    table = colour.code_table("srgb", np.iinfo(dtype).max)
    for gain_map in gain_maps(np.random.default_rng(3)):
        for weight in (1.0, 0.37, -1.0):
            expected = kernels.apply(pixels, table, gain_map, weight, variant="reference")
            got = kernels.apply(pixels, table, gain_map, weight, variant=variant, threads=1)
            np.testing.assert_allclose(got, expected, rtol=2e-5, atol=2e-6)
            two = kernels.apply(pixels, table, gain_map, weight, variant=variant, threads=2)
            np.testing.assert_array_equal(got.view(np.uint32), two.view(np.uint32))
            half = kernels.apply(pixels, table, gain_map, weight, dtype=np.float16, variant=variant)
            np.testing.assert_allclose(half, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("variant", [*COMPILED, "reference"])
def test_some_rows_are_those_of_the_whole_picture(pixels_of, variant):
    pixels, table = pixels_of(40, 61, np.uint8), colour.code_table("srgb")
    for gain_map in gain_maps(np.random.default_rng(3)):
        whole = kernels.apply(pixels, table, gain_map, variant=variant)
        for rows in ((0, 1), (7, 23), (39, 40), (0, 40)):
            some = kernels.apply(pixels, table, gain_map, rows=rows, variant=variant)
            np.testing.assert_array_equal(some.view(np.uint32), whole[slice(*rows)].view(np.uint32))
    for rows in ((-1, 3), (3, 3), (0, 41)):
        with pytest.raises(UntoneError, match="rows must be"):
            kernels.apply(pixels, table, gain_map, rows=rows, variant=variant)


@pytest.mark.parametrize("variant", [*COMPILED, "reference"])
def test_half_floats_saturate_instead_of_overflowing(variant):
    gain_map = GainMap(np.full((1, 1, 1), 255, np.uint8), (0.0,) * 3, (30.0,) * 3)
    light = kernels.apply(np.full((1, 2, 3), 255, np.uint8), np.ones(256, np.float32), gain_map, dtype=np.float16,
                          variant=variant)  # fmt: skip
    assert (light == np.float16(65504)).all()


def test_portable_half_floats_round_as_numpy_does(identity):
    """Every exponent down to subnormal halves, through a table of chosen lights and a map that changes nothing."""
    lights = np.concatenate([np.logspace(-9, 4.5, 65530), [0, 65504, 2**-24, 2**-25, 2**-14, 1.00048828125]])
    table = lights.astype(np.float32)
    pixels = np.zeros((1, 21846, 3), np.uint16)
    pixels.reshape(-1)[:65536] = np.arange(65536)
    zero = (0.0,) * 3
    gain_map = GainMap(np.zeros((1, 1, 1), np.uint8), zero, zero, base_offset=zero, alternate_offset=zero)
    for variant in COMPILED:
        got = kernels.apply(pixels, table, gain_map, dtype=np.float16, variant=variant).reshape(-1)[:65536]
        np.testing.assert_array_equal(got, table.astype(np.float16))
