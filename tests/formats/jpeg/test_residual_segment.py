"""Residual maps in a JPEG: the stored form byte by byte, and everything that could be wrong with it."""

import contextlib
import struct
import zlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from untone import formats
from untone.errors import DamagedError, LimitError, UntoneError
from untone.formats.jpeg import codec as jpeg
from untone.formats.jpeg import network_segment, residual_segment
from untone.residuals import Residual

PHOTO = np.full((30, 40, 3), 128, np.uint8)


def a_map(picture=b"a picture"):
    marks = np.arange(16, dtype=np.uint8)
    ends = (1.0, 1.25, 1.5), (2.0, 2.0, 2.0)
    return residual_segment.ResidualMap(Residual("gamma", "pq"), *ends, 30, 40, marks, 2.5, "avif", picture)


def checked_again(payload):
    return payload[:-4] + struct.pack(">I", zlib.crc32(payload[:-4]))


def test_the_stored_form_by_hand():
    payload = residual_segment.to_payload(a_map())
    head = bytes([2, 1, 1, 2, 8, 3]) + struct.pack(">2I7f", 40, 30, 1, 1.25, 1.5, 2, 2, 2, 2.5) + bytes(range(16))
    assert payload == checked_again(head + b"a picture" + bytes(4))
    assert residual_segment.is_map(payload)


def test_it_comes_back():
    made = residual_segment.to_map(residual_segment.to_payload(a_map()))
    first = a_map()
    assert (made.residual, made.low, made.high, made.codec) == (first.residual, first.low, first.high, "avif")
    assert (made.height, made.width, made.headroom_stops, made.picture) == (30, 40, 2.5, b"a picture")
    np.testing.assert_array_equal(made.print, first.print)
    assert repr(made) == "ResidualMap(avif, 9 bytes, gamma, pq, for 40 x 30)"


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        (1, 7, "residual 7"),
        (2, 9, "domain 9"),
        (3, 4, "primaries 4"),
        (4, 10, "10 bits a code"),
        (5, 4, "codec 4"),
        (14, 0x7F, "end within"),
        (14, 0x41, "above their end"),
        (38, 0xBF, "headroom"),
    ],
)
def test_what_no_map_says_is_refused(place, value, words):
    payload = bytearray(residual_segment.to_payload(a_map()))
    payload[place] = value
    with pytest.raises(DamagedError, match=words):
        residual_segment.to_map(checked_again(bytes(payload)))


def test_a_picture_of_no_pixels_is_refused():
    payload = bytearray(residual_segment.to_payload(a_map()))
    payload[6:10] = bytes(4)
    with pytest.raises(DamagedError, match="0 x 30 pixels"):
        residual_segment.to_map(checked_again(bytes(payload)))


@settings(max_examples=100, suppress_health_check=list(HealthCheck), deadline=None)
@given(st.data())
def test_hostile_payloads_end_in_one_line_or_a_map(data):
    payload = bytearray(residual_segment.to_payload(a_map()))
    for _ in range(data.draw(st.integers(1, 6))):
        payload[data.draw(st.integers(1, len(payload) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.sampled_from([len(payload), 3, 62, 70]))
    with contextlib.suppress(UntoneError):
        made = residual_segment.to_map(checked_again(bytes(payload[:cut])))
        assert np.isfinite([*made.low, *made.high, made.headroom_stops]).all()


def test_changed_and_cut_payloads_are_noticed():
    payload = residual_segment.to_payload(a_map())
    for cut in range(1, len(payload)):
        with pytest.raises(DamagedError, match=r"residual map \(APP11\)"):
            residual_segment.to_map(payload[:cut])
    with pytest.raises(DamagedError, match="checksum"):
        residual_segment.to_map(payload[:20] + b"\xff" + payload[21:])


def test_probe_says_what_there_is():
    grown = network_segment.with_network(jpeg.encode(PHOTO, 90), residual_segment.to_payload(a_map()))
    network = formats.probe(grown).as_dict()["network"]
    assert (network["codec"], network["residual"], network["domain"], network["bytes"]) == ("avif", "gamma", "pq", 85)
    damaged = network_segment.with_network(jpeg.encode(PHOTO, 90), residual_segment.to_payload(a_map())[:-1])
    assert any("residual map (APP11)" in warning for warning in formats.probe(damaged).warnings)
    np.testing.assert_array_equal(formats.read(damaged)[0].pixels, formats.read(jpeg.encode(PHOTO, 90))[0].pixels)


def test_large_pictures_take_several_segments_up_to_a_limit():
    picture = np.random.default_rng(0).bytes(200_000)
    grown = network_segment.with_network(jpeg.encode(PHOTO, 90), residual_segment.to_payload(a_map(picture)))
    assert residual_segment.to_map(formats.read(grown)[0].gain_network).picture == picture
    with pytest.raises(LimitError, match="do not fit into 255 segments"):
        network_segment.parts(residual_segment.to_payload(a_map(bytes(17_000_000))))
