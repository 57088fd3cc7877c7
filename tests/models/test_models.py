"""The shipped model loads without torch, describes itself and refuses what is no model."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from untone import models
from untone.errors import UntoneError, UsageError


def test_the_shipped_model_gives_operators_for_any_thumbnail() -> None:
    model = models.load()
    for thumbnail in (np.zeros((3, 256, 256)), np.ones((3, 256, 256)), np.random.default_rng(0).random((3, 256, 256))):
        found = model.operators(thumbnail.astype(np.float32))
        assert found.lut.shape == (17, 17, 17, 3)
        assert 0 < found.qmax_stops <= 8


def test_the_card_beside_the_weights_is_theirs() -> None:
    import hashlib

    text = (models.WEIGHTS / "fastgamer.md").read_text()
    assert hashlib.sha256((models.WEIGHTS / "fastgamer.onnx").read_bytes()).hexdigest() in text
    assert models.load().card["architecture"] == "fastgamer"
    assert json.dumps(models.load().card)


def test_models_need_no_torch() -> None:
    code = "import sys, untone; untone.load(); assert 'torch' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("content", [b"", b"not a model", b"\x08\x07" * 50])
def test_what_is_no_model_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "odd.onnx"
    path.write_bytes(content)
    with pytest.raises(UntoneError, match="not an untone model") as fault:
        models.load(path)
    assert "\n" not in str(fault.value)


def test_an_unknown_name_lists_the_known() -> None:
    with pytest.raises(UsageError, match="must be fastgamer, gmnet, irnet-1, irnet, irnet-sr, itmlut, or"):
        models.load("nothing")


def test_a_thumbnail_of_another_size_is_refused() -> None:
    with pytest.raises(UntoneError, match=r"must be \[3, 256, 256\]"):
        models.load().operators(np.zeros((3, 128, 128), np.float32))
