"""Headless Chromium reads the AVIF gain maps that untone writes; bounds as of test_chromium.

Chromium 156 shows no map of 8 bits on a base of more, whoever wrote it (libavif's own files of 10 and 8 bits, too): our
maps are as deep as their base. It decodes such a base to half floats, which are up to 5e-3 apart in light, and the map
to 8 bits, rounding down where the base has 8.
"""

import dataclasses
from typing import Any

import numpy as np
import photos
import pytest
from chromium import Chromium
from test_chromium import PARAMETERS, agrees, browser, seen_stops  # noqa: F401  # browser is a fixture

import untone
from untone import Image, formats
from untone.colour import light_of
from untone.formats.heif import encoding as heif_output
from untone.formats.heif.avif import CODEC


def avif(image: Image, **fields: Any) -> bytes:
    data = untone.write(None, image, photos.gain_map(**fields), format="avif")
    assert data is not None
    return data


@pytest.mark.parametrize("divisor", [1, 2, 4])
@pytest.mark.parametrize("channels", [1, 3])
def test_maps_of_either_kind_and_every_size(browser: Chromium, channels: int, divisor: int):  # noqa: F811
    data = avif(Image(photos.scene()), channels=channels, divisor=divisor)
    assert seen_stops(agrees(browser, data)) > 2


@pytest.mark.parametrize("name", sorted(PARAMETERS.keys() - {"a base with headroom"}))
def test_every_parameter_of_a_map(browser: Chromium, name: str):  # noqa: F811
    assert seen_stops(agrees(browser, avif(Image(photos.scene()), channels=3, divisor=2, **PARAMETERS[name]))) > 1.5


@pytest.mark.parametrize("transfer", ["srgb", "bt1886", "gamma22"])
@pytest.mark.parametrize("primaries", ["p3", "bt2020", "adobe_rgb"])
def test_bases_of_other_colour_spaces(browser: Chromium, primaries: str, transfer: str):  # noqa: F811
    agrees(browser, avif(Image(photos.scene(), primaries, transfer), divisor=2))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_photo_and_map_turn_together(browser: Chromium, orientation: int):  # noqa: F811
    shown = agrees(browser, avif(Image(photos.scene(), orientation=orientation), divisor=2))
    assert shown[0].shape[:2] == ((72, 104) if orientation < 5 else (104, 72))
    assert seen_stops(shown) > 2


@pytest.mark.parametrize("size", [(1, 9), (17, 33), (31, 46)])
def test_odd_sizes(browser: Chromium, size: tuple[int, int]):  # noqa: F811
    gain_map = photos.gain_map(3, 2)
    half = np.ascontiguousarray(gain_map.codes[: -(-size[0] // 2), : -(-size[1] // 2)])
    data = untone.write(None, Image(photos.scene(*size)), dataclasses.replace(gain_map, codes=half), format="avif")
    assert data is not None
    agrees(browser, data)


def test_grids(browser: Chromium, monkeypatch: pytest.MonkeyPatch):  # noqa: F811
    data = untone.write(None, *photos.in_cells(monkeypatch), format="avif")
    assert data is not None
    assert data.count(b"infe") == 11  # two grids of four cells, and tmap
    assert seen_stops(agrees(browser, data)) > 1


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("bits", [10, 12])
def test_deeper_bases_with_a_map_as_deep(browser: Chromium, bits: int, channels: int):  # noqa: F811
    data = avif(Image(photos.scene().astype(np.uint16) * 257, bits=bits), channels=channels, divisor=2)
    image, gain_map = untone.read(data)
    assert gain_map is not None
    headrooms = (0.0, 1.25, 2.5)
    shown = browser.decode(data, headrooms)
    for stops, theirs in zip(headrooms, shown, strict=True):
        difference = photos.differences(untone.apply(image, gain_map, stops), theirs)
        assert (np.quantile(difference, [0.5, 0.99]) <= [1.5e-3, 6e-3]).all(), stops
    assert seen_stops(shown) > 2


def test_an_hdr_base_of_10_bits(browser: Chromium):  # noqa: F811
    codes = photos.scene().astype(np.uint16) * 150
    headrooms = {"base_headroom_stops": 2.5, "alternate_headroom_stops": 0.0}
    data = avif(Image(codes, "bt2020", "pq", bits=10), divisor=2, **headrooms)
    image, gain_map = untone.read(data)
    assert gain_map is not None
    shown = browser.decode(data, (0, 1.25, 2.5), "bt2020")
    for stops, theirs in zip((0, 1.25, 2.5), shown, strict=True):
        difference = photos.differences(untone.apply(image, gain_map, stops), theirs, "bt2020")
        assert (np.quantile(difference, [0.5, 0.99]) <= [1.5e-3, 1.2e-2]).all(), stops
    assert seen_stops(shown) > 2


def test_a_shallow_map_on_a_deeper_base_is_told_and_not_shown(browser: Chromium):  # noqa: F811
    codec = dataclasses.replace(CODEC, deep_maps=False)
    deep = Image(photos.scene().astype(np.uint16) * 257, bits=10)
    data = b"".join(heif_output.write(codec, deep, photos.gain_map(3, 2), 95, 90, None))
    assert "Chrome ignores the gain map" in formats.probe(data).warnings[0]
    assert seen_stops(browser.decode(data, [0, 2.5])) < 0.01


@pytest.mark.parametrize("transfer", ["pq", "hlg"])
def test_hdr_stills_are_as_bright(browser: Chromium, transfer: str):  # noqa: F811
    codes = photos.scene().astype(np.uint16) * 150
    data = untone.write(None, Image(codes, "bt2020", transfer, bits=10), format="avif")
    assert data is not None
    (shown,) = browser.decode(data, [4], "bt2020")
    light = light_of(untone.read(data)[0])
    assert np.quantile(np.abs(light - shown) / np.maximum(np.abs(shown), photos.FLOOR), 0.5) < 2e-3
