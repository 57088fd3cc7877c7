"""Colour profiles as JPEG XL packs them: own ones, those that libjxl packed, and codes put together by hand."""

import base64
import contextlib
import dataclasses
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from untone import colour, formats
from untone.colour import light_of
from untone.errors import DamagedError, LimitError, UntoneError
from untone.formats.common.limits import MAX_PACKED_PROFILE_BYTES
from untone.formats.jxl import codec as jxl
from untone.formats.jxl import header as jxl_header
from untone.formats.jxl import icc_stream
from untone.formats.jxl.entropy import Bits, Stream, flat
from untone.formats.jxl.header import Colour
from untone.formats.profiles.icc import named_profile
from untone.image import Image

PHOTO = np.dstack([(grid := np.mgrid[0:8, 0:8])[0] * 30, grid[1] * 30, grid.sum(0) * 15]).astype(np.uint8)

LOSSLESS = base64.b64decode(
    "/wpBQAjXCQMS5gFQ00pYaxGs2/K+TAqc+1eFFn5kSoiwKHjMCgubC+wMiZ2xesbVi6VzwTcE+Innqjkc/kUsrfhLDpe6TgSybK0r7atrGWAo6ato"
    "6afsqRjgaWhraxgZ+ZvDZ9wjyw4OgbyovVYOQKdpUM4i+LQED+VDaBtQUBjctwIxibCQB/V1w5uRCQgCAQCkAEs4aZjKg/cpKAgolgfkBxgC4nQA"
    "gD0lSRQykqMEJL0bSXJrftuAm7cB"
)
"""PHOTO with the profile of Adobe RGB, by cjxl 0.7 -d 0 -e 7."""

LOSSY = base64.b64decode(
    "/wpBQArXCQMS5gFQ00pYaxGs2/K+TAqc+1eFFn5kSoiwKHjMCgubC+wMiZ2xesbVi6VzwTcE+Innqjkc/kUsrfhLDpe6TgSybK0r7atrGWAo6ato"
    "6afsqRjgaWhraxgZ+ZvDZ9wjyw4OgbyovVYOQKdpUM4i+LQED+VDaBtQUBjctwIxibCQB/V1w5uRCQASiABgATeAaAEAUKEyyrjBy7meLz90WEzb"
    "uM7QVtsWliSKjGOTdAKHJLEObFyAAB4MAMxcFNqwRStJJIbsdtv3pZCgIq1f/jZ3ZipbVagIhAyAx+kFUSKrMTjOOiA="
)
"""The same at -d 0.5, in XYB."""

TABLE = base64.b64decode(
    "/wpBQAiPGQMGbw9rDk+AiWASAE20+b4k8zpWoghQYZPm4mjrR2CzzCrQwEs+xMCahItQW48wpB7GwE2TrXbTTqutHq6GKYQBAAADvGKOmqL4ibh0"
    "xVeos/xdT0hw7Nquab92XQqYdunZtIBphxbNuuST7iul8Rx78CDIQ+yxUgfIVA3COQQ/KcFw+SCaBgQkBvtbARlFONCD+LKhrr/492migshomJhp"
    "mNBHYEgmJLAWmZlhALD2QBK2F0lLZI9hZDbvAB73AWRD07bAk0ZAnk48iCyNF5kACAIBAHwASyg0NH4ILJiqnlq+HJU/wFBSLyYAiS44wLJtbpXb"
    "AA=="
)
"""PHOTO with a profile of Adobe RGB's primaries and a curve of 256 entries for the power 1.9, at -d 0 -e 9."""


def bytes_of(packed: tuple[int, int]) -> bytes:
    return packed[0].to_bytes((packed[1] + 7) // 8, "little")


@settings(max_examples=20, deadline=None)
@given(st.binary(min_size=128, max_size=400), st.sampled_from([b"APPL", b"MSFT", b"SGI ", b"SUNW", b"none"]))
def test_any_profile_comes_back(profile, platform):
    profile = profile[:40] + platform + profile[44:]
    value, count = icc_stream.packed(profile)
    shifted = (value << 5 | 9).to_bytes((count + 5 + 7) // 8, "little") + b"frames"
    assert icc_stream.unpacked_to(shifted, 5) == (profile, count + 5)


@pytest.mark.parametrize("size", [128, 131, 132, 4096, 20000])
def test_sizes_of_profiles(size):
    profile = bytes(np.random.default_rng(size).integers(0, 256, size, np.uint8))
    assert icc_stream.unpacked(bytes_of(icc_stream.packed(profile))) == profile


def test_profiles_of_libjxl_are_read():
    image = formats.read(LOSSLESS)[0]
    assert (image.icc, image.primaries, image.transfer) == (
        named_profile("adobe_rgb", "gamma22"),
        "adobe_rgb",
        "gamma22",
    )
    assert np.array_equal(image.pixels, PHOTO)
    assert formats.probe(LOSSLESS).icc == "untone adobe_rgb gamma22"


def test_a_profile_without_a_name_is_converted_by_its_curve():
    light = light_of(formats.read(TABLE)[0]) @ colour.rgb_to_rgb("bt2020", "adobe_rgb").T
    assert np.abs(light - (PHOTO / 255) ** 1.9).max() < 1e-3


def test_xyb_is_decoded_to_a_space_that_holds_its_profile():
    """Left to itself, libjxl makes linear BT.709 of 8 bits of it."""
    image = formats.read(LOSSY)[0]
    assert (image.primaries, image.transfer, image.icc) == ("bt2020", "srgb", None)
    light = light_of(image) @ colour.rgb_to_rgb("bt2020", "adobe_rgb").T
    assert np.abs(light - (PHOTO / 255) ** (563 / 256)).mean() < 0.01


@pytest.mark.parametrize("data", [LOSSLESS, TABLE])
def test_changed_profiles_are_survived(data):
    chance = np.random.default_rng(4)
    for _ in range(60):
        bad = bytearray(data)
        for place in chance.integers(30, 150, 2):
            bad[place] ^= 1 << int(chance.integers(8))
        with contextlib.suppress(UntoneError):
            formats.probe(bytes(bad))


# Files of ours


@pytest.mark.parametrize("transfer", ["srgb", "gamma22", "bt1886"])
def test_adobe_rgb_is_written_with_its_profile(pixels, transfer):
    image = formats.read(formats.write(None, Image(pixels, "adobe_rgb", transfer), format="jxl"))[0]
    assert (image.primaries, image.transfer) == ("adobe_rgb", transfer)
    assert np.array_equal(image.pixels, pixels)


def test_the_profile_of_an_alternate_is_written_and_read(pixels, gain_map):
    mapped = dataclasses.replace(gain_map, use_base_colour_space=False, alternate_primaries="adobe_rgb")
    data = formats.write(None, Image(pixels), mapped, format="jxl")
    box = jxl.parse(data).gain_map
    place = 3 + 141
    assert box[place] == 0
    (size,) = struct.unpack_from(">I", box, place + 1)
    assert icc_stream.unpacked(box[place + 5 : place + 5 + size]) == named_profile("adobe_rgb", "srgb")
    assert formats.read(data)[1].alternate_primaries == "adobe_rgb"


def test_integers_of_linear_light_are_light(pixels):
    naked = jxl.parse(formats.write(None, Image(pixels), format="jxl", quality=100)).codestream
    image = formats.read(jxl_header.relabelled(naked, 1, Colour("bt709", "linear")))[0]
    assert (image.transfer, image.pixels.dtype) == ("linear", np.float32)
    assert np.allclose(image.pixels, pixels / 255, atol=1e-6)


# Codes by hand


def stream_of(*fields: tuple[int, int]) -> Bits:
    value = count = 0
    for number, width in fields:
        value |= number << count
        count += width
    return Bits(value.to_bytes((count + 7) // 8 + 1, "little"))


def test_a_flat_stream_is_read_in_any_context():
    value, count = flat(b"\x00\xff\x80A")
    stream = Stream(Bits(value.to_bytes((count + 7) // 8, "little")), 41)
    assert [stream.number(context) for context in (0, 40, 7, 1)] == [0, 255, 128, 65]
    stream.finish()


SIMPLE = {
    "one": ([(0, 2), (5, 3)], [], [5, 5]),
    "two": ([(1, 2), (6, 3), (2, 3)], [(0, 1), (1, 1)], [2, 6]),
    "three": ([(2, 2), (4, 3), (7, 3), (1, 3)], [(0, 1), (0b01, 2), (0b11, 2)], [4, 1, 7]),
    "four alike": ([(3, 2), (4, 3), (7, 3), (1, 3), (0, 3), (0, 1)], [(0b10, 2), (0b01, 2)], [1, 4]),
    "four": (
        [(3, 2), (4, 3), (7, 3), (1, 3), (0, 3), (1, 1)],
        [(0, 1), (0b01, 2), (0b011, 3), (0b111, 3)],
        [4, 7, 0, 1],
    ),
}


@pytest.mark.parametrize("name", SIMPLE)
def test_simple_prefix_codes(name):
    """No repeats, a prefix code, numbers are tokens, 8 symbols; then the code (RFC 7932, 3.4) and what is coded."""
    code, coded, expected = SIMPLE[name]
    head = [(0, 1), (1, 1), (15, 4), (1, 1), (2, 4), (3, 2), (1, 2)]
    stream = Stream(stream_of(*head, *code, *coded), 1)
    assert [stream.number(0) for _ in expected] == expected


def test_repeated_lengths_and_hybrid_numbers():
    """16 symbols of 4 bits each, by one 4 and two repeats: (3 + 2), then ((5 - 2) * 4 + 3 + 0) = 15.

    Numbers below 4 are tokens; token 4 with a bit is 4 or 5, token 5 is 6 or 7; 6 and 7 with two are 8 to 15.
    """
    lengths = [(0, 2)] * 18
    order = [1, 2, 3, 4, 0, 5, 17, 6, 16, 7, 8, 9, 10, 11, 12, 13, 14, 15]
    lengths[order.index(4)], lengths[order.index(16)] = (7, 4), (7, 4)
    lengths = lengths[: order.index(16) + 1]
    head = [(0, 1), (1, 1), (2, 4), (1, 2), (0, 1), (1, 1), (3, 4), (7, 3), (0, 2), *lengths]
    body = [(0, 1), (1, 1), (2, 2), (1, 1), (0, 2)]
    coded = [(0b1010, 4), (1, 1), (0b1110, 4), (0b10, 2), (0b1000, 4)]
    stream = Stream(stream_of(*head, *body, *coded), 1)
    assert [stream.number(0) for _ in range(3)] == [7, 14, 1]


def ans(symbols: list[int], counts: list[int], alphabet_bits: int) -> tuple[int, int]:
    """(value, bits) of symbols by the standard's coder, from the last to the first; the table comes from the reader."""
    from untone.formats.jxl.entropy import _alias

    table = [_alias(list(counts), alphabet_bits).look_up(low) for low in range(4096)]
    places = {(symbol, offset): low for low, (symbol, _, offset) in enumerate(table)}
    assert sorted(places) == [(s, o) for s, count in enumerate(counts) for o in range(count)]
    state, words = 0x130000, []
    for symbol in reversed(symbols):
        count = counts[symbol]
        if state >> 20 >= count:
            words.append(state & 0xFFFF)
            state >>= 16
        state = state // count << 12 | places[symbol, state % count]
    value = state
    for index, word in enumerate(reversed(words)):
        value |= word << 32 + 16 * index
    return value, 32 + 16 * len(words)


@pytest.mark.parametrize(
    ("counts", "fields"),
    [
        ([0, 0, 4096], [(1, 1), (0, 1), (1, 1), (1, 3), (0, 1)]),
        ([1000, 0, 0, 3096], [(1, 1), (1, 1), (0, 1), (1, 1), (1, 3), (1, 1), (1000, 12)]),
        ([820, 819, 819, 819, 819], [(0, 1), (1, 1), (1, 1), (2, 3), (0, 2)]),
        ([3, 1, 4060, 0, 32], [(0, 1), (0, 1), (7, 3), (5, 3), (1, 1), (1, 3), (0, 1),
                              (15, 4), (11, 4), (1, 7), (17, 5), (4, 3), (1, 1), (0, 5)]),
    ],
)  # fmt: skip
def test_ans(counts, fields):
    """One symbol, two, a flat distribution, and one drawn with 12 bits of precision (its largest count is left out)."""
    symbols = np.random.default_rng(1).choice(len(counts), 60, p=np.array(counts) / 4096).tolist()
    head = [(0, 1), (0, 1), (0, 2), (5, 3), *fields]
    stream = Stream(stream_of(*head, ans(symbols, counts, 5)), 1)
    assert [stream.number(0) for _ in symbols] == symbols
    stream.finish()


def test_moved_contexts_and_repeats():
    """Three contexts with codes 0, 1, 0 as move-to-front 0, 1, 1; a copy of 3 numbers from 2 back."""
    fields = [
        (1, 1), (3, 2), (0, 15), (0, 2), (8, 4),
        (0, 1), (1, 1),
        (0, 1), (1, 1), (15, 4), (1, 1), (0, 4), (1, 2), (1, 2), (0, 1), (1, 1),
        (0, 1), (1, 1), (1, 1),
        (1, 1), (15, 4), (15, 4), (1, 1), (3, 4), (1, 3), (1, 1), (0, 4),
        (1, 2), (1, 2), (4, 4), (8, 4),
        (1, 2), (1, 2), (0, 1), (1, 1),
        (0, 1), (1, 1), (1, 1),
    ]  # fmt: skip
    stream = Stream(stream_of(*fields), 2)
    assert [stream.number(0), stream.number(1), *(stream.number(0) for _ in range(3))] == [4, 1, 4, 1, 4]


def body(size: int, commands: bytes, data: bytes) -> bytes:
    return icc_stream._varint(size) + icc_stream._varint(len(commands)) + commands + data


def test_every_command_of_a_packed_profile():
    """A header of no differences; tags by name, code and group; then each command, by hand."""
    tags = b"\x0a" + b"\x01\x04" + b"\x02" + b"\xc3\x64\x14" + b"\xc1\x07\x08" + b"\0"
    commands = tags + b"\x01\x04" + b"\x02\x05" + b"\x03\x08" + b"\x0a" + b"\x14"
    commands += b"\x04\x04\x03" + b"\x04\x11\x04\x02" + b"\x04\x0b\x04"
    data = bytes(128) + b"mark" + b"last" + b"abcd" + b"ACEBD" + b"AEBFCGDH" + b"twelve bytes"
    data += b"\1\1\1" + b"\0\5" + b"\0\0\0\2"
    head = bytes(icc_stream._usual_header(294))
    packed = body(294, commands, data)
    expected = head + struct.pack(">I", 9)
    start = 128 + 9 * 12
    entries = [(b"mark", start, 0), (b"cprt", start, 0), (b"rTRC", start, 0), (b"gTRC", start, 0), (b"bTRC", start, 0)]
    entries += [(b"rXYZ", 0x64, 0x14), (b"gXYZ", 0x78, 0x14), (b"bXYZ", 0x8C, 0x14), (b"last", 7, 8)]
    expected += b"".join(struct.pack(">4sII", *entry) for entry in entries)
    expected += b"abcd" + b"ABCDE" + b"ABCDEFGH" + b"XYZ \0\0\0\0twelve bytes" + b"para\0\0\0\0"
    for difference in (1, 1, 1):
        expected += bytes(((2 * expected[-1] - expected[-2] + difference) & 255,))
    expected += expected[-4:-2]
    expected = expected[:-1] + bytes(((expected[-1] + 5) & 255,))
    one, two, three = (int.from_bytes(expected[len(expected) - 4 * n :][:4], "big") for n in (1, 2, 3))
    expected += ((3 * one - 3 * two + three + 2) % 2**32).to_bytes(4, "big")
    assert len(expected) == 294
    assert icc_stream._Unpacker(packed).profile() == expected


@pytest.mark.parametrize(
    ("size", "commands", "data"),
    [
        (200, b"\0\x01\x48", bytes(128 + 71)),
        (200, b"\0\x01\x49", bytes(128 + 73)),
        (200, b"\0\x01\x48", bytes(128 + 73)),
        (200, b"\0\x63", bytes(128)),
        (200, b"\0\x04\x02\x04", bytes(200)),
        (200, b"\0\x04\x10\x7f\x04", bytes(200)),
        (200, b"\x02\x3f", bytes(200)),
        (200, b"\xff" * 9, bytes(200)),
        (200, b"\0\x01", bytes(200)),
        (100, b"", bytes(99)),
    ],
)
def test_commands_that_lie_are_refused(size, commands, data):
    with pytest.raises(DamagedError):
        icc_stream._Unpacker(body(size, commands, data)).profile()


def test_profiles_that_are_too_large_are_refused_before_they_are_read():
    with pytest.raises(LimitError, match="profile"):
        icc_stream.packed(bytes(MAX_PACKED_PROFILE_BYTES + 1))
    size, _ = icc_stream._u64_bits(1 << 40)
    with pytest.raises(LimitError, match="profile"):
        icc_stream.unpacked(size.to_bytes(9, "little"))
    with pytest.raises(LimitError, match="profile"):
        icc_stream._Unpacker(body(1 << 30, b"", b""))


@pytest.mark.parametrize("value", [0, 1, 4095, 4096, 1 << 20, (1 << 60) - 1])
def test_sizes_come_back(value):
    number, count = icc_stream._u64_bits(value)
    assert icc_stream._u64(Bits(number.to_bytes((count + 7) // 8, "little"))) == value
