"""`untone models`: what is in the box."""

from __future__ import annotations

import argparse
import dataclasses
import json

from ..console.options import add_json
from ..models import box

FIGURES = {
    "views_db": "{} dB on synthetic views of places never trained on",
    "photos_db": "{} dB on photos with their own gain map",
    "fed": "fed {}",
    "hue_degrees": "hue {} degrees off",
    "seconds_per_megapixel": "{} s a megapixel",
}
"""Figure -> how it is said; PQ-PSNR, results/networks.md."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `untone models`."""
    add_json(parser.add_argument)


def run(arguments: argparse.Namespace) -> int:
    """Print one block for each model, or one JSON object."""
    found = box.entries()
    if arguments.json:
        print(json.dumps({"models": [dataclasses.asdict(entry) for entry in found]}))
    else:
        print("\n\n".join(map(_block, found)))
    return 0


def _block(entry: box.Entry) -> str:
    known = entry.figures
    said = [form.format(known[key]) for key, form in FIGURES.items() if key in known]
    lines = [
        f"{entry.name}{' (default)' if entry.default else ''}: sees {entry.sees}, gives {entry.gives}",
        f"{entry.parameters:,} parameters, {entry.bytes / 1e6:.1f} MB, sha256 {entry.sha256[:12]}",
        ", ".join(said) or "not measured with these weights",
        f"training: {known.get('training') or _budget(entry)}",
        f"licence: {known.get('licence', 'Apache-2.0')}",
    ]
    return "\n  ".join(lines)


def _budget(entry: box.Entry) -> str:
    recipe = entry.recipe
    began = f", from {recipe['start']['file']}" if recipe.get("start") else ""
    return f"recipe {recipe.get('title')}, {recipe.get('steps')} steps of {recipe.get('pictures')} pictures{began}"
