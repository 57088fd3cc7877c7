"""STAGE 2: what must be done to a photo, said by a network that sees its thumbnail; ONNX Runtime, without torch."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

from ..errors import UntoneError, UsageError
from .fastgamer import FastGamerModel

WEIGHTS = Path(__file__).parent / "weights"
DEFAULT = "fastgamer"
MODELS: dict[str, Path] = {
    "fastgamer": WEIGHTS / "fastgamer.onnx",
}
"""Name -> weights in this package. A new model is one file and one line here."""

ARCHITECTURES = {"fastgamer": FastGamerModel}
"""Architecture, as the weights name it -> what runs it."""


def load(model: str | Path = DEFAULT) -> FastGamerModel:
    """The model of that name, or of an .onnx file exported by `untone train`; loaded once per process.

    Raises:
        UsageError: no such name or file.
        UntoneError: a file that is no untone model.
    """
    path = MODELS.get(str(model)) or Path(model)
    if not path.is_file():
        raise UsageError(f"{model}: no such model; there are {', '.join(MODELS)}, or the path of an .onnx file")
    return _load(path)


@functools.lru_cache(maxsize=4)
def _load(path: Path) -> FastGamerModel:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
        card: dict[str, Any] = json.loads(session.get_modelmeta().custom_metadata_map["untone"])
        runner = ARCHITECTURES[card["architecture"]]
    except OSError as fault:
        raise UntoneError(f"{path}: {fault.strerror}") from None
    except Exception:
        raise UntoneError(f"{path}: not an untone model (an .onnx file that names its architecture)") from None
    return runner(session, card)
