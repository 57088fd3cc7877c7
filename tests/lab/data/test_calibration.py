"""The synthesis keeps the shape of what cameras write."""

from pathlib import Path

import numpy as np
import pytest

from untone.lab.data import calibration, pairs, sources, synth


def test_a_profile_by_hand() -> None:
    sdr = np.zeros((20, 20, 3), np.uint8)
    sdr[:, 10:] = 255
    gain = np.zeros((20, 20, 3))
    gain[:, 10:] = [1.0, 2.0, 3.0]
    found = calibration.profile(sdr, gain)
    assert found.gain_stops[0] == 0
    assert found.gain_stops[7] == pytest.approx(2)
    assert np.isnan(found.gain_stops[3])
    assert found.brightness == pytest.approx(0.5)
    assert found.dark_share == pytest.approx(0.5)


def test_gain_grows_with_code_value_as_in_photos(hdr_folder: Path) -> None:
    """Little below mid grey, one to three stops in the brightest eighth: the reference table, loosely."""
    style = synth.Style(size=96, alone_share=0)
    origins = sources.sources(hdr_folder)
    made = [pairs.make_pair(origins, 11, k, style) for k in range(24)]
    mean = np.nanmean([calibration.profile(p.sdr, p.gain_stops).gain_stops for p in made], 0)
    assert mean[2] < 0.6
    assert mean[7] > mean[5] > mean[2] - 0.1
    assert abs(mean[7] - calibration.REFERENCE_MEAN[7]) < 0.9
