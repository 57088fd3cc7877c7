"""Headless Chromium reads what untone writes: it sees the map, and its pixels are those of untone.apply.

The bound, at every headroom: median 5e-4 and 99th percentile 2e-3 of |ours - theirs| / max(|theirs|, 1/50). Chromium's
half floats are up to 1e-3 apart; ours has no part in that. It also takes the gamma of Adobe RGB, 563/256, as 2.2, which
is 1e-3 in light, so that the median's bound is 1e-3 there.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import chromium
import numpy as np
import photos
import pytest
from chromium import Chromium
from PIL import Image as Pillow

import untone
from untone import GainMap, Image
from untone.formats.profiles.icc import named_profile

SAMPLES = Path(__file__).parents[2] / "samples"

MEDIAN, MEDIAN_OF_GAMMA22, P99 = 5e-4, 1e-3, 2e-3
HALF_CODE = 0.5 / 255 + 5e-4
"""How far a photo without a gain map is off on a canvas of linear light: Chromium puts it into 8 bits first."""

QUARTERS = (0.0, 0.25, 0.5, 1.0, 1.5)
"""Headrooms tried, as shares of the HDR rendition's."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    executable = chromium.find()
    if executable is None:
        pytest.skip(f"none of {', '.join(chromium.NAMES)} is installed: no browser to decode with")
    with Chromium(executable) as started:
        try:
            started.decode(photos.jpeg(photos.scene(8, 8)), [0])
        except RuntimeError as error:
            if "globalHDRHeadroom" not in str(error):
                raise
            pytest.skip(f"{executable} is too old to be told a headroom")
        yield started


def agrees(browser: Chromium, data: bytes, headrooms: tuple[float, ...] = QUARTERS) -> list[np.ndarray]:
    """What the browser shows at these shares of the headroom, after comparing it with untone.apply."""
    image, gain_map = untone.read(data)
    assert gain_map is not None
    top = max(gain_map.base_headroom_stops, gain_map.alternate_headroom_stops)
    canvas = image.primaries if image.primaries in chromium.SPACES else "bt2020"
    shown = browser.decode(data, [share * top for share in headrooms], canvas)
    for share, theirs in zip(headrooms, shown, strict=True):
        difference = photos.differences(untone.apply(image, gain_map, share * top), theirs, canvas)
        median, high = np.quantile(difference, [0.5, 0.99])
        bound = MEDIAN_OF_GAMMA22 if image.transfer == "gamma22" else MEDIAN
        assert (median <= bound, high <= P99) == (True, True), f"{share} of {top} stops: {median:.1e}, {high:.1e}"
    return shown


def seen_stops(shown: list[np.ndarray]) -> float:
    """How far the brightest of the renditions leads away from the first, at the pixel where it leads furthest."""
    return float(np.abs(np.log2((np.abs(shown[-1]) + 0.1) / (np.abs(shown[0]) + 0.1))).max())


@pytest.mark.parametrize("divisor", [1, 2, 4])
@pytest.mark.parametrize("channels", [1, 3])
def test_maps_of_either_kind_and_every_size(browser: Chromium, channels: int, divisor: int):
    shown = agrees(browser, untone.write(None, Image(photos.scene()), photos.gain_map(channels, divisor)))
    assert seen_stops(shown) > 2


PARAMETERS = {
    "gamma": {"gamma": (0.5, 1.0, 2.2)},
    "negative minima": {"min_stops": (-2.0, -1.0, -0.5)},
    "no offsets": {"base_offset": (0.0,) * 3, "alternate_offset": (0.0,) * 3},
    "offsets that differ": {"base_offset": (0.01, 0.02, 0.03), "alternate_offset": (0.05, 0.001, 0.0)},
    "less headroom than gain": {"alternate_headroom_stops": 1.5},
    "a base with headroom": {"base_headroom_stops": 0.5},
    "another space": {"use_base_colour_space": False, "alternate_primaries": "bt2020"},
    "gamma in another space": {
        "gamma": (0.5, 1.0, 2.2), "use_base_colour_space": False, "alternate_primaries": "bt2020",
    },
    "an HDR base": {
        "min_stops": (-2.5,) * 3, "max_stops": (0.0,) * 3, "base_headroom_stops": 2.5, "alternate_headroom_stops": 0.0,
    },
}  # fmt: skip


@pytest.mark.parametrize("name", PARAMETERS)
def test_every_parameter_of_a_map(browser: Chromium, name: str):
    shown = agrees(browser, untone.write(None, Image(photos.scene()), photos.gain_map(3, 2, **PARAMETERS[name])))
    assert seen_stops(shown) > 1.5


def test_parameters_per_channel_of_a_map_with_one(browser: Chromium):
    gain_map = photos.gain_map(1, 2, max_stops=(1.0, 2.0, 3.0), gamma=(1.0, 1.5, 0.7))
    agrees(browser, untone.write(None, Image(photos.scene()), gain_map))


@pytest.mark.parametrize("transfer", ["srgb", "bt1886", "gamma22"])
@pytest.mark.parametrize("primaries", ["p3", "bt2020", "adobe_rgb"])
def test_bases_of_other_colour_spaces(browser: Chromium, primaries: str, transfer: str):
    base = Image(photos.scene(), primaries=primaries, transfer=transfer)
    assert seen_stops(agrees(browser, untone.write(None, base, photos.gain_map(3, 2)))) > 2


def test_a_p3_base_with_a_map_for_bt709(browser: Chromium):
    gain_map = photos.gain_map(3, 2, use_base_colour_space=False, alternate_primaries="bt709")
    agrees(browser, untone.write(None, Image(photos.scene(), primaries="p3"), gain_map))


def converted(data: bytes, **options: object) -> bytes:
    found = untone.convert(data, None, **{"model": photos.Tint(), **options}).data
    assert found is not None
    return found


INPUTS: dict[str, Callable[[], bytes]] = {
    "grey": lambda: photos.jpeg(photos.scene(), "L"),
    "inks": lambda: photos.jpeg(photos.scene(), "CMYK"),
    "progressive": lambda: photos.jpeg(photos.scene(), progressive=True),
    "chroma by 2 x 2": lambda: photos.jpeg(photos.scene(71, 103), subsampling=2),
    "chroma by 2 x 1": lambda: photos.jpeg(photos.scene(71, 103), subsampling=1),
    "Display P3": lambda: photos.jpeg(photos.scene(), icc_profile=named_profile("p3", "srgb")),
    "a profile without a name": lambda: photos.jpeg(photos.scene(), icc_profile=photos.unnamed_profile()),
}


@pytest.mark.parametrize("name", INPUTS)
def test_every_kind_of_jpeg_converted(browser: Chromium, name: str):
    assert seen_stops(agrees(browser, converted(INPUTS[name]()))) > 1


@pytest.mark.parametrize("orientation", range(1, 9))
def test_photo_and_map_turn_together(browser: Chromium, orientation: int):
    data = converted(photos.jpeg(photos.scene(), orientation=orientation))
    shown = agrees(browser, data)
    assert shown[0].shape[:2] == ((72, 104) if orientation < 5 else (104, 72))
    assert seen_stops(shown) > 1


@pytest.mark.parametrize("map_size", ["full", "half", "quarter"])
@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1), (17, 33), (31, 46)])
def test_odd_and_tiny_sizes(browser: Chromium, size: tuple[int, int], map_size: str):
    agrees(browser, converted(photos.jpeg(photos.scene(*size)), map_size=map_size))


def test_strength_0_shows_the_photo_on_every_display(browser: Chromium):
    shown = agrees(browser, converted(photos.jpeg(photos.scene()), strength=0))
    assert seen_stops(shown) < 0.01


def test_what_the_network_says_of_a_photo_is_shown(browser: Chromium):
    with Pillow.open(SAMPLES / "desert-palms.jpg") as photo:
        small = np.asarray(photo.convert("RGB").reduce(5))
    shown = agrees(browser, converted(photos.jpeg(small), model="fastgamer"))
    assert seen_stops(shown) > 0.3


@pytest.mark.parametrize("options", [{"strength": 0.5}, {"peak_nits": 400}], ids=str)
def test_the_options_of_the_line(browser: Chromium, options: dict[str, object]):
    shown = agrees(browser, converted(photos.jpeg(photos.scene()), **options))
    assert seen_stops(shown) > 0.3
    assert "peak_nits" not in options or shown[-1].max() * 203 <= 404


def test_a_known_gain_arrives(browser: Chromium):
    """One stop everywhere is (light + 1/64) * 2 - 1/64, whatever untone.apply says."""
    photo = photos.jpeg(photos.scene())
    codes = photos.codes_of(photo) / 255
    base = np.where(codes <= 0.04045, codes / 12.92, ((codes + 0.055) / 1.055) ** 2.4)
    data = converted(photo, model=photos.Lift(1.0))
    headroom = untone.read(data)[1].alternate_headroom_stops
    sdr, halfway, bright = browser.decode(data, [0, headroom / 2, 4.0])
    assert np.allclose(sdr, base, rtol=1e-3, atol=1e-5)
    assert np.allclose(halfway, (base + 1 / 64) * 2**0.5 - 1 / 64, rtol=5e-3, atol=1e-4)
    assert np.allclose(bright, (base + 1 / 64) * 2 - 1 / 64, rtol=5e-3, atol=1e-4)


@pytest.mark.parametrize("name", sorted(INPUTS.keys() - {"inks"}))
def test_sdr_displays_show_the_photo_as_it_was(browser: Chromium, name: str):
    photo = INPUTS[name]()
    canvas = untone.read(photo)[0].primaries
    (before,), (after,) = browser.decode(photo, [0], canvas), browser.decode(converted(photo), [0], canvas)
    assert np.abs(before - after).max() <= HALF_CODE


@pytest.mark.parametrize(
    "hidden", [b"urn:iso:std:iso:ts:21496:-1", b"http://ns.adobe.com/hdr-gain-map/1.0/"], ids=["xmp", "iso"]
)
def test_each_flavour_alone_gives_the_same_pixels(browser: Chromium, hidden: bytes):
    gain_map = photos.gain_map(3, 2, gamma=(0.7, 1.0, 1.3), min_stops=(-0.3, 0.0, 0.1))
    data = untone.write(None, Image(photos.scene()), gain_map)
    alone = data.replace(hidden, hidden[:-3] + b"xxx")
    assert alone.count(b"xxx") == data.count(hidden) >= 2
    (both,), (one,) = browser.decode(data, [2.5]), browser.decode(alone, [2.5])
    assert np.abs(one - both).max() <= 1e-3 * both.max()
    found = untone.read(alone)[1]
    assert isinstance(found, GainMap)
    assert len(found.encodings) == 1
