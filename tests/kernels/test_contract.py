"""The one door: arguments outside the contract are one UntoneError, memory is never touched beyond what was given."""

import concurrent.futures
import dataclasses
import os
import subprocess
import sys

import numpy as np
import pytest

from untone import colour, kernels
from untone.errors import UntoneError
from untone.image import GainMap

PIXELS = np.zeros((4, 5, 3), np.uint8)
COUNTS = np.zeros(65536, np.int64)
TABLE = colour.code_table("srgb")
FLAT = GainMap(np.zeros((2, 2, 3), np.uint8), (0.0,) * 3, (1.0,) * 3)
COMPILED = [v for v in kernels.info()["available"] if v != "reference"]

BAD_PIXELS = {
    "float": np.zeros((4, 5, 3), np.float32),
    "int": np.zeros((4, 5, 3), np.int64),
    "bool": np.zeros((4, 5, 3), bool),
    "big endian": np.zeros((4, 5, 3), ">u2"),
    "grey": np.zeros((4, 5), np.uint8),
    "alpha": np.zeros((4, 5, 4), np.uint8),
    "empty": np.zeros((0, 5, 3), np.uint8),
    "list": [[[0, 0, 0]]],
    "none": None,
}


@pytest.mark.parametrize("bad", BAD_PIXELS.values(), ids=BAD_PIXELS.keys())
def test_wrong_pixels_are_refused_by_every_kernel(operators_of, bad):
    operators = operators_of()
    calls = [
        lambda: kernels.thumbnail(bad),
        lambda: kernels.gain_codes(bad, operators, (0.0,) * 3, (1.0,) * 3),
        lambda: kernels.gain_range(bad, operators),
        lambda: kernels.hdr_linear(bad, operators),
        lambda: kernels.hdr_pq10(bad, operators),
        lambda: kernels.apply(bad, TABLE, FLAT),
    ]
    for call in calls:
        with pytest.raises(UntoneError, match="pixels"):
            call()


@pytest.mark.parametrize(
    "call",
    [
        lambda o: kernels.thumbnail(PIXELS, 0),
        lambda o: kernels.thumbnail(PIXELS, 100_000),
        lambda o: kernels.gain_codes(PIXELS, o, (0.0,) * 3, (1.0,) * 3, divisor=3),
        lambda o: kernels.gain_codes(PIXELS, o, (0.0,) * 3, (1.0,) * 3, divisor=0),
        lambda o: kernels.gain_codes(PIXELS, o, (0.0, 0.0), (1.0,) * 3),
        lambda o: kernels.gain_codes(PIXELS, o, (2.0,) * 3, (1.0,) * 3),
        lambda o: kernels.gain_codes(PIXELS, o, (float("nan"),) * 3, (1.0,) * 3),
        lambda o: kernels.gain_codes(PIXELS, o, (float("-inf"),) * 3, (1.0,) * 3),
        lambda o: kernels.hdr_linear(PIXELS, o, "pq"),
        lambda o: kernels.hdr_linear(PIXELS, o, "nonsense"),
        lambda o: kernels.hdr_linear(PIXELS, o, dtype=np.float64),
        lambda o: kernels.hdr_linear(PIXELS, o, dtype=np.uint8),
        lambda o: kernels.hdr_pq10(PIXELS, o, primaries="bt601"),
        lambda o: kernels.hdr_pq10(PIXELS, o, white_nits=0),
        lambda o: kernels.hdr_pq10(PIXELS, o, white_nits=float("nan")),
        lambda o: kernels.apply(PIXELS, TABLE[:255], FLAT),
        lambda o: kernels.apply(PIXELS, TABLE.astype(np.float64), FLAT),
        lambda o: kernels.apply(PIXELS.astype(np.uint16), TABLE, FLAT),
        lambda o: kernels.apply(PIXELS, TABLE, FLAT, 1.5),
        lambda o: kernels.apply(PIXELS, TABLE, FLAT, float("nan")),
        lambda o: kernels.pq16(PIXELS),
        lambda o: kernels.pq16(np.zeros((4, 5), np.float32)),
        lambda o: kernels.pq16(np.zeros((0, 5, 3), np.float32)),
        lambda o: kernels.pq16(np.zeros((4, 5, 3)), "p3"),
        lambda o: kernels.pq16(np.zeros((4, 5, 3), np.float32), "bt601"),
        lambda o: kernels.pq16(np.zeros((4, 5, 3), np.float32), "p3", float("nan")),
        lambda o: kernels.count_largest(PIXELS, COUNTS),
        lambda o: kernels.count_largest(PIXELS.astype(np.uint16)[:, ::2], COUNTS),
        lambda o: kernels.count_largest(PIXELS.astype(np.uint16), COUNTS[:-1]),
        lambda o: kernels.count_largest(PIXELS.astype(np.uint16), COUNTS.astype(np.int32)),
        lambda o: kernels.count_largest(PIXELS.astype(np.uint16), np.broadcast_to(np.int64(0), 65536)),
        lambda o: kernels.hdr_linear(PIXELS, o, out=np.zeros((4, 5, 3), np.float32)),
        lambda o: kernels.hdr_linear(PIXELS, o, out=np.zeros((4, 6, 3), np.float16)),
        lambda o: kernels.hdr_linear(PIXELS, o, out=np.zeros((4, 5, 6), np.float16)[..., ::2]),
        lambda o: kernels.hdr_linear(PIXELS, o, out=[0]),
        lambda o: kernels.hdr_pq10(PIXELS, o, out=np.broadcast_to(np.uint16(0), (4, 5, 3))),
        lambda o: kernels.gain_codes(PIXELS, o, (0.0,) * 3, (1.0,) * 3, out=PIXELS),
        lambda o: kernels.gain_codes(PIXELS, o, (0.0,) * 3, (1.0,) * 3, divisor=2, out=np.zeros((4, 5, 3), np.uint8)),
        lambda o: kernels.thumbnail(PIXELS, 4, out=np.zeros((4, 4, 3), np.float32)),
        lambda o: kernels.thumbnail(PIXELS, threads=0),
        lambda o: kernels.thumbnail(PIXELS, threads=-1),
        lambda o: kernels.thumbnail(PIXELS, threads=10_000),
        lambda o: kernels.thumbnail(PIXELS, variant="sse9"),
    ],
)
def test_wrong_arguments_are_refused(operators_of, call):
    with pytest.raises(UntoneError) as error:
        call(operators_of())
    assert "\n" not in str(error.value)


def test_environment_chooses_the_defaults(monkeypatch):
    for variant in kernels.info()["available"]:
        monkeypatch.setenv("UNTONE_KERNEL", variant)
        assert kernels.info()["variant"] == variant
    monkeypatch.setenv("UNTONE_KERNEL", "mmx")
    with pytest.raises(UntoneError, match="mmx"):
        kernels.thumbnail(PIXELS)
    monkeypatch.delenv("UNTONE_KERNEL")
    monkeypatch.setenv("UNTONE_THREADS", "3")
    assert kernels.info()["threads"] == 3
    monkeypatch.setenv("UNTONE_THREADS", "many")
    with pytest.raises(UntoneError, match="many"):
        kernels.thumbnail(PIXELS)


def test_a_variant_this_processor_lacks_is_refused_not_replaced(monkeypatch):
    monkeypatch.setattr(kernels, "available", lambda: ["portable"])
    with pytest.raises(UntoneError, match="avx512"):
        kernels.thumbnail(PIXELS, variant="avx512")
    assert kernels.info()["variant"] == "portable"


def test_gain_range_holds_zero_and_stays_within_what_the_lut_can_yield(operators_of, pixels_of):
    for seed in range(4):
        operators = operators_of(rough=bool(seed % 2), seed=seed)
        low, high = kernels.gain_range(pixels_of(300, 400), operators)
        lut = operators.qmax_stops * np.tanh(operators.lut.reshape(-1, 3).astype(float))
        assert (np.array(low) <= 0).all()
        assert (np.array(high) >= 0).all()
        assert (np.array(low) >= np.minimum(lut.min(axis=0), 0) - 1e-5).all()
        assert (np.array(high) <= np.maximum(lut.max(axis=0), 0) + 1e-5).all()


def test_gain_range_covers_nearly_all_of_a_photo_it_only_sampled(operators_of, pixels_of):
    operators, pixels = operators_of(), pixels_of(700, 900)
    low, high = kernels.gain_range(pixels, operators)
    codes = kernels.gain_codes(pixels, operators, low, high)
    assert ((codes == 0) | (codes == 255)).mean() < 1e-3


def test_huge_operators_crash_nothing(operators_of, pixels_of):
    """Numbers at the end of float32 overflow to infinity and NaN inside; indices must stay in range all the same."""
    plain = operators_of()
    pixels = pixels_of(9, 70)
    for scale in (1e38, -1e38, 1e-38):
        wild = dataclasses.replace(plain, grids=plain.grids * np.float32(scale), lut=plain.lut * np.float32(scale))
        for variant in COMPILED:
            codes = kernels.gain_codes(pixels, wild, (-2.0,) * 3, (2.0,) * 3, variant=variant)
            light = kernels.hdr_linear(pixels, wild, dtype=np.float32, variant=variant)
            assert codes.shape == pixels.shape
            assert np.isfinite(light).all()


def test_calls_from_several_threads_do_not_mix(operators_of, pixels_of):
    operators = operators_of(rough=True)
    photos = [pixels_of(50 + k, 70 + 3 * k, seed=k) for k in range(8)]
    expected = [kernels.gain_codes(p, operators, (-6.0,) * 3, (6.0,) * 3, threads=1) for p in photos]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for _ in range(5):
            got = pool.map(lambda p: kernels.gain_codes(p, operators, (-6.0,) * 3, (6.0,) * 3, threads=3), photos)
            for a, b in zip(got, expected, strict=True):
                np.testing.assert_array_equal(a, b)


def run_python(code):
    return subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=300)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_forked_child_gets_threads_of_its_own():
    done = run_python("""
import os, numpy as np
from untone import kernels
pixels = np.full((500, 500, 3), 7, np.uint8)
before = kernels.thumbnail(pixels, threads=3)
child = os.fork()
if child == 0:
    os._exit(0 if np.array_equal(kernels.thumbnail(pixels, threads=3), before) else 1)
assert os.waitpid(child, 0)[1] == 0
assert np.array_equal(kernels.thumbnail(pixels, threads=3), before)
""")
    assert done.returncode == 0, done.stderr


GUARDED = """
import ctypes, itertools, mmap, sys
import numpy as np
sys.path.insert(0, {folder!r})
from conftest import make_operators
from untone import colour, kernels
from untone.image import GainMap

libc, page = ctypes.CDLL(None, use_errno=True), mmap.PAGESIZE

def fenced(array, at_end):
    '''A copy that touches a page without access, after its last byte or before its first.'''
    room = -(-array.nbytes // page) * page
    memory = mmap.mmap(-1, room + 2 * page)
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    for fence in (address, address + page + room):
        assert libc.mprotect(ctypes.c_void_p(fence), page, 0) == 0
    start = page + (room - array.nbytes if at_end else 0)
    view = np.frombuffer(memory, array.dtype, array.size, start).reshape(array.shape)
    view[...] = array
    return view

rng = np.random.default_rng(0)
operators = make_operators(3, 5, 4)
shapes = [(1, 1), (3, 5), (9, 257), (2, 341)]
for (height, width), dtype, at_end in itertools.product(shapes, (np.uint8, np.uint16), (0, 1)):
    maximum = np.iinfo(dtype).max
    photo = fenced(rng.integers(0, maximum, (height, width, 3), dtype=dtype, endpoint=True), at_end)
    codes = fenced(rng.integers(0, 255, (height, width, 3), dtype=np.uint8), at_end)
    table = fenced(colour.code_table("srgb", maximum), at_end)
    for variant in {variants!r}:
        for view in (photo, photo[::-1], photo[::2]):
            for divisor in (1, 2, 4):
                kernels.gain_codes(view, operators, (-1.0,) * 3, (1.0,) * 3, divisor=divisor, variant=variant)
            light = kernels.hdr_linear(view, operators, dtype=np.float32, variant=variant)
            out = fenced(np.empty(view.shape, np.float16), at_end)
            kernels.hdr_linear(view, operators, out=out, variant=variant)
            kernels.hdr_pq10(view, operators, out=out.view(np.uint16), variant=variant)
            kernels.pq16(fenced(light, at_end), out=out.view(np.uint16), variant=variant)
            kernels.thumbnail(view, 7, variant=variant)
            kernels.apply(view, table, GainMap(codes, (0.0,) * 3, (1.0,) * 3), variant=variant)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs mprotect through libc")
def test_nothing_is_read_beyond_the_buffers():
    done = run_python(GUARDED.format(folder=os.path.dirname(__file__), variants=COMPILED))  # noqa: PTH120
    assert done.returncode == 0, done.stderr or f"ended by signal {-done.returncode}"
