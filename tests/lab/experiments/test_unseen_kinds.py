"""Kinds left out: folds by hand, what R2 means, and a whole small experiment, resumed."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import tiny_recipes as tiny

from untone.errors import UntoneError
from untone.lab.data.layouts import open_dataset
from untone.lab.data.subsets import notes_of
from untone.lab.experiments import unseen_kinds
from untone.lab.training.parallel import HERE

KINDS = ("aces", "drago", "durand", "hable", "reinhard")


@pytest.fixture(scope="module")
def noted(pairs_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pairs whose notes name five kinds in turn, and a drawn one."""
    folder = tmp_path_factory.mktemp("noted")
    for path in pairs_folder.glob("0*.npy"):
        (folder / path.name).symlink_to(path)
    notes = [{"kind": KINDS[k % 5], "family": "x"} for k in range(64)]
    notes[63] = {"kind": "letter", "family": "drawn"}
    (folder / "00000.notes.json").write_text(json.dumps(notes))
    return folder


def test_folds_deal_sorted_names_out() -> None:
    assert unseen_kinds.folds(["g", "b", "a", "c", "f", "e", "d", "a"]) == [["a", "f"], ["b", "g"], ["c"], ["d"], ["e"]]


def test_a_fold_never_learns_what_it_is_judged_by(noted: Path) -> None:
    pairs = open_dataset(noted)
    learned, judged = unseen_kinds.fold_of(pairs, pairs, ["drago"])
    notes = notes_of(pairs)
    assert {notes[k]["kind"] for k in learned.indices} == {*KINDS, "letter"} - {"drago"}
    assert {notes[k]["kind"] for k in judged.indices} == {"drago"}
    assert len(learned) + len(judged) == 64


def test_no_variance_is_explained_by_the_mean_and_all_by_the_truth() -> None:
    truth = {str(k): {"eighths": [0.1 * k] * 8} for k in range(5)}
    level = {str(k): {"eighths": [0.2] * 8} for k in range(5)}
    scores = {"truth": truth, "mean": level, "all": truth}
    assert unseen_kinds.explained(scores, "mean") == pytest.approx(0)
    assert unseen_kinds.explained(scores, "all") == pytest.approx(1)


def test_pairs_without_notes_are_refused(pairs_folder: Path, tmp_path: Path) -> None:
    bare = shutil.copytree(pairs_folder, tmp_path / "bare", ignore=shutil.ignore_patterns("*.notes.json"))
    pairs = open_dataset(bare)
    with pytest.raises(UntoneError, match="name too few kinds of tone mapper"):
        unseen_kinds.run(tmp_path, pairs, pairs, tiny.RECIPE, HERE, lambda line: None)


def test_two_folds_are_trained_measured_and_not_done_again(noted: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(unseen_kinds.fastgamer, "BASE_STEPS", 2)
    pairs, told = open_dataset(noted), []
    path = unseen_kinds.run(tmp_path, pairs, pairs, tiny.RECIPE, HERE, told.append, only=[0, 1])
    text = path.read_text()
    for method in ("identity", "square", "gentle square", "one curve", "one 3D LUT", "ridge", "network"):
        assert f"| {method} |" in text
    told.clear()
    unseen_kinds.run(tmp_path, pairs, pairs, tiny.RECIPE, HERE, told.append, only=[0, 1])
    assert told == []
    assert path.read_text() == text
    scores = json.loads((tmp_path / "fold-1" / "scores.json").read_text())
    assert np.isfinite([e["pq_psnr"] for e in scores["network"].values()]).all()
