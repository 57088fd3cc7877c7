"""Files looked into where they are looked at: the same answers, from a few kilobytes."""

from __future__ import annotations

import os
import re

import numpy as np
import pytest

from untone import formats
from untone.errors import DamagedError, UntoneError
from untone.formats.common import source
from untone.formats.common.isobmff import box
from untone.formats.jpeg import segments
from untone.image import GainMap, Image

HUGE = 60 << 20


@pytest.fixture
def photo() -> tuple[Image, GainMap]:
    pixels = np.random.default_rng(5).integers(0, 256, (40, 56, 3), np.uint8)
    return Image(pixels, icc=None, xmp=b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>"), GainMap(
        pixels[::2, ::2].copy(), (0.0,) * 3, (2.0, 1.5, 1.0), alternate_headroom_stops=2
    )


@pytest.fixture
def read_bytes(monkeypatch):
    """How many bytes were read from files so far."""
    counts, read = [], os.pread

    def counted(*arguments):
        got = read(*arguments)
        counts.append(len(got))
        return got

    monkeypatch.setattr(os, "pread", counted)
    return counts


def made(photo, name: str) -> bytes:
    image, gain_map = photo
    return formats.write(None, image, None if name == "png" else gain_map, format=name)


@pytest.mark.parametrize("name", ["jpeg", "avif", "png", "jxl"])
@pytest.mark.parametrize("block", [1, 7, 4096])
def test_probes_of_files_and_of_their_bytes_agree(tmp_path, photo, monkeypatch, name, block):
    """Whole, cut short anywhere, and with a byte changed."""
    monkeypatch.setattr(source, "WHOLE", 0)
    monkeypatch.setattr(source, "BLOCK", block)
    monkeypatch.setattr(segments, "STEP", 50)
    data, path = made(photo, name), tmp_path / "x"
    random = np.random.default_rng(block)
    broken = [bytes([*data[:k], data[k] ^ 0x41, *data[k + 1 :]]) for k in random.integers(0, min(len(data), 900), 12)]
    for candidate in (data, *(data[:k] for k in random.integers(1, len(data), 12)), *broken):
        path.write_bytes(candidate)
        assert answer(path) == answer(candidate)


def answer(given: object) -> object:
    try:
        return formats.probe(given)
    except UntoneError as error:
        return type(error), str(error).removeprefix(f"{given}: ")


def test_a_gain_map_without_an_index_is_found(tmp_path, photo, monkeypatch):
    """By looking through the pixel data of the photo, in pieces."""
    monkeypatch.setattr(source, "WHOLE", 0)
    monkeypatch.setattr(source, "STEP", 64)
    monkeypatch.setattr(segments, "STEP", 64)
    data = made(photo, "jpeg").replace(b"MPF\0", b"XPF\0")
    (tmp_path / "x.jpg").write_bytes(data)
    found = formats.probe(tmp_path / "x.jpg")
    assert found.gain_map is not None
    assert found == formats.probe(data)


@pytest.mark.parametrize("name", ["jpeg", "avif", "png"])
def test_a_huge_file_costs_no_more_than_a_small_one(tmp_path, photo, read_bytes, name):
    data, path = made(photo, name), tmp_path / "x"
    if name == "png":
        end = data.index(b"IEND") - 4
        data = data[:end] + b"\x03\x00\x00\x00prVt"
    path.write_bytes(data)
    os.truncate(path, HUGE)
    if name == "png":
        with path.open("r+b") as file:
            file.seek(len(data) + (3 << 24) + 4)
            file.write(b"\0\0\0\0IEND\0\0\0\0")
    elif name == "avif":
        with path.open("r+b") as file:
            file.seek(len(data))
            file.write((HUGE - len(data)).to_bytes(4, "big") + box(b"free")[4:])
    found = formats.probe(path)
    assert (found.width, found.height) == (56, 40)
    assert (found.gain_map is None) == (name == "png")
    assert sum(read_bytes) < 100_000


def test_a_file_that_shrinks_is_an_error_not_the_end(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"\xff" * 100)
    with path.open("rb") as stream:
        data = source.Source(stream.fileno(), 100)
        assert data[40] == 255
        data = source.Source(stream.fileno(), 100)
        os.truncate(path, 50)
        with pytest.raises(DamagedError, match="ended at byte 50 while it was read"):
            data[40:60]


def test_it_does_what_bytes_do(tmp_path):
    expected = bytes(np.random.default_rng(3).integers(0, 4, 9000, np.uint8))
    path = tmp_path / "x"
    path.write_bytes(expected)
    with path.open("rb") as stream:
        data = source.Source(stream.fileno(), len(expected))
        assert len(data) == 9000
        for key in (0, 8999, -1, -9000):
            assert data[key] == expected[key]
        for a, b in ((0, 10), (4090, 4100), (5, 8000), (8990, 9999), (7, 3), (-5, 9000), (None, None)):
            assert data[a:b] == expected[a:b]
        for wanted in (b"\1\2\3\0\1\2", b"\3" * 6, b"\7", b"\0"):
            assert data.find(wanted) == expected.find(wanted)
            assert data.find(wanted, 4000, 8000) == expected.find(wanted, 4000, 8000)
        with pytest.raises(IndexError):
            data[9000]


def test_markers_are_found_across_pieces(monkeypatch):
    monkeypatch.setattr(segments, "STEP", 5)
    random = np.random.default_rng(2)
    for _ in range(40):
        data = bytes(random.choice([0, 255, 217, 208, 1], 40).astype(np.uint8))
        for pattern in (segments._START, segments._MARKER):
            found = re.search(pattern, data)
            assert segments._search(pattern, data, 0) == (found.start() if found else 40)
