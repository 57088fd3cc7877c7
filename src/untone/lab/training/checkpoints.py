"""Published checkpoints as models of ours: tensors by name, put into the definition they fit, written as .onnx.

A checkpoint says no hyper-parameters; those that decide sizes are read off its tensors, and every tensor must then fit:
none missing, none left over.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from ...console.progress import tell
from ...errors import LimitError, UntoneError, UsageError
from ...models import MAX_MODEL_BYTES
from .. import packages
from ..nets.gmnet import GMNet
from ..nets.irnet import IRNet
from ..nets.itmlut import ITMLUT
from ..nets.shapes import UPSCALE, GMNetShape, IRNetShape, ITMLUTShape
from . import export as exporting
from . import initial_weights
from .initial_weights import State
from .recipes import GMNET_REAL, GMNET_SYNTHETIC

MOST_DIFFERENCE = 1e-5
"""Of what the file gives from what the definition gives, for a picture of noise; a share of the largest above 1."""


def run(arguments: argparse.Namespace) -> int:
    """`untone convert-weights`.

    Raises:
        UsageError: no such file, an output of another kind, or one that exists.
        UntoneError: no weights, or a tensor that does not fit.
    """
    source, target = arguments.file, arguments.output
    if target.suffix != ".onnx":
        raise UsageError(f"{target}: must end in .onnx")
    if target.exists() and not arguments.force:
        raise UsageError(f"{target} exists; --force replaces it")
    packages.require("onnx")
    net = network(source, arguments.form)
    start = initial_weights.fingerprint(source)
    notes = {
        "data": arguments.note,
        "recipe": {"title": "published", "start": {"file": start.file, "sha256": start.sha256}},
    }
    found = 0.0

    def compare(written: Path) -> None:
        nonlocal found
        found = difference(net, written)
        if not found <= MOST_DIFFERENCE:
            raise UntoneError(f"{target}: would give what differs from {source} by {found:.2g}; it is not written")

    digest = exporting.export(net, target, notes, check=compare)
    tell(f"{net.card()['parameters']:,} parameters; differs from the checkpoint by at most {found:.1g}")
    print(f"{target}  sha256 {digest}")
    return 0


def network(path: Path, form: str) -> Any:
    """The network of a checkpoint, in evaluation.

    Raises:
        UsageError: there is no such file.
        UntoneError: it holds no tensors by name, or they are not this network's; names the first that does not fit.
    """
    file = initial_weights.find(path)
    if file.stat().st_size > MAX_MODEL_BYTES:
        raise LimitError(f"{path}: {file.stat().st_size} bytes; the limit is {MAX_MODEL_BYTES}")
    state = {name: value.float() for name, value in initial_weights.read(file).items()}
    net = FORMS[form](_Sizes(state, file, form))
    left_over = sorted(state.keys() - net.state_dict().keys())
    initial_weights.put(state, net, file)
    if left_over:
        raise UntoneError(f"{path}: {left_over[0]} {list(state[left_over[0]].shape)} is no tensor of {form}")
    return net.eval()


class _Sizes:
    """Sizes of the tensors of a checkpoint."""

    def __init__(self, state: State, path: Path, form: str) -> None:
        self._state, self._path, self._form = state, path, form

    def size(self, name: str, dimensions: int, axis: int) -> int:
        """One side of a tensor.

        Raises:
            UntoneError: it is missing, or has other dimensions.
        """
        value = self._state.get(name)
        if value is None:
            first = min(self._state)
            raise UntoneError(f"{self._path}: no {self._form}: it holds no {name} (it holds {first}, ...)")
        if value.ndim != dimensions or 0 in value.shape or value.shape[axis] > MOST_SIDE:
            shown = f"{name} is {list(value.shape)}"
            raise UntoneError(f"{self._path}: no {self._form}: {shown}; it must have {dimensions} dimensions")
        return int(value.shape[axis])

    def count(self, pattern: str) -> int:
        """How many numbers, from 0 or 1 on, lead to a tensor by `pattern` with {}."""
        first = 0 if pattern.format(0) in self._state else 1
        number = first
        while pattern.format(number) in self._state:
            number += 1
        return number - first

    def holds(self, name: str) -> bool:
        """Whether there is such a tensor."""
        return name in self._state


MOST_SIDE = 4096
"""Of a tensor: more than any network of the field has; before memory is taken."""


def _gmnet(like: GMNetShape) -> Callable[[_Sizes], nn.Module]:
    def make(sizes: _Sizes) -> nn.Module:
        features, blocks = sizes.size("conv_last.weight", 4, 1), sizes.count("res1.{}.conv1.weight")
        return GMNet(GMNetShape(features, blocks, like.scale, like.peak_stops, like.convention))

    return make


def _irnet(sizes: _Sizes) -> nn.Module:
    upscale = UPSCALE if sizes.holds("upsampler1.0.weight") else 1
    features = sizes.size("fea_conv.weight", 4, 0)
    return IRNet(IRNetShape(max(sizes.count("IRB{}.conv.weight"), 1), features, upscale))


def _itmlut(sizes: _Sizes) -> nn.Module:
    luts, nodes = (sizes.size("lut_gen_m.basic_luts", 5, axis) for axis in (0, 2))
    return ITMLUT(ITMLUTShape(nodes, luts, sizes.size("encoder_img_m.enocoder.6.weight", 4, 0)))


FORMS: dict[str, Callable[[_Sizes], nn.Module]] = {
    "gmnet": _gmnet(GMNET_SYNTHETIC),
    "gmnet-real": _gmnet(GMNET_REAL),
    "irnet": _irnet,
    "itmlut": _itmlut,
}
"""Form, as published.NETWORKS names it -> the network of such sizes."""


def difference(net: nn.Module, path: Path) -> float:
    """Largest difference between what a definition and a file give for a picture of noise.

    A result whose numbers go beyond 1 counts as a share of the largest, as single precision does.
    """
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    random = np.random.default_rng(0)
    sides = {"thumbnail": (256, 256)}
    given = {i.name: random.random((1, 3, *sides.get(i.name, (40, 56))), np.float32) for i in session.get_inputs()}
    with torch.no_grad():
        expected = net(*map(torch.from_numpy, given.values()))
    whole = [expected] if isinstance(expected, torch.Tensor) else list(expected)
    found = session.run(None, given)
    pairs = [(a, b.numpy()) for a, b in zip(found, whole, strict=True)]
    return max(float(np.abs(a - b).max() / max(1.0, np.abs(b).max())) for a, b in pairs)
