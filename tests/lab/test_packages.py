"""A package that is missing is named, with what to install, before any work begins."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from untone import cli
from untone.lab import packages


@pytest.mark.parametrize(
    ("missing", "line"),
    [
        ("onnx", ("train", "fastgamer", "--data", "nowhere", "-o", "made")),
        ("tensorboardX", ("train", "fastgamer", "--data", "nowhere", "-o", "made")),
        ("matplotlib", ("rivals", "nowhere.exr", "-o", "made")),
        ("matplotlib", ("calibrate", "--data", "nowhere", "--plot", "made/plot.png")),
        ("onnx", ("experiment", "all", "--data", "nowhere", "--held-out", "nowhere", "-o", "made")),
    ],
)
def test_a_missing_package_is_said_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], missing: str,
    line: tuple[str, ...],
) -> None:  # fmt: skip
    def find(name: str, *more: Any) -> Any:
        return None if name == missing else real(name, *more)

    real = importlib.util.find_spec
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(packages.importlib.util, "find_spec", find)
    assert cli.main(list(line)) == 1
    assert capsys.readouterr().err == f"untone: this command needs {missing}: pip install 'untone[train]'\n"
    assert not list(tmp_path.iterdir())


def test_what_is_there_is_fine() -> None:
    packages.require("numpy", "torch")
