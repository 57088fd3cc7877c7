"""Networks that are not ours in the tables, by a contract of ten lines.

1. The network is given one whole picture, upright: sRGB codes as float32 in 0..1, RGB, of any size; in BT.709 where it
   gives BT.2020 (line 8 and the second of 7), else in the picture's own primaries.
2. `module:Class`: made without arguments; called with [H, W, 3], it returns [h, w, 1 or 3], a numpy array of floats.
3. `FILE.onnx`, without a card of ours: one input [1, 3, H, W], one output [1, 1 or 3, h, w].
4. What it gives is named: attribute `gives` of the class, or after the file, FILE.onnx:gain, one of CONVENTIONS.
5. "gain": stops, for light = (sRGB light + 1/64) 2**gain - 1/64, in the picture's own primaries.
6. "gain-2.2": stops, for light = code**2.2 2**gain, without offsets, as GMNet's are.
7. "light": linear, the picture's primaries, 1.0 = SDR white. "light-bt2020": the same in BT.2020.
8. "pq": PQ codes (ST 2084) in 0..1, BT.2020, SDR white at 203 nits; below 0 and above 1 are cut.
9. A smaller result is enlarged bilinearly; one of other proportions, not finite, or beyond 2**24 or 24 stops is a
   fault.
10. A class may have `version`, a text; rows measured before are kept only under the same one.
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .... import colour, gainmap
from ....errors import DamagedError, LimitError, UntoneError, UsageError
from ....image import DIFFUSE_WHITE_NITS, turned_back, turned_upright
from ....models import MAX_MODEL_BYTES, MODELS, graphs, networks
from ...metrics import Rendition
from ..pictures import Picture, stops_between
from . import enlarged
from .made import Made

Values = NDArray[np.float32]
Network = Callable[[Values], Any]


def _gain(values: Values, picture: Picture) -> Made:
    return Made(np.broadcast_to(values, picture.codes.shape))


def _gain_over_power(values: Values, picture: Picture) -> Made:
    return Made(np.broadcast_to(values, picture.codes.shape), 0.0, of_power=True)


def _light(values: Values, picture: Picture) -> Made:
    return _of_rendition(Rendition(values, picture.image.primaries), picture)


def _wide_light(values: Values, picture: Picture) -> Made:
    return _of_rendition(Rendition(values, "bt2020"), picture)


def _pq(values: Values, picture: Picture) -> Made:
    light = (colour.pq_to_nits(np.clip(values, 0, 1)) / DIFFUSE_WHITE_NITS).astype(np.float32)
    return _of_rendition(Rendition(light, "bt2020"), picture)


def _of_rendition(rendition: Rendition, picture: Picture) -> Made:
    own = rendition.light @ colour.rgb_to_rgb(rendition.primaries, picture.image.primaries).T
    return Made(stops_between(picture.light, own), direct=rendition)


CONVENTIONS: dict[str, Callable[[Values, Picture], Made]] = {
    "gain": _gain,
    "gain-2.2": _gain_over_power,
    "light": _light,
    "light-bt2020": _wide_light,
    "pq": _pq,
}
"""What a network gives -> how it is read; lines 5 to 8 of the contract."""

ONE_CHANNEL = ("gain", "gain-2.2")
"""Conventions that one channel is enough for."""

WIDE = ("light-bt2020", "pq")
"""Conventions whose networks take BT.709, as their result is BT.2020 whatever the picture's primaries are."""

MOST_STOPS = 24.0
"""Of a gain, either way; light has at most two to that many: more is no picture."""

FED: dict[str, type[np.floating[Any]]] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
}
"""Types of input of an .onnx file -> what the picture is cast to."""


@dataclasses.dataclass(frozen=True, eq=False)
class Other:
    """A network that is not ours.

    Attributes:
        name: as it was asked for.
        gives: one of CONVENTIONS.
        network: [H, W, 3] in 0..1 to its result.
        fingerprint: of its file, or of its version.
    """

    name: str
    gives: str
    network: Network
    fingerprint: str
    card: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def make(self, picture: Picture) -> Made:
        """What it makes of a picture, at its compared pixels.

        Raises:
            UntoneError: it fails, or what it gives breaks the contract.
        """
        image = picture.image
        pixels = enlarged.srgb(image) if self.gives in WIDE else np.asarray(image.pixels)
        pixels = turned_upright(pixels, image.orientation)
        given = (pixels / np.iinfo(pixels.dtype).max).astype(np.float32)
        height, width = given.shape[:2]
        values = self._checked(given)
        if values.shape[:2] != (height, width):
            values = gainmap.resize(values, height, width)
        stored = np.ascontiguousarray(turned_back(values, image.orientation))
        return CONVENTIONS[self.gives](stored[:: picture.step, :: picture.step], picture)

    def _checked(self, given: Values) -> Values:
        shape = given.shape
        try:
            found = np.asarray(self.network(given))
        except (Exception, SystemExit) as fault:
            shown = " ".join(str(fault).split())[:200]
            raise UntoneError(f"{self.name}: the network failed: {type(fault).__name__}: {shown}") from None
        if found.dtype.kind != "f":
            raise UntoneError(f"{self.name}: gives {found.dtype} and not an array of floating-point numbers")
        channels = (1, 3) if self.gives in ONE_CHANNEL else (3,)
        if found.ndim != 3 or found.shape[2] not in channels or 0 in found.shape:
            wanted = " or ".join(f"[h, w, {n}]" for n in channels)
            raise UntoneError(f"{self.name}: gives {list(found.shape)}; {self.gives} must be {wanted}")
        self._check_numbers(found)
        if not _alike(found.shape, shape):
            shown = f"{found.shape[1]} x {found.shape[0]} for a picture of {shape[1]} x {shape[0]}"
            raise UntoneError(f"{self.name}: gives {shown}; the proportions differ")
        return found.astype(np.float32)

    def _check_numbers(self, found: NDArray[Any]) -> None:
        if not np.isfinite(found).all():
            raise UntoneError(f"{self.name}: gives numbers that are not finite")
        largest, unit = float(np.abs(found).max()), " stops" if self.gives in ONE_CHANNEL else ""
        limit = MOST_STOPS if unit else 2**MOST_STOPS
        if largest > limit and self.gives != "pq":  # whose codes are cut
            raise UntoneError(f"{self.name}: gives {largest:.4g}{unit}; {self.gives} is at most {limit:.4g}{unit}")


def _alike(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Whether one size is the other divided by a whole number, rounded up or down."""
    by = max(round(other[0] / one[0]), 1)
    return all(n // by <= part <= -(-n // by) for part, n in zip(one[:2], other[:2], strict=True))


def found(name: str) -> Other | None:
    """The network of others that a name means; None for a model of ours.

    Raises:
        UsageError: a convention that is not known or not named, no such file, module or class.
        UntoneError: a file that ONNX Runtime refuses.
    """
    if name in MODELS:
        return None
    file, _, gives = name.rpartition(":")
    if file.endswith(".onnx"):
        return _of_file(Path(file), gives, name)
    if is_class(name):
        return _of_class(file, gives, name)
    path = Path(name)
    if path.suffix == ".onnx" and path.is_file() and not _has_card(path):
        known = ", ".join(CONVENTIONS)
        raise UsageError(f"{name}: no card of ours; name what it gives, such as {name}:gain; there are {known}")
    return None


def is_class(name: str) -> bool:
    """Whether a name is module:Class."""
    known = re.fullmatch(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*", name) and ".onnx:" not in name
    return bool(known) and not Path(name).exists()


def _has_card(path: Path) -> bool:
    try:
        graphs.card_of(path.read_bytes())
    except DamagedError as fault:
        return "names no architecture" not in str(fault)  # else what it is, `models.load` says
    return True


def _known(gives: object, name: str) -> str:
    if not isinstance(gives, str) or gives not in CONVENTIONS:
        raise UsageError(f"{name}: what it gives must be one of {', '.join(CONVENTIONS)}, not {str(gives)[:40]!r}")
    return gives


def _of_file(path: Path, gives: str, name: str) -> Other:
    if not path.is_file():
        raise UsageError(f"{path}: no such file")
    if path.stat().st_size > MAX_MODEL_BYTES:
        raise LimitError(f"{path}: a model of {path.stat().st_size} bytes; the limit is {MAX_MODEL_BYTES}")
    _known(gives, name)
    data = path.read_bytes()
    try:
        session = networks.session(data)
    except UntoneError as fault:
        raise UntoneError(f"{path}: {fault}") from None
    asked, given = ([port.name for port in ports] for ports in (session.get_inputs(), session.get_outputs()))
    if (len(asked), len(given)) != (1, 1):
        raise UntoneError(f"{path}: has {len(asked)} inputs and {len(given)} outputs; the contract is one of each")

    kind = _fed(session.get_inputs()[0], path)

    def network(picture: Values) -> Any:
        planes = np.ascontiguousarray(picture.transpose(2, 0, 1))[None].astype(kind)
        found = np.asarray(session.run(given, {asked[0]: planes})[0])
        if found.ndim != 4 or found.shape[0] != 1:
            raise ValueError(f"it gives {list(found.shape)}, not [1, 1 or 3, h, w]")
        return found[0].transpose(1, 2, 0)

    return Other(name, gives, network, hashlib.sha256(data + gives.encode()).hexdigest()[:12])


def _fed(port: Any, path: Path) -> type[np.floating[Any]]:
    """What a picture is cast to for this input.

    Raises:
        UntoneError: it takes no floating-point numbers, or its declared sides are not [1, 3, H, W].
    """
    sides = list(port.shape or ())
    fixed = [side for side in zip(sides, (1, 3), strict=False) if isinstance(side[0], int) and side[0] != side[1]]
    if port.type not in FED or len(sides) != 4 or fixed:
        shown = ", ".join(str(side) for side in sides)
        raise UntoneError(f"{path}: takes {port.type} [{shown}]; the contract is floats [1, 3, H, W]")
    return FED[port.type]


def _of_class(module: str, attribute: str, name: str) -> Other:
    here = str(Path.cwd())
    if here not in sys.path:  # as `python -m` has it
        sys.path.insert(0, here)
    try:
        made = getattr(importlib.import_module(module), attribute)()
    except ModuleNotFoundError as fault:
        raise UsageError(f"{name}: there is no module {fault.name}") from None
    except AttributeError:
        raise UsageError(f"{name}: the module has no {attribute}, or it cannot be made without arguments") from None
    except (Exception, SystemExit) as fault:
        shown = " ".join(str(fault).split())[:200]
        raise UntoneError(f"{name}: cannot be made: {type(fault).__name__}: {shown}") from None
    gives = _known(getattr(made, "gives", None), name)
    version = f"{name}{gives}{getattr(made, 'version', '')}"
    return Other(name, gives, made, hashlib.sha256(version.encode()).hexdigest()[:12])
