"""Methods that are evaluated: models, by the code that converts photos, and baselines (BASELINES is their table).

A method looks at a picture's base and makes HDR light. FastGaMer is measured with the map `untone.predict` makes,
full size and quantised; networks that see every pixel are measured on what they give, before any quantisation.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from .... import colour, gainmap, models, pipeline
from ....image import turned_back, turned_upright
from ...metrics import Rendition
from .. import baselines
from ..pictures import Picture, stops_between
from . import enlarged, foreign
from .made import Made as Made

Light = NDArray[Any]
Fits = Mapping[str, Any]


@dataclasses.dataclass(frozen=True, eq=False)
class Method:
    """One row of a table.

    Attributes:
        name: in the table.
        kind: "model", "baseline", "fitted" or "oracle".
        fingerprint: changes when what it does may change; rows measured before are kept only under the same one.
        make: what it does.
        card: of a model; else empty.
    """

    name: str
    kind: str
    fingerprint: str
    make: Callable[[Picture], Made]
    card: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Baseline:
    """One baseline: `make` takes a picture and the fits, and gives gain in stops [h, w, 3].

    Attributes:
        kind: as Method's.
        needs: names of the fits it uses.
        says: one line for the report.
    """

    kind: str
    says: str
    make: Callable[[Picture, Fits], Light]
    needs: tuple[str, ...] = ()


def _expanded(expand: Callable[[Light, str], Light]) -> Callable[[Picture, Fits], Light]:
    return lambda p, fits: stops_between(p.light, expand(p.light, p.image.primaries))


def _curve(picture: Picture, fits: Fits) -> Light:
    return _of_codes(picture, lambda rgb: baselines.curve_gain(fits["curve"], rgb))


def _lut(picture: Picture, fits: Fits) -> Light:
    return _of_codes(picture, lambda rgb: baselines.lut_gain(fits["lut"], rgb))


def _ridge(picture: Picture, fits: Fits) -> Light:
    return baselines.ridge_gain(np.asarray(fits["ridge"]), picture.encoded, picture.encoded)


def _of_codes(picture: Picture, gain: Callable[[torch.Tensor], torch.Tensor]) -> Light:
    rgb = torch.from_numpy(picture.encoded)
    return gain(rgb.reshape(1, -1, 3)).reshape(rgb.shape).numpy()


def _at_best(make: Callable[[Picture, Fits], Light]) -> Callable[[Picture, Fits], Light]:
    """A method at the strength that suits each picture best."""

    def strengthened(picture: Picture, fits: Fits) -> Light:
        stops = make(picture, fits)
        return stops * np.float32(best_strength(picture, Made(stops))[0])

    return strengthened


def _oracle(fit: Callable[[Light, Light, Light], Light]) -> Callable[[Picture, Fits], Light]:
    return lambda p, fits: fit(p.encoded, p.light, p.true_stops)


BASELINES: dict[str, Baseline] = {
    "identity": Baseline("baseline", "the base as it is", lambda p, fits: np.zeros(p.codes.shape, np.float32)),
    "linear expansion": Baseline(
        "baseline", "Akyuz et al. 2007: luminance stretched to 1000 nits", _expanded(baselines.linear_expansion)
    ),
    "gamma expansion": Baseline(
        "baseline", "Masia et al. 2009: gamma 10.44 key - 6.282, 1000 nits", _expanded(baselines.gamma_expansion)
    ),
    "BT.2446 A inverse": Baseline("baseline", "Report BT.2446-1, section 4.2, 1000 nits", _expanded(baselines.bt2446a)),
    "square": Baseline("baseline", "light x (1 + 3.93 Y^2): SDR white at 1000 nits", _expanded(baselines.square)),
    "gentle square": Baseline("baseline", "light x (1 + 2.5 Y^2)", _expanded(baselines.gentle)),
    "one curve": Baseline("fitted", "33 nodes over max RGB, fitted to the training pairs", _curve, ("curve",)),
    "one 3D LUT": Baseline("fitted", "17^3, tetrahedral, fitted to the training pairs", _lut, ("lut",)),
    "one 3D LUT, tuned": Baseline(
        "fitted",
        "the same times the strength that scores best on the training pairs",
        lambda p, fits: _lut(p, fits) * np.float32(fits["lut_strength"]),
        ("lut", "lut_strength"),
    ),
    "ridge": Baseline(
        "fitted", "44 histogram numbers to the gain of eight bins of code, by ridge regression", _ridge, ("ridge",)
    ),
    "oracle strength, curve": Baseline(
        "oracle", "the one curve at each picture's best strength", _at_best(_curve), ("curve",)
    ),
    "oracle strength, LUT": Baseline("oracle", "the one LUT at each picture's best strength", _at_best(_lut), ("lut",)),
    "oracle curve": Baseline("oracle", "33 nodes, fitted to each picture's truth", _oracle(baselines.oracle_curve)),
    "oracle LUT": Baseline("oracle", "17^3, fitted to each picture's truth", _oracle(baselines.oracle_lut)),
    "oracle grid": Baseline(
        "oracle", "three 8^3 grids, fitted to each picture's truth", _oracle(baselines.oracle_grid)
    ),
    "oracle LUT + grid": Baseline("oracle", "their sum, fitted to each truth", _oracle(baselines.oracle_lut_and_grid)),
}
"""Name in the table -> what it does. Fitted ones take part where the fits are given, oracles where asked for."""


def available_baselines(fits: Fits, oracles: bool = False) -> list[Method]:
    """The baselines that can take part."""
    found = []
    for name, method in BASELINES.items():
        if all(need in fits for need in method.needs) and (oracles or method.kind != "oracle"):
            used = "".join(hashlib.sha256(np.asarray(fits[need]).tobytes()).hexdigest() for need in method.needs)
            print_of = hashlib.sha256(f"{REVISION}{name}{used}".encode()).hexdigest()[:12]
            found.append(Method(name, method.kind, print_of, _plain(method, fits)))
    return found


def beside(models: list[Method]) -> list[Method]:
    """Baselines beside these models: of those that enlarge, what they are fed, enlarged bicubically."""
    if all(model.card.get("shape", {}).get("upscale", 1) == 1 for model in models):
        return []
    names = enlarged.BASELINES
    return [Method(n, "baseline", enlarged.fingerprint(n), functools.partial(enlarged.made, name=n)) for n in names]


def _plain(method: Baseline, fits: Fits) -> Callable[[Picture], Made]:
    return lambda picture: Made(method.make(picture, fits))


REVISION = "1"
"""Raise it when a baseline gives other figures: rows kept by an earlier version are measured again then."""

STRENGTHS = tuple(k / 10 for k in range(2, 21))
"""Tried for the best single strength per picture, which separates style from shape."""


def best_strength(picture: Picture, made: Made) -> tuple[float, float]:
    """The strength of STRENGTHS at which PQ-PSNR is highest, and that PQ-PSNR; at about 128 rows of the picture."""
    if made.of_power:
        made = Made(stops_between(picture.light, made.on(picture.encoded**2.2)))
    rows = slice(None, None, max(1, picture.truth.shape[0] // 128))
    primaries, true = picture.image.primaries, picture.true.pq[rows]

    def error(strength: float, thin: int = 1) -> float:
        codes = _fast_pq(made.on(picture.light, strength, (rows, slice(None, None, thin))), primaries)
        return float(np.square(codes - true[:, ::thin]).mean(dtype=np.float64))

    near = int(np.argmin([error(k, 8) for k in STRENGTHS]))
    tried = {k: error(k) for k in STRENGTHS[max(near - 1, 0) : near + 2]}
    best = min(tried, key=lambda k: tried[k])
    return best, float(-10 * np.log10(max(tried[best], 1e-12)))


def _fast_pq(light: Light, primaries: str) -> NDArray[np.float32]:
    """pq_encoded in single precision: good to 1e-5, several times as fast."""
    matrix = colour.rgb_to_rgb(primaries, "bt2020").T.astype(np.float32) * np.float32(203 / colour.PQ_PEAK_NITS)
    share = np.clip(light.astype(np.float32) @ matrix, 1e-12, 1)
    power = np.exp2(np.log2(share) * np.float32(colour.M1))
    ratio = (colour.C1 + colour.C2 * power) / (1 + colour.C3 * power)
    return np.exp2(np.log2(ratio.astype(np.float32)) * np.float32(colour.M2))


# -- models -----------------------------------------------------------------------------------------------------------


def of_models(names: list[str]) -> list[Method]:
    """The models by name or path; networks of others by the contract of `foreign`.

    Raises:
        UsageError: there is none of that name.
        UntoneError: a file that is no model.
    """
    return [_of_model(name, label) for name, label in zip(names, labels(names), strict=True)]


def labels(names: list[str]) -> list[str]:
    """Short, distinct names for the table: the file's, with as many of its folders as it takes."""
    paths = [Path(name.rpartition(":")[2] if foreign.is_class(name) else name) for name in names]
    for depth in range(1, max((len(path.parts) for path in paths), default=0) + 1):
        short = ["/".join(path.with_suffix("").parts[-depth:]) for path in paths]
        if len(set(short)) == len(names):
            return short
    return [f"{name} ({k})" for k, name in enumerate(names, 1)]


def _of_model(name: str, label: str) -> Method:
    other = foreign.found(name)
    if other is not None:
        return Method(label, "model", other.fingerprint, other.make, other.card)
    runner: Any = models.load(name)
    path = models.MODELS.get(name) or Path(name)
    print_of = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    make = next(make for method, make in BY_METHOD if hasattr(runner, method))
    return Method(label, "model", print_of, lambda picture: make(runner, picture), runner.card)


def _by_map(runner: Any, picture: Picture) -> Made:
    """By the full-size gain map of 8-bit codes that a conversion writes."""
    predicted = pipeline.predict(picture.image, runner, map_size="full")
    sparse = np.ascontiguousarray(predicted.codes[:: picture.step, :: picture.step])
    return Made(gainmap.to_stops(dataclasses.replace(predicted, codes=sparse)), predicted.base_offset[0])


def _by_gain(runner: Any, picture: Picture) -> Made:
    """By the gain itself, resized to the picture (bilinear)."""
    image = picture.image
    upright = np.ascontiguousarray(turned_upright(image.pixels, image.orientation))
    given = {} if picture.thumbnail is None else {"thumbnail": picture.thumbnail}  # of the data set, which is upright
    stops = runner.gain_stops(upright, **given)
    if stops.shape[:2] != upright.shape[:2]:
        stops = gainmap.resize(stops, *upright.shape[:2])
    stops = turned_back(stops, image.orientation)[:: picture.step, :: picture.step]
    whole = np.broadcast_to(stops, picture.codes.shape).astype(np.float32)
    return Made(whole, runner.offset, of_power=runner.card.get("shape", {}).get("convention") == "gmnet")


def _by_light(runner: Any, picture: Picture) -> Made:
    """By the light itself; a network that enlarges is fed the picture at a fraction of its size."""
    image, step = picture.image, picture.step
    codes = np.ascontiguousarray(turned_upright(enlarged.srgb(image), image.orientation))
    light = runner.light(codes if runner.upscale == 1 else enlarged.shrunk(codes, runner.upscale))
    light = enlarged.padded(light, *codes.shape[:2])
    kept = np.ascontiguousarray(turned_back(light, image.orientation)[::step, ::step])
    own = kept @ colour.rgb_to_rgb("bt2020", image.primaries).T
    return Made(stops_between(picture.light, own), direct=Rendition(kept, "bt2020"))


BY_METHOD: tuple[tuple[str, Callable[[Any, Picture], Made]], ...] = (
    ("operators", _by_map),
    ("gain_stops", _by_gain),
    ("light", _by_light),
)
"""Method that a runner of models/ has -> how it is measured."""
