"""STAGE 2: networks that predict Operators, gain or light of a photo, by ONNX Runtime, without torch.

Three kinds of networks, told apart by what they give:

- `operators(thumbnail) -> Operators`: sees the thumbnail, the kernels do the rest (FastGaMer).
- `gain_stops(pixels) -> [h, w, 1 or 3]`: sees every pixel, gives the gain map (GMNet).
- `light(pixels) -> [H, W, 3]`: sees every pixel, gives the HDR picture (IRNet, ITMLUT).

The last two work by tiles, so that memory does not grow with the photo, and give what the whole photo at once would.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, overload

from ..errors import LimitError, UntoneError, UsageError, check_path
from ..system import is_file
from . import graphs, networks
from .fastgamer import FastGamerModel
from .gmnet import GMNetModel
from .irnet import IRNetModel
from .itmlut import ITMLUTModel

Model = FastGamerModel | GMNetModel | IRNetModel | ITMLUTModel

WEIGHTS = Path(__file__).parent / "weights"
DEFAULT = "fastgamer"
MODELS: dict[str, Path] = {
    "fastgamer": WEIGHTS / "fastgamer.onnx",
    "gmnet": WEIGHTS / "gmnet.onnx",
    "irnet-1": WEIGHTS / "irnet-1.onnx",
    "irnet": WEIGHTS / "irnet.onnx",
    "irnet-sr": WEIGHTS / "irnet-sr.onnx",
    "itmlut": WEIGHTS / "itmlut.onnx",
}
"""Name -> weights in this package. A new model is one file and one line here."""

MAX_MODEL_BYTES = 1 << 28
"""The largest network of the field that this runs has 8 MB."""


Maker = Callable[[bytes, dict[str, Any], str, str], Model]


def _fastgamer(data: bytes, card: dict[str, Any], name: str, provider: str) -> FastGamerModel:
    return FastGamerModel(networks.session(data, threads=1, provider=provider), card, name)


def _by_parts(runner: Callable[[networks.Network], Model]) -> Maker:
    return lambda data, card, name, provider: runner(networks.Network(data, card, name, provider))


ARCHITECTURES: dict[str, Maker] = {
    "fastgamer": _fastgamer,
    "gmnet": _by_parts(GMNetModel),
    "irnet": _by_parts(IRNetModel),
    "itmlut": _by_parts(ITMLUTModel),
}
"""Architecture, as the weights name it -> what makes its runner of the file's bytes, card, name, and the provider."""


@overload
def load() -> FastGamerModel: ...


@overload
def load(model: str | Path, provider: str = networks.CPU) -> Model: ...


def load(model: str | Path = DEFAULT, provider: str = networks.CPU) -> Model:
    """The model of that name, or of an .onnx file exported by `untone train`; loaded once per process.

    Args:
        model: a name of MODELS, or a path.
        provider: what computes it: a name of `networks.providers()`, whatever the case of its letters.

    Raises:
        UsageError: no such name, file or provider.
        UntoneError: a file that is no untone model, or a provider that does not start.
    """
    check_path("model", model, what="a name or the path of an .onnx file")
    where = networks.CPU if provider == networks.CPU else networks.provider_of(provider)
    path = MODELS.get(str(model)) or Path(model)
    if not is_file(path):
        raise UsageError(f"{model}: no such model; must be {', '.join(MODELS)}, or the path of an .onnx file")
    try:
        status = path.stat()
        return _load(path, status.st_mtime_ns, status.st_size, where)
    except OSError as fault:
        raise UntoneError(f"{path}: {fault.strerror}") from None


@functools.lru_cache(maxsize=4)
def _load(path: Path, _changed: int, size: int, provider: str) -> Model:
    """A file that was written anew is loaded anew."""
    if size > MAX_MODEL_BYTES:
        raise LimitError(f"{path}: a model of {size} bytes; the limit is {MAX_MODEL_BYTES}")
    data = path.read_bytes()
    try:
        card = graphs.card_of(data)
        runner = ARCHITECTURES.get(str(card.get("architecture")))
        if runner is None:
            raise UntoneError(
                f"architecture {str(card.get('architecture'))[:40]!r} is not one of {', '.join(ARCHITECTURES)}"
            )
        return runner(data, card, path.name, provider)
    except UntoneError as fault:
        raise UntoneError(f"{path}: not an untone model: {fault}") from None
