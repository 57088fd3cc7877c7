"""Extraction of parts of an .onnx graph at named tensors, without the onnx package.

A full-resolution network mixes what it knows of the whole picture into what it does to every pixel. Run by tiles, the
first must be computed once, or summed over all tiles, before the second. The file holds the whole network as published;
the runners cut it at those tensors and run the parts, each of which computes nothing it is not asked for.

Only the outermost layers of protobuf are read here (encoding: protobuf.dev/programming-guides/encoding; field numbers:
onnx.proto3): names of nodes, tensors and their values. ONNX Runtime checks the rest.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from ..errors import DamagedError

MODEL_GRAPH, MODEL_METADATA = 7, 14
GRAPH_NODE, GRAPH_INITIALIZER, GRAPH_INPUT, GRAPH_OUTPUT, GRAPH_VALUE = 1, 5, 11, 12, 13
NODE_INPUT, NODE_OUTPUT = 1, 2
VALUE_NAME, TENSOR_NAME = 1, 8
ENTRY_KEY, ENTRY_VALUE = 1, 2

CARD_KEY = "untone"
"""The entry of the file's metadata that holds the card, as JSON."""

Field = tuple[int, bytes, bytes]
"""Number, the whole field as it stands, and its content (empty for numbers, which nothing here looks at)."""


def card_of(model: bytes) -> dict[str, Any]:
    """The card of the file: architecture, shape, recipe, data, scores.

    Raises:
        DamagedError: no .onnx file, or one without a card.
    """
    for number, _, content in _fields(model):
        if number == MODEL_METADATA:
            entry = {n: c for n, _, c in _fields(content)}
            if entry.get(ENTRY_KEY) == CARD_KEY.encode():
                return _json_object(entry.get(ENTRY_VALUE, b""))
    raise DamagedError("it names no architecture")


def _json_object(text: bytes) -> dict[str, Any]:
    try:
        card = json.loads(text)
    except (ValueError, RecursionError):
        raise DamagedError("its card is not JSON") from None
    if not isinstance(card, dict) or not isinstance(card.get("shape"), dict):
        raise DamagedError("its card holds no shape")
    return card


def extracted(model: bytes, inputs: Sequence[str], outputs: Sequence[str]) -> bytes:
    """The model that computes `outputs` from `inputs`, which may be any tensors with a declared type.

    Raises:
        DamagedError: there is no such tensor, an output needs more than these inputs, or an input changes nothing.
    """
    graph = next((content for number, _, content in _fields(model) if number == MODEL_GRAPH), None)
    if graph is None:
        raise DamagedError("it holds no graph")
    parts = list(_fields(graph))
    types = {_name(p, VALUE_NAME): p[2] for p in parts if p[0] in (GRAPH_INPUT, GRAPH_OUTPUT, GRAPH_VALUE)}
    ends = [_field(GRAPH_INPUT, _declared(types, name)) for name in inputs]
    ends += [_field(GRAPH_OUTPUT, _declared(types, name)) for name in outputs]
    nodes = _needed_nodes(parts, inputs, outputs)
    used = {name for node in nodes for name in _names(node[2], NODE_INPUT)}
    stored = {_name(p, TENSOR_NAME): p for p in parts if p[0] == GRAPH_INITIALIZER}
    missing = used - stored.keys() - set(inputs) - {n for p in nodes for n in _names(p[2], NODE_OUTPUT)} - {""}
    if missing:
        raise DamagedError(f"its graph needs tensor {min(missing)!r} to give {', '.join(outputs)}")
    if not set(inputs) <= used:
        raise DamagedError(f"its graph does not need tensor {min(set(inputs) - used)!r} to give {', '.join(outputs)}")
    kept = [p[1] for p in nodes] + [p[1] for name, p in stored.items() if name in used] + ends
    kept += [p[1] for p in parts if p[0] not in _REPLACED]
    rest = b"".join(whole for number, whole, _ in _fields(model) if number != MODEL_GRAPH)
    return rest + _field(MODEL_GRAPH, b"".join(kept))


_REPLACED = (GRAPH_NODE, GRAPH_INITIALIZER, GRAPH_INPUT, GRAPH_OUTPUT, GRAPH_VALUE)


def _needed_nodes(parts: list[Field], inputs: Sequence[str], outputs: Sequence[str]) -> list[Field]:
    """Nodes that the outputs hang on, in their order; what lies before an input is not looked at."""
    wanted, needed = set(outputs) - set(inputs), []
    for part in reversed([p for p in parts if p[0] == GRAPH_NODE]):  # a graph lists its nodes in order of execution
        if wanted & _names(part[2], NODE_OUTPUT):
            needed.append(part)
            wanted |= _names(part[2], NODE_INPUT) - set(inputs)
    return needed[::-1]


def _declared(types: dict[str, bytes], name: str) -> bytes:
    if name not in types:
        raise DamagedError(f"its graph has no tensor {name!r}")
    return types[name]


def _names(message: bytes, number: int) -> set[str]:
    return {content.decode("utf-8", "replace") for n, _, content in _fields(message) if n == number}


def _name(part: Field, number: int) -> str:
    return next(iter(_names(part[2], number)), "")


def _fields(message: bytes) -> Iterator[Field]:
    """Fields of a protobuf message, in order.

    Raises:
        DamagedError: the bytes are no such message.
    """
    place = 0
    while place < len(message):
        start = place
        tag, place = _varint(message, place)
        kind = tag & 7
        if kind == 2:
            length, place = _varint(message, place)
            end = place + length
        elif kind == 0:
            end = _varint(message, place)[1]
        elif kind in (1, 5):
            end = place + (8 if kind == 1 else 4)
        else:
            raise DamagedError("it is no protobuf")
        if end > len(message):
            raise DamagedError("it is cut short")
        yield tag >> 3, message[start:end], message[place:end] if kind == 2 else b""
        place = end


def _varint(message: bytes, place: int) -> tuple[int, int]:
    """A number of seven bits a byte, lowest first, and where it ends."""
    value = 0
    for count in range(10):
        if place + count >= len(message):
            raise DamagedError("it is cut short")
        byte = message[place + count]
        value |= (byte & 127) << 7 * count
        if byte < 128:
            return value, place + count + 1
    raise DamagedError("it is no protobuf")


def _field(number: int, content: bytes) -> bytes:
    """A field of bytes, as it stands in a message."""
    return _encoded(number << 3 | 2) + _encoded(len(content)) + content


def _encoded(value: int) -> bytes:
    result = bytearray()
    while value > 127:
        result.append(value & 127 | 128)
        value >>= 7
    return bytes([*result, value])
