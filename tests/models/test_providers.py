"""What computes a model is what was asked for, or an error; never something else in silence."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from pictures import photo
from PIL import Image as Pillow

import untone
from untone import cli, models
from untone.errors import UntoneError
from untone.models import networks

OTHERS = [name for name in networks.providers() if name != "CPU"]


def test_the_cpu_is_there_and_the_cloud_is_not() -> None:
    assert networks.providers()[-1] == "CPU"
    assert "Azure" not in networks.providers()


@pytest.mark.parametrize("name", ["CPU", "cpu", "CPUExecutionProvider", "cpuexecutionprovider"])
def test_names_are_known_however_they_are_written(name: str) -> None:
    assert networks.provider_of(name) == "CPU"


def test_directml_is_known_by_both_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        onnxruntime, "get_available_providers", lambda: ["DmlExecutionProvider", "CPUExecutionProvider"]
    )
    assert [networks.provider_of(name) for name in ("DirectML", "dml", "Dml")] == ["Dml"] * 3


@pytest.mark.parametrize("words", [["photo.jpg"], ["doctor"], ["export", "clip.mp4", "--cube", "luts"]])
def test_one_that_is_not_there_is_an_error(words: list[str], tmp_path: Path, capsys, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    Pillow.fromarray(photo(45, 62)).save("photo.jpg")
    code = cli.main([*words, "--provider", "warp"])
    told = capsys.readouterr()
    assert code != 0
    if words[0] != "export":  # which looks for the film first
        assert "warp: no such provider in this ONNX Runtime; it has" in told.err + told.out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photo.jpg"]


def test_one_that_does_not_start_is_an_error_and_not_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """ONNX Runtime only warns, and takes the next: what a driver that is missing looks like."""
    made = onnxruntime.InferenceSession

    def fallen_back(data: bytes, options: Any, providers: list[str]) -> Any:
        assert providers == ["CUDAExecutionProvider", "CPUExecutionProvider"]
        return made(data, options, providers=providers[1:])

    both = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: both)
    monkeypatch.setattr(onnxruntime, "InferenceSession", fallen_back)
    with pytest.raises(UntoneError, match="the provider CUDA does not start on this machine"):
        models.load("fastgamer", "cuda")


def test_the_cpu_by_name_gives_what_the_default_gives(tmp_path: Path) -> None:
    image = untone.Image(photo(45, 62))
    one, other = (untone.predict(image, model) for model in ("fastgamer", models.load("fastgamer", "cpu")))
    assert (one.codes == other.codes).all()
    Pillow.fromarray(photo(45, 62)).save(tmp_path / "photo.jpg")
    assert cli.main([str(tmp_path / "photo.jpg"), "--provider", "cpu", "-q"]) == 0


def test_doctor_lists_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["doctor", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)["facts"]
    assert facts["providers"] == ", ".join(networks.providers())


@pytest.mark.slow
@pytest.mark.parametrize("provider", OTHERS or [None])
def test_another_provider_gives_nearly_the_same(provider: str | None, files: dict[str, Path]) -> None:
    """With a wheel such as onnxruntime-openvino in place of onnxruntime."""
    if provider is None:
        pytest.skip("this ONNX Runtime has the CPU alone")
    pixels = photo(64, 96)
    for file in (files["gmnet"], files["irnet"]):
        found = [untone.predict(untone.Image(pixels), models.load(file, name)) for name in ("CPU", provider)]
        assert np.abs(found[0].codes.astype(int) - found[1].codes).max() <= 3


COMPARED = """
import sys, numpy, untone
from untone import models
pixels = numpy.load(sys.argv[1])
one, other = (untone.predict(untone.Image(pixels), models.load(sys.argv[2], name)) for name in ("CPU", "OpenVINO"))
print(abs(one.codes.astype(int) - other.codes).max())
"""


@pytest.mark.slow
def test_openvinos_wheel_in_the_place_of_onnxruntime(files: dict[str, Path], tmp_path: Path) -> None:
    """Its wheel brings another onnxruntime, which a process of its own finds first."""
    place = tmp_path / "place"
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", place, "onnxruntime-openvino"]
    if subprocess.run(command, capture_output=True, timeout=300, check=False).returncode:
        pytest.skip("pip does not get onnxruntime-openvino here")
    np.save(tmp_path / "pixels.npy", photo(64, 96))
    paths = {"PYTHONPATH": os.pathsep.join([str(place), *filter(None, sys.path)])}

    def said(*words: object) -> str:
        command = [sys.executable, *map(str, words)]
        return subprocess.run(command, env=os.environ | paths, stdout=subprocess.PIPE, check=True).stdout.decode()

    found = json.loads(said("-m", "untone", "doctor", "--provider", "openvino", "--json"))
    assert found["well"]
    assert found["facts"]["providers"].startswith("OpenVINO")
    for file in ("fastgamer", files["gmnet"], files["irnet"]):
        assert int(said("-c", COMPARED, tmp_path / "pixels.npy", file)) <= 3


def test_nothing_is_left_at_home_and_nothing_reported(tmp_path: Path) -> None:
    """ONNX Runtime would keep an identifier there and report its use, unless it is told not to before it is loaded."""
    Pillow.fromarray(np.zeros((8, 8, 3), np.uint8)).save(tmp_path / "p.jpg")
    (tmp_path / "home").mkdir()
    kept = {name: value for name, value in os.environ.items() if name not in ("CI", "ORT_DISABLE_TELEMETRY")}
    paths = {
        "HOME": str(tmp_path / "home"),
        "XDG_CACHE_HOME": "",
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }
    command = [sys.executable, "-m", "untone", str(tmp_path / "p.jpg"), "-o", str(tmp_path / "made.jpg")]
    subprocess.run(command, env=kept | paths, check=True)
    assert (tmp_path / "made.jpg").exists()
    assert not list((tmp_path / "home").rglob("*"))
