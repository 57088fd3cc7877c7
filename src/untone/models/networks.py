"""ONNX Runtime sessions of a network's file and of parts of its graph; faults as one line."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import kernels
from ..errors import UntoneError, UsageError
from . import graphs

Floats = NDArray[np.float32]

CPU = "CPU"
SUFFIX = "ExecutionProvider"
"""Of ONNX Runtime's names."""

ALIASES = {"directml": "dml"}
"""Lower case: what people say -> ONNX Runtime's name."""

REMOTE = ("Azure",)
"""Providers that compute elsewhere: photos stay on the machine."""


os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
# before ONNX Runtime is loaded: since 1.29 it else leaves an identifier at home and reports its use


class Network:
    """The bytes of an .onnx file, and sessions for the parts that were asked for.

    Attributes:
        name: of the file, for messages.
        card: of the file: architecture, shape, recipe, data, scores.
    """

    def __init__(self, data: bytes, card: dict[str, Any], name: str, provider: str = CPU) -> None:
        self._data, self.card, self.name, self._provider = data, card, name, provider
        self._sessions: dict[tuple[tuple[str, ...], tuple[str, ...]], Any] = {}
        self._lock = threading.Lock()

    def run(self, inputs: Mapping[str, NDArray[Any]], outputs: Sequence[str]) -> list[Floats]:
        """The outputs, as float32; one call at a time, on all threads: photos converted side by side share the memory.

        Raises:
            UntoneError: the network cannot do this, or what it gives is not finite.
        """
        with self._lock:
            session = self.part(tuple(inputs), tuple(outputs))
            try:
                found = session.run(list(outputs), dict(inputs))
            except Exception as fault:
                raise UntoneError(f"{self.name}: the network failed: {_one_line(fault)}") from None
        for name, array in zip(outputs, found, strict=True):
            if not (isinstance(array, np.ndarray) and array.dtype == np.float32 and np.isfinite(array).all()):
                raise UntoneError(f"{self.name}: the network gives {name} that is no finite number")
        return list(found)

    def choice(self, name: str, allowed: Sequence[Any]) -> Any:
        """An entry of the card's shape that must be one of a few.

        Raises:
            UntoneError: it is none of them.
        """
        value = self.card["shape"].get(name)
        if isinstance(value, bool | float) or not isinstance(value, int | str) or value not in allowed:
            shown = ", ".join(map(str, allowed))
            raise UntoneError(f"its card's {name} is {str(value)[:40]}, not one of {shown}")
        return value

    def number(self, name: str, low: float, high: float) -> float:
        """An entry of the card's shape that must be a number within bounds.

        Raises:
            UntoneError: it is not.
        """
        value = self.card["shape"].get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise UntoneError(f"its card's {name} is {str(value)[:40]}, not a number from {low:g} to {high:g}")
        return float(value)

    def part(self, inputs: tuple[str, ...], outputs: tuple[str, ...]) -> Any:
        """The session of the part between these tensors; made once.

        Raises:
            UntoneError: the file has no such part.
        """
        if (inputs, outputs) not in self._sessions:
            part = graphs.extracted(self._data, inputs, outputs)
            self._sessions[inputs, outputs] = session(part, provider=self._provider)
        return self._sessions[inputs, outputs]


def session(data: bytes, threads: int | None = None, provider: str = CPU) -> Any:
    """An ONNX Runtime session; `threads` of the CPU, None takes those of the kernels.

    Another provider than the CPU computes what it can; for operators that it lacks ONNX Runtime falls back to the CPU.
    One that does not start at all is an error, never the CPU instead.

    Args:
        provider: short name, as `providers` gives it.

    Raises:
        UntoneError: ONNX Runtime refuses the model, or the provider does not start.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = kernels.info()["threads"] if threads is None else threads
    options.log_severity_level = 4
    options.enable_cpu_mem_arena = False  # each session would keep the memory of its largest tile
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    wanted = [f"{name}{SUFFIX}" for name in dict.fromkeys((provider, CPU))]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what does not start is said below
            made = onnxruntime.InferenceSession(data, options, providers=wanted)
    except Exception as fault:
        raise UntoneError(f"ONNX Runtime refuses it: {_one_line(fault)}") from None
    if made.get_providers()[0] != wanted[0]:
        raise UntoneError(f"the provider {provider} does not start on this machine")
    return made


def providers() -> list[str]:
    """Execution providers of the installed ONNX Runtime that compute here, by short name: CUDA, CoreML, ..., CPU."""
    import onnxruntime

    found = (name.removesuffix(SUFFIX) for name in onnxruntime.get_available_providers())
    return [name for name in found if name not in REMOTE]


def provider_of(name: str) -> str:
    """The short name of a provider, however its letters are written.

    Raises:
        UsageError: the installed ONNX Runtime has none of that name.
    """
    known = {found.lower(): found for found in providers()}
    asked = str(name).lower().removesuffix(SUFFIX.lower())
    if ALIASES.get(asked, asked) not in known:
        raise UsageError(f"{name}: no such provider in this ONNX Runtime; it has {', '.join(known.values())}")
    return known[ALIASES.get(asked, asked)]


def _one_line(fault: Exception) -> str:
    return " ".join(str(fault).split())[:200]
