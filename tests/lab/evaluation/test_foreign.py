"""Networks that are not ours, by the contract: each convention against light worked by hand, and how it is broken."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from untone import cli, colour
from untone.errors import UntoneError, UsageError
from untone.image import Image
from untone.lab.evaluation import methods
from untone.lab.evaluation.methods import Method, foreign
from untone.lab.evaluation.pictures import Picture
from untone.lab.evaluation.protocols import ours

GREY = 188
LIGHT = float(colour.srgb_to_linear(np.array(GREY / 255)))


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", [*__import__("sys").path])
    return tmp_path


def picture(height: int = 8, width: int = 12, step: int = 1, orientation: int = 1) -> Picture:
    codes = np.full((height, width, 3), GREY, np.uint8)
    sparse = codes[::step, ::step]
    light = np.full(sparse.shape, LIGHT, np.float32)
    return Picture("grey", Image(codes, orientation=orientation), step, sparse, light, light)


def made_of(method: Method, shown: Picture) -> np.ndarray:
    """PQ codes, BT.2020."""
    return ours(shown, method.make(shown)).made.pq


def written(name: str, gives: str, body: str) -> str:
    text = f"import numpy as np\n\nclass Net:\n    gives = {gives!r}\n\n    def __call__(self, sdr):\n        {body}\n"
    Path(f"{name}.py").write_text(text)
    return f"{name}:Net"


def pq_of(light: float) -> float:
    return float(colour.nits_to_pq(np.array(203 * light)))


@pytest.mark.parametrize(
    ("gives", "body", "light"),
    [
        ("gain", "return np.ones((*sdr.shape[:2], 1), np.float32)", (LIGHT + 1 / 64) * 2 - 1 / 64),
        ("gain", "return np.ones_like(sdr)", (LIGHT + 1 / 64) * 2 - 1 / 64),
        ("gain-2.2", "return np.ones((*sdr.shape[:2], 1), np.float32)", 2 * (GREY / 255) ** 2.2),
        ("light", "return 3 * np.ones_like(sdr)", 3.0),
        ("light-bt2020", "return 3 * np.ones_like(sdr)", 3.0),
        ("pq", "return np.full_like(sdr, 0.58069)", 1.0),  # 203 nits
    ],
)
def test_what_each_convention_means(gives: str, body: str, light: float) -> None:
    name = written(f"net_{gives.replace('-', '_').replace('.', '_')}_{len(body)}", gives, body)
    (method,) = methods.of_models([name])
    assert (method.name, method.kind) == ("Net", "model")
    assert np.abs(made_of(method, picture()) - pq_of(light)).max() < 1e-4


def test_it_sees_the_whole_picture_upright_as_floats() -> None:
    name = written("seen", "gain", "assert sdr.shape == (12, 8, 3) and sdr.dtype == np.float32 and sdr.max() <= 1\n"
                   "        out = np.zeros((12, 8, 1), np.float32); out[0] = 1; return out")  # fmt: skip
    (method,) = methods.of_models([name])
    stops = method.make(picture(8, 12, orientation=6)).stops  # stored on its side: the top row is the left column
    assert stops.shape == (8, 12, 3)
    assert (stops[:, 0] == 1).all()
    assert (stops[:, 1:] == 0).all()


def test_a_smaller_map_is_enlarged() -> None:
    (method,) = methods.of_models([written("half", "gain", "return np.ones((5, 6, 1), np.float32)")])
    assert method.make(picture(9, 12)).stops.shape == (9, 12, 3)
    assert method.make(picture(9, 12, 2)).stops.shape == (5, 6, 3)


def network(outputs: int = 1, scale: float = 1.0, kind: int = TensorProto.FLOAT, sides: object = "") -> Path:
    """A network that gives its input times a number."""
    sides = sides or [1, 3, "h", "w"]
    ports = [helper.make_tensor_value_info(f"out{k}", kind, sides) for k in range(outputs)]
    nodes = [helper.make_node("Mul", ["in", "by"], [f"out{k}"]) for k in range(outputs)]
    by = helper.make_tensor("by", kind, [], [scale])
    given = helper.make_tensor_value_info("in", kind, sides)
    model = helper.make_model(helper.make_graph(nodes, "net", [given], ports, [by]), ir_version=8,
                              opset_imports=[helper.make_opsetid("", 17)])  # fmt: skip
    onnx.save(model, "net.onnx")
    return Path("net.onnx")


def test_a_bare_onnx_file_is_read_as_it_is_named() -> None:
    network(scale=2.0)
    (method,) = methods.of_models(["net.onnx:light"])
    assert method.name == "net"
    assert np.abs(made_of(method, picture()) - pq_of(2 * GREY / 255)).max() < 1e-4
    (other,) = methods.of_models(["net.onnx:pq"])
    assert other.fingerprint != method.fingerprint


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("net.onnx", "name what it gives, such as net.onnx:gain; there are gain, gain-2.2"),
        ("net.onnx:lihgt", "must be one of gain, gain-2.2, light, light-bt2020, pq, not 'lihgt'"),
        ("none.onnx:gain", "none.onnx: no such file"),
        ("nowhere.at.all:Net", "there is no module nowhere"),
        ("json:Net", "the module has no Net"),
        ("collections:OrderedDict", "must be one of gain"),
        ("odd:Net", r"must be one of gain.*, not \"\['gain'\]\""),
        ("gmnett", "no such model"),
    ],
)
def test_what_is_not_there_or_not_named_is_told(name: str, said: str) -> None:
    network()
    Path("odd.py").write_text("class Net:\n    gives = ['gain']\n")
    with pytest.raises(UsageError, match=said):
        methods.of_models([name])


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return sdr[..., :2]", r"gives \[8, 12, 2\]; gain must be \[h, w, 1\] or \[h, w, 3\]"),
        ("return sdr.transpose(1, 0, 2)", "gives 8 x 12 for a picture of 12 x 8; the proportions differ"),
        ("return sdr * np.nan", "numbers that are not finite"),
        ("raise ValueError('two\\nlines')", "the network failed: ValueError: two lines"),
        ("return 'nothing'", "gives <U7 and not an array of floating-point numbers"),
        ("return (255 * sdr).astype(np.uint8)", "gives uint8 and not an array of floating-point numbers"),
        ("return sdr.astype(complex)", "gives complex128 and not an array of floating-point numbers"),
        ("return 255 * sdr", "gives 188 stops; gain is at most 24 stops"),
        ("raise SystemExit(3)", "the network failed: SystemExit: 3"),
    ],
)
def test_what_breaks_the_contract_is_one_line(body: str, said: str) -> None:
    (method,) = methods.of_models([written(f"broken_{abs(hash(body))}", "gain", body)])
    with pytest.raises(UntoneError, match=said) as fault:
        method.make(picture())
    assert "\n" not in str(fault.value)


def test_files_that_are_no_network_of_one_input_and_one_output_are_refused() -> None:
    network(outputs=2)
    with pytest.raises(UntoneError, match="has 1 inputs and 2 outputs; the contract is one of each"):
        methods.of_models(["net.onnx:light"])
    Path("net.onnx").write_bytes(b"nothing")
    with pytest.raises(UntoneError, match=r"net\.onnx: ONNX Runtime refuses it"):
        methods.of_models(["net.onnx:light"])


@pytest.mark.parametrize("kind", [TensorProto.FLOAT16, TensorProto.DOUBLE])
def test_files_of_other_floats_are_fed_what_they_take(kind: int) -> None:
    network(scale=2.0, kind=kind)
    (method,) = methods.of_models(["net.onnx:light"])
    assert np.abs(made_of(method, picture()) - pq_of(2 * GREY / 255)).max() < 1e-3


@pytest.mark.parametrize(
    ("kind", "sides", "said"),
    [
        (TensorProto.INT32, None, r"takes tensor\(int32\) \[1, 3, h, w\]; the contract is floats"),
        (TensorProto.FLOAT, [1, "h", "w", 3], None),
        (TensorProto.FLOAT, [1, 4, "h", "w"], r"takes tensor\(float\) \[1, 4, h, w\]"),
        (TensorProto.FLOAT, [3, "h", "w"], r"takes tensor\(float\) \[3, h, w\]"),
    ],
)
def test_files_that_take_something_else_are_refused_before_any_picture(kind: int, sides: object, said: str) -> None:
    network(scale=1, kind=kind, sides=sides)
    if said:
        with pytest.raises(UntoneError, match=said):
            methods.of_models(["net.onnx:light"])
    else:  # rows where channels should be: nothing that is declared says so, the result does
        (method,) = methods.of_models(["net.onnx:light"])
        with pytest.raises(UntoneError, match="the network failed"):
            method.make(picture())


def test_what_gives_bt2020_is_given_bt709() -> None:
    """As our own networks of the kind are; a network of gains is given the picture's own codes."""
    red = np.zeros((8, 12, 3), np.uint8)
    red[..., 0] = GREY
    shown = dataclasses.replace(picture(), image=Image(red, primaries="p3"))
    seen = {}
    for gives in ("gain", "pq"):
        other = foreign.Other("net", gives, lambda sdr, key=gives: seen.update({key: sdr}) or sdr, "")
        other.make(shown)
    assert seen["gain"][0, 0] == pytest.approx([GREY / 255, 0, 0])
    wide = colour.rgb_to_rgb("p3", "bt709") @ [LIGHT, 0, 0]
    assert seen["pq"][0, 0] == pytest.approx(colour.linear_to_srgb(np.clip(wide, 0, 1)), abs=1e-4)


def test_our_own_models_are_not_foreign() -> None:
    assert foreign.found("fastgamer") is None
    assert methods.of_models(["fastgamer"])[0].card["architecture"] == "fastgamer"


def test_the_table_has_a_row_for_it(pairs_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = written("plain", "gain", "return 0 * sdr[..., :1]")
    network()
    words = ["--data", str(pairs_folder), "--pixels", "400", "--metrics", "pq_psnr", "-q"]
    assert cli.main(["eval", "--model", name, "--model", "net.onnx:gain", *words]) == 0
    rows = {line.split("|")[1].strip(" *"): line.split("|")[2:] for line in capsys.readouterr().out.splitlines()
            if line.startswith("| ")}  # fmt: skip
    assert rows["Net"] == rows["identity"]
    assert rows["net"] != rows["identity"]
