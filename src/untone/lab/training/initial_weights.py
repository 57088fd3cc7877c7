"""Initial weights of a training run: from a run's folder, a checkpoint, a file of tensors by name, or an .onnx."""

from __future__ import annotations

import hashlib
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ...errors import DamagedError, UntoneError, UsageError
from .recipes import Start

State = dict[str, Tensor]


def find(path: Path) -> Path:
    """The file of weights that a path means: a folder stands for its checkpoint.

    Raises:
        UsageError: there is none.
    """
    file = path / "checkpoint.pt" if path.is_dir() else path
    if not file.is_file():
        raise UsageError(f"{path}: no weights there (a run's folder, a checkpoint, or an .onnx file)")
    return file


def fingerprint(path: Path) -> Start:
    """Name and SHA-256 of a file of weights; of a run's checkpoint, the folder's name too."""
    name = f"{path.parent.name}/{path.name}" if path.name == "checkpoint.pt" else path.name
    with path.open("rb") as file:
        return Start(name, hashlib.file_digest(file, "sha256").hexdigest())


def read(path: Path) -> State:
    """Tensors by name; of a checkpoint its averaged weights.

    Raises:
        DamagedError: not a file of weights, or one whose tensors are not plain.
    """
    return _of_onnx(path) if path.suffix == ".onnx" else _of_torch(path)


WRAPPERS = ("mean", "state_dict", "params", "params_ema", "model_state_dict", "model", "net")
"""Names under which checkpoints hold their tensors: ours, then what published ones wrap theirs in."""


def _of_torch(path: Path) -> State:
    try:
        with warnings.catch_warnings(action="ignore"):
            held: Any = torch.load(path, map_location="cpu", weights_only=True)
    except Exception:  # a file of any bytes makes torch's unpickler raise anything
        raise DamagedError(f"{path}: {_refused(path)}") from None
    for key in WRAPPERS:
        if isinstance(held, dict) and isinstance(held.get(key), dict):
            held = held[key]
    if not (isinstance(held, dict) and held and all(isinstance(v, Tensor) for v in held.values())):
        raise DamagedError(f"{path}: holds no tensors by name")
    state = {str(name).removeprefix("module."): value for name, value in held.items()}
    odd = [name for name, value in state.items() if not _plain(value)]
    if odd:
        raise DamagedError(f"{path}: {odd[0]} ({_kind(state[odd[0]])}) is no plain tensor of real numbers")
    return state


def _refused(path: Path) -> str:
    """Why torch does not read a file: what else than tensors it holds, where that is the reason."""
    try:
        with warnings.catch_warnings(action="ignore"):
            others = torch.serialization.get_unsafe_globals_in_checkpoint(path)
    except Exception:
        others = []
    if not others:
        return "not a file of weights that torch reads"
    return f"holds {min(others)[:80]} beside tensors, and nothing in it is run; save the state_dict alone"


def _plain(value: Tensor) -> bool:
    return value.is_floating_point() and value.layout == torch.strided and value.device.type == "cpu"


def _kind(value: Tensor) -> str:
    parts = (value.dtype, value.layout, value.device)
    return ", ".join(str(part).removeprefix("torch.") for part in parts)


def _of_onnx(path: Path) -> State:
    import onnx
    from onnx import numpy_helper

    try:
        graph = onnx.load(str(path)).graph
    except Exception:
        raise DamagedError(f"{path}: not an .onnx file") from None
    arrays = {tensor.name: np.array(numpy_helper.to_array(tensor)) for tensor in graph.initializer}
    for node in graph.node:  # equal tensors are kept once, half floats are cast
        if node.op_type in ("Identity", "Cast") and node.input[0] in arrays:
            held = arrays[node.input[0]]
            arrays[node.output[0]] = held.astype(np.float32) if node.op_type == "Cast" else held
    return {name.removeprefix("net."): torch.from_numpy(array) for name, array in arrays.items()}  # export.py's forms


def put(state: State, net: nn.Module, path: Path) -> None:
    """Gives a network the weights read from `path`; others that the file holds are left out.

    Raises:
        UntoneError: weights are missing or of another size; the message names the first.
    """
    wanted = net.state_dict()
    missing = [name for name in wanted if name not in state]
    if missing:
        raise UntoneError(f"{path}: holds no weights {missing[0]} ({len(missing)} of {len(wanted)} missing)")
    for name, value in wanted.items():
        if state[name].shape != value.shape:
            found, needed = list(state[name].shape), list(value.shape)
            raise UntoneError(f"{path}: {name} is {found}; this recipe's network needs {needed}")
    net.load_state_dict({name: state[name] for name in wanted})
