"""`untone doctor`: versions, kernels and threads, and a self-test of the whole line on a built-in picture."""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import platform
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import __version__, formats, kernels, pipeline
from ..console.options import add_json, add_quiet
from ..errors import UntoneError
from ..image import GainMap, Image
from ..models import networks

PACKAGES = ("numpy", "pillow", "onnxruntime", "imagecodecs", "OpenEXR", "rich", "torch")
SIDE = 96


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `untone doctor`."""
    parser.add_argument("--model", default=pipeline.DEFAULT_MODEL, metavar="NAME|PATH", help="model to try")
    parser.add_argument("--provider", default="CPU", metavar="NAME", help="what computes it; default CPU")
    add_json(parser.add_argument)
    add_quiet(parser.add_argument, "only what does not work")


def run(arguments: argparse.Namespace) -> int:
    """Print everything; 1 when a part of the self-test fails, else 0."""
    installed = facts()
    if not (arguments.json or arguments.quiet):
        _show(installed)
    tested = self_test(arguments.model, arguments.provider)
    failed = any(fault for _, fault, _ in tested)
    if arguments.json:
        stages = [dict(zip(("name", "fault", "milliseconds"), stage, strict=True)) for stage in tested]
        print(json.dumps({"well": not failed, "facts": dict(installed), "stages": stages}))
        return int(failed)
    told = [stage for stage in tested if stage[1] or not arguments.quiet]
    _show([(name, f"{fault or 'works'} ({milliseconds:.0f} ms)") for name, fault, milliseconds in told])
    if told:
        print("something is wrong, see above" if failed else "all is well")
    return int(failed)


def _show(rows: list[tuple[str, str]]) -> None:
    for key, value in rows:
        print(f"{key:<12} {value}", flush=True)


def facts() -> list[tuple[str, str]]:
    """Versions, kernels, threads and formats of this installation."""
    running = kernels.info()
    rows = [
        ("untone", f"{__version__}, Python {platform.python_version()}, {platform.system()} {platform.machine()}"),
        ("kernels", f"{running['variant']} (available: {', '.join(running['available'])})"),
        ("threads", str(running["threads"])),
        ("providers", ", ".join(networks.providers())),
        ("formats", ", ".join(f.name + (" (read only)" if f.write is None else "") for f in formats.FORMATS)),
    ]
    return rows + [(name, _version(name)) for name in PACKAGES]


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed" + (" (only needed for training)" if package == "torch" else "")


def picture() -> Image:
    """A small SDR picture with what matters: black, a ramp of greys, colours, and a white lamp in the dark."""
    ramp = np.linspace(0, 255, SIDE).astype(np.uint8)
    pixels = np.repeat(np.broadcast_to(ramp, (SIDE, SIDE))[..., None], 3, axis=2)
    pixels[: SIDE // 3] = 8
    pixels[SIDE // 8 : SIDE // 5, SIDE // 3 : SIDE // 2] = 255
    pixels[-SIDE // 4 :, :, 1:] //= 2
    return Image(pixels)


def self_test(model: str, provider: str = "CPU") -> list[tuple[str, str | None, float]]:
    """Stage by stage: its name, its fault (None when it works), and milliseconds. A failed stage ends the test."""
    image, state = picture(), dict[str, Any]()
    stages: dict[str, Callable[[], object]] = {
        "load": lambda: state.update(model=pipeline.load(model, provider)),
        "predict": lambda: state.update(gain_map=pipeline.predict(image, state["model"])),
        "apply": lambda: state.update(light=pipeline.apply(image, state["gain_map"])),
        "write": lambda: state.update(file=pipeline.write(None, image, state["gain_map"], format="jpeg")),
        "read": lambda: _check_return(state["file"], state["gain_map"]),
        "kernels": lambda: _check_kernels(image, state["gain_map"]),
    }
    results: list[tuple[str, str | None, float]] = []
    for name, stage in stages.items():
        start, fault = time.perf_counter(), None
        try:
            stage()
        except Exception as error:
            fault = f"{type(error).__name__}: {error}"
        results.append((name, fault, 1000 * (time.perf_counter() - start)))
        if fault:
            break
    return results


def _check_return(file: bytes, written: GainMap) -> None:
    """A file that was written must give the same gain map back.

    Raises:
        UntoneError: it does not.
    """
    _, found = pipeline.read(file)
    if found is None or found.codes.shape != written.codes.shape:
        raise UntoneError("the gain map is not in the file that was written")
    if not np.allclose(found.max_stops, written.max_stops, atol=1e-4):
        raise UntoneError(f"the gains changed from {written.max_stops} to {found.max_stops}")


def _check_kernels(image: Image, gain_map: GainMap) -> None:
    """Every variant this machine runs must agree with the reference.

    Raises:
        UntoneError: one does not.
    """
    table = np.linspace(0, 1, 256, dtype=np.float32)
    expected = kernels.apply(image.pixels, table, gain_map, variant="reference")
    for variant in kernels.info()["available"]:
        got = kernels.apply(image.pixels, table, gain_map, variant=variant)
        error = float(np.abs(got - expected).max())
        if error > 0.01 * float(expected.max()):
            raise UntoneError(f"variant {variant} differs from the reference by {error:.3g}")
