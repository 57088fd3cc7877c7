"""libavif reads the AVIF that untone writes: the same numbers, the same codes, and the light of untone.apply.

The bound where the map has the base's size: 99th percentile of |ours - theirs| / max(their brightest, 1/50) within
5e-4. It scales smaller maps in codes of their own bits, as luma and chroma: there the median is held to 2e-3.
"""

import dataclasses
from typing import Any

import libavif
import numpy as np
import photos
import pytest
from libavif import Opened
from test_chromium import PARAMETERS

import untone
from untone import GainMap, Image
from untone.formats.heif import avif
from untone.formats.metadata.iso21496 import metadata_of

P99, MEDIAN_OF_SMALLER = 5e-4, 2e-3


@pytest.fixture(scope="module")
def library() -> Any:
    found = libavif.load()
    if found is None:
        pytest.skip("Pillow carries no libavif 1.2 to 1.4 as a library of its own: nothing to read with")
    return found


def written(image: Image, gain_map: GainMap, **options: int) -> bytes:
    return b"".join(avif.write(image, gain_map, **options))


def agrees(library: Any, data: bytes, smaller: bool = False) -> None:
    image, gain_map = untone.read(data)
    assert gain_map is not None
    top = max(gain_map.base_headroom_stops, gain_map.alternate_headroom_stops)
    with Opened(library, data) as opened:
        numbers = opened.numbers()
        assert numbers == {name: getattr(metadata_of(gain_map), name) for name in numbers}
        bits = opened.image.depth
        theirs = opened.codes() * (int(np.iinfo(image.pixels.dtype).max) / ((1 << bits) - 1))
        assert np.abs(theirs - image.pixels).max() <= 0.5
        for share in (0.0, 0.5, 1.0):
            light = opened.applied(share * top, image.primaries)
            ours = np.maximum(untone.apply(image, gain_map, share * top).pixels, 0)  # PQ has no negative light
            difference = np.abs(ours - light) / np.maximum(light.max(axis=2, keepdims=True), photos.FLOOR)
            quantile, bound = (0.5, MEDIAN_OF_SMALLER) if smaller else (0.99, P99)
            assert np.quantile(difference, quantile) <= bound, f"{share} of {top} stops"


def base(bits: int) -> Image:
    codes = photos.scene()
    return Image(codes if bits == 8 else codes.astype(np.uint16) * 257, bits=bits)


@pytest.mark.parametrize("divisor", [1, 2])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("bits", [8, 10, 12])
def test_every_depth_and_kind_of_map(library: Any, bits: int, channels: int, divisor: int):
    data = written(base(bits), photos.gain_map(channels, divisor))
    agrees(library, data, smaller=divisor > 1)
    with Opened(library, data) as opened:
        assert opened.map is not None
        assert (opened.image.depth, opened.map.picture.contents.depth) == (bits, bits)


@pytest.mark.parametrize("name", PARAMETERS)
def test_every_parameter_of_a_map(library: Any, name: str):
    agrees(library, written(base(8), photos.gain_map(3, 1, **PARAMETERS[name])))


@pytest.mark.parametrize("primaries", ["p3", "bt2020"])
def test_bases_of_other_primaries(library: Any, primaries: str):
    agrees(library, written(dataclasses.replace(base(8), primaries=primaries), photos.gain_map(3)))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turned_bases_keep_their_map(library: Any, orientation: int):
    agrees(library, written(dataclasses.replace(base(8), orientation=orientation), photos.gain_map(3)))


def test_an_hdr_base_with_an_sdr_alternate(library: Any):
    codes = photos.scene().astype(np.uint16) * 150
    gain_map = photos.gain_map(
        3, 1, min_stops=(-2.5,) * 3, max_stops=(0.0,) * 3, base_headroom_stops=2.5, alternate_headroom_stops=0.0
    )
    agrees(library, written(Image(codes, "bt2020", "pq", bits=10), gain_map))


@pytest.mark.parametrize("turns", [None, (1, 0), (2, 1), (3, 1)])
def test_files_of_libavif_are_read_as_it_reads_them(library: Any, turns: tuple[int, int] | None):
    data = libavif.encoded(library, photos.scene(), photos.codes(3), turns)
    agrees(library, data)
    image, gain_map = untone.read(data)
    assert gain_map is not None
    assert (gain_map.gamma, gain_map.max_stops) == ((1.0, 0.5, 1 / 3), (2.5,) * 3)
    assert gain_map.alternate_primaries == "bt2020"
    assert (image.orientation == 1) == (turns is None)
    assert untone.formats.probe(data).warnings == []
    with Opened(library, data) as opened:
        assert opened.map is not None
        theirs = opened.codes(opened.map.picture.contents)
    assert np.abs(theirs - gain_map.codes.astype(int)).max() <= 1


def test_grids(library: Any, monkeypatch: pytest.MonkeyPatch):
    data = written(*photos.in_cells(monkeypatch))
    assert data.count(b"infe") == 11  # two grids of four cells, and tmap
    agrees(library, data)
