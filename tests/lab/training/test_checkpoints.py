"""Published checkpoints become models that give what the definition gives, or the tensor that does not fit is named."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from untone import cli, models
from untone.lab.nets import gmnet, irnet, itmlut
from untone.lab.training import checkpoints
from untone.lab.training.recipes import GMNET_REAL

NETS = {
    "gmnet": gmnet.GMNet(gmnet.Shape(16, 2, convention="gmnet")),
    "gmnet-real": gmnet.GMNet(gmnet.Shape(16, 1, 2, GMNET_REAL.peak_stops, "gmnet")),
    "irnet": irnet.IRNet(irnet.Shape(3, 32)),
    "irnet x 4": irnet.IRNet(irnet.Shape(1, 16, 4)),
    "itmlut": itmlut.ITMLUT(itmlut.Shape(nodes=5, luts=3, features=16)),
}

WRAPPED = {
    "bare": lambda state: state,
    "of DataParallel": lambda state: {f"module.{name}": value for name, value in state.items()},
    "in params": lambda state: {"params": state},
    "in params_ema": lambda state: {"params_ema": state},
    "in state_dict, of DataParallel": lambda state: {
        "epoch": 3,
        "state_dict": {f"module.{name}": value for name, value in state.items()},
    },
}


def enlivened(net: nn.Module) -> nn.Module:
    torch.manual_seed(5)
    for p in net.parameters():
        nn.init.normal_(p, std=0.5 / max(p[0].numel(), 1) ** 0.5)
    return net.eval()


def convert(source: Path, form: str, *words: str) -> int:
    return cli.main(
        ["convert-weights", str(source), "--as", form, "-o", str(source.with_suffix(".onnx")), "-q", *words]
    )


PAIRS = [
    pytest.param(name, wrapping, marks=() if name == "irnet" or wrapping == "bare" else pytest.mark.slow)
    for name in NETS
    for wrapping in WRAPPED
]
"""Fast: every wrapping of one network, and every network in none."""


@pytest.mark.parametrize(("name", "wrapping"), PAIRS)
def test_the_file_gives_what_the_checkpoint_gives(name: str, wrapping: str, tmp_path: Path) -> None:
    net, form = enlivened(NETS[name]), name.split()[0]
    torch.save(WRAPPED[wrapping](net.state_dict()), tmp_path / "net.pth")
    assert convert(tmp_path / "net.pth", form, "--note", "made by a test") == 0
    assert checkpoints.difference(net, tmp_path / "net.onnx") < 1e-5
    card = models.load(tmp_path / "net.onnx").card
    assert card["shape"] == net.card()["shape"]
    assert card["data"] == "made by a test"
    assert card["recipe"]["start"]["file"] == "net.pth"


def test_the_whole_line_runs_a_converted_checkpoint(tmp_path: Path) -> None:
    torch.save(enlivened(NETS["irnet"]).state_dict(), tmp_path / "net.pth")
    assert convert(tmp_path / "net.pth", "irnet") == 0
    pixels = np.random.default_rng(1).integers(0, 256, (30, 40, 3), np.uint8)
    model = models.load(tmp_path / "net.onnx")
    light = model.light(pixels)  # type: ignore[union-attr]
    assert light.shape == (30, 40, 3)


def broken(tmp_path: Path, **change: torch.Tensor | None) -> Path:
    state = dict(NETS["irnet"].state_dict())
    for name, value in change.items():
        key = name.replace("__", ".")
        if value is None:
            del state[key]
        else:
            state[key] = value
    torch.save(state, tmp_path / "net.pth")
    return tmp_path / "net.pth"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"LR_conv__weight": None}, "holds no weights LR_conv.weight (1 of"),
        ({"LR_conv__bias": torch.zeros(7)}, "LR_conv.bias is [7]; this recipe's network needs [32]"),
        ({"fea_conv__weight": None}, "no irnet: it holds no fea_conv.weight (it holds IRB1.conv.bias, ...)"),
        ({"fea_conv__weight": torch.zeros(32, 3)}, "fea_conv.weight is [32, 3]; it must have 4 dimensions"),
        ({"fea_conv__weight": torch.zeros(1, 1, 1, 1).expand(99999, 1, 1, 1)}, "fea_conv.weight is [99999, 1, 1, 1]"),
        ({"extra__weight": torch.zeros(3)}, "extra.weight [3] is no tensor of irnet"),
        ({"LR_conv__bias": torch.zeros(32, dtype=torch.cfloat)}, "LR_conv.bias (complex64, strided, cpu) is no plain"),
        ({"LR_conv__bias": torch.zeros(32).to_sparse()}, "LR_conv.bias (float32, sparse_coo, cpu) is no plain"),
        ({"LR_conv__bias": torch.zeros(32, device="meta")}, "LR_conv.bias (float32, strided, meta) is no plain"),
        ({"c__0__weight": torch.full((32, 96, 1, 1), torch.nan)}, "the weights c.0.weight are not finite"),
    ],
)
def test_what_does_not_fit_is_named(
    change: dict[str, torch.Tensor | None], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert convert(broken(tmp_path, **change), "irnet") == 1
    told = capsys.readouterr().err
    assert said in told
    assert told.count("\n") == 1
    assert [p.name for p in tmp_path.iterdir()] == ["net.pth"]


def test_names_may_be_numbers_and_fit_no_more_then(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.save({1: torch.zeros(3)}, tmp_path / "net.pth")
    assert convert(tmp_path / "net.pth", "irnet") == 1
    assert "no irnet: it holds no fea_conv.weight (it holds 1, ...)" in capsys.readouterr().err


def test_numbers_beyond_one_count_as_shares_of_the_largest(tmp_path: Path) -> None:
    """As single precision has them: untrained weights of Kaiming's spread make outputs of thousands."""
    torch.manual_seed(3)
    net = irnet.IRNet(irnet.Shape(4, 32, start="kaiming")).eval()
    with torch.no_grad():
        net.upsampler.get_parameter("weight").mul_(300)
        assert net(torch.rand(1, 3, 40, 56)).abs().max() > 1000
    torch.save(net.state_dict(), tmp_path / "net.pth")
    assert convert(tmp_path / "net.pth", "irnet") == 0


def test_a_file_that_differs_replaces_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = broken(tmp_path, c__0__weight=torch.full((32, 96, 1, 1), 1e38))  # finite, but what it gives is not
    path.with_suffix(".onnx").write_bytes(b"before")
    assert convert(path, "irnet", "--force") == 1
    assert "would give what differs" in capsys.readouterr().err
    assert path.with_suffix(".onnx").read_bytes() == b"before"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["net.onnx", "net.pth"]


def test_another_network_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert convert(broken(tmp_path), "gmnet") == 1
    assert "no gmnet: it holds no conv_last.weight" in capsys.readouterr().err


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("made-by-a-checkpoint",)


def test_nothing_in_a_checkpoint_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"params": Evil()}, tmp_path / "net.pth")
    assert convert(tmp_path / "net.pth", "irnet") == 1
    assert "mkdir beside tensors, and nothing in it is run" in capsys.readouterr().err
    (tmp_path / "net.pth").write_bytes(b"PK\3\4 nothing")
    assert convert(tmp_path / "net.pth", "irnet") == 1
    assert "not a file of weights that torch reads" in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["net.pth"]


def test_files_that_are_there_or_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert convert(tmp_path / "no.pth", "irnet") == 2
    path = broken(tmp_path)
    path.with_suffix(".onnx").write_bytes(b"before")
    assert convert(path, "irnet") == 2
    assert "--force replaces it" in capsys.readouterr().err
    assert path.with_suffix(".onnx").read_bytes() == b"before"
    assert convert(path, "irnet", "--force") == 0
    assert cli.main(["convert-weights", str(path), "--as", "irnet", "-o", str(tmp_path / "net.bin")]) == 2
