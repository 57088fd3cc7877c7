"""Measures a model through the product's own line, beside the baselines every table must list.

Two kinds of pictures: synthetic pairs of a folder, and photos that carry a gain map of their own. The truth is the
base with its true gain at full headroom; a prediction is the map `untone.predict` makes of the whole base, full size.
Both are compared at every n-th pixel each way, so that a picture counts with at most about a million.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from .. import colour, gainmap, pipeline
from ..errors import UntoneError
from ..image import Image
from . import baselines, metrics, sheets
from .data import Pairs
from .synth import OFFSET

Light = NDArray[Any]

MOST_PIXELS = 1_000_000

MODEL = "fastgamer"
STRENGTHS = tuple(k / 10 for k in range(2, 21))
"""Tried for the best single strength per picture, which separates style from shape."""


@dataclasses.dataclass(frozen=True, eq=False)
class Picture:
    """A base image; at every `step`-th pixel its codes, its linear light and the light of its true HDR rendition."""

    name: str
    image: Image
    step: int
    codes: NDArray[Any]
    light: Light
    truth: Light


Gain = Callable[[Picture], Light]


def of_pairs(pairs: Pairs) -> Iterator[Picture]:
    """Pictures of a folder of pairs."""
    for index in range(len(pairs)):
        sdr, gain = pairs[index]
        light = colour.code_table("srgb")[sdr]
        truth = (light + OFFSET) * np.exp2(gain.astype(np.float32)) - OFFSET
        yield Picture(f"pair {index}", Image(np.array(sdr)), 1, np.array(sdr), light, truth)


def of_photos(folder: Path) -> Iterator[Picture]:
    """Photos with a gain map of their own."""
    for path in sorted(folder.glob("*.jpg")):
        image, carried = pipeline.read(path)
        if carried is None:
            raise UntoneError(f"{path}: has no gain map to compare with")
        step = math.isqrt(-(-image.height * image.width // MOST_PIXELS) - 1) + 1
        codes = np.ascontiguousarray(image.pixels[::step, ::step])
        truth = pipeline.apply(image, carried).pixels[::step, ::step].copy()
        yield Picture(path.stem, image, step, codes, colour.code_table(image.transfer)[codes], truth)


def methods(model: str, fits: dict[str, torch.Tensor]) -> dict[str, Gain]:
    """Name -> gain in stops [h, w, 3] at the compared pixels of a picture."""
    return {
        "identity": lambda picture: np.zeros(picture.codes.shape, np.float32),
        "one curve": lambda picture: _of_codes(picture, lambda rgb: baselines.curve_gain(fits["curve"], rgb)),
        "one 3D LUT": lambda picture: _of_codes(picture, lambda rgb: baselines.lut_gain(fits["lut"], rgb)),
        MODEL: lambda picture: _of_model(picture, model),
    }


def _of_model(picture: Picture, model: str) -> Light:
    predicted = pipeline.predict(picture.image, model, map_size="full")
    sparse = np.ascontiguousarray(predicted.codes[:: picture.step, :: picture.step])
    return gainmap.to_stops(dataclasses.replace(predicted, codes=sparse))


def _of_codes(picture: Picture, gain: Callable[[torch.Tensor], torch.Tensor]) -> Light:
    rgb = torch.from_numpy(picture.codes.astype(np.float32) / 255)
    return gain(rgb.reshape(1, -1, 3)).reshape(rgb.shape).numpy()


def measured(picture: Picture, gain: Gain) -> dict[str, float]:
    """All figures of one picture and one method."""
    stops, primaries, truth = gain(picture), picture.image.primaries, picture.truth

    def at(strength: float, rows: slice = slice(None)) -> Light:
        return (picture.light[rows] + OFFSET) * np.exp2(stops[rows] * strength) - OFFSET

    coarse = slice(None, None, max(1, truth.shape[0] // 128))
    made = at(1.0)
    return {
        "pq_psnr": metrics.pq_psnr(made, truth, primaries),
        "pq_psnr_best_strength": max(metrics.pq_psnr(at(k, coarse), truth[coarse], primaries) for k in STRENGTHS),
        "delta_e_itp": metrics.delta_e_itp(made, truth, primaries),
        "hue_shift_degrees": metrics.hue_shift_degrees(made, picture.light, primaries),
        "black_lift_nits": metrics.black_lift_nits(made, picture.light),
        "peak_stops": float(np.log2(max(np.percentile(made, 99.9), 1e-3))),
    }


def table(pictures: Iterator[Picture], gains: dict[str, Gain], folder: Path | None = None) -> dict[str, Any]:
    """Per method: figures of every picture, their means, and the bootstrap interval of the PQ-PSNR.

    `folder` gets a contact sheet of every picture: the base, the model's HDR rendition, the true one.
    """
    rows: dict[str, dict[str, dict[str, float]]] = {name: {} for name in gains}
    for picture in pictures:
        for name, gain in gains.items():
            rows[name][picture.name] = measured(picture, gain)
        if folder:
            stops = gains[MODEL](picture)
            made = (picture.light + OFFSET) * np.exp2(stops) - OFFSET
            sheets.save(folder / f"{picture.name}.png", [picture.light, made, picture.truth])
    return {name: summary(figures) for name, figures in rows.items()}


def summary(figures: dict[str, dict[str, float]]) -> dict[str, Any]:
    """Means over pictures (medians of hue and black), the 95% interval of the mean PQ-PSNR, and every picture."""
    columns = {key: np.array([row[key] for row in figures.values()]) for key in next(iter(figures.values()))}
    random = np.random.default_rng(0)
    scores = columns["pq_psnr"]
    means = scores[random.integers(len(scores), size=(2000, len(scores)))].mean(1)
    middle = {key: float(np.median(v) if key.startswith(("hue", "black")) else v.mean()) for key, v in columns.items()}
    return middle | {"pq_psnr_interval": np.percentile(means, [2.5, 97.5]).tolist(), "pictures": figures}


def fitted(folder: Path, cache: Path | None = None) -> dict[str, torch.Tensor]:
    """The baselines fitted to a folder of training pairs."""
    if cache and cache.exists():
        return {k: torch.tensor(v) for k, v in json.loads(cache.read_text()).items()}
    pairs = Pairs(folder)
    fits = {"curve": baselines.fit_curve(pairs), "lut": baselines.fit_lut(pairs)}
    if cache:
        cache.write_text(json.dumps({k: v.tolist() for k, v in fits.items()}))
    return fits


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `untone eval`."""
    parser.add_argument("--model", default="fastgamer", metavar="NAME|PATH", help="model to measure")
    parser.add_argument("--train", type=Path, required=True, metavar="DIR", help="pairs to fit the baselines to")
    parser.add_argument("--fits", type=Path, metavar="FILE", help="keep the fits here, or take them from here")
    parser.add_argument("--data", type=Path, metavar="DIR", help="pairs to measure on")
    parser.add_argument("--photos", type=Path, metavar="DIR", help="JPEG photos with a gain map to measure on")
    parser.add_argument("--sheets", type=Path, metavar="DIR", help="contact sheets of every picture, 0 to -3 EV")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure here")


def run(arguments: argparse.Namespace) -> int:
    """`untone eval`."""
    gains = methods(arguments.model, fitted(arguments.train, arguments.fits))
    found: dict[str, Any] = {}
    if arguments.sheets:
        arguments.sheets.mkdir(parents=True, exist_ok=True)
    if arguments.data:
        found[f"pairs of {arguments.data.name}"] = table(of_pairs(Pairs(arguments.data)), gains, arguments.sheets)
    if arguments.photos:
        found[f"photos of {arguments.photos.name}"] = table(of_photos(arguments.photos), gains, arguments.sheets)
    for title, methods_found in found.items():
        sys.stdout.write(markdown(title, methods_found))
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=1))
    return 0


def markdown(title: str, found: dict[str, Any]) -> str:
    """One table."""
    count = len(next(iter(found.values()))["pictures"])
    lines = [
        f"\n### {title} ({count} pictures)\n",
        "| method | PQ-PSNR dB (95%) | at best strength | dE_ITP | hue shift (deg) | black lift (nit) | peak (stops) |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, row in found.items():
        low, high = row["pq_psnr_interval"]
        lines.append(
            f"| {name} | {row['pq_psnr']:.2f} ({low:.2f}..{high:.2f}) | {row['pq_psnr_best_strength']:.2f} "
            f"| {row['delta_e_itp']:.1f} | {row['hue_shift_degrees']:.2f} | {row['black_lift_nits']:.3f} "
            f"| {row['peak_stops']:.2f} |"
        )
    return "\n".join(lines) + "\n"
