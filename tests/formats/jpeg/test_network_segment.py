"""The stored form of a gain network, byte by byte; what is damaged is named, and never leaves the photo unreadable."""

import contextlib
import dataclasses
import struct
import zlib

import imagecodecs
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from untone import formats, gain_network
from untone.errors import DamagedError, UnsupportedError, UntoneError
from untone.formats.jpeg import codec as jpeg
from untone.formats.jpeg import network_segment
from untone.formats.jpeg.segments import parse
from untone.image import GainMap, Image
from untone.residuals import Residual


def a_map(neurons=16, bits=8, **changes):
    vector = gain_network.fresh(neurons, seed=3)
    stored = gain_network.quantised(vector, neurons) if bits == 8 else vector.astype(np.float16).astype(np.float32)
    kind = Residual("gamma", "pq")
    made = gain_network.GainNetwork(
        stored, neurons, kind, (0.25, 0.5, -1.5), (2.0, 3.0, 4.0), 30, 40, np.arange(16, dtype=np.uint8), 2.5, bits
    )
    return dataclasses.replace(made, **changes)


def a_jpeg(height=30, width=40):
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return jpeg.encode(pixels, 90)


def checked_again(payload):
    """With the checksum of what it now says."""
    return payload[:-4] + struct.pack(">I", zlib.crc32(payload[:-4]))


@pytest.mark.parametrize("neurons", [8, 16, 48, 128])
@pytest.mark.parametrize("bits", [8, 16])
def test_what_is_stored_comes_back(neurons, bits):
    found = a_map(neurons, bits)
    back = network_segment.to_network(network_segment.to_payload(found))
    np.testing.assert_array_equal(back.vector, found.vector)
    np.testing.assert_array_equal(back.print, found.print)
    for name in ("neurons", "bits", "residual", "low", "high", "height", "width", "headroom_stops"):
        assert getattr(back, name) == getattr(found, name), name


def test_sizes():
    """58 bytes of head, 1984 + 140 + 320 + 60 of layers, 4 of checksum: 2566, and 14 of the segment around them."""
    assert len(network_segment.to_payload(a_map())) == 58 + 1984 + 140 + 320 + 60 + 4
    assert network_segment.file_bytes(16, 8) == 2580 < 2600
    assert len(network_segment.to_payload(a_map(bits=16))) == 58 + 2 * 2259 + 4
    data = a_jpeg()
    for neurons, bits in ((16, 8), (16, 16), (128, 16)):
        grown = network_segment.with_network(data, network_segment.to_payload(a_map(neurons, bits)))
        assert len(grown) - len(data) == network_segment.file_bytes(neurons, bits)


def test_bytes_are_where_the_document_says():
    payload = network_segment.to_payload(a_map())
    assert payload[:6] == bytes([4, 1, 1, 2, 8, 16])
    assert struct.unpack_from(">II", payload, 6) == (40, 30)
    assert struct.unpack_from(">7f", payload, 14) == (0.25, 0.5, -1.5, 2.0, 3.0, 4.0, 2.5)
    assert payload[42:58] == bytes(range(16))
    scales = np.frombuffer(payload, ">f2", 16, 58).astype(np.float32)
    codes = np.frombuffer(payload, "i1", 120 * 16, 58 + 32).reshape(120, 16).astype(int)
    low = "".join(f"{byte:08b}" for byte in payload[58 + 32 + 1920 : 58 + 32 + 1920 + 140])
    units = np.repeat(0.5 ** np.array([2, 2, 2, 3, 4, 4, 4, 4, 4, 3, 3, 3] * 5), 2)[:, None]
    at = 0
    for row, bits in enumerate(np.repeat([2, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0] * 5, 2)):
        for column in range(16 if bits else 0):
            codes[row, column] = codes[row, column] * 2**bits + int(low[at : at + bits], 2)
            at += bits
    assert at == 8 * 140
    np.testing.assert_array_equal(codes * scales * units, gain_network.layers(a_map().vector, 16).first)
    assert struct.unpack(">I", payload[-4:]) == (zlib.crc32(payload[:-4]),)


def test_the_photo_is_as_it_was():
    data, payload = a_jpeg(), network_segment.to_payload(a_map())
    grown = network_segment.with_network(data, payload)
    np.testing.assert_array_equal(imagecodecs.jpeg8_decode(grown), imagecodecs.jpeg8_decode(data))
    assert network_segment.with_network(grown, None) == data
    assert network_segment.with_network(network_segment.with_network(grown, payload[:50]), None) == data
    image, gain_map = formats.read(grown)
    assert gain_map is None
    assert image.gain_network == payload
    assert formats.read(data)[0].gain_network is None


def test_a_long_payload_takes_several_segments():
    payload = np.random.default_rng(0).bytes(100_000)
    assert network_segment.file_bytes(128, 16) < 65_533  # as none of ours does
    stream = parse(network_segment.with_network(a_jpeg(), payload))
    found = [s for s in stream.segments if network_segment.is_network(s)]
    assert [s.body[8:10] for s in found] == [b"\x01\x02", b"\x02\x02"]
    assert network_segment.joined(reversed(stream.segments)) == payload
    assert len(network_segment.joined(found[:1])) < len(payload)


def test_beside_an_ordinary_gain_map():
    codes = np.random.default_rng(1).integers(0, 256, (8, 10, 3), dtype=np.uint8)
    grown = network_segment.with_network(a_jpeg(), network_segment.to_payload(a_map()))
    image, _ = formats.read(grown)
    data = formats.write(None, image, GainMap(codes, (0.0,) * 3, (2.0,) * 3), format="jpeg")
    back, gain_map = formats.read(data)
    assert back.gain_network == image.gain_network
    assert gain_map.codes.shape == (8, 10, 3)


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        (1, 7, "residual 7"),
        (2, 9, "domain 9"),
        (3, 4, "primaries 4"),
        (3, 0, "no residual of gamma, pq, bt709"),
        (4, 12, "16 neurons of 12 bits"),
        (5, 17, "17 neurons"),
        (5, 24, "bytes instead of"),
        (14, 0x7F, "end within"),
        (26, 0xFF, "end within"),
        (38, 0xFF, "headroom"),
        (58, 0x7C, "no numbers"),
        (2560, 0x7E, "no numbers"),
    ],
)
def test_what_no_network_says_is_refused(place, value, words):
    payload = bytearray(network_segment.to_payload(a_map()))
    payload[place] = value
    if place in (14, 26, 38, 58):
        payload[place + 1] = 0xC0 if place != 58 else 0x01
    with pytest.raises(DamagedError, match=words):
        network_segment.to_network(checked_again(bytes(payload)))


def test_a_later_version_is_not_guessed():
    payload = network_segment.to_payload(a_map())
    with pytest.raises(UnsupportedError, match="version 5; this reader knows 4"):
        network_segment.to_network(checked_again(b"\x05" + payload[1:]))


def of_before(payload, version):
    """A payload as former versions had it, without low bits: the codes are other ones, the bytes what they were."""
    return checked_again(bytes([version]) + payload[1 : 58 + 32 + 1920] + payload[58 + 32 + 1920 + 140 :])


@pytest.mark.parametrize(("version", "exponents"), [(1, [0] * 12), (3, [0, 1, 1, 2, 3, 3, 4, 4, 4, 3, 3, 3])])
def test_former_versions_are_read(version, exponents):
    payload = network_segment.to_payload(a_map())
    found = network_segment.to_network(of_before(payload, version))
    scales = np.frombuffer(payload, ">f2", 16, 58).astype(np.float32)
    codes = np.frombuffer(payload, "i1", 120 * 16, 58 + 32).reshape(120, 16)
    units = np.repeat(0.5 ** np.array(exponents * 5), 2)[:, None]
    first, *others = gain_network.layers(found.vector, 16).matrices
    np.testing.assert_array_equal(first, codes * scales * units)
    for part, ours in zip(others, gain_network.layers(a_map().vector, 16).matrices[1:], strict=True):
        np.testing.assert_array_equal(part, ours)
    floats = network_segment.to_payload(a_map(bits=16))
    read = network_segment.to_network(checked_again(bytes([version]) + floats[1:]))
    np.testing.assert_array_equal(read.vector, a_map(bits=16).vector)
    with pytest.raises(DamagedError, match="has 2566 bytes instead of 2426"):
        network_segment.to_network(checked_again(bytes([version]) + payload[1:]))


def test_any_changed_byte_is_noticed():
    payload = network_segment.to_payload(a_map())
    for place in range(0, len(payload), 37):
        changed = payload[:place] + bytes([payload[place] ^ 16]) + payload[place + 1 :]
        with pytest.raises(UntoneError, match=r"gain network \(APP11\)"):
            network_segment.to_network(changed)


@settings(max_examples=150, suppress_health_check=list(HealthCheck), deadline=None)
@given(st.data())
def test_hostile_payloads_end_in_one_line_or_a_finite_network(data):
    payload = bytearray(network_segment.to_payload(a_map()))
    for _ in range(data.draw(st.integers(1, 6))):
        payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.sampled_from([len(payload), 3, 61, 2000]))
    with contextlib.suppress(UntoneError):
        assert np.isfinite(network_segment.to_network(checked_again(bytes(payload[:cut]))).vector).all()


def test_a_damaged_network_leaves_the_photo_readable():
    data = a_jpeg()
    grown = network_segment.with_network(data, network_segment.to_payload(a_map())[:700])
    image, _ = formats.read(grown)
    np.testing.assert_array_equal(image.pixels, formats.read(data)[0].pixels)
    assert any("gain network (APP11) has 700 bytes instead of 2566" in w for w in formats.probe(grown).warnings)


def test_probe_says_what_there_is():
    grown = network_segment.with_network(a_jpeg(), network_segment.to_payload(a_map()))
    network = formats.probe(grown).as_dict()["network"]
    assert network == {
        "residual": "gamma", "domain": "pq", "primaries": "bt2020", "neurons": 16, "bits": 8, "width": 40,
        "height": 30, "headroom_stops": 2.5, "bytes": 2580, "codec": None,
    }  # fmt: skip
    assert formats.probe(a_jpeg()).network is None


def test_other_formats_leave_it_behind():
    image, _ = formats.read(network_segment.with_network(a_jpeg(), network_segment.to_payload(a_map())))
    data = formats.write(None, image, None, format="png")
    assert formats.read(data)[0].gain_network is None
    assert Image(image.pixels).gain_network is None
