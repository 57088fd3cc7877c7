"""The MPF index."""

import struct

import pytest

from untone.errors import DamagedError
from untone.formats.jpeg.mpf import BASELINE_PRIMARY, MPF_TAG, Entry, body_size, mpf_body, parse


def test_written_index_reads_back_with_file_offsets():
    entries = [Entry(BASELINE_PRIMARY, 5000, 0), Entry(0, 300, 5000), Entry(0x10001, 20, 5300)]
    body = mpf_body(entries, 1234)
    assert parse(body, 1234) == entries
    assert len(body) == body_size(3)


def test_offsets_are_stored_relative_to_the_tiff_header():
    body = mpf_body([Entry(BASELINE_PRIMARY, 5000, 0), Entry(0, 300, 5000)], 1234)
    assert struct.unpack_from(">I", body, len(body) - 8)[0] == 5000 - 1234
    assert b"0100" in body


def test_little_endian_index_is_read():
    tiff = struct.pack("<2sHIH", b"II", 42, 8, 2)
    tiff += struct.pack("<HHII", 0xB001, 4, 1, 2) + struct.pack("<HHII", 0xB002, 7, 32, 38) + bytes(4)
    tiff += struct.pack("<IIIHH", BASELINE_PRIMARY, 900, 0, 0, 0) + struct.pack("<IIIHH", 0, 80, 700, 0, 0)
    assert parse(MPF_TAG + tiff, 200) == [Entry(BASELINE_PRIMARY, 900, 0), Entry(0, 80, 900)]


def test_an_index_out_of_bounds_is_damaged():
    body = bytearray(mpf_body([Entry(BASELINE_PRIMARY, 5000, 0), Entry(0, 300, 5000)], 0))
    for place, value in ((8, 0xFFFFFFF0), (36, 0), (36, 65), (44, 0xFFFFFFF0), (48, 0xFFFFFFF0)):
        broken = bytearray(body)
        broken[place : place + 4] = struct.pack(">I", value)
        with pytest.raises(DamagedError):
            parse(bytes(broken), 0)
    for length in range(len(body) - 4):
        with pytest.raises(DamagedError):
            parse(bytes(body[:length]), 0)
