"""Processor time and clock that each model of the box takes for a megapixel: python scripts/model_seconds.py.

A square of the sample photo is converted by each, after a small one that loads it; about a minute on an idle machine.
`--write` puts the processor time into src/untone/models/weights/figures.json, which `untone models` shows.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np

import untone
from untone import models, pipeline, prediction
from untone.models import box

SAMPLE = Path(__file__).parents[1] / "samples" / "desert-palms.jpg"
SIDE, SMALL = 384, 64


def main() -> None:
    """Prints a line for each model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="into figures.json")
    write = parser.parse_args().write
    written = json.loads(box.FIGURES.read_text())
    image, _ = pipeline.read(SAMPLE)
    for name in models.MODELS:
        processor, clock = seconds(models.load(name), np.ascontiguousarray(image.pixels[:SIDE, :SIDE]))
        print(f"{name:10}  {processor:7.2g} s of processor time, {clock:7.2g} s a megapixel", flush=True)
        written[name]["seconds_per_megapixel"] = float(f"{processor:.2g}")
    if write:
        box.FIGURES.write_text(json.dumps(written, indent=1) + "\n")


def seconds(model: prediction.Model, pixels: np.ndarray) -> tuple[float, float]:
    """Processor time and clock of a prediction over the megapixels that are put in."""
    predict(model, pixels[:SMALL, :SMALL])
    begun = time.process_time(), time.perf_counter()
    predict(model, pixels)
    megapixels = pixels.shape[0] * pixels.shape[1] / 1e6
    return (time.process_time() - begun[0]) / megapixels, (time.perf_counter() - begun[1]) / megapixels


def predict(model: prediction.Model, pixels: np.ndarray) -> None:
    """A map, or the light of a model that enlarges."""
    if getattr(model, "upscale", 1) == 1:
        untone.predict(untone.Image(pixels), model)
    else:
        model.light(pixels)


if __name__ == "__main__":
    main()
