"""The verdict on a file follows from its signalling."""

import dataclasses

import pytest

from untone.apps.inspection.command import lines, verdict
from untone.apps.inspection.validation.parameters import Finding
from untone.apps.inspection.viewers import TAKES_XMP
from untone.formats.signalling import BaseSignal, GainMapSignal, Signalling

PLAIN = Signalling("jpeg", 40, 30, BaseSignal("bt709", "srgb", 8), None, 1, None, [])
MAP = GainMapSignal(20, 15, 1, [0.0], [2.0], [1.0], [0.0], [0.0], 0.0, 2.0, True, ["iso21496-1"])


def of(transfer="srgb", **gain_map):
    found = dataclasses.replace(MAP, **gain_map) if gain_map else None
    return dataclasses.replace(PLAIN, base=BaseSignal("bt709", transfer, 8), gain_map=found)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (of(), "SDR: no HDR signalling"),
        (of("pq"), "HDR: PQ pixels"),
        (of("hlg"), "HDR: HLG pixels"),
        (of("linear"), "HDR: linear light"),
        (of(channels=1), "HDR by gain map in Chrome, iOS 18, macOS 15, Android 15; elsewhere the SDR base"),
        (of(encodings=["hdrgm-xmp"]), "Google Photos"),
        (of(encodings=["apple"]), "Apple Photos"),
        (of(encodings=["other"]), "no known viewer"),
        (of(base_headroom_stops=3.0), "elsewhere the HDR base"),
    ],
)
def test_verdicts(found, said):
    assert said in verdict(found)


def test_deviations_take_viewers_out_of_the_verdict():
    found = of(encodings=["iso21496-1", "hdrgm-xmp"])
    said = verdict(found, [Finding("mpf-attribute", "")])
    assert said.startswith(
        "HDR by gain map in iOS 18, macOS 15, Android 15, Android 14, Google Photos; not in Chrome (mpf"
    )
    assert "Chrome" in verdict(found, [Finding("mpf-attribute", "", tried=False)])
    assert "Chrome" in verdict(found, [Finding("zero-denominator", "", instead=TAKES_XMP)])
    assert verdict(found, [Finding("newer-reader", "")]).startswith(
        "SDR in effect: no known viewer applies the gain map; not"
    )


def test_equal_headrooms_are_shown_by_chrome_in_avif_alone():
    """By the specification the map has no effect; Chromium applies one in an AVIF in full."""
    found, finding = of(alternate_headroom_stops=0.0), [Finding("headrooms-equal", "")]
    assert verdict(found, finding).startswith("SDR in effect")
    assert verdict(dataclasses.replace(found, format="avif"), finding).startswith(
        "HDR by gain map in Chrome; not in Safari"
    )


@pytest.mark.parametrize(("container", "said"), [("avif", "Safari 26"), ("heic", "Android 16"), ("jxl", "Lightroom")])
def test_verdicts_know_the_container(container, said):
    found = dataclasses.replace(of(channels=1), format=container)
    assert said in verdict(found)
    assert ("Chrome" in verdict(found)) == (container == "avif")


def test_the_report_shows_numbers_profile_and_warnings():
    found = dataclasses.replace(of(max_stops=[1.23456]), icc="Display P3", warnings=["the map is odd"])
    shown = "\n".join(lines("a.jpg", found))
    for text in (
        "a.jpg: jpeg, 40 x 30, orientation 1",
        "ICC profile 'Display P3'",
        "max stops 1.2346",
        "the map is odd",
    ):
        assert text in shown
    assert "gain map  none" in "\n".join(lines("a.jpg", PLAIN))
