"""Parts cut out of .onnx files, and what hostile files come to: one line each."""

import contextlib
import json

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper
from pictures import photo

from untone import models
from untone.errors import DamagedError, UntoneError
from untone.models import graphs

KINDS = ("gmnet", "irnet", "itmlut")


def declared(name):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, [1])


@pytest.fixture
def chain():
    """x -> a = x + one -> b = a * two -> y = b + x; weights one and two."""
    nodes = [
        helper.make_node("Add", ["x", "one"], ["a"]),
        helper.make_node("Mul", ["a", "two"], ["b"]),
        helper.make_node("Add", ["b", "x"], ["y"]),
    ]
    weights = [helper.make_tensor("one", 1, [1], [1.0]), helper.make_tensor("two", 1, [1], [2.0])]
    inner = [declared("a"), declared("b")]
    graph = helper.make_graph(nodes, "chain", [declared("x")], [declared("y")], weights, value_info=inner)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def computed(data, **feed):
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    return float(session.run(None, {k: np.array([v], np.float32) for k, v in feed.items()})[0][0])


def test_parts_compute_what_they_should(chain):
    data = chain.SerializeToString()
    assert computed(graphs.extracted(data, ["x"], ["y"]), x=3) == 11
    assert computed(graphs.extracted(data, ["x"], ["b"]), x=3) == 8
    assert computed(graphs.extracted(data, ["a"], ["b"]), a=5) == 10
    assert computed(graphs.extracted(data, ["b", "x"], ["y"]), b=1, x=2) == 3


def test_a_part_holds_only_what_it_needs(chain):
    part = onnx.load_from_string(graphs.extracted(chain.SerializeToString(), ["a"], ["b"]))
    assert [n.op_type for n in part.graph.node] == ["Mul"]
    assert [w.name for w in part.graph.initializer] == ["two"]
    assert part.opset_import[0].version == 17
    onnx.checker.check_model(part)


@pytest.mark.parametrize(
    ("inputs", "outputs", "said"),
    [
        (["x"], ["nothing"], "has no tensor 'nothing'"),
        (["a"], ["y"], "needs tensor 'x'"),
        (["x", "a"], ["a"], "does not need tensor 'a' to give"),
        (["b"], ["a"], "needs tensor 'x'"),
    ],
)
def test_parts_that_are_not_there_are_named(chain, inputs, outputs, said):
    with pytest.raises(DamagedError, match=said):
        graphs.extracted(chain.SerializeToString(), inputs, outputs)


def test_every_truncation_is_refused_or_harmless(chain):
    data = chain.SerializeToString()
    for end in range(len(data)):
        for call in (lambda d: graphs.extracted(d, ["x"], ["y"]), graphs.card_of):
            with contextlib.suppress(DamagedError):
                call(data[:end])


def test_random_bytes_are_refused():
    random = np.random.default_rng(0)
    for size in (1, 3, 50, 1000):
        for _ in range(200):
            with pytest.raises(DamagedError):
                graphs.card_of(random.integers(0, 256, size, dtype=np.uint8).tobytes())


def changed(files, tmp_path, name, change):
    """A copy of a model with its protobuf or its card changed."""
    model = onnx.load(str(files[name]))
    entry = next(e for e in model.metadata_props if e.key == "untone")
    card = json.loads(entry.value)
    change(model, card)
    entry.value = json.dumps(card)
    path = tmp_path / "hostile.onnx"
    onnx.save(model, str(path))
    return path


def loaded_and_run(path):
    model = models.load(path)
    return (model.gain_stops if hasattr(model, "gain_stops") else model.light)(photo(12, 14))


def refusal(path):
    """The one line that a file comes to when it is loaded, or run."""
    with pytest.raises(UntoneError) as fault:
        loaded_and_run(path)
    assert "\n" not in str(fault.value)
    assert "hostile.onnx" in str(fault.value)
    return str(fault.value)


@pytest.mark.parametrize("name", KINDS)
def test_a_file_without_a_card_is_refused(files, tmp_path, name):
    path = changed(files, tmp_path, name, lambda model, card: None)
    model = onnx.load(str(path))
    del model.metadata_props[:]
    onnx.save(model, str(path))
    assert "names no architecture" in refusal(path)


def test_an_unknown_architecture_is_named(files, tmp_path):
    path = changed(files, tmp_path, "gmnet", lambda _, card: card.update(architecture="hdrnet\n" * 40))
    assert "is not one of fastgamer, gmnet, irnet, itmlut" in refusal(path)


@pytest.mark.parametrize("name", KINDS)
def test_a_network_under_another_name_is_refused(files, tmp_path, name):
    other = KINDS[KINDS.index(name) - 1]
    shapes = {"gmnet": {"scale": 1, "peak_stops": 3.0, "convention": "untone", "blocks": 1}}
    shapes["irnet"] = {"blocks": 2, "upscale": 1}

    def disguise(_, card):
        card.update(architecture=other, shape=shapes.get(other, {}))

    assert "not an untone model: its graph" in refusal(changed(files, tmp_path, name, disguise))


def test_a_full_resolution_network_is_no_fastgamer(files, tmp_path):
    path = changed(files, tmp_path, "irnet", lambda _, card: card.update(architecture="fastgamer"))
    assert "its graph takes picture and gives hdr" in refusal(path)


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        ("gmnet", "scale", 3), ("gmnet", "scale", "2"), ("gmnet", "scale", 1.0), ("gmnet", "scale", True),
        ("gmnet", "scale", []), ("gmnet", "peak_stops", float("nan")), ("gmnet", "peak_stops", 1e9),
        ("gmnet", "peak_stops", -1), ("gmnet", "peak_stops", "3"), ("gmnet", "convention", "mine"),
        ("gmnet", "convention", None), ("gmnet", "blocks", 10**9), ("irnet", "blocks", 0), ("irnet", "blocks", 3),
        ("irnet", "blocks", -1), ("irnet", "upscale", 2),
    ],
)  # fmt: skip
def test_cards_that_lie_are_refused(files, tmp_path, name, key, value):
    assert refusal(changed(files, tmp_path, name, lambda _, card: card["shape"].update({key: value})))


@pytest.mark.parametrize("card", ["[]", "null", "{", "3", '{"architecture": "gmnet"}', '{"shape": 4}', "[" * 100_000])
def test_cards_that_are_none_are_refused(files, tmp_path, card):
    path = changed(files, tmp_path, "gmnet", lambda model, _: None)
    model = onnx.load(str(path))
    next(e for e in model.metadata_props if e.key == "untone").value = card
    onnx.save(model, str(path))
    assert "its card" in refusal(path)


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("gmnet", "sq_ker.conv.4.bias"), ("gmnet", "conv_last.bias"), ("irnet", "fea_conv.bias"),
        ("irnet", "upsampler.bias"), ("itmlut", "lut_gen_m.basic_luts"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_numbers_that_are_none_are_refused(files, tmp_path, name, part, value):
    def poison(model, _):
        weight = next(w for w in model.graph.initializer if w.name.endswith(part))
        array = onnx.numpy_helper.to_array(weight).copy()
        array.flat[0] = value
        weight.CopyFrom(onnx.numpy_helper.from_array(array, weight.name))

    assert "no finite number" in refusal(changed(files, tmp_path, name, poison))


@pytest.mark.parametrize("value", [1e6, -1e6])
def test_an_insane_qmax_is_refused(files, tmp_path, value):
    def swell(model, _):
        weight = next(w for w in model.graph.initializer if w.name.endswith("sq_qmax.conv.4.bias"))
        weight.CopyFrom(onnx.numpy_helper.from_array(np.array([value], np.float32), weight.name))

    assert "a qmax of 1e+06" in refusal(changed(files, tmp_path, "gmnet", swell))


def test_a_network_of_another_scale_than_its_card_says_is_refused(files, tmp_path):
    path = changed(files, tmp_path, "irnet", lambda _, card: card["shape"].update(upscale=4))
    assert "gives a picture of" in refusal(path)


def test_a_model_too_large_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "hostile.onnx"
    with path.open("wb") as file:
        file.truncate(models.MAX_MODEL_BYTES + 1)
    assert "the limit is" in refusal(path)


def test_a_file_written_anew_is_loaded_anew(files, tmp_path):
    path = changed(files, tmp_path, "gmnet", lambda *_: None)
    assert models.load(path).offset == 1 / 64
    changed(files, tmp_path, "gmnet", lambda _, card: card["shape"].update(convention="gmnet"))
    assert models.load(path).offset == 0
