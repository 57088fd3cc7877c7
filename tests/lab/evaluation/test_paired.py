"""Tables of methods side by side: paired differences, and gain statistics asked for alone."""

import pytest

from untone import cli
from untone.lab.evaluation import gallery, tables
from untone.lab.evaluation.measuring import TRUTH, Table

COLUMNS = ("pq_psnr", "delta_e_itp")


def figures(values):
    return {f"photo-{k}": {"pq_psnr": value, "delta_e_itp": 50 - value} for k, value in enumerate(values)}


@pytest.fixture
def table():
    rows = {
        "square": figures((30, 32, 40)),
        "ours": figures((31, 33, 41)),
        "theirs": figures((31, 33, 44)),
        TRUTH: figures((float("nan"),) * 3),
    }
    return Table("set", rows, indices={"photo-0": 0, "photo-1": 1, "photo-2": 2})


def test_a_single_model_is_paired_with_the_baselines(table):
    shown = tables.markdown(table, COLUMNS, ["ours"])
    assert "| ours - square | +1.00 (+1.00..+1.00) | -1.0 (-1.0..-1.0) |" in shown
    assert f"- {TRUTH}" not in shown


def test_further_models_are_paired_with_the_first(table):
    shown = tables.paired(table, COLUMNS, ["ours", "theirs"])
    assert [line.split(" |")[0] for line in shown.splitlines()[3:]] == ["| ours - square", "| theirs - ours"]
    assert "| theirs - ours | +1.00 (+0.00..+3.00)" in shown


def test_baselines_alone_have_no_differences(table):
    assert tables.paired(table, COLUMNS, []) == ""
    assert "paired" not in tables.markdown(table, COLUMNS, [])


def test_the_page_shows_them_and_the_regression(table):
    assert "<td>ours - square</td><td>+1.00 (+1.00..+1.00)</td>" in gallery._paired(table, COLUMNS, ["ours"])
    assert gallery._paired(table, COLUMNS, []) == ""
    assert "ridge" in gallery.SHOWN


@pytest.mark.parametrize("model", [(), ("--reference-only",)])
def test_gain_statistics_alone_come_with_the_figure_that_pictures_are_ordered_by(pairs_folder, tmp_path, model, capsys):
    few = ("--data", str(pairs_folder), "--pictures", "2", "--pixels", "400", "-q", *model)
    assert cli.main(["eval", *few, "--metrics", "gains", "--html", str(tmp_path / "page.html")]) == 0
    said = capsys.readouterr().out
    assert "| method | PQ-PSNR dB (95%) |" in said
    assert "| gain by eighth of code, 3rd to 8th |" in said
    assert "What the gain does" in (tmp_path / "page.html").read_text()
