"""Pairs are what the style says."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from untone.lab.data import pairs, sources
from untone.lab.data.synthesis import selection
from untone.lab.data.synthesis.style import Style
from untone.lab.data.tonemapping import KINDS

SMALL = Style(size=64)


def made(hdr_folder: Path, count: int, **changes: object) -> list[pairs.Pair]:
    style = dataclasses.replace(SMALL, **changes)
    return [pairs.make_pair(k, sources.sources(hdr_folder), 3, style) for k in range(count)]


def test_phone_like_pairs_have_one_gain_never_negative_and_none_in_black(hdr_folder: Path) -> None:
    for pair in made(hdr_folder, 5, one_channel_share=1.0, never_darker_share=1.0):
        gain = pair.gain_stops.astype(float)
        assert (gain[..., 0] == gain[..., 1]).all()
        assert gain.min() >= 0
        assert pair.notes["channels"] == 1


def test_editor_like_pairs_have_three(hdr_folder: Path) -> None:
    """Of colours that a curve per channel fades."""
    found = made(hdr_folder, 5, one_channel_share=0.0, mono_share=0.0, kinds=("reinhard-channels",))
    assert max(np.ptp(pair.gain_stops.astype(float), axis=-1).max() for pair in found) > 0.1
    assert {pair.notes["channels"] for pair in found} == {3}


def test_black_and_white_and_toned_pictures_have_a_neutral_gain(hdr_folder: Path) -> None:
    for pair in made(hdr_folder, 4, mono_share=1.0, one_channel_share=0.0):
        assert np.ptp(pair.gain_stops.astype(float), axis=-1).max() == 0
        assert pair.notes["look"] != "colour"


def test_notes_say_what_a_pair_was_made_with(hdr_folder: Path) -> None:
    for pair in made(hdr_folder, 4, p3_share=0.5):
        notes = json.loads(json.dumps(pair.notes))
        assert notes["family"] == KINDS[notes["kind"]].family
        assert set(notes["parameters"]) == set(KINDS[notes["kind"]].ranges)
        assert notes["scene"] in {f"place_{k}" for k in range(3)}
        assert notes["primaries"] in ("bt709", "display-p3")


def test_the_same_seed_gives_the_same_pair_and_another_another(hdr_folder: Path) -> None:
    origins = sources.sources(hdr_folder)
    first, again, other = (pairs.make_pair(7, origins, seed, SMALL) for seed in (1, 1, 2))
    assert (first.sdr == again.sdr).all()
    assert (first.gain_stops == again.gain_stops).all()
    assert (first.sdr != other.sdr).any()


@pytest.mark.parametrize(
    ("code", "gain", "kept"),
    [(128, 0.3, True), (5, 0.3, False), (250, 0.3, False), (128, 1.8, False)],
    ids=["ordinary", "black", "washed out", "exposed anew"],
)
def test_what_no_photographer_would_keep(code: int, gain: float, kept: bool) -> None:
    sdr = np.full((32, 32, 3), code, np.uint8)
    sdr[:1] = 240
    stops = np.full(sdr.shape, gain, np.float32)
    assert selection.plausible(sdr, stops, np.random.default_rng(0), SMALL) == kept


def test_glaring_greys_are_dropped_the_more_the_brighter() -> None:
    sdr = np.full((32, 32, 3), 128, np.uint8)
    sdr[:8] = 220
    stops = np.zeros(sdr.shape, np.float32)
    shares = []
    for glare in (1.0, 2.1, 4.0):
        stops[:8] = glare
        random = np.random.default_rng(0)
        shares.append(np.mean([selection.plausible(sdr, stops, random, SMALL) for _ in range(400)]))
    assert shares[0] == 1
    assert shares[1] == pytest.approx(np.exp(-1), abs=0.08)  # half a stop over where dropping begins
    assert shares[2] < 0.03


@pytest.mark.parametrize(("core", "kept"), [(3.0, True), (-2.5, False)], ids=["a sun", "a dark core"])
def test_a_pair_keeps_the_order_of_its_lights(core: float, kept: bool) -> None:
    """Codes rise from 150 to 250 along the columns; the upper half of them gains more, or far less."""
    sdr = np.linspace(150, 250, 64).astype(np.uint8)[None, :, None].repeat(64, 0).repeat(3, -1)
    stops = np.zeros(sdr.shape, np.float32)
    stops[:, 32:] = core
    assert selection.keeps_order(sdr, stops) == kept
