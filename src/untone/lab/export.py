"""A trained network -> one ONNX file that describes itself, and its model card."""

from __future__ import annotations

import hashlib
import json
import warnings
from pathlib import Path
from typing import Any

import torch

from .nets.fastgamer import SIZE, FastGaMer

OPSET = 17


def export(net: FastGaMer, path: Path, notes: dict[str, Any]) -> str:
    """Writes `path` (.onnx), whole or not at all; returns its SHA-256.

    Args:
        net: the network, in evaluation mode.
        notes: recipe, data, licences, scores; stored in the file beside architecture and shape.
    """
    import onnx

    partial = path.with_name(f".{path.name}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            net, (torch.zeros(1, 3, SIZE, SIZE),), str(partial), input_names=["thumbnail"],
            output_names=["grids", "lut", "qmax_stops"], opset_version=OPSET, dynamo=False,
        )  # fmt: skip
    model = onnx.load(str(partial))
    entry = model.metadata_props.add()
    entry.key, entry.value = "untone", json.dumps(net.card() | notes)
    onnx.checker.check_model(model)
    onnx.save(model, str(partial))
    partial.rename(path)
    return hashlib.sha256(path.read_bytes()).hexdigest()
