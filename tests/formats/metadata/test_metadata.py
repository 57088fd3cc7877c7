"""Gain map parameters as ISO 21496-1 bytes and as hdrgm XMP."""

import dataclasses
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from untone.errors import DamagedError, LimitError, UnsupportedError, UntoneError
from untone.formats.metadata.iso21496 import Metadata, fraction, iso_to_metadata, metadata_of, metadata_to_iso, rounded
from untone.formats.metadata.xmp import HDRGM, decimal, metadata_to_xmp, parse, properties, xmp_to_metadata
from untone.image import GainMap

ONE = Metadata((0.0,) * 3, (2.0,) * 3, (1.0,) * 3, (1 / 64,) * 3, (1 / 64,) * 3, 0.0, 1.5)


def test_iso_bytes_of_one_channel_are_those_worked_by_hand():
    numbers = [0, 1, 3, 2, 0, 1, 2, 1, 1, 1, 1, 64, 1, 64]
    expected = bytes(4) + bytes([0x40]) + b"".join(number.to_bytes(4, "big") for number in numbers)
    assert metadata_to_iso(ONE) == expected
    assert len(expected) == 61


def test_iso_bytes_of_three_channels_have_141_bytes_and_the_multichannel_flag():
    payload = metadata_to_iso(dataclasses.replace(ONE, multichannel=True, use_base_colour_space=False))
    assert (len(payload), payload[4]) == (141, 0x80)


def test_iso_reads_what_another_program_may_write():
    numbers = struct.pack(">4I", 0, 5, 7, 2) + struct.pack(">iIiIIIiIiI", -1, 4, 9, 2, 1, 2, -1, 8, 0, 3)
    found = iso_to_metadata(bytes(4) + b"\x00" + numbers)
    assert found.min_stops == (-0.25,) * 3
    assert found.max_stops == (4.5,) * 3
    assert found.gamma == (0.5,) * 3
    assert found.base_offset == (-0.125,) * 3
    assert (found.base_headroom_stops, found.alternate_headroom_stops) == (0.0, 3.5)
    assert not found.use_base_colour_space
    assert not found.multichannel


def test_iso_common_denominator_form_is_read_and_never_written():
    payload = bytes(4) + bytes([0x48]) + struct.pack(">3I", 64, 0, 128) + struct.pack(">iiIii", -64, 192, 64, 1, 1)
    found = iso_to_metadata(payload)
    assert (found.min_stops[0], found.max_stops[0], found.gamma[0], found.base_offset[0]) == (-1.0, 3.0, 1.0, 1 / 64)
    assert metadata_to_iso(found)[4] == 0x40


def test_iso_of_a_newer_writer_may_have_bytes_at_the_end():
    payload = bytearray(metadata_to_iso(ONE) + b"new")
    with pytest.raises(DamagedError, match="3 bytes too many"):
        iso_to_metadata(bytes(payload))
    payload[3] = 1
    assert iso_to_metadata(bytes(payload)) == ONE


def test_iso_that_needs_a_newer_reader_is_refused():
    with pytest.raises(UnsupportedError, match="version 1"):
        iso_to_metadata(b"\0\1\0\1" + metadata_to_iso(ONE)[4:])


@pytest.mark.parametrize("place", range(9, 61, 8))
def test_iso_with_a_zero_denominator_is_refused(place: int):
    payload = bytearray(metadata_to_iso(ONE))
    payload[place : place + 4] = bytes(4)
    with pytest.raises(DamagedError, match="zero denominator"):
        iso_to_metadata(bytes(payload))


def test_iso_cut_anywhere_is_refused():
    payload = metadata_to_iso(dataclasses.replace(ONE, multichannel=True))
    for length in range(len(payload)):
        with pytest.raises(DamagedError):
            iso_to_metadata(payload[:length])


stops = st.floats(-32, 32, allow_nan=False)
positive = st.floats(1e-3, 32, allow_nan=False)


@st.composite
def metadata(draw: st.DrawFn) -> Metadata:
    lows, spans = draw(st.tuples(stops, stops, stops)), draw(st.tuples(positive, positive, positive))
    base = draw(st.floats(0, 8))
    return Metadata(
        lows,
        tuple(low + span for low, span in zip(lows, spans, strict=True)),
        draw(st.tuples(positive, positive, positive)),
        draw(st.tuples(positive, positive, positive)),
        draw(st.tuples(stops, stops, stops)),
        base,
        base + draw(st.sampled_from((-1.0, 1.0))) * draw(st.floats(0.01, 4)) if base > 4 else base + 0.5,
        multichannel=True,
    )


@settings(max_examples=60, deadline=None)
@given(metadata())
def test_both_flavours_read_back_as_the_very_same_numbers(drawn: Metadata):
    written = rounded(drawn)
    assert iso_to_metadata(metadata_to_iso(written)) == written
    read = xmp_to_metadata(properties(metadata_to_xmp(written), HDRGM))
    assert dataclasses.replace(read, multichannel=True) == written
    assert rounded(written) == written


@settings(max_examples=200, deadline=None)
@given(st.floats(-64, 64))
def test_fractions_fit_31_bits_and_miss_by_less_than_the_last_of_them(value: float):
    top, bottom = fraction(value)
    assert abs(top) < 2**31
    assert 0 < bottom < 2**31
    assert abs(top / bottom - value) < (abs(value) + 1) / 2**31


def test_decimals_have_no_exponent_and_read_back_exactly():
    for value in (1e-7, 0.1, 1 / 3, 12345.678, 0.0, -0.0, 2.0**-40):
        text = decimal(value)
        assert "e" not in text.lower()
        assert float(text) == value


def test_xmp_of_equal_channels_is_scalar_and_of_unequal_ones_a_sequence():
    equal = metadata_to_xmp(dataclasses.replace(ONE, multichannel=True)).decode()
    assert 'hdrgm:GainMapMax="2.0"' in equal
    assert "rdf:Seq" not in equal
    unequal = metadata_to_xmp(dataclasses.replace(ONE, max_stops=(1.0, 2.0, 3.0), multichannel=True)).decode()
    assert "<hdrgm:GainMapMax><rdf:Seq><rdf:li>1.0</rdf:li><rdf:li>2.0</rdf:li><rdf:li>3.0</rdf:li>" in unequal


def test_xmp_of_an_hdr_base_swaps_capacities_and_offsets():
    down = dataclasses.replace(
        ONE,
        base_offset=(0.5,) * 3,
        alternate_offset=(0.25,) * 3,
        base_headroom_stops=2.0,
        alternate_headroom_stops=0.5,
    )
    found = properties(metadata_to_xmp(down), HDRGM)
    assert found["BaseRenditionIsHDR"] == ("True",)
    assert (found["HDRCapacityMin"], found["HDRCapacityMax"]) == (("0.5",), ("2.0",))
    assert (found["OffsetHDR"], found["OffsetSDR"]) == (("0.5",), ("0.25",))
    assert xmp_to_metadata(found) == down


def packet(description: str) -> bytes:
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
        f'xmlns:g="{HDRGM}">{description}</rdf:RDF></x:xmpmeta>'
    ).encode()


def test_xmp_reads_elements_sequences_and_defaults_under_any_prefix():
    found = xmp_to_metadata(
        properties(
            packet(
                '<rdf:Description g:HDRCapacityMax="3"><g:Version>1.0</g:Version><g:GainMapMax><rdf:Seq>'
                "<rdf:li>1</rdf:li><rdf:li> 2.5 </rdf:li><rdf:li>+3</rdf:li></rdf:Seq></g:GainMapMax></rdf:Description>"
            ),
            HDRGM,
        )
    )
    assert found.max_stops == (1.0, 2.5, 3.0)
    assert (found.min_stops, found.gamma, found.base_offset) == ((0.0,) * 3, (1.0,) * 3, (1 / 64,) * 3)
    assert (found.base_headroom_stops, found.alternate_headroom_stops) == (0.0, 3.0)


@pytest.mark.parametrize(
    ("attributes", "fault"),
    [
        ('g:GainMapMax="2"', "HDRCapacityMax"),
        ('g:HDRCapacityMax="2"', "GainMapMax"),
        ('g:GainMapMax="nan" g:HDRCapacityMax="2"', "finite"),
        ('g:GainMapMax="2" g:HDRCapacityMax="inf"', "finite"),
        ('g:GainMapMax="1e30" g:HDRCapacityMax="2"', "max_stops"),
        ('g:GainMapMax="2" g:HDRCapacityMax="1e30"', "alternate_headroom_stops"),
        ('g:GainMapMax="2" g:GainMapMin="3" g:HDRCapacityMax="2"', "above its maximum"),
        ('g:GainMapMax="2" g:Gamma="0" g:HDRCapacityMax="2"', "gamma"),
        ('g:GainMapMax="2" g:Gamma="-1" g:HDRCapacityMax="2"', "gamma"),
        ('g:GainMapMax="2" g:HDRCapacityMin="2" g:HDRCapacityMax="2"', "HDRCapacityMin"),
        ('g:GainMapMax="2,5" g:HDRCapacityMax="2"', "must be a number"),
        ('g:GainMapMax="" g:HDRCapacityMax="2"', "must be a number"),
        ('g:GainMapMax="2" g:HDRCapacityMax="2" g:BaseRenditionIsHDR="true"', "True or False"),
        ('g:GainMapMax="2" g:HDRCapacityMax="2" g:Version="2.0"', "Version"),
    ],
)
def test_xmp_numbers_that_nobody_can_use_are_refused(attributes: str, fault: str):
    with pytest.raises(UntoneError, match=fault):
        xmp_to_metadata(properties(packet(f"<rdf:Description {attributes}/>"), HDRGM))


def test_xmp_with_a_dtd_is_refused_before_anything_expands():
    bomb = (
        '<!DOCTYPE x [<!ENTITY a "'
        + "z" * 999
        + '">'
        + "".join(f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 99}">' for i in range(9))
    )
    with pytest.raises(DamagedError, match="DTD"):
        parse((bomb + "]><x>&j;</x>").encode())
    with pytest.raises(DamagedError):
        parse((bomb + "]><x>&j;</x>").encode("utf-16"))


def test_xmp_beyond_the_limit_is_refused():
    with pytest.raises(LimitError):
        parse(b"<x>" + b" " * (17 << 20) + b"</x>")


def test_equal_headrooms_are_kept():
    flat = GainMap(np.zeros((1, 1, 1), np.uint8), (0,) * 3, (0,) * 3, alternate_headroom_stops=0.0)
    assert iso_to_metadata(metadata_to_iso(metadata_of(flat))) == metadata_of(flat)
