"""The picture of calibrate: what it draws, read off matplotlib's objects."""

import numpy as np
import pytest

from untone.lab import plots
from untone.lab.data import calibration_plot

PAIRS = [np.nan, 0.1, 0.2, 0.3, 0.5, 0.8, 1.2, 1.9]
PHOTOS = [0.1, 0.16, 0.18, 0.26, 0.42, 0.72, 1.11, 1.8]


def test_each_set_has_its_gains_and_spreads_by_eighth() -> None:
    spreads = [0.25] * 8
    figure = calibration_plot.gain_by_code({"pairs": (PAIRS, spreads), "photos": (PHOTOS, spreads)})
    (axes,) = figure.axes
    for number, gains in enumerate((PAIRS, PHOTOS)):
        line, _, (bars,) = axes.containers[number]
        np.testing.assert_allclose(np.asarray(line.get_ydata(), float), gains)
        np.testing.assert_allclose(np.round(np.asarray(line.get_xdata(), float)), range(8))
        low, high = bars.get_segments()[7][:, 1]
        assert (low, high) == (pytest.approx(gains[7] - 0.25), pytest.approx(gains[7] + 0.25))
    labels = [label.get_text() for label in axes.get_xticklabels()]
    assert (labels[0], labels[-1]) == ("0-31", "224-255")
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["pairs", "photos"]
    assert plots.as_png(figure)[:4] == b"\x89PNG"
