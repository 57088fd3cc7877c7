"""What the user reads: one line stays one line, numbers are those of the conversion."""

import dataclasses
from pathlib import Path

import pytest

from untone.apps.conversion import report
from untone.apps.conversion.planning import Job
from untone.apps.conversion.report import Outcome
from untone.console import lines
from untone.errors import DamagedError
from untone.pipeline import Conversion

DONE = Conversion(40, 30, headroom_stops=2.0, peak_nits=812.0, share_above_white=0.125)
JOB = Job("a.jpg", Path("a.jpg"), Path("a.hdr.jpg"))


def test_a_summary_has_three_lines():
    lines = report.summary(Outcome(JOB, report.CONVERTED, None, DONE, 0.42))
    assert lines == [
        "a.hdr.jpg  (0.4 s)",
        "812 nits at the brightest, 4.0 x SDR white; 12.5 % of the photo above it",
        "look at it on an HDR screen in Chrome, Safari or Google Photos; elsewhere it shows as before",
    ]


def test_the_summary_names_the_option_for_more_light_and_the_white_it_counts_by():
    done = dataclasses.replace(DONE, stronger=1.3, white_nits=100.0, peak_nits=400.0)
    line = report.summary(Outcome(JOB, report.CONVERTED, None, done, 0.42))[1]
    assert line == "400 nits at the brightest, 4.0 x SDR white; 12.5 % of the photo above it; --strength 130 for more"
    assert report.as_dict(Outcome(JOB, report.CONVERTED, None, done))["white_nits"] == 100


@pytest.mark.parametrize(("share", "said"), [(0.0, "; 0.0 %"), (0.0001, "; less than 0.1 %"), (1.0, "; 100.0 %")])
def test_small_shares_are_not_shown_as_none(share, said):
    done = Conversion(40, 30, peak_nits=203.0, share_above_white=share)
    assert said in report.summary(Outcome(JOB, report.CONVERTED, None, done))[1]


def test_json_of_a_photo_that_was_left_alone_has_no_output():
    done = Conversion(40, 30, left_alone="it already carries a gain map")
    found = report.as_dict(Outcome(JOB, report.LEFT_ALONE, done.left_alone, done, 0.1))
    assert found["status"] == "left alone"
    assert (found["width"], found["output"], found["peak_nits"]) == (40, None, None)


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a b é 日", "a b é 日"), ("a\nb\r", "a\\nb\\r"), ("\x1b[31m", "\\x1b[31m"), ("\udcff", "\\udcff")],
)
def test_nothing_leaves_its_line(text, shown):
    assert lines.one_line(text) == shown


def test_faults_name_their_file_once():
    assert lines.fault_line("a.jpg", "a.jpg: truncated") == "a.jpg: truncated"
    assert lines.fault_line("a.jpg", "truncated") == "a.jpg: truncated"
    named = lines.named("a.jpg", DamagedError("truncated"))
    assert isinstance(named, DamagedError)
    assert str(named) == "a.jpg: truncated"


def test_second_runs_over_many_photos_do_not_list_what_exists(capsys):
    for total, printed in ((1, 1), (2, 0)):
        report.Report(total).take(Outcome(JOB, report.SKIPPED, "a.hdr.jpg exists"))
        assert capsys.readouterr().err.count("\n") == printed
