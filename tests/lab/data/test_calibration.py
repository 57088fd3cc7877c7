"""What is within bounds of the target and what is not; and the synthesis keeps the shape of real photos."""

from pathlib import Path

import numpy as np
import pytest

from untone import cli
from untone.errors import UntoneError
from untone.lab.data import calibration, pairs, sources
from untone.lab.data.examples import Example
from untone.lab.data.layouts import open_dataset
from untone.lab.data.synthesis.style import Style
from untone.lab.metrics.gain_statistics import summarized
from untone.lab.metrics.photo_targets import TARGET


def test_the_target_is_within_its_own_bounds_and_a_stop_over_it_is_not() -> None:
    assert all(fine for _, _, fine in calibration.deviations(TARGET))
    brighter = TARGET._replace(mean=TARGET.mean._replace(by_code=TARGET.mean.by_code + 1))
    out = [name for name, _, fine in calibration.deviations(brighter) if not fine]
    assert out == [f"gain of eighth {k}" for k in range(3, 9)]
    report = calibration.report(brighter)
    assert "16 of 22 figures" in report
    assert "- gain of eighth 8: +1.00" in report


def test_a_share_is_judged_in_proportion() -> None:
    mean = TARGET.mean._replace(above=TARGET.mean.above * np.array([1.3, 0.7, 1.4]))
    out = {name: off for name, off, fine in calibration.deviations(TARGET._replace(mean=mean)) if not fine}
    assert out == {"share above 4 x white": pytest.approx(0.4)}


def test_a_figure_that_no_picture_has_is_not_within_bounds() -> None:
    black = Example(
        "black", np.zeros((9, 9, 3), np.uint8), np.zeros((9, 9, 3), np.float16), np.zeros((256, 256, 3), np.uint8)
    )
    found = summarized([calibration.statistics(black)])
    assert not any(fine for _, _, fine in calibration.deviations(found))


def test_gain_grows_with_code_as_in_photos(hdr_folder: Path) -> None:
    """Little below mid grey, one to three stops in the brightest eighth: the target, loosely, of made-up scenes."""
    origins = sources.sources(hdr_folder)
    made = [pairs.make_pair(k, origins, 11, Style(size=96)) for k in range(24)]
    examples = (Example(str(k), p.sdr, p.gain_stops, np.zeros((256, 256, 3), np.uint8)) for k, p in enumerate(made))
    mean = summarized(map(calibration.statistics, examples)).mean.by_code
    assert mean[2] < 0.6
    assert mean[7] > mean[5] > mean[2] - 0.1
    assert abs(mean[7] - TARGET.mean.by_code[7]) < 0.9


def test_the_command_prints_the_table_and_what_is_out_of_bounds(
    pairs_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["calibrate", "--data", str(pairs_folder), "--count", "8"]) == 0
    out = capsys.readouterr().out
    assert "| mean of pictures | pairs (8) |" in out
    assert "of 22 figures of the pairs are within bounds" in out
    assert cli.main(["calibrate", "--data", str(pairs_folder), "--only", "a"]) == 2


def test_pairs_without_any_gain_say_so(tmp_path: Path) -> None:
    np.save(tmp_path / "00000.sdr.npy", np.zeros((2, 8, 8, 3), np.uint8))
    np.save(tmp_path / "00000.gain.npy", np.zeros((2, 8, 8, 3), np.float16))
    with pytest.raises(UntoneError, match="no picture with a gain"):
        calibration.of_dataset(open_dataset(tmp_path), 5)
