"""Pairs on disk: as many as asked for, resumed, refused where they would mix, and of the kinds that were asked for."""

import json
from pathlib import Path

import numpy as np
import pytest

from untone import cli
from untone.errors import UntoneError, UsageError
from untone.lab.data import pairs
from untone.lab.data.layouts import open_dataset
from untone.lab.data.synthesis.style import Style
from untone.lab.data.tonemapping import KINDS


def test_shards_resume_and_refuse_another_style(hdr_folder: Path, pairs_folder: Path, small_style: Style) -> None:
    before = {p.name: p.stat().st_mtime_ns for p in pairs_folder.glob("*.npy")}
    assert list(pairs.synthesise(hdr_folder, pairs_folder, 64, 5, small_style)) == [64]
    assert before == {p.name: p.stat().st_mtime_ns for p in pairs_folder.glob("*.npy")}
    with pytest.raises(UntoneError, match="another style or seed"):
        list(pairs.synthesise(hdr_folder, pairs_folder, 64, 6, small_style))
    assert len(pairs.Pairs(pairs_folder)) == 64


def test_as_many_pairs_as_asked_for_and_more_later(hdr_folder: Path, tmp_path: Path, small_style: Style) -> None:
    """Every pair is a step of the progress, from none on; what was there stays as it was."""
    assert list(pairs.synthesise(hdr_folder, tmp_path, 3, 5, small_style)) == [0, 1, 2, 3]
    first = [sdr.copy() for sdr, _ in map(pairs.Pairs(tmp_path).__getitem__, range(3))]
    assert list(pairs.synthesise(hdr_folder, tmp_path, 5, 5, small_style))[-1] == 5
    found = pairs.Pairs(tmp_path)
    assert len(found) == len(open_dataset(tmp_path, strict=True)) == 5
    assert all((found[k][0] == first[k]).all() for k in range(3))
    assert len(json.loads((tmp_path / "00000.notes.json").read_text())) == 5


def test_a_shard_that_is_not_whole_is_made_again(hdr_folder: Path, tmp_path: Path, small_style: Style) -> None:
    list(pairs.synthesise(hdr_folder, tmp_path, 2, 5, small_style))
    gain = tmp_path / "00000.gain.npy"
    whole = gain.read_bytes()
    gain.write_bytes(whole[:100])
    assert list(pairs.synthesise(hdr_folder, tmp_path, 2, 5, small_style))[-1] == 2
    assert gain.read_bytes() == whole


def test_only_the_kinds_that_are_asked_for(
    hdr_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--count", "4", "--size", "64", "--only", "agx, drago", "--leave-out", "drago"]
    assert cli.main(["synth", str(hdr_folder), "-o", str(tmp_path), *options]) == 0
    assert "0 of 4 pairs" in capsys.readouterr().err
    assert {note["kind"] for note in json.loads((tmp_path / "00000.notes.json").read_text())} == {"agx"}


def test_kinds_by_name() -> None:
    assert pairs.kinds(None, None) == tuple(KINDS)
    assert set(KINDS) - set(pairs.kinds(None, "clip,hable")) == {"clip", "hable"}
    with pytest.raises(UsageError, match="'durandd'; durand"):
        pairs.kinds(None, "durandd")
    with pytest.raises(UsageError, match="leave no kind"):
        pairs.kinds("agx", "agx")


def test_the_pairs_of_a_folder_are_photographs(pairs_folder: Path) -> None:
    found = pairs.Pairs(pairs_folder)
    assert all(found[k][1].any() for k in range(len(found)))
    assert np.mean([found[k][0].mean() for k in range(len(found))]) > 40
