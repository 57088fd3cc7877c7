"""Pairs are what the calibration says, and the same for the same seed."""

from pathlib import Path

import numpy as np
import pytest

from untone.errors import UntoneError
from untone.lab.data import pairs, sources, synth, tonemap


@pytest.mark.parametrize("name", tonemap.CURVES)
def test_curves_keep_black_rise_and_end_at_white(name: str) -> None:
    light = np.linspace(0, 4, 400)
    out = tonemap.CURVES[name](light, 4.0)
    assert abs(out[0]) < 1e-6
    assert (np.diff(out) > -1e-9).all()
    assert 0.8 <= out[-1] <= 1 + 1e-9


@pytest.mark.parametrize("name", tonemap.LOCAL)
def test_local_operators_compress_lights_and_leave_shadows(name: str) -> None:
    """A dark half at -6 stops stays, a bright half at +2 stops comes down, and nothing is reversed."""
    stops = np.full((64, 64), -6.0)
    stops[:, 32:] = 2.0
    out = tonemap.LOCAL[name](stops, -2.0, 0.8, 4)
    assert abs(out[:, :16].mean() + 6) < 0.35
    assert out[:, 48:].mean() < 1.8
    assert out[:, 48:].mean() > out[:, :16].mean()
    assert np.isfinite(out).all()


def test_compress_is_the_identity_below_and_has_its_slope_above() -> None:
    out = tonemap.compress(np.array([-8.0, 4.0, 5.0]), -1.0, 0.25)
    assert abs(out[0] + 8) < 1e-6
    assert abs((out[2] - out[1]) - 0.25) < 1e-6


def test_bounded_light_keeps_luminance_and_obeys_its_limit() -> None:
    light = np.array([[[3.0, 0.2, 0.1], [0.5, 0.5, 0.5], [9.0, 9.0, 9.0]]])
    out = synth.bounded(light, 1.0)
    assert out.max() <= 1 + 1e-6
    assert np.allclose(out[0, 1], light[0, 1])
    assert np.isclose(out[0, 0] @ synth.LUMA, light[0, 0] @ synth.LUMA, rtol=1e-5)


def test_phone_pairs_have_one_gain_never_negative_and_none_in_the_shadows(hdr_folder: Path) -> None:
    style = synth.Style(size=64, alone_share=0, phone_share=1)
    made = [pairs.make_pair(sources.sources(hdr_folder), 3, k, style) for k in range(6)]
    for pair in made:
        gain = pair.gain_stops.astype(float)
        assert (gain[..., 0] == gain[..., 1]).all()
        assert gain.min() >= 0
        dark = pair.sdr.max(-1) < 20
        assert gain[dark].max(initial=0) < 0.05


def test_drawn_pictures_have_no_gain(small_style: synth.Style) -> None:
    pair = synth.drawn(np.random.default_rng(0), small_style.size)
    assert pair.kind == "alone"
    assert not pair.gain_stops.any()
    assert np.ptp(pair.sdr) > 30


def test_the_same_seed_gives_the_same_pair_and_another_another(hdr_folder: Path, small_style: synth.Style) -> None:
    origins = sources.sources(hdr_folder)
    first, again, other = (pairs.make_pair(origins, seed, 7, small_style) for seed in (1, 1, 2))
    assert (first.sdr == again.sdr).all()
    assert (first.gain_stops == again.gain_stops).all()
    assert (first.sdr != other.sdr).any()


def test_shards_resume_and_refuse_another_style(hdr_folder: Path, pairs_folder: Path, small_style: synth.Style) -> None:
    before = {p.name: p.stat().st_mtime_ns for p in pairs_folder.glob("*.npy")}
    assert list(pairs.synthesise(hdr_folder, pairs_folder, 64, 5, small_style)) == []
    assert before == {p.name: p.stat().st_mtime_ns for p in pairs_folder.glob("*.npy")}
    with pytest.raises(UntoneError, match="another style or seed"):
        list(pairs.synthesise(hdr_folder, pairs_folder, 64, 6, small_style))
    assert len(pairs.Pairs(pairs_folder)) == 64
