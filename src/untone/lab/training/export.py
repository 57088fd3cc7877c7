"""Export of a trained network to one ONNX file that describes itself.

The file is the whole network as published. Tensors in its middle are named too, so that the runners of `models` can cut
it there and run full-resolution networks by tiles (models/graphs.py). Sizes of pictures are left open.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ...errors import UntoneError
from ..nets import fastgamer, gmnet, irnet, itmlut

OPSET = 17


@dataclasses.dataclass(frozen=True)
class Port:
    """How a network is exported.

    Attributes:
        form: a module with the network's own results first, then tensors from its middle.
        sizes: of each input of an example, without the batch.
        inputs, outputs, inner: names, in the order of the form.
        open: inputs, outputs and inner tensors whose rows and columns follow the picture: name -> axes.
    """

    form: Callable[..., nn.Module]
    sizes: tuple[tuple[int, ...], ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    inner: tuple[str, ...] = ()
    open: tuple[tuple[str, tuple[int, int]], ...] = ()


class FastGaMerForm(nn.Module):
    """FastGaMer's operators, as steep as its shape says."""

    def __init__(self, net: fastgamer.FastGaMer) -> None:
        super().__init__()
        self.net = net

    def forward(self, thumbnail: Tensor) -> tuple[Tensor, ...]:
        """Named as in `PORTS`."""
        return fastgamer.steeper(self.net(thumbnail), self.net.shape.steepness)


class GMNetForm(nn.Module):
    """GMNet's two results, then kernel, gate and qmax of its global branch."""

    def __init__(self, net: gmnet.GMNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, photo: Tensor, thumbnail: Tensor) -> tuple[Tensor, ...]:
        """Named as in `PORTS`."""
        guidance = self.net.guide(thumbnail)
        normalised = self.net.local(photo, guidance)
        return normalised, guidance.qmax * normalised, guidance.kernel, guidance.gate, guidance.qmax


class IRNetForm(nn.Module):
    """IRNet's result, then of every block what its attention works on, and what it reads of that."""

    def __init__(self, net: irnet.IRNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, picture: Tensor) -> tuple[Tensor, ...]:
        """Named as in `PORTS`."""
        first = features = self.net.fea_conv(picture)
        outputs, inner = [], []
        for block in self.net.blocks:
            body = block.body(features)
            contrast = irnet.measured_contrast(body)
            assert block.esa is not None
            features = features + block.esa(body, contrast)
            outputs.append(features)
            inner += [body, contrast]
        return self.net.tail(first, outputs), *inner


class ITMLUTForm(nn.Module):
    """ITMLUT's result, then the small picture, the encoders' maps, their means, the LUTs and the mean colour."""

    def __init__(self, net: itmlut.ITMLUT) -> None:
        super().__init__()
        self.net = net

    def forward(self, picture: Tensor) -> tuple[Tensor, ...]:
        """Named as in `PORTS`."""
        prior = functional.avg_pool2d(picture, itmlut.DOWNSCALE)
        maps = self.net.encode(prior)
        features = maps.mean((3, 4))
        luts = self.net.luts(features)
        mean = picture.mean((2, 3))
        return self.net.execute(picture, luts, mean), prior, maps, features, luts, mean


def _irnet_port(net: irnet.IRNet) -> Port:
    if net.shape.attention != "every":
        raise UntoneError("an IRNet without attention in a block is for experiments, and no model of ours")
    numbers = range(1, net.shape.blocks + 1)
    bodies = tuple(f"body_{k}" for k in numbers)
    inner = tuple(name for k in numbers for name in (f"body_{k}", f"contrast_{k}"))
    places = tuple((name, (2, 3)) for name in ("picture", "hdr", *bodies))
    return Port(IRNetForm, ((3, 24, 40),), ("picture",), ("hdr",), inner, places)


_FASTGAMER = Port(FastGaMerForm, ((3, fastgamer.SIZE, fastgamer.SIZE),), ("thumbnail",), ("grids", "lut", "qmax_stops"))
_GMNET = Port(
    GMNetForm, ((3, 24, 40), (3, gmnet.THUMBNAIL, gmnet.THUMBNAIL)), ("photo", "thumbnail"), ("normalised", "scaled"),
    ("kernel", "gate", "qmax"), tuple((name, (2, 3)) for name in ("photo", "normalised", "scaled")),
)  # fmt: skip
_ITMLUT = Port(
    ITMLUTForm, ((3, 24, 40),), ("picture",), ("hdr",), ("prior", "maps", "features", "luts", "mean"),
    (("picture", (2, 3)), ("hdr", (2, 3)), ("prior", (2, 3)), ("maps", (3, 4))),
)  # fmt: skip

PORTS: dict[str, Callable[[Any], Port]] = {
    "fastgamer": lambda net: _FASTGAMER,
    "gmnet": lambda net: _GMNET,
    "irnet": _irnet_port,
    "itmlut": lambda net: _ITMLUT,
}
"""Architecture -> how it is exported."""


def export(
    net: Any, path: Path, notes: dict[str, Any], stored: str = "fp32", check: Callable[[Path], object] | None = None
) -> str:
    """Writes `path` (.onnx), whole or not at all; returns its SHA-256.

    Args:
        net: one of the networks of `nets`; written as it works in evaluation, and left as it was.
        notes: recipe, data and its licences, scores; stored in the file beside architecture, shape and size.
        stored: fp32, or fp16 for weights as half floats, which makes the file half as large; it computes in fp32.
        check: looks at the finished file before it takes its place, and raises where it must not.

    Raises:
        UntoneError: no network of ours, weights that are not finite, or a disk that refuses.
    """
    card = net.card() | notes
    port = PORTS[card["architecture"]](net)
    bad = [name for name, p in net.state_dict().items() if not torch.isfinite(p).all()]
    if bad:
        raise UntoneError(f"{path}: the weights {bad[0]} are not finite; nothing is written")
    partial = path.with_name(f".{path.name}.partial")
    try:
        _write(net, port, partial)
        _describe(partial, port, card, stored)
        if check:
            check(partial)
        digest = hashlib.sha256(partial.read_bytes()).hexdigest()
        partial.replace(path)
    except OSError as fault:
        raise UntoneError(f"{path}: {fault.strerror}") from None
    finally:
        partial.unlink(missing_ok=True)
    return digest


def _write(net: Any, port: Port, path: Path) -> None:
    """The bare graph; pictures of any size, one at a time."""
    trained = net.training
    axes = {name: {axis: f"{name}_{k}" for axis, k in zip(pair, "hw", strict=True)} for name, pair in port.open}
    device = next(net.parameters()).device
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                port.form(net.eval()), tuple(torch.zeros(1, *size, device=device) for size in port.sizes), str(path),
                input_names=list(port.inputs), output_names=[*port.outputs, *port.inner], dynamic_axes=axes,
                opset_version=OPSET, dynamo=False,
            )  # fmt: skip
    finally:
        net.train(trained)


def _describe(path: Path, port: Port, card: dict[str, Any], stored: str) -> None:
    """Adds the card, and makes inner tensors of the outputs that only served to name them."""
    import onnx

    model = onnx.load(str(path))
    entry = model.metadata_props.add()
    entry.key, entry.value = "untone", json.dumps(card)
    inner = [o for o in model.graph.output if o.name in port.inner]
    for output in inner:
        model.graph.output.remove(output)
        if output.name not in {value.name for value in model.graph.value_info}:
            model.graph.value_info.append(output)
    if stored == "fp16":
        _halve(model.graph)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


HALVED = "_half"
"""What is added to the name of a tensor that is stored as half floats."""

LEAST_HALVED = 64
"""Numbers in a tensor from which on it is stored as half floats; shapes and other constants stay as they are."""


def _halve(graph: Any) -> None:
    """Stores large tensors as half floats, each with a Cast before everything else that gives it under its own name."""
    import onnx
    from onnx import numpy_helper

    casts = []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype == np.float32 and values.size >= LEAST_HALVED:
            name = tensor.name
            tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), name + HALVED))
            casts.append(onnx.helper.make_node("Cast", [name + HALVED], [name], to=onnx.TensorProto.FLOAT))
    rest = list(graph.node)
    del graph.node[:]
    graph.node.extend([*casts, *rest])
