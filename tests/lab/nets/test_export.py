"""Written down, every network computes what torch computes, names itself, and is whole or not there."""

import copy
import functools
import json

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from untone import models
from untone.errors import UntoneError
from untone.lab.nets import fastgamer, gmnet, irnet, itmlut, shapes
from untone.lab.training import export, initial_weights

torch.set_num_threads(1)

NETS = {
    "fastgamer": fastgamer.FastGaMer,
    "gmnet": gmnet.GMNet,
    "irnet 1": lambda: irnet.IRNet(shapes.IRNET_1),
    "irnet 2": lambda: irnet.IRNet(shapes.IRNET_2),
    "irnet 5, 4 times the size": lambda: irnet.IRNet(shapes.IRNET_5),
    "itmlut": itmlut.ITMLUT,
}


def enlivened(net):
    """Full-size networks with weights at which every part of the output shows."""
    torch.manual_seed(11)
    for p in net.parameters():
        if p.ndim in (2, 4):
            torch.nn.init.normal_(p, std=0.8 / p[0].numel() ** 0.5)
    return net.eval()


def inputs_of(name):
    thumbnail = torch.rand(1, 3, 256, 256)
    if name == "fastgamer":
        return (thumbnail,)
    picture = torch.rand(1, 3, 26, 38)  # another size than that of the export
    return (picture, thumbnail) if name == "gmnet" else (picture,)


NOTES = {"recipe": {"steps": 3}, "data": "made up", "licence": "CC0", "pq_psnr": 30.5}


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """Network, file and digest of each as it is asked for, written once."""

    @functools.cache
    def of(name):
        net, path = enlivened(NETS[name]()), tmp_path_factory.mktemp("exported") / "net.onnx"
        return net, path, export.export(net, path, NOTES)

    return of


@pytest.mark.parametrize("name", NETS)
def test_onnx_equals_torch(name, exported):
    net, path, _ = exported(name)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    given = inputs_of(name)
    with torch.no_grad():
        expected = net(*given)
    expected = [expected] if isinstance(expected, torch.Tensor) else list(expected)
    feed = {i.name: t.numpy() for i, t in zip(session.get_inputs(), given, strict=True)}
    found = session.run(None, feed)
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert one.shape == other.shape
        assert float(other.std() if other.numel() > 1 else other.abs().sum()) > 1e-5
        assert np.abs(one - other.numpy()).max() < 1e-4


@pytest.mark.parametrize("name", NETS)
def test_half_floats_halve_the_file_and_round_the_weights(name, exported, tmp_path):
    """The graph takes and gives what it did; its weights, read again, are the rounded ones, and give the same there."""
    full, path, _ = exported(name)
    net = copy.deepcopy(full)
    export.export(net, tmp_path / "half.onnx", NOTES, "fp16")
    sizes = [file.stat().st_size for file in (tmp_path / "half.onnx", path)]
    assert sizes[0] < 0.6 * sizes[1] + 60_000  # names and constants of the graph stay as they are
    state = initial_weights.read(tmp_path / "half.onnx")
    worst = max(float((state[k] - v).abs().max() / v.abs().max().clamp(min=1e-9)) for k, v in net.state_dict().items())
    assert worst < 2**-10
    initial_weights.put(state, net, tmp_path)
    session = onnxruntime.InferenceSession(str(tmp_path / "half.onnx"), providers=["CPUExecutionProvider"])
    given = inputs_of(name)
    with torch.no_grad():
        expected = net(*given)
    expected = [expected] if isinstance(expected, torch.Tensor) else list(expected)
    feed = {i.name: t.numpy() for i, t in zip(session.get_inputs(), given, strict=True)}
    for one, other in zip(session.run(None, feed), expected, strict=True):
        assert np.abs(one - other.numpy()).max() < 1e-3
    assert models.load(tmp_path / "half.onnx").card["architecture"]


@pytest.mark.parametrize("name", NETS)
def test_the_file_says_what_it_is(name, exported):
    net, path, digest = exported(name)
    model = onnx.load(str(path))
    card = json.loads(next(e.value for e in model.metadata_props if e.key == "untone"))
    assert card == json.loads(json.dumps(net.card() | NOTES))
    assert models.load(path).card == card
    assert len(digest) == 64
    assert list(path.parent.iterdir()) == [path]


def test_only_the_networks_own_results_come_out(tmp_path):
    """Tensors named for the runners stay inside: the file is the published network."""
    export.export(gmnet.GMNet(gmnet.Shape(16, 1)), tmp_path / "g.onnx", {})
    graph = onnx.load(str(tmp_path / "g.onnx")).graph
    assert [i.name for i in graph.input] == ["photo", "thumbnail"]
    assert [o.name for o in graph.output] == ["normalised", "scaled"]
    assert {"kernel", "gate", "qmax"} <= {v.name for v in graph.value_info}


def test_a_network_in_training_is_written_as_it_evaluates_and_left_in_training(tmp_path):
    net = itmlut.ITMLUT().train()
    export.export(net, tmp_path / "net.onnx", {})
    assert net.training
    assert net.encoder_img_b.training
    kinds = {n.op_type for n in onnx.load(str(tmp_path / "net.onnx")).graph.node}
    assert "Dropout" not in kinds


def test_weights_that_are_no_numbers_are_not_written(tmp_path):
    net, path = irnet.IRNet(irnet.Shape(1, 16)), tmp_path / "net.onnx"
    path.write_bytes(b"before")
    with torch.no_grad():
        net.LR_conv.bias[0] = torch.nan
    with pytest.raises(UntoneError, match=r"LR_conv\.bias are not finite"):
        export.export(net, path, {})
    assert path.read_bytes() == b"before"


def test_a_failure_leaves_nothing_behind(tmp_path, monkeypatch):
    path = tmp_path / "net.onnx"
    path.write_bytes(b"before")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(onnx, "save", full)
    with pytest.raises(UntoneError, match=r"net\.onnx: No space left"):
        export.export(irnet.IRNet(irnet.Shape(1, 16)), path, {})
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == b"before"
