"""`untone eval`: measures models by the code that converts photos, beside baselines and the true rendition.

The truth is the base with its true gain at full headroom. The default table is this project's own; a protocol measures
as a paper does. Whatever the form of the output, every figure carries its convention.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ... import __version__, colour
from ...console.lines import complain
from ...console.progress import tracked
from ...errors import UntoneError, UsageError
from ...formats.common.files import save
from .. import packages
from ..data import layouts
from ..data.codes import header
from ..data.examples import Dataset
from ..data.layouts import gmnet
from ..data.restraint import cases
from ..data.subsets import photographs
from ..metrics import hdrvdp, perceptual
from . import baselines, contact_sheet, gain_figures, gallery, measuring, tables
from .arguments import ALL, GAIN, GMNET, HDRVDP3, STDOUT, USUAL
from .catalogue import DEFAULT, EXTRAS, GAINS, METRICS
from .cost import cost
from .measuring import TRUTH
from .methods import Method, available_baselines, beside, foreign, of_models
from .pictures import MOST_PIXELS, Picture, Source, evenly, of_dataset, of_photos, of_reduced_photos
from .protocols import GMNET_PEAKS, Protocol, own_light, protocol
from .records import Records
from .restraint import verdicts
from .restraint.verdicts import Verdict

MODEL = "fastgamer"
OWN = tuple(name for name in METRICS if name not in EXTRAS and not name.startswith("gmnet"))
GROUPS = {USUAL: DEFAULT, GAIN: GAINS, ALL: OWN, HDRVDP3: ("hdrvdp3_q", "hdrvdp3_jod")}
"""Words that stand for several metrics."""


def run(arguments: argparse.Namespace) -> int:
    """`untone eval`."""
    if arguments.cost:
        packages.require("onnx")
    how, columns, special = _how(arguments)
    methods, fits = _methods(arguments)
    notes = tables.conventions(columns, how.note, special)
    shown = gain_figures.others(columns)
    sources = _sources(arguments, how)
    models = [c.name for c in methods if c.kind == "model"]
    out = _nowhere if arguments.json == STDOUT else sys.stdout.write
    out(f"untone {__version__}, protocol {arguments.protocol or 'untone'}: {how.note}\n")
    found: list[measuring.Table] = []
    drawn = _sheet_maker(arguments.sheets, how)
    job = measuring.Job(methods, how, columns, Records(arguments.csv, notes), arguments.strict, drawn)
    for source in sources:
        found.append(measuring.measured(source, job))
        out(tables.markdown(found[-1], shown, models))
        out(gain_figures.markdown(found[-1]))
    if sources:
        out("\n" + tables.legend(shown, notes))
    judged = _judged(arguments, methods)
    out(verdicts.markdown(judged) if judged else "")
    costs = _costs(arguments)
    out(tables.costs(costs))
    extra = {
        "untone": __version__,
        "protocol": arguments.protocol or "untone",
        "note": how.note,
        "cost": costs,
        "fits": fits,
    }
    if arguments.json:
        extra |= gain_figures.as_json(found) | (verdicts.as_json(judged) if judged else {})
        made = tables.as_json(found, columns, notes, methods, extra)
        text = json.dumps(made, indent=1, allow_nan=False, default=str) + "\n"
        sys.stdout.write(text) if arguments.json == STDOUT else _write(arguments.json, text)
    if arguments.html:
        most = arguments.shown
        _write(arguments.html, gallery.page(found, sources, methods, how, columns, notes, how.note, most))
    return 0


def _nowhere(_: str) -> None:
    """The tables, where stdout has JSON."""


def _how(arguments: argparse.Namespace) -> tuple[Protocol, tuple[str, ...], dict[str, str]]:
    """The protocol, the columns, and conventions that are not the usual ones.

    Raises:
        UsageError: options that contradict each other, or a metric of no such name.
        UntoneError: a metric asked for by name cannot be had here.
    """
    if not (arguments.data or arguments.photos or arguments.restraint is not None or arguments.cost):
        raise UsageError("name what to measure on: --data DIR, --photos DIR, --restraint, or --cost")
    if arguments.peak is not None and not (arguments.protocol == GMNET and 1 < arguments.peak <= 100):
        raise UsageError("--peak is a ratio above 1, of --protocol gmnet")
    if arguments.pixels is not None and arguments.pixels < 0:
        raise UsageError(f"--pixels must be 0 (all) or more, not {arguments.pixels}")
    if arguments.shown < 0:
        raise UsageError(f"--shown must be 0 (all) or more, not {arguments.shown}")
    how = protocol(arguments.protocol, arguments.peak or _gmnet_peak(arguments.data))
    usual = gain_figures.added(how.columns, arguments.protocol)
    columns = usual if arguments.metrics is None else _named(arguments.metrics, arguments.protocol)
    special = {}
    if arguments.hdrvdp:
        setting = hdrvdp.Setting(arguments.hdrvdp, arguments.ppd)
        hdrvdp.choose(setting)
        columns = tuple(dict.fromkeys([*columns, *GROUPS[HDRVDP3]]))
        special = dict.fromkeys(GROUPS[HDRVDP3], setting.convention)
        complain(setting.convention)
    elif any(name in GROUPS[HDRVDP3] for name in columns):
        raise UsageError("HDR-VDP-3 takes part when --hdrvdp names the folder of its source")
    perceptual.require(columns)
    return how, columns, special


def _named(text: str, chosen: str | None) -> tuple[str, ...]:
    names: list[str] = []
    for word in filter(None, (part.strip() for part in text.split(","))):
        names += GROUPS.get(word, (word,))
    unknown = [name for name in names if name not in METRICS]
    if unknown or not names:
        shown = ", ".join(unknown) or "nothing"
        raise UsageError(f"--metrics: no metric {shown}; must be of {', '.join([*GROUPS, *METRICS])}")
    if chosen != GMNET and any(name.startswith("gmnet") for name in names):
        raise UsageError("gmnet_psnr and gmnet_norm_psnr are figures of --protocol gmnet")
    if set(names) == set(GAINS):  # they have a table of their own; what pictures are ordered by stands before it
        names.insert(0, DEFAULT[0])
    return tuple(dict.fromkeys(names))


def _gmnet_peak(folder: Path | None) -> float:
    """5 where the gain maps of a GMNet data set have half the size of its images, as its real photos do; else 8."""
    if folder is not None and folder.is_dir():
        place, layout = layouts.located(folder)
        files = gmnet.listed(place) if layout.name == "gmnet" else ()
        first = next((item for item in files if isinstance(item, gmnet.Files)), None)
        if first and header(first.gain_map).width * 2 <= header(first.image).width + 1:
            return GMNET_PEAKS["real"]
    return GMNET_PEAKS["synthetic"]


def _methods(arguments: argparse.Namespace) -> tuple[list[Method], dict[str, Any]]:
    if arguments.reference_only and arguments.model:
        raise UsageError("--reference-only measures no model")
    chosen = [] if arguments.reference_only else of_models(list(dict.fromkeys(arguments.model or [MODEL])))
    fits = fitted(arguments.train, arguments.fits, arguments.strict)
    if not fits and (arguments.data or arguments.photos):
        complain("without --train or --fits the fitted curve and LUT, the baselines to beat, are left out")
    strength = {"lut_strength": fits["lut_strength"]} if "lut_strength" in fits else {}
    return [*available_baselines(fits, arguments.oracles), *beside(chosen), *chosen], strength


def fitted(train: Path | None, cache: Path | None = None, strict: bool = False) -> dict[str, Any]:
    """The baselines fitted to training pairs: "curve" [33], "lut" [17, 17, 17, 3], "ridge", "lut_strength"; stops.

    Raises:
        UntoneError: the cache is damaged, or there are neither pairs nor cache where one was named.
    """
    found = _cached(cache)
    if train is None:
        if cache and not found:
            raise UntoneError(f"{cache}: no such file; --train DIR makes it")
        return found
    if not {"curve", "lut", "lut_strength", "ridge"} <= found.keys():
        pairs: Dataset = photographs(layouts.open_dataset(train, strict=strict))
        complain(f"fitting the baselines to {len(pairs)} pairs of {train}")
        found = _fit(pairs, found)
        if cache:
            plain = {k: v.tolist() if isinstance(v, torch.Tensor) else v for k, v in found.items()}
            _write(cache, json.dumps(plain) + "\n")
    return found


def _fit(pairs: Dataset, found: dict[str, Any]) -> dict[str, Any]:
    """What is missing of the fits."""
    curve = found["curve"] if "curve" in found else baselines.fit_curve(pairs)
    lut = found["lut"] if "lut" in found else baselines.fit_lut(pairs)
    strength = found.get("lut_strength") or baselines.fit_strength(pairs, lambda rgb: baselines.lut_gain(lut, rgb))
    ridge = torch.from_numpy(baselines.fit_ridge(pairs)).float()
    return {"curve": curve, "lut": lut, "lut_strength": strength, "ridge": ridge}


def _cached(path: Path | None) -> dict[str, Any]:
    if path is None or not path.exists():
        return {}
    try:
        read = json.loads(path.read_text("utf-8"))
        found: dict[str, Any] = {name: torch.tensor(read[name], dtype=torch.float32) for name in ("curve", "lut")}
        if "ridge" in read:
            found["ridge"] = torch.tensor(read["ridge"], dtype=torch.float32)
        if "lut_strength" in read:
            found["lut_strength"] = float(read["lut_strength"])
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise UntoneError(f"{path}: holds no fits of `untone eval` ({str(fault).splitlines()[0][:80]})") from None
    lut = found["lut"]
    whole = found["curve"].ndim == 1 and lut.ndim == 4 and len(set(lut.shape[:3])) == 1 and lut.shape[3] == 3
    whole = whole and ("ridge" not in found or found["ridge"].shape == baselines.RIDGE_SHAPE)
    if not whole or not all(np.isfinite(np.asarray(v)).all() for v in found.values()):
        raise UntoneError(f"{path}: holds no fits of `untone eval` (shapes, or numbers that are not finite)")
    return found


def _sources(arguments: argparse.Namespace, how: Protocol) -> list[Source]:
    most = None if how.every_pixel else MOST_PIXELS
    if arguments.pixels is not None:
        most = arguments.pixels or None
    found = []
    if arguments.data:
        opened = layouts.open_dataset(arguments.data, strict=arguments.strict)
        pairs = of_dataset(opened, most, own_thumbnails=arguments.protocol == GMNET)
        found.append(evenly(pairs, arguments.pictures) if arguments.pictures else pairs)
    if arguments.photos and arguments.photo_side:
        found.append(of_reduced_photos(arguments.photos, arguments.photo_side, most))
    elif arguments.photos:
        found.append(of_photos(arguments.photos, most))
    return found


def _sheet_maker(folder: Path | None, how: Protocol) -> Any:
    """Draws the base, each model's HDR rendition and the true one of every picture; None where none are wanted."""
    if folder is None:
        return None
    folder.mkdir(parents=True, exist_ok=True)

    def draw(picture: Picture, methods: Sequence[Method]) -> None:
        made = {c.name: own_light(picture, c.make(picture)) for c in methods if c.kind == "model"}
        matrix = colour.rgb_to_rgb(picture.image.primaries, "bt709").T
        rows = {
            name: light @ matrix for name, light in ({"SDR": picture.light} | made | {TRUTH: picture.truth}).items()
        }
        contact_sheet.save(folder / f"{picture.name.replace('/', '-')}.png", rows)

    return draw


def _judged(arguments: argparse.Namespace, methods: Sequence[Method]) -> list[Verdict]:
    """What the models and the formulas make of pictures that must not shine and that must; none unless asked for."""
    if arguments.restraint is None:
        return []
    shown = [c for c in methods if c.kind == "model" or c.name in verdicts.FORMULAS]
    chosen = cases.opened(Path(arguments.restraint)) if arguments.restraint else cases.cases()
    return verdicts.of_all(chosen, shown, arguments.sheets)


def _costs(arguments: argparse.Namespace) -> dict[str, dict[str, Any]]:
    if not arguments.cost or arguments.reference_only:
        return {}
    names = list(dict.fromkeys(arguments.model or [MODEL]))
    others = [name for name in names if foreign.found(name)]
    if others:
        complain(f"{', '.join(others)}: no model of ours; left out of the table of costs")
        names = [name for name in names if name not in others]
    return {c.name: cost(name) for c, name in zip(of_models(names), tracked(names, "models timed"), strict=True)}


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    save(path, [text.encode()])
