"""Cost of a model: parameters, multiply-adds and time for one 4K picture.

Multiply-adds are those of convolutions and matrix products (as networks.md and the papers count), taken from the
model's own graph with the shapes of a 4K picture; element-wise work, look-ups and slicing are not counted. A card that
says `macs_4k` is believed.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ... import models, pipeline
from ...errors import UntoneError
from ...image import Image
from .methods.enlarged import shrunk

HEIGHT, WIDTH = 2160, 3840
MACS_CONVENTION = "MACs (FLOPs are twice that) of convolutions and matrix products for 3840 x 2160"
TIME_CONVENTION = (
    "Seconds of `untone.predict` without reading or writing, half-size map, 3840 x 2160, best of {runs}, this CPU"
)

PROJECTION_MACS = 18
"""FastGaMer's 1 x 1 projection, 6 to 3 channels, at every pixel: the paper counts it, though here it is folded away."""


def cost(name: str, timed: bool = True) -> dict[str, Any]:
    """parameters, macs_4k (None where the graph does not tell), seconds_4k (None unless timed), and conventions.

    Raises:
        UntoneError: no model of that name.
    """
    runner: Any = models.load(name)
    path = models.MODELS.get(name) or Path(name)
    import onnx  # of the extra `train`

    graph = onnx.load(str(path))
    macs = runner.card.get("macs_4k")
    runs = 3 if hasattr(runner, "operators") else 1
    return {
        "parameters": runner.card.get("parameters") or parameters(graph),
        "macs_4k": macs_4k(graph, runner) if macs is None else int(macs),
        "seconds_4k": seconds_4k(runner, runs) if timed else None,
        "macs_convention": MACS_CONVENTION,
        "time_convention": TIME_CONVENTION.format(runs=runs),
    }


def parameters(graph: Any) -> int:
    """Numbers stored in the graph as weights of convolutions, matrix products and tables; not shapes and indices."""
    floating = (1, 10, 11)  # float32, float16, float64
    return sum(int(np.prod(w.dims)) for w in graph.graph.initializer if w.data_type in floating and len(w.dims))


def macs_4k(graph: Any, runner: Any) -> int | None:
    """Multiply-adds of one 4K picture; None where a shape cannot be inferred."""
    if hasattr(runner, "operators"):
        found = macs(graph, {})
        return None if found is None else found + PROJECTION_MACS * HEIGHT * WIDTH
    factor = getattr(runner, "scale", getattr(runner, "upscale", 1))
    return macs(graph, {"height": HEIGHT // factor, "width": WIDTH // factor})


def macs(graph: Any, sides: Mapping[str, int]) -> int | None:
    """Multiply-adds of Conv, Gemm and MatMul once free sides of the inputs are set; None where shapes stay unknown."""
    import onnx

    fixed = type(graph)()
    fixed.CopyFrom(graph)
    for entry in fixed.graph.input:
        dims = entry.type.tensor_type.shape.dim
        for place, dim in enumerate(dims):
            if not dim.HasField("dim_value"):
                last = {len(dims) - 2: "height", len(dims) - 1: "width"}.get(place)
                dim.dim_value = sides.get(last or "", 1)
    del fixed.graph.value_info[:]
    for output in fixed.graph.output:
        output.type.tensor_type.ClearField("shape")
    try:
        inferred = onnx.shape_inference.infer_shapes(fixed, data_prop=True)
    except Exception:
        return None
    shapes = {w.name: tuple(w.dims) for w in inferred.graph.initializer}
    for value in (*inferred.graph.input, *inferred.graph.value_info, *inferred.graph.output):
        dims = value.type.tensor_type.shape.dim
        if all(dim.HasField("dim_value") for dim in dims):
            shapes[value.name] = tuple(dim.dim_value for dim in dims)
    try:
        return sum(_of_node(node, shapes) for node in inferred.graph.node)
    except KeyError:
        return None


def _of_node(node: Any, shapes: Mapping[str, tuple[int, ...]]) -> int:
    if node.op_type == "Conv":
        kernel = shapes[node.input[1]]
        return int(np.prod(shapes[node.output[0]])) * int(np.prod(kernel[1:]))
    if node.op_type in ("Gemm", "MatMul"):
        first = shapes[node.input[0]]
        across = first[0] if any(a.name == "transA" and a.i for a in node.attribute) else first[-1]
        return int(np.prod(shapes[node.output[0]])) * int(across)
    return 0


def seconds_4k(runner: Any, runs: int) -> float | None:
    """Best of `runs` predictions of a gradient with noise; None where a network cannot take 4K."""
    random = np.random.default_rng(0)
    rows = np.linspace(0, 200, HEIGHT)[:, None, None]
    pixels = (rows + random.integers(0, 56, (HEIGHT, WIDTH, 3))).astype(np.uint8)
    enlarges = getattr(runner, "upscale", 1)
    image = Image(pixels if enlarges == 1 else shrunk(pixels, enlarges))
    times = []
    try:
        for _ in range(runs):
            start = time.perf_counter()
            if enlarges == 1:
                pipeline.predict(image, runner)
            else:
                runner.light(image.pixels)
            times.append(time.perf_counter() - start)
    except UntoneError:
        return None
    return min(times)
