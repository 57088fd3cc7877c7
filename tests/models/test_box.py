"""What is in the box says what it is: every model, its weights, its card for people, its figures."""

from __future__ import annotations

import json
import re

import pytest

from untone import cli, models
from untone.apps import models as command
from untone.models import box

ENTRIES = {entry.name: entry for entry in box.entries()}


def test_every_model_is_listed_in_order() -> None:
    assert list(ENTRIES) == list(models.MODELS)
    assert [name for name, entry in ENTRIES.items() if entry.default] == [models.DEFAULT]


@pytest.mark.parametrize("name", models.MODELS)
def test_what_is_listed_is_what_is_there(name: str) -> None:
    entry, path = ENTRIES[name], models.MODELS[name]
    assert entry.bytes == path.stat().st_size
    assert models.load(name).card["parameters"] == entry.parameters
    assert entry.architecture == models.load(name).card["architecture"]
    page = path.with_suffix(".md").read_text()
    assert f"`{entry.sha256}`" in page  # the card for people is of these weights
    assert re.search(r"^\| licence \| ", page, re.MULTILINE)


@pytest.mark.parametrize("name", [name for name in models.MODELS if name != models.DEFAULT])
def test_figures_are_of_these_very_weights(name: str) -> None:
    """The default's are dropped when its weights change; those of the others must be measured again then."""
    assert {"views_db", "photos_db", "seconds_per_megapixel", "training", "licence"} <= ENTRIES[name].figures.keys()


def test_figures_of_other_weights_are_not_told(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    held = json.loads(box.FIGURES.read_text())
    changed = {name: figures | {"sha256": "0" * 64} for name, figures in held.items()}
    (tmp_path / "figures.json").write_text(json.dumps(changed))
    monkeypatch.setattr(box, "FIGURES", tmp_path / "figures.json")
    assert all(entry.figures == {} for entry in box.entries())
    assert "not measured with these weights" in command._block(box.entries()[0])


def test_the_command_tells_the_same_in_both_forms(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["models"]) == 0
    text = capsys.readouterr().out
    assert cli.main(["models", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["models"]
    assert [entry["name"] for entry in listed] == list(models.MODELS)
    for entry in listed:
        assert f"{entry['parameters']:,} parameters" in text
        assert entry["sha256"][:12] in text


def test_an_unknown_name_is_told_the_names() -> None:
    with pytest.raises(models.UsageError, match=", ".join(models.MODELS)):
        models.load("gmnett")
