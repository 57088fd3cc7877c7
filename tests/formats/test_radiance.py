"""Radiance HDR against bytes made by hand."""

import contextlib
import random
import struct

import numpy as np
import pytest

from untone import colour, formats
from untone.errors import DamagedError, LimitError, UnsupportedError, UntoneError
from untone.image import Image

HEAD = b"#?RADIANCE\n# made by hand\nFORMAT=32-bit_rle_rgbe\n\n"
GREY, RED = bytes((128, 128, 128, 129)), bytes((200, 100, 0, 136))
"""128 * 2 ** (129 - 136) = 1 in every channel; 200, 100, 0 at 2 ** 0."""


def light(data: bytes) -> np.ndarray:
    image, gain_map = formats.read(data)
    assert (image.transfer, image.primaries, gain_map) == ("linear", "bt709", None)
    return image.pixels


def test_plain_pixels_have_their_light() -> None:
    data = HEAD + b"-Y 1 +X 3\n" + GREY + RED + bytes((9, 9, 9, 0))
    assert light(data).tolist() == [[[1, 1, 1], [200, 100, 0], [0, 0, 0]]]


def test_old_runs_repeat_the_last_pixel_and_shift() -> None:
    """(1, 1, 1, 2) repeats twice; the next mark in a row counts 256-fold."""
    runs = GREY + bytes((1, 1, 1, 2)) + bytes((1, 1, 1, 1)) + RED
    row = light(HEAD + b"-Y 1 +X 260\n" + runs)[0]
    assert (row[:259] == 1).all()
    assert row[259].tolist() == [200, 100, 0]


def test_new_runs_are_a_component_at_a_time() -> None:
    """Eight pixels: red a run of 8, green 3 literals and a run of 5, blue 8 literals, one exponent."""
    red = bytes((128 + 8, 128))
    green = bytes((3, 1, 2, 3, 128 + 5, 4))
    blue = bytes((8, 10, 20, 30, 40, 50, 60, 70, 80))
    row = b"\x02\x02\x00\x08" + red + green + blue + bytes((128 + 8, 136))
    made = light(HEAD + b"-Y 2 +X 8\n" + row + row)
    assert made.shape == (2, 8, 3)
    assert (made[..., 0] == 128).all()
    assert made[1, :, 1].tolist() == [1, 2, 3, 4, 4, 4, 4, 4]
    assert made[0, :, 2].tolist() == [10, 20, 30, 40, 50, 60, 70, 80]


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (b"-Y 2 +X 3", [[1, 2, 3], [4, 5, 6]]),
        (b"+Y 2 +X 3", [[4, 5, 6], [1, 2, 3]]),
        (b"-Y 2 -X 3", [[3, 2, 1], [6, 5, 4]]),
        (b"+Y 2 -X 3", [[6, 5, 4], [3, 2, 1]]),
        (b"+X 2 -Y 3", [[1, 4], [2, 5], [3, 6]]),
        (b"-X 2 +Y 3", [[6, 3], [5, 2], [4, 1]]),
    ],
)
def test_every_order_of_pixels_becomes_upright(size: bytes, expected: list[list[int]]) -> None:
    """Red of the pixels in file order is 1..6; +X 2 -Y 3 stores two columns of three, left one first, from the top."""
    pixels = b"".join(bytes((k, 0, 0, 136)) for k in range(1, 7))
    data = HEAD + size + b"\n" + pixels
    assert light(data)[..., 0].tolist() == expected
    found = formats.probe(data)
    assert [found.height, found.width] == [len(expected), len(expected[0])]


def test_xyz_becomes_rgb() -> None:
    """White of D65: X 0.9505, Y 1, Z 1.089 is R = G = B = 1, within the mantissa's 8 bits."""
    codes = [round(v * 64) for v in (0.9505, 1.0, 1.089)]
    data = HEAD.replace(b"rgbe", b"xyze") + b"-Y 1 +X 1\n" + bytes((*codes, 130))
    assert np.allclose(light(data), 1, atol=0.03)


def test_headers_may_state_primaries_and_end_in_carriage_returns() -> None:
    p3 = b"PRIMARIES=.68 .32 .265 .69 .15 .06 .3127 .329\n"
    data = HEAD.replace(b"FORMAT", p3 + b"FORMAT") + b"-Y 1 +X 1\n" + GREY
    assert formats.read(data)[0].primaries == "p3"
    assert light(HEAD.replace(b"\n", b"\r\n") + b"-Y 1 +X 1\r\n" + GREY).tolist() == [[[1, 1, 1]]]


def with_primaries(numbers: bytes, pixel: bytes = GREY) -> bytes:
    return HEAD.replace(b"FORMAT", b"PRIMARIES=" + numbers + b"\nFORMAT") + b"-Y 1 +X 1\n" + pixel


def test_primaries_without_a_name_are_converted() -> None:
    """Red of ProPhoto RGB, XYZ 0.7977 0.2880 0 at D50, has Y -0.0283 * 0.7977 + 1.0099 * 0.2880 at D65; grey stays."""
    prophoto = b"0.7347 0.2653 0.1596 0.8404 0.0366 0.0001 0.3457 0.3585"
    seen = formats.read(with_primaries(prophoto))[0]
    assert seen.primaries == formats.probe(with_primaries(prophoto)).base.primaries == "bt2020"
    assert np.allclose(seen.pixels, 1, atol=1e-4)
    red = formats.read(with_primaries(prophoto, bytes((128, 0, 0, 129))))[0].pixels[0, 0]
    assert np.isclose(red @ colour.rgb_to_xyz("bt2020")[1], 0.2683, atol=1e-3)
    assert red[0] > 1.2
    assert red[1] < 0


@pytest.mark.parametrize("numbers", [b"0 0 0 0 0 0 0 0", b".5 .5 .5 .5 .5 .5 .3 .3", b"nan" + b" nan" * 7])
def test_primaries_that_are_none_count_as_absent(numbers: bytes) -> None:
    seen = formats.read(with_primaries(numbers))[0]
    assert (seen.primaries, seen.pixels.tolist()) == ("bt709", [[[1, 1, 1]]])


HOSTILE = {
    "no size": (HEAD, DamagedError),
    "zero": (HEAD + b"-Y 0 +X 5\n" + GREY, DamagedError),
    "huge": (HEAD + b"-Y 90000 +X 90000\n" + GREY, LimitError),
    "tall and empty": (HEAD + b"-Y 100000 +X 1000\n" + GREY, DamagedError),
    "same axis": (HEAD + b"-Y 1 +Y 1\n" + GREY, DamagedError),
    "other format": (HEAD.replace(b"rgbe", b"cmyk") + b"-Y 1 +X 1\n" + GREY, UnsupportedError),
    "short": (HEAD + b"-Y 1 +X 2\n" + GREY, DamagedError),
    "repeat of nothing": (HEAD + b"-Y 1 +X 2\n" + bytes((1, 1, 1, 2)), DamagedError),
    "repeat too far": (HEAD + b"-Y 1 +X 2\n" + GREY + bytes((1, 1, 1, 9)), DamagedError),
    "endless repeats of none": (HEAD + b"-Y 1 +X 2\n" + GREY + bytes((1, 1, 1, 0)) * 900, DamagedError),
    "run too far": (HEAD + b"-Y 1 +X 8\n\x02\x02\x00\x08" + bytes((128 + 9, 1)) * 4, DamagedError),
    "run of none": (HEAD + b"-Y 1 +X 8\n\x02\x02\x00\x08" + bytes(40), DamagedError),
    "another width": (HEAD + b"-Y 1 +X 8\n\x02\x02\x00\x09" + bytes((128 + 9, 1)) * 4, DamagedError),
    "run without its byte": (HEAD + b"-Y 1 +X 8\n\x02\x02\x00\x08" + bytes((128 + 8,)), DamagedError),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_bytes_are_refused_in_one_line(case: str) -> None:
    data, kind = HOSTILE[case]
    with pytest.raises(kind) as caught:
        formats.read(data)
    assert "\n" not in str(caught.value)


def test_mutations_are_survived() -> None:
    row = b"\x02\x02\x00\x10" + (bytes((128 + 9, 77, 7)) + bytes(range(7))) * 4
    whole = HEAD + b"-Y 4 +X 16\n" + row * 3 + GREY * 10 + bytes((1, 1, 1, 6))
    assert light(whole).shape == (4, 16, 3)
    chance = random.Random(1)
    for turn in range(1500):
        bad = bytearray(whole)
        if turn % 3 == 0:
            bad = bad[: chance.randrange(len(bad))]
        elif turn % 3 == 1:
            place = chance.randrange(len(bad))
            bad[place : place + 4] = struct.pack(">I", chance.getrandbits(32))
        for _ in range(turn % 3):
            if bad:
                bad[chance.randrange(len(bad))] ^= 1 << chance.randrange(8)
        for function in (formats.read, formats.probe):
            with contextlib.suppress(UntoneError):
                function(bytes(bad))


def test_a_row_of_many_short_repeats_is_read_at_once() -> None:
    """Alternating pixels and repeats across a wide row; quadratic work here would take minutes."""
    width = 8_000
    data = HEAD + b"-Y 1 +X 8000\n" + (GREY + bytes((1, 1, 1, 1))) * (width // 2)
    assert (light(data) == 1).all()


@pytest.mark.parametrize("width", [1, 7, 8, 300, 33_000])
def test_written_light_returns_within_half_a_code(width: int) -> None:
    """A mantissa of at least 128 is off by at most 1/2: 0.4 % of the brightest channel; repeats and black included."""
    random_light = 2.0 ** np.random.default_rng(width).uniform(-20, 12, (4, width, 3))
    random_light[1], random_light[2] = 0.3, 0
    random_light[0, 0] = 255.9 / 256
    made = random_light.astype(np.float32)
    found = light(formats.write(None, Image(made, transfer="linear", bits=32), format="radiance"))
    assert (np.abs(found - made) <= made.max(axis=2, keepdims=True) * 0.00391).all()
    assert (found[2] == 0).all()


def test_written_bytes_by_hand() -> None:
    """1.0 is 128 under exponent 129; 200, 100, 0 under 136; 0.999 rounds up to the next exponent."""
    made = np.array([[[1, 1, 1], [200, 100, 0], [0, 0, 0], [0.999, 0, 0]]], np.float32)
    data = formats.write(None, Image(made, transfer="linear", bits=32), format="radiance")
    end = bytes((0, 0, 0, 0)) + bytes((128, 0, 0, 129))
    assert data == b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 1 +X 4\n" + GREY + RED + end


def test_primaries_are_stated_only_where_bt709_cannot_hold_the_colours() -> None:
    grey = Image(np.full((2, 2, 3), 0.5, np.float32), "p3", "linear", bits=32)
    assert b"PRIMARIES" not in formats.write(None, grey, format="radiance")
    green = Image(np.float32([[[0, 1, 0]]]), "p3", "linear", bits=32)
    found, _ = formats.read(formats.write(None, green, format="radiance"))
    assert (found.primaries, found.pixels.tolist()) == ("p3", [[[0, 1, 0]]])


def test_what_cannot_be_written_is_clipped_not_wrapped() -> None:
    made = np.array([[[-1, np.inf, np.nan], [1e30, 1, 1e-44]]], np.float32)
    found = light(formats.write(None, Image(made, transfer="linear", bits=32), format="radiance"))
    assert found[0, 0, 0] == 0
    assert found[0, 0, 2] == 0
    assert np.isfinite(found).all()
    assert found[0, 1].tolist() == pytest.approx([1e30, 0, 0], rel=0.004)
